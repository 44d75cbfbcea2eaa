/* put_off.c: changes that collide in the middle of their source transaction, kept to its end.
 *
 * A unique value may be held by two rows for a moment inside a source transaction (a swap, a
 * deferred constraint), which a target that checks each statement refuses. Such a change is put off
 * to the transaction's end: an insert is not made yet, an update's row is parked (its unique
 * columns get values out of the way), and what the log says of that row from then on is kept here.
 * If it collides at the end too, it is an error of the data.
 *
 * Where the link has a ward it is held then. An insert is, with what came after it; of all else the
 * transaction is written once more, without it from its first change on: what a parked row was before,
 * nobody knows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sinks/row_mode_parts.h"

static struct value *copy_row(struct row_mode *m, const struct relation *r, const struct value *row)
{
    struct value *copy = arena_alloc(&m->arena, (size_t)r->ncolumns * sizeof *copy);
    for (int i = 0; i < r->ncolumns; i++)
        copy[i] = value_copy(&row[i], &m->arena);
    return copy;
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

struct put_off *put_off_find(struct row_mode *m, const struct change *c)
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

enum status put_off_follow(struct apply *a, struct put_off *p, const struct step *s)
{
    const struct change *c = s->c;
    TRY(keep_source(a, p, s));
    if (c->op == CHANGE_UPDATE) {
        change_row(a->row_mode, p, c);
        return STATUS_OK;
    }
    p->gone = true;
    struct change parked = {.op = CHANGE_DELETE, .relation = c->relation, .before = p->at};
    enum status status = p->at ? row_mode_one(a, &parked) : STATUS_OK;
    return status == STATUS_DATA && p->source && ward_may(a, s->o) ? doom(a, p, status) : status;
}

bool put_off_may(const struct apply *a, const struct change *c)
{
    return a->failure->code == ERROR_UNIQUE &&
           (c->op == CHANGE_INSERT || (c->op == CHANGE_UPDATE && c->relation->nkey > 0));
}

enum status put_off_change(struct apply *a, const struct step *s)
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
    enum status status = row_mode_one(a, c);
    if (status != STATUS_DATA || !ward_takes_failure(a))
        return status;
    net_reset(a->net);
    TRY(a->driver->rollback_to_savepoint(a->sink));
    bool alone = !p->at && !p->moved && !ward_holds_key(a, &p->source->row);
    return alone ? hold_all(a, p) : doom(a, p, STATUS_OK);
}

enum status row_mode_finish(struct apply *a)
{
    struct row_mode *m = row_mode_state(a);
    for (struct put_off *p = m->first; p; p = p->next) {
        struct change c = {
            .op = p->at ? CHANGE_UPDATE : CHANGE_INSERT,
            .relation = p->relation,
            .before = p->at,
            .after = p->row,
        };
        if (!p->gone)
            TRY(p->source ? finish_carefully(a, p, &c) : row_mode_one(a, &c));
    }
    if (m->again)
        return fail(a->failure, m->doomed->code, "%s", m->doomed->text);
    TRY(ward_flush(a));
    row_mode_forget(a);
    return STATUS_OK;
}
