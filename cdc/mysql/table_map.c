/* TABLE_MAP (rows_event.h, "Table_map_event binary format"):
 *
 *   table id u48, flags u16, database (size u8, bytes, NUL), table (the same), packed number of
 *   columns, a type byte each, packed size of metadata, metadata, null bits, then optional metadata
 *   as (type u8, packed size, value)*: metadata.c
 */
#include "mysql/decode.h"
#include "mysql/metadata.h"

static enum status malformed(struct failure *f)
{
    return fail(f, ERROR_PROTOCOL,
                "a TABLE_MAP event of the binlog is cut short or not of a form known here; if "
                "mysqlbinlog reads the log at this position, please report it");
}

static const char *read_name(struct reader *r)
{
    size_t size = read_u8(r);
    const uint8_t *name = read_bytes(r, size);
    if (read_u8(r) != 0 || r->overrun) {
        r->overrun = true;
        return "";
    }
    return (const char *)name;
}

static void names_read(struct reader *r, uint64_t *id, const char **schema, const char **table)
{
    *id = read_le(r, 6);
    read_le(r, 2);
    *schema = read_name(r);
    *table = read_name(r);
}

enum status table_map_peek(struct reader body, uint64_t *id, const char **schema,
                           const char **table, struct failure *f)
{
    names_read(&body, id, schema, table);
    return body.overrun ? malformed(f) : STATUS_OK;
}

/* STRING's two bytes hold the real type, and a length whose upper bits lie in the type's. */
static bool string_metadata(struct binlog_column *c, unsigned b0, unsigned b1)
{
    if ((b0 & 0x30) != 0x30) {
        c->length = (uint16_t)(b1 | ((b0 & 0x30) ^ 0x30) << 4);
        c->type = (uint8_t)(b0 | 0x30);
    } else {
        c->length = (uint16_t)b1;
        c->type = (uint8_t)b0;
    }
    if (c->type == TYPE_ENUM)
        return c->length >= 1 && c->length <= 2;
    if (c->type == TYPE_SET)
        return c->length >= 1 && c->length <= 8;
    return c->type == TYPE_STRING;
}

static bool two_bytes(struct binlog_column *c, unsigned b0, unsigned b1)
{
    switch (c->type) {
    case TYPE_NEWDECIMAL:
        c->precision = (uint8_t)b0;
        c->scale = (uint8_t)b1;
        return b0 >= 1 && b0 <= DECIMAL_DIGITS_MAX && b1 <= b0;
    case TYPE_BIT:
        c->length = (uint16_t)(b1 + (b0 > 0));
        return b0 < 8 && c->length >= 1 && c->length <= 8;
    case TYPE_STRING:
    case TYPE_ENUM:
    case TYPE_SET:
        return string_metadata(c, b0, b1);
    default:
        c->length = (uint16_t)(b0 | b1 << 8);
        return true;
    }
}

static bool one_byte(struct binlog_column *c, unsigned b)
{
    switch (c->type) {
    case TYPE_FLOAT:
        return b == 4;
    case TYPE_DOUBLE:
        return b == 8;
    case TYPE_TIMESTAMP2:
    case TYPE_DATETIME2:
    case TYPE_TIME2:
        c->scale = (uint8_t)b;
        return b <= 6;
    default:
        c->length = (uint16_t)b;
        return b >= 1 && b <= 4;
    }
}

static bool column_metadata(struct binlog_column *c, struct reader *r)
{
    unsigned b0;
    switch (c->type) {
    case TYPE_NEWDECIMAL:
    case TYPE_BIT:
    case TYPE_STRING:
    case TYPE_ENUM:
    case TYPE_SET:
    case TYPE_VARCHAR:
    case TYPE_VAR_STRING:
    case TYPE_VARCHAR_COMPRESSED:
        b0 = read_u8(r);
        return two_bytes(c, b0, read_u8(r)) && !r->overrun;
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
    case TYPE_TIMESTAMP2:
    case TYPE_DATETIME2:
    case TYPE_TIME2:
    case TYPE_BLOB:
    case TYPE_TINY_BLOB:
    case TYPE_MEDIUM_BLOB:
    case TYPE_LONG_BLOB:
    case TYPE_BLOB_COMPRESSED:
    case TYPE_GEOMETRY:
    case TYPE_JSON:
    case TYPE_VECTOR:
        return one_byte(c, read_u8(r)) && !r->overrun;
    default:
        return c->type <= TYPE_NEWDATE;
    }
}

static enum status columns_read(struct reader *r, struct arena *a, struct table_map *out,
                                struct failure *f)
{
    uint64_t n = read_packed(r);
    const uint8_t *types = n <= COLUMNS_MAX ? read_bytes(r, (size_t)n) : NULL;
    struct reader metadata = read_part(r, read_packed(r));
    const uint8_t *nulls = read_bytes(r, (size_t)(n + 7) / 8);
    if (!types || r->overrun)
        return malformed(f);
    out->ncolumns = (int)n;
    out->columns = arena_zalloc(a, (size_t)n * sizeof *out->columns);
    for (int i = 0; i < out->ncolumns; i++) {
        struct binlog_column *c = &out->columns[i];
        c->type = types[i];
        c->nullable = bit_is_set(nulls, i);
        c->visible = true;
        if (!column_metadata(c, &metadata))
            return fail(f, ERROR_UNSUPPORTED,
                        "table %s.%s, column %d: the binlog's column type %u (of form %u) is not "
                        "known here; leave the column out of the replication, or report it",
                        out->schema, out->table, i + 1, types[i], c->length);
    }
    return STATUS_OK;
}

static enum status whole_read(struct reader body, struct arena *a, struct table_map *out,
                              struct failure *f)
{
    names_read(&body, &out->id, &out->schema, &out->table);
    if (body.overrun)
        return malformed(f);
    out->schema = arena_strdup(a, out->schema);
    out->table = arena_strdup(a, out->table);
    TRY(columns_read(&body, a, out, f));
    if (!metadata_read(body, a, out))
        return malformed(f);
    for (int i = 0; i < out->ncolumns; i++)
        column_settle(&out->columns[i]);
    return STATUS_OK;
}

enum status table_map_read(struct reader body, struct arena *a, struct table_map *out,
                           struct failure *f)
{
    memset(out, 0, sizeof *out);
    enum status st = whole_read(body, a, out, f);
    if (st != STATUS_OK)
        memset(out, 0, sizeof *out); /* rows must not be read by half a map */
    return st;
}

static bool same_labels(const struct binlog_column *a, const struct binlog_column *b)
{
    bool same = a->nlabels == b->nlabels;
    for (int i = 0; same && i < a->nlabels; i++)
        same = strcmp(a->labels[i], b->labels[i]) == 0;
    return same;
}

static bool same_type(const struct binlog_column *a, const struct binlog_column *b)
{
    return a->type == b->type && a->length == b->length && a->precision == b->precision &&
           a->scale == b->scale && a->is_unsigned == b->is_unsigned &&
           a->nullable == b->nullable && a->collation == b->collation && same_labels(a, b);
}

static bool same_key(const struct table_map *m, const struct table_map *old)
{
    bool same = m->nkey == old->nkey;
    for (int i = 0; same && i < m->nkey; i++)
        same = m->key[i] == old->key[i];
    return same;
}

const char *table_map_difference(const struct table_map *m, const struct table_map *old,
                                 struct arena *a)
{
    for (int i = 0; i < old->ncolumns; i++) {
        const struct binlog_column *was = &old->columns[i], *is = &m->columns[i];
        if (i >= m->ncolumns)
            return arena_format(a, "column %s is gone", was->name);
        if (strcmp(is->name, was->name) != 0)
            return arena_format(a, "column %s stands where %s was", is->name, was->name);
        if (!same_type(is, was))
            return arena_format(a, "column %s has another type", was->name);
    }
    return same_key(m, old) ? NULL : "its key is another one";
}
