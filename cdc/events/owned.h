/* Owned: the columns that links with flows write, as each link finds when it compiles its writes. A
 * link that reads a system's log sees there who else changes them: drift.
 *
 * The one thing that links of a process tell each other. Any thread; what is given is copied.
 */
#ifndef MILLRACE_EVENTS_OWNED_H
#define MILLRACE_EVENTS_OWNED_H

#include <stdint.h>
#include "base/arena.h"
#include "base/fail.h"
#include "config/events.h"

/* Columns of one table that one write of a flow keeps as they are. Those that it writes once or
 * touches are given away. */
struct owned {
    const char *link, *flow;
    int64_t link_id; /* in the system that it writes to */
    enum on_drift on_drift;
    const char *system, *schema, *table;
    const char *const *columns;
    int ncolumns;
    const char *const *key; /* finds the row; one column: it is the event's key */
    int nkey;
};

/* All that the link owns, in place of what it said before. CONFIG where another link owns one of
 * the columns. */
enum status owned_publish(const char *link, const struct owned *owned, int n, struct failure *f);
bool owned_is_published(const char *link);
/* What links other than `but` own in that system. */
int owned_in(const char *system, const char *but, struct arena *a, const struct owned **out);
bool owned_same(const struct owned *a, const struct owned *b);
/* Changes with each owned_publish that says something new. */
uint64_t owned_version(void);

#endif
