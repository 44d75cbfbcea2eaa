#include "transforms/vocabulary/field_decimal.h"

#include <string.h>

/* digits 1250 with the point at 1 are 1.25; the point may lie before or behind them all. */
struct decimal {
    bool negative;
    char *digits;
    size_t ndigits;
    long point;
};

static bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

static const char *take_digits(struct decimal *d, const char *at, const char *end)
{
    for (; is_digit(at, end); at++)
        d->digits[d->ndigits++] = *at;
    return at;
}

static const char *take_exponent(struct decimal *d, const char *at, const char *end)
{
    long exponent = 0;
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (!is_digit(at, end))
        return NULL;
    for (; is_digit(at, end); at++)
        if ((exponent = exponent * 10 + (*at - '0')) > DECIMAL_EXPONENT_MAX)
            return NULL;
    d->point += negative ? -exponent : exponent;
    return at;
}

static bool take(struct decimal *d, const char *at, const char *end)
{
    d->negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    at = take_digits(d, at, end);
    d->point = (long)d->ndigits;
    if (at < end && *at == '.')
        at = take_digits(d, at + 1, end);
    if (d->ndigits == 0)
        return false;
    if (at < end && (*at == 'e' || *at == 'E'))
        at = take_exponent(d, at + 1, end);
    return at == end;
}

static void strip(struct decimal *d)
{
    while (d->ndigits > 0 && d->digits[d->ndigits - 1] == '0')
        d->ndigits--;
    while (d->ndigits > 0 && *d->digits == '0') {
        d->digits++;
        d->ndigits--;
        d->point--;
    }
}

static char *put_zeros(char *to, long n)
{
    if (n > 0)
        memset(to, '0', (size_t)n);
    return n > 0 ? to + n : to;
}

static char *put_digits(char *to, const struct decimal *d, long from, long until)
{
    long n = (long)d->ndigits;
    from = from < 0 ? 0 : from;
    until = until > n ? n : until;
    if (from < until)
        memcpy(to, d->digits + from, (size_t)(until - from));
    return from < until ? to + (until - from) : to;
}

static const char *print(const struct decimal *d, struct arena *a)
{
    long n = (long)d->ndigits;
    char *text = arena_alloc(a, d->ndigits + (size_t)(d->point < 0 ? -d->point : d->point) + 4);
    char *to = text;
    if (n == 0)
        return strcpy(text, "0");
    if (d->negative)
        *to++ = '-';
    if (d->point <= 0)
        *to++ = '0';
    to = put_digits(to, d, 0, d->point);
    to = put_zeros(to, d->point - n);
    if (n > d->point) {
        *to++ = '.';
        to = put_zeros(to, -d->point);
        to = put_digits(to, d, d->point, n);
    }
    *to = 0;
    return text;
}

bool field_decimal_read(const char *text, size_t size, struct arena *a, const char **out)
{
    if (size > DECIMAL_BYTES_MAX)
        return false;
    struct decimal d = {.digits = arena_alloc(a, size + 1)};
    if (!take(&d, text, text + size))
        return false;
    strip(&d);
    *out = print(&d, a);
    return true;
}
