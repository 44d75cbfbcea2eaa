/* row_mode.c: each source transaction as a target transaction of its own, one statement per row.
 *
 * A row that collides with another one is put off (put_off.c); where the link has a ward, any other
 * row that is refused is held.
 *
 * Rows go in groups under one savepoint: a savepoint per row would cost the target a subtransaction
 * each. Only a group that met a unique value, or a row to be held, goes again row by row.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/crash.h"
#include "sinks/row_mode_parts.h"

enum { GROUP_ROWS = 64 };

static struct step step_at(const struct row_mode *m, const struct batch *b, uint32_t i, uint32_t ahead)
{
    return (struct step){.b = b,
                         .i = i + ahead,
                         .number = m->number + ahead,
                         .c = &b->changes[i + ahead],
                         .o = b->origins ? &b->origins[i + ahead] : NULL};
}

struct row_mode *row_mode_state(struct apply *a)
{
    if (a->row_mode)
        return a->row_mode;
    a->row_mode = calloc(1, sizeof *a->row_mode);
    must(a->row_mode);
    arena_init(&a->row_mode->arena);
    a->row_mode->last = &a->row_mode->first;
    return a->row_mode;
}

static void forget_doomed(struct row_mode *m)
{
    struct doomed *d;
    while ((d = m->doomed)) {
        m->doomed = d->next;
        free(d);
    }
    m->again = false;
}

void row_mode_forget(struct apply *a)
{
    struct row_mode *m = a->row_mode;
    if (!m)
        return;
    m->first = NULL;
    m->last = &m->first;
    m->number = 0;
    arena_reset(&m->arena);
}

void row_mode_free(struct apply *a)
{
    if (!a->row_mode)
        return;
    forget_doomed(a->row_mode);
    arena_free(&a->row_mode->arena);
    free(a->row_mode);
    a->row_mode = NULL;
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
enum status row_mode_one(struct apply *a, const struct change *c)
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

static enum status hold(struct apply *a, const struct step *s, enum status status)
{
    if (status != STATUS_DATA || !ward_may(a, s->o))
        return status;
    net_reset(a->net);
    TRY(a->driver->rollback_to_savepoint(a->sink)); /* keeps the failure */
    TRY(ward_hold(a, s->o, a->failure->text));
    failure_clear(a->failure);
    return STATUS_OK;
}

static const struct doomed *find_doomed(const struct row_mode *m, uint32_t number)
{
    const struct doomed *d = m->doomed;
    while (d && d->number != number)
        d = d->next;
    return d;
}

/* Is it held before it is tried? */
static enum status pass(struct apply *a, const struct step *s, bool *taken)
{
    const struct doomed *d = find_doomed(a->row_mode, s->number);
    *taken = false;
    if (ward_is_busy(a, s->b))
        TRY(ward_pass(a, s->b, s->i, taken));
    if (*taken || !d)
        return STATUS_OK;
    *taken = true;
    return ward_hold(a, s->o, d->text);
}

static bool is_taken(const struct apply *a, const struct step *s)
{
    return find_doomed(a->row_mode, s->number) ||
           (ward_is_busy(a, s->b) && ward_takes(a, s->b, s->i));
}

static enum status write_carefully(struct apply *a, const struct step *s)
{
    bool taken;
    TRY(pass(a, s, &taken));
    if (taken)
        return STATUS_OK;
    struct put_off *p = put_off_find(a->row_mode, s->c);
    if (p)
        return put_off_follow(a, p, s);
    TRY(a->driver->savepoint(a->sink));
    enum status status = row_mode_one(a, s->c);
    if (status != STATUS_OK && put_off_may(a, s->c)) {
        net_reset(a->net);
        status = put_off_change(a, s);
    }
    return hold(a, s, status);
}

/* What a row by row may make good. */
static bool is_worth_care(const struct apply *a, const struct step *s)
{
    return put_off_may(a, s->c) || ward_may(a, s->o);
}

static enum status write_group(struct apply *a, const struct batch *b, uint32_t first, uint32_t n)
{
    TRY(a->driver->savepoint(a->sink));
    for (uint32_t i = 0; i < n; i++) {
        struct step s = step_at(a->row_mode, b, first, i);
        enum status status = row_mode_one(a, s.c);
        if (status == STATUS_DATA && is_worth_care(a, &s)) {
            net_reset(a->net);
            TRY(a->driver->rollback_to_savepoint(a->sink));
            failure_clear(a->failure);
            for (uint32_t j = 0; j < n; j++) {
                struct step again = step_at(a->row_mode, b, first, j);
                TRY(write_carefully(a, &again));
            }
            return STATUS_OK;
        }
        TRY(status);
    }
    return STATUS_OK;
}

/* How many changes from here on may go in one group: none where something is put off. */
static uint32_t group_size(struct apply *a, const struct batch *b, uint32_t first, uint32_t left)
{
    uint32_t n = 0, most = a->row_mode->first ? 0 : left < GROUP_ROWS ? left : GROUP_ROWS;
    while (n < most) {
        struct step s = step_at(a->row_mode, b, first, n);
        if (is_taken(a, &s))
            break;
        n++;
    }
    return n;
}

enum status row_mode_write(struct apply *a, const struct batch *b, uint32_t first, uint32_t n)
{
    struct row_mode *m = row_mode_state(a);
    for (uint32_t i = 0; i < n;) {
        uint32_t group = group_size(a, b, first + i, n - i);
        if (group == 0) {
            struct step s = step_at(m, b, first + i, 0);
            TRY(write_carefully(a, &s));
            group = 1;
        } else {
            TRY(write_group(a, b, first + i, group));
        }
        i += group;
        m->number += group;
    }
    return STATUS_OK;
}

/* ---- transactions ---- */

static enum status write_transaction(struct apply *a, const struct batch *b, uint32_t i)
{
    const struct transaction *t = &b->transactions[i];
    struct checkpoint c = apply_checkpoint_after(a, b, i);
    TRY(apply_begin(a, &c));
    TRY(a->driver->settle(a->sink));
    ward_begin(a, b, i);
    TRY(row_mode_write(a, b, t->first_change, t->nchanges));
    TRY(row_mode_finish(a));
    crash_here(CRASH_ROW_MODE);
    return apply_commit(a, &c);
}

static enum status apply_transaction(struct apply *a, const struct batch *b, uint32_t i)
{
    struct backoff tries = {0};
    struct row_mode *m = row_mode_state(a);
    forget_doomed(m);
    for (;;) {
        m->again = false;
        enum status status = write_transaction(a, b, i);
        if (status == STATUS_OK)
            return STATUS_OK;
        status = apply_roll_back(a, status);
        if (apply_is_shut_out(a))
            return apply_seq_taken(a);
        if (status == STATUS_DATA && m->again)
            continue;
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
        apply_report_deleted(a, b, b->transactions[i].first_change, b->transactions[i].nchanges);
    }
    return STATUS_OK;
}
