#include "link/drivers.h"

#include "db/mysql/my.h"
#include "db/postgres/pg.h"

const struct source_driver *source_driver_of(enum engine engine)
{
    switch (engine) {
    case ENGINE_POSTGRES:
        return &postgres_source_driver;
    case ENGINE_MYSQL:
    case ENGINE_MARIADB:
        return &mysql_source_driver;
    case ENGINE_NULL:
        break;
    }
    return NULL;
}

const struct sink_driver *sink_driver_of(enum engine engine)
{
    switch (engine) {
    case ENGINE_POSTGRES:
        return &postgres_sink_driver;
    case ENGINE_MYSQL:
    case ENGINE_MARIADB:
        return &mysql_sink_driver;
    case ENGINE_NULL:
        break;
    }
    return &null_sink_driver;
}

enum status session_open(const struct endpoint *e, const char *application, struct wake *wake,
                         struct failure *f, struct session **out)
{
    *out = NULL;
    if (e->engine == ENGINE_POSTGRES) {
        struct pg *pg = NULL;
        TRY(pg_open(e, PG_SESSION, application, wake, f, &pg));
        *out = pg_session(pg);
        return STATUS_OK;
    }
    if (e->engine == ENGINE_NULL)
        return fail(f, ERROR_CONFIG, "system %s is a null sink: there is nothing to connect to",
                    e->system);
    struct my *my = NULL;
    TRY(my_open(e, wake, f, &my));
    *out = my_session(my);
    return STATUS_OK;
}
