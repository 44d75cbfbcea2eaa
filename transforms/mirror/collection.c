#include "transforms/mirror/collection.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST = 16 };

bool collection_takes(const struct value *key, int n)
{
    const unsigned kinds =
        1u << VALUE_NULL | 1u << VALUE_INT | 1u << VALUE_TEXT | 1u << VALUE_BYTES;
    for (int i = 0; i < n; i++)
        if (!(kinds >> key[i].kind & 1))
            return false;
    return true;
}

/* ---- finding ---- */

static uint64_t hash_key(const struct value *key, int n)
{
    uint64_t h = 0;
    for (int i = 0; i < n; i++)
        h = value_hash(&key[i], h);
    return h;
}

bool collection_is_key(const struct collection *c, const struct collected *r,
                       const struct value *key)
{
    for (int i = 0; i < c->nkey; i++)
        if (!value_equal(&r->key[i], &key[i]))
            return false;
    return true;
}

static struct collected **slot_of(const struct collection *c, const struct value *key)
{
    return &c->slots[hash_key(key, c->nkey) & (c->nslots - 1)];
}

struct collected *collection_find(const struct collection *c, const struct value *key)
{
    struct collected *r = c->nslots ? *slot_of(c, key) : NULL;
    while (r && !collection_is_key(c, r, key))
        r = r->older;
    return r;
}

/* ---- adding ---- */

static void link_record(struct collection *c, struct collected *r)
{
    struct collected **slot = slot_of(c, r->key);
    r->older = *slot;
    *slot = r;
}

static void grow(struct collection *c, struct arena *a)
{
    uint32_t capacity = c->capacity ? 2 * c->capacity : FIRST;
    struct collected **at = arena_alloc(a, capacity * sizeof(struct collected *));
    if (c->n)
        memcpy(at, c->at, c->n * sizeof(struct collected *));
    c->at = at;
    c->capacity = c->nslots = capacity;
    c->slots = arena_zalloc(a, capacity * sizeof(struct collected *));
    for (uint32_t i = 0; i < c->n; i++)
        link_record(c, c->at[i]);
}

struct collected *collection_add(struct collection *c, const struct value *key, struct arena *a)
{
    if (c->n == c->capacity)
        grow(c, a);
    struct collected *r = arena_zalloc(a, sizeof *r);
    r->key = arena_alloc(a, (size_t)c->nkey * sizeof *r->key);
    for (int i = 0; i < c->nkey; i++)
        r->key[i] = value_copy(&key[i], a);
    r->number = c->n;
    c->at[c->n++] = r;
    link_record(c, r);
    return r;
}

/* ---- order ---- */

static int compare_bytes(const struct value *a, const struct value *b)
{
    uint32_t least = a->size < b->size ? a->size : b->size;
    int order = least ? memcmp(a->text, b->text, least) : 0;
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

/* NULL, then numbers, texts, bytes: as the kinds are numbered. */
static int compare_values(const struct value *a, const struct value *b)
{
    _Static_assert(VALUE_NULL < VALUE_INT && VALUE_INT < VALUE_TEXT && VALUE_TEXT < VALUE_BYTES,
                   "SQLite's order of its types");
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind == VALUE_INT)
        return (a->i > b->i) - (a->i < b->i);
    return a->kind == VALUE_NULL ? 0 : compare_bytes(a, b);
}

static int compare_records(const void *a, const void *b, void *nkey)
{
    const struct collected *x = *(struct collected *const *)a, *y = *(struct collected *const *)b;
    for (int i = 0; i < *(int *)nkey; i++) {
        int order = compare_values(&x->key[i], &y->key[i]);
        if (order)
            return order;
    }
    return (x->number > y->number) - (x->number < y->number);
}

void collection_sort(struct collection *c)
{
    if (c->n > 1)
        qsort_r(c->at, c->n, sizeof(struct collected *), compare_records, &c->nkey);
}

struct collected *collection_next(struct collection *c)
{
    while (c->next < c->n && c->at[c->next]->dropped)
        c->next++;
    return c->next < c->n ? c->at[c->next++] : NULL;
}

void collection_clear(struct collection *c)
{
    *c = (struct collection){.nkey = c->nkey};
}
