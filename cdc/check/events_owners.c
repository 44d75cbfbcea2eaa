/* Who writes what, over all links of the file: as the catalogs name it, for link/ownership.h. Flows
 * that did not compile are left out: their own faults come first. */
#include "check/events.h"
#include "link/ownership.h"

static bool any_case(const struct system *system)
{
    return system->engine != ENGINE_POSTGRES;
}

static struct owned_table table_of(const struct system *system, const char *schema,
                                   const char *name)
{
    return (struct owned_table){system->name, schema, name, any_case(system)};
}

/* ---- flows ---- */

static struct owned_read read_of(struct check *k, const struct system *system,
                                 const struct views *v, int table)
{
    const struct relation *r = views_table(v, table);
    int n = views_ncolumns(v, table);
    const char **columns = arena_alloc(&k->arena, sizeof *columns * ((size_t)n + 1));
    for (int i = 0; i < n; i++)
        columns[i] = r->columns[views_column(v, table, i)].name;
    return (struct owned_read){table_of(system, r->schema, r->name), columns, n};
}

static struct owned_write write_of(struct check *k, const struct system *system,
                                   const struct check_write *w)
{
    const struct stage *s = &w->stage;
    enum write_do op = w->write->op;
    struct owned_column *columns =
        arena_alloc(&k->arena, sizeof *columns * ((size_t)s->ncolumns + 1));
    int n = 0;
    for (int i = 0; i < s->ncolumns && op != WRITE_DELETE; i++) {
        const struct stage_column *c = &s->columns[i];
        if (c->key && op == WRITE_UPDATE)
            continue;
        columns[n++] = (struct owned_column){
            s->table->columns[c->target].name,
            c->once ? OWNED_ONCE : c->touch ? OWNED_TOUCH : OWNED};
    }
    return (struct owned_write){
        .table = table_of(system, s->table->schema, s->table->name),
        .columns = columns,
        .ncolumns = n,
        .makes_rows = op == WRITE_UPSERT || op == WRITE_INSERT,
        .removes_rows = op == WRITE_DELETE || w->write->ndelete_missing_in > 0,
        .line = w->write->line,
    };
}

static void add_flow(struct check *k, const struct check_link *l, const struct check_flow *f,
                     struct owner *out)
{
    const struct views *v = f->program->views;
    int ntables = views_ntables(v) + views_nalone(v);
    struct owned_read *reads = arena_alloc(&k->arena, sizeof *reads * ((size_t)ntables + 1));
    struct owned_write *writes =
        arena_alloc(&k->arena, sizeof *writes * ((size_t)f->nwrites + 1));
    *out = (struct owner){.link = l->lc->name, .name = FLOW_NAME(f), .line = f->flow->line,
                          .reads = reads, .nreads = ntables, .writes = writes};
    for (int i = 0; i < ntables; i++)
        reads[i] = read_of(k, l->lc->from, v, i);
    for (int i = 0; i < f->nwrites; i++)
        if (f->writes[i].made)
            writes[out->nwrites++] = write_of(k, l->lc->to, &f->writes[i]);
}

/* ---- plain links ---- */

static void add_table(struct check *k, const struct check_link *l, const struct check_table *t,
                      struct owner *out)
{
    struct owned_read *read = arena_alloc(&k->arena, sizeof *read);
    struct owned_write *write = arena_alloc(&k->arena, sizeof *write);
    *read = (struct owned_read){table_of(l->lc->from, t->source_schema, t->source_name), NULL,
                                ALL_COLUMNS};
    *write = (struct owned_write){.table = table_of(l->lc->to, t->target_schema, t->target_name),
                                  .ncolumns = ALL_COLUMNS,
                                  .makes_rows = true,
                                  .removes_rows = true,
                                  .line = t->flow->line};
    *out = (struct owner){
        .link = l->lc->name,
        .name = arena_format(&k->arena, "%s.%s", t->source_schema, t->source_name),
        .plain = true,
        .line = t->flow->line,
        .reads = read,
        .nreads = 1,
        .writes = write,
        .nwrites = 1,
    };
}

/* ---- all of them ---- */

static size_t count(const struct check *k)
{
    size_t n = 0;
    for (int i = 0; i < k->config->nlinks; i++)
        n += (size_t)(k->links[i].events ? k->links[i].events->nflows : k->links[i].ntables);
    return n;
}

static int collect(struct check *k, struct owner *owners)
{
    int n = 0;
    for (int i = 0; i < k->config->nlinks; i++) {
        const struct check_link *l = &k->links[i];
        for (int j = 0; l->events && j < l->events->nflows; j++)
            if (l->events->flows[j].compiled)
                add_flow(k, l, &l->events->flows[j], &owners[n++]);
        for (int j = 0; !l->events && j < l->ntables; j++)
            add_table(k, l, &l->tables[j], &owners[n++]);
    }
    return n;
}

static void say(void *check, const char *text)
{
    report_add(((struct check *)check)->report, VERDICT_MISSING, NULL, "%s", text);
}

static bool has_flows(const struct config *c)
{
    for (int i = 0; i < c->nlinks; i++)
        if (c->links[i].nevent_flows)
            return true;
    return false;
}

/* An event that is in no flow is kept to be compared, or forgotten. */
static void say_unused(struct check *k)
{
    const struct config *c = k->config;
    for (int e = 0; e < c->nevents; e++) {
        bool used = false;
        for (int i = 0; i < c->nlinks; i++)
            for (int j = 0; j < c->links[i].nevent_flows; j++)
                used = used || c->links[i].event_flows[j].event == &c->events[e];
        if (!used)
            report_add(k->report, VERDICT_NOTE, NULL,
                       "event %s (line %d) is in no flow: it is written nowhere", c->events[e].name,
                       c->events[e].line);
    }
}

static struct ownership_input input(struct check *k)
{
    struct owner *owners = arena_zalloc(&k->arena, sizeof *owners * (count(k) + 1));
    return (struct ownership_input){k->config->path, owners, collect(k, owners)};
}

void check_owners(struct check *k)
{
    if (!has_flows(k->config))
        return;
    const struct ownership_input in = input(k);
    if (ownership_find(&in, &k->arena, say, k) == 0)
        report_add(k->report, VERDICT_OK, NULL,
                   "each column that flows write has one writer, and nothing goes round");
    say_unused(k);
}

enum status check_owners_first(struct check *k, struct failure *f)
{
    const struct ownership_input in = input(k);
    return ownership_check(&in, f);
}
