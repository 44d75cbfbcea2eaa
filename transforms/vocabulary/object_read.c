/* Messages read by the columns that someone asks for. */
#include <string.h>
#include "transforms/vocabulary/message.h"
#include "transforms/vocabulary/object_message.h"
#include "transforms/vocabulary/path_cache.h"
#include "transforms/vocabulary/types.h"

static enum status read_columns(const ProtobufCMessage *m, const struct field_path *paths,
                                const char *const *names, uint32_t n, struct object *out,
                                const struct field_context *c)
{
    struct object_field *fields = arena_alloc(c->arena, n * sizeof *fields);
    for (uint32_t i = 0; i < n; i++) {
        fields[i].name = names[i];
        TRY(field_get(m, &paths[i], &fields[i].value, c));
    }
    *out = (struct object){.fields = fields, .nfields = n};
    return STATUS_OK;
}

enum status object_read(const ProtobufCMessage *m, const char *const *names, uint32_t n,
                        const struct object **out, const struct field_context *c)
{
    struct object *o = arena_alloc(c->arena, sizeof *o);
    const struct field_path *paths;
    *out = o;
    TRY(path_cache_columns(c->paths, m->descriptor, names, n, c->arena, &paths, c->failure));
    return read_columns(m, paths, names, n, o, c);
}

/* ---- lists ---- */

/* The message that holds what the path leads to; NULL where one on the way is not set. */
static const ProtobufCMessage *holder_of(const ProtobufCMessage *m, const struct field_path *path)
{
    for (unsigned i = 0; i + 1 < path->nsteps && m; i++)
        m = message_has(m, path->steps[i])
                ? *(ProtobufCMessage *const *)message_member_const(m, path->steps[i])
                : NULL;
    return m;
}

static enum status read_scalars(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field,
                                const char *const *names, uint32_t n, struct object *out,
                                const struct field_context *c)
{
    const char *at = *(char *const *)message_member_const(m, field);
    for (size_t i = 0; i < message_count(m, field); i++) {
        struct object_field *fields = arena_alloc(c->arena, n * sizeof *fields);
        for (uint32_t j = 0; j < n; j++) {
            fields[j].name = names[j];
            TRY(field_read(at, m->descriptor, field, &fields[j].value, c));
        }
        out[i] = (struct object){.fields = fields, .nfields = n};
        at += message_element_bytes(field->type);
    }
    return STATUS_OK;
}

static enum status read_messages(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *field,
                                 const struct field_path *paths, const char *const *names,
                                 uint32_t n, struct object *out, const struct field_context *c)
{
    ProtobufCMessage *const *at = *(ProtobufCMessage *const *const *)message_member_const(m, field);
    for (size_t i = 0; i < message_count(m, field); i++)
        TRY(read_columns(at[i], paths, names, n, &out[i], c));
    return STATUS_OK;
}

static enum status check_scalar_columns(const ProtobufCFieldDescriptor *field,
                                        const char *const *names, uint32_t n, struct failure *f)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(names[i], "value") != 0)
            return fail(f, ERROR_CONFIG,
                        "%s is a list of single values, with the one column "
                        "value: it has no %s",
                        field->name, names[i]);
    return STATUS_OK;
}

enum status object_read_list(const ProtobufCMessage *m, const char *list, const char *const *names,
                             uint32_t n, struct object_list *out, const struct field_context *c)
{
    const struct field_path *path, *paths = NULL;
    TRY(path_cache_list(c->paths, m->descriptor, list, c->arena, &path, c->failure));
    const ProtobufCFieldDescriptor *field = path_field(path);
    bool messages = field->type == PROTOBUF_C_TYPE_MESSAGE &&
                    message_type_of(field->descriptor)->shape != SHAPE_TIMESTAMP;
    if (messages)
        TRY(path_cache_columns(c->paths, field->descriptor, names, n, c->arena, &paths,
                               c->failure));
    else
        TRY(check_scalar_columns(field, names, n, c->failure));
    const ProtobufCMessage *holder = holder_of(m, path);
    size_t count = holder ? message_count(holder, field) : 0;
    struct object *elements = arena_alloc(c->arena, count * sizeof *elements);
    *out = (struct object_list){list, elements, (uint32_t)count};
    if (!holder)
        return STATUS_OK;
    return messages ? read_messages(holder, field, paths, names, n, elements, c)
                    : read_scalars(holder, field, names, n, elements, c);
}

/* ---- finding ---- */

const struct value *object_find(const struct object *o, const char *name)
{
    for (uint32_t i = 0; i < o->nfields; i++)
        if (strcmp(o->fields[i].name, name) == 0)
            return &o->fields[i].value;
    return NULL;
}
