#include "model/zone_rule.h"

#include <ctype.h>
#include <string.h>
#include "model/value.h"

/* ---- reading ---- */

static bool take(const char **at, char c)
{
    if (**at != c)
        return false;
    ++*at;
    return true;
}

static bool read_number(const char **at, int max, int *out)
{
    int n = 0, digits = 0;
    for (; isdigit((unsigned char)**at) && digits < 4; ++*at, digits++)
        n = n * 10 + (**at - '0');
    *out = n;
    return digits > 0 && n <= max;
}

/* An abbreviation: letters, or anything alphanumeric and signs between < and >. */
static bool skip_name(const char **at)
{
    const char *start = *at;
    if (take(at, '<')) {
        while (**at && **at != '>')
            ++*at;
        return take(at, '>');
    }
    while (isalpha((unsigned char)**at))
        ++*at;
    return *at - start >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(const char **at, int64_t *seconds)
{
    bool negative = **at == '-';
    if (**at == '-' || **at == '+')
        ++*at;
    int part[3] = {0};
    if (!read_number(at, 167, &part[0]))
        return false;
    for (int i = 1; i < 3 && take(at, ':'); i++)
        if (!read_number(at, 59, &part[i]))
            return false;
    *seconds = part[0] * 3600 + part[1] * 60 + part[2];
    if (negative)
        *seconds = -*seconds;
    return true;
}

static bool read_month_week_day(const char **at, struct zone_rule_date *d)
{
    return read_number(at, 12, &d->month) && d->month >= 1 && take(at, '.') &&
           read_number(at, 5, &d->week) && d->week >= 1 && take(at, '.') &&
           read_number(at, 6, &d->day);
}

static bool read_date(const char **at, struct zone_rule_date *d)
{
    d->form = '0';
    d->seconds = 2 * 3600;
    bool good;
    if (take(at, 'M')) {
        d->form = 'M';
        good = read_month_week_day(at, d);
    } else if (take(at, 'J')) {
        d->form = 'J';
        good = read_number(at, 365, &d->day) && d->day >= 1;
    } else {
        good = read_number(at, 365, &d->day);
    }
    return good && (!take(at, '/') || read_time(at, &d->seconds));
}

bool zone_rule_read(const char *text, struct zone_rule *out)
{
    const char *at = text;
    memset(out, 0, sizeof *out);
    if (!skip_name(&at) || !read_time(&at, &out->standard))
        return false;
    out->standard = -out->standard; /* POSIX counts westwards */
    if (!*at)
        return true;
    out->has_dst = true;
    if (!skip_name(&at))
        return false;
    out->daylight = out->standard + 3600;
    if (*at != ',') {
        if (!read_time(&at, &out->daylight))
            return false;
        out->daylight = -out->daylight;
    }
    return take(&at, ',') && read_date(&at, &out->start) && take(&at, ',') &&
           read_date(&at, &out->end) && !*at;
}

/* ---- years ---- */

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

static int64_t nth_weekday(int64_t year, const struct zone_rule_date *d)
{
    int64_t first = days_from_civil(year, (unsigned)d->month, 1);
    int weekday = (int)(((first + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    int day = (d->day - weekday + 7) % 7 + (d->week - 1) * 7;
    while (day >= days_in_month(year, d->month))
        day -= 7;
    return first + day;
}

static int64_t rule_day(int64_t year, const struct zone_rule_date *d)
{
    int64_t january = days_from_civil(year, 1, 1);
    switch (d->form) {
    case 'M':
        return nth_weekday(year, d);
    case 'J':
        return january + d->day - 1 + (d->day > 59 && is_leap(year));
    default:
        return january + d->day;
    }
}

void zone_rule_transitions(const struct zone_rule *r, int64_t year, int64_t at[2],
                           int64_t offset[2])
{
    int64_t start = rule_day(year, &r->start) * 86400 + r->start.seconds - r->standard;
    int64_t end = rule_day(year, &r->end) * 86400 + r->end.seconds - r->daylight;
    int first = end < start; /* south of the equator daylight saving time ends first */
    at[first] = start;
    offset[first] = r->daylight;
    at[!first] = end;
    offset[!first] = r->standard;
}

int64_t zone_rule_year(int64_t utc_seconds)
{
    int64_t year;
    unsigned month, day;
    int64_t days = utc_seconds / 86400 - (utc_seconds % 86400 < 0);
    civil_from_days(days, &year, &month, &day);
    return year;
}

int64_t zone_rule_year_start(int64_t year)
{
    return days_from_civil(year, 1, 1) * 86400;
}
