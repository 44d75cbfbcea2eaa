/* Decimal texts: to numbers, and from numbers. */
#include "transforms/functions/exact_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fail.h"
#include "model/value.h"

/* ---- from a text ---- */

static uint64_t add_digits(uint64_t v, const char *digits, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (uint64_t)(digits[i] - '0');
    return v;
}

/* Eighteen digits at a time are 64-bit arithmetic. */
static __int128 add_more_digits(__int128 v, const char *digits, size_t n)
{
    while (n > 0) {
        size_t part = n < 18 ? n : 18;
        v = v * small_power((int)part) + (__int128)add_digits(0, digits, part);
        digits += part;
        n -= part;
    }
    return v;
}

static void read_small(struct exact *out, const struct number_text *t)
{
    __int128 v;
    if (t->nwhole + t->nfraction <= 18)
        v = (__int128)add_digits(add_digits(0, t->whole, t->nwhole), t->fraction, t->nfraction);
    else
        v = add_more_digits(add_more_digits(0, t->whole, t->nwhole), t->fraction, t->nfraction);
    *out = (struct exact){.small = t->negative ? -v : v, .scale = (int)t->nfraction};
}

static void read_large(struct exact *out, const struct number_text *t)
{
    char *digits = malloc(t->nwhole + t->nfraction + 1);
    mpz_t coefficient;
    must(digits);
    memcpy(digits, t->whole, t->nwhole);
    memcpy(digits + t->nwhole, t->fraction, t->nfraction);
    digits[t->nwhole + t->nfraction] = 0;
    must(mpz_init_set_str(coefficient, digits, 10) == 0);
    free(digits);
    if (t->negative)
        mpz_neg(coefficient, coefficient);
    exact_set_large(out, coefficient, (int)t->nfraction);
}

enum exact_result exact_read(struct exact *out, const char *text, size_t size)
{
    struct number_text t;
    *out = (struct exact){0};
    if (!number_text_split(text, size, &t))
        return EXACT_NO_NUMBER;
    if (t.nwhole > EXACT_WHOLE_DIGITS || t.nfraction > EXACT_SCALE_MAX)
        return EXACT_TOO_LONG;
    if (t.nwhole + t.nfraction <= SMALL_DIGITS)
        read_small(out, &t);
    else
        read_large(out, &t);
    return EXACT_OK;
}

/* "1.5e-07": the digits are read without the exponent, which then moves the point. */
enum exact_result exact_read_double(struct exact *out, double d)
{
    *out = (struct exact){0};
    if (!isfinite(d))
        return EXACT_NO_NUMBER;
    char bytes[64];
    struct buffer b = {.data = bytes, .capacity = sizeof bytes, .max = sizeof bytes};
    value_add_double(&b, d);
    const char *text = buffer_text(&b), *e = strchr(text, 'e');
    must(exact_read(out, text, e ? (size_t)(e - text) : b.size) == EXACT_OK);
    int exponent = e ? atoi(e + 1) : 0;
    if (exponent <= 0) {
        out->scale -= exponent;
        return EXACT_OK;
    }
    struct exact power = {0};
    mpz_t coefficient;
    mpz_init(coefficient);
    mpz_power_of_ten(coefficient, (unsigned long)exponent);
    exact_set_large(&power, coefficient, 0);
    exact_multiply(out, out, &power);
    exact_free(&power);
    return EXACT_OK;
}

/* ---- to a text ---- */

static size_t small_digits(unsigned __int128 v, char *end)
{
    char *at = end;
    while (v > UINT64_MAX) {
        uint64_t low = (uint64_t)(v % UINT64_C(1000000000000000000));
        v /= UINT64_C(1000000000000000000);
        for (int i = 0; i < 18; i++, low /= 10)
            *--at = (char)('0' + low % 10);
    }
    for (uint64_t rest = (uint64_t)v; rest > 0; rest /= 10)
        *--at = (char)('0' + rest % 10);
    return (size_t)(end - at);
}

static void add_zeros(struct buffer *b, size_t n)
{
    memset(buffer_reserve(b, n), '0', n);
    b->size += n;
}

/* The digits of a coefficient, laid around the point; none are a zero. */
static enum exact_result write_digits(struct buffer *b, bool negative, const char *digits, size_t n,
                                      int scale)
{
    while (scale > 0 && n > 0 && digits[n - 1] == '0')
        n--, scale--;
    if (n == 0)
        scale = 0;
    size_t fraction = (size_t)scale, whole = n > fraction ? n - fraction : 0;
    if (whole > EXACT_WHOLE_DIGITS || fraction > EXACT_SCALE_MAX)
        return EXACT_TOO_LONG;
    if (negative)
        buffer_add_char(b, '-');
    buffer_add(b, whole ? digits : "0", whole ? whole : 1);
    if (fraction == 0)
        return EXACT_OK;
    buffer_add_char(b, '.');
    add_zeros(b, fraction - (n - whole));
    buffer_add(b, digits + whole, n - whole);
    return EXACT_OK;
}

static enum exact_result write_large(const struct exact *x, struct buffer *b)
{
    char *text = malloc(mpz_sizeinbase(x->large, 10) + 2);
    must(text);
    mpz_get_str(text, 10, x->large);
    bool negative = *text == '-';
    const char *digits = text + negative;
    enum exact_result result = write_digits(b, negative, digits, strlen(digits), x->scale);
    free(text);
    return result;
}

enum exact_result exact_write(const struct exact *x, struct buffer *b)
{
    if (x->is_large)
        return write_large(x, b);
    char digits[40];
    bool negative = x->small < 0;
    unsigned __int128 v = negative ? -(unsigned __int128)x->small : (unsigned __int128)x->small;
    size_t n = small_digits(v, digits + sizeof digits);
    return write_digits(b, negative, digits + sizeof digits - n, n, x->scale);
}
