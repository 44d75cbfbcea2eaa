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

bool number_text_split(const char *text, size_t size, struct number_text *out)
{
    const char *at = text, *end = text + size;
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
    if (at < end || out->nwhole + out->nfraction == 0)
        return false;
    drop_outer_zeros(out);
    return true;
}

bool number_text_is(const char *text, size_t size)
{
    struct number_text t;
    return number_text_split(text, size, &t);
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
