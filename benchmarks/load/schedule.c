#include "benchmarks/load/schedule.h"

#include <time.h>

enum { UNPACED_MAX = 20000000 }; /* of a run without rate and count */

void schedule_init(struct schedule *s, double rate, double seconds, uint64_t transactions)
{
    uint64_t by_time = UNPACED_MAX;
    if (rate > 0 && seconds > 0)
        by_time = (uint64_t)(rate * seconds + 0.5);
    s->rate = rate;
    s->count =
        transactions > 0 && (transactions < by_time || seconds <= 0) ? transactions : by_time;
    s->length_ns = seconds > 0 && rate <= 0 ? (int64_t)(seconds * 1e9) : INT64_MAX;
}

int64_t schedule_due(const struct schedule *s, uint64_t n)
{
    return s->rate > 0 ? (int64_t)((double)n * (1e9 / s->rate)) : 0;
}

int64_t schedule_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

void schedule_sleep_until(int64_t ns)
{
    struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
        continue; /* a signal */
}
