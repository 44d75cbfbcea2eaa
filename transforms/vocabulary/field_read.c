#include "transforms/vocabulary/field.h"

#include <inttypes.h>
#include <string.h>
#include "base/buffer.h"
#include "transforms/vocabulary/field_decimal.h"
#include "transforms/vocabulary/field_instant.h"
#include "transforms/vocabulary/message.h"
#include "transforms/vocabulary/types.h"

enum { NUMBER_BYTES = 64 };

static struct value text_of(const char *text)
{
    const char *at = text ? text : "";
    return value_text(VALUE_TEXT, at, strlen(at));
}

/* 0.1f is 0.1 again, not 0.10000000149011612. */
static struct value float_of(float number)
{
    struct value v = {.kind = VALUE_DOUBLE, .d = (double)number};
    struct buffer b;
    buffer_init(&b, NUMBER_BYTES);
    value_add_float(&b, v.d);
    double shortest;
    if (value_read_double(b.data, b.size, &shortest))
        v.d = shortest;
    buffer_free(&b);
    return v;
}

static struct value enum_of(const ProtobufCFieldDescriptor *field, int32_t number)
{
    const ProtobufCEnumValue *value = enum_value_of(field->descriptor, number);
    return value ? text_of(value->name) : value_int(number);
}

static enum status read_decimal(const char *text, const ProtobufCMessageDescriptor *in,
                                const ProtobufCFieldDescriptor *field, struct value *out,
                                const struct field_context *c)
{
    const char *decimal;
    if (!field_decimal_read(text ? text : "", text ? strlen(text) : 0, c->arena, &decimal))
        return fail(c->failure, ERROR_VALUE, "%s.%s is a decimal, and holds \"%.60s\"",
                    in->short_name, field->name, text ? text : "");
    *out = text_of(decimal);
    return STATUS_OK;
}

static enum status read_timestamp(const ProtobufCMessage *m, struct value *out,
                                  const struct field_context *c)
{
    const ProtobufCFieldDescriptor *fields = m->descriptor->fields;
    struct instant instant = {*(const int64_t *)message_member_const(m, &fields[0]),
                              *(const int32_t *)message_member_const(m, &fields[1])};
    if (!field_instant_is_sound(&instant))
        return fail(c->failure, ERROR_VALUE,
                    "a Timestamp of %" PRId64 " seconds and %" PRId32
                    " nanoseconds lies outside of the years 1 to 9999",
                    instant.seconds, instant.nanos);
    struct buffer b;
    buffer_init(&b, NUMBER_BYTES);
    field_instant_add(&b, &instant, c->zone);
    const char *text = arena_copy(c->arena, b.data, b.size);
    *out = value_text(VALUE_TEXT, text, b.size);
    buffer_free(&b);
    return STATUS_OK;
}

enum status field_read(const void *member, const ProtobufCMessageDescriptor *in,
                       const ProtobufCFieldDescriptor *field, struct value *out,
                       const struct field_context *c)
{
    const ProtobufCBinaryData *bytes = member;
    const char *u64;
    switch (field_element_kind(in, field)) {
    case FIELD_INT32:
        *out = value_int(*(const int32_t *)member);
        return STATUS_OK;
    case FIELD_INT64:
        *out = value_int(*(const int64_t *)member);
        return STATUS_OK;
    case FIELD_UINT32:
        *out = value_int(*(const uint32_t *)member);
        return STATUS_OK;
    case FIELD_UINT64:
        u64 = arena_format(c->arena, "%" PRIu64, *(const uint64_t *)member);
        *out = text_of(u64);
        return STATUS_OK;
    case FIELD_FLOAT:
        *out = float_of(*(const float *)member);
        return STATUS_OK;
    case FIELD_DOUBLE:
        *out = (struct value){.kind = VALUE_DOUBLE, .d = *(const double *)member};
        return STATUS_OK;
    case FIELD_BOOL:
        *out = value_int(*(const protobuf_c_boolean *)member != 0);
        return STATUS_OK;
    case FIELD_ENUM:
        *out = enum_of(field, *(const int32_t *)member);
        return STATUS_OK;
    case FIELD_STRING:
        *out = text_of(*(const char *const *)member);
        return STATUS_OK;
    case FIELD_DECIMAL:
        return read_decimal(*(const char *const *)member, in, field, out, c);
    case FIELD_BYTES:
        *out = value_text(VALUE_BYTES, bytes->data ? (const char *)bytes->data : "", bytes->len);
        return STATUS_OK;
    case FIELD_TIMESTAMP:
        return read_timestamp(*(ProtobufCMessage *const *)member, out, c);
    default:
        return fail(c->failure, ERROR_INTERNAL, "%s.%s is no single value", in->short_name,
                    field->name);
    }
}

enum status field_get(const ProtobufCMessage *m, const struct field_path *path, struct value *out,
                      const struct field_context *c)
{
    *out = value_null();
    for (unsigned i = 0; i + 1 < path->nsteps; i++) {
        if (!message_has(m, path->steps[i]))
            return STATUS_OK;
        m = *(ProtobufCMessage *const *)message_member_const(m, path->steps[i]);
    }
    const ProtobufCFieldDescriptor *field = path_field(path);
    if (!message_has(m, field))
        return STATUS_OK;
    return field_read(message_member_const(m, field), m->descriptor, field, out, c);
}
