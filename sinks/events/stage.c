/* stage.c: a write is compiled, and each way in which it does not fit is said. */
#include "sinks/events/stage.h"

#include <string.h>
#include "sinks/events/cte.h"
#include "sinks/events/stage_sql.h"

struct making {
    const struct event_database *db;
    struct arena *arena;
    struct stage *stage;
    struct result_column *returned;
    int nreturned;
};

#define wrong(m, ...) fail((m)->db->failure, ERROR_CONFIG, __VA_ARGS__)

static const char *table_of(const struct making *m)
{
    return m->stage->table->name;
}

static bool in_list(const struct name_list *list, const char *name)
{
    for (int i = 0; i < list->n; i++)
        if (strcmp(list->name[i], name) == 0)
            return true;
    return false;
}

/* ---- what the SELECT returns ---- */

/* One row of NULLs: names and types are all that is asked for. */
static struct cte sample(struct arena *a, const struct field_list *fields, bool lines)
{
    struct value *values = arena_alloc(a, (size_t)(fields->nfields + 1) * sizeof *values);
    struct cte_row *row = arena_alloc(a, sizeof *row);
    for (int i = 0; i < fields->nfields; i++)
        values[i] = value_null();
    *row = (struct cte_row){1, 1, values};
    return (struct cte){*fields, lines, row, 1};
}

static enum status describe(struct making *m, const char *tail, const char *what, int line,
                            struct result_column **out, int *n)
{
    struct event_statement statement;
    const struct stage *s = m->stage;
    struct cte event = sample(m->arena, &s->event, false), lines = {0};
    if (s->lines)
        lines = sample(m->arena, s->lines, true);
    cte_write(m->db->dialect, m->db->zone, &event, s->lines ? &lines : NULL, tail, m->arena,
              &statement);
    if (m->db->describe(m->db->self, &statement, m->arena, out, n) == STATUS_OK)
        return STATUS_OK;
    if (error_status(m->db->failure->code) == STATUS_DATA)
        m->db->failure->code = ERROR_CONFIG; /* there are no data in it yet */
    return fail_in(m->db->failure, "line %d: %s of %s", line, what, table_of(m));
}

static int returned_at(const struct making *m, const char *name)
{
    for (int i = 0; i < m->nreturned; i++)
        if (strcmp(m->returned[i].name, name) == 0)
            return i;
    return -1;
}

static enum status check_numbers(const struct making *m)
{
    const struct write_config *w = m->stage->write;
    if (returned_at(m, "event") < 0)
        return wrong(m, "line %d: the SELECT that writes %s does not return the event's number: "
                        "begin it with `select e.event,`",
                     w->sql.line, table_of(m));
    if (m->stage->lines && returned_at(m, "line") < 0)
        return wrong(m, "line %d: the SELECT that writes %s does not return the line's number: "
                        "add `l.line` to it",
                     w->sql.line, table_of(m));
    return STATUS_OK;
}

static bool is_number_column(const struct stage *s, const char *name)
{
    return strcmp(name, "event") == 0 || (s->lines && strcmp(name, "line") == 0);
}

static bool is_time(enum value_kind kind)
{
    return kind == VALUE_DATE || kind == VALUE_TIME || kind == VALUE_DATETIME ||
           kind == VALUE_INSTANT;
}

static bool is_number(enum value_kind kind)
{
    return kind == VALUE_BOOL || kind == VALUE_INT || kind == VALUE_UINT || kind == VALUE_FLOAT ||
           kind == VALUE_DOUBLE || kind == VALUE_DECIMAL;
}

/* What no value could pass; the rest is seen value by value. */
static enum status check_kind(const struct making *m, const struct result_column *from,
                              const struct column *c)
{
    if (!(is_time(from->kind) && is_number(c->kind)) && !(is_number(from->kind) && is_time(c->kind)))
        return STATUS_OK;
    return wrong(m, "line %d: the SELECT gives %s a value of type %s, and %s.%s is %s: cast it",
                 m->stage->write->sql.line, c->name, value_kind_name(from->kind), table_of(m),
                 c->name, c->type);
}

static enum status check_column(const struct making *m, int at)
{
    const struct write_config *w = m->stage->write;
    const char *name = m->returned[at].name;
    const struct column *c = relation_column(m->stage->table, name);
    if (!c)
        return wrong(m, "line %d: %s has no column %s: name it as the table does, or leave it out "
                        "of the SELECT",
                     w->sql.line, table_of(m), name);
    if (c->generated)
        return wrong(m, "line %d: %s.%s is computed by the server: leave it out of the SELECT",
                     w->sql.line, table_of(m), name);
    if (returned_at(m, name) != at)
        return wrong(m, "line %d: the SELECT returns %s twice: leave one out", w->sql.line, name);
    return check_kind(m, &m->returned[at], c);
}

static const char *round_of(const struct write_config *w, const char *name)
{
    for (int i = 0; i < w->nrounds; i++)
        if (strcmp(w->rounds[i].column, name) == 0)
            return w->rounds[i].mode;
    return NULL;
}

/* Only the key's columns say which row goes; the rest of such a SELECT is not written. */
static enum status take_columns(struct making *m)
{
    struct stage *s = m->stage;
    s->columns = arena_zalloc(m->arena, (size_t)(m->nreturned + 1) * sizeof *s->columns);
    for (int i = 0; i < m->nreturned; i++) {
        const char *name = m->returned[i].name;
        if (is_number_column(s, name))
            continue;
        TRY(check_column(m, i));
        struct stage_column *c = &s->columns[s->ncolumns++];
        *c = (struct stage_column){.name = arena_strdup(m->arena, name),
                                   .target = relation_column_index(s->table, name),
                                   .key = in_list(&s->write->key, name),
                                   .once = in_list(&s->write->once, name),
                                   .touch = in_list(&s->write->touch, name),
                                   .round = round_of(s->write, name)};
        c->compared = s->table->nkey > 0 && !c->once && !c->touch &&
                      (s->write->op == WRITE_UPSERT || s->write->op == WRITE_UPDATE);
    }
    return STATUS_OK;
}

/* ---- what the configuration says about columns ---- */

static enum status check_returned(const struct making *m, const char *option, const char *name)
{
    const struct write_config *w = m->stage->write;
    if (returned_at(m, name) >= 0)
        return STATUS_OK;
    return wrong(m, "line %d: %s: the SELECT that writes %s does not return %s: add it, or take it "
                    "out of %s",
                 w->line, option, table_of(m), name, option);
}

static enum status check_options(const struct making *m)
{
    const struct write_config *w = m->stage->write;
    if (w->key.n == 0)
        return wrong(m, "line %d: %s has no `key`: name the columns by which its row is found",
                     w->line, table_of(m));
    for (int i = 0; i < w->key.n; i++)
        TRY(check_returned(m, "key", w->key.name[i]));
    for (int i = 0; i < w->once.n; i++)
        TRY(check_returned(m, "once", w->once.name[i]));
    for (int i = 0; i < w->touch.n; i++)
        TRY(check_returned(m, "touch", w->touch.name[i]));
    for (int i = 0; i < w->nrounds; i++)
        TRY(check_returned(m, "round", w->rounds[i].column));
    return STATUS_OK;
}

static enum status check_table(const struct making *m)
{
    const struct stage *s = m->stage;
    if (s->table->nkey == 0 && s->write->op != WRITE_INSERT)
        return wrong(m, "line %d: table %s has no primary key, so a row of it cannot be found "
                        "again: give it one, or say `do: insert`",
                     s->write->line, table_of(m));
    return STATUS_OK;
}

static enum status check_required(const struct making *m)
{
    const struct stage *s = m->stage;
    if (s->write->op != WRITE_UPSERT && s->write->op != WRITE_INSERT)
        return STATUS_OK;
    for (int i = 0; i < s->table->ncolumns; i++) {
        const struct column *c = &s->table->columns[i];
        if (c->required && returned_at(m, c->name) < 0)
            return wrong(m, "line %d: %s.%s is NOT NULL and has no default: the SELECT must return "
                            "it, or say `do: update`",
                         s->write->sql.line, table_of(m), c->name);
    }
    return STATUS_OK;
}

/* ---- delete_missing_in ---- */

static enum status check_scope(struct making *m, const struct scope_config *scope)
{
    struct result_column *columns;
    int n;
    if (!relation_column(m->stage->table, scope->column))
        return wrong(m, "line %d: delete_missing_in: %s has no column %s", m->stage->write->line,
                     table_of(m), scope->column);
    TRY(describe(m, stage_sql_describe(scope->sql.text, m->arena), "delete_missing_in",
                 scope->sql.line, &columns, &n));
    if (n != 1)
        return wrong(m, "line %d: delete_missing_in: the query for %s.%s returns %d columns, and "
                        "one is needed",
                     scope->sql.line, table_of(m), scope->column, n);
    return STATUS_OK;
}

static enum status make_missing(struct making *m)
{
    const struct write_config *w = m->stage->write;
    if (w->ndelete_missing_in == 0)
        return STATUS_OK;
    if (m->stage->table->nkey == 0)
        return wrong(m, "line %d: delete_missing_in: table %s has no primary key", w->line,
                     table_of(m));
    for (int i = 0; i < w->ndelete_missing_in; i++)
        TRY(check_scope(m, &w->delete_missing_in[i]));
    m->stage->missing = stage_sql_missing(m->db->dialect, m->stage, m->arena);
    return STATUS_OK;
}

/* ---- all of it ---- */

static enum status find_lines(struct making *m, const struct field_list *lists, int nlists)
{
    const struct write_config *w = m->stage->write;
    if (!w->lines)
        return STATUS_OK;
    for (int i = 0; i < nlists; i++)
        if (strcmp(lists[i].name, w->lines) == 0)
            m->stage->lines = &lists[i];
    if (m->stage->lines)
        return STATUS_OK;
    return wrong(m, "line %d: lines: the event has no list %s", w->line, w->lines);
}

static enum status check_fields(struct making *m, const struct field_list *fields)
{
    for (int i = 0; fields && i < fields->nfields; i++) {
        const char *name = fields->fields[i].name;
        if (strcmp(name, "event") == 0 || strcmp(name, "line") == 0)
            return wrong(m, "line %d: a field cannot be called %s: that is the number by which "
                            "Millrace knows the row; rename it in the view",
                         m->stage->write->line, name);
    }
    return STATUS_OK;
}

static void place_cells(struct stage *s)
{
    s->columns_at = s->lines ? 2 : 1;
    s->pk_at = s->columns_at + s->ncolumns;
    s->compared_at = s->ncells = s->pk_at + s->table->nkey;
    for (int i = 0; i < s->ncolumns; i++)
        s->ncells += s->columns[i].compared;
}

enum status stage_make(const struct event_database *db, const struct write_config *write,
                       const struct field_list *event, const struct field_list *lists, int nlists,
                       struct arena *a, struct stage *out)
{
    struct making m = {.db = db, .arena = a, .stage = out};
    *out = (struct stage){.write = write, .event = *event};
    TRY(db->describe_table(db->self, write->table, &out->table));
    TRY(find_lines(&m, lists, nlists));
    TRY(check_fields(&m, event));
    TRY(check_fields(&m, out->lines));
    TRY(check_table(&m));
    TRY(describe(&m, stage_sql_describe(write->sql.text, a), "the SELECT", write->sql.line,
                 &m.returned, &m.nreturned));
    TRY(check_numbers(&m));
    TRY(take_columns(&m));
    TRY(check_options(&m));
    TRY(check_required(&m));
    place_cells(out);
    out->resolve = stage_sql_resolve(db->dialect, out, a);
    return make_missing(&m);
}
