/* Moment: dates and times as texts, read: "2026-11-22", "2026-11-22 16:00:00.5", with "T" between,
 * with "Z" or "+08:00" behind. Digits beyond microseconds are cut, and it is said. Pure.
 */
#ifndef MILLRACE_SINKS_EVENTS_MOMENT_H
#define MILLRACE_SINKS_EVENTS_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct moment {
    int64_t us;     /* since 1970-01-01 00:00 of the clock that it shows */
    bool has_time;  /* else midnight */
    bool has_zone;
    int64_t offset; /* us east of UTC; 0 without zone */
    bool cut;       /* there were digits beyond microseconds */
};

/* Exactly the `size` bytes; false where they are no moment. */
bool moment_parse(const char *text, size_t size, struct moment *out);
/* "08:30:00.5", and MySQL's "-838:59:59": a time of day, or how long something takes, in us. */
bool moment_read_clock(const char *text, size_t size, int64_t *us);

#endif
