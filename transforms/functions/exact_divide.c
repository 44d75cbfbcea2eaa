/* What may have to round: division, rounding, and multiplication by a ratio. */
#include "transforms/functions/exact_parts.h"

#include <string.h>
#include "base/fail.h"

bool rounding_find(const char *name, enum rounding *out)
{
    static const char *const names[] = {
#define X(mode, name) [mode] = name,
        ROUNDINGS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum rounding)i;
            return true;
        }
    }
    return false;
}

/* ---- the one place that decides ---- */

/* Does the quotient, cut towards zero, go one away from it? `half`: how the rest that was cut
 * compares with half of the divisor. Asked only where there is a rest. */
static bool goes_away_from_zero(enum rounding rounding, int half, bool odd, bool negative)
{
    switch (rounding) {
    case ROUND_HALF_UP:
        return half >= 0;
    case ROUND_HALF_EVEN:
        return half > 0 || (half == 0 && odd);
    case ROUND_UP:
        return true;
    case ROUND_DOWN:
        return false;
    case ROUND_CEILING:
        return !negative;
    case ROUND_FLOOR:
        return negative;
    }
    return false;
}

__int128 divide_small(__int128 n, __int128 d, enum rounding rounding)
{
    __int128 q = n / d, rest = n % d;
    bool negative = n < 0;
    if (rest == 0)
        return q;
    unsigned __int128 twice = 2 * (unsigned __int128)(rest < 0 ? -rest : rest);
    int half = (twice > (unsigned __int128)d) - (twice < (unsigned __int128)d);
    if (goes_away_from_zero(rounding, half, q & 1, negative))
        q += negative ? -1 : 1;
    return q;
}

void divide_large(mpz_ptr q, mpz_srcptr n, mpz_srcptr d, enum rounding rounding)
{
    mpz_t rest;
    bool negative = mpz_sgn(n) < 0;
    mpz_init(rest);
    mpz_tdiv_qr(q, rest, n, d);
    if (mpz_sgn(rest) != 0) {
        mpz_mul_2exp(rest, rest, 1);
        int half = mpz_cmpabs(rest, d);
        if (goes_away_from_zero(rounding, half, mpz_odd_p(q), negative))
            negative ? mpz_sub_ui(q, q, 1) : mpz_add_ui(q, q, 1);
    }
    mpz_clear(rest);
}

/* ---- quotients ---- */

static void multiply_by_power(mpz_ptr v, int exponent)
{
    mpz_t power;
    if (exponent <= 0)
        return;
    mpz_init(power);
    mpz_power_of_ten(power, (unsigned long)exponent);
    mpz_mul(v, v, power);
    mpz_clear(power);
}

/* out = n / d * 10^exponent, rounded, over 10^scale; clears n and d. */
static void quotient_large(struct exact *out, mpz_ptr n, mpz_ptr d, int exponent, int scale,
                           enum rounding rounding)
{
    struct exact result;
    if (mpz_sgn(d) < 0) {
        mpz_neg(n, n);
        mpz_neg(d, d);
    }
    multiply_by_power(exponent > 0 ? n : d, exponent > 0 ? exponent : -exponent);
    divide_large(n, n, d, rounding);
    mpz_clear(d);
    if (scale < 0) {
        multiply_by_power(n, -scale);
        scale = 0;
    }
    exact_set_large(&result, n, scale);
    exact_move(out, &result);
}

static bool quotient_small(struct exact *out, __int128 n, __int128 d, int exponent, int scale,
                           enum rounding rounding)
{
    int power = exponent < 0 ? -exponent : exponent;
    if (power > SMALL_DIGITS || scale < 0)
        return false;
    if (d < 0)
        n = -n, d = -d;
    if (__builtin_mul_overflow(exponent > 0 ? n : d, small_power(power), exponent > 0 ? &n : &d))
        return false;
    struct exact result = {.small = divide_small(n, d, rounding), .scale = scale};
    exact_move(out, &result);
    return true;
}

enum exact_result exact_divide(struct exact *out, const struct exact *a, const struct exact *b,
                               int scale, enum rounding rounding)
{
    must(scale >= EXACT_SCALE_MIN && scale <= EXACT_SCALE_MAX);
    int exponent = scale - a->scale + b->scale;
    if (exact_sign(b) == 0)
        return EXACT_DIVIDES_BY_ZERO;
    if (!a->is_large && !b->is_large &&
        quotient_small(out, a->small, b->small, exponent, scale, rounding))
        return EXACT_OK;
    mpz_t n, d;
    mpz_inits(n, d, NULL);
    exact_coefficient(a, n);
    exact_coefficient(b, d);
    quotient_large(out, n, d, exponent, scale, rounding);
    return EXACT_OK;
}

/* A number's quotient by one. */
void exact_round(struct exact *out, const struct exact *x, int scale, enum rounding rounding)
{
    static const struct exact one = {.small = 1};
    if (scale < x->scale) {
        must(exact_divide(out, x, &one, scale, rounding) == EXACT_OK);
    } else if (out != x) {
        struct exact zero = {0};
        exact_add(out, x, &zero);
    }
}

/* ---- ratios ---- */

void exact_to_ratio(const struct exact *x, mpq_ptr out)
{
    exact_coefficient(x, mpq_numref(out));
    mpz_power_of_ten(mpq_denref(out), (unsigned long)x->scale);
    mpq_canonicalize(out);
}

/* A fraction in lowest terms ends as a decimal when its divisor has no factors but 2 and 5: then it
 * has as many digits as the more frequent of them. -1: it does not end. */
static int digits_of_fraction(mpz_srcptr divisor)
{
    mpz_t rest, prime;
    mpz_init_set(rest, divisor);
    mpz_init_set_ui(prime, 2);
    unsigned long twos = mpz_remove(rest, rest, prime);
    mpz_set_ui(prime, 5);
    unsigned long fives = mpz_remove(rest, rest, prime);
    bool ends = mpz_cmp_ui(rest, 1) == 0;
    mpz_clears(rest, prime, NULL);
    return ends ? (int)(twos > fives ? twos : fives) : -1;
}

bool exact_scale_by(struct exact *out, const struct exact *x, mpq_srcptr ratio)
{
    mpq_t product;
    mpq_init(product);
    exact_to_ratio(x, product);
    mpq_mul(product, product, ratio);
    int scale = digits_of_fraction(mpq_denref(product));
    if (scale >= 0)
        quotient_large(out, mpq_numref(product), mpq_denref(product), scale, scale, ROUND_DOWN);
    else
        mpq_clear(product);
    return scale >= 0;
}

void exact_scale_rounded(struct exact *out, const struct exact *x, mpq_srcptr ratio, int scale,
                         enum rounding rounding)
{
    mpz_t n, d;
    mpz_inits(n, d, NULL);
    exact_coefficient(x, n);
    mpz_mul(n, n, mpq_numref(ratio));
    mpz_set(d, mpq_denref(ratio));
    quotient_large(out, n, d, scale - x->scale, scale, rounding);
}
