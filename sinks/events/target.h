/* Target: the database of a real sink: its session for the queries, its sets for the writing, both
 * on the one connection and in the one transaction.
 *
 * The session's zone and where unqualified names are looked up are set by init and stay, except
 * that MySQL and MariaDB read and write a TIMESTAMP in the session's zone: the sink writes it in UTC,
 * so that zone is only set while a SELECT runs. It is an offset there (named zones need the server's
 * time zone tables), taken anew from `zone` each time.
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
    bool local;           /* MySQL family: the zone is the system's */
    bool event_savepoint; /* PostgreSQL: there is one to be released */
};

/* `driver` is one of the engines' own. Outside a transaction. */
enum status event_target_init(struct event_target *t, const struct sink_driver *driver,
                              struct sink *sink, const char *schema, const struct zone *zone,
                              struct failure *f);
void event_target_free(struct event_target *t);

#endif
