/* Internal: what an open mirror consists of. One file an idea:
 *   mirror.c    opening, and one source transaction
 *   commit.c    commit and rollback
 *   file.c      what lies in the file, and its state; file_tables.c: its tables; file_emitted.c:
 *               of what was emitted
 *   rows.c      a row change becomes a change of the mirrored table; rows_sql.c: its statements
 *   touch.c     a row change leads to objects; touch_sql.c: its statements
 *   ask.c       a view is asked for one object
 *   alone.c     events that are made of the row before and the row after; one_row.c: their table
 *   refused.c   of rows that a view cannot state, what is kept
 *   seen.c      the objects that they have met in a transaction
 *   evaluate.c  touched objects are asked for and compared
 *   emit.c      differences become events, in their order
 *   fill.c      the first copy
 *   again.c     what somebody asks for once more
 */
#ifndef MILLRACE_MIRROR_INTERNAL_H
#define MILLRACE_MIRROR_INTERNAL_H

#include "transforms/mirror/code.h"
#include "transforms/mirror/collection.h"
#include "transforms/mirror/lay.h"
#include "transforms/mirror/mirror.h"
#include "transforms/mirror/one_row.h"

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
    struct one_row one; /* of events that are alone: instead of all statements */
};

/* One row change, in SQLite's kinds and the kept order. */
struct row_change {
    struct table *table;
    const struct value *before, *after; /* NULL: there is no such row */
    const struct change *change;        /* alone: whose rows they are */
};

/* ---- events ---- */

struct asked { /* a query, prepared */
    const struct query *query;
    sqlite3_stmt *statement;
    int parameters[KEY_MAX]; /* of the object's key; 0: not used */
};

struct touch_run {
    struct collection pending; /* changed rows' columns, remembered until COMMIT */
    sqlite3_stmt *add, *each, *clear; /* the same in a table */
    sqlite3_stmt *query;
    int64_t npending;
};

struct event_run {
    const struct view *view;
    int number; /* of the definition */
    bool active; /* all tables complete, and what was emitted is known */
    struct asked asked, *lists;
    struct touch_run *touches;
    /* touched objects of this transaction; in the table with the key they had before it */
    struct collection touched;
    sqlite3_stmt *touch, *touch_moved, *touched_was, *touched_each, *moved, *clear;
    int64_t ntouched, nmoved;
    struct value last[KEY_MAX]; /* touched last; an INT key only */
    bool has_last;
    /* what was last emitted */
    sqlite3_stmt *emitted_get, *emitted_put, *emitted_drop, *emitted_move;
    /* alone: objects seen in this transaction; in `nseen` those that are in the table, too */
    struct collection seen;
    sqlite3_stmt *seen_find, *seen_drop, *seen_add, *seen_each, *seen_clear;
    int64_t nseen;
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

/* What an object was and is: bytes, or NULL. `number`: the event's. */
struct difference {
    int64_t rank, n;
    int number;
    struct value before, after;
    struct value object; /* its primary key as text; NULL: nobody asks */
};

struct differences {
    struct difference *at;
    uint32_t n, capacity, next;
    bool in_table;
};

struct mirror {
    const struct views *views;
    struct mirror_options options; /* its texts lie in the arena */
    struct arena arena;            /* as long as the mirror */
    struct arena scratch;          /* one row change, or one object */
    struct arena collected;        /* one transaction: collections and differences */
    struct asked_again *asked_again; /* of this transaction; in `collected` */
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
    bool repeated;  /* it is one that the target has: not even what is asked for again */
    bool tells_all; /* events begin here: also what is as it was emitted */
    bool names_objects;
    bool must_commit; /* events began here: before they go on, the file must know */
    enum phase phase;
    int at_event, at_touch; /* where the phase is */
    bool stepping;          /* its statement has rows left */
    struct differences differences;
    int64_t noutcomes;
    sqlite3_stmt *outcome_add, *outcome_each, *outcome_clear;
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

/* ---- file_emitted.c ---- */
/* The tables of what was emitted, in a transaction. `keep`: what there is of it, as the views have
 * it now; of an event that has another type, table or key nothing is. */
enum status emitted_make(struct mirror *m, bool keep, struct failure *f);

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
/* All rows of the touch's table go to where what it leads to is collected; there are `n` new. */
enum status touch_copy_whole(struct mirror *m, struct event_run *e, int touch, int64_t *n,
                             struct failure *f);
/* The same of objects that were emitted: to where touched ones are. */
enum status touch_copy_emitted(struct mirror *m, struct event_run *e, int64_t *n,
                               struct failure *f);

/* ---- again.c ---- */
bool again_is_asked(const struct mirror *m, const struct event_run *e, const struct value *key);

/* ---- touch.c ---- */
enum status touch_one(struct mirror *m, struct event_run *e, const struct value *key,
                      struct failure *f);
/* `was_parked`: the row before is one that was pushed aside (rows.c). */
enum status touch_row(struct mirror *m, const struct row_change *c, bool was_parked,
                      struct failure *f);
enum status touch_table(struct mirror *m, struct table *t, struct failure *f); /* TRUNCATE */
/* What could be an object, and what was one. */
enum status touch_all(struct mirror *m, struct event_run *e, struct failure *f);
/* One remembered row of a touch leads to its objects; false: there is none left. */
enum status touch_step(struct mirror *m, struct event_run *e, int touch, bool *more,
                       struct failure *f);
/* The next touched object by its key, valid as long as scratch; at the end they are forgotten. */
enum status touch_next(struct mirror *m, struct event_run *e, const struct value **key, bool *more,
                       struct failure *f);

/* ---- ask.c ---- */
enum status ask_prepare(struct mirror *m, struct event_run *e, struct failure *f);
/* The object of this key, in scratch, and its bytes in `out`; NULL: there is none. */
enum status ask_object(struct mirror *m, struct event_run *e, const struct value *key,
                       struct buffer *out, struct object **object, struct failure *f);

/* ---- alone.c ---- */
enum status alone_open(struct mirror *m, struct failure *f);
enum status alone_apply(struct mirror *m, struct table *t, const struct change *c,
                        struct failure *f);
enum status alone_step(struct mirror *m, struct event_run *e, bool *more, struct failure *f);

/* A change of one row, as far as it is `e`'s. */
enum status alone_change(struct mirror *m, struct event_run *e, struct row_change *c,
                         struct failure *f);
/* What the view says of a row, in `out`; nothing where there is none, or where `why` it cannot. */
enum status alone_ask(struct mirror *m, struct event_run *e, const struct value *row,
                      struct buffer *out, struct object **object, struct value *why,
                      struct failure *f);

/* ---- refused.c ---- */
/* What is kept of rows, in scratch: the columns that are read. NULL: no row; both: nothing kept. */
struct value refused_rows(struct mirror *m, const struct table *t, const struct relation *r,
                          const struct value *before, const struct value *after);
enum status refused_read(struct mirror *m, const struct relation *r, const struct value *rows,
                         struct change *out, struct failure *f);

/* ---- again.c ---- */
struct event_run *again_event(struct mirror *m, const char *name); /* NULL: there is none */

/* ---- seen.c ---- */
enum status seen_prepare(struct mirror *m, struct event_run *e, struct failure *f);
struct seen {
    struct value key[KEY_MAX];
    struct value before, after; /* bytes, or NULL */
    struct value why;           /* TEXT: the view cannot say what the row after is; BYTES: what the */
                                /* one before was, and there is no object any more; or NULL */
    struct value rows;          /* where it could not say something: as refused.c keeps rows */
};
/* Takes what this transaction has seen of an object that it left as `left`: its first state, why
 * and rows. */
enum status seen_take_first(struct mirror *m, struct event_run *e, const struct value *key,
                            const struct value *left, struct seen *out, bool *found,
                            struct failure *f);
enum status seen_add(struct mirror *m, struct event_run *e, const struct seen *s,
                     struct failure *f);
/* By key; valid until the next. At the end they are forgotten. */
enum status seen_next(struct mirror *m, struct event_run *e, struct seen *out, bool *more,
                      struct failure *f);

/* ---- emit.c ---- */
enum status emit_prepare(struct mirror *m, struct failure *f);
enum status emit_is_same(struct mirror *m, struct event_run *e, const struct value *before,
                         const struct value *after, bool *same, struct failure *f);
/* The difference of two objects (bytes, or NULL) will be an event, unless quiet. */
/* `after` as if there had been nothing before; also where the transaction is quiet. */
enum status emit_again(struct mirror *m, struct event_run *e, const struct value *key,
                       const struct value *after, struct failure *f);
enum status emit_add(struct mirror *m, struct event_run *e, const struct value *key,
                     const struct value *before, const struct value *after, struct failure *f);
/* One difference becomes an event in `a`; false: there is none left. */
enum status emit_step(struct mirror *m, struct arena *a, struct mirror_step *s, bool *more,
                      struct failure *f);

/* ---- evaluate.c ---- */
enum status evaluate_prepare(struct mirror *m, struct event_run *e, struct failure *f);
void evaluate_start(struct mirror *m);
enum status evaluate_refused(struct mirror *m, const struct mirror_refusal *r, struct failure *f);
/* Nothing is told of it, and it is known to be so. */
enum status evaluate_passed(struct mirror *m, struct event_run *e, const struct value *key);
const char *evaluate_object_text(struct mirror *m, const struct value *key, int n);
/* Evaluates all that is touched, at once and quietly. */
enum status evaluate_now(struct mirror *m, struct failure *f);

/* ---- fill.c ---- */
/* Events that wait only for what counts as emitted: touched whole. */
enum status fill_touch_baseline(struct mirror *m, bool *any, struct failure *f);

/* ---- mirror.c ---- */
bool mirror_may_collect(const struct mirror *m); /* in memory; else in tables */
void mirror_forget_collected(struct mirror *m);
void mirror_set_text(struct buffer *b, const char *text);
const char *mirror_text(const struct buffer *b); /* NULL: none */
enum position_order mirror_order(const struct mirror *m, const char *a, const char *b);

/* ---- commit.c ---- */
enum status mirror_start_transaction(struct mirror *m, struct failure *f);

#endif
