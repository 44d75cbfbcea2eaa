#include "transforms/vocabulary/compatible.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/buffer.h"
#include "transforms/vocabulary/message.h"
#include "transforms/vocabulary/types.h"
#include "transforms/vocabulary/vocabulary_parts.h"

enum { TEXT_BYTES_MAX = 1000 };

/* What was found: the first of them in words, all of them counted. */
struct findings {
    struct buffer text;
    size_t n, told;
};

static void found(struct findings *all, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void found(struct findings *all, const char *format, ...)
{
    char text[TEXT_BYTES_MAX];
    va_list args;
    all->n++;
    if (all->text.size > TEXT_BYTES_MAX)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buffer_add_format(&all->text, "%s%s", all->told++ ? "; " : "", text);
}

/* ---- fields ---- */

/* A range's end is not in it (descriptor.proto, DescriptorProto.ReservedRange). */
static bool is_reserved(const struct message_type *m, uint32_t number)
{
    for (size_t i = 0; i < m->proto->n_reserved_range; i++)
        if ((int64_t)number >= m->proto->reserved_range[i]->start &&
            (int64_t)number < m->proto->reserved_range[i]->end)
            return true;
    return false;
}

static const char *type_name(const ProtobufCFieldDescriptor *field)
{
    static const char *const names[] = {
        [PROTOBUF_C_TYPE_INT32] = "int32",       [PROTOBUF_C_TYPE_SINT32] = "sint32",
        [PROTOBUF_C_TYPE_SFIXED32] = "sfixed32", [PROTOBUF_C_TYPE_INT64] = "int64",
        [PROTOBUF_C_TYPE_SINT64] = "sint64",     [PROTOBUF_C_TYPE_SFIXED64] = "sfixed64",
        [PROTOBUF_C_TYPE_UINT32] = "uint32",     [PROTOBUF_C_TYPE_FIXED32] = "fixed32",
        [PROTOBUF_C_TYPE_UINT64] = "uint64",     [PROTOBUF_C_TYPE_FIXED64] = "fixed64",
        [PROTOBUF_C_TYPE_FLOAT] = "float",       [PROTOBUF_C_TYPE_DOUBLE] = "double",
        [PROTOBUF_C_TYPE_BOOL] = "bool",         [PROTOBUF_C_TYPE_STRING] = "string",
        [PROTOBUF_C_TYPE_BYTES] = "bytes",
    };
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return ((const ProtobufCMessageDescriptor *)field->descriptor)->name;
    if (field->type == PROTOBUF_C_TYPE_ENUM)
        return ((const ProtobufCEnumDescriptor *)field->descriptor)->name;
    return names[field->type];
}

static const char *oneof_of(const struct message_type *m, const ProtobufCFieldDescriptor *field)
{
    const char *name = m->fields[field - m->c.fields].oneof;
    return name ? name : "";
}

static const char *label_change(const struct message_type *m, const ProtobufCFieldDescriptor *old,
                                const struct message_type *n, const ProtobufCFieldDescriptor *new)
{
    bool was_list = old->label == PROTOBUF_C_LABEL_REPEATED;
    bool is_list = new->label == PROTOBUF_C_LABEL_REPEATED;
    if (was_list != is_list)
        return is_list ? "became repeated" : "is repeated no more";
    if (strcmp(oneof_of(m, old), oneof_of(n, new)) != 0)
        return "was moved into a oneof, or out of one";
    if ((old->label == PROTOBUF_C_LABEL_REQUIRED) != (new->label == PROTOBUF_C_LABEL_REQUIRED))
        return "became required, or is so no more";
    if (message_field_has_presence(old) && !message_field_has_presence(new))
        return "lost its optional: what was NULL would be a default";
    return NULL;
}

static void compare_field(struct findings *all, const struct message_type *m,
                          const ProtobufCFieldDescriptor *old, const struct message_type *n,
                          const ProtobufCFieldDescriptor *new)
{
    if (strcmp(old->name, new->name) != 0)
        found(all, "number %u of %s was %s and is %s", old->id, m->c.name, old->name, new->name);
    else if (strcmp(type_name(old), type_name(new)) != 0 || old->type != new->type)
        found(all, "%s.%s (number %u) was %s and is %s", m->c.name, old->name, old->id,
              type_name(old), type_name(new));
    else if (label_change(m, old, n, new))
        found(all, "%s.%s (number %u) %s", m->c.name, old->name, old->id,
              label_change(m, old, n, new));
}

static void compare_message(struct findings *all, const struct message_type *m,
                            const struct message_type *n)
{
    for (unsigned i = 0; i < m->c.n_fields; i++) {
        const ProtobufCFieldDescriptor *old = &m->c.fields[i];
        const ProtobufCFieldDescriptor *new =
            protobuf_c_message_descriptor_get_field(&n->c, old->id);
        const ProtobufCFieldDescriptor *same =
            protobuf_c_message_descriptor_get_field_by_name(&n->c, old->name);
        if (same && same->id != old->id)
            found(all, "%s.%s had number %u and has %u", m->c.name, old->name, old->id, same->id);
        else if (new)
            compare_field(all, m, old, n, new);
        else if (!is_reserved(n, old->id))
            found(all, "%s.%s is gone: write `reserved %u;` in its place", m->c.name, old->name,
                  old->id);
    }
}

/* ---- enums ---- */

/* Here a range's end is in it. */
static bool value_is_reserved(const struct enum_type *e, int number)
{
    for (size_t i = 0; i < e->proto->n_reserved_range; i++)
        if (number >= e->proto->reserved_range[i]->start &&
            number <= e->proto->reserved_range[i]->end)
            return true;
    return false;
}

static void compare_enum(struct findings *all, const struct enum_type *m, const struct enum_type *n)
{
    for (unsigned i = 0; i < m->c.n_value_names; i++) {
        const char *name = m->c.values_by_name[i].name;
        int number = m->c.values[m->c.values_by_name[i].index].value;
        const ProtobufCEnumValue *named = protobuf_c_enum_descriptor_get_value_by_name(&n->c, name);
        const ProtobufCEnumValue *numbered = enum_value_of(&n->c, number);
        if (named && named->value != number)
            found(all, "%s of %s had number %d and has %d", name, m->c.name, number, named->value);
        else if (!named && numbered)
            found(all, "number %d of %s was %s and is %s", number, m->c.name, name, numbered->name);
        else if (!named && !value_is_reserved(n, number))
            found(all, "%s of %s is gone: write `reserved %d;` in its place", name, m->c.name,
                  number);
    }
}

/* ---- all ---- */

static void compare(struct findings *all, const struct types *older, const struct types *newer)
{
    for (size_t i = 0; i < older->nmessages; i++) {
        const struct message_type *m = older->messages[i];
        const struct message_type *n = types_message(newer, m->c.name);
        if (n)
            compare_message(all, m, n);
        else if (!m->map_entry) /* of a map the field tells */
            found(all, "the message %s is gone", m->c.name);
    }
    for (size_t i = 0; i < older->nenums; i++) {
        const struct enum_type *e = types_enum(newer, older->enums[i]->c.name);
        if (e)
            compare_enum(all, older->enums[i], e);
        else
            found(all, "the enum %s is gone", older->enums[i]->c.name);
    }
}

enum status compatible_check(const struct vocabulary *older, const struct vocabulary *newer,
                             struct failure *f)
{
    struct findings all = {.n = 0};
    buffer_init(&all.text, 4 * TEXT_BYTES_MAX);
    compare(&all, vocabulary_types(older), vocabulary_types(newer));
    enum status status = STATUS_OK;
    if (all.n > all.told)
        buffer_add_format(&all.text, "; and %zu more", all.n - all.told);
    if (all.n > 0)
        status = fail(f, ERROR_CONFIG, "the vocabulary cannot take the place of the older one: %s",
                      buffer_text(&all.text));
    buffer_free(&all.text);
    return status;
}
