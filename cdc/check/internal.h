/* What the files of this folder share.
 *
 *   check.c      the order: systems by role, links, tables, ways, probes
 *   rows.c       runs a table of checks: data in, lines of the report out
 *   postgres.c   the tables for PostgreSQL       mysql.c   for MySQL and MariaDB
 *   written.h    rows that both, and events, ask of a table that is written
 *   tables.c     a link's tables: found, mapped, column by column
 *   events*.c    links with flows (events.h)
 *   keys.c       foreign keys whose actions must agree
 *   triggers.c   MySQL's triggers: what do they write?
 *   pairs.c      what one direction of a pair writes, the other reads
 *   ways.c       two ways to one table; two names for one database
 *   position.c   checkpoint, slot, log: may the stream go on?
 *   probe.c      the guard's probe: does a log show a marker first?    probe_*.c per engine
 *   report.c     the lines, and what they add up to
 *
 * Most checks are rows of a table: an SQL statement whose rows are (verdict, text[, run]), or one
 * that must only not be refused.
 */
#ifndef MILLRACE_CHECK_INTERNAL_H
#define MILLRACE_CHECK_INTERNAL_H

#include "check/report.h"
#include "config/config.h"
#include "model/relation.h"
#include "model/session.h"

/* One system in one role; sessions are opened once and kept until the end. */
struct check_side {
    const struct system *system;
    const struct endpoint *endpoint;
    bool reads;              /* as the capture role; else as the apply role */
    struct session *session; /* NULL: could not be opened */
    enum engine engine;      /* as the server says */
    int version;
    const char *role; /* quoted as the engine's GRANT wants it */
    int64_t skew_us;
};

struct check_table {
    const char *source_schema, *source_name, *target_schema, *target_name;
    const struct flow *flow;
    struct relation *source, *target; /* NULL: not there */
};

struct check_events; /* events.h */

struct check_link {
    const struct link_config *lc;
    struct check_events *events; /* NULL: a link with `tables` */
    struct check_side *from, *to; /* to: NULL for a null sink */
    struct check_table *tables; /* of a link with flows those that its views read, without target */
    int ntables;
    bool cascades_in_log; /* the source's log holds the rows that cascades changed */
    bool keys_hold;       /* else: foreign keys of the target between mapped tables hold */
};

struct check {
    const struct config *config;
    struct report *report;
    bool owners_only; /* nothing is asked but what check_owners needs */
    struct arena arena; /* of the whole run */
    struct wake wake;
    struct failure failure;
    struct check_side *sides;
    int nsides;
    struct check_link *links; /* as config->links */
};

/* ---- rows.c ---- */

enum { ON_POSTGRES = 1, ON_MYSQL = 2, ON_MARIADB = 4, ON_MY = ON_MYSQL | ON_MARIADB };

struct check_row {
    const char *name;    /* in messages about the check itself */
    int engines;         /* ON_* */
    int since, before;   /* server versions; 0: any */
    const char *sql;     /* {name} is filled in */
    const char *done;    /* NULL: the rows speak. Else: said when the statement was not refused */
    const char *refused; /* said with MISSING where the statement is refused; NULL: a warning */
    const char *run;     /* what to run, where the row says none */
};

/* What {name} stands for; the last one's name is NULL. */
struct check_name {
    const char *name, *text;
};

/* Runs those rows that fit the side's server. `subject`: what the rows are about ("mes.item"), or
 * NULL; then lines that are ok stand for themselves, else they are joined into one. RETRY only. */
enum status check_rows(struct check *k, struct check_side *side, const char *subject,
                       const struct check_row *rows, const struct check_name *names);
const char *check_fill(struct arena *a, const char *text, const struct check_name *names);
/* Quoted for the side's engine; in the arena. */
const char *check_identifier(struct check *k, const struct check_side *side, const char *name);
const char *check_qualified(struct check *k, const struct check_side *side, const char *schema,
                            const char *name);
const char *check_literal(struct check *k, const struct check_side *side, const char *text);
/* A server that went away ends its part of the check; anything else is printed as a warning. */
enum status check_failed(struct check *k, struct check_side *side, const char *doing);
static inline bool check_is_postgres(const struct check_side *side)
{
    return side->engine == ENGINE_POSTGRES;
}

/* ---- the tables of checks: postgres.c, mysql.c; each ends with a NULL name ---- */

extern const struct check_row postgres_source_rows[], postgres_link_rows[],
    postgres_source_table_rows[], postgres_target_rows[], postgres_target_table_rows[],
    postgres_trigger_rows[];
extern const struct check_row mysql_source_rows[], mysql_source_table_rows[], mysql_target_rows[],
    mysql_target_table_rows[], mysql_lock_rows[];
extern const char *const postgres_tables_sql, *const mysql_tables_sql; /* schema, name */

/* Server ids of dump connections, and databases that the log leaves out. */
enum status check_mysql_gtids(struct check *k, struct check_side *side, bool *has);
enum status check_mysql_source(struct check *k, struct check_side *side);

/* ---- the parts; each prints, and gives RETRY only ---- */

/* Finds the link's tables and describes them. */
enum status check_tables_find(struct check *k, struct check_link *l);
enum status check_tables(struct check *k, struct check_link *l);
/* NO_TABLE where it is not there; *out NULL then. */
enum status check_describe(struct check *k, struct check_side *side, const char *schema,
                           const char *name, struct relation **out);
/* What the source lets us do with a table that is there. */
enum status check_source_table(struct check *k, struct check_link *l, struct check_table *t);
/* The same two steps of a link with flows, and what they hold. */
enum status check_events_find(struct check *k, struct check_link *l);
enum status check_events(struct check *k, struct check_link *l);
void check_events_free(struct check_link *l);
/* Over all links: columns with two writers, circles. */
void check_owners(struct check *k);
/* The first of them, as a failure. */
enum status check_owners_first(struct check *k, struct failure *f);
enum status check_keys(struct check *k, struct check_link *l);
enum status check_triggers(struct check *k, struct check_link *l);
enum status check_position(struct check *k, struct check_link *l);
enum status check_same_databases(struct check *k);
void check_ways(struct check *k);
void check_pairs(struct check *k);
/* For each system that is written by one link and read by another. */
enum status check_probes(struct check *k);
enum status probe_postgres(struct check *k, struct check_side *reader, struct check_side *writer,
                           const char *publication);
enum status probe_mysql(struct check *k, struct check_side *reader, struct check_side *writer);

/* NULL: the config has none. */
struct check_side *check_side_of(struct check *k, const struct system *system, bool reads);

/* What a trigger's body does to the named tables: pure, tested by tests/unit/test_triggers.c. */
enum trigger_effect {
    TRIGGER_HARMLESS, /* writes nothing that can be seen here */
    TRIGGER_CALLS,    /* calls a routine: unseen */
    TRIGGER_ALTERS,   /* sets a column of the row itself */
    TRIGGER_WRITES,   /* writes a table that is not mapped */
    TRIGGER_WRITES_MAPPED,
};
/* `mapped`: is this name (schema NULL: the trigger's own) a mapped table? `*table`: the one that is
 * written, in `name` (65 bytes). */
enum trigger_effect
trigger_effect(const char *body, bool (*mapped)(void *owner, const char *schema, const char *table),
               void *owner, char name[65]);

#endif
