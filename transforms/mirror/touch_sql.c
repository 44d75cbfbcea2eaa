/* The temporary tables of touched objects and remembered rows, and the statements over them. */
#include "transforms/mirror/internal.h"

enum { SQL_MAX = 1024 * 1024 };

static void add_touched(struct buffer *b, const struct event_run *e)
{
    buffer_add_format(b, "temp.\"touched:%d\"", e->number);
}

static void add_pending(struct buffer *b, const struct event_run *e, int touch)
{
    buffer_add_format(b, "temp.\"pending:%d:%d\"", e->number, touch);
}

/* "k0 = ?1 and k1 = ?2", or with another first parameter */
static void add_object_condition(struct buffer *b, int nkey, int first)
{
    for (int i = 0; i < nkey; i++)
        buffer_add_format(b, "%sk%d = ?%d", i ? " and " : "", i, first + i);
}

static void add_parameters(struct buffer *b, int n)
{
    for (int i = 0; i < n; i++)
        buffer_add_format(b, "%s?%d", i ? ", " : "", i + 1);
}

static enum status prepare(struct mirror *m, struct buffer *b, sqlite3_stmt **out,
                           struct failure *f)
{
    enum status status = db_prepare(m->db, buffer_text(b), out, f);
    buffer_clear(b);
    return status;
}

static enum status create_touched(struct mirror *m, struct event_run *e, struct buffer *b,
                                  struct failure *f)
{
    buffer_add_text(b, "create table ");
    add_touched(b, e);
    buffer_add_text(b, " (");
    file_add_key_columns(m, e->view, b);
    buffer_add_text(b, ", ");
    db_add_numbered(b, "w", e->view->nkey, "");
    buffer_add_text(b, ", primary key (");
    db_add_numbered(b, "k", e->view->nkey, "");
    buffer_add_text(b, ")) without rowid");
    enum status status = db_exec(m->db, f, "%s", buffer_text(b));
    buffer_clear(b);
    return status;
}

static enum status prepare_adding(struct mirror *m, struct event_run *e, struct buffer *b,
                                  struct failure *f)
{
    int n = e->view->nkey;
    buffer_add_text(b, "insert or ignore into ");
    add_touched(b, e);
    buffer_add_text(b, " (");
    db_add_numbered(b, "k", n, "");
    buffer_add_text(b, ") values (");
    add_parameters(b, n);
    buffer_add_text(b, ")");
    TRY(prepare(m, b, &e->touch, f));
    buffer_add_text(b, "insert into ");
    add_touched(b, e);
    buffer_add_text(b, " values (");
    add_parameters(b, 2 * n);
    buffer_add_text(b, ") on conflict do update set ");
    for (int i = 0; i < n; i++)
        buffer_add_format(b, "%sw%d = excluded.w%d", i ? ", " : "", i, i);
    return prepare(m, b, &e->touch_moved, f);
}

static enum status prepare_reading(struct mirror *m, struct event_run *e, struct buffer *b,
                                   struct failure *f)
{
    int n = e->view->nkey;
    buffer_add_text(b, "select ");
    db_add_numbered(b, "w", n, "");
    buffer_add_text(b, " from ");
    add_touched(b, e);
    buffer_add_text(b, " where w0 is not null and ");
    add_object_condition(b, n, 1);
    TRY(prepare(m, b, &e->touched_was, f));
    buffer_add_text(b, "select * from ");
    add_touched(b, e);
    buffer_add_text(b, " order by ");
    db_add_numbered(b, "k", n, "");
    TRY(prepare(m, b, &e->touched_each, f));
    buffer_add_text(b, "select * from ");
    add_touched(b, e);
    buffer_add_text(b, " where w0 is not null");
    TRY(prepare(m, b, &e->moved, f));
    buffer_add_text(b, "delete from ");
    add_touched(b, e);
    return prepare(m, b, &e->clear, f);
}

static enum status prepare_query_touch(struct mirror *m, struct event_run *e, int i,
                                       struct buffer *b, struct failure *f)
{
    const struct touch *t = &e->view->touches[i];
    struct touch_run *r = &e->touches[i];
    r->pending.nkey = t->ncolumns;
    buffer_add_text(b, "create table ");
    add_pending(b, e, i);
    buffer_add_text(b, " (");
    db_add_numbered(b, "c", t->ncolumns, "");
    buffer_add_text(b, ", unique (");
    db_add_numbered(b, "c", t->ncolumns, "");
    buffer_add_text(b, "))");
    TRY(db_exec(m->db, f, "%s", buffer_text(b)));
    buffer_clear(b);
    buffer_add_text(b, "insert or ignore into ");
    add_pending(b, e, i);
    buffer_add_text(b, " values (");
    add_parameters(b, t->ncolumns);
    buffer_add_text(b, ")");
    TRY(prepare(m, b, &r->add, f));
    buffer_add_text(b, "select * from ");
    add_pending(b, e, i);
    TRY(prepare(m, b, &r->each, f));
    buffer_add_text(b, "delete from ");
    add_pending(b, e, i);
    TRY(prepare(m, b, &r->clear, f));
    return db_prepare(m->db, t->sql, &r->query, f);
}

static enum status prepare_all(struct mirror *m, struct event_run *e, struct buffer *b,
                               struct failure *f)
{
    e->touched.nkey = e->view->nkey;
    TRY(create_touched(m, e, b, f));
    TRY(prepare_adding(m, e, b, f));
    TRY(prepare_reading(m, e, b, f));
    for (int i = 0; i < e->view->ntouches; i++)
        if (e->view->touches[i].sql)
            TRY(prepare_query_touch(m, e, i, b, f));
    return STATUS_OK;
}

enum status touch_prepare(struct mirror *m, struct event_run *e, struct failure *f)
{
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    e->touches = arena_zalloc(&m->arena, (size_t)e->view->ntouches * sizeof *e->touches);
    enum status status = prepare_all(m, e, &b, f);
    buffer_free(&b);
    return status;
}

/* ---- whole tables ---- */

static const char *touch_column(const struct mirror *m, const struct touch *t, int i)
{
    return kept_name(&m->views->tables[t->table], t->columns[i]);
}

/* "insert or ignore into INTO select columns of the touch from its table" */
static enum status copy_columns(struct mirror *m, const struct touch *t, bool not_null,
                                struct buffer *b, struct failure *f)
{
    buffer_add_text(b, " select ");
    for (int i = 0; i < t->ncolumns; i++) {
        buffer_add_text(b, i ? ", " : "");
        db_add_name(b, touch_column(m, t, i));
    }
    buffer_add_text(b, " from main.");
    db_add_name(b, m->views->tables[t->table].relation->name);
    for (int i = 0; not_null && i < t->ncolumns; i++) {
        buffer_add_text(b, i ? " and " : " where ");
        db_add_name(b, touch_column(m, t, i));
        buffer_add_text(b, " is not null");
    }
    return db_exec(m->db, f, "%s", buffer_text(b));
}

enum status touch_copy_whole(struct mirror *m, struct event_run *e, int i, int64_t *n,
                             struct failure *f)
{
    const struct touch *t = &e->view->touches[i];
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    buffer_add_text(&b, "insert or ignore into ");
    if (t->sql) {
        add_pending(&b, e, i);
    } else {
        add_touched(&b, e);
        buffer_add_text(&b, " (");
        db_add_numbered(&b, "k", e->view->nkey, "");
        buffer_add_text(&b, ")");
    }
    enum status status = copy_columns(m, t, !t->sql, &b, f);
    *n = sqlite3_changes(m->db);
    buffer_free(&b);
    return status;
}

enum status touch_copy_emitted(struct mirror *m, struct event_run *e, int64_t *n,
                               struct failure *f)
{
    struct buffer b;
    int nkey = e->view->nkey;
    buffer_init(&b, SQL_MAX);
    buffer_add_text(&b, "insert or ignore into ");
    add_touched(&b, e);
    buffer_add_text(&b, " (");
    db_add_numbered(&b, "k", nkey, "");
    buffer_add_text(&b, ") select ");
    db_add_numbered(&b, "k", nkey, "");
    buffer_add_text(&b, " from ");
    file_emitted_name(e, &b);
    enum status status = db_exec(m->db, f, "%s", buffer_text(&b));
    *n = sqlite3_changes(m->db);
    buffer_free(&b);
    return status;
}
