/* Time: monotonic for intervals, wall clock for lag. Thread-safe. */
#ifndef MILLRACE_BASE_CLOCK_H
#define MILLRACE_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_monotonic_us(void);
int64_t clock_wall_us(void); /* microseconds since 1970-01-01 UTC */

#endif
