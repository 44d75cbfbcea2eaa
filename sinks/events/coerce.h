/* Coerce: what a SELECT returned, as the target's column will hold it; nothing is lost unless the
 * write says how to round.
 *
 * No engine refuses lost digits: PostgreSQL rounds, MySQL and MariaDB round a double(14,2) without
 * a word, MariaDB cuts fractional seconds where MySQL rounds. So the value is brought to the
 * column's type here, compared as such, and written as such. Pure.
 *
 *   numbers   scale and precision of decimal(p,s), numeric(p,s), double(p,s); range of integers
 *   text      length in characters; the trailing blanks of a char(n) mean nothing
 *   times     fraction digits; a date column takes no time of day; without a zone it is in `zone`
 */
#ifndef MILLRACE_SINKS_EVENTS_COERCE_H
#define MILLRACE_SINKS_EVENTS_COERCE_H

#include "base/arena.h"
#include "model/relation.h"
#include "model/zone.h"

/* NULL: `out` is of the column's kind (or NULL). Else why not, as it reads after the column's name.
 * `round`: a mode of digits.h, also for the fractions of seconds; NULL: none. Texts may stay in
 * `v`. */
const char *coerce(const struct column *c, const struct value *v, const char *round,
                   const struct zone *zone, struct arena *a, struct value *out);

#endif
