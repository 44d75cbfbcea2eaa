/* net_map.c: open addressing from (table, key) to slot; nothing is ever removed before a reset. */
#include "sinks/net_fold.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CELLS = 1024, KEPT_CELLS = 64 * 1024 };

static uint64_t key_hash(const struct net_table *t, const struct value *key)
{
    uint64_t h = (uint64_t)(uintptr_t)t;
    for (int i = 0; i < t->relation->nkey; i++)
        h = value_hash(&key[i], h);
    return h;
}

static bool key_equal(const struct net_slot *s, const struct net_table *t, const struct value *key)
{
    if (s->table != t)
        return false;
    for (int i = 0; i < t->relation->nkey; i++)
        if (!value_equal(&s->key[i], &key[i]))
            return false;
    return true;
}

static struct net_map_cell *new_cells(uint32_t n)
{
    struct net_map_cell *cells = calloc(n, sizeof *cells);
    must(cells);
    return cells;
}

static void grow(struct net_map *m)
{
    uint32_t capacity = m->capacity ? m->capacity * 2 : FIRST_CELLS;
    must(capacity > m->capacity);
    struct net_map_cell *cells = new_cells(capacity);
    for (uint32_t i = 0; i < m->capacity; i++) {
        if (!m->cells[i].slot)
            continue;
        uint32_t at = (uint32_t)m->cells[i].hash & (capacity - 1);
        while (cells[at].slot)
            at = (at + 1) & (capacity - 1);
        cells[at] = m->cells[i];
    }
    free(m->cells);
    m->cells = cells;
    m->capacity = capacity;
}

static struct net_slot *new_slot(struct arena *a, const struct net_table *t,
                                 const struct value *key)
{
    struct net_slot *s = arena_zalloc(a, sizeof *s);
    size_t size = (size_t)t->relation->nkey * sizeof *key;
    s->table = t;
    s->key = memcpy(arena_alloc(a, size), key, size);
    return s;
}

struct net_slot *net_map_slot(struct net_map *m, struct arena *a, const struct net_table *t,
                              const struct value *key)
{
    if (m->used >= m->capacity / 2)
        grow(m);
    uint64_t hash = key_hash(t, key);
    uint32_t at = (uint32_t)hash & (m->capacity - 1);
    for (; m->cells[at].slot; at = (at + 1) & (m->capacity - 1))
        if (m->cells[at].hash == hash && key_equal(m->cells[at].slot, t, key))
            return m->cells[at].slot;
    m->used++;
    m->cells[at] = (struct net_map_cell){.hash = hash, .slot = new_slot(a, t, key)};
    return m->cells[at].slot;
}

/* What one large batch needed is not cleared, and not kept, for each small one after it. */
void net_map_reset(struct net_map *m)
{
    if (m->capacity > KEPT_CELLS)
        net_map_free(m);
    else if (m->used > 0)
        memset(m->cells, 0, m->capacity * sizeof *m->cells);
    m->used = 0;
}

void net_map_free(struct net_map *m)
{
    free(m->cells);
    *m = (struct net_map){0};
}
