#include "link/explain.h"

#include <stdlib.h>
#include <string.h>
#include "events/explain.h"
#include "events/row_json.h"
#include "link/explain_parts.h"
#include "state/held.h"

enum { SHOWN_BYTES = 200 };

/* An attempt that never begins: it connects, and is closed. */
struct run {
    struct attempt attempt;
    const struct explain_request *q;
    struct buffer *out;
    struct explain *explain; /* of a link with flows */
    struct mapped_table *table;
    struct value *present; /* the row as the source has it; NULL: it does not */
    struct change change;
};

static struct failure *failure_of(struct run *r)
{
    return &r->attempt.failure;
}

static struct session *source_session(struct run *r)
{
    return r->attempt.source_driver->session(r->attempt.source);
}

/* ---- the table ---- */

static struct mapped_table *find_table(struct run *r)
{
    struct mapping *m = &r->attempt.mapping;
    for (int i = 0; i < m->ntables; i++)
        if (explain_names(r->q->table, &m->tables[i].source))
            return &m->tables[i];
    return NULL;
}

static void say_tables(struct run *r)
{
    const struct mapping *m = &r->attempt.mapping;
    for (int i = 0; i < m->ntables; i++)
        buffer_add_format(r->out, "%s %s", i ? "," : "", m->tables[i].source.name);
    buffer_add_text(r->out, "\n");
}

/* A table that is not read may still be misspelled. */
static enum status say_not_read(struct run *r, const char *what)
{
    struct attempt *a = &r->attempt;
    const struct relation *relation;
    const char *point = strchr(r->q->table, '.');
    const struct endpoint *e = &a->lc->from->capture;
    const char *schema = e->engine == ENGINE_POSTGRES ? "public" : e->database;
    if (point)
        schema = arena_copy(&a->arena, r->q->table, (size_t)(point - r->q->table));
    TRY(a->source_driver->describe(a->source, schema, point ? point + 1 : r->q->table, &relation));
    buffer_add_format(r->out, "nothing: %s of link %s reads table %s; read are", what,
                      a->lc->name, r->q->table);
    say_tables(r);
    return STATUS_OK;
}

/* ---- the change ---- */

static enum status keep_row(void *owner, const struct relation *t, const struct value *row)
{
    struct run *r = owner;
    struct arena *a = &r->attempt.arena;
    r->present = arena_alloc(a, ((size_t)t->ncolumns + 1) * sizeof *r->present);
    for (int i = 0; i < t->ncolumns; i++)
        r->present[i] = value_copy(&row[i], a);
    return STATUS_OK;
}

static bool has_key(const struct relation *t, const struct value *row)
{
    for (int i = 0; row && i < t->nkey; i++)
        if (row[t->key[i]].kind == VALUE_ABSENT)
            return false;
    return row && t->nkey > 0;
}

static enum status fail_key(struct run *r)
{
    const struct relation *t = r->table->relation;
    const char *names = "";
    for (int i = 0; i < t->nkey; i++)
        names = arena_format(&r->attempt.arena, "%s%s%s", names, i ? ", " : "",
                             t->columns[t->key[i]].name);
    if (t->nkey == 0)
        return fail(failure_of(r), ERROR_CONFIG, "table %s.%s has no key: a row of it cannot be "
                    "found", t->schema, t->name);
    return fail(failure_of(r), ERROR_CONFIG, "--row needs the key of table %s.%s: %s", t->schema,
                t->name, names);
}

static enum status find_present(struct run *r, const struct value *key)
{
    int64_t n;
    const struct explain_query query = {.session = source_session(r),
                                        .relation = r->table->relation,
                                        .key = key,
                                        .limit = 1,
                                        .met = keep_row,
                                        .owner = r,
                                        .failure = failure_of(r)};
    return explain_rows(&query, &n);
}

/* `given` over `under`; what neither says is NULL. */
static struct value *laid_over(struct run *r, const struct value *under, const struct value *given)
{
    int n = r->table->relation->ncolumns;
    struct value *row = arena_alloc(&r->attempt.arena, ((size_t)n + 1) * sizeof *row);
    for (int i = 0; i < n; i++) {
        row[i] = under ? under[i] : value_null();
        if (given && given[i].kind != VALUE_ABSENT)
            row[i] = given[i];
    }
    return row;
}

static enum status read_json(struct run *r, const char *text, struct value **out)
{
    *out = NULL;
    return text ? row_json_read(r->table->relation, r->attempt.mapping.from, text,
                                &r->attempt.arena, out, failure_of(r))
                : STATUS_OK;
}

static enum status make_change(struct run *r, const struct value *row, const struct value *old)
{
    struct change *c = &r->change;
    *c = (struct change){.relation = r->table->relation};
    if (r->present || old)
        c->before = laid_over(r, r->present, old);
    if (!r->q->is_delete)
        c->after = laid_over(r, c->before, row);
    c->op = !c->after ? CHANGE_DELETE : c->before ? CHANGE_UPDATE : CHANGE_INSERT;
    if (c->op == CHANGE_DELETE && !c->before)
        return fail(failure_of(r), ERROR_CONFIG, "table %s.%s has no such row to delete",
                    c->relation->schema, c->relation->name);
    return STATUS_OK;
}

static enum status read_change(struct run *r)
{
    struct value *row, *old;
    TRY(read_json(r, r->q->row, &row));
    TRY(read_json(r, r->q->before, &old));
    const struct value *key = has_key(r->table->relation, old) ? old : row;
    if (!has_key(r->table->relation, key))
        return fail_key(r);
    TRY(find_present(r, key));
    return make_change(r, row, old);
}

/* ---- what is said of it ---- */

static void say_row(struct run *r, const struct relation *t, const struct value *before,
                    const struct value *after)
{
    struct arena *a = &r->attempt.arena;
    for (int i = 0; after && i < t->ncolumns; i++) {
        bool was = before && before[i].kind != VALUE_ABSENT;
        if (after[i].kind == VALUE_ABSENT || (was && value_equal(&before[i], &after[i])) ||
            (!before && after[i].kind == VALUE_NULL))
            continue;
        buffer_add_format(r->out, "  %s: %s%s%s\n", t->columns[i].name,
                          was ? value_show(&before[i], a, SHOWN_BYTES) : "", was ? " -> " : "",
                          value_show(&after[i], a, SHOWN_BYTES));
    }
}

static void say_change(struct run *r, const struct change *c)
{
    static const char *const ops[] = {
        [CHANGE_INSERT] = "insert", [CHANGE_UPDATE] = "update", [CHANGE_DELETE] = "delete"};
    const struct relation *t = c->relation;
    const struct value *key = c->before ? c->before : c->after;
    buffer_add_format(r->out, "%s %s.%s", ops[c->op], t->schema, t->name);
    for (int i = 0; i < t->nkey; i++)
        buffer_add_format(r->out, " %s=%s", t->columns[t->key[i]].name,
                          value_show(&key[t->key[i]], &r->attempt.arena, SHOWN_BYTES));
    buffer_add_text(r->out, "\n");
    say_row(r, t, c->before, c->after);
}

static void say_request(struct run *r)
{
    const struct link_config *lc = r->attempt.lc;
    buffer_add_format(r->out, "link %s, %s -> %s\nin %s: ", lc->name, lc->from->name, lc->to->name,
                      lc->from->name);
    say_change(r, &r->change);
}

/* ---- events ---- */

static enum status fill_row(void *owner, const struct relation *t, const struct value *row)
{
    struct run *r = owner;
    return explain_fill(r->explain, t, row);
}

static enum status fill_table(struct run *r, int i)
{
    int64_t n;
    const struct relation *t = explain_table(r->explain, i);
    bool *wanted = arena_zalloc(&r->attempt.arena, (size_t)t->ncolumns + 1);
    explain_columns(r->explain, i, wanted);
    const struct explain_query query = {.session = source_session(r),
                                        .relation = t,
                                        .wanted = wanted,
                                        .limit = r->q->max_rows + 1,
                                        .met = fill_row,
                                        .owner = r,
                                        .failure = failure_of(r)};
    TRY(explain_rows(&query, &n));
    if (n <= r->q->max_rows)
        return STATUS_OK;
    return fail(failure_of(r), ERROR_CONFIG,
                "table %s.%s has more than %lld rows, which would all be read into memory: say "
                "--max-rows N for more, or ask where the tables are small, as in a copy for tests",
                t->schema, t->name, (long long)r->q->max_rows);
}

/* --before may say that the row was another one than it is now. */
static enum status set_before(struct run *r)
{
    const struct change *c = &r->change;
    const struct relation *t = c->relation;
    bool same = r->present != NULL;
    for (int i = 0; c->before && same && i < t->ncolumns; i++)
        same = value_equal(&c->before[i], &r->present[i]);
    if (!c->before || same)
        return STATUS_OK;
    const struct change set = {.op = r->present ? CHANGE_UPDATE : CHANGE_INSERT,
                               .relation = t,
                               .before = r->present,
                               .after = c->before};
    return explain_set(r->explain, &set);
}

static enum status make_events(struct run *r)
{
    for (int i = 0; i < explain_ntables(r->explain); i++)
        TRY(fill_table(r, i));
    TRY(explain_filled(r->explain));
    TRY(set_before(r));
    return explain_change(r->explain, &r->change);
}

/* ---- the target ---- */

static enum status begin(void *owner)
{
    struct run *r = owner;
    struct attempt *a = &r->attempt;
    return session_query(a->sink_driver->session(a->writer.apply.sink), NULL, NULL,
                         "START TRANSACTION", 0, NULL);
}

/* 0: the link has never run. */
static enum status find_link(struct run *r, int64_t *id)
{
    struct attempt *a = &r->attempt;
    struct session *s = a->sink_driver->session(a->writer.apply.sink);
    struct rows rows;
    bool there;
    *id = 0;
    TRY(held_find(s, &there, &a->writer.failure));
    if (!there)
        return STATUS_OK;
    TRY(session_run(s, &a->arena, &rows, 1, "SELECT id FROM millrace.link WHERE name = ?",
                    a->lc->name));
    if (rows.nrows > 0)
        *id = strtoll(rows_cell(&rows, 0, 0), NULL, 10);
    return STATUS_OK;
}

static enum status write_events(struct run *r)
{
    struct attempt *a = &r->attempt;
    struct explain_target target = {.driver = a->sink_driver,
                                    .sink = a->writer.apply.sink,
                                    .failure = &a->writer.failure,
                                    .schema = attempt_target_schema(a),
                                    .zone = a->mapping.to};
    TRY(find_link(r, &target.link));
    enum status status = explain_write(r->explain, &target, begin, r);
    struct failure kept = a->writer.failure;
    a->sink_driver->rollback(target.sink);
    a->writer.failure = kept;
    return status;
}

static enum status write_rolled_back(struct run *r)
{
    struct attempt *a = &r->attempt;
    buffer_add_format(r->out, "\nin %s, rolled back:\n", a->lc->to->name);
    TRY(attempt_open_sink(a));
    return attempt_writer_failed(a, write_events(r));
}

static enum status explain_events(struct run *r)
{
    struct attempt *a = &r->attempt;
    TRY(attempt_compile_events(a));
    if (!r->q->table) {
        buffer_add_format(r->out, "link %s\n", a->lc->name);
        explain_program(a->program, r->out);
        return STATUS_OK;
    }
    r->table = find_table(r);
    if (!r->table)
        return say_not_read(r, "no event");
    TRY(explain_open(a->program, r->out, &a->failure, &r->explain));
    TRY(explain_view_open(source_session(r)));
    TRY(read_change(r));
    say_request(r);
    if (!explain_reads(r->explain, r->table->relation))
        return STATUS_OK;
    TRY(make_events(r));
    if (r->q->no_write || !explain_has_events(r->explain))
        return STATUS_OK;
    return write_rolled_back(r);
}

/* ---- tables as they are ---- */

static enum status explain_tables(struct run *r)
{
    struct attempt *a = &r->attempt;
    if (r->q->no_write)
        return fail(&a->failure, ERROR_CONFIG, "link %s carries rows, no events: what they become "
                    "is told by the target's tables; leave --no-write out", a->lc->name);
    if (!r->q->table)
        return fail(&a->failure, ERROR_CONFIG, "link %s carries rows as they are: `millrace check` "
                    "lists its columns; for what becomes of one say --table", a->lc->name);
    TRY(attempt_open_sink(a));
    TRY(mapping_resolve(a));
    r->table = find_table(r);
    if (!r->table)
        return say_not_read(r, "no table");
    TRY(explain_view_open(source_session(r)));
    TRY(read_change(r));
    say_request(r);
    TRY(plan_apply(r->table->plan, &r->change, &a->arena, &a->failure));
    buffer_add_format(r->out, "\nin %s: ", a->lc->to->name);
    say_change(r, &r->change);
    return STATUS_OK;
}

/* ---- */

static void no_change(void *owner)
{
    (void)owner;
}

static enum status run(struct run *r)
{
    struct attempt *a = &r->attempt;
    TRY(attempt_open_source(a));
    return attempt_carries_events(a) ? explain_events(r) : explain_tables(r);
}

enum status link_explain(const struct config *config, const struct explain_request *q,
                         struct buffer *out, struct failure *f)
{
    const struct link_config *lc;
    TRY(explain_choose(config, q, &lc, f));
    struct run *r = calloc(1, sizeof *r);
    must(r);
    *r = (struct run){.q = q, .out = out};
    r->attempt.link = link_new(config, lc, 0, no_change, NULL);
    r->attempt.lc = lc;
    must(wake_init(&r->attempt.wake) == 0);
    attempt_init(&r->attempt);
    enum status status = run(r);
    *f = r->attempt.failure;
    explain_close(r->explain);
    attempt_close(&r->attempt);
    wake_free(&r->attempt.wake);
    link_free(r->attempt.link);
    free(r);
    return status;
}
