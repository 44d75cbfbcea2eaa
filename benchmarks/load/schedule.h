/* The schedule: transaction n is due at start + n / rate, whatever became of those before it. Times
 * counted from here hold the waiting that a slow server causes (no coordinated omission). Pure,
 * but for the clock.
 */
#ifndef LOAD_SCHEDULE_H
#define LOAD_SCHEDULE_H

#include <stdint.h>

struct schedule {
    double rate;       /* transactions/s; 0: as fast as the connections go */
    uint64_t count;    /* ends after so many */
    int64_t length_ns; /* or after so long, for rate 0; INT64_MAX: no such end */
};

/* `seconds` or `transactions` may be 0: unset. What ends first ends it. */
void schedule_init(struct schedule *s, double rate, double seconds, uint64_t transactions);
/* Nanoseconds after the start; 0 at rate 0: at once. */
int64_t schedule_due(const struct schedule *s, uint64_t n);

int64_t schedule_now(void);            /* the monotonic clock, in nanoseconds */
void schedule_sleep_until(int64_t ns); /* of that clock; returns at once when it is past */

#endif
