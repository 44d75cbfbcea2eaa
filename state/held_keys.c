#include "state/held_keys.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include "base/fail.h"

struct entry {
    UT_hash_handle hh;
    size_t count;
    char name[]; /* flow as 4 bytes, then the key */
};

struct held_keys {
    struct entry *entries;
};

enum { FLOW_BYTES = sizeof(int), SHORT_BYTES = 256 };

struct held_keys *held_keys_new(void)
{
    struct held_keys *k = calloc(1, sizeof *k);
    must(k);
    return k;
}

void held_keys_clear(struct held_keys *k)
{
    struct entry *e, *next;
    HASH_ITER(hh, k->entries, e, next)
    {
        HASH_DEL(k->entries, e);
        free(e);
    }
}

void held_keys_free(struct held_keys *k)
{
    if (!k)
        return;
    held_keys_clear(k);
    free(k);
}

static struct entry *make(int flow, const char *key, size_t *size)
{
    *size = FLOW_BYTES + strlen(key);
    struct entry *e = calloc(1, sizeof *e + *size);
    must(e);
    memcpy(e->name, &flow, FLOW_BYTES);
    memcpy(e->name + FLOW_BYTES, key, *size - FLOW_BYTES);
    return e;
}

static struct entry *find(const struct held_keys *k, int flow, const char *key)
{
    char room[FLOW_BYTES + SHORT_BYTES], *name = room;
    size_t size = FLOW_BYTES + strlen(key);
    struct entry *found;
    if (!k->entries)
        return NULL;
    if (size > sizeof room) {
        name = malloc(size);
        must(name);
    }
    memcpy(name, &flow, FLOW_BYTES);
    memcpy(name + FLOW_BYTES, key, size - FLOW_BYTES);
    HASH_FIND(hh, k->entries, name, size, found);
    if (name != room)
        free(name);
    return found;
}

void held_keys_add(struct held_keys *k, int flow, const char *key)
{
    size_t size;
    struct entry *e = find(k, flow, key);
    if (!e) {
        e = make(flow, key, &size);
        HASH_ADD_KEYPTR(hh, k->entries, e->name, size, e);
    }
    e->count++;
}

void held_keys_remove(struct held_keys *k, int flow, const char *key)
{
    struct entry *e = find(k, flow, key);
    if (!e || --e->count > 0)
        return;
    HASH_DEL(k->entries, e);
    free(e);
}

bool held_keys_has(const struct held_keys *k, int flow, const char *key)
{
    return find(k, flow, key) != NULL;
}

size_t held_keys_count(const struct held_keys *k)
{
    return HASH_COUNT(k->entries);
}
