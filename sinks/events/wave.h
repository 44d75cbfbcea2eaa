/* Wave: events that may be written set by set, since no key is in it twice; as many as a statement
 * is to hold (servers refuse one beyond max_allowed_packet).
 */
#ifndef MILLRACE_SINKS_EVENTS_WAVE_H
#define MILLRACE_SINKS_EVENTS_WAVE_H

#include "sinks/events/judge.h"
#include "sinks/events/keys.h"
#include "sinks/events/write.h"

enum { WAVE_EVENTS = 1000, WAVE_BYTES = 1 << 20 };

/* An event as the batch has it, with what it is known by. */
struct item {
    const struct event_in *in;
    const char *key;     /* now; or, of what is gone, as it was */
    const char *old_key; /* where the key has changed; else NULL */
    uint32_t net;        /* of its wave */
    size_t bytes;        /* about what it adds to a statement */
};

/* What a wave's events of one key come to. */
struct net_event {
    int flow;
    bool gone;
    struct stage_event stage;
};

struct wave {
    struct net_event *events;
    uint32_t n;
    size_t bytes;
    struct keys keys;
    const struct stage *at; /* the stage that ran last */
};

void item_init(struct item *i, const struct event_in *in, const struct flow_plan *plan,
               struct arena *a);
void wave_init(struct wave *w, struct arena *a, uint32_t max);
void wave_clear(struct wave *w);
/* False: it does not fit into this wave. */
bool wave_add(struct wave *w, struct item *i);
/* Runs all stages; ends after a stage that holds events (in net_event.stage.hold). */
enum status wave_run(struct wave *w, const struct event_database *db, const struct flow_plan *plans,
                     int nplans, struct arena *a, bool *held);

#endif
