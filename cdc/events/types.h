/* Types: what the vocabulary says of the fields that views have.
 */
#ifndef MILLRACE_EVENTS_TYPES_H
#define MILLRACE_EVENTS_TYPES_H

#include "events/program.h"

/* The types of all definitions, into the program. CONFIG: a field that the message does not have,
 * a list that is none, with event and field. */
enum status types_make(struct event_program *p, struct failure *f);

#endif
