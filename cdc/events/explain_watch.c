#include "events/explain_watch.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_BYTES_MAX = 1 << 28, SHOWN_BYTES = 200, SHOWN_ROWS = 50, SQL_BYTES_MAX = 1 << 20 };

static const struct event_database *inner(const struct watch *w)
{
    return &w->target->database;
}

/* ---- what passes through ---- */

static enum status describe_table(void *self, const char *name, const struct relation **out)
{
    struct watch *w = self;
    return inner(w)->describe_table(inner(w)->self, name, out);
}

static enum status describe(void *self, const struct event_statement *s, struct arena *a,
                            struct result_column **out, int *n)
{
    struct watch *w = self;
    return inner(w)->describe(inner(w)->self, s, a, out, n);
}

static enum status settle(void *self)
{
    struct watch *w = self;
    return inner(w)->settle(inner(w)->self);
}

static enum status savepoint(void *self, enum event_savepoint which)
{
    struct watch *w = self;
    w->marks[which] = w->out.size;
    return inner(w)->savepoint(inner(w)->self, which);
}

static enum status roll_back_to(void *self, enum event_savepoint which)
{
    struct watch *w = self;
    w->out.size = w->marks[which];
    w->stage = w->shown = NULL;
    w->silent = false;
    return inner(w)->roll_back_to(inner(w)->self, which);
}

/* ---- whose turn is it? ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), n = strlen(end);
    return n <= size && strcmp(text + size - n, end) == 0;
}

static const struct stage *among(const struct stage *stages, int n, const char *sql)
{
    for (int i = 0; i < n; i++)
        if (ends_with(sql, stages[i].resolve) ||
            (stages[i].missing && ends_with(sql, stages[i].missing)))
            return &stages[i];
    return NULL;
}

/* The write whose SELECT this is, and its flow. */
static const struct stage *stage_of(const struct watch *w, const char *sql,
                                    const struct event_flow **flow)
{
    const struct stage *stage = NULL;
    for (int i = 0; i < w->nplans && !stage; i++) {
        const struct flow_plan *p = &w->plans[i];
        stage = among(p->writes, p->nwrites, sql);
        stage = stage ? stage : among(p->gone, p->ngone, sql);
        *flow = p->flow;
    }
    return stage;
}

static void say_name(struct watch *w)
{
    if (w->shown == w->stage)
        return;
    buffer_add_format(&w->out, "\n%s (flow %s, line %d)\n", w->stage->table->name, w->flow->name,
                      w->stage->write->line);
    w->shown = w->stage;
}

void watch_end(struct watch *w)
{
    if (!w->silent)
        return;
    say_name(w);
    buffer_add_text(&w->out, "  nothing: the rows are as they should be, or a rule leaves them\n");
    w->silent = false;
}

static enum status query(void *self, const struct event_statement *s, struct arena *a,
                         struct result *out)
{
    struct watch *w = self;
    const struct event_flow *flow = NULL;
    const struct stage *stage = stage_of(w, s->sql, &flow);
    if (stage && stage != w->stage) {
        watch_end(w);
        w->stage = stage;
        w->flow = flow;
        w->silent = true;
    }
    return inner(w)->query(inner(w)->self, s, a, out);
}

static void say_stage(struct watch *w, const struct relation *r)
{
    w->silent = false;
    if (w->stage && w->stage->table == r) {
        say_name(w);
        return;
    }
    buffer_add_format(&w->out, "\n%s\n", r->name);
    w->shown = NULL;
}

/* ---- rows as the server has them ---- */

/* NULL: it has no text that finds the row again. */
static const char *key_text(const struct value *v, struct arena *a)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_INT:
    case VALUE_UINT:
    case VALUE_UUID:
    case VALUE_DATE:
    case VALUE_DATETIME:
        return value_show(v, a, SHOWN_BYTES);
    case VALUE_TEXT:
    case VALUE_DECIMAL:
        return arena_copy(a, v->text, v->size);
    default:
        return NULL;
    }
}

static bool is_shown(const struct row_set *set, int column)
{
    const struct column *c = &set->relation->columns[column];
    if (c->kind == VALUE_BYTES)
        return false;
    return set->op == SET_DELETE || (set->present && set->present[column]);
}

static void add_select(struct watch *w, const struct row_set *set, struct buffer *sql)
{
    const struct relation *r = set->relation;
    const struct event_dialect *d = inner(w)->dialect;
    const char *between = "SELECT ";
    for (int i = 0; i < r->ncolumns; i++)
        if (is_shown(set, i)) {
            buffer_add_text(sql, between);
            d->add_name(sql, r->columns[i].name);
            between = ", ";
        }
    buffer_add_text(sql, " FROM ");
    d->add_name(sql, r->schema);
    buffer_add_text(sql, ".");
    d->add_name(sql, r->name);
    for (int i = 0; i < r->nkey; i++) {
        buffer_add_text(sql, i ? " AND " : " WHERE ");
        d->add_name(sql, r->columns[r->key[i]].name);
        buffer_add_text(sql, " = ?");
    }
}

static bool any_shown(const struct row_set *set)
{
    for (int i = 0; i < set->relation->ncolumns; i++)
        if (is_shown(set, i))
            return true;
    return false;
}

/* No row where it cannot be asked for. `key`: a row whose key columns find it. */
static enum status fetch(struct watch *w, const struct row_set *set, const struct value *key,
                         struct rows *out)
{
    const struct relation *r = set->relation;
    struct buffer sql;
    const char **params = arena_alloc(&w->arena, ((size_t)r->nkey + 1) * sizeof *params);
    *out = (struct rows){0};
    if (r->nkey == 0 || !any_shown(set))
        return STATUS_OK;
    for (int i = 0; i < r->nkey; i++)
        if (!(params[i] = key_text(&key[r->key[i]], &w->arena)))
            return STATUS_OK;
    buffer_init(&sql, SQL_BYTES_MAX);
    add_select(w, set, &sql);
    enum status status =
        session_query(w->target->session, &w->arena, out, buffer_text(&sql), r->nkey, params);
    buffer_free(&sql);
    return status;
}

static enum status fetch_all(struct watch *w, const struct row_set *set, struct value *const *rows,
                             struct rows **out)
{
    uint32_t n = set->nrows < SHOWN_ROWS ? set->nrows : SHOWN_ROWS;
    *out = arena_zalloc(&w->arena, (n + 1) * sizeof **out);
    for (uint32_t i = 0; i < n; i++)
        TRY(fetch(w, set, rows[i], &(*out)[i]));
    return STATUS_OK;
}

/* ---- what is said of a row ---- */

static void say_key(struct watch *w, const char *what, const struct row_set *set,
                    const struct value *row)
{
    const struct relation *r = set->relation;
    buffer_add_format(&w->out, "  %s", what);
    for (int i = 0; i < r->nkey; i++) {
        const struct value *v = &row[r->key[i]];
        if (v->kind != VALUE_ABSENT)
            buffer_add_format(&w->out, " %s=%s", r->columns[r->key[i]].name,
                              value_show(v, &w->arena, SHOWN_BYTES));
    }
    buffer_add_text(&w->out, "\n");
}

/* NULL and the empty text are two things. */
static const char *shown(struct watch *w, const char *text)
{
    struct value v = value_text(VALUE_TEXT, text, text ? strlen(text) : 0);
    if (!text || !*text)
        return text ? "''" : "null";
    return value_show(&v, &w->arena, SHOWN_BYTES);
}

static void say_values(struct watch *w, const struct row_set *set, const struct value *row)
{
    const struct relation *r = set->relation;
    for (int i = 0; i < r->ncolumns; i++)
        if (row[i].kind != VALUE_ABSENT && (!set->present || set->present[i]))
            buffer_add_format(&w->out, "    %s: %s\n", r->columns[i].name,
                              value_show(&row[i], &w->arena, SHOWN_BYTES));
}

static const char *cell_of(const struct rows *rows, int i)
{
    return rows->nrows == 1 ? rows_cell(rows, 0, i) : NULL;
}

static bool is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void say_change(struct watch *w, const struct row_set *set, const struct rows *was,
                       const struct rows *is)
{
    int at = 0;
    for (int i = 0; i < set->relation->ncolumns; i++) {
        if (!is_shown(set, i))
            continue;
        const char *old = cell_of(was, at), *now = cell_of(is, at);
        at++;
        if (!is_same(old, now))
            buffer_add_format(&w->out, "    %s: %s -> %s\n", set->relation->columns[i].name,
                              shown(w, old), shown(w, now));
    }
}

static bool is_key(const struct relation *r, int column)
{
    for (int i = 0; i < r->nkey; i++)
        if (r->key[i] == column)
            return true;
    return false;
}

static void say_removed(struct watch *w, const struct row_set *set, const struct rows *was)
{
    int at = 0;
    for (int i = 0; i < set->relation->ncolumns; i++) {
        const char *text = is_shown(set, i) ? cell_of(was, at++) : NULL;
        if (text && !is_key(set->relation, i))
            buffer_add_format(&w->out, "    %s: %s\n", set->relation->columns[i].name,
                              shown(w, text));
    }
}

static void say_row(struct watch *w, const struct row_set *set, uint32_t i, const struct rows *was,
                    const struct rows *is)
{
    if (set->op == SET_DELETE) {
        say_key(w, "delete", set, set->keys[i]);
        say_removed(w, set, &was[i]);
    } else if (set->op == SET_UPDATE) {
        say_key(w, "update", set, set->keys[i]);
        if (was[i].nrows == 1 && is[i].nrows == 1)
            say_change(w, set, &was[i], &is[i]);
        else
            say_values(w, set, set->rows[i]);
    } else {
        say_key(w, "insert", set, set->rows[i]);
        say_values(w, set, set->rows[i]);
    }
}

static void say_set(struct watch *w, const struct row_set *set, const struct rows *was,
                    const struct rows *is)
{
    say_stage(w, set->relation);
    for (uint32_t i = 0; i < set->nrows && i < SHOWN_ROWS; i++)
        say_row(w, set, i, was, is);
    if (set->nrows > SHOWN_ROWS)
        buffer_add_format(&w->out, "  and %u rows more\n", set->nrows - SHOWN_ROWS);
}

static enum status write_set(void *self, const struct row_set *set)
{
    struct watch *w = self;
    struct rows *was = NULL, *is = NULL;
    arena_reset(&w->arena);
    TRY(settle(w));
    if (set->op == SET_DELETE || set->op == SET_UPDATE)
        TRY(fetch_all(w, set, set->keys, &was));
    TRY(inner(w)->write_set(inner(w)->self, set));
    TRY(settle(w));
    if (set->op == SET_UPDATE)
        TRY(fetch_all(w, set, set->rows, &is));
    say_set(w, set, was, is);
    return STATUS_OK;
}

/* ---- init ---- */

void watch_init(struct watch *w, const struct event_target *target, const struct flow_plan *plans,
                int nplans)
{
    *w = (struct watch){.target = target, .plans = plans, .nplans = nplans};
    arena_init(&w->arena);
    buffer_init(&w->out, OUT_BYTES_MAX);
    w->database = target->database;
    w->database.self = w;
    w->database.describe_table = describe_table;
    w->database.describe = describe;
    w->database.query = query;
    w->database.savepoint = savepoint;
    w->database.roll_back_to = roll_back_to;
    w->database.write_set = write_set;
    w->database.settle = settle;
}

void watch_free(struct watch *w)
{
    buffer_free(&w->out);
    arena_free(&w->arena);
}
