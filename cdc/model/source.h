/* Source: reads one system's log for one link, and gives snapshots of its tables.
 *
 * Implemented by cdc/postgres/source.c (on the link's loop) and cdc/mysql/source.c (a reader thread
 * of its own). All calls come from the link's thread; those marked (blocks) may wait for the
 * server, but end when the wake is set. Decoded transactions go to the intake.
 *
 * Order of calls:  open -> prepare -> [snapshot_open .. snapshot_close] -> check_position -> start
 *                  -> (room, ack)* -> stop -> the loop runs until `stopped` -> [start ...] -> close
 */
#ifndef MILLRACE_MODEL_SOURCE_H
#define MILLRACE_MODEL_SOURCE_H

#include <uv.h>
#include "model/intake.h"
#include "model/position.h"
#include "model/session.h"

struct source;
struct snapshot;
struct marker_guard;

struct source_options {
    const struct endpoint *endpoint; /* the capture role */
    const char *link;                /* name, for messages */
    const char *slot;                /* PostgreSQL: slot name */
    const char *publication;         /* PostgreSQL */
    uint32_t server_id;              /* MySQL family: of the dump connection, unique per link */
    uv_loop_t *loop;
    struct intake *intake;
    struct wake *wake;
    struct failure *failure;         /* for calls on the link's thread */
    /* Is this table mapped by the link? Called from the source's thread; must be pure. */
    bool (*wanted)(void *owner, const char *schema, const char *table);
    void *wanted_owner;
    /* A person's word: the transaction that ends here may pass even where it is DDL on a mapped
     * table (`millrace skip`); NULL: none. */
    const char *pass;
    /* Links of events. An echo's rows are delivered too, in a transaction that is `quiet`. */
    bool echoes;
    /* Requests are delivered, as changes of request_relation (state/request.h), in echoes too. */
    bool requests;
    /* A mapped table to which columns were appended goes on: its rows come with a new relation that
     * begins with the columns of the one before. Any other DDL stops the link as ever. */
    bool appended_passes;
    /* All mapped tables that exist, "schema\0name\0" pairs follow from the config's patterns: the
     * link resolves patterns with `tables` below. */
};

/* Who the server is: kept beside the link's id, compared at each start. */
struct source_identity {
    char text[128]; /* PG: "system_identifier/database oid"; MySQL: server_uuid; MariaDB: "" */
};

struct table_name {
    const char *schema, *name;
};

struct source_driver {
    const char *name;

    /* Connects the control session, reads version, settings and identity. (blocks) */
    enum status (*open)(const struct source_options *options, struct source **out);
    enum status (*identity)(struct source *s, struct source_identity *out);
    /* All ordinary tables the capture role can see, system schemas left out. (blocks) */
    enum status (*tables)(struct source *s, struct arena *a, struct table_name **out, int *n);
    /* A table's layout from the catalog, kept as long as the source. NO_TABLE. (blocks) */
    enum status (*describe)(struct source *s, const char *schema, const char *name,
                            const struct relation **out);
    /* Of which of the tables does the log lack changes until `prepare`? NULL: of none. (blocks) */
    enum status (*unlogged)(struct source *s, const struct table_name *tables, int n, bool *lacks);
    /* Publication over `tables` and slot, made where they are missing, named exactly where we may
     * not; server settings that would lose or garble data are refused. `*fresh` in: may a slot be
     * made? (a checkpoint needs the one it had: if that is gone, POSITION_LOST); out: it was made
     * now. MySQL: settings only. (blocks) */
    enum status (*prepare)(struct source *s, const struct table_name *tables, int n, bool *fresh);
    /* The end of the log now, as a position from which nothing later is lost. PostgreSQL: the
     * slot's confirmed_flush_lsn when it is fresh. (blocks) */
    enum status (*end)(struct source *s, struct arena *a, const char **position);
    /* Can the stream start at `position`? Slot ahead, log purged, server restored: POSITION_LOST
     * with what to do. (blocks) */
    enum status (*check_position)(struct source *s, const char *position);
    enum position_order (*compare)(const char *a, const char *b); /* pure */

    /* The stream begins after `position`; what is decoded goes to the intake, errors too.
     * `guard` is the link's, used by the source's thread from here until stopped. */
    enum status (*start)(struct source *s, const char *position, struct marker_guard *guard);
    void (*room)(struct source *s); /* the intake is full no more */
    /* Everything up to `position` is durable in the target: may be sent back as confirmed. */
    void (*ack)(struct source *s, const char *position);
    /* No more is decoded after this returns; handles are closing on the loop. */
    void (*stop)(struct source *s);
    bool (*stopped)(struct source *s); /* all handles closed, threads joined */
    void (*close)(struct source *s);

    /* One consistent view for `readers` connections. (blocks)
     * Exact (PostgreSQL, MariaDB): low = high: all readers see the source's state at that position.
     * Else (MySQL): each reader sees a state between low and high; the link must stream (low, high]
     * with upserts and remember deleted keys before chunks are written.
     * `from`: the link's position now, which the views must include; NULL on a first run, when low
     * becomes the link's first position. `exact`: low = high it must be, if by a short lock. */
    enum status (*snapshot_open)(struct source *s, int readers, const char *from, bool exact,
                                 struct snapshot **out);
    int (*snapshot_readers)(struct snapshot *p); /* how many it became; NULL: as asked for */
    const char *(*snapshot_low)(struct snapshot *p);
    const char *(*snapshot_high)(struct snapshot *p);
    /* Key bounds that cut the table into chunks of about `rows`: the inner bounds, ascending, in
     * the engine's own text. A table without a key gives none. (blocks; reader 0's connection) */
    enum status (*snapshot_bounds)(struct snapshot *p, const struct relation *r, int64_t rows,
                                   struct arena *a, const char ***bounds, int *n);
    /* Reads (low, high] of a table on one reader's connection: open, next until `*end`. From a
     * copy worker's thread, one per reader; `f` is that worker's. Appends inserts to `b` (a
     * transaction must be open in it) until about `bytes` are in it. (blocks) */
    enum status (*chunk_open)(struct snapshot *p, int reader, const struct relation *r,
                              const char *low, const char *high, struct failure *f);
    enum status (*chunk_next)(struct snapshot *p, int reader, struct batch *b, size_t bytes,
                              bool *end, struct failure *f);
    void (*snapshot_close)(struct snapshot *p);

    /* Drops what we made at the source for this link: slot, publication. (blocks) */
    enum status (*remove)(struct source *s);
    struct session *(*session)(struct source *s);
};

extern const struct source_driver postgres_source_driver; /* cdc/postgres/source.c */
extern const struct source_driver mysql_source_driver;    /* cdc/mysql/source.c, both families */

#endif
