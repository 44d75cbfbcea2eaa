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

enum status alone_ask(struct mirror *m, struct event_run *e, const struct value *row,
                      struct buffer *out, struct object **object, struct value *why,
                      struct failure *f)
{
    struct value key[KEY_MAX];
    *why = value_null();
    *object = NULL;
    buffer_clear(out);
    if (!row)
        return STATUS_OK;
    m->tables[e->view->of].one.row = row;
    key_of(e, row, key);
    enum status status = ask_object(m, e, key, out, object, f);
    if (status != STATUS_DATA)
        return status;
    buffer_clear(out);
    *object = NULL;
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

static bool is_null(const struct value *v)
{
    return v->kind == VALUE_NULL;
}

/* What the view could not say of the row before this change, and of the one after. */
struct unsaid {
    struct value before, after;
};

static struct value as_bytes(const struct value *text)
{
    return value_text(VALUE_BYTES, text->text, text->size);
}

/* The row as it was before this transaction, as far as it is known: after a first change that could
 * be stated it is not, and its own row before stands for it. */
static enum status first_row(struct mirror *m, const struct row_change *c, bool again,
                             const struct seen *first, const struct value **out,
                             struct failure *f)
{
    struct change was;
    *out = c->change->before;
    if (!again)
        return STATUS_OK;
    if (is_null(&first->rows)) {
        if (is_null(&first->before))
            *out = NULL;
        return STATUS_OK;
    }
    TRY(refused_read(m, c->change->relation, &first->rows, &was, f));
    *out = was.before;
    return STATUS_OK;
}

/* `s` has the states; says why one of them is not known, and keeps the rows. */
static enum status note_unsaid(struct mirror *m, const struct row_change *c,
                               const struct unsaid *why, bool again, const struct seen *first,
                               struct seen *s, struct failure *f)
{
    const struct value *row;
    TRY(first_row(m, c, again, first, &row, f));
    const struct value *unknown = again ? &first->why : &why->before;
    bool was_unknown = row && is_null(&s->before);
    if (!is_null(&why->after))
        s->why = why->after;
    else if (was_unknown && is_null(&s->after))
        s->why = as_bytes(is_null(unknown) ? &why->before : unknown);
    if (!is_null(&s->why) || was_unknown)
        s->rows = refused_rows(m, c->table, c->change->relation, row, c->change->after);
    return STATUS_OK;
}

/* Of the object under its former key nothing more comes: those who keep something of it know. */
static enum status note_moved(struct mirror *m, struct event_run *e, const struct row_change *c,
                              const struct value *key, struct failure *f)
{
    struct seen moved = {{{0}}, value_null(), value_null(), value_null(), value_null()};
    if (!m->names_objects || !c->before || !c->after)
        return STATUS_OK;
    key_of(e, c->before, moved.key);
    return rows_same(moved.key, key, e->view->nkey) ? STATUS_OK : seen_add(m, e, &moved, f);
}

static enum status note_change(struct mirror *m, struct event_run *e, const struct row_change *c,
                               const struct unsaid *why, struct failure *f)
{
    bool again;
    struct seen first = {{{0}}, value_null(), value_null(), value_null(), value_null()};
    struct seen s = first;
    s.before = bytes_of(&m->before_bytes);
    s.after = bytes_of(&m->after_bytes);
    key_of(e, c->before ? c->before : c->after, s.key);
    TRY(seen_take_first(m, e, s.key, &s.before, &first, &again, f));
    if (again)
        s.before = first.before;
    if (!is_null(&why->before) || !is_null(&why->after) || !is_null(&first.rows))
        TRY(note_unsaid(m, c, why, again, &first, &s, f));
    key_of(e, c->after ? c->after : c->before, s.key);
    TRY(note_moved(m, e, c, s.key, f));
    if (is_null(&s.why) && !m->tells_all && value_equal(&s.before, &s.after))
        return STATUS_OK;
    return seen_add(m, e, &s, f);
}

enum status alone_change(struct mirror *m, struct event_run *e, struct row_change *c,
                         struct failure *f)
{
    struct unsaid why;
    struct object *object;
    TRY(alone_ask(m, e, c->before, &m->before_bytes, &object, &why.before, f));
    TRY(alone_ask(m, e, c->after, &m->after_bytes, &object, &why.after, f));
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
    struct row_change r = {.table = t, .change = c};
    TRY(check_images(c, f));
    TRY(rows_lay(m, t, c->before, &r.before, f));
    TRY(rows_lay(m, t, c->after, &r.after, f));
    TRY(complete(m, &r, f));
    if (r.before && r.after && rows_same(r.before, r.after, t->kept->ncolumns))
        return STATUS_OK;
    int table = (int)(t - m->tables);
    for (int i = 0; i < m->views->nviews; i++)
        if (m->events[i].view->alone && m->events[i].view->of == table)
            TRY(alone_change(m, &m->events[i], &r, f));
    return STATUS_OK;
}

/* ---- at COMMIT ---- */

static enum status emit_seen(struct mirror *m, struct event_run *e, const struct seen *s,
                             struct failure *f)
{
    bool same;
    bool moved = is_null(&s->before) && is_null(&s->after) && is_null(&s->why);
    if (moved || m->quiet)
        return evaluate_passed(m, e, s->key);
    if (!is_null(&s->why)) {
        fail(f, ERROR_VALUE, "%.*s", (int)s->why.size, s->why.text);
        const struct mirror_refusal r = {
            .event = e->view->name,
            .object = evaluate_object_text(m, s->key, e->view->nkey),
            .rows = &s->rows,
            .gone = s->why.kind == VALUE_BYTES,
        };
        return evaluate_refused(m, &r, f);
    }
    TRY(emit_is_same(m, e, &s->before, &s->after, &same, f));
    if (same && m->tells_all && !is_null(&s->after))
        return emit_again(m, e, s->key, &s->after, f);
    return same ? STATUS_OK : emit_add(m, e, s->key, &s->before, &s->after, f);
}

enum status alone_step(struct mirror *m, struct event_run *e, bool *more, struct failure *f)
{
    struct seen s;
    arena_reset(&m->scratch);
    TRY(seen_next(m, e, &s, more, f));
    return *more ? emit_seen(m, e, &s, f) : STATUS_OK;
}
