/* Guard: what a mapping's statement may not do, said when it is prepared.
 *
 * Decimals and unsigned 64-bit numbers are TEXT COLLATE decimal in SQLite, since its own numbers
 * are doubles: 999999999999.999999999 + 0 is 1000000000000. So a statement that reads such a column
 * or calls a function of decimals is *exact*, and in an exact statement these are refused:
 *
 *   + - * / % and bits        computing is the business of dec_*, whatever the operands
 *   cast(x as integer)        unless x comes of constants and of columns that are not decimal
 *   dec_add(a, b) > 5         a computed decimal is a text: it is compared by dec_lt, dec_eq, ...,
 *                             also for IN, CASE x WHEN, BETWEEN, min, max, nullif, and ORDER BY
 *                             without COLLATE decimal
 *   qty > n                   a decimal column with a column of numbers (as doubles) or of no
 *                             declared type (a text equals no number), or by another collation
 *   group by ifnull(qty, '0') an expression over a column has lost its collation: DISTINCT, ORDER
 *                             BY, min and max, too, without COLLATE decimal
 *   1.0000000000000001        a literal of more than 15 digits, or with an exponent (0.00001 has
 *                             one as a text): SQL reads it as a double
 *   printf, sign, floor, ...  they compute with doubles
 *   dec_add(j ->> 'n', 1)     a number of JSON, which is a double behind ->>; not behind ->
 *   avg(x)                    without its digits
 *
 * What SQLite computes for itself is allowed: LIMIT, OFFSET, row numbers, counts, keys. Not LIMIT
 * with an operator in it, and not a window of RANGE with an offset (it adds).
 *
 * In every statement are refused: functions that functions_refused knows, the clock (date('now'),
 * 'localtime', 'utc'), and all that is not reading.
 *
 * How: the authorizer tells columns and functions; EXPLAIN tells the program, through which the
 * guard follows decimals from register to register, sorters, temporary tables and coroutines
 * included. It follows values, not texts: qty || '' is a text. Where it cannot tell it refuses.
 */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_GUARD_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_GUARD_H

#include <sqlite3.h>
#include <stdbool.h>
#include "base/fail.h"

/* Is this column of a table a decimal? Called for each column that a statement reads. Such a
 * column must be declared COLLATE decimal. */
typedef bool guard_is_decimal(void *context, const char *table, const char *column);

struct guard {
    sqlite3 *db;
    guard_is_decimal *is_decimal;
    void *context;
    /* of the statement that is prepared */
    bool exact;
    char refused[256]; /* why the authorizer said no; "" it did not */
};

void guard_init(struct guard *g, sqlite3 *db, guard_is_decimal *is_decimal, void *context);

/* Prepares a statement that only reads, and checks it. CONFIG with the reason; then `out` is NULL.
 * Takes the connection's authorizer for the time of the call, and leaves none. */
enum status guard_prepare(struct guard *g, const char *sql, sqlite3_stmt **out, struct failure *f);

/* The same in parts, for a caller with an authorizer of its own:
 *
 *   guard_begin(&g);
 *   sqlite3_prepare_v2(...);     whose authorizer asks guard_authorize, for READ and FUNCTION
 *   guard_check(&g, sql, &f);    without an authorizer: it looks into the schema
 */
void guard_begin(struct guard *g);
/* SQLITE_OK or SQLITE_DENY, as an authorizer answers. `a`, `b`: its third and fourth argument. */
int guard_authorize(struct guard *g, int action, const char *a, const char *b);
enum status guard_check(struct guard *g, const char *sql, struct failure *f);

#endif
