/* Net rows: folds the changes of a batch to their net effect per target row, as sets.
 *
 * Inside one target transaction nobody sees intermediate states, so only the net effect counts:
 *   insert+update = insert   insert+delete = nothing   update+update = update   update+delete =
 *   delete   delete+insert = delete, then insert (deletes are written first)
 *   A changed key moves the entry: update ... where key = old; a later change finds it by the new.
 *   A value ABSENT in a later update keeps what the earlier change set.
 * What cannot be folded is a barrier: the sets so far are written, then the change alone:
 *   TRUNCATE; updates and deletes of a table without a key; an update whose key change meets
 *   another entry in flight.
 *
 *   net_init -> (net_add)* -> net_write -> net_reset -> ...
 *
 * Order written: deletes (children before parents), then table by table (parents first) its updates
 * and its inserts: a row that refers to a new parent, be it updated or inserted, finds it. Tables in
 * one fixed order, rows of deletes and updates in key order, so that locks are taken in the same
 * order by each transaction. Memory: an arena of its own; rows are kept by pointer until net_reset.
 */
#ifndef MILLRACE_SINKS_NET_H
#define MILLRACE_SINKS_NET_H

#include "model/sink.h"

struct net;

/* `rank` orders tables by foreign keys: parents have lower ranks; NULL: by name. */
struct net *net_new(int (*rank)(void *owner, const struct relation *r), void *owner);
void net_free(struct net *n);
/* What else happens in the target when a row of a table goes or changes: its foreign keys may act
 * on rows that refer to it. Then such a change is a barrier while rows of others are in flight, so
 * that they are there by then, as they were in the source. Default: nothing. */
enum net_ties {
    NET_TIES_NONE,
    NET_TIES_BELOW, /* of tables of higher rank, by its key */
    NET_TIES_ANY,   /* of any table, or by other columns than its key */
};
void net_set_ties(struct net *n, enum net_ties (*ties)(void *owner, const struct relation *r));
void net_reset(struct net *n);

/* Window of a copy for this relation: see row_set.lenient; inserts of existing rows replace, and
 * updates of missing rows insert where `upsert` (the after image must be complete). */
struct net_rules {
    bool lenient;
    bool upsert;
};

/* False: a barrier: write and reset first, then `c` goes by write_row (or is added again). */
bool net_add(struct net *n, const struct change *c, const struct net_rules *rules);
/* Writes all sets through the driver; does not settle. */
enum status net_write(struct net *n, const struct sink_driver *driver, struct sink *sink);
uint32_t net_rows(const struct net *n);

#endif
