/* Events that are made of the row before and the row after. The view is asked over tables that hold
 * one row. Of an object that changes twice in a transaction the first state and the last one count:
 * they are remembered until COMMIT (seen.c). */
#include <string.h>

#include "transforms/mirror/internal.h"

enum { SQL_MAX = 1024 * 1024 };

/* ---- the tables of one row ---- */

static enum status create_table(struct mirror *m, struct table *t, struct buffer *b,
                                struct failure *f)
{
    const struct kept *k = t->kept;
    kept_add_create(m->views, b, k->relation->name, k->relation, k->columns, k->ncolumns, k->nkey);
    t->one.declaration = arena_strdup(&m->arena, buffer_text(b));
    buffer_clear(b);
    return one_row_create(m->rows, k->relation->name, &t->one, f);
}

enum status alone_open(struct mirror *m, struct failure *f)
{
    enum status status = STATUS_OK;
    struct buffer b;
    if (views_ntables(m->views) == m->views->ntables)
        return STATUS_OK;
    TRY(views_open_db(m->views, NULL, &m->rows, f));
    buffer_init(&b, SQL_MAX);
    for (int i = views_ntables(m->views); i < m->views->ntables && status == STATUS_OK; i++)
        status = create_table(m, &m->tables[i], &b, f);
    buffer_free(&b);
    /* One transaction for ever: nothing is to be kept. */
    return status == STATUS_OK ? db_exec(m->rows, f, "begin") : status;
}

/* ---- a row ---- */

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
    t->one.row = row;
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

static enum status note_change(struct mirror *m, struct event_run *e, const struct row_change *c,
                               const struct value *why, struct failure *f)
{
    struct seen s = {
        .before = bytes_of(&m->before_bytes), .after = bytes_of(&m->after_bytes), .why = *why};
    key_of(e, c->before ? c->before : c->after, s.key);
    TRY(seen_take_first(m, e, s.key, &s.before, f));
    if (why->kind == VALUE_NULL && value_equal(&s.before, &s.after))
        return STATUS_OK;
    key_of(e, c->after ? c->after : c->before, s.key);
    return seen_add(m, e, &s, f);
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

static enum status emit_seen(struct mirror *m, struct event_run *e, const struct seen *s,
                             struct failure *f)
{
    bool same;
    if (s->why.kind != VALUE_NULL) {
        fail(f, ERROR_VALUE, "%.*s", (int)s->why.size, s->why.text);
        return evaluate_refused(m, e, evaluate_object_text(m, s->key, e->view->nkey), f);
    }
    TRY(emit_is_same(m, e, &s->before, &s->after, &same, f));
    return same ? STATUS_OK : emit_add(m, e, &s->before, &s->after, f);
}

enum status alone_step(struct mirror *m, struct event_run *e, bool *more, struct failure *f)
{
    struct seen s;
    arena_reset(&m->scratch);
    TRY(seen_next(m, e, &s, more, f));
    return *more ? emit_seen(m, e, &s, f) : STATUS_OK;
}
