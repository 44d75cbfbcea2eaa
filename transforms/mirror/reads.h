/* Reads: which tables and columns a statement reads, as SQLite's own authorizer tells when the
 * statement is prepared; and the refusal of all that is not reading. We parse no SQL.
 *
 * The connection must hold the tables (empty) under the relations' names.
 */
#ifndef MILLRACE_MIRROR_READS_H
#define MILLRACE_MIRROR_READS_H

#include "model/relation.h"
#include "transforms/mirror/db.h"

struct table_reads {
    bool read;     /* also where no column of it is (count(*)) */
    bool *columns; /* of the relation */
};

struct reads {
    const struct relation *const *relations;
    int nrelations;
    struct table_reads *tables; /* one a relation */
    char refused[256];          /* why a statement is refused; "" */
};

/* Lies in `a`; nothing is read yet. */
struct reads *reads_new(const struct relation *const *relations, int nrelations, struct arena *a);
void reads_clear(struct reads *r);
void reads_join(struct reads *into, const struct reads *from);
/* Prepares one statement that only reads; what it reads is added to `r`. CONFIG otherwise, with the
 * nearest name where one is unknown. */
enum status reads_prepare(struct reads *r, sqlite3 *db, const char *sql, sqlite3_stmt **out,
                          struct failure *f);
bool reads_has_decimal(const struct reads *r);

#endif
