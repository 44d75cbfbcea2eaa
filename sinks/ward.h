/* Ward: what the target refuses of a link with `tables`, one row at a time, and what waits behind it.
 *
 *   refused (constraint, unique, value, count)   -> millrace.held, reason quarantine
 *   a later change of a key that is held         -> millrace.held, reason behind
 *   all else                                     -> written
 *
 * in the transaction that passes it, with its checkpoint: nothing is lost, nothing comes twice, and the
 * changes of one key keep their order. A key is the source's, as text; a change that moves a row to
 * another key holds both. A row is kept as the source has it (model/change_code.h), so that it is
 * converted anew when it is tried again: the target may have been altered.
 *
 * TRUNCATE makes void what is held of its table: all of it came before.
 *
 * In memory are the keys of what is held, made from millrace.held when the fence is taken; while there
 * are none, a change costs one test. After a rollback they are as they were.
 *
 * Files: ward.c (what is taken), ward_keys.c (keys), ward_row.c (a change as a held row),
 * ward_again.c (retry and skip). Threads: the writer's, but where said otherwise.
 */
#ifndef MILLRACE_SINKS_WARD_H
#define MILLRACE_SINKS_WARD_H

#include <stdatomic.h>
#include "model/batch.h"
#include "sinks/apply.h"
#include "state/held.h"

struct ward;

struct ward_options {
    bool quarantines; /* else a refused row stops the link; what is held all the same keeps its order */
    int64_t limit;    /* rows in quarantine: one more stops the link */
    /* A held row as the change of a row of the target, as both are now; not NULL. DATA: why not. */
    enum status (*restore)(void *owner, const struct held_event *h, struct arena *a,
                           struct change *out);
    void *owner;
};

struct ward *ward_new(const struct ward_options *o);
void ward_free(struct ward *w); /* NULL is fine */
/* Reads what is held, of a link that has its fence; outside a transaction, before the writer runs. */
enum status ward_load(struct apply *a);
/* Are the origins of changes (model/batch.h) needed? Before the writer runs. */
bool ward_watches(const struct ward *w);
/* Is something of this table of the source held? */
bool ward_holds(const struct ward *w, const char *schema, const char *name);
/* What is held of the table is void: in a transaction of its own. */
enum status ward_void(struct apply *a, const char *schema, const char *name);

struct ward_figures {
    _Atomic int64_t quarantined, behind; /* in millrace.held now */
};
const struct ward_figures *ward_figures(const struct ward *w); /* any thread */

/* ---- what a person asks; between two batches, not while a large transaction is open ---- */

struct ward_result {
    uint64_t tried;       /* that the filter names */
    uint64_t gone;        /* written, those that were behind them too */
    int64_t refused_n;    /* the first that was refused again; 0: none */
    char refused_text[400];
};
/* Begins to try them again, in their order; ward_step goes on with it. The filter must stay until it
 * is done. What is behind no row any more is tried, too; NULL: that alone. */
void ward_retry(struct apply *a, const struct held_filter *wish);
/* They are never written. What was behind them is free: ward_retry(a, NULL). */
enum status ward_drop(struct apply *a, const struct held_filter *which, uint64_t *dropped);
/* Goes on for a while. DATA: the target refused a whole transaction of them at its COMMIT; none of
 * that one is written, and the pass has ended. */
enum status ward_step(struct apply *a, bool *done);
const struct ward_result *ward_result(const struct ward *w);

#endif
