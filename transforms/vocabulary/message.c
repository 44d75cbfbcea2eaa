#include "transforms/vocabulary/message.h"

#include "transforms/vocabulary/wire.h"

static bool is_pointer(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING;
}

/* ---- memory ---- */

/* protobuf-c gives up, and says so, where this answers NULL: small bytes can ask for much (an empty
 * element of a list has two bytes packed and its whole struct unpacked). */
struct allowance {
    struct arena *arena;
    size_t left;
};

static void *take(void *data, size_t size)
{
    struct allowance *allowance = data;
    if (size > allowance->left)
        return NULL;
    allowance->left -= size;
    return arena_alloc(allowance->arena, size);
}

static void leave(void *data, void *pointer)
{
    (void)data, (void)pointer; /* it goes with the arena */
}

/* Types that are built at run time have no message_init, and no defaults. */
ProtobufCMessage *message_new(const ProtobufCMessageDescriptor *type, struct arena *a)
{
    ProtobufCMessage *m = arena_zalloc(a, type->sizeof_message);
    m->descriptor = type;
    return m;
}

/* ---- what proto2 requires ---- */

static const ProtobufCFieldDescriptor *missing(const ProtobufCMessage *m);

static const ProtobufCFieldDescriptor *missing_in(const ProtobufCMessage *m,
                                                  const ProtobufCFieldDescriptor *field)
{
    const void *member = message_member_const(m, field);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        ProtobufCMessage *const *elements = *(ProtobufCMessage *const *const *)member;
        const ProtobufCFieldDescriptor *found = NULL;
        for (size_t i = 0; i < message_count(m, field) && !found; i++)
            found = missing(elements[i]);
        return found;
    }
    return message_has(m, field) ? missing(*(ProtobufCMessage *const *)member) : NULL;
}

/* protobuf_c_message_check would do, but takes any member of a oneof for the one that is set. */
static const ProtobufCFieldDescriptor *missing(const ProtobufCMessage *m)
{
    const ProtobufCFieldDescriptor *found = NULL;
    for (unsigned i = 0; i < m->descriptor->n_fields && !found; i++) {
        const ProtobufCFieldDescriptor *field = &m->descriptor->fields[i];
        bool required = field->label == PROTOBUF_C_LABEL_REQUIRED;
        if (required && is_pointer(field) && !*(void *const *)message_member_const(m, field))
            found = field;
        else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            found = missing_in(m, field);
    }
    return found;
}

/* ---- bytes ---- */

enum status message_unpack(const ProtobufCMessageDescriptor *type, const void *data, size_t size,
                           struct arena *a, ProtobufCMessage **out, struct failure *f)
{
    TRY(wire_check(type, data, size, f));
    struct allowance allowance = {a, MESSAGE_BYTES_MAX};
    ProtobufCAllocator allocator = {take, leave, &allowance};
    *out = protobuf_c_message_unpack(type, &allocator, size, data);
    if (*out)
        return STATUS_OK;
    return fail(f, ERROR_VALUE,
                "a packed %s of %zu bytes cannot be unpacked: a required field is missing, or it "
                "takes more than %d MiB",
                type->name, size, (int)(MESSAGE_BYTES_MAX >> 20));
}

enum status message_pack(const ProtobufCMessage *m, struct arena *a, const uint8_t **data,
                         size_t *size, struct failure *f)
{
    const ProtobufCFieldDescriptor *lacks = missing(m);
    if (lacks)
        return fail(f, ERROR_VALUE, "a %s lacks a required field: %s", m->descriptor->name,
                    lacks->name);
    *size = protobuf_c_message_get_packed_size(m);
    if (*size > WIRE_BYTES_MAX)
        return fail(f, ERROR_VALUE, "a %s takes %zu bytes packed: %d are the most",
                    m->descriptor->name, *size, (int)WIRE_BYTES_MAX);
    uint8_t *bytes = arena_alloc(a, *size);
    must(protobuf_c_message_pack(m, bytes) == *size);
    *data = bytes;
    return STATUS_OK;
}

/* ---- fields ---- */

void *message_member(ProtobufCMessage *m, const ProtobufCFieldDescriptor *field)
{
    return (char *)m + field->offset;
}

const void *message_member_const(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field)
{
    return (const char *)m + field->offset;
}

bool message_field_has_presence(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_OPTIONAL || field->type == PROTOBUF_C_TYPE_MESSAGE ||
           field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
}

bool message_has(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field)
{
    const char *base = (const char *)m;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return message_count(m, field) > 0;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)(base + field->quantifier_offset) == field->id;
    if (!message_field_has_presence(field))
        return true;
    if (is_pointer(field))
        return *(void *const *)(base + field->offset) != NULL;
    return *(const protobuf_c_boolean *)(base + field->quantifier_offset);
}

void message_mark(ProtobufCMessage *m, const ProtobufCFieldDescriptor *field)
{
    char *base = (char *)m;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        *(uint32_t *)(base + field->quantifier_offset) = field->id;
    else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && !is_pointer(field))
        *(protobuf_c_boolean *)(base + field->quantifier_offset) = true;
}

size_t message_count(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field)
{
    return *(const size_t *)((const char *)m + field->quantifier_offset);
}

size_t message_element_bytes(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
        return 4;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 8;
    }
}
