#include "sinks/events/keys.h"

#include <string.h>
#include "model/value.h"

void keys_init(struct keys *k, struct arena *a, uint32_t max)
{
    k->capacity = 16;
    while (k->capacity <= 2 * max)
        k->capacity *= 2;
    k->cells = arena_zalloc(a, k->capacity * sizeof *k->cells);
}

void keys_clear(struct keys *k)
{
    memset(k->cells, 0, k->capacity * sizeof *k->cells);
}

/* The key's cell, or the free one where it would be. */
static struct key_cell *cell_of(const struct keys *k, int flow, const char *key)
{
    struct value v = value_text(VALUE_TEXT, key, strlen(key));
    uint32_t at = (uint32_t)value_hash(&v, (uint64_t)flow) & (k->capacity - 1);
    while (k->cells[at].key && (k->cells[at].flow != flow || strcmp(k->cells[at].key, key) != 0))
        at = (at + 1) & (k->capacity - 1);
    return &k->cells[at];
}

void keys_add(struct keys *k, int flow, const char *key, uint32_t number)
{
    *cell_of(k, flow, key) = (struct key_cell){flow, key, number};
}

uint32_t keys_find(const struct keys *k, int flow, const char *key)
{
    const struct key_cell *cell = cell_of(k, flow, key);
    return cell->key ? cell->number : KEYS_NONE;
}
