/* Keys: a set of business keys of flows, each with a number. Memory: an arena.
 */
#ifndef MILLRACE_SINKS_EVENTS_KEYS_H
#define MILLRACE_SINKS_EVENTS_KEYS_H

#include "base/arena.h"

struct key_cell {
    int flow;
    const char *key; /* NULL: free */
    uint32_t number;
};

struct keys {
    struct key_cell *cells;
    uint32_t capacity; /* a power of two, more than twice what is added */
};

static const uint32_t KEYS_NONE = UINT32_MAX;

void keys_init(struct keys *k, struct arena *a, uint32_t max);
void keys_clear(struct keys *k);
void keys_add(struct keys *k, int flow, const char *key, uint32_t number); /* replaces */
uint32_t keys_find(const struct keys *k, int flow, const char *key);       /* or KEYS_NONE */

#endif
