#include "transforms/vocabulary/field_instant.h"

#include <string.h>
#include "model/value.h"
#include "model/zone.h"

enum { NANO_DIGITS = 9, DAY_SECONDS = 86400, ZONE_HOURS_MAX = 15 };

static const int64_t US = 1000000;
/* 0001-01-01 00:00:00 and 9999-12-31 23:59:59 UTC */
static const int64_t SECONDS_MIN = -62135596800, SECONDS_MAX = 253402300799;

static const char no_time[] = "it is no date and time";

/* ---- reading ---- */

struct text {
    const char *at, *end;
};

static bool take_char(struct text *t, const char *any)
{
    if (t->at == t->end || !*t->at || !strchr(any, *t->at))
        return false;
    t->at++;
    return true;
}

static bool take_number(struct text *t, unsigned digits, unsigned *out)
{
    *out = 0;
    for (unsigned i = 0; i < digits; i++, t->at++) {
        if (t->at == t->end || *t->at < '0' || *t->at > '9')
            return false;
        *out = *out * 10 + (unsigned)(*t->at - '0');
    }
    return true;
}

static bool is_date(unsigned year, unsigned month, unsigned day)
{
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= lengths[month - 1] + (month == 2 && leap);
}

static bool take_date(struct text *t, int64_t *seconds)
{
    unsigned year, month, day;
    if (!take_number(t, 4, &year) || !take_char(t, "-") || !take_number(t, 2, &month) ||
        !take_char(t, "-") || !take_number(t, 2, &day) || !is_date(year, month, day))
        return false;
    *seconds = days_from_civil(year, month, day) * DAY_SECONDS;
    return true;
}

static bool take_fraction(struct text *t, int32_t *nanos)
{
    unsigned digits = 0;
    *nanos = 0;
    for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++, digits++) {
        if (digits < NANO_DIGITS)
            *nanos = *nanos * 10 + (*t->at - '0');
        else if (*t->at != '0')
            return false; /* it would be lost */
    }
    for (unsigned i = digits; i < NANO_DIGITS; i++)
        *nanos *= 10;
    return digits > 0;
}

static bool take_time(struct text *t, int64_t *seconds, int32_t *nanos)
{
    unsigned hour, minute, second = 0;
    if (!take_number(t, 2, &hour) || !take_char(t, ":") || !take_number(t, 2, &minute))
        return false;
    bool seconds_too = take_char(t, ":");
    if (seconds_too && !take_number(t, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *seconds += hour * 3600 + minute * 60 + second;
    return !seconds_too || !take_char(t, ".") || take_fraction(t, nanos);
}

/* "Z", "+08", "+0800", "+08:00", or nothing. */
static bool take_zone(struct text *t, bool *there, int64_t *offset)
{
    unsigned hours, minutes = 0;
    *offset = 0;
    *there = t->at < t->end;
    take_char(t, " ");
    if (!*there || take_char(t, "Zz"))
        return true;
    if (t->at == t->end)
        return false;
    bool west = *t->at == '-';
    if (!take_char(t, "+-") || !take_number(t, 2, &hours))
        return false;
    if (t->at < t->end) {
        take_char(t, ":");
        if (!take_number(t, 2, &minutes))
            return false;
    }
    *offset = ((int64_t)hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return hours <= ZONE_HOURS_MAX && minutes < 60;
}

struct instant field_instant_of(int64_t us)
{
    int64_t seconds = us / US - (us % US < 0);
    return (struct instant){seconds, (int32_t)(us - seconds * US) * 1000};
}

bool field_instant_is_sound(const struct instant *i)
{
    return i->seconds >= SECONDS_MIN && i->seconds <= SECONDS_MAX && i->nanos >= 0 &&
           i->nanos < 1000000000;
}

const char *field_instant_read(const char *text, size_t size, const struct zone *zone,
                               struct instant *out)
{
    struct text t = {text, text + size};
    int64_t offset;
    bool zoned = false;
    *out = (struct instant){0, 0};
    if (!take_date(&t, &out->seconds))
        return no_time;
    if (t.at < t.end && (!take_char(&t, " Tt") || !take_time(&t, &out->seconds, &out->nanos) ||
                         !take_zone(&t, &zoned, &offset)))
        return no_time;
    if (t.at != t.end)
        return no_time;
    if (!zoned && !zone)
        return "it has no zone, and its system's is not given";
    if (zoned)
        out->seconds -= offset;
    else
        out->seconds = zone_to_utc(zone, out->seconds * US) / US;
    return field_instant_is_sound(out) ? NULL : "it lies outside of the years 1 to 9999";
}

/* ---- writing ---- */

static void add_fraction(struct buffer *b, int32_t nanos, bool thousands)
{
    if (nanos == 0)
        return;
    if (thousands && nanos % 1000000 == 0)
        buffer_add_format(b, ".%03d", nanos / 1000000);
    else if (nanos % 1000 == 0)
        buffer_add_format(b, ".%06d", nanos / 1000);
    else
        buffer_add_format(b, ".%09d", nanos);
}

void field_instant_add(struct buffer *b, const struct instant *i, const struct zone *zone)
{
    int64_t us = i->seconds * US;
    value_add_datetime(b, zone ? zone_from_utc(zone, us) : us);
    add_fraction(b, i->nanos, false);
    if (!zone)
        buffer_add_char(b, 'Z');
}

void field_instant_add_rfc3339(struct buffer *b, const struct instant *i)
{
    size_t at = b->size;
    value_add_datetime(b, i->seconds * US);
    b->data[at + 10] = 'T';
    add_fraction(b, i->nanos, true);
    buffer_add_char(b, 'Z');
}
