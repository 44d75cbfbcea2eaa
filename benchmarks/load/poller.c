#include "benchmarks/load/poller.h"

#include <time.h>

#include "benchmarks/load/schedule.h"

enum { LATE_NS = 200000 };

static void pass_done(struct poller *p)
{
    struct board *b = p->board;
    uint64_t end = atomic_load(&b->next);
    end = end < b->count ? end : b->count;
    while (p->low < end && atomic_load(&b->entries[p->low].state) >= ENTRY_SEEN)
        p->low++;
}

/* Reads on from `*after`; a full answer has more behind it, which the next poll asks for. */
static enum status poll_once(struct poller *p, int64_t *after)
{
    int64_t ids[SIDE_POLL_MAX];
    int count;
    int64_t from = p->board->base + (int64_t)p->low - 1;
    if (*after < from)
        *after = from;
    int64_t start = schedule_now();
    TRY(side_poll(p->side, *after, ids, SIDE_POLL_MAX, &count));
    int64_t end = schedule_now();
    series_add(&p->cost, end - start);
    for (int i = 0; i < count; i++)
        board_seen(p->board, ids[i], end);
    *after = count == SIDE_POLL_MAX ? ids[count - 1] : 0;
    pass_done(p);
    return STATUS_OK;
}

static void note_gap(struct poller *p, int64_t before, int64_t now)
{
    if (before == 0)
        return;
    series_add(&p->gaps, now - before);
    p->late += now - before > LATE_NS;
}

static enum status poll_on(struct poller *p)
{
    int64_t before = 0, after = 0, give_up = INT64_MAX;
    for (;;) {
        bool ended = atomic_load(&p->board->ended);
        int64_t now = schedule_now();
        if (ended && give_up == INT64_MAX)
            give_up = now + p->drain_ns;
        if (ended && (atomic_load(&p->board->waiting) == 0 || now > give_up))
            return STATUS_OK;
        if (atomic_load(&p->board->waiting) == 0) {
            pass_done(p);
            board_sleep(p->board);
            before = 0;
            continue;
        }
        note_gap(p, before, now);
        before = now;
        TRY(poll_once(p, &after));
        schedule_sleep_until(now + p->interval_ns);
    }
}

static void *poller_main(void *arg)
{
    struct poller *p = arg;
    p->status = poll_on(p);
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    p->cpu_ns = t.tv_sec * 1000000000LL + t.tv_nsec;
    return NULL;
}

enum status poller_start(struct poller *p, const struct place *target, struct board *board,
                         int64_t interval_ns, int64_t drain_ns, struct failure *f)
{
    *p = (struct poller){.board = board, .interval_ns = interval_ns, .drain_ns = drain_ns};
    enum status status = side_open(target, &p->failure, &p->side);
    if (status == STATUS_OK) {
        int64_t ids[1];
        int count; /* what is prepared is prepared before the clock starts */
        status = side_poll(p->side, board->base - 1, ids, 1, &count);
    }
    if (status != STATUS_OK) {
        poller_free(p);
        return fail(f, p->failure.code, "%s", p->failure.text);
    }
    must(pthread_create(&p->thread, NULL, poller_main, p) == 0);
    return STATUS_OK;
}

enum status poller_join(struct poller *p, struct failure *f)
{
    pthread_join(p->thread, NULL);
    return p->status == STATUS_OK ? STATUS_OK : fail(f, p->failure.code, "%s", p->failure.text);
}

void poller_free(struct poller *p)
{
    side_close(p->side);
    p->side = NULL;
    series_free(&p->cost);
    series_free(&p->gaps);
}
