#include "model/moment.h"

#include "model/value.h"

static const int64_t SECOND_US = 1000000, DAY_US = INT64_C(86400000000);

enum { ZONE_HOURS_MAX = 15 };

struct cursor {
    const char *at, *end;
};

static bool is_digit(const struct cursor *c)
{
    return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}

/* Either of the two. */
static bool take(struct cursor *c, char one, char other)
{
    if (c->at == c->end || (*c->at != one && *c->at != other))
        return false;
    c->at++;
    return true;
}

/* Exactly `n` digits. */
static bool take_number(struct cursor *c, int n, int64_t max, int64_t *out)
{
    *out = 0;
    for (int i = 0; i < n; i++) {
        if (!is_digit(c))
            return false;
        *out = *out * 10 + (*c->at++ - '0');
    }
    return *out <= max;
}

static bool take_date(struct cursor *c, struct moment *m)
{
    int64_t year, month, day, y;
    unsigned mm, d;
    if (!take_number(c, 4, 9999, &year) || !take(c, '-', '-') || !take_number(c, 2, 12, &month) ||
        !take(c, '-', '-') || !take_number(c, 2, 31, &day) || year < 1 || month < 1 || day < 1)
        return false;
    int64_t days = days_from_civil(year, (unsigned)month, (unsigned)day);
    civil_from_days(days, &y, &mm, &d);
    m->us = days * DAY_US;
    return y == year && mm == month && d == day; /* no 31 February */
}

/* Behind the point: one digit at least. */
static bool take_fraction(struct cursor *c, struct moment *m)
{
    int64_t nanos = 0, unit = 100000000;
    if (!is_digit(c))
        return false;
    for (; is_digit(c); c->at++, unit /= 10) {
        nanos += (*c->at - '0') * unit;
        m->is_finer = m->is_finer || (unit == 0 && *c->at != '0');
    }
    m->us += nanos / 1000;
    m->nanos = (int)(nanos % 1000);
    return true;
}

/* :mm[:ss[.f]], behind the hours. */
static bool take_minutes(struct cursor *c, int64_t hours, struct moment *m)
{
    int64_t minutes, seconds = 0;
    if (!take(c, ':', ':') || !take_number(c, 2, 59, &minutes))
        return false;
    bool has_seconds = take(c, ':', ':');
    if (has_seconds && !take_number(c, 2, 59, &seconds))
        return false;
    m->us += ((hours * 60 + minutes) * 60 + seconds) * SECOND_US;
    return !has_seconds || !take(c, '.', '.') || take_fraction(c, m);
}

static bool take_time(struct cursor *c, struct moment *m)
{
    int64_t hours;
    m->has_time = true;
    return take_number(c, 2, 23, &hours) && take_minutes(c, hours, m);
}

/* Z, +08, +0800, +08:00 or nothing. */
static bool take_zone(struct cursor *c, struct moment *m)
{
    int64_t hours, minutes = 0;
    if (c->at == c->end)
        return true;
    m->has_zone = true;
    take(c, ' ', ' ');
    if (take(c, 'Z', 'z'))
        return true;
    bool west = take(c, '-', '-');
    if ((!west && !take(c, '+', '+')) || !take_number(c, 2, ZONE_HOURS_MAX, &hours))
        return false;
    if ((take(c, ':', ':') || is_digit(c)) && !take_number(c, 2, 59, &minutes))
        return false;
    m->offset = (hours * 60 + minutes) * 60 * SECOND_US * (west ? -1 : 1);
    return true;
}

bool moment_read(const char *text, size_t size, struct moment *out)
{
    struct cursor c = {text, text + size};
    *out = (struct moment){0};
    if (!take_date(&c, out))
        return false;
    if (c.at < c.end &&
        ((!take(&c, ' ', ' ') && !take(&c, 'T', 't')) || !take_time(&c, out) || !take_zone(&c, out)))
        return false;
    return c.at == c.end;
}

bool moment_in_years(int64_t us)
{
    return us >= days_from_civil(1, 1, 1) * DAY_US && us < days_from_civil(10000, 1, 1) * DAY_US;
}

/* A hundred hours and more have three digits. */
bool moment_read_clock(const char *text, size_t size, int64_t *us)
{
    struct cursor c = {text, text + size};
    struct moment m = {0};
    int64_t hours;
    bool minus = take(&c, '-', '-');
    int wide = c.end - c.at > 2 && c.at[2] != ':' ? 3 : 2;
    if (!take_number(&c, wide, 999, &hours) || !take_minutes(&c, hours, &m))
        return false;
    *us = minus ? -m.us : m.us;
    return c.at == c.end && !moment_is_finer_than_us(&m);
}
