/* Object as JSON, for people: fields as the view states them, lists as arrays. Bytes in hex. */
#ifndef MILLRACE_EVENTS_OBJECT_JSON_H
#define MILLRACE_EVENTS_OBJECT_JSON_H

#include "base/arena.h"
#include "model/object.h"

/* NULL for NULL. In `a`. */
const char *object_json(const struct object *o, struct arena *a);

#endif
