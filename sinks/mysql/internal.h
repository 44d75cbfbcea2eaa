/* What the files of the MySQL sink share: the sink, its tables, and who does what.
 *
 *   sink.c   the driver: open, transaction, checkpoint     bulk.c     MariaDB's array binding
 *   sets.c   write_set: MySQL's texts, counts, windows     load.c     MySQL's LOAD DATA LOCAL
 *   rows.c   write_row, savepoints                         park.c     park_row
 *   tables.c describe, keys, unique indexes
 */
#ifndef MILLRACE_SINKS_MYSQL_INTERNAL_H
#define MILLRACE_SINKS_MYSQL_INTERNAL_H

#include "db/mysql/my.h"
#include "model/sink.h"
#include "sinks/mysql/statements.h"

/* One unique index, the primary key too. */
struct my_unique {
    const char *name;
    int ncolumns;
    int *columns; /* -1: an expression, or a column that we do not see */
};

struct my_table {
    struct my_table *next;
    struct my_place place;
    struct my_unique *uniques;
    int nuniques;
};

struct bulk;

struct sink {
    struct my *my;
    struct failure *failure;
    struct arena arena;   /* tables: as long as the sink */
    struct arena scratch; /* one call */
    struct my_table *tables;
    struct buffer sql;
    struct my_limits limits;
    struct bulk *bulk; /* MariaDB only */
    bool loads;        /* MySQL that allows LOAD DATA LOCAL */
    bool foreign_keys; /* enforced in this session */
};

enum {
    MY_STATEMENT_BYTES = 4 << 20,
    MY_STATEMENT_ROWS = 20000,
    MY_SQL_BYTES_MAX = 1 << 30, /* no server takes more */
};

/* ---- tables.c ---- */
enum status my_table_describe(struct sink *s, const char *schema, const char *name,
                              const struct relation **out);
const struct my_table *my_table_of(struct sink *s, const struct relation *r);

/* ---- sink.c ---- */
/* s->sql as one statement. A warning that says that a value was changed is an error. `doing`:
 * "INSERT"; errors say "INSERT into mes.t". */
enum status my_sink_run(struct sink *s, const struct relation *r, const char *doing,
                        uint64_t *affected);
/* After a statement that went well: what it warns of. */
enum status my_sink_warnings(struct sink *s, const struct relation *r, const char *doing,
                             unsigned warnings);

/* ---- sets.c, rows.c, park.c ---- */
enum status my_write_set(struct sink *s, const struct row_set *set);
enum status my_write_row(struct sink *s, const struct change *c);
enum status my_park_row(struct sink *s, const struct change *c, const struct value **parked_key);

/* ---- bulk.c: INSERT and UPDATE by COM_STMT_BULK_EXECUTE ---- */
struct bulk *bulk_new(struct sink *s);
void bulk_free(struct bulk *b);
/* Writes all rows of the set; *affected is the sum. */
enum status bulk_write(struct bulk *b, const struct row_set *set, uint64_t *affected);

/* ---- load.c: INSERT by LOAD DATA LOCAL ---- */
bool load_is_for(const struct sink *s, const struct row_set *set);
/* Writes rows from *at on and moves it: up to the end, or to rows that it cannot write, or not
 * without a warning: those are left to an INSERT. A row of the set was inserted before. */
enum status load_write(struct sink *s, const struct row_set *set, uint32_t *at);

#endif
