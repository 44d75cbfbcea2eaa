/* Somebody else changed what a link of ours wrote into our source: it is counted, and where the
 * flow says `restore` the link that owns it is asked for the object once more. */
#include "events/internal.h"

#include <string.h>
#include "base/log.h"
#include "events/watch.h"
#include "state/request.h"

enum { LOGGED_EACH = 20, LOGGED_EVERY = 1000 };

/* ---- seen ---- */

static bool is_same(const struct value *a, const struct value *b)
{
    return a->kind == b->kind && value_equal(a, b);
}

static const char *columns_of(struct events *e, const struct owned *o, const struct event *event)
{
    const char *text = "";
    if (event->op == EVENT_GONE)
        return "(the row)";
    for (uint32_t i = 1; i < event->after->nfields; i++)
        if (!is_same(&event->before->fields[i].value, &event->after->fields[i].value))
            text = arena_format(&e->arena, "%s%s%s", text, *text ? "," : "",
                                o->columns[i - 1]);
    return text;
}

/* The first ones, and then one in many: an application that saves whole rows does it all day. */
static void say(struct events *e, const struct owned *o, const struct event *event)
{
    uint64_t n = atomic_fetch_add(&e->figures->drifted, 1) + 1;
    if (n > LOGGED_EACH && n % LOGGED_EVERY != 0)
        return;
    log_warn("link=%s msg=\"drift: somebody else changed what link %s writes\" table=%s.%s row=%s "
             "columns=%s flow=%s action=%s drifted=%llu",
             e->program->lc->name, o->link, o->schema, o->table, log_quote(event->key),
             columns_of(e, o, event), o->flow, o->on_drift == DRIFT_RESTORE ? "restore" : "flag",
             (unsigned long long)n);
}

static void ask(struct events *e, const struct owned *o, const char *key)
{
    struct asking *a = arena_alloc(&e->arena, sizeof *a);
    *a = (struct asking){.next = e->asking, .owned = o, .key = key};
    e->asking = a;
}

void drift_event(struct events *e, int watch, const struct event *event)
{
    const struct owned *o = &e->program->owned[watch];
    if (event->op == EVENT_CREATED)
        return;
    say(e, o, event);
    if (o->on_drift == DRIFT_RESTORE && o->nkey == 1)
        ask(e, o, event->key);
}

/* ---- asking ---- */

static bool asked_before(const struct asking *first, const struct asking *a)
{
    for (; first != a; first = first->next)
        if (first->owned->link_id == a->owned->link_id && strcmp(first->key, a->key) == 0 &&
            strcmp(first->owned->flow, a->owned->flow) == 0)
            return true;
    return false;
}

enum status drift_ask(struct events *e)
{
    struct session *s = events_session(e);
    for (const struct asking *a = e->asking; a; a = a->next)
        if (!asked_before(e->asking, a))
            TRY(state_request(s, a->owned->link_id, a->owned->flow, a->key, e->failure));
    return STATUS_OK;
}

/* ---- asked ---- */

enum status drift_again(struct events *e, const char *flow, const char *key, bool by_key,
                        bool *found)
{
    const struct event_program *p = e->program;
    int line = keep_line_of(e, flow);
    *found = false;
    for (int i = 0; line >= 0 && i < p->ndefinitions; i++) {
        bool there = false;
        const struct event_definition *d = &p->definitions[i];
        if (watch_of(d->name) < 0 && event_flow_takes(p->lines[line].flow, d->name, d->type))
            TRY(mirror_again(e->mirror, d->name, key, by_key, &there, e->failure));
        *found = *found || there;
    }
    return STATUS_OK;
}

bool drift_is_alone(const struct events *e, int line)
{
    const struct views *v = e->program->views;
    for (int i = 0; i < e->program->ndefinitions; i++) {
        const struct event_definition *d = &e->program->definitions[i];
        if (watch_of(d->name) < 0 && views_event_is_alone(v, i) &&
            event_flow_takes(e->program->lines[line].flow, d->name, d->type))
            return true;
    }
    return false;
}

static const char *text_of(struct events *e, const struct value *v)
{
    return arena_copy(&e->arena, v->text, v->size);
}

static enum status answer(struct events *e, const struct value *request)
{
    bool found;
    if (request[REQUEST_LINK].i != e->apply->at.link)
        return STATUS_OK;
    const char *flow = text_of(e, &request[REQUEST_EVENT]);
    const char *key = text_of(e, &request[REQUEST_KEY]);
    TRY(drift_again(e, flow, key, true, &found));
    log_info("link=%s msg=\"%s\" flow=%s key=%s", e->program->lc->name,
             found ? "an object is asked for again" : "an object is asked for that there is not",
             flow, log_quote(key));
    return STATUS_OK;
}

enum status drift_answer(struct events *e, const struct change *changes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (changes[i].relation == &request_relation)
            TRY(answer(e, changes[i].after));
    return STATUS_OK;
}

/* ---- what we own ---- */

static struct owned own(struct events *e, const struct event_line *line, const struct stage *s)
{
    struct owned o = {.link = e->program->lc->name,
                      .flow = line->name,
                      .link_id = e->apply->at.link,
                      .on_drift = line->flow->on_drift,
                      .system = e->program->lc->to->name,
                      .schema = s->table->schema,
                      .table = s->table->name};
    const char **columns = arena_alloc(&e->arena, ((size_t)s->ncolumns + 1) * sizeof *columns);
    for (int i = 0; i < s->ncolumns; i++)
        if (!s->columns[i].once && !s->columns[i].touch && !s->columns[i].key)
            columns[o.ncolumns++] = s->columns[i].name;
    o.columns = columns;
    o.key = s->write->key.name;
    o.nkey = s->write->key.n;
    return o;
}

enum status drift_publish(struct events *e)
{
    int max = 0, n = 0;
    for (int i = 0; i < e->program->nlines; i++)
        max += e->plans[i].nwrites;
    struct owned *owned = arena_alloc(&e->arena, ((size_t)max + 1) * sizeof *owned);
    for (int i = 0; i < e->program->nlines; i++)
        for (int k = 0; k < e->plans[i].nwrites; k++)
            owned[n++] = own(e, &e->program->lines[i], &e->plans[i].writes[k]);
    enum status status = owned_publish(e->program->lc->name, owned, n, e->failure);
    carry_forget(e);
    return status;
}
