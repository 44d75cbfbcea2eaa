/* write.c: see write.h. */
#include "sinks/events/write.h"

#include <string.h>
#include "sinks/events/spread.h"
#include "sinks/events/wave.h"

struct writing {
    const struct event_database *db;
    const struct event_batch *batch;
    struct item *items;
    struct hold *outcome;
    struct arena *arena;
    struct wave wave;
};

/* ---- plans ---- */

static enum status make_stages(const struct event_database *db, const struct write_config *writes,
                               int n, const struct field_list *event,
                               const struct field_list *lists, int nlists, struct arena *a,
                               struct stage **out)
{
    *out = arena_alloc(a, ((size_t)n + 1) * sizeof **out);
    for (int i = 0; i < n; i++)
        TRY(stage_make(db, &writes[i], event, lists, nlists, a, &(*out)[i]));
    return STATUS_OK;
}

enum status flow_plan_make(const struct event_database *db, const struct event_flow *flow,
                           const struct field_list *event, const struct field_list *lists,
                           int nlists, struct arena *a, struct flow_plan *out)
{
    *out = (struct flow_plan){.flow = flow, .nwrites = flow->nwrites, .ngone = flow->ngone};
    TRY(make_stages(db, flow->writes, flow->nwrites, event, lists, nlists, a, &out->writes));
    return make_stages(db, flow->gone, flow->ngone, event, lists, nlists, a, &out->gone);
}

/* ---- one wave ---- */

static bool is_held(const struct writing *w, uint32_t event)
{
    return w->outcome[event].reason != HOLD_NONE;
}

/* What a net event is held for, all events that it came from are. */
static void take_holds(struct writing *w, uint32_t from, uint32_t end)
{
    for (uint32_t i = from; i < end; i++)
        if (!is_held(w, i))
            w->outcome[i] = w->wave.events[w->items[i].net].stage.hold;
}

/* Events from `from` on, as far as they fit together. */
static uint32_t fill_wave(struct writing *w, uint32_t from)
{
    wave_clear(&w->wave);
    for (; from < w->batch->nevents; from++)
        if (!is_held(w, from) && !wave_add(&w->wave, &w->items[from]))
            break;
    return from;
}

static enum status run_wave(struct writing *w, bool *held)
{
    return wave_run(&w->wave, w->db, w->batch->plans, w->batch->nplans, w->arena, held);
}

/* ---- all of the batch, as sets ---- */

static enum status run_waves(struct writing *w, bool *held)
{
    *held = false;
    for (uint32_t from = 0, end; from < w->batch->nevents && !*held; from = end) {
        end = fill_wave(w, from);
        TRY(run_wave(w, held));
        take_holds(w, from, end);
    }
    return STATUS_OK;
}

/* ---- one by one ---- */

static void hold_refused(struct writing *w, uint32_t event)
{
    const struct stage *at = w->wave.at;
    w->outcome[event] = (struct hold){.reason = HOLD_QUARANTINE,
                                      .table = at ? at->table->name : NULL,
                                      .text = arena_strdup(w->arena, w->db->failure->text)};
}

/* A unique violation may mean that the row was made meanwhile: it is there at the second look. */
static enum status run_one(struct writing *w, uint32_t event)
{
    bool held = false;
    enum status status = STATUS_OK;
    for (int tries = 0; tries < 2; tries++) {
        wave_clear(&w->wave);
        must(wave_add(&w->wave, &w->items[event]));
        TRY(w->db->savepoint(w->db->self, SAVEPOINT_EVENT));
        status = run_wave(w, &held);
        if (status == STATUS_OK && !held)
            return STATUS_OK;
        if (status != STATUS_OK && status != STATUS_DATA)
            return status;
        struct failure kept = *w->db->failure;
        TRY(w->db->roll_back_to(w->db->self, SAVEPOINT_EVENT));
        *w->db->failure = kept;
        if (status == STATUS_OK || kept.code != ERROR_UNIQUE)
            break;
    }
    status == STATUS_OK ? take_holds(w, event, event + 1) : hold_refused(w, event);
    return STATUS_OK;
}

/* `again`: what is held now has been written before. */
static enum status run_each(struct writing *w, bool *again)
{
    *again = false;
    for (uint32_t i = 0; i < w->batch->nevents && !*again; i++) {
        if (is_held(w, i))
            continue;
        TRY(run_one(w, i));
        if (is_held(w, i))
            *again = spread_holds(w->batch, w->items, w->arena, w->outcome) < i;
    }
    return STATUS_OK;
}

static enum status run_singly(struct writing *w)
{
    for (bool again = true; again;) {
        TRY(run_each(w, &again));
        if (again)
            TRY(w->db->roll_back_to(w->db->self, SAVEPOINT_BATCH));
    }
    failure_clear(w->db->failure);
    return STATUS_OK;
}

/* ---- until all that is left is written ---- */

static enum status write_all(struct writing *w)
{
    for (;;) {
        bool held;
        (void)spread_holds(w->batch, w->items, w->arena, w->outcome);
        enum status status = run_waves(w, &held);
        if (status == STATUS_OK && !held)
            return STATUS_OK;
        if (status != STATUS_OK && status != STATUS_DATA)
            return status;
        TRY(w->db->roll_back_to(w->db->self, SAVEPOINT_BATCH));
        if (status == STATUS_DATA)
            return run_singly(w);
    }
}

static const struct hold no_key = {
    .reason = HOLD_QUARANTINE,
    .text = "the event has no key, so its order among others cannot be kept: see the view's SQL"};

enum status events_write(const struct event_database *db, const struct event_batch *batch,
                         struct arena *a, struct hold *outcome)
{
    struct writing w = {db, batch, .outcome = outcome, .arena = a};
    uint32_t n = batch->nevents;
    w.items = arena_alloc(a, (n + 1) * sizeof *w.items);
    memset(outcome, 0, n * sizeof *outcome);
    for (uint32_t i = 0; i < n; i++) {
        must(batch->events[i].flow >= 0 && batch->events[i].flow < batch->nplans);
        item_init(&w.items[i], &batch->events[i], &batch->plans[batch->events[i].flow], a);
        if (batch->events[i].refused)
            outcome[i] = (struct hold){.reason = HOLD_QUARANTINE,
                                       .text = batch->events[i].refused};
        else if (!*w.items[i].key)
            outcome[i] = no_key;
    }
    wave_init(&w.wave, a, n);
    if (n == 0)
        return STATUS_OK;
    TRY(db->savepoint(db->self, SAVEPOINT_BATCH));
    return write_all(&w);
}
