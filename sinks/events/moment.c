/* moment.c: see moment.h. */
#include "sinks/events/moment.h"

#include "model/value.h"

static const int64_t US_PER_DAY = INT64_C(86400000000), US_PER_SECOND = 1000000;

struct cursor {
    const char *at, *end;
};

static bool digits(struct cursor *c, int n, int64_t *out)
{
    *out = 0;
    for (; n > 0; n--, c->at++) {
        if (c->at >= c->end || *c->at < '0' || *c->at > '9')
            return false;
        *out = *out * 10 + (*c->at - '0');
    }
    return true;
}

static bool take(struct cursor *c, char wanted)
{
    if (c->at >= c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static bool read_date(struct cursor *c, int64_t *days)
{
    int64_t year, month, day, y;
    unsigned m, d;
    if (!digits(c, 4, &year) || !take(c, '-') || !digits(c, 2, &month) || !take(c, '-') ||
        !digits(c, 2, &day))
        return false;
    *days = days_from_civil(year, (unsigned)month, (unsigned)day);
    civil_from_days(*days, &y, &m, &d);
    return month >= 1 && month <= 12 && y == year && m == month && d == day;
}

static void read_fraction(struct cursor *c, struct moment *m)
{
    int64_t unit = US_PER_SECOND / 10;
    if (!take(c, '.'))
        return;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++, unit /= 10) {
        m->us += (*c->at - '0') * unit;
        m->cut = m->cut || (unit == 0 && *c->at != '0');
    }
}

static bool read_clock(struct cursor *c, struct moment *m)
{
    int64_t hour, minute, second;
    if (!digits(c, 2, &hour) || !take(c, ':') || !digits(c, 2, &minute) || !take(c, ':') ||
        !digits(c, 2, &second))
        return false;
    m->has_time = true;
    m->us += ((hour * 60 + minute) * 60 + second) * US_PER_SECOND;
    read_fraction(c, m);
    return hour < 24 && minute < 60 && second < 60;
}

/* "Z", "+08", "+08:00". */
static bool read_zone(struct cursor *c, struct moment *m)
{
    int64_t hour = 0, minute = 0;
    if (c->at == c->end)
        return true;
    m->has_zone = true;
    if (take(c, 'Z'))
        return c->at == c->end;
    int64_t sign = take(c, '-') ? -1 : 1;
    if (sign > 0 && !take(c, '+'))
        return false;
    if (!digits(c, 2, &hour))
        return false;
    if (c->at < c->end && ((void)take(c, ':'), !digits(c, 2, &minute)))
        return false;
    m->offset = sign * (hour * 60 + minute) * 60 * US_PER_SECOND;
    return c->at == c->end && hour < 16 && minute < 60;
}

/* A hundred hours and more have three digits. */
bool moment_read_clock(const char *text, size_t size, int64_t *us)
{
    struct cursor c = {text, text + size};
    struct moment m = {0};
    int64_t hour, minute, second;
    bool minus = take(&c, '-');
    int wide = c.end - c.at > 2 && c.at[2] != ':' ? 3 : 2;
    if (!digits(&c, wide, &hour) || !take(&c, ':') || !digits(&c, 2, &minute) || !take(&c, ':') ||
        !digits(&c, 2, &second))
        return false;
    m.us = ((hour * 60 + minute) * 60 + second) * US_PER_SECOND;
    read_fraction(&c, &m);
    *us = minus ? -m.us : m.us;
    return c.at == c.end && !m.cut && minute < 60 && second < 60;
}

bool moment_parse(const char *text, size_t size, struct moment *out)
{
    struct cursor c = {text, text + size};
    int64_t days;
    *out = (struct moment){0};
    if (!read_date(&c, &days))
        return false;
    out->us = days * US_PER_DAY;
    if (c.at == c.end)
        return true;
    if (!take(&c, ' ') && !take(&c, 'T'))
        return false;
    return read_clock(&c, out) && read_zone(&c, out);
}
