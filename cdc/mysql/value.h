/* Value: what the files that read column values share. Private to values.c, text.c and labels.c. */
#ifndef MILLRACE_MYSQL_VALUE_H
#define MILLRACE_MYSQL_VALUE_H

#include "mysql/decode.h"

/* -- text.c -- */
/* A size of `size_bytes`, then text or bytes as the collation says. */
enum status text_read(const struct binlog_column *col, struct reader *r, unsigned size_bytes,
                      struct arena *a, struct value *out, struct failure *f);
/* STRING with the binary collation: padded to its length; UUID, INET4, INET6 as the catalog says.
 */
enum status text_binary_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                             struct value *out, struct failure *f);
enum status text_compressed_read(const struct binlog_column *col, struct reader *r,
                                 unsigned size_bytes, struct arena *a, struct value *out,
                                 struct failure *f);
enum value_kind text_kind(const struct binlog_column *col);
/* Of the size before a text or bytes that are taken as they are; 0: the column is none such. */
unsigned text_size_bytes(const struct binlog_column *col);

/* -- labels.c -- */
enum status label_enum_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                            struct value *out, struct failure *f);
enum status label_set_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                           struct value *out, struct failure *f);

/* -- here, to be inline -- */
static inline enum status value_cut_short(struct failure *f)
{
    return fail(f, ERROR_PROTOCOL,
                "the value runs beyond its event; if mysqlbinlog reads the log at this position, "
                "please report it");
}

static inline bool text_is_binary(const struct binlog_column *col)
{
    return col->collation == COLLATION_BINARY;
}

static inline uint64_t value_load(const uint8_t *p, unsigned size)
{
    uint64_t v = 0;
    memcpy(&v, p, size);
    return v;
}

static inline struct value value_copied(enum value_kind kind, const uint8_t *data, size_t size,
                                        struct arena *a)
{
    char *copy = arena_alloc(a, size);
    memcpy(copy, data, size);
    return value_text(kind, copy, size);
}

/* `size_bytes` of size, then so many bytes; NULL where they are not there. */
static inline const uint8_t *value_sized_read(struct reader *r, unsigned size_bytes, size_t *size)
{
    const uint8_t *p = read_bytes(r, size_bytes);
    if (!p)
        return NULL;
    *size = (size_t)value_load(p, size_bytes);
    return read_bytes(r, *size);
}

static inline unsigned value_size_bytes(const struct binlog_column *col)
{
    return col->length > 255 ? 2 : 1;
}

#endif
