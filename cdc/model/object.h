/* Object: what a view says about one business object at one moment, and the event that two of them
 * make. It is what passes between the SQL that reads a source, the messages of the vocabulary, and
 * the SQL that writes a target.
 *
 * A field's name is a path in the event's message, `__` between its parts: "quantity__unit_of_measure".
 * Values are of the kinds that SQLite has: NULL, INT, DOUBLE, TEXT, BYTES. Decimals and instants are
 * texts. An object owns nothing: names and values lie where whoever made it says.
 */
#ifndef MILLRACE_MODEL_OBJECT_H
#define MILLRACE_MODEL_OBJECT_H

#include "model/value.h"

struct object_field {
    const char *name;
    struct value value;
};

struct object_list;

struct object {
    const struct object_field *fields; /* in the view's order */
    uint32_t nfields;
    const struct object_list *lists; /* in the config's order */
    uint32_t nlists;
};

/* A repeated field: the elements in the order of their keys. */
struct object_list {
    const char *name;
    const struct object *elements;
    uint32_t nelements;
};

/* What happened to an object: it appeared, it is different, it is no more (or left the view). */
enum event_op { EVENT_CREATED, EVENT_CHANGED, EVENT_GONE };

struct event {
    const char *type; /* the message's name as the config has it: "OperationsRequest"; several of */
                      /* the config's events may make it: `name` says which one it was */
    enum event_op op;
    const char *key;             /* text of the key field: after's, or before's where it is gone */
    const struct object *before; /* NULL where created */
    const struct object *after;  /* NULL where gone */
    const char *name; /* of the event in the config, of its link's; NULL: not known (of a message) */
    const char *object; /* the object's primary key as text; NULL: nobody asked for it */
};

/* With its values; names stay where they are. */
const struct object *object_copy(const struct object *o, struct arena *a);

#endif
