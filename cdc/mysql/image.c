/* Whole row images: a null bit for each column, then the values that are not NULL.
 *
 * What most columns are is read here, in one loop over what `column_settle` worked out once a table;
 * the rest, and what lies near the event's end, by binlog_value_read. A number or a size of up to
 * eight bytes is read as eight, so eight must be left; what is too much of them is shifted out.
 */
#include "mysql/decode.h"
#include "mysql/value.h"

enum { WIDE_BYTES = 8 };

static void settle(struct binlog_column *col, enum binlog_form form, unsigned size)
{
    col->form = (uint8_t)form;
    col->size = (uint8_t)size;
    col->kind = (uint8_t)binlog_kind(col);
}

void column_settle(struct binlog_column *col)
{
    settle(col, FORM_OTHER, 0);
    if (col->type == TYPE_TINY)
        settle(col, FORM_INTEGER, 1);
    else if (col->type == TYPE_SHORT)
        settle(col, FORM_INTEGER, 2);
    else if (col->type == TYPE_INT24)
        settle(col, FORM_INTEGER, 3);
    else if (col->type == TYPE_LONG)
        settle(col, FORM_INTEGER, 4);
    else if (col->type == TYPE_LONGLONG)
        settle(col, FORM_INTEGER, 8);
    else if (col->type == TYPE_DOUBLE)
        settle(col, FORM_DOUBLE, 8);
    else if (col->type == TYPE_NEWDECIMAL)
        settle(col, FORM_DECIMAL, (unsigned)decimal_bytes(col->precision, col->scale));
    else if (text_size_bytes(col) > 0)
        settle(col, FORM_TEXT, text_size_bytes(col));
}

static inline uint64_t wide(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline struct value integer(const struct binlog_column *col, const uint8_t *p)
{
    unsigned unused = 64 - 8u * col->size;
    uint64_t v = wide(p) << unused;
    if (col->kind == VALUE_UINT)
        return (struct value){.kind = VALUE_UINT, .u = v >> unused};
    return (struct value){.kind = VALUE_INT, .i = (int64_t)v >> unused};
}

static bool decimal(const struct binlog_column *col, const uint8_t *p, struct arena *a,
                    struct value *out)
{
    char *text = arena_alloc(a, DECIMAL_TEXT_BYTES(col->precision));
    *out = value_text(VALUE_DECIMAL, text, decimal_write(p, col->precision, col->scale, text));
    return out->size > 0;
}

static inline bool text(const struct binlog_column *col, struct reader *r, struct value *out)
{
    unsigned unused = 64 - 8u * col->size;
    size_t size = (size_t)(wide(r->at) << unused >> unused);
    if (reader_left(r) - col->size < size)
        return false;
    *out = value_text(col->kind, (const char *)r->at + col->size, size);
    r->at += size;
    return true;
}

/* False: not here; nothing is taken then. */
static inline bool common_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                               struct value *out)
{
    bool read = true;
    if (reader_left(r) < WIDE_BYTES || reader_left(r) < col->size)
        return false;
    if (col->form == FORM_INTEGER)
        *out = integer(col, r->at);
    else if (col->form == FORM_TEXT)
        read = text(col, r, out);
    else if (col->form == FORM_DECIMAL)
        read = decimal(col, r->at, a, out);
    else if (col->form == FORM_DOUBLE)
        *out = (struct value){.kind = VALUE_DOUBLE, .u = wide(r->at)};
    else
        read = false;
    if (read)
        r->at += col->size;
    return read;
}

enum status binlog_values_read(const struct table_map *map, const uint8_t *nulls, struct reader *in,
                               struct arena *a, struct value *row, int *at, struct failure *f)
{
    struct reader r = *in;
    for (int i = 0; i < map->ncolumns; i++) {
        const struct binlog_column *col = &map->columns[i];
        if (bit_is_set(nulls, i)) {
            row[i] = value_null();
            continue;
        }
        if (common_read(col, &r, a, &row[i]))
            continue;
        *at = i;
        *in = r;
        TRY(binlog_value_read(col, in, a, &row[i], f));
        r = *in;
    }
    *in = r;
    return STATUS_OK;
}
