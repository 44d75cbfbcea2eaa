/* What a compiled plan holds: shared by plan.c, which applies it, and plan_compile.c. */
#ifndef MILLRACE_TRANSFORMS_PLAN_PARTS_H
#define MILLRACE_TRANSFORMS_PLAN_PARTS_H

#include "transforms/convert.h"
#include "transforms/plan.h"

struct plan_step {
    bool given;       /* false: the target column is not written */
    bool refuse_null; /* the source may send NULL, the target may not hold it */
    int source;       /* column index; -1: the constant */
    struct value constant;
    struct conversion_step conversion;
};

struct plan {
    const struct relation *source, *target;
    struct plan_step *steps; /* one per target column */
    bool *dropped;           /* one per source column: not carried over */
    bool identity;           /* rows go as they are */
    bool key_moves;          /* the target's key may change where the source's does not: every */
                             /* change needs its old row */
};

#endif
