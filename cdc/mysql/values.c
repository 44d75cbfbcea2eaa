/* Values: one column of a row image. All integers are little-endian, those of NEWDECIMAL, BIT and
 * the "2" temporals big-endian.
 *
 *   integers           1, 2, 3, 4, 8 bytes; the sign is the table map's
 *   VARCHAR            size (1 byte, 2 where the column may exceed 255), bytes
 *   STRING             the same; CHAR without trailing spaces, BINARY(n) without trailing zeros
 *   BLOB JSON GEOMETRY VECTOR  size (1 to 4 bytes, by metadata), bytes
 *   ENUM, SET          index from 1, bitmap
 *   BIT                1 to 8 bytes
 *   YEAR               u8 + 1900, 0 is 0000
 *
 * MariaDB's UUID, INET4 and INET6 come as BINARY; only the catalog knows.
 */
#include <arpa/inet.h>
#include <strings.h>
#include "mysql/decode.h"

enum { UUID_BYTES = 16, INET4_BYTES = 4, INET6_BYTES = 16 };

static enum status cut_short(struct failure *f)
{
    return fail(f, ERROR_PROTOCOL,
                "the value runs beyond its event; if mysqlbinlog reads the log at this position, "
                "please report it");
}

static uint64_t load(const uint8_t *p, unsigned size)
{
    uint64_t v = 0;
    memcpy(&v, p, size);
    return v;
}

static inline enum status integer(const struct binlog_column *col, struct reader *r, unsigned size,
                                  struct value *out, struct failure *f)
{
    const uint8_t *p = read_bytes(r, size);
    if (!p)
        return cut_short(f);
    uint64_t v = load(p, size);
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
        return cut_short(f);
    float v;
    memcpy(&v, p, sizeof v);
    *out = (struct value){.kind = VALUE_FLOAT, .d = v};
    return STATUS_OK;
}

static enum status double_read(struct reader *r, struct value *out, struct failure *f)
{
    const uint8_t *p = read_bytes(r, sizeof(double));
    if (!p)
        return cut_short(f);
    *out = (struct value){.kind = VALUE_DOUBLE};
    memcpy(&out->d, p, sizeof out->d);
    return STATUS_OK;
}

static enum status decimal_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                                struct value *out, struct failure *f)
{
    const uint8_t *p = read_bytes(r, decimal_bytes(col->precision, col->scale));
    if (!p)
        return cut_short(f);
    char text[DECIMAL_DIGITS_MAX + 3];
    size_t size = decimal_write(p, col->precision, col->scale, text);
    if (size == 0)
        return fail(f, ERROR_VALUE,
                    "the binlog's bytes are no DECIMAL(%u,%u); compare the row "
                    "with mysqlbinlog -v",
                    col->precision, col->scale);
    char *copy = arena_alloc(a, size);
    memcpy(copy, text, size);
    *out = value_text(VALUE_DECIMAL, copy, size);
    return STATUS_OK;
}

static enum status year_read(struct reader *r, struct value *out, struct failure *f)
{
    const uint8_t *p = read_bytes(r, 1);
    if (!p)
        return cut_short(f);
    *out = value_int(*p == 0 ? 0 : 1900 + *p);
    return STATUS_OK;
}

static enum status bit_read(const struct binlog_column *col, struct reader *r, struct value *out,
                            struct failure *f)
{
    *out = (struct value){.kind = VALUE_UINT, .u = read_be(r, col->length)};
    return r->overrun ? cut_short(f) : STATUS_OK;
}

static enum status moment_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                               struct value *out, struct failure *f)
{
    if (temporal_read(col, r, a, out))
        return STATUS_OK;
    if (r->overrun)
        return cut_short(f);
    return fail(f, ERROR_VALUE,
                "the binlog's bytes are no date or time that MySQL can hold; "
                "compare the row with mysqlbinlog -v");
}

/* -- strings -- */

static bool is_binary(const struct binlog_column *col)
{
    return col->collation == COLLATION_BINARY;
}

static bool catalog_kind_is(const struct binlog_column *col, enum value_kind kind)
{
    return col->column && col->column->kind == kind;
}

static bool catalog_type_is(const struct binlog_column *col, const char *type)
{
    return col->column && col->column->type &&
           strncasecmp(col->column->type, type, strlen(type)) == 0;
}

static uint8_t charset_of(const struct binlog_column *col)
{
    if (col->charset != CHARSET_UNKNOWN)
        return col->charset;
    uint8_t charset = charset_of_collation(col->collation);
    if (charset == CHARSET_UNKNOWN && col->column && col->column->collation)
        charset = charset_of_name(col->column->collation);
    return charset;
}

static struct value copied(enum value_kind kind, const uint8_t *data, size_t size, struct arena *a)
{
    char *copy = arena_alloc(a, size);
    memcpy(copy, data, size);
    return value_text(kind, copy, size);
}

static enum status text_convert(const struct binlog_column *col, enum value_kind kind,
                                uint8_t charset, const uint8_t *data, size_t size, struct arena *a,
                                struct value *out, struct failure *f)
{
    if (charset == CHARSET_UNKNOWN)
        return fail(f, ERROR_UNSUPPORTED,
                    "the character set of collation %u is not known here; convert the column to "
                    "utf8mb4, or leave it out of the replication",
                    col->collation);
    const char *text;
    size_t text_size;
    if (!charset_convert(charset, data, size, a, &text, &text_size))
        return fail(f, ERROR_VALUE,
                    "the text is not valid in its character set (collation %u); mend the row, or "
                    "make the column binary",
                    col->collation);
    *out = value_text(kind, text, text_size);
    return STATUS_OK;
}

static enum status text_value(const struct binlog_column *col, const uint8_t *data, size_t size,
                              struct arena *a, struct value *out, struct failure *f)
{
    if (is_binary(col)) {
        *out = copied(VALUE_BYTES, data, size, a);
        return STATUS_OK;
    }
    enum value_kind kind = catalog_kind_is(col, VALUE_JSON) ? VALUE_JSON : VALUE_TEXT;
    uint8_t charset = charset_of(col);
    if (!charset_is_utf8(charset))
        return text_convert(col, kind, charset, data, size, a, out, f);
    *out = copied(kind, data, size, a);
    return STATUS_OK;
}

/* `size_bytes` of size, then so many bytes; NULL where they are not there. */
static inline const uint8_t *sized_read(struct reader *r, unsigned size_bytes, size_t *size)
{
    const uint8_t *p = read_bytes(r, size_bytes);
    if (!p)
        return NULL;
    *size = (size_t)load(p, size_bytes);
    return read_bytes(r, *size);
}

static inline unsigned short_or_long(const struct binlog_column *col)
{
    return col->length > 255 ? 2 : 1;
}

static enum status string_read(const struct binlog_column *col, struct reader *r,
                               unsigned size_bytes, struct arena *a, struct value *out,
                               struct failure *f)
{
    size_t size;
    const uint8_t *data = sized_read(r, size_bytes, &size);
    return data ? text_value(col, data, size, a, out, f) : cut_short(f);
}

static enum status inet_value(int family, const char *bytes, struct arena *a, struct value *out)
{
    char text[INET6_ADDRSTRLEN];
    inet_ntop(family, bytes, text, sizeof text);
    *out = copied(VALUE_TEXT, (const uint8_t *)text, strlen(text), a);
    return STATUS_OK;
}

/* BINARY(n): the zeros at the end are not in the log. */
static enum status binary_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                               struct value *out, struct failure *f)
{
    size_t size;
    const uint8_t *data = sized_read(r, short_or_long(col), &size);
    if (!data || size > col->length)
        return cut_short(f);
    char *padded = arena_alloc(a, col->length);
    memcpy(padded, data, size);
    memset(padded + size, 0, col->length - size);
    bool uuid = catalog_kind_is(col, VALUE_UUID) && col->length == UUID_BYTES;
    if (catalog_kind_is(col, VALUE_TEXT)) {
        if (col->length == INET4_BYTES && catalog_type_is(col, "inet4"))
            return inet_value(AF_INET, padded, a, out);
        if (col->length == INET6_BYTES && catalog_type_is(col, "inet6"))
            return inet_value(AF_INET6, padded, a, out);
    }
    *out = value_text(uuid ? VALUE_UUID : VALUE_BYTES, padded, col->length);
    return STATUS_OK;
}

static enum status bytes_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                              struct value *out, struct failure *f)
{
    size_t size;
    const uint8_t *data = sized_read(r, col->length, &size);
    if (!data)
        return cut_short(f);
    *out = copied(VALUE_BYTES, data, size, a);
    return STATUS_OK;
}

static enum status compressed_read(const struct binlog_column *col, struct reader *r,
                                   unsigned size_bytes, struct arena *a, struct value *out,
                                   struct failure *f)
{
    size_t size;
    const uint8_t *data = sized_read(r, size_bytes, &size);
    if (!data)
        return cut_short(f);
    if (!zip_column_read(reader_of(data, size), a, &data, &size))
        return fail(f, ERROR_VALUE,
                    "the compressed column cannot be unpacked; compare the row "
                    "with mysqlbinlog -v");
    if (!is_binary(col) && charset_is_utf8(charset_of(col)))
        *out = value_text(catalog_kind_is(col, VALUE_JSON) ? VALUE_JSON : VALUE_TEXT,
                          (const char *)data, size);
    else if (is_binary(col))
        *out = value_text(VALUE_BYTES, (const char *)data, size);
    else
        return text_value(col, data, size, a, out, f);
    return STATUS_OK;
}

static enum status json_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                             struct value *out, struct failure *f)
{
    size_t size;
    const uint8_t *data = sized_read(r, col->length, &size);
    if (!data)
        return cut_short(f);
    struct buffer *text = decode_scratch();
    bool ok;
    binlog_json_write(data, size, text, &ok);
    if (!ok)
        return fail(f, ERROR_VALUE,
                    "the binlog's bytes are no JSON document; compare the row with "
                    "mysqlbinlog -v");
    *out = copied(VALUE_JSON, (const uint8_t *)text->data, text->size, a);
    return STATUS_OK;
}

/* -- ENUM and SET -- */

static enum status labels_missing(const struct binlog_column *col, struct failure *f)
{
    if (col->nlabels > 0 || col->collation != 0)
        return fail(f, ERROR_UNSUPPORTED,
                    "the labels of this ENUM or SET column are not in the log, or in a character "
                    "set that is not known here (collation %u)",
                    col->collation);
    return fail(f, ERROR_SETTING,
                "the labels of ENUM and SET columns are not in the log; set "
                "binlog_row_metadata=FULL on the server");
}

static enum status enum_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                             struct value *out, struct failure *f)
{
    uint64_t index = read_le(r, col->length);
    if (r->overrun)
        return cut_short(f);
    if (index == 0) { /* the error value */
        *out = value_text(VALUE_TEXT, "", 0);
        return STATUS_OK;
    }
    if (col->nlabels == 0)
        return labels_missing(col, f);
    if (index > (uint64_t)col->nlabels)
        return fail(f, ERROR_VALUE, "the ENUM has %d labels, the log's number is %ju", col->nlabels,
                    (uintmax_t)index);
    const char *label = col->labels[index - 1];
    *out = copied(VALUE_TEXT, (const uint8_t *)label, strlen(label), a);
    return STATUS_OK;
}

static size_t set_size(const struct binlog_column *col, uint64_t bits)
{
    size_t size = 0;
    for (int i = 0; i < col->nlabels && i < 64; i++)
        if (bits >> i & 1)
            size += strlen(col->labels[i]) + 1;
    return size;
}

static char *set_write(const struct binlog_column *col, uint64_t bits, char *at)
{
    char *start = at;
    for (int i = 0; i < col->nlabels && i < 64; i++) {
        if (!(bits >> i & 1))
            continue;
        if (at != start)
            *at++ = ',';
        at = stpcpy(at, col->labels[i]);
    }
    return at;
}

static enum status set_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                            struct value *out, struct failure *f)
{
    uint64_t bits = read_le(r, col->length);
    if (r->overrun)
        return cut_short(f);
    if (bits == 0) {
        *out = value_text(VALUE_TEXT, "", 0);
        return STATUS_OK;
    }
    if (col->nlabels == 0)
        return labels_missing(col, f);
    if (col->nlabels < 64 && bits >> col->nlabels != 0)
        return fail(f, ERROR_VALUE, "the SET has %d labels, the log's bits are 0x%jx", col->nlabels,
                    (uintmax_t)bits);
    char *text = arena_alloc(a, set_size(col, bits) + 1);
    *out = value_text(VALUE_TEXT, text, (size_t)(set_write(col, bits, text) - text));
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
        return string_read(col, r, short_or_long(col), a, out, f);
    case TYPE_STRING:
        return is_binary(col) ? binary_read(col, r, a, out, f)
                              : string_read(col, r, short_or_long(col), a, out, f);
    case TYPE_BLOB:
    case TYPE_TINY_BLOB:
    case TYPE_MEDIUM_BLOB:
    case TYPE_LONG_BLOB:
        return string_read(col, r, col->length, a, out, f);
    case TYPE_ENUM:
        return enum_read(col, r, a, out, f);
    case TYPE_SET:
        return set_read(col, r, a, out, f);
    case TYPE_JSON:
        return json_read(col, r, a, out, f);
    case TYPE_GEOMETRY:
    case TYPE_VECTOR:
        return bytes_read(col, r, a, out, f);
    case TYPE_BLOB_COMPRESSED:
        return compressed_read(col, r, col->length, a, out, f);
    case TYPE_VARCHAR_COMPRESSED:
        return compressed_read(col, r, short_or_long(col), a, out, f);
    case TYPE_NULL:
        *out = value_null();
        return STATUS_OK;
    default:
        return moment_read(col, r, a, out, f);
    }
}

static enum value_kind string_kind(const struct binlog_column *col)
{
    if (!is_binary(col))
        return catalog_kind_is(col, VALUE_JSON) ? VALUE_JSON : VALUE_TEXT;
    if (col->type != TYPE_STRING)
        return VALUE_BYTES;
    if (col->length == UUID_BYTES && catalog_kind_is(col, VALUE_UUID))
        return VALUE_UUID;
    bool inet = (col->length == INET4_BYTES && catalog_type_is(col, "inet4")) ||
                (col->length == INET6_BYTES && catalog_type_is(col, "inet6"));
    return inet && catalog_kind_is(col, VALUE_TEXT) ? VALUE_TEXT : VALUE_BYTES;
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
        return string_kind(col);
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
        sized_read(r, short_or_long(col), &size);
        break;
    case TYPE_BLOB:
    case TYPE_TINY_BLOB:
    case TYPE_MEDIUM_BLOB:
    case TYPE_LONG_BLOB:
    case TYPE_BLOB_COMPRESSED:
    case TYPE_JSON:
    case TYPE_GEOMETRY:
    case TYPE_VECTOR:
        sized_read(r, col->length, &size);
        break;
    default:
        read_bytes(r, fixed_size(col));
    }
}
