/* Object and message: what a view says about a business object (model/object.h), as a message of
 * the vocabulary, and back. Names are paths (path.h), values as field.h says.
 *
 * To a message: every name must be a path, and none may be given twice, in its long or its short
 * form. Lists keep their order; the entries of a map are sorted by key, and two of one key are
 * refused. To an object: the fields that are set, by their numbers, under their short forms, lists
 * likewise; fields without presence always, a list only where it has an element. Read with the
 * names of a view's columns (object_read), NULL stands for what is not set. Fields with numbers
 * that the type does not declare stay in the message and come into no object.
 *
 * All lies in the context's arena, names also in the vocabulary. VALUE, or CONFIG for a name.
 * Threads: one an arena.
 */
#ifndef MILLRACE_VOCABULARY_OBJECT_MESSAGE_H
#define MILLRACE_VOCABULARY_OBJECT_MESSAGE_H

#include "model/object.h"
#include "transforms/vocabulary/field.h"

enum status object_to_message(const struct object *o, const ProtobufCMessageDescriptor *type,
                              ProtobufCMessage **out, const struct field_context *c);
enum status object_from_message(const ProtobufCMessage *m, const struct object **out,
                                const struct field_context *c);

/* Just these columns, in this order, NULL where not set. `lists` is left empty. */
enum status object_read(const ProtobufCMessage *m, const char *const *names, uint32_t n,
                        const struct object **out, const struct field_context *c);

/* The elements of a list or a map likewise; of a list of single values the one column is `value`.
 */
enum status object_read_list(const ProtobufCMessage *m, const char *list, const char *const *names,
                             uint32_t n, struct object_list *out, const struct field_context *c);

/* The field of that name; NULL where the object has none. */
const struct value *object_find(const struct object *o, const char *name);

#endif
