/* coerce.c: by the column's kind; each function reads any kind that has a meaning there. */
#include "sinks/events/coerce_parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "sinks/events/digits.h"

static const char *refuse(const struct coercion *k, const char *what)
{
    return arena_format(k->arena, "(%s) cannot hold %s: %s", k->column->type,
                        value_show(k->from, k->arena, 60), what);
}

const char *coerce_refuse(const struct coercion *k, const char *what)
{
    return refuse(k, what);
}

/* ---- as a text ---- */

static bool is_text(const struct value *v)
{
    return v->kind == VALUE_TEXT || v->kind == VALUE_DECIMAL || v->kind == VALUE_JSON ||
           v->kind == VALUE_ODD;
}

/* Numbers, dates and the rest as both engines spell them. */
static struct value spelled(const struct coercion *k)
{
    const struct value *v = k->from;
    struct value moved = *v;
    if (is_text(v) || v->kind == VALUE_BYTES)
        return value_text(VALUE_TEXT, v->text, v->size);
    if (v->kind == VALUE_INSTANT && k->zone)
        moved = (struct value){.kind = VALUE_DATETIME, .i = zone_from_utc(k->zone, v->i)};
    if (v->kind == VALUE_BOOL)
        return value_text(VALUE_TEXT, v->i ? "1" : "0", 1);
    const char *text = value_show(&moved, k->arena, 80);
    return value_text(VALUE_TEXT, text, strlen(text));
}

static int64_t count_characters(const struct value *v)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < v->size; i++)
        n += ((unsigned char)v->text[i] & 0xC0) != 0x80;
    return n;
}

static bool is_padded(const struct column *c)
{
    return strncmp(c->type, "char(", 5) == 0 || strncmp(c->type, "character(", 10) == 0;
}

static const char *to_text(const struct coercion *k, struct value *out)
{
    *out = spelled(k);
    if (is_padded(k->column))
        while (out->size > 0 && out->text[out->size - 1] == ' ')
            out->size--;
    int64_t n = count_characters(out);
    if (k->column->length < 0 || n <= k->column->length)
        return NULL;
    return arena_format(k->arena, "(%s) cannot hold %s: it has %lld characters", k->column->type,
                        value_show(out, k->arena, 60), (long long)n);
}

/* ---- numbers ---- */

static const char *fit(const struct coercion *k, int precision, int scale, struct value *out)
{
    struct value text = spelled(k);
    switch (digits_fit(text.text, text.size, precision, scale, k->round, k->arena, out)) {
    case DIGITS_FIT:
        return NULL;
    case DIGITS_LOST:
        return refuse(k, "digits would be lost; say how under `round`, or widen the column");
    case DIGITS_TOO_BIG:
        return refuse(k, "it is too large");
    case DIGITS_NO_NUMBER:
        break;
    }
    return refuse(k, "it is no number");
}

/* The spellings of both engines. */
static const struct {
    const char *type;
    int bits;
} integers[] = {{"tinyint", 8}, {"smallint", 16}, {"mediumint", 24}, {"integer", 32}, {"int", 32}};

static int bits_of(const struct column *c)
{
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        if (strncmp(c->type, integers[i].type, strlen(integers[i].type)) == 0)
            return integers[i].bits;
    return 64;
}

static bool in_range(const struct column *c, const struct value *v)
{
    int bits = bits_of(c);
    if (bits == 64)
        return true;
    if (v->kind == VALUE_UINT)
        return v->u >> bits == 0;
    return v->i >= -(INT64_C(1) << (bits - 1)) && v->i < INT64_C(1) << (bits - 1);
}

/* A decimal text without fraction as a number; false where 64 bits do not hold it. */
static bool read_integer(const struct value *text, bool is_unsigned, struct value *out)
{
    bool minus = text->size > 0 && *text->text == '-';
    uint64_t u = 0;
    for (uint32_t i = minus; i < text->size; i++)
        if (__builtin_mul_overflow(u, 10u, &u) ||
            __builtin_add_overflow(u, (uint64_t)(text->text[i] - '0'), &u))
            return false;
    if (is_unsigned) {
        *out = (struct value){.kind = VALUE_UINT, .u = u};
        return !minus;
    }
    *out = value_int(minus ? (int64_t)(0 - u) : (int64_t)u);
    return u <= (uint64_t)INT64_MAX + minus;
}

static const char *to_integer(const struct coercion *k, struct value *out)
{
    struct value text;
    const char *why = fit(k, -1, 0, &text);
    if (why)
        return why;
    if (read_integer(&text, k->column->kind == VALUE_UINT, out) && in_range(k->column, out))
        return NULL;
    return refuse(k, "it is out of range");
}

static const char *to_decimal(const struct coercion *k, struct value *out)
{
    if (k->from->kind == VALUE_ODD) {
        *out = *k->from; /* NaN: its own engine's */
        return NULL;
    }
    return fit(k, k->column->precision, k->column->scale, out);
}

static const char *to_double(const struct coercion *k, struct value *out)
{
    struct value text;
    const struct column *c = k->column;
    if (k->from->kind == VALUE_DOUBLE && c->scale < 0 && c->kind == VALUE_DOUBLE) {
        *out = *k->from;
        return NULL;
    }
    const char *why = fit(k, c->scale < 0 ? -1 : c->precision, c->scale, &text);
    if (why)
        return why;
    *out = (struct value){.kind = c->kind};
    bool read = c->kind == VALUE_FLOAT ? value_read_float(text.text, text.size, &out->d)
                                       : value_read_double(text.text, text.size, &out->d);
    return read ? NULL : refuse(k, "it is no number");
}

static const char *to_bool(const struct coercion *k, struct value *out)
{
    static const char *const yes[] = {"1", "t", "true"}, *const no[] = {"0", "f", "false"};
    struct value text = spelled(k);
    for (int i = 0; i < 3; i++)
        for (int truth = 0; truth < 2; truth++) {
            const char *word = truth ? yes[i] : no[i];
            if (text.size == strlen(word) && strncasecmp(word, text.text, text.size) == 0) {
                *out = (struct value){.kind = VALUE_BOOL, .i = truth};
                return NULL;
            }
        }
    return refuse(k, "it is neither true nor false");
}

/* ---- the rest ---- */

static const char *to_bytes(const struct coercion *k, struct value *out)
{
    if (!is_text(k->from) && k->from->kind != VALUE_BYTES)
        return refuse(k, "these are no bytes");
    *out = value_text(VALUE_BYTES, k->from->text, k->from->size);
    if (k->column->length >= 0 && (int64_t)out->size > k->column->length)
        return refuse(k, "it is too long");
    return NULL;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

static const char *to_uuid(const struct coercion *k, struct value *out)
{
    struct value text = spelled(k);
    char *bytes = arena_alloc(k->arena, 16);
    uint32_t n = 0;
    for (uint32_t i = 0; i < text.size; i++) {
        if (text.text[i] == '-')
            continue;
        int digit = hex_digit(text.text[i]);
        if (digit < 0 || n == 32)
            return refuse(k, "it is no UUID");
        bytes[n / 2] = (char)(n % 2 ? bytes[n / 2] | digit : digit << 4);
        n++;
    }
    *out = value_text(VALUE_UUID, bytes, 16);
    return n == 32 ? NULL : refuse(k, "it is no UUID");
}

static const char *to_json(const struct coercion *k, struct value *out)
{
    *out = spelled(k);
    out->kind = VALUE_JSON;
    return NULL;
}

static const char *coerce_value(const struct coercion *k, struct value *out)
{
    switch (k->column->kind) {
    case VALUE_BOOL:
        return to_bool(k, out);
    case VALUE_INT:
    case VALUE_UINT:
        return to_integer(k, out);
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
        return to_double(k, out);
    case VALUE_DECIMAL:
        return to_decimal(k, out);
    case VALUE_BYTES:
        return to_bytes(k, out);
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_DATETIME:
    case VALUE_INSTANT:
        return coerce_time(k, out);
    case VALUE_UUID:
        return to_uuid(k, out);
    case VALUE_JSON:
        return to_json(k, out);
    case VALUE_TEXT:
    case VALUE_ODD:
    case VALUE_NULL:
    case VALUE_ABSENT:
        break;
    }
    return to_text(k, out);
}

const char *coerce(const struct column *c, const struct value *v, const char *round,
                   const struct zone *zone, struct arena *a, struct value *out)
{
    const struct coercion k = {c, v, round, zone, a};
    if (v->kind != VALUE_NULL)
        return v->kind == c->kind && v->kind == VALUE_UUID ? (*out = *v, NULL)
                                                           : coerce_value(&k, out);
    *out = value_null();
    return c->nullable ? NULL : arena_format(a, "(%s) is NOT NULL, and the SELECT gives NULL",
                                             c->type);
}
