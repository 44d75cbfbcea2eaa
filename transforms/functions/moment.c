#include "transforms/functions/moment.h"

#include "model/value.h"

#define SECOND_US INT64_C(1000000)
#define DAY_US    (86400 * SECOND_US)

struct cursor {
    const char *at, *end;
};

static bool take_char(struct cursor *c, char wanted)
{
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static bool is_digit(const struct cursor *c)
{
    return c->at < c->end && *c->at >= '0' && *c->at <= '9';
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

static bool take_date(struct cursor *c, int64_t *us)
{
    int64_t year, month, day, y;
    unsigned m, d;
    if (!take_number(c, 4, 9999, &year) || !take_char(c, '-') || !take_number(c, 2, 12, &month) ||
        !take_char(c, '-') || !take_number(c, 2, 31, &day) || year < 1 || month < 1 || day < 1)
        return false;
    int64_t days = days_from_civil(year, (unsigned)month, (unsigned)day);
    civil_from_days(days, &y, &m, &d);
    *us = days * DAY_US;
    return y == year && m == month && d == day; /* no 31 February */
}

static bool take_fraction(struct cursor *c, int64_t *us)
{
    int64_t unit = SECOND_US / 10;
    if (!is_digit(c))
        return false;
    for (; is_digit(c); c->at++, unit /= 10) {
        if (unit == 0 && *c->at != '0')
            return false;
        *us += (*c->at - '0') * unit;
    }
    return true;
}

/* hh:mm[:ss[.ffffff]] */
static bool take_time(struct cursor *c, int64_t *us)
{
    int64_t hours, minutes, seconds = 0;
    if (!take_number(c, 2, 23, &hours) || !take_char(c, ':') || !take_number(c, 2, 59, &minutes) ||
        (take_char(c, ':') && !take_number(c, 2, 59, &seconds)))
        return false;
    *us += ((hours * 60 + minutes) * 60 + seconds) * SECOND_US;
    return !take_char(c, '.') || take_fraction(c, us);
}

/* Z, +08, +0800, +08:00 or nothing. */
static bool take_offset(struct cursor *c, struct moment *m)
{
    int64_t hours, minutes = 0;
    m->is_instant = true;
    if (take_char(c, 'Z') || take_char(c, 'z'))
        return true;
    bool west = take_char(c, '-');
    if (!west && !take_char(c, '+')) {
        m->is_instant = false;
        return true;
    }
    if (!take_number(c, 2, 15, &hours))
        return false;
    if ((take_char(c, ':') || is_digit(c)) && !take_number(c, 2, 59, &minutes))
        return false;
    int64_t offset = (hours * 60 + minutes) * 60 * SECOND_US;
    m->us += west ? offset : -offset;
    return true;
}

bool moment_read(const char *text, size_t size, struct moment *out)
{
    struct cursor c = {text, text + size};
    *out = (struct moment){0};
    if (!take_date(&c, &out->us))
        return false;
    out->has_time = take_char(&c, ' ') || take_char(&c, 'T');
    if (out->has_time && (!take_time(&c, &out->us) || !take_offset(&c, out)))
        return false;
    return c.at == c.end;
}

bool moment_in_years(int64_t us)
{
    return us >= days_from_civil(1, 1, 1) * DAY_US && us < days_from_civil(10000, 1, 1) * DAY_US;
}
