/* What was last emitted, of each event a table in the mirror's file; and what becomes of it where
 * the definitions have changed but rows must be read again: it is kept, by the names of its fields,
 * so that what left meanwhile can be told.
 *
 * "millrace:field" has the names: of the lists, of the event's own fields (list -1), of each list's
 * (list 0, 1, ..). What makes two events the same is there, too: the type and the columns of the
 * object's key. */
#include <string.h>

#include "transforms/mirror/internal.h"

enum { SQL_MAX = 4 * 1024 * 1024, IDENTITY = -3, LISTS = -2, OWN = -1, FIRST = 16 };

struct names {
    const char **at;
    int n;
};

static enum status run(struct mirror *m, struct buffer *b, struct failure *f)
{
    enum status status = db_exec(m->db, f, "%s", buffer_text(b));
    buffer_clear(b);
    return status;
}

/* ---- names of now ---- */

static void add_name(struct names *all, const char *name, struct arena *a)
{
    bool full = all->n == 0 || (all->n >= FIRST && (all->n & (all->n - 1)) == 0);
    if (full) {
        const char **at = arena_alloc(a, (size_t)(all->n ? 2 * all->n : FIRST) * sizeof *at);
        if (all->n)
            memcpy(at, all->at, (size_t)all->n * sizeof *at);
        all->at = at;
    }
    all->at[all->n++] = name;
}

/* The type, the table, and of the columns of its key all that their values depend on. */
static struct names identity_of(struct mirror *m, const struct view *w)
{
    struct names out = {0};
    struct arena *a = &m->scratch;
    const struct kept *k = &m->views->tables[w->of];
    add_name(&out, w->type, a);
    add_name(&out, k->relation->name, a);
    for (int i = 0; i < w->nkey; i++) {
        const struct column *c = &k->relation->columns[k->columns[w->key[i]]];
        add_name(&out, arena_format(a, "%s %s", c->name, value_kind_name(c->kind)), a);
    }
    return out;
}

static struct names fields_of(struct mirror *m, const struct query *q)
{
    struct names out = {0};
    for (int i = 0; i < q->nfields; i++)
        add_name(&out, q->fields[i].name, &m->scratch);
    return out;
}

static struct names lists_of(struct mirror *m, const struct view *w)
{
    struct names out = {0};
    for (int i = 0; i < w->nlists; i++)
        add_name(&out, w->lists[i].name, &m->scratch);
    return out;
}

static enum status put_names(struct mirror *m, const char *event, int list, struct names names,
                             struct failure *f)
{
    for (int i = 0; i < names.n; i++)
        TRY(db_exec(m->db, f, "insert into \"millrace:field\" values (%Q, %d, %d, %Q)", event,
                    list, i, names.at[i]));
    return STATUS_OK;
}

static enum status put_all_names(struct mirror *m, const struct view *w, struct failure *f)
{
    TRY(db_exec(m->db, f, "delete from \"millrace:field\" where event = %Q", w->name));
    TRY(put_names(m, w->name, IDENTITY, identity_of(m, w), f));
    TRY(put_names(m, w->name, LISTS, lists_of(m, w), f));
    TRY(put_names(m, w->name, OWN, fields_of(m, &w->query), f));
    for (int i = 0; i < w->nlists; i++)
        TRY(put_names(m, w->name, i, fields_of(m, &w->lists[i]), f));
    return STATUS_OK;
}

/* ---- names of before; in the mirror's arena: they are read while scratch comes and goes ---- */

static enum status each_name(struct mirror *m, char *sql, struct names *out, struct failure *f)
{
    sqlite3_stmt *statement = NULL;
    must(sql);
    *out = (struct names){0};
    enum status status = db_prepare(m->db, sql, &statement, f);
    bool row = status == STATUS_OK;
    while (row) {
        status = db_step(statement, &row, f);
        if (row)
            add_name(out, arena_strdup(&m->arena,
                                       (const char *)sqlite3_column_text(statement, 0)),
                     &m->arena);
    }
    sqlite3_finalize(statement);
    sqlite3_free(sql);
    return status;
}

static enum status get_names(struct mirror *m, const char *event, int list, struct names *out,
                             struct failure *f)
{
    return each_name(m, sqlite3_mprintf("select name from \"millrace:field\" where event = %Q and "
                                        "list = %d order by n", event, list), out, f);
}

static bool same_names(struct names a, struct names b)
{
    if (a.n != b.n)
        return false;
    for (int i = 0; i < a.n; i++)
        if (strcmp(a.at[i], b.at[i]) != 0)
            return false;
    return true;
}

static enum status get_query(struct mirror *m, const char *event, int list, const char *name,
                             struct query *out, struct failure *f)
{
    struct names names;
    TRY(get_names(m, event, list, &names, f));
    struct field *fields = arena_zalloc(&m->arena, (size_t)(names.n + 1) * sizeof *fields);
    for (int i = 0; i < names.n; i++)
        fields[i].name = names.at[i];
    *out = (struct query){.name = name, .fields = fields, .nfields = names.n};
    return STATUS_OK;
}

/* As much of a view as its objects' bytes are read by. */
static enum status get_view(struct mirror *m, const char *event, struct view *out,
                            struct failure *f)
{
    struct names lists;
    *out = (struct view){.name = event};
    TRY(get_query(m, event, OWN, NULL, &out->query, f));
    TRY(get_names(m, event, LISTS, &lists, f));
    out->nlists = lists.n;
    out->lists = arena_zalloc(&m->arena, (size_t)(lists.n + 1) * sizeof *out->lists);
    for (int i = 0; i < lists.n; i++)
        TRY(get_query(m, event, i, lists.at[i], &out->lists[i], f));
    return STATUS_OK;
}

static bool same_shape(struct mirror *m, const struct view *a, const struct view *b)
{
    if (!same_names(fields_of(m, &a->query), fields_of(m, &b->query)) ||
        !same_names(lists_of(m, a), lists_of(m, b)))
        return false;
    for (int i = 0; i < a->nlists; i++)
        if (!same_names(fields_of(m, &a->lists[i]), fields_of(m, &b->lists[i])))
            return false;
    return true;
}

/* ---- an object of before, as one of now ---- */

static struct value find_field(const struct object *o, const char *name)
{
    for (uint32_t i = 0; i < o->nfields; i++)
        if (strcmp(o->fields[i].name, name) == 0)
            return o->fields[i].value;
    return value_null();
}

static struct object shape_fields(struct mirror *m, const struct query *q, const struct object *o)
{
    struct object_field *fields =
        arena_alloc(&m->scratch, (size_t)(q->nfields + 1) * sizeof *fields);
    for (int i = 0; i < q->nfields; i++)
        fields[i] = (struct object_field){q->fields[i].name, find_field(o, q->fields[i].name)};
    return (struct object){.fields = fields, .nfields = (uint32_t)q->nfields};
}

static struct object_list shape_list(struct mirror *m, const struct query *q,
                                     const struct object *o)
{
    const struct object_list *was = NULL;
    for (uint32_t i = 0; i < o->nlists; i++)
        if (strcmp(o->lists[i].name, q->name) == 0)
            was = &o->lists[i];
    if (!was)
        return (struct object_list){.name = q->name};
    struct object *elements =
        arena_alloc(&m->scratch, ((size_t)was->nelements + 1) * sizeof *elements);
    for (uint32_t i = 0; i < was->nelements; i++)
        elements[i] = shape_fields(m, q, &was->elements[i]);
    return (struct object_list){q->name, elements, was->nelements};
}

static struct object shape_object(struct mirror *m, const struct view *w, const struct object *o)
{
    struct object out = shape_fields(m, &w->query, o);
    struct object_list *lists =
        arena_alloc(&m->scratch, (size_t)(w->nlists + 1) * sizeof *lists);
    for (int i = 0; i < w->nlists; i++)
        lists[i] = shape_list(m, &w->lists[i], o);
    out.lists = lists;
    out.nlists = (uint32_t)w->nlists;
    return out;
}

static enum status shape_row(struct mirror *m, const struct view *was, const struct view *w,
                             sqlite3_stmt *each, sqlite3_stmt *add, struct failure *f)
{
    struct object *o;
    struct value bytes = db_column(each, w->nkey);
    arena_reset(&m->scratch);
    TRY(code_read_object(was, &bytes, &m->scratch, &o, f));
    struct object now = shape_object(m, w, o);
    buffer_clear(&m->before_bytes);
    code_object(&m->before_bytes, &now);
    for (int i = 0; i < w->nkey; i++) {
        struct value key = db_column(each, i);
        db_bind(add, i + 1, &key);
    }
    bytes = value_text(VALUE_BYTES, m->before_bytes.data, m->before_bytes.size);
    db_bind(add, w->nkey + 1, &bytes);
    return db_run(add, f);
}

static enum status shape_rows(struct mirror *m, const struct view *was, const struct view *w,
                              sqlite3_stmt *each, sqlite3_stmt *add, struct failure *f)
{
    bool row;
    TRY(db_step(each, &row, f));
    while (row) {
        TRY(shape_row(m, was, w, each, add, f));
        TRY(db_step(each, &row, f));
    }
    return STATUS_OK;
}

/* ---- tables ---- */

static enum status create(struct mirror *m, struct event_run *e, struct buffer *b,
                          struct failure *f)
{
    buffer_add_text(b, "create table ");
    file_emitted_name(e, b);
    buffer_add_text(b, " (");
    file_add_key_columns(m, e->view, b);
    buffer_add_text(b, ", bytes, primary key (");
    db_add_numbered(b, "k", e->view->nkey, "");
    buffer_add_text(b, ")) without rowid");
    return run(m, b, f);
}

static enum status prepare_shaping(struct mirror *m, struct event_run *e, struct buffer *b,
                                   sqlite3_stmt **each, sqlite3_stmt **add, struct failure *f)
{
    TRY(db_prepare(m->db, "select * from main.\"millrace:was\"", each, f));
    buffer_add_text(b, "insert into ");
    file_emitted_name(e, b);
    buffer_add_text(b, " values (");
    for (int i = 0; i <= e->view->nkey; i++)
        buffer_add_format(b, "%s?%d", i ? ", " : "", i + 1);
    buffer_add_text(b, ")");
    enum status status = db_prepare(m->db, buffer_text(b), add, f);
    buffer_clear(b);
    return status;
}

static enum status shape_table(struct mirror *m, struct event_run *e, const struct view *was,
                               struct buffer *b, struct failure *f)
{
    sqlite3_stmt *each = NULL, *add = NULL;
    TRY(db_exec(m->db, f, "alter table main.\"millrace:emitted:%w\" rename to \"millrace:was\"",
                e->view->name));
    TRY(create(m, e, b, f));
    enum status status = prepare_shaping(m, e, b, &each, &add, f);
    if (status == STATUS_OK)
        status = shape_rows(m, was, e->view, each, add, f);
    sqlite3_finalize(each);
    sqlite3_finalize(add);
    TRY(status);
    return db_exec(m->db, f, "drop table main.\"millrace:was\"");
}

static enum status is_kept(struct mirror *m, const struct view *w, bool *out, struct failure *f)
{
    struct names was;
    TRY(get_names(m, w->name, IDENTITY, &was, f));
    *out = same_names(was, identity_of(m, w));
    return STATUS_OK;
}

static enum status renew(struct mirror *m, struct event_run *e, struct buffer *b,
                         struct failure *f)
{
    TRY(db_exec(m->db, f, "drop table if exists main.\"millrace:emitted:%w\"", e->view->name));
    return create(m, e, b, f);
}

static enum status fit(struct mirror *m, struct event_run *e, struct buffer *b, struct failure *f)
{
    struct view was;
    TRY(get_view(m, e->view->name, &was, f));
    return same_shape(m, &was, e->view) ? STATUS_OK : shape_table(m, e, &was, b, f);
}

static enum status make(struct mirror *m, struct event_run *e, bool keep, struct buffer *b,
                        struct failure *f)
{
    bool kept = false;
    if (keep)
        TRY(is_kept(m, e->view, &kept, f));
    TRY(kept ? fit(m, e, b, f) : renew(m, e, b, f));
    TRY(put_all_names(m, e->view, f));
    return db_exec(m->db, f, "insert into \"millrace:event\" values (%Q, 0)", e->view->name);
}

/* ---- of events that are none any more ---- */

static const char prefix[] = "millrace:emitted:";

static bool is_assembled(const struct mirror *m, const char *event)
{
    for (int i = 0; i < m->views->nviews; i++)
        if (!m->views->views[i].alone && strcmp(m->views->views[i].name, event) == 0)
            return true;
    return false;
}

static enum status drop_others(struct mirror *m, struct failure *f)
{
    struct names tables;
    TRY(each_name(m, sqlite3_mprintf("select name from sqlite_schema where type = 'table' and "
                                     "substr(name, 1, %d) = %Q", (int)sizeof prefix - 1, prefix),
                  &tables, f));
    for (int i = 0; i < tables.n; i++) {
        const char *event = tables.at[i] + sizeof prefix - 1;
        if (!is_assembled(m, event))
            TRY(db_exec(m->db, f, "drop table main.\"%w\"; delete from \"millrace:field\" where "
                        "event = %Q", tables.at[i], event));
    }
    return STATUS_OK;
}

enum status emitted_make(struct mirror *m, bool keep, struct failure *f)
{
    struct buffer b;
    enum status status = db_exec(m->db, f, "delete from \"millrace:event\"");
    buffer_init(&b, SQL_MAX);
    for (int i = 0; i < m->views->nviews && status == STATUS_OK; i++)
        if (!m->events[i].view->alone)
            status = make(m, &m->events[i], keep, &b, f);
    buffer_free(&b);
    return status == STATUS_OK ? drop_others(m, f) : status;
}
