/* Is a rate held? It is when the lag does not grow while it lasts. Pure.
 *
 * Two signs of growth: the trend of the lag over the seconds (the median of the slopes between all
 * pairs of seconds, Theil and Sen: one stall, of a checkpoint say, is no trend), and what waits at
 * the end. A third thing is no growth of lag, but no held rate either: the source itself did not
 * take the transactions in time.
 */
#ifndef LOAD_GROWTH_H
#define LOAD_GROWTH_H

#include <stddef.h>
#include <stdint.h>

struct growth_seen {
    const double *lag_ms; /* the median of each second's transactions; negative: none that second */
    size_t seconds;
    double rate;      /* scheduled, transactions/s */
    uint64_t backlog; /* committed, and not seen at the target, when the schedule ended */
    double late_ms;   /* how late the source's last commits were, from their schedule */
};

enum growth_verdict { GROWTH_HELD, GROWTH_LAG, GROWTH_BACKLOG, GROWTH_SOURCE };

struct growth {
    enum growth_verdict verdict;
    double slope_ms; /* of the lag, a second */
};

struct growth growth_judge(const struct growth_seen *seen);
double growth_slope(const double *lag_ms, size_t seconds);
const char *growth_name(enum growth_verdict v); /* "held", "lag grows", ... */

#endif
