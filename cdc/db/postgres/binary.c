/* binary.c: values in PostgreSQL's binary form, for COPY. Sources: the *_recv functions in
 * src/backend/utils/adt. A type without a row here, and a value of another kind than its column's
 * (NaN, infinity), goes as text. The server checks modifiers and limits as it does with text; what
 * it would not notice, since a number was cut to fit, is refused here.
 */
#include "db/postgres/pg.h"

#include <string.h>
#include "base/buffer.h"
#include "model/value.h"

typedef bool write_value(const struct value *v, struct buffer *out);

static write_value write_bool, write_int2, write_int4, write_int8, write_float4, write_float8,
    write_bytes, write_jsonb, write_date, write_int8_time, write_timestamp, write_numeric;

struct pg_binary {
    Oid oid;
    enum value_kind kind;
    write_value *write;
};

static const struct pg_binary forms[] = {
    {16, VALUE_BOOL, write_bool},
    {17, VALUE_BYTES, write_bytes},
    {20, VALUE_INT, write_int8},
    {21, VALUE_INT, write_int2},
    {23, VALUE_INT, write_int4},
    {25, VALUE_TEXT, write_bytes},
    {114, VALUE_JSON, write_bytes},
    {700, VALUE_FLOAT, write_float4},
    {701, VALUE_DOUBLE, write_float8},
    {1042, VALUE_TEXT, write_bytes},
    {1043, VALUE_TEXT, write_bytes},
    {1082, VALUE_DATE, write_date},
    {1083, VALUE_TIME, write_int8_time},
    {1114, VALUE_DATETIME, write_timestamp},
    {1184, VALUE_INSTANT, write_timestamp},
    {1700, VALUE_DECIMAL, write_numeric},
    {2950, VALUE_UUID, write_bytes},
    {3802, VALUE_JSON, write_jsonb},
};

enum { DECIMAL_BYTES_MAX = 400, DAY_2000 = 10957 }; /* 2000-01-01, PostgreSQL's first day */
static const int64_t US_PER_DAY = INT64_C(86400000000);

const struct pg_binary *pg_binary_of(const struct column *c)
{
    Oid oid = pg_type_oid(c->codec);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (forms[i].oid == oid)
            return &forms[i];
    return NULL;
}

bool pg_binary_takes(const struct pg_binary *form, const struct value *v)
{
    if (v->kind == VALUE_NULL)
        return true;
    return v->kind == form->kind && (v->kind != VALUE_DECIMAL || v->size <= DECIMAL_BYTES_MAX);
}

/* The size goes before the bytes, and is known after them. */
enum status pg_binary_write(const struct pg_binary *form, const struct column *c,
                            const struct value *v, struct buffer *out, struct failure *f)
{
    size_t begin = out->size;
    buffer_add_u32be(out, UINT32_MAX); /* NULL */
    if (v->kind == VALUE_NULL)
        return STATUS_OK;
    if (v->kind == VALUE_TEXT && v->size && memchr(v->text, 0, v->size))
        return pg_value_write(c, v, out, f); /* which says what is wrong with it */
    if (!form->write(v, out))
        return fail(f, ERROR_VALUE, "column %s (%s): the value is out of range", c->name, c->type);
    size_t size = out->size - begin - 4;
    for (int i = 0; i < 4; i++)
        out->data[begin + (size_t)i] = (char)(size >> (24 - 8 * i));
    return STATUS_OK;
}

/* ---- each returns false where the type cannot hold the value ---- */

static bool write_bool(const struct value *v, struct buffer *out)
{
    buffer_add_char(out, v->i ? 1 : 0);
    return true;
}

static bool write_int2(const struct value *v, struct buffer *out)
{
    buffer_add_u16be(out, (uint16_t)v->i);
    return v->i >= INT16_MIN && v->i <= INT16_MAX;
}

static bool write_int4(const struct value *v, struct buffer *out)
{
    buffer_add_u32be(out, (uint32_t)v->i);
    return v->i >= INT32_MIN && v->i <= INT32_MAX;
}

static bool write_int8(const struct value *v, struct buffer *out)
{
    buffer_add_u64be(out, (uint64_t)v->i);
    return true;
}

static bool write_float4(const struct value *v, struct buffer *out)
{
    uint32_t bits;
    float f = (float)v->d;
    memcpy(&bits, &f, sizeof bits);
    buffer_add_u32be(out, bits);
    return true;
}

static bool write_float8(const struct value *v, struct buffer *out)
{
    uint64_t bits;
    memcpy(&bits, &v->d, sizeof bits);
    buffer_add_u64be(out, bits);
    return true;
}

static bool write_bytes(const struct value *v, struct buffer *out)
{
    buffer_add(out, v->text, v->size);
    return true;
}

static bool write_jsonb(const struct value *v, struct buffer *out)
{
    buffer_add_char(out, 1); /* the version of the form: its text */
    return write_bytes(v, out);
}

static bool write_date(const struct value *v, struct buffer *out)
{
    int64_t days = v->i - DAY_2000;
    buffer_add_u32be(out, (uint32_t)days);
    return days > INT32_MIN && days < INT32_MAX; /* these two say infinity */
}

static bool write_int8_time(const struct value *v, struct buffer *out)
{
    buffer_add_u64be(out, (uint64_t)v->i);
    return v->i >= 0 && v->i <= US_PER_DAY;
}

static bool write_timestamp(const struct value *v, struct buffer *out)
{
    int64_t us;
    bool fits = !__builtin_sub_overflow(v->i, DAY_2000 * US_PER_DAY, &us);
    buffer_add_u64be(out, (uint64_t)us);
    return fits && us > INT64_MIN && us < INT64_MAX;
}

/* ---- numeric: digits to the base of 10000, the point between two of them ---- */

static int group_value(const char *digits, int n, int width)
{
    int value = 0;
    for (int i = 0; i < width; i++)
        value = value * 10 + (i < n ? digits[i] - '0' : 0);
    return value;
}

/* Groups of the whole part are counted from the point: its first one may be short. */
static int add_whole_groups(const char *digits, int n, uint16_t *groups)
{
    int ngroups = 0;
    for (int at = 0, width = (n + 3) % 4 + 1; at < n; at += width, width = 4)
        groups[ngroups++] = (uint16_t)group_value(digits + at, width, width);
    return ngroups;
}

static int add_fraction_groups(const char *digits, int n, uint16_t *groups)
{
    int ngroups = 0;
    for (int at = 0; at < n; at += 4)
        groups[ngroups++] = (uint16_t)group_value(digits + at, n - at, 4);
    return ngroups;
}

static bool write_numeric(const struct value *v, struct buffer *out)
{
    uint16_t groups[DECIMAL_BYTES_MAX / 2];
    bool minus = v->size > 0 && *v->text == '-';
    const char *whole = v->text + minus, *end = v->text + v->size;
    const char *point = memchr(whole, '.', (size_t)(end - whole));
    int nwhole = (int)((point ? point : end) - whole);
    int nfraction = point ? (int)(end - point - 1) : 0;
    int before = add_whole_groups(whole, nwhole, groups);
    int n = before + add_fraction_groups(end - nfraction, nfraction, groups + before);
    int skip = 0;
    while (skip < n && groups[skip] == 0)
        skip++;
    buffer_add_u16be(out, (uint16_t)(n - skip));
    buffer_add_u16be(out, (uint16_t)(before - skip - 1)); /* of the first: 10000 to this power */
    buffer_add_u16be(out, minus && skip < n ? 0x4000 : 0);
    buffer_add_u16be(out, (uint16_t)nfraction);
    for (int i = skip; i < n; i++)
        buffer_add_u16be(out, groups[i]);
    return true;
}
