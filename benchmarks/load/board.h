/* The board: one entry a transaction, written by the connection that runs it and by the poller that
 * sees it at the target.
 *
 *   connection:  due ......... t0 COMMIT ......... acked
 *   poller:                     poll  poll  poll that sees the row: seen
 *
 * Thread-safe where it says so. An entry's times belong to whoever the state names.
 */
#ifndef LOAD_BOARD_H
#define LOAD_BOARD_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum entry_state {
    ENTRY_NOT_STARTED,
    ENTRY_COMMITTING, /* COMMIT was sent, or is about to be; its row is looked for */
    ENTRY_SEEN,
    ENTRY_NOT_PROBED, /* it has no row in load_probe, or failed */
};

struct entry {
    int64_t due, t0, acked, seen; /* ns of the monotonic clock; 0: never */
    _Atomic uint8_t state;
};

struct board {
    struct entry *entries;
    uint64_t count;
    int64_t base;            /* the row of transaction n in load_probe is base + n */
    int64_t every;           /* probed is every so-manyth; 0: none */
    _Atomic uint64_t next;   /* the first that nobody has taken */
    _Atomic int64_t waiting; /* committing, and not seen */
    _Atomic bool asleep;     /* the poller has nothing to look for, and waits at the bell */
    _Atomic bool ended;      /* no more will start */
    sem_t bell;
};

void board_init(struct board *b, uint64_t count, int64_t base, int64_t every);
void board_free(struct board *b);

static inline bool board_probed(const struct board *b, uint64_t n)
{
    return b->every > 0 && n % (uint64_t)b->every == 0;
}

/* By the connection that took n. */
void board_committing(struct board *b, uint64_t n, int64_t due, int64_t t0);
void board_acked(struct board *b, uint64_t n, int64_t now);
void board_failed(struct board *b, uint64_t n);
void board_end(struct board *b);

/* By the poller: the row of `id` was there at `now`. */
void board_seen(struct board *b, int64_t id, int64_t now);
/* Waits until something is looked for, or 50 ms. */
void board_sleep(struct board *b);

#endif
