/* Hot keys: ranks with Zipf's law, P(k) ~ 1 / k^s, for any s >= 0 (0: all alike). Constant time and
 * memory whatever n is: rejection-inversion (Hoermann and Derflinger, "Rejection-inversion to
 * generate variates from monotone discrete distributions", 1996). Pure.
 */
#ifndef LOAD_ZIPF_H
#define LOAD_ZIPF_H

#include "benchmarks/load/random.h"

enum { ZIPF_KEYS_MAX = 2000000000 }; /* below zipf_scatter's prime */

struct zipf {
    uint64_t n;
    double s, first, last,
        sure; /* the hat's integral at the ends; below `sure` no test is needed */
};

void zipf_init(struct zipf *z, uint64_t n, double s);            /* 1 <= n <= ZIPF_KEYS_MAX */
uint64_t zipf_rank(const struct zipf *z, struct random *random); /* 1 (the hottest) .. n */
/* Rank to key, one to one on 1..n: hot keys are not neighbours in the index. */
uint64_t zipf_scatter(uint64_t rank, uint64_t n);

#endif
