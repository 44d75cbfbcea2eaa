#include "transforms/functions/flow_parts.h"

#include <string.h>

uint8_t flow_held(const struct flow *f, int instruction, int reg)
{
    const struct program *p = f->program;
    return reg < 0 || reg >= p->nregisters ? 0 : f->held[instruction * p->nregisters + reg];
}

/* ---- ways ---- */

static void reach(struct run *r, int to)
{
    const struct program *p = r->program;
    if (to < 0 || to >= p->n)
        return;
    uint8_t *held = r->flow->held + (size_t)to * (size_t)p->nregisters;
    r->changed |= !r->flow->reached[to];
    r->flow->reached[to] = true;
    for (int reg = 0; reg < p->nregisters; reg++) {
        r->changed |= (r->now[reg] & ~held[reg]) != 0;
        held[reg] |= r->now[reg];
    }
}

/* A Return goes behind the Gosub of its register; a Yield and an EndCoroutine to the start of the
 * coroutine, behind any other Yield of it, and where that one goes when it has ended. */
static void reach_partners(struct run *r, const struct instruction *from, enum way way)
{
    for (int k = 0; k < r->program->n; k++) {
        const struct instruction *i = &r->program->at[k];
        if (i->p1 != from->p1)
            continue;
        if (instruction_is(i, "Gosub") || (way == ACROSS && instruction_is(i, "Yield")))
            reach(r, k + 1);
        if (way == ACROSS && instruction_is(i, "Yield") && i->p2 > 0)
            reach(r, i->p2);
        if (way == ACROSS && instruction_is(i, "InitCoroutine"))
            reach(r, i->p3);
    }
}

static void go_on(struct run *r, int at, enum way way)
{
    const struct instruction *i = &r->program->at[at];
    if (way == NEXT || way == BOTH || way == BACK || (way == JUMP && i->p2 == 0))
        reach(r, at + 1);
    if ((way == JUMP || way == BOTH || way == ANY_OF_THREE) && i->p2 > 0)
        reach(r, i->p2);
    if (way == ANY_OF_THREE) {
        reach(r, i->p1);
        reach(r, i->p3);
    }
    if (way == BACK || way == ACROSS)
        reach_partners(r, i, way);
}

static void run_one(struct run *r, int at)
{
    const struct program *p = r->program;
    const struct known_instruction *k = known_instruction_find(p->at[at].name);
    memcpy(r->now, r->flow->held + (size_t)at * (size_t)p->nregisters, (size_t)p->nregisters);
    if (k && k->effect)
        k->effect(r, &p->at[at]);
    go_on(r, at, k ? k->way : BOTH);
}

static void run_init(struct run *r, struct arena *a)
{
    const struct program *p = r->program;
    size_t nregisters = (size_t)p->nregisters, ncursors = (size_t)p->ncursors;
    r->flow->held = arena_zalloc(a, (size_t)p->n * nregisters);
    r->flow->reached = arena_zalloc(a, (size_t)p->n * sizeof(bool));
    r->registers = arena_zalloc(a, nregisters * sizeof *r->registers);
    r->flow->cursors = arena_zalloc(a, ncursors * sizeof *r->flow->cursors);
    r->pseudo = arena_alloc(a, ncursors * sizeof *r->pseudo);
    r->flow->opened = arena_alloc(a, ncursors * sizeof *r->flow->opened);
    memset(r->pseudo, 0xFF, ncursors * sizeof *r->pseudo);
    memset(r->flow->opened, 0xFF, ncursors * sizeof *r->flow->opened);
    r->columns = arena_zalloc(a, (size_t)p->n);
    r->now = arena_zalloc(a, nregisters);
}

void flow_run(struct flow *f, const struct guard *g, const struct program *p, struct arena *a)
{
    struct run r = {.flow = f, .program = p};
    *f = (struct flow){.program = p, .guard = g, .arena = a};
    run_init(&r, a);
    reach(&r, 0);
    do {
        r.changed = false;
        for (int i = 0; i < p->n; i++)
            if (f->reached[i])
                run_one(&r, i);
    } while (r.changed);
}
