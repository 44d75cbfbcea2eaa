/* Db: the few calls of SQLite that this room makes everywhere, with our errors.
 *
 * A result code becomes a class in one place: what a statement says about its data is DATA, the
 * disk and the file are CONFIG (a person must act), a file that another process holds is a second
 * engine.
 * No thread safety beyond one connection, one thread.
 */
#ifndef MILLRACE_MIRROR_DB_H
#define MILLRACE_MIRROR_DB_H

#include <sqlite3.h>

#include "base/buffer.h"
#include "base/fail.h"
#include "model/value.h"

struct arena;

/* An open connection as all of ours are: "x" is never text, no index is made in passing, the file
 * is not trusted. `path` NULL: in memory. Closed with sqlite3_close_v2. */
enum status db_open(const char *path, sqlite3 **out, struct failure *f);
/* Statements without result. The format is sqlite3_mprintf's: %Q a quoted text, %w inside "". */
enum status db_exec(sqlite3 *db, struct failure *f, const char *format, ...);
/* Kept for the connection's life; the caller finalizes it. */
enum status db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct failure *f);
/* "what: message of SQLite", with the class of `code`. */
enum status db_fail(sqlite3 *db, int code, const char *what, struct failure *f);
/* Runs a statement without result to its end and resets it. */
enum status db_run(sqlite3_stmt *statement, struct failure *f);
/* One step: `row` says whether there is one; at the end or on an error the statement is reset. */
enum status db_step(sqlite3_stmt *statement, bool *row, struct failure *f);

/* Values in SQLite's own kinds (see lay.h). Texts are not copied: they must outlive the step. */
void db_bind(sqlite3_stmt *statement, int parameter, const struct value *v);
/* In place: valid until the statement's next step or reset. */
struct value db_column(sqlite3_stmt *statement, int column);
/* Copied to `a`. */
struct value db_column_copy(sqlite3_stmt *statement, int column, struct arena *a);

void db_add_name(struct buffer *b, const char *name); /* quoted */
/* "prefixname", for our own tables beside a source's */
void db_add_own_name(struct buffer *b, const char *prefix, const char *name);
/* "c0, c1, c2" with this prefix and suffix to each: for keys of any width. */
void db_add_numbered(struct buffer *b, const char *prefix, int n, const char *suffix);

#endif
