/* Spread: who is held along with a held event: later events of its key, and, where its flow says
 * `together`, the events of its source transaction.
 */
#ifndef MILLRACE_SINKS_EVENTS_SPREAD_H
#define MILLRACE_SINKS_EVENTS_SPREAD_H

#include "sinks/events/wave.h"

/* Marks them in `outcome`. Returns the first that it marked, `batch->nevents` where there is
 * none. */
uint32_t spread_holds(const struct event_batch *batch, const struct item *items, struct arena *a,
                      struct hold *outcome);

#endif
