#include "model/number_text.h"

#include <string.h>

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

static void drop_outer_zeros(struct number_text *t)
{
    while (t->nwhole > 0 && *t->whole == '0') {
        t->whole++;
        t->nwhole--;
    }
    while (t->nfraction > 0 && t->fraction[t->nfraction - 1] == '0')
        t->nfraction--;
    if (t->nwhole == 0 && t->nfraction == 0)
        t->negative = false;
}

/* Up to where the number ends; NULL: there is none. */
static const char *split(const char *at, const char *end, struct number_text *out)
{
    *out = (struct number_text){0};
    if (at < end && (*at == '-' || *at == '+'))
        out->negative = *at++ == '-';
    out->whole = at;
    at = skip_digits(at, end);
    out->nwhole = (size_t)(at - out->whole);
    bool point = at < end && *at == '.';
    out->fraction = at += point;
    at = skip_digits(at, end);
    out->nfraction = (size_t)(at - out->fraction);
    if (out->nwhole + out->nfraction == 0)
        return NULL;
    drop_outer_zeros(out);
    return at;
}

bool number_text_split(const char *text, size_t size, struct number_text *out)
{
    return split(text, text + size, out) == text + size;
}

/* Behind the e. */
static bool read_exponent(const char *at, const char *end, int *out)
{
    bool negative = at < end && *at == '-';
    int e = 0;
    at += at < end && (*at == '-' || *at == '+');
    if (at == end)
        return false;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9' || (e = e * 10 + (*at - '0')) > NUMBER_EXPONENT_MAX)
            return false;
    }
    *out = negative ? -e : e;
    return true;
}

bool number_text_split_scaled(const char *text, size_t size, struct number_text *out, int *exponent)
{
    const char *end = text + size, *at = split(text, end, out);
    *exponent = 0;
    if (!at || at == end)
        return at != NULL;
    return (*at == 'e' || *at == 'E') && read_exponent(at + 1, end, exponent);
}

/* ---- the point moved ---- */

static char digit_at(const struct number_text *t, size_t i)
{
    return i < t->nwhole ? t->whole[i] : t->fraction[i - t->nwhole];
}

static void add_zeros(struct buffer *b, long n)
{
    for (; n > 0; n--)
        buffer_add_char(b, '0');
}

/* Digits from `from` up to before `until`; `point` of them, at most, stand before the point. */
static void add_digits(const struct number_text *t, size_t from, size_t until, long point,
                       struct buffer *b)
{
    long n = (long)(until - from);
    if (point <= 0)
        buffer_add_char(b, '0');
    for (long i = 0; i < n; i++) {
        if (i == (point > 0 ? point : 0)) {
            buffer_add_char(b, '.');
            add_zeros(b, -point);
        }
        buffer_add_char(b, digit_at(t, from + (size_t)i));
    }
    add_zeros(b, point - n);
}

void number_text_add(const struct number_text *t, int exponent, struct buffer *b)
{
    size_t from = 0, until = t->nwhole + t->nfraction;
    while (from < until && digit_at(t, from) == '0')
        from++;
    while (until > from && digit_at(t, until - 1) == '0')
        until--;
    if (t->negative)
        buffer_add_char(b, '-');
    add_digits(t, from, until,
               from == until ? 0 : (long)t->nwhole - (long)from + exponent, b);
}

bool number_text_canonical(const char *text, size_t size, struct buffer *b)
{
    struct number_text t;
    if (!number_text_split(text, size, &t))
        return false;
    if (t.negative)
        buffer_add_char(b, '-');
    buffer_add(b, t.nwhole ? t.whole : "0", t.nwhole ? t.nwhole : 1);
    if (t.nfraction > 0)
        buffer_add_char(b, '.');
    buffer_add(b, t.fraction, t.nfraction);
    return true;
}

/* ---- order ---- */

static int compare_bytes(const char *a, size_t na, const char *b, size_t nb)
{
    size_t n = na < nb ? na : nb;
    int c = n ? memcmp(a, b, n) : 0;
    return c ? c : (na > nb) - (na < nb);
}

static int compare_magnitude(const struct number_text *a, const struct number_text *b)
{
    if (a->nwhole != b->nwhole)
        return a->nwhole < b->nwhole ? -1 : 1;
    int c = compare_bytes(a->whole, a->nwhole, b->whole, b->nwhole);
    return c ? c : compare_bytes(a->fraction, a->nfraction, b->fraction, b->nfraction);
}

int number_text_compare(const char *a, size_t na, const char *b, size_t nb)
{
    struct number_text x, y;
    bool is_x = number_text_split(a, na, &x), is_y = number_text_split(b, nb, &y);
    if (!is_x || !is_y)
        return is_x != is_y ? (is_x ? -1 : 1) : compare_bytes(a, na, b, nb);
    if (x.negative != y.negative)
        return x.negative ? -1 : 1;
    return x.negative ? compare_magnitude(&y, &x) : compare_magnitude(&x, &y);
}
