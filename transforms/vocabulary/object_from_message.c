#include "transforms/vocabulary/object_message.h"

#include <string.h>
#include "transforms/vocabulary/message.h"
#include "transforms/vocabulary/types.h"

enum { DEPTH_MAX = PATH_STEPS_MAX };

/* Fields and lists as they are met; their arrays double in the arena. */
struct collection {
    const struct field_context *context;
    struct object_field *fields;
    uint32_t nfields, fields_room;
    struct object_list *lists;
    uint32_t nlists, lists_room;
};

static void *grown(struct arena *a, void *old, uint32_t n, uint32_t *room, size_t size)
{
    if (n < *room)
        return old;
    *room = *room ? 2 * *room : 16;
    void *p = arena_alloc(a, *room * size);
    if (n > 0)
        memcpy(p, old, n * size);
    return p;
}

static void add_field(struct collection *to, const char *name, const struct value *v)
{
    to->fields =
        grown(to->context->arena, to->fields, to->nfields, &to->fields_room, sizeof *to->fields);
    to->fields[to->nfields++] = (struct object_field){name, *v};
}

static void add_list(struct collection *to, const struct object_list *list)
{
    to->lists =
        grown(to->context->arena, to->lists, to->nlists, &to->lists_room, sizeof *to->lists);
    to->lists[to->nlists++] = *list;
}

/* The field that holds a nested message, in its own message. */
struct parent {
    const ProtobufCMessageDescriptor *in;
    const ProtobufCFieldDescriptor *field;
    const char *prefix; /* of its path */
};

static enum status collect(struct collection *to, const ProtobufCMessage *m,
                           const struct parent *parent, const char *prefix, unsigned depth);
static enum status object_of(const ProtobufCMessage *m, unsigned depth, struct object *out,
                             const struct field_context *c);

/* ---- names ---- */

static const char *joined(struct arena *a, const char *prefix, const char *name, const char *suffix)
{
    size_t sizes[] = {strlen(prefix), strlen(name), strlen(suffix)};
    if (sizes[0] + sizes[2] == 0)
        return name; /* it lies in the vocabulary */
    char *path = arena_alloc(a, sizes[0] + sizes[1] + sizes[2] + 1);
    memcpy(path, prefix, sizes[0]);
    memcpy(path + sizes[0], name, sizes[1]);
    memcpy(path + sizes[0] + sizes[1], suffix, sizes[2] + 1);
    return path;
}

/* quantity__unit_of_measure is quantity_unit, unless a field beside it is really named so. */
static const char *unit_name(const ProtobufCMessageDescriptor *in,
                             const ProtobufCFieldDescriptor *field, const char *prefix,
                             struct arena *a)
{
    const char *name = joined(a, "", field->name, "_unit");
    if (protobuf_c_message_descriptor_get_field_by_name(in, name))
        return NULL;
    return joined(a, prefix, name, "");
}

/* The short form for a field of what `parent` holds, or NULL. */
static const char *short_name(const struct parent *p, const ProtobufCFieldDescriptor *field,
                              struct arena *a)
{
    if (!p || message_type_of(p->field->descriptor)->shape != SHAPE_MEASURE)
        return NULL;
    const struct message_type *m = message_type_of(p->field->descriptor);
    if (field == &m->c.fields[m->text])
        return joined(a, p->prefix, p->field->name, "");
    if (field == &m->c.fields[m->unit])
        return unit_name(p->in, p->field, p->prefix, a);
    return NULL;
}

/* ---- one field ---- */

static enum status read_into(struct collection *to, const ProtobufCMessage *m,
                             const ProtobufCFieldDescriptor *field, const char *name)
{
    struct value v;
    TRY(field_read(message_member_const(m, field), m->descriptor, field, &v, to->context));
    add_field(to, name, &v);
    return STATUS_OK;
}

/* ---- lists ---- */

static enum status scalar_object(const char *at, const ProtobufCMessage *m,
                                 const ProtobufCFieldDescriptor *field, struct object *out,
                                 const struct field_context *c)
{
    struct object_field *value = arena_alloc(c->arena, sizeof *value);
    value->name = "value";
    *out = (struct object){.fields = value, .nfields = 1};
    return field_read(at, m->descriptor, field, &value->value, c);
}

static enum status collect_list(struct collection *to, const ProtobufCMessage *m,
                                const ProtobufCFieldDescriptor *field, const char *name,
                                unsigned depth)
{
    size_t n = message_count(m, field), bytes = message_element_bytes(field->type);
    const char *at = *(char *const *)message_member_const(m, field);
    struct object *elements = arena_alloc(to->context->arena, n * sizeof *elements);
    for (size_t i = 0; i < n; i++, at += bytes) {
        if (field_element_kind(m->descriptor, field) == FIELD_MESSAGE)
            TRY(object_of(*(ProtobufCMessage *const *)at, depth + 1, &elements[i], to->context));
        else
            TRY(scalar_object(at, m, field, &elements[i], to->context));
    }
    const struct object_list list = {name, elements, (uint32_t)n};
    add_list(to, &list);
    return STATUS_OK;
}

/* ---- all of a message ---- */

static enum status collect_field(struct collection *to, const ProtobufCMessage *m,
                                 const ProtobufCFieldDescriptor *field, const struct parent *parent,
                                 const char *prefix, unsigned depth)
{
    struct arena *a = to->context->arena;
    const char *name = short_name(parent, field, a);
    if (!name)
        name = joined(a, prefix, field->name, "");
    enum field_kind kind = field_kind_of(m->descriptor, field);
    if (kind == FIELD_LIST || kind == FIELD_MAP)
        return collect_list(to, m, field, name, depth);
    if (kind != FIELD_MESSAGE)
        return read_into(to, m, field, name);
    const struct parent here = {m->descriptor, field, prefix};
    return collect(to, *(ProtobufCMessage *const *)message_member_const(m, field), &here,
                   joined(a, prefix, field->name, "__"), depth + 1);
}

static enum status collect(struct collection *to, const ProtobufCMessage *m,
                           const struct parent *parent, const char *prefix, unsigned depth)
{
    if (depth > DEPTH_MAX)
        return fail(to->context->failure, ERROR_VALUE, "%s: messages are nested deeper than %d",
                    m->descriptor->name, (int)DEPTH_MAX);
    for (unsigned i = 0; i < m->descriptor->n_fields; i++)
        if (message_has(m, &m->descriptor->fields[i]))
            TRY(collect_field(to, m, &m->descriptor->fields[i], parent, prefix, depth));
    return STATUS_OK;
}

static enum status object_of(const ProtobufCMessage *m, unsigned depth, struct object *out,
                             const struct field_context *c)
{
    struct collection to = {.context = c};
    TRY(collect(&to, m, NULL, "", depth));
    *out = (struct object){to.fields, to.nfields, to.lists, to.nlists};
    return STATUS_OK;
}

enum status object_from_message(const ProtobufCMessage *m, const struct object **out,
                                const struct field_context *c)
{
    struct object *o = arena_alloc(c->arena, sizeof *o);
    *out = o;
    return object_of(m, 1, o, c);
}
