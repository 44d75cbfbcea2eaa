/* The search for the highest rate that is held: doubles while it is held, halves the interval while
 * it is wide, then the rate found must be held for the whole time; if it is not, a little less is
 * tried. Pure: it says what to try next, and is told how that went.
 */
#ifndef LOAD_SEARCH_H
#define LOAD_SEARCH_H

#include <stdbool.h>

struct search {
    double held, not_held; /* 0: none yet */
    double next;           /* to try */
    bool whole;            /* `next` is to be tried for the whole time */
    bool done;             /* `held` is the answer (0: none) */
};

void search_init(struct search *s, double start);
void search_tell(struct search *s, bool held); /* of s->next */

#endif
