/* Hold: why an event is not written now. Texts lie in the arena of the batch.
 */
#ifndef MILLRACE_SINKS_EVENTS_HOLD_H
#define MILLRACE_SINKS_EVENTS_HOLD_H

#include <stdbool.h>

enum hold_reason {
    HOLD_NONE,       /* it is written, or skipped by a rule */
    HOLD_WAIT,       /* may pass by itself: the rows that it needs are not there yet */
    HOLD_QUARANTINE, /* a person decides */
    HOLD_BEHIND,     /* an earlier event of its key is held */
    HOLD_TOGETHER,   /* an event of its source transaction is held */
};

struct hold {
    enum hold_reason reason;
    const char *table, *column; /* NULL where it is about none */
    const char *text;           /* what happened, and what to do */
};

#endif
