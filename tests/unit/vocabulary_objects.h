/* What the tests of the vocabulary's objects share: values, objects written down and shown, and the
 * way to a message and back. */
#ifndef TESTS_VOCABULARY_OBJECTS_H
#define TESTS_VOCABULARY_OBJECTS_H

#include "base/buffer.h"
#include "model/zone.h"
#include "transforms/vocabulary/object_message.h"
#include "vocabulary_scene.h"

static inline struct field_context context(const struct zone *zone)
{
    return (struct field_context){&arena, zone, &failure};
}

static inline const struct zone *zone_named(const char *name)
{
    const struct zone *zone;
    OK(zone_load(name, &zone, &failure));
    return zone;
}

static inline struct value text(const char *t)
{
    return value_text(VALUE_TEXT, t, strlen(t));
}

static inline struct value real(double d)
{
    return (struct value){.kind = VALUE_DOUBLE, .d = d};
}

/* As a view's row would be read: i12, d1.5, t"x", NULL. */
static inline const char *shown(const struct value *v)
{
    static const char letters[VALUE_ODD + 1] = {
        [VALUE_INT] = 'i', [VALUE_DOUBLE] = 'd', [VALUE_TEXT] = 't', [VALUE_BYTES] = 'b'};
    if (v->kind == VALUE_NULL)
        return "NULL";
    return arena_format(&arena, "%c%s", letters[v->kind], value_show(v, &arena, 200));
}

static inline void describe(struct buffer *b, const struct object *o)
{
    for (uint32_t i = 0; i < o->nfields; i++)
        buffer_add_format(b, "%s%s=%s", i ? " " : "", o->fields[i].name,
                          shown(&o->fields[i].value));
    for (uint32_t i = 0; i < o->nlists; i++) {
        buffer_add_format(b, "%s%s=", o->nfields || i ? " " : "", o->lists[i].name);
        for (uint32_t j = 0; j < o->lists[i].nelements; j++) {
            buffer_add_char(b, '[');
            describe(b, &o->lists[i].elements[j]);
            buffer_add_char(b, ']');
        }
    }
}

static inline const char *description(const struct object *o)
{
    struct buffer b;
    buffer_init(&b, 1 << 20);
    describe(&b, o);
    const char *t = arena_strdup(&arena, buffer_text(&b));
    buffer_free(&b);
    return t;
}

#define OBJECT(...)                                                                                \
    {                                                                                              \
        .fields = (const struct object_field[]){__VA_ARGS__},                                      \
        .nfields =                                                                                 \
            sizeof((const struct object_field[]){__VA_ARGS__}) / sizeof(struct object_field)       \
    }

static inline void packed(const struct object *o, const ProtobufCMessageDescriptor *type,
                          const struct zone *zone, const uint8_t **data, size_t *size)
{
    const struct field_context c = context(zone);
    ProtobufCMessage *m;
    OK(object_to_message(o, type, &m, &c));
    OK(message_pack(m, &arena, data, size, &failure));
}

static inline const char *unpacked(const void *data, size_t size,
                                   const ProtobufCMessageDescriptor *type, const struct zone *zone)
{
    const struct field_context c = context(zone);
    ProtobufCMessage *m;
    const struct object *o;
    OK(message_unpack(type, data, size, &arena, &m, &failure));
    OK(object_from_message(m, &o, &c));
    return description(o);
}

/* There and back. */
static inline const char *round_trip(const struct object *o, const ProtobufCMessageDescriptor *type,
                                     const struct zone *zone)
{
    const uint8_t *data;
    size_t size;
    packed(o, type, zone, &data, &size);
    return unpacked(data, size, type, zone);
}

#endif
