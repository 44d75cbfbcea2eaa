/* Path: what a column's name means in a message. `__` between the parts leads through nested
 * messages: "storage_location__child__location".
 *
 *   end_time                 a Timestamp is one value, an instant
 *   quantity, quantity_unit  short for quantity__quantity_string, quantity__unit_of_measure, where
 *                            `quantity` is a QuantityValue; a Value's are value_string and
 *                            unit_of_measure. Both forms are read, the short one is given back.
 *   a list, a map            no column: it has a query of its own, whose columns are the paths of
 *                            its element; `value` of a list of scalars, `key` and `value`
 *                            (`value__…`) of a map
 *
 * Paths point into the vocabulary. Pure; any thread.
 */
#ifndef MILLRACE_VOCABULARY_PATH_H
#define MILLRACE_VOCABULARY_PATH_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/fail.h"

enum { PATH_STEPS_MAX = 16, PATH_BYTES_MAX = 512 };

/* kind, name in errors */
#define FIELD_KINDS(X)                                                                             \
    X(FIELD_INT32, "an int32")                                                                     \
    X(FIELD_INT64, "an int64")                                                                     \
    X(FIELD_UINT32, "a uint32")                                                                    \
    X(FIELD_UINT64, "a uint64")                                                                    \
    X(FIELD_FLOAT, "a float")                                                                      \
    X(FIELD_DOUBLE, "a double")                                                                    \
    X(FIELD_BOOL, "a bool")                                                                        \
    X(FIELD_ENUM, "an enum")                                                                       \
    X(FIELD_STRING, "a string")                                                                    \
    X(FIELD_DECIMAL, "a decimal") /* QuantityValue.quantity_string */                              \
    X(FIELD_BYTES, "bytes")                                                                        \
    X(FIELD_TIMESTAMP, "a Timestamp")                                                              \
    X(FIELD_MESSAGE, "a message")                                                                  \
    X(FIELD_LIST, "a list") /* repeated, of messages or scalars */                                 \
    X(FIELD_MAP, "a map")

enum field_kind {
#define X(kind, name) kind,
    FIELD_KINDS(X)
#undef X
};

struct field_path {
    const ProtobufCFieldDescriptor *steps[PATH_STEPS_MAX]; /* the last one is the field */
    unsigned nsteps;
    enum field_kind kind;
};

/* A column: anything but a message, a list, a map. CONFIG with the nearest name. */
enum status path_column(const ProtobufCMessageDescriptor *type, const char *name,
                        struct field_path *out, struct failure *f);
/* All columns of a view: `out` has room for n. CONFIG also where two of them are one field, in its
 * long and its short form. */
enum status path_columns(const ProtobufCMessageDescriptor *type, const char *const *names,
                         uint32_t n, struct field_path *out, struct failure *f);
/* A list or a map. CONFIG. */
enum status path_list(const ProtobufCMessageDescriptor *type, const char *name,
                      struct field_path *out, struct failure *f);
/* Any field; false where there is none. */
bool path_find(const ProtobufCMessageDescriptor *type, const char *name, struct field_path *out);

const char *field_kind_name(enum field_kind kind);
/* Of one element, where the field is repeated. */
enum field_kind field_element_kind(const ProtobufCMessageDescriptor *in,
                                   const ProtobufCFieldDescriptor *field);
enum field_kind field_kind_of(const ProtobufCMessageDescriptor *in,
                              const ProtobufCFieldDescriptor *field);
static inline const ProtobufCFieldDescriptor *path_field(const struct field_path *p)
{
    return p->steps[p->nsteps - 1];
}

#endif
