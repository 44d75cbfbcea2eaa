#include "transforms/vocabulary/message_json.h"

#include <inttypes.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "transforms/vocabulary/field_instant.h"
#include "transforms/vocabulary/message.h"
#include "transforms/vocabulary/types.h"

/* A reference that is given away; NULL was no memory. */
static enum status give(json_t *json, json_t **out)
{
    must(json);
    *out = json;
    return STATUS_OK;
}

/* ---- single values ---- */

static json_t *real_json(double d)
{
    if (isnan(d))
        return json_string("NaN");
    if (isinf(d))
        return json_string(d < 0 ? "-Infinity" : "Infinity");
    return json_real(d);
}

static json_t *bytes_json(const char *data, size_t size, struct arena *a)
{
    char *text = arena_alloc(a, (size + 2) / 3 * 4 + 1);
    EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)data, (int)size);
    return json_string(text);
}

static enum status instant_json(const ProtobufCMessage *m, json_t **out,
                                const struct field_context *c)
{
    const ProtobufCFieldDescriptor *fields = m->descriptor->fields;
    const struct instant instant = {*(const int64_t *)message_member_const(m, &fields[0]),
                                    *(const int32_t *)message_member_const(m, &fields[1])};
    if (!field_instant_is_sound(&instant))
        return fail(c->failure, ERROR_VALUE, "a %s lies outside of the years 1 to 9999",
                    m->descriptor->name);
    struct buffer b;
    buffer_init(&b, 64);
    field_instant_add_rfc3339(&b, &instant);
    json_t *text = json_stringn(b.data, b.size);
    buffer_free(&b);
    return give(text, out);
}

static json_t *value_json(enum field_kind kind, const struct value *v, struct arena *a)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_DOUBLE:
        return real_json(v->d);
    case VALUE_BYTES:
        return bytes_json(v->text, v->size, a);
    case VALUE_TEXT:
        return json_stringn(v->text, v->size);
    default:
        break;
    }
    if (kind == FIELD_BOOL)
        return json_boolean(v->i);
    if (kind == FIELD_INT64)
        return json_string(arena_format(a, "%" PRId64, v->i));
    return json_integer(v->i);
}

static enum status single_json(const void *member, const ProtobufCMessageDescriptor *in,
                               const ProtobufCFieldDescriptor *field, json_t **out,
                               const struct field_context *c)
{
    enum field_kind kind = field_element_kind(in, field);
    struct value v;
    if (kind == FIELD_TIMESTAMP)
        return instant_json(*(ProtobufCMessage *const *)member, out, c);
    if (kind == FIELD_MESSAGE)
        return message_json(*(ProtobufCMessage *const *)member, out, c);
    TRY(field_read(member, in, field, &v, c));
    return give(value_json(kind, &v, c->arena), out);
}

/* ---- lists and maps ---- */

static enum status list_json(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field,
                             json_t **out, const struct field_context *c)
{
    const char *at = *(char *const *)message_member_const(m, field);
    json_t *list = json_array(), *element;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < message_count(m, field) && status == STATUS_OK; i++) {
        status = single_json(at + i * message_element_bytes(field->type), m->descriptor, field,
                             &element, c);
        if (status == STATUS_OK)
            json_array_append_new(list, element);
    }
    if (status == STATUS_OK)
        return give(list, out);
    json_decref(list);
    return status;
}

struct map_entry {
    const char *key;
    const ProtobufCMessage *message;
    size_t i; /* of two with one key the later one holds */
};

static int by_key(const void *a, const void *b)
{
    const struct map_entry *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : (x->i > y->i) - (x->i < y->i);
}

static enum status key_of(const ProtobufCMessage *entry, const char **out,
                          const struct field_context *c)
{
    const ProtobufCFieldDescriptor *field = &entry->descriptor->fields[0];
    struct value v;
    TRY(field_read(message_member_const(entry, field), entry->descriptor, field, &v, c));
    if (v.kind == VALUE_TEXT)
        *out = arena_copy(c->arena, v.text, v.size);
    else if (field->type == PROTOBUF_C_TYPE_BOOL)
        *out = v.i ? "true" : "false";
    else
        *out = arena_format(c->arena, "%" PRId64, v.i);
    return STATUS_OK;
}

/* An entry without a value has its type's default: of a message, an empty one. */
static enum status entry_json(const ProtobufCMessage *entry, json_t **out,
                              const struct field_context *c)
{
    const ProtobufCFieldDescriptor *field = &entry->descriptor->fields[1];
    const void *member = message_member_const(entry, field);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE && !*(void *const *)member)
        return give(json_object(), out);
    return single_json(member, entry->descriptor, field, out, c);
}

static enum status fill_map(json_t *map, const ProtobufCMessage *m,
                            const ProtobufCFieldDescriptor *field, const struct field_context *c)
{
    size_t n = message_count(m, field);
    ProtobufCMessage *const *elements =
        *(ProtobufCMessage *const *const *)message_member_const(m, field);
    struct map_entry *entries = arena_alloc(c->arena, n * sizeof *entries);
    json_t *value;
    for (size_t i = 0; i < n; i++) {
        entries[i] = (struct map_entry){NULL, elements[i], i};
        TRY(key_of(elements[i], &entries[i].key, c));
    }
    qsort(entries, n, sizeof *entries, by_key);
    for (size_t i = 0; i < n; i++) {
        TRY(entry_json(entries[i].message, &value, c));
        json_object_set_new(map, entries[i].key, value);
    }
    return STATUS_OK;
}

static enum status map_json(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field,
                            json_t **out, const struct field_context *c)
{
    json_t *map = json_object();
    enum status status = fill_map(map, m, field, c);
    if (status == STATUS_OK)
        return give(map, out);
    json_decref(map);
    return status;
}

/* ---- messages ---- */

static bool is_default(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field)
{
    static const char zeros[16];
    const void *member = message_member_const(m, field);
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *)member;
        return !text || !*text;
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)member)->len == 0;
    return memcmp(member, zeros, message_element_bytes(field->type)) == 0;
}

static bool is_written(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field)
{
    if (field->label == PROTOBUF_C_LABEL_NONE && !message_field_has_presence(field))
        return !is_default(m, field);
    return message_has(m, field);
}

static enum status field_json(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field,
                              json_t **out, const struct field_context *c)
{
    switch (field_kind_of(m->descriptor, field)) {
    case FIELD_LIST:
        return list_json(m, field, out, c);
    case FIELD_MAP:
        return map_json(m, field, out, c);
    default:
        return single_json(message_member_const(m, field), m->descriptor, field, out, c);
    }
}

enum status message_json(const ProtobufCMessage *m, json_t **out, const struct field_context *c)
{
    const struct message_type *type = message_type_of(m->descriptor);
    json_t *object = json_object(), *value;
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < type->c.n_fields && status == STATUS_OK; i++) {
        if (!is_written(m, &type->c.fields[i]))
            continue;
        status = field_json(m, &type->c.fields[i], &value, c);
        if (status == STATUS_OK)
            json_object_set_new(object, type->fields[i].json_name, value);
    }
    if (status == STATUS_OK)
        return give(object, out);
    json_decref(object);
    return status;
}
