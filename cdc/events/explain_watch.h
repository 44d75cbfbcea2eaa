/* Watch: a target whose sets are shown as they are written: of an update the row's columns before and
 * after, as the server has them; what is rolled back is not shown. Everything else passes through.
 */
#ifndef MILLRACE_EVENTS_EXPLAIN_WATCH_H
#define MILLRACE_EVENTS_EXPLAIN_WATCH_H

#include "base/buffer.h"
#include "sinks/events/target.h"
#include "sinks/events/write.h"

struct watch {
    struct event_database database; /* give this to events_write */
    const struct event_target *target;
    const struct flow_plan *plans;
    int nplans;
    struct arena arena; /* of one set */
    struct buffer out;
    size_t marks[2]; /* where out stood at a savepoint, by enum event_savepoint */
    const struct stage *stage; /* whose SELECT was asked last */
    const struct event_flow *flow; /* its */
    const struct stage *shown; /* whose name stands above what was shown last */
    bool silent;               /* the stage has written nothing yet */
};

void watch_init(struct watch *w, const struct event_target *target, const struct flow_plan *plans,
                int nplans);
/* The last write is over, too. */
void watch_end(struct watch *w);
void watch_free(struct watch *w);

#endif
