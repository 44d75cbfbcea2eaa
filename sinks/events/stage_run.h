/* Stage run: one stage for a list of events: resolve, judge, write.
 */
#ifndef MILLRACE_SINKS_EVENTS_STAGE_RUN_H
#define MILLRACE_SINKS_EVENTS_STAGE_RUN_H

#include "sinks/events/judge.h"

/* Where an event cannot be written, its `hold` says why, and nothing is written: the caller goes
 * back and comes again without it. DATA: the database refuses a statement; which event is to blame
 * is not known. Memory: `a`. */
enum status stage_run(const struct event_database *db, const struct stage *s,
                      struct stage_event *events, uint32_t nevents, struct arena *a);

#endif
