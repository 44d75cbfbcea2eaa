/* An enum's values: one a number, and all names, aliases too. */
#include "transforms/vocabulary/types.h"

#include <stdlib.h>
#include <string.h>

typedef Google__Protobuf__EnumValueDescriptorProto ValueProto;

struct named {
    const char *name;
    int32_t number;
    size_t declared; /* the first of a number's names is its own */
};

static int by_number(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return x->declared < y->declared ? -1 : 1;
}

static int by_name(const void *a, const void *b)
{
    const ProtobufCEnumValueIndex *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static enum status read_names(const struct enum_type *e, struct named *names, struct failure *f)
{
    for (size_t i = 0; i < e->proto->n_value; i++) {
        const ValueProto *p = e->proto->value[i];
        if (!type_name_is_sound(p->name) || !p->has_number)
            return fail(f, ERROR_CONFIG, "vocabulary: %s: a value of %s has no name or no number",
                        e->file->name, e->c.name);
        names[i] = (struct named){p->name, p->number, i};
    }
    return STATUS_OK;
}

static enum status check_names(const struct enum_type *e, struct failure *f)
{
    for (unsigned i = 1; i < e->c.n_value_names; i++)
        if (strcmp(e->c.values_by_name[i - 1].name, e->c.values_by_name[i].name) == 0)
            return fail(f, ERROR_CONFIG, "vocabulary: %s: %s has two values named %s",
                        e->file->name, e->c.name, e->c.values_by_name[i].name);
    return STATUS_OK;
}

enum status types_values(struct types *types, struct enum_type *e, struct failure *f)
{
    size_t n = e->proto->n_value, distinct = 0;
    struct arena *a = types->arena;
    if (n == 0)
        return fail(f, ERROR_CONFIG, "vocabulary: %s: the enum %s has no value", e->file->name,
                    e->c.name);
    struct named *names = arena_alloc(a, n * sizeof *names);
    ProtobufCEnumValue *values = arena_alloc(a, n * sizeof *values);
    ProtobufCEnumValueIndex *index = arena_alloc(a, n * sizeof *index);
    int32_t *numbers = arena_alloc(a, n * sizeof *numbers);
    TRY(read_names(e, names, f));
    qsort(names, n, sizeof *names, by_number);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || names[i].number != names[i - 1].number) {
            numbers[distinct] = names[i].number;
            values[distinct++] =
                (ProtobufCEnumValue){names[i].name, names[i].name, names[i].number};
        }
        index[i] = (ProtobufCEnumValueIndex){names[i].name, (unsigned)distinct - 1};
    }
    qsort(index, n, sizeof *index, by_name);
    e->c.values = values;
    e->c.n_values = (unsigned)distinct;
    e->c.values_by_name = index;
    e->c.n_value_names = (unsigned)n;
    e->c.value_ranges = type_ranges(a, numbers, distinct, &e->c.n_value_ranges);
    return check_names(e, f);
}
