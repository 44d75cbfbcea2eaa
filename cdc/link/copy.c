/* The first copy, in stages. State is in the target: millrace.chunk holds each chunk's key range,
 * and its position once it is finished.
 *
 *   plan      every table without chunks is cut into key ranges, all at once
 *   catch up  the stream goes exactly to the position of the view that the readers hold; tables
 *             that are not finished are in their window: a missing row is no error there
 *   chunks    several readers, each with a lane of its own; the stream stands still
 *   stream    from that same position on, strict again
 *
 * Why a window needs no key ranges in C: at the position P of a checkpoint the target holds, of an
 * unfinished range, only rows that the source had at P, each as it was at P: an insert in the
 * window is written, an update or delete of a row that is not there is passed over (the chunk will
 * bring it as it is then; but one that gets another key is inserted, since that may lie in a range
 * that is copied; where the log leaves a part of it out, all ranges of the table are read again),
 * and chunks leave rows alone that are there already. A table of which nothing is
 * there is passed over as a whole. A view that is not exact (MySQL: somewhere between `low` and
 * `high`) is brought to `high` by the same stream, whose updates insert where the row is missing,
 * and whose deleted keys the chunks leave out. */
#include <string.h>
#include "base/crash.h"
#include "base/guard.h"
#include "base/log.h"
#include "link/internal.h"

enum { PEER_WAIT_MS = 100, PEER_WAITS = 100 };

bool copy_wanted(const struct attempt *a)
{
    return a->lc->copies && a->lc->first_copy == COPY_TO_EMPTY && a->lc->to->engine != ENGINE_NULL;
}

static struct session *target_session(struct attempt *a)
{
    return a->sink_driver->session(a->writer.apply.sink);
}

/* ---- tables that were made again ---- */

static enum status count_as_new(struct attempt *a, const struct mapped_table *t)
{
    if (copy_wanted(a))
        return state_forget_chunks(target_session(a), a->link_id, t->label, &a->failure);
    if (t->flow->pattern) /* may as well be new: it joins from here on */
        return STATUS_OK;
    return fail(&a->failure, ERROR_POSITION_LOST,
                "table %s.%s is in the publication of system %s no more: it was dropped and made "
                "again, or taken out, and what was written to it since is in no log; compare both "
                "sides, then `millrace remove` the link and start it again",
                t->source.schema, t->source.name, a->lc->from->name);
}

enum status copy_check_unlogged(struct attempt *a)
{
    struct mapping *m = &a->mapping;
    if (!a->source_driver->unlogged || !target_session(a))
        return STATUS_OK;
    bool *lacks = arena_zalloc(&m->arena, (size_t)m->ntables + 1);
    TRY(a->source_driver->unlogged(a->source, m->names, m->ntables, lacks));
    for (int i = 0; i < m->ntables; i++)
        if (lacks[i])
            TRY(count_as_new(a, &m->tables[i]));
    return STATUS_OK;
}

/* ---- which tables are not copied yet ---- */

static int chunks_of(const struct mapped_table *t, const struct chunk *chunks, int n, int *done)
{
    int total = 0;
    *done = 0;
    for (int i = 0; i < n; i++) {
        if (strcmp(chunks[i].table, t->label) != 0)
            continue;
        total++;
        *done += chunks[i].finished;
    }
    return total;
}

/* Are there rows of it? A chunk that counts as unfinished again has left its own. */
static bool holds_rows(const struct mapped_table *t, const struct chunk *chunks, int n)
{
    for (int i = 0; i < n; i++)
        if (chunks[i].written && strcmp(chunks[i].table, t->label) == 0)
            return true;
    return false;
}

/* Marks the windows; true where something is left to copy. */
static bool mark_windows(struct attempt *a, const struct chunk *chunks, int n)
{
    bool open = false;
    for (int i = 0; i < a->mapping.ntables; i++) {
        struct mapped_table *t = &a->mapping.tables[i];
        int done, total = chunks_of(t, chunks, n, &done);
        t->window = total == 0 || done < total;
        open = open || t->window;
    }
    a->window_open = open;
    return open;
}

/* Towards an earlier view, between two positions, the stream wrote rows where no chunk had been. */
static enum status is_untouched(struct attempt *a, const struct mapped_table *t, bool *untouched)
{
    enum status status = STATUS_OK;
    *untouched = a->lc->from->engine != ENGINE_MYSQL ||
                 a->sink_driver->is_empty(a->writer.apply.sink, t->written, &status);
    return attempt_writer_failed(a, status);
}

/* The tables that a view will bring as they are when the stream has come to it: what it says of
 * them until then is passed over. A view between two positions may be older than that. */
static enum status mark_untouched(struct attempt *a, const struct chunk *chunks, int n, bool exact)
{
    for (int i = 0; i < a->mapping.ntables; i++) {
        struct mapped_table *t = &a->mapping.tables[i];
        t->untouched = false;
        if (t->window && exact && !holds_rows(t, chunks, n))
            TRY(is_untouched(a, t, &t->untouched));
    }
    return STATUS_OK;
}

/* A table that joins, like all of a first run, must be empty at the target. */
static enum status check_empty(struct attempt *a, const struct chunk *chunks, int n)
{
    for (int i = 0; i < a->mapping.ntables; i++) {
        struct mapped_table *t = &a->mapping.tables[i];
        int done;
        enum status status = STATUS_OK;
        if (chunks_of(t, chunks, n, &done) > 0)
            continue;
        bool empty = a->sink_driver->is_empty(a->writer.apply.sink, t->written, &status);
        TRY(attempt_writer_failed(a, status));
        if (!empty)
            return fail(&a->failure, ERROR_NOT_EMPTY,
                        "table %s in system %s has rows, and first_copy is to_empty: empty it, or "
                        "say first_copy: none where both sides are already equal",
                        t->label, a->lc->to->name);
    }
    return STATUS_OK;
}

/* ---- plan ---- */

static void add_chunks(const struct mapped_table *t, const char *const *bounds, int nbounds,
                       struct chunk *out)
{
    for (int i = 0; i <= nbounds; i++)
        out[i] = (struct chunk){
            .table = t->label,
            .n = i,
            .low = i == 0 ? NULL : bounds[i - 1],
            .high = i == nbounds ? NULL : bounds[i],
        };
}

static enum status plan_table(struct attempt *a, struct snapshot *snapshot,
                              const struct mapped_table *t)
{
    const char **bounds = NULL;
    int nbounds = 0;
    /* Without a key in the target it starts over as a whole; and so where its rows refer to each
     * other, since a part of them would lack the others. */
    if (t->written->nkey > 0 && !(a->foreign_keys && t->own_child))
        TRY(a->source_driver->snapshot_bounds(snapshot, t->relation, a->lc->copy_chunk_rows,
                                              &a->arena, &bounds, &nbounds));
    struct chunk *chunks = arena_zalloc(&a->arena, sizeof *chunks * (size_t)(nbounds + 1));
    add_chunks(t, bounds, nbounds, chunks);
    return state_plan_chunks(target_session(a), a->link_id, chunks, nbounds + 1, &a->failure);
}

static enum status plan_missing(struct attempt *a, struct snapshot *snapshot, struct chunk **chunks,
                                int *n)
{
    for (int i = 0; i < a->mapping.ntables; i++) {
        int done;
        const struct mapped_table *t = &a->mapping.tables[i];
        if (chunks_of(t, *chunks, *n, &done) == 0)
            TRY(plan_table(a, snapshot, t));
    }
    return state_chunks(target_session(a), a->link_id, &a->arena, chunks, n, &a->failure);
}

/* ---- catch up ---- */

static struct net_rules window_rules(void *owner, const struct relation *target)
{
    const struct attempt *a = owner;
    const struct mapped_table *t = target->plan;
    bool window = a->window_open && t && t->window;
    return (struct net_rules){.lenient = window, .upsert = window && a->complete_images};
}

static void deleted(void *owner, const struct change *c)
{
    struct attempt *a = owner;
    const struct mapped_table *t = c->relation->plan;
    const struct apply *apply = &a->writer.apply;
    if (a->window && t && t->window) /* of an open large transaction, or the last committed */
        window_deleted(a->window, c, apply->at.seq + (apply->in_large ? 1 : 0));
}

/* The row's old key lies in a range that is not copied, its new one perhaps in one that is, and an
 * unchanged TOAST value is known to no one but the source. So the whole table counts as not copied
 * again; what is there of it stays, and its chunks bring only what is missing. */
static enum status missing(void *owner, const struct change *c)
{
    struct attempt *a = owner;
    const struct mapped_table *t = c->relation->plan;
    int64_t reopened;
    TRY(state_reopen_chunks(target_session(a), a->link_id, t->label, &reopened,
                            a->writer.apply.failure));
    if (reopened > 0)
        log_info("link=%s table=%s msg=\"a row moved that is not there yet: all ranges of the "
                 "table are looked at again\"",
                 a->lc->name, t->label);
    return STATUS_OK;
}

/* Pieces of a large transaction that turned out to end beyond `high`: it comes again, whole, when
 * the link streams on from there. */
static enum status abandon_open(struct attempt *a)
{
    struct apply *apply = &a->writer.apply;
    if (!apply->in_large)
        return STATUS_OK;
    if (a->window)
        window_forget_after(a->window, apply->at.seq);
    return attempt_writer_failed(a, apply_abandon(apply));
}

static enum status catch_up(struct attempt *a, const char *high)
{
    struct apply *apply = &a->writer.apply;
    if (a->source_driver->compare(apply->position, high) == POSITION_EQUAL)
        return STATUS_OK;
    log_info("link=%s msg=\"catching up with the view\" from=%s to=%s", a->lc->name,
             apply->position, high);
    apply->rules = window_rules;
    apply->deleted = deleted;
    apply->missing = missing;
    apply->owner = a;
    TRY(stream_run(a, arena_strdup(&a->arena, apply->position), high));
    TRY(abandon_open(a));
    if (a->source_driver->compare(apply->position, high) == POSITION_EQUAL)
        return STATUS_OK;
    return attempt_writer_failed(a, apply_position(apply, high, NULL));
}

/* ---- the whole ---- */

/* Not for ever, while we have this link's lock: a second engine may have the other direction's, and
 * wait for ours. */
static enum status wait_for_peer(struct attempt *a, bool (*ready)(struct link *), const char *what)
{
    for (int i = 0; i < PEER_WAITS && !ready(a->link); i++)
        if (wake_poll(&a->wake, -1, 0, PEER_WAIT_MS) < 0)
            return fail(&a->failure, ERROR_STOPPED, "asked to stop");
    return ready(a->link) ? STATUS_OK : fail(&a->failure, ERROR_SERVER_BUSY, "%s", what);
}

enum status copy_wait_for_empty(struct attempt *a)
{
    const struct link_config *lc = a->lc;
    if (!lc->pair || lc->copies || lc->first_copy != COPY_TO_EMPTY)
        return STATUS_OK;
    return wait_for_peer(a, link_peer_target_empty,
                         "waiting to begin until the other direction has found its target's tables "
                         "empty: what empties them must not be carried back");
}

static int readers_of(const struct attempt *a, struct snapshot *snapshot)
{
    if (!a->source_driver->snapshot_readers)
        return a->lc->copy_readers;
    return a->source_driver->snapshot_readers(snapshot);
}

/* What happened between two positions is told apart by keys: without them rows would come twice, or
 * not at all. */
static enum status check_keys(struct attempt *a)
{
    for (int i = 0; i < a->mapping.ntables; i++) {
        const struct mapped_table *t = &a->mapping.tables[i];
        if (t->window && t->written->nkey == 0)
            return fail(&a->failure, ERROR_SETTING,
                        "table %s in system %s has no key, and %s.%s in system %s has one: a first "
                        "copy from there needs it on both sides; ALTER TABLE ... ADD PRIMARY KEY",
                        t->label, a->lc->to->name, t->source.schema, t->source.name,
                        a->lc->from->name);
    }
    return STATUS_OK;
}

static enum status copy_chunks(struct attempt *a, struct snapshot *snapshot, bool first,
                               struct chunk *chunks, int n)
{
    const char *low = a->source_driver->snapshot_low(snapshot);
    const char *high = a->source_driver->snapshot_high(snapshot);
    bool exact = a->source_driver->compare(low, high) == POSITION_EQUAL;
    if (!exact)
        TRY(check_keys(a));
    TRY(mark_untouched(a, chunks, n, exact));
    TRY(plan_missing(a, snapshot, &chunks, &n));
    if (first)
        TRY(attempt_take_fence(a, low));
    if (!exact)
        a->window = window_new();
    if (GUARD_COPY_HAND_OVER)
        TRY(catch_up(a, high));
    TRY(state_chunks(target_session(a), a->link_id, &a->arena, &chunks, &n, &a->failure));
    link_set_state(a->link, LINK_COPYING);
    TRY(workers_run(a, snapshot, readers_of(a, snapshot), chunks, n, arena_strdup(&a->arena, high),
                    !first || !exact));
    a->window_open = false;
    for (int i = 0; i < a->mapping.ntables; i++)
        a->mapping.tables[i].window = false;
    crash_here(CRASH_COPY_HAND_OVER);
    return STATUS_OK;
}

/* Children come after their parents only if what is not copied yet is passed over. */
static bool needs_exact_view(const struct attempt *a)
{
    bool needs = false;
    for (int i = 0; a->foreign_keys && i < a->mapping.ntables; i++)
        needs = needs || a->mapping.tables[i].rank > 0 || a->mapping.tables[i].own_child;
    return needs;
}

/* First run: nothing of the link is in the target but, perhaps, a plan without a checkpoint. */
static enum status prepare_first(struct attempt *a)
{
    link_set_target_empty(a->link, false);
    TRY(check_empty(a, NULL, 0));
    link_set_target_empty(a->link, true);
    TRY(wait_for_peer(a, link_peer_positioned,
                      "the first copy is waiting until the other direction has fixed its position"));
    TRY(check_empty(a, NULL, 0)); /* what came before that position nobody would carry */
    return state_forget_chunks(target_session(a), a->link_id, NULL, &a->failure);
}

/* Of a table whose copy is not finished all comes from the source again: one that was made anew there
 * may have rows held from before. */
static enum status void_held(struct attempt *a)
{
    for (int i = 0; i < a->mapping.ntables; i++)
        if (a->mapping.tables[i].window)
            TRY(held_rows_void(a, &a->mapping.tables[i]));
    return STATUS_OK;
}

enum status copy_run(struct attempt *a, const struct last_checkpoint *last)
{
    struct chunk *chunks = NULL;
    int n = 0;
    bool first = !last->exists;
    a->complete_images = a->lc->from->engine != ENGINE_POSTGRES;
    if (first) {
        TRY(prepare_first(a));
        mark_windows(a, NULL, 0);
    } else {
        link_set_target_empty(a->link, true);
        TRY(attempt_take_fence(a, NULL));
        TRY(state_chunks(target_session(a), a->link_id, &a->arena, &chunks, &n, &a->failure));
        if (!mark_windows(a, chunks, n))
            return STATUS_OK;
        TRY(workers_shut_out(a));
        TRY(state_chunks(target_session(a), a->link_id, &a->arena, &chunks, &n, &a->failure));
        if (!mark_windows(a, chunks, n))
            return STATUS_OK;
        TRY(check_empty(a, chunks, n));
        TRY(void_held(a));
    }
    struct snapshot *snapshot = NULL;
    TRY(a->source_driver->snapshot_open(a->source, a->lc->copy_readers,
                                        first ? NULL : a->writer.apply.position,
                                        needs_exact_view(a), &snapshot));
    crash_here(CRASH_AFTER_SNAPSHOT);
    enum status status = copy_chunks(a, snapshot, first, chunks, n);
    a->source_driver->snapshot_close(snapshot);
    if (status == STATUS_OK)
        log_info("link=%s msg=\"first copy finished\" position=%s", a->lc->name,
                 a->writer.apply.position);
    return status;
}
