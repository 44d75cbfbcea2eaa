/* Dialect: how a batch of events is spelled as rows that a SELECT can read.
 *
 *   MySQL       WITH event(event,id,..) AS (VALUES ROW(1,'WH/MO/1',..),ROW(2,NULL,..))
 *   MariaDB     WITH event(event,id,..) AS (VALUES (1,'WH/MO/1',..),(2,NULL,..))
 *   PostgreSQL  WITH event AS (SELECT * FROM unnest($1::int8[],$2::text[],..) AS e(event,id,..))
 *
 * Facts, run on MariaDB 10.11, MySQL 9.7 and PostgreSQL 15:
 *   - MariaDB gives empty values, and no error, for `?` in the VALUES of a CTE: literals only.
 *   - A column of VALUES has one type, over all its rows: NULL in the first row, a short text
 *     before a long one, ASCII before Chinese harm nothing on either server.
 *   - Decimal literals take the scale of the widest neighbour (1.5 becomes 1.50000, also in
 *     concat): they go as quoted texts, which compare with a decimal or double column as numbers.
 *   - A text column of VALUES keeps the coercibility of its literals on MariaDB (4), so it compares
 *     with a column of any collation; COLLATE would make it 0 and fail against a second one.
 *   - A column of nothing but NULL is binary(0): it compares with all, and equals nothing.
 *   - VALUES cannot be empty: without rows it is a SELECT of NULLs that gives none.
 *   - MariaDB does not see an outer CTE inside a subquery that has a WITH of its own (1146): the
 *     SELECT of a write is to do without.
 *   - PostgreSQL hides rows written in one statement from the rest of that statement: each stage is
 *     a statement of its own.
 */
#ifndef MILLRACE_SINKS_EVENTS_DIALECT_H
#define MILLRACE_SINKS_EVENTS_DIALECT_H

#include <stdbool.h>
#include "base/buffer.h"

struct event_dialect {
    const char *name;
    bool arrays;          /* parameters of arrays, as on PostgreSQL; else literals in VALUES */
    const char *row_open; /* "ROW(" or "(" */
    const char *all_digits; /* after a FLOAT column: it is printed as it is; NULL: it is anyway */
    const char *no_rows;  /* after a SELECT without FROM: gives none */
    void (*add_name)(struct buffer *b, const char *name);
    void (*add_literal)(struct buffer *b, const char *text, size_t size);
};

extern const struct event_dialect postgres_dialect;
extern const struct event_dialect mysql_dialect;
extern const struct event_dialect mariadb_dialect;

#endif
