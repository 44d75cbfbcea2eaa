/* Which tables a link maps, and by what plan. Resolved once an attempt, from the catalogs of both
 * sides; a layout that the log shows later gets a plan of its own when it is first met. */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "link/internal.h"

static int by_source_name(const void *a, const void *b)
{
    const struct table_name *x = &((const struct mapped_table *)a)->source;
    const struct table_name *y = &((const struct mapped_table *)b)->source;
    int order = strcmp(x->schema, y->schema);
    return order ? order : strcmp(x->name, y->name);
}

static struct mapped_table *find(const struct mapping *m, const char *schema, const char *name)
{
    struct mapped_table key = {.source = {schema, name}};
    if (m->ntables == 0)
        return NULL;
    return bsearch(&key, m->tables, (size_t)m->ntables, sizeof key, by_source_name);
}

bool mapping_wanted(void *mapping, const char *schema, const char *table)
{
    return find(mapping, schema, table) != NULL;
}

static void say_empty_patterns(struct attempt *a)
{
    for (int i = 0; i < a->lc->nflows; i++) {
        const struct flow *f = &a->lc->flows[i];
        bool found = !f->pattern;
        for (int t = 0; t < a->mapping.ntables && !found; t++)
            found = a->mapping.tables[t].flow == f;
        if (!found)
            log_warn("link=%s msg=\"the pattern %s.%s finds no table that the capture role may "
                     "see\" line=%d",
                     a->lc->name, f->source_schema, f->source_table, f->line);
    }
}

/* A flow that names one table must find it; a pattern may find none. */
static enum status check_exact_flows(struct attempt *a)
{
    for (int i = 0; i < a->lc->nflows; i++) {
        const struct flow *f = &a->lc->flows[i];
        if (!f->pattern && !find(&a->mapping, f->source_schema, f->source_table))
            return fail(&a->failure, ERROR_NO_TABLE,
                        "table %s.%s is not in system %s (or its capture role may not see it); "
                        "mapped at line %d of the config",
                        f->source_schema, f->source_table, a->lc->from->name, f->line);
    }
    say_empty_patterns(a);
    if (a->mapping.ntables == 0)
        return fail(&a->failure, ERROR_NO_TABLE, "no table of system %s is mapped",
                    a->lc->from->name);
    return STATUS_OK;
}

void mapping_sort(struct mapping *m)
{
    qsort(m->tables, (size_t)m->ntables, sizeof *m->tables, by_source_name);
    m->names = arena_alloc(&m->arena, sizeof *m->names * (size_t)(m->ntables + 1));
    for (int i = 0; i < m->ntables; i++)
        m->names[i] = m->tables[i].source;
}

static enum status list_tables(struct attempt *a)
{
    struct mapping *m = &a->mapping;
    struct table_name *all;
    int n;
    TRY(a->source_driver->tables(a->source, &m->arena, &all, &n));
    m->tables = arena_zalloc(&m->arena, sizeof *m->tables * (size_t)(n + 1));
    for (int i = 0; i < n; i++) {
        struct mapped_table t = {.source = all[i]};
        t.flow = link_flow(a->lc, all[i].schema, all[i].name, &m->arena, &t.target.schema,
                           &t.target.name);
        if (!t.flow || strcmp(all[i].schema, "millrace") == 0)
            continue;
        t.label = arena_format(&m->arena, "%s.%s", t.target.schema, t.target.name);
        m->tables[m->ntables++] = t;
    }
    mapping_sort(m);
    return check_exact_flows(a);
}

static enum status compile(struct attempt *a, struct mapped_table *t, const struct relation *r,
                           struct plan **out)
{
    return plan_compile(t->flow, r, t->written, a->mapping.from, a->mapping.to, &a->mapping.arena,
                        out, &a->failure);
}

/* The null sink has no tables: rows pass as they are. */
static enum status describe_target(struct attempt *a, struct mapped_table *t)
{
    if (!a->sink_driver->describe) {
        t->written = t->relation;
        return STATUS_OK;
    }
    TRY(attempt_writer_failed(a, a->sink_driver->describe(a->writer.apply.sink, t->target.schema,
                                                          t->target.name, &t->written)));
    ((struct relation *)t->written)->plan = t;
    return STATUS_OK;
}

static enum status describe_both(struct attempt *a, struct mapped_table *t)
{
    TRY(a->source_driver->describe(a->source, t->source.schema, t->source.name, &t->relation));
    TRY(describe_target(a, t));
    return compile(a, t, t->relation, &t->plan);
}

enum status mapping_resolve(struct attempt *a)
{
    TRY(zone_load(a->lc->from->zone, &a->mapping.from, &a->failure));
    TRY(zone_load(a->lc->to->zone, &a->mapping.to, &a->failure));
    TRY(list_tables(a));
    for (int i = 0; i < a->mapping.ntables; i++)
        TRY(describe_both(a, &a->mapping.tables[i]));
    return STATUS_OK;
}

/* What relation->plan of a source's relation points to. */
struct compiled {
    struct plan *plan;
    struct mapped_table *table;
};

static enum status compile_met(struct attempt *a, const struct relation *r, struct compiled **out)
{
    struct compiled *c = arena_zalloc(&a->mapping.arena, sizeof *c);
    c->table = find(&a->mapping, r->schema, r->name);
    if (!c->table)
        return fail(&a->failure, ERROR_INTERNAL, "table %s.%s came without being mapped", r->schema,
                    r->name);
    TRY(compile(a, c->table, r, &c->plan));
    ((struct relation *)r)->plan = c;
    *out = c;
    return STATUS_OK;
}

enum status mapping_plan(struct attempt *a, const struct relation *r, struct plan **out,
                         struct mapped_table **table)
{
    struct compiled *c = r->plan;
    if (!c)
        TRY(compile_met(a, r, &c));
    *out = c->plan;
    *table = c->table;
    return STATUS_OK;
}

void mapping_free(struct mapping *m)
{
    arena_free(&m->arena);
    m->tables = NULL;
    m->ntables = 0;
}
