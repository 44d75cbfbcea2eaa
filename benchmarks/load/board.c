#include "benchmarks/load/board.h"

#include <stdlib.h>
#include <time.h>

#include "base/fail.h"

void board_init(struct board *b, uint64_t count, int64_t base, int64_t every)
{
    *b = (struct board){.count = count, .base = base, .every = every};
    b->entries = calloc(count + 1, sizeof *b->entries);
    must(b->entries != NULL);
    must(sem_init(&b->bell, 0, 0) == 0);
}

void board_free(struct board *b)
{
    sem_destroy(&b->bell);
    free(b->entries);
}

void board_committing(struct board *b, uint64_t n, int64_t due, int64_t t0)
{
    struct entry *e = &b->entries[n];
    bool again = atomic_load(&e->state) == ENTRY_COMMITTING; /* COMMIT lost a deadlock */
    e->due = due;
    e->t0 = t0;
    if (!board_probed(b, n)) {
        atomic_store(&e->state, ENTRY_NOT_PROBED);
        return;
    }
    atomic_store(&e->state, ENTRY_COMMITTING);
    if (!again)
        atomic_fetch_add(&b->waiting, 1);
    if (atomic_exchange(&b->asleep, false))
        sem_post(&b->bell);
}

void board_acked(struct board *b, uint64_t n, int64_t now)
{
    b->entries[n].acked = now;
}

void board_failed(struct board *b, uint64_t n)
{
    uint8_t committing = ENTRY_COMMITTING;
    if (atomic_compare_exchange_strong(&b->entries[n].state, &committing, ENTRY_NOT_PROBED))
        atomic_fetch_sub(&b->waiting, 1);
    else
        atomic_store(&b->entries[n].state, ENTRY_NOT_PROBED);
}

void board_end(struct board *b)
{
    atomic_store(&b->ended, true);
    sem_post(&b->bell);
}

void board_seen(struct board *b, int64_t id, int64_t now)
{
    if (id < b->base || (uint64_t)(id - b->base) >= b->count)
        return;
    struct entry *e = &b->entries[id - b->base];
    if (atomic_load(&e->state) != ENTRY_COMMITTING)
        return;
    e->seen = now;
    atomic_store(&e->state, ENTRY_SEEN);
    atomic_fetch_sub(&b->waiting, 1);
}

void board_sleep(struct board *b)
{
    atomic_store(&b->asleep, true);
    if (atomic_load(&b->waiting) == 0 && !atomic_load(&b->ended)) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += 50000000;
        if (t.tv_nsec >= 1000000000) {
            t.tv_nsec -= 1000000000;
            t.tv_sec++;
        }
        sem_timedwait(&b->bell, &t);
    }
    atomic_store(&b->asleep, false);
}
