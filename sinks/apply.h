/* Apply: one batch into one target transaction, exactly once; generic over the engines.
 *
 *   begin(marker, checkpoint) -> net sets -> settle (counts) -> commit
 *
 * A constraint or a wrong count rolls back and goes to row mode: each source transaction becomes a
 * target transaction of its own, one statement per row in source order, so the first bad one stops
 * the link exactly before itself. A unique violation in row mode is put off to the end of its
 * source transaction (the row parked meanwhile), since deferred constraints and swaps collide only
 * in between. Where the link has a ward (ward.h), a row that is refused in row mode is held, and its
 * transaction goes on without it. Lock waits and deadlocks roll back and try again, with half the batch.
 *
 * Files: apply.c (batches), fence.c (fence, idle positions), row_mode.c, skip.c.
 * Threads: used by the link's writer thread only. All state of "where is this link" is here:
 * the last seq, our writer number, the durable position.
 */
#ifndef MILLRACE_SINKS_APPLY_H
#define MILLRACE_SINKS_APPLY_H

#include <stdatomic.h>
#include "model/batch.h"
#include "model/sink.h"
#include "sinks/net.h"
#include "state/checkpoint.h"

struct ward;

struct apply {
    const struct sink_driver *driver;
    struct sink *sink;
    const char *link;
    struct failure *failure;
    struct wake *wake;
    struct checkpoint at;     /* link, lane, seq (last committed), writer, position, plan */
    char *position, *root;    /* owned: of the last commit */
    char *path;               /* owned: path of transactions without one (fence, idle) */
    int64_t trim_low, trimmed_seq;
    struct net *net;
    struct arena scratch;
    bool row_mode_only;       /* the next transaction from the source goes row by row (after a */
                              /* large one failed in pieces) */
    bool in_large;            /* a large transaction is open at the target */
    int64_t begun_us;         /* when the open target transaction began */
    struct ward *ward;         /* owned: holds what the target refuses (ward.h); NULL: it stops the link */
    struct row_mode *row_mode; /* rows put off to the end of the source transaction */
    struct net_rules (*rules)(void *owner, const struct relation *target);
    void (*deleted)(void *owner, const struct change *c); /* in a copy's window: a key went away */
    /* In a copy's window: a row that the log moves, but tells in part only, is not there. Inside
     * the open transaction: sees to it that it is brought. */
    enum status (*missing)(void *owner, const struct change *c);
    void *owner;
    /* what the link shows and tunes by */
    _Atomic uint64_t transactions, rows, commits, row_mode_transactions, lock_waits;
    _Atomic int64_t apply_us; /* of the last target transaction: begin to commit */
};

/* The link's lock on the target, for the session's life: before anything is decided by what the
 * target holds. SERVER_BUSY where another engine has it. */
enum status apply_take_lock(struct apply *a);
/* Takes the lock and the fence: reads the last row, writes the next with the same position (or `first` where
 * there is none; NULL and none: CONFIG). Resolves a COMMIT in doubt. PLAN_CHANGED where the stored
 * plan hash differs. On return `at` and `position` are what the target says. */
enum status apply_take_fence(struct apply *a, const char *first_position);
/* The stored checkpoint without writing: exists false where there is none. */
enum status apply_look(struct apply *a, struct last_checkpoint *last, struct arena *arena);

enum apply_result { APPLY_COMMITTED, APPLY_PIECE };
/* Writes a batch of target rows (after the plan): commits, or, for a piece that does not end its
 * transaction, leaves it open. After an error nothing of the open transaction remains.
 * DATA: the transactions before the bad one are committed; failure names it with its position.
 * STATUS_RETRY with `row_mode_only` set: a large transaction must be read again from the source. */
enum status apply_batch(struct apply *a, const struct batch *b, enum apply_result *result);
/* A checkpoint without rows: idle progress, or the fence. */
enum status apply_position(struct apply *a, const char *position, const char *root);
/* Passes one source transaction without writing it: its rows go to millrace.held. */
enum status apply_skip(struct apply *a, const struct batch *b);
/* Gives up the large transaction that is open at the target, if one is. */
enum status apply_abandon(struct apply *a);
/* Says to the server that we are there: a session that is silent inside a transaction is ended. */
enum status apply_ping(struct apply *a);
void apply_init(struct apply *a);
void apply_free(struct apply *a);

#endif
