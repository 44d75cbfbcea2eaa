#include "transforms/vocabulary/object_message.h"

#include <stdlib.h>
#include <string.h>
#include "transforms/vocabulary/message.h"
#include "transforms/vocabulary/path_cache.h"
#include "transforms/vocabulary/types.h"

static const char element_value[] = "value"; /* the one column of a list of scalars */

static enum status fill(ProtobufCMessage *m, const struct object *o, const struct field_context *c);

/* ---- fields ---- */

static enum status fill_fields(ProtobufCMessage *m, const struct object *o,
                               const struct field_context *c)
{
    const char **names = arena_alloc(c->arena, o->nfields * sizeof *names);
    const struct field_path *paths;
    for (uint32_t i = 0; i < o->nfields; i++)
        names[i] = o->fields[i].name;
    TRY(path_cache_columns(c->paths, m->descriptor, names, o->nfields, c->arena, &paths,
                           c->failure));
    for (uint32_t i = 0; i < o->nfields; i++)
        TRY(field_set(m, &paths[i], &o->fields[i].value, c));
    return STATUS_OK;
}

/* ---- lists ---- */

static enum status scalar_element(const struct object *o, const ProtobufCMessageDescriptor *in,
                                  const ProtobufCFieldDescriptor *field, const struct value **out,
                                  const struct field_context *c)
{
    if (o->nfields != 1 || o->nlists != 0 || strcmp(o->fields[0].name, element_value) != 0)
        return fail(c->failure, ERROR_CONFIG,
                    "%s.%s is a list of single values: its query gives one column, named %s",
                    in->short_name, field->name, element_value);
    *out = &o->fields[0].value;
    if ((*out)->kind != VALUE_NULL)
        return STATUS_OK;
    return fail(c->failure, ERROR_VALUE, "%s.%s is a list, and holds no NULL", in->short_name,
                field->name);
}

static enum status add_element(char *at, const struct object *o,
                               const ProtobufCMessageDescriptor *in,
                               const ProtobufCFieldDescriptor *field, const struct field_context *c)
{
    const struct value *v = NULL;
    if (field_element_kind(in, field) == FIELD_MESSAGE) {
        ProtobufCMessage *element = message_new(field->descriptor, c->arena);
        *(ProtobufCMessage **)at = element;
        return fill(element, o, c);
    }
    TRY(scalar_element(o, in, field, &v, c));
    return field_write(at, in, field, v, c);
}

/* ---- maps ---- */

struct entry {
    ProtobufCMessage *message;
    struct value key;
};

static int by_key(const void *a, const void *b)
{
    const struct value *x = &((const struct entry *)a)->key, *y = &((const struct entry *)b)->key;
    if (x->kind == VALUE_INT)
        return (x->i > y->i) - (x->i < y->i);
    size_t size = x->size < y->size ? x->size : y->size;
    int order = memcmp(x->text, y->text, size);
    return order ? order : (x->size > y->size) - (x->size < y->size);
}

static enum status sort_map(ProtobufCMessage **elements, size_t n,
                            const ProtobufCFieldDescriptor *field, const struct field_context *c)
{
    struct entry *entries = arena_alloc(c->arena, n * sizeof *entries);
    const struct field_path key = {
        {&message_type_of(field->descriptor)->c.fields[0]}, 1, FIELD_STRING};
    for (size_t i = 0; i < n; i++) {
        entries[i].message = elements[i];
        TRY(field_get(elements[i], &key, &entries[i].key, c));
        if (entries[i].key.kind == VALUE_NULL)
            return fail(c->failure, ERROR_VALUE, "an entry of the map %s has no key", field->name);
    }
    qsort(entries, n, sizeof *entries, by_key);
    for (size_t i = 0; i < n; i++) {
        elements[i] = entries[i].message;
        if (i > 0 && by_key(&entries[i - 1], &entries[i]) == 0)
            return fail(c->failure, ERROR_VALUE, "the map %s has the key %s twice", field->name,
                        value_show(&entries[i].key, c->arena, 60));
    }
    return STATUS_OK;
}

/* ---- all ---- */

static enum status fill_list(ProtobufCMessage *m, const struct object_list *list,
                             const struct field_context *c)
{
    const struct field_path *path;
    TRY(path_cache_list(c->paths, m->descriptor, list->name, c->arena, &path, c->failure));
    if (list->nelements == 0)
        return STATUS_OK;
    for (unsigned i = 0; i + 1 < path->nsteps; i++)
        TRY(field_step(&m, path->steps[i], c));
    const ProtobufCFieldDescriptor *field = path_field(path);
    if (message_count(m, field) > 0)
        return fail(c->failure, ERROR_CONFIG, "%s: the list %s is given twice",
                    m->descriptor->short_name, list->name);
    size_t bytes = message_element_bytes(field->type);
    char *elements = arena_zalloc(c->arena, list->nelements * bytes);
    for (uint32_t i = 0; i < list->nelements; i++)
        TRY(add_element(elements + i * bytes, &list->elements[i], m->descriptor, field, c));
    *(size_t *)((char *)m + field->quantifier_offset) = list->nelements;
    *(char **)message_member(m, field) = elements;
    if (path->kind == FIELD_MAP)
        return sort_map((ProtobufCMessage **)elements, list->nelements, field, c);
    return STATUS_OK;
}

static enum status fill(ProtobufCMessage *m, const struct object *o, const struct field_context *c)
{
    TRY(fill_fields(m, o, c));
    for (uint32_t i = 0; i < o->nlists; i++)
        TRY(fill_list(m, &o->lists[i], c));
    return STATUS_OK;
}

enum status object_to_message(const struct object *o, const ProtobufCMessageDescriptor *type,
                              ProtobufCMessage **out, const struct field_context *c)
{
    *out = message_new(type, c->arena);
    return fill(*out, o, c);
}
