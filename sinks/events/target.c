/* target.c: what the engines share. The sink may hold back what it was given: settle comes before
 * anything else goes over its connection. */
#include "sinks/events/target_parts.h"

#include <string.h>

static bool is_postgres(const struct event_target *t)
{
    return t->database.dialect == &postgres_dialect;
}

static enum status run(struct event_target *t, const char *sql)
{
    return session_query(t->session, NULL, NULL, sql, 0, NULL);
}

static enum status describe_table(void *self, const char *name, const struct relation **out)
{
    struct event_target *t = self;
    const char *point = strchr(name, '.');
    if (!point)
        return t->driver->describe(t->sink, t->schema, name, out);
    const char *schema = arena_copy(&t->arena, name, (size_t)(point - name));
    return t->driver->describe(t->sink, schema, point + 1, out);
}

/* ---- savepoints ---- */

static enum status savepoint(void *self, enum event_savepoint which)
{
    struct event_target *t = self;
    TRY(t->driver->settle(t->sink));
    if (which == SAVEPOINT_BATCH) {
        t->event_savepoint = false;
        return t->driver->savepoint(t->sink);
    }
    /* MySQL replaces one of the same name, PostgreSQL would keep them all. */
    if (is_postgres(t) && t->event_savepoint)
        TRY(run(t, "RELEASE SAVEPOINT millrace_event"));
    t->event_savepoint = true;
    return run(t, "SAVEPOINT millrace_event");
}

static enum status roll_back_to(void *self, enum event_savepoint which)
{
    struct event_target *t = self;
    if (which == SAVEPOINT_EVENT)
        return run(t, "ROLLBACK TO SAVEPOINT millrace_event");
    t->event_savepoint = false;
    return t->driver->rollback_to_savepoint(t->sink);
}

/* ---- sets ---- */

/* After an error what is still under way is read to its end, so that the connection is free. */
static enum status done(struct event_target *t, enum status status)
{
    if (status != STATUS_DATA)
        return status;
    struct failure first = *t->database.failure;
    enum status settled = t->driver->settle(t->sink);
    if (settled != STATUS_OK && settled != STATUS_DATA)
        return settled;
    *t->database.failure = first;
    return status;
}

static enum status write_set(void *self, const struct row_set *set)
{
    struct event_target *t = self;
    return done(t, t->driver->write_set(t->sink, set));
}

static enum status settle(void *self)
{
    struct event_target *t = self;
    return t->driver->settle(t->sink);
}

/* ---- init ---- */

static enum status set_up_postgres(struct event_target *t)
{
    t->database.dialect = &postgres_dialect;
    t->database.describe = pg_target_describe;
    t->database.query = pg_target_query;
    struct buffer path;
    buffer_init(&path, 1000);
    postgres_dialect.add_name(&path, t->schema);
    const char *params[] = {buffer_text(&path), zone_name(t->database.zone)};
    enum status status = session_query(t->session, NULL, NULL,
                                       "SELECT pg_catalog.set_config('search_path', ?, false), "
                                       "pg_catalog.set_config('TimeZone', ?, false)",
                                       2, params);
    buffer_free(&path);
    return status;
}

static enum status set_up_mysql(struct event_target *t, enum engine engine)
{
    t->database.dialect = engine == ENGINE_MARIADB ? &mariadb_dialect : &mysql_dialect;
    t->database.describe = my_target_describe;
    t->database.query = my_target_query;
    struct buffer use;
    buffer_init(&use, 1000);
    buffer_add_text(&use, "USE ");
    mysql_dialect.add_name(&use, t->schema);
    enum status status = run(t, buffer_text(&use));
    buffer_free(&use);
    return status;
}

enum status event_target_init(struct event_target *t, const struct sink_driver *driver,
                              struct sink *sink, const char *schema, const struct zone *zone,
                              struct failure *f)
{
    *t = (struct event_target){.driver = driver, .sink = sink, .schema = schema};
    arena_init(&t->arena);
    t->session = driver->session(sink);
    t->database = (struct event_database){.zone = zone,
                                          .failure = f,
                                          .self = t,
                                          .describe_table = describe_table,
                                          .savepoint = savepoint,
                                          .roll_back_to = roll_back_to,
                                          .write_set = write_set,
                                          .settle = settle};
    enum engine engine = ((struct session_base *)t->session)->engine;
    return engine == ENGINE_POSTGRES ? set_up_postgres(t) : set_up_mysql(t, engine);
}

void event_target_free(struct event_target *t)
{
    arena_free(&t->arena);
}
