#include "events/explain.h"

#include <stdlib.h>
#include <string.h>
#include "events/explain_parts.h"

enum { STEP_OBJECTS = 1000 };

/* Positions in the mirror are numbers of one digit: filled, set, changed, asked why. */
static const char filled_at[] = "1";

static enum position_order order(void *context, const char *a, const char *b)
{
    (void)context;
    int o = strcmp(a, b);
    return o < 0 ? POSITION_BEFORE : o > 0 ? POSITION_AFTER : POSITION_EQUAL;
}

/* ---- opening ---- */

static enum status open_mirror(struct explain *x)
{
    struct mirror_options options = {
        .plan = "explain",
        .context = &x->events,
        .order = order,
        .refused = read_refused,
    };
    return mirror_open(x->events.program->views, &options, &x->events.mirror, x->failure);
}

void explain_program(const struct event_program *p, struct buffer *out)
{
    views_explain(p->views, out);
}

enum status explain_open(struct event_program *program, struct buffer *out, struct failure *f,
                         struct explain **x_out)
{
    struct explain *x = calloc(1, sizeof *x);
    must(x);
    struct events *e = &x->events;
    x->out = out;
    x->failure = e->failure = f;
    e->program = program;
    e->only_line = e->trying = -1;
    e->names.arena = &e->plans_arena;
    arena_init(&e->plans_arena);
    arena_init(&e->arena);
    e->source_name = arena_format(&e->plans_arena, "/%s", program->lc->from->name);
    *x_out = x;
    return open_mirror(x);
}

void explain_close(struct explain *x)
{
    if (!x)
        return;
    mirror_close(x->events.mirror);
    held_keys_free(x->events.held);
    arena_free(&x->events.arena);
    arena_free(&x->events.plans_arena);
    free(x);
}

/* ---- filling ---- */

int explain_ntables(const struct explain *x)
{
    return views_ntables(x->events.program->views);
}

const struct relation *explain_table(const struct explain *x, int i)
{
    return views_table(x->events.program->views, i);
}

void explain_columns(const struct explain *x, int i, bool *wanted)
{
    const struct views *v = x->events.program->views;
    for (int c = 0; c < views_ncolumns(v, i); c++)
        wanted[views_column(v, i, c)] = true;
}

enum status explain_fill(struct explain *x, const struct relation *r, const struct value *row)
{
    return mirror_fill(x->events.mirror, r, row, x->failure);
}

/* What the mirror has to say goes to the carried list: an event for each of its flows. */
static enum status drain(struct explain *x)
{
    struct events *e = &x->events;
    struct mirror_step step;
    do {
        TRY(mirror_evaluate(e->mirror, STEP_OBJECTS, &e->arena, &step, x->failure));
        for (uint32_t i = 0; i < step.nevents; i++)
            TRY(carry_event(e, &step.events[i], mirror_position(e->mirror), 0));
    } while (step.more);
    return STATUS_OK;
}

enum status explain_filled(struct explain *x)
{
    struct events *e = &x->events;
    TRY(mirror_resume(e->mirror, filled_at, x->failure));
    for (int i = 0; i < explain_ntables(x); i++) {
        TRY(mirror_complete(e->mirror, explain_table(x, i), filled_at,
                            MIRROR_BEGINS_QUIETLY, x->failure));
        TRY(drain(x));
    }
    carry_forget(e);
    return STATUS_OK;
}

/* ---- the change ---- */

static const char *next_position(struct explain *x)
{
    const char *at = mirror_position(x->events.mirror);
    return arena_format(&x->events.plans_arena, "%d", (at ? atoi(at) : 1) + 1);
}

enum status explain_evaluate(struct explain *x, const struct change *c, bool quiet)
{
    struct events *e = &x->events;
    const char *position = next_position(x);
    TRY(mirror_begin(e->mirror, position, x->failure));
    TRY(mirror_apply(e->mirror, c, 1, x->failure));
    TRY(mirror_end(e->mirror, position, quiet, x->failure));
    e->index = 0;
    TRY(drain(x));
    e->transaction++;
    return STATUS_OK;
}

enum status explain_set(struct explain *x, const struct change *c)
{
    TRY(explain_evaluate(x, c, true));
    carry_forget(&x->events);
    return STATUS_OK;
}

bool explain_has_events(const struct explain *x)
{
    return x->events.n > 0;
}

enum status explain_change(struct explain *x, const struct change *c)
{
    TRY(explain_evaluate(x, c, false));
    TRY(explain_say_events(x));
    return explain_say_silent(x, c);
}
