/* Database: what writing events needs of a target, as functions: typed rows of a query, what a
 * query would give, savepoints, and sets. Over a session and a sink of one engine in production,
 * over SQLite in the unit tests.
 *
 * One thread, inside one open transaction (but for describe*). What fails says so in `failure`; a
 * STATUS_DATA is about the rows that were sent, and the transaction goes back to a savepoint.
 * The session is set so that `now()` and times without zone are in `zone`, isolation is READ
 * COMMITTED, and a count of an update is of rows found.
 */
#ifndef MILLRACE_SINKS_EVENTS_DATABASE_H
#define MILLRACE_SINKS_EVENTS_DATABASE_H

#include "base/arena.h"
#include "model/sink.h"
#include "model/zone.h"
#include "sinks/events/dialect.h"

struct result_column {
    const char *name;
    enum value_kind kind;
};

/* Row-major. A value is of the kind that its column's type reads as: a decimal is DECIMAL, what has
 * no kind of its own is TEXT. */
struct result {
    uint32_t nrows;
    int ncolumns;
    const struct value *cells;
};

/* Parameters are texts, NULL is NULL; the text of a statement is the same for each batch where the
 * dialect has parameters, so it is worth preparing once. */
struct event_statement {
    const char *sql;
    int nparams;
    const char *const *params;
};

/* Of the whole batch, and of one event in it while events are written one by one. A savepoint that
 * is set again takes the place of the former. */
enum event_savepoint { SAVEPOINT_BATCH, SAVEPOINT_EVENT };

struct event_database {
    const struct event_dialect *dialect;
    const struct zone *zone; /* of the system */
    struct failure *failure;
    void *self; /* first argument of all */
    /* The table of a write as the config names it; lives as long as the database. NO_TABLE. */
    enum status (*describe_table)(void *self, const char *name, const struct relation **out);
    /* The columns of a query, without running it. Memory: `a`. An error is the query's. */
    enum status (*describe)(void *self, const struct event_statement *s, struct arena *a,
                            struct result_column **out, int *n);
    enum status (*query)(void *self, const struct event_statement *s, struct arena *a,
                         struct result *out);
    enum status (*savepoint)(void *self, enum event_savepoint which);
    enum status (*roll_back_to)(void *self, enum event_savepoint which);
    /* As in struct sink_driver: settle has checked each count. */
    enum status (*write_set)(void *self, const struct row_set *set);
    enum status (*settle)(void *self);
};

#endif
