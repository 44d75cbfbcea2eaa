/* The figures of a run: from the board's entries to percentiles, seconds and a verdict. */
#ifndef LOAD_FIGURES_H
#define LOAD_FIGURES_H

#include "benchmarks/load/growth.h"
#include "benchmarks/load/run.h"

struct figures {
    double seconds, rate;             /* of the load, first scheduled to last commit; committed/s */
    struct summary lag, lag_from_due; /* ns: t0, or the schedule, to seen at the target; what is
                                         unseen counts up to the end of the run */
    struct summary lag_after_commit;  /* ns: COMMIT's answer to seen: what is not the source's own */
    struct summary commit, from_due;  /* ns: t0, or the schedule, to COMMIT's answer */
    struct summary poll, gap;         /* ns */
    double late_ms;                   /* of the last tenth's commits, the median, from schedule */
    uint64_t unseen;
    struct figures_second *per_second;
    size_t nseconds;
    struct growth growth;
};

struct figures_second {
    uint64_t committed, backlog; /* backlog: at its end */
    struct summary lag;
};

void figures_make(struct run *r, struct figures *out); /* figures_free after it */
void figures_free(struct figures *f);

#endif
