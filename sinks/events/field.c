/* field.c: see field.h. */
#include "sinks/events/field.h"

#include <math.h>
#include <string.h>
#include "model/moment.h"
#include "sinks/events/digits.h"

const struct value *field_find(const struct object *o, const char *name, uint32_t hint)
{
    if (hint < o->nfields && strcmp(o->fields[hint].name, name) == 0)
        return &o->fields[hint].value;
    for (uint32_t i = 0; i < o->nfields; i++)
        if (strcmp(o->fields[i].name, name) == 0)
            return &o->fields[i].value;
    return NULL;
}

/* ---- reading ---- */

static bool read_decimal(const struct value *v, struct arena *a, struct value *out)
{
    if (v->kind != VALUE_TEXT && v->kind != VALUE_DECIMAL && v->kind != VALUE_INT &&
        v->kind != VALUE_DOUBLE)
        return false;
    if (v->kind == VALUE_TEXT || v->kind == VALUE_DECIMAL) { /* as it is spelled, once it is one */
        *out = value_text(VALUE_DECIMAL, v->text, v->size);
        struct value ignored;
        return digits_fit(v->text, v->size, -1, -1, NULL, a, &ignored) == DIGITS_FIT;
    }
    const char *text = value_show(v, a, 60);
    return digits_fit(text, strlen(text), -1, -1, NULL, a, out) == DIGITS_FIT;
}

static bool read_time(const struct value *v, struct value *out)
{
    struct moment m;
    *out = *v;
    if (v->kind == VALUE_INSTANT)
        return true;
    if (v->kind != VALUE_TEXT || !moment_read(v->text, v->size, &m) || !m.has_zone)
        return false;
    *out = (struct value){.kind = VALUE_INSTANT, .i = m.us - m.offset};
    return !moment_is_finer_than_us(&m);
}

static bool read_date(const struct value *v, struct value *out)
{
    struct moment m;
    *out = *v;
    if (v->kind == VALUE_DATE)
        return true;
    if (v->kind != VALUE_TEXT || !moment_read(v->text, v->size, &m) || m.has_time)
        return false;
    *out = (struct value){.kind = VALUE_DATE, .i = m.us / INT64_C(86400000000)};
    return true;
}

bool field_take(const struct field *f, const struct value *v, struct arena *a, struct value *out)
{
    *out = *v;
    if (v->kind == VALUE_NULL)
        return true;
    switch (f->type) {
    case CTE_TEXT:
        out->kind = VALUE_TEXT;
        return v->kind == VALUE_TEXT || v->kind == VALUE_DECIMAL || v->kind == VALUE_JSON;
    case CTE_INTEGER:
        return v->kind == VALUE_INT;
    case CTE_BOOLEAN:
        out->kind = VALUE_BOOL;
        return (v->kind == VALUE_INT || v->kind == VALUE_BOOL) && (v->i == 0 || v->i == 1);
    case CTE_DOUBLE:
        if (v->kind == VALUE_INT)
            *out = (struct value){.kind = VALUE_DOUBLE, .d = (double)v->i};
        return out->kind == VALUE_DOUBLE && isfinite(out->d);
    case CTE_DECIMAL:
        return read_decimal(v, a, out);
    case CTE_TIME:
        return read_time(v, out);
    case CTE_DATE:
        return read_date(v, out);
    case CTE_BYTES:
        return v->kind == VALUE_BYTES;
    }
    return false;
}

/* ---- writing ---- */

/* 1.5e0: without the exponent it would be a decimal. */
static void add_double(struct buffer *b, double d)
{
    size_t mark = b->size;
    value_add_double(b, d);
    if (!memchr(b->data + mark, 'e', b->size - mark))
        buffer_add_text(b, "e0");
}

static void add_moment(struct buffer *b, const struct zone *zone, int64_t us)
{
    buffer_add_char(b, '\'');
    value_add_datetime(b, zone ? zone_from_utc(zone, us) : us);
    buffer_add_char(b, '\'');
}

static void add_date(struct buffer *b, int64_t days)
{
    buffer_add_char(b, '\'');
    value_add_date(b, days);
    buffer_add_char(b, '\'');
}

static void add_bytes(struct buffer *b, const struct value *v)
{
    buffer_add_text(b, "x'");
    value_add_hex(b, v->text, v->size);
    buffer_add_char(b, '\'');
}

void field_add_literal(struct buffer *b, const struct event_dialect *d, const struct zone *zone,
                       enum field_type type, const struct value *v)
{
    if (v->kind == VALUE_NULL) {
        buffer_add_text(b, "NULL");
        return;
    }
    switch (type) {
    case CTE_TEXT:
    case CTE_DECIMAL:
        d->add_literal(b, v->text, v->size);
        break;
    case CTE_INTEGER:
        buffer_add_int(b, v->i);
        break;
    case CTE_BOOLEAN:
        buffer_add_text(b, v->i ? "TRUE" : "FALSE");
        break;
    case CTE_DOUBLE:
        add_double(b, v->d);
        break;
    case CTE_TIME:
        add_moment(b, zone, v->i);
        break;
    case CTE_DATE:
        add_date(b, v->i);
        break;
    case CTE_BYTES:
        add_bytes(b, v);
        break;
    }
}

/* ---- elements of PostgreSQL's arrays (array_in in src/backend/utils/adt/arrayfuncs.c) ---- */

static void add_quoted(struct buffer *b, const char *text, size_t size)
{
    buffer_add_char(b, '"');
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"' || text[i] == '\\')
            buffer_add_char(b, '\\');
        buffer_add_char(b, text[i]);
    }
    buffer_add_char(b, '"');
}

void field_add_element(struct buffer *b, const struct value *v)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_NULL:
        buffer_add_text(b, "NULL");
        break;
    case VALUE_BOOL:
        buffer_add_char(b, v->i ? 't' : 'f');
        break;
    case VALUE_INT:
        buffer_add_int(b, v->i);
        break;
    case VALUE_DOUBLE:
        value_add_double(b, v->d);
        break;
    case VALUE_INSTANT:
        buffer_add_char(b, '"');
        value_add_datetime(b, v->i);
        buffer_add_text(b, "+00\"");
        break;
    case VALUE_DATE:
        value_add_date(b, v->i);
        break;
    case VALUE_BYTES:
        buffer_add_text(b, "\"\\\\x");
        value_add_hex(b, v->text, v->size);
        buffer_add_char(b, '"');
        break;
    default:
        add_quoted(b, v->text, v->size);
    }
}

const char *field_array_type(enum field_type type)
{
    static const char *const types[] = {
        [CTE_TEXT] = "text[]",         [CTE_INTEGER] = "int8[]",
        [CTE_BOOLEAN] = "bool[]",      [CTE_DOUBLE] = "float8[]",
        [CTE_DECIMAL] = "numeric[]",   [CTE_TIME] = "timestamptz[]",
        [CTE_DATE] = "date[]",         [CTE_BYTES] = "bytea[]",
    };
    return types[type];
}
