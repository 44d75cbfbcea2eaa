/* CTE: the rows of a batch as `event` and `line`, the head of a statement.
 *
 * With literals the head is new text for each batch. With arrays the text is always the same, and
 * the rows are parameters, one array a column: those of `line` after those of `event`.
 */
#ifndef MILLRACE_SINKS_EVENTS_CTE_H
#define MILLRACE_SINKS_EVENTS_CTE_H

#include "sinks/events/database.h"
#include "sinks/events/field.h"

struct cte_row {
    int64_t event, line;        /* line: of `line` only */
    const struct value *values; /* as field_take gave them, one a field */
};

struct cte {
    struct field_list fields;
    bool lines; /* has a column `line` */
    const struct cte_row *rows;
    uint32_t nrows;
};

/* "WITH event.., line.. " and the parameters; `line` may be NULL. All in `a`. */
void cte_write(const struct event_dialect *d, const struct zone *zone, const struct cte *event,
               const struct cte *line, const char *tail, struct arena *a,
               struct event_statement *out);

#endif
