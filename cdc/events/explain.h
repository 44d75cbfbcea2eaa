/* Explain: what one change of a source's row would become, and write, shown and not done.
 *
 *   explain_open -> explain_fill ... -> explain_filled     the source's rows, in a mirror in memory
 *   [explain_set]                                          the row, as it is said to have been
 *   explain_change                                         its events
 *   [explain_write]                                        what they write, in a transaction of the
 *                                                          target that the caller rolls back
 *
 * What is for people goes to `out`. One thread.
 */
#ifndef MILLRACE_EVENTS_EXPLAIN_H
#define MILLRACE_EVENTS_EXPLAIN_H

#include "events/program.h"
#include "model/change.h"
#include "model/sink.h"

struct buffer;
struct explain;

/* How each event is evaluated, and what the mirror holds. */
void explain_program(const struct event_program *p, struct buffer *out);

enum status explain_open(struct event_program *program, struct buffer *out, struct failure *f,
                         struct explain **x);
void explain_close(struct explain *x); /* NULL is fine */

/* Tables to be filled before, and their columns that are needed: set true in `wanted`, of
 * relation->ncolumns. */
int explain_ntables(const struct explain *x);
const struct relation *explain_table(const struct explain *x, int i);
void explain_columns(const struct explain *x, int i, bool *wanted);
/* A row; what is not needed may be ABSENT. */
enum status explain_fill(struct explain *x, const struct relation *r, const struct value *row);
/* The tables are whole: what their objects say now is what the other side has. */
enum status explain_filled(struct explain *x);

/* Is a change of this table met by any event? If not, `out` says which tables are read. */
bool explain_reads(struct explain *x, const struct relation *r);
/* A change that is taken for done, without events. */
enum status explain_set(struct explain *x, const struct change *c);
enum status explain_change(struct explain *x, const struct change *c);
bool explain_has_events(const struct explain *x);

struct explain_target {
    const struct sink_driver *driver;
    struct sink *sink;
    struct failure *failure; /* the sink's own: what fails from here on is said there */
    const char *schema;      /* of names without one */
    const struct zone *zone; /* of the target */
    int64_t link;            /* its id there; 0: nothing of it is there yet */
};

/* Compiles the flows, then writes the events of explain_change inside the transaction that `begin`
 * opens, and shows each row as it goes. */
enum status explain_write(struct explain *x, const struct explain_target *t,
                          enum status (*begin)(void *owner), void *owner);

#endif
