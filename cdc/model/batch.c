#include "model/batch.h"
#include "base/clock.h"
#include "base/fail.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHANGES = 128, FIRST_TRANSACTIONS = 16, KEPT_ARRAY_BYTES = 1024 * 1024 };

static void *grow(void *array, uint32_t *capacity, uint32_t first, size_t size)
{
    must(*capacity <= UINT32_MAX / 2);
    uint32_t wanted = *capacity ? *capacity * 2 : first;
    void *p = realloc(array, wanted * size);
    if (!p) {
        fprintf(stderr, "millrace: out of memory (%zu bytes wanted)\n", wanted * size);
        abort();
    }
    *capacity = wanted;
    return p;
}

struct batch *batch_new(void)
{
    struct batch *b = calloc(1, sizeof *b);
    must(b);
    arena_init(&b->arena);
    b->begins = b->ends = true;
    return b;
}

void batch_free(struct batch *b)
{
    if (!b)
        return;
    arena_free(&b->arena);
    free(b->changes);
    free(b->transactions);
    free(b);
}

/* An array that one large batch needed is not kept for ever. */
static void *shrink(void *array, uint32_t *capacity, size_t size)
{
    if (*capacity * size <= KEPT_ARRAY_BYTES)
        return array;
    free(array);
    *capacity = 0;
    return NULL;
}

void batch_reset(struct batch *b)
{
    arena_reset(&b->arena);
    b->changes = shrink(b->changes, &b->changes_capacity, sizeof *b->changes);
    b->transactions = shrink(b->transactions, &b->transactions_capacity, sizeof *b->transactions);
    b->nchanges = b->ntransactions = 0;
    b->path = b->progress = b->acknowledged = b->checkpoint = NULL;
    b->origins = NULL;
    b->refused = false;
    b->begins = b->ends = true;
    b->source_bytes = 0;
    b->held_bytes = 0;
    b->next = NULL;
}

struct transaction *batch_begin(struct batch *b)
{
    must(!batch_is_open(b));
    if (b->ntransactions == b->transactions_capacity)
        b->transactions = grow(b->transactions, &b->transactions_capacity, FIRST_TRANSACTIONS,
                               sizeof *b->transactions);
    struct transaction *t = &b->transactions[b->ntransactions++];
    *t = (struct transaction){.first_change = b->nchanges};
    return t;
}

struct change *batch_append(struct batch *b)
{
    must(batch_is_open(b));
    if (b->nchanges == b->changes_capacity)
        b->changes = grow(b->changes, &b->changes_capacity, FIRST_CHANGES, sizeof *b->changes);
    b->transactions[b->ntransactions - 1].nchanges++;
    struct change *c = &b->changes[b->nchanges++];
    *c = (struct change){.op = CHANGE_INSERT};
    return c;
}

void batch_end(struct batch *b, const char *position, const char *root, int64_t committed_us)
{
    must(batch_is_open(b) && position);
    struct transaction *t = &b->transactions[b->ntransactions - 1];
    t->position = arena_strdup(&b->arena, position);
    t->root = root ? arena_strdup(&b->arena, root) : t->position;
    t->committed_us = committed_us;
    t->received_us = clock_wall_us();
}

void batch_abandon(struct batch *b)
{
    must(batch_is_open(b));
    b->nchanges = b->transactions[--b->ntransactions].first_change;
}

struct value *batch_row(struct batch *b, int ncolumns)
{
    return arena_alloc(&b->arena, (size_t)ncolumns * sizeof(struct value));
}

const char *batch_position(const struct batch *b)
{
    if (b->progress)
        return b->progress;
    return b->ntransactions ? b->transactions[b->ntransactions - 1].position : NULL;
}

static struct value *copy_row(const struct value *row, int ncolumns, struct batch *into)
{
    if (!row)
        return NULL;
    struct value *copy = batch_row(into, ncolumns);
    for (int i = 0; i < ncolumns; i++)
        copy[i] = value_copy(&row[i], &into->arena);
    return copy;
}

void batch_move_open(struct batch *b, struct batch *into)
{
    must(batch_is_open(b) && into->ntransactions == 0);
    const struct transaction *open = &b->transactions[b->ntransactions - 1];
    struct transaction *moved = batch_begin(into);
    moved->committed_us = open->committed_us;
    moved->quiet = open->quiet;
    moved->requests = open->requests;
    for (uint32_t i = 0; i < open->nchanges; i++) {
        const struct change *from = &b->changes[open->first_change + i];
        struct change *to = batch_append(into);
        int n = from->relation ? from->relation->ncolumns : 0;
        *to = *from;
        to->before = copy_row(from->before, n, into);
        to->after = copy_row(from->after, n, into);
    }
    into->begins = b->begins;
    b->begins = true;
    batch_abandon(b);
}
