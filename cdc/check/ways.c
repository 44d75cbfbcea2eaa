/* What spans links: two names for one database, and two ways for a row to reach one table. */
#include <inttypes.h>
#include <string.h>
#include "check/internal.h"

/* ---- two names for one database ---- */

/* PostgreSQL: a database is a system; MySQL, MariaDB: a server is. MariaDB has no id of its own. */
static const char *identity_sql(const struct check_side *side)
{
    if (check_is_postgres(side))
        return "SELECT system_identifier || '/' || (SELECT oid FROM pg_database"
               " WHERE datname = current_database()) FROM pg_control_system()";
    if (side->engine == ENGINE_MYSQL)
        return "SELECT @@global.server_uuid";
    return "SELECT concat(@@hostname, ':', @@global.port, ':', @@global.datadir)";
}

static enum status read_one(struct check *k, struct check_side *side, const char *sql,
                            const char **out)
{
    struct rows rows;
    *out = NULL;
    enum status status = session_query(side->session, &k->arena, &rows, sql, 0, NULL);
    if (status == STATUS_RETRY)
        return check_failed(k, side, "its identity");
    if (status == STATUS_OK && rows.nrows == 1)
        *out = rows_cell(&rows, 0, 0);
    return STATUS_OK;
}

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static void compare(struct check *k, struct check_side *a, struct check_side *b,
                    const char *const identity[2], const char *const id[2])
{
    if (a->system == b->system)
        return;
    if (a->engine == b->engine && same(identity[0], identity[1]))
        report_add(k->report, VERDICT_MISSING, NULL,
                   "systems %s and %s are one %s (%s): name it once", a->system->name,
                   b->system->name, check_is_postgres(a) ? "database" : "server", identity[0]);
    else if (same(id[0], id[1]))
        report_add(k->report, VERDICT_MISSING,
                   arena_format(&k->arena,
                                "DELETE FROM millrace.system; -- in the one of %s and %s "
                                "that is the copy",
                                a->system->name, b->system->name),
                   "systems %s and %s hold the same id %s in millrace.system: one is a copy of the "
                   "other",
                   a->system->name, b->system->name, id[0]);
}

enum status check_same_databases(struct check *k)
{
    const char **identity = arena_zalloc(&k->arena, sizeof *identity * (size_t)(k->nsides + 1));
    const char **id = arena_zalloc(&k->arena, sizeof *id * (size_t)(k->nsides + 1));
    for (int i = 0; i < k->nsides; i++) {
        struct check_side *side = &k->sides[i];
        if (!side->session)
            continue;
        TRY(read_one(k, side, identity_sql(side), &identity[i]));
        if (side->system->id)
            id[i] = arena_format(&k->arena, "%" PRId64, side->system->id);
        else if (side->session)
            TRY(read_one(k, side, "SELECT id FROM millrace.system WHERE one = 1", &id[i]));
        for (int j = 0; j < i; j++)
            if (k->sides[j].session)
                compare(k, &k->sides[j], side, (const char *[]){identity[j], identity[i]},
                        (const char *[]){id[j], id[i]});
    }
    return STATUS_OK;
}

/* ---- two ways to one table ---- */

enum { HOPS_MAX = 16 };

struct place {
    const struct system *system;
    const char *schema, *name;
};

struct walk {
    struct check *k;
    struct place path[HOPS_MAX];
    const struct check_link *links[HOPS_MAX]; /* links[i] leads from path[i] to path[i + 1] */
    int n;
    struct way { /* ends met so far, and the links of the first way there */
        struct place end;
        const char *by;
        struct way *next;
    } * ends;
};

static bool same_place(const struct place *a, const struct place *b)
{
    return a->system == b->system && strcmp(a->schema, b->schema) == 0 &&
           strcmp(a->name, b->name) == 0;
}

static bool was_passed(const struct walk *w, const struct system *system)
{
    for (int i = 0; i < w->n; i++)
        if (w->path[i].system == system)
            return true;
    return false;
}

static const char *way_text(struct walk *w)
{
    const char *text = w->links[0]->lc->name;
    for (int i = 1; i < w->n - 1; i++)
        text = arena_format(&w->k->arena, "%s, %s", text, w->links[i]->lc->name);
    return text;
}

static void arrive(struct walk *w)
{
    const struct place *end = &w->path[w->n - 1], *start = &w->path[0];
    for (struct way *way = w->ends; way; way = way->next) {
        if (!same_place(&way->end, end))
            continue;
        report_add(w->k->report, VERDICT_MISSING, NULL,
                   "rows of %s.%s in system %s reach %s.%s in system %s twice: by %s, and by %s; "
                   "leave the table out of one",
                   start->schema, start->name, start->system->name, end->schema, end->name,
                   end->system->name, way->by, way_text(w));
        return;
    }
    struct way *way = arena_alloc(&w->k->arena, sizeof *way);
    *way = (struct way){.end = *end, .by = way_text(w), .next = w->ends};
    w->ends = way;
}

static void walk_on(struct walk *w);

static void walk_table(struct walk *w, const struct check_link *l, const struct check_table *t)
{
    const struct place *here = &w->path[w->n - 1];
    if (strcmp(t->source_name, here->name) != 0 || strcmp(t->source_schema, here->schema) != 0)
        return;
    w->links[w->n - 1] = l;
    w->path[w->n++] = (struct place){l->lc->to, t->target_schema, t->target_name};
    arrive(w);
    walk_on(w);
    w->n--;
}

/* A transaction never enters a system twice: its path is cut there. */
static void walk_on(struct walk *w)
{
    const struct system *here = w->path[w->n - 1].system;
    for (int i = 0; w->n < HOPS_MAX && i < w->k->config->nlinks; i++) {
        const struct check_link *l = &w->k->links[i];
        if (l->events || l->lc->from != here || was_passed(w, l->lc->to))
            continue;
        for (int j = 0; j < l->ntables; j++)
            walk_table(w, l, &l->tables[j]);
    }
}

static bool begins_before(struct check *k, int link, const struct place *start)
{
    for (int i = 0; i < link; i++)
        for (int j = 0; !k->links[i].events && j < k->links[i].ntables; j++) {
            const struct check_table *t = &k->links[i].tables[j];
            struct place p = {k->links[i].lc->from, t->source_schema, t->source_name};
            if (same_place(&p, start))
                return true;
        }
    return false;
}

void check_ways(struct check *k)
{
    int missing = k->report->missing;
    for (int i = 0; i < k->config->nlinks; i++)
        for (int j = 0; j < k->links[i].ntables; j++) {
            const struct check_table *t = &k->links[i].tables[j];
            struct walk w = {.k = k, .n = 1};
            w.path[0] = (struct place){k->links[i].lc->from, t->source_schema, t->source_name};
            if (!k->links[i].events && !begins_before(k, i, &w.path[0]))
                walk_on(&w);
        }
    if (k->report->missing == missing)
        report_add(k->report, VERDICT_OK, NULL,
                   "there is one way at most from each table to "
                   "each other table");
}
