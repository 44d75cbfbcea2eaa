/* PostgreSQL connections: what its source and sink share. Blocking calls over libpq's asynchronous
 * functions: every wait polls the socket and the wake. One thread at a time.
 *
 * Error classes from SQLSTATE: 08*, 57P0x, 53300: RETRY; 40001, 40P01, 55P03: RETRY (deadlock, lock
 * wait); 23505: UNIQUE; 23*, 22*: CONSTRAINT / VALUE; 42501: PRIVILEGE; 42P01: NO_TABLE; 25P03:
 * RETRY.
 */
#ifndef MILLRACE_DB_POSTGRES_PG_H
#define MILLRACE_DB_POSTGRES_PG_H

#include <libpq-fe.h>
#include "base/buffer.h"
#include "model/relation.h"
#include "model/session.h"

struct pg {
    struct session_base base; /* first: a struct pg is a struct session */
    PGconn *conn;
};

enum pg_use { PG_SESSION, PG_REPLICATION }; /* replication=database */

/* Connects, pins the session (docs in the .c: the list), learns the version. `application` is the
 * application_name. */
enum status pg_open(const struct endpoint *e, enum pg_use use, const char *application,
                    struct wake *wake, struct failure *f, struct pg **out);
void pg_close(struct pg *pg);
static inline struct session *pg_session(struct pg *pg)
{
    return (struct session *)pg;
}

/* One command outside pipeline mode; the result is the caller's to PQclear. A result other than
 * `expected` is an error (fail() has been called; *out is NULL). */
enum status pg_exec(struct pg *pg, const char *sql, ExecStatusType expected, PGresult **out);
/* All that was sent goes out; reads the next result of a pipeline or command (NULL at its end). */
enum status pg_flush(struct pg *pg);
enum status pg_result(struct pg *pg, PGresult **out);
/* COPY IN: data, waiting while libpq's buffer is full. */
enum status pg_put_copy(struct pg *pg, const char *data, size_t size);
/* COPY OUT: one row in libpq's memory (PQfreemem), *size -1 at the end. */
enum status pg_get_copy(struct pg *pg, char **row, int *size);
/* What the socket has goes into libpq's memory, without waiting: for owners who poll themselves. */
enum status pg_consume(struct pg *pg);
/* The class and text of a failed result, or of the connection where res is NULL. */
enum status pg_fail(struct pg *pg, const PGresult *res, const char *doing);
/* Appends "name" quoted as an identifier; 'literal'. */
void pg_add_name(struct buffer *b, const char *name);
void pg_add_literal(struct buffer *b, const char *text);

uint64_t pg_lsn_read(const char *text, bool *ok); /* "0/16B3748" */
void pg_lsn_write(uint64_t lsn, char out[24]);

/* ---- the one type table: types.c, grows by rows ---- */
struct pg_type;

/* By oid and typmod as the catalog gives them; unknown types go as TEXT (their text form). */
const struct pg_type *pg_type_of(Oid oid, Oid element, char typtype, const char *typname);
enum value_kind pg_type_kind(const struct pg_type *t, int32_t typmod);
Oid pg_type_oid(const struct pg_type *t); /* 0: its text form */
/* Text as pgoutput and COPY give it (pinned session) -> value; bytes may stay in `text`, or go to
 * the arena. VALUE where it cannot be read. */
enum status pg_value_read(const struct column *c, const char *text, size_t size, struct arena *a,
                          struct value *out, struct failure *f);
/* Value -> the text that PostgreSQL reads for this column (no quoting). VALUE where the column
 * cannot hold it: \0 in text, ODD of another engine, numbers beyond... */
enum status pg_value_write(const struct column *c, const struct value *v, struct buffer *out,
                           struct failure *f);

/* ---- binary.c: the forms of COPY BINARY ---- */
struct pg_binary;
/* NULL: values of this column's type go as text. */
const struct pg_binary *pg_binary_of(const struct column *c);
bool pg_binary_takes(const struct pg_binary *form, const struct value *v); /* else text, too */
/* Size and bytes of a value that it takes. VALUE where the column cannot hold it. */
enum status pg_binary_write(const struct pg_binary *form, const struct column *c,
                            const struct value *v, struct buffer *out, struct failure *f);

/* ---- catalog.c ---- */
/* A table's columns, key and replica identity. `for_source`: key is the replica identity's index,
 * generated columns are left out (not published before 18). Memory: `a`. NO_TABLE. */
enum status pg_describe(struct pg *pg, const char *schema, const char *name, bool for_source,
                        struct arena *a, struct relation **out);
uint64_t pg_relation_version(void); /* unique in the process: for a relation made otherwise */

#endif
