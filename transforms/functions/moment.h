/* Moment: a date, or a date and time, as a text of SQL.
 *
 *   2026-11-22
 *   2026-11-22 16:48   2026-11-22T16:48:00   2026-11-22 16:48:00.123456
 *   ... each time with Z, +08, +0800 or +08:00 behind it: then it is an instant
 *
 * Years 0001 to 9999, hours 00 to 23. Digits beyond microseconds are refused unless they are zeros.
 */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_MOMENT_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct moment {
    int64_t us;     /* since 1970-01-01 00:00, of UTC where is_instant, else of a zone not said */
    bool has_time;  /* false: a day */
    bool is_instant;
};

/* false: the text is none. */
bool moment_read(const char *text, size_t size, struct moment *out);
bool moment_in_years(int64_t us); /* 0001 to 9999 */

#endif
