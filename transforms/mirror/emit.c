/* Differences become events. What is not yet emitted lies in memory, beyond a limit in a temporary
 * table; it also puts the events in their order. */
#include <stdlib.h>
#include <string.h>

#include "transforms/mirror/internal.h"

enum { FIRST = 16 };

enum status emit_prepare(struct mirror *m, struct failure *f)
{
    TRY(db_exec(m->db, f, "create table temp.outcome "
                          "(rank, n, event, before, after, object, primary key (rank, n)) without rowid"));
    TRY(db_prepare(m->db, "insert into temp.outcome values (?1, ?2, ?3, ?4, ?5, ?6)", &m->outcome_add,
                   f));
    TRY(db_prepare(m->db, "select * from temp.outcome "
                          "order by rank, n", &m->outcome_each, f));
    return db_prepare(m->db, "delete from temp.outcome", &m->outcome_clear, f);
}

/* ---- equality ---- */

static bool same_bytes(const struct value *a, const struct value *b)
{
    return a->kind == b->kind &&
           (a->kind == VALUE_NULL ||
            (a->size == b->size && memcmp(a->text, b->text, a->size) == 0));
}

enum status emit_is_same(struct mirror *m, struct event_run *e, const struct value *before,
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

/* ---- collecting ---- */

/* GONE by the reversed order of the definitions: what refers goes before what it refers to. */
static int64_t rank_of(const struct mirror *m, const struct event_run *e, bool had, bool has)
{
    if (!has)
        return -1 - e->number;
    return e->number + (had ? 0 : m->views->nviews);
}

static void keep(struct mirror *m, const struct difference *d)
{
    struct differences *all = &m->differences;
    if (all->n == all->capacity) {
        all->capacity = all->capacity ? 2 * all->capacity : FIRST;
        struct difference *at = arena_alloc(&m->collected, all->capacity * sizeof *at);
        if (all->n)
            memcpy(at, all->at, all->n * sizeof *at);
        all->at = at;
    }
    struct difference *kept = &all->at[all->n++];
    *kept = *d;
    kept->before = value_copy(&d->before, &m->collected);
    kept->after = value_copy(&d->after, &m->collected);
    kept->object = value_copy(&d->object, &m->collected);
}

static enum status put_in_table(struct mirror *m, const struct difference *d, struct failure *f)
{
    const struct value numbers[] = {value_int(d->rank), value_int(d->n), value_int(d->number)};
    for (int i = 0; i < 3; i++)
        db_bind(m->outcome_add, i + 1, &numbers[i]);
    db_bind(m->outcome_add, 4, &d->before);
    db_bind(m->outcome_add, 5, &d->after);
    db_bind(m->outcome_add, 6, &d->object);
    return db_run(m->outcome_add, f);
}

static enum status move_to_table(struct mirror *m, struct failure *f)
{
    struct differences *all = &m->differences;
    for (uint32_t i = 0; i < all->n; i++)
        TRY(put_in_table(m, &all->at[i], f));
    *all = (struct differences){.in_table = true};
    return STATUS_OK;
}

static enum status add(struct mirror *m, const struct difference *d, struct failure *f)
{
    m->noutcomes++;
    if (!m->differences.in_table && mirror_may_collect(m)) {
        keep(m, d);
        return STATUS_OK;
    }
    if (!m->differences.in_table)
        TRY(move_to_table(m, f));
    return put_in_table(m, d, f);
}

static struct value name_object(struct mirror *m, const struct event_run *e,
                                const struct value *key)
{
    if (!m->names_objects)
        return value_null();
    const char *text = evaluate_object_text(m, key, e->view->nkey);
    return value_text(VALUE_TEXT, text, strlen(text));
}

static enum status add_between(struct mirror *m, struct event_run *e, const struct value *key,
                               const struct value *before, const struct value *after,
                               struct failure *f)
{
    bool had = before->kind != VALUE_NULL, has = after->kind != VALUE_NULL;
    const struct difference d = {rank_of(m, e, had, has), m->noutcomes, e->number, *before,
                                 *after, name_object(m, e, key)};
    return add(m, &d, f);
}

enum status emit_add(struct mirror *m, struct event_run *e, const struct value *key,
                     const struct value *before, const struct value *after, struct failure *f)
{
    return m->quiet ? STATUS_OK : add_between(m, e, key, before, after, f);
}

enum status emit_again(struct mirror *m, struct event_run *e, const struct value *key,
                       const struct value *after, struct failure *f)
{
    const struct value none = value_null();
    return m->repeated ? STATUS_OK : add_between(m, e, key, &none, after, f);
}

/* ---- in their order ---- */

static int compare_differences(const void *a, const void *b)
{
    const struct difference *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return (x->n > y->n) - (x->n < y->n);
}

static bool next_kept(struct differences *all, struct difference *out)
{
    if (all->next == 0 && all->n > 1)
        qsort(all->at, all->n, sizeof *all->at, compare_differences);
    if (all->next == all->n)
        return false;
    *out = all->at[all->next++];
    return true;
}

static enum status next_difference(struct mirror *m, struct difference *out, bool *more,
                                   struct failure *f)
{
    if (!m->differences.in_table) {
        *more = next_kept(&m->differences, out);
        return STATUS_OK;
    }
    TRY(db_step(m->outcome_each, more, f));
    if (*more)
        *out = (struct difference){.number = (int)db_column(m->outcome_each, 2).i,
                                   .before = db_column(m->outcome_each, 3),
                                   .after = db_column(m->outcome_each, 4),
                                   .object = db_column(m->outcome_each, 5)};
    return STATUS_OK;
}

/* ---- events ---- */

static enum status read_object(const struct view *w, const struct value *bytes, struct arena *a,
                               const struct object **out, struct failure *f)
{
    struct object *o = NULL;
    if (bytes->kind != VALUE_NULL) {
        const struct value copy = value_copy(bytes, a);
        TRY(code_read_object(w, &copy, a, &o, f));
    }
    *out = o;
    return STATUS_OK;
}

static enum status read_event(struct mirror *m, const struct difference *d, struct arena *a,
                              struct event *out, struct failure *f)
{
    const struct view *w = m->events[d->number].view;
    TRY(read_object(w, &d->before, a, &out->before, f));
    TRY(read_object(w, &d->after, a, &out->after, f));
    out->type = w->type;
    out->name = w->name;
    out->object = d->object.kind == VALUE_NULL ? NULL : code_text(&d->object, a);
    out->op = !out->before ? EVENT_CREATED : out->after ? EVENT_CHANGED : EVENT_GONE;
    const struct object *o = out->after ? out->after : out->before;
    out->key = code_text(&o->fields[w->query.key].value, a);
    return STATUS_OK;
}

static struct event *add_event(struct mirror_step *s, struct arena *a)
{
    bool full = s->nevents == 0 || (s->nevents >= FIRST && (s->nevents & (s->nevents - 1)) == 0);
    if (full) {
        uint32_t capacity = s->nevents ? 2 * s->nevents : FIRST;
        struct event *events = arena_alloc(a, capacity * sizeof *events);
        if (s->nevents)
            memcpy(events, s->events, s->nevents * sizeof *events);
        s->events = events;
    }
    return &s->events[s->nevents++];
}

enum status emit_step(struct mirror *m, struct arena *a, struct mirror_step *s, bool *more,
                      struct failure *f)
{
    struct difference d;
    *more = false;
    if (m->noutcomes == 0)
        return STATUS_OK;
    TRY(next_difference(m, &d, more, f));
    if (*more)
        return read_event(m, &d, a, add_event(s, a), f);
    m->noutcomes = 0;
    return m->differences.in_table ? db_run(m->outcome_clear, f) : STATUS_OK;
}
