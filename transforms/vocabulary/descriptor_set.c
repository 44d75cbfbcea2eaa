#include "transforms/vocabulary/descriptor_set.h"

#include <string.h>
#include "transforms/vocabulary/message.h"

typedef Google__Protobuf__FileDescriptorProto FileProto;
typedef Google__Protobuf__FileDescriptorSet FileSetProto;

/* Its place, or where it belongs. */
static size_t place_of(const struct descriptor_set *set, const char *name, bool *there)
{
    size_t low = 0, high = set->nfiles;
    *there = false;
    while (low < high && !*there) {
        size_t middle = (low + high) / 2;
        int order = strcmp(set->files[middle]->name, name);
        *there = order == 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return high;
}

/* ---- adding ---- */

static enum status check_same(const char *name, const FileProto *file, const FileProto *other,
                              struct arena *a, struct failure *f)
{
    const uint8_t *bytes[2];
    size_t sizes[2];
    TRY(message_pack(&file->base, a, &bytes[0], &sizes[0], f));
    TRY(message_pack(&other->base, a, &bytes[1], &sizes[1], f));
    if (sizes[0] == sizes[1] && memcmp(bytes[0], bytes[1], sizes[0]) == 0)
        return STATUS_OK;
    return fail(
        f, ERROR_CONFIG,
        "vocabulary: %s holds another %s than the files before it: the two must be one file", name,
        file->name);
}

static enum status check_file(const char *name, const FileProto *file, struct failure *f)
{
    if (!file->name || !file->name[0])
        return fail(f, ERROR_CONFIG, "vocabulary: %s holds a file without a name", name);
    if (!file->syntax || strcmp(file->syntax, "proto2") == 0 || strcmp(file->syntax, "proto3") == 0)
        return STATUS_OK;
    return fail(f, ERROR_CONFIG, "vocabulary: %s has the syntax \"%s\": proto2 and proto3 are read",
                file->name, file->syntax);
}

static enum status add_file(struct descriptor_set *set, const char *name, FileProto *file,
                            struct arena *a, struct failure *f)
{
    bool there;
    TRY(check_file(name, file, f));
    file->source_code_info = NULL; /* comments and places: the same file with or without */
    size_t i = place_of(set, file->name, &there);
    if (there)
        return check_same(name, file, set->files[i], a, f);
    if (set->nfiles == DESCRIPTOR_FILES_MAX)
        return fail(f, ERROR_CONFIG, "vocabulary: more than %d files", (int)DESCRIPTOR_FILES_MAX);
    memmove(set->files + i + 1, set->files + i, (set->nfiles - i) * sizeof *set->files);
    set->files[i] = file;
    set->nfiles++;
    return STATUS_OK;
}

enum status descriptor_set_add(struct descriptor_set *set, const char *name, const void *data,
                               size_t size, struct arena *a, struct failure *f)
{
    ProtobufCMessage *m;
    if (message_unpack(&google__protobuf__file_descriptor_set__descriptor, data, size, a, &m, f) !=
        STATUS_OK)
        return fail(f, ERROR_CONFIG, "vocabulary: %s is no descriptor set: %s", name, f->text);
    const FileSetProto *all = (const FileSetProto *)m;
    if (all->n_file == 0)
        return fail(f, ERROR_CONFIG, "vocabulary: %s is no descriptor set: it holds no file", name);
    for (size_t i = 0; i < all->n_file; i++)
        TRY(add_file(set, name, all->file[i], a, f));
    return STATUS_OK;
}

/* ---- imports ---- */

static enum status check_imports(const struct descriptor_set *set, const FileProto *file,
                                 struct failure *f)
{
    bool there = true;
    for (size_t i = 0; i < file->n_dependency; i++) {
        place_of(set, file->dependency[i], &there);
        if (!there)
            return fail(f, ERROR_CONFIG,
                        "vocabulary: %s imports %s, which no file holds: make the descriptor set "
                        "with --include_imports",
                        file->name, file->dependency[i]);
    }
    return STATUS_OK;
}

static bool imports_are_done(const struct descriptor_set *set, const FileProto *file,
                             const bool *done)
{
    bool there;
    for (size_t i = 0; i < file->n_dependency; i++)
        if (!done[place_of(set, file->dependency[i], &there)])
            return false;
    return true;
}

/* Files whose imports are done are done; when no other is left that way, a circle is. */
enum status descriptor_set_check(const struct descriptor_set *set, struct failure *f)
{
    bool done[DESCRIPTOR_FILES_MAX] = {false}, moved = true;
    for (size_t i = 0; i < set->nfiles; i++)
        TRY(check_imports(set, set->files[i], f));
    while (moved) {
        moved = false;
        for (size_t i = 0; i < set->nfiles; i++)
            if (!done[i] && imports_are_done(set, set->files[i], done))
                moved = done[i] = true;
    }
    for (size_t i = 0; i < set->nfiles; i++)
        if (!done[i])
            return fail(f, ERROR_CONFIG, "vocabulary: %s imports itself, over others",
                        set->files[i]->name);
    return STATUS_OK;
}
