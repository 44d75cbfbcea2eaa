/* wave.c: see wave.h. */
#include "sinks/events/wave.h"

#include <string.h>
#include "sinks/events/stage_run.h"

/* ---- items ---- */

/* The key field of an object as text; NULL where it has none. */
static const char *key_of(const struct object *o, const char *field, struct arena *a)
{
    const struct value *v = o ? field_find(o, field, 0) : NULL;
    if (!v || v->kind == VALUE_NULL)
        return NULL;
    if (v->kind == VALUE_TEXT || v->kind == VALUE_DECIMAL)
        return arena_copy(a, v->text, v->size);
    return value_show(v, a, 200);
}

static size_t object_bytes(const struct object *o)
{
    enum { FIXED = 24 }; /* a number, quotes, what stands between */
    size_t bytes = 0;
    for (uint32_t i = 0; o && i < o->nfields; i++) {
        const struct value *v = &o->fields[i].value;
        bytes += FIXED + (value_kind_has_text((enum value_kind)v->kind) ? v->size : 0);
    }
    for (uint32_t i = 0; o && i < o->nlists; i++)
        for (uint32_t k = 0; k < o->lists[i].nelements; k++)
            bytes += object_bytes(&o->lists[i].elements[k]);
    return bytes;
}

void item_init(struct item *i, const struct event_in *in, const struct flow_plan *plan,
               struct arena *a)
{
    const struct event *e = in->event;
    const char *field = plan->flow->event->key;
    *i = (struct item){.in = in, .key = e->key ? e->key : ""};
    if (in->refused) {
        i->old_key = in->old_key;
        return;
    }
    must(e->op == EVENT_GONE ? e->before != NULL : e->after != NULL);
    i->bytes = object_bytes(e->before) + object_bytes(e->after);
    if (e->op != EVENT_CHANGED)
        return;
    const char *was = key_of(e->before, field, a), *is = key_of(e->after, field, a);
    if (was && is && strcmp(was, is) != 0)
        i->old_key = was;
}

/* ---- which events go together ---- */

void wave_init(struct wave *w, struct arena *a, uint32_t max)
{
    *w = (struct wave){.events = arena_alloc(a, (max + 1) * sizeof *w->events)};
    keys_init(&w->keys, a, 2 * max);
}

void wave_clear(struct wave *w)
{
    w->n = 0;
    w->bytes = 0;
    keys_clear(&w->keys);
}

static void append(struct wave *w, struct item *i)
{
    const struct event *e = i->in->event;
    bool gone = e->op == EVENT_GONE;
    i->net = w->n++;
    w->events[i->net] =
        (struct net_event){.flow = i->in->flow,
                           .gone = gone,
                           .stage = {.now = gone ? e->before : e->after,
                                     .old = i->old_key ? e->before : NULL}};
    keys_add(&w->keys, i->in->flow, i->key, i->net);
    if (i->old_key)
        keys_add(&w->keys, i->in->flow, i->old_key, i->net);
}

/* Of an object that only became what it is, the last state is all that matters. */
static bool replaces(const struct net_event *e, const struct item *i)
{
    return !e->gone && !e->stage.old && !i->old_key && i->in->event->op != EVENT_GONE;
}

static bool has_room(const struct wave *w, const struct item *i)
{
    return w->n == 0 || (w->n < WAVE_EVENTS && w->bytes + i->bytes <= WAVE_BYTES);
}

bool wave_add(struct wave *w, struct item *i)
{
    if (!has_room(w, i))
        return false;
    w->bytes += i->bytes;
    uint32_t net = keys_find(&w->keys, i->in->flow, i->key);
    if (i->old_key && keys_find(&w->keys, i->in->flow, i->old_key) != KEYS_NONE)
        return false;
    if (net == KEYS_NONE) {
        append(w, i);
        return true;
    }
    if (!replaces(&w->events[net], i))
        return false;
    i->net = net;
    w->events[net].stage.now = i->in->event->after;
    return true;
}

/* ---- running ---- */

/* The wave's events of one list of stages, which number them for themselves. */
struct share {
    struct stage_event *events;
    uint32_t *net;
    uint32_t n;
};

static struct share share_of(const struct wave *w, int flow, bool gone, struct arena *a)
{
    struct share s = {arena_alloc(a, (w->n + 1) * sizeof *s.events),
                      arena_alloc(a, (w->n + 1) * sizeof *s.net), 0};
    for (uint32_t i = 0; i < w->n; i++) {
        if (w->events[i].flow != flow || w->events[i].gone != gone)
            continue;
        s.net[s.n] = i;
        s.events[s.n++] = w->events[i].stage;
    }
    return s;
}

static bool take_holds(struct wave *w, const struct share *s)
{
    bool any = false;
    for (uint32_t i = 0; i < s->n; i++) {
        w->events[s->net[i]].stage.hold = s->events[i].hold;
        any = any || s->events[i].hold.reason != HOLD_NONE;
    }
    return any;
}

static enum status run_stages(struct wave *w, const struct event_database *db, int flow, bool gone,
                              const struct stage *stages, int nstages, struct arena *a, bool *held)
{
    struct share s = share_of(w, flow, gone, a);
    for (int i = 0; i < nstages && !*held && s.n > 0; i++) {
        w->at = &stages[i];
        TRY(stage_run(db, &stages[i], s.events, s.n, a));
        *held = take_holds(w, &s);
    }
    return STATUS_OK;
}

enum status wave_run(struct wave *w, const struct event_database *db, const struct flow_plan *plans,
                     int nplans, struct arena *a, bool *held)
{
    *held = false;
    w->at = NULL;
    for (int i = 0; i < nplans && !*held; i++) {
        TRY(run_stages(w, db, i, false, plans[i].writes, plans[i].nwrites, a, held));
        TRY(run_stages(w, db, i, true, plans[i].gone, plans[i].ngone, a, held));
    }
    return STATUS_OK;
}
