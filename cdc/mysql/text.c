/* Text and bytes.
 *
 *   VARCHAR   size (1 byte, 2 where the column may exceed 255), bytes
 *   STRING    the same; CHAR without trailing spaces, BINARY(n) without trailing zeros
 *   BLOB      size (1 to 4 bytes, by metadata), bytes
 *   MariaDB's COMPRESSED columns: as VARCHAR and BLOB, the bytes by zip.c
 *
 * Which of them is text the collation says. MariaDB's UUID, INET4 and INET6 come as BINARY, its
 * JSON as LONGTEXT: there the catalog's kind decides.
 */
#include <arpa/inet.h>
#include <strings.h>
#include "mysql/decode.h"
#include "mysql/value.h"

enum { UUID_BYTES = 16, INET4_BYTES = 4, INET6_BYTES = 16 };

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

static enum status text_convert(const struct binlog_column *col, enum value_kind kind,
                                uint8_t charset, const uint8_t *data, size_t size, struct arena *a,
                                struct value *out, struct failure *f)
{
    if (charset == CHARSET_UNKNOWN && col->collation == 0)
        return fail(f, ERROR_SETTING,
                    "the character set is not in the log; set binlog_row_metadata=FULL on the "
                    "server");
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

static enum value_kind kind_of(const struct binlog_column *col)
{
    if (text_is_binary(col))
        return VALUE_BYTES;
    return catalog_kind_is(col, VALUE_JSON) ? VALUE_JSON : VALUE_TEXT;
}

/* False: the bytes are to be converted. */
static bool is_as_it_is(const struct binlog_column *col)
{
    return text_is_binary(col) || charset_is_utf8(charset_of(col));
}

enum status text_read(const struct binlog_column *col, struct reader *r, unsigned size_bytes,
                      struct arena *a, struct value *out, struct failure *f)
{
    size_t size;
    const uint8_t *data = value_sized_read(r, size_bytes, &size);
    if (!data)
        return value_cut_short(f);
    if (!is_as_it_is(col))
        return text_convert(col, kind_of(col), charset_of(col), data, size, a, out, f);
    *out = value_text(kind_of(col), (const char *)data, size);
    return STATUS_OK;
}

static enum status inet_value(int family, const char *bytes, struct arena *a, struct value *out)
{
    char text[INET6_ADDRSTRLEN];
    inet_ntop(family, bytes, text, sizeof text);
    *out = value_copied(VALUE_TEXT, (const uint8_t *)text, strlen(text), a);
    return STATUS_OK;
}

/* BINARY(n): the zeros at the end are not in the log. */
enum status text_binary_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                             struct value *out, struct failure *f)
{
    size_t size;
    const uint8_t *data = value_sized_read(r, value_size_bytes(col), &size);
    if (!data || size > col->length)
        return value_cut_short(f);
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

enum status text_compressed_read(const struct binlog_column *col, struct reader *r,
                                 unsigned size_bytes, struct arena *a, struct value *out,
                                 struct failure *f)
{
    size_t size;
    const uint8_t *data = value_sized_read(r, size_bytes, &size);
    if (!data)
        return value_cut_short(f);
    if (!zip_column_read(reader_of(data, size), a, &data, &size))
        return fail(f, ERROR_VALUE,
                    "the compressed column cannot be unpacked; compare the row "
                    "with mysqlbinlog -v");
    if (!is_as_it_is(col))
        return text_convert(col, kind_of(col), charset_of(col), data, size, a, out, f);
    *out = value_text(kind_of(col), (const char *)data, size);
    return STATUS_OK;
}

enum value_kind text_kind(const struct binlog_column *col)
{
    if (!text_is_binary(col) || col->type != TYPE_STRING)
        return kind_of(col);
    if (col->length == UUID_BYTES && catalog_kind_is(col, VALUE_UUID))
        return VALUE_UUID;
    bool inet = (col->length == INET4_BYTES && catalog_type_is(col, "inet4")) ||
                (col->length == INET6_BYTES && catalog_type_is(col, "inet6"));
    return inet && catalog_kind_is(col, VALUE_TEXT) ? VALUE_TEXT : VALUE_BYTES;
}

unsigned text_size_bytes(const struct binlog_column *col)
{
    switch (col->type) {
    case TYPE_STRING:
        return is_as_it_is(col) && !text_is_binary(col) ? value_size_bytes(col) : 0;
    case TYPE_VARCHAR:
    case TYPE_VAR_STRING:
        return is_as_it_is(col) ? value_size_bytes(col) : 0;
    case TYPE_BLOB:
    case TYPE_TINY_BLOB:
    case TYPE_MEDIUM_BLOB:
    case TYPE_LONG_BLOB:
        return is_as_it_is(col) ? col->length : 0;
    default:
        return 0;
    }
}
