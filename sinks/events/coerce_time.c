/* coerce_time.c: dates, times of day, moments. */
#include "sinks/events/coerce_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model/moment.h"
#include "sinks/events/digits.h"

static const int64_t US_PER_DAY = INT64_C(86400000000);

/* Whatever shows a moment, as one. */
static bool read_moment(const struct value *v, struct moment *m)
{
    *m = (struct moment){.us = v->i, .has_time = true};
    switch ((enum value_kind)v->kind) {
    case VALUE_INSTANT:
        m->has_zone = true;
        return true;
    case VALUE_DATETIME:
        return true;
    case VALUE_DATE:
        *m = (struct moment){.us = v->i * US_PER_DAY};
        return true;
    case VALUE_TEXT:
        return moment_read(v->text, v->size, m);
    default:
        return false;
    }
}

/* The clock that the system's people see. */
static int64_t local_us(const struct coercion *k, const struct moment *m)
{
    int64_t utc = m->us - m->offset;
    return m->has_zone && k->zone ? zone_from_utc(k->zone, utc) : utc;
}

static int64_t utc_us(const struct coercion *k, const struct moment *m)
{
    if (m->has_zone || !k->zone)
        return m->us - m->offset;
    return zone_to_utc(k->zone, m->us);
}

/* To the column's fraction digits. */
static const char *fit_fraction(const struct coercion *k, int64_t *us)
{
    char text[24];
    struct value rounded;
    int scale = k->column->scale, unit = 1;
    if (scale < 0 || scale >= 6)
        return NULL;
    for (int i = scale; i < 6; i++)
        unit *= 10;
    if (*us % unit == 0)
        return NULL;
    if (!k->round)
        return coerce_refuse(k, "fractions of a second would be lost; say how under `round`, or "
                                "truncate them in the SELECT");
    int n = snprintf(text, sizeof text, "%llde-%d", (long long)*us, 6 - scale);
    (void)digits_fit(text, (size_t)n, -1, 0, k->round, k->arena, &rounded);
    *us = strtoll(arena_copy(k->arena, rounded.text, rounded.size), NULL, 10) * unit;
    return NULL;
}

static const char *to_date(const struct coercion *k, const struct moment *m, struct value *out)
{
    int64_t us = m->has_time ? local_us(k, m) : m->us;
    int64_t days = us / US_PER_DAY - (us % US_PER_DAY < 0);
    if (us != days * US_PER_DAY && !k->round)
        return coerce_refuse(k, "the time of day would be lost; cast it to a date in the SELECT");
    *out = (struct value){.kind = VALUE_DATE, .i = days};
    return NULL;
}

static const char *to_moment(const struct coercion *k, const struct moment *m, struct value *out)
{
    bool instant = k->column->kind == VALUE_INSTANT;
    *out = (struct value){.kind = (uint8_t)k->column->kind,
                          .i = instant ? utc_us(k, m) : local_us(k, m)};
    if (moment_is_finer_than_us(m) && !k->round)
        return coerce_refuse(k, "it is finer than a microsecond");
    return fit_fraction(k, &out->i);
}

static const char *to_time(const struct coercion *k, struct value *out)
{
    const struct value *v = k->from;
    *out = (struct value){.kind = VALUE_TIME, .i = v->i};
    if (v->kind != VALUE_TIME &&
        (v->kind != VALUE_TEXT || !moment_read_clock(v->text, v->size, &out->i)))
        return coerce_refuse(k, "it is no time of day");
    return fit_fraction(k, &out->i);
}

const char *coerce_time(const struct coercion *k, struct value *out)
{
    struct moment m;
    if (k->from->kind == VALUE_ODD) {
        *out = *k->from; /* infinity, 0000-00-00: its own engine's */
        return NULL;
    }
    if (k->column->kind == VALUE_TIME)
        return to_time(k, out);
    if (!read_moment(k->from, &m))
        return coerce_refuse(k, k->column->kind == VALUE_DATE ? "it is no date" : "it is no time");
    return k->column->kind == VALUE_DATE ? to_date(k, &m, out) : to_moment(k, &m, out);
}
