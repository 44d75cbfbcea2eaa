/* Batch: what moves through a link. An arena, the changes in log order, and the transactions they
 * belong to. Filled by a source, converted by the link's plan, written by its sink, freed (or
 * recycled) by the link. One owner at a time; no locks inside.
 *
 *   changes:       [c0 c1 c2][c3][c4 c5 ...
 *   transactions:   t0        t1  t2
 *
 * A batch holds whole transactions, except a large one, which moves as pieces:
 *   first piece  `ends` false   its only transaction is still open
 *   middle       `begins` false, `ends` false
 *   last         `begins` false, `ends` true
 * A piece holds no other transaction.
 */
#ifndef MILLRACE_MODEL_BATCH_H
#define MILLRACE_MODEL_BATCH_H

#include "base/arena.h"
#include "model/change.h"

struct transaction {
    uint32_t first_change, nchanges;
    const char *position;  /* where the link stands after it; NULL while it is open */
    const char *root;      /* its position in the log of the path's first system */
    int64_t committed_us;  /* wall clock of the source's commit, microseconds; 0 unknown */
    int64_t received_us;   /* when its end was decoded, clock_wall_us */
    bool quiet;            /* an echo: nothing of it is emitted (source_options.echoes); of pieces */
                           /* each says what was known by then: the last one is right */
    bool requests;         /* it holds changes of request_relation (state/request.h), which are to */
                           /* be answered, in a quiet one too */
};

/* What a change was at its source: of links that hold back what the target refuses. */
struct origin {
    struct change change;          /* as the log told it */
    const struct relation *target; /* whose row it becomes */
    bool holdable;                 /* its key alone says which row that is */
    const char *refused;           /* why it could not be converted: nobody may write it then */
};

struct batch {
    struct arena arena;
    struct change *changes;
    uint32_t nchanges, changes_capacity;
    struct transaction *transactions;
    uint32_t ntransactions, transactions_capacity;
    const char *path;      /* systems it has passed, "id,id", source's own id last; one per batch, */
                           /* of its transactions that are not quiet and of answers to requests */
    bool begins, ends;
    uint64_t source_bytes; /* log bytes it was decoded from */
    size_t held_bytes;     /* the intake's: what is counted of its budget for this batch */
    const char *progress;  /* a position after the last transaction where nothing else was to be */
                           /* sent; NULL none. A batch may hold nothing but progress. */
    struct origin *origins; /* one for each of `changes`, the arena's; NULL: not kept */
    bool refused;           /* one of them at least could not be converted */
    /* Of a link with flows, when the batch comes back: what the source may forget, and where the
     * target stands; NULL: nothing new. */
    const char *acknowledged, *checkpoint;
    struct batch *next;
};

struct batch *batch_new(void);
void batch_free(struct batch *b);
void batch_reset(struct batch *b);
/* Opens a transaction; the changes that follow are its own. */
struct transaction *batch_begin(struct batch *b);
/* Appends a change to the open transaction; the pointers stay valid until reset, the struct may
 * move at the next append. Returns the slot to fill. */
struct change *batch_append(struct batch *b);
/* Closes the open transaction. `position` and `root` are copied; root may be NULL (= position). */
void batch_end(struct batch *b, const char *position, const char *root, int64_t committed_us);
/* Is a transaction open (begun, not ended)? */
static inline bool batch_is_open(const struct batch *b)
{
    return b->ntransactions > 0 && !b->transactions[b->ntransactions - 1].position;
}
/* Forgets the open transaction and its changes (its memory stays until reset). */
void batch_abandon(struct batch *b);
/* The open transaction, copied to an empty batch, leaves this one with what was whole before. */
void batch_move_open(struct batch *b, struct batch *into);
struct value *batch_row(struct batch *b, int ncolumns); /* uninitialised */
/* Where the link stands when the batch is done: progress, else the last transaction's; or NULL. */
const char *batch_position(const struct batch *b);
static inline size_t batch_bytes(const struct batch *b)
{
    return b->arena.bytes + b->changes_capacity * sizeof *b->changes +
           b->transactions_capacity * sizeof *b->transactions;
}

#endif
