/* Collection: what a source transaction has collected, in memory while it is small: touched
 * objects, rows that lead to objects, objects seen before and after. Temporary tables hold what is
 * more: whoever owns a collection moves it there, once, and goes on there until the transaction has
 * ended.
 *
 *     add ... -> [moved to a table] | sort -> next ... -> clear
 *
 * A record is known by its key, some values in SQLite's kinds. Integers, texts, bytes and NULL can
 * be compared here as SQLite does; keys that need its collations or its doubles are not for a
 * collection.
 *
 * Records lie in the arena that is given with each; it must live until the collection is cleared.
 */
#ifndef MILLRACE_MIRROR_COLLECTION_H
#define MILLRACE_MIRROR_COLLECTION_H

#include <stdbool.h>

#include "base/arena.h"
#include "model/value.h"

struct collected {
    struct value *key;
    struct value before, after, why, rows; /* of alone.c */
    struct collected *older; /* of the same slot */
    uint32_t number; /* in the order of adding */
    bool dropped;
};

struct collection {
    int nkey;
    bool in_table; /* the owner has moved it: nothing is in here */
    struct collected **at;
    uint32_t n, capacity, next;
    struct collected **slots;
    uint32_t nslots; /* a power of two, or 0 */
};

/* Can SQLite's comparison of these values be made here? */
bool collection_takes(const struct value *key, int n);
/* The newest of this key, dropped ones too; then `older`, whose keys must be compared. */
struct collected *collection_find(const struct collection *c, const struct value *key);
bool collection_is_key(const struct collection *c, const struct collected *r,
                       const struct value *key);
/* Copies the key; the rest is zeroed. */
struct collected *collection_add(struct collection *c, const struct value *key, struct arena *a);
/* By key, as SQLite orders it, then by number. */
void collection_sort(struct collection *c);
/* One after the other, without the dropped; NULL at the end. */
struct collected *collection_next(struct collection *c);
/* Empty, and not in a table. */
void collection_clear(struct collection *c);

#endif
