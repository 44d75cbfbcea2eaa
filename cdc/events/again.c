/* What is held is tried again, in the order of its numbers: by the timer, soon after the link has
 * written itself, and when a person says so. A pass goes over all that is held, a slice at a time; a
 * slice is a target transaction that repeats the checkpoint. Keys that stay are in the way of their
 * later events. What is quarantined is tried only where a person names it.
 *
 * What was never an event (a view that could not state its object, a value that its type refuses)
 * has no envelope: the mirror is asked for the object once more, and what it says takes its place;
 * what it does not have was kept (kept.h). */
#include "events/internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "events/let.h"
#include "events/typed.h"
#include "model/moment.h"
#include "sinks/apply_parts.h"
#include "transforms/vocabulary/envelope.h"

enum { SLICE_EVENTS = 500, STEP_US = 200 * 1000, SOON_KEYS_MAX = 1000 };

struct again {
    bool in_pass;
    int64_t next_us; /* when a pass may begin */
    int64_t after_n; /* where the pass is */
    struct held_keys *in_the_way;
    const struct held_filter *wish; /* of the pass: what a person named; NULL: the timer's */
    struct tried_again result;      /* of the person's pass */
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

/* ---- from what was kept ---- */

static enum status read_side(struct events *e, const struct event_line *line,
                             const ProtobufCMessage *m, const struct object **out)
{
    *out = NULL;
    if (!m)
        return STATUS_OK;
    TRY(typed_message(e->program, line->type, m, &e->arena, out, e->failure));
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
    c->transaction = (uint64_t)h->transaction;
    c->old_key = h->old_key;
    enum status status = read_held(e, &e->program->lines[line], h, c);
    c->stated = c->typed;
    return carry_refused(e, c, status);
}

/* ---- which ones ---- */

static bool is_wished(const struct events *e, const struct held_event *h)
{
    return held_is_named(e->again->wish, h);
}

static bool is_tried(const struct events *e, const struct held_event *h)
{
    return is_wished(e, h) || (h->envelope && h->reason != HELD_QUARANTINE);
}

/* The row as it is, in the place that it has among the others. */
static struct carried *take_as_it_is(struct events *e, int line, const struct held_event *h)
{
    struct carried *c = carry_slot(e);
    *c = (struct carried){.line = line, .held_n = h->n, .stays = true, .old_key = h->old_key,
                          .transaction = (uint64_t)h->transaction};
    c->stated = c->typed = (struct event){.type = e->program->lines[line].type->name,
                                          .op = EVENT_CHANGED, .key = h->key};
    c->refused = h->text ? h->text : "it is held";
    return c;
}

/* ---- what has no envelope ---- */

/* A transaction where the mirror stands. What it makes belongs to the one in which it was held. */
static enum status in_mirror(struct events *e, const struct held_event *h, const struct kept *k,
                             enum status (*way)(struct events *e, const struct held_event *h,
                                                const struct kept *k, bool *found),
                             bool *found)
{
    uint32_t first = e->n;
    const char *at = mirror_position(e->mirror);
    const char *position = arena_strdup(&e->arena, at ? at : e->apply->position);
    TRY(refusals_watch(e, true));
    TRY(mirror_begin(e->mirror, position, e->failure));
    TRY(way(e, h, k, found));
    TRY(mirror_end(e->mirror, position, false, e->failure));
    TRY(read_evaluated_whole(e, position, h->committed_us));
    for (uint32_t i = first; i < e->n; i++) {
        e->list[i].transaction = (uint64_t)h->transaction;
        e->list[i].numbered = true;
    }
    return STATUS_OK;
}

/* The mirror is asked for the object once more. */
static enum status ask(struct events *e, const struct held_event *h, const struct kept *k,
                       bool *found)
{
    const char *object = refusal_object(e, h->key);
    if (object && k)
        return mirror_again(e->mirror, k->name, object, false, found, e->failure);
    return drift_again(e, h->flow, object ? object : h->key, !object, found);
}

static void stays(struct events *e, const char *why)
{
    e->list[e->trying].stays = false; /* but that it was tried is seen */
    e->list[e->trying].refused = arena_strdup(&e->arena, why);
}

static const char made_otherwise[] = "it was refused when its event was made of single rows, which "
                                     "it is not now: change its row in the source, or skip this";

/* `found`, too, where it stays. */
static enum status try_rows(struct events *e, const struct held_event *h, const struct kept *k,
                            bool *found)
{
    enum status status = mirror_try(e->mirror, k->name, &k->rows, found, e->failure);
    if (status == STATUS_DATA) {
        stays(e, e->failure->text);
        failure_clear(e->failure);
        *found = true;
        return STATUS_OK;
    }
    TRY(status);
    if (*found)
        return STATUS_OK;
    TRY(ask(e, h, k, found));
    if (!*found)
        stays(e, made_otherwise);
    return STATUS_OK;
}

/* What its type refused: as it is now, where the mirror has it; else as it was. */
static enum status try_stated(struct events *e, const struct held_event *h, const struct kept *k,
                              bool *found)
{
    *found = false;
    if (k->stated.op != EVENT_GONE)
        TRY(in_mirror(e, h, k, ask, found));
    if (*found)
        return STATUS_OK;
    struct carried *c = &e->list[e->trying];
    c->stays = false;
    c->refused = NULL;
    c->stated = k->stated;
    c->stated.type = e->program->lines[c->line].type->name;
    c->stated.key = h->key;
    return carry_type(e, c);
}

static enum status try_kept(struct events *e, const struct held_event *h, bool *found)
{
    struct kept k;
    *found = false;
    if (!h->envelope)
        return in_mirror(e, h, NULL, ask, found);
    if (kept_read(h->envelope, h->envelope_size, &e->names, &e->arena, &k, e->failure) !=
        STATUS_OK) {
        stays(e, e->failure->text);
        failure_clear(e->failure);
        return STATUS_OK;
    }
    if (k.kind == KEPT_STATED)
        return try_stated(e, h, &k, found);
    e->tried_told = k.kind == KEPT_TOLD ? &k : NULL;
    enum status status = in_mirror(e, h, &k, k.kind == KEPT_TOLD ? ask : try_rows, found);
    e->tried_told = NULL;
    return status;
}

static void say_alone(const struct events *e, const struct held_event *h)
{
    log_warn("link=%s msg=\"a held event cannot be tried again: it is made of one row, of which no "
             "mirror knows; change the row in the source, and drop this one by quarantine skip\" "
             "n=%lld flow=%s key=%s", e->program->lc->name, (long long)h->n, h->flow,
             log_quote(h->key));
}

/* It goes, whatever comes of it: an event, or nothing where there is no such object any more; but
 * where it is refused again it stays. */
static enum status take_object(struct events *e, int line, const struct held_event *h)
{
    bool found;
    uint32_t at = e->n;
    take_as_it_is(e, line, h);
    e->trying = (int)at;
    e->only_line = line;
    enum status status = try_kept(e, h, &found);
    e->only_line = e->trying = -1;
    TRY(status);
    struct carried *c = &e->list[at];
    if (!c->stays)
        return STATUS_OK;
    if (!found && !h->envelope && drift_is_alone(e, line)) {
        say_alone(e, h);
        return STATUS_OK;
    }
    c->stays = false;
    c->replaced = true;
    c->stated.key = c->typed.key = ""; /* in nobody's way */
    c->old_key = NULL;
    c->transaction = UINT64_MAX - (uint64_t)h->n;
    return STATUS_OK;
}

static enum status take_row(struct events *e, int line, const struct held_event *h)
{
    e->again->result.tried += is_wished(e, h);
    if (refusal_is_replaced(e, h->n))
        return STATUS_OK;
    bool packed = h->envelope && !kept_is(h->envelope, h->envelope_size);
    return packed ? take(e, line, h) : take_object(e, line, h);
}

static enum status take_page(struct events *e, const struct held_event *page, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        int line = keep_line_of(e, page[i].flow);
        if (line < 0)
            continue;
        if (is_tried(e, &page[i]))
            TRY(take_row(e, line, &page[i]));
        else
            take_as_it_is(e, line, &page[i]);
    }
    return STATUS_OK;
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
        else if (is_wished(e, h))
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
    TRY(take_page(e, s.page, s.n));
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
