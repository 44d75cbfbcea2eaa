/* Convert: the matrix of value kinds: what a target column of one kind does with a value of another.
 *
 *   SAME      as it is                      WIDER    converted, nothing can be lost
 *   NARROWER  converted, refused per value when it does not fit      NO    refused by `check`
 *
 * Zones: a DATETIME is local time in its system's zone. DATETIME <-> INSTANT goes by that zone;
 * DATETIME -> DATETIME between systems of different zones is shifted through UTC.
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
};

struct conversion_step convert_step(const struct column *source, const struct column *target,
                                    const struct zone *from, const struct zone *to);

#endif
