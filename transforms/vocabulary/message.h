/* Message: protobuf-c messages of types that are known at run time only, in an arena.
 *
 * A ProtobufCMessage of a vocabulary's type is laid out as protoc-c would lay it out; all it points
 * to lies in the arena, so nothing of it is freed, and protobuf_c_message_free_unpacked is not
 * called. Unpacked bytes are checked first (wire.h). Fields with numbers that the type does not
 * declare are kept with the message and packed again after the known ones, as protobuf-c does; a
 * `struct object` has no place for them.
 *
 * Threads: one an arena; the vocabulary is only read.
 */
#ifndef MILLRACE_VOCABULARY_MESSAGE_H
#define MILLRACE_VOCABULARY_MESSAGE_H

#include <protobuf-c/protobuf-c.h>
#include "base/arena.h"
#include "base/fail.h"

enum { MESSAGE_BYTES_MAX = 128 * 1024 * 1024 }; /* that unpacking one may take from the arena */

ProtobufCMessage *message_new(const ProtobufCMessageDescriptor *type, struct arena *a);

/* VALUE where the bytes are no such message. */
enum status message_unpack(const ProtobufCMessageDescriptor *type, const void *data, size_t size,
                           struct arena *a, ProtobufCMessage **out, struct failure *f);
/* *data lies in the arena. The same message always gives the same bytes: fields by number, lists
 * and maps in their order. VALUE where a required field (proto2) is not set, or it is too large. */
enum status message_pack(const ProtobufCMessage *m, struct arena *a, const uint8_t **data,
                         size_t *size, struct failure *f);

/* Where a field is held. */
void *message_member(ProtobufCMessage *m, const ProtobufCFieldDescriptor *field);
const void *message_member_const(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field);

/* Whether a field is set: by its quantifier or pointer; one without presence always is. */
bool message_has(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field);
void message_mark(ProtobufCMessage *m, const ProtobufCFieldDescriptor *field); /* as set */
bool message_field_has_presence(const ProtobufCFieldDescriptor *field);

/* What a repeated field holds. */
size_t message_count(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field);
size_t message_element_bytes(ProtobufCType type);

#endif
