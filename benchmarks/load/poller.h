/* The poller: looks for the rows of load_probe at the target, by one range read of its key, from
 * the first transaction that it has not seen on. So every transaction gets the time of the first
 * poll that saw it, however many connections commit in whatever order.
 *
 * It polls every `poll_us` while anything is waited for, and not at all else. What a poll costs is
 * part of the lag that it measures, for whatever is measured: it is reported.
 */
#ifndef LOAD_POLLER_H
#define LOAD_POLLER_H

#include <pthread.h>

#include "benchmarks/load/board.h"
#include "benchmarks/load/percentile.h"
#include "benchmarks/load/side.h"

struct poller {
    struct board *board;
    struct side *side;
    int64_t interval_ns, drain_ns; /* drain: after the end, for what is not seen yet */
    uint64_t low;                  /* all before it are done with */
    struct series cost, gaps;      /* ns: of a poll; from poll to poll while one is waited for */
    uint64_t late;                 /* gaps of more than 0.2 ms */
    int64_t cpu_ns;                /* of the thread */
    struct failure failure;
    enum status status;
    pthread_t thread;
};

/* The board must outlive it. */
enum status poller_start(struct poller *p, const struct place *target, struct board *board,
                         int64_t interval_ns, int64_t drain_ns, struct failure *f);
/* After board_end: waits until all is seen, or the time is over. */
enum status poller_join(struct poller *p, struct failure *f);
void poller_free(struct poller *p);

#endif
