/* Net rows inside: what net.c (the fold), net_map.c (keys) and net_sets.c (writing) share.
 *
 * An entry is one target row's fate in this batch: what it was before (`old`, its key finds it in
 * the target; NULL: it was not there) and what it is now (`now`; NULL: it is gone). A slot is one
 * key value of one table, with two sides, since a row may leave a key and another take it:
 *
 *   from: the entry of the row that had this key before the batch, wherever it is now
 *   at:   the entry of the row that has this key now, wherever it came from
 *
 *   insert k             at(k) = E                   E.old NULL
 *   update k             from(k) = at(k) = E
 *   update k -> n        from(k) = E, at(n) = E      E moved
 *   delete k             from(k) = E                 E.now NULL
 *   delete k, insert k   from(k) = D, at(k) = I      two entries; deletes are written first
 *
 * All memory is the net's arena, but for the map's array.
 */
#ifndef MILLRACE_SINKS_NET_FOLD_H
#define MILLRACE_SINKS_NET_FOLD_H

#include "base/arena.h"
#include "sinks/net.h"

struct net_slot {
    const struct net_table *table;
    const struct value *key; /* relation->nkey values */
    struct net_entry *at, *from;
};

struct net_entry {
    struct net_entry *next;          /* of its table, in order of arrival */
    struct net_entry *next_in_group; /* net_sets.c */
    struct value *old, *now;
    struct net_slot *at, *from;
    bool lenient, upsert;
};

struct net_table {
    struct net_table *next;
    const struct relation *relation;
    int rank;
    enum net_ties ties;
    uint32_t alive; /* entries whose row is there in the end */
    struct net_entry *first, **last;
    struct net_group *groups; /* net_sets.c */
};

struct net_map_cell {
    uint64_t hash;
    struct net_slot *slot; /* NULL: free */
};

struct net_map {
    struct net_map_cell *cells;
    uint32_t capacity, used; /* capacity: a power of two, or 0 */
};

struct net {
    struct arena arena;
    struct net_map map;
    struct net_table *tables, *recent;
    int ntables;
    uint32_t rows;
    int (*rank)(void *owner, const struct relation *r);
    enum net_ties (*ties)(void *owner, const struct relation *r);
    void *owner; /* of both */
};

/* The slot of a key, made where there is none; `key` is copied then. */
struct net_slot *net_map_slot(struct net_map *m, struct arena *a, const struct net_table *t,
                              const struct value *key);
void net_map_reset(struct net_map *m);
void net_map_free(struct net_map *m);

#endif
