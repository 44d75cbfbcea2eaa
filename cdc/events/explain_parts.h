/* Explain inside: explain.c makes the events, explain_say.c shows them, explain_write.c writes them. */
#ifndef MILLRACE_EVENTS_EXPLAIN_PARTS_H
#define MILLRACE_EVENTS_EXPLAIN_PARTS_H

#include "events/explain.h"
#include "events/internal.h"

struct explain {
    struct events events; /* as a link's, without a target until explain_write */
    struct buffer *out;
    struct failure *failure;
};

/* What is carried, each event once. */
enum status explain_say_events(struct explain *x);
/* Of each event that reads the table and has nothing to say: why. */
enum status explain_say_silent(struct explain *x, const struct change *c);
/* The change is evaluated; what it makes is carried, behind what is there. */
enum status explain_evaluate(struct explain *x, const struct change *c, bool quiet);

#endif
