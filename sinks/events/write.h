/* Write: a batch of events into the open transaction of a target, each all or nothing.
 *
 *   savepoint
 *   wave by wave      events in order; a wave holds no key twice, but that a change of an object
 *     flow by flow    replaces what came before of it: one net event a key. What is gone, and a
 *       stage by      key that changes, begin a wave of their own if the key is in flight
 *       stage         -> resolve, judge, write (stage_run.h)
 *
 *   an event cannot be written    back to the savepoint, it is held, again without it
 *   a statement is refused        back to the savepoint, one by one: the event to blame is held
 *
 * Held with it: later events of its key (HOLD_BEHIND); where its flow says `together`, all events
 * of its source transaction (HOLD_TOGETHER). Nothing else waits.
 *
 * The caller has opened the transaction with marker and checkpoint, and stores what is held in that
 * same transaction. One thread.
 */
#ifndef MILLRACE_SINKS_EVENTS_WRITE_H
#define MILLRACE_SINKS_EVENTS_WRITE_H

#include "sinks/events/hold.h"
#include "sinks/events/stage.h"

/* A flow, compiled. */
struct flow_plan {
    const struct event_flow *flow;
    struct stage *writes, *gone;
    int nwrites, ngone;
};

/* CONFIG as in stage_make. Memory: `a`. */
enum status flow_plan_make(const struct event_database *db, const struct event_flow *flow,
                           const struct field_list *event, const struct field_list *lists,
                           int nlists, struct arena *a, struct flow_plan *out);

struct event_in {
    const struct event *event;
    int flow;             /* in the list of plans */
    uint64_t transaction; /* any number that its source transaction's events share */
    const char *refused;  /* why it cannot be written: it is quarantined, and its objects are not */
                          /* looked at; NULL: it can */
    const char *old_key;  /* of a refused one: the key that it had, where it changed; else NULL */
};

struct event_batch {
    const struct flow_plan *plans; /* in the order of the file: the earlier is written first */
    int nplans;
    const struct event_in *events; /* in the source's order */
    uint32_t nevents;
    /* Is an event of this flow's key held from an earlier batch? NULL: none is. */
    bool (*is_held)(void *owner, int flow, const char *key);
    void *owner;
};

/* outcome[i]: HOLD_NONE, event i is written (or a rule says that it is to be skipped); else it is
 * held, and why. Its texts, and all other memory: `a`, to be reset when they have been stored.
 * An error is of the whole batch: RETRY, CONFIG, STOPPED; never of one event's data. */
enum status events_write(const struct event_database *db, const struct event_batch *batch,
                         struct arena *a, struct hold *outcome);

#endif
