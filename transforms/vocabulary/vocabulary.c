#include "transforms/vocabulary/vocabulary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buffer.h"
#include "transforms/vocabulary/descriptor_set.h"
#include "transforms/vocabulary/message.h"
#include "transforms/vocabulary/nearest_name.h"
#include "transforms/vocabulary/protoc.h"
#include "transforms/vocabulary/types.h"
#include "transforms/vocabulary/vocabulary_parts.h"
#include "transforms/vocabulary/wire.h"

enum { CANDIDATES_BYTES_MAX = 1000 };

struct vocabulary {
    struct arena arena;
    struct descriptor_set set;
    struct types types;
    const char *hash;
};

/* ---- reading files ---- */

static int open_file(const struct vocabulary_files *files, const char *name, struct arena *a)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; i < files->nfolders && fd < 0 && name[0] != '/'; i++)
        fd = open(arena_format(a, "%s/%s", files->folders[i], name), O_RDONLY | O_CLOEXEC);
    return fd;
}

static enum status read_open(int fd, const char *name, struct arena *a, const void **data,
                             size_t *size, struct failure *f)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > WIRE_BYTES_MAX)
        return fail(f, ERROR_CONFIG, "vocabulary: %s is no file of at most %d bytes", name,
                    (int)WIRE_BYTES_MAX);
    char *bytes = arena_alloc(a, (size_t)st.st_size);
    ssize_t n = 1;
    for (*size = 0; *size < (size_t)st.st_size && n > 0; *size += (size_t)n) {
        n = read(fd, bytes + *size, (size_t)st.st_size - *size);
        if (n < 0)
            return fail(f, ERROR_CONFIG, "vocabulary: %s: %s", name, strerror(errno));
    }
    *data = bytes;
    return STATUS_OK;
}

static enum status add_set_file(struct vocabulary *v, const struct vocabulary_files *files,
                                const char *name, struct failure *f)
{
    const void *data = NULL;
    size_t size = 0;
    int fd = open_file(files, name, &v->arena);
    if (fd < 0)
        return fail(f, ERROR_CONFIG, "vocabulary: %s: %s", name, strerror(errno));
    enum status status = read_open(fd, name, &v->arena, &data, &size, f);
    close(fd);
    return status == STATUS_OK ? descriptor_set_add(&v->set, name, data, size, &v->arena, f)
                               : status;
}

static enum status add_protos(struct vocabulary *v, const struct vocabulary_files *files,
                              struct failure *f)
{
    const void *data = NULL;
    size_t size = 0;
    bool any = false;
    for (size_t i = 0; i < files->n; i++)
        any = any || protoc_is_for(files->names[i]);
    if (!any)
        return STATUS_OK;
    TRY(protoc_run(files, &v->arena, &data, &size, f));
    return descriptor_set_add(&v->set, "what protoc made", data, size, &v->arena, f);
}

static enum status add_files(struct vocabulary *v, const struct vocabulary_files *files,
                             struct failure *f)
{
    if (files->n == 0)
        return fail(f, ERROR_CONFIG,
                    "vocabulary: no file is given; Millrace's own is "
                    "isa95/v1.proto");
    TRY(add_protos(v, files, f));
    for (size_t i = 0; i < files->n; i++)
        if (!protoc_is_for(files->names[i]))
            TRY(add_set_file(v, files, files->names[i], f));
    return STATUS_OK;
}

/* ---- loading ---- */

/* Over the files' schemas, which hold a hash each, in the order of their names. */
static const char *hash_of(struct vocabulary *v)
{
    struct buffer all;
    buffer_init(&all, SIZE_MAX / 2);
    for (size_t i = 0; i < v->types.nfiles; i++) {
        buffer_add_text(&all, v->types.files[i]->schema);
        buffer_add_char(&all, '\n');
    }
    const char *hash = type_hash(&v->arena, all.data, all.size);
    buffer_free(&all);
    return hash;
}

static enum status build(struct vocabulary *v, struct failure *f)
{
    TRY(descriptor_set_check(&v->set, f));
    TRY(types_build(&v->types, &v->set, &v->arena, f));
    v->hash = hash_of(v);
    return STATUS_OK;
}

static struct vocabulary *vocabulary_new(void)
{
    struct vocabulary *v = calloc(1, sizeof *v);
    must(v);
    arena_init(&v->arena);
    return v;
}

static enum status finish(struct vocabulary *v, enum status status, struct vocabulary **out,
                          struct failure *f)
{
    if (status == STATUS_OK)
        status = build(v, f);
    if (status != STATUS_OK) {
        vocabulary_free(v);
        v = NULL;
    }
    *out = v;
    return status;
}

enum status vocabulary_load(const struct vocabulary_files *files, struct vocabulary **out,
                            struct failure *f)
{
    struct vocabulary *v = vocabulary_new();
    return finish(v, add_files(v, files, f), out, f);
}

enum status vocabulary_read(const char *name, const void *data, size_t size,
                            struct vocabulary **out, struct failure *f)
{
    struct vocabulary *v = vocabulary_new();
    return finish(v, descriptor_set_add(&v->set, name, data, size, &v->arena, f), out, f);
}

enum status vocabulary_pack(const struct vocabulary *v, struct arena *a, const uint8_t **data,
                            size_t *size, struct failure *f)
{
    Google__Protobuf__FileDescriptorSet set = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_SET__INIT;
    set.n_file = v->set.nfiles;
    set.file = (Google__Protobuf__FileDescriptorProto **)v->set.files;
    return message_pack(&set.base, a, data, size, f);
}

void vocabulary_free(struct vocabulary *v)
{
    if (!v)
        return;
    arena_free(&v->arena);
    free(v);
}

/* ---- names ---- */

static enum status ambiguous(const struct vocabulary *v, const char *name, struct failure *f)
{
    struct buffer all;
    buffer_init(&all, 2 * WIRE_BYTES_MAX);
    for (size_t i = 0; i < v->types.nmessages && all.size < CANDIDATES_BYTES_MAX; i++) {
        const struct message_type *m = v->types.messages[i];
        if (!m->map_entry && strcmp(m->c.short_name, name) == 0)
            buffer_add_format(&all, "%s%s", all.size ? ", " : "", m->c.name);
    }
    enum status status =
        fail(f, ERROR_CONFIG, "vocabulary: %s may be any of %s: write the full name", name,
             buffer_text(&all));
    buffer_free(&all);
    return status;
}

static enum status unknown(const struct vocabulary *v, const char *name, struct failure *f)
{
    bool full = strchr(name, '.') != NULL;
    struct nearest nearest = nearest_name(name);
    for (size_t i = 0; i < v->types.nmessages; i++)
        if (!v->types.messages[i]->map_entry)
            nearest_offer(&nearest, full ? v->types.messages[i]->c.name
                                              : v->types.messages[i]->c.short_name);
    return fail(f, ERROR_CONFIG, "vocabulary: no message is named %s%s%s", name,
                nearest.name ? "; the nearest is " : "", nearest.name ? nearest.name : "");
}

/* How many messages have that name of their own; the last of them. */
static size_t named(const struct vocabulary *v, const char *name, const struct message_type **last)
{
    size_t n = 0;
    for (size_t i = 0; i < v->types.nmessages; i++) {
        const struct message_type *m = v->types.messages[i];
        if (m->map_entry || strcmp(m->c.short_name, name) != 0)
            continue;
        n++;
        *last = m;
    }
    return n;
}

enum status vocabulary_message(const struct vocabulary *v, const char *name,
                               const ProtobufCMessageDescriptor **out, struct failure *f)
{
    const struct message_type *m = types_message(&v->types, name[0] == '.' ? name + 1 : name);
    size_t n = m && !m->map_entry ? 1 : named(v, name, &m);
    if (n == 1)
        *out = &m->c;
    return n == 1 ? STATUS_OK : n == 0 ? unknown(v, name, f) : ambiguous(v, name, f);
}

const char *vocabulary_name_of(const struct vocabulary *v, const ProtobufCMessageDescriptor *type)
{
    const struct message_type *last;
    bool alone = named(v, type->short_name, &last) == 1;
    const struct message_type *full = types_message(&v->types, type->short_name);
    return alone && (!full || &full->c == type) ? type->short_name : type->name;
}

/* ---- what there is ---- */

const struct types *vocabulary_types(const struct vocabulary *v)
{
    return &v->types;
}

size_t vocabulary_count(const struct vocabulary *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->types.nmessages; i++)
        n += !v->types.messages[i]->map_entry;
    return n;
}

const ProtobufCMessageDescriptor *vocabulary_at(const struct vocabulary *v, size_t i)
{
    for (size_t j = 0; j < v->types.nmessages; j++)
        if (!v->types.messages[j]->map_entry && i-- == 0)
            return &v->types.messages[j]->c;
    return NULL;
}

const char *vocabulary_hash(const struct vocabulary *v)
{
    return v->hash;
}

const char *vocabulary_schema(const ProtobufCMessageDescriptor *type)
{
    return message_type_of(type)->file->schema;
}
