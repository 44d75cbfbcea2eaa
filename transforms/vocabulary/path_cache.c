#include "transforms/vocabulary/path_cache.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 64, ENTRIES_MAX = 4096 }; /* of a caller whose pointers are never the same */

struct entry {
    struct entry *next;
    const ProtobufCMessageDescriptor *type;
    bool list;
    uint32_t n;
    const char **names;
    struct field_path *paths;
};

struct path_cache {
    struct arena arena;
    struct entry *buckets[BUCKETS];
    uint32_t n;
};

struct path_cache *path_cache_new(void)
{
    struct path_cache *c = calloc(1, sizeof *c);
    must(c);
    arena_init(&c->arena);
    return c;
}

void path_cache_free(struct path_cache *c)
{
    if (!c)
        return;
    arena_free(&c->arena);
    free(c);
}

static struct entry **bucket_of(struct path_cache *c, const ProtobufCMessageDescriptor *type,
                                const char *const *names, uint32_t n)
{
    uintptr_t h = (uintptr_t)type / 16 + n + (n ? (uintptr_t)names[0] : 0);
    return &c->buckets[(h ^ h >> 7 ^ h >> 14) % BUCKETS];
}

static const struct entry *find(const struct entry *e, const ProtobufCMessageDescriptor *type,
                                bool list, const char *const *names, uint32_t n)
{
    for (; e; e = e->next)
        if (e->type == type && e->list == list && e->n == n &&
            memcmp(e->names, names, n * sizeof *names) == 0)
            return e;
    return NULL;
}

static const struct field_path *keep(struct path_cache *c, const struct entry *e)
{
    struct entry **bucket = bucket_of(c, e->type, e->names, e->n);
    struct entry *kept = arena_alloc(&c->arena, sizeof *kept);
    *kept = *e;
    kept->names =
        (const char **)arena_copy(&c->arena, e->names, e->n * sizeof *e->names);
    kept->paths = (struct field_path *)arena_copy(&c->arena, e->paths, e->n * sizeof *e->paths);
    kept->next = *bucket;
    *bucket = kept;
    c->n++;
    return kept->paths;
}

static enum status get(struct path_cache *c, const ProtobufCMessageDescriptor *type, bool list,
                       const char *const *names, uint32_t n, struct arena *a,
                       const struct field_path **out, struct failure *f)
{
    const struct entry *found = c ? find(*bucket_of(c, type, names, n), type, list, names, n) : NULL;
    if (found) {
        *out = found->paths;
        return STATUS_OK;
    }
    struct field_path *paths = arena_alloc(a, n * sizeof *paths);
    if (list)
        TRY(path_list(type, names[0], paths, f));
    else
        TRY(path_columns(type, names, n, paths, f));
    struct entry fresh = {NULL, type, list, n, (const char **)(uintptr_t)names, paths};
    *out = c && c->n < ENTRIES_MAX ? keep(c, &fresh) : paths;
    return STATUS_OK;
}

enum status path_cache_columns(struct path_cache *c, const ProtobufCMessageDescriptor *type,
                               const char *const *names, uint32_t n, struct arena *a,
                               const struct field_path **out, struct failure *f)
{
    return get(c, type, false, names, n, a, out, f);
}

enum status path_cache_list(struct path_cache *c, const ProtobufCMessageDescriptor *type,
                            const char *name, struct arena *a, const struct field_path **out,
                            struct failure *f)
{
    return get(c, type, true, &name, 1, a, out, f);
}
