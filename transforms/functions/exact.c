/* Arithmetic. Each operation tries 128 bits first, and takes GMP where they are not enough. */
#include "transforms/functions/exact_parts.h"

#include <string.h>
#include "base/fail.h"

/* ---- the two forms ---- */

__int128 small_power(int exponent)
{
    static const int64_t powers[] = {1,
                                     10,
                                     100,
                                     1000,
                                     10000,
                                     100000,
                                     1000000,
                                     10000000,
                                     100000000,
                                     1000000000,
                                     10000000000,
                                     100000000000,
                                     1000000000000,
                                     10000000000000,
                                     100000000000000,
                                     1000000000000000,
                                     10000000000000000,
                                     100000000000000000,
                                     1000000000000000000};
    must(exponent >= 0 && exponent <= SMALL_DIGITS);
    if (exponent <= 18)
        return powers[exponent];
    return exponent <= 36 ? (__int128)powers[18] * powers[exponent - 18]
                          : (__int128)powers[18] * powers[18] * powers[exponent - 36];
}

void mpz_power_of_ten(mpz_ptr out, unsigned long exponent)
{
    mpz_ui_pow_ui(out, 10, exponent);
}

static void mpz_set_small(mpz_ptr out, __int128 v)
{
    unsigned __int128 magnitude = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
    uint64_t words[2] = {(uint64_t)magnitude, (uint64_t)(magnitude >> 64)};
    mpz_import(out, 2, -1, sizeof *words, 0, 0, words);
    if (v < 0)
        mpz_neg(out, out);
}

static __int128 small_of_mpz(mpz_srcptr v)
{
    uint64_t words[2] = {0};
    mpz_export(words, NULL, -1, sizeof *words, 0, 0, v);
    __int128 magnitude = (__int128)((unsigned __int128)words[1] << 64 | words[0]);
    return mpz_sgn(v) < 0 ? -magnitude : magnitude;
}

void exact_coefficient(const struct exact *x, mpz_ptr out)
{
    if (x->is_large)
        mpz_set(out, x->large);
    else
        mpz_set_small(out, x->small);
}

void exact_set_large(struct exact *out, mpz_ptr coefficient, int scale)
{
    *out = (struct exact){.scale = scale};
    if (mpz_sizeinbase(coefficient, 2) <= 126) {
        out->small = small_of_mpz(coefficient);
        mpz_clear(coefficient);
        return;
    }
    out->is_large = true;
    *out->large = *coefficient;
}

void exact_free(struct exact *x)
{
    if (x->is_large)
        mpz_clear(x->large);
    *x = (struct exact){0};
}

void exact_set_int(struct exact *x, int64_t i)
{
    *x = (struct exact){.small = i};
}

void exact_move(struct exact *to, struct exact *from)
{
    if (to == from)
        return;
    exact_free(to);
    *to = *from;
    *from = (struct exact){0};
}

/* ---- sign and order ---- */

int exact_sign(const struct exact *x)
{
    return x->is_large ? mpz_sgn(x->large) : (x->small > 0) - (x->small < 0);
}

void exact_negate(struct exact *x)
{
    if (x->is_large)
        mpz_neg(x->large, x->large);
    else
        x->small = -x->small; /* 126 bits or 38 digits: never the smallest of all */
}

/* ---- one scale for both ---- */

/* The coefficient at a scale that is not smaller; false where 127 bits do not hold it. */
static bool small_at(const struct exact *x, int scale, __int128 *out)
{
    int more = scale - x->scale;
    *out = x->small;
    if (x->is_large)
        return false;
    if (more == 0 || x->small == 0)
        return true;
    return more <= SMALL_DIGITS && !__builtin_mul_overflow(x->small, small_power(more), out);
}

static void large_at(const struct exact *x, int scale, mpz_ptr out)
{
    mpz_t power;
    exact_coefficient(x, out);
    if (scale == x->scale)
        return;
    mpz_init(power);
    mpz_power_of_ten(power, (unsigned long)(scale - x->scale));
    mpz_mul(out, out, power);
    mpz_clear(power);
}

static int greater(int a, int b)
{
    return a > b ? a : b;
}

int exact_compare(const struct exact *a, const struct exact *b)
{
    int scale = greater(a->scale, b->scale);
    __int128 x, y;
    if (small_at(a, scale, &x) && small_at(b, scale, &y))
        return (x > y) - (x < y);
    mpz_t p, q;
    mpz_inits(p, q, NULL);
    large_at(a, scale, p);
    large_at(b, scale, q);
    int c = mpz_cmp(p, q);
    mpz_clears(p, q, NULL);
    return (c > 0) - (c < 0);
}

/* ---- add, subtract, multiply ---- */

/* One bit stays free, so that a number can always be negated. */
static bool fits(__int128 v)
{
    const __int128 limit = (__int128)1 << 126;
    return v < limit && v > -limit;
}

static void set_small(struct exact *out, __int128 v, int scale)
{
    struct exact result = {.small = v, .scale = scale};
    exact_move(out, &result);
}

static void set_large(struct exact *out, mpz_ptr coefficient, int scale)
{
    struct exact result;
    exact_set_large(&result, coefficient, scale);
    exact_move(out, &result);
}

static void add_large(struct exact *out, const struct exact *a, const struct exact *b, int scale,
                      bool minus)
{
    mpz_t p, q;
    mpz_inits(p, q, NULL);
    large_at(a, scale, p);
    large_at(b, scale, q);
    if (minus)
        mpz_sub(p, p, q);
    else
        mpz_add(p, p, q);
    mpz_clear(q);
    set_large(out, p, scale);
}

static void add(struct exact *out, const struct exact *a, const struct exact *b, bool minus)
{
    int scale = greater(a->scale, b->scale);
    __int128 x, y, sum;
    if (small_at(a, scale, &x) && small_at(b, scale, &y) && fits(x) && fits(y)) {
        sum = minus ? x - y : x + y;
        if (fits(sum)) {
            set_small(out, sum, scale);
            return;
        }
    }
    add_large(out, a, b, scale, minus);
}

void exact_add(struct exact *out, const struct exact *a, const struct exact *b)
{
    add(out, a, b, false);
}

void exact_subtract(struct exact *out, const struct exact *a, const struct exact *b)
{
    add(out, a, b, true);
}

void exact_multiply(struct exact *out, const struct exact *a, const struct exact *b)
{
    __int128 product;
    int scale = a->scale + b->scale;
    if (!a->is_large && !b->is_large && !__builtin_mul_overflow(a->small, b->small, &product) &&
        fits(product)) {
        set_small(out, product, scale);
        return;
    }
    mpz_t p, q;
    mpz_inits(p, q, NULL);
    exact_coefficient(a, p);
    exact_coefficient(b, q);
    mpz_mul(p, p, q);
    mpz_clear(q);
    set_large(out, p, scale);
}
