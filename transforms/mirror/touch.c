/* A changed row leads to objects: at once where its columns are the object; where a query finds
 * them, the row's columns are remembered and the query is asked at COMMIT, when the order of the
 * rows no longer matters. Both are collected an event, each once: in memory, beyond a limit in a
 * temporary table; there, too, where an object has a new key. */
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

static enum status put_in_table(sqlite3_stmt *add, const struct value *key, int n,
                                struct failure *f)
{
    bind_key(add, 1, key, n);
    return db_run(add, f);
}

static enum status move_to_table(struct collection *c, sqlite3_stmt *add, struct failure *f)
{
    struct collected *r;
    while ((r = collection_next(c)))
        TRY(put_in_table(add, r->key, c->nkey, f));
    collection_clear(c);
    c->in_table = true;
    return STATUS_OK;
}

static enum status collect(struct mirror *m, struct collection *c, sqlite3_stmt *add,
                           const struct value *key, struct failure *f)
{
    if (!c->in_table && collection_takes(key, c->nkey)) {
        if (collection_find(c, key))
            return STATUS_OK;
        if (mirror_may_collect(m)) {
            collection_add(c, key, &m->collected);
            return STATUS_OK;
        }
    }
    if (!c->in_table)
        TRY(move_to_table(c, add, f));
    return put_in_table(add, key, c->nkey, f);
}

static enum status touch_object(struct mirror *m, struct event_run *e, const struct value *key,
                                struct failure *f)
{
    if (has_null(key, e->view->nkey) || is_last(e, key))
        return STATUS_OK;
    e->ntouched++;
    return collect(m, &e->touched, e->touch, key, f);
}

enum status touch_one(struct mirror *m, struct event_run *e, const struct value *key,
                      struct failure *f)
{
    return touch_object(m, e, key, f);
}

static enum status touched_to_table(struct event_run *e, struct failure *f)
{
    return e->touched.in_table ? STATUS_OK : move_to_table(&e->touched, e->touch, f);
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
    TRY(touched_to_table(e, f));
    if (was_parked) { /* another object is at its old key by now */
        TRY(touch_object(m, e, before, f));
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
        TRY(touch_object(m, e, before, f));
    return after && (moved || !before) ? touch_object(m, e, after, f) : STATUS_OK;
}

static enum status remember(struct mirror *m, struct touch_run *r, const struct value *columns,
                            struct failure *f)
{
    if (!columns)
        return STATUS_OK;
    r->npending++;
    return collect(m, &r->pending, r->add, columns, f);
}

static enum status touch_by_query(struct mirror *m, struct touch_run *r, const struct touch *t,
                                  const struct row_change *c, struct failure *f)
{
    size_t size = (size_t)t->ncolumns * sizeof(struct value);
    const struct value *before = pick(c->before, t, arena_alloc(&m->scratch, size));
    const struct value *after = pick(c->after, t, arena_alloc(&m->scratch, size));
    TRY(remember(m, r, before, f));
    if (before && after && rows_same(before, after, t->ncolumns))
        return STATUS_OK;
    return remember(m, r, after, f);
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

/* All rows of the table lead where this touch of the event leads. */
static enum status touch_whole(struct mirror *m, struct event_run *e, int touch, struct failure *f)
{
    struct touch_run *r = &e->touches[touch];
    bool by_query = e->view->touches[touch].sql;
    struct collection *c = by_query ? &r->pending : &e->touched;
    int64_t n;
    if (!c->in_table)
        TRY(move_to_table(c, by_query ? r->add : e->touch, f));
    TRY(touch_copy_whole(m, e, touch, &n, f));
    *(by_query ? &r->npending : &e->ntouched) += n;
    return STATUS_OK;
}

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
    int64_t n;
    must(e->view->touches[0].is_own);
    TRY(touch_whole(m, e, 0, f));
    TRY(touch_copy_emitted(m, e, &n, f));
    e->ntouched += n;
    return STATUS_OK;
}

/* ---- at COMMIT ---- */

static enum status ask_touch(struct mirror *m, struct event_run *e, struct touch_run *r,
                             struct failure *f)
{
    bool row;
    TRY(db_step(r->query, &row, f));
    while (row) {
        struct value key[KEY_MAX];
        for (int i = 0; i < e->view->nkey; i++)
            key[i] = db_column(r->query, i);
        TRY(touch_object(m, e, key, f));
        TRY(db_step(r->query, &row, f));
    }
    return STATUS_OK;
}

/* Binds the next remembered row to the query. */
static enum status next_pending(struct touch_run *r, bool *more, struct failure *f)
{
    if (!r->pending.in_table) {
        const struct collected *c = collection_next(&r->pending);
        *more = c != NULL;
        if (c)
            bind_key(r->query, 1, c->key, r->pending.nkey);
        return STATUS_OK;
    }
    TRY(db_step(r->each, more, f));
    if (!*more)
        return db_run(r->clear, f);
    for (int i = 0; i < r->pending.nkey; i++) {
        struct value v = db_column(r->each, i);
        db_bind(r->query, i + 1, &v);
    }
    return STATUS_OK;
}

enum status touch_step(struct mirror *m, struct event_run *e, int touch, bool *more,
                       struct failure *f)
{
    struct touch_run *r = &e->touches[touch];
    *more = false;
    if (r->npending == 0)
        return STATUS_OK;
    TRY(next_pending(r, more, f));
    if (*more)
        return ask_touch(m, e, r, f);
    r->npending = 0;
    collection_clear(&r->pending);
    return STATUS_OK;
}

/* An object whose row has a new key is the same object, unless the new key has one of its own or
 * the old key has a row again. */
static enum status settle_moves(struct event_run *e, struct failure *f)
{
    bool row = e->nmoved > 0;
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

static bool next_collected(struct collection *c, const struct value **key)
{
    if (c->next == 0)
        collection_sort(c);
    const struct collected *r = collection_next(c);
    *key = r ? r->key : NULL;
    return r != NULL;
}

static enum status next_in_table(struct mirror *m, struct event_run *e, const struct value **key,
                                 bool *more, struct failure *f)
{
    TRY(settle_moves(e, f));
    TRY(db_step(e->touched_each, more, f));
    if (!*more)
        return db_run(e->clear, f);
    struct value *copy = arena_alloc(&m->scratch, (size_t)e->view->nkey * sizeof *copy);
    for (int i = 0; i < e->view->nkey; i++)
        copy[i] = db_column_copy(e->touched_each, i, &m->scratch);
    *key = copy;
    return STATUS_OK;
}

enum status touch_next(struct mirror *m, struct event_run *e, const struct value **key, bool *more,
                       struct failure *f)
{
    *more = false;
    if (e->ntouched == 0)
        return STATUS_OK;
    if (e->touched.in_table)
        TRY(next_in_table(m, e, key, more, f));
    else
        *more = next_collected(&e->touched, key);
    if (*more)
        return STATUS_OK;
    e->ntouched = 0;
    e->has_last = false;
    collection_clear(&e->touched);
    return STATUS_OK;
}
