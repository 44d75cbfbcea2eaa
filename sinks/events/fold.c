/* fold.c: see fold.h. */
#include "sinks/events/fold.h"

enum { SEED_PK = 1, SEED_KEY = 2 };

void fold_init(struct fold *f, const struct stage *s, struct arena *a, uint32_t rows_max)
{
    *f = (struct fold){.stage = s, .arena = a, .nbuckets = 16};
    while (f->nbuckets < 2 * rows_max)
        f->nbuckets *= 2;
    f->entries = arena_alloc(a, (rows_max + 1) * sizeof(struct fold_entry *));
    f->buckets = arena_zalloc(a, f->nbuckets * sizeof(struct fold_entry *));
}

static uint64_t hash_of(const struct stage *s, const struct value *pk, const struct value *values)
{
    uint64_t hash = pk ? SEED_PK : SEED_KEY;
    for (int i = 0; pk && i < s->table->nkey; i++)
        hash = value_hash(&pk[i], hash);
    for (int i = 0; !pk && i < s->ncolumns; i++)
        if (s->columns[i].key)
            hash = value_hash(&values[i], hash);
    return hash;
}

static bool same_row(const struct stage *s, const struct fold_entry *e, const struct value *pk,
                     const struct value *values)
{
    if (!e->pk != !pk)
        return false;
    for (int i = 0; pk && i < s->table->nkey; i++)
        if (!value_equal(&pk[i], &e->pk[i]))
            return false;
    for (int i = 0; !pk && i < s->ncolumns; i++)
        if (s->columns[i].key && !value_equal(&values[i], &e->values[i]))
            return false;
    return true;
}

static struct fold_entry *find(const struct fold *f, uint64_t hash, const struct value *pk,
                               const struct value *values)
{
    struct fold_entry *e = f->buckets[hash & (f->nbuckets - 1)];
    while (e && (e->hash != hash || !same_row(f->stage, e, pk, values)))
        e = e->next;
    return e;
}

/* A table without a primary key has no row that could be found again: each insert is its own. */
static bool folds(const struct fold *f)
{
    return f->stage->write->op != WRITE_INSERT;
}

static struct fold_entry *append(struct fold *f, uint64_t hash, const struct fold_entry *row)
{
    struct fold_entry *e = arena_alloc(f->arena, sizeof *e);
    struct fold_entry **bucket = &f->buckets[hash & (f->nbuckets - 1)];
    *e = *row;
    e->hash = hash;
    e->next = *bucket;
    *bucket = e;
    f->entries[f->n++] = e;
    return e;
}

struct fold_entry *fold_add(struct fold *f, uint32_t event, const struct fold_entry *row)
{
    const struct stage *s = f->stage;
    uint64_t hash = hash_of(s, row->pk, row->values);
    struct fold_entry *e = folds(f) ? find(f, hash, row->pk, row->values) : NULL;
    if (!e)
        e = append(f, hash, row);
    else if (e->event == event)
        return NULL;
    for (int i = 0; i < s->ncolumns; i++)
        if (!s->columns[i].once)
            e->values[i] = row->values[i];
    e->event = event;
    return e;
}

bool fold_has(const struct fold *f, const struct value *pk)
{
    return find(f, hash_of(f->stage, pk, NULL), pk, NULL) != NULL;
}

static bool is_changed(const struct stage *s, const struct fold_entry *e, int column)
{
    return s->columns[column].compared && !value_equal(&e->values[column], &e->now_there[column]);
}

/* A key under `do: update` finds the row, and is not written. */
static bool only_finds(const struct stage *s, int column)
{
    return s->columns[column].key && s->write->op == WRITE_UPDATE;
}

bool fold_changed(const struct stage *s, const struct fold_entry *e, bool *columns)
{
    bool any = false;
    for (int i = 0; i < s->ncolumns; i++) {
        columns[i] = !e->pk || (is_changed(s, e, i) && !only_finds(s, i));
        any = any || columns[i];
    }
    for (int i = 0; i < s->ncolumns; i++)
        columns[i] = columns[i] || (any && s->columns[i].touch);
    return any;
}
