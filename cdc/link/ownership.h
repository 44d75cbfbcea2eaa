/* Ownership: over all links of a file, who writes which column, and whether what is written comes
 * back to who wrote it.
 *
 * A *writer* is the flow of an event, or one table of a plain link. What two writers may share of
 * a table in one system:
 *
 *   a column   has one writer. `once` columns are given away: written when the row is made, they
 *              may be another's from then on. `touch` columns (who changed the row, and when) may
 *              be touched by any number, as long as nobody owns them. A key that only finds the
 *              row (`do: update`) is not written
 *   rows       are made by one writer (upsert, insert), and removed (delete, delete_missing_in) by
 *              nobody but him; others may update them. A plain link makes, removes, writes all
 *
 * Writing and `gone`, and all writes of one flow, are one writer: they run in their order.
 *
 * A circle: E -> F where E writes a column that F reads (touch and once columns too, and any column
 * where E makes or removes rows), over any number of writers back to E. Links with `tables` alone
 * are not judged among themselves: pairs go both ways on purpose; ways to one table are judged by
 * check.
 *
 * Pure: no server, no file. One thread an arena.
 */
#ifndef MILLRACE_LINK_OWNERSHIP_H
#define MILLRACE_LINK_OWNERSHIP_H

#include <stdbool.h>
#include "base/arena.h"
#include "base/fail.h"

/* Names as the system's catalog has them. */
struct owned_table {
    const char *system, *schema, *name;
    bool any_case; /* MySQL family: names that differ in case alone are one */
};

enum owned_as { OWNED, OWNED_ONCE, OWNED_TOUCH };

struct owned_column {
    const char *name;
    enum owned_as as;
};

enum { ALL_COLUMNS = -1 };

struct owned_read {
    struct owned_table table;
    const char *const *columns;
    int ncolumns; /* or ALL_COLUMNS */
};

struct owned_write {
    struct owned_table table;
    const struct owned_column *columns; /* without a key that only finds the row */
    int ncolumns;                       /* or ALL_COLUMNS */
    bool makes_rows, removes_rows;
    int line;
};

struct owner {
    const char *link;
    const char *name; /* the event's; of a plain link "schema.table" */
    bool plain;
    int line;
    const struct owned_read *reads;
    int nreads;
    const struct owned_write *writes;
    int nwrites;
};

struct ownership_input {
    const char *path; /* the configuration, for messages */
    const struct owner *owners;
    int nowners;
};

/* Calls `found` for all that is wrong; `text` says what, where (lines) and what to do, and lies in
 * the arena. Returns how much that is. */
typedef void ownership_found(void *context, const char *text);
int ownership_find(const struct ownership_input *in, struct arena *a, ownership_found *found,
                   void *context);
/* CONFIG with the first of them, "file: ...". */
enum status ownership_check(const struct ownership_input *in, struct failure *f);

#endif
