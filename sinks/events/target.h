/* Target: the database of a real sink: its session for the queries, its sets for the writing, both
 * on the one connection and in the one transaction.
 *
 * Where unqualified names are looked up is set by init, and on PostgreSQL the zone. The rest holds
 * while a SELECT runs, since the sink needs it otherwise:
 *   MySQL, MariaDB  time_zone: they write a TIMESTAMP in it, and the sink does so in UTC. An
 *                   offset, since named zones need the server's time zone tables
 *   PostgreSQL      plan_cache_mode: a generic plan thinks that every array has 10 elements, and
 *                   joins event and line by a nested loop (run: 1,000 events of 2 lines took 2.3 s
 *                   instead of 0.3 s); and the joins that the sink forbids itself are allowed
 *
 * Owned by the caller, valid as long as the sink. `begin` and `commit` stay the caller's.
 */
#ifndef MILLRACE_SINKS_EVENTS_TARGET_H
#define MILLRACE_SINKS_EVENTS_TARGET_H

#include "sinks/events/database.h"

struct event_target {
    struct event_database database; /* give this to stages and events_write */
    const struct sink_driver *driver;
    struct sink *sink;
    struct session *session;
    const char *schema; /* of names without one: the database on MySQL and MariaDB */
    struct arena arena;
    bool uncounted;       /* PostgreSQL: the open transaction has written rows that no statistics
                           * know: a SELECT joins without nested loops */
    bool by_index;        /* PostgreSQL: a SELECT reads no table whole where an index serves, as */
                          /* the sink's own statements: check looks at such plans */
    bool event_savepoint; /* PostgreSQL: there is one to be released */
};

/* `driver` is one of the engines' own. Outside a transaction. */
enum status event_target_init(struct event_target *t, const struct sink_driver *driver,
                              struct sink *sink, const char *schema, const struct zone *zone,
                              struct failure *f);
void event_target_free(struct event_target *t);

#endif
