/* arrays.c: a column of a set as an array in PostgreSQL's binary form, straight from the values: no
 * quoting, no escaping (array_recv in src/backend/utils/adt/arrayfuncs.c):
 *
 *   int32 dimensions (1), int32 has nulls, oid element, int32 length, int32 lower bound (1),
 *   then each element: int32 size (-1: NULL), bytes
 *
 * Integers travel as int8, bytea as bytea, all else as text, cast in SQL to the column's type. */
#include "sinks/postgres/internal.h"

#include <string.h>

enum { OID_BYTEA = 17, OID_INT8 = 20, OID_TEXT = 25 };

static void write_header(struct buffer *out, uint32_t oid, uint32_t n)
{
    buffer_add_u32be(out, 1);
    buffer_add_u32be(out, 1);
    buffer_add_u32be(out, oid);
    buffer_add_u32be(out, n);
    buffer_add_u32be(out, 1);
}

/* The size stands before the bytes, and is known after them. */
static size_t open_element(struct buffer *out)
{
    buffer_add_u32be(out, 0);
    return out->size;
}

static void close_element(struct buffer *out, size_t begin)
{
    uint32_t size = (uint32_t)(out->size - begin);
    for (int i = 0; i < 4; i++)
        out->data[begin - 4 + (size_t)i] = (char)(size >> (24 - 8 * i));
}

static enum status write_int8(const struct column *c, const struct value *v, struct buffer *out,
                              struct failure *f)
{
    bool fits = v->kind == VALUE_INT || v->kind == VALUE_BOOL ||
                (v->kind == VALUE_UINT && v->u <= INT64_MAX);
    if (!fits)
        return fail(f, ERROR_VALUE, "column %s (%s) cannot hold a value of kind %s", c->name,
                    c->type, value_kind_name((enum value_kind)v->kind));
    buffer_add_u32be(out, 8);
    buffer_add_u64be(out, (uint64_t)v->i);
    return STATUS_OK;
}

static enum status write_text(const struct column *c, const struct value *v, struct buffer *out,
                              struct failure *f)
{
    size_t begin = open_element(out);
    TRY(pg_value_write(c, v, out, f));
    close_element(out, begin);
    return STATUS_OK;
}

static enum status write_bytea(const struct column *c, const struct value *v, struct buffer *out,
                               struct failure *f)
{
    if (v->kind != VALUE_BYTES && v->kind != VALUE_TEXT && v->kind != VALUE_JSON &&
        v->kind != VALUE_UUID)
        return fail(f, ERROR_VALUE, "column %s (%s) cannot hold a value of kind %s", c->name,
                    c->type, value_kind_name((enum value_kind)v->kind));
    buffer_add_u32be(out, v->size);
    buffer_add(out, v->text, v->size);
    return STATUS_OK;
}

static const struct {
    uint32_t oid;
    enum status (*write)(const struct column *c, const struct value *v, struct buffer *out,
                         struct failure *f);
} wires[] = {
    [WIRE_TEXT] = {OID_TEXT, write_text},
    [WIRE_INT8] = {OID_INT8, write_int8},
    [WIRE_BYTEA] = {OID_BYTEA, write_bytea},
};

enum status array_write(const struct column *c, int index, struct value *const *rows, uint32_t n,
                        struct buffer *out, struct failure *f)
{
    enum wire w = column_wire(c);
    write_header(out, wires[w].oid, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct value *v = &rows[i][index];
        if (v->kind == VALUE_NULL)
            buffer_add_u32be(out, UINT32_MAX);
        else
            TRY(wires[w].write(c, v, out, f));
    }
    return STATUS_OK;
}
