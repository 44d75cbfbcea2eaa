/* Moment: a date, or a date and a time, as a text: what SQL engines and messages spell.
 *
 *   2026-11-22
 *   2026-11-22 16:48   2026-11-22T16:48:00   2026-11-22 16:48:00.123456789
 *   ... each time with Z, +08, +0800 or +08:00 behind it, or a blank before that: an instant
 *
 * Years 0001 to 9999, hours 00 to 23, zones up to 15:59. `t` and `z` may be small (RFC 3339). Of a
 * fraction any number of digits: whoever cannot hold what is finer than a microsecond asks for it.
 * Pure.
 */
#ifndef MILLRACE_MODEL_MOMENT_H
#define MILLRACE_MODEL_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct moment {
    int64_t us;     /* since 1970-01-01 00:00 of the clock that it shows */
    int nanos;      /* after `us`, 0 to 999 */
    bool is_finer;  /* there are digits beyond nanoseconds, and not only zeros */
    bool has_time;  /* else a day */
    bool has_zone;
    int64_t offset; /* us east of UTC; 0 without zone */
};

/* Exactly the `size` bytes; false where they are no moment. */
bool moment_read(const char *text, size_t size, struct moment *out);
/* Would it lose digits as microseconds? */
static inline bool moment_is_finer_than_us(const struct moment *m)
{
    return m->nanos != 0 || m->is_finer;
}
bool moment_in_years(int64_t us); /* 0001 to 9999 */
/* "08:30", "08:30:00.5", and MySQL's "-838:59:59": a time of day, or how long something takes, in us;
 * false also where it is finer. */
bool moment_read_clock(const char *text, size_t size, int64_t *us);

#endif
