/* A source transaction goes through the mirror. */
#include "events/internal.h"

#include <string.h>
#include "events/watch.h"

enum {
    STEP_OBJECTS = 1000,
    ENOUGH_BYTES = 8 << 20,
    /* A piece of one source transaction: about what an arena keeps for the next time. */
    PIECE_EVENTS = 3000,
    PIECE_BYTES = 3 << 20,
};

/* ---- what a view could not state ---- */

/* Its data alone are wrong; a mapping that is wrong (or a dictionary that says `fail`) ends the link. */
enum status read_refused(void *context, const struct mirror_refusal *r, const struct failure *why)
{
    struct events *e = context;
    if (error_status(why->code) != STATUS_DATA) {
        *e->failure = *why;
        return error_status(why->code);
    }
    return carry_refusal(e, r, why->text);
}

/* ---- the mirror ---- */

bool read_enough(const struct events *e)
{
    return e->n >= e->enough || e->arena.bytes >= ENOUGH_BYTES;
}

static bool is_large(const struct events *e)
{
    return e->n >= PIECE_EVENTS || e->arena.bytes >= PIECE_BYTES;
}

enum status read_event(struct events *e, const struct event *event, const char *position,
                       int64_t committed_us)
{
    int watch = watch_of(event->name);
    if (watch < 0)
        return carry_event(e, event, position, committed_us);
    drift_event(e, watch, event);
    return STATUS_OK;
}

static enum status evaluate(struct events *e, const char *position, int64_t committed_us,
                            bool in_pieces)
{
    struct mirror_step step;
    e->index = 0;
    e->at = position ? arena_strdup(&e->arena, position) : NULL;
    do {
        TRY(mirror_evaluate(e->mirror, STEP_OBJECTS, &e->arena, &step, e->failure));
        for (uint32_t i = 0; i < step.nevents; i++)
            TRY(read_event(e, &step.events[i], e->at, committed_us));
        if (in_pieces && step.more && is_large(e)) {
            TRY(write_piece(e));
            e->at = position ? arena_strdup(&e->arena, position) : NULL;
        }
    } while (step.more);
    e->at = NULL;
    e->transaction++;
    return STATUS_OK;
}

/* One source transaction alone may make more events than are to be in memory; but where a flow says
 * `together`, whether one of them is held must be known before any is written. */
enum status read_evaluated(struct events *e, const char *position, int64_t committed_us)
{
    return evaluate(e, position, committed_us, !carry_any_together(e));
}

enum status read_evaluated_whole(struct events *e, const char *position, int64_t committed_us)
{
    return evaluate(e, position, committed_us, false);
}

static bool is_piece(const struct transaction *t)
{
    return !t->position;
}

enum status read_transaction(struct events *e, const struct batch *b, const struct transaction *t)
{
    if (b->begins) {
        TRY(refusals_watch(e, true));
        TRY(mirror_begin(e->mirror, t->position, e->failure));
    }
    struct failure *f = e->failure;
    TRY(mirror_apply(e->mirror, b->changes + t->first_change, t->nchanges, f));
    TRY(drift_answer(e, b->changes + t->first_change, t->nchanges));
    if (is_piece(t))
        return STATUS_OK;
    TRY(mirror_end(e->mirror, t->position, t->quiet, f));
    return read_evaluated(e, t->position, t->committed_us);
}
