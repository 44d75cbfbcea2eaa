/* dialect_postgres.c: PostgreSQL: parameters are arrays, so there are no literals. */
#include "db/postgres/pg.h"
#include "sinks/events/dialect.h"

const struct event_dialect postgres_dialect = {
    .name = "PostgreSQL",
    .arrays = true,
    .add_name = pg_add_name,
};
