#include "benchmarks/load/zipf.h"

#include <math.h>

/* The integral of x^-s, 0 at x = 1. */
static double integral(double s, double x)
{
    return fabs(1 - s) < 1e-9 ? log(x) : (pow(x, 1 - s) - 1) / (1 - s);
}

static double integral_inverse(double s, double y)
{
    return fabs(1 - s) < 1e-9 ? exp(y) : pow(fmax(0, 1 + y * (1 - s)), 1 / (1 - s));
}

void zipf_init(struct zipf *z, uint64_t n, double s)
{
    z->n = n;
    z->s = s;
    z->first = integral(s, 1.5) - 1;
    z->last = integral(s, (double)n + 0.5);
    z->sure = 2 - integral_inverse(s, integral(s, 2.5) - pow(2, -s));
}

uint64_t zipf_rank(const struct zipf *z, struct random *random)
{
    if (z->s == 0)
        return 1 + random_below(random, z->n);
    for (;;) {
        double y = z->last + random_unit(random) * (z->first - z->last);
        double x = integral_inverse(z->s, y);
        double k = fmin(fmax(round(x), 1), (double)z->n);
        if (k - x <= z->sure || y >= integral(z->s, k + 0.5) - pow(k, -z->s))
            return (uint64_t)k;
    }
}

uint64_t zipf_scatter(uint64_t rank, uint64_t n)
{
    const uint64_t prime = 2654435761u; /* larger than any n, so without a common factor */
    return 1 + (rank - 1) * prime % n;
}
