/* A link with `flows`: which tables its views read, which it watches for others (events/watch.h), and
 * then part by part. */
#include "check/events.h"

#include <string.h>
#include <strings.h>
#include "base/nearest.h"

enum { NAME_DISTANCE = 3 };

/* ---- the source's tables ---- */

/* A MySQL server's other databases may hold tables of the same names: the system's own comes first.
 */
static bool is_elsewhere(const struct check_link *l, const struct rows *all, int row)
{
    const char *own = l->from->endpoint->database, *name = rows_cell(all, row, 1);
    if (check_is_postgres(l->from) || !own || strcmp(rows_cell(all, row, 0), own) == 0)
        return false;
    for (int i = 0; i < all->nrows; i++)
        if (strcmp(rows_cell(all, i, 1), name) == 0 && strcmp(rows_cell(all, i, 0), own) == 0)
            return true;
    return false;
}

static enum status add_table(struct check *k, struct check_link *l, const char *schema,
                             const char *name)
{
    struct check_table *t = &l->tables[l->ntables];
    *t = (struct check_table){.source_schema = schema, .source_name = name};
    if (check_describe(k, l->from, schema, name, &t->source) == STATUS_RETRY)
        return check_failed(k, l->from, name);
    l->ntables += t->source != NULL;
    return STATUS_OK;
}

static enum status take_tables(struct check *k, struct check_link *l, const struct rows *all)
{
    size_t n = (size_t)all->nrows + 1; /* with those that watch_tables adds */
    l->tables = arena_zalloc(&k->arena, sizeof *l->tables * n);
    l->events->relations = arena_zalloc(&k->arena, sizeof *l->events->relations * n);
    for (int i = 0; i < all->nrows; i++)
        if (event_program_reads(l->events->program, rows_cell(all, i, 1)) &&
            !is_elsewhere(l, all, i))
            TRY(add_table(k, l, rows_cell(all, i, 0), rows_cell(all, i, 1)));
    for (int i = 0; i < l->ntables; i++)
        l->events->relations[l->events->nrelations++] = l->tables[i].source;
    return STATUS_OK;
}

static void say_no_table(struct check *k, struct check_link *l, const struct rows *all,
                         const struct event_config *e, const char *name)
{
    struct nearest n = nearest_within(name, NAME_DISTANCE, NEAREST_LENIENT);
    for (int i = 0; i < all->nrows; i++) {
        if (strcmp(rows_cell(all, i, 1), name) == 0)
            return;
        nearest_offer(&n, rows_cell(all, i, 1));
    }
    bool hidden = !check_is_postgres(l->from);
    const char *own = l->from->endpoint->database;
    report_add(k->report, VERDICT_MISSING,
               hidden && own ? arena_format(&k->arena,
                                            "GRANT SELECT ON %s TO %s; -- if the table is there",
                                            check_qualified(k, l->from, own, name), l->from->role)
                             : NULL,
               "event %s (line %d): there is no table %s in system %s%s%s%s", e->name, e->line,
               name, l->from->system->name,
               hidden ? ", or the capture role may not see it" : "",
               n.name ? "; did you mean " : "", n.name ? n.name : "");
}

static void say_missing_tables(struct check *k, struct check_link *l, const struct rows *all)
{
    for (int i = 0; i < l->lc->nevent_flows; i++) {
        const struct event_config *e = l->lc->event_flows[i].event;
        say_no_table(k, l, all, e, e->of);
        for (int j = 0; j < e->ntouched_by; j++)
            say_no_table(k, l, all, e, e->touched_by[j].table);
        for (int j = 0; j < e->looks_up.n; j++)
            say_no_table(k, l, all, e, e->looks_up.name[j]);
    }
}

/* ---- what other links write into the source: watched for drift ---- */

static bool is_name(const struct check_link *l, const char *a, const char *b)
{
    return check_is_postgres(l->from) ? strcmp(a, b) == 0 : strcasecmp(a, b) == 0;
}

static bool has_table(const struct check_link *l, const char *schema, const char *name)
{
    for (int i = 0; i < l->ntables; i++)
        if (is_name(l, l->tables[i].source_schema, schema) &&
            is_name(l, l->tables[i].source_name, name))
            return true;
    return false;
}

/* On MySQL and MariaDB what the role may not read is not there for it: the link runs, and is blind. */
static void say_unseen(struct check *k, struct check_link *l, const char *schema, const char *name)
{
    if (check_is_postgres(l->from))
        return;
    report_add(k->report, VERDICT_WARN,
               arena_format(&k->arena, "GRANT SELECT ON %s TO %s; -- if the table is there",
                            check_qualified(k, l->from, schema, name), l->from->role),
               "%s: %s.%s is written by another link, and the capture role may not see it: what "
               "others change there (drift) is neither counted nor restored",
               l->from->system->name, schema, name);
}

static enum status watch_table(struct check *k, struct check_link *l, const struct rows *all,
                               const char *written)
{
    const char *dot = strchr(written, '.'), *name = dot ? dot + 1 : written;
    const char *own = check_is_postgres(l->from) ? "public" : l->from->endpoint->database;
    const char *schema =
        dot ? arena_copy(&k->arena, written, (size_t)(dot - written)) : own ? own : "";
    if (has_table(l, schema, name))
        return STATUS_OK;
    for (int i = 0; i < all->nrows; i++)
        if (is_name(l, rows_cell(all, i, 0), schema) && is_name(l, rows_cell(all, i, 1), name))
            return add_table(k, l, rows_cell(all, i, 0), rows_cell(all, i, 1));
    say_unseen(k, l, schema, name);
    return STATUS_OK;
}

static enum status watch_flow(struct check *k, struct check_link *l, const struct rows *all,
                              const struct event_flow *f)
{
    for (int i = 0; i < f->nwrites; i++)
        TRY(watch_table(k, l, all, f->writes[i].table));
    return STATUS_OK;
}

static enum status watch_tables(struct check *k, struct check_link *l, const struct rows *all)
{
    for (int i = 0; i < k->config->nlinks; i++) {
        const struct link_config *other = &k->config->links[i];
        for (int j = 0; other != l->lc && other->to == l->lc->from && j < other->nevent_flows; j++)
            TRY(watch_flow(k, l, all, &other->event_flows[j]));
    }
    return STATUS_OK;
}

enum status check_events_find(struct check *k, struct check_link *l)
{
    struct rows all;
    l->events = arena_zalloc(&k->arena, sizeof *l->events);
    failure_clear(&k->failure);
    if (event_program_load(k->config, l->lc, &l->events->program, &k->failure) != STATUS_OK) {
        report_add(k->report, VERDICT_MISSING, NULL, "%s", k->failure.text);
        event_program_free(l->events->program);
        l->events->program = NULL;
        return STATUS_OK;
    }
    if (!l->from->session)
        return STATUS_RETRY;
    const char *sql = check_is_postgres(l->from) ? postgres_tables_sql : mysql_tables_sql;
    if (session_query(l->from->session, &k->arena, &all, sql, 0, NULL) != STATUS_OK)
        return check_failed(k, l->from, "the tables");
    TRY(take_tables(k, l, &all));
    say_missing_tables(k, l, &all);
    return k->owners_only ? STATUS_OK : watch_tables(k, l, &all);
}

/* ---- the parts ---- */

enum status check_events(struct check *k, struct check_link *l)
{
    if (!l->events->program)
        return STATUS_OK;
    for (int i = 0; i < l->ntables && !k->owners_only; i++)
        TRY(check_source_table(k, l, &l->tables[i]));
    TRY(check_event_views(k, l));
    if (!l->to || !l->to->session)
        return STATUS_OK;
    return check_event_writes(k, l);
}

void check_events_free(struct check_link *l)
{
    if (!l->events)
        return;
    for (int i = 0; i < l->events->nflows; i++)
        event_program_free(l->events->flows[i].program);
    event_program_free(l->events->program);
    check_target_close(l->events);
}
