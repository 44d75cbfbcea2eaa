/* Events that are made of the row before and the row after. The view is asked over a database in
 * memory whose tables hold one row. Of an object that changes twice in a transaction the first
 * state and the last one count: they are remembered, with its key, until COMMIT. */
#include <string.h>

#include "transforms/mirror/internal.h"

enum { SQL_MAX = 1024 * 1024 };

/* ---- statements ---- */

static enum status prepare_table(struct mirror *m, struct table *t, struct buffer *b,
                                 struct failure *f)
{
    const struct kept *k = t->kept;
    kept_add_create(m->views, b, k->relation->name, k->relation, k->columns, k->ncolumns, k->nkey);
    TRY(db_exec(m->rows, f, "%s", buffer_text(b)));
    buffer_clear(b);
    buffer_add_text(b, "insert into ");
    db_add_name(b, k->relation->name);
    for (int i = 0; i < k->ncolumns; i++)
        buffer_add_format(b, "%s?%d", i ? ", " : " values (", i + 1);
    buffer_add_text(b, ")");
    TRY(db_prepare(m->rows, buffer_text(b), &t->insert, f));
    buffer_clear(b);
    buffer_add_text(b, "delete from ");
    db_add_name(b, k->relation->name);
    return db_prepare(m->rows, buffer_text(b), &t->delete, f);
}

enum status alone_open(struct mirror *m, struct failure *f)
{
    enum status status = STATUS_OK;
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    for (int i = views_ntables(m->views); i < m->views->ntables && status == STATUS_OK; i++) {
        if (!m->rows)
            TRY(views_open_db(m->views, NULL, &m->rows, f));
        buffer_clear(&b);
        status = prepare_table(m, &m->tables[i], &b, f);
    }
    buffer_free(&b);
    if (status == STATUS_OK && m->rows) /* one transaction for ever: nothing is to be kept */
        status = db_exec(m->rows, f, "pragma journal_mode = off; begin");
    return status;
}

/* In `format`, @ is the table and # its key. */
static enum status prepare_seen(struct mirror *m, struct event_run *e, struct buffer *b,
                                const char *format, sqlite3_stmt **out, struct failure *f)
{
    buffer_clear(b);
    int n = e->view->nkey;
    for (const char *at = format; *at; at++) {
        if (*at == '@')
            buffer_add_format(b, "temp.\"seen:%d\"", e->number);
        else if (*at == '#')
            db_add_numbered(b, "k", n, "");
        else
            buffer_add_char(b, *at);
    }
    return db_prepare(m->db, buffer_text(b), out, f);
}

static enum status create_seen(struct mirror *m, struct event_run *e, struct buffer *b,
                               struct failure *f)
{
    buffer_add_format(b, "create table temp.\"seen:%d\" (before, after, why, ", e->number);
    file_add_key_columns(m, e->view, b);
    buffer_add_format(b, "); create index temp.\"seen:%d:key\" on \"seen:%d\" (", e->number,
                      e->number);
    db_add_numbered(b, "k", e->view->nkey, "");
    buffer_add_text(b, ")");
    return db_exec(m->db, f, "%s", buffer_text(b));
}

/* Parameters: 1 before, 2 after, 3 why, then the key. */
static enum status prepare_all(struct mirror *m, struct event_run *e, struct buffer *b,
                               struct failure *f)
{
    struct buffer find;
    TRY(create_seen(m, e, b, f));
    buffer_init(&find, SQL_MAX);
    buffer_add_text(&find, "select rowid, before from @ where after is ?2");
    for (int i = 0; i < e->view->nkey; i++)
        buffer_add_format(&find, " and k%d = ?%d", i, i + 4);
    enum status status = prepare_seen(m, e, b, buffer_text(&find), &e->seen_find, f);
    buffer_clear(&find);
    buffer_add_text(&find, "insert into @ values (?1, ?2, ?3");
    for (int i = 0; i < e->view->nkey; i++)
        buffer_add_format(&find, ", ?%d", i + 4);
    buffer_add_text(&find, ")");
    if (status == STATUS_OK)
        status = prepare_seen(m, e, b, buffer_text(&find), &e->seen_add, f);
    buffer_free(&find);
    TRY(status);
    TRY(prepare_seen(m, e, b, "delete from @ where rowid = ?1", &e->seen_drop, f));
    TRY(prepare_seen(m, e, b, "select * from @ order by #, rowid", &e->seen, f));
    return prepare_seen(m, e, b, "delete from @", &e->clear, f);
}

enum status alone_prepare(struct mirror *m, struct event_run *e, struct failure *f)
{
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    enum status status = prepare_all(m, e, &b, f);
    buffer_free(&b);
    return status;
}

/* ---- a row ---- */

static enum status hold_row(struct table *t, const struct value *row, struct failure *f)
{
    TRY(db_run(t->delete, f));
    for (int i = 0; i < t->kept->ncolumns; i++)
        db_bind(t->insert, i + 1, &row[i]);
    return db_run(t->insert, f);
}

static void key_of(const struct event_run *e, const struct value *row, struct value *key)
{
    for (int i = 0; i < e->view->nkey; i++)
        key[i] = row[e->view->key[i]];
}

/* What the view says of the row; nothing where there is none. `why`: it cannot say. */
static enum status ask_row(struct mirror *m, struct event_run *e, struct table *t,
                           const struct value *row, struct buffer *out, struct value *why,
                           struct failure *f)
{
    struct value key[KEY_MAX];
    struct object *object;
    *why = value_null();
    buffer_clear(out);
    if (!row)
        return STATUS_OK;
    TRY(hold_row(t, row, f));
    key_of(e, row, key);
    enum status status = ask_object(m, e, key, out, &object, f);
    if (status != STATUS_DATA)
        return status;
    buffer_clear(out);
    const char *text = arena_strdup(&m->scratch, f->text);
    *why = value_text(VALUE_TEXT, text, strlen(text));
    failure_clear(f);
    return STATUS_OK;
}

/* ---- what was seen in this transaction ---- */

static struct value bytes_of(const struct buffer *b)
{
    return b->size ? value_text(VALUE_BYTES, b->data, b->size) : value_null();
}

static void bind_key(sqlite3_stmt *statement, const struct value *key, int n)
{
    for (int i = 0; i < n; i++)
        db_bind(statement, i + 4, &key[i]);
}

/* The object as this transaction left it, if it did: its first state stays the first. */
static enum status find_first(struct mirror *m, struct event_run *e, const struct value *key,
                              struct value *before, struct failure *f)
{
    bool row;
    if (e->ntouched == 0)
        return STATUS_OK;
    db_bind(e->seen_find, 2, before);
    bind_key(e->seen_find, key, e->view->nkey);
    TRY(db_step(e->seen_find, &row, f));
    if (!row)
        return STATUS_OK;
    struct value number = db_column(e->seen_find, 0);
    *before = db_column_copy(e->seen_find, 1, &m->scratch);
    sqlite3_reset(e->seen_find);
    db_bind(e->seen_drop, 1, &number);
    return db_run(e->seen_drop, f);
}

static enum status note_change(struct mirror *m, struct event_run *e, const struct row_change *c,
                               const struct value *why, struct failure *f)
{
    struct value key[KEY_MAX];
    struct value before = bytes_of(&m->before_bytes), after = bytes_of(&m->after_bytes);
    key_of(e, c->before ? c->before : c->after, key);
    TRY(find_first(m, e, key, &before, f));
    if (why->kind == VALUE_NULL && value_equal(&before, &after))
        return STATUS_OK;
    key_of(e, c->after ? c->after : c->before, key);
    db_bind(e->seen_add, 1, &before);
    db_bind(e->seen_add, 2, &after);
    db_bind(e->seen_add, 3, why);
    bind_key(e->seen_add, key, e->view->nkey);
    e->ntouched++;
    return db_run(e->seen_add, f);
}

static enum status change_event(struct mirror *m, struct event_run *e, const struct row_change *c,
                                struct failure *f)
{
    struct value why;
    TRY(ask_row(m, e, c->table, c->before, &m->before_bytes, &why, f));
    TRY(ask_row(m, e, c->table, c->after, &m->after_bytes, &why, f));
    return note_change(m, e, c, &why, f);
}

/* ---- a change ---- */

static enum status complete(struct mirror *m, struct row_change *c, struct failure *f)
{
    int n = c->table->kept->ncolumns;
    struct value *after = arena_alloc(&m->scratch, (size_t)n * sizeof *after);
    for (int i = 0; i < n; i++) {
        bool known = !c->before || c->before[i].kind != VALUE_ABSENT;
        if (c->after)
            after[i] = c->after[i].kind == VALUE_ABSENT && c->before ? c->before[i] : c->after[i];
        if (!known || (c->after && after[i].kind == VALUE_ABSENT))
            return fail(f, ERROR_ROW_IMAGE, "the log no longer has whole rows: set its replica "
                        "identity (or row image) to FULL, or start again");
    }
    if (c->after)
        c->after = after;
    return STATUS_OK;
}

static enum status check_images(const struct change *c, struct failure *f)
{
    if (c->op == CHANGE_TRUNCATE)
        return fail(f, ERROR_UNSUPPORTED, "a TRUNCATE does not tell which objects are gone: let "
                    "the event be assembled, or skip the transaction");
    if (!c->before && c->op != CHANGE_INSERT)
        return fail(f, ERROR_ROW_IMAGE, "the log no longer has old rows: set its replica "
                    "identity (or row image) to FULL, or start again");
    return STATUS_OK;
}

enum status alone_apply(struct mirror *m, struct table *t, const struct change *c,
                        struct failure *f)
{
    struct row_change r = {.table = t};
    TRY(check_images(c, f));
    TRY(rows_lay(m, t, c->before, &r.before, f));
    TRY(rows_lay(m, t, c->after, &r.after, f));
    TRY(complete(m, &r, f));
    if (r.before && r.after && rows_same(r.before, r.after, t->kept->ncolumns))
        return STATUS_OK;
    int table = (int)(t - m->tables);
    for (int i = 0; i < m->views->nviews; i++)
        if (m->events[i].view->alone && m->events[i].view->of == table)
            TRY(change_event(m, &m->events[i], &r, f));
    return STATUS_OK;
}

/* ---- at COMMIT ---- */

static enum status emit_seen(struct mirror *m, struct event_run *e, struct failure *f)
{
    struct value before = db_column(e->seen, 0), after = db_column(e->seen, 1);
    struct value why = db_column(e->seen, 2), key[KEY_MAX];
    if (why.kind == VALUE_NULL)
        return evaluate_outcome(m, e, &before, &after, f);
    for (int i = 0; i < e->view->nkey; i++)
        key[i] = db_column(e->seen, 3 + i);
    fail(f, ERROR_VALUE, "%.*s", (int)why.size, why.text);
    return evaluate_refused(m, e, evaluate_object_text(m, key, e->view->nkey), f);
}

enum status alone_step(struct mirror *m, struct event_run *e, bool *more, struct failure *f)
{
    *more = false;
    if (e->ntouched == 0)
        return STATUS_OK;
    arena_reset(&m->scratch);
    TRY(db_step(e->seen, more, f));
    if (*more)
        return emit_seen(m, e, f);
    e->ntouched = 0;
    return db_run(e->clear, f);
}
