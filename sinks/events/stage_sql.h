/* Stage's statements, as texts: what follows the CTEs. Pure. */
#ifndef MILLRACE_SINKS_EVENTS_STAGE_SQL_H
#define MILLRACE_SINKS_EVENTS_STAGE_SQL_H

#include "sinks/events/stage.h"

/* "SELECT * FROM ( the SELECT ) s": to be described only. */
const char *stage_sql_describe(const char *sql, struct arena *a);
/* Of a stage whose columns are known. */
const char *stage_sql_resolve(const struct event_dialect *d, const struct stage *s,
                              struct arena *a);
/* "SELECT t.<primary key>.. FROM table t WHERE t.<column> IN (query) AND .." */
const char *stage_sql_missing(const struct event_dialect *d, const struct stage *s,
                              struct arena *a);

#endif
