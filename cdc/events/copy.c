/* The first copy: the mirror is filled from one view of the source, at P; the target takes P for its
 * checkpoint; then objects are written, found by their keys (`first_copy: merge`: every one).
 *
 *   fill        rows of the snapshot into the mirror
 *   fence at P  the link's checkpoint
 *   note P      the mirror is committed: from here on the snapshot is not needed again
 *   emit        in target transactions of some thousand events, each with a row in millrace.chunk
 *               that says how many: after a crash the same events come in the same order, and
 *               those that were written are passed over
 *   commit      the mirror is complete
 *
 * Where rows of the mirror are lacking later, all of it comes again at a later P, and the log from
 * the checkpoint to P is not read. What was emitted is still known then: objects that left or
 * changed meanwhile are told as that, in the same emission; with `none` nothing else is.
 *
 * Events that are made of single rows have none in the mirror: their objects are written while the
 * snapshot is open, in one target transaction; broken off, all begins anew with another snapshot.
 */
#include "events/internal.h"

#include <string.h>
#include "base/crash.h"
#include "base/log.h"
#include "events/watch.h"
#include "sinks/apply_parts.h"

enum { CHUNK_EVENTS = 2000, READ_BYTES = 1 << 20, STEP_OBJECTS = 1000, ALONE_CHUNK = 0 };

static const char label[] = "(events)", note_filled[] = "filled", note_quiet[] = "quiet";

static bool merges(const struct events *e)
{
    return e->program->lc->first_copy == COPY_MERGE;
}

/* Objects of single rows; what is watched for drift is none. */
static bool is_copied(const struct events *e, const struct relation *table)
{
    const struct views *v = e->program->views;
    for (int i = 0; i < views_nevents(v); i++)
        if (views_event_is_alone(v, i) && views_event_of(v, i) == table &&
            watch_of(views_event_name(v, i)) < 0)
            return true;
    return false;
}

static bool has_alone(const struct events *e)
{
    const struct views *v = e->program->views;
    for (int i = 0; i < views_nalone(v); i++)
        if (is_copied(e, views_alone_table(v, i)))
            return true;
    return false;
}

/* ---- what was done before ---- */

enum status copy_look(struct events *e)
{
    struct arena a;
    struct chunk *chunks;
    int n;
    arena_init(&a);
    enum status status = state_chunks(events_session(e), e->apply->at.link, &a, &chunks, &n,
                                      e->failure);
    for (int i = 0; status == STATUS_OK && i < n; i++) {
        if (strcmp(chunks[i].table, label) != 0)
            continue;
        e->copy.alone_done = e->copy.alone_done || chunks[i].n == ALONE_CHUNK;
        e->copy.written += chunks[i].n == ALONE_CHUNK ? 0 : chunks[i].rows;
        e->copy.chunks++;
    }
    arena_free(&a);
    return status;
}

bool copy_is_complete(const struct events *e)
{
    for (int i = 0; i < views_ntables(e->program->views); i++)
        if (!mirror_is_complete(e->mirror, i))
            return false;
    return true;
}

static enum status noted(struct events *e, const char *name, bool *out)
{
    const char *text;
    TRY(mirror_noted(e->mirror, name, &e->arena, &text, e->failure));
    *out = text != NULL;
    return STATUS_OK;
}

/* What is told of this copy already is not in the mirror: an object that came with it and leaves
 * before the next one is never told to be gone. */
enum status copy_warn(struct events *e)
{
    bool filled;
    TRY(noted(e, note_filled, &filled));
    if (filled && e->copy.written > 0)
        log_warn("link=%s msg=\"what events say has changed while a copy was written: it begins "
                 "anew. Compare the target's objects when it is done: one that left the source "
                 "meanwhile may be left there\"", e->program->lc->name);
    return STATUS_OK;
}

enum status events_want_copy(struct events *e, bool first_run, bool *want)
{
    bool filled;
    TRY(noted(e, note_filled, &filled));
    bool alone = merges(e) && has_alone(e) && !e->copy.alone_done;
    bool stale = first_run && mirror_position(e->mirror);
    *want = alone || stale || (!copy_is_complete(e) && !filled);
    return STATUS_OK;
}

/* ---- anew ---- */

static enum status commit(struct events *e, const char *position)
{
    bool committed;
    crash_here(CRASH_BEFORE_MIRROR);
    TRY(mirror_commit(e->mirror, position, &committed, e->failure));
    must(committed);
    crash_here(CRASH_AFTER_MIRROR);
    return STATUS_OK;
}

/* Without a copy asked for, nothing is told of what is there at the very start, also where that is
 * broken off and begun again. Later something may have been missed: then it is told. */
static enum status begin_anew(struct events *e, bool first_run)
{
    bool quiet;
    TRY(noted(e, note_quiet, &quiet));
    carry_forget(e);
    e->copy = (struct copied){0};
    TRY(state_forget_chunks(events_session(e), e->apply->at.link, label, e->failure));
    TRY(mirror_refill(e->mirror, first_run, e->failure));
    if (merges(e) || (!quiet && !first_run))
        return STATUS_OK;
    TRY(mirror_note(e->mirror, note_quiet, "1", e->failure));
    return commit(e, NULL);
}

/* ---- rows ---- */

struct reading {
    struct events *e;
    const struct source_driver *driver;
    struct snapshot *snapshot;
    struct batch *batch;
    enum status (*take)(struct events *e, const struct batch *b);
};

static enum status read_table(struct reading *r, const struct relation *table)
{
    bool end = false;
    TRY(r->driver->chunk_open(r->snapshot, 0, table, NULL, NULL, r->e->failure));
    while (!end) {
        batch_reset(r->batch);
        batch_begin(r->batch);
        TRY(r->driver->chunk_next(r->snapshot, 0, r->batch, READ_BYTES, &end, r->e->failure));
        TRY(r->take(r->e, r->batch));
    }
    return STATUS_OK;
}

static enum status fill(struct events *e, const struct batch *b)
{
    for (uint32_t i = 0; i < b->nchanges; i++)
        TRY(mirror_fill(e->mirror, b->changes[i].relation, b->changes[i].after, e->failure));
    return STATUS_OK;
}

static enum status fill_all(struct reading *r)
{
    const struct views *v = r->e->program->views;
    for (int i = 0; i < views_ntables(v); i++)
        TRY(read_table(r, views_table(v, i)));
    return STATUS_OK;
}

static enum status read_with(struct events *e, const struct source_driver *driver,
                             struct snapshot *snapshot,
                             enum status (*take)(struct events *e, const struct batch *b),
                             enum status (*all)(struct reading *r))
{
    struct reading r = {e, driver, snapshot, batch_new(), take};
    enum status status = all(&r);
    batch_free(r.batch);
    return status;
}

bool events_may_catch_up(const struct events *e)
{
    return views_nalone(e->program->views) > 0;
}

enum status events_catch_up(struct events *e)
{
    TRY(begin_anew(e, false));
    TRY(mirror_resume(e->mirror, e->apply->position, e->failure));
    return keep_load(e);
}

enum status events_copy(struct events *e, const struct source_driver *driver,
                        struct snapshot *snapshot, bool first_run)
{
    TRY(begin_anew(e, first_run));
    return read_with(e, driver, snapshot, fill, fill_all);
}

/* ---- objects of single rows ---- */

static const char *position_of(const struct events *e)
{
    return e->apply->position;
}

static enum status write_alone(struct events *e, const struct batch *b)
{
    const char *position = position_of(e);
    TRY(refusals_watch(e, true));
    TRY(mirror_begin(e->mirror, position, e->failure));
    TRY(mirror_apply(e->mirror, b->changes, b->nchanges, e->failure));
    TRY(mirror_end(e->mirror, position, false, e->failure));
    TRY(read_evaluated(e, position, 0));
    return e->n >= CHUNK_EVENTS ? write_piece(e) : STATUS_OK;
}

/* Each table once, whatever number of events are made of its rows. */
static enum status read_alone(struct reading *r)
{
    const struct views *v = r->e->program->views;
    for (int i = 0; i < views_nalone(v); i++)
        if (is_copied(r->e, views_alone_table(v, i)))
            TRY(read_table(r, views_alone_table(v, i)));
    return STATUS_OK;
}

static enum status finish_alone(struct events *e)
{
    struct checkpoint c = apply_next(e->apply, NULL, NULL, NULL);
    TRY(write_piece(e));
    TRY(state_add_chunk(events_session(e), e->apply->at.link, label, ALONE_CHUNK, c.position, 0,
                        e->failure));
    e->copy.alone_done = true;
    return write_last_piece(e, &c);
}

/* ---- after the fence ---- */

enum status events_copied(struct events *e, const struct source_driver *driver,
                          struct snapshot *snapshot)
{
    crash_here(CRASH_COPY_HAND_OVER);
    TRY(mirror_resume(e->mirror, position_of(e), e->failure));
    TRY(keep_load(e));
    if (merges(e) && has_alone(e)) {
        TRY(read_with(e, driver, snapshot, write_alone, read_alone));
        TRY(finish_alone(e));
    }
    TRY(mirror_note(e->mirror, note_filled, position_of(e), e->failure));
    return commit(e, position_of(e));
}

/* ---- all objects ---- */

static void drop_first(struct events *e)
{
    uint32_t n = e->n < e->copy.written ? e->n : (uint32_t)e->copy.written;
    e->copy.written -= n;
    e->list += n;
    e->n -= n;
    e->capacity -= n;
}

static enum status write_chunk(struct events *e)
{
    int64_t n = e->n;
    struct checkpoint c = apply_next(e->apply, NULL, NULL, NULL);
    if (n == 0)
        return STATUS_OK;
    TRY(write_piece(e));
    TRY(state_add_chunk(events_session(e), e->apply->at.link, label, ++e->copy.chunks, c.position,
                        n, e->failure));
    crash_here(CRASH_CHUNK_BEFORE_COMMIT);
    TRY(write_last_piece(e, &c));
    crash_here(CRASH_CHUNK_AFTER_COMMIT);
    return STATUS_OK;
}

static enum status emit(struct events *e)
{
    struct mirror_step step;
    do {
        TRY(mirror_evaluate(e->mirror, STEP_OBJECTS, &e->arena, &step, e->failure));
        for (uint32_t i = 0; i < step.nevents; i++)
            TRY(read_event(e, &step.events[i], position_of(e), 0));
        drop_first(e);
        if (e->n >= CHUNK_EVENTS)
            TRY(write_chunk(e));
    } while (step.more);
    return write_chunk(e);
}

/* All at once: what is gone comes before what is there, whatever event it is of. */
static enum status complete_all(struct events *e, enum mirror_beginning beginning)
{
    const struct views *v = e->program->views;
    TRY(refusals_watch(e, false)); /* what was written is passed over after a crash, but not known */
    for (int i = 0; i < views_ntables(v); i++)
        TRY(mirror_complete(e->mirror, views_table(v, i), position_of(e), beginning, e->failure));
    return emit(e);
}

static enum status how_it_begins(struct events *e, enum mirror_beginning *out)
{
    bool quiet;
    TRY(noted(e, note_quiet, &quiet));
    *out = quiet       ? MIRROR_BEGINS_QUIETLY
           : merges(e) ? MIRROR_TELLS_ALL
                       : MIRROR_TELLS_CHANGES;
    return STATUS_OK;
}

static enum status finish_copy(struct events *e)
{
    enum mirror_beginning beginning;
    TRY(how_it_begins(e, &beginning));
    TRY(complete_all(e, beginning));
    TRY(mirror_note(e->mirror, note_filled, NULL, e->failure));
    TRY(mirror_note(e->mirror, note_quiet, NULL, e->failure));
    TRY(commit(e, position_of(e)));
    log_info("link=%s msg=\"the mirror is filled\" position=%s", e->program->lc->name,
             position_of(e));
    return STATUS_OK;
}

enum status events_begin(struct events *e)
{
    TRY(mirror_resume(e->mirror, position_of(e), e->failure));
    TRY(keep_load(e)); /* objects of which something is held are not written past it */
    return copy_is_complete(e) ? STATUS_OK : finish_copy(e);
}
