/* What is held is tried again, in the order of its numbers: by the timer, and soon after the link has
 * written itself. A pass goes over all that is held, a slice at a time; a slice is a target
 * transaction that repeats the checkpoint. Keys that stay are in the way of their later events. */
#include "events/internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "events/let.h"
#include "events/typed.h"
#include "sinks/apply_parts.h"
#include "transforms/vocabulary/envelope.h"

enum { SLICE_EVENTS = 500, STEP_US = 200 * 1000, SOON_KEYS_MAX = 1000 };

struct again {
    bool in_pass;
    int64_t next_us; /* when a pass may begin */
    int64_t after_n; /* where the pass is */
    struct held_keys *in_the_way;
};

struct again *again_new(void)
{
    struct again *a = calloc(1, sizeof *a);
    must(a);
    a->in_the_way = held_keys_new();
    return a;
}

void again_free(struct again *a)
{
    if (!a)
        return;
    held_keys_free(a->in_the_way);
    free(a);
}

void again_soon(struct events *e)
{
    if (held_keys_count(e->held) <= SOON_KEYS_MAX)
        e->again->next_us = 0;
}

static struct session *session_of(struct events *e)
{
    return e->apply->driver->session(e->apply->sink);
}

static void is_in_the_way(struct events *e, int line, const struct held_event *h)
{
    held_keys_add(e->again->in_the_way, line, h->key);
    if (h->old_key)
        held_keys_add(e->again->in_the_way, line, h->old_key);
}

static bool is_blocked(void *owner, int flow, const char *key)
{
    struct events *e = owner;
    return held_keys_has(e->again->in_the_way, flow, key);
}

/* ---- from what was kept ---- */

static enum status read_side(struct events *e, const struct event_line *line,
                             const ProtobufCMessage *m, const struct object **out)
{
    *out = NULL;
    if (!m)
        return STATUS_OK;
    TRY(typed_message(line->type, m, &e->arena, out, e->failure));
    return line->let ? let_add(line->let, *out, &e->arena, out, e->failure) : STATUS_OK;
}

static enum status read_held(struct events *e, const struct event_line *line,
                             const struct held_event *h, struct carried *c)
{
    struct field_context context = {.arena = &e->arena, .failure = e->failure};
    struct envelope envelope;
    TRY(envelope_unpack(e->program->vocabulary, h->envelope, h->envelope_size, &envelope,
                        &context));
    c->typed = (struct event){.type = line->type->name, .op = envelope.op, .key = h->key};
    /* as in carry.c: what a changed object was is asked for by its old key alone, and `let` may
     * not be able to say it */
    if (envelope.op != EVENT_CHANGED || h->old_key)
        TRY(read_side(e, line, envelope.before, &c->typed.before));
    return read_side(e, line, envelope.after, &c->typed.after);
}

/* One that cannot be read any more (another vocabulary, a function that refuses) stays as it is. */
static enum status take(struct events *e, int line, const struct held_event *h)
{
    struct carried *c = carry_slot(e);
    c->line = line;
    c->held_n = h->n;
    c->transaction = (uint32_t)h->transaction;
    enum status status = read_held(e, &e->program->lines[line], h, c);
    c->stated = c->typed;
    if (status != STATUS_DATA)
        return status;
    c->refused = arena_strdup(&e->arena, e->failure->text);
    c->typed.before = c->typed.after = NULL;
    failure_clear(e->failure);
    return STATUS_OK;
}

static bool is_tried(const struct events *e, const struct held_event *h)
{
    (void)e;
    return h->envelope && h->reason != HELD_QUARANTINE;
}

static enum status take_page(struct events *e, const struct held_event *page, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        int line = keep_line_of(e, page[i].flow);
        if (line < 0)
            continue;
        if (is_tried(e, &page[i]))
            TRY(take(e, line, &page[i]));
        else
            is_in_the_way(e, line, &page[i]);
    }
    return STATUS_OK;
}

/* ---- a slice ---- */

static const struct held_event *find(const struct held_event *page, uint32_t n, int64_t number)
{
    for (uint32_t i = 0; i < n; i++)
        if (page[i].n == number)
            return &page[i];
    must(!"a number that was read");
    return NULL;
}

static bool is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

struct slice {
    struct held_event *page;
    uint32_t n;
    struct hold *outcome;
    int64_t *written;
    uint32_t nwritten;
    struct held_change *changed;
    uint32_t nchanged;
};

static void sort_out(struct events *e, struct slice *s)
{
    s->written = arena_alloc(&e->arena, (e->n + 1) * sizeof *s->written);
    s->changed = arena_alloc(&e->arena, (e->n + 1) * sizeof *s->changed);
    s->nwritten = s->nchanged = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct hold *o = &s->outcome[i];
        const struct held_event *h = find(s->page, s->n, e->list[i].held_n);
        if (o->reason == HOLD_NONE)
            s->written[s->nwritten++] = h->n;
        else if ((int)o->reason != (int)h->reason || !is_same(o->text, h->text))
            s->changed[s->nchanged++] = (struct held_change){
                h->n, (enum held_reason)o->reason, o->table, o->column, o->text};
    }
}

static enum status write_slice(struct events *e, struct slice *s, const struct checkpoint *c)
{
    TRY(apply_begin(e->apply, c));
    TRY(e->apply->driver->settle(e->apply->sink));
    TRY(write_carried(e, e->list, e->n, is_blocked, e, s->outcome));
    TRY(e->target.database.settle(e->target.database.self));
    sort_out(e, s);
    if (s->nwritten == 0 && s->nchanged == 0)
        return e->apply->driver->rollback(e->apply->sink);
    TRY(held_remove(session_of(e), e->apply->at.link, s->written, s->nwritten, e->failure));
    TRY(held_update(session_of(e), e->apply->at.link, s->changed, s->nchanged, e->failure));
    return apply_commit(e->apply, c);
}

/* What was written is in nobody's way; what stays is. */
static void settle_keys(struct events *e, const struct slice *s)
{
    for (uint32_t i = 0; i < e->n; i++) {
        const struct held_event *h = find(s->page, s->n, e->list[i].held_n);
        if (s->outcome[i].reason != HOLD_NONE) {
            is_in_the_way(e, e->list[i].line, h);
            continue;
        }
        held_keys_remove(e->held, e->list[i].line, h->key);
        if (h->old_key)
            held_keys_remove(e->held, e->list[i].line, h->old_key);
    }
    if (s->nwritten > 0)
        log_info("link=%s msg=\"held events are written\" events=%u", e->program->lc->name,
                 s->nwritten);
}

static enum status try_slice(struct events *e, struct slice *s)
{
    struct backoff tries = {0};
    s->outcome = arena_zalloc(&e->arena, (e->n + 1) * sizeof *s->outcome);
    for (;;) {
        struct checkpoint c = apply_next(e->apply, NULL, NULL, NULL);
        enum status status = write_slice(e, s, &c);
        if (status == STATUS_OK)
            return STATUS_OK;
        status = apply_roll_back(e->apply, status);
        if (apply_is_shut_out(e->apply))
            return apply_seq_taken(e->apply);
        if (!apply_lock_wait(e->apply, status))
            return status;
        TRY(apply_pause(e->apply, &tries));
    }
}

static enum status slice(struct events *e)
{
    struct slice s = {.page = arena_alloc(&e->arena, SLICE_EVENTS * sizeof *s.page)};
    struct held_query q = {.after_n = e->again->after_n, .limit = SLICE_EVENTS, .envelope = true};
    TRY(held_page(session_of(e), e->apply->at.link, &q, &e->arena, s.page, &s.n, e->failure));
    if (s.n > 0)
        e->again->after_n = s.page[s.n - 1].n;
    e->again->in_pass = s.n == SLICE_EVENTS;
    TRY(take_page(e, s.page, s.n));
    if (e->n == 0)
        return STATUS_OK;
    TRY(try_slice(e, &s));
    settle_keys(e, &s);
    return STATUS_OK;
}

/* ---- passes ---- */

static void begin_pass(struct events *e, int64_t now)
{
    struct again *a = e->again;
    a->in_pass = true;
    a->after_n = 0;
    a->next_us = now + e->program->lc->retry_every_ms * 1000;
    held_keys_clear(a->in_the_way);
}

enum status again_step(struct events *e)
{
    struct again *a = e->again;
    int64_t now = clock_monotonic_us(), until = now + STEP_US;
    if (e->apply->in_large || (!a->in_pass && (held_keys_count(e->held) == 0 || now < a->next_us)))
        return STATUS_OK;
    must(e->n == 0);
    if (!a->in_pass)
        begin_pass(e, now);
    while (a->in_pass && clock_monotonic_us() < until) {
        enum status status = slice(e);
        carry_forget(e);
        TRY(status);
    }
    return STATUS_OK;
}
