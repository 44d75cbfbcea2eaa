/* Fold: the rows that a stage writes, one entry a target row, in event order.
 *
 * A row that is there is known by its primary key, one that is not by the key of the write. The
 * first event that inserts a row gives its `once` columns; those after it set the rest.
 *
 *   insert + write = insert with the later's columns     write + write = the later's columns
 *   delete + delete = delete
 */
#ifndef MILLRACE_SINKS_EVENTS_FOLD_H
#define MILLRACE_SINKS_EVENTS_FOLD_H

#include "sinks/events/stage.h"

struct fold_entry {
    uint64_t hash;
    struct fold_entry *next; /* of the same bucket */
    const struct value *pk;  /* table->nkey values; NULL: the row is to be inserted */
    const struct value *now_there; /* one a column of the stage, ABSENT where not compared */
    struct value *values;    /* one a column of the stage */
    bool removed;
    uint32_t event; /* of the last that wrote it */
};

struct fold {
    const struct stage *stage;
    struct arena *arena;
    struct fold_entry **entries; /* in the order of their first events */
    uint32_t n;
    struct fold_entry **buckets;
    uint32_t nbuckets;
};

void fold_init(struct fold *f, const struct stage *s, struct arena *a, uint32_t rows_max);
/* Adds a row of event number `event`; its memory is kept. NULL where that event has written the
 * same target row already. */
struct fold_entry *fold_add(struct fold *f, uint32_t event, const struct fold_entry *row);
/* Is the row of this primary key written? */
bool fold_has(const struct fold *f, const struct value *pk);
/* Columns of the stage that are to be written: all at an insert; else those that differ from what
 * is there, with `touch`. False: none, nothing is to be written. */
bool fold_changed(const struct stage *s, const struct fold_entry *e, bool *columns);

#endif
