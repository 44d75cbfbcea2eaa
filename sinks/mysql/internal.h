/* What the files of the MySQL sink share: the sink, its tables, and who does what.
 *
 *   sink.c   the driver: open, transaction, checkpoint     bulk.c     MariaDB's array binding
 *   sets.c   write_set: MySQL's texts, counts, windows     load.c     MySQL's LOAD DATA LOCAL
 *   rows.c   write_row, savepoints                         park.c     park_row
 *   tables.c describe, keys, unique indexes                packet.c   small transactions
 */
#ifndef MILLRACE_SINKS_MYSQL_INTERNAL_H
#define MILLRACE_SINKS_MYSQL_INTERNAL_H

#include "db/mysql/my.h"
#include "model/sink.h"
#include "sinks/mysql/statements.h"
#include "state/checkpoint.h"

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

enum { PACKET_ROWS = 32, PACKET_STEPS = PACKET_ROWS + 3 };

/* A statement of the packet, and its answer. */
struct step {
    const char *doing;
    const struct relation *relation; /* NULL: none of a set */
    uint64_t rows, found;
    unsigned warnings;
    bool counted;
};

struct packet {
    struct buffer sql;
    struct step steps[PACKET_STEPS];
    int nsteps, checkpoint; /* which of them is the checkpoint row, or -1 */
    uint32_t rows;          /* of its sets */
    bool warned;            /* no more sets by packets in this session */
};

struct sink {
    struct my *my;
    struct failure *failure;
    struct arena arena;   /* tables: as long as the sink */
    struct arena scratch; /* one call */
    struct my_table *tables;
    struct buffer sql;
    struct packet packet;
    struct checkpoint begun; /* of the open transaction; its texts may be gone */
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

/* The failure of a checkpoint whose number is taken. */
enum status my_checkpoint_taken(struct sink *s);

/* ---- packet.c: statements that wait for packet_send, which goes before any other ---- */
void packet_clear(struct packet *p);
/* Begins the next statement: its text is to be added. */
struct buffer *packet_add(struct packet *p, const char *doing);
/* Not taken: it is too large. */
enum status packet_add_set(struct sink *s, const struct my_table *t, const struct row_set *set,
                           bool *taken);
/* Sends what there is, reads all answers, compares all counts. The error names the statement. */
enum status packet_send(struct sink *s);

/* ---- sets.c, rows.c, park.c ---- */
const char *my_doing(enum set_op op); /* "INSERT into" */
enum status my_fail_count(struct sink *s, const struct relation *r, const char *doing,
                          uint64_t found, uint64_t rows);
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
