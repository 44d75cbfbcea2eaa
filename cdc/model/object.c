#include "model/object.h"

#include "base/arena.h"

static struct object copy_of(const struct object *o, struct arena *a)
{
    struct object_field *fields = arena_alloc(a, ((size_t)o->nfields + 1) * sizeof *fields);
    struct object_list *lists = arena_alloc(a, ((size_t)o->nlists + 1) * sizeof *lists);
    for (uint32_t i = 0; i < o->nfields; i++)
        fields[i] = (struct object_field){o->fields[i].name, value_copy(&o->fields[i].value, a)};
    for (uint32_t i = 0; i < o->nlists; i++) {
        const struct object_list *list = &o->lists[i];
        struct object *elements = arena_alloc(a, ((size_t)list->nelements + 1) * sizeof *elements);
        for (uint32_t k = 0; k < list->nelements; k++)
            elements[k] = copy_of(&list->elements[k], a);
        lists[i] = (struct object_list){list->name, elements, list->nelements};
    }
    return (struct object){fields, o->nfields, lists, o->nlists};
}

const struct object *object_copy(const struct object *o, struct arena *a)
{
    struct object *copy = arena_alloc(a, sizeof *copy);
    *copy = copy_of(o, a);
    return copy;
}
