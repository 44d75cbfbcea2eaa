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
    e->replaced = NULL;
    e->n = e->capacity = e->transaction = e->refusals = 0;
}

bool carry_any_together(const struct events *e)
{
    for (int i = 0; i < e->program->nlines; i++)
        if (e->program->lines[i].flow->together)
            return true;
    return false;
}

/* ---- typing ---- */

enum status carry_refused(struct events *e, struct carried *c, enum status status)
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

enum status carry_type(struct events *e, struct carried *c)
{
    return carry_refused(e, c, type_both(e, c));
}

static bool is_taken(const struct events *e, int line, const char *name, const char *type)
{
    if (e->only_line >= 0 && line != e->only_line)
        return false;
    return event_flow_takes(e->program->lines[line].flow, name, type);
}

static enum status carry_to(struct events *e, int line, const struct event *stated,
                            const char *position, int64_t committed_us)
{
    bool nothing;
    struct event now = *stated;
    TRY(refusal_ends(e, line, &now, &nothing));
    if (nothing)
        return STATUS_OK;
    struct carried *c = carry_slot(e);
    c->line = line;
    c->stated = now;
    c->position = position;
    c->committed_us = committed_us;
    return carry_type(e, c);
}

enum status carry_event(struct events *e, const struct event *stated, const char *position,
                        int64_t committed_us)
{
    for (int i = 0; i < e->program->nlines; i++)
        if (is_taken(e, i, stated->name, stated->type))
            TRY(carry_to(e, i, stated, position, committed_us));
    e->index++;
    return STATUS_OK;
}

/* ---- what is none ---- */

static void add_refusal(struct events *e, int line, const struct kept *k, const char *key,
                        const char *why)
{
    struct carried *c = carry_slot(e);
    c->line = line;
    c->position = e->at;
    c->stated = (struct event){.name = k->name, .type = e->program->lines[line].type->name,
                               .op = EVENT_CHANGED, .key = key};
    c->typed = c->stated;
    c->refused = why;
    c->refused_rows = k;
    e->refusals++;
}

static enum status refuse_to(struct events *e, int line, const struct kept *k, bool gone,
                             const char *key, const char *why)
{
    bool over;
    struct event ended;
    struct kept *mine = arena_alloc(&e->arena, sizeof *mine);
    *mine = *k;
    TRY(refusal_continues(e, line, mine, key, gone, &over, &ended));
    if (!over)
        add_refusal(e, line, mine, key, why);
    return over && ended.type ? carry_to(e, line, &ended, e->at, 0) : STATUS_OK;
}

/* The row that is tried stays, and says why. */
static void refuse_tried(struct events *e, const char *why)
{
    e->list[e->trying].stays = false;
    e->list[e->trying].refused = why;
}

static struct kept keep_refusal(struct events *e, const struct mirror_refusal *r)
{
    struct kept k = {.kind = r->rows ? KEPT_ROWS : KEPT_TOLD,
                     .name = arena_strdup(&e->arena, r->event),
                     .rows = r->rows ? value_copy(r->rows, &e->arena) : value_null()};
    if (r->told)
        k.told = object_copy(r->told, &e->arena);
    return k;
}

/* What the mirror gives is valid until it is asked for the first thing. */
enum status carry_refusal(struct events *e, const struct mirror_refusal *r, const char *why)
{
    const struct kept k = keep_refusal(e, r);
    const char *key = refusal_key(e, r->object), *text = arena_strdup(&e->arena, why);
    bool gone = r->gone;
    if (e->trying >= 0) {
        refuse_tried(e, text);
        return STATUS_OK;
    }
    for (int i = 0; i < e->program->nlines; i++)
        if (is_taken(e, i, k.name, e->program->lines[i].type->name))
            TRY(refuse_to(e, i, &k, gone, key, text));
    return STATUS_OK;
}
