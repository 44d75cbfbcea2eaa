/* Parts of the ward: what its files share, and what apply.c and row_mode.c ask of it. */
#ifndef MILLRACE_SINKS_WARD_PARTS_H
#define MILLRACE_SINKS_WARD_PARTS_H

#include "base/buffer.h"
#include "sinks/ward.h"
#include "state/held_keys.h"

/* A table of which something is, or was, held. */
struct ward_table {
    struct ward_table *next;
    int number;                /* of the flow, in sets of keys */
    char *flow;                /* "schema.table" of the source */
    char *sample;              /* one of its keys: its columns' names are those of all */
    struct held_keys *keys;
    int64_t references;        /* from held rows to keys */
    const struct relation *same_key; /* its key has the sample's columns; NULL: not compared yet */
};

/* What the open transaction has changed in memory. */
struct ward_change {
    struct ward_change *next;
    struct ward_table *table; /* NULL: it is void by now */
    const char *key, *old_key;
    enum held_reason reason;
    const char *text;
};

struct ward_again;

struct ward {
    struct ward_options options;
    struct ward_table *tables;
    int ntables;
    int64_t references; /* of all tables; 0: nothing is held */
    const struct relation *met; /* the last one asked for, and its table */
    struct ward_table *met_table;
    struct ward_figures figures;
    int64_t quarantined; /* in millrace.held, with those of the open transaction */
    bool stale;          /* memory is to be made again */

    /* of the open transaction */
    struct arena changed_arena;
    struct ward_change *changed;
    bool voided;
    struct arena arena; /* of `rows`, which are not in millrace.held yet */
    struct held_event *rows;
    uint32_t nrows, rows_capacity;
    const char *position; /* of the source transaction; "" not known yet */
    int64_t committed_us, number;
    bool unplaced; /* rows without a position are in millrace.held */
    struct buffer text;
    struct arena key_arena; /* of the key that is looked up */
    struct ward_again *again;
};

/* ---- ward.c: for apply.c and row_mode.c; all of them do nothing where there is no ward ---- */

/* The changes that follow are of this source transaction, or of a piece of it. */
void ward_begin(struct apply *a, const struct batch *b, uint32_t transaction);
/* Can ward_pass have anything to do? */
static inline bool ward_is_busy(const struct apply *a, const struct batch *b)
{
    return a->ward && (b->refused || a->ward->references > 0);
}
/* Would ward_pass take it, or do something else about it? */
bool ward_takes(const struct apply *a, const struct batch *b, uint32_t change);
/* Takes the change if it must not be written now. DATA: it must not, and cannot be held. */
enum status ward_pass(struct apply *a, const struct batch *b, uint32_t change, bool *taken);
/* Is a row of this origin (NULL: none is kept) held when it is refused? */
bool ward_would_hold(const struct apply *a, const struct origin *o);
bool ward_takes_failure(const struct apply *a); /* of a row that would be held */
bool ward_holds_key(const struct apply *a, const struct held_event *row);
/* Is `failure`, at a row of this origin (NULL: none is kept), one for which the row is held? */
bool ward_may(const struct apply *a, const struct origin *o);
/* The row was refused: it is held. DATA: one too many, or it cannot be held. */
enum status ward_hold(struct apply *a, const struct origin *o, const char *text);
/* The same of a row that was described before; `reason` quarantine or behind. */
enum status ward_add(struct apply *a, const struct held_event *row, enum held_reason reason,
                     const char *text);
/* What was taken goes into millrace.held; not between a savepoint and the way back to it. */
enum status ward_flush(struct apply *a);
/* Where the transaction that came in pieces ends. */
enum status ward_place(struct apply *a, const char *position);
enum status ward_ready(struct apply *a); /* before a transaction begins */
void ward_committed(struct apply *a);
void ward_forget(struct apply *a); /* rolled back */

/* ---- ward_keys.c ---- */

/* "id=5", "line=3,order=A\,1": the key columns by name, decimals without trailing zeros. A part that
 * `row` leaves out is that of `otherwise`. */
const char *ward_key(const struct relation *r, const struct value *row,
                     const struct value *otherwise, struct buffer *scratch, struct arena *a);
/* Are the columns that this key names the relation's key? */
bool ward_key_is_of(const char *key, const struct relation *r);
struct ward_table *ward_table_of(struct ward *w, const struct relation *r); /* NULL: none */
struct ward_table *ward_table_named(struct ward *w, const char *flow);      /* made where missing */
void ward_keys_add(struct ward *w, struct ward_table *t, const char *key, const char *old_key);
void ward_keys_remove(struct ward *w, struct ward_table *t, const char *key, const char *old_key);
void ward_keys_clear(struct ward *w, struct ward_table *t);
void ward_tables_free(struct ward *w);

/* ---- ward_row.c ---- */

const char *change_op_name(enum change_op op);
/* UNSUPPORTED where the change is too large to be kept. */
enum status ward_fits(struct apply *a, const struct change *c);
/* A change as a row of millrace.held, but for reason, text and transaction. */
enum status ward_describe(struct apply *a, const struct origin *o, struct arena *arena,
                          struct held_event *out);

/* ---- ward_again.c ---- */
struct ward_again *ward_again_new(void);
void ward_again_free(struct ward_again *g);

#endif
