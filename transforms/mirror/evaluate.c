/* Touched objects are asked for and compared with what was last emitted; the differences become
 * events. In steps, so that a link can do other things between them. */
#include "transforms/mirror/internal.h"

enum { SQL_MAX = 1024 * 1024 };

/* ---- statements ---- */

static enum status prepare(struct mirror *m, struct buffer *b, sqlite3_stmt **out,
                           struct failure *f)
{
    enum status status = db_prepare(m->db, buffer_text(b), out, f);
    buffer_clear(b);
    return status;
}

static void add_condition(struct buffer *b, int n, int first)
{
    for (int i = 0; i < n; i++)
        buffer_add_format(b, "%sk%d = ?%d", i ? " and " : " where ", i, first + i);
}

/* ?1.. the old key, after the new one: as "touched" has them (k, w): k new, w old */
static void add_move(struct mirror *m, struct event_run *e, struct buffer *b)
{
    const struct view *w = e->view;
    const struct kept *k = &m->views->tables[w->of];
    buffer_add_text(b, "update or ignore ");
    file_emitted_name(e, b);
    for (int i = 0; i < w->nkey; i++)
        buffer_add_format(b, "%sk%d = ?%d", i ? ", " : " set ", i, i + 1);
    add_condition(b, w->nkey, w->nkey + 1);
    buffer_add_text(b, " and not exists (select 1 from main.");
    db_add_name(b, k->relation->name);
    for (int i = 0; i < w->nkey; i++) {
        buffer_add_text(b, i ? " and " : " where ");
        db_add_name(b, k->relation->columns[k->columns[w->key[i]]].name);
        buffer_add_format(b, " = ?%d", w->nkey + 1 + i);
    }
    buffer_add_text(b, ")");
}

static enum status prepare_emitted(struct mirror *m, struct event_run *e, struct buffer *b,
                                   struct failure *f)
{
    int n = e->view->nkey;
    buffer_add_text(b, "select bytes from ");
    file_emitted_name(e, b);
    add_condition(b, n, 1);
    TRY(prepare(m, b, &e->emitted_get, f));
    buffer_add_text(b, "insert or replace into ");
    file_emitted_name(e, b);
    buffer_add_text(b, " values (");
    for (int i = 0; i <= n; i++)
        buffer_add_format(b, "%s?%d", i ? ", " : "", i + 1);
    buffer_add_text(b, ")");
    TRY(prepare(m, b, &e->emitted_put, f));
    buffer_add_text(b, "delete from ");
    file_emitted_name(e, b);
    add_condition(b, n, 1);
    TRY(prepare(m, b, &e->emitted_drop, f));
    add_move(m, e, b);
    return prepare(m, b, &e->emitted_move, f);
}

enum status evaluate_prepare(struct mirror *m, struct event_run *e, struct failure *f)
{
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    enum status status = prepare_emitted(m, e, &b, f);
    buffer_free(&b);
    return status;
}

/* ---- refusals ---- */

const char *evaluate_object_text(struct mirror *m, const struct value *key, int n)
{
    const char *text = "";
    for (int i = 0; i < n; i++)
        text = arena_format(&m->scratch, "%s%s%s", text, i ? "," : "",
                            code_text(&key[i], &m->scratch));
    return text;
}

enum status evaluate_refused(struct mirror *m, const struct mirror_refusal *r, struct failure *f)
{
    enum status status = fail_in(f, "event %s, object %s", r->event, r->object);
    if (!m->quiet && m->options.refused)
        status = m->options.refused(m->options.context, r, f);
    if (m->quiet || status == STATUS_OK) {
        failure_clear(f);
        return STATUS_OK;
    }
    return status;
}

enum status evaluate_passed(struct mirror *m, struct event_run *e, const struct value *key)
{
    if (!m->names_objects || !m->options.passed || m->repeated)
        return STATUS_OK;
    return m->options.passed(m->options.context, e->view->name,
                             evaluate_object_text(m, key, e->view->nkey));
}

/* ---- an object ---- */

static void bind_key(sqlite3_stmt *statement, const struct value *key, int n)
{
    for (int i = 0; i < n; i++)
        db_bind(statement, i + 1, &key[i]);
}

static enum status get_emitted(struct mirror *m, struct event_run *e, const struct value *key,
                               struct value *out, struct failure *f)
{
    bool row;
    bind_key(e->emitted_get, key, e->view->nkey);
    TRY(db_step(e->emitted_get, &row, f));
    *out = row ? db_column_copy(e->emitted_get, 0, &m->scratch) : value_null();
    sqlite3_reset(e->emitted_get);
    return STATUS_OK;
}

static enum status set_emitted(struct event_run *e, const struct value *key,
                               const struct value *bytes, struct failure *f)
{
    int n = e->view->nkey;
    sqlite3_stmt *statement = bytes->kind == VALUE_NULL ? e->emitted_drop : e->emitted_put;
    bind_key(statement, key, n);
    if (statement == e->emitted_put)
        db_bind(statement, n + 1, bytes);
    return db_run(statement, f);
}

static enum status compare_object(struct mirror *m, struct event_run *e, const struct value *key,
                                  const struct value *after, struct failure *f)
{
    struct value before;
    bool same, again = again_is_asked(m, e, key);
    TRY(get_emitted(m, e, key, &before, f));
    TRY(emit_is_same(m, e, &before, after, &same, f));
    if (!same)
        TRY(set_emitted(e, key, after, f));
    if (after->kind != VALUE_NULL && (again || (same && m->tells_all)))
        return emit_again(m, e, key, after, f);
    if (same || m->quiet)
        return evaluate_passed(m, e, key);
    return emit_add(m, e, key, &before, after, f);
}

/* `f` says why; what was last emitted of it stays. */
static enum status refuse(struct mirror *m, struct event_run *e, const struct value *key,
                          struct failure *f)
{
    struct value told;
    struct object *o = NULL;
    struct failure unread = {0};
    TRY(get_emitted(m, e, key, &told, &unread));
    if (told.kind != VALUE_NULL && code_read_object(e->view, &told, &m->scratch, &o, &unread) != STATUS_OK) {
        *f = unread;
        return error_status(f->code);
    }
    const struct mirror_refusal r = {.event = e->view->name,
                                     .object = evaluate_object_text(m, key, e->view->nkey),
                                     .told = o};
    return evaluate_refused(m, &r, f);
}

static enum status evaluate_object(struct mirror *m, struct event_run *e, const struct value *key,
                                   struct failure *f)
{
    struct object *object;
    enum status status = ask_object(m, e, key, &m->after_bytes, &object, f);
    if (status == STATUS_DATA)
        return refuse(m, e, key, f);
    TRY(status);
    struct value after = value_null();
    if (object)
        after = value_text(VALUE_BYTES, m->after_bytes.data, m->after_bytes.size);
    return compare_object(m, e, key, &after, f);
}

static enum status touched_step(struct mirror *m, struct event_run *e, bool *more,
                                struct failure *f)
{
    const struct value *key;
    arena_reset(&m->scratch);
    TRY(touch_next(m, e, &key, more, f));
    return *more ? evaluate_object(m, e, key, f) : STATUS_OK;
}

/* ---- steps ---- */

void evaluate_start(struct mirror *m)
{
    m->phase = PHASE_PENDING;
    m->at_event = m->at_touch = 0;
}

static enum status pending_step(struct mirror *m, struct event_run *e, bool *more,
                                struct failure *f)
{
    *more = false;
    for (; !*more && m->at_touch < e->view->ntouches; m->at_touch += !*more)
        TRY(touch_step(m, e, m->at_touch, more, f));
    if (!*more)
        m->at_touch = 0;
    return STATUS_OK;
}

static enum status event_step(struct mirror *m, struct event_run *e, bool *more,
                              struct failure *f)
{
    *more = false;
    if (m->phase == PHASE_SEEN)
        return e->view->alone ? alone_step(m, e, more, f) : STATUS_OK;
    if (e->view->alone)
        return STATUS_OK;
    return m->phase == PHASE_PENDING ? pending_step(m, e, more, f) : touched_step(m, e, more, f);
}

static void end(struct mirror *m)
{
    m->phase = PHASE_IDLE;
    m->tells_all = false;
    mirror_forget_collected(m);
}

/* One object at most; `done` says whether it was one. */
static enum status step(struct mirror *m, struct arena *a, struct mirror_step *s, bool *done,
                        struct failure *f)
{
    if (m->phase == PHASE_EMIT) {
        TRY(emit_step(m, a, s, done, f));
        if (!*done)
            end(m);
        return STATUS_OK;
    }
    TRY(event_step(m, &m->events[m->at_event], done, f));
    if (!*done && ++m->at_event == m->views->nviews) {
        m->phase++;
        m->at_event = 0;
    }
    return STATUS_OK;
}

enum status mirror_evaluate(struct mirror *m, uint32_t max, struct arena *a,
                            struct mirror_step *out, struct failure *f)
{
    must(m->phase != PHASE_APPLY);
    *out = (struct mirror_step){0};
    for (uint32_t n = 0; n < max && m->phase != PHASE_IDLE;) {
        bool done;
        TRY(step(m, a, out, &done, f));
        n += done;
    }
    out->more = m->phase != PHASE_IDLE;
    return STATUS_OK;
}

enum status evaluate_now(struct mirror *m, struct failure *f)
{
    struct mirror_step nothing;
    m->quiet = true;
    m->names_objects = false; /* what is taken for emitted is not newer than what is held */
    evaluate_start(m);
    TRY(mirror_evaluate(m, UINT32_MAX, &m->scratch, &nothing, f));
    must(!nothing.more && nothing.nevents == 0);
    return STATUS_OK;
}
