#include "db/mysql/types.h"

#include "base/reader.h"
#include <stdlib.h>
#include <string.h>

static bool read_uint(const char *text, size_t size, struct arena *a, struct value *out)
{
    (void)a;
    uint64_t u = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(u, 10u, &u) ||
            __builtin_add_overflow(u, (uint64_t)(text[i] - '0'), &u))
            return false;
    }
    *out = (struct value){.kind = VALUE_UINT, .u = u};
    return size > 0;
}

static bool read_int(const char *text, size_t size, struct arena *a, struct value *out)
{
    bool minus = size > 0 && *text == '-';
    if (!read_uint(text + minus, size - minus, a, out))
        return false;
    uint64_t u = out->u, limit = (uint64_t)INT64_MAX + minus;
    *out = value_int(minus ? (int64_t)(0 - u) : (int64_t)u);
    return u <= limit;
}

static bool read_copy(enum value_kind kind, const char *text, size_t size, struct arena *a,
                      struct value *out)
{
    *out = value_text(kind, arena_copy(a, text, size), size);
    return true;
}

static bool read_decimal(const char *text, size_t size, struct arena *a, struct value *out)
{
    return size > 0 && read_copy(VALUE_DECIMAL, text, size, a, out);
}

static bool read_text(const char *text, size_t size, struct arena *a, struct value *out)
{
    return read_copy(VALUE_TEXT, text, size, a, out);
}

static bool read_json(const char *text, size_t size, struct arena *a, struct value *out)
{
    return read_copy(VALUE_JSON, text, size, a, out);
}

static bool read_raw(const char *text, size_t size, struct arena *a, struct value *out)
{
    return read_copy(VALUE_BYTES, text, size, a, out);
}

static bool read_double(const char *text, size_t size, struct arena *a, struct value *out)
{
    (void)a;
    char copy[400], *end; /* doubles with (m,d) may be spelled out in full */
    if (size == 0 || size >= sizeof copy)
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    *out = (struct value){.kind = VALUE_DOUBLE, .d = strtod(copy, &end)};
    return *end == '\0';
}

static bool read_float(const char *text, size_t size, struct arena *a, struct value *out)
{
    if (!read_double(text, size, a, out))
        return false;
    *out = (struct value){.kind = VALUE_FLOAT, .d = (double)(float)out->d};
    return true;
}

static bool read_bit(const char *text, size_t size, struct arena *a, struct value *out)
{
    (void)a;
    uint64_t u = 0;
    for (size_t i = 0; i < size; i++)
        u = u << 8 | (uint8_t)text[i];
    *out = (struct value){.kind = VALUE_UINT, .u = u};
    return size <= 8;
}

static bool hex_digit(char c, unsigned *out)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;
    *out = at ? (unsigned)(at - digits) : 0;
    return at != NULL;
}

static bool read_uuid(const char *text, size_t size, struct arena *a, struct value *out)
{
    char *bytes = arena_alloc(a, 16);
    unsigned n = 0, high, low;
    for (size_t i = 0; i + 1 < size && n < 16; i += 2) {
        if (text[i] == '-')
            i++;
        if (i + 1 >= size || !hex_digit(text[i], &high) || !hex_digit(text[i + 1], &low))
            return false;
        bytes[n++] = (char)(high << 4 | low);
    }
    *out = value_text(VALUE_UUID, bytes, 16);
    return n == 16 && size == 36;
}

/* `digits` digits of a fixed-width field, then `after` (0: nothing). */
static bool field(struct reader *r, unsigned digits, char after, unsigned *out)
{
    const uint8_t *p = read_bytes(r, digits);
    *out = 0;
    for (unsigned i = 0; p && i < digits; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        *out = *out * 10 + (p[i] - '0');
    }
    return p && (!after || read_u8(r) == (uint8_t)after);
}

/* Hours of 2 or 3 digits, ":MM:SS", and a fraction of up to 6 digits: the rest of the text. */
static bool clock_time(struct reader *r, int64_t *us)
{
    unsigned hours = 0, minutes, seconds, fraction = 0, digits = 0;
    while (reader_left(r) && *r->at >= '0' && *r->at <= '9' && digits++ < 4)
        hours = hours * 10 + (unsigned)(read_u8(r) - '0');
    if (digits == 0 || read_u8(r) != ':' || !field(r, 2, ':', &minutes) ||
        !field(r, 2, 0, &seconds))
        return false;
    digits = (unsigned)reader_left(r);
    if (digits > 0 && (read_u8(r) != '.' || digits > 7 || !field(r, --digits, 0, &fraction)))
        return false;
    for (; digits < 6; digits++)
        fraction *= 10;
    *us = (((int64_t)hours * 60 + minutes) * 60 + seconds) * 1000000 + fraction;
    return minutes < 60 && seconds < 60;
}

static bool read_time(const char *text, size_t size, struct arena *a, struct value *out)
{
    (void)a;
    bool minus = size > 0 && *text == '-';
    struct reader r = reader_of(text + minus, size - minus);
    int64_t us = 0;
    bool ok = clock_time(&r, &us);
    *out = (struct value){.kind = VALUE_TIME, .i = minus ? -us : us};
    return ok;
}

/* *odd: a date that no calendar has (0000-00-00, 2026-00-10): it keeps its spelling. */
static bool calendar_date(struct reader *r, int64_t *days, bool *odd)
{
    unsigned year, month, day;
    if (!field(r, 4, '-', &year) || !field(r, 2, '-', &month) || !field(r, 2, 0, &day))
        return false;
    *odd = year == 0 || month == 0 || day == 0;
    *days = *odd ? 0 : days_from_civil(year, month, day);
    return month <= 12 && day <= 31;
}

static bool read_date(const char *text, size_t size, struct arena *a, struct value *out)
{
    struct reader r = reader_of(text, size);
    int64_t days;
    bool odd;
    if (!calendar_date(&r, &days, &odd) || reader_left(&r))
        return false;
    if (odd)
        return read_copy(VALUE_ODD, text, size, a, out);
    *out = (struct value){.kind = VALUE_DATE, .i = days};
    return true;
}

static bool read_datetime(const char *text, size_t size, struct arena *a, struct value *out)
{
    struct reader r = reader_of(text, size);
    int64_t days, us;
    bool odd;
    if (!calendar_date(&r, &days, &odd) || read_u8(&r) != ' ' || !clock_time(&r, &us))
        return false;
    if (odd)
        return read_copy(VALUE_ODD, text, size, a, out);
    *out = (struct value){.kind = VALUE_DATETIME, .i = days * 86400000000 + us};
    return true;
}

/* The session's time_zone is +00:00. */
static bool read_instant(const char *text, size_t size, struct arena *a, struct value *out)
{
    if (!read_datetime(text, size, a, out))
        return false;
    if (out->kind == VALUE_DATETIME)
        out->kind = VALUE_INSTANT;
    return true;
}

/* The one type table. A new type is a row here, and where its bytes in the log are new, in
 * cdc/mysql/values.c. */
#define INTEGER(name)                                                                              \
    {name, false, false, VALUE_INT, FORM_PLAIN, read_int},                                         \
    {                                                                                              \
        name, true, false, VALUE_UINT, FORM_PLAIN, read_uint                                       \
    }
#define NUMBER(name, kind, read)                                                                   \
    {name, false, false, kind, FORM_PLAIN, read},                                                  \
    {                                                                                              \
        name, true, false, kind, FORM_PLAIN, read                                                  \
    }

static const struct my_type types[] = {
    INTEGER("tinyint"),
    INTEGER("smallint"),
    INTEGER("mediumint"),
    INTEGER("int"),
    INTEGER("bigint"),
    NUMBER("decimal", VALUE_DECIMAL, read_decimal),
    NUMBER("float", VALUE_FLOAT, read_float),
    NUMBER("double", VALUE_DOUBLE, read_double),
    {"bit", false, false, VALUE_UINT, FORM_BIT, read_bit},
    {"year", false, false, VALUE_INT, FORM_YEAR, read_int},
    {"year", true, false, VALUE_INT, FORM_YEAR, read_int},
    {"date", false, false, VALUE_DATE, FORM_PLAIN, read_date},
    {"time", false, false, VALUE_TIME, FORM_PLAIN, read_time},
    {"datetime", false, false, VALUE_DATETIME, FORM_PLAIN, read_datetime},
    {"timestamp", false, false, VALUE_INSTANT, FORM_PLAIN, read_instant},
    {"char", false, false, VALUE_TEXT, FORM_PLAIN, read_text},
    {"varchar", false, false, VALUE_TEXT, FORM_VARIED, read_text},
    {"tinytext", false, false, VALUE_TEXT, FORM_VARIED, read_text},
    {"text", false, false, VALUE_TEXT, FORM_VARIED, read_text},
    {"mediumtext", false, false, VALUE_TEXT, FORM_VARIED, read_text},
    {"longtext", false, false, VALUE_TEXT, FORM_VARIED, read_text},
    {"longtext", false, true, VALUE_JSON, FORM_PLAIN, read_json},
    {"json", false, false, VALUE_JSON, FORM_PLAIN, read_json},
    {"enum", false, false, VALUE_TEXT, FORM_LABEL, read_text},
    {"set", false, false, VALUE_TEXT, FORM_LABEL, read_text},
    {"binary", false, false, VALUE_BYTES, FORM_FIXED, read_raw},
    {"varbinary", false, false, VALUE_BYTES, FORM_PLAIN, read_raw},
    {"tinyblob", false, false, VALUE_BYTES, FORM_PLAIN, read_raw},
    {"blob", false, false, VALUE_BYTES, FORM_PLAIN, read_raw},
    {"mediumblob", false, false, VALUE_BYTES, FORM_PLAIN, read_raw},
    {"longblob", false, false, VALUE_BYTES, FORM_PLAIN, read_raw},
    {"vector", false, false, VALUE_BYTES, FORM_PLAIN, read_raw},
    {"uuid", false, false, VALUE_UUID, FORM_PLAIN, read_uuid},
    {"inet4", false, false, VALUE_TEXT, FORM_PLAIN, read_text},
    {"inet6", false, false, VALUE_TEXT, FORM_PLAIN, read_text},
    {"geometry", false, false, VALUE_BYTES, FORM_PLAIN, read_raw},
    {"point", false, false, VALUE_BYTES, FORM_PLAIN, read_raw},
    {"linestring", false, false, VALUE_BYTES, FORM_PLAIN, read_raw},
    {"polygon", false, false, VALUE_BYTES, FORM_PLAIN, read_raw},
    {"multipoint", false, false, VALUE_BYTES, FORM_PLAIN, read_raw},
    {"multilinestring", false, false, VALUE_BYTES, FORM_PLAIN, read_raw},
    {"multipolygon", false, false, VALUE_BYTES, FORM_PLAIN, read_raw},
    {"geometrycollection", false, false, VALUE_BYTES, FORM_PLAIN, read_raw},
    {"geomcollection", false, false, VALUE_BYTES, FORM_PLAIN, read_raw},
};

/* Words after the type itself: enum('unsigned') is none. */
static bool says_unsigned(const char *data_type, const char *column_type)
{
    if (strcmp(data_type, "enum") == 0 || strcmp(data_type, "set") == 0)
        return false;
    return strstr(column_type, "unsigned") || strstr(column_type, "zerofill");
}

const struct my_type *my_type_of(const char *data_type, const char *column_type, bool json_check)
{
    bool is_unsigned = says_unsigned(data_type, column_type);
    bool json = json_check && strcmp(data_type, "longtext") == 0;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].data_type, data_type) == 0 && types[i].is_unsigned == is_unsigned &&
            types[i].json_check == json)
            return &types[i];
    return NULL;
}

enum value_kind my_type_kind(const struct my_type *t)
{
    return t->kind;
}

enum status my_value_read(const struct column *c, const char *text, size_t size, struct arena *a,
                          struct value *out, struct failure *f)
{
    const struct my_type *t = c->codec;
    if (!text) {
        *out = value_null();
        return STATUS_OK;
    }
    if (!t)
        return fail(f, ERROR_UNSUPPORTED, "column %s: type %s is not known: leave the column out",
                    c->name, c->type);
    if (!t->read(text, size, a, out))
        return fail(f, ERROR_VALUE, "column %s %s: the server's text \"%.*s\" cannot be read",
                    c->name, c->type, size > 60 ? 60 : (int)size, text);
    return STATUS_OK;
}

/* FLOAT prints 6 digits only, and FLOAT(m,d), DOUBLE(m,d) print d decimals: adding a double zero
 * makes the server print what is stored. */
void my_add_selected(struct buffer *b, const struct column *c)
{
    my_add_name(b, c->name);
    if (c->kind == VALUE_FLOAT || (c->kind == VALUE_DOUBLE && strchr(c->type, '(')))
        buffer_add_text(b, " + 0e0");
}
