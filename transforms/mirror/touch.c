/* A changed row leads to objects: at once where its columns are the object; where a query finds
 * them, the row's columns are remembered and the query is asked at COMMIT, when the order of the
 * rows no longer matters. Objects are collected in a temporary table an event, each once. */
#include "transforms/mirror/internal.h"

/* ---- objects ---- */

static bool has_null(const struct value *key, int n)
{
    for (int i = 0; i < n; i++)
        if (key[i].kind == VALUE_NULL)
            return true;
    return false;
}

/* The lines of one header come one after the other. */
static bool is_last(struct event_run *e, const struct value *key)
{
    if (e->view->nkey != 1 || key->kind != VALUE_INT)
        return false;
    bool same = e->has_last && e->last[0].i == key->i;
    e->last[0] = *key;
    e->has_last = true;
    return same;
}

static void bind_key(sqlite3_stmt *statement, int first, const struct value *key, int n)
{
    for (int i = 0; i < n; i++)
        db_bind(statement, first + i, &key[i]);
}

static enum status touch_object(struct event_run *e, const struct value *key, struct failure *f)
{
    int n = e->view->nkey;
    if (has_null(key, n) || is_last(e, key))
        return STATUS_OK;
    bind_key(e->touch, 1, key, n);
    e->ntouched++;
    return db_run(e->touch, f);
}

/* Which key the object had before this transaction: a row may move more than once in it. */
static enum status origin_of(struct mirror *m, struct event_run *e, const struct value *key,
                             struct value *origin, struct failure *f)
{
    bool row;
    int n = e->view->nkey;
    bind_key(e->touched_was, 1, key, n);
    TRY(db_step(e->touched_was, &row, f));
    for (int i = 0; i < n; i++)
        origin[i] = row ? db_column_copy(e->touched_was, i, &m->scratch) : key[i];
    sqlite3_reset(e->touched_was);
    return STATUS_OK;
}

/* `origin` NULL: no object came to this key. */
static enum status set_origin(struct event_run *e, const struct value *key,
                              const struct value *origin, struct failure *f)
{
    static const struct value null = {.kind = VALUE_NULL};
    int n = e->view->nkey;
    bind_key(e->touch_moved, 1, key, n);
    for (int i = 0; i < n; i++)
        db_bind(e->touch_moved, n + 1 + i, origin ? &origin[i] : &null);
    e->ntouched++;
    e->nmoved++;
    e->has_last = false;
    return db_run(e->touch_moved, f);
}

static enum status touch_moved(struct mirror *m, struct event_run *e, const struct value *before,
                               const struct value *after, bool was_parked, struct failure *f)
{
    struct value origin[KEY_MAX];
    if (was_parked) { /* another object is at its old key by now */
        TRY(touch_object(e, before, f));
        return set_origin(e, after, before, f);
    }
    TRY(origin_of(m, e, before, origin, f));
    TRY(set_origin(e, before, NULL, f));
    return set_origin(e, after, origin, f);
}

/* ---- rows ---- */

static const struct value *pick(const struct value *row, const struct touch *t, struct value *out)
{
    if (!row)
        return NULL;
    for (int i = 0; i < t->ncolumns; i++)
        out[i] = row[t->columns[i]];
    return out;
}

static enum status touch_objects(struct mirror *m, struct event_run *e, const struct touch *t,
                                 const struct row_change *c, bool was_parked, struct failure *f)
{
    struct value room_before[KEY_MAX], room_after[KEY_MAX];
    const struct value *before = pick(c->before, t, room_before);
    const struct value *after = pick(c->after, t, room_after);
    bool moved = before && after && !rows_same(before, after, t->ncolumns);
    if (moved && t->is_own && !has_null(before, t->ncolumns) && !has_null(after, t->ncolumns))
        return touch_moved(m, e, before, after, was_parked, f);
    if (before)
        TRY(touch_object(e, before, f));
    return after && (moved || !before) ? touch_object(e, after, f) : STATUS_OK;
}

static enum status remember(struct touch_run *r, const struct value *columns, int n,
                            struct failure *f)
{
    if (!columns)
        return STATUS_OK;
    bind_key(r->add, 1, columns, n);
    r->pending++;
    return db_run(r->add, f);
}

static enum status touch_by_query(struct mirror *m, struct touch_run *r, const struct touch *t,
                                  const struct row_change *c, struct failure *f)
{
    size_t size = (size_t)t->ncolumns * sizeof(struct value);
    const struct value *before = pick(c->before, t, arena_alloc(&m->scratch, size));
    const struct value *after = pick(c->after, t, arena_alloc(&m->scratch, size));
    TRY(remember(r, before, t->ncolumns, f));
    if (before && after && rows_same(before, after, t->ncolumns))
        return STATUS_OK;
    return remember(r, after, t->ncolumns, f);
}

enum status touch_row(struct mirror *m, const struct row_change *c, bool was_parked,
                      struct failure *f)
{
    int table = (int)(c->table - m->tables);
    for (int i = 0; i < m->views->nviews; i++) {
        struct event_run *e = &m->events[i];
        for (int j = 0; e->active && j < e->view->ntouches; j++) {
            const struct touch *t = &e->view->touches[j];
            if (t->table != table)
                continue;
            if (t->sql)
                TRY(touch_by_query(m, &e->touches[j], t, c, f));
            else
                TRY(touch_objects(m, e, t, c, was_parked, f));
        }
    }
    return STATUS_OK;
}

/* ---- whole tables ---- */

enum status touch_table(struct mirror *m, struct table *t, struct failure *f)
{
    int table = (int)(t - m->tables);
    for (int i = 0; i < m->views->nviews; i++) {
        struct event_run *e = &m->events[i];
        for (int j = 0; e->active && j < e->view->ntouches; j++)
            if (e->view->touches[j].table == table)
                TRY(touch_whole(m, e, j, f));
    }
    return STATUS_OK;
}

enum status touch_all(struct mirror *m, struct event_run *e, struct failure *f)
{
    must(e->view->touches[0].is_own);
    return touch_whole(m, e, 0, f);
}

/* ---- at COMMIT ---- */

static enum status ask_touch(struct event_run *e, const struct touch *t, struct touch_run *r,
                             struct failure *f)
{
    bool row;
    for (int i = 0; i < t->ncolumns; i++) {
        struct value v = db_column(r->each, i);
        db_bind(r->query, i + 1, &v);
    }
    TRY(db_step(r->query, &row, f));
    while (row) {
        struct value key[KEY_MAX];
        for (int i = 0; i < e->view->nkey; i++)
            key[i] = db_column(r->query, i);
        TRY(touch_object(e, key, f));
        TRY(db_step(r->query, &row, f));
    }
    return STATUS_OK;
}

enum status touch_step(struct mirror *m, struct event_run *e, int touch, bool *more,
                       struct failure *f)
{
    struct touch_run *r = &e->touches[touch];
    *more = false;
    (void)m;
    if (r->pending == 0)
        return STATUS_OK;
    TRY(db_step(r->each, more, f));
    if (*more)
        return ask_touch(e, &e->view->touches[touch], r, f);
    r->pending = 0;
    return db_run(r->clear, f);
}

/* An object whose row has a new key is the same object, unless the new key has one of its own or
 * the old key has a row again. */
enum status touch_settle_moves(struct mirror *m, struct event_run *e, struct failure *f)
{
    bool row = e->nmoved > 0;
    (void)m;
    if (row)
        TRY(db_step(e->moved, &row, f));
    while (row) {
        for (int i = 0; i < 2 * e->view->nkey; i++) {
            struct value v = db_column(e->moved, i);
            db_bind(e->emitted_move, i + 1, &v);
        }
        TRY(db_run(e->emitted_move, f));
        TRY(db_step(e->moved, &row, f));
    }
    e->nmoved = 0;
    return STATUS_OK;
}
