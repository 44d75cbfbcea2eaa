/* Sink: writes target rows, marker and checkpoint in one transaction.
 *
 * Implemented by sinks/postgres/sink.c, sinks/mysql/sink.c (MySQL and MariaDB), sinks/null/sink.c.
 * A sink is one connection, used by one thread at a time (the link's writer, or a copy worker); all
 * calls block, and end when the wake is set. What is generic (net rows, row mode, large
 * transactions) is in sinks/apply.c, over this table.
 *
 * Order of calls:  open -> describe* -> begin -> write_set* -> settle -> [move] -> commit
 *                  begin -> write_row* -> commit           after any error: rollback, said explicitly
 */
#ifndef MILLRACE_MODEL_SINK_H
#define MILLRACE_MODEL_SINK_H

#include "model/change.h"
#include "model/session.h"

struct sink;
struct checkpoint;

struct sink_options {
    const struct endpoint *endpoint; /* the apply role */
    const char *link;                /* name, for application_name and messages */
    bool cascades_in_log;  /* the source logs cascaded rows (PostgreSQL, MySQL >= 9.6): then this */
                           /* session enforces no foreign keys; else they stay on */
    bool log_stays;        /* the source keeps its log whatever is acknowledged: a COMMIT that a crash of */
                           /* the target undoes, with its checkpoint, is read again; so it need not */
                           /* wait for the disk where the engine lets a session choose */
    bool fast_copy;        /* a copy worker: unique and foreign keys of a fresh table are not */
                           /* checked twice where the engine allows it safely */
    int lock_wait_ms;      /* after which a lock wait is STATUS_RETRY */
    struct wake *wake;
    struct failure *failure;
};

enum set_op {
    SET_DELETE,
    SET_UPDATE,
    SET_INSERT,
    SET_INSERT_ABSENT, /* in a copy's window only: rows whose key is there already are left alone */
    SET_UPSERT,        /* in a copy's window only: insert, or overwrite the row of the same key */
};

/* One statement's worth of net rows. All rows have the same columns present. */
struct row_set {
    enum set_op op;
    const struct relation *relation; /* from describe */
    uint32_t nrows;
    struct value *const *keys; /* DELETE, UPDATE: rows whose key columns find the target row */
    struct value *const *rows; /* INSERT*, UPDATE, UPSERT: the new row */
    const bool *present;       /* UPDATE: per column, is it set (ABSENT columns are false); */
                               /* INSERT: the columns to name. Generated columns are never set. */
    bool lenient;              /* in a copy's window: a missing row is no error */
};

struct sink_driver {
    const char *name;
    enum status (*open)(const struct sink_options *options, struct sink **out);
    /* The ordinary session on the same connection: usable outside and inside the transaction,
     * after settle. Reports into the sink's failure. */
    struct session *(*session)(struct sink *s);
    /* The target table: columns with codecs, kept as long as the sink. NO_TABLE. */
    enum status (*describe)(struct sink *s, const char *schema, const char *name,
                            const struct relation **out);
    bool (*is_empty)(struct sink *s, const struct relation *r, enum status *status);

    /* Opens the transaction with marker and checkpoint row (position as given; for a large
     * transaction the previous one). A taken seq is ERROR_SECOND_ENGINE, found here or in settle. */
    enum status (*begin)(struct sink *s, const struct checkpoint *c);
    /* Writes a set. May only queue it: rows must stay valid until settle. Errors and counts may
     * surface here or in settle. NULL: each change goes by write_row, as it came. */
    enum status (*write_set)(struct sink *s, const struct row_set *set);
    /* All that was queued is done, every count is what it must be, else WRONG_COUNT naming table
     * and numbers. */
    enum status (*settle)(struct sink *s);
    /* One change, at once, counted: the row mode. Errors name table and key. A key-less relation
     * is matched by all columns of `before`, one row only. TRUNCATE too (as DELETE on MySQL). */
    enum status (*write_row)(struct sink *s, const struct change *c);
    /* Unique values that collide inside one source transaction are parked: the row's unique columns
     * get values out of the way, without touching any other. UNSUPPORTED where none can be found. */
    enum status (*savepoint)(struct sink *s);
    enum status (*rollback_to_savepoint)(struct sink *s);
    enum status (*park_row)(struct sink *s, const struct change *c, const struct value **parked_key);
    /* The checkpoint row of the open transaction gets its final position. */
    enum status (*move)(struct sink *s, const struct checkpoint *c);
    /* Durable when it returns OK (flushed, on every synchronous standby). Connection lost here is
     * RETRY: only the fence tells. */
    enum status (*commit)(struct sink *s);
    enum status (*rollback)(struct sink *s); /* OK also where the connection is gone */
    void (*close)(struct sink *s);           /* NULL allowed */
};

extern const struct sink_driver postgres_sink_driver;
extern const struct sink_driver mysql_sink_driver; /* both families */
extern const struct sink_driver null_sink_driver;

#endif
