/* One row: a table of SQLite that holds the row at hand, as it lies in memory: a virtual table over
 * an array of values. For events that are made of their own row alone: nothing is inserted for a
 * row to be asked for, and only the columns that a view reads are fetched.
 *
 * Values are in SQLite's kinds (lay.h); they must stay where they are until the statement is reset.
 */
#ifndef MILLRACE_MIRROR_ONE_ROW_H
#define MILLRACE_MIRROR_ONE_ROW_H

#include "transforms/mirror/parts.h"

struct one_row {
    const char *declaration; /* CREATE TABLE, with the key and the collations of its columns */
    const struct value *row; /* NULL: the table is empty */
};

/* Makes the table; `r` must outlive the connection. */
enum status one_row_create(sqlite3 *db, const char *name, struct one_row *r, struct failure *f);

#endif
