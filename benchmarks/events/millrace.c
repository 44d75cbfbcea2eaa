/* Millrace's own path from recorded batches to the null sink: views, mirror, and events that are
 * counted and read. */
#include <stdio.h>
#include <stdlib.h>

#include "sides.h"
#include "transforms/events/event_functions.h"
#include "transforms/mirror/mirror.h"

static struct views *compile(struct side *s, struct event_functions *functions)
{
    struct views_options options;
    struct failure f = {0};
    struct views *v;
    bool assembled = s->scene->scenario == ASSEMBLED;
    *functions = (struct event_functions){
        .functions = s->functions, .relations = scene_relations, .nrelations = scene_nrelations};
    event_functions_views(functions, &options);
    side_check(views_compile(assembled ? &assembled_event : &stateless_event, 1, scene_relations,
                             scene_nrelations, &options, &v, &f), &f);
    must(views_need_file(v) == assembled);
    return v;
}

/* ---- the mirror ---- */

static enum position_order order(void *context, const char *a, const char *b)
{
    (void)context;
    long x = atol(a), y = atol(b);
    return x < y ? POSITION_BEFORE : x > y ? POSITION_AFTER : POSITION_EQUAL;
}

static void fill(struct side *s, struct mirror *m)
{
    struct failure f = {0};
    for (int i = 1; i <= PRODUCTS; i++)
        side_check(mirror_fill(m, &product, scene_product(s->scene, i), &f), &f);
    for (int i = 1; i <= UOMS; i++)
        side_check(mirror_fill(m, &uom, scene_uom(s->scene, i), &f), &f);
}

static void complete(struct mirror *m, const struct views *v)
{
    struct failure f = {0};
    struct arena a = {0};
    struct mirror_step step = {.more = true};
    for (int i = 0; i < views_ntables(v); i++)
        side_check(mirror_complete(m, views_table(v, i), "0", MIRROR_BEGINS_QUIETLY, &f), &f);
    while (step.more)
        side_check(mirror_evaluate(m, 1000, &a, &step, &f), &f);
    arena_free(&a);
}

static void commit(struct mirror *m, const char *position)
{
    struct failure f = {0};
    bool committed;
    side_check(mirror_commit(m, position, &committed, &f), &f);
    must(committed);
}

static struct mirror *open_mirror(struct side *s, const struct views *v)
{
    struct mirror_options options = {.path = s->path, .plan = "bench", .order = order};
    struct failure f = {0};
    struct mirror *m;
    side_check(mirror_open(v, &options, &m, &f), &f);
    side_check(mirror_resume(m, NULL, &f), &f);
    if (views_need_file(v)) {
        fill(s, m);
        complete(m, v);
        commit(m, "0");
        side_check(mirror_resume(m, "0", &f), &f);
    }
    return m;
}

/* ---- events ---- */

static void take_object(struct sum *s, const struct object *o)
{
    for (uint32_t i = 0; i < o->nfields; i++)
        sum_value(s, &o->fields[i].value);
    for (uint32_t l = 0; l < o->nlists; l++)
        for (uint32_t i = 0; i < o->lists[l].nelements; i++)
            take_object(s, &o->lists[l].elements[i]);
}

static void take_events(struct sum *s, const struct mirror_step *step)
{
    for (uint32_t i = 0; i < step->nevents; i++) {
        must(step->events[i].after);
        take_object(s, step->events[i].after);
        sum_end(s);
    }
}

static void pass(struct side *s, struct mirror *m, int i, struct arena *a)
{
    const struct transaction *t = &s->scene->transactions[i];
    struct mirror_step step = {.more = true};
    struct failure f = {0};
    char position[16];
    snprintf(position, sizeof position, "%d", i + 1);
    side_check(mirror_begin(m, position, &f), &f);
    side_check(mirror_apply(m, t->changes, t->n, &f), &f);
    side_check(mirror_end(m, position, false, &f), &f);
    while (step.more) {
        side_check(mirror_evaluate(m, 1000, a, &step, &f), &f);
        take_events(&s->sum, &step);
    }
    arena_reset(a);
    if (mirror_wants_commit(m))
        commit(m, position);
}

void millrace_run(struct side *s)
{
    struct arena a = {0};
    struct event_functions functions;
    struct views *v = compile(s, &functions);
    struct mirror *m = open_mirror(s, v);
    char last[16];
    snprintf(last, sizeof last, "%d", s->scene->ntransactions);
    double began = side_cpu_seconds();
    for (int i = 0; i < s->scene->ntransactions; i++)
        pass(s, m, i, &a);
    commit(m, last);
    s->seconds = side_cpu_seconds() - began;
    mirror_close(m);
    views_free(v);
    arena_free(&a);
}
