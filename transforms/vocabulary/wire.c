#include "transforms/vocabulary/wire.h"

#include "base/utf8.h"

enum { FIELD_NUMBER_MAX = (1 << 29) - 1, VARINT_BYTES_MAX = 10 };

static bool read_varint(struct reader *r, uint64_t *out)
{
    *out = 0;
    for (unsigned i = 0; i < VARINT_BYTES_MAX; i++) {
        uint8_t byte = read_u8(r);
        *out |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80)
            return !r->overrun;
    }
    r->overrun = true;
    return false;
}

static void read_prefixed(struct reader *r, struct wire_field *out)
{
    uint64_t size;
    if (!read_varint(r, &size) || size > reader_left(r)) {
        r->overrun = true;
        return;
    }
    out->data = r->at;
    out->data_size = (size_t)size;
    read_bytes(r, (size_t)size);
}

static void read_payload(struct reader *r, struct wire_field *out)
{
    uint64_t ignored;
    switch (out->wire_type) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        read_varint(r, &ignored);
        break;
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        read_bytes(r, 8);
        break;
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        read_bytes(r, 4);
        break;
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        read_prefixed(r, out);
        break;
    default: /* groups, and what is no wire type */
        r->overrun = true;
    }
}

bool wire_next(struct reader *r, struct wire_field *out)
{
    uint64_t tag;
    if (reader_left(r) == 0 || r->overrun)
        return false;
    *out = (struct wire_field){.at = r->at};
    if (!read_varint(r, &tag) || tag >> 3 == 0 || tag >> 3 > FIELD_NUMBER_MAX) {
        r->overrun = true;
        return false;
    }
    out->number = (uint32_t)(tag >> 3);
    out->wire_type = (uint32_t)(tag & 7);
    read_payload(r, out);
    out->size = (size_t)(r->at - out->at);
    return !r->overrun;
}

/* ---- texts ---- */

bool wire_text_is_sound(const char *text, size_t size)
{
    for (const char *end = text + size; text < end;) {
        size_t n = utf8_character(text, (size_t)(end - text));
        if (n == 0 || !*text)
            return false;
        text += n;
    }
    return true;
}

/* ---- the check ---- */

struct check {
    const uint8_t *start; /* of the outermost message: places are counted from here */
    struct failure *failure;
};

static enum status bad(const struct check *c, const ProtobufCMessageDescriptor *type,
                       const ProtobufCFieldDescriptor *field, const uint8_t *at, const char *why)
{
    return fail(c->failure, ERROR_VALUE, "a packed %s%s%s: byte %zu: %s", type->name,
                field ? "." : "", field ? field->name : "", (size_t)(at - c->start), why);
}

static uint32_t wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return PROTOBUF_C_WIRE_TYPE_32BIT;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return PROTOBUF_C_WIRE_TYPE_64BIT;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
    default:
        return PROTOBUF_C_WIRE_TYPE_VARINT;
    }
}

/* The elements of a packed field fill it exactly. */
static bool packed_is_sound(const ProtobufCFieldDescriptor *field, const struct wire_field *w)
{
    struct reader r = reader_of(w->data, w->data_size);
    uint64_t element;
    switch (wire_type_of(field->type)) {
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        return w->data_size % 4 == 0;
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        return w->data_size % 8 == 0;
    default:
        while (reader_left(&r) > 0)
            if (!read_varint(&r, &element) || (field->type == PROTOBUF_C_TYPE_BOOL && element > 1))
                return false;
        return true;
    }
}

static enum status check_message(const struct check *c, const ProtobufCMessageDescriptor *type,
                                 const uint8_t *data, size_t size, unsigned depth);

static enum status check_prefixed(const struct check *c, const ProtobufCMessageDescriptor *type,
                                  const ProtobufCFieldDescriptor *field, const struct wire_field *w,
                                  unsigned depth)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return check_message(c, field->descriptor, w->data, w->data_size, depth + 1);
    case PROTOBUF_C_TYPE_STRING:
        if (!wire_text_is_sound((const char *)w->data, w->data_size))
            return bad(c, type, field, w->data, "a text is not UTF-8, or has a NUL in it");
        return STATUS_OK;
    case PROTOBUF_C_TYPE_BYTES:
        return STATUS_OK;
    default:
        if (field->label == PROTOBUF_C_LABEL_REPEATED && packed_is_sound(field, w))
            return STATUS_OK;
        return bad(c, type, field, w->at, "a packed list is not whole, or not one by declaration");
    }
}

static enum status check_field(const struct check *c, const ProtobufCMessageDescriptor *type,
                               const ProtobufCFieldDescriptor *field, const struct wire_field *w,
                               unsigned depth)
{
    if (w->wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
        return check_prefixed(c, type, field, w, depth);
    if (w->wire_type != wire_type_of(field->type))
        return bad(c, type, field, w->at, "it lies there as another type than it is declared");
    return STATUS_OK;
}

/* Which of a message's fields have come, by their index. */
struct seen {
    uint64_t bits[WIRE_FIELDS_MAX / 64];
};

/* protobuf-c would join the two, at a cost that grows with the square of their number. */
static bool comes_again(struct seen *seen, const ProtobufCMessageDescriptor *type,
                        const ProtobufCFieldDescriptor *field)
{
    if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label == PROTOBUF_C_LABEL_REPEATED)
        return false;
    size_t i = (size_t)(field - type->fields);
    must(i < WIRE_FIELDS_MAX);
    bool again = seen->bits[i / 64] >> i % 64 & 1;
    seen->bits[i / 64] |= UINT64_C(1) << i % 64;
    return again;
}

static enum status check_message(const struct check *c, const ProtobufCMessageDescriptor *type,
                                 const uint8_t *data, size_t size, unsigned depth)
{
    struct reader r = reader_of(data, size);
    struct wire_field w = {.at = data};
    struct seen seen = {{0}};
    if (depth > WIRE_DEPTH_MAX)
        return bad(c, type, NULL, data, "messages are nested too deep");
    while (wire_next(&r, &w)) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(type, w.number);
        if (!field)
            continue;
        if (comes_again(&seen, type, field))
            return bad(c, type, field, w.at, "the field holds one message, and comes again");
        TRY(check_field(c, type, field, &w, depth));
    }
    return r.overrun ? bad(c, type, NULL, w.at, "the bytes are cut short or garbage") : STATUS_OK;
}

enum status wire_check(const ProtobufCMessageDescriptor *type, const void *data, size_t size,
                       struct failure *f)
{
    if (size > WIRE_BYTES_MAX)
        return fail(f, ERROR_VALUE, "a packed %s has %zu bytes: at most %d are read", type->name,
                    size, (int)WIRE_BYTES_MAX);
    struct check c = {data, f};
    return check_message(&c, type, data, size, 0);
}
