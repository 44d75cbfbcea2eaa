/* The keys that were deleted while a copy's views, which lie between two positions, are brought to
 * the later one: a chunk read before the delete must not bring the row back. */
#include <stdlib.h>
#include "link/internal.h"

struct gone {
    const struct mapped_table *table;
    const struct value *key; /* the key columns, in key order; NULL: every row (TRUNCATE) */
    struct gone *next;
};

enum { WINDOW_BUCKETS = 1 << 14 };

struct window {
    struct arena arena;
    struct gone *buckets[WINDOW_BUCKETS];
    struct gone *truncated;
};

struct window *window_new(void)
{
    struct window *w = calloc(1, sizeof *w);
    must(w);
    arena_init(&w->arena);
    return w;
}

void window_free(struct window *w)
{
    if (!w)
        return;
    arena_free(&w->arena);
    free(w);
}

static uint64_t hash_key(const struct relation *r, const struct value *row)
{
    uint64_t h = 0;
    for (int i = 0; i < r->nkey; i++)
        h = value_hash(&row[r->key[i]], h);
    return h;
}

static struct gone *add(struct window *w, struct gone **list, const struct mapped_table *t)
{
    struct gone *g = arena_alloc(&w->arena, sizeof *g);
    *g = (struct gone){.table = t, .next = *list};
    *list = g;
    return g;
}

void window_deleted(struct window *w, const struct change *c)
{
    const struct relation *r = c->relation;
    if (c->op == CHANGE_TRUNCATE) {
        add(w, &w->truncated, r->plan);
        return;
    }
    struct gone *g = add(w, &w->buckets[hash_key(r, c->before) % WINDOW_BUCKETS], r->plan);
    struct value *key = arena_alloc(&w->arena, sizeof *key * (size_t)r->nkey);
    for (int i = 0; i < r->nkey; i++)
        key[i] = value_copy(&c->before[r->key[i]], &w->arena);
    g->key = key;
}

static bool same_key(const struct relation *r, const struct value *key, const struct value *row)
{
    for (int i = 0; i < r->nkey; i++)
        if (!value_equal(&key[i], &row[r->key[i]]))
            return false;
    return true;
}

bool window_holds(const struct window *w, const struct relation *target, const struct value *row)
{
    const struct mapped_table *t = target->plan;
    for (const struct gone *g = w->truncated; g; g = g->next)
        if (g->table == t)
            return true;
    for (const struct gone *g = w->buckets[hash_key(target, row) % WINDOW_BUCKETS]; g; g = g->next)
        if (g->table == t && same_key(target, g->key, row))
            return true;
    return false;
}
