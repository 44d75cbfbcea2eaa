/* A link's tables: which they are, whether the servers let us, and what becomes of each column. */
#include <stdlib.h>
#include <string.h>
#include "check/internal.h"
#include "db/mysql/my.h"
#include "db/postgres/pg.h"
#include "model/zone.h"
#include "transforms/plan.h"

enum { TEXT_MAX = 16 << 20 };

/* ---- which tables ---- */

static int by_source_name(const void *a, const void *b)
{
    const struct check_table *x = a, *y = b;
    int order = strcmp(x->source_schema, y->source_schema);
    return order ? order : strcmp(x->source_name, y->source_name);
}

enum status check_describe(struct check *k, struct check_side *side, const char *schema,
                           const char *name, struct relation **out)
{
    *out = NULL;
    if (!side || !side->session)
        return STATUS_RETRY;
    failure_clear(&k->failure);
    if (check_is_postgres(side))
        return pg_describe((struct pg *)side->session, schema, name, side->reads, &k->arena, out);
    return my_describe((struct my *)side->session, schema, name, &k->arena, out);
}

static enum status describe_table(struct check *k, struct check_link *l, struct check_table *t)
{
    if (check_describe(k, l->from, t->source_schema, t->source_name, &t->source) == STATUS_RETRY)
        return check_failed(k, l->from, t->source_name);
    if (!l->to || !l->to->session)
        return STATUS_OK;
    if (check_describe(k, l->to, t->target_schema, t->target_name, &t->target) == STATUS_RETRY)
        return check_failed(k, l->to, t->target_name);
    return STATUS_OK;
}

static void add_table(struct check *k, struct check_link *l, const char *schema, const char *name)
{
    struct check_table *t = &l->tables[l->ntables];
    *t = (struct check_table){.source_schema = schema, .source_name = name};
    t->flow = link_flow(l->lc, schema, name, &k->arena, &t->target_schema, &t->target_name);
    l->ntables += t->flow != NULL;
}

enum status check_tables_find(struct check *k, struct check_link *l)
{
    struct rows rows;
    if (!l->from->session)
        return STATUS_RETRY;
    const char *sql = check_is_postgres(l->from) ? postgres_tables_sql : mysql_tables_sql;
    if (session_query(l->from->session, &k->arena, &rows, sql, 0, NULL) != STATUS_OK)
        return check_failed(k, l->from, "the tables");
    l->tables = arena_zalloc(&k->arena, sizeof *l->tables * ((size_t)rows.nrows + 1));
    for (int i = 0; i < rows.nrows; i++)
        add_table(k, l, rows_cell(&rows, i, 0), rows_cell(&rows, i, 1));
    qsort(l->tables, (size_t)l->ntables, sizeof *l->tables, by_source_name);
    for (int i = 0; i < l->ntables; i++)
        TRY(describe_table(k, l, &l->tables[i]));
    return STATUS_OK;
}

static bool is_found(const struct check_link *l, const struct flow *f)
{
    for (int i = 0; i < l->ntables; i++)
        if (l->tables[i].flow == f)
            return true;
    return false;
}

/* MySQL shows a table only to who has a right on it; PostgreSQL shows all. */
static void say_not_found(struct check *k, struct check_link *l, const struct flow *f)
{
    struct report *r = k->report;
    if (f->pattern) {
        report_add(r, VERDICT_WARN, NULL, "the pattern %s.%s (line %d) finds no table%s",
                   f->source_schema, f->source_table, f->line,
                   check_is_postgres(l->from) ? "" : " that the capture role may see");
    } else if (check_is_postgres(l->from)) {
        report_add(r, VERDICT_MISSING, NULL, "there is no table %s.%s in system %s (line %d)",
                   f->source_schema, f->source_table, l->from->system->name, f->line);
    } else {
        const char *table = check_qualified(k, l->from, f->source_schema, f->source_table);
        report_add(r, VERDICT_MISSING,
                   arena_format(&k->arena, "GRANT SELECT ON %s TO %s; -- if the table is there",
                                table, l->from->role),
                   "there is no table %s.%s in system %s, or the capture role may not see it "
                   "(line %d)",
                   f->source_schema, f->source_table, l->from->system->name, f->line);
    }
}

/* ---- columns ---- */

/* Names of the target that no source column, and no constant, goes to. */
static bool has_counterpart(const struct check_table *t, const char *target_column)
{
    for (int i = 0; i < t->flow->nrenames; i++) {
        if (strcmp(t->flow->renames[i].to, target_column) == 0)
            return relation_column(t->source, t->flow->renames[i].from) != NULL;
        if (strcmp(t->flow->renames[i].from, target_column) == 0)
            return false;
    }
    for (int i = 0; i < t->flow->ndrop; i++)
        if (strcmp(t->flow->drop[i], target_column) == 0)
            return false;
    return relation_column(t->source, target_column) != NULL;
}

/* The way back, as if a flow mapped it: for what a value would suffer there. */
static struct flow reversed(struct check *k, const struct check_table *t)
{
    const struct flow *f = t->flow;
    struct flow back = {.pattern = true, .nrenames = f->nrenames};
    size_t n = (size_t)t->target->ncolumns + 1;
    back.renames = arena_zalloc(&k->arena, sizeof *back.renames * ((size_t)f->nrenames + 1));
    back.drop = arena_zalloc(&k->arena, sizeof *back.drop * n);
    for (int i = 0; i < f->nrenames; i++)
        back.renames[i] = (struct rename){.from = f->renames[i].to, .to = f->renames[i].from};
    for (int i = 0; i < t->target->ncolumns; i++)
        if (!has_counterpart(t, t->target->columns[i].name))
            back.drop[back.ndrop++] = t->target->columns[i].name;
    return back;
}

/* What plan_describe says of "a x -> b y: ", in its text; NULL: nothing. */
static const char *judgement(struct check *k, const char *text, const char *prefix)
{
    const char *at = strstr(text, prefix);
    if (!at || (at != text && at[-1] != '\n'))
        return NULL;
    at += strlen(prefix);
    return arena_copy(&k->arena, at, strcspn(at, "\n"));
}

static const char *describe_plan(struct check *k, const struct plan *p)
{
    struct buffer b;
    buffer_init(&b, TEXT_MAX);
    plan_describe(p, &b);
    const char *text = arena_strdup(&k->arena, buffer_text(&b));
    buffer_free(&b);
    return text;
}

/* "a x -> b y: same" -> "b y -> a x: ", the beginning of the line of the way back. */
static const char *turned(struct check *k, const char *line, size_t size)
{
    char *copy = arena_copy(&k->arena, line, size);
    char *arrow = strstr(copy, " -> ");
    char *colon = arrow ? strstr(arrow, ": ") : NULL;
    if (!colon)
        return NULL;
    *arrow = *colon = '\0';
    return arena_format(&k->arena, "%s -> %s: ", arrow + 4, copy);
}

static void say_columns(struct check *k, const char *there, const char *back)
{
    for (const char *line = there; *line;) {
        size_t size = strcspn(line, "\n");
        const char *prefix = back ? turned(k, line, size) : NULL;
        const char *other = prefix ? judgement(k, back, prefix) : NULL;
        fprintf(k->report->out, "             %.*s%s%s\n", (int)size, line, other ? "; back: " : "",
                other ? other : "");
        line += size + (line[size] == '\n');
    }
}

static enum status compile(struct check *k, const struct check_link *l, const struct flow *flow,
                           const struct relation *from, const struct relation *to, bool back,
                           struct plan **out)
{
    const struct zone *a, *b;
    TRY(zone_load(l->lc->from->zone, &a, &k->failure));
    TRY(zone_load(l->lc->to->zone, &b, &k->failure));
    return plan_compile(flow, from, to, back ? b : a, back ? a : b, &k->arena, out, &k->failure);
}

static void check_columns(struct check *k, struct check_link *l, struct check_table *t)
{
    struct plan *plan, *back_plan;
    const char *back = NULL;
    if (compile(k, l, t->flow, t->source, t->target, false, &plan) != STATUS_OK) {
        report_add(k->report, VERDICT_MISSING, NULL, "%s", k->failure.text);
        return;
    }
    report_add(k->report, VERDICT_OK, NULL, "%s.%s -> %s.%s: every column has its place",
               t->source_schema, t->source_name, t->target_schema, t->target_name);
    /* The way back is judged column by column alone: old rows are not its concern. */
    struct relation from = *t->target;
    from.full_before = true;
    struct flow f = reversed(k, t);
    if (compile(k, l, &f, &from, t->source, true, &back_plan) == STATUS_OK)
        back = describe_plan(k, back_plan);
    say_columns(k, describe_plan(k, plan), back);
}

static void check_row_keys(struct check *k, const struct check_table *t)
{
    if (t->target->nkey > 0)
        return;
    report_add(k->report, VERDICT_WARN, NULL,
               "%s.%s has no key at the target: each update and delete looks for its row by all "
               "columns, one by one, and of equal rows one is as good as another; its first copy "
               "starts over as a whole after a break",
               t->target_schema, t->target_name);
}

/* ---- what the servers let us do ---- */

/* The columns that may be written, up to `max`, as SQL. */
static const char *writable_columns(struct check *k, const struct check_side *side,
                                    const struct relation *r, int max)
{
    struct buffer b;
    int n = 0;
    buffer_init(&b, TEXT_MAX);
    for (int i = 0; i < r->ncolumns && n < max; i++)
        if (!r->columns[i].generated)
            buffer_add_format(&b, "%s%s", n++ ? ", " : "",
                              check_identifier(k, side, r->columns[i].name));
    const char *text = arena_strdup(&k->arena, n ? buffer_text(&b) : "NULL");
    buffer_free(&b);
    return text;
}

static enum status check_side_table(struct check *k, struct check_side *side, const char *schema,
                                    const char *name, const struct relation *r, bool locked)
{
    const struct check_name names[] = {
        {"schema", check_literal(k, side, schema)},
        {"name", check_literal(k, side, name)},
        {"schema_name", check_identifier(k, side, schema)},
        {"table", check_qualified(k, side, schema, name)},
        {"column", writable_columns(k, side, r, 1)},
        {"columns", writable_columns(k, side, r, r->ncolumns)},
        {"role", side->role},
        {"grantee", check_literal(k, side, side->role)},
        {NULL, NULL},
    };
    const char *subject = arena_format(&k->arena, "%s: %s.%s", side->system->name, schema, name);
    if (locked)
        TRY(check_rows(k, side, subject, mysql_lock_rows, names));
    const struct check_row *rows =
        check_is_postgres(side)
            ? (side->reads ? postgres_source_table_rows : postgres_target_table_rows)
            : (side->reads ? mysql_source_table_rows : mysql_target_table_rows);
    return check_rows(k, side, subject, rows, names);
}

/* MySQL's catalog hides what the role may not see, so one answer serves both. */
static void say_no_target(struct check *k, struct check_link *l, const struct check_table *t)
{
    const char *table = check_qualified(k, l->to, t->target_schema, t->target_name);
    report_add(k->report, VERDICT_MISSING,
               check_is_postgres(l->to)
                   ? NULL
                   : arena_format(&k->arena,
                                  "GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %s; -- if the "
                                  "table is there",
                                  table, l->to->role),
               "%s: there is no table %s.%s for %s.%s: create it%s", l->to->system->name,
               t->target_schema, t->target_name, t->source_schema, t->source_name,
               check_is_postgres(l->to) ? "" : ", or let the apply role see it");
}

/* Does the first copy lock the table? (cdc/mysql/snapshot.c) */
static enum status is_locked(struct check *k, struct check_link *l, const struct check_table *t,
                             bool *locked)
{
    bool gtids;
    *locked = false;
    if (l->from->engine != ENGINE_MYSQL || !l->lc->copies || l->lc->first_copy == COPY_NONE)
        return STATUS_OK;
    TRY(check_mysql_gtids(k, l->from, &gtids));
    *locked = !gtids || t->source->nkey == 0 || l->keys_hold;
    return STATUS_OK;
}

enum status check_source_table(struct check *k, struct check_link *l, struct check_table *t)
{
    bool locked = false;
    if (!t->source)
        return STATUS_OK;
    TRY(is_locked(k, l, t, &locked));
    return check_side_table(k, l->from, t->source_schema, t->source_name, t->source, locked);
}

static enum status check_table(struct check *k, struct check_link *l, struct check_table *t)
{
    TRY(check_source_table(k, l, t));
    if (!l->to || !l->to->session)
        return STATUS_OK;
    if (!t->target) {
        say_no_target(k, l, t);
        return STATUS_OK;
    }
    TRY(check_side_table(k, l->to, t->target_schema, t->target_name, t->target, false));
    if (t->source)
        check_columns(k, l, t);
    check_row_keys(k, t);
    return STATUS_OK;
}

enum status check_tables(struct check *k, struct check_link *l)
{
    for (int i = 0; i < l->lc->nflows; i++)
        if (!is_found(l, &l->lc->flows[i]))
            say_not_found(k, l, &l->lc->flows[i]);
    if (l->ntables == 0)
        report_add(k->report, VERDICT_MISSING, NULL, "link %s maps no table", l->lc->name);
    for (int i = 0; i < l->ntables; i++)
        TRY(check_table(k, l, &l->tables[i]));
    return STATUS_OK;
}
