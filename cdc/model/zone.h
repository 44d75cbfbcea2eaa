/* Zone: a named time zone (tz database), as offsets by instant. Read from the system's zoneinfo
 * files (RFC 8536, version 2+, with the POSIX rule in the footer for times after the table), since
 * libc knows one zone a process. Immutable; thread-safe after zone_load.
 */
#ifndef MILLRACE_MODEL_ZONE_H
#define MILLRACE_MODEL_ZONE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/fail.h"

struct zone;

/* "UTC", "Asia/Shanghai", "+08:00". CONFIG where it is unknown. The result lives for the process
 * (a second load of a name gives the same). */
enum status zone_load(const char *name, const struct zone **out, struct failure *f);
const char *zone_name(const struct zone *z);
/* The offset from before the transition holds in a gap (02:30 becomes 03:30) and in a fold (the
 * first of the two). Beyond what 64 bits hold: the nearest that they do. */
int64_t zone_to_utc(const struct zone *z, int64_t local_us);
int64_t zone_from_utc(const struct zone *z, int64_t utc_us);
bool zone_same(const struct zone *a, const struct zone *b); /* one clock: nothing to shift */

#endif
