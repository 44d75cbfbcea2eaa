/* Objects that events which are alone have met in this transaction: their first state and their
 * last one, with their key, until COMMIT. In memory, beyond a limit in a temporary table. */
#include <string.h>

#include "transforms/mirror/internal.h"

enum { SQL_MAX = 1024 * 1024, FIRST_PARAMETER = 5 }; /* of the key; before it: as struct seen */

/* ---- statements ---- */

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
    buffer_add_format(b, "create table temp.\"seen:%d\" (before, after, why, rows, ", e->number);
    file_add_key_columns(m, e->view, b);
    buffer_add_format(b, "); create index temp.\"seen:%d:key\" on \"seen:%d\" (", e->number,
                      e->number);
    db_add_numbered(b, "k", e->view->nkey, "");
    buffer_add_text(b, ")");
    return db_exec(m->db, f, "%s", buffer_text(b));
}

static enum status prepare_all(struct mirror *m, struct event_run *e, struct buffer *b,
                               struct failure *f)
{
    struct buffer find;
    TRY(create_seen(m, e, b, f));
    buffer_init(&find, SQL_MAX);
    buffer_add_text(&find, "select rowid, before, why, rows from @ where after is ?2");
    for (int i = 0; i < e->view->nkey; i++)
        buffer_add_format(&find, " and k%d = ?%d", i, i + FIRST_PARAMETER);
    enum status status = prepare_seen(m, e, b, buffer_text(&find), &e->seen_find, f);
    buffer_clear(&find);
    buffer_add_text(&find, "insert into @ values (?1, ?2, ?3, ?4");
    for (int i = 0; i < e->view->nkey; i++)
        buffer_add_format(&find, ", ?%d", i + FIRST_PARAMETER);
    buffer_add_text(&find, ")");
    if (status == STATUS_OK)
        status = prepare_seen(m, e, b, buffer_text(&find), &e->seen_add, f);
    buffer_free(&find);
    TRY(status);
    TRY(prepare_seen(m, e, b, "delete from @ where rowid = ?1", &e->seen_drop, f));
    TRY(prepare_seen(m, e, b, "select * from @ order by #, rowid", &e->seen_each, f));
    return prepare_seen(m, e, b, "delete from @", &e->seen_clear, f);
}

enum status seen_prepare(struct mirror *m, struct event_run *e, struct failure *f)
{
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    e->seen.nkey = e->view->nkey;
    enum status status = prepare_all(m, e, &b, f);
    buffer_free(&b);
    return status;
}

/* ---- the first state ---- */

static void bind_key(sqlite3_stmt *statement, const struct value *key, int n)
{
    for (int i = 0; i < n; i++)
        db_bind(statement, FIRST_PARAMETER + i, &key[i]);
}

static enum status take_from_table(struct mirror *m, struct event_run *e, const struct value *key,
                                   const struct value *left, struct seen *out, bool *found,
                                   struct failure *f)
{
    db_bind(e->seen_find, 2, left);
    bind_key(e->seen_find, key, e->view->nkey);
    TRY(db_step(e->seen_find, found, f));
    if (!*found)
        return STATUS_OK;
    struct value number = db_column(e->seen_find, 0);
    out->before = db_column_copy(e->seen_find, 1, &m->scratch);
    out->why = db_column_copy(e->seen_find, 2, &m->scratch);
    out->rows = db_column_copy(e->seen_find, 3, &m->scratch);
    sqlite3_reset(e->seen_find);
    db_bind(e->seen_drop, 1, &number);
    return db_run(e->seen_drop, f);
}

/* Of several that were left so, the oldest. */
static bool take_collected(struct collection *c, const struct value *key,
                           const struct value *left, struct seen *out)
{
    struct collected *found = NULL;
    for (struct collected *r = collection_find(c, key); r; r = r->older)
        if (!r->dropped && collection_is_key(c, r, key) && value_equal(&r->after, left))
            found = r;
    if (!found)
        return false;
    found->dropped = true;
    out->before = found->before;
    out->why = found->why;
    out->rows = found->rows;
    return true;
}

enum status seen_take_first(struct mirror *m, struct event_run *e, const struct value *key,
                            const struct value *left, struct seen *out, bool *found,
                            struct failure *f)
{
    *found = false;
    if (e->nseen == 0)
        return STATUS_OK;
    if (e->seen.in_table)
        return take_from_table(m, e, key, left, out, found, f);
    *found = take_collected(&e->seen, key, left, out);
    return STATUS_OK;
}

/* ---- adding ---- */

static enum status put_in_table(struct event_run *e, const struct value *key,
                                const struct value *what, struct failure *f)
{
    for (int i = 1; i < FIRST_PARAMETER; i++)
        db_bind(e->seen_add, i, &what[i - 1]);
    bind_key(e->seen_add, key, e->view->nkey);
    return db_run(e->seen_add, f);
}

static enum status move_to_table(struct event_run *e, struct failure *f)
{
    struct collected *r;
    while ((r = collection_next(&e->seen))) {
        const struct value what[] = {r->before, r->after, r->why, r->rows};
        TRY(put_in_table(e, r->key, what, f));
    }
    collection_clear(&e->seen);
    e->seen.in_table = true;
    return STATUS_OK;
}

enum status seen_add(struct mirror *m, struct event_run *e, const struct seen *s,
                     struct failure *f)
{
    e->nseen++;
    if (!e->seen.in_table && mirror_may_collect(m) && collection_takes(s->key, e->seen.nkey)) {
        struct collected *r = collection_add(&e->seen, s->key, &m->collected);
        r->before = value_copy(&s->before, &m->collected);
        r->after = value_copy(&s->after, &m->collected);
        r->why = value_copy(&s->why, &m->collected);
        r->rows = value_copy(&s->rows, &m->collected);
        return STATUS_OK;
    }
    if (!e->seen.in_table)
        TRY(move_to_table(e, f));
    const struct value what[] = {s->before, s->after, s->why, s->rows};
    return put_in_table(e, s->key, what, f);
}

/* ---- at COMMIT ---- */

static bool next_collected(struct collection *c, struct seen *out)
{
    if (c->next == 0)
        collection_sort(c);
    const struct collected *r = collection_next(c);
    if (!r)
        return false;
    memcpy(out->key, r->key, (size_t)c->nkey * sizeof *out->key);
    out->before = r->before;
    out->after = r->after;
    out->why = r->why;
    out->rows = r->rows;
    return true;
}

static enum status next_in_table(struct event_run *e, struct seen *out, bool *more,
                                 struct failure *f)
{
    TRY(db_step(e->seen_each, more, f));
    if (!*more)
        return db_run(e->seen_clear, f);
    out->before = db_column(e->seen_each, 0);
    out->after = db_column(e->seen_each, 1);
    out->why = db_column(e->seen_each, 2);
    out->rows = db_column(e->seen_each, 3);
    for (int i = 0; i < e->view->nkey; i++)
        out->key[i] = db_column(e->seen_each, FIRST_PARAMETER - 1 + i);
    return STATUS_OK;
}

enum status seen_next(struct mirror *m, struct event_run *e, struct seen *out, bool *more,
                      struct failure *f)
{
    (void)m;
    *more = false;
    if (e->nseen == 0)
        return STATUS_OK;
    if (e->seen.in_table)
        TRY(next_in_table(e, out, more, f));
    else
        *more = next_collected(&e->seen, out);
    if (*more)
        return STATUS_OK;
    e->nseen = 0;
    collection_clear(&e->seen);
    return STATUS_OK;
}
