/* Values on their way into the server: as the bytes of a string, or as a literal. What the server
 * would change without an error (digits cut, blanks cut, zeros added) is refused here; what strict
 * mode refuses is left to the server. */
#include "db/mysql/types.h"

#include <math.h>
#include <string.h>
#include "base/utf8.h"

static const struct my_type no_type = {.kind = VALUE_TEXT, .form = FORM_PLAIN};

static const struct my_type *type_of(const struct column *c)
{
    return c->codec ? c->codec : &no_type;
}

static void refuse_text(const struct value *v, char out[80])
{
    size_t size = v->size > 60 ? 60 : v->size;
    memcpy(out, v->text, size);
    strcpy(out + size, v->size > 60 ? "..." : "");
}

static enum status refuse(struct failure *f, const struct column *c, const struct value *v,
                          const char *why)
{
    char shown[80] = "";
    if (v->kind == VALUE_DECIMAL || v->kind == VALUE_TEXT || v->kind == VALUE_ODD)
        refuse_text(v, shown);
    return fail(f, ERROR_VALUE, "column %s %s cannot hold %s%s%s: %s", c->name, c->type,
                value_kind_name(v->kind), *shown ? " " : "", shown, why);
}

/* Digits after the point without trailing zeros. */
static int fraction_digits(const struct value *v)
{
    const char *point = memchr(v->text, '.', v->size), *end = v->text + v->size;
    while (point && end > point + 1 && end[-1] == '0')
        end--;
    return point ? (int)(end - point - 1) : 0;
}

static enum status check_decimal(const struct column *c, const struct value *v, struct failure *f)
{
    bool whole = c->kind == VALUE_INT || c->kind == VALUE_UINT;
    int holds = whole ? 0 : c->kind == VALUE_DECIMAL ? c->scale : -1;
    if (holds >= 0 && fraction_digits(v) > holds)
        return refuse(f, c, v, "the server would round it: it has more digits after the point");
    return STATUS_OK;
}

static enum status check_double(const struct column *c, const struct value *v, struct failure *f)
{
    if (!isfinite(v->d))
        return refuse(f, c, v, "it is no finite number");
    if (c->kind == VALUE_FLOAT && (double)(float)v->d != v->d)
        return refuse(f, c, v, "the server would round it to a 32-bit float");
    if ((c->kind == VALUE_INT || c->kind == VALUE_UINT) && v->d != trunc(v->d))
        return refuse(f, c, v, "the server would round it to a whole number");
    return STATUS_OK;
}

static enum status check_year(const struct column *c, const struct value *v, struct failure *f)
{
    if (type_of(c)->form == FORM_YEAR && v->i != 0 && (v->i < 1901 || v->i > 2155))
        return refuse(f, c, v, "years are 1901 to 2155, or 0");
    return STATUS_OK;
}

static const int64_t day_us = 86400000000;
/* Days since 1970 of 0001-01-01 and of 10000-01-01. */
static const int64_t first_day = -719162, end_day = 2932897;
static const int64_t unit_us[] = {1000000, 100000, 10000, 1000, 100, 10, 1}; /* by scale */

static bool has_year(const struct value *v)
{
    if (v->kind == VALUE_DATE)
        return v->i >= first_day && v->i < end_day;
    return v->kind == VALUE_TIME || (v->i >= first_day * day_us && v->i < end_day * day_us);
}

static enum status check_temporal(const struct column *c, const struct value *v, struct failure *f)
{
    if (!has_year(v))
        return refuse(f, c, v, "years are 1 to 9999");
    if (v->kind == VALUE_DATE)
        return STATUS_OK;
    bool timed = c->kind == VALUE_TIME || c->kind == VALUE_DATETIME || c->kind == VALUE_INSTANT;
    if (timed && c->scale >= 0 && c->scale < 6 && v->i % unit_us[c->scale] != 0)
        return refuse(f, c, v, "the server would cut its fraction of a second");
    if (c->kind == VALUE_DATE && v->i % day_us != 0)
        return refuse(f, c, v, "the server would cut its time of day");
    return STATUS_OK;
}

/* How many bytes it begins with that are ASCII, in whole words. */
static size_t count_ascii(const char *text, size_t size)
{
    size_t n = 0;
    for (uint64_t word; n + sizeof word <= size; n += sizeof word) {
        memcpy(&word, text + n, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    return n;
}

/* -1 where it is not UTF-8. */
static int64_t count_characters(const char *text, size_t size)
{
    size_t ascii = count_ascii(text, size);
    int64_t n = (int64_t)ascii;
    for (const char *at = text + ascii, *end = text + size; at < end; n++) {
        size_t bytes = utf8_character(at, (size_t)(end - at));
        if (bytes == 0)
            return -1;
        at += bytes;
    }
    return n;
}

static bool is_index(const struct value *v)
{
    for (uint32_t i = 0; i < v->size; i++)
        if (v->text[i] < '0' || v->text[i] > '9')
            return false;
    return v->size > 0;
}

/* Is 'text' one of the labels in "enum('a','b''c')"? Only for texts of digits. */
static bool is_label(const char *column_type, const struct value *v)
{
    for (const char *at = strchr(column_type, '\''); at; at = strchr(at + 1, '\'')) {
        const char *end = strchr(at + 1, '\'');
        if (end && (size_t)(end - at - 1) == v->size && memcmp(at + 1, v->text, v->size) == 0)
            return true;
        at = end ? end : at;
    }
    return false;
}

static enum status check_text(const struct column *c, const struct value *v, struct failure *f)
{
    const struct my_type *t = type_of(c);
    int64_t characters = count_characters(v->text, v->size);
    bool by_bytes = strcmp(t->data_type ? t->data_type : "", "varchar") != 0;
    if (characters < 0)
        return refuse(f, c, v, "it is not UTF-8");
    if (t->form == FORM_VARIED && c->length >= 0 &&
        (by_bytes ? (int64_t)v->size : characters) > c->length)
        return refuse(f, c, v, "it is too long");
    if (t->form == FORM_LABEL && is_index(v) && !is_label(c->type, v))
        return refuse(f, c, v, "it is none of the labels");
    return STATUS_OK;
}

static enum status check_bytes(const struct column *c, const struct value *v, struct failure *f)
{
    if (type_of(c)->form == FORM_FIXED && (int64_t)v->size < c->length)
        return refuse(f, c, v, "it is shorter, and the server would fill it with zeros");
    return STATUS_OK;
}

/* Only this family's own spellings: 0000-00-00, 2026-00-10 00:00:00. */
static enum status check_odd(const struct column *c, const struct value *v, struct failure *f)
{
    bool dated = c->kind == VALUE_DATE || c->kind == VALUE_DATETIME || c->kind == VALUE_INSTANT;
    bool ours = v->size >= 10 && v->text[4] == '-' && v->text[7] == '-';
    for (uint32_t i = 0; i < v->size; i++)
        ours = ours && strchr("0123456789-: .", v->text[i]) && v->text[i];
    if (!dated || !ours)
        return refuse(f, c, v, "MySQL has no such value");
    return STATUS_OK;
}

static enum status check(const struct column *c, const struct value *v, struct failure *f)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_ABSENT:
        return fail(f, ERROR_INTERNAL, "column %s: an absent value was to be written", c->name);
    case VALUE_INT:
    case VALUE_UINT:
        return check_year(c, v, f);
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
        return check_double(c, v, f);
    case VALUE_DECIMAL:
        return check_decimal(c, v, f);
    case VALUE_TEXT:
    case VALUE_JSON:
        return check_text(c, v, f);
    case VALUE_BYTES:
        return check_bytes(c, v, f);
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_DATETIME:
    case VALUE_INSTANT:
        return check_temporal(c, v, f);
    case VALUE_ODD:
        return check_odd(c, v, f);
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_UUID:
        return STATUS_OK;
    }
    return fail(f, ERROR_INTERNAL, "column %s: a value of kind %d", c->name, v->kind);
}

/* A BIT(n) column reads a string as big-endian bytes. */
static void add_bits(struct buffer *b, uint64_t u)
{
    int shift = 56;
    while (shift > 0 && u >> shift == 0)
        shift -= 8;
    for (; shift >= 0; shift -= 8)
        buffer_add_char(b, (char)(u >> shift));
}

static void add_number(struct buffer *b, const struct my_type *t, const struct value *v)
{
    if (t->form == FORM_BIT)
        add_bits(b, v->u);
    else if (t->form == FORM_YEAR)
        buffer_add_format(b, "%04lld", (long long)v->i);
    else if (v->kind == VALUE_UINT)
        buffer_add_uint(b, v->u);
    else
        buffer_add_int(b, v->i);
}

static void add_string(struct buffer *b, const struct column *c, const struct value *v)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_UINT:
        add_number(b, type_of(c), v);
        break;
    case VALUE_FLOAT: /* all its digits: the shortest text of the largest float is out of range */
    case VALUE_DOUBLE:
        value_add_double(b, v->d);
        break;
    case VALUE_DATE:
        value_add_date(b, v->i);
        break;
    case VALUE_TIME:
        value_add_time(b, v->i);
        break;
    case VALUE_DATETIME:
    case VALUE_INSTANT:
        value_add_datetime(b, v->i);
        break;
    case VALUE_UUID:
        if (c->kind == VALUE_BYTES)
            buffer_add(b, v->text, v->size);
        else
            value_add_uuid(b, v->text);
        break;
    case VALUE_ABSENT:
    case VALUE_NULL:
        break;
    case VALUE_DECIMAL:
    case VALUE_TEXT:
    case VALUE_BYTES:
    case VALUE_JSON:
    case VALUE_ODD:
        buffer_add(b, v->text, v->size);
        break;
    }
}

enum status my_value_write(const struct column *c, const struct value *v, struct buffer *out,
                           struct failure *f)
{
    TRY(check(c, v, f));
    add_string(out, c, v);
    return STATUS_OK;
}

static void add_hex_literal(struct buffer *b, const struct value *v)
{
    buffer_add_text(b, "x'");
    value_add_hex(b, v->text, v->size);
    buffer_add_char(b, '\'');
}

/* Numbers, dates, times: nothing in them needs an escape. */
static void add_short_literal(struct buffer *b, const struct column *c, const struct value *v)
{
    buffer_add_char(b, '\'');
    add_string(b, c, v);
    buffer_add_char(b, '\'');
}

enum status my_value_literal(const struct column *c, const struct value *v, struct buffer *out,
                             struct failure *f)
{
    TRY(check(c, v, f));
    bool whole = v->kind == VALUE_INT || v->kind == VALUE_UINT || v->kind == VALUE_BOOL;
    if (v->kind == VALUE_NULL)
        buffer_add_text(out, "NULL");
    else if (whole && type_of(c)->form == FORM_YEAR)
        add_short_literal(out, c, v);
    else if (whole)
        add_number(out, &no_type, v);
    else if (v->kind == VALUE_BYTES || (v->kind == VALUE_UUID && c->kind == VALUE_BYTES))
        add_hex_literal(out, v);
    else if (value_kind_has_text(v->kind) && v->kind != VALUE_UUID)
        my_add_literal(out, v->text, v->size);
    else
        add_short_literal(out, c, v);
    return STATUS_OK;
}
