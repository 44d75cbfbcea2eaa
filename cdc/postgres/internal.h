/* What the files of this folder share: the state of one source.
 *
 *   source.c       the driver: open, identity, tables, positions
 *   settings.c     what the server must be
 *   publication.c  the source's publication
 *   slot.c         the link's slot
 *   stream.c       the replication connection on the link's loop
 *   decoder.c      bytes -> messages
 *   tables.c       layouts: the catalog's against the log's
 *   rows.c         messages -> the intake's batches
 *   snapshot.c     one view, many readers
 *
 * Everything runs on the link's thread, except chunk_open and chunk_next (snapshot.c).
 */
#ifndef MILLRACE_POSTGRES_INTERNAL_H
#define MILLRACE_POSTGRES_INTERNAL_H

#include <uthash.h>
#include "db/postgres/pg.h"
#include "model/source.h"
#include "postgres/decoder.h"
#include "state/marker.h"

/* ---- tables.c ---- */

struct layout_column {
    const char *name;
    Oid type;
    int32_t modifier;
    bool key; /* part of the replica identity */
};

/* A table's columns as the log sends them: from a Relation message, or expected by the catalog. */
struct layout {
    Oid oid;
    const char *schema, *name;
    char identity; /* d, n, f, i */
    int ncolumns;
    struct layout_column *columns;
};

/* A table that the link asked for: the catalog at the time when the source opened. */
struct described {
    struct layout layout; /* first: hashed by layout.oid */
    char relkind;         /* r, p */
    bool key_sorts;       /* the key's types compare by operators of pg_catalog */
    const struct relation *relation;
    UT_hash_handle hh;
};

/* A table that the stream has met. */
struct met {
    struct layout layout;
    bool wanted, ours;               /* ours: in schema millrace */
    const struct relation *relation; /* of a wanted one */
    UT_hash_handle hh;
};

/* ---- rows.c: the transaction being read ---- */

struct reading {
    bool in_transaction;
    bool begun;          /* it has rows for the link */
    bool moved;          /* it has rows outside `millrace` */
    uint64_t commit_lsn; /* where its commit record begins */
    int64_t committed_us;
    uint64_t position; /* everything before it has gone to the intake */
    uint64_t reported; /* log bytes up to here have been counted */
    struct marker_guard *guard;
    struct pgoutput *message;
    struct met *met;  /* hash by oid */
    struct met *last; /* the one met last */
};

/* ---- stream.c ---- */

struct stream {
    struct pg *pg;
    struct failure failure;
    uv_poll_t socket, control, gather;
    uv_timer_t timer;
    int gather_fd;
    int events;   /* that `socket` is watched for */
    int nhandles; /* not closed yet */
    bool running, paused, gathering, flushing;
    bool answer, due; /* a status to send as soon as the output is free */
    uint64_t received, durable, acknowledged;
    int64_t status_at_us;
    int wakes; /* since then: */
    int64_t wakes_since_us;
};

struct source {
    struct source_options o;
    struct pg *control; /* the ordinary session: its end tells that the server goes down */
    struct arena arena; /* as long as the source */
    struct described *described;
    struct reading reading;
    struct stream stream;
    char application[64];
};

enum status tables_describe(struct source *s, const char *schema, const char *name,
                            const struct relation **out);
struct described *tables_find(struct source *s, const struct relation *r);
/* A Relation message: learns it, or fails where it says that a mapped table was altered. */
enum status tables_met(struct source *s, const struct pgoutput *m, struct failure *f);
struct met *tables_met_find(struct source *s, uint32_t oid);
void tables_forget_met(struct source *s);
void tables_free(struct source *s);

/* One message of the stream into the intake. */
enum status rows_read(struct source *s, const void *data, size_t size, struct failure *f);
/* A keepalive: the log up to `lsn` holds nothing more for us. */
void rows_idle(struct source *s, uint64_t lsn);

enum status settings_check(struct source *s);
enum status publication_prepare(struct source *s, const struct table_name *tables, int n);
/* Which of them it does not publish: PostgreSQL takes a table that is dropped out of it. */
enum status publication_lacks(struct source *s, const struct table_name *tables, int n,
                              bool *lacks);
enum status publication_remove(struct source *s); /* unless another link's slot is there */
enum status slot_prepare(struct source *s, const struct table_name *tables, int n, bool *fresh);
enum status slot_check_position(struct source *s, const char *position);
enum status slot_end(struct source *s, struct arena *a, const char **position);
enum status slot_remove(struct source *s);
/* Runs `sql`, which creates a slot and so waits for running transactions; says which, when it takes
 * long. */
enum status slot_create_by(struct source *s, struct pg *pg, const char *sql, PGresult **out);

enum status stream_start(struct source *s, const char *position, struct marker_guard *guard);
void stream_room(struct source *s);
void stream_ack(struct source *s, const char *position);
void stream_stop(struct source *s);
bool stream_stopped(struct source *s);

enum status snapshot_open(struct source *s, int readers, const char *from, bool exact,
                          struct snapshot **out);
const char *snapshot_position(struct snapshot *p);
enum status snapshot_bounds(struct snapshot *p, const struct relation *r, int64_t rows,
                            struct arena *a, const char ***bounds, int *n);
enum status chunk_open(struct snapshot *p, int reader, const struct relation *r, const char *low,
                       const char *high, struct failure *f);
enum status chunk_next(struct snapshot *p, int reader, struct batch *b, size_t bytes, bool *end,
                       struct failure *f);
void snapshot_close(struct snapshot *p);

/* A cell of text -> a value whose bytes lie in `a`, not in `text`. */
enum status rows_value(const struct column *c, const char *text, size_t size, struct arena *a,
                       struct value *out, struct failure *f);

#endif
