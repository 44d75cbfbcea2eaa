/* Types: what a vocabulary knows of a message and an enum beside protobuf-c's own descriptors,
 * which are first in each struct: a ProtobufCMessageDescriptor of a vocabulary is one of these.
 *
 * Built in three steps: declare (every message and enum of all files, by full name), fields (types
 * resolved, numbers and names checked), layout (where a field is held in memory). Inside the room.
 */
#ifndef MILLRACE_VOCABULARY_TYPES_H
#define MILLRACE_VOCABULARY_TYPES_H

#include <google/protobuf/descriptor.pb-c.h>
#include <stdbool.h>
#include "base/arena.h"
#include "base/fail.h"

struct descriptor_set;

struct type_file {
    const char *name;
    const char *package; /* "" none */
    const char *schema;  /* "isa95/v1.proto#<sha256>" */
    bool proto3;
};

/* What a message is to a column (path.h). */
enum type_shape {
    SHAPE_MESSAGE,   /* its fields are */
    SHAPE_TIMESTAMP, /* one instant: { int64 seconds = 1; int32 nanos = 2 }, named Timestamp */
    SHAPE_MEASURE,   /* short forms for its text and its unit: QuantityValue, Value */
};

struct field_type {
    const char *json_name;
    const char *oneof; /* the name of a real one, or NULL */
    bool decimal;      /* a string that holds a decimal number */
};

struct message_type {
    ProtobufCMessageDescriptor c; /* first */
    const Google__Protobuf__DescriptorProto *proto;
    const struct type_file *file;
    struct field_type *fields; /* as c.fields */
    enum type_shape shape;
    unsigned text, unit; /* SHAPE_MEASURE: indexes of c.fields */
    bool map_entry;
};

struct enum_type {
    ProtobufCEnumDescriptor c; /* first */
    const Google__Protobuf__EnumDescriptorProto *proto;
    const struct type_file *file;
};

struct types {
    struct arena *arena;
    struct type_file **files; /* sorted by name */
    size_t nfiles;
    struct message_type **messages; /* sorted by full name */
    size_t nmessages;
    struct enum_type **enums; /* sorted by full name */
    size_t nenums;
};

/* All lies in `a`, which the descriptors' own memory outlives. CONFIG. */
enum status types_build(struct types *types, const struct descriptor_set *set, struct arena *a,
                        struct failure *f);

/* The steps. */
enum status types_declare(struct types *types, const struct descriptor_set *set, struct failure *f);
enum status types_fields(struct types *types, struct message_type *m, struct failure *f);
enum status types_values(struct types *types, struct enum_type *e, struct failure *f);
void types_layout(struct message_type *m);
void types_shape(struct message_type *m);

struct message_type *types_message(const struct types *types, const char *full_name);
struct enum_type *types_enum(const struct types *types, const char *full_name);
bool type_name_is_sound(const char *name); /* an identifier */
/* Runs of consecutive numbers, as protobuf-c looks them up; `numbers` ascend. */
const ProtobufCIntRange *type_ranges(struct arena *a, const int32_t *numbers, size_t n,
                                     unsigned *nranges);

const char *type_hash(struct arena *a, const void *data, size_t size); /* SHA-256, in hex */

static inline const struct message_type *message_type_of(const ProtobufCMessageDescriptor *d)
{
    return (const struct message_type *)d;
}

/* By number; NULL where it has none. (protobuf-c's own search misses 2147483647.) */
const ProtobufCEnumValue *enum_value_of(const ProtobufCEnumDescriptor *e, int number);

#endif
