#include "transforms/mirror/code.h"

#include <stdio.h>
#include <string.h>

#include "base/reader.h"

enum { NUMBER_TEXT_BYTES = 64 };

/* ---- to bytes ---- */

static void add_number(struct buffer *b, uint64_t v, size_t size)
{
    buffer_add(b, &v, size); /* little-endian, see base/reader.h */
}

static void code_value(struct buffer *b, const struct value *v)
{
    buffer_add_char(b, (char)v->kind);
    if (v->kind == VALUE_INT || v->kind == VALUE_DOUBLE)
        add_number(b, v->u, 8);
    else if (v->kind != VALUE_NULL) {
        add_number(b, v->size, 4);
        buffer_add(b, v->text, v->size);
    }
}

void code_object(struct buffer *b, const struct object *o)
{
    for (uint32_t i = 0; i < o->nfields; i++)
        code_value(b, &o->fields[i].value);
    for (uint32_t l = 0; l < o->nlists; l++) {
        add_number(b, o->lists[l].nelements, 4);
        for (uint32_t i = 0; i < o->lists[l].nelements; i++)
            code_object(b, &o->lists[l].elements[i]);
    }
}

/* ---- from bytes ---- */

static struct value read_value(struct reader *r)
{
    struct value v = {.kind = read_u8(r)};
    switch ((enum value_kind)v.kind) {
    case VALUE_NULL:
        break;
    case VALUE_INT:
    case VALUE_DOUBLE:
        v.u = read_le(r, 8);
        break;
    case VALUE_TEXT:
    case VALUE_BYTES:
        v.size = (uint32_t)read_le(r, 4);
        v.text = (const char *)read_bytes(r, v.size);
        break;
    default:
        r->overrun = true;
    }
    return v;
}

static void read_fields(struct reader *r, const struct query *q, struct object *o, struct arena *a)
{
    struct object_field *fields = arena_alloc(a, (size_t)q->nfields * sizeof *fields);
    for (int i = 0; i < q->nfields; i++)
        fields[i] = (struct object_field){q->fields[i].name, read_value(r)};
    *o = (struct object){.fields = fields, .nfields = (uint32_t)q->nfields};
}

static struct object_list read_list(struct reader *r, const struct query *q, struct arena *a)
{
    uint32_t n = (uint32_t)read_le(r, 4);
    if (n > reader_left(r)) { /* an element has a byte at least */
        r->overrun = true;
        n = 0;
    }
    struct object *elements = arena_alloc(a, n * sizeof *elements);
    for (uint32_t i = 0; i < n; i++)
        read_fields(r, q, &elements[i], a);
    return (struct object_list){.name = q->name, .elements = elements, .nelements = n};
}

enum status code_read_object(const struct view *w, const struct value *bytes, struct arena *a,
                             struct object **out, struct failure *f)
{
    struct object *o = arena_alloc(a, sizeof *o);
    struct reader r = reader_of(bytes->text, bytes->size);
    read_fields(&r, &w->query, o, a);
    struct object_list *lists = arena_alloc(a, (size_t)w->nlists * sizeof *lists);
    for (int i = 0; i < w->nlists; i++)
        lists[i] = read_list(&r, &w->lists[i], a);
    o->lists = lists;
    o->nlists = (uint32_t)w->nlists;
    *out = o;
    if (r.overrun || reader_left(&r) > 0)
        return fail(f, ERROR_SETTING, "event %s: what the mirror's file holds of an object is "
                    "damaged: remove the file, it is filled again", w->name);
    return STATUS_OK;
}

/* ---- equality ---- */

/* Digits of the number with their point; NULL where it is no plain decimal. */
static const char *decimal_text(const struct value *v, struct buffer *b)
{
    if (v->kind == VALUE_INT)
        buffer_add_int(b, v->i);
    else if (v->kind == VALUE_DOUBLE)
        value_add_double(b, v->d);
    else if (v->kind == VALUE_TEXT && v->size < b->max)
        buffer_add(b, v->text, v->size);
    return b->size > 0 && strspn(buffer_text(b), "+-0123456789.") == b->size ? b->data : NULL;
}

/* Both as decimals, in one spelling of numbers; false where one is none. */
struct decimals {
    char room_a[NUMBER_TEXT_BYTES * 16], room_b[NUMBER_TEXT_BYTES * 16];
    struct value a, b;
};

static bool read_decimals(const struct value *a, const struct value *b, struct decimals *out)
{
    struct buffer x = {.data = out->room_a, .max = sizeof out->room_a};
    struct buffer y = {.data = out->room_b, .max = sizeof out->room_b};
    x.capacity = x.max;
    y.capacity = y.max;
    if (!decimal_text(a, &x) || !decimal_text(b, &y))
        return false;
    out->a = value_text(VALUE_DECIMAL, x.data, x.size);
    out->b = value_text(VALUE_DECIMAL, y.data, y.size);
    return true;
}

static bool same_decimal(const struct value *a, const struct value *b)
{
    struct decimals d;
    return read_decimals(a, b, &d) ? value_equal(&d.a, &d.b) : value_equal(a, b);
}

static double as_double(const struct value *v)
{
    return v->kind == VALUE_INT ? (double)v->i : v->d;
}

static bool is_number(const struct value *v)
{
    return v->kind == VALUE_INT || v->kind == VALUE_DOUBLE;
}

bool code_same_value(enum value_kind kind, const struct value *a, const struct value *b)
{
    if (a->kind == VALUE_NULL || b->kind == VALUE_NULL)
        return a->kind == b->kind;
    if (kind == VALUE_DECIMAL)
        return same_decimal(a, b);
    if (is_number(a) && is_number(b) && a->kind != b->kind)
        return as_double(a) == as_double(b);
    return value_equal(a, b);
}

static bool same_fields(const struct query *q, const struct object *a, const struct object *b)
{
    for (int i = 0; i < q->nfields; i++)
        if (!code_same_value(q->fields[i].kind, &a->fields[i].value, &b->fields[i].value))
            return false;
    return true;
}

static bool same_list(const struct query *q, const struct object_list *a,
                      const struct object_list *b)
{
    if (a->nelements != b->nelements)
        return false;
    for (uint32_t i = 0; i < a->nelements; i++)
        if (!same_fields(q, &a->elements[i], &b->elements[i]))
            return false;
    return true;
}

bool code_same_object(const struct view *w, const struct object *a, const struct object *b)
{
    if (!same_fields(&w->query, a, b))
        return false;
    for (int i = 0; i < w->nlists; i++)
        if (!same_list(&w->lists[i], &a->lists[i], &b->lists[i]))
            return false;
    return true;
}

/* ---- order and text ---- */

static int compare_bytes(const struct value *a, const struct value *b)
{
    uint32_t least = a->size < b->size ? a->size : b->size;
    int order = least ? memcmp(a->text, b->text, least) : 0;
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

int code_compare(enum value_kind kind, const struct value *a, const struct value *b)
{
    struct decimals d;
    if (code_same_value(kind, a, b))
        return 0;
    if (kind == VALUE_DECIMAL && read_decimals(a, b, &d))
        return compare_bytes(&d.a, &d.b);
    if (a->kind == VALUE_INT && b->kind == VALUE_INT)
        return a->i < b->i ? -1 : 1;
    if (is_number(a) && is_number(b))
        return as_double(a) < as_double(b) ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return a->kind == VALUE_NULL ? 0 : compare_bytes(a, b);
}

const char *code_text(const struct value *v, struct arena *a)
{
    if (v->kind == VALUE_TEXT)
        return arena_copy(a, v->text, v->size);
    if (v->kind != VALUE_DOUBLE)
        return value_show(v, a, 64);
    char room[NUMBER_TEXT_BYTES];
    struct buffer b = {.data = room, .capacity = sizeof room, .max = sizeof room};
    value_add_double(&b, v->d);
    return arena_copy(a, b.data, b.size);
}
