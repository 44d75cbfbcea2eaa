/* Convert: the matrix of value kinds: what a target column of one kind does with a value of
 * another.
 *
 *   SAME      as it is                      WIDER    converted, nothing can be lost
 *   NARROWER  converted, refused per value when it does not fit      NO    refused by `check`
 *
 * "Lost" is meant strictly, since no engine refuses lost digits: MySQL and PostgreSQL round
 * decimals and fractional seconds, MariaDB cuts the latter, both cut trailing spaces beyond a
 * column's length, and a CHAR column loses those at a text's end or adds some. A value is refused
 * here before it meets such a column.
 *
 * Zones: a DATETIME is local time in its system's zone. DATETIME <-> INSTANT goes by that zone;
 * DATETIME -> DATETIME between systems of different zones is shifted through UTC.
 *
 * ODD values (NaN, infinity, 0000-00-00) pass as they are: the target engine's writer takes those
 * that are its own and refuses the others. Into text columns they go as their text.
 */
#ifndef MILLRACE_TRANSFORMS_CONVERT_H
#define MILLRACE_TRANSFORMS_CONVERT_H

#include "base/arena.h"
#include "base/fail.h"
#include "model/relation.h"

struct zone;

enum conversion { CONVERT_SAME, CONVERT_WIDER, CONVERT_NARROWER, CONVERT_NO };

struct conversion_step {
    enum conversion judgement;
    enum status (*convert)(const struct conversion_step *step, struct value *v, struct arena *a,
                           struct failure *f); /* NULL for SAME; never called on NULL or ABSENT */
    const struct column *target;
    const struct zone *from, *to;
    enum value_kind source_kind;
    enum status (*inner)(const struct conversion_step *step, struct value *v, struct arena *a,
                         struct failure *f); /* for values of source_kind */
    const char *loses; /* NARROWER: what is refused: "digits after the point"; else NULL */
    int64_t min;       /* integers: what the column holds */
    uint64_t max;
    unsigned source_bits; /* of a BIT column */
    bool drops_blanks; /* a CHAR column: blanks at a text's end come back as none, or as others */
    int64_t unit_us;   /* times: microseconds of the column's last digit */
};

struct conversion_step convert_step(const struct column *source, const struct column *target,
                                    const struct zone *from, const struct zone *to);

/* A constant of the configuration, as the target column's kind. `out` lies in `a`. CONFIG with the
 * column's name and type where the text is not of it. */
enum status convert_constant(const struct column *target, const char *text, const struct zone *to,
                             struct arena *a, struct value *out, struct failure *f);

#endif
