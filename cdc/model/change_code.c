#include "model/change_code.h"

#include <string.h>
#include "model/value_code.h"

enum { VERSION = 1, HAS_BEFORE = 1, HAS_AFTER = 2 };

static const char ops[] = {
    [CHANGE_INSERT] = 'i',
    [CHANGE_UPDATE] = 'u',
    [CHANGE_DELETE] = 'd',
    [CHANGE_TRUNCATE] = 't',
};

/* ---- out ---- */

static void write_image(struct buffer *out, const struct relation *r, const struct value *row)
{
    uint32_t n = 0;
    for (int i = 0; i < r->ncolumns; i++)
        n += row[i].kind != VALUE_ABSENT;
    value_code_number(out, n, 4);
    for (int i = 0; i < r->ncolumns; i++) {
        if (row[i].kind == VALUE_ABSENT)
            continue;
        value_code_text(out, r->columns[i].name, strlen(r->columns[i].name));
        value_code_add(out, &row[i]);
    }
}

void change_encode(const struct change *c, struct buffer *out)
{
    const struct relation *r = c->relation;
    value_code_number(out, VERSION, 1);
    buffer_add_char(out, ops[c->op]);
    value_code_text(out, r->schema, strlen(r->schema));
    value_code_text(out, r->name, strlen(r->name));
    value_code_number(out, (c->before ? HAS_BEFORE : 0) | (c->after ? HAS_AFTER : 0), 1);
    if (c->before)
        write_image(out, r, c->before);
    if (c->after)
        write_image(out, r, c->after);
}

/* ---- in ---- */

static enum status refuse(struct failure *f)
{
    return fail(f, ERROR_VALUE, "what was kept of the row cannot be read: it was written by another "
                                "build, or changed by hand");
}

struct text {
    const char *at;
    uint32_t size;
};

static struct text read_text(struct reader *r)
{
    struct text t;
    t.at = value_code_read_text(r, &t.size);
    return t;
}

/* -1: no operation has this letter. */
static int op_of(uint8_t letter)
{
    for (size_t i = 0; letter && i < sizeof ops; i++)
        if (ops[i] == (char)letter)
            return (int)i;
    return -1;
}

struct head {
    enum change_op op;
    struct text schema, table;
    unsigned images;
};

static bool read_head(struct reader *r, struct head *out)
{
    uint8_t version = read_u8(r);
    int op = op_of(read_u8(r));
    out->schema = read_text(r);
    out->table = read_text(r);
    out->images = read_u8(r);
    if (r->overrun || version != VERSION || op < 0)
        return false;
    out->op = (enum change_op)op;
    unsigned wanted = op == CHANGE_INSERT ? HAS_AFTER : op == CHANGE_DELETE ? HAS_BEFORE : 0;
    if (op == CHANGE_UPDATE)
        return (out->images & ~(unsigned)HAS_BEFORE) == HAS_AFTER;
    return out->images == wanted;
}

enum status change_code_table(const void *code, size_t size, struct arena *a, const char **schema,
                              const char **table, struct failure *f)
{
    struct reader r = reader_of(code, size);
    struct head head;
    if (!read_head(&r, &head))
        return refuse(f);
    *schema = arena_copy(a, head.schema.at, head.schema.size);
    *table = arena_copy(a, head.table.at, head.table.size);
    return STATUS_OK;
}

static int column_of(const struct relation *r, struct text name)
{
    for (int i = 0; i < r->ncolumns; i++)
        if (strlen(r->columns[i].name) == name.size &&
            memcmp(r->columns[i].name, name.at, name.size) == 0)
            return i;
    return -1;
}

/* A column may hold a value that has no common form, or none. */
static bool may_hold(const struct column *c, const struct value *v)
{
    return v->kind == c->kind || v->kind == VALUE_NULL || v->kind == VALUE_ODD;
}

static enum status read_column(struct reader *in, const struct relation *r, struct value *row,
                               struct failure *f)
{
    struct text name = read_text(in);
    struct value v;
    if (in->overrun || !value_code_read(in, &v))
        return refuse(f);
    int i = column_of(r, name);
    if (i < 0)
        return fail(f, ERROR_VALUE, "table %s.%s: the row was kept with a column %.*s, which the "
                                    "table has no more",
                    r->schema, r->name, (int)name.size, name.at);
    const struct column *c = &r->columns[i];
    if (!may_hold(c, &v))
        return fail(f, ERROR_VALUE, "table %s.%s: column %s was of another type (%s) when the row was "
                                    "kept, now it is %s",
                    r->schema, r->name, c->name, value_kind_name((enum value_kind)v.kind), c->type);
    row[i] = v;
    return STATUS_OK;
}

static enum status read_image(struct reader *in, const struct relation *r, struct arena *a,
                              struct value **out, struct failure *f)
{
    uint32_t n = (uint32_t)read_le(in, 4);
    struct value *row = arena_alloc(a, (size_t)r->ncolumns * sizeof *row);
    for (int i = 0; i < r->ncolumns; i++)
        row[i] = (struct value){.kind = VALUE_ABSENT};
    for (uint32_t i = 0; i < n; i++)
        TRY(read_column(in, r, row, f));
    *out = row;
    return in->overrun ? refuse(f) : STATUS_OK;
}

enum status change_decode(const void *code, size_t size, const struct relation *r, struct arena *a,
                          struct change *out, struct failure *f)
{
    struct reader in = reader_of(code, size);
    struct head head;
    if (!read_head(&in, &head))
        return refuse(f);
    *out = (struct change){.op = head.op, .relation = r};
    if (head.images & HAS_BEFORE)
        TRY(read_image(&in, r, a, &out->before, f));
    if (head.images & HAS_AFTER)
        TRY(read_image(&in, r, a, &out->after, f));
    return reader_left(&in) == 0 ? STATUS_OK : refuse(f);
}
