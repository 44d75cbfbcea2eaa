/* at_zone(moment, from, to): the same moment by another clock, with gaps and folds as zone.h says.
 *
 * A text with Z or an offset is an instant: `from` says nothing then. A day alone is a day on the
 * calendar, which no zone shifts. What is in UTC afterwards says so by a Z: columns with a zone
 * reach SQLite in that form. */
#include "transforms/functions/call.h"
#include "transforms/functions/list.h"

#include <stdio.h>
#include "model/moment.h"
#include "model/value.h"
#include "model/zone.h"

enum { MOMENT_BYTES = 64, ZONE_BYTES = 64 };

/* Kept with the statement where the name is a constant: zones live for the process. */
static const struct zone *find_zone(sqlite3_context *context, int argument, sqlite3_value *name)
{
    struct failure f = {0};
    char text[ZONE_BYTES + 1];
    const struct zone *zone = sqlite3_get_auxdata(context, argument);
    if (zone)
        return zone;
    struct words words = call_text(name);
    snprintf(text, sizeof text, "%.*s", (int)(words.size < ZONE_BYTES ? words.size : ZONE_BYTES),
             words.text);
    if (zone_load(text, &zone, &f) == STATUS_OK)
        sqlite3_set_auxdata(context, argument, (void *)zone, NULL);
    else
        call_wrong(context, "at_zone: %s", f.text);
    return zone;
}

static void no_moment(sqlite3_context *context, struct words text)
{
    call_end(context, OUTCOME_QUARANTINE, REASON_MOMENT, words_of("at_zone"), text,
             "at_zone: \"%.*s\" is no date and time of the years 0001 to 9999 (2026-11-22 "
             "16:48:00, with Z or +08:00 behind it where it is an instant)",
             SHOWN(text));
}

static void return_moment(sqlite3_context *context, int64_t us, const struct zone *zone)
{
    char text[MOMENT_BYTES];
    struct buffer b = {.data = text, .capacity = sizeof text, .max = sizeof text};
    value_add_datetime(&b, us);
    if (strcmp(zone_name(zone), "UTC") == 0)
        buffer_add_char(&b, 'Z');
    sqlite3_result_text64(context, text, b.size, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void convert(sqlite3_context *context, sqlite3_value *value, const struct zone *from,
                    const struct zone *to)
{
    struct moment m;
    struct words text = call_text(value);
    if (sqlite3_value_type(value) != SQLITE_TEXT || !moment_read(text.text, text.size, &m) ||
        moment_is_finer_than_us(&m)) {
        no_moment(context, text);
        return;
    }
    if (!m.has_time) {
        sqlite3_result_value(context, value);
        return;
    }
    int64_t us = m.has_zone ? zone_from_utc(to, m.us - m.offset)
                 : zone_same(from, to) ? m.us
                                       : zone_from_utc(to, zone_to_utc(from, m.us));
    if (moment_in_years(us))
        return_moment(context, us, to);
    else
        no_moment(context, text);
}

void at_zone_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)n;
    const struct zone *from = find_zone(context, 1, values[1]);
    const struct zone *to = from ? find_zone(context, 2, values[2]) : NULL;
    if (to && sqlite3_value_type(values[0]) != SQLITE_NULL)
        convert(context, values[0], from, to);
}

/* In the place of SQLite's date() and its kin without a moment. */
void clock_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)n, (void)values;
    call_wrong(context, "a function of dates without a moment reads the clock");
}
