/* Instant: a Timestamp's seconds and nanoseconds, from and to texts.
 *
 * Read: what model/moment.h says, up to nanoseconds; a date alone is its midnight. Without a zone in the text it is local time in the zone that is given (zone.h
 * says what that means in a gap and in a fold). Years 1 to 9999 UTC, as
 * google/protobuf/timestamp.proto.
 *
 * Written: exactly; the fraction has 6 digits, or 9 where it needs them, or is not there.
 * With a zone as local time without a word of the zone ("2026-11-23 00:00:00"), which is what MySQL
 * and MariaDB take; with NULL as UTC with Z ("2026-11-22 16:00:00Z"), which PostgreSQL and SQLite
 * take. Pure; any thread.
 */
#ifndef MILLRACE_VOCABULARY_FIELD_INSTANT_H
#define MILLRACE_VOCABULARY_FIELD_INSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"

struct zone;

struct instant {
    int64_t seconds; /* since 1970-01-01 00:00 UTC */
    int32_t nanos;   /* 0 to 999999999, after the seconds */
};

/* NULL, or why not ("it is no date and time"). `zone` NULL: a text without a zone is refused. */
const char *field_instant_read(const char *text, size_t size, const struct zone *zone,
                               struct instant *out);
struct instant field_instant_of(int64_t us); /* microseconds since 1970-01-01 00:00 UTC */
bool field_instant_is_sound(const struct instant *i);
void field_instant_add(struct buffer *b, const struct instant *i, const struct zone *zone);
/* RFC 3339, as proto3's JSON: "2026-11-22T16:00:00Z", with 0, 3, 6 or 9 digits of a fraction. */
void field_instant_add_rfc3339(struct buffer *b, const struct instant *i);

#endif
