/* Field: one field of a message, from and to the values that SQLite gives and takes: NULL, INT,
 * DOUBLE, TEXT, BYTES.
 *
 *   field              takes                                          gives
 *   int32, int64,      INT; TEXT and DOUBLE where they are whole      INT
 *   uint32               ("12", "12.0", 12.0)
 *   uint64             the same                                       TEXT: it may fit no INT
 *   float, double      DOUBLE; INT that a double holds; TEXT          DOUBLE (a float as the double
 *                                                                       of its shortest text)
 *   bool               0, 1; TEXT 0 1 t f true false                  INT 0, 1
 *   enum               TEXT: a value's name; its number               TEXT; INT where no value has
 *                                                                       that number
 *   string             TEXT; INT and DOUBLE as their (shortest) text  TEXT
 *   decimal            TEXT, INT; DOUBLE as its shortest text         TEXT, in one spelling
 *   bytes              BYTES; TEXT as its bytes                       BYTES
 *   Timestamp          TEXT (field_instant.h)                         TEXT
 *
 * All else is refused; nothing is rounded or cut, but a double that a float does not hold. A DOUBLE
 * into a decimal: what a MySQL double(14,2) shows as 1.10 arrives as a double, whose shortest text
 * is "1.1" again; it is text from here on.
 *
 * NULL leaves a field unset, and one that is not set gives NULL. A field that has no presence
 * (proto3 without `optional`) cannot be unset: it refuses NULL, and gives its default.
 *
 * What is taken is copied to the arena; what is given lies in the message or in the arena.
 * Errors are VALUE. Threads: one an arena.
 */
#ifndef MILLRACE_VOCABULARY_FIELD_H
#define MILLRACE_VOCABULARY_FIELD_H

#include "base/arena.h"
#include "model/value.h"
#include "transforms/vocabulary/path.h"

struct zone;

struct field_context {
    struct arena *arena;
    /* Of local times: what a text without a zone means, and what is given (NULL: UTC with Z). */
    const struct zone *zone;
    struct failure *failure;
    struct path_cache *paths; /* NULL: names are resolved for each object */
};

/* The field of `m` that the path leads to, nested messages made where there are none. A NULL makes
 * none. Refused: a second member of a oneof. */
enum status field_set(ProtobufCMessage *m, const struct field_path *path, const struct value *v,
                      const struct field_context *c);
enum status field_get(const ProtobufCMessage *m, const struct field_path *path, struct value *out,
                      const struct field_context *c);

/* *m becomes the nested message of that field, made where there is none. */
enum status field_step(ProtobufCMessage **m, const ProtobufCFieldDescriptor *field,
                       const struct field_context *c);

/* The same for what lies at `member`: a field of type `in`, or one element of a repeated field.
 * `v` is not NULL. */
enum status field_write(void *member, const ProtobufCMessageDescriptor *in,
                        const ProtobufCFieldDescriptor *field, const struct value *v,
                        const struct field_context *c);
enum status field_read(const void *member, const ProtobufCMessageDescriptor *in,
                       const ProtobufCFieldDescriptor *field, struct value *out,
                       const struct field_context *c);

#endif
