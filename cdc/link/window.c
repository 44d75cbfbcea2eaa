/* The keys that were deleted while a copy's views, which lie between two positions, are brought to
 * the later one: a chunk read before the delete must not bring the row back. */
#include <stdlib.h>
#include "link/internal.h"

struct gone {
    const struct mapped_table *table;
    const struct value *key; /* the key columns, in key order; NULL: every row (TRUNCATE) */
    int64_t seq;             /* of the target transaction that deleted it */
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

static struct gone *add(struct window *w, struct gone **list, const struct mapped_table *t,
                        int64_t seq)
{
    struct gone *g = arena_alloc(&w->arena, sizeof *g);
    *g = (struct gone){.table = t, .seq = seq, .next = *list};
    *list = g;
    return g;
}

void window_deleted(struct window *w, const struct change *c, int64_t seq)
{
    const struct relation *r = c->relation;
    if (c->op == CHANGE_TRUNCATE) {
        add(w, &w->truncated, r->plan, seq);
        return;
    }
    struct gone *g = add(w, &w->buckets[hash_key(r, c->before) % WINDOW_BUCKETS], r->plan, seq);
    struct value *key = arena_alloc(&w->arena, sizeof *key * (size_t)r->nkey);
    for (int i = 0; i < r->nkey; i++)
        key[i] = value_copy(&c->before[r->key[i]], &w->arena);
    g->key = key;
}

/* The newest stand first in each list. */
static void forget_after(struct gone **list, int64_t seq)
{
    while (*list && (*list)->seq > seq)
        *list = (*list)->next;
}

void window_forget_after(struct window *w, int64_t seq)
{
    for (int i = 0; i < WINDOW_BUCKETS; i++)
        forget_after(&w->buckets[i], seq);
    forget_after(&w->truncated, seq);
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
