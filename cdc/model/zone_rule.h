/* Zone rule: the POSIX TZ string in a TZif file's footer (RFC 8536 section 3.3.1), which says what
 * holds after the table's last transition:
 *
 *   CET-1CEST,M3.5.0,M10.5.0/3     std offset dst [offset] , start[/time] , end[/time]
 *   <+01>-1                        no daylight saving time
 *
 * Dates: Mm.w.d (w 5 = last), Jn (1-365, 29 February never counted), n (0-365). Times may be
 * negative or beyond a day (up to 167 hours). Pure functions.
 */
#ifndef MILLRACE_MODEL_ZONE_RULE_H
#define MILLRACE_MODEL_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

struct zone_rule_date {
    char form; /* 'M', 'J' or '0' */
    int month, week, day;
    int64_t seconds; /* local time of day */
};

struct zone_rule {
    int64_t standard, daylight; /* seconds east of UTC */
    bool has_dst;
    struct zone_rule_date start, end;
};

bool zone_rule_read(const char *text, struct zone_rule *out);
/* The two transitions of a year in time order: UTC seconds, and the offset that holds from there.
 */
void zone_rule_transitions(const struct zone_rule *r, int64_t year, int64_t at[2],
                           int64_t offset[2]);
int64_t zone_rule_year(int64_t utc_seconds);
int64_t zone_rule_year_start(int64_t year); /* UTC seconds */

#endif
