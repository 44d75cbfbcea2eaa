/* One target transaction: marker and checkpoint, the writes of all events, what is held. */
#include "events/internal.h"

#include <inttypes.h>
#include "base/backoff.h"
#include "base/crash.h"
#include "sinks/apply_parts.h"

enum { ENOUGH_MIN = 100, ENOUGH_MAX = 4000 };

/* ---- the writes ---- */

static bool is_held(void *owner, int flow, const char *key)
{
    struct events *e = owner;
    return held_keys_has(e->held, flow, key);
}

static struct event_in in_of(const struct events *e, const struct carried *c)
{
    return (struct event_in){.event = &c->typed,
                             .flow = c->line,
                             .transaction = c->transaction,
                             .refused = c->refused,
                             .old_key = c->refused ? keep_old_key(e, c) : NULL};
}

/* The outcomes of those that were used lie first: each to its own; of the others there is none. */
static void spread_outcome(const struct carried *list, uint32_t n, uint32_t used,
                           struct hold *outcome)
{
    for (uint32_t i = n; i-- > 0 && used < i + 1;)
        outcome[i] = list[i].outdated ? (struct hold){.reason = HOLD_NONE} : outcome[--used];
}

enum status write_carried(struct events *e, const struct event_database *db,
                          const struct carried *list, uint32_t n,
                          bool (*held)(void *owner, int flow, const char *key), void *owner,
                          struct hold *outcome)
{
    struct event_in *in = arena_alloc(&e->arena, (n + 1) * sizeof *in);
    uint32_t used = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!list[i].outdated)
            in[used++] = in_of(e, &list[i]);
    struct event_batch batch = {e->plans, e->program->nlines, in, used, held, owner};
    TRY(events_write(db, &batch, &e->arena, outcome));
    spread_outcome(list, n, used, outcome);
    return STATUS_OK;
}

static enum status write_all(struct events *e, struct hold *outcome)
{
    TRY(write_carried(e, &e->target.database, e->list, e->n, is_held, e, outcome));
    TRY(e->target.database.settle(e->target.database.self));
    TRY(refusals_remove(e));
    TRY(keep_held(e, e->list, e->n, outcome));
    return drift_ask(e);
}

/* ---- figures ---- */

static void count(struct events *e, const struct hold *outcome)
{
    for (uint32_t i = 0; i < e->n; i++) {
        if (outcome[i].reason == HOLD_NONE)
            atomic_fetch_add(&e->figures->written, !e->list[i].outdated);
        else if (outcome[i].reason == HOLD_QUARANTINE)
            atomic_fetch_add(&e->figures->quarantined, 1);
        else
            atomic_fetch_add(&e->figures->held, 1);
    }
}

static void done(struct events *e, const struct hold *outcome)
{
    refusals_removed(e);
    keep_remember(e, e->list, e->n, outcome);
    count(e, outcome);
    tell_events(e, outcome);
    if (e->n > 0)
        again_soon(e);
}

/* ---- whole ---- */

static enum status write_once(struct events *e, const struct checkpoint *c, struct hold *outcome)
{
    TRY(apply_begin(e->apply, c));
    TRY(e->apply->driver->settle(e->apply->sink));
    crash_here(CRASH_BETWEEN_SETS);
    TRY(write_all(e, outcome));
    return apply_commit(e->apply, c);
}

enum status write_transaction(struct events *e, const struct checkpoint *c)
{
    struct hold *outcome = arena_alloc(&e->arena, (e->n + 1) * sizeof *outcome);
    struct backoff tries = {0};
    for (;;) {
        enum status status = write_once(e, c, outcome);
        if (status == STATUS_OK)
            break;
        TRY(apply_once_more(e->apply, status, &tries));
    }
    done(e, outcome);
    tell_committed(e);
    carry_forget(e);
    return STATUS_OK;
}

void write_tune(struct events *e, uint32_t n)
{
    int64_t took = atomic_load(&e->apply->apply_us), aim = e->program->lc->apply_ms * 1000LL;
    uint64_t enough = e->enough;
    if (took > aim && n > ENOUGH_MIN)
        enough = (uint64_t)n * (uint64_t)aim / (uint64_t)took;
    else if (n >= enough)
        enough += enough / 8 + 1;
    e->enough = (uint32_t)(enough < ENOUGH_MIN ? ENOUGH_MIN : enough > ENOUGH_MAX ? ENOUGH_MAX : enough);
}

/* ---- in pieces ---- */

static enum status open_large(struct events *e)
{
    if (e->apply->in_large)
        return STATUS_OK;
    struct checkpoint opening = apply_next(e->apply, NULL, NULL, e->path);
    TRY(apply_begin(e->apply, &opening));
    TRY(e->apply->driver->settle(e->apply->sink));
    e->apply->in_large = true;
    return STATUS_OK;
}

static enum status piece(struct events *e)
{
    struct hold *outcome = arena_alloc(&e->arena, (e->n + 1) * sizeof *outcome);
    TRY(flight_land(e));
    e->target.uncounted = e->apply->in_large;
    TRY(open_large(e));
    TRY(write_all(e, outcome));
    e->target.uncounted = false;
    crash_here(CRASH_BETWEEN_PIECES);
    done(e, outcome); /* should it be rolled back, all of this is made anew with the attempt */
    carry_forget(e);
    return STATUS_OK;
}

/* The earlier pieces are gone with it: the attempt ends, and the source is read again. */
static enum status piece_failed(struct events *e, enum status status)
{
    status = apply_roll_back(e->apply, status);
    tell_forget(e);
    if (apply_is_shut_out(e->apply))
        return apply_seq_taken(e->apply);
    return status;
}

enum status write_piece(struct events *e)
{
    enum status status = piece(e);
    return status == STATUS_OK ? status : piece_failed(e, status);
}

static enum status close_large(struct events *e, const struct checkpoint *c)
{
    TRY(piece(e));
    TRY(e->apply->driver->move(e->apply->sink, c));
    TRY(apply_commit(e->apply, c));
    e->apply->in_large = false;
    tell_committed(e);
    return STATUS_OK;
}

enum status write_last_piece(struct events *e, const struct checkpoint *c)
{
    enum status status = close_large(e, c);
    return status == STATUS_OK ? status : piece_failed(e, status);
}
