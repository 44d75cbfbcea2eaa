#include "benchmarks/load/transaction.h"

#include <inttypes.h>
#include <stdlib.h>

#include "benchmarks/load/table.h"

enum { SQL_MAX = 1 << 30 };

void transaction_init(struct transactions *t, const struct options *o, int connection,
                      const int64_t *base)
{
    *t = (struct transactions){.options = o, .connection = connection};
    t->random.state = (uint64_t)o->seed * 0x100000001b3u + (uint64_t)connection;
    zipf_init(&t->zipf, (uint64_t)o->rows, o->zipf);
    t->own = calloc((size_t)o->tables, sizeof *t->own);
    t->changes = calloc((size_t)o->transaction_max, sizeof *t->changes);
    must(t->own != NULL && t->changes != NULL);
    for (int64_t i = 0; i < o->tables; i++)
        t->own[i].base = base[i];
    buffer_init(&t->sql, SQL_MAX);
}

void transaction_free(struct transactions *t)
{
    free(t->own);
    free(t->changes);
    buffer_free(&t->sql);
}

static int64_t own_key(const struct transactions *t, const struct own_rows *own, int64_t n)
{
    return own->base + 1 + n * t->options->connections + t->connection;
}

static enum change_kind choose_kind(struct transactions *t, const struct own_rows *own)
{
    const struct options *o = t->options;
    int64_t x = (int64_t)random_below(&t->random, 100);
    if (x < o->inserts)
        return CHANGE_INSERT;
    if (x < o->inserts + o->updates)
        return CHANGE_UPDATE;
    return own->deleted < own->committed ? CHANGE_DELETE : CHANGE_INSERT;
}

static void choose(struct transactions *t, struct change *c)
{
    c->table = (int64_t)random_below(&t->random, (uint64_t)t->options->tables);
    struct own_rows *own = &t->own[c->table];
    c->kind = choose_kind(t, own);
    if (c->kind == CHANGE_INSERT)
        c->key = own_key(t, own, own->inserted++);
    else if (c->kind == CHANGE_DELETE)
        c->key = own_key(t, own, own->deleted++);
    else
        c->key = (int64_t)zipf_scatter(zipf_rank(&t->zipf, &t->random), t->zipf.n);
}

static int by_table_and_key(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    return (x->key > y->key) - (x->key < y->key);
}

static void add_change(struct transactions *t, const struct change *c)
{
    struct buffer *b = &t->sql;
    int64_t width = t->options->width;
    switch (c->kind) {
    case CHANGE_INSERT:
        buffer_add_format(b, "INSERT INTO load_%" PRId64 " VALUES ", c->table + 1);
        table_add_values(b, c->key, width, &t->random);
        break;
    case CHANGE_UPDATE:
        buffer_add_format(b, "UPDATE load_%" PRId64 " SET ", c->table + 1);
        table_add_assignments(b, width, &t->random);
        buffer_add_format(b, " WHERE id=%" PRId64, c->key);
        break;
    default:
        buffer_add_format(b, "DELETE FROM load_%" PRId64 " WHERE id=%" PRId64, c->table + 1,
                          c->key);
    }
    buffer_add_char(b, ';');
}

void transaction_make(struct transactions *t, int64_t probe)
{
    const struct options *o = t->options;
    uint64_t spread = (uint64_t)(o->transaction_max - o->transaction_min + 1);
    t->nchanges = o->transaction_min + (int64_t)random_below(&t->random, spread);
    for (int64_t i = 0; i < t->nchanges; i++)
        choose(t, &t->changes[i]);
    qsort(t->changes, (size_t)t->nchanges, sizeof *t->changes, by_table_and_key);
    buffer_clear(&t->sql);
    buffer_add_text(&t->sql, "BEGIN;");
    for (int64_t i = 0; i < t->nchanges; i++)
        add_change(t, &t->changes[i]);
    if (probe >= 0)
        buffer_add_format(&t->sql, "INSERT INTO load_probe VALUES (%" PRId64 ")", probe);
}

void transaction_committed(struct transactions *t)
{
    for (int64_t i = 0; i < t->options->tables; i++)
        t->own[i].committed = t->own[i].inserted;
    for (int64_t i = 0; i < t->nchanges; i++)
        t->rows[t->changes[i].kind]++;
}
