#include "benchmarks/load/growth.h"

#include <stdlib.h>

#include "base/fail.h"

/* What a steady system may show by chance: over the whole time the trend adds less than this, or
 * than the lag itself; and at the end less than a second's transactions wait. */
static const double TREND_MS = 20;
static const double WAITING_SECONDS = 1;
static const double LATE_MS = 1000;
enum { POINTS_MAX = 600 }; /* of longer series every k-th: the pairs grow with the square */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, ascending);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double growth_slope(const double *lag_ms, size_t seconds)
{
    size_t step = seconds / POINTS_MAX + 1, n = 0;
    size_t points = seconds / step + 1;
    double *slopes = malloc(points * points * sizeof *slopes);
    must(slopes != NULL);
    for (size_t i = 0; i < seconds; i += step)
        for (size_t j = i + step; j < seconds; j += step)
            if (lag_ms[i] >= 0 && lag_ms[j] >= 0)
                slopes[n++] = (lag_ms[j] - lag_ms[i]) / (double)(j - i);
    double slope = n ? median(slopes, n) : 0;
    free(slopes);
    return slope;
}

static double median_lag(const double *lag_ms, size_t seconds)
{
    double *values = malloc((seconds + 1) * sizeof *values);
    must(values != NULL);
    size_t n = 0;
    for (size_t i = 0; i < seconds; i++)
        if (lag_ms[i] >= 0)
            values[n++] = lag_ms[i];
    double lag = n ? median(values, n) : 0;
    free(values);
    return lag;
}

struct growth growth_judge(const struct growth_seen *seen)
{
    /* The first tenth is warm-up: connections, caches, prepared statements. */
    size_t skip = seen->seconds / 10;
    const double *lag_ms = seen->lag_ms + skip;
    size_t seconds = seen->seconds - skip;
    struct growth g = {.slope_ms = growth_slope(lag_ms, seconds)};
    double lag = median_lag(lag_ms, seconds);
    if (seen->late_ms > LATE_MS)
        g.verdict = GROWTH_SOURCE;
    else if (seen->rate > 0 && (double)seen->backlog > seen->rate * WAITING_SECONDS)
        g.verdict = GROWTH_BACKLOG;
    else if (g.slope_ms * (double)seconds > (lag > TREND_MS ? lag : TREND_MS))
        g.verdict = GROWTH_LAG;
    return g;
}

const char *growth_name(enum growth_verdict v)
{
    static const char *const names[] = {
        [GROWTH_HELD] = "held",
        [GROWTH_LAG] = "the lag grows",
        [GROWTH_BACKLOG] = "a backlog is left",
        [GROWTH_SOURCE] = "the source does not take it",
    };
    return names[v];
}
