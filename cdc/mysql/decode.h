/* Decode: what the binlog's decoders share among themselves; private to them. Pure.
 *
 * The host is little-endian, as the binlog is (checked at compile time).
 */
#ifndef MILLRACE_MYSQL_DECODE_H
#define MILLRACE_MYSQL_DECODE_H

#include "mysql/binlog.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the binlog decoders read in place");

enum {
    TYPE_TINY = 1,
    TYPE_SHORT = 2,
    TYPE_LONG = 3,
    TYPE_FLOAT = 4,
    TYPE_DOUBLE = 5,
    TYPE_NULL = 6,
    TYPE_TIMESTAMP = 7,
    TYPE_LONGLONG = 8,
    TYPE_INT24 = 9,
    TYPE_DATE = 10,
    TYPE_TIME = 11,
    TYPE_DATETIME = 12,
    TYPE_YEAR = 13,
    TYPE_NEWDATE = 14,
    TYPE_VARCHAR = 15,
    TYPE_BIT = 16,
    TYPE_TIMESTAMP2 = 17,
    TYPE_DATETIME2 = 18,
    TYPE_TIME2 = 19,
    TYPE_BLOB_COMPRESSED = 140,    /* MariaDB */
    TYPE_VARCHAR_COMPRESSED = 141, /* MariaDB */
    TYPE_VECTOR = 242,
    TYPE_JSON = 245,
    TYPE_NEWDECIMAL = 246,
    TYPE_ENUM = 247,
    TYPE_SET = 248,
    TYPE_TINY_BLOB = 249,
    TYPE_MEDIUM_BLOB = 250,
    TYPE_LONG_BLOB = 251,
    TYPE_BLOB = 252,
    TYPE_VAR_STRING = 253,
    TYPE_STRING = 254,
    TYPE_GEOMETRY = 255,
};

enum { COLLATION_BINARY = 63, COLUMNS_MAX = 4096, DECIMAL_DIGITS_MAX = 81 };

#define DECIMAL_TEXT_BYTES(digits) ((size_t)(digits) + 3) /* sign, a zero, the point */

/* A length-encoded integer; the NULL mark (251) and 255 count as an overrun. */
static inline uint64_t read_packed(struct reader *r)
{
    uint8_t first = read_u8(r);
    if (first < 251)
        return first;
    if (first == 251 || first == 255) {
        r->overrun = true;
        return 0;
    }
    return read_le(r, first == 252 ? 2 : first == 253 ? 3 : 8);
}

/* `size` bytes as a reader of their own; an empty one and overrun where they are not there. */
static inline struct reader read_part(struct reader *r, uint64_t size)
{
    if (size > reader_left(r)) {
        r->overrun = true;
        r->at = r->end;
        return (struct reader){.at = r->end, .end = r->end, .overrun = true};
    }
    const uint8_t *at = read_bytes(r, (size_t)size);
    return reader_of(at, (size_t)size);
}

static inline bool bit_is_set(const uint8_t *bits, int i) /* least significant first */
{
    return bits[i >> 3] >> (i & 7) & 1;
}

/* -- values.c -- */
void value_skip(const struct binlog_column *col, struct reader *r);

/* -- decimal.c -- */
size_t decimal_bytes(int precision, int scale);
/* Writes the text, scale digits after the point, to `out` (DECIMAL_TEXT_BYTES). Returns its size, 0 where the bytes are no decimal. `data` has decimal_bytes(precision, scale). */
size_t decimal_write(const uint8_t *data, int precision, int scale, char *out);

/* -- temporal.c: all of one type's bytes are at `r`; out of range is ODD with the text that MySQL
 * prints; false: the bytes are no such value -- */
bool temporal_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                   struct value *out);
/* The packed form inside JSON (8 bytes, little-endian), as JSON prints it, without quotes. */
void temporal_write_packed(uint8_t type, int64_t packed, struct buffer *out);

/* -- zip.c: MariaDB's compression of events and of columns -- */
/* `0x80|n, length (n bytes, big-endian), zlib stream` -> bytes in `a`. False: malformed. */
bool zip_record_read(struct reader r, struct arena *a, const uint8_t **out, size_t *size);
/* A compressed column's data -> bytes in `a`. False: malformed. */
bool zip_column_read(struct reader r, struct arena *a, const uint8_t **out, size_t *size);

/* -- charset.c -- */
enum { CHARSET_UNKNOWN = 0 }; /* binlog_column.charset; the others are charset.c's own affair */
uint8_t charset_of_collation(uint32_t collation);
/* By the catalog's collation name ("gbk_chinese_ci"), where the id is not known. */
uint8_t charset_of_name(const char *collation);
bool charset_is_utf8(uint8_t charset);
/* To UTF-8 in `a`. False: bytes that the charset does not know. */
bool charset_convert(uint8_t charset, const uint8_t *text, size_t size, struct arena *a,
                     const char **out, size_t *out_size);

/* -- json_diff.c: a partial update's list of changes to a JSON document -- */
/* `before` is the document's binary form, `diff` the list; the new text is added to `out`. */
bool json_diff_apply(struct reader before, struct reader diff, struct arena *a, struct buffer *out);

/* A buffer of this thread for what has no size beforehand; cleared. Freed with the thread. */
struct buffer *decode_scratch(void);

#endif
