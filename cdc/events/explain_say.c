/* The events of a change, as people read them; and why others say nothing. */
#include "events/explain_parts.h"

#include <string.h>
#include "events/object_json.h"

enum { SHOWN_BYTES = 200, SHOWN_EVENTS = 100 };

/* ---- events ---- */

static const char *op_name(enum event_op op)
{
    return op == EVENT_CREATED ? "created" : op == EVENT_CHANGED ? "changed" : "gone";
}

static void say_object(struct explain *x, const char *when, const struct object *o)
{
    if (o)
        buffer_add_format(x->out, "  %-6s  %s\n", when, object_json(o, &x->events.arena));
}

static const char *show(const struct value *v, struct arena *a)
{
    return v && v->kind != VALUE_NULL ? value_show(v, a, SHOWN_BYTES) : "null";
}

/* Of its own fields; the lists are seen in the objects. */
static void say_differences(struct explain *x, const struct event *event)
{
    struct arena *a = &x->events.arena;
    if (!event->before || !event->after)
        return;
    for (uint32_t i = 0; i < event->after->nfields; i++) {
        const struct object_field *now = &event->after->fields[i];
        const struct value *was = field_find(event->before, now->name, i);
        if (!was || !value_equal(was, &now->value))
            buffer_add_format(x->out, "  %s: %s -> %s\n", now->name, show(was, a),
                              show(&now->value, a));
    }
}

static enum status say_type(struct explain *x, const struct carried *c)
{
    struct failure f = {0};
    struct field_context context = {
        .arena = &x->events.arena, .zone = x->events.program->from, .failure = &f};
    struct envelope envelope;
    if (c->refused)
        buffer_add_format(x->out, "  refused: %s\n", c->refused);
    enum status status = tell_envelope(&x->events, c, &envelope, &context);
    if (status == STATUS_OK)
        buffer_add_format(x->out, "  type    %s (%s)\n", envelope.type, envelope.verb);
    else if (status == STATUS_DATA)
        buffer_add_format(x->out, "  refused: %s\n", f.text);
    else
        *x->failure = f;
    return status == STATUS_DATA ? STATUS_OK : status;
}

static enum status say_event(struct explain *x, const struct carried *c, uint32_t number)
{
    const struct event *event = &c->stated;
    buffer_add_format(x->out, "\nevent %u: %s %s, key %s\n", number, event->name,
                      c->refused ? "refused" : op_name(event->op), event->key);
    TRY(say_type(x, c));
    say_differences(x, event);
    say_object(x, "before", event->before);
    say_object(x, "after", event->after);
    return STATUS_OK;
}

enum status explain_say_events(struct explain *x)
{
    const struct events *e = &x->events;
    uint32_t number = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        if (i > 0 && tell_is_same(&e->list[i - 1], &e->list[i]))
            continue;
        if (++number <= SHOWN_EVENTS)
            TRY(say_event(x, &e->list[i], number));
    }
    if (number > SHOWN_EVENTS)
        buffer_add_format(x->out, "\nand %u events more\n", number - SHOWN_EVENTS);
    return STATUS_OK;
}

/* ---- those that say nothing ---- */

enum way { NOT_READ, LOOKED_UP, TOUCHES };

static enum way way_of(const struct event_definition *d, const char *table)
{
    if (strcmp(d->of, table) == 0)
        return TOUCHES;
    for (int i = 0; i < d->ntouched_by; i++)
        if (strcmp(d->touched_by[i].table, table) == 0)
            return TOUCHES;
    for (int i = 0; i < d->nlooks_up; i++)
        if (strcmp(d->looks_up[i], table) == 0)
            return LOOKED_UP;
    return NOT_READ;
}

static bool has_said(const struct explain *x, uint32_t from, uint32_t to, const char *name)
{
    for (uint32_t i = from; i < to; i++)
        if (strcmp(x->events.list[i].stated.name, name) == 0)
            return true;
    return false;
}

static bool is_read_alone(const struct views *v, const struct relation *r)
{
    for (int i = 0; i < views_nalone(v); i++)
        if (views_alone_table(v, i) == r)
            return true;
    return false;
}

/* The columns that are read are as they were? Of rows that events read alone that is not known. */
static bool changes_nothing(const struct explain *x, const struct change *c)
{
    const struct views *v = x->events.program->views;
    int i = 0;
    if (x->events.n > 0 || is_read_alone(v, c->relation))
        return false;
    while (i < views_ntables(v) && views_table(v, i) != c->relation)
        i++;
    if (i == views_ntables(v) || c->op != CHANGE_UPDATE)
        return false;
    for (int k = 0; k < views_ncolumns(v, i); k++) {
        int at = views_column(v, i, k);
        if (!value_equal(&c->before[at], &c->after[at]))
            return false;
    }
    return true;
}

static void say_columns(struct explain *x, const struct change *c)
{
    const struct views *v = x->events.program->views;
    buffer_add_format(x->out, "none of the columns that events read of %s is changed; these are",
                      c->relation->name);
    for (int i = 0; i < views_ntables(v); i++)
        for (int k = 0; views_table(v, i) == c->relation && k < views_ncolumns(v, i); k++)
            buffer_add_format(x->out, "%s %s", k ? "," : "",
                              c->relation->columns[views_column(v, i, k)].name);
    buffer_add_text(x->out, "\n");
}

/* Whose objects does the row reach? Those that its removal would change. */
static enum status probe(struct explain *x, const struct change *c)
{
    const struct change gone = {.op = CHANGE_DELETE, .relation = c->relation, .before = c->after};
    return c->after ? explain_evaluate(x, &gone, false) : STATUS_OK;
}

static void say_why(struct explain *x, const struct change *c, const struct event_definition *d,
                    bool reached)
{
    const char *why = "there is no object that the row leads to: the event's SQL leaves it out";
    if (way_of(d, c->relation->name) == LOOKED_UP)
        why = "it only looks the row up: such a change alone sends nothing";
    else if (reached)
        why = "its objects say the same as before";
    buffer_add_format(x->out, "\n%s: no event: %s\n", d->name, why);
}

enum status explain_say_silent(struct explain *x, const struct change *c)
{
    const struct event_program *p = x->events.program;
    uint32_t said = x->events.n;
    if (changes_nothing(x, c)) {
        buffer_add_text(x->out, "\nno event: ");
        say_columns(x, c);
        return STATUS_OK;
    }
    TRY(probe(x, c));
    for (int i = 0; i < p->ndefinitions; i++) {
        const struct event_definition *d = &p->definitions[i];
        if (way_of(d, c->relation->name) != NOT_READ && !has_said(x, 0, said, d->name))
            say_why(x, c, d, has_said(x, said, x->events.n, d->name));
    }
    x->events.n = said;
    return STATUS_OK;
}

/* ---- tables ---- */

static void say_tables(struct explain *x)
{
    const struct views *v = x->events.program->views;
    const char *between = " ";
    for (int i = 0; i < views_ntables(v); i++, between = ", ")
        buffer_add_format(x->out, "%s%s", between, views_table(v, i)->name);
    for (int i = 0; i < views_nalone(v); i++, between = ", ")
        buffer_add_format(x->out, "%s%s", between, views_alone_table(v, i)->name);
    buffer_add_text(x->out, "\n");
}

bool explain_reads(struct explain *x, const struct relation *r)
{
    const struct event_program *p = x->events.program;
    for (int i = 0; i < p->ndefinitions; i++)
        if (way_of(&p->definitions[i], r->name) != NOT_READ)
            return true;
    buffer_add_format(x->out, "no event: no event of link %s reads table %s; they read",
                      p->lc->name, r->name);
    say_tables(x);
    return false;
}
