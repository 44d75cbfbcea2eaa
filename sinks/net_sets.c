/* net_sets.c: the folded entries as sets: grouped by what a statement has in common, in one order.
 */
#include "sinks/net_fold.h"

#include <stdlib.h>
#include <string.h>
#include "base/crash.h"
#include "base/guard.h"

/* Entries that go into one statement. */
struct net_group {
    struct net_group *next;
    enum set_op op;
    bool lenient;
    bool *present; /* per column; NULL for deletes */
    uint32_t n;
    struct net_entry *first, **last;
};

/* ---- which columns ---- */

static bool moved(const struct net_entry *e)
{
    return e->old && e->at != e->from;
}

/* An absent value has no bytes to write: the column stays as it is at the target. */
static bool is_set(const struct column *c, const struct value *v)
{
    return !c->generated && (!GUARD_TOAST_SKIP || v->kind != VALUE_ABSENT);
}

static bool *columns_to_insert(struct arena *a, const struct relation *r, const struct value *row)
{
    bool *present = arena_alloc(a, (size_t)r->ncolumns);
    for (int i = 0; i < r->ncolumns; i++)
        present[i] = is_set(&r->columns[i], &row[i]);
    return present;
}

/* Key columns only where the key has changed; or where there is nothing else to set, since the
 * statement must find the row all the same. */
static bool *columns_to_update(struct arena *a, const struct relation *r, const struct net_entry *e)
{
    bool *present = columns_to_insert(a, r, e->now), any = false;
    for (int i = 0; i < r->nkey && !moved(e); i++)
        present[r->key[i]] = false;
    for (int i = 0; i < r->ncolumns; i++)
        any = any || present[i];
    for (int i = 0; i < r->nkey && !any; i++)
        present[r->key[i]] = is_set(&r->columns[r->key[i]], &e->now[r->key[i]]);
    return present;
}

static bool is_complete(const struct relation *r, const struct value *row)
{
    for (int i = 0; i < r->ncolumns; i++)
        if (row[i].kind == VALUE_ABSENT && !r->columns[i].generated)
            return false;
    return true;
}

/* ---- groups ---- */

static int group_order(const struct net_group *g, enum set_op op, bool lenient, const bool *present,
                       int ncolumns)
{
    if (g->op != op)
        return g->op < op ? -1 : 1;
    if (g->lenient != lenient)
        return g->lenient < lenient ? -1 : 1;
    return present ? memcmp(g->present, present, (size_t)ncolumns) : 0;
}

/* Groups lie in the order in which they are written, so that it is the same in each batch. */
static struct net_group *group_of(struct arena *a, struct net_table *t, enum set_op op,
                                  bool lenient, bool *present)
{
    struct net_group **at = &t->groups;
    int order = 1;
    for (; *at; at = &(*at)->next) {
        order = group_order(*at, op, lenient, present, t->relation->ncolumns);
        if (order >= 0)
            break;
    }
    if (*at && order == 0)
        return *at;
    struct net_group *g = arena_zalloc(a, sizeof *g);
    *g = (struct net_group){.next = *at, .op = op, .lenient = lenient, .present = present};
    g->last = &g->first;
    *at = g;
    return g;
}

static void group_add(struct net_group *g, struct net_entry *e)
{
    e->next_in_group = NULL;
    *g->last = e;
    g->last = &e->next_in_group;
    g->n++;
}

/* In a copy's window a chunk may have brought the row or not: insert it whole, or overwrite it. A
 * changed key leaves the old one behind. */
static void sort_upsert(struct arena *a, struct net_table *t, struct net_entry *e)
{
    if (moved(e)) {
        struct net_entry *left = arena_zalloc(a, sizeof *left);
        left->old = e->old;
        group_add(group_of(a, t, SET_DELETE, true, NULL), left);
    }
    group_add(group_of(a, t, SET_UPSERT, true, columns_to_insert(a, t->relation, e->now)), e);
}

/* The row may not be there yet, and its new key lie in a range that is copied already, where no
 * chunk brings it: so it is inserted. One of which the log leaves a part out must be there, or row
 * mode asks for it. */
static void sort_moved(struct arena *a, struct net_table *t, struct net_entry *e)
{
    bool complete = is_complete(t->relation, e->now);
    group_add(group_of(a, t, SET_UPDATE, complete, columns_to_update(a, t->relation, e)), e);
    if (!complete)
        return;
    struct net_entry *come = arena_zalloc(a, sizeof *come);
    come->now = e->now;
    bool *columns = columns_to_insert(a, t->relation, e->now);
    group_add(group_of(a, t, SET_INSERT_ABSENT, true, columns), come);
}

static void sort_in_window(struct arena *a, struct net_table *t, struct net_entry *e)
{
    const struct relation *r = t->relation;
    if (!e->old || (e->upsert && is_complete(r, e->now)))
        sort_upsert(a, t, e);
    else if (moved(e))
        sort_moved(a, t, e);
    else
        group_add(group_of(a, t, SET_UPDATE, true, columns_to_update(a, r, e)), e);
}

static void sort_entry(struct arena *a, struct net_table *t, struct net_entry *e)
{
    const struct relation *r = t->relation;
    if (!e->now)
        group_add(group_of(a, t, SET_DELETE, e->lenient, NULL), e);
    else if (r->nkey > 0 && e->lenient)
        sort_in_window(a, t, e);
    else if (e->old)
        group_add(group_of(a, t, SET_UPDATE, e->lenient, columns_to_update(a, r, e)), e);
    else
        group_add(group_of(a, t, SET_INSERT, false, columns_to_insert(a, r, e->now)), e);
}

static void sort_table(struct arena *a, struct net_table *t)
{
    t->groups = NULL;
    for (struct net_entry *e = t->first; e; e = e->next)
        if (e->old || e->now)
            sort_entry(a, t, e);
}

/* ---- order of rows ---- */

static int value_order(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (value_kind_has_text((enum value_kind)a->kind)) {
        size_t shorter = a->size < b->size ? a->size : b->size;
        int order = shorter ? memcmp(a->text, b->text, shorter) : 0;
        return order ? order : (a->size > b->size) - (a->size < b->size);
    }
    if (a->kind == VALUE_UINT)
        return (a->u > b->u) - (a->u < b->u);
    if (a->kind == VALUE_FLOAT || a->kind == VALUE_DOUBLE)
        return (a->d > b->d) - (a->d < b->d);
    return (a->i > b->i) - (a->i < b->i);
}

static int entry_order(const void *x, const void *y, void *relation)
{
    const struct relation *r = relation;
    const struct net_entry *a = *(struct net_entry *const *)x, *b = *(struct net_entry *const *)y;
    const struct value *left = a->old ? a->old : a->now, *right = b->old ? b->old : b->now;
    for (int i = 0; i < r->nkey; i++) {
        int order = value_order(&left[r->key[i]], &right[r->key[i]]);
        if (order)
            return order;
    }
    return 0;
}

/* Rows that are there already are locked in key order, as every other transaction of ours does.
 * Inserts keep the log's order: a row may refer to an earlier one of its table. */
static struct net_entry **ordered(struct arena *a, const struct net_group *g,
                                  const struct relation *r)
{
    struct net_entry **entries = arena_alloc(a, g->n * sizeof(struct net_entry *));
    uint32_t n = 0;
    bool in_order = true;
    for (struct net_entry *e = g->first; e; e = e->next_in_group) {
        entries[n] = e;
        if (n > 0 && in_order && g->op != SET_INSERT)
            in_order = entry_order(&entries[n - 1], &entries[n], (void *)(uintptr_t)r) <= 0;
        n++;
    }
    if (!in_order)
        qsort_r(entries, n, sizeof *entries, entry_order, (void *)(uintptr_t)r);
    return entries;
}

/* ---- writing ---- */

static struct row_set *make_set(struct arena *a, const struct net_group *g,
                                const struct relation *r)
{
    struct net_entry **entries = ordered(a, g, r);
    struct value **keys = arena_alloc(a, g->n * sizeof *keys);
    struct value **rows = arena_alloc(a, g->n * sizeof *rows);
    for (uint32_t i = 0; i < g->n; i++) {
        keys[i] = entries[i]->old;
        rows[i] = entries[i]->now;
    }
    struct row_set *set = arena_alloc(a, sizeof *set);
    *set = (struct row_set){
        .op = g->op,
        .relation = r,
        .nrows = g->n,
        .keys = g->op == SET_DELETE || g->op == SET_UPDATE ? keys : NULL,
        .rows = g->op == SET_DELETE ? NULL : rows,
        .present = g->present,
        .lenient = g->lenient,
    };
    return set;
}

static enum status write_groups(struct net *n, const struct net_table *t, bool deletes,
                                const struct sink_driver *driver, struct sink *sink)
{
    for (const struct net_group *g = t->groups; g; g = g->next) {
        if ((g->op == SET_DELETE) != deletes)
            continue;
        TRY(driver->write_set(sink, make_set(&n->arena, g, t->relation)));
        crash_here(CRASH_BETWEEN_SETS);
    }
    return STATUS_OK;
}

static int table_order(const void *x, const void *y)
{
    const struct net_table *a = *(struct net_table *const *)x, *b = *(struct net_table *const *)y;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    int order = strcmp(a->relation->schema, b->relation->schema);
    return order ? order : strcmp(a->relation->name, b->relation->name);
}

static struct net_table **tables_in_order(struct net *n)
{
    struct net_table **tables = arena_alloc(&n->arena, (size_t)n->ntables * sizeof *tables);
    int count = 0;
    for (struct net_table *t = n->tables; t; t = t->next)
        tables[count++] = t;
    qsort(tables, (size_t)count, sizeof *tables, table_order);
    return tables;
}

enum status net_write(struct net *n, const struct sink_driver *driver, struct sink *sink)
{
    if (n->ntables == 0)
        return STATUS_OK;
    struct net_table **tables = tables_in_order(n);
    for (int i = 0; i < n->ntables; i++)
        sort_table(&n->arena, tables[i]);
    for (int i = n->ntables - 1; i >= 0; i--)
        TRY(write_groups(n, tables[i], true, driver, sink));
    for (int i = 0; i < n->ntables; i++)
        TRY(write_groups(n, tables[i], false, driver, sink));
    return STATUS_OK;
}
