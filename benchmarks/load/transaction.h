/* The transactions of one connection: what each changes, as the SQL that is sent before COMMIT.
 *
 * Keys: the initial rows 1..rows are updated, the hot ones oftener. Inserted ids lie above what is
 * in the table, each connection has every connections-th. Deleted are rows that the same connection
 * inserted and committed, oldest first; while it has none, it inserts instead. So no statement
 * misses its row, and connections meet only at hot keys; within a transaction changes are sorted by
 * table and key, so that two of them do not deadlock.
 */
#ifndef LOAD_TRANSACTION_H
#define LOAD_TRANSACTION_H

#include "base/buffer.h"
#include "benchmarks/load/options.h"
#include "benchmarks/load/zipf.h"

enum change_kind { CHANGE_INSERT, CHANGE_UPDATE, CHANGE_DELETE, CHANGE_KINDS };

struct change {
    enum change_kind kind;
    int64_t table, key;
};

struct own_rows {
    int64_t base;                         /* the greatest id before the run */
    int64_t inserted, committed, deleted; /* counts of this connection's rows */
};

struct transactions {
    const struct options *options;
    int connection;
    struct random random;
    struct zipf zipf;
    struct own_rows *own; /* [tables] */
    struct change *changes;
    int64_t nchanges;
    uint64_t rows[CHANGE_KINDS]; /* committed */
    struct buffer sql;
};

/* base[table]: the greatest id in each table now. */
void transaction_init(struct transactions *t, const struct options *o, int connection,
                      const int64_t *base);
void transaction_free(struct transactions *t);
/* The next one, in t->sql; `probe`: the id for load_probe, negative for none. */
void transaction_make(struct transactions *t, int64_t probe);
void transaction_committed(struct transactions *t);

#endif
