/* Binlog: pure decoders from bytes to events and rows; no server, no threads: tested and fuzzed on
 * bytes alone. Formats: docs in each file's header, from the servers' sources
 * (libs/mysql/binlog/event/). Files: event.c (header, FDE, rotate, gtid, query), table_map.c and
 * metadata.c (what FULL adds), rows.c (rows), image.c (whole images), values.c (column values) with
 * text.c, labels.c, temporal.c, decimal.c, charset.c (to UTF-8), json.c (binary JSON), partial.c and
 * json_diff.c (partial JSON updates), zip.c (MariaDB's zlib), payload.c (compressed transactions),
 * gtid_set.c.
 */
#ifndef MILLRACE_MYSQL_BINLOG_H
#define MILLRACE_MYSQL_BINLOG_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/fail.h"
#include "base/reader.h"
#include "model/change.h"

#define BINLOG_EVENTS(X)                                                                           \
    X(BINLOG_QUERY, 2)                                                                             \
    X(BINLOG_STOP, 3)                                                                              \
    X(BINLOG_ROTATE, 4)                                                                            \
    X(BINLOG_INTVAR, 5)                                                                            \
    X(BINLOG_RAND, 13)                                                                             \
    X(BINLOG_USER_VAR, 14)                                                                         \
    X(BINLOG_FORMAT_DESCRIPTION, 15)                                                               \
    X(BINLOG_XID, 16)                                                                              \
    X(BINLOG_TABLE_MAP, 19)                                                                        \
    X(BINLOG_WRITE_ROWS_V1, 23)                                                                    \
    X(BINLOG_UPDATE_ROWS_V1, 24)                                                                   \
    X(BINLOG_DELETE_ROWS_V1, 25)                                                                   \
    X(BINLOG_INCIDENT, 26)                                                                         \
    X(BINLOG_HEARTBEAT, 27)                                                                        \
    X(BINLOG_IGNORABLE, 28)                                                                        \
    X(BINLOG_ROWS_QUERY, 29)                                                                       \
    X(BINLOG_WRITE_ROWS, 30)                                                                       \
    X(BINLOG_UPDATE_ROWS, 31)                                                                      \
    X(BINLOG_DELETE_ROWS, 32)                                                                      \
    X(BINLOG_GTID, 33)                                                                             \
    X(BINLOG_ANONYMOUS_GTID, 34)                                                                   \
    X(BINLOG_PREVIOUS_GTIDS, 35)                                                                   \
    X(BINLOG_XA_PREPARE, 38)                                                                       \
    X(BINLOG_PARTIAL_UPDATE_ROWS, 39)                                                              \
    X(BINLOG_TRANSACTION_PAYLOAD, 40)                                                              \
    X(BINLOG_HEARTBEAT_V2, 41)                                                                     \
    X(BINLOG_GTID_TAGGED, 42)                                                                      \
    X(BINLOG_MARIA_ANNOTATE, 160)                                                                  \
    X(BINLOG_MARIA_CHECKPOINT, 161)                                                                \
    X(BINLOG_MARIA_GTID, 162)                                                                      \
    X(BINLOG_MARIA_GTID_LIST, 163)                                                                 \
    X(BINLOG_MARIA_START_ENCRYPTION, 164)                                                          \
    X(BINLOG_MARIA_QUERY_COMPRESSED, 165)                                                          \
    X(BINLOG_MARIA_WRITE_COMPRESSED, 166)                                                          \
    X(BINLOG_MARIA_UPDATE_COMPRESSED, 167)                                                         \
    X(BINLOG_MARIA_DELETE_COMPRESSED, 168)

enum binlog_event_type {
#define X(name, number) name = number,
    BINLOG_EVENTS(X)
#undef X
};

enum { BINLOG_FLAG_IGNORABLE = 0x0080, BINLOG_HEADER_BYTES = 19 };

struct binlog_header {
    uint32_t timestamp; /* seconds */
    uint8_t type;
    uint32_t server_id;
    uint32_t size;    /* with header and checksum */
    uint32_t log_pos; /* of the event's end; wraps beyond 4 GiB; 0 in artificial events */
    uint16_t flags;
};

/* Header and body (without checksum where `checksum`). PROTOCOL on sizes that do not fit. */
enum status binlog_header_read(const void *data, size_t size, bool checksum,
                               struct binlog_header *h, struct reader *body, struct failure *f);

/* -- GTIDs and sets (gtid_set.c) -- */
struct gtid {
    bool mariadb;
    uint8_t uuid[16];
    char tag[33];
    uint64_t number;             /* gno, or MariaDB's sequence */
    uint32_t domain, server_id;  /* MariaDB */
    bool anonymous;
    int64_t committed_us;        /* 0 unknown */
    bool ddl, standalone, xa;    /* MariaDB flags */
};
struct gtid_set; /* of one family; MySQL: intervals; MariaDB: last of each domain */
struct gtid_set *gtid_set_new(bool mariadb);
void gtid_set_free(struct gtid_set *s);
/* What was in the set is forgotten. CONFIG where the text is no set; then the set is empty. */
enum status gtid_set_read(struct gtid_set *s, const char *text, struct failure *f);
void gtid_set_add(struct gtid_set *s, const struct gtid *g);
void gtid_set_write(const struct gtid_set *s, struct buffer *out); /* appends the text */
bool gtid_set_holds(const struct gtid_set *s, const struct gtid *g);
/* a subset of b? */
bool gtid_set_within(const struct gtid_set *a, const struct gtid_set *b);
void gtid_set_encode(const struct gtid_set *s, struct buffer *out); /* COM_BINLOG_DUMP_GTID's form */

/* -- events other than rows (event.c); strings lie in the packet -- */
struct binlog_format {
    uint8_t checksum; /* algorithm byte: 0 none, 1 CRC32 */
    char server_version[51];
};
struct binlog_rotate {
    uint64_t position;
    const char *file;
    size_t file_size;
};
struct binlog_query {
    const char *database;
    const char *sql;
    size_t sql_size;
};
enum status binlog_format_read(struct reader body, struct binlog_format *out, struct failure *f);
enum status binlog_rotate_read(struct reader body, struct binlog_rotate *out, struct failure *f);
/* `type` QUERY or MARIA_QUERY_COMPRESSED; sql of a compressed one lies in `a`. */
enum status binlog_query_read(uint8_t type, struct reader body, struct arena *a,
                              struct binlog_query *out, struct failure *f);
/* `type` GTID, ANONYMOUS_GTID, GTID_TAGGED or MARIA_GTID. */
enum status binlog_gtid_read(const struct binlog_header *h, struct reader body, struct gtid *out,
                             struct failure *f);

/* -- TABLE_MAP (table_map.c) -- */
/* How binlog_values_read reads a column; see image.c. */
enum binlog_form { FORM_OTHER, FORM_INTEGER, FORM_DOUBLE, FORM_DECIMAL, FORM_TEXT };
struct binlog_column {
    uint8_t type;          /* real type: ENUM and SET taken out of STRING */
    uint16_t length;       /* by type: max bytes, pack length, length size */
    uint8_t precision, scale; /* NEWDECIMAL; scale = fractional digits of temporals */
    bool is_unsigned, nullable, visible;
    uint32_t collation;    /* 0 unknown; 63 binary */
    uint8_t charset;       /* of the collation; charset.c's number, 0: found at each value */
    const char *name;
    const char **labels;   /* ENUM, SET: UTF-8 */
    int nlabels;
    const struct column *column; /* set by the source from the catalog; may be NULL in tests */
    uint8_t form, size, kind; /* column_settle's: enum binlog_form, of its bytes or of its size */
};
struct table_map {
    uint64_t id;
    const char *schema, *table;
    int ncolumns;
    struct binlog_column *columns;
    int nkey;
    int *key;              /* from optional metadata 8 / 9 */
    bool has_names;        /* binlog_row_metadata=FULL */
    const struct relation *relation; /* set by the source; NULL: not wanted */
};
/* Schema and table alone, for the wanted check; strings in the packet. */
enum status table_map_peek(struct reader body, uint64_t *id, const char **schema,
                           const char **table, struct failure *f);
enum status table_map_read(struct reader body, struct arena *a, struct table_map *out,
                           struct failure *f);

/* What keeps `m` from beginning with all of `old`'s columns as they were, with the same key: a text
 * in `a`; NULL: it does. */
const char *table_map_difference(const struct table_map *m, const struct table_map *old,
                                 struct arena *a);

/* -- rows (rows.c, values.c) -- */
struct binlog_present {
    const uint8_t *bits; /* columns in an image */
    int count;
};
struct binlog_rows {
    uint64_t table_id;
    uint16_t flags; /* 1 STMT_END */
    enum change_op op;
    struct reader rows; /* what rows_next has left */
    struct binlog_present before, after;
    int ncolumns;
    bool partial_json;
};
/* The rows event's header; compressed ones are unpacked into `a`. */
enum status binlog_rows_read(uint8_t type, struct reader body, struct arena *a,
                             struct binlog_rows *out, struct failure *f);
/* What is left of the rows, copied to `a`: for rows that outlive the event. */
void binlog_rows_keep(struct binlog_rows *rows, struct arena *a);
/* Of one change: the texts that lie in `event` (what rows->rows was at first), copied to `a`. */
void binlog_change_keep(struct change *c, const struct table_map *map, const struct reader *event,
                        struct arena *a);
/* The next row into `c`: before and after in `a`, as the op demands. Texts and bytes lie in
 * `rows->rows`, where they are there as they are wanted, else in `a`. *more false at the end.
 * ROW_IMAGE where columns are missing in an image, VALUE where a value cannot be read: with table
 * and column. */
enum status binlog_rows_next(struct binlog_rows *rows, const struct table_map *map,
                             struct arena *a, struct change *c, bool *more, struct failure *f);
enum status binlog_value_read(const struct binlog_column *col, struct reader *r, struct arena *a,
                              struct value *out, struct failure *f);
/* table_map_read has done it; to be called again when `column` or `charset` change. A column that
 * was never settled is read as well, only slower. */
void column_settle(struct binlog_column *col);
/* One value for each column; NULL where its bit is set. *at is the column that failed. */
enum status binlog_values_read(const struct table_map *map, const uint8_t *nulls, struct reader *r,
                               struct arena *a, struct value *row, int *at, struct failure *f);
/* The kind that binlog_value_read gives for a column. */
enum value_kind binlog_kind(const struct binlog_column *col);
void binlog_json_write(const uint8_t *data, size_t size, struct buffer *out, bool *ok);

/* -- TRANSACTION_PAYLOAD (payload.c): a stream of whole events, without checksums. `body` is read in
 * place: it must stay until payload_close. -- */
struct payload;
enum status payload_open(struct reader body, size_t max_event, struct payload **out,
                         struct failure *f);
/* The next event's bytes (valid until the next call); *size 0 at the end. */
enum status payload_next(struct payload *p, const uint8_t **event, size_t *size, struct failure *f);
void payload_close(struct payload *p);

#endif
