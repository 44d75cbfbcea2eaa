#include "transforms/functions/mask_keys.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES_MIN = 16, KEY_BYTES_MAX = 4096 };

struct mask_keys {
    struct mask_key *all; /* in the part's arena */
    int n;
};

const struct mask_key *mask_key_find(const struct mask_keys *keys, const char *name, size_t size)
{
    for (int i = 0; keys && i < keys->n; i++) {
        const struct mask_key *k = &keys->all[i];
        if (strlen(k->name) == size && memcmp(k->name, name, size) == 0)
            return k;
    }
    return NULL;
}

/* Where a key comes from is said, never what it is. */
static enum status set_key(const struct part *p, const struct node *at, char *text, size_t size,
                           struct mask_key *out)
{
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        size--;
    if (size < KEY_BYTES_MIN || size > KEY_BYTES_MAX)
        return part_wrong(p, at, "mask key %s has %zu bytes: %d to %d are allowed", out->name, size,
                          KEY_BYTES_MIN, KEY_BYTES_MAX);
    if (memchr(text, '\n', size))
        return part_wrong(p, at, "mask key %s must stand alone, in one line", out->name);
    out->bytes = (unsigned char *)arena_copy(p->arena, text, size);
    out->size = size;
    return STATUS_OK;
}

static enum status read_file(const struct part *p, const struct node *at, struct mask_key *out)
{
    char text[KEY_BYTES_MAX + 4];
    const char *path;
    TRY(part_text(p, at, "key_file", &path));
    path = part_path(p, path);
    FILE *file = fopen(path, "re");
    if (!file)
        return part_wrong(p, at, "key_file %s cannot be opened: %s", path, strerror(errno));
    setvbuf(file, NULL, _IONBF, 0); /* no copy of it in the library's buffer */
    size_t size = fread(text, 1, sizeof text, file);
    int error = ferror(file) ? errno : 0;
    fclose(file);
    enum status status =
        error ? part_wrong(p, at, "key_file %s cannot be read: %s", path, strerror(error))
              : set_key(p, at, text, size, out);
    explicit_bzero(text, sizeof text);
    return status;
}

/* What is no name is perhaps the key itself, set down in the wrong place: it is not shown. */
static bool is_variable_name(const char *text)
{
    bool good = *text && !isdigit((unsigned char)*text);
    for (const char *c = text; *c; c++)
        good &= isalnum((unsigned char)*c) || *c == '_';
    return good;
}

static enum status read_variable(const struct part *p, const struct node *at, struct mask_key *out)
{
    const char *name;
    TRY(part_text(p, at, "key_env", &name));
    if (!is_variable_name(name))
        return part_wrong(p, at,
                          "key_env must be the name of an environment variable (letters, digits "
                          "and _): the key itself never stands in this file");
    char *value = getenv(name);
    if (!value)
        return part_wrong(p, at, "key_env: the environment has no variable %s", name);
    return set_key(p, at, value, strlen(value), out);
}

static enum status read_key(const struct part *p, const struct node *n, struct mask_key *out)
{
    static const char *const keys[] = {"key_file", "key_env", NULL};
    const struct node *given[2];
    if (n->kind == NODE_SCALAR)
        return part_wrong(p, n, "mask key %s must be { key_file: ... } or { key_env: ... }: the "
                                "key itself never stands in this file",
                          out->name);
    TRY(part_keys(p, n, "a mask key", keys, given));
    if (!given[0] == !given[1])
        return part_wrong(p, n, "mask key %s needs key_file or key_env%s", out->name,
                          given[0] ? ", not both" : "");
    return given[0] ? read_file(p, given[0], out) : read_variable(p, given[1], out);
}

enum status mask_keys_read(const struct part *p, const struct node *n, struct mask_keys **out)
{
    struct mask_keys *keys = arena_zalloc(p->arena, sizeof *keys);
    *out = keys;
    if (!n)
        return STATUS_OK;
    TRY(part_expect(p, n, NODE_MAPPING, "mask_keys"));
    keys->all = arena_zalloc(p->arena, (size_t)n->n * sizeof *keys->all);
    NODE_EACH(child, n)
    {
        struct mask_key *k = &keys->all[keys->n++];
        k->name = arena_strdup(p->arena, child->key->text);
        TRY(read_key(p, child, k));
    }
    return STATUS_OK;
}

void mask_keys_free(struct mask_keys *keys)
{
    for (int i = 0; keys && i < keys->n; i++) {
        if (keys->all[i].bytes)
            explicit_bzero((void *)keys->all[i].bytes, keys->all[i].size);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct mask_key *const *)a)->name,
                  (*(const struct mask_key *const *)b)->name);
}

static void add_key(const struct mask_key *k, struct digest *out)
{
    struct digest own;
    char hash[DIGEST_TEXT_BYTES];
    digest_begin(&own);
    digest_bytes(&own, k->bytes, k->size);
    digest_end(&own, hash);
    digest_text(out, k->name);
    digest_text(out, hash);
}

void mask_keys_digest(const struct mask_keys *keys, struct digest *out)
{
    const struct mask_key **sorted = calloc((size_t)keys->n + 1, sizeof *sorted);
    must(sorted);
    for (int i = 0; i < keys->n; i++)
        sorted[i] = &keys->all[i];
    qsort(sorted, (size_t)keys->n, sizeof *sorted, by_name);
    digest_number(out, keys->n);
    for (int i = 0; i < keys->n; i++)
        add_key(sorted[i], out);
    free(sorted);
}
