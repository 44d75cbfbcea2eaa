/* Stage: one write of a flow, compiled: what its SELECT returns, and the statements made of it.
 *
 *   WITH event(..) AS (..), line(..) AS (..)
 *   SELECT s.event, s.line, s.<column>.., t.<primary key>.., t.<compared column>..
 *     FROM ( the SELECT ) s LEFT JOIN table t ON t.<key> = s.<key> AND .. ORDER BY s.event, s.line
 *
 * Cells of a result row, in this order:
 *   event [line] | columns | primary key, NULL: no such row | columns that are compared, as they
 *   are
 *
 * Made once for a flow and kept with it; immutable then.
 */
#ifndef MILLRACE_SINKS_EVENTS_STAGE_H
#define MILLRACE_SINKS_EVENTS_STAGE_H

#include "config/events.h"
#include "sinks/events/database.h"
#include "sinks/events/field.h"

struct stage_column {
    const char *name;
    int target;        /* index in the table */
    bool key;          /* finds the row */
    bool once;         /* written at insert only */
    bool touch;        /* never a reason to write */
    bool compared;     /* read from the table too */
    const char *round; /* NULL: lost digits hold the event */
};

struct stage {
    const struct write_config *write;
    const struct relation *table;
    struct field_list event;
    const struct field_list *lines; /* NULL: the event itself is written */
    struct stage_column *columns;   /* as the SELECT returns them, without event and line */
    int ncolumns;
    int columns_at, pk_at, compared_at, ncells; /* indexes of cells */
    const char *resolve; /* what follows the CTEs */
    const char *missing; /* delete_missing_in: keys of the rows in scope; NULL: none */
};

/* Asks the database for the table and for what the SELECT returns, and checks that they fit. CONFIG
 * or NO_TABLE: the text names the column and says what to do, with the line of the file. Memory:
 * `a`. `lists`: the event's repeated fields. */
enum status stage_make(const struct event_database *db, const struct write_config *write,
                       const struct field_list *event, const struct field_list *lists, int nlists,
                       struct arena *a, struct stage *out);

#endif
