/* What flows write: each SELECT is described by the target, as the link does at its start, over a
 * sink of its own that writes nothing. */
#include <string.h>
#include "check/events.h"
#include "link/drivers.h"
#include "sinks/events/target.h"

enum { LOCK_WAIT_MS = 2000 };

/* ---- the target ---- */

static enum status open_sink(struct check *k, struct check_link *l, struct event_target *t)
{
    const struct zone *zone;
    const struct system *system = l->to->system;
    const struct sink_options options = {
        .endpoint = l->to->endpoint,
        .link = "check",
        .lock_wait_ms = LOCK_WAIT_MS,
        .wake = &k->wake,
        .failure = &k->failure,
    };
    const struct sink_driver *driver = sink_driver_of(system->engine);
    struct sink *sink;
    const char *schema = check_is_postgres(l->to) ? "public" : l->to->endpoint->database;
    TRY(zone_load(system->zone, &zone, &k->failure));
    TRY(driver->open(&options, &sink));
    t->driver = driver;
    t->sink = sink;
    l->events->target = t;
    TRY(event_target_init(t, driver, sink, schema, zone, &k->failure));
    t->by_index = true;
    return STATUS_OK;
}

void check_target_close(struct check_events *ev)
{
    if (!ev->target)
        return;
    ev->target->driver->close(ev->target->sink);
    event_target_free(ev->target);
}

static enum status open_target(struct check *k, struct check_link *l)
{
    if (!check_is_postgres(l->to) && !l->to->endpoint->database) {
        report_add(k->report, VERDICT_MISSING, NULL,
                   "system %s names no database, in which flows would find their tables: add "
                   "`database:`",
                   l->to->system->name);
        return STATUS_OK;
    }
    failure_clear(&k->failure);
    struct event_target *t = arena_zalloc(&k->arena, sizeof *t);
    if (open_sink(k, l, t) == STATUS_OK)
        return STATUS_OK;
    check_target_close(l->events);
    l->events->target = NULL;
    return check_failed(k, l->to, "what flows write");
}

/* ---- one write ---- */

static const char *names_of(struct check *k, const struct stage *s, bool (*has)(const void *c))
{
    const char *text = "";
    for (int i = 0; i < s->ncolumns; i++)
        if (has(&s->columns[i]))
            text = arena_format(&k->arena, "%s%s%s", text, *text ? ", " : "", s->columns[i].name);
    return text;
}

static bool is_key(const void *c)
{
    return ((const struct stage_column *)c)->key;
}

static bool is_written(const void *c)
{
    const struct stage_column *s = c;
    return !s->key && !s->once && !s->touch;
}

static bool is_once(const void *c)
{
    return ((const struct stage_column *)c)->once;
}

static bool is_touch(const void *c)
{
    return ((const struct stage_column *)c)->touch;
}

static void say_list(struct check *k, const char *what, const char *names)
{
    if (*names)
        fprintf(k->report->out, "             %s: %s\n", what, names);
}

static void say_made(struct check *k, const struct check_flow *f, const struct check_write *w)
{
    static const char *const words[] = {[WRITE_UPSERT] = "upserts",
                                        [WRITE_INSERT] = "inserts into",
                                        [WRITE_UPDATE] = "updates",
                                        [WRITE_DELETE] = "deletes from"};
    const struct stage *s = &w->stage;
    report_add(k->report, VERDICT_OK, NULL, "flow %s %s%s %s.%s (line %d)", FLOW_NAME(f),
               words[w->write->op], w->gone ? ", of what is gone," : "", s->table->schema,
               s->table->name, w->write->line);
    say_list(k, "found by", names_of(k, s, is_key));
    if (w->write->op == WRITE_DELETE)
        return;
    say_list(k, "writes", names_of(k, s, is_written));
    say_list(k, "once, when the row is made", names_of(k, s, is_once));
    say_list(k, "touches", names_of(k, s, is_touch));
}

static enum status say_refused(struct check *k, struct check_link *l, const struct check_flow *f,
                               const struct check_write *w)
{
    if (error_status(k->failure.code) == STATUS_RETRY)
        return check_failed(k, l->to, w->write->table);
    const char *what = arena_format(&k->arena, "flow %s", FLOW_NAME(f));
    if (k->failure.code == ERROR_PRIVILEGE)
        return say_select_refused(k, l, what, w->write->sql.text);
    const char *run = NULL, *point = strchr(w->write->table, '.');
    if (k->failure.code == ERROR_NO_TABLE && !check_is_postgres(l->to))
        run = arena_format(
            &k->arena, "GRANT SELECT ON %s TO %s; -- if the table is there",
            point ? check_qualified(k, l->to,
                                    arena_copy(&k->arena, w->write->table,
                                               (size_t)(point - w->write->table)),
                                    point + 1)
                  : check_qualified(k, l->to, l->to->endpoint->database, w->write->table),
            l->to->role);
    report_add(k->report, VERDICT_MISSING, run, "%s (line %d): %s", what, w->write->line,
               k->failure.text);
    return STATUS_OK;
}

static enum status make_write(struct check *k, struct check_link *l, const struct check_flow *f,
                              struct check_write *w)
{
    const struct event_line *line = &f->program->lines[0];
    failure_clear(&k->failure);
    if (stage_make(&l->events->target->database, w->write, &line->event, line->lists,
                   line->nlists, &k->arena, &w->stage) != STATUS_OK)
        return say_refused(k, l, f, w);
    w->made = true;
    if (k->owners_only)
        return STATUS_OK;
    say_made(k, f, w);
    TRY(check_key_index(k, l, w));
    return check_lookups(k, l, l->events->target, f, w);
}

static enum status make_flow(struct check *k, struct check_link *l, struct check_flow *f)
{
    const struct event_flow *flow = f->flow;
    size_t n = (size_t)(flow->nwrites + flow->ngone);
    f->writes = arena_zalloc(&k->arena, sizeof *f->writes * (n + 1));
    for (int i = 0; i < flow->nwrites; i++)
        f->writes[f->nwrites++].write = &flow->writes[i];
    for (int i = 0; i < flow->ngone; i++)
        f->writes[f->nwrites++] = (struct check_write){.write = &flow->gone[i], .gone = true};
    for (int i = 0; i < f->nwrites; i++)
        TRY(make_write(k, l, f, &f->writes[i]));
    return STATUS_OK;
}

/* ---- what all flows do to a table ---- */

struct uses {
    struct table_use *at;
    int n;
};

static struct table_use *use_of(struct check *k, struct uses *uses, const struct relation *table)
{
    for (int i = 0; i < uses->n; i++)
        if (strcmp(uses->at[i].table->name, table->name) == 0 &&
            strcmp(uses->at[i].table->schema, table->schema) == 0)
            return &uses->at[i];
    size_t n = (size_t)table->ncolumns;
    struct table_use *use = &uses->at[uses->n++];
    *use = (struct table_use){.table = table,
                              .read = arena_zalloc(&k->arena, n),
                              .inserted = arena_zalloc(&k->arena, n),
                              .updated = arena_zalloc(&k->arena, n)};
    return use;
}

/* As sinks/events/ does it: the key and what is compared are read; `once` is for inserts. */
static void take_write(struct check *k, struct uses *uses, const struct check_write *w)
{
    const struct stage *s = &w->stage;
    const struct write_config *c = w->write;
    struct table_use *use = use_of(k, uses, s->table);
    bool makes = c->op == WRITE_UPSERT || c->op == WRITE_INSERT;
    bool changes = c->op == WRITE_UPSERT || c->op == WRITE_UPDATE;
    for (int i = 0; i < s->table->nkey; i++)
        use->read[s->table->key[i]] = true;
    for (int i = 0; i < s->ncolumns; i++) {
        const struct stage_column *column = &s->columns[i];
        use->read[column->target] |= column->key || column->compared;
        use->inserted[column->target] |= makes;
        use->updated[column->target] |=
            changes && !column->once && !(column->key && c->op == WRITE_UPDATE);
    }
    for (int i = 0; i < c->ndelete_missing_in; i++)
        use->read[relation_column_index(s->table, c->delete_missing_in[i].column)] = true;
    use->deleted |= c->op == WRITE_DELETE || c->ndelete_missing_in > 0;
}

static enum status check_uses(struct check *k, struct check_link *l)
{
    const struct check_events *ev = l->events;
    size_t n = 0;
    for (int i = 0; i < ev->nflows; i++)
        n += (size_t)ev->flows[i].nwrites;
    struct uses uses = {.at = arena_zalloc(&k->arena, sizeof *uses.at * (n + 1))};
    for (int i = 0; i < ev->nflows; i++)
        for (int j = 0; j < ev->flows[i].nwrites; j++)
            if (ev->flows[i].writes[j].made)
                take_write(k, &uses, &ev->flows[i].writes[j]);
    for (int i = 0; i < uses.n; i++)
        TRY(check_rights(k, l, &uses.at[i]));
    return STATUS_OK;
}

enum status check_event_writes(struct check *k, struct check_link *l)
{
    TRY(open_target(k, l));
    if (!l->events->target)
        return STATUS_OK;
    for (int i = 0; i < l->events->nflows; i++)
        if (l->events->flows[i].compiled)
            TRY(make_flow(k, l, &l->events->flows[i]));
    return k->owners_only ? STATUS_OK : check_uses(k, l);
}
