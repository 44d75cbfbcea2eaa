#include "transforms/vocabulary/field_instant.h"

#include "model/moment.h"
#include "model/value.h"
#include "model/zone.h"

static const int64_t US = 1000000;
/* 0001-01-01 00:00:00 and 9999-12-31 23:59:59 UTC */
static const int64_t SECONDS_MIN = -62135596800, SECONDS_MAX = 253402300799;

/* ---- reading ---- */

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

/* Without a zone in the text, whole seconds go through the zone's. */
static int64_t utc_seconds(const struct moment *m, int64_t us, const struct zone *zone)
{
    return (m->has_zone ? us - m->offset : zone_to_utc(zone, us)) / US;
}

const char *field_instant_read(const char *text, size_t size, const struct zone *zone,
                               struct instant *out)
{
    struct moment m;
    *out = (struct instant){0, 0};
    if (!moment_read(text, size, &m) || m.is_finer) /* it would be lost */
        return "it is no date and time";
    if (!m.has_zone && !zone)
        return "it has no zone, and its system's is not given";
    struct instant shown = field_instant_of(m.us);
    out->seconds = utc_seconds(&m, shown.seconds * US, zone);
    out->nanos = shown.nanos + m.nanos;
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
