#include "benchmarks/load/percentile.h"

#include <math.h>
#include <stdlib.h>

#include "base/fail.h"

void series_add(struct series *s, int64_t value)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? s->capacity * 2 : 1024;
        s->values = realloc(s->values, s->capacity * sizeof *s->values);
        must(s->values != NULL);
    }
    s->values[s->count++] = value;
}

void series_free(struct series *s)
{
    free(s->values);
    *s = (struct series){0};
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t percentile_of(const int64_t *values, size_t n, double p)
{
    /* 0.999 * 1000 is a hair more than 999 in binary: without the slack the rank would be 1000 */
    double rank = ceil(p * (double)n - 1e-9);
    size_t at = rank < 1 ? 1 : (size_t)rank;
    return values[(at > n ? n : at) - 1];
}

struct summary percentile_summary(struct series *s)
{
    struct summary out = {.count = s->count};
    if (s->count == 0)
        return out;
    qsort(s->values, s->count, sizeof *s->values, ascending);
    for (size_t i = 0; i < s->count; i++)
        out.mean += (double)s->values[i] / (double)s->count;
    out.p50 = percentile_of(s->values, s->count, 0.5);
    out.p90 = percentile_of(s->values, s->count, 0.9);
    out.p99 = percentile_of(s->values, s->count, 0.99);
    out.p999 = percentile_of(s->values, s->count, 0.999);
    out.max = s->values[s->count - 1];
    return out;
}
