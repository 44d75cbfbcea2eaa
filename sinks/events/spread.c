/* spread.c: see spread.h. Each pass goes through the batch in order; what `together` adds may have
 * later events of its key, so it is done again until nothing is added. */
#include "sinks/events/spread.h"

#include <inttypes.h>

struct spread {
    const struct event_batch *batch;
    const struct item *items;
    struct hold *outcome;
    struct arena *arena;
    struct keys keys;         /* of held events */
    struct keys transactions; /* that are held as one; by number, as text */
    uint32_t first;
};

static const char *transaction_text(struct spread *s, uint32_t i)
{
    return arena_format(s->arena, "%" PRIu64, s->items[i].in->transaction);
}

static bool is_held(const struct spread *s, uint32_t i)
{
    return s->outcome[i].reason != HOLD_NONE;
}

static void mark(struct spread *s, uint32_t i, enum hold_reason reason, const char *text)
{
    s->outcome[i] = (struct hold){.reason = reason, .text = text};
    if (i < s->first)
        s->first = i;
}

/* The earlier event of one of its keys that is held; KEYS_NONE. */
static uint32_t behind(const struct spread *s, const struct item *item)
{
    uint32_t by = keys_find(&s->keys, item->in->flow, item->key);
    if (by == KEYS_NONE && item->old_key)
        by = keys_find(&s->keys, item->in->flow, item->old_key);
    return by;
}

static bool held_before(const struct spread *s, const struct item *item)
{
    const struct event_batch *b = s->batch;
    return b->is_held && (b->is_held(b->owner, item->in->flow, item->key) ||
                          (item->old_key && b->is_held(b->owner, item->in->flow, item->old_key)));
}

static void add_keys(struct spread *s, uint32_t i)
{
    const struct item *item = &s->items[i];
    keys_add(&s->keys, item->in->flow, item->key, i);
    if (item->old_key)
        keys_add(&s->keys, item->in->flow, item->old_key, i);
}

static void hold_behind(struct spread *s)
{
    keys_clear(&s->keys);
    for (uint32_t i = 0; i < s->batch->nevents; i++) {
        const struct item *item = &s->items[i];
        if (!is_held(s, i) && (behind(s, item) != KEYS_NONE || held_before(s, item)))
            mark(s, i, HOLD_BEHIND,
                 arena_format(s->arena, "an earlier event of %s is held: it goes first",
                              item->key));
        if (is_held(s, i))
            add_keys(s, i);
    }
}

static bool goes_together(const struct spread *s, uint32_t i)
{
    return s->batch->plans[s->items[i].in->flow].flow->together;
}

/* Is there anything new? */
static bool hold_together(struct spread *s)
{
    bool any = false;
    keys_clear(&s->transactions);
    for (uint32_t i = 0; i < s->batch->nevents; i++)
        if (is_held(s, i) && goes_together(s, i))
            keys_add(&s->transactions, 0, transaction_text(s, i), i);
    for (uint32_t i = 0; i < s->batch->nevents; i++) {
        if (is_held(s, i))
            continue;
        uint32_t by = keys_find(&s->transactions, 0, transaction_text(s, i));
        if (by == KEYS_NONE)
            continue;
        any = true;
        mark(s, i, HOLD_TOGETHER,
             arena_format(s->arena, "%s of the same source transaction is held, and its flow "
                                    "says together",
                          s->items[by].key));
    }
    return any;
}

uint32_t spread_holds(const struct event_batch *batch, const struct item *items, struct arena *a,
                      struct hold *outcome)
{
    struct spread s = {batch, items, outcome, a, .first = batch->nevents};
    keys_init(&s.keys, a, 2 * batch->nevents);
    keys_init(&s.transactions, a, batch->nevents);
    do
        hold_behind(&s);
    while (hold_together(&s));
    return s.first;
}
