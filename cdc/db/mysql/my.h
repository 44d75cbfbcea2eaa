/* MySQL and MariaDB connections: what their source and sink share. Connector/C, blocking; another
 * thread ends a wait through the wake's watcher, or by my_cancel: shutdown(2) of a dup of the socket
 * (docs/SERVERS.md 2.4). One thread at a time otherwise.
 *
 * Error classes: 2002 2003 2006 2013 2026 1040 1053 1077..1079 3168..: RETRY; 1205, 1213, 3572:
 * RETRY; 1062: UNIQUE; 1048 1216 1217 1451 1452 3819 4025: CONSTRAINT; 1264 1265 1366 1406 1292: VALUE;
 * 1044 1045 1142 1143 1227: PRIVILEGE; 1146: NO_TABLE.
 */
#ifndef MILLRACE_DB_MYSQL_MY_H
#define MILLRACE_DB_MYSQL_MY_H

#include <mysql.h>
#include "base/buffer.h"
#include "model/relation.h"
#include "model/session.h"

struct my {
    struct session_base base; /* first: a struct my is a struct session */
    MYSQL *conn;
    int cancel_fd;            /* dup of the socket */
    bool mariadb;
    bool writes;              /* opened to write */
    struct {
        const char *data;
        size_t size;
    } local; /* what LOAD DATA LOCAL reads; data NULL: nothing. Taken when it was read. */
};

/* Connects (client_found_rows, utf8mb4, TLS as the endpoint says: a wanted TLS that is not there is
 * an error), pins the session (list in session.c; wait_timeout is a day: a sink, which must not hold
 * locks for long when its host dies, lowers it), learns engine and version. */
enum status my_open(const struct endpoint *e, struct wake *wake, struct failure *f,
                    struct my **out);
/* The same with a limit for each read: for a connection whose server speaks regularly. 0: none. */
enum status my_open_timed(const struct endpoint *e, unsigned read_timeout_s, struct wake *wake,
                          struct failure *f, struct my **out);
/* For a sink: LOAD DATA LOCAL may be said, and reads `local`; several statements may go in one
 * packet. On all others both are off. */
enum status my_open_to_write(const struct endpoint *e, struct wake *wake, struct failure *f,
                             struct my **out);
void my_close(struct my *my);
void my_cancel(struct my *my); /* thread-safe: ends what is blocked; only my_close may follow */
static inline struct session *my_session(struct my *my)
{
    return (struct session *)my;
}

enum status my_exec(struct my *my, const char *sql, size_t size, uint64_t *affected);
enum status my_fail(struct my *my, const char *doing);           /* of the connection */
enum status my_fail_stmt(struct my *my, MYSQL_STMT *stmt, const char *doing);
enum error my_error_of(unsigned number, const char *state); /* of a server or of the library */
void my_add_name(struct buffer *b, const char *name);            /* `name` */
void my_add_literal(struct buffer *b, const char *text, size_t size); /* 'escaped' utf8mb4 */

/* ---- local.c: before connecting ---- */
void my_local_allow(struct my *my);

/* ---- the one type table: types.c, grows by rows (types.h); written values: literals.c ---- */
struct my_type;

/* By information_schema: DATA_TYPE ("bigint"), COLUMN_TYPE ("bigint(20) unsigned"), and MariaDB's
 * JSON check constraint where it is known. Unknown types: NULL. */
const struct my_type *my_type_of(const char *data_type, const char *column_type, bool json_check);
enum value_kind my_type_kind(const struct my_type *t);
/* The text protocol's form (SELECT of a snapshot) -> value. */
enum status my_value_read(const struct column *c, const char *text, size_t size, struct arena *a,
                          struct value *out, struct failure *f);
/* Value -> the bytes of a string parameter for this column (array binding, LOAD DATA): no quoting.*/
enum status my_value_write(const struct column *c, const struct value *v, struct buffer *out,
                           struct failure *f);
/* Value -> an SQL literal for this column: quoted and escaped, x'..' for bytes, NULL. */
enum status my_value_literal(const struct column *c, const struct value *v, struct buffer *out,
                             struct failure *f);

/* How a SELECT names the column so that my_value_read gets every digit (floats). */
void my_add_selected(struct buffer *b, const struct column *c);

/* ---- catalog.c ---- */
/* Columns with collation, codecs (`struct my_type` in column.codec), the primary key (or the first
 * unique key over NOT NULL columns), generated and invisible columns. Memory: `a`. NO_TABLE. */
enum status my_describe(struct my *my, const char *schema, const char *name, struct arena *a,
                        struct relation **out);

#endif
