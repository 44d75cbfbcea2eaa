/* `flows:` of a link: what its events write. */
#include "config/parts.h"
#include <string.h>
#include "base/nearest.h"

/* The word's place in the choice, which is the enum's order. */
static int word(const char *text, const char *const *words)
{
    int i = 0;
    while (strcmp(text, words[i]) != 0)
        i++;
    return i;
}

static enum write_else read_else(const char *text)
{
    static const char *const words[] = {
        [ELSE_WAIT] = "wait", [ELSE_QUARANTINE] = "quarantine", [ELSE_SKIP] = "skip"};
    return (enum write_else)word(text, words);
}

static enum write_do read_do(const char *text, bool gone)
{
    static const char *const words[] = {[WRITE_UPSERT] = "upsert", [WRITE_INSERT] = "insert",
                                        [WRITE_UPDATE] = "update", [WRITE_DELETE] = "delete"};
    if (!text)
        return gone ? WRITE_UPDATE : WRITE_UPSERT;
    return (enum write_do)word(text, words);
}

static enum status read_rounds(struct load *l, const struct node *round, struct write_config *w)
{
    static const char *const modes[] = {"half_up", "half_even", "up", "down", "ceiling", "floor"};
    if (!round)
        return STATUS_OK;
    w->rounds = arena_alloc(l->arena, (size_t)(round->n + 1) * sizeof *w->rounds);
    NODE_EACH(n, round)
    {
        bool known = false;
        TRY(expect(l, n, NODE_SCALAR, "a way to round"));
        for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
            known = known || strcmp(n->text, modes[i]) == 0;
        if (!known)
            return wrong(l, n,
                         "round: \"%.40s\", allowed: half_up, half_even, up, down, ceiling, floor",
                         n->text);
        w->rounds[w->nrounds++] = (struct round_config){n->key->text, n->text};
    }
    return STATUS_OK;
}

static enum status read_missing(struct load *l, const struct node *missing, struct write_config *w)
{
    if (!missing)
        return STATUS_OK;
    if (!w->lines)
        return wrong(l, missing->key, "delete_missing_in is for a write with `lines`");
    w->delete_missing_in = arena_alloc(l->arena, (size_t)(missing->n + 1) * sizeof(struct scope_config));
    NODE_EACH(n, missing)
    {
        TRY(expect(l, n, NODE_SCALAR, "a query"));
        w->delete_missing_in[w->ndelete_missing_in++] =
            (struct scope_config){n->key->text, sql_read(n)};
    }
    return STATUS_OK;
}

static const char *shared_name(const struct name_list *a, const struct name_list *b)
{
    for (int i = 0; i < a->n; i++) {
        for (int j = 0; j < b->n; j++) {
            if (strcmp(a->name[i], b->name[j]) == 0)
                return a->name[i];
        }
    }
    return NULL;
}

static enum status check_columns(struct load *l, const struct node *at, const struct write_config *w)
{
    const char *name = shared_name(&w->once, &w->touch);
    if (name)
        return wrong(l, at, "%s is in once and in touch: one of them", name);
    name = shared_name(&w->key, &w->touch);
    if (name)
        return wrong(l, at, "%s is the key: it cannot be in touch", name);
    if (w->once.n > 0 && w->op != WRITE_UPSERT)
        return wrong(l, at, "once is for `do: upsert`, which may insert or update");
    return STATUS_OK;
}

static enum status read_columns(struct load *l, const struct form *f, struct write_config *w)
{
    TRY(names_read(l, f->given[WRITE_KEY], "the key of a write", &w->key));
    TRY(names_read(l, f->given[WRITE_ONCE], "once", &w->once));
    TRY(names_read(l, f->given[WRITE_TOUCH], "touch", &w->touch));
    TRY(read_rounds(l, f->given[WRITE_ROUND], w));
    return check_columns(l, f->at, w);
}

enum { NAME_DISTANCE = 3 };

static bool has_list(const struct event_config *e, const char *field, struct nearest *near)
{
    for (int i = 0; i < e->nlists; i++) {
        if (strcmp(e->lists[i].field, field) == 0)
            return true;
        nearest_offer(near, e->lists[i].field);
    }
    return false;
}

static enum status read_write(struct load *l, const struct node *n, const struct event_config *e,
                              bool gone, struct write_config *w)
{
    struct form f;
    TRY(form_read(l, SCOPE_WRITE, n, &f));
    *w = (struct write_config){
        .table = f.text[WRITE_TABLE],
        .lines = f.text[WRITE_LINES],
        .op = read_do(f.text[WRITE_DO], gone),
        .if_no_row = read_else(f.text[WRITE_IF_NO_ROW]),
        .if_no_target = read_else(f.text[WRITE_IF_NO_TARGET]),
        .sql = sql_read(f.given[WRITE_SQL]),
        .line = n->line,
    };
    struct nearest near = nearest_within(w->lines ? w->lines : "", NAME_DISTANCE, NEAREST_LENIENT);
    if (w->lines && !has_list(e, w->lines, &near))
        return wrong(l, f.given[WRITE_LINES], "lines: event %s has no list %.60s%s%s", e->name,
                     w->lines, near.name ? "; did you mean " : "", near.name ? near.name : "");
    TRY(read_missing(l, f.given[WRITE_DELETE_MISSING_IN], w));
    return read_columns(l, &f, w);
}

static enum status read_writes(struct load *l, const struct node *writes,
                               const struct event_config *e, bool gone, struct write_config **out,
                               int *nout)
{
    *nout = 0;
    if (!writes)
        return STATUS_OK;
    if (writes->n == 0)
        return wrong(l, writes, "%s is empty", writes->key->text);
    *out = arena_alloc(l->arena, (size_t)writes->n * sizeof **out);
    NODE_EACH(n, writes)
        TRY(read_write(l, n, e, gone, &(*out)[(*nout)++]));
    return STATUS_OK;
}

bool event_flow_takes(const struct event_flow *f, const char *name, const char *type)
{
    return f->of_type ? strcmp(f->event->type, type) == 0 : strcmp(f->event->name, name) == 0;
}

/* An event's name; or the type that several events of the link's source make. */
static const struct event_config *find_event(const struct config *c, const char *name,
                                             const struct system *from, bool *of_type)
{
    const struct event_config *e = event_find(c, name);
    *of_type = !e;
    for (int i = 0; !e && i < c->nevents; i++)
        if (c->events[i].from == from && strcmp(c->events[i].type, name) == 0)
            e = &c->events[i];
    return e;
}

/* Would both carry one event? */
static bool meet(const struct event_flow *f, const struct event_config *e, bool of_type)
{
    return of_type ? strcmp(f->event->type, e->type) == 0 : event_flow_takes(f, e->name, e->type);
}

static enum status no_event(struct load *l, const struct node *at)
{
    struct nearest near = nearest_within(at->text, NAME_DISTANCE, NEAREST_LENIENT);
    for (int i = 0; i < l->config->nevents; i++)
        nearest_offer(&near, l->config->events[i].name);
    return wrong(l, at, "there is no event %.60s under `events`%s%s", at->text,
                 near.name ? "; did you mean " : "", near.name ? near.name : "");
}

static enum status check_event(struct load *l, const struct node *at,
                               const struct link_config *link, const struct event_config *e,
                               bool of_type)
{
    if (!e)
        return no_event(l, at);
    if (e->from != link->from)
        return wrong(l, at, "event %s is read from %s, and link %s reads from %s", at->text,
                     e->from->name, link->name, link->from->name);
    for (int i = 0; i < link->nevent_flows; i++) {
        if (meet(&link->event_flows[i], e, of_type))
            return wrong(l, at, "link %s has two flows of event %s: write both under one", link->name,
                         at->text);
    }
    return STATUS_OK;
}

static enum status read_flow(struct load *l, const struct node *n, struct link_config *link)
{
    struct form f;
    bool of_type;
    TRY(form_read(l, SCOPE_FLOW, n, &f));
    const struct node *at = f.given[FLOW_EVENT];
    const struct event_config *event = find_event(l->config, at->text, link->from, &of_type);
    TRY(check_event(l, at, link, event, of_type));
    struct event_flow *flow = &link->event_flows[link->nevent_flows++];
    *flow = (struct event_flow){
        .name = at->text,
        .event = event,
        .of_type = of_type,
        .let = sql_read(f.given[FLOW_LET]),
        .together = strcmp(f.text[FLOW_TOGETHER], "true") == 0,
        .quarantine_limit = f.number[FLOW_QUARANTINE_LIMIT],
        .wait_at_most_ms = f.number[FLOW_WAIT_AT_MOST],
        .on_drift = strcmp(f.text[FLOW_ON_DRIFT], "restore") == 0 ? DRIFT_RESTORE : DRIFT_FLAG,
        .line = n->line,
    };
    TRY(read_writes(l, f.given[FLOW_WRITE], event, false, &flow->writes, &flow->nwrites));
    return read_writes(l, f.given[FLOW_GONE], event, true, &flow->gone, &flow->ngone);
}

enum status event_flows_read(struct load *l, const struct node *flows, struct link_config *link)
{
    if (!flows)
        return STATUS_OK;
    if (flows->n == 0)
        return wrong(l, flows, "flows is empty");
    link->event_flows = arena_alloc(l->arena, (size_t)flows->n * sizeof *link->event_flows);
    NODE_EACH(n, flows)
        TRY(read_flow(l, n, link));
    return STATUS_OK;
}
