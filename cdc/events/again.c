/* What is held is tried again, in the order of its numbers: by the timer, soon after the link has
 * written itself, and when a person says so. A pass goes over all that is held, a slice at a time; a
 * slice is a target transaction that repeats the checkpoint. Keys that stay are in the way of their
 * later events. What is quarantined is tried only where a person names it. */
#include "events/again.h"

#include <stdlib.h>
#include <string.h>
#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "model/moment.h"
#include "sinks/apply_parts.h"

enum { SLICE_EVENTS = 500, STEP_US = 200 * 1000, SOON_KEYS_MAX = 1000 };

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

static void put_in_the_way(struct events *e, int line, const struct held_event *h)
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

/* ---- a slice ---- */

static int by_number(const void *number, const void *event)
{
    int64_t a = *(const int64_t *)number, b = ((const struct held_event *)event)->n;
    return (a > b) - (a < b);
}

static const struct held_event *find(const struct held_event *page, uint32_t n, int64_t number)
{
    const struct held_event *h = bsearch(&number, page, n, sizeof *page, by_number);
    must(h);
    return h;
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
    int64_t *same; /* named by a person, and as they were */
    uint32_t nsame;
};

static bool has_waited(const struct events *e, const struct held_event *h, int line)
{
    struct moment m;
    int64_t most_us = e->program->lines[line].flow->wait_at_most_ms * 1000;
    return moment_read(h->at, strlen(h->at), &m) && clock_wall_us() - m.us > most_us;
}

/* What waits too long is a person's affair. */
static void judge_waiting(struct events *e, const struct carried *c, const struct held_event *h,
                          struct hold *o)
{
    if (o->reason != HOLD_WAIT || !has_waited(e, h, c->line))
        return;
    o->reason = HOLD_QUARANTINE;
    o->text = arena_format(&e->arena, "it has waited since %s (wait_at_most): %s", h->at, o->text);
}

static void sort_out(struct events *e, struct slice *s)
{
    s->written = arena_alloc(&e->arena, (e->n + 1) * sizeof *s->written);
    s->changed = arena_alloc(&e->arena, (e->n + 1) * sizeof *s->changed);
    s->same = arena_alloc(&e->arena, (e->n + 1) * sizeof *s->same);
    s->nwritten = s->nchanged = s->nsame = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct carried *c = &e->list[i];
        struct hold *o = &s->outcome[i];
        if (!c->held_n || c->stays)
            continue;
        const struct held_event *h = find(s->page, s->n, c->held_n);
        if (c->replaced)
            *o = (struct hold){.reason = HOLD_NONE};
        judge_waiting(e, c, h, o);
        if (o->reason == HOLD_NONE)
            s->written[s->nwritten++] = h->n;
        else if ((int)o->reason != (int)h->reason || !is_same(o->text, h->text))
            s->changed[s->nchanged++] = (struct held_change){
                h->n, (enum held_reason)o->reason, o->table, o->column, o->text};
        else if (again_is_wished(e, h))
            s->same[s->nsame++] = h->n;
    }
}

static enum status write_slice(struct events *e, struct slice *s, const struct checkpoint *c)
{
    TRY(apply_begin(e->apply, c));
    TRY(e->apply->driver->settle(e->apply->sink));
    TRY(write_carried(e, &e->target.database, e->list, e->n, is_blocked, e, s->outcome));
    TRY(e->target.database.settle(e->target.database.self));
    sort_out(e, s);
    TRY(refusals_remove(e));
    TRY(keep_held(e, e->list, e->n, s->outcome));
    if (s->nwritten == 0 && s->nchanged == 0 && s->nsame == 0 && !e->replaced)
        return e->apply->driver->rollback(e->apply->sink);
    TRY(held_remove(events_session(e), e->apply->at.link, s->written, s->nwritten, e->failure));
    TRY(held_update(events_session(e), e->apply->at.link, s->changed, s->nchanged, e->failure));
    TRY(held_tried(events_session(e), e->apply->at.link, s->same, s->nsame, e->failure));
    return apply_commit(e->apply, c);
}

/* What was written is in nobody's way; what stays is. */
static void settle_row(struct events *e, const struct slice *s, uint32_t i)
{
    const struct carried *c = &e->list[i];
    const struct held_event *h = find(s->page, s->n, c->held_n);
    if (c->stays) {
        put_in_the_way(e, c->line, h);
        return;
    }
    keep_counted(e, c->line, h->reason, -1);
    if (s->outcome[i].reason != HOLD_NONE) {
        keep_counted(e, c->line, (enum held_reason)s->outcome[i].reason, 1);
        put_in_the_way(e, c->line, h);
        return;
    }
    held_keys_remove(e->held, c->line, h->key);
    held_keys_remove(e->refused, c->line, h->key);
    if (h->old_key)
        held_keys_remove(e->held, c->line, h->old_key);
}

static void settle_keys(struct events *e, const struct slice *s)
{
    for (uint32_t i = 0; i < e->n; i++) {
        const struct carried *c = &e->list[i];
        if (s->outcome[i].reason == HOLD_NONE && !c->replaced && !c->stays)
            atomic_fetch_add(&e->figures->written, 1);
        if (c->held_n)
            settle_row(e, s, i);
        else if (s->outcome[i].reason != HOLD_NONE)
            held_keys_add(e->again->in_the_way, c->line, c->typed.key);
    }
    refusals_removed(e);
    keep_remember(e, e->list, e->n, s->outcome);
    e->again->result.gone += s->nwritten;
    if (s->nwritten > 0)
        log_info("link=%s msg=\"held events are written\" events=%u", e->program->lc->name,
                 s->nwritten);
}

static enum status try_slice(struct events *e, struct slice *s)
{
    struct backoff tries = {0};
    for (;;) {
        struct checkpoint c = apply_next(e->apply, NULL, NULL, NULL);
        enum status status = write_slice(e, s, &c);
        if (status == STATUS_OK)
            return STATUS_OK;
        TRY(apply_once_more(e->apply, status, &tries));
    }
}

static uint32_t without_last_transaction(const struct slice *s)
{
    uint32_t n = s->n;
    while (n > 0 && s->page[n - 1].transaction == s->page[s->n - 1].transaction)
        n--;
    return n;
}

/* Where a flow says `together` no transaction is cut in two: whether its events stay is known of all
 * of them only. They lie side by side. */
static enum status read_slice(struct events *e, struct slice *s)
{
    struct held_query q = {.after_n = e->again->after_n, .limit = SLICE_EVENTS, .envelope = true};
    for (uint32_t whole = 0; whole == 0; q.limit *= 2) {
        s->page = arena_alloc(&e->arena, q.limit * sizeof *s->page);
        TRY(held_page(events_session(e), e->apply->at.link, &q, &e->arena, s->page, &s->n,
                      e->failure));
        e->again->in_pass = s->n == q.limit;
        if (!e->again->in_pass || !carry_any_together(e))
            break;
        whole = without_last_transaction(s);
        s->n = whole ? whole : s->n;
    }
    if (s->n > 0)
        e->again->after_n = s->page[s->n - 1].n;
    return STATUS_OK;
}

static bool any_tried(const struct events *e)
{
    for (uint32_t i = 0; i < e->n; i++)
        if (!e->list[i].stays)
            return true;
    return false;
}

static enum status slice(struct events *e)
{
    struct slice s = {0};
    TRY(read_slice(e, &s));
    TRY(again_take_page(e, s.page, s.n));
    s.outcome = arena_zalloc(&e->arena, (e->n + 1) * sizeof *s.outcome);
    if (any_tried(e))
        TRY(try_slice(e, &s));
    settle_keys(e, &s);
    return STATUS_OK;
}

/* ---- passes ---- */

static void begin_pass(struct events *e, const struct held_filter *wish)
{
    struct again *a = e->again;
    a->in_pass = true;
    a->wish = wish;
    a->after_n = 0;
    a->next_us = clock_monotonic_us() + e->program->lc->retry_every_ms * 1000;
    a->result = (struct tried_again){0};
    held_keys_clear(a->in_the_way);
}

static bool is_due(const struct events *e)
{
    return held_keys_count(e->held) > 0 && clock_monotonic_us() >= e->again->next_us;
}

enum status again_step(struct events *e)
{
    struct again *a = e->again;
    int64_t until = clock_monotonic_us() + STEP_US;
    if (e->apply->in_large || (!a->in_pass && !is_due(e)))
        return STATUS_OK;
    must(e->n == 0);
    if (!a->in_pass)
        begin_pass(e, NULL);
    while (a->in_pass && clock_monotonic_us() < until) {
        enum status status = slice(e);
        carry_forget(e);
        TRY(status);
    }
    return STATUS_OK;
}

/* ---- a person's word ---- */

void events_retry(struct events *e, const struct held_filter *filter)
{
    begin_pass(e, filter);
}

bool events_retried(const struct events *e, struct tried_again *out)
{
    *out = e->again->result;
    return !e->again->in_pass;
}

static enum status drop_page(struct events *e, const struct held_event *page, uint32_t n)
{
    int64_t *numbers = arena_alloc(&e->arena, (n + 1) * sizeof *numbers);
    struct checkpoint c = apply_next(e->apply, NULL, NULL, NULL);
    for (uint32_t i = 0; i < n; i++)
        numbers[i] = page[i].n;
    TRY(apply_begin(e->apply, &c));
    TRY(e->apply->driver->settle(e->apply->sink));
    TRY(held_remove(events_session(e), e->apply->at.link, numbers, n, e->failure));
    TRY(apply_commit(e->apply, &c));
    for (uint32_t i = 0; i < n; i++)
        log_info("link=%s msg=\"a held event was dropped\" n=%lld flow=%s key=%s reason=%s",
                 e->program->lc->name, (long long)page[i].n, page[i].flow,
                 log_quote(page[i].key), held_reason_name(page[i].reason));
    return STATUS_OK;
}

enum status events_drop(struct events *e, const struct held_filter *filter, uint64_t *dropped)
{
    struct held_event *page = arena_alloc(&e->arena, SLICE_EVENTS * sizeof *page);
    struct held_query q = {.filter = *filter, .limit = SLICE_EVENTS};
    uint32_t n = SLICE_EVENTS;
    *dropped = 0;
    while (n == SLICE_EVENTS) {
        TRY(held_page(events_session(e), e->apply->at.link, &q, &e->arena, page, &n, e->failure));
        enum status status = n > 0 ? drop_page(e, page, n) : STATUS_OK;
        if (status != STATUS_OK)
            return apply_roll_back(e->apply, status);
        *dropped += n;
    }
    carry_forget(e);
    e->again->next_us = 0; /* what was behind them is free */
    return keep_load(e);
}
