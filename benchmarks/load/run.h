/* One run: connections that take transactions by the clock, the poller, what came of it. */
#ifndef LOAD_RUN_H
#define LOAD_RUN_H

#include "benchmarks/load/board.h"
#include "benchmarks/load/options.h"
#include "benchmarks/load/poller.h"
#include "benchmarks/load/schedule.h"
#include "benchmarks/load/transaction.h"

struct run {
    const struct options *options;
    struct schedule schedule;
    struct board board;
    struct poller poller;
    int64_t start_ns, end_ns; /* of the schedule; of the last commit */
    _Atomic int64_t gave_up;  /* scheduled, but the source was too far behind */
    uint64_t committed, retried;
    uint64_t rows[CHANGE_KINDS];
    uint64_t backlog; /* committed, not seen, when the last commit was done */
    _Atomic bool stop;
};

/* Runs to the end, or to SIGINT; whatever was measured by then is in `r`. run_free in any case. */
enum status run_load(struct run *r, const struct options *o, double rate, double seconds,
                     uint64_t transactions, struct failure *f);
void run_free(struct run *r);
/* Async-signal-safe: the run that goes on now ends early. */
void run_interrupt(void);
bool run_interrupted(void);

#endif
