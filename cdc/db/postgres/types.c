/* types.c: THE PostgreSQL type table. A type is a row: which kind it decodes to. Its text form, the
 * one that pgoutput and COPY give in a pinned session, is read by the function of that kind; what
 * is not in the table travels as TEXT of its text form, which PostgreSQL reads back as it was.
 */
#include "db/postgres/pg.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef bool read_value(const char *text, size_t size, struct arena *a, struct value *out);

struct pg_type {
    Oid oid;
    const char *name; /* pg_type.typname, for types without a fixed oid */
    enum value_kind kind;
    read_value *read;
};

static read_value read_bool, read_int, read_float, read_double, read_decimal, read_text, read_bytea,
    read_date, read_time, read_timestamp, read_timestamptz, read_json, read_uuid;

/* Oids: src/include/catalog/pg_type.dat. Text of its own form: interval, timetz, money, xml, bit,
 * varbit, inet, cidr, macaddr, arrays, ranges, composites, enums, extensions' types. */
static const struct pg_type types[] = {
    {16, "bool", VALUE_BOOL, read_bool},
    {17, "bytea", VALUE_BYTES, read_bytea},
    {18, "char", VALUE_TEXT, read_text},
    {19, "name", VALUE_TEXT, read_text},
    {20, "int8", VALUE_INT, read_int},
    {21, "int2", VALUE_INT, read_int},
    {23, "int4", VALUE_INT, read_int},
    {25, "text", VALUE_TEXT, read_text},
    {26, "oid", VALUE_INT, read_int},
    {114, "json", VALUE_JSON, read_json},
    {700, "float4", VALUE_FLOAT, read_float},
    {701, "float8", VALUE_DOUBLE, read_double},
    {1042, "bpchar", VALUE_TEXT, read_text},
    {1043, "varchar", VALUE_TEXT, read_text},
    {1082, "date", VALUE_DATE, read_date},
    {1083, "time", VALUE_TIME, read_time},
    {1114, "timestamp", VALUE_DATETIME, read_timestamp},
    {1184, "timestamptz", VALUE_INSTANT, read_timestamptz},
    {1700, "numeric", VALUE_DECIMAL, read_decimal},
    {2950, "uuid", VALUE_UUID, read_uuid},
    {3802, "jsonb", VALUE_JSON, read_json},
};

static const struct pg_type other = {0, "text form", VALUE_TEXT, read_text};

const struct pg_type *pg_type_of(Oid oid, Oid element, char typtype, const char *typname)
{
    (void)element; /* arrays go as their text form, whatever they hold */
    (void)typname; /* citext, hstore, geometry ...: text forms */
    if (typtype != 'b')
        return &other;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].oid == oid)
            return &types[i];
    return &other;
}

enum value_kind pg_type_kind(const struct pg_type *t, int32_t typmod)
{
    (void)typmod;
    return t->kind;
}

Oid pg_type_oid(const struct pg_type *t)
{
    return t->oid;
}

/* ---- reading: each takes exactly `size` bytes, or says false ---- */

static bool equals(const char *text, size_t size, const char *word)
{
    return strlen(word) == size && !memcmp(text, word, size);
}

static bool is_special_number(const char *text, size_t size)
{
    return equals(text, size, "NaN") || equals(text, size, "Infinity") ||
           equals(text, size, "-Infinity");
}

static bool is_special_date(const char *text, size_t size)
{
    return equals(text, size, "infinity") || equals(text, size, "-infinity") ||
           (size > 3 && !memcmp(text + size - 3, " BC", 3));
}

static bool odd(const char *text, size_t size, struct value *out)
{
    *out = value_text(VALUE_ODD, text, size);
    return true;
}

static bool read_bool(const char *text, size_t size, struct arena *a, struct value *out)
{
    (void)a;
    *out = (struct value){.kind = VALUE_BOOL, .i = size && *text == 't'};
    return size == 1 && (*text == 't' || *text == 'f');
}

static bool read_int(const char *text, size_t size, struct arena *a, struct value *out)
{
    (void)a;
    bool minus = size && *text == '-';
    size_t i = minus;
    uint64_t u = 0;
    if (size == i || size > 20)
        return false;
    for (; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || u > UINT64_MAX / 10 - 1)
            return false;
        u = u * 10 + (uint64_t)(text[i] - '0');
    }
    if (u > (uint64_t)INT64_MAX + minus)
        return false;
    *out = value_int(minus ? (int64_t)-u : (int64_t)u);
    return true;
}

static bool read_float(const char *text, size_t size, struct arena *a, struct value *out)
{
    (void)a;
    if (is_special_number(text, size))
        return odd(text, size, out);
    *out = (struct value){.kind = VALUE_FLOAT};
    return value_read_float(text, size, &out->d);
}

static bool read_double(const char *text, size_t size, struct arena *a, struct value *out)
{
    (void)a;
    if (is_special_number(text, size))
        return odd(text, size, out);
    *out = (struct value){.kind = VALUE_DOUBLE};
    return value_read_double(text, size, &out->d);
}

static bool read_decimal(const char *text, size_t size, struct arena *a, struct value *out)
{
    (void)a;
    if (is_special_number(text, size))
        return odd(text, size, out);
    size_t digits = 0, points = 0;
    for (size_t i = size && *text == '-'; i < size; i++) {
        digits += text[i] >= '0' && text[i] <= '9';
        points += text[i] == '.';
        if ((text[i] < '0' || text[i] > '9') && text[i] != '.')
            return false;
    }
    *out = value_text(VALUE_DECIMAL, text, size);
    return digits > 0 && points <= 1;
}

static bool read_text(const char *text, size_t size, struct arena *a, struct value *out)
{
    (void)a;
    *out = value_text(VALUE_TEXT, text, size);
    return true;
}

static bool read_json(const char *text, size_t size, struct arena *a, struct value *out)
{
    (void)a;
    *out = value_text(VALUE_JSON, text, size);
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool hex_byte(const char *p, char *out)
{
    int high = hex_digit(p[0]), low = hex_digit(p[1]);
    if (high < 0 || low < 0)
        return false;
    *out = (char)(high << 4 | low);
    return true;
}

static bool read_bytea(const char *text, size_t size, struct arena *a, struct value *out)
{
    if (size < 2 || size % 2 || text[0] != '\\' || text[1] != 'x')
        return false;
    size_t n = (size - 2) / 2;
    char *bytes = arena_alloc(a, n + 1);
    for (size_t i = 0; i < n; i++)
        if (!hex_byte(text + 2 + 2 * i, bytes + i))
            return false;
    *out = value_text(VALUE_BYTES, bytes, n);
    return true;
}

static bool read_uuid(const char *text, size_t size, struct arena *a, struct value *out)
{
    char *bytes = arena_alloc(a, 16);
    int n = 0;
    for (size_t i = 0; i < size;) {
        if (text[i] == '-') {
            i++;
            continue;
        }
        if (n == 16 || i + 1 >= size || !hex_byte(text + i, bytes + n++))
            return false;
        i += 2;
    }
    *out = value_text(VALUE_UUID, bytes, 16);
    return n == 16;
}

/* ---- dates and times ---- */

struct cursor {
    const char *at, *end;
};

static bool read_digits(struct cursor *c, int min, int max, int64_t *out)
{
    int n = 0;
    for (*out = 0; n < max && c->at < c->end && *c->at >= '0' && *c->at <= '9'; n++)
        *out = *out * 10 + (*c->at++ - '0');
    return n >= min;
}

static bool read_char(struct cursor *c, char wanted)
{
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static bool read_days(struct cursor *c, int64_t *days)
{
    int64_t year, month, day;
    if (!read_digits(c, 4, 7, &year) || !read_char(c, '-') || !read_digits(c, 2, 2, &month) ||
        !read_char(c, '-') || !read_digits(c, 2, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    *days = days_from_civil(year, (unsigned)month, (unsigned)day);
    return true;
}

static bool read_fraction(struct cursor *c, int64_t *us)
{
    *us = 0;
    if (!read_char(c, '.'))
        return true;
    const char *start = c->at;
    if (!read_digits(c, 1, 6, us))
        return false;
    for (int64_t n = c->at - start; n < 6; n++)
        *us *= 10;
    return true;
}

static bool read_clock(struct cursor *c, int64_t *us)
{
    int64_t hour, minute, second, fraction;
    if (!read_digits(c, 2, 2, &hour) || !read_char(c, ':') || !read_digits(c, 2, 2, &minute) ||
        !read_char(c, ':') || !read_digits(c, 2, 2, &second) || !read_fraction(c, &fraction))
        return false;
    *us = ((hour * 60 + minute) * 60 + second) * 1000000 + fraction;
    return hour <= 24 && minute < 60 && second <= 60;
}

/* The last months that PostgreSQL can tell (of the year 294276) are beyond our microseconds. */
static bool is_beyond(const char *text, size_t size)
{
    return size > 7 && text[6] == '-' && !memchr(text, '-', 6) && strncmp(text, "294276", 6) >= 0;
}

static bool read_moment(struct cursor *c, int64_t *us)
{
    int64_t days, clock;
    if (!read_days(c, &days) || !read_char(c, ' ') || !read_clock(c, &clock))
        return false;
    return !__builtin_mul_overflow(days, INT64_C(86400000000), us) &&
           !__builtin_add_overflow(*us, clock, us);
}

/* "+00" in the pinned session; "+05:30" and "-03:17:22" are read as well. */
static bool read_offset(struct cursor *c, int64_t *us)
{
    int64_t hour, minute = 0, second = 0;
    int64_t sign = read_char(c, '-') ? -1 : 1;
    if (sign > 0 && !read_char(c, '+'))
        return false;
    if (!read_digits(c, 2, 2, &hour))
        return false;
    if (read_char(c, ':') && !read_digits(c, 2, 2, &minute))
        return false;
    if (read_char(c, ':') && !read_digits(c, 2, 2, &second))
        return false;
    *us = sign * ((hour * 60 + minute) * 60 + second) * 1000000;
    return true;
}

static bool read_date(const char *text, size_t size, struct arena *a, struct value *out)
{
    (void)a;
    if (is_special_date(text, size))
        return odd(text, size, out);
    struct cursor c = {text, text + size};
    *out = (struct value){.kind = VALUE_DATE};
    return read_days(&c, &out->i) && c.at == c.end;
}

static bool read_time(const char *text, size_t size, struct arena *a, struct value *out)
{
    (void)a;
    struct cursor c = {text, text + size};
    *out = (struct value){.kind = VALUE_TIME};
    return read_clock(&c, &out->i) && c.at == c.end;
}

static bool read_timestamp(const char *text, size_t size, struct arena *a, struct value *out)
{
    (void)a;
    if (is_special_date(text, size) || is_beyond(text, size))
        return odd(text, size, out);
    struct cursor c = {text, text + size};
    *out = (struct value){.kind = VALUE_DATETIME};
    return read_moment(&c, &out->i) && c.at == c.end;
}

static bool read_timestamptz(const char *text, size_t size, struct arena *a, struct value *out)
{
    (void)a;
    if (is_special_date(text, size) || is_beyond(text, size))
        return odd(text, size, out);
    struct cursor c = {text, text + size};
    int64_t offset;
    *out = (struct value){.kind = VALUE_INSTANT};
    if (!read_moment(&c, &out->i) || !read_offset(&c, &offset) || c.at != c.end)
        return false;
    return !__builtin_sub_overflow(out->i, offset, &out->i);
}

enum status pg_value_read(const struct column *c, const char *text, size_t size, struct arena *a,
                          struct value *out, struct failure *f)
{
    const struct pg_type *t = c->codec;
    if (t->read(text, size, a, out))
        return STATUS_OK;
    return fail(f, ERROR_VALUE, "column %s (%s): cannot read \"%.*s\"", c->name, c->type,
                (int)(size < 80 ? size : 80), text);
}

/* ---- writing: by the value's kind; the plan has made it the column's ---- */

static enum status write_text(const struct column *c, const struct value *v, struct buffer *out,
                              struct failure *f)
{
    const char *nul = v->size ? memchr(v->text, 0, v->size) : NULL;
    if (nul)
        return fail(f, ERROR_VALUE,
                    "column %s (%s): PostgreSQL cannot hold a zero byte in text (at byte %zu)",
                    c->name, c->type, (size_t)(nul - v->text));
    buffer_add(out, v->text, v->size);
    return STATUS_OK;
}

/* Another engine's oddity (a zero date) has no meaning here; ours is known by its spelling. */
static enum status write_odd(const struct column *c, const struct value *v, struct buffer *out,
                             struct failure *f)
{
    if (!is_special_number(v->text, v->size) && !is_special_date(v->text, v->size) &&
        !is_beyond(v->text, v->size))
        return fail(f, ERROR_VALUE, "column %s (%s): PostgreSQL has no value like \"%.*s\"",
                    c->name, c->type, (int)(v->size < 80 ? v->size : 80), v->text);
    buffer_add(out, v->text, v->size);
    return STATUS_OK;
}

static enum status write_time(const struct column *c, int64_t us, struct buffer *out,
                              struct failure *f)
{
    if (us >= 0 && us <= INT64_C(86400000000)) {
        value_add_time(out, us);
        return STATUS_OK;
    }
    if (!strncmp(c->type, "interval", 8)) {
        buffer_add_text(out, us < 0 ? "-" : "");
        value_add_time(out, us < 0 ? -us : us);
        return STATUS_OK;
    }
    struct buffer shown;
    buffer_init(&shown, 100);
    value_add_time(&shown, us);
    enum status status =
        fail(f, ERROR_VALUE, "column %s (%s): a time of day cannot be %s; an interval could",
             c->name, c->type, buffer_text(&shown));
    buffer_free(&shown);
    return status;
}

enum { YEAR_1 = -719162, YEAR_10000 = 2932897 }; /* their first days */

/* Years outside 0001-9999 as PostgreSQL spells them: more digits, or "... BC". */
static void add_far_date(struct buffer *out, int64_t days)
{
    int64_t year;
    unsigned month, day;
    if (days >= YEAR_1 && days < YEAR_10000) {
        value_add_date(out, days);
        return;
    }
    civil_from_days(days, &year, &month, &day);
    buffer_add_format(out, "%04" PRId64 "-%02u-%02u", year > 0 ? year : 1 - year, month, day);
}

static int64_t floor_days(int64_t us)
{
    const int64_t day = INT64_C(86400000000);
    return us / day - (us % day < 0);
}

static bool before_christ(int64_t days)
{
    return days < YEAR_1;
}

static void write_date(int64_t days, struct buffer *out)
{
    add_far_date(out, days);
    if (before_christ(days))
        buffer_add_text(out, " BC");
}

static void write_moment(int64_t us, const char *zone, struct buffer *out)
{
    int64_t days = floor_days(us);
    add_far_date(out, days);
    buffer_add_char(out, ' ');
    value_add_time(out, us - days * INT64_C(86400000000));
    buffer_add_text(out, zone);
    if (before_christ(days))
        buffer_add_text(out, " BC");
}

enum status pg_value_write(const struct column *c, const struct value *v, struct buffer *out,
                           struct failure *f)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_BOOL:
        buffer_add_char(out, v->i ? 't' : 'f');
        return STATUS_OK;
    case VALUE_INT:
        buffer_add_int(out, v->i);
        return STATUS_OK;
    case VALUE_UINT:
        buffer_add_uint(out, v->u);
        return STATUS_OK;
    case VALUE_FLOAT:
        value_add_float(out, v->d);
        return STATUS_OK;
    case VALUE_DOUBLE:
        value_add_double(out, v->d);
        return STATUS_OK;
    case VALUE_DECIMAL:
        buffer_add(out, v->text, v->size);
        return STATUS_OK;
    case VALUE_TEXT:
    case VALUE_JSON:
        return write_text(c, v, out, f);
    case VALUE_BYTES:
        buffer_add(out, "\\x", 2);
        value_add_hex(out, v->text, v->size);
        return STATUS_OK;
    case VALUE_DATE:
        write_date(v->i, out);
        return STATUS_OK;
    case VALUE_TIME:
        return write_time(c, v->i, out, f);
    case VALUE_DATETIME:
        write_moment(v->i, "", out);
        return STATUS_OK;
    case VALUE_INSTANT:
        write_moment(v->i, "+00", out);
        return STATUS_OK;
    case VALUE_UUID:
        value_add_uuid(out, v->text);
        return STATUS_OK;
    case VALUE_ODD:
        return write_odd(c, v, out, f);
    case VALUE_NULL:
    case VALUE_ABSENT:
        break;
    }
    return fail(f, ERROR_INTERNAL, "column %s: a value of kind %s was to be written", c->name,
                value_kind_name((enum value_kind)v->kind));
}
