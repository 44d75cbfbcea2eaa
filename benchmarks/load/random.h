/* Pseudo-random numbers from a seed (splitmix64): the same seed makes the same load. One thread at
 * a time; a connection has its own.
 */
#ifndef LOAD_RANDOM_H
#define LOAD_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 <= x < 1 */
static inline double random_unit(struct random *r)
{
    return (double)(random_next(r) >> 11) * 0x1p-53;
}

/* 0 <= x < n; n > 0 */
static inline uint64_t random_below(struct random *r, uint64_t n)
{
    return (uint64_t)(((__uint128_t)random_next(r) * n) >> 64);
}

#endif
