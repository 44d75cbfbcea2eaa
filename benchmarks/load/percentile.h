/* Percentiles of all values measured: sorted, nearest rank, nothing estimated. Pure. */
#ifndef LOAD_PERCENTILE_H
#define LOAD_PERCENTILE_H

#include <stddef.h>
#include <stdint.h>

/* A list that grows; one thread at a time. */
struct series {
    int64_t *values;
    size_t count, capacity;
};

void series_add(struct series *s, int64_t value);
void series_free(struct series *s);

struct summary {
    size_t count;
    double mean;
    int64_t p50, p90, p99, p999, max; /* all 0 when count is 0 */
};

/* Sorts the values in place. */
struct summary percentile_summary(struct series *s);
/* The smallest value that at least the share `p` (0 < p <= 1) does not pass. n > 0, ascending. */
int64_t percentile_of(const int64_t *ascending, size_t n, double p);

#endif
