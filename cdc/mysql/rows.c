/* Rows events.
 *
 *   table id u48, flags u16, [v2: extra data, u16 size that counts itself], packed number of
 *   columns, bitmap of the columns in the image, [update: a second one for the after image], rows
 *   row: null bits, one for each column in the image; then the values that are not NULL
 *   update: before, after, before, ...; PARTIAL_UPDATE: partial.c
 *
 * A column that is left out of an update's after image has its before value, where the before image
 * is complete (MariaDB's FULL_NODUP); left out anywhere else, it is unknown: an error.
 */
#include <stdio.h>
#include "mysql/decode.h"
#include "mysql/partial.h"

enum { DUMMY_TABLE_ID = 0x00ffffff };

static enum status malformed(struct failure *f)
{
    return fail(f, ERROR_PROTOCOL,
                "a rows event of the binlog is cut short or not of a form known here; if "
                "mysqlbinlog reads the log at this position, please report it");
}

static bool op_of(uint8_t type, enum change_op *op)
{
    switch (type) {
    case BINLOG_WRITE_ROWS:
    case BINLOG_WRITE_ROWS_V1:
    case BINLOG_MARIA_WRITE_COMPRESSED:
        *op = CHANGE_INSERT;
        return true;
    case BINLOG_UPDATE_ROWS:
    case BINLOG_UPDATE_ROWS_V1:
    case BINLOG_PARTIAL_UPDATE_ROWS:
    case BINLOG_MARIA_UPDATE_COMPRESSED:
        *op = CHANGE_UPDATE;
        return true;
    case BINLOG_DELETE_ROWS:
    case BINLOG_DELETE_ROWS_V1:
    case BINLOG_MARIA_DELETE_COMPRESSED:
        *op = CHANGE_DELETE;
        return true;
    default:
        return false;
    }
}

static void extra_skip(uint8_t type, struct reader *r)
{
    if (type < BINLOG_WRITE_ROWS || type > BINLOG_PARTIAL_UPDATE_ROWS)
        return;
    uint64_t size = read_le(r, 2);
    if (size < 2)
        r->overrun = true;
    else
        read_bytes(r, (size_t)size - 2);
}

static int count_present(const uint8_t *bits, int n)
{
    int count = 0;
    for (int i = 0; i < n / 8; i++)
        count += __builtin_popcount(bits[i]);
    if (n % 8)
        count += __builtin_popcount(bits[n / 8] & ((1u << n % 8) - 1));
    return count;
}

static void present_read(struct reader *r, int ncolumns, struct binlog_present *out)
{
    out->bits = read_bytes(r, (size_t)(ncolumns + 7) / 8);
    if (out->bits)
        out->count = count_present(out->bits, ncolumns);
}

static void bitmaps_read(struct reader *r, struct binlog_rows *out)
{
    uint64_t n = read_packed(r);
    if (n > COLUMNS_MAX) {
        r->overrun = true;
        return;
    }
    out->ncolumns = (int)n;
    if (out->op != CHANGE_INSERT)
        present_read(r, out->ncolumns, &out->before);
    if (out->op != CHANGE_DELETE)
        present_read(r, out->ncolumns, &out->after);
}

enum status binlog_rows_read(uint8_t type, struct reader body, struct arena *a,
                             struct binlog_rows *out, struct failure *f)
{
    memset(out, 0, sizeof *out);
    if (!op_of(type, &out->op))
        return fail(f, ERROR_INTERNAL, "binlog event type %u holds no rows", type);
    out->partial_json = type == BINLOG_PARTIAL_UPDATE_ROWS;
    out->table_id = read_le(&body, 6);
    out->flags = (uint16_t)read_le(&body, 2);
    if (out->table_id == DUMMY_TABLE_ID && !body.overrun)
        return STATUS_OK; /* only ends a statement */
    extra_skip(type, &body);
    bitmaps_read(&body, out);
    out->rows = body;
    if (body.overrun)
        return malformed(f);
    if (type < BINLOG_MARIA_WRITE_COMPRESSED)
        return STATUS_OK;
    const uint8_t *data;
    size_t size;
    if (!zip_record_read(body, a, &data, &size))
        return malformed(f);
    out->rows = reader_of(data, size);
    return STATUS_OK;
}

static const char *column_name(const struct table_map *map, int i, char *number)
{
    const struct binlog_column *c = &map->columns[i];
    if (c->name)
        return c->name;
    if (c->column)
        return c->column->name;
    int digits = snprintf(number, 16, "%d", i + 1);
    must(digits > 0);
    return number;
}

static enum status column_missing(const struct table_map *map, const uint8_t *present,
                                  const char *image, struct failure *f)
{
    int i = 0;
    while (i < map->ncolumns - 1 && bit_is_set(present, i))
        i++;
    char number[16];
    return fail(f, ERROR_ROW_IMAGE,
                "table %s.%s: column %s is not in the log's %s image of a row; set "
                "binlog_row_image=FULL on the server, and in every session that writes, then copy "
                "the table anew",
                map->schema, map->table, column_name(map, i, number), image);
}

static enum status value_failed(const struct table_map *map, int i, struct failure *f)
{
    char number[16];
    return fail_in(f, "table %s.%s, column %s", map->schema, map->table,
                   column_name(map, i, number));
}

/* An image that holds all columns, each of them whole: what nearly all are. */
static enum status whole_read(struct reader *r, const struct table_map *map, struct arena *a,
                              struct value *row, struct failure *f)
{
    int i;
    const uint8_t *nulls = read_bytes(r, (size_t)(map->ncolumns + 7) / 8);
    if (!nulls)
        return malformed(f);
    if (binlog_values_read(map, nulls, r, a, row, &i, f) != STATUS_OK)
        return value_failed(map, i, f);
    return STATUS_OK;
}

/* `before`: what left out columns are. `partial`: NULL where all values are whole. */
static enum status image_read(struct reader *r, const struct table_map *map,
                              const struct binlog_present *present, const struct value *before,
                              const struct partial *partial, struct arena *a, struct value *row,
                              struct failure *f)
{
    const uint8_t *nulls = read_bytes(r, (size_t)(present->count + 7) / 8);
    if (!nulls)
        return malformed(f);
    for (int i = 0, n = 0; i < map->ncolumns; i++) {
        if (!bit_is_set(present->bits, i)) {
            row[i] = before[i];
            continue;
        }
        if (bit_is_set(nulls, n++)) {
            row[i] = value_null();
            continue;
        }
        enum status st = partial && partial_holds(partial, i)
                             ? partial_value_read(partial, i, r, a, &row[i], f)
                             : binlog_value_read(&map->columns[i], r, a, &row[i], f);
        if (st != STATUS_OK)
            return value_failed(map, i, f);
    }
    return STATUS_OK;
}

static enum status before_read(struct binlog_rows *rows, const struct table_map *map,
                               struct arena *a, struct value *row, struct failure *f)
{
    if (rows->before.count != map->ncolumns)
        return column_missing(map, rows->before.bits, "before", f);
    return whole_read(&rows->rows, map, a, row, f);
}

static enum status after_read(struct binlog_rows *rows, const struct table_map *map,
                              struct arena *a, const struct value *before,
                              const struct partial *partial, struct value *row, struct failure *f)
{
    bool whole = rows->after.count == map->ncolumns;
    if (whole && !partial)
        return whole_read(&rows->rows, map, a, row, f);
    if (!whole && !before)
        return column_missing(map, rows->after.bits, "after", f);
    return image_read(&rows->rows, map, &rows->after, before, partial, a, row, f);
}

static enum status update_read(struct binlog_rows *rows, const struct table_map *map,
                               struct arena *a, struct change *c, struct failure *f)
{
    struct partial partial = {.map = map, .before = rows->rows};
    TRY(before_read(rows, map, a, c->before, f));
    if (!rows->partial_json)
        return after_read(rows, map, a, c->before, NULL, c->after, f);
    if (!partial_read(&partial, &rows->rows))
        return malformed(f);
    return after_read(rows, map, a, c->before, &partial, c->after, f);
}

void binlog_rows_keep(struct binlog_rows *rows, struct arena *a)
{
    size_t size = reader_left(&rows->rows);
    if (size == 0)
        return;
    rows->rows = reader_of(memcpy(arena_alloc(a, size), rows->rows.at, size), size);
}

static void texts_keep(struct value *row, int n, const struct reader *event, struct arena *a)
{
    for (int i = 0; row && i < n; i++) {
        const uint8_t *text = (const uint8_t *)row[i].text;
        if (value_kind_has_text((enum value_kind)row[i].kind) && text >= event->at &&
            text <= event->end)
            row[i] = value_copy(&row[i], a);
    }
}

void binlog_change_keep(struct change *c, const struct table_map *map, const struct reader *event,
                        struct arena *a)
{
    texts_keep(c->before, map->ncolumns, event, a);
    texts_keep(c->after, map->ncolumns, event, a);
}

enum status binlog_rows_next(struct binlog_rows *rows, const struct table_map *map, struct arena *a,
                             struct change *c, bool *more, struct failure *f)
{
    *more = reader_left(&rows->rows) > 0;
    if (!*more)
        return STATUS_OK;
    if (rows->ncolumns != map->ncolumns || map->ncolumns == 0)
        return malformed(f);
    size_t n = (size_t)map->ncolumns;
    struct value *row = arena_alloc(a, (rows->op == CHANGE_UPDATE ? 2 * n : n) * sizeof *row);
    c->op = rows->op;
    c->relation = map->relation;
    c->before = rows->op == CHANGE_INSERT ? NULL : row;
    c->after = rows->op == CHANGE_DELETE ? NULL : rows->op == CHANGE_UPDATE ? row + n : row;
    if (rows->op == CHANGE_INSERT)
        return after_read(rows, map, a, NULL, NULL, c->after, f);
    if (rows->op == CHANGE_DELETE)
        return before_read(rows, map, a, c->before, f);
    return update_read(rows, map, a, c, f);
}
