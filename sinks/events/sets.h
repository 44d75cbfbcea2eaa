/* Sets: a folded stage as the sets that every sink writes (model/sink.h): deletes, then updates by
 * the columns that they set, then inserts. Rows that are there are in the order of their primary
 * key, so that locks are taken in the same order by each transaction; inserts in event order.
 */
#ifndef MILLRACE_SINKS_EVENTS_SETS_H
#define MILLRACE_SINKS_EVENTS_SETS_H

#include "sinks/events/fold.h"

/* `missing`: the primary keys of rows that go besides (delete_missing_in). Memory: the fold's. */
enum status sets_write(const struct event_database *db, const struct fold *f,
                       const struct value *const *missing, uint32_t nmissing);

#endif
