/* Values: one column of a row image. All integers are little-endian, those of NEWDECIMAL, BIT and
 * the "2" temporals big-endian.
 *
 *   integers           1, 2, 3, 4, 8 bytes; the sign is the table map's
 *   BIT                1 to 8 bytes
 *   YEAR               u8 + 1900, 0 is 0000
 *   JSON GEOMETRY VECTOR  size (1 to 4 bytes, by metadata), bytes
 *
 * Text and bytes are in text.c, ENUM and SET in labels.c, dates and times in temporal.c.
 */
#include "mysql/decode.h"
#include "mysql/value.h"

static inline enum status integer(const struct binlog_column *col, struct reader *r, unsigned size,
                                  struct value *out, struct failure *f)
{
    const uint8_t *p = read_bytes(r, size);
    if (!p)
        return value_cut_short(f);
    uint64_t v = value_load(p, size);
    unsigned unused = 64 - 8 * size;
    if (col->is_unsigned)
        *out = (struct value){.kind = VALUE_UINT, .u = v};
    else
        *out = (struct value){.kind = VALUE_INT, .i = (int64_t)(v << unused) >> unused};
    return STATUS_OK;
}

static enum status float_read(struct reader *r, struct value *out, struct failure *f)
{
    const uint8_t *p = read_bytes(r, sizeof(float));
    if (!p)
        return value_cut_short(f);
    float v;
    memcpy(&v, p, sizeof v);
    *out = (struct value){.kind = VALUE_FLOAT, .d = v};
    return STATUS_OK;
}

static enum status double_read(struct reader *r, struct value *out, struct failure *f)
{
    const uint8_t *p = read_bytes(r, sizeof(double));
    if (!p)
        return value_cut_short(f);
    *out = (struct value){.kind = VALUE_DOUBLE};
    memcpy(&out->d, p, sizeof out->d);
    return STATUS_OK;
}

static enum status decimal_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                                struct value *out, struct failure *f)
{
    const uint8_t *p = read_bytes(r, decimal_bytes(col->precision, col->scale));
    if (!p)
        return value_cut_short(f);
    char *text = arena_alloc(a, DECIMAL_TEXT_BYTES(col->precision));
    size_t size = decimal_write(p, col->precision, col->scale, text);
    if (size == 0)
        return fail(f, ERROR_VALUE,
                    "the binlog's bytes are no DECIMAL(%u,%u); compare the row "
                    "with mysqlbinlog -v",
                    col->precision, col->scale);
    *out = value_text(VALUE_DECIMAL, text, size);
    return STATUS_OK;
}

static enum status year_read(struct reader *r, struct value *out, struct failure *f)
{
    const uint8_t *p = read_bytes(r, 1);
    if (!p)
        return value_cut_short(f);
    *out = value_int(*p == 0 ? 0 : 1900 + *p);
    return STATUS_OK;
}

static enum status bit_read(const struct binlog_column *col, struct reader *r, struct value *out,
                            struct failure *f)
{
    *out = (struct value){.kind = VALUE_UINT, .u = read_be(r, col->length)};
    return r->overrun ? value_cut_short(f) : STATUS_OK;
}

/* MariaDB's form from before 5.6 has as many bytes as there are digits, and the log does not say
 * how many those are. */
static bool is_old_with_fraction(const struct binlog_column *col)
{
    bool old = col->type == TYPE_TIME || col->type == TYPE_DATETIME || col->type == TYPE_TIMESTAMP;
    return old && col->column && col->column->scale > 0;
}

static enum status moment_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                               struct value *out, struct failure *f)
{
    if (is_old_with_fraction(col))
        return fail(f, ERROR_UNSUPPORTED,
                    "the column has fractions of seconds in MariaDB's old format, which the log "
                    "does not describe; set mysql56_temporal_format=ON and run ALTER TABLE ... "
                    "FORCE");
    bool sound = temporal_read(col, r, a, out);
    if (r->overrun) /* what was not there was read as zeros: a zero date */
        return value_cut_short(f);
    if (sound)
        return STATUS_OK;
    return fail(f, ERROR_VALUE,
                "the binlog's bytes are no date or time that MySQL can hold; "
                "compare the row with mysqlbinlog -v");
}

static enum status bytes_read(const struct binlog_column *col, struct reader *r, struct value *out,
                              struct failure *f)
{
    size_t size;
    const uint8_t *data = value_sized_read(r, col->length, &size);
    if (!data)
        return value_cut_short(f);
    *out = value_text(VALUE_BYTES, (const char *)data, size);
    return STATUS_OK;
}

static enum status json_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                             struct value *out, struct failure *f)
{
    size_t size;
    const uint8_t *data = value_sized_read(r, col->length, &size);
    if (!data)
        return value_cut_short(f);
    struct buffer *text = decode_scratch();
    bool ok;
    binlog_json_write(data, size, text, &ok);
    if (!ok)
        return fail(f, ERROR_VALUE,
                    "the binlog's bytes are no JSON document; compare the row with "
                    "mysqlbinlog -v");
    *out = value_copied(VALUE_JSON, (const uint8_t *)text->data, text->size, a);
    return STATUS_OK;
}

/* -- all types -- */

enum status binlog_value_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                              struct value *out, struct failure *f)
{
    switch (col->type) {
    case TYPE_TINY:
        return integer(col, r, 1, out, f);
    case TYPE_SHORT:
        return integer(col, r, 2, out, f);
    case TYPE_INT24:
        return integer(col, r, 3, out, f);
    case TYPE_LONG:
        return integer(col, r, 4, out, f);
    case TYPE_LONGLONG:
        return integer(col, r, 8, out, f);
    case TYPE_FLOAT:
        return float_read(r, out, f);
    case TYPE_DOUBLE:
        return double_read(r, out, f);
    case TYPE_NEWDECIMAL:
        return decimal_read(col, r, a, out, f);
    case TYPE_YEAR:
        return year_read(r, out, f);
    case TYPE_BIT:
        return bit_read(col, r, out, f);
    case TYPE_VARCHAR:
    case TYPE_VAR_STRING:
        return text_read(col, r, value_size_bytes(col), a, out, f);
    case TYPE_STRING:
        return text_is_binary(col) ? text_binary_read(col, r, a, out, f)
                                   : text_read(col, r, value_size_bytes(col), a, out, f);
    case TYPE_BLOB:
    case TYPE_TINY_BLOB:
    case TYPE_MEDIUM_BLOB:
    case TYPE_LONG_BLOB:
        return text_read(col, r, col->length, a, out, f);
    case TYPE_ENUM:
        return label_enum_read(col, r, a, out, f);
    case TYPE_SET:
        return label_set_read(col, r, a, out, f);
    case TYPE_JSON:
        return json_read(col, r, a, out, f);
    case TYPE_GEOMETRY:
    case TYPE_VECTOR:
        return bytes_read(col, r, out, f);
    case TYPE_BLOB_COMPRESSED:
        return text_compressed_read(col, r, col->length, a, out, f);
    case TYPE_VARCHAR_COMPRESSED:
        return text_compressed_read(col, r, value_size_bytes(col), a, out, f);
    case TYPE_NULL:
        *out = value_null();
        return STATUS_OK;
    default:
        return moment_read(col, r, a, out, f);
    }
}

enum value_kind binlog_kind(const struct binlog_column *col)
{
    switch (col->type) {
    case TYPE_TINY:
    case TYPE_SHORT:
    case TYPE_INT24:
    case TYPE_LONG:
    case TYPE_LONGLONG:
        return col->is_unsigned ? VALUE_UINT : VALUE_INT;
    case TYPE_YEAR:
        return VALUE_INT;
    case TYPE_BIT:
        return VALUE_UINT;
    case TYPE_FLOAT:
        return VALUE_FLOAT;
    case TYPE_DOUBLE:
        return VALUE_DOUBLE;
    case TYPE_NEWDECIMAL:
        return VALUE_DECIMAL;
    case TYPE_DATE:
    case TYPE_NEWDATE:
        return VALUE_DATE;
    case TYPE_DATETIME:
    case TYPE_DATETIME2:
        return VALUE_DATETIME;
    case TYPE_TIMESTAMP:
    case TYPE_TIMESTAMP2:
        return VALUE_INSTANT;
    case TYPE_TIME:
    case TYPE_TIME2:
        return VALUE_TIME;
    case TYPE_ENUM:
    case TYPE_SET:
        return VALUE_TEXT;
    case TYPE_JSON:
        return VALUE_JSON;
    case TYPE_GEOMETRY:
    case TYPE_VECTOR:
        return VALUE_BYTES;
    case TYPE_NULL:
        return VALUE_NULL;
    default:
        return text_kind(col);
    }
}

static size_t fixed_size(const struct binlog_column *col)
{
    unsigned fraction = (col->scale + 1u) / 2;
    switch (col->type) {
    case TYPE_TINY:
    case TYPE_YEAR:
        return 1;
    case TYPE_SHORT:
        return 2;
    case TYPE_INT24:
    case TYPE_DATE:
    case TYPE_NEWDATE:
    case TYPE_TIME:
        return 3;
    case TYPE_LONG:
    case TYPE_FLOAT:
    case TYPE_TIMESTAMP:
        return 4;
    case TYPE_LONGLONG:
    case TYPE_DOUBLE:
    case TYPE_DATETIME:
        return 8;
    case TYPE_TIME2:
        return 3 + fraction;
    case TYPE_TIMESTAMP2:
        return 4 + fraction;
    case TYPE_DATETIME2:
        return 5 + fraction;
    case TYPE_NEWDECIMAL:
        return decimal_bytes(col->precision, col->scale);
    default: /* BIT, ENUM, SET */
        return col->type == TYPE_NULL ? 0 : col->length;
    }
}

void value_skip(const struct binlog_column *col, struct reader *r)
{
    size_t size;
    switch (col->type) {
    case TYPE_VARCHAR:
    case TYPE_VAR_STRING:
    case TYPE_STRING:
    case TYPE_VARCHAR_COMPRESSED:
        value_sized_read(r, value_size_bytes(col), &size);
        break;
    case TYPE_BLOB:
    case TYPE_TINY_BLOB:
    case TYPE_MEDIUM_BLOB:
    case TYPE_LONG_BLOB:
    case TYPE_BLOB_COMPRESSED:
    case TYPE_JSON:
    case TYPE_GEOMETRY:
    case TYPE_VECTOR:
        value_sized_read(r, col->length, &size);
        break;
    default:
        read_bytes(r, fixed_size(col));
    }
}
