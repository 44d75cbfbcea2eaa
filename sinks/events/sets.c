/* sets.c: see sets.h. */
#include "sinks/events/sets.h"

#include <stdlib.h>
#include <string.h>

struct member {
    const struct value *pk;
    struct value *row; /* of the table; NULL: deleted */
};

/* Rows of one statement. */
struct group {
    struct group *next;
    enum set_op op;
    bool *present; /* by the table's columns; NULL for deletes */
    struct member *members;
    uint32_t n, capacity;
};

struct sets {
    const struct event_database *db;
    const struct fold *fold;
    struct group *groups;
};

static const struct relation *table_of(const struct sets *s)
{
    return s->fold->stage->table;
}

/* ---- groups, in the order in which they are written ---- */

static int group_order(const struct group *g, enum set_op op, const bool *present, int ncolumns)
{
    if (g->op != op)
        return g->op < op ? -1 : 1;
    return present ? memcmp(g->present, present, (size_t)ncolumns) : 0;
}

static struct group *group_of(struct sets *s, enum set_op op, bool *present)
{
    struct group **at = &s->groups;
    int order = 1;
    for (; *at; at = &(*at)->next) {
        order = group_order(*at, op, present, table_of(s)->ncolumns);
        if (order >= 0)
            break;
    }
    if (*at && order == 0)
        return *at;
    struct group *g = arena_zalloc(s->fold->arena, sizeof *g);
    *g = (struct group){.next = *at, .op = op, .present = present};
    *at = g;
    return g;
}

static void group_add(struct sets *s, struct group *g, const struct value *pk, struct value *row)
{
    if (g->n == g->capacity) {
        uint32_t capacity = g->capacity ? 2 * g->capacity : 64;
        struct member *grown = arena_alloc(s->fold->arena, capacity * sizeof *grown);
        if (g->n > 0)
            memcpy(grown, g->members, g->n * sizeof *grown);
        g->members = grown;
        g->capacity = capacity;
    }
    g->members[g->n++] = (struct member){pk, row};
}

/* ---- entries to rows of the table ---- */

static struct value *blank_row(struct sets *s)
{
    int n = table_of(s)->ncolumns;
    struct value *row = arena_alloc(s->fold->arena, (size_t)n * sizeof *row);
    for (int i = 0; i < n; i++)
        row[i] = (struct value){.kind = VALUE_ABSENT};
    return row;
}

static struct value *key_row(struct sets *s, const struct value *pk)
{
    const struct relation *t = table_of(s);
    struct value *row = blank_row(s);
    for (int i = 0; i < t->nkey; i++)
        row[t->key[i]] = pk[i];
    return row;
}

static void add_entry(struct sets *s, const struct fold_entry *e, bool *changed)
{
    const struct stage *stage = s->fold->stage;
    if (e->removed) {
        group_add(s, group_of(s, SET_DELETE, NULL), e->pk, NULL);
        return;
    }
    if (!fold_changed(stage, e, changed))
        return;
    struct value *row = e->pk ? key_row(s, e->pk) : blank_row(s);
    bool *present = arena_zalloc(s->fold->arena, (size_t)table_of(s)->ncolumns);
    for (int i = 0; i < stage->ncolumns; i++) {
        if (!changed[i])
            continue;
        present[stage->columns[i].target] = true;
        row[stage->columns[i].target] = e->values[i];
    }
    group_add(s, group_of(s, e->pk ? SET_UPDATE : SET_INSERT, present), e->pk, row);
}

/* ---- order of rows ---- */

static int value_order(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind || !value_kind_has_text((enum value_kind)a->kind))
        return (a->i > b->i) - (a->i < b->i);
    size_t shorter = a->size < b->size ? a->size : b->size;
    int order = shorter ? memcmp(a->text, b->text, shorter) : 0;
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

static int by_pk(const void *x, const void *y, void *relation)
{
    const struct member *a = x, *b = y;
    const struct relation *t = relation;
    for (int i = 0; i < t->nkey; i++) {
        int order = value_order(&a->pk[i], &b->pk[i]);
        if (order)
            return order;
    }
    return 0;
}

/* ---- writing ---- */

static enum status write_group(struct sets *s, struct group *g)
{
    struct arena *a = s->fold->arena;
    struct value **keys = arena_alloc(a, g->n * sizeof *keys);
    struct value **rows = arena_alloc(a, g->n * sizeof *rows);
    if (g->op != SET_INSERT)
        qsort_r(g->members, g->n, sizeof *g->members, by_pk, (void *)(uintptr_t)table_of(s));
    for (uint32_t i = 0; i < g->n; i++) {
        keys[i] = g->members[i].pk ? key_row(s, g->members[i].pk) : NULL;
        rows[i] = g->members[i].row;
    }
    struct row_set *set = arena_alloc(a, sizeof *set);
    *set = (struct row_set){.op = g->op,
                            .relation = table_of(s),
                            .nrows = g->n,
                            .keys = g->op == SET_INSERT ? NULL : keys,
                            .rows = g->op == SET_DELETE ? NULL : rows,
                            .present = g->present};
    return s->db->write_set(s->db->self, set);
}

enum status sets_write(const struct event_database *db, const struct fold *f,
                       const struct value *const *missing, uint32_t nmissing)
{
    struct sets s = {.db = db, .fold = f};
    bool *changed = arena_alloc(f->arena, (size_t)f->stage->ncolumns + 1);
    for (uint32_t i = 0; i < nmissing; i++)
        group_add(&s, group_of(&s, SET_DELETE, NULL), missing[i], NULL);
    for (uint32_t i = 0; i < f->n; i++)
        add_entry(&s, f->entries[i], changed);
    for (struct group *g = s.groups; g; g = g->next)
        TRY(write_group(&s, g));
    return s.groups ? db->settle(db->self) : STATUS_OK;
}
