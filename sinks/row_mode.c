/* row_mode.c: each source transaction as a target transaction of its own, one statement per row.
 *
 * A unique value may be held by two rows for a moment inside a source transaction (a swap, a
 * deferred constraint), which a target that checks each statement refuses. Such a change is put off
 * to the transaction's end: an insert is not made yet, an update's row is parked (its unique
 * columns get values out of the way), and what the log says of that row from then on is kept here.
 * If it collides at the end too, it is an error of the data.
 *
 * Where the link has a ward, any other row that is refused is held, and so is one that collides at the
 * end too. For that one the transaction is written once more, without it from its first change on:
 * where it is parked, nobody knows what it was before.
 *
 * Rows go in groups under one savepoint: a savepoint per row would cost the target a subtransaction
 * each. Only a group that met a unique value, or a row to be held, goes again row by row.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/crash.h"
#include "sinks/apply_parts.h"
#include "sinks/ward_parts.h"

enum { GROUP_ROWS = 64 };

/* One row whose last change is put off. */
struct put_off {
    struct put_off *next;
    const struct relation *relation;
    struct value *row; /* as the source has it now */
    struct value *at;  /* finds the parked row; NULL: its insert is put off */
    bool gone;
    bool moved;               /* its key has changed since */
    uint32_t number;          /* of its first change that is put off, in the transaction */
    struct put_source *source, **last_source; /* with a ward: its changes at the source */
};

struct put_source {
    struct put_source *next;
    struct held_event row;
};

/* A change that is held when the transaction is written once more. */
struct doomed {
    struct doomed *next;
    uint32_t number;
    enum error code;
    char text[FAILURE_TEXT_BYTES];
};

struct row_mode {
    struct arena arena; /* until the source transaction's end: pieces do not live that long */
    struct put_off *first, **last;
    uint32_t number; /* of the next change in its transaction */
    struct doomed *doomed;
    bool again; /* the transaction is to be written once more */
};

/* A change on its way. */
struct step {
    const struct batch *b;
    uint32_t i; /* in b->changes */
    uint32_t number;
    const struct change *c;
    const struct origin *o; /* NULL: not kept */
};

static struct step step_at(const struct row_mode *m, const struct batch *b, uint32_t i, uint32_t ahead)
{
    return (struct step){.b = b,
                         .i = i + ahead,
                         .number = m->number + ahead,
                         .c = &b->changes[i + ahead],
                         .o = b->origins ? &b->origins[i + ahead] : NULL};
}

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

/* What the source said of it is kept beside it, since it may have to be held. */
static enum status keep_source(struct apply *a, struct put_off *p, const struct step *s)
{
    if (!ward_would_hold(a, s->o))
        return STATUS_OK;
    struct put_source *source = arena_zalloc(&a->row_mode->arena, sizeof *source);
    TRY(ward_describe(a, s->o, &a->row_mode->arena, &source->row));
    *p->last_source = source;
    p->last_source = &source->next;
    return STATUS_OK;
}

static enum status put_off(struct apply *a, const struct step *s, const struct value *at)
{
    struct row_mode *m = a->row_mode;
    const struct change *c = s->c;
    struct put_off *p = arena_alloc(&m->arena, sizeof *p);
    *p = (struct put_off){
        .relation = c->relation,
        .row = copy_row(m, c->relation, c->after),
        .at = at ? copy_row(m, c->relation, at) : NULL,
        .number = s->number,
    };
    p->last_source = &p->source;
    /* A key part that the log leaves out is the old one. */
    for (int i = 0; c->before && i < c->relation->nkey; i++) {
        int k = c->relation->key[i];
        if (p->row[k].kind == VALUE_ABSENT)
            p->row[k] = value_copy(&c->before[k], &m->arena);
    }
    *m->last = p;
    m->last = &p->next;
    return keep_source(a, p, s);
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

enum status row_mode_one(struct apply *a, const struct change *c)
{
    return write_one(a, c);
}

/* The transaction cannot go on with this change in it: written once more, it is held. */
static enum status doom(struct apply *a, const struct put_off *p, enum status status)
{
    struct row_mode *m = a->row_mode;
    struct doomed *d = calloc(1, sizeof *d);
    must(d);
    d->number = p->number;
    d->next = m->doomed;
    d->code = a->failure->code;
    memcpy(d->text, a->failure->text, sizeof d->text);
    m->doomed = d;
    m->again = true;
    return status;
}

static void change_row(struct row_mode *m, struct put_off *p, const struct change *c)
{
    for (int i = 0; i < c->relation->ncolumns; i++) {
        if (c->after[i].kind == VALUE_ABSENT)
            continue;
        p->moved = p->moved ||
                   (c->relation->columns[i].key && !value_equal(&p->row[i], &c->after[i]));
        p->row[i] = value_copy(&c->after[i], &m->arena);
    }
}

static enum status change_put_off(struct apply *a, struct put_off *p, const struct step *s)
{
    const struct change *c = s->c;
    TRY(keep_source(a, p, s));
    if (c->op == CHANGE_UPDATE) {
        change_row(a->row_mode, p, c);
        return STATUS_OK;
    }
    p->gone = true;
    struct change parked = {.op = CHANGE_DELETE, .relation = c->relation, .before = p->at};
    enum status status = p->at ? write_one(a, &parked) : STATUS_OK;
    return status == STATUS_DATA && p->source && ward_may(a, s->o) ? doom(a, p, status) : status;
}

static bool may_be_put_off(const struct apply *a, const struct change *c)
{
    return a->failure->code == ERROR_UNIQUE &&
           (c->op == CHANGE_INSERT || (c->op == CHANGE_UPDATE && c->relation->nkey > 0));
}

static enum status set_aside(struct apply *a, const struct step *s)
{
    const struct change *c = s->c;
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
    return put_off(a, s, at);
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
    struct put_off *p = find_put_off(a->row_mode, s->c);
    if (p)
        return change_put_off(a, p, s);
    TRY(a->driver->savepoint(a->sink));
    enum status status = write_one(a, s->c);
    if (status != STATUS_OK && may_be_put_off(a, s->c)) {
        net_reset(a->net);
        status = set_aside(a, s);
    }
    return hold(a, s, status);
}

/* What a row by row may make good. */
static bool is_worth_care(const struct apply *a, const struct step *s)
{
    return may_be_put_off(a, s->c) || ward_may(a, s->o);
}

static enum status write_group(struct apply *a, const struct batch *b, uint32_t first, uint32_t n)
{
    TRY(a->driver->savepoint(a->sink));
    for (uint32_t i = 0; i < n; i++) {
        struct step s = step_at(a->row_mode, b, first, i);
        enum status status = write_one(a, s.c);
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
    struct row_mode *m = state_of(a);
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

/* ---- what was put off, at the end ---- */

/* An insert that never was, and nothing of its key is held yet: its changes are held as they came. */
static enum status hold_all(struct apply *a, const struct put_off *p)
{
    enum held_reason reason = HELD_QUARANTINE;
    char text[FAILURE_TEXT_BYTES];
    memcpy(text, a->failure->text, sizeof text);
    for (const struct put_source *s = p->source; s; s = s->next) {
        TRY(ward_add(a, &s->row, reason, text));
        reason = HELD_BEHIND;
        snprintf(text, sizeof text, "an earlier change of %.500s is held: it goes first",
                 p->source->row.key);
    }
    failure_clear(a->failure);
    return STATUS_OK;
}

static enum status finish_carefully(struct apply *a, const struct put_off *p,
                                    const struct change *c)
{
    TRY(a->driver->savepoint(a->sink));
    enum status status = write_one(a, c);
    if (status != STATUS_DATA || !ward_takes_failure(a))
        return status;
    net_reset(a->net);
    TRY(a->driver->rollback_to_savepoint(a->sink));
    bool alone = !p->at && !p->moved && !ward_holds_key(a, &p->source->row);
    return alone ? hold_all(a, p) : doom(a, p, STATUS_OK);
}

enum status row_mode_finish(struct apply *a)
{
    struct row_mode *m = state_of(a);
    for (struct put_off *p = m->first; p; p = p->next) {
        struct change c = {
            .op = p->at ? CHANGE_UPDATE : CHANGE_INSERT,
            .relation = p->relation,
            .before = p->at,
            .after = p->row,
        };
        if (!p->gone)
            TRY(p->source ? finish_carefully(a, p, &c) : write_one(a, &c));
    }
    if (m->again)
        return fail(a->failure, m->doomed->code, "%s", m->doomed->text);
    TRY(ward_flush(a));
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
    ward_begin(a, b, i);
    TRY(row_mode_write(a, b, t->first_change, t->nchanges));
    TRY(row_mode_finish(a));
    crash_here(CRASH_ROW_MODE);
    return apply_commit(a, &c);
}

static enum status apply_transaction(struct apply *a, const struct batch *b, uint32_t i)
{
    struct backoff tries = {0};
    struct row_mode *m = state_of(a);
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
