/* row_mode.c: each source transaction as a target transaction of its own, one statement per row.
 *
 * A unique value may be held by two rows for a moment inside a source transaction (a swap, a
 * deferred constraint), which a target that checks each statement refuses. Such a change is put off
 * to the transaction's end: an insert is not made yet, an update's row is parked (its unique
 * columns get values out of the way), and what the log says of that row from then on is kept here.
 * If it collides at the end too, it is an error of the data.
 *
 * Rows go in groups under one savepoint: a savepoint per row would cost the target a subtransaction
 * each. Only a group that met a unique value goes again row by row.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/crash.h"
#include "sinks/apply_parts.h"

enum { GROUP_ROWS = 64 };

/* One row whose last change is put off. */
struct put_off {
    struct put_off *next;
    const struct relation *relation;
    struct value *row; /* as the source has it now */
    struct value *at;  /* finds the parked row; NULL: its insert is put off */
    bool gone;
};

struct row_mode {
    struct arena arena; /* until the source transaction's end: pieces do not live that long */
    struct put_off *first, **last;
};

/* ---- what is put off ---- */

static struct value *copy_row(struct row_mode *m, const struct relation *r, const struct value *row)
{
    struct value *copy = arena_alloc(&m->arena, (size_t)r->ncolumns * sizeof *copy);
    for (int i = 0; i < r->ncolumns; i++)
        copy[i] = value_copy(&row[i], &m->arena);
    return copy;
}

static struct row_mode *state_of(struct apply *a)
{
    if (a->row_mode)
        return a->row_mode;
    a->row_mode = calloc(1, sizeof *a->row_mode);
    must(a->row_mode);
    arena_init(&a->row_mode->arena);
    a->row_mode->last = &a->row_mode->first;
    return a->row_mode;
}

void row_mode_forget(struct apply *a)
{
    struct row_mode *m = a->row_mode;
    if (!m)
        return;
    m->first = NULL;
    m->last = &m->first;
    arena_reset(&m->arena);
}

void row_mode_free(struct apply *a)
{
    if (!a->row_mode)
        return;
    arena_free(&a->row_mode->arena);
    free(a->row_mode);
    a->row_mode = NULL;
}

static void put_off(struct row_mode *m, const struct change *c, const struct value *at)
{
    struct put_off *p = arena_alloc(&m->arena, sizeof *p);
    *p = (struct put_off){
        .relation = c->relation,
        .row = copy_row(m, c->relation, c->after),
        .at = at ? copy_row(m, c->relation, at) : NULL,
    };
    /* A key part that the log leaves out is the old one. */
    for (int i = 0; c->before && i < c->relation->nkey; i++) {
        int k = c->relation->key[i];
        if (p->row[k].kind == VALUE_ABSENT)
            p->row[k] = value_copy(&c->before[k], &m->arena);
    }
    *m->last = p;
    m->last = &p->next;
}

/* The same key, and nothing in the old image that the row does not have: under a deferred
 * constraint another row may still stand at this key. */
static bool is_row(const struct put_off *p, const struct relation *r, const struct value *image)
{
    for (int i = 0; i < r->nkey; i++)
        if (!value_equal(&p->row[r->key[i]], &image[r->key[i]]))
            return false;
    for (int i = 0; i < r->ncolumns; i++)
        if (image[i].kind != VALUE_ABSENT && p->row[i].kind != VALUE_ABSENT &&
            !value_equal(&p->row[i], &image[i]))
            return false;
    return true;
}

static bool is_key(const struct put_off *p, const struct relation *r, const struct value *row)
{
    for (int i = 0; i < r->nkey; i++)
        if (!value_equal(&p->row[r->key[i]], &row[r->key[i]]))
            return false;
    return true;
}

static struct put_off *find_put_off(struct row_mode *m, const struct change *c)
{
    if (c->op != CHANGE_UPDATE && c->op != CHANGE_DELETE)
        return NULL;
    for (struct put_off *p = m->first; p; p = p->next) {
        if (p->gone || p->relation != c->relation || c->relation->nkey == 0)
            continue;
        if (c->before ? is_row(p, c->relation, c->before) : is_key(p, c->relation, c->after))
            return p;
    }
    return NULL;
}

/* ---- rows ---- */

static enum status write_net(struct apply *a)
{
    TRY(net_write(a->net, a->driver, a->sink));
    TRY(a->driver->settle(a->sink));
    net_reset(a->net);
    return STATUS_OK;
}

/* In a copy's window a row may be there or not: the one-row set knows what that means. Strict there
 * is only what moves a row of which a part is not known (net_sets.c). */
static enum status write_one(struct apply *a, const struct change *c)
{
    struct net_rules rules = apply_rules(a, c->relation);
    if (!rules.lenient || !net_add(a->net, c, &rules))
        return a->driver->write_row(a->sink, c);
    enum status status = write_net(a);
    if (status == STATUS_OK || a->failure->code != ERROR_WRONG_COUNT || !a->missing)
        return status;
    net_reset(a->net);
    failure_clear(a->failure);
    return a->missing(a->owner, c);
}

static enum status change_put_off(struct apply *a, struct put_off *p, const struct change *c)
{
    struct row_mode *m = a->row_mode;
    if (c->op == CHANGE_UPDATE) {
        for (int i = 0; i < c->relation->ncolumns; i++)
            if (c->after[i].kind != VALUE_ABSENT)
                p->row[i] = value_copy(&c->after[i], &m->arena);
        return STATUS_OK;
    }
    p->gone = true;
    struct change parked = {.op = CHANGE_DELETE, .relation = c->relation, .before = p->at};
    return p->at ? write_one(a, &parked) : STATUS_OK;
}

static bool may_be_put_off(const struct apply *a, const struct change *c)
{
    return a->failure->code == ERROR_UNIQUE &&
           (c->op == CHANGE_INSERT || (c->op == CHANGE_UPDATE && c->relation->nkey > 0));
}

static enum status set_aside(struct apply *a, const struct change *c)
{
    struct failure collision = *a->failure;
    const struct value *at = NULL;
    TRY(a->driver->rollback_to_savepoint(a->sink));
    if (c->op == CHANGE_UPDATE) {
        enum status status = a->driver->park_row(a->sink, c, &at);
        if (status != STATUS_OK && a->failure->code == ERROR_UNSUPPORTED) {
            *a->failure = collision; /* what a person can act upon */
            return STATUS_DATA;
        }
        TRY(status);
    }
    put_off(a->row_mode, c, at);
    return STATUS_OK;
}

static enum status write_carefully(struct apply *a, const struct change *c)
{
    struct put_off *p = find_put_off(a->row_mode, c);
    if (p)
        return change_put_off(a, p, c);
    TRY(a->driver->savepoint(a->sink));
    enum status status = write_one(a, c);
    if (status == STATUS_OK || !may_be_put_off(a, c))
        return status;
    net_reset(a->net);
    return set_aside(a, c);
}

static enum status write_group(struct apply *a, const struct change *changes, uint32_t n)
{
    TRY(a->driver->savepoint(a->sink));
    for (uint32_t i = 0; i < n; i++) {
        enum status status = write_one(a, &changes[i]);
        if (status != STATUS_OK && may_be_put_off(a, &changes[i])) {
            net_reset(a->net);
            TRY(a->driver->rollback_to_savepoint(a->sink));
            for (uint32_t j = 0; j < n; j++)
                TRY(write_carefully(a, &changes[j]));
            return STATUS_OK;
        }
        TRY(status);
    }
    return STATUS_OK;
}

enum status row_mode_write(struct apply *a, const struct change *changes, uint32_t n)
{
    struct row_mode *m = state_of(a);
    uint32_t i = 0;
    while (i < n) {
        uint32_t group = n - i < GROUP_ROWS ? n - i : GROUP_ROWS;
        if (m->first) {
            TRY(write_carefully(a, &changes[i]));
            group = 1;
        } else {
            TRY(write_group(a, &changes[i], group));
        }
        i += group;
    }
    return STATUS_OK;
}

enum status row_mode_finish(struct apply *a)
{
    for (struct put_off *p = state_of(a)->first; p; p = p->next) {
        struct change c = {
            .op = p->at ? CHANGE_UPDATE : CHANGE_INSERT,
            .relation = p->relation,
            .before = p->at,
            .after = p->row,
        };
        if (!p->gone)
            TRY(write_one(a, &c));
    }
    row_mode_forget(a);
    return STATUS_OK;
}

/* ---- transactions ---- */

static enum status write_transaction(struct apply *a, const struct batch *b, uint32_t i)
{
    const struct transaction *t = &b->transactions[i];
    struct checkpoint c = apply_checkpoint_after(a, b, i);
    TRY(apply_begin(a, &c));
    TRY(a->driver->settle(a->sink));
    TRY(row_mode_write(a, b->changes + t->first_change, t->nchanges));
    TRY(row_mode_finish(a));
    crash_here(CRASH_ROW_MODE);
    return apply_commit(a, &c);
}

static enum status apply_transaction(struct apply *a, const struct batch *b, uint32_t i)
{
    struct backoff tries = {0};
    for (;;) {
        enum status status = write_transaction(a, b, i);
        if (status == STATUS_OK)
            return STATUS_OK;
        status = apply_roll_back(a, status);
        if (apply_is_shut_out(a))
            return apply_seq_taken(a);
        if (status == STATUS_DATA) {
            fail_at(a->failure, b->transactions[i].position);
            return fail_in(a->failure, "link %s: transaction ending at %s", a->link,
                           b->transactions[i].position);
        }
        if (!apply_lock_wait(a, status))
            return status;
        TRY(apply_pause(a, &tries));
    }
}

enum status row_mode_apply(struct apply *a, const struct batch *b, uint32_t first, uint32_t n)
{
    for (uint32_t i = first; i < first + n; i++) {
        TRY(apply_transaction(a, b, i));
        atomic_fetch_add(&a->transactions, 1);
        atomic_fetch_add(&a->row_mode_transactions, 1);
        atomic_fetch_add(&a->rows, b->transactions[i].nchanges);
        apply_report_deleted(a, b->changes + b->transactions[i].first_change,
                             b->transactions[i].nchanges);
    }
    return STATUS_OK;
}
