#include "transforms/mirror/compile.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "transforms/mirror/nearest.h"

/* ---- names ---- */

enum status compile_table(struct compile *c, const char *name, const char *role, int *out)
{
    struct nearest n = nearest_to(name);
    int found = 0;
    for (int i = 0; i < c->nrelations; i++) {
        nearest_offer(&n, c->relations[i]->name);
        if (strcmp(c->relations[i]->name, name) == 0) {
            *out = i;
            found++;
        }
    }
    if (found == 1)
        return STATUS_OK;
    if (found > 1)
        return fail(c->failure, ERROR_CONFIG, "%s: two schemas have a table %s; views cannot tell "
                    "them apart", role, name);
    return fail(c->failure, ERROR_CONFIG, "%s: there is no table %s%s", role, name,
                nearest_text(&n));
}

static enum status find_column(struct compile *c, int table, const char *name, int *out)
{
    const struct relation *r = c->relations[table];
    *out = relation_column_index(r, name);
    if (*out >= 0)
        return STATUS_OK;
    struct nearest n = nearest_to(name);
    for (int i = 0; i < r->ncolumns; i++)
        nearest_offer(&n, r->columns[i].name);
    return fail(c->failure, ERROR_CONFIG, "table %s has no column %s%s", r->name, name,
                nearest_text(&n));
}

/* ---- a statement ---- */

static bool is_name(const char *text)
{
    if (!isalpha((unsigned char)*text) && *text != '_')
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && *text != '_')
            return false;
    return true;
}

static enum status prepare(struct compile *c, const char *sql, sqlite3_stmt **out)
{
    reads_clear(c->now);
    TRY(reads_prepare(c->now, c->db, sql, out, c->failure));
    const struct views_options *o = &c->v->options;
    if (!o->guard)
        return STATUS_OK;
    return o->guard(o->context, c->db, sql, reads_has_decimal(c->now), c->failure);
}

static const char *object_parameter(struct compile *c, int i)
{
    const struct view *w = c->view;
    if (w->nkey == 1)
        return ":object";
    return arena_format(&c->v->arena, ":object_%s",
                        c->relations[w->of]->columns[w->key[i]].name);
}

static enum status check_object_parameters(struct compile *c, sqlite3_stmt *statement, bool all)
{
    int used = 0;
    for (int i = 0; i < c->view->nkey; i++) {
        const char *name = object_parameter(c, i);
        bool has = sqlite3_bind_parameter_index(statement, name) > 0;
        used += has;
        if (all && !has)
            return fail(c->failure, ERROR_CONFIG, "it does not ask for one object: %s is missing",
                        name);
    }
    if (used == 0)
        return fail(c->failure, ERROR_CONFIG, "it does not ask for one object: :object is missing");
    if (used != sqlite3_bind_parameter_count(statement))
        return fail(c->failure, ERROR_CONFIG, "its only parameter may be the object (%s)",
                    object_parameter(c, 0));
    return STATUS_OK;
}

/* The source's column that the field shows unchanged; NULL: it is computed. */
static const struct column *shown_by(struct compile *c, sqlite3_stmt *statement, int i)
{
    const char *table = sqlite3_column_table_name(statement, i);
    const char *column = sqlite3_column_origin_name(statement, i);
    for (int r = 0; table && column && r < c->nrelations; r++)
        if (strcmp(c->relations[r]->name, table) == 0)
            return relation_column(c->relations[r], column);
    return NULL;
}

static enum value_kind kind_of(struct compile *c, const char *list, const struct field *f)
{
    const struct views_options *o = &c->v->options;
    enum value_kind kind = VALUE_ABSENT;
    if (o->field_kind)
        kind = o->field_kind(o->context, c->view->type, list, f->name);
    return kind == VALUE_ABSENT && f->shows ? f->shows->kind : kind;
}

static enum status add_field(struct compile *c, struct query *q, sqlite3_stmt *statement, int i)
{
    const char *name = sqlite3_column_name(statement, i);
    if (!is_name(name))
        return fail(c->failure, ERROR_CONFIG, "its column %d has no name that a field could have: "
                    "say `%s as field`", i + 1, name);
    for (int j = 0; j < i; j++)
        if (strcmp(q->fields[j].name, name) == 0)
            return fail(c->failure, ERROR_CONFIG, "it names the field %s twice", name);
    q->fields[i].name = arena_strdup(&c->v->arena, name);
    q->fields[i].shows = shown_by(c, statement, i);
    q->fields[i].kind = kind_of(c, q->name, &q->fields[i]);
    return STATUS_OK;
}

static enum status find_key(struct compile *c, struct query *q, const char *key)
{
    if (!key)
        return fail(c->failure, ERROR_CONFIG, "it has no key");
    struct nearest n = nearest_to(key);
    for (q->key = 0; q->key < q->nfields; q->key++) {
        if (strcmp(q->fields[q->key].name, key) == 0)
            return STATUS_OK;
        nearest_offer(&n, q->fields[q->key].name);
    }
    return fail(c->failure, ERROR_CONFIG, "its key %s is no column of its SQL%s", key,
                nearest_text(&n));
}

static enum status read_query(struct compile *c, struct query *q, const char *key,
                              sqlite3_stmt *statement)
{
    TRY(check_object_parameters(c, statement, !q->name));
    q->nfields = sqlite3_column_count(statement);
    q->fields = arena_zalloc(&c->v->arena, (size_t)q->nfields * sizeof *q->fields);
    for (int i = 0; i < q->nfields; i++)
        TRY(add_field(c, q, statement, i));
    return find_key(c, q, key);
}

static enum status compile_query(struct compile *c, struct query *q, const char *sql,
                                 const char *key, struct reads *reads)
{
    sqlite3_stmt *statement = NULL;
    if (!sql)
        return fail(c->failure, ERROR_CONFIG, "it has no SQL");
    q->sql = arena_strdup(&c->v->arena, sql);
    enum status status = prepare(c, sql, &statement);
    if (status == STATUS_OK)
        status = read_query(c, q, key, statement);
    sqlite3_finalize(statement);
    reads_join(reads, c->now);
    return status;
}

static enum status compile_queries(struct compile *c, struct reads *reads)
{
    const struct event_definition *d = c->definition;
    struct view *w = c->view;
    TRY(compile_query(c, &w->query, d->sql, d->key, reads));
    w->nlists = d->nlists;
    w->lists = arena_zalloc(&c->v->arena, (size_t)d->nlists * sizeof *w->lists);
    for (int i = 0; i < d->nlists; i++) {
        const struct list_definition *l = &d->lists[i];
        w->lists[i].name = arena_strdup(&c->v->arena, l->name);
        enum status status = compile_query(c, &w->lists[i], l->sql, l->key, reads);
        if (status != STATUS_OK)
            return fail_in(c->failure, "list %s", l->name);
    }
    return STATUS_OK;
}

/* ---- the table `of` ---- */

static enum status add_object_key(struct compile *c, const int *columns, int n)
{
    struct view *w = c->view;
    if (n == 0 || n > KEY_MAX)
        return fail(c->failure, ERROR_CONFIG, "of: table %s has no primary key of 1 to %d columns",
                    c->relations[w->of]->name, KEY_MAX);
    w->nkey = n;
    w->key = arena_alloc(&c->v->arena, (size_t)n * sizeof *w->key);
    memcpy(w->key, columns, (size_t)n * sizeof *w->key);
    return STATUS_OK;
}

static enum status compile_of(struct compile *c)
{
    const struct event_definition *d = c->definition;
    int columns[KEY_MAX];
    TRY(compile_table(c, d->of, "of", &c->view->of));
    const struct relation *r = c->relations[c->view->of];
    if (d->nof_key == 0)
        return add_object_key(c, r->key, r->nkey);
    for (int i = 0; i < d->nof_key && i < KEY_MAX; i++)
        TRY(find_column(c, c->view->of, d->of_key[i], &columns[i]));
    return add_object_key(c, columns, d->nof_key);
}

/* ---- touches ---- */

static bool is_query(const char *by)
{
    while (isspace((unsigned char)*by))
        by++;
    size_t word = strcspn(by, " \t\r\n(");
    return by[word] && ((word == 6 && strncasecmp(by, "select", 6) == 0) ||
                        (word == 4 && strncasecmp(by, "with", 4) == 0));
}

static enum status read_touch_parameters(struct compile *c, struct touch *t,
                                         sqlite3_stmt *statement)
{
    t->ncolumns = sqlite3_bind_parameter_count(statement);
    t->columns = arena_alloc(&c->v->arena, (size_t)t->ncolumns * sizeof *t->columns);
    if (t->ncolumns == 0)
        return fail(c->failure, ERROR_CONFIG, "it names no column of the changed row (:column)");
    if (sqlite3_column_count(statement) != c->view->nkey)
        return fail(c->failure, ERROR_CONFIG, "it must give the %d column%s that :object is",
                    c->view->nkey, c->view->nkey == 1 ? "" : "s");
    for (int i = 0; i < t->ncolumns; i++) {
        const char *name = sqlite3_bind_parameter_name(statement, i + 1);
        if (!name || *name != ':')
            return fail(c->failure, ERROR_CONFIG, "its parameters must be :column");
        TRY(find_column(c, t->table, name + 1, &t->columns[i]));
    }
    return STATUS_OK;
}

static enum status compile_touch_query(struct compile *c, struct touch *t, const char *sql,
                                       struct reads *reads)
{
    sqlite3_stmt *statement = NULL;
    t->sql = arena_strdup(&c->v->arena, sql);
    enum status status = prepare(c, sql, &statement);
    if (status == STATUS_OK)
        status = read_touch_parameters(c, t, statement);
    sqlite3_finalize(statement);
    reads_join(reads, c->now);
    return status;
}

static enum status compile_touch_column(struct compile *c, struct touch *t, const char *column)
{
    if (c->view->nkey != 1)
        return fail(c->failure, ERROR_CONFIG,
                    "%s is one column, :object is %d: give a SELECT of them", column,
                    c->view->nkey);
    t->ncolumns = 1;
    t->columns = arena_alloc(&c->v->arena, sizeof *t->columns);
    return find_column(c, t->table, column, t->columns);
}

static enum status compile_touch(struct compile *c, const struct touch_definition *d,
                                 struct touch *t, struct reads *reads)
{
    TRY(compile_table(c, d->table, "touched_by", &t->table));
    enum status status = is_query(d->by) ? compile_touch_query(c, t, d->by, reads)
                                         : compile_touch_column(c, t, d->by);
    return status == STATUS_OK ? STATUS_OK : fail_in(c->failure, "touched_by %s", d->table);
}

static void note_touch_columns(const struct touch *t, struct reads *reads)
{
    for (int i = 0; i < t->ncolumns; i++)
        reads->tables[t->table].columns[t->columns[i]] = true;
    reads->tables[t->table].read = true;
}

/* The object's own row comes first. */
static enum status compile_touches(struct compile *c, struct reads *reads)
{
    const struct event_definition *d = c->definition;
    struct view *w = c->view;
    w->ntouches = d->ntouched_by + 1;
    w->touches = arena_zalloc(&c->v->arena, (size_t)w->ntouches * sizeof *w->touches);
    w->touches[0] =
        (struct touch){.table = w->of, .columns = w->key, .ncolumns = w->nkey, .is_own = true};
    for (int i = 0; i < d->ntouched_by; i++)
        TRY(compile_touch(c, &d->touched_by[i], &w->touches[i + 1], reads));
    for (int i = 0; i < w->ntouches; i++)
        note_touch_columns(&w->touches[i], reads);
    return STATUS_OK;
}

/* ---- what it reads ---- */

static bool is_listed(const struct compile *c, int table)
{
    const struct event_definition *d = c->definition;
    const char *name = c->relations[table]->name;
    bool listed = c->view->of == table;
    for (int i = 0; i < d->ntouched_by; i++)
        listed |= strcmp(d->touched_by[i].table, name) == 0;
    for (int i = 0; i < d->nlooks_up; i++)
        listed |= strcmp(d->looks_up[i], name) == 0;
    return listed;
}

static enum status check_read_table(struct compile *c, int i)
{
    const struct relation *r = c->relations[i];
    int same;
    TRY(compile_table(c, r->name, "its SQL", &same));
    if (!is_listed(c, i))
        return fail(c->failure, ERROR_CONFIG,
                    "it reads %s, which is not in of, touched_by or looks_up: say what a change "
                    "there means", r->name);
    if (r->nkey == 0 || r->nkey > KEY_MAX)
        return fail(c->failure, ERROR_CONFIG, "table %s.%s has no primary key of 1 to %d columns, "
                    "by which its rows could be kept", r->schema, r->name, KEY_MAX);
    return STATUS_OK;
}

static enum status check_reads(struct compile *c, const struct reads *reads)
{
    int table;
    for (int i = 0; i < c->definition->nlooks_up; i++)
        TRY(compile_table(c, c->definition->looks_up[i], "looks_up", &table));
    for (int i = 0; i < c->nrelations; i++)
        if (reads->tables[i].read)
            TRY(check_read_table(c, i));
    return STATUS_OK;
}

/* ---- alone, or assembled ---- */

static const char *why_assembled(const struct compile *c, const struct reads *reads)
{
    const struct view *w = c->view;
    if (c->definition->assembled)
        return "the definition says so";
    for (int i = 0; i < c->nrelations; i++)
        if (reads->tables[i].read && i != w->of)
            return arena_format(&c->v->arena, "it reads %s too", c->relations[i]->name);
    if (w->ntouches > 1)
        return "it is touched by other rows";
    if (!c->relations[w->of]->full_before)
        return arena_format(&c->v->arena, "the log has no whole old rows of %s",
                            c->relations[w->of]->name);
    return NULL;
}

static enum status read_one_row(struct compile *c, bool *out)
{
    const struct view *w = c->view;
    TRY(plan_reads_one_row(c->db, w->query.sql, w->nkey, out, c->failure));
    for (int i = 0; i < w->nlists && *out; i++)
        TRY(plan_reads_one_row(c->db, w->lists[i].sql, w->nkey, out, c->failure));
    return STATUS_OK;
}

static enum status choose_way(struct compile *c, const struct reads *reads)
{
    struct view *w = c->view;
    w->why = why_assembled(c, reads);
    if (w->why)
        return STATUS_OK;
    TRY(read_one_row(c, &w->alone));
    w->why = w->alone ? "it reads only its own row, and the log has it before and after"
                      : "it does not read just one row of its table, by its primary key";
    return STATUS_OK;
}

enum status compile_event(struct compile *c, const struct event_definition *d, struct view *view,
                          struct reads *reads)
{
    c->definition = d;
    c->view = view;
    view->name = arena_strdup(&c->v->arena, d->name);
    view->type = d->type ? arena_strdup(&c->v->arena, d->type) : view->name;
    TRY(compile_of(c));
    TRY(compile_queries(c, reads));
    TRY(compile_touches(c, reads));
    TRY(check_reads(c, reads));
    return choose_way(c, reads);
}
