/* A row change becomes a change of the mirrored table.
 *
 * Within a transaction a key may be taken before it is free (`update t set id = id + 1` is logged
 * row by row): the row that has it is then pushed aside, into a temporary table, until its own
 * change comes. At COMMIT none may be left there. */
#include "transforms/mirror/internal.h"

/* ---- rows in the kept order ---- */

static enum status bind_column(struct table *t, const struct relation *r, int i, struct failure *f)
{
    const struct column *wanted = &t->kept->relation->columns[t->kept->columns[i]];
    t->from[i] = relation_column_index(r, wanted->name);
    if (t->from[i] < 0)
        return fail(f, ERROR_DDL,
                    "table %s.%s has no column %s any more, which events read: change the "
                    "definitions", r->schema, r->name, wanted->name);
    if (r->columns[t->from[i]].kind != wanted->kind)
        return fail(f, ERROR_DDL, "column %s of table %s.%s was %s and is %s now: start again with "
                    "the new table", wanted->name, r->schema, r->name,
                    value_kind_name(wanted->kind),
                    value_kind_name(r->columns[t->from[i]].kind));
    return STATUS_OK;
}

enum status rows_bind(struct mirror *m, struct table *t, const struct relation *r,
                      struct failure *f)
{
    if (t->seen == r)
        return STATUS_OK;
    if (!t->from)
        t->from = arena_alloc(&m->arena, (size_t)t->kept->ncolumns * sizeof *t->from);
    for (int i = 0; i < t->kept->ncolumns; i++)
        TRY(bind_column(t, r, i, f));
    t->seen = r;
    return STATUS_OK;
}

enum status rows_lay(struct mirror *m, struct table *t, const struct value *row,
                     const struct value **out, struct failure *f)
{
    *out = NULL;
    if (!row)
        return STATUS_OK;
    int n = t->kept->ncolumns;
    struct value *laid = arena_alloc(&m->scratch, (size_t)n * sizeof *laid);
    for (int i = 0; i < n; i++) {
        enum value_kind kind = t->kept->relation->columns[t->kept->columns[i]].kind;
        if (lay_value(kind, &row[t->from[i]], &m->scratch, &laid[i], f) != STATUS_OK)
            return fail_in(f, "column %s", kept_name(t->kept, i));
    }
    *out = laid;
    return STATUS_OK;
}

bool rows_same(const struct value *a, const struct value *b, int n)
{
    for (int i = 0; i < n; i++)
        if (!value_equal(&a[i], &b[i]))
            return false;
    return true;
}

static bool is_whole(const struct value *row, int n)
{
    for (int i = 0; i < n; i++)
        if (row[i].kind == VALUE_ABSENT)
            return false;
    return true;
}

static void bind_row(sqlite3_stmt *statement, const struct value *row, int n)
{
    for (int i = 0; i < n; i++)
        db_bind(statement, i + 1, &row[i]);
}

/* ---- the mirrored table ---- */

static enum status get_row(struct mirror *m, struct table *t, sqlite3_stmt *get,
                           const struct value *key, const struct value **out, struct failure *f)
{
    bool row;
    *out = NULL;
    bind_row(get, key, t->kept->nkey);
    TRY(db_step(get, &row, f));
    if (!row)
        return STATUS_OK;
    struct value *copy = arena_alloc(&m->scratch, (size_t)t->kept->ncolumns * sizeof *copy);
    for (int i = 0; i < t->kept->ncolumns; i++)
        copy[i] = db_column_copy(get, i, &m->scratch);
    sqlite3_reset(get);
    *out = copy;
    return STATUS_OK;
}

static enum status run_keyed(struct mirror *m, struct table *t, sqlite3_stmt *statement,
                             const struct value *key, bool *found, struct failure *f)
{
    bind_row(statement, key, t->kept->nkey);
    TRY(db_run(statement, f));
    *found = sqlite3_changes(m->db) == 1;
    return STATUS_OK;
}

static enum status push_aside(struct mirror *m, struct table *t, const struct value *key,
                              struct failure *f)
{
    bool found;
    if (t->complete) {
        TRY(run_keyed(m, t, t->park, key, &found, f));
        t->parked++;
    }
    return run_keyed(m, t, t->delete, key, &found, f);
}

static enum status insert_row(struct mirror *m, struct table *t, const struct value *row,
                              struct failure *f)
{
    bind_row(t->insert, row, t->kept->ncolumns);
    int code = sqlite3_step(t->insert);
    sqlite3_reset(t->insert);
    if (code == SQLITE_DONE)
        return STATUS_OK;
    if (sqlite3_extended_errcode(m->db) != SQLITE_CONSTRAINT_PRIMARYKEY)
        return db_fail(m->db, code, "insert", f);
    TRY(push_aside(m, t, row, f));
    return db_run(t->insert, f);
}

enum status rows_put(struct mirror *m, struct table *t, const struct value *row, struct failure *f)
{
    bool found;
    TRY(run_keyed(m, t, t->delete, row, &found, f));
    bind_row(t->insert, row, t->kept->ncolumns);
    return db_run(t->insert, f);
}

static enum status fail_missing(struct failure *f)
{
    return fail(f, ERROR_WRONG_COUNT, "the mirror lacks a row that the log changes: remove the "
                "mirror's file, it is filled again");
}

/* ---- one change ---- */

struct work {
    struct mirror *m;
    struct table *t;
    const struct value *before, *after;
    bool from_parked, missing;
    struct failure *f;
};

/* The row that was pushed aside, if it is the one that this change is about. */
static enum status find_parked(struct work *w, const struct value *key, bool whole)
{
    const struct value *row;
    bool found;
    TRY(get_row(w->m, w->t, w->t->parked_get, key, &row, w->f));
    if (!row || (whole && !rows_same(row, w->before, w->t->kept->ncolumns)))
        return STATUS_OK;
    w->from_parked = true;
    w->before = row;
    w->t->parked--;
    return run_keyed(w->m, w->t, w->t->parked_delete, key, &found, w->f);
}

static enum status find_before(struct work *w)
{
    struct table *t = w->t;
    const struct value *key = w->before ? w->before : w->after;
    bool whole = w->before && is_whole(w->before, t->kept->ncolumns);
    if (!is_whole(key, t->kept->nkey))
        return fail(w->f, ERROR_ROW_IMAGE, "the log does not tell the key of a changed row");
    if (t->parked > 0)
        TRY(find_parked(w, key, whole));
    if (w->from_parked || whole)
        return STATUS_OK;
    TRY(get_row(w->m, t, t->get, key, &w->before, w->f));
    w->missing = !w->before;
    return w->missing && t->complete ? fail_missing(w->f) : STATUS_OK;
}

/* What the log leaves out is as it was. */
static enum status complete_after(struct work *w)
{
    int n = w->t->kept->ncolumns;
    if (!w->after || is_whole(w->after, n))
        return STATUS_OK;
    if (w->missing) { /* while the table is being filled: its own row of the copy will have it */
        w->after = NULL;
        return STATUS_OK;
    }
    if (!w->before)
        return fail(w->f, ERROR_ROW_IMAGE, "the log tells a new row without all its columns");
    struct value *row = arena_alloc(&w->m->scratch, (size_t)n * sizeof *row);
    for (int i = 0; i < n; i++)
        row[i] = w->after[i].kind == VALUE_ABSENT ? w->before[i] : w->after[i];
    w->after = row;
    return STATUS_OK;
}

static enum status delete_row(struct work *w)
{
    bool found;
    if (w->from_parked || w->missing)
        return STATUS_OK;
    TRY(run_keyed(w->m, w->t, w->t->delete, w->before, &found, w->f));
    return found || !w->t->complete ? STATUS_OK : fail_missing(w->f);
}

static bool has_same_indexes(const struct work *w)
{
    const struct table *t = w->t;
    for (int i = 0; i < t->kept->ncolumns; i++)
        if (t->indexed[i] && !value_equal(&w->before[i], &w->after[i]))
            return false;
    return true;
}

/* Rows that are the same do not come here: there is a column to set. */
static enum status update_row(struct work *w)
{
    struct table *t = w->t;
    sqlite3_stmt *update = has_same_indexes(w) ? t->update_rest : t->update;
    must(update);
    bind_row(update, w->after, sqlite3_bind_parameter_count(update));
    TRY(db_run(update, w->f));
    if (sqlite3_changes(w->m->db) == 1)
        return STATUS_OK;
    return t->complete ? fail_missing(w->f) : insert_row(w->m, t, w->after, w->f);
}

static enum status write_row(struct work *w)
{
    if (w->before && w->after && !w->from_parked &&
        rows_same(w->before, w->after, w->t->kept->nkey))
        return update_row(w);
    if (w->before)
        TRY(delete_row(w));
    return w->after ? insert_row(w->m, w->t, w->after, w->f) : STATUS_OK;
}

static bool is_without_effect(const struct work *w)
{
    if (!w->before || !w->after)
        return !w->before && !w->after;
    return !w->from_parked && rows_same(w->before, w->after, w->t->kept->ncolumns);
}

static enum status apply_row(struct work *w, enum change_op op)
{
    if (op != CHANGE_INSERT)
        TRY(find_before(w));
    TRY(complete_after(w));
    if (is_without_effect(w))
        return STATUS_OK;
    TRY(write_row(w));
    const struct row_change c = {w->t, w->before, w->after};
    return touch_row(w->m, &c, w->from_parked, w->f);
}

static enum status truncate(struct mirror *m, struct table *t, struct failure *f)
{
    TRY(touch_table(m, t, f));
    TRY(db_run(t->clear, f));
    TRY(db_run(t->parked_clear, f));
    t->parked = 0;
    return STATUS_OK;
}

/* Laying a row resets nothing: the scratch arena is the caller's. */
enum status rows_apply(struct mirror *m, struct table *t, const struct change *c,
                       struct failure *f)
{
    struct work w = {.m = m, .t = t, .f = f};
    if (c->op == CHANGE_TRUNCATE)
        return truncate(m, t, f);
    TRY(rows_lay(m, t, c->before, &w.before, f));
    TRY(rows_lay(m, t, c->after, &w.after, f));
    return apply_row(&w, c->op);
}

enum status rows_check_parked(struct mirror *m, struct failure *f)
{
    for (int i = 0; i < m->views->ntables; i++)
        if (m->tables[i].parked > 0)
            return fail(f, ERROR_WRONG_COUNT, "table %s.%s: the log inserts a row that is there: "
                        "remove the mirror's file, it is filled again",
                        m->tables[i].kept->relation->schema, m->tables[i].kept->relation->name);
    return STATUS_OK;
}
