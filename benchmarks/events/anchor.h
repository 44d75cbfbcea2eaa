/* Anchor: what the two bare loops over SQLite share. */
#ifndef MILLRACE_BENCHMARKS_EVENTS_ANCHOR_H
#define MILLRACE_BENCHMARKS_EVENTS_ANCHOR_H

#include "sides.h"

sqlite3 *anchor_open(struct side *s, const char *path);
void anchor_exec(sqlite3 *db, const char *sql);
sqlite3_stmt *anchor_prepare(sqlite3 *db, const char *sql);
/* Steps once; true: there is a row. */
bool anchor_step(sqlite3_stmt *statement);
/* To its end, and reset. */
void anchor_run(sqlite3_stmt *statement);
/* A typed value as SQLite takes it; texts are not copied. `room` is where a time is written. */
enum { TIME_BYTES = 32 };
void anchor_bind(sqlite3_stmt *statement, int parameter, const struct value *v,
                 char room[TIME_BYTES]);
/* In place, until the next step. */
struct value anchor_column(sqlite3_stmt *statement, int column);

#endif
