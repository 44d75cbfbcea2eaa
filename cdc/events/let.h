/* Let: fields that a flow adds to its event, by a query of SQLite over one row `event` with the
 * fields of the object: `select map('ktg_priority', priority) as prio from event`.
 *
 * They are texts on their way to the target: its SELECT casts them where it wants a number.
 * One thread.
 */
#ifndef MILLRACE_EVENTS_LET_H
#define MILLRACE_EVENTS_LET_H

#include "events/program.h"
#include "model/object.h"

/* CONFIG with the line of the file: it does not compile, or gives a field that is there already. */
enum status let_make(struct event_program *p, const struct sql_text *sql,
                     const struct event_fields *own, struct let **out, struct failure *f);
void let_free(struct let *l); /* NULL is fine */
int let_nfields(const struct let *l);
const char *let_field(const struct let *l, int i);
/* The object with let's fields after its own. VALUE where a function refuses, or there is not
 * exactly one row. */
enum status let_add(struct let *l, const struct object *o, struct arena *a,
                    const struct object **out, struct failure *f);

#endif
