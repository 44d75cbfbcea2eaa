/* fence.c: taking the fence, and checkpoints without rows.
 *
 * Writing the next seq is what makes a link ours: it waits for a session of ours whose COMMIT is in
 * doubt (the key is locked), and shuts out whoever wrote before. The advisory lock decides nothing;
 * it keeps a second engine from taking the link away from a first one that is well.
 */
#include "sinks/apply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/crash.h"
#include "base/log.h"
#include "sinks/apply_parts.h"

enum { LOCK_TRIES = 10, LOCK_PAUSE_MS = 100, FENCE_TRIES = 5 };

enum status apply_look(struct apply *a, struct last_checkpoint *last, struct arena *arena)
{
    struct session *s = a->driver->session(a->sink);
    *last = (struct last_checkpoint){0};
    if (!s)
        return STATUS_OK; /* a sink that keeps nothing */
    return state_last(s, a->at.link, a->at.lane, arena, last, a->failure);
}

/* ---- the friendly lock ---- */

/* A connection of ours that was just closed holds it for a moment. */
enum status apply_take_lock(struct apply *a)
{
    struct session *s = a->driver->session(a->sink);
    bool locked = s == NULL;
    for (int i = 0; i < LOCK_TRIES && !locked; i++) {
        if (i > 0 && wake_poll(a->wake, -1, 0, LOCK_PAUSE_MS) < 0)
            return fail(a->failure, ERROR_STOPPED, "asked to stop");
        TRY(state_try_lock(s, a->at.link, &locked, a->failure));
    }
    if (locked)
        return STATUS_OK;
    return fail(a->failure, ERROR_SERVER_BUSY,
                "link %s: another session holds this link's lock on the target: a second Millrace "
                "runs it, or the server has not noticed yet that an earlier connection is gone; "
                "nothing is written until it is free",
                a->link);
}

/* ---- the fence ---- */

static enum status check_plan(struct apply *a, const struct last_checkpoint *last)
{
    if (!last->exists || memcmp(last->plan, a->at.plan, PLAN_HASH_BYTES) == 0)
        return STATUS_OK;
    return fail(a->failure, ERROR_PLAN_CHANGED,
                "link %s: what it maps (tables, columns, constants, zones) has changed since its "
                "checkpoint at %s: rows written before do not follow the new plan. Put the "
                "configuration back, or `millrace remove %s` and start it afresh with a first copy",
                a->link, last->position, a->link);
}

static enum status write_position(struct apply *a, const struct checkpoint *c)
{
    TRY(apply_begin(a, c));
    TRY(a->driver->settle(a->sink));
    return apply_commit(a, c);
}

/* On OK or SECOND_ENGINE it is decided; lock waits are waited for here: the session whose COMMIT is
 * in doubt will end. */
static enum status write_fence(struct apply *a, const struct checkpoint *c)
{
    struct backoff tries = {0};
    for (;;) {
        enum status status = write_position(a, c);
        if (status == STATUS_OK)
            return STATUS_OK;
        status = apply_roll_back(a, status);
        if (!apply_lock_wait(a, status))
            return status;
        TRY(apply_pause(a, &tries));
    }
}

static enum status fence_once(struct apply *a, const char *first_position)
{
    struct last_checkpoint last;
    arena_reset(&a->scratch);
    TRY(apply_look(a, &last, &a->scratch));
    TRY(check_plan(a, &last));
    const char *position = last.exists ? last.position : first_position;
    if (!position)
        return fail(a->failure, ERROR_CONFIG, "link %s: no position to start from", a->link);
    a->at.seq = last.exists ? last.seq : 0;
    struct checkpoint c = apply_next(a, position, last.exists ? last.root : position, NULL);
    return write_fence(a, &c);
}

enum status apply_take_fence(struct apply *a, const char *first_position)
{
    arena_reset(&a->scratch);
    TRY(apply_take_lock(a));
    enum status status = STATUS_OK;
    for (int i = 0; i < FENCE_TRIES; i++) {
        status = fence_once(a, first_position);
        /* Taken meanwhile: by the COMMIT that was in doubt, which then is the last row. Whoever
         * goes on taking numbers is alive. */
        if (status == STATUS_OK || !apply_is_shut_out(a))
            break;
    }
    if (status != STATUS_OK)
        return apply_is_shut_out(a) ? apply_seq_taken(a) : status;
    crash_here(CRASH_AFTER_FENCE);
    apply_trim(a);
    return STATUS_OK;
}

enum status apply_seq_taken(struct apply *a)
{
    struct last_checkpoint last;
    arena_reset(&a->scratch);
    TRY(apply_look(a, &last, &a->scratch));
    if (last.exists && last.writer == a->at.writer)
        return fail(a->failure, ERROR_CONNECTION_LOST,
                    "link %s: checkpoint %" PRId64 " is ours although its COMMIT was not "
                    "confirmed; taking the fence again",
                    a->link, last.seq);
    return fail(a->failure, ERROR_SECOND_ENGINE,
                "link %s: another engine (writer %" PRId64 ") has taken over at checkpoint %" PRId64
                ", position %s; this one writes no more. Run one Millrace per link",
                a->link, last.writer, last.seq, last.position ? last.position : "unknown");
}

/* ---- positions without rows ---- */

enum status apply_position(struct apply *a, const char *position, const char *root)
{
    struct checkpoint c = apply_next(a, position, root, NULL);
    crash_here(CRASH_IDLE_CHECKPOINT);
    enum status status = write_fence(a, &c);
    return status != STATUS_OK && apply_is_shut_out(a) ? apply_seq_taken(a) : status;
}
