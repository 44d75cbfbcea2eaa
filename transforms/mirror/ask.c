/* A view is asked for one object: its row, and the rows of its lists in the order of their keys. */
#include <stdlib.h>
#include <string.h>

#include "transforms/mirror/internal.h"

/* ---- statements ---- */

static int parameter_of(const struct views *v, const struct view *w, sqlite3_stmt *statement, int i)
{
    if (w->nkey == 1)
        return sqlite3_bind_parameter_index(statement, ":object");
    const struct kept *k = &v->tables[w->of];
    char *name = sqlite3_mprintf(":object_%s", k->relation->columns[k->columns[w->key[i]]].name);
    must(name);
    int parameter = sqlite3_bind_parameter_index(statement, name);
    sqlite3_free(name);
    return parameter;
}

static enum status prepare(struct mirror *m, struct event_run *e, const struct query *q,
                           struct asked *out, struct failure *f)
{
    out->query = q;
    TRY(db_prepare(e->view->alone ? m->rows : m->db, q->sql, &out->statement, f));
    for (int i = 0; i < e->view->nkey; i++)
        out->parameters[i] = parameter_of(m->views, e->view, out->statement, i);
    return STATUS_OK;
}

enum status ask_prepare(struct mirror *m, struct event_run *e, struct failure *f)
{
    const struct view *w = e->view;
    TRY(prepare(m, e, &w->query, &e->asked, f));
    e->lists = arena_zalloc(&m->arena, (size_t)w->nlists * sizeof *e->lists);
    for (int i = 0; i < w->nlists; i++)
        TRY(prepare(m, e, &w->lists[i], &e->lists[i], f));
    return STATUS_OK;
}

static void bind_object(struct asked *q, const struct value *key, int n)
{
    for (int i = 0; i < n; i++)
        if (q->parameters[i] > 0)
            db_bind(q->statement, q->parameters[i], &key[i]);
}

/* ---- rows ---- */

static struct object read_row(struct mirror *m, const struct asked *q)
{
    int n = q->query->nfields;
    struct object_field *fields = arena_alloc(&m->scratch, (size_t)n * sizeof *fields);
    for (int i = 0; i < n; i++)
        fields[i] = (struct object_field){q->query->fields[i].name,
                                          db_column_copy(q->statement, i, &m->scratch)};
    return (struct object){.fields = fields, .nfields = (uint32_t)n};
}

static const struct value *key_of(const struct query *q, const struct object *o)
{
    return &o->fields[q->key].value;
}

static bool is_no_key(const struct value *key)
{
    return key->kind == VALUE_NULL || (key->kind == VALUE_TEXT && key->size == 0);
}

static enum status ask_view(struct mirror *m, struct event_run *e, const struct value *key,
                            struct object **out, struct failure *f)
{
    bool row;
    *out = NULL;
    bind_object(&e->asked, key, e->view->nkey);
    TRY(db_step(e->asked.statement, &row, f));
    if (!row)
        return STATUS_OK;
    *out = arena_alloc(&m->scratch, sizeof **out);
    **out = read_row(m, &e->asked);
    TRY(db_step(e->asked.statement, &row, f));
    sqlite3_reset(e->asked.statement);
    if (row)
        return fail(f, ERROR_VALUE, "the view gives more than one row for one object");
    if (is_no_key(key_of(e->asked.query, *out)))
        return fail(f, ERROR_VALUE, "its key %s is empty",
                    e->asked.query->fields[e->asked.query->key].name);
    return STATUS_OK;
}

/* ---- lists ---- */

struct rows {
    struct object *at;
    uint32_t n, capacity;
};

static void add_row(struct mirror *m, struct rows *r, struct object o)
{
    if (r->n == r->capacity) {
        uint32_t capacity = r->capacity ? 2 * r->capacity : 8;
        struct object *at = arena_alloc(&m->scratch, capacity * sizeof *at);
        if (r->n)
            memcpy(at, r->at, r->n * sizeof *at);
        r->at = at;
        r->capacity = capacity;
    }
    r->at[r->n++] = o;
}

static int compare_rows(const void *a, const void *b, void *context)
{
    const struct query *q = context;
    return code_compare(q->fields[q->key].kind, key_of(q, a), key_of(q, b));
}

static enum status check_keys(struct mirror *m, const struct query *q, const struct rows *r,
                              struct failure *f)
{
    for (uint32_t i = 0; i < r->n; i++) {
        const struct value *key = key_of(q, &r->at[i]);
        if (is_no_key(key))
            return fail(f, ERROR_VALUE, "list %s: the key %s of an element is empty", q->name,
                        q->fields[q->key].name);
        if (i > 0 && code_same_value(q->fields[q->key].kind, key, key_of(q, &r->at[i - 1])))
            return fail(f, ERROR_VALUE, "list %s has two elements with %s = %s: group them by it",
                        q->name, q->fields[q->key].name, code_text(key, &m->scratch));
    }
    return STATUS_OK;
}

static enum status ask_list(struct mirror *m, struct event_run *e, struct asked *q,
                            const struct value *key, struct object_list *out, struct failure *f)
{
    struct rows r = {0};
    bool row;
    bind_object(q, key, e->view->nkey);
    TRY(db_step(q->statement, &row, f));
    while (row) {
        add_row(m, &r, read_row(m, q));
        TRY(db_step(q->statement, &row, f));
    }
    if (r.n > 1)
        qsort_r(r.at, r.n, sizeof *r.at, compare_rows, (void *)q->query);
    *out = (struct object_list){.name = q->query->name, .elements = r.at, .nelements = r.n};
    return check_keys(m, q->query, &r, f);
}

static enum status ask_lists(struct mirror *m, struct event_run *e, const struct value *key,
                             struct object *o, struct failure *f)
{
    int n = e->view->nlists;
    struct object_list *lists = arena_alloc(&m->scratch, (size_t)n * sizeof *lists);
    for (int i = 0; i < n; i++)
        TRY(ask_list(m, e, &e->lists[i], key, &lists[i], f));
    o->lists = lists;
    o->nlists = (uint32_t)n;
    return STATUS_OK;
}

enum status ask_object(struct mirror *m, struct event_run *e, const struct value *key,
                       struct buffer *out, struct object **object, struct failure *f)
{
    buffer_clear(out);
    TRY(ask_view(m, e, key, object, f));
    if (!*object)
        return STATUS_OK;
    TRY(ask_lists(m, e, key, *object, f));
    code_object(out, *object);
    return STATUS_OK;
}
