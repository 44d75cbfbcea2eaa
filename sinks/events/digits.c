/* digits.c: rounding on the text itself: the kept digits are counted up by one where the mode says
 * so. */
#include "sinks/events/digits.h"

#include <string.h>
#include "model/number_text.h"

/* A number as its digits: 0.point of them stand before the point. `digit` has one free place in
 * front, for a carry. */
struct number {
    bool negative;
    char *digit;
    int n, point;
};

static bool read_number(const char *text, size_t size, struct arena *a, struct number *out)
{
    struct number_text t;
    int exponent;
    if (!number_text_split_scaled(text, size, &t, &exponent))
        return false;
    *out = (struct number){
        .negative = t.negative,
        .digit = (char *)arena_alloc(a, t.nwhole + t.nfraction + 1) + 1,
        .n = (int)(t.nwhole + t.nfraction),
        .point = (int)t.nwhole + exponent,
    };
    memcpy(out->digit, t.whole, t.nwhole);
    memcpy(out->digit + t.nwhole, t.fraction, t.nfraction);
    return true;
}

/* The digit at a place before (negative) or after the point; zero where there is none. */
static char digit_at(const struct number *x, int i)
{
    return i >= 0 && i < x->n ? x->digit[i] : '0';
}

static bool any_from(const struct number *x, int i)
{
    for (i = i < 0 ? 0 : i; i < x->n; i++)
        if (x->digit[i] != '0')
            return true;
    return false;
}

/* Does what stays, the digits before `keep`, go up by one of its last? */
static bool goes_up(const struct number *x, int keep, const char *mode)
{
    char next = digit_at(x, keep);
    bool half = next >= '5', exactly = next == '5' && !any_from(x, keep + 1);
    if (strcmp(mode, "up") == 0)
        return true;
    if (strcmp(mode, "down") == 0)
        return false;
    if (strcmp(mode, "ceiling") == 0)
        return !x->negative;
    if (strcmp(mode, "floor") == 0)
        return x->negative;
    if (strcmp(mode, "half_even") == 0 && exactly)
        return (digit_at(x, keep - 1) - '0') % 2 == 1;
    return half;
}

static void count_up(struct number *x)
{
    int i = x->n - 1;
    for (; i >= 0 && x->digit[i] == '9'; i--)
        x->digit[i] = '0';
    if (i >= 0) {
        x->digit[i]++;
        return;
    }
    *--x->digit = '1';
    x->n++;
    x->point++;
}

static void cut_to(struct number *x, int keep, bool up)
{
    x->n = keep;
    if (up)
        count_up(x);
}

/* 0.004 up to two digits: its kept digits begin before its first one. */
static void lead_with_zeros(struct number *x, struct arena *a)
{
    int n = x->point < 0 ? -x->point : 0;
    if (n == 0)
        return;
    char *digit = (char *)arena_alloc(a, (size_t)(n + x->n) + 1) + 1;
    memset(digit, '0', (size_t)n);
    memcpy(digit + n, x->digit, (size_t)x->n);
    *x = (struct number){.negative = x->negative, .digit = digit, .n = n + x->n};
}

static int whole_digits(const struct number *x)
{
    int first = 0;
    while (first < x->n && x->digit[first] == '0')
        first++;
    return first < x->n && x->point > first ? x->point - first : 0;
}

static struct value spell(const struct number *x, struct arena *a)
{
    int whole = whole_digits(x), last = x->n;
    while (last > 0 && last > x->point && x->digit[last - 1] == '0')
        last--;
    char *text = arena_alloc(a, (size_t)(whole + (x->n > x->point ? x->n - x->point : 0)) + 4);
    char *to = text;
    if (x->negative && any_from(x, 0))
        *to++ = '-';
    if (whole == 0)
        *to++ = '0';
    for (int i = x->point - whole; i < x->point; i++)
        *to++ = digit_at(x, i);
    if (last > x->point && any_from(x, x->point)) {
        *to++ = '.';
        for (int i = x->point; i < last; i++)
            *to++ = digit_at(x, i);
    }
    return value_text(VALUE_DECIMAL, text, (size_t)(to - text));
}

enum digits_result digits_fit(const char *text, size_t size, int precision, int scale,
                              const char *mode, struct arena *a, struct value *out)
{
    struct number x;
    if (!read_number(text, size, a, &x))
        return DIGITS_NO_NUMBER;
    lead_with_zeros(&x, a);
    int keep = x.point + scale;
    if (scale >= 0 && any_from(&x, keep)) {
        if (!mode)
            return DIGITS_LOST;
        cut_to(&x, keep, goes_up(&x, keep, mode));
    }
    if (precision >= 0 && scale >= 0 && whole_digits(&x) > precision - scale)
        return DIGITS_TOO_BIG;
    *out = spell(&x, a);
    return DIGITS_FIT;
}
