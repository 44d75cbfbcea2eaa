/* Internal: what an open mirror consists of. One file an idea:
 *   mirror.c    opening, and one source transaction
 *   commit.c    commit and rollback
 *   file.c      what lies in the file, and its state; file_tables.c: its tables
 *   rows.c      a row change becomes a change of the mirrored table; rows_sql.c: its statements
 *   touch.c     a row change leads to objects; touch_sql.c: its statements
 *   ask.c       a view is asked for one object
 *   alone.c     events that are made of the row before and the row after
 *   evaluate.c  touched objects are asked for and compared; events come out
 *   fill.c      the first copy
 */
#ifndef MILLRACE_MIRROR_INTERNAL_H
#define MILLRACE_MIRROR_INTERNAL_H

#include "transforms/mirror/code.h"
#include "transforms/mirror/lay.h"
#include "transforms/mirror/mirror.h"

/* ---- tables ---- */

/* A kept table while the mirror is open. Statements take and give columns in the kept order. */
struct table {
    const struct kept *kept;
    const struct relation *seen; /* of the last change: `from` is for it */
    int *from;                   /* of each kept column, the index in `seen` */
    bool complete;
    int64_t parked; /* rows pushed aside in this transaction, see rows.c */
    bool *indexed;  /* of each kept column */
    sqlite3_stmt *insert, *update, *update_rest, *delete, *clear, *get;
    sqlite3_stmt *park, *parked_get, *parked_delete, *parked_clear;
};

/* One row change, in SQLite's kinds and the kept order. */
struct row_change {
    struct table *table;
    const struct value *before, *after; /* NULL: there is no such row */
};

/* ---- events ---- */

struct asked { /* a query, prepared */
    const struct query *query;
    sqlite3_stmt *statement;
    int parameters[KEY_MAX]; /* of the object's key; 0: not used */
};

struct touch_run {
    sqlite3_stmt *add;   /* a changed row's columns are remembered until COMMIT */
    sqlite3_stmt *each, *query, *clear;
    int64_t pending;
};

struct event_run {
    const struct view *view;
    int number; /* of the definition */
    bool active; /* all tables complete, and what was emitted is known */
    struct asked asked, *lists;
    struct touch_run *touches;
    /* touched objects of this transaction, with the key they had before it */
    sqlite3_stmt *touch, *touch_moved, *touched_was, *touched, *moved, *clear;
    int64_t ntouched, nmoved;
    struct value last[KEY_MAX]; /* touched last; an INT key only */
    bool has_last;
    /* what was last emitted */
    sqlite3_stmt *emitted_get, *emitted_put, *emitted_drop, *emitted_move;
    /* alone: objects seen in this transaction */
    sqlite3_stmt *seen_find, *seen_drop, *seen_add, *seen;
};

/* ---- the mirror ---- */

enum phase {
    PHASE_IDLE,    /* between transactions */
    PHASE_APPLY,   /* mirror_begin was called */
    PHASE_PENDING, /* remembered rows lead to objects */
    PHASE_TOUCHED, /* objects are asked for */
    PHASE_SEEN,    /* the same for events that are alone */
    PHASE_EMIT,
};

enum { POSITION_BYTES_START = 256 };

struct mirror {
    const struct views *views;
    struct mirror_options options; /* its texts lie in the arena */
    struct arena arena;            /* as long as the mirror */
    struct arena scratch;          /* one row change, or one object */
    sqlite3 *db;                   /* the file; temporary tables hold what is under way */
    sqlite3 *rows;                 /* one row of each table that events read alone; or NULL */
    struct table *tables;
    struct event_run *events;
    struct buffer before_bytes, after_bytes; /* objects as bytes */
    struct buffer position, committed, checkpoint; /* texts; size 0: none */
    bool plan_changed;
    bool is_open; /* the statements are there */
    bool resumed;   /* the target's checkpoint is known since the last opening or rollback */
    bool replaying; /* not yet past the checkpoint */
    bool quiet;     /* this transaction emits nothing */
    bool must_commit; /* events began here: before they go on, the file must know */
    enum phase phase;
    int at_event, at_touch; /* where the phase is */
    bool stepping;          /* its statement has rows left */
    int64_t noutcomes;
    sqlite3_stmt *outcome_add, *outcome, *outcome_clear, *state_put;
    uint64_t changes; /* since the last commit */
    int64_t committed_us;
};

/* ---- file.c ---- */
enum status file_open(struct mirror *m, struct failure *f);
/* The first column of the first row, in `a`, or NULL; `parameter` is ?1, or NULL. */
enum status file_get_text(struct mirror *m, const char *sql, const char *parameter,
                          struct arena *a, const char **out, struct failure *f);
enum status file_put_state(struct mirror *m, const char *name, const char *value,
                           struct failure *f);
enum status file_load(struct mirror *m, struct failure *f); /* what is complete, active; position */
enum status file_set_complete(struct mirror *m, struct table *t, struct failure *f);
enum status file_set_active(struct mirror *m, struct event_run *e, struct failure *f);
enum status file_set_position(struct mirror *m, struct failure *f);

/* ---- file_tables.c ---- */
enum status file_create(struct mirror *m, struct failure *f); /* in a transaction */
enum status file_rebuild(struct mirror *m, bool afresh, struct failure *f);
/* The columns of an event's key, for tables that hold objects: "k0 collate x, k1, ". */
void file_add_key_columns(const struct mirror *m, const struct view *w, struct buffer *b);
const char *file_emitted_name(const struct event_run *e, struct buffer *b); /* quoted */

/* ---- rows_sql.c ---- */
enum status rows_prepare(struct mirror *m, struct table *t, struct failure *f);

/* ---- rows.c ---- */
/* The table and its relation's columns; DATA where the layout is not as compiled. */
enum status rows_bind(struct mirror *m, struct table *t, const struct relation *r,
                      struct failure *f);
/* A relation's row in the kept order; NULL stays NULL. */
enum status rows_lay(struct mirror *m, struct table *t, const struct value *row,
                     const struct value **out, struct failure *f);
bool rows_same(const struct value *a, const struct value *b, int n);
enum status rows_apply(struct mirror *m, struct table *t, const struct change *c,
                       struct failure *f);
enum status rows_put(struct mirror *m, struct table *t, const struct value *row,
                     struct failure *f); /* inserts or replaces */
enum status rows_check_parked(struct mirror *m, struct failure *f);

/* ---- touch_sql.c ---- */
enum status touch_prepare(struct mirror *m, struct event_run *e, struct failure *f);
/* All rows of the table lead where this touch of the event leads. */
enum status touch_whole(struct mirror *m, struct event_run *e, int touch, struct failure *f);

/* ---- touch.c ---- */
/* `was_parked`: the row before is one that was pushed aside (rows.c). */
enum status touch_row(struct mirror *m, const struct row_change *c, bool was_parked,
                      struct failure *f);
enum status touch_table(struct mirror *m, struct table *t, struct failure *f); /* TRUNCATE */
enum status touch_all(struct mirror *m, struct event_run *e, struct failure *f);
/* One remembered row of a touch leads to its objects; false: there is none left. */
enum status touch_step(struct mirror *m, struct event_run *e, int touch, bool *more,
                       struct failure *f);
enum status touch_settle_moves(struct mirror *m, struct event_run *e, struct failure *f);

/* ---- ask.c ---- */
enum status ask_prepare(struct mirror *m, struct event_run *e, struct failure *f);
/* The object of this key, in scratch, and its bytes in `out`; NULL: there is none. */
enum status ask_object(struct mirror *m, struct event_run *e, const struct value *key,
                       struct buffer *out, struct object **object, struct failure *f);

/* ---- alone.c ---- */
enum status alone_open(struct mirror *m, struct failure *f);
enum status alone_prepare(struct mirror *m, struct event_run *e, struct failure *f);
enum status alone_apply(struct mirror *m, struct table *t, const struct change *c,
                        struct failure *f);
enum status alone_step(struct mirror *m, struct event_run *e, bool *more, struct failure *f);

/* ---- evaluate.c ---- */
enum status evaluate_prepare(struct mirror *m, struct event_run *e, struct failure *f);
enum status evaluate_prepare_outcome(struct mirror *m, struct failure *f);
void evaluate_start(struct mirror *m);
/* The difference of two objects (bytes; size 0: none) becomes an event, unless quiet. */
enum status evaluate_outcome(struct mirror *m, struct event_run *e, const struct value *before,
                             const struct value *after, struct failure *f);
enum status evaluate_refused(struct mirror *m, struct event_run *e, const char *object,
                             struct failure *f);
const char *evaluate_object_text(struct mirror *m, const struct value *key, int n);
/* Evaluates all that is touched, at once and quietly. */
enum status evaluate_now(struct mirror *m, struct failure *f);

/* ---- fill.c ---- */
/* Events that wait only for what counts as emitted: touched whole. */
enum status fill_touch_baseline(struct mirror *m, bool *any, struct failure *f);

/* ---- mirror.c ---- */
void mirror_set_text(struct buffer *b, const char *text);
const char *mirror_text(const struct buffer *b); /* NULL: none */
enum position_order mirror_order(const struct mirror *m, const char *a, const char *b);

/* ---- commit.c ---- */
enum status mirror_start_transaction(struct mirror *m, struct failure *f);

#endif
