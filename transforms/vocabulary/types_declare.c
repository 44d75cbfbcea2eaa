/* Every message and enum of all files, with its full name. */
#include "transforms/vocabulary/types.h"

#include <stdlib.h>
#include <string.h>
#include "transforms/vocabulary/descriptor_set.h"
#include "transforms/vocabulary/message.h"

typedef Google__Protobuf__FileDescriptorProto FileProto;
typedef Google__Protobuf__DescriptorProto MessageProto;
typedef Google__Protobuf__EnumDescriptorProto EnumProto;

/* ---- counting, so that all are held in one array ---- */

static void count_message(struct types *types, const MessageProto *m)
{
    types->nmessages++;
    types->nenums += m->n_enum_type;
    for (size_t i = 0; i < m->n_nested_type; i++)
        count_message(types, m->nested_type[i]);
}

static void count(struct types *types, const struct descriptor_set *set)
{
    for (size_t i = 0; i < set->nfiles; i++) {
        types->nenums += set->files[i]->n_enum_type;
        for (size_t j = 0; j < set->files[i]->n_message_type; j++)
            count_message(types, set->files[i]->message_type[j]);
    }
}

/* ---- declaring ---- */

static enum status full_name(struct types *types, const struct type_file *file, const char *scope,
                             const char *name, const char **out, struct failure *f)
{
    if (!type_name_is_sound(name))
        return fail(f, ERROR_CONFIG, "vocabulary: %s: \"%s\" is no name of a type", file->name,
                    name ? name : "");
    *out = scope[0] ? arena_format(types->arena, "%s.%s", scope, name) : name;
    return STATUS_OK;
}

static enum status declare_enum(struct types *types, const struct type_file *file,
                                const char *scope, const EnumProto *proto, struct failure *f)
{
    struct enum_type *e = arena_zalloc(types->arena, sizeof *e);
    TRY(full_name(types, file, scope, proto->name, &e->c.name, f));
    e->c.magic = PROTOBUF_C__ENUM_DESCRIPTOR_MAGIC;
    e->c.short_name = e->c.c_name = proto->name;
    e->c.package_name = file->package;
    e->proto = proto;
    e->file = file;
    types->enums[types->nenums++] = e;
    return STATUS_OK;
}

static enum status declare_message(struct types *types, const struct type_file *file,
                                   const char *scope, const MessageProto *proto, struct failure *f)
{
    struct message_type *m = arena_zalloc(types->arena, sizeof *m);
    TRY(full_name(types, file, scope, proto->name, &m->c.name, f));
    m->c.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC;
    m->c.short_name = m->c.c_name = proto->name;
    m->c.package_name = file->package;
    m->proto = proto;
    m->file = file;
    m->map_entry = proto->options && proto->options->map_entry;
    types->messages[types->nmessages++] = m;
    for (size_t i = 0; i < proto->n_enum_type; i++)
        TRY(declare_enum(types, file, m->c.name, proto->enum_type[i], f));
    for (size_t i = 0; i < proto->n_nested_type; i++)
        TRY(declare_message(types, file, m->c.name, proto->nested_type[i], f));
    return STATUS_OK;
}

static enum status schema_of(struct types *types, const FileProto *proto, const char **out,
                             struct failure *f)
{
    const uint8_t *data;
    size_t size;
    TRY(message_pack(&proto->base, types->arena, &data, &size, f));
    *out = arena_format(types->arena, "%s#%s", proto->name, type_hash(types->arena, data, size));
    return STATUS_OK;
}

static enum status declare_file(struct types *types, const FileProto *proto, struct failure *f)
{
    struct type_file *file = arena_zalloc(types->arena, sizeof *file);
    types->files[types->nfiles++] = file;
    file->name = proto->name;
    file->package = proto->package ? proto->package : "";
    file->proto3 = proto->syntax && strcmp(proto->syntax, "proto3") == 0;
    TRY(schema_of(types, proto, &file->schema, f));
    for (size_t i = 0; i < proto->n_enum_type; i++)
        TRY(declare_enum(types, file, file->package, proto->enum_type[i], f));
    for (size_t i = 0; i < proto->n_message_type; i++)
        TRY(declare_message(types, file, file->package, proto->message_type[i], f));
    return STATUS_OK;
}

/* ---- one name, one type ---- */

static int by_message_name(const void *a, const void *b)
{
    const struct message_type *const *x = a, *const *y = b;
    return strcmp((*x)->c.name, (*y)->c.name);
}

static int by_enum_name(const void *a, const void *b)
{
    const struct enum_type *const *x = a, *const *y = b;
    return strcmp((*x)->c.name, (*y)->c.name);
}

static enum status clash(const char *name, const struct type_file *a, const struct type_file *b,
                         struct failure *f)
{
    return fail(f, ERROR_CONFIG, "vocabulary: %s is declared twice: in %s and in %s", name, a->name,
                b->name);
}

static enum status check_clashes(const struct types *types, struct failure *f)
{
    for (size_t i = 1; i < types->nmessages; i++) {
        const struct message_type *a = types->messages[i - 1], *b = types->messages[i];
        if (strcmp(a->c.name, b->c.name) == 0)
            return clash(a->c.name, a->file, b->file, f);
    }
    for (size_t i = 0; i < types->nenums; i++) {
        const struct enum_type *e = types->enums[i];
        const struct message_type *m = types_message(types, e->c.name);
        if (m)
            return clash(e->c.name, m->file, e->file, f);
        if (i > 0 && strcmp(types->enums[i - 1]->c.name, e->c.name) == 0)
            return clash(e->c.name, types->enums[i - 1]->file, e->file, f);
    }
    return STATUS_OK;
}

enum status types_declare(struct types *types, const struct descriptor_set *set, struct failure *f)
{
    count(types, set);
    types->messages = arena_alloc(types->arena, types->nmessages * sizeof *types->messages);
    types->enums = arena_alloc(types->arena, types->nenums * sizeof *types->enums);
    types->files = arena_alloc(types->arena, set->nfiles * sizeof *types->files);
    types->nmessages = types->nenums = types->nfiles = 0;
    for (size_t i = 0; i < set->nfiles; i++)
        TRY(declare_file(types, set->files[i], f));
    qsort(types->messages, types->nmessages, sizeof *types->messages, by_message_name);
    qsort(types->enums, types->nenums, sizeof *types->enums, by_enum_name);
    return check_clashes(types, f);
}
