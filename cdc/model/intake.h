/* Intake: where a source puts what it has decoded, and the link takes it. The one meeting point of
 * a source's thread and the link's loop.
 *
 *   source:  intake_lock -> batch_begin/append/end on the batch it gives -> intake_unlock
 *   link:    intake_take, when the sink has room
 *
 * The source works on the open batch under the lock, which is contended only when the link takes.
 * At a transaction's end the source calls intake_ended: the link gets the batch as soon as it is
 * hungry, or when the batch has reached its size; so batches grow with the backlog and are one
 * transaction when idle. A transaction beyond `piece_bytes` moves in pieces (intake_piece).
 *
 * Back-pressure is one bool, `intake_full`: outstanding bytes are at the budget, or enough batches
 * are ready (more of them would keep a size that was right when they were cut). The source then
 * reads no further (but keeps its connection alive), until `on_room` is called.
 *
 * What counts against the budget: the open batch, what is ready, what is taken and not yet returned
 * (a batch that the link makes larger is counted again by intake_grown), and room for one batch
 * more, which a conversion may need. A large transaction that is in pieces must be ended, it cannot
 * be abandoned any more.
 *
 * Threads: intake_* may be called from the source's thread, intake_take/returned from the loop's.
 * The lock is recursive: any call is allowed while it is held. The hooks run on the calling thread,
 * without the lock; the link's implementation of on_ready only sends a uv_async.
 */
#ifndef MILLRACE_MODEL_INTAKE_H
#define MILLRACE_MODEL_INTAKE_H

#include <pthread.h>
#include <stdatomic.h>
#include "base/buffer.h"
#include "base/fail.h"
#include "model/batch.h"

struct intake {
    pthread_mutex_t mutex;
    struct batch *open;        /* being filled */
    struct batch *ready_first, *ready_last; /* handed over, not yet taken */
    struct batch *spare;       /* recycled */
    int nready, nspare;
    char *idle_position;       /* pending progress, newer than everything appended; NULL none: */
                               /* then the text of idle_text */
    struct buffer idle_text, path;
    const char *home;          /* what intake_quiet was told; NULL: never called */
    bool idle_moved;
    uint64_t idle_log_bytes;
    bool hungry;               /* the link wants a batch as soon as there is a whole transaction */
    bool in_pieces;            /* the open transaction's first piece has been handed over */
    bool notify;               /* on_ready is due when the lock is left */
    bool waiting;              /* intake_full has said so: on_room is due */
    int depth;                 /* of the recursive lock */
    atomic_bool failed;
    struct failure failure;    /* when failed; read by the link after on_ready */
    size_t budget_bytes, batch_bytes, piece_bytes;
    _Atomic uint32_t batch_changes; /* the link lowers it when locks are held too long (apply_ms) */
    size_t outstanding_bytes;  /* ready, taken and not yet returned */
    size_t before_open_bytes;  /* of the open batch when its open transaction began */
    void (*on_ready)(void *owner); /* something to take, or failed */
    void (*on_room)(void *owner);  /* full no more; called from the loop's thread */
    void *ready_owner, *room_owner;
};

void intake_init(struct intake *in, size_t budget_bytes);
void intake_free(struct intake *in); /* frees all batches that lie here */
/* For another start of the source, which must have stopped: what lies here is forgotten; limits and
 * hooks stay. Batches that are taken are returned as ever. */
void intake_reset(struct intake *in);

/* source side */
struct batch *intake_lock(struct intake *in); /* the open batch; hold no longer than one message */
void intake_unlock(struct intake *in);
/* With the lock held: the path of what is to be appended; a change of path ends the open batch,
 * so the batch may be another one afterwards: it is returned. */
struct batch *intake_path(struct intake *in, const char *path);
/* With the lock held, instead of intake_path: what is to be appended is quiet. It ends no batch:
 * what is sent of one keeps its path, and the quiet transactions go along. `home` is the path of a
 * batch that has nothing else: what the source itself does; it must live as long as the intake. */
struct batch *intake_quiet(struct intake *in, const char *home);
/* With the lock held: the open transaction turns out to be quiet. */
void intake_turn_quiet(struct intake *in, const char *home);
/* With the lock held, after batch_begin / batch_end. `intake_ended` may hand the batch over. */
void intake_began(struct intake *in);
void intake_ended(struct intake *in);
/* With the lock held, inside a transaction after an append: hands a piece over when the open
 * transaction alone has reached piece_bytes. Earlier whole transactions go in a batch of their own
 * first. Returns the batch to append to. */
struct batch *intake_piece(struct intake *in);
/* Nothing to send up to `position` (idle, filtered, echoes). Inside a transaction it is no progress
 * and ignored. `moved` true: a transaction with effects outside `millrace` was read. Takes the lock
 * itself; does not call on_ready: the link looks by its timer, or finds it in batch.progress. */
void intake_progress(struct intake *in, const char *position, bool moved, uint64_t log_bytes);
bool intake_full(struct intake *in); /* true: on_room will be called; for the source alone */
bool intake_waited_for(struct intake *in); /* it was full, and on_room is still due: for figures */
/* The source is at its end: an error, or a stop. Called once, as the source's last act. Whole
 * transactions can still be taken; an unfinished one is dropped as far as it has not been taken. */
void intake_fail(struct intake *in, const struct failure *f);

/* link side */
struct batch *intake_take(struct intake *in); /* NULL: none; then `hungry` is set */
/* The same while the writer is busy: an open batch is taken from this size on only, since the next
 * transactions would wait behind two of them; and nobody gets hungry. */
struct batch *intake_take_large(struct intake *in, uint32_t changes);
/* The taken batch has grown (converted rows): counts it again. */
void intake_grown(struct intake *in, struct batch *b);
/* Progress reported since the last take, if no transaction waits: copies its position into `a` and
 * forgets it. `moved` and `log_bytes` are summed over the reports. False: nothing to report. */
bool intake_idle(struct intake *in, struct arena *a, const char **position, bool *moved,
                 uint64_t *log_bytes);
/* The same without forgetting: for the link to judge whether it is worth a checkpoint. */
bool intake_peek_idle(struct intake *in, bool *moved, uint64_t *log_bytes);
void intake_return(struct intake *in, struct batch *b); /* done: its bytes leave the budget */

#endif
