/* Touched objects are asked for and compared with what was last emitted; the differences become
 * events. In steps, so that a link can do other things between them: what is not yet emitted lies
 * in a temporary table, which also puts the events in their order. */
#include <string.h>

#include "transforms/mirror/internal.h"

enum { SQL_MAX = 1024 * 1024, FIRST_EVENTS = 16 };

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

enum status evaluate_prepare_outcome(struct mirror *m, struct failure *f)
{
    TRY(db_exec(m->db, f, "create table temp.outcome "
                          "(rank, n, event, before, after, primary key (rank, n)) without rowid"));
    TRY(db_prepare(m->db, "insert into temp.outcome values (?1, ?2, ?3, ?4, ?5)", &m->outcome_add,
                   f));
    TRY(db_prepare(m->db, "select event, before, after from temp.outcome order by rank, n",
                   &m->outcome, f));
    return db_prepare(m->db, "delete from temp.outcome", &m->outcome_clear, f);
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

enum status evaluate_refused(struct mirror *m, struct event_run *e, const char *object,
                             struct failure *f)
{
    enum status status = fail_in(f, "event %s, object %s", e->view->name, object);
    if (!m->quiet && m->options.refused)
        status = m->options.refused(m->options.context, e->view->name, object, f);
    if (m->quiet || status == STATUS_OK) {
        failure_clear(f);
        return STATUS_OK;
    }
    return status;
}

/* ---- differences ---- */

static bool same_bytes(const struct value *a, const struct value *b)
{
    return a->kind == b->kind &&
           (a->kind == VALUE_NULL ||
            (a->size == b->size && memcmp(a->text, b->text, a->size) == 0));
}

static enum status is_same(struct mirror *m, struct event_run *e, const struct value *before,
                           const struct value *after, bool *same, struct failure *f)
{
    struct object *a, *b;
    *same = same_bytes(before, after);
    if (*same || before->kind == VALUE_NULL || after->kind == VALUE_NULL)
        return STATUS_OK;
    TRY(code_read_object(e->view, before, &m->scratch, &a, f));
    TRY(code_read_object(e->view, after, &m->scratch, &b, f));
    *same = code_same_object(e->view, a, b);
    return STATUS_OK;
}

/* GONE by the reversed order of the definitions: what refers goes before what it refers to. */
static int64_t rank_of(const struct mirror *m, const struct event_run *e, bool had, bool has)
{
    if (!has)
        return -1 - e->number;
    return e->number + (had ? 0 : m->views->nviews);
}

static enum status add_outcome(struct mirror *m, struct event_run *e, const struct value *before,
                               const struct value *after, struct failure *f)
{
    struct value rank = value_int(
        rank_of(m, e, before->kind != VALUE_NULL, after->kind != VALUE_NULL));
    struct value n = value_int(m->noutcomes++), number = value_int(e->number);
    db_bind(m->outcome_add, 1, &rank);
    db_bind(m->outcome_add, 2, &n);
    db_bind(m->outcome_add, 3, &number);
    db_bind(m->outcome_add, 4, before);
    db_bind(m->outcome_add, 5, after);
    return db_run(m->outcome_add, f);
}

enum status evaluate_outcome(struct mirror *m, struct event_run *e, const struct value *before,
                             const struct value *after, struct failure *f)
{
    bool same;
    if (m->quiet)
        return STATUS_OK;
    TRY(is_same(m, e, before, after, &same, f));
    return same ? STATUS_OK : add_outcome(m, e, before, after, f);
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
    bool same;
    TRY(get_emitted(m, e, key, &before, f));
    TRY(is_same(m, e, &before, after, &same, f));
    if (same)
        return STATUS_OK;
    TRY(set_emitted(e, key, after, f));
    return m->quiet ? STATUS_OK : add_outcome(m, e, &before, after, f);
}

static enum status evaluate_object(struct mirror *m, struct event_run *e, struct failure *f)
{
    int n = e->view->nkey;
    struct value key[KEY_MAX];
    struct object *object;
    for (int i = 0; i < n; i++)
        key[i] = db_column_copy(e->touched, i, &m->scratch);
    enum status status = ask_object(m, e, key, &m->after_bytes, &object, f);
    if (status == STATUS_DATA)
        return evaluate_refused(m, e, evaluate_object_text(m, key, n), f);
    TRY(status);
    struct value after = value_null();
    if (object)
        after = value_text(VALUE_BYTES, m->after_bytes.data, m->after_bytes.size);
    return compare_object(m, e, key, &after, f);
}

static enum status touched_step(struct mirror *m, struct event_run *e, bool *more,
                                struct failure *f)
{
    *more = false;
    if (e->ntouched == 0)
        return STATUS_OK;
    arena_reset(&m->scratch);
    TRY(touch_settle_moves(m, e, f));
    TRY(db_step(e->touched, more, f));
    if (*more)
        return evaluate_object(m, e, f);
    e->ntouched = 0;
    e->has_last = false;
    return db_run(e->clear, f);
}

/* ---- events ---- */

static enum status read_object(struct mirror *m, const struct view *w, int column,
                               struct arena *a, const struct object **out, struct failure *f)
{
    struct value bytes = db_column(m->outcome, column);
    struct object *o = NULL;
    if (bytes.kind != VALUE_NULL)
        TRY(code_read_object(w, &bytes, a, &o, f));
    *out = o;
    return STATUS_OK;
}

static enum status read_event(struct mirror *m, struct arena *a, struct event *out,
                              struct failure *f)
{
    const struct view *w = m->events[db_column(m->outcome, 0).i].view;
    TRY(read_object(m, w, 1, a, &out->before, f));
    TRY(read_object(m, w, 2, a, &out->after, f));
    out->type = w->type;
    out->name = w->name;
    out->op = !out->before ? EVENT_CREATED : out->after ? EVENT_CHANGED : EVENT_GONE;
    const struct object *o = out->after ? out->after : out->before;
    out->key = code_text(&o->fields[w->query.key].value, a);
    return STATUS_OK;
}

static struct event *add_event(struct mirror_step *s, struct arena *a)
{
    bool full = s->nevents == 0 ||
                (s->nevents >= FIRST_EVENTS && (s->nevents & (s->nevents - 1)) == 0);
    if (full) {
        uint32_t capacity = s->nevents ? 2 * s->nevents : FIRST_EVENTS;
        struct event *events = arena_alloc(a, capacity * sizeof *events);
        if (s->nevents)
            memcpy(events, s->events, s->nevents * sizeof *events);
        s->events = events;
    }
    return &s->events[s->nevents++];
}

static enum status emit_step(struct mirror *m, struct arena *a, struct mirror_step *s, bool *more,
                             struct failure *f)
{
    *more = false;
    if (m->noutcomes == 0)
        return STATUS_OK;
    TRY(db_step(m->outcome, more, f));
    if (*more)
        return read_event(m, a, add_event(s, a), f);
    m->noutcomes = 0;
    return db_run(m->outcome_clear, f);
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

/* One object at most; `done` says whether it was one. */
static enum status step(struct mirror *m, struct arena *a, struct mirror_step *s, bool *done,
                        struct failure *f)
{
    if (m->phase == PHASE_EMIT) {
        TRY(emit_step(m, a, s, done, f));
        m->phase = *done ? PHASE_EMIT : PHASE_IDLE;
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
    evaluate_start(m);
    TRY(mirror_evaluate(m, UINT32_MAX, &m->scratch, &nothing, f));
    must(!nothing.more && nothing.nevents == 0);
    return STATUS_OK;
}
