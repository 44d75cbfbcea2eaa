/* What the events would write: the production's own code, over a target that is watched. */
#include "events/explain_parts.h"
#include "events/explain_watch.h"

#include <string.h>

/* ---- what is held ---- */

static void met(void *owner, const char *flow, const char *key)
{
    struct events *e = owner;
    int line = keep_line_of(e, flow);
    if (line >= 0)
        held_keys_add(e->held, line, key);
}

static enum status load_held(struct explain *x, int64_t link)
{
    struct events *e = &x->events;
    e->held = held_keys_new();
    return link ? held_keys(e->target.session, link, met, e, x->failure) : STATUS_OK;
}

static bool is_held(void *owner, int flow, const char *key)
{
    struct events *e = owner;
    return held_keys_has(e->held, flow, key);
}

/* ---- outcomes ---- */

static void say_outcome(struct explain *x, const struct carried *c, const struct hold *hold)
{
    const struct event_line *line = &x->events.program->lines[c->line];
    if (hold->reason != HOLD_NONE)
        buffer_add_format(x->out, "\nflow %s, key %s: held (%s): %s\n", line->name, c->stated.key,
                          held_reason_name((enum held_reason)hold->reason),
                          tell_why(hold, &x->events.arena));
    else if (c->stated.op == EVENT_GONE && line->flow->ngone == 0)
        buffer_add_format(x->out, "\nflow %s, key %s: nothing: it has no `gone:`\n", line->name,
                          c->stated.key);
}

static void say_outcomes(struct explain *x, const struct hold *outcome, const struct buffer *rows)
{
    const struct events *e = &x->events;
    buffer_add(x->out, rows->data, rows->size);
    for (uint32_t i = 0; i < e->n; i++)
        say_outcome(x, &e->list[i], &outcome[i]);
}

/* ---- writing ---- */

/* What the server would refuse only at the COMMIT. */
static enum status check_deferred(struct explain *x)
{
    struct failure f;
    struct events *e = &x->events;
    if (e->target.database.dialect != &postgres_dialect)
        return STATUS_OK;
    enum status status =
        session_query(e->target.session, NULL, NULL, "SET CONSTRAINTS ALL IMMEDIATE", 0, NULL);
    if (status != STATUS_DATA)
        return status;
    f = *x->failure;
    failure_clear(x->failure);
    buffer_add_format(x->out, "\nthe COMMIT would be refused: %s\n", f.text);
    return STATUS_OK;
}

static enum status write_watched(struct explain *x, struct watch *w)
{
    struct events *e = &x->events;
    struct hold *outcome = arena_zalloc(&e->arena, ((size_t)e->n + 1) * sizeof *outcome);
    TRY(write_carried(e, &w->database, e->list, e->n, is_held, e, outcome));
    TRY(w->database.settle(w->database.self));
    watch_end(w);
    say_outcomes(x, outcome, &w->out);
    return check_deferred(x);
}

static enum status compile(struct explain *x, const struct explain_target *t)
{
    struct events *e = &x->events;
    TRY(event_target_init(&e->target, t->driver, t->sink, t->schema, t->zone, x->failure));
    TRY(events_compile_writes(e));
    return load_held(x, t->link);
}

enum status explain_write(struct explain *x, const struct explain_target *t,
                          enum status (*begin)(void *owner), void *owner)
{
    struct events *e = &x->events;
    struct watch w;
    x->failure = e->failure = t->failure;
    enum status status = compile(x, t);
    if (status == STATUS_OK)
        status = begin(owner);
    if (status == STATUS_OK) {
        watch_init(&w, &e->target, e->plans, e->program->nlines);
        status = write_watched(x, &w);
        watch_free(&w);
    }
    event_target_free(&e->target);
    return status;
}
