/* Again inside: what passes over held events (again.c) and what takes them from their rows
 * (again_take.c) share.
 */
#ifndef MILLRACE_EVENTS_AGAIN_H
#define MILLRACE_EVENTS_AGAIN_H

#include "events/internal.h"

struct again {
    bool in_pass;
    int64_t next_us; /* when a pass may begin */
    int64_t after_n; /* where the pass is */
    struct held_keys *in_the_way;
    const struct held_filter *wish; /* of the pass: what a person named; NULL: the timer's */
    struct tried_again result;      /* of the person's pass */
};

/* Did a person name it, in this pass? */
bool again_is_wished(const struct events *e, const struct held_event *h);
/* A page of rows, in order, is carried; those of flows that the file has no more are left out. */
enum status again_take_page(struct events *e, const struct held_event *page, uint32_t n);

#endif
