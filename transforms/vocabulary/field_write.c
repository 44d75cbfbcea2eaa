#include "transforms/vocabulary/field.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "transforms/vocabulary/field_decimal.h"
#include "transforms/vocabulary/field_instant.h"
#include "transforms/vocabulary/message.h"
#include "transforms/vocabulary/nearest_name.h"
#include "transforms/vocabulary/types.h"
#include "transforms/vocabulary/wire.h"

enum { SHOWN_BYTES = 60 };

/* What is written where: for errors. */
struct target {
    const ProtobufCMessageDescriptor *in;
    const ProtobufCFieldDescriptor *field;
    enum field_kind kind;
    const struct value *value;
    const struct field_context *context;
};

static enum status refuse(const struct target *t, const char *why)
{
    return fail(t->context->failure, ERROR_VALUE, "%s.%s is %s: %s (%s) does not go into it%s%s",
                t->in->short_name, t->field->name, field_kind_name(t->kind),
                value_show(t->value, t->context->arena, SHOWN_BYTES),
                value_kind_name((enum value_kind)t->value->kind), why ? ": " : "", why ? why : "");
}

/* ---- numbers ---- */

static const char *double_text(double d, struct arena *a)
{
    struct buffer b;
    buffer_init(&b, 512);
    value_add_double(&b, d);
    const char *text = arena_copy(a, b.data, b.size);
    buffer_free(&b);
    return text;
}

/* In its one spelling; NULL where the value is no number. */
static const char *decimal_of(const struct target *t)
{
    struct arena *a = t->context->arena;
    const struct value *v = t->value;
    const char *text;
    switch (v->kind) {
    case VALUE_INT:
        return arena_format(a, "%lld", (long long)v->i);
    case VALUE_DOUBLE:
        text = double_text(v->d, a);
        return field_decimal_read(text, strlen(text), a, &text) ? text : NULL;
    case VALUE_TEXT:
        return field_decimal_read(v->text, v->size, a, &text) ? text : NULL;
    default:
        return NULL;
    }
}

static enum status write_int(const struct target *t, int64_t min, int64_t max, int64_t *out)
{
    const char *text = decimal_of(t);
    char *end;
    if (!text)
        return refuse(t, t->value->kind == VALUE_TEXT ? "it is no number" : NULL);
    if (strchr(text, '.'))
        return refuse(t, "it is not whole");
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno || *out < min || *out > max ? refuse(t, "it is out of range") : STATUS_OK;
}

static enum status write_uint(const struct target *t, uint64_t max, uint64_t *out)
{
    const char *text = decimal_of(t);
    char *end;
    if (!text)
        return refuse(t, t->value->kind == VALUE_TEXT ? "it is no number" : NULL);
    if (strchr(text, '.'))
        return refuse(t, "it is not whole");
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno || *text == '-' || *out > max ? refuse(t, "it is out of range") : STATUS_OK;
}

static enum status write_int32(const struct target *t, void *member)
{
    int64_t i;
    TRY(write_int(t, INT32_MIN, INT32_MAX, &i));
    *(int32_t *)member = (int32_t)i;
    return STATUS_OK;
}

static enum status write_uint32(const struct target *t, void *member)
{
    uint64_t u;
    TRY(write_uint(t, UINT32_MAX, &u));
    *(uint32_t *)member = (uint32_t)u;
    return STATUS_OK;
}

static enum status write_double(const struct target *t, double *out)
{
    const struct value *v = t->value;
    if (v->kind == VALUE_DOUBLE) {
        *out = v->d;
        return STATUS_OK;
    }
    if (v->kind == VALUE_TEXT)
        return value_read_double(v->text, v->size, out) ? STATUS_OK : refuse(t, "it is no number");
    if (v->kind != VALUE_INT)
        return refuse(t, NULL);
    *out = (double)v->i;
    bool held = fabs(*out) < 0x1p63 && (int64_t)*out == v->i;
    return held ? STATUS_OK : refuse(t, "a double does not hold all of its digits");
}

static enum status write_float(const struct target *t, float *out)
{
    double d;
    TRY(write_double(t, &d));
    *out = (float)d;
    return isinf(*out) && !isinf(d) ? refuse(t, "it is out of range") : STATUS_OK;
}

static enum status write_bool(const struct target *t, protobuf_c_boolean *out)
{
    static const struct {
        const char *text;
        bool is;
    } words[] = {{"0", false}, {"1", true},      {"f", false},
                 {"t", true},  {"false", false}, {"true", true}};
    const struct value *v = t->value;
    if (v->kind == VALUE_INT && (v->i == 0 || v->i == 1)) {
        *out = (int)v->i;
        return STATUS_OK;
    }
    for (size_t i = 0; v->kind == VALUE_TEXT && i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].text) == v->size && memcmp(words[i].text, v->text, v->size) == 0) {
            *out = words[i].is;
            return STATUS_OK;
        }
    return refuse(t, "write 0 or 1, t or f, true or false");
}

/* ---- texts ---- */

static enum status write_enum(const struct target *t, int32_t *out)
{
    const ProtobufCEnumDescriptor *e = t->field->descriptor;
    const struct value *v = t->value;
    const ProtobufCEnumValue *value = NULL;
    if (v->kind == VALUE_INT && v->i >= INT32_MIN && v->i <= INT32_MAX)
        value = enum_value_of(e, (int)v->i);
    const char *name = v->kind == VALUE_TEXT ? arena_copy(t->context->arena, v->text, v->size) : "";
    if (v->kind == VALUE_TEXT)
        value = protobuf_c_enum_descriptor_get_value_by_name(e, name);
    if (value) {
        *out = value->value;
        return STATUS_OK;
    }
    struct nearest nearest = nearest_name(name);
    for (unsigned i = 0; i < e->n_value_names; i++)
        nearest_offer(&nearest, e->values_by_name[i].name);
    return refuse(t, arena_format(t->context->arena, "%s has no such value%s%s", e->short_name,
                                  nearest.name ? "; the nearest is " : "",
                                  nearest.name ? nearest.name : ""));
}

static enum status write_string(const struct target *t, const char **out)
{
    const struct value *v = t->value;
    struct arena *a = t->context->arena;
    switch (v->kind) {
    case VALUE_TEXT:
        if (!wire_text_is_sound(v->text, v->size))
            return refuse(t, "it is not UTF-8, or has a NUL in it");
        *out = arena_copy(a, v->text, v->size);
        return STATUS_OK;
    case VALUE_INT:
        *out = arena_format(a, "%lld", (long long)v->i);
        return STATUS_OK;
    case VALUE_DOUBLE:
        *out = double_text(v->d, a);
        return STATUS_OK;
    default:
        return refuse(t, NULL);
    }
}

static enum status write_decimal(const struct target *t, const char **out)
{
    *out = decimal_of(t);
    return *out ? STATUS_OK : refuse(t, "it is no number");
}

static enum status write_bytes(const struct target *t, ProtobufCBinaryData *out)
{
    const struct value *v = t->value;
    if (v->kind != VALUE_BYTES && v->kind != VALUE_TEXT)
        return refuse(t, NULL);
    out->len = v->size;
    out->data = (uint8_t *)arena_copy(t->context->arena, v->text, v->size);
    return STATUS_OK;
}

static enum status write_timestamp(const struct target *t, ProtobufCMessage **out)
{
    const struct value *v = t->value;
    const ProtobufCMessageDescriptor *type = t->field->descriptor;
    struct instant instant;
    if (v->kind != VALUE_TEXT)
        return refuse(t, "it takes a text, as 2026-11-22 16:00:00");
    const char *why = field_instant_read(v->text, v->size, t->context->zone, &instant);
    if (why)
        return refuse(t, why);
    *out = message_new(type, t->context->arena);
    for (unsigned i = 0; i < 2; i++)
        message_mark(*out, &type->fields[i]);
    *(int64_t *)message_member(*out, &type->fields[0]) = instant.seconds;
    *(int32_t *)message_member(*out, &type->fields[1]) = instant.nanos;
    return STATUS_OK;
}

enum status field_write(void *member, const ProtobufCMessageDescriptor *in,
                        const ProtobufCFieldDescriptor *field, const struct value *v,
                        const struct field_context *c)
{
    const struct target t = {in, field, field_element_kind(in, field), v, c};
    switch (t.kind) {
    case FIELD_INT32:
        return write_int32(&t, member);
    case FIELD_INT64:
        return write_int(&t, INT64_MIN, INT64_MAX, member);
    case FIELD_UINT32:
        return write_uint32(&t, member);
    case FIELD_UINT64:
        return write_uint(&t, UINT64_MAX, member);
    case FIELD_FLOAT:
        return write_float(&t, member);
    case FIELD_DOUBLE:
        return write_double(&t, member);
    case FIELD_BOOL:
        return write_bool(&t, member);
    case FIELD_ENUM:
        return write_enum(&t, member);
    case FIELD_STRING:
        return write_string(&t, member);
    case FIELD_DECIMAL:
        return write_decimal(&t, member);
    case FIELD_BYTES:
        return write_bytes(&t, member);
    case FIELD_TIMESTAMP:
        return write_timestamp(&t, member);
    default:
        return refuse(&t, NULL);
    }
}

/* ---- along a path ---- */

static const ProtobufCFieldDescriptor *oneof_taken(const ProtobufCMessage *m,
                                                   const ProtobufCFieldDescriptor *field)
{
    if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        return NULL;
    uint32_t number = *(const uint32_t *)((const char *)m + field->quantifier_offset);
    if (number == 0 || number == field->id)
        return NULL;
    return protobuf_c_message_descriptor_get_field(m->descriptor, number);
}

static enum status check_oneof(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field,
                               const struct field_context *c)
{
    const ProtobufCFieldDescriptor *taken = oneof_taken(m, field);
    if (!taken)
        return STATUS_OK;
    return fail(c->failure, ERROR_VALUE,
                "%s.%s and %s.%s are both given, and are one or the other (oneof %s)",
                m->descriptor->short_name, taken->name, m->descriptor->short_name, field->name,
                message_type_of(m->descriptor)->fields[field - m->descriptor->fields].oneof);
}

enum status field_step(ProtobufCMessage **m, const ProtobufCFieldDescriptor *field,
                       const struct field_context *c)
{
    TRY(check_oneof(*m, field, c));
    if (!message_has(*m, field)) {
        ProtobufCMessage **member = message_member(*m, field);
        *member = message_new(field->descriptor, c->arena);
        message_mark(*m, field);
    }
    *m = *(ProtobufCMessage **)message_member(*m, field);
    return STATUS_OK;
}

static enum status set_null(const ProtobufCMessageDescriptor *in,
                            const ProtobufCFieldDescriptor *field, const struct value *v,
                            const struct field_context *c)
{
    if (message_field_has_presence(field))
        return STATUS_OK;
    const struct target t = {in, field, field_kind_of(in, field), v, c};
    return refuse(&t, "declared without `optional` it is never unset");
}

static const ProtobufCMessageDescriptor *holder(const ProtobufCMessage *m,
                                                const struct field_path *path)
{
    return path->nsteps > 1 ? path->steps[path->nsteps - 2]->descriptor : m->descriptor;
}

enum status field_set(ProtobufCMessage *m, const struct field_path *path, const struct value *v,
                      const struct field_context *c)
{
    const ProtobufCFieldDescriptor *field = path_field(path);
    if (v->kind == VALUE_NULL)
        return set_null(holder(m, path), field, v, c);
    for (unsigned i = 0; i + 1 < path->nsteps; i++)
        TRY(field_step(&m, path->steps[i], c));
    TRY(check_oneof(m, field, c));
    TRY(field_write(message_member(m, field), m->descriptor, field, v, c));
    message_mark(m, field);
    return STATUS_OK;
}
