#include "link/afresh.h"

#include <stdio.h>
#include <string.h>

const char *afresh_advice(const struct link_config *lc, char *out, size_t size)
{
    const char *a = lc->from->name, *b = lc->to->name;
    const char *copied = lc->copies ? b : a, *origin = lc->copies ? a : b;
    out[0] = 0;
    if (lc->pair && lc->first_copy == COPY_TO_EMPTY)
        snprintf(out, size,
                 "; it is one of a pair: to copy again, `millrace remove` both %s-%s and %s-%s, and "
                 "only then empty the tables in %s; what is deleted there before goes to %s too",
                 a, b, b, a, copied, origin);
    else if (lc->pair)
        snprintf(out, size,
                 "; it is one of a pair: to start again, `millrace remove` both %s-%s and %s-%s, "
                 "and make both sides equal first",
                 a, b, b, a);
    return out;
}

void afresh_advise(const struct link_config *lc, struct failure *f)
{
    char advice[AFRESH_BYTES], position[FAILURE_POSITION_BYTES];
    if (f->code != ERROR_NOT_EMPTY && f->code != ERROR_POSITION_LOST &&
        f->code != ERROR_PLAN_CHANGED)
        return;
    afresh_advice(lc, advice, sizeof advice);
    strcpy(position, f->position);
    fail(f, f->code, "%s%s", f->text, advice);
    fail_at(f, position);
}
