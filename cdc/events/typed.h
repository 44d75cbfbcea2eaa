/* Typed: an object as a view states it becomes a message of the vocabulary, and from the message
 * what flows see of it: decimals in one spelling, instants in UTC with their Z, names of enums, each
 * field that a view of the type has, NULL where it is not set. What the vocabulary refuses (a text
 * that is no decimal, a word that no enum has) goes no further. Memory: `a`.
 */
#ifndef MILLRACE_EVENTS_TYPED_H
#define MILLRACE_EVENTS_TYPED_H

#include "events/program.h"
#include "model/object.h"

/* VALUE, with the field. */
enum status typed_object(const struct event_program *p, const struct event_type *t,
                         const struct object *stated, struct arena *a, const struct object **out,
                         struct failure *f);
/* The same from a message that was kept. */
enum status typed_message(const struct event_program *p, const struct event_type *t,
                          const ProtobufCMessage *m, struct arena *a, const struct object **out,
                          struct failure *f);

#endif
