/* judge.c: see judge.h. A slot is what came back for one number: of an event, or of one line. */
#include "sinks/events/judge.h"

#include <inttypes.h>
#include <string.h>
#include "sinks/events/coerce.h"

struct slot {
    const struct value *row; /* NULL: absent */
    bool twice;
};

struct judge {
    const struct event_database *db;
    const struct stage *stage;
    struct stage_event *events;
    uint32_t nevents;
    struct slot *slots, *old; /* old: by event, of its before image */
    uint32_t nslots;
    struct arena *arena;
    struct fold *fold;
};

const struct object_list *stage_lines(const struct stage *s, const struct stage_event *e)
{
    for (uint32_t i = 0; i < e->now->nlists; i++)
        if (strcmp(e->now->lists[i].name, s->lines->name) == 0)
            return &e->now->lists[i];
    return NULL;
}

static uint32_t lines_of(const struct judge *j, uint32_t event)
{
    if (!j->stage->lines)
        return 1;
    const struct object_list *list = stage_lines(j->stage, &j->events[event]);
    return list ? list->nelements : 0;
}

/* ---- rows to slots ---- */

static bool number_of(const struct value *v, int64_t *out)
{
    *out = v->i;
    return v->kind == VALUE_INT || (v->kind == VALUE_UINT && v->i >= 0);
}

static struct slot *slot_of(const struct judge *j, const struct value *row)
{
    int64_t event, line = 1;
    if (!number_of(&row[0], &event) || (j->stage->lines && !number_of(&row[1], &line)))
        return NULL;
    bool old = event < 0;
    event = old ? -event : event;
    if (event < 1 || event > (int64_t)j->nevents)
        return NULL;
    struct stage_event *e = &j->events[event - 1];
    if (old)
        return e->old && !j->stage->lines ? &j->old[event - 1] : NULL;
    if (line < 1 || line > (int64_t)lines_of(j, (uint32_t)event - 1))
        return NULL;
    return &j->slots[e->first_slot + line - 1];
}

static void make_slots(struct judge *j)
{
    for (uint32_t i = 0; i < j->nevents; i++) {
        j->events[i].first_slot = j->nslots;
        j->nslots += lines_of(j, i);
    }
    j->slots = arena_zalloc(j->arena, (j->nslots + 1) * sizeof *j->slots);
    j->old = arena_zalloc(j->arena, (j->nevents + 1) * sizeof *j->old);
}

static enum status fill_slots(struct judge *j, const struct result *r)
{
    for (uint32_t i = 0; i < r->nrows; i++) {
        const struct value *row = &r->cells[(size_t)i * (size_t)r->ncolumns];
        struct slot *slot = slot_of(j, row);
        if (!slot)
            return fail(j->db->failure, ERROR_CONFIG,
                        "line %d: the SELECT that writes %s returns event %s%s%s, which nobody "
                        "gave it: return e.event%s as they are",
                        j->stage->write->sql.line, j->stage->table->name,
                        value_show(&row[0], j->arena, 40), j->stage->lines ? ", line " : "",
                        j->stage->lines ? value_show(&row[1], j->arena, 40) : "",
                        j->stage->lines ? " and l.line" : "");
        slot->twice = slot->row != NULL;
        slot->row = row;
    }
    return STATUS_OK;
}

/* ---- verdicts ---- */

/* The first reason of an event stays. */
static void hold(const struct judge *j, uint32_t event, enum hold_reason reason,
                 const char *column, const char *text)
{
    struct hold *h = &j->events[event].hold;
    if (h->reason == HOLD_NONE)
        *h = (struct hold){reason, j->stage->table->name, column, text};
}

static void hold_else(const struct judge *j, uint32_t event, enum write_else what,
                      const char *text)
{
    if (what != ELSE_SKIP)
        hold(j, event, what == ELSE_WAIT ? HOLD_WAIT : HOLD_QUARANTINE, NULL, text);
}

/* "", or " for line 3". */
static const char *which(const struct judge *j, uint32_t line)
{
    return j->stage->lines ? arena_format(j->arena, " for line %" PRIu32, line + 1) : "";
}

static const char *key_text(const struct judge *j, const struct value *row)
{
    const struct stage *s = j->stage;
    const char *text = "";
    for (int i = 0; i < s->ncolumns; i++)
        if (s->columns[i].key)
            text = arena_format(j->arena, "%s%s%s=%s", text, *text ? ", " : "", s->columns[i].name,
                                value_show(&row[s->columns_at + i], j->arena, 60));
    return text;
}

/* The row's primary key as the table's types; NULL: there is no such row. */
static const struct value *pk_of(const struct judge *j, const struct value *row)
{
    const struct relation *t = j->stage->table;
    const struct value *cells = row + j->stage->pk_at;
    if (t->nkey == 0 || cells[0].kind == VALUE_NULL)
        return NULL;
    struct value *pk = arena_alloc(j->arena, (size_t)t->nkey * sizeof *pk);
    for (int i = 0; i < t->nkey; i++)
        if (coerce(&t->columns[t->key[i]], &cells[i], NULL, j->db->zone, j->arena, &pk[i]))
            pk[i] = cells[i];
    return pk;
}

/* What the target holds that its own column could not is different from everything. */
static const struct value *now_there(const struct judge *j, const struct value *row)
{
    const struct stage *s = j->stage;
    const struct value *cell = row + s->compared_at;
    struct value *out = arena_alloc(j->arena, (size_t)(s->ncolumns + 1) * sizeof *out);
    for (int i = 0; i < s->ncolumns; i++) {
        out[i] = (struct value){.kind = VALUE_ABSENT};
        if (!s->columns[i].compared)
            continue;
        const struct column *c = &s->table->columns[s->columns[i].target];
        if (coerce(c, cell, "half_up", j->db->zone, j->arena, &out[i]))
            out[i].kind = VALUE_ABSENT;
        cell++;
    }
    return out;
}

static struct value *values_of(const struct judge *j, uint32_t event, const struct value *row)
{
    const struct stage *s = j->stage;
    struct value *out = arena_alloc(j->arena, (size_t)(s->ncolumns + 1) * sizeof *out);
    for (int i = 0; i < s->ncolumns; i++) {
        const struct stage_column *c = &s->columns[i];
        const struct value *cell = &row[s->columns_at + i];
        const char *why = NULL;
        if (c->key && cell->kind == VALUE_NULL)
            why = "is NULL, and a row is found by it: the SELECT must give it a value";
        else
            why = coerce(&s->table->columns[c->target], cell, c->round, j->db->zone, j->arena,
                         &out[i]);
        if (!why)
            continue;
        hold(j, event, HOLD_QUARANTINE, c->name, why);
        return NULL;
    }
    return out;
}

/* The row of the old key where there is one; `row` must not be another's then. A write that only
 * updates gives no row another key: whoever makes the rows has done so, or has not yet. */
static const struct value *row_to_update(const struct judge *j, uint32_t event,
                                         const struct value *row)
{
    const struct slot *old = &j->old[event];
    if (j->stage->lines || !old->row)
        return row;
    const struct value *was = pk_of(j, old->row), *is = pk_of(j, row);
    if (old->twice) {
        hold(j, event, HOLD_QUARANTINE, NULL, "the SELECT returns two rows for its former key");
        return NULL;
    }
    if (!was || (is && j->stage->write->op == WRITE_UPDATE))
        return row;
    for (int i = 0; is && i < j->stage->table->nkey; i++)
        if (!value_equal(&was[i], &is[i])) {
            hold(j, event, HOLD_QUARANTINE, NULL,
                 arena_format(j->arena, "its key became %s, and another row has that key already",
                              key_text(j, row)));
            return NULL;
        }
    return old->row;
}

static void take(struct judge *j, uint32_t event, uint32_t line, const struct value *row)
{
    const struct stage *s = j->stage;
    const struct value *there = row_to_update(j, event, row);
    struct value *values = there ? values_of(j, event, row) : NULL;
    if (!values)
        return;
    struct fold_entry entry = {.pk = pk_of(j, there), .values = values};
    enum write_do op = s->write->op;
    if (!entry.pk && (op == WRITE_UPDATE || op == WRITE_DELETE)) {
        hold_else(j, event, s->write->if_no_target,
                  arena_format(j->arena, "there is no row with %s%s", key_text(j, row),
                               which(j, line)));
        return;
    }
    if (entry.pk && op == WRITE_INSERT) {
        hold(j, event, HOLD_QUARANTINE, NULL,
             arena_format(j->arena, "a row with %s is there already", key_text(j, row)));
        return;
    }
    entry.removed = op == WRITE_DELETE;
    entry.now_there = entry.pk ? now_there(j, there) : NULL;
    if (!fold_add(j->fold, event, &entry))
        hold(j, event, HOLD_QUARANTINE, NULL,
             arena_format(j->arena, "two of its lines write the row with %s: sum them in the "
                                    "list's SQL, or add a column to `key`",
                          key_text(j, row)));
}

static void judge_slot(struct judge *j, uint32_t event, uint32_t line)
{
    const struct slot *slot = &j->slots[j->events[event].first_slot + line];
    if (!slot->row) {
        hold_else(j, event, j->stage->write->if_no_row,
                  arena_format(j->arena, "the SELECT returns no row%s", which(j, line)));
        return;
    }
    if (slot->twice) {
        hold(j, event, HOLD_QUARANTINE, NULL,
             arena_format(j->arena, "the SELECT returns more than one row%s: a join is not unique, "
                                    "or two rows of the table have %s",
                          which(j, line), key_text(j, slot->row)));
        return;
    }
    take(j, event, line, slot->row);
}

enum status judge_result(const struct event_database *db, const struct stage *s,
                         struct stage_event *events, uint32_t nevents,
                         const struct result *result, struct arena *a, struct fold *fold)
{
    struct judge j = {db, s, events, nevents, .arena = a, .fold = fold};
    must(result->nrows == 0 || result->ncolumns == s->ncells);
    make_slots(&j);
    TRY(fill_slots(&j, result));
    fold_init(fold, s, a, j.nslots);
    for (uint32_t i = 0; i < nevents; i++)
        for (uint32_t line = 0; line < lines_of(&j, i); line++)
            judge_slot(&j, i, line);
    return STATUS_OK;
}
