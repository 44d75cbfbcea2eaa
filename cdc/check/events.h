/* What the files that check links with `flows` share.
 *
 *   events.c             the order; the source's tables
 *   events_views.c       vocabulary, views, fields; what a view reads
 *   events_writes.c      the SELECTs on the target, and the tables that they write
 *   events_rights.c      what the roles may do there, column by column
 *   events_lookups.c     what finds its rows without an index; events_plan_*.c per engine
 *   events_conditions.c  which columns a condition compares
 *   events_owners.c      who writes what, over all links
 */
#ifndef MILLRACE_CHECK_EVENTS_H
#define MILLRACE_CHECK_EVENTS_H

#include "check/internal.h"
#include "events/program.h"
#include "sinks/events/stage.h"

struct event_target;

struct check_write {
    const struct write_config *write;
    bool gone;
    bool made; /* else it does not fit, which has been said */
    struct stage stage;
};

/* A flow, compiled by itself: so that each one's faults are told, and what each one reads. */
struct check_flow {
    const struct event_flow *flow;
    struct event_program *program; /* NULL: not loaded */
    bool compiled;
    struct check_write *writes; /* then those under `gone` */
    int nwrites;
};

struct said {
    const char *run;
    struct said *next;
};

struct check_events {
    struct event_program *program; /* of all flows */
    struct check_flow *flows;
    int nflows;
    const struct relation **relations; /* of the source */
    int nrelations;
    struct said *said;           /* indexes that were asked for */
    struct event_target *target; /* NULL: not opened; it holds the stages' tables */
};

/* "flow OperationsRequest". */
#define FLOW_NAME(f) (f)->flow->event->name

/* Each prints, and gives RETRY only. */
enum status check_event_views(struct check *k, struct check_link *l);
enum status check_event_writes(struct check *k, struct check_link *l);

void check_target_close(struct check_events *ev);

/* ---- events_rights.c ---- */

/* What a link does to a table of the target. */
struct table_use {
    const struct relation *table;
    bool *read, *inserted, *updated; /* by column */
    bool deleted;
};
enum status check_rights(struct check *k, struct check_link *l, const struct table_use *use);
/* k->failure refuses a SELECT of the target: the GRANTs that it needs. */
enum status say_select_refused(struct check *k, struct check_link *l, const char *what,
                               const char *sql);

/* ---- events_lookups.c ---- */

/* Indexes for the key of a write and for its scopes. */
enum status check_key_index(struct check *k, struct check_link *l, const struct check_write *w);
/* What the SELECTs of a write look up. */
enum status check_lookups(struct check *k, struct check_link *l, struct event_target *t,
                          const struct check_flow *f, const struct check_write *w);

/* A table that a SELECT reads whole, and what it is compared by. */
enum { LOOKUP_COLUMNS_MAX = 4 };
struct lookup {
    const char *schema, *table;
    const char *columns[LOOKUP_COLUMNS_MAX]; /* or expressions, in brackets; as SQL */
    const char *names[LOOKUP_COLUMNS_MAX];   /* of columns; NULL: an expression */
    int ncolumns;
};
struct lookups {
    struct lookup *at;
    int n;
};
/* `statement`: of event_target's dialect. STATUS of the statement; k->failure. */
enum status plan_postgres(struct check *k, struct event_target *t,
                          const struct event_statement *statement, struct lookups *out);
enum status plan_mysql(struct check *k, struct event_target *t,
                       const struct event_statement *statement, struct lookups *out);

/* ---- events_conditions.c: pure ---- */

/* Of a condition as PostgreSQL prints it, "((u.name = e.unit) AND (u.id > 3))": each side of an `=`
 * that speaks of `prefix` ("u.") alone, while the other side does not speak of it. */
typedef void condition_side(void *context, const char *side);
void condition_sides(const char *condition, const char *prefix, struct arena *a,
                     condition_side *found, void *context);
/* The column's name, unquoted, where the side is one; else NULL. */
const char *condition_column(const char *side, const char *prefix, struct arena *a);
/* The side as the table itself would say it, in an index: "name ->> 'en_US'::text". */
const char *condition_unqualified(const char *side, const char *prefix, struct arena *a);

#endif
