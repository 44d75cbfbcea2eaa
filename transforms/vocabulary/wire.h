/* Wire: what of packed bytes is checked before protobuf-c reads them.
 *
 * protobuf-c 1.4 unpacks what it is given: it follows nesting to any depth, takes texts as C
 * strings without a look at their bytes, and joins a message that comes twice. So here, over the
 * same descriptors, without allocating: every length and varint ends within its message, nesting
 * ends at WIRE_DEPTH_MAX, no groups, a known field has the wire type of its declaration, texts are
 * UTF-8 without NUL, a field that holds one message has one. Fields with numbers that are not
 * declared are passed over by length.
 *
 * The format: https://protobuf.dev/programming-guides/encoding/ . Pure; any thread.
 */
#ifndef MILLRACE_VOCABULARY_WIRE_H
#define MILLRACE_VOCABULARY_WIRE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include "base/fail.h"
#include "base/reader.h"

enum {
    WIRE_DEPTH_MAX = 64,
    WIRE_BYTES_MAX = 16 * 1024 * 1024,
    WIRE_FIELDS_MAX = 1024, /* of one message type */
};

/* VALUE, and the message, the field and the place in the bytes. */
enum status wire_check(const ProtobufCMessageDescriptor *type, const void *data, size_t size,
                       struct failure *f);

/* One field as it lies: its number, its wire type, and all its bytes with the tag. */
struct wire_field {
    uint32_t number;
    uint32_t wire_type; /* ProtobufCWireType */
    const uint8_t *at;  /* tag first */
    size_t size;
    const uint8_t *data; /* of a length-prefixed one: after the length */
    size_t data_size;
};

/* The next field; false at the end, and with r->overrun where the bytes are no field. */
bool wire_next(struct reader *r, struct wire_field *out);

bool wire_text_is_sound(const char *text, size_t size); /* UTF-8, no NUL */

#endif
