/* Who listens is told of the events that a target transaction has carried, each once, as a line of a
 * CloudEvent; `outcome` says what became of it here, over all its flows the worst. */
#include "events/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "events/feed.h"
#include "transforms/vocabulary/cloud_event.h"

/* Until the commit, so also of a large transaction: more than a listener's buffer is for nobody. */
enum { TOLD_BYTES_MAX = FEED_BYTES_MAX, LINE_BYTES_MAX = 1 << 30 };

struct line {
    struct line *next;
    struct feed_event event;
    const char *text;
    size_t size;
};

struct told {
    struct arena arena;
    struct line *first, **last;
    bool too_much;
};

static struct told *told_of(struct events *e)
{
    if (e->told)
        return e->told;
    struct told *t = calloc(1, sizeof *t);
    must(t);
    arena_init(&t->arena);
    t->last = &t->first;
    e->told = t;
    return t;
}

void tell_free(struct events *e)
{
    if (e->told)
        arena_free(&e->told->arena);
    free(e->told);
    e->told = NULL;
}

void tell_forget(struct events *e)
{
    if (!e->told)
        return;
    arena_reset(&e->told->arena);
    e->told->first = NULL;
    e->told->last = &e->told->first;
    e->told->too_much = false;
}

/* ---- which events ---- */

/* Of one event there is one a flow, side by side. */
bool tell_is_same(const struct carried *a, const struct carried *b)
{
    return a->transaction == b->transaction && a->index == b->index && a->held_n == b->held_n &&
           a->stated.before == b->stated.before && a->stated.after == b->stated.after &&
           strcmp(a->stated.name, b->stated.name) == 0 &&
           strcmp(a->stated.key, b->stated.key) == 0;
}

/* Quarantine is worse than waiting, and that is worse than to wait for another event. */
static const struct hold *worst_of(const struct hold *outcome, uint32_t n)
{
    static const int rank[] = {[HOLD_NONE] = 0,
                               [HOLD_TOGETHER] = 1,
                               [HOLD_BEHIND] = 2,
                               [HOLD_WAIT] = 3,
                               [HOLD_QUARANTINE] = 4};
    const struct hold *worst = &outcome[0];
    for (uint32_t i = 1; i < n; i++)
        if (rank[outcome[i].reason] > rank[worst->reason])
            worst = &outcome[i];
    return worst;
}

/* ---- a line ---- */

struct event_origin tell_origin(const struct events *e, const struct carried *c)
{
    const struct event_line *line = &e->program->lines[c->line];
    return (struct event_origin){.source = e->source_name,
                                 .position = c->position,
                                 .index = c->index,
                                 .commit_us = c->committed_us,
                                 .mapping = line->name,
                                 .key_name = line->type->key};
}

enum status tell_envelope(const struct events *e, const struct carried *c, struct envelope *out,
                          const struct field_context *context)
{
    struct event_origin origin = tell_origin(e, c);
    if (!origin.position) /* an object that its view could not state */
        origin.position = mirror_position(e->mirror);
    if (c->refused)
        return envelope_refused(e->program->vocabulary, &c->stated, &origin, out, context);
    return envelope_of(e->program->vocabulary, &c->stated, &origin, out, context);
}

const char *tell_why(const struct hold *hold, struct arena *a)
{
    if (!hold->table)
        return hold->text;
    if (!hold->column)
        return arena_format(a, "%s: %s", hold->table, hold->text);
    return arena_format(a, "%s.%s %s", hold->table, hold->column, hold->text);
}

static enum status add_text(struct buffer *b, const struct envelope *v, const struct hold *hold,
                            const struct field_context *context)
{
    bool written = hold->reason == HOLD_NONE;
    const struct cloud_extension extensions[] = {
        {"outcome", written ? "written" : held_reason_name((enum held_reason)hold->reason)},
        {"why", written ? NULL : tell_why(hold, context->arena)},
    };
    return cloud_event_add_with(b, v, extensions, 2, context);
}

static void keep_line(struct told *t, const struct feed_event *event, struct buffer *text)
{
    struct line *line = arena_zalloc(&t->arena, sizeof *line);
    if (t->arena.bytes + text->size > TOLD_BYTES_MAX) {
        t->too_much = true;
        return;
    }
    line->event = *event;
    for (int i = 0; i < FEED_NAMES; i++)
        line->event.names[i] = arena_strdup(&t->arena, event->names[i]);
    line->event.key = arena_strdup(&t->arena, event->key);
    line->event.old_key = event->old_key ? arena_strdup(&t->arena, event->old_key) : NULL;
    line->text = arena_copy(&t->arena, text->data, text->size);
    line->size = text->size;
    *t->last = line;
    t->last = &line->next;
}

static enum status tell_one(struct events *e, const struct carried *c, const struct hold *hold,
                            struct buffer *b, struct failure *f)
{
    struct field_context context = {.arena = &e->arena, .zone = e->program->from, .failure = f};
    struct envelope v;
    TRY(tell_envelope(e, c, &v, &context));
    const struct feed_event event = {.link = e->program->lc->name,
                                     .names = {c->stated.name, c->stated.type, v.type},
                                     .key = c->stated.key,
                                     .old_key = keep_old_key(e, c)};
    if (!feed_wants(e->options.feed, &event))
        return STATUS_OK;
    buffer_clear(b);
    TRY(add_text(b, &v, hold, &context));
    keep_line(told_of(e), &event, b);
    return STATUS_OK;
}

/* ---- all of them ---- */

static void tell_all(struct events *e, const struct hold *outcome, struct buffer *b)
{
    struct failure f = {0};
    for (uint32_t i = 0, n; i < e->n; i += n) {
        for (n = 1; i + n < e->n && tell_is_same(&e->list[i], &e->list[i + n]);)
            n++;
        if (e->told && e->told->too_much)
            return;
        if (e->list[i].outdated)
            continue;
        if (tell_one(e, &e->list[i], worst_of(&outcome[i], n), b, &f) != STATUS_OK)
            log_warn("link=%s msg=\"an event cannot be shown to those who listen\" key=%s why=%s",
                     e->program->lc->name, log_quote(e->list[i].stated.key), log_quote(f.text));
    }
}

void tell_events(struct events *e, const struct hold *outcome)
{
    struct buffer b;
    if (!feed_wanted(e->options.feed))
        return;
    buffer_init(&b, LINE_BYTES_MAX);
    tell_all(e, outcome, &b);
    buffer_free(&b);
}

void tell_committed(struct events *e)
{
    const struct told *t = e->told;
    if (!t)
        return;
    for (const struct line *l = t->first; l; l = l->next)
        feed_say(e->options.feed, &l->event, l->text, l->size);
    if (t->too_much)
        feed_lost(e->options.feed, e->program->lc->name);
    tell_forget(e);
}
