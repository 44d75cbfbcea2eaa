/* SQL of the state tables: the few helpers that schema.c, checkpoint.c and chunk.c share.
 *
 * Parameters are text on both engines; numbers are spelled into a `struct sql_int`. A failed call
 * leaves its text in `f`, also where the session reports into another one. Not thread-safe.
 */
#ifndef MILLRACE_STATE_SQL_H
#define MILLRACE_STATE_SQL_H

#include <stdint.h>
#include "model/session.h"

struct sql_int {
    char text[24];
};

struct sql_int sql_int(int64_t n);
bool sql_is_postgres(const struct session *s);
/* A cell as a number; PROTOCOL where it is none (the state tables were edited by hand). */
enum status sql_read_int(const char *cell, int64_t *out, struct failure *f);
/* session_query, with the failure in `f`. `a` and `out` may be NULL. */
enum status sql_run(struct session *s, struct arena *a, struct rows *out, struct failure *f,
                    const char *sql, int nparams, const char *const *params);
/* ROLLBACK whose own failure does not matter (the connection may be gone); the session's failure
 * stays as it was. */
void sql_roll_back(struct session *s);
/* Bytes as hex and back: both engines have the functions, and a session's parameters are text. */
const char *sql_hex(struct arena *a, const void *data, size_t size);
/* NULL cell: *data NULL. PROTOCOL where it is no hex. Upper and lower case. */
enum status sql_read_hex(const char *cell, struct arena *a, const void **data, size_t *size,
                         struct failure *f);
/* 63 random bits, never 0: ids are drawn, not counted, so that no two systems share one. */
enum status sql_draw_id(int64_t *id, struct failure *f);

#define SQL_RUN(s, a, out, f, sql, ...)                                                            \
    sql_run(s, a, out, f, sql, (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)), \
            (const char *const[]){__VA_ARGS__})

#endif
