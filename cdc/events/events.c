#include "events/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "events/internal.h"
#include "events/vocabulary_file.h"
#include "sinks/apply_parts.h"

enum { FOLDER_MODE = 0700, ENOUGH_AT_FIRST = 1000 };

enum position_order events_compare(const struct events *e, const char *a, const char *b)
{
    return e->options.compare(a, b);
}

/* ---- opening ---- */

static enum position_order order(void *context, const char *a, const char *b)
{
    return events_compare(context, a, b);
}

struct session *events_session(struct events *e)
{
    return e->apply->driver->session(e->apply->sink);
}

static bool breathe(void *context)
{
    struct events *e = context;
    return wake_poll(e->apply->wake, -1, 0, 0) >= 0;
}

static enum status make_folder(struct events *e)
{
    if (mkdir(e->options.folder, FOLDER_MODE) == 0 || errno == EEXIST)
        return STATUS_OK;
    return fail(e->failure, ERROR_SETTING,
                "cannot make the folder %s of the mirrors: %s; make it, or say `state_dir`",
                e->options.folder, strerror(errno));
}

static void name_file(struct events *e)
{
    if (views_need_file(e->program->views))
        e->mirror_path = arena_format(&e->plans_arena, "%s/%s.mirror", e->options.folder,
                                      e->program->lc->name);
}

static enum status open_mirror(struct events *e)
{
    struct mirror_options options = {
        .path = e->mirror_path,
        .plan = event_program_hash(e->program),
        .context = e,
        .order = order,
        .refused = read_refused,
        .passed = refusal_passed,
        .breathe = breathe,
    };
    TRY(mirror_open(e->program->views, &options, &e->mirror, e->failure));
    if (!mirror_plan_changed(e->mirror))
        return STATUS_OK;
    TRY(copy_warn(e));
    log_info("link=%s msg=\"what events say has changed: the mirror is made to fit\"",
             e->program->lc->name);
    return mirror_rebuild(e->mirror, false, e->failure);
}

enum status events_compile_writes(struct events *e)
{
    struct event_program *p = e->program;
    e->plans = arena_zalloc(&e->plans_arena, ((size_t)p->nlines + 1) * sizeof *e->plans);
    for (int i = 0; i < p->nlines; i++) {
        const struct event_line *line = &p->lines[i];
        if (flow_plan_make(&e->target.database, line->flow, &line->event, line->lists,
                           line->nlists, &e->plans_arena, &e->plans[i]) != STATUS_OK)
            return fail_in(e->failure, "flow of %s", line->name);
    }
    return STATUS_OK;
}

const struct relation *events_table(const struct events *e, int i)
{
    for (int line = 0; line < e->program->nlines; line++) {
        const struct flow_plan *p = &e->plans[line];
        if (i < p->nwrites + p->ngone)
            return (i < p->nwrites ? p->writes[i] : p->gone[i - p->nwrites]).table;
        i -= p->nwrites + p->ngone;
    }
    return NULL;
}

static enum status open_all(struct events *e)
{
    TRY(event_target_init(&e->target, e->apply->driver, e->apply->sink, e->options.schema,
                          e->options.zone, e->failure));
    TRY(events_compile_writes(e));
    return drift_publish(e);
}

enum status events_open(const struct events_options *options, struct events **out)
{
    struct events *e = calloc(1, sizeof *e);
    must(e);
    e->options = *options;
    e->program = options->program;
    e->apply = options->apply;
    e->failure = options->apply->failure;
    arena_init(&e->plans_arena);
    arena_init(&e->arena);
    e->held = held_keys_new();
    e->refused = held_keys_new();
    e->only_line = e->trying = -1;
    e->names.arena = &e->plans_arena;
    e->again = again_new();
    e->quarantined = arena_zalloc(&e->plans_arena, ((size_t)e->program->nlines + 1) *
                                                       sizeof *e->quarantined);
    e->waiting = arena_zalloc(&e->plans_arena, ((size_t)e->program->nlines + 1) *
                                                   sizeof *e->waiting);
    e->source_name = arena_format(&e->plans_arena, "/%s", e->program->lc->from->name);
    e->figures = arena_zalloc(&e->plans_arena, sizeof *e->figures);
    e->held_transaction = arena_alloc(&e->plans_arena, sizeof *e->held_transaction);
    *e->held_transaction = clock_wall_us();
    e->flight = flight_new();
    e->enough = ENOUGH_AT_FIRST;
    *out = e;
    return open_all(e);
}

enum status events_open_state(struct events *e)
{
    TRY(make_folder(e));
    TRY(vocabulary_file_keep(e->program, e->options.folder, e->failure));
    name_file(e);
    TRY(copy_look(e));
    return open_mirror(e);
}

void events_close(struct events *e)
{
    if (!e)
        return;
    flight_free(e->flight);
    mirror_close(e->mirror);
    event_target_free(&e->target);
    held_keys_free(e->held);
    held_keys_free(e->refused);
    again_free(e->again);
    tell_free(e);
    arena_free(&e->arena);
    arena_free(&e->plans_arena);
    free(e);
}

const struct event_figures *events_figures(const struct events *e)
{
    return e->figures;
}

/* ---- where they stand ---- */

const char *events_acknowledged(const struct events *e)
{
    return views_need_file(e->program->views) ? mirror_committed(e->mirror) : e->apply->position;
}

const char *events_from(const struct events *e)
{
    const char *at = mirror_position(e->mirror);
    return at && views_need_file(e->program->views) ? at : e->apply->position;
}

static bool is_ahead(const struct events *e)
{
    const char *at = mirror_position(e->mirror);
    return at && events_compare(e, at, e->apply->position) == POSITION_AFTER;
}

bool events_is_before(const struct events *e, const char *position, const char *other)
{
    if (!position)
        return false;
    enum position_order o = events_compare(e, position, e->apply->position);
    return o == POSITION_BEFORE || o == POSITION_EQUAL ||
           events_compare(e, position, other) == POSITION_BEFORE;
}

bool events_caught_up(const struct events *e)
{
    const char *at = mirror_position(e->mirror);
    return copy_is_complete(e) &&
           (!at || events_compare(e, at, e->apply->position) != POSITION_BEFORE);
}

/* The target comes to where the mirror stands, and the mirror is committed there. */
static enum status settle(struct events *e)
{
    bool committed;
    if (e->apply->in_large || !mirror_wants_commit(e->mirror))
        return STATUS_OK;
    if (is_ahead(e))
        TRY(apply_position(e->apply, mirror_position(e->mirror), NULL));
    crash_here(CRASH_BEFORE_MIRROR);
    TRY(mirror_commit(e->mirror, e->apply->position, &committed, e->failure));
    crash_here(CRASH_AFTER_MIRROR);
    return STATUS_OK;
}

/* ---- batches ---- */

/* Up to the batch's transaction i. The checkpoint goes past transactions that made nothing only when
 * the mirror wants it to. While there is more to read, it is written beside. */
static enum status write_up_to(struct events *e, const struct batch *b, uint32_t i, bool last)
{
    TRY(flight_land(e));
    struct checkpoint c = apply_checkpoint_after(e->apply, b, i);
    if (e->apply->in_large)
        return write_last_piece(e, &c);
    if (e->n == 0 && !e->asking && !e->replaced) {
        carry_forget(e);
        return STATUS_OK;
    }
    if (last)
        return write_transaction(e, &c);
    flight_start(e, &c);
    return STATUS_OK;
}

static enum status carry_transaction(struct events *e, const struct batch *b, uint32_t i)
{
    bool last = i + 1 == b->ntransactions;
    TRY(read_transaction(e, b, &b->transactions[i]));
    if (!b->ends || !(last || read_enough(e)))
        return STATUS_OK;
    return write_up_to(e, b, i, last);
}

/* What was written beside and failed comes first: it is earlier. */
static enum status cannot_carry(struct events *e, const struct transaction *t, enum status status)
{
    struct failure mine = *e->failure;
    TRY(flight_land(e));
    *e->failure = mine;
    if (!*mine.position && t->position)
        fail_at(e->failure, t->position);
    return status;
}

static enum status carry_batch(struct events *e, const struct batch *b)
{
    for (uint32_t i = 0; i < b->ntransactions; i++) {
        enum status status = carry_transaction(e, b, i);
        if (status != STATUS_OK)
            return cannot_carry(e, &b->transactions[i], status);
    }
    return flight_land(e);
}

static bool ends_at(const char *position, const char *other)
{
    return position && strcmp(position, other) == 0;
}

/* The link ends at the transaction that the failure names: what came before it is written. */
static enum status end_before(struct events *e, const struct batch *b, enum status status)
{
    struct failure kept = *e->failure;
    uint32_t bad = 0, n = 0;
    while (bad < b->ntransactions && !ends_at(b->transactions[bad].position, kept.position))
        bad++;
    if (status != STATUS_DATA || bad == 0 || bad == b->ntransactions || e->apply->in_large)
        return status;
    while (n < e->n && !ends_at(e->list[n].position, kept.position))
        n++;
    e->n = n;
    refusals_end_before(e, kept.position);
    struct checkpoint c = apply_checkpoint_after(e->apply, b, bad - 1);
    TRY(write_transaction(e, &c));
    *e->failure = kept;
    return status;
}

enum status events_batch(struct events *e, const struct batch *b)
{
    e->path = b->path;
    enum status status = carry_batch(e, b);
    if (status != STATUS_OK)
        return end_before(e, b, status);
    e->path = NULL;
    if (!b->ends)
        return STATUS_OK;
    TRY(settle(e));
    return again_step(e);
}

/* ---- a transaction that a person lets pass ---- */

static enum status take_quietly(struct events *e, const struct batch *b)
{
    struct mirror_step step = {.more = true};
    const struct transaction *t = &b->transactions[0];
    TRY(refusals_watch(e, false)); /* it is not written: what is held is still the newest there is */
    if (b->begins)
        TRY(mirror_begin(e->mirror, t->position, e->failure));
    TRY(mirror_apply(e->mirror, b->changes + t->first_change, t->nchanges, e->failure));
    if (!b->ends)
        return STATUS_OK;
    TRY(mirror_end(e->mirror, t->position, true, e->failure));
    while (step.more)
        TRY(mirror_evaluate(e->mirror, UINT32_MAX, &e->arena, &step, e->failure));
    return STATUS_OK;
}

enum status events_pass(struct events *e, const struct batch *b)
{
    struct failure f;
    enum status status = take_quietly(e, b);
    if (status != STATUS_DATA)
        return status;
    if (mirror_refill(e->mirror, false, &f) != STATUS_OK)
        return fail_in(e->failure, "%s; before", f.text);
    return fail_in(e->failure, "the transaction has passed, but the mirror cannot take it either: "
                               "it is filled again when the link starts");
}

void events_rest(struct events *e)
{
    bool committed;
    struct failure f; /* should it fail, more is read again */
    (void)mirror_commit(e->mirror, e->apply->position, &committed, &f);
}

/* The mirror moves with the source also where nothing of it was read: else the source would keep
 * its log for it. */
static enum status move_mirror(struct events *e, const char *progress)
{
    struct mirror_step step;
    const char *at = mirror_position(e->mirror);
    if (at && events_compare(e, progress, at) != POSITION_AFTER)
        return STATUS_OK;
    TRY(mirror_begin(e->mirror, progress, e->failure));
    TRY(mirror_end(e->mirror, progress, true, e->failure));
    return mirror_evaluate(e->mirror, UINT32_MAX, &e->arena, &step, e->failure);
}

enum status events_idle(struct events *e, const char *progress)
{
    if (progress) {
        TRY(move_mirror(e, progress));
        if (events_compare(e, progress, e->apply->position) == POSITION_AFTER)
            TRY(apply_position(e->apply, progress, NULL));
    }
    TRY(settle(e));
    return again_step(e);
}
