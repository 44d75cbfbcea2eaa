/* net.c: the fold of net.h, over the slots of net_fold.h.
 *
 * Whatever the log says that does not fit what the fold knows (a row inserted where one is, one
 * updated that is gone, two rows that stand at one key while a deferred constraint lets them) is a
 * barrier: written as it stands, the target judges it, and row mode names the row. So the fold
 * never has to guess, and a barrier too many costs a statement only.
 */
#include "sinks/net_fold.h"

#include <stdlib.h>
#include <string.h>
#include "base/guard.h"

struct net *net_new(int (*rank)(void *owner, const struct relation *r), void *owner)
{
    struct net *n = calloc(1, sizeof *n);
    must(n);
    arena_init(&n->arena);
    n->rank = rank;
    n->owner = owner;
    return n;
}

void net_free(struct net *n)
{
    if (!n)
        return;
    net_map_free(&n->map);
    arena_free(&n->arena);
    free(n);
}

void net_set_ties(struct net *n, enum net_ties (*ties)(void *owner, const struct relation *r))
{
    n->ties = ties;
}

void net_reset(struct net *n)
{
    net_map_reset(&n->map);
    arena_reset(&n->arena);
    n->tables = n->recent = NULL;
    n->ntables = 0;
    n->rows = 0;
}

uint32_t net_rows(const struct net *n)
{
    return n->rows;
}

/* ---- tables ---- */

static bool same_table(const struct relation *a, const struct relation *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->schema, b->schema) == 0;
}

static struct net_table *new_table(struct net *n, const struct relation *r)
{
    struct net_table *t = arena_zalloc(&n->arena, sizeof *t);
    t->relation = r;
    t->rank = n->rank ? n->rank(n->owner, r) : 0;
    t->ties = n->ties ? n->ties(n->owner, r) : NET_TIES_NONE;
    t->last = &t->first;
    t->next = n->tables;
    n->tables = t;
    n->ntables++;
    return t;
}

/* NULL: the same table under another layout is in flight; what came before goes first. */
static struct net_table *table_of(struct net *n, const struct relation *r)
{
    if (n->recent && n->recent->relation == r)
        return n->recent;
    struct net_table *found = NULL;
    for (struct net_table *t = n->tables; t && !found; t = t->next)
        if (t->relation == r)
            found = t;
    for (struct net_table *t = n->tables; t && !found; t = t->next)
        if (same_table(t->relation, r))
            return NULL;
    if (!found)
        found = new_table(n, r);
    n->recent = found;
    return found;
}

/* ---- keys and entries ---- */

enum { KEY_COLUMNS_MAX = 32 }; /* of an index: PostgreSQL 32, MySQL 16 */

/* The slot of a row's key; parts that `row` leaves out (an unchanged TOAST value in a key) are as
 * in `otherwise`. NULL where a part is missing: such a row cannot be folded. */
static struct net_slot *slot_of(struct net *n, const struct net_table *t, const struct value *row,
                                const struct value *otherwise)
{
    struct value key[KEY_COLUMNS_MAX];
    const struct relation *r = t->relation;
    if (!row || r->nkey > KEY_COLUMNS_MAX)
        return NULL;
    for (int i = 0; i < r->nkey; i++) {
        key[i] = row[r->key[i]];
        if (key[i].kind == VALUE_ABSENT && otherwise)
            key[i] = otherwise[r->key[i]];
        if (key[i].kind == VALUE_ABSENT || key[i].kind == VALUE_NULL)
            return NULL;
    }
    return net_map_slot(&n->map, &n->arena, t, key);
}

static struct net_entry *new_entry(struct net *n, struct net_table *t,
                                   const struct net_rules *rules)
{
    struct net_entry *e = arena_zalloc(&n->arena, sizeof *e);
    e->lenient = rules && rules->lenient;
    e->upsert = rules && rules->upsert;
    *t->last = e;
    t->last = &e->next;
    n->rows++;
    return e;
}

/* The row the target has now: found there by the key of `row`. */
static struct net_entry *old_entry(struct net *n, struct net_table *t, struct net_slot *slot,
                                   struct value *row, const struct net_rules *rules)
{
    struct net_entry *e = new_entry(n, t, rules);
    e->old = row;
    e->from = slot;
    slot->from = e;
    return e;
}

static void settle_at(struct net_entry *e, struct net_slot *slot)
{
    if (e->at)
        e->at->at = NULL;
    e->at = slot;
    if (slot)
        slot->at = e;
}

/* Is the row that the log calls `before` the one that we hold at this key? Under a deferred
 * constraint two rows may stand at one key for a while; then only the whole image tells, which such
 * a table has (its key cannot be a replica identity). */
static bool is_the_row(const struct net_entry *e, const struct relation *r,
                       const struct value *before)
{
    bool came_here = !e->old || e->from != e->at;
    if (!came_here || !before)
        return true;
    for (int i = 0; i < r->ncolumns; i++) {
        if (before[i].kind == VALUE_ABSENT || e->now[i].kind == VALUE_ABSENT)
            continue;
        if (!value_equal(&before[i], &e->now[i]))
            return false;
    }
    return true;
}

/* The later image over the earlier one. The change itself is not touched: row mode reads it again.
 */
static struct value *merge(struct net *n, const struct relation *r, struct value *now,
                           struct value *after)
{
    bool complete = true;
    for (int i = 0; i < r->ncolumns && complete; i++)
        complete = after[i].kind != VALUE_ABSENT;
    if (!now || complete || !GUARD_TOAST_SKIP)
        return after;
    size_t size = (size_t)r->ncolumns * sizeof *after;
    struct value *row = memcpy(arena_alloc(&n->arena, size), after, size);
    for (int i = 0; i < r->ncolumns; i++)
        if (row[i].kind == VALUE_ABSENT)
            row[i] = now[i];
    return row;
}

/* Would a foreign key of the target act on rows that are still to be written? */
static bool acts_on_others(const struct net *n, const struct net_table *t)
{
    if (t->ties == NET_TIES_NONE)
        return false;
    for (const struct net_table *other = n->tables; other; other = other->next)
        if (other->alive > 0 && (t->ties == NET_TIES_ANY || other->rank > t->rank))
            return true;
    return false;
}

/* ---- the three operations ---- */

static bool add_insert(struct net *n, struct net_table *t, const struct change *c,
                       const struct net_rules *rules)
{
    struct net_slot *slot = NULL;
    if (t->relation->nkey > 0) {
        slot = slot_of(n, t, c->after, NULL);
        if (!slot || slot->at)
            return false;
    }
    struct net_entry *e = new_entry(n, t, rules);
    e->now = c->after;
    t->alive++;
    settle_at(e, slot);
    return true;
}

/* May `e` (NULL: a row of the target not met before) take the key of `to`? Updates run in one
 * statement in no order that we know: a key that another row leaves in it is not free yet. Deletes
 * are through by then, and an insert comes after all updates. */
static bool may_move(const struct net_entry *e, const struct net_slot *to,
                     const struct net_rules *rules)
{
    const struct net_entry *left = to->from;
    bool inserted = e && !e->old;
    if (to->at || (e && rules && rules->lenient))
        return false;
    return !left || !left->now || left == e || inserted;
}

static bool add_update(struct net *n, struct net_table *t, const struct change *c,
                       const struct net_rules *rules)
{
    struct value *find = c->before ? c->before : c->after;
    struct net_slot *slot = slot_of(n, t, find, NULL);
    struct net_slot *to = slot && GUARD_KEY_CHANGE ? slot_of(n, t, c->after, find) : slot;
    if (!slot || !to)
        return false;
    struct net_entry *e = slot->at;
    if (e ? !is_the_row(e, t->relation, c->before) : slot->from != NULL)
        return false;
    if (to != slot && !may_move(e, to, rules))
        return false;
    if ((to != slot || t->ties == NET_TIES_ANY) && acts_on_others(n, t))
        return false;
    if (!e) {
        e = old_entry(n, t, slot, find, rules);
        t->alive++;
    }
    e->now = merge(n, t->relation, e->now, c->after);
    settle_at(e, to);
    return true;
}

/* Inserted and deleted: nothing is left to write; but in a copy's window the target may have the
 * row already, from a chunk. */
static void undo_insert(struct net *n, struct net_entry *e, struct net_slot *slot)
{
    if (e->lenient && !slot->from) {
        e->old = e->now;
        e->from = slot;
        slot->from = e;
    } else {
        n->rows--;
    }
}

static bool add_delete(struct net *n, struct net_table *t, const struct change *c,
                       const struct net_rules *rules)
{
    struct net_slot *slot = slot_of(n, t, c->before, NULL);
    if (!slot)
        return false;
    struct net_entry *e = slot->at;
    if (e ? !is_the_row(e, t->relation, c->before) : slot->from != NULL)
        return false;
    if (acts_on_others(n, t))
        return false;
    if (e)
        t->alive--;
    if (!e)
        e = old_entry(n, t, slot, c->before, rules);
    else if (!e->old)
        undo_insert(n, e, slot);
    settle_at(e, NULL);
    e->now = NULL;
    return true;
}

bool net_add(struct net *n, const struct change *c, const struct net_rules *rules)
{
    if (c->op == CHANGE_TRUNCATE)
        return false;
    struct net_table *t = table_of(n, c->relation);
    if (!t)
        return false;
    if (c->op == CHANGE_INSERT)
        return add_insert(n, t, c, rules);
    if (c->relation->nkey == 0)
        return false;
    return c->op == CHANGE_UPDATE ? add_update(n, t, c, rules) : add_delete(n, t, c, rules);
}
