/* Dates and times: zones, and the digits of a second that a column keeps. */
#include "transforms/convert_parts.h"

#include <string.h>
#include "model/zone.h"

#define DAY_US INT64_C(86400000000)

int64_t column_unit_us(const struct column *c)
{
    int64_t unit = 1;
    if (c->scale >= 0)
        for (int digits = c->scale; digits < 6; digits++)
            unit *= 10;
    return unit;
}

bool column_is_clock(const struct column *c)
{
    return c->kind == VALUE_TIME && strstr(c->type, "without time zone");
}

/* Both engines round to the column's digits, MariaDB cuts: none says so. */
static enum status keep_digits(const struct conversion_step *step, const struct value *v,
                               int64_t us, struct arena *a, struct failure *f)
{
    if (step->unit_us > 1 && us % step->unit_us)
        return convert_refuse(step, v, a, f, "fractional seconds would be lost");
    return STATUS_OK;
}

static int64_t midnight(int64_t days)
{
    int64_t us;
    if (__builtin_mul_overflow(days, DAY_US, &us))
        return days < 0 ? INT64_MIN : INT64_MAX;
    return us;
}

/* Local time of the source, or the instant itself, as UTC. */
static int64_t utc_of(const struct conversion_step *step, const struct value *v)
{
    switch (v->kind) {
    case VALUE_INSTANT:
        return v->i;
    case VALUE_DATE:
        return zone_to_utc(step->from, midnight(v->i));
    default:
        return zone_to_utc(step->from, v->i);
    }
}

/* A date is a day on the calendar, whatever the zone: its midnight is not shifted. */
static int64_t local_of(const struct conversion_step *step, const struct value *v)
{
    if (v->kind == VALUE_DATE)
        return midnight(v->i);
    if (v->kind == VALUE_DATETIME && zone_same(step->from, step->to))
        return v->i;
    return zone_from_utc(step->to, utc_of(step, v));
}

enum status convert_to_datetime(const struct conversion_step *step, struct value *v,
                                struct arena *a, struct failure *f)
{
    int64_t us = local_of(step, v);
    TRY(keep_digits(step, v, us, a, f));
    *v = (struct value){.kind = VALUE_DATETIME, .i = us};
    return STATUS_OK;
}

enum status convert_to_instant(const struct conversion_step *step, struct value *v, struct arena *a,
                               struct failure *f)
{
    int64_t us = utc_of(step, v);
    TRY(keep_digits(step, v, us, a, f));
    *v = (struct value){.kind = VALUE_INSTANT, .i = us};
    return STATUS_OK;
}

enum status convert_to_date(const struct conversion_step *step, struct value *v, struct arena *a,
                            struct failure *f)
{
    int64_t us = local_of(step, v);
    if (us % DAY_US)
        return convert_refuse(step, v, a, f, "the time of day would be lost");
    *v = (struct value){.kind = VALUE_DATE, .i = us / DAY_US};
    return STATUS_OK;
}

enum status convert_to_time(const struct conversion_step *step, struct value *v, struct arena *a,
                            struct failure *f)
{
    if (column_is_clock(step->target) && (v->i < 0 || v->i > DAY_US))
        return convert_refuse(step, v, a, f, "a time of day lies between 00:00 and 24:00");
    return keep_digits(step, v, v->i, a, f);
}
