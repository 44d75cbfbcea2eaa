/* Bytes as an envelope: an object of the type EventEnvelope, whose fields are taken apart again. */
#include <stdlib.h>
#include <string.h>
#include "transforms/vocabulary/envelope_parts.h"
#include "transforms/vocabulary/field_instant.h"
#include "transforms/vocabulary/message.h"
#include "transforms/vocabulary/object_message.h"

static enum status bad(const struct field_context *c, const char *why)
{
    return fail(c->failure, ERROR_VALUE, "a packed event: %s", why);
}

/* NULL where it is not set. */
static const char *text_at(const struct object *o, const char *name, struct arena *a)
{
    const struct value *v = object_find(o, name);
    return v && v->kind == VALUE_TEXT ? arena_copy(a, v->text, v->size) : NULL;
}

static const struct object_list *list_at(const struct object *o, const char *name)
{
    static const struct object_list none;
    for (uint32_t i = 0; i < o->nlists; i++)
        if (strcmp(o->lists[i].name, name) == 0)
            return &o->lists[i];
    return &none;
}

/* ---- the parts ---- */

static enum status read_time(const struct object *o, int64_t *us, const struct field_context *c)
{
    struct instant instant = {0, 0};
    const struct value *v = object_find(o, "time");
    if (v && v->kind != VALUE_TEXT)
        return bad(c, "its time is none");
    if (v && field_instant_read(v->text, v->size, NULL, &instant))
        return bad(c, "its time is none");
    *us = instant.seconds * 1000000 + instant.nanos / 1000;
    return STATUS_OK;
}

static enum status read_op(const char *name, enum event_op *out, const struct field_context *c)
{
    for (int op = EVENT_CREATED; name && op <= EVENT_GONE; op++)
        if (strcmp(name, envelope_row_ops[op]) == 0) {
            *out = (enum event_op)op;
            return STATUS_OK;
        }
    return bad(c, "its op is neither CREATE, UPDATE nor DELETE");
}

static void read_path(const struct object *o, struct event_origin *out, struct arena *a)
{
    const struct object_list *list = list_at(o, "origin_path");
    const char **path = arena_alloc(a, list->nelements * sizeof *path);
    for (uint32_t i = 0; i < list->nelements; i++)
        path[i] = text_at(&list->elements[i], "value", a);
    out->path = path;
    out->npath = list->nelements;
}

static void read_changed(const struct object *o, struct envelope *out, struct arena *a)
{
    const struct object_list *list = list_at(o, "changed_fields");
    uint32_t *changed = arena_alloc(a, list->nelements * sizeof *changed);
    for (uint32_t i = 0; i < list->nelements; i++) {
        const struct value *v = object_find(&list->elements[i], "value");
        changed[i] = v && v->kind == VALUE_INT ? (uint32_t)v->i : 0;
    }
    out->changed = changed;
    out->nchanged = list->nelements;
}

static enum status read_key(const struct object *o, struct envelope *out,
                            const struct field_context *c)
{
    const struct object_list *list = list_at(o, "key");
    if (list->nelements != 1)
        return bad(c, "it has not one key");
    out->origin.key_name = text_at(list->elements, "name", c->arena);
    out->key = text_at(list->elements, "value", c->arena);
    return out->key ? STATUS_OK : bad(c, "its key has no value");
}

static enum status read_origin(const struct object *o, struct event_origin *out,
                               const struct field_context *c)
{
    struct arena *a = c->arena;
    const char *index = text_at(o, "index", a);
    *out = (struct event_origin){
        .source = text_at(o, "source", a),
        .position = text_at(o, "position", a),
        .index = index ? strtoull(index, NULL, 10) : 0,
        .mapping = text_at(o, "mapping_id", a),
        .equipment_id = text_at(o, "hierarchy_scope__equipment_id", a),
        .equipment_level = text_at(o, "hierarchy_scope__equipment_level", a),
    };
    read_path(o, out, a);
    return read_time(o, &out->commit_us, c);
}

static enum status read_attributes(const struct object *o, struct envelope *out,
                                   const struct field_context *c)
{
    struct arena *a = c->arena;
    const char *version = text_at(o, "spec_version", a);
    if (!version || strcmp(version, "1.0") != 0)
        return bad(c, "its spec_version is not 1.0");
    out->id = text_at(o, "id", a);
    out->type = text_at(o, "type", a);
    out->subject = text_at(o, "subject", a);
    out->schema = text_at(o, "data_schema", a);
    out->verb = text_at(o, "verb", a);
    out->from_state = text_at(o, "state_change__from_state_code", a);
    out->to_state = text_at(o, "state_change__to_state_code", a);
    read_changed(o, out, a);
    if (!out->id || !out->type || !out->origin.source || !out->origin.position ||
        !out->origin.mapping)
        return bad(c, "it lacks one of id, type, source, position, mapping_id");
    return read_op(text_at(o, "op", a), &out->op, c);
}

/* ---- the objects ---- */

static enum status read_object(const struct vocabulary *v, const struct object *o, const char *type,
                               const char *bytes, const ProtobufCMessage **out,
                               const struct field_context *c)
{
    const struct value *data = object_find(o, bytes);
    const char *name = text_at(o, type, c->arena);
    const ProtobufCMessageDescriptor *descriptor;
    ProtobufCMessage *m;
    *out = NULL;
    if (data && data->kind != VALUE_BYTES)
        return bad(c, "an object is no bytes");
    if (!name)
        return data ? bad(c, "an object has no type") : STATUS_OK;
    TRY(vocabulary_message(v, name, &descriptor, c->failure));
    if (strcmp(descriptor->name, name) != 0)
        return bad(c, "an object's type is not a full name");
    TRY(message_unpack(descriptor, data ? data->text : "", data ? data->size : 0, c->arena, &m,
                       c->failure));
    *out = m;
    return STATUS_OK;
}

static enum status check_objects(const struct envelope *e, const struct field_context *c)
{
    bool before = e->before != NULL, after = e->after != NULL;
    if (before != (e->op != EVENT_CREATED) || after != (e->op != EVENT_GONE))
        return bad(c, "its objects are not those of its op");
    if (before && after && e->before->descriptor != e->after->descriptor)
        return bad(c, "its objects are of two types");
    return STATUS_OK;
}

enum status envelope_unpack(const struct vocabulary *v, const void *data, size_t size,
                            struct envelope *out, const struct field_context *c)
{
    const ProtobufCMessageDescriptor *type;
    const struct field_context utc = {c->arena, NULL, c->failure};
    ProtobufCMessage *m;
    const struct object *o;
    *out = (struct envelope){.nchanged = 0};
    if (vocabulary_message(v, ENVELOPE_TYPE, &type, c->failure) != STATUS_OK)
        return fail_in(c->failure, "events need the file isa95/v1.proto in the vocabulary");
    TRY(message_unpack(type, data, size, c->arena, &m, c->failure));
    TRY(object_from_message(m, &o, &utc));
    TRY(read_origin(o, &out->origin, &utc));
    TRY(read_attributes(o, out, &utc));
    TRY(read_key(o, out, &utc));
    TRY(read_object(v, o, "before__type", "before__object", &out->before, &utc));
    TRY(read_object(v, o, "after__type", "after__object", &out->after, &utc));
    return check_objects(out, &utc);
}
