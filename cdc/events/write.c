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

enum status write_carried(struct events *e, const struct event_database *db,
                          const struct carried *list, uint32_t n,
                          bool (*held)(void *owner, int flow, const char *key), void *owner,
                          struct hold *outcome)
{
    struct event_in *in = arena_alloc(&e->arena, (n + 1) * sizeof *in);
    for (uint32_t i = 0; i < n; i++)
        in[i] = (struct event_in){.event = &list[i].typed,
                                  .flow = list[i].line,
                                  .transaction = list[i].transaction,
                                  .refused = list[i].refused,
                                  .old_key = list[i].refused ? keep_old_key(e, &list[i])
                                                             : NULL};
    struct event_batch batch = {e->plans, e->program->nlines, in, n, held, owner};
    return events_write(db, &batch, &e->arena, outcome);
}

static enum status write_all(struct events *e, struct hold *outcome)
{
    TRY(write_carried(e, &e->target.database, e->list, e->n, is_held, e, outcome));
    TRY(e->target.database.settle(e->target.database.self));
    TRY(keep_held(e, e->list, e->n, outcome));
    return drift_ask(e);
}

/* ---- figures ---- */

static void count(struct events *e, const struct hold *outcome)
{
    for (uint32_t i = 0; i < e->n; i++) {
        if (outcome[i].reason == HOLD_NONE)
            atomic_fetch_add(&e->figures->written, 1);
        else if (outcome[i].reason == HOLD_QUARANTINE)
            atomic_fetch_add(&e->figures->quarantined, 1);
        else
            atomic_fetch_add(&e->figures->held, 1);
    }
}

static void done(struct events *e, const struct hold *outcome)
{
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
        status = apply_roll_back(e->apply, status);
        if (apply_is_shut_out(e->apply))
            return apply_seq_taken(e->apply);
        if (!apply_lock_wait(e->apply, status))
            return status;
        TRY(apply_pause(e->apply, &tries));
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
    TRY(open_large(e));
    TRY(write_all(e, outcome));
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
