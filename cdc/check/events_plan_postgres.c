/* PostgreSQL's plan, as the sink runs it: sequential scans are switched off, so one that is in the
 * plan all the same has no index that serves. */
#include <jansson.h>
#include <string.h>
#include "check/events.h"
#include "db/postgres/pg.h"
#include "sinks/events/target.h"

enum { CONDITIONS_MAX = 256, SCANS_MAX = 64 };

struct plan {
    struct arena *arena;
    const char *conditions[CONDITIONS_MAX];
    const json_t *scans[SCANS_MAX];
    int nconditions, nscans;
};

static const char *member(const json_t *node, const char *name)
{
    const char *text = json_string_value(json_object_get(node, name));
    return text ? text : "";
}

static void walk(struct plan *p, const json_t *node)
{
    static const char *const conditions[] = {"Filter", "Join Filter", "Hash Cond", "Merge Cond"};
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
        if (*member(node, conditions[i]) && p->nconditions < CONDITIONS_MAX)
            p->conditions[p->nconditions++] = member(node, conditions[i]);
    if (strcmp(member(node, "Node Type"), "Seq Scan") == 0 && p->nscans < SCANS_MAX)
        p->scans[p->nscans++] = node;
    const json_t *below = json_object_get(node, "Plans");
    for (size_t i = 0; i < json_array_size(below); i++)
        walk(p, json_array_get(below, i));
}

struct taking {
    struct arena *arena;
    const char *prefix;
    struct lookup *lookup;
};

static void take_side(void *context, const char *side)
{
    struct taking *t = context;
    struct lookup *l = t->lookup;
    struct buffer b;
    const char *name = condition_column(side, t->prefix, t->arena), *sql;
    buffer_init(&b, 1 << 20);
    if (name)
        pg_add_name(&b, name);
    else
        buffer_add_format(&b, "(%s)", condition_unqualified(side, t->prefix, t->arena));
    sql = arena_strdup(t->arena, buffer_text(&b));
    buffer_free(&b);
    for (int i = 0; i < l->ncolumns; i++)
        if (strcmp(l->columns[i], sql) == 0)
            return;
    if (l->ncolumns == LOOKUP_COLUMNS_MAX)
        return;
    l->names[l->ncolumns] = name;
    l->columns[l->ncolumns++] = sql;
}

static const char *prefix_of(struct arena *a, const char *alias)
{
    struct buffer b;
    buffer_init(&b, 1 << 16);
    pg_add_name(&b, alias);
    const char *text = buffer_text(&b);
    bool plain = strspn(alias, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(alias);
    const char *prefix = arena_format(a, "%s.", plain ? alias : text);
    buffer_free(&b);
    return prefix;
}

static void take_scan(struct plan *p, const json_t *scan, struct lookup *out)
{
    struct taking t = {p->arena, prefix_of(p->arena, member(scan, "Alias")), out};
    *out = (struct lookup){.schema = arena_strdup(p->arena, member(scan, "Schema")),
                           .table = arena_strdup(p->arena, member(scan, "Relation Name"))};
    for (int i = 0; i < p->nconditions; i++)
        condition_sides(p->conditions[i], t.prefix, p->arena, take_side, &t);
}

static void read_plan(struct check *k, const struct value *text, struct lookups *out)
{
    struct plan p = {.arena = &k->arena};
    json_error_t error;
    json_t *root = json_loadb(text->text, text->size, 0, &error);
    walk(&p, json_object_get(json_array_get(root, 0), "Plan"));
    out->at = arena_zalloc(&k->arena, sizeof *out->at * (size_t)(p.nscans + 1));
    for (int i = 0; i < p.nscans; i++)
        take_scan(&p, p.scans[i], &out->at[out->n++]);
    json_decref(root);
}

enum status plan_postgres(struct check *k, struct event_target *t,
                          const struct event_statement *statement, struct lookups *out)
{
    struct event_statement explain = *statement;
    struct result result;
    *out = (struct lookups){0};
    explain.sql = arena_format(&k->arena, "EXPLAIN (FORMAT JSON, VERBOSE) %s", statement->sql);
    failure_clear(&k->failure);
    TRY(t->database.query(t, &explain, &k->arena, &result));
    if (result.nrows == 1 && result.ncolumns == 1)
        read_plan(k, &result.cells[0], out);
    return STATUS_OK;
}
