/* What is kept of rows that a view cannot state: for an event that is made of single rows nothing
 * else has them. They are tried again as the change that they were, from the object's last state
 * that was told to its last row. */
#include <string.h>

#include "model/change_code.h"
#include "transforms/mirror/internal.h"

enum { CODE_MAX = 1024 * 1024 * 1024 };

/* ---- rows as bytes ---- */

/* The columns that are read; what the log left out of a row after is as it was before. */
static struct value *pick(struct mirror *m, const struct table *t, const struct relation *r,
                          const struct value *row, const struct value *before)
{
    struct value *out = arena_zalloc(&m->scratch, (size_t)r->ncolumns * sizeof *out);
    for (int i = 0; i < t->kept->ncolumns; i++) {
        int at = t->from[i];
        out[at] = row[at].kind == VALUE_ABSENT && before ? before[at] : row[at];
    }
    return out;
}

struct value refused_rows(struct mirror *m, const struct table *t, const struct relation *r,
                          const struct value *before, const struct value *after)
{
    struct buffer b;
    struct change c = {.relation = r, .op = CHANGE_UPDATE};
    if (!before && !after)
        return value_null();
    if (!before || !after)
        c.op = before ? CHANGE_DELETE : CHANGE_INSERT;
    c.before = before ? pick(m, t, r, before, NULL) : NULL;
    c.after = after ? pick(m, t, r, after, before) : NULL;
    buffer_init(&b, CODE_MAX);
    change_encode(&c, &b);
    struct value out = value_text(VALUE_BYTES, b.data, b.size);
    out = value_copy(&out, &m->scratch);
    buffer_free(&b);
    return out;
}

enum status refused_read(struct mirror *m, const struct relation *r, const struct value *rows,
                         struct change *out, struct failure *f)
{
    return change_decode(rows->text, rows->size, r, &m->scratch, out, f);
}

/* ---- tried again ---- */

static enum status check_whole(const struct table *t, const struct value *row, struct failure *f)
{
    for (int i = 0; row && i < t->kept->ncolumns; i++)
        if (row[i].kind == VALUE_ABSENT)
            return fail(f, ERROR_VALUE, "the view reads column %s, which was not kept of the row: "
                        "change the row in the source, or skip it", kept_name(t->kept, i));
    return STATUS_OK;
}

/* As the views were compiled; `out->change` must outlive it. */
static enum status read_change(struct mirror *m, struct event_run *e, const struct value *rows,
                               struct change *c, struct row_change *out, struct failure *f)
{
    struct table *t = &m->tables[e->view->of];
    *out = (struct row_change){.table = t, .change = c};
    TRY(refused_read(m, t->kept->relation, rows, c, f));
    TRY(rows_bind(m, t, t->kept->relation, f));
    TRY(rows_lay(m, t, c->before, &out->before, f));
    TRY(rows_lay(m, t, c->after, &out->after, f));
    TRY(check_whole(t, out->before, f));
    return check_whole(t, out->after, f);
}

static struct event_run *alone_event(struct mirror *m, const char *name)
{
    struct event_run *e = again_event(m, name);
    return e && e->view->alone ? e : NULL;
}

enum status mirror_try(struct mirror *m, const char *event, const struct value *rows, bool *known,
                       struct failure *f)
{
    struct change c;
    struct row_change r;
    struct event_run *e = alone_event(m, event);
    must(m->phase == PHASE_APPLY);
    *known = e != NULL;
    if (!e)
        return STATUS_OK;
    arena_reset(&m->scratch);
    TRY(read_change(m, e, rows, &c, &r, f));
    m->tells_all = true;
    return alone_change(m, e, &r, f);
}

enum status mirror_told(struct mirror *m, const char *event, const struct value *rows,
                        struct arena *a, const struct object **out, struct failure *f)
{
    struct change c;
    struct row_change r;
    struct value why;
    struct object *object, *copy;
    struct event_run *e = alone_event(m, event);
    *out = NULL;
    if (!e)
        return STATUS_OK;
    arena_reset(&m->scratch);
    TRY(read_change(m, e, rows, &c, &r, f));
    TRY(alone_ask(m, e, r.before, &m->before_bytes, &object, &why, f));
    if (why.kind != VALUE_NULL)
        return fail(f, ERROR_VALUE, "%.*s", (int)why.size, why.text);
    if (!object)
        return STATUS_OK;
    struct value bytes = value_text(VALUE_BYTES, m->before_bytes.data, m->before_bytes.size);
    bytes = value_copy(&bytes, a);
    TRY(code_read_object(e->view, &bytes, a, &copy, f));
    *out = copy;
    return STATUS_OK;
}

enum status mirror_join(struct mirror *m, const char *event, const struct value *first,
                        const struct value *last, struct arena *a, struct value *out,
                        struct failure *f)
{
    struct change was, is;
    struct event_run *e = alone_event(m, event);
    if (!e) {
        *out = *last;
        return STATUS_OK;
    }
    struct table *t = &m->tables[e->view->of];
    arena_reset(&m->scratch);
    TRY(refused_read(m, t->kept->relation, first, &was, f));
    TRY(refused_read(m, t->kept->relation, last, &is, f));
    TRY(rows_bind(m, t, t->kept->relation, f));
    struct value joined = refused_rows(m, t, t->kept->relation, was.before, is.after);
    *out = value_copy(&joined, a);
    return STATUS_OK;
}

void mirror_name_objects(struct mirror *m, bool wanted)
{
    m->names_objects = wanted;
}
