/* Target inside: what each engine does its own way. Errors are in database.failure. */
#ifndef MILLRACE_SINKS_EVENTS_TARGET_PARTS_H
#define MILLRACE_SINKS_EVENTS_TARGET_PARTS_H

#include "sinks/events/target.h"

enum status my_target_describe(void *self, const struct event_statement *s, struct arena *a,
                               struct result_column **out, int *n);
enum status my_target_query(void *self, const struct event_statement *s, struct arena *a,
                            struct result *out);

enum status pg_target_describe(void *self, const struct event_statement *s, struct arena *a,
                               struct result_column **out, int *n);
enum status pg_target_query(void *self, const struct event_statement *s, struct arena *a,
                            struct result *out);

#endif
