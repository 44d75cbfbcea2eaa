/* stage_run.c: see stage_run.h. */
#include "sinks/events/stage_run.h"

#include "sinks/events/coerce.h"
#include "sinks/events/cte.h"
#include "sinks/events/sets.h"

struct run {
    const struct event_database *db;
    const struct stage *stage;
    struct stage_event *events;
    uint32_t nevents;
    struct arena *arena;
    struct cte event, line;
};

/* ---- rows of the CTEs ---- */

static const char *const meaning[] = {
    [CTE_TEXT] = "a text",         [CTE_INTEGER] = "an integer",
    [CTE_BOOLEAN] = "a boolean",   [CTE_DOUBLE] = "a number",
    [CTE_DECIMAL] = "a decimal",   [CTE_TIME] = "a time with its zone",
    [CTE_DATE] = "a date",         [CTE_BYTES] = "bytes",
};

static void hold_field(struct run *r, struct stage_event *e, const struct field *f,
                       const struct value *v)
{
    if (e->hold.reason != HOLD_NONE)
        return;
    e->hold = (struct hold){
        HOLD_QUARANTINE, r->stage->table->name, NULL,
        arena_format(r->arena, "the event's field %s is %s, which is not %s: see the view's SQL",
                     f->name, value_show(v, r->arena, 60), meaning[f->type])};
}

static const struct value *read_fields(struct run *r, struct stage_event *e,
                                       const struct field_list *list, const struct object *o)
{
    struct value *out = arena_alloc(r->arena, (size_t)(list->nfields + 1) * sizeof *out);
    for (int i = 0; i < list->nfields; i++) {
        const struct value *v = field_find(o, list->fields[i].name, (uint32_t)i);
        out[i] = value_null();
        if (v && !field_take(&list->fields[i], v, r->arena, &out[i])) {
            hold_field(r, e, &list->fields[i], v);
            out[i] = value_null();
        }
    }
    return out;
}

/* Of a write with lines the before image is not asked for: the stage before has moved the row. */
static bool asks_for_old(const struct run *r, const struct stage_event *e)
{
    return e->old && !r->stage->lines;
}

static void make_event_rows(struct run *r)
{
    struct cte_row *rows = arena_alloc(r->arena, (2 * r->nevents + 1) * sizeof *rows);
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->nevents; i++) {
        struct stage_event *e = &r->events[i];
        int64_t number = (int64_t)i + 1;
        rows[n++] = (struct cte_row){number, 0, read_fields(r, e, &r->stage->event, e->now)};
        if (asks_for_old(r, e))
            rows[n++] = (struct cte_row){-number, 0, read_fields(r, e, &r->stage->event, e->old)};
    }
    r->event = (struct cte){r->stage->event, false, rows, n};
}

static uint32_t count_lines(const struct run *r)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->nevents; i++) {
        const struct object_list *list = stage_lines(r->stage, &r->events[i]);
        n += list ? list->nelements : 0;
    }
    return n;
}

static void make_line_rows(struct run *r)
{
    struct cte_row *rows = arena_alloc(r->arena, (count_lines(r) + 1) * sizeof *rows);
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->nevents; i++) {
        struct stage_event *e = &r->events[i];
        const struct object_list *list = stage_lines(r->stage, e);
        for (uint32_t k = 0; list && k < list->nelements; k++)
            rows[n++] = (struct cte_row){
                (int64_t)i + 1, (int64_t)k + 1,
                read_fields(r, e, r->stage->lines, &list->elements[k])};
    }
    r->line = (struct cte){*r->stage->lines, true, rows, n};
}

static bool any_held(const struct run *r)
{
    for (uint32_t i = 0; i < r->nevents; i++)
        if (r->events[i].hold.reason != HOLD_NONE)
            return true;
    return false;
}

/* ---- statements ---- */

static enum status query(struct run *r, const char *tail, struct result *out)
{
    struct event_statement statement;
    cte_write(r->db->dialect, r->db->zone, &r->event, r->stage->lines ? &r->line : NULL, tail,
              r->arena, &statement);
    *out = (struct result){0};
    if (r->db->query(r->db->self, &statement, r->arena, out) == STATUS_OK)
        return STATUS_OK;
    return fail_in(r->db->failure, "the SELECT that writes %s (line %d)", r->stage->table->name,
                   r->stage->write->sql.line);
}

/* Rows in scope that no line of these events has found. */
static enum status find_missing(struct run *r, const struct fold *f,
                                const struct value ***out, uint32_t *n)
{
    struct result result;
    const struct relation *t = r->stage->table;
    *n = 0;
    TRY(query(r, r->stage->missing, &result));
    *out = arena_alloc(r->arena, (result.nrows + 1) * sizeof **out);
    for (uint32_t i = 0; i < result.nrows; i++) {
        struct value *pk = arena_alloc(r->arena, (size_t)t->nkey * sizeof *pk);
        for (int k = 0; k < t->nkey; k++) {
            const struct value *cell = &result.cells[i * (uint32_t)t->nkey + (uint32_t)k];
            if (coerce(&t->columns[t->key[k]], cell, NULL, r->db->zone, r->arena, &pk[k]))
                pk[k] = *cell;
        }
        if (!fold_has(f, pk))
            (*out)[(*n)++] = pk;
    }
    return STATUS_OK;
}

/* No lines at all: there is nothing to resolve, and what is in scope goes all the same. */
static enum status resolve(struct run *r, struct fold *fold)
{
    struct result result = {0};
    if (!r->stage->lines || r->line.nrows > 0)
        TRY(query(r, r->stage->resolve, &result));
    return judge_result(r->db, r->stage, r->events, r->nevents, &result, r->arena, fold);
}

enum status stage_run(const struct event_database *db, const struct stage *s,
                      struct stage_event *events, uint32_t nevents, struct arena *a)
{
    struct run r = {db, s, events, nevents, a};
    struct fold fold;
    const struct value **missing = NULL;
    uint32_t nmissing = 0;
    if (nevents == 0)
        return STATUS_OK;
    make_event_rows(&r);
    if (s->lines)
        make_line_rows(&r);
    if (any_held(&r))
        return STATUS_OK;
    TRY(resolve(&r, &fold));
    if (any_held(&r))
        return STATUS_OK;
    if (s->missing)
        TRY(find_missing(&r, &fold, &missing, &nmissing));
    return sets_write(db, &fold, missing, nmissing);
}
