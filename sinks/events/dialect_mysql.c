/* dialect_mysql.c: MySQL and MariaDB. */
#include "db/mysql/my.h"
#include "sinks/events/dialect.h"

const struct event_dialect mysql_dialect = {
    .name = "MySQL",
    .row_open = "ROW(",
    .all_digits = " + 0e0",
    .no_rows = " FROM DUAL WHERE false",
    .add_name = my_add_name,
    .add_literal = my_add_literal,
};

const struct event_dialect mariadb_dialect = {
    .name = "MariaDB",
    .row_open = "(",
    .all_digits = " + 0e0",
    .no_rows = " FROM DUAL WHERE false",
    .add_name = my_add_name,
    .add_literal = my_add_literal,
};
