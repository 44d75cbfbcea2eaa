/* What the mirror says becomes what flows write: an event for each flow of its type. */
#include "events/internal.h"

#include <string.h>
#include "events/let.h"
#include "events/typed.h"

enum { FIRST_EVENTS = 64 };

struct carried *carry_slot(struct events *e)
{
    if (e->n == e->capacity) {
        uint32_t capacity = e->capacity ? 2 * e->capacity : FIRST_EVENTS;
        struct carried *list = arena_alloc(&e->arena, capacity * sizeof *list);
        if (e->n)
            memcpy(list, e->list, e->n * sizeof *list);
        e->list = list;
        e->capacity = capacity;
    }
    struct carried *c = &e->list[e->n++];
    *c = (struct carried){.transaction = e->transaction, .index = e->index};
    return c;
}

void carry_forget(struct events *e)
{
    arena_reset(&e->arena);
    e->list = NULL;
    e->asking = NULL;
    e->n = e->capacity = e->transaction = 0;
}

bool carry_any_together(const struct events *e)
{
    for (int i = 0; i < e->program->nlines; i++)
        if (e->program->lines[i].flow->together)
            return true;
    return false;
}

/* ---- typing ---- */

/* What was refused is said with the event; anything but data ends the batch. */
static enum status refuse(struct events *e, struct carried *c, enum status status)
{
    if (status != STATUS_DATA)
        return status;
    c->refused = arena_strdup(&e->arena, e->failure->text);
    c->typed.before = c->typed.after = NULL;
    failure_clear(e->failure);
    return STATUS_OK;
}

static enum status type_one(struct events *e, const struct event_line *line,
                            const struct object *stated, const struct object **out)
{
    if (!stated)
        return STATUS_OK;
    TRY(typed_object(e->program, line->type, stated, &e->arena, out, e->failure));
    if (!line->let)
        return STATUS_OK;
    return let_add(line->let, *out, &e->arena, out, e->failure);
}

/* Is the old object needed? Where it is gone, or known by another key now. */
static bool wants_before(const struct event *stated, const struct event_type *type)
{
    if (stated->op != EVENT_CHANGED)
        return true;
    const struct value *before = field_find(stated->before, type->key, 0);
    const struct value *after = field_find(stated->after, type->key, 0);
    return !before || !after || !value_equal(before, after);
}

static enum status type_both(struct events *e, struct carried *c)
{
    const struct event_line *line = &e->program->lines[c->line];
    c->typed = c->stated;
    c->typed.before = c->typed.after = NULL;
    TRY(type_one(e, line, c->stated.after, &c->typed.after));
    if (c->stated.before && wants_before(&c->stated, line->type))
        return type_one(e, line, c->stated.before, &c->typed.before);
    return STATUS_OK;
}

enum status carry_event(struct events *e, const struct event *stated, const char *position,
                        int64_t committed_us)
{
    for (int i = 0; i < e->program->nlines; i++) {
        if (!event_flow_takes(e->program->lines[i].flow, stated->name, stated->type))
            continue;
        struct carried *c = carry_slot(e);
        c->line = i;
        c->stated = *stated;
        c->position = position;
        c->committed_us = committed_us;
        TRY(refuse(e, c, type_both(e, c)));
    }
    e->index++;
    return STATUS_OK;
}

void carry_refusal(struct events *e, const char *name, const char *object, const char *why)
{
    for (int i = 0; i < e->program->nlines; i++) {
        const struct event_line *line = &e->program->lines[i];
        if (!event_flow_takes(line->flow, name, line->type->name))
            continue;
        struct carried *c = carry_slot(e);
        c->line = i;
        c->position = e->at;
        c->stated = (struct event){.name = name, .type = line->type->name, .op = EVENT_CHANGED};
        c->stated.key = arena_format(&e->arena, "(object %s)", object);
        c->typed = c->stated;
        c->position = e->at;
        c->refused = arena_strdup(&e->arena, why);
    }
}
