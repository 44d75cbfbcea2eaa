/* `events:`: the views that read objects out of source tables. */
#include "config/parts.h"
#include <string.h>
#include <strings.h>

const struct event_config *event_find(const struct config *c, const char *name)
{
    for (int i = 0; i < c->nevents; i++) {
        if (strcmp(c->events[i].name, name) == 0)
            return &c->events[i];
    }
    return NULL;
}

static bool is_query(const char *text)
{
    return strncasecmp(text, "select", 6) == 0 && strpbrk(text + 6, " \t\n") == text + 6;
}

static enum status read_touches(struct load *l, const struct node *touched_by,
                                struct event_config *e)
{
    if (!touched_by)
        return STATUS_OK;
    e->touched_by = arena_alloc(l->arena, (size_t)(touched_by->n + 1) * sizeof *e->touched_by);
    NODE_EACH(n, touched_by)
    {
        TRY(expect(l, n, NODE_SCALAR, "what a change touches"));
        struct touch_config *t = &e->touched_by[e->ntouched_by++];
        *t = (struct touch_config){.table = n->key->text, .line = n->line};
        if (is_query(n->text))
            t->query = sql_read(n);
        else
            t->column = n->text;
    }
    return STATUS_OK;
}

static enum status read_lists(struct load *l, const struct node *lists, struct event_config *e)
{
    if (!lists)
        return STATUS_OK;
    e->lists = arena_alloc(l->arena, (size_t)(lists->n + 1) * sizeof *e->lists);
    NODE_EACH(n, lists)
    {
        struct form f;
        TRY(form_read(l, SCOPE_LIST, n, &f));
        struct list_config *list = &e->lists[e->nlists++];
        *list = (struct list_config){.field = n->key->text,
                                     .key = f.text[LIST_KEY],
                                     .sql = sql_read(f.given[LIST_SQL]),
                                     .line = n->key->line};
    }
    return STATUS_OK;
}

/* A table has one part in an event: what its change means must be clear. */
static enum status check_parts(struct load *l, const struct node *at, const struct event_config *e)
{
    for (int i = 0; i < e->looks_up.n; i++) {
        const char *table = e->looks_up.name[i];
        if (strcmp(table, e->of) == 0)
            return wrong(l, at, "looks_up: %s is what the event is of", table);
        for (int j = 0; j < e->ntouched_by; j++) {
            if (strcmp(table, e->touched_by[j].table) == 0)
                return wrong(l, at, "%s is in touched_by and in looks_up: one of them", table);
        }
    }
    return STATUS_OK;
}

static enum status read_event(struct load *l, const struct node *n, struct event_config *e)
{
    struct form f;
    TRY(form_read(l, SCOPE_EVENT, n, &f));
    *e = (struct event_config){
        .name = n->key->text,
        .type = f.text[EVENT_TYPE] ? f.text[EVENT_TYPE] : n->key->text,
        .from = system_find(l->config, f.text[EVENT_FROM]),
        .of = f.text[EVENT_OF],
        .key = f.text[EVENT_KEY],
        .assembled = strcmp(f.text[EVENT_ASSEMBLED], "true") == 0,
        .sql = sql_read(f.given[EVENT_SQL]),
        .line = n->key->line,
    };
    if (!e->from)
        return wrong(l, f.given[EVENT_FROM], "there is no system \"%.60s\"", f.text[EVENT_FROM]);
    TRY(read_touches(l, f.given[EVENT_TOUCHED_BY], e));
    TRY(names_read(l, f.given[EVENT_LOOKS_UP], "looks_up", &e->looks_up));
    TRY(check_parts(l, n, e));
    return read_lists(l, f.given[EVENT_LISTS], e);
}

enum status events_read(struct load *l, const struct node *events)
{
    struct config *c = l->config;
    if (!events)
        return STATUS_OK;
    c->events = arena_alloc(l->arena, (size_t)(events->n + 1) * sizeof *c->events);
    NODE_EACH(n, events)
        TRY(read_event(l, n, &c->events[c->nevents++]));
    return STATUS_OK;
}
