/* Numbers: integers by range, floats only where nothing changes, decimals by their digits. */
#include "transforms/convert_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"

#define OUT_OF_RANGE "it is out of range"
#define LOSES_DIGITS "digits after the point would be lost"
#define NOT_EXACT    "it has no exact form there"

/* ---- what a column holds ---- */

static struct range range_of_bits(unsigned bits, bool is_unsigned)
{
    if (is_unsigned)
        return (struct range){0, bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1};
    int64_t max = (int64_t)((UINT64_C(1) << (bits - 1)) - 1);
    return (struct range){-max - 1, (uint64_t)max};
}

unsigned column_bits(const struct column *c)
{
    unsigned bits = 0;
    if (strncmp(c->type, "bit", 3) != 0)
        return 0;
    if (sscanf(c->type, "bit(%u)", &bits) == 1 || sscanf(c->type, "bit varying(%u)", &bits) == 1)
        return bits > 64 ? 64 : bits;
    return 64;
}

struct range column_range(const struct column *c)
{
    static const struct {
        const char *prefix;
        unsigned bits;
    } widths[] = {{"tinyint", 8}, {"smallint", 16}, {"mediumint", 24},
                  {"bigint", 64}, {"integer", 32},  {"int", 32}};
    bool is_unsigned = c->kind == VALUE_UINT;
    if (c->kind == VALUE_BOOL)
        return (struct range){0, 1};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        if (strncmp(c->type, widths[i].prefix, strlen(widths[i].prefix)) == 0)
            return range_of_bits(widths[i].bits, is_unsigned);
    if (strncmp(c->type, "year", 4) == 0)
        return (struct range){0, 2155};
    if (column_bits(c) > 0)
        return range_of_bits(column_bits(c), true);
    return range_of_bits(64, is_unsigned);
}

bool column_rounds(const struct column *c)
{
    return (c->kind == VALUE_FLOAT || c->kind == VALUE_DOUBLE) && c->scale >= 0 &&
           strchr(c->type, '(');
}

/* ---- any number as plain decimal text ---- */

/* "1.5e-07" -> "0.00000015": the shortest digits of a float, moved by its exponent. */
static const char *expand(const char *text, struct arena *a)
{
    const char *e = strchr(text, 'e');
    if (!e)
        return text;
    int exponent = atoi(e + 1);
    bool negative = *text == '-';
    char digits[64];
    int n = 0, point = 0;
    bool seen = false;
    for (const char *p = text + negative; p < e && n < (int)sizeof digits; p++) {
        if (*p == '.')
            seen = true;
        else
            digits[n++] = *p;
        point += !seen;
    }
    point += exponent;
    struct buffer out = {.data = arena_alloc(a, 512), .capacity = 512, .max = 512};
    if (negative)
        buffer_add_char(&out, '-');
    if (point <= 0)
        buffer_add_char(&out, '0');
    for (int i = 0; i < point; i++)
        buffer_add_char(&out, i < n ? digits[i] : '0');
    if (point < n)
        buffer_add_char(&out, '.');
    for (int i = point; i < 0; i++)
        buffer_add_char(&out, '0');
    for (int i = point > 0 ? point : 0; i < n; i++)
        buffer_add_char(&out, digits[i]);
    return buffer_text(&out);
}

static const char *float_text(const struct value *v, struct arena *a)
{
    if (!isfinite(v->d))
        return NULL;
    struct buffer b = {.data = arena_alloc(a, 64), .capacity = 64, .max = 64};
    if (v->kind == VALUE_FLOAT)
        value_add_float(&b, v->d);
    else
        value_add_double(&b, v->d);
    return expand(buffer_text(&b), a);
}

const char *number_text(const struct value *v, struct arena *a)
{
    switch (v->kind) {
    case VALUE_BOOL:
    case VALUE_INT:
        return arena_format(a, "%" PRId64, v->i);
    case VALUE_UINT:
        return arena_format(a, "%" PRIu64, v->u);
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
        return float_text(v, a);
    default:
        return arena_copy(a, v->text, v->size);
    }
}

/* The digits that count: no leading zeros before the point, no trailing ones after it. */
struct digits {
    bool negative;
    const char *whole, *fraction;
    size_t nwhole, nfraction;
};

static struct digits digits_of(const char *text, size_t size)
{
    struct digits d = {0};
    const char *end = text + size;
    if (size && (*text == '-' || *text == '+'))
        d.negative = *text++ == '-';
    const char *point = memchr(text, '.', (size_t)(end - text));
    const char *whole_end = point ? point : end;
    while (text < whole_end && *text == '0')
        text++;
    d.whole = text;
    d.nwhole = (size_t)(whole_end - text);
    d.fraction = point ? point + 1 : end;
    while (end > d.fraction && end[-1] == '0')
        end--;
    d.nfraction = (size_t)(end - d.fraction);
    return d;
}

static bool digits_equal(const struct digits *a, const struct digits *b)
{
    return a->nwhole == b->nwhole && a->nfraction == b->nfraction &&
           memcmp(a->whole, b->whole, a->nwhole) == 0 &&
           memcmp(a->fraction, b->fraction, a->nfraction) == 0 &&
           (a->negative == b->negative || a->nwhole + a->nfraction == 0);
}

/* ---- to integers ---- */

struct whole {
    bool exact, in_range;
    bool negative;
    uint64_t magnitude;
};

static struct whole whole_of_double(double d)
{
    struct whole w = {.exact = d == trunc(d), .negative = d < 0};
    w.in_range = fabs(d) < 18446744073709551616.0;
    if (w.in_range)
        w.magnitude = (uint64_t)fabs(d);
    return w;
}

static struct whole whole_of_text(const char *text, size_t size)
{
    struct digits d = digits_of(text, size);
    struct whole w = {.exact = d.nfraction == 0, .in_range = true, .negative = d.negative};
    for (size_t i = 0; i < d.nwhole; i++)
        if (__builtin_mul_overflow(w.magnitude, UINT64_C(10), &w.magnitude) ||
            __builtin_add_overflow(w.magnitude, (uint64_t)(d.whole[i] - '0'), &w.magnitude))
            w.in_range = false;
    return w;
}

static struct whole whole_of(const struct value *v)
{
    switch (v->kind) {
    case VALUE_UINT:
        return (struct whole){true, true, false, v->u};
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
        return whole_of_double(v->d);
    case VALUE_DECIMAL:
        return whole_of_text(v->text, v->size);
    default:
        return (struct whole){true, true, v->i < 0, v->i < 0 ? -(uint64_t)v->i : (uint64_t)v->i};
    }
}

/* The range check is said with the column's own limits, so that the error names the column and not
 * only the server's row number within a set. */
static enum status whole_in_range(const struct conversion_step *step, const struct value *v,
                                  struct whole *w, struct arena *a, struct failure *f)
{
    *w = whole_of(v);
    if (!w->exact)
        return convert_refuse(step, v, a, f, LOSES_DIGITS);
    if (w->magnitude == 0)
        w->negative = false;
    bool fits = w->negative ? w->magnitude <= -(uint64_t)step->min : w->magnitude <= step->max;
    return w->in_range && fits ? STATUS_OK : convert_refuse(step, v, a, f, OUT_OF_RANGE);
}

enum status convert_to_int(const struct conversion_step *step, struct value *v, struct arena *a,
                           struct failure *f)
{
    struct whole w;
    TRY(whole_in_range(step, v, &w, a, f));
    *v = value_int((int64_t)(w.negative ? -w.magnitude : w.magnitude));
    return STATUS_OK;
}

enum status convert_to_uint(const struct conversion_step *step, struct value *v, struct arena *a,
                            struct failure *f)
{
    struct whole w;
    TRY(whole_in_range(step, v, &w, a, f));
    *v = (struct value){.kind = VALUE_UINT, .u = w.magnitude};
    return STATUS_OK;
}

enum status convert_to_bool(const struct conversion_step *step, struct value *v, struct arena *a,
                            struct failure *f)
{
    struct whole w = whole_of(v);
    if (!w.exact || !w.in_range || w.negative || w.magnitude > 1)
        return convert_refuse(step, v, a, f, "a boolean is 0 or 1");
    *v = (struct value){.kind = VALUE_BOOL, .i = (int64_t)w.magnitude};
    return STATUS_OK;
}

/* ---- to floats ---- */

static bool rounding_keeps(const struct conversion_step *step, double d)
{
    if (!column_rounds(step->target) || !isfinite(d))
        return true;
    char text[512];
    snprintf(text, sizeof text, "%.*f", step->target->scale, d);
    return step->target->kind == VALUE_FLOAT ? strtof(text, NULL) == (float)d
                                             : strtod(text, NULL) == d;
}

/* A number that is not a float is kept where the float's shortest text says the same number. */
static enum status parse_float(const struct conversion_step *step, struct value *v, bool single,
                               struct arena *a, struct failure *f)
{
    const char *text = number_text(v, a);
    double d = single ? (double)strtof(text, NULL) : strtod(text, NULL);
    struct value parsed = {.kind = single ? VALUE_FLOAT : VALUE_DOUBLE, .d = d};
    const char *back = number_text(&parsed, a);
    if (!back)
        return convert_refuse(step, v, a, f, OUT_OF_RANGE);
    struct digits was = digits_of(text, strlen(text)), is = digits_of(back, strlen(back));
    if (!digits_equal(&was, &is))
        return convert_refuse(step, v, a, f, NOT_EXACT);
    if (!rounding_keeps(step, d))
        return convert_refuse(step, v, a, f, LOSES_DIGITS);
    *v = parsed;
    return STATUS_OK;
}

static bool is_float(const struct value *v)
{
    return v->kind == VALUE_FLOAT || v->kind == VALUE_DOUBLE;
}

enum status convert_to_double(const struct conversion_step *step, struct value *v, struct arena *a,
                              struct failure *f)
{
    if (!is_float(v))
        return parse_float(step, v, false, a, f);
    if (!rounding_keeps(step, v->d))
        return convert_refuse(step, v, a, f, LOSES_DIGITS);
    v->kind = VALUE_DOUBLE;
    return STATUS_OK;
}

enum status convert_to_float(const struct conversion_step *step, struct value *v, struct arena *a,
                             struct failure *f)
{
    if (!is_float(v))
        return parse_float(step, v, true, a, f);
    if (isfinite(v->d) && (fabs(v->d) > 3.4028234663852886e38 || (double)(float)v->d != v->d))
        return convert_refuse(step, v, a, f, NOT_EXACT);
    if (!rounding_keeps(step, v->d))
        return convert_refuse(step, v, a, f, LOSES_DIGITS);
    v->kind = VALUE_FLOAT;
    return STATUS_OK;
}

/* ---- to decimals ---- */

/* PostgreSQL's numeric(3,-2) keeps hundreds: what is below them must be zeros. */
static bool below_the_scale(const struct digits *d, int scale)
{
    for (size_t i = 0; i < d->nwhole && i < (size_t)-scale; i++)
        if (d->whole[d->nwhole - 1 - i] != '0')
            return true;
    return d->nfraction > 0;
}

/* Whole digits that the column holds; where the scale exceeds the precision, the server counts. */
static int64_t whole_digits(const struct column *c)
{
    return c->precision > c->scale ? (int64_t)c->precision - c->scale : 0;
}

enum status convert_to_decimal(const struct conversion_step *step, struct value *v, struct arena *a,
                               struct failure *f)
{
    const char *text = v->kind == VALUE_DECIMAL ? v->text : number_text(v, a);
    if (!text)
        return convert_refuse(step, v, a, f, "a decimal has no infinity");
    size_t size = v->kind == VALUE_DECIMAL ? v->size : strlen(text);
    const struct column *c = step->target;
    struct digits d = digits_of(text, size);
    if (c->precision >= 0 && c->scale < 0 && below_the_scale(&d, c->scale))
        return convert_refuse(step, v, a, f, "digits below its scale would be lost");
    if (c->precision >= 0 && (int64_t)d.nwhole > whole_digits(c))
        return convert_refuse(step, v, a, f, OUT_OF_RANGE);
    if (c->precision >= 0 && c->scale >= 0) {
        if (d.nfraction > (size_t)c->scale)
            return convert_refuse(step, v, a, f, LOSES_DIGITS);
        /* Zeros beyond the scale are cut here: to the servers they are digits that they drop. */
        size_t cut = (size_t)(text + size - d.fraction);
        if (cut > (size_t)c->scale)
            size -= cut - d.nfraction + (d.nfraction == 0);
    }
    *v = value_text(VALUE_DECIMAL, text, size);
    return STATUS_OK;
}

/* ---- bits: a number on MySQL, binary digits on PostgreSQL ---- */

enum status convert_to_bits(const struct conversion_step *step, struct value *v, struct arena *a,
                            struct failure *f)
{
    struct whole w;
    TRY(whole_in_range(step, v, &w, a, f));
    unsigned bits = column_bits(step->target);
    if (strncmp(step->target->type, "bit varying", 11) == 0 && step->source_bits < bits)
        bits = step->source_bits;
    char *digits = arena_alloc(a, bits);
    for (unsigned i = 0; i < bits; i++)
        digits[i] = (char)('0' + (w.magnitude >> (bits - 1 - i) & 1));
    *v = value_text(VALUE_TEXT, digits, bits);
    return STATUS_OK;
}

enum status convert_from_bits(const struct conversion_step *step, struct value *v, struct arena *a,
                              struct failure *f)
{
    uint64_t u = 0;
    for (uint32_t i = 0; i < v->size; i++) {
        if ((v->text[i] != '0' && v->text[i] != '1') || u >> 63)
            return convert_refuse(step, v, a, f, OUT_OF_RANGE);
        u = u << 1 | (uint64_t)(v->text[i] - '0');
    }
    if (u > step->max)
        return convert_refuse(step, v, a, f, OUT_OF_RANGE);
    *v = (struct value){.kind = VALUE_UINT, .u = u};
    return STATUS_OK;
}
