/* settings.c: what a PostgreSQL source must have, before anything is made on it. */
#include "postgres/internal.h"

#include <string.h>

static const char settings_sql[] =
    "SELECT current_setting('wal_level'), pg_catalog.pg_is_in_recovery(), "
    "current_setting('synchronous_standby_names'), current_user, "
    "(SELECT rolreplication OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)";

enum { WAL_LEVEL, RECOVERY, STANDBY_NAMES, USER, MAY_REPLICATE };

/* A walsender of ours that counts as a synchronous standby would make the applications wait for
 * what we acknowledge. */
static bool is_standby_name(const char *names, const char *application)
{
    return strchr(names, '*') || strcasestr(names, application);
}

static enum status check(struct source *s, const struct rows *rows)
{
    struct failure *f = s->o.failure;
    const char *system = s->o.endpoint->system;
    if (*rows_cell(rows, 0, RECOVERY) == 't')
        return fail(f, ERROR_SETTING, "%s: the server is a standby; capture from the primary",
                    system);
    if (strcmp(rows_cell(rows, 0, WAL_LEVEL), "logical") != 0)
        return fail(f, ERROR_SETTING,
                    "%s: wal_level is %s; run: ALTER SYSTEM SET wal_level = logical; and restart "
                    "the server",
                    system, rows_cell(rows, 0, WAL_LEVEL));
    const char *may = rows_cell(rows, 0, MAY_REPLICATE);
    if (!may || *may != 't')
        return fail(f, ERROR_PRIVILEGE,
                    "%s: the capture role may not replicate; run: ALTER ROLE "
                    "\"%s\" REPLICATION;",
                    system, rows_cell(rows, 0, USER));
    if (is_standby_name(rows_cell(rows, 0, STANDBY_NAMES), s->application))
        return fail(f, ERROR_SETTING,
                    "%s: synchronous_standby_names is '%s', which takes Millrace (\"%s\") for a "
                    "standby, so that every commit would wait for it; name the standbys there",
                    system, rows_cell(rows, 0, STANDBY_NAMES), s->application);
    return STATUS_OK;
}

enum status settings_check(struct source *s)
{
    struct arena a;
    struct rows rows;
    arena_init(&a);
    enum status status = session_run(pg_session(s->control), &a, &rows, 0, settings_sql);
    if (status == STATUS_OK)
        status = check(s, &rows);
    arena_free(&a);
    return status;
}
