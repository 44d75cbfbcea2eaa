#include "base/backoff.h"
#include "base/clock.h"
#include <stdlib.h>

enum { FIRST_MS = 100, LAST_MS = 10000, DOUBLINGS = 7 };

void backoff_reset(struct backoff *b)
{
    b->attempts = 0;
}

/* Three quarters to the whole of the step: links that lost one server do not come back in step. */
int backoff_next_ms(struct backoff *b)
{
    static _Thread_local unsigned seed;
    if (seed == 0)
        seed = (unsigned)clock_monotonic_us() ^ (unsigned)(size_t)&seed;
    int doublings = b->attempts < DOUBLINGS ? b->attempts : DOUBLINGS;
    int step = FIRST_MS << doublings;
    if (step > LAST_MS)
        step = LAST_MS;
    b->attempts++;
    return step - rand_r(&seed) % (step / 4 + 1);
}
