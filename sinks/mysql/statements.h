/* Statements: SQL texts of the MySQL sink. Pure: a layout and values in, text out.
 *
 *   INSERT INTO `s`.`t` (`id`,`v`) VALUES (1,'a'),(2,'b')
 *   UPDATE (VALUES ROW(1,'a'),ROW(2,'b')) AS s(k0,c0) STRAIGHT_JOIN `s`.`t` AS t
 *     FORCE INDEX (`PRIMARY`) ON t.`id`=CAST(s.k0 AS SIGNED) SET t.`v`=s.c0
 *   DELETE `s`.`t` FROM `s`.`t` FORCE INDEX (`PRIMARY`) WHERE `id` IN (1,2)
 *
 * Index and join order are said, since the optimizer reads whole tables (and locks them) where its
 * statistics are behind, as on a table that was just filled.
 *
 * Types: decimals and all times go as quoted text, which no neighbour in VALUES can widen or round;
 * the derived table's columns are cast back to the key column's type, and texts compared in the
 * key's own charset and collation, or the index would not serve (measured on 9.7).
 */
#ifndef MILLRACE_SINKS_MYSQL_STATEMENTS_H
#define MILLRACE_SINKS_MYSQL_STATEMENTS_H

#include "base/buffer.h"
#include "model/sink.h"

/* Of one statement. A row that alone is larger goes alone. */
struct my_limits {
    size_t bytes;
    uint32_t rows;
};

/* What a statement needs to know of its table beyond the layout. */
struct my_place {
    const struct relation *relation;
    const char *key_index; /* the index that is relation->key; NULL where there is no key */
    bool mariadb;
    bool values_row; /* VALUES ROW(...) is known: MySQL 8.0.19 */
};

void my_statement_table(struct buffer *b, const struct relation *r);

/* Sets, from row `from` on: as many rows as the limits allow, at least one; *n says how many.
 * Values that the column cannot hold: VALUE, with table and key. */
enum status my_statement_insert(struct buffer *b, const struct my_place *p,
                                const struct row_set *set, uint32_t from,
                                const struct my_limits *limits, uint32_t *n, struct failure *f);
enum status my_statement_update(struct buffer *b, const struct my_place *p,
                                const struct row_set *set, uint32_t from,
                                const struct my_limits *limits, uint32_t *n, struct failure *f);
enum status my_statement_delete(struct buffer *b, const struct my_place *p,
                                struct value *const *keys, uint32_t nrows, uint32_t from,
                                const struct my_limits *limits, uint32_t *n, struct failure *f);
/* UPDATE of one row of a set, as a statement of its own. */
enum status my_statement_update_one(struct buffer *b, const struct my_place *p,
                                    const struct row_set *set, uint32_t row, struct failure *f);
/* LOAD DATA LOCAL, and the lines that it reads, from row `from` on: up to the limits, or to a row
 * that has no line; *n 0: the first has none. */
bool my_statement_loads(const struct relation *r);
void my_statement_load(struct buffer *b, const struct row_set *set);
enum status my_statement_lines(struct buffer *b, const struct row_set *set, uint32_t from,
                               const struct my_limits *limits, uint32_t *n, struct failure *f);
/* SELECT count(*) of exactly these keys. */
enum status my_statement_count(struct buffer *b, const struct my_place *p,
                               struct value *const *keys, uint32_t nrows, struct failure *f);

/* With ? for the values, one row: INSERT the present columns; UPDATE the present columns, then the
 * key. */
void my_statement_prepared(struct buffer *b, const struct relation *r, enum set_op op,
                           const bool *present);

/* A literal that compares exactly with the column: 1.50, 0.10000000149011612e0, DATE'2026-11-22'.
 */
enum status my_statement_compared(struct buffer *b, const struct column *c, const struct value *v,
                                  struct failure *f);

/* A literal to be stored. */
enum status my_statement_literal(struct buffer *b, const struct column *c, const struct value *v,
                                 struct failure *f);

/* One row, in row_statements.c. Matched by the key of `find` (parts that it lacks are as in
 * `after`), or, where the table has none, by all that is known of `find`, exactly (case and
 * trailing spaces too), one row only. ROW_IMAGE where nothing of it is known. */
enum status my_statement_update_row(struct buffer *b, const struct my_place *p,
                                    const struct value *find, const struct value *after,
                                    struct failure *f);
enum status my_statement_delete_row(struct buffer *b, const struct my_place *p,
                                    const struct value *find, struct failure *f);
/* " WHERE ..." alone, for statements of other making. */
enum status my_statement_where(struct buffer *b, const struct my_place *p, const struct value *find,
                               const struct value *otherwise, struct failure *f);

/* "mes.work_order (id=5)" before the failure's text. Returns its status. */
enum status my_fail_row(const struct relation *r, const struct value *row, struct failure *f);

#endif
