#include "sinks/ward.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "sinks/apply_parts.h"
#include "sinks/ward_parts.h"

enum { TEXT_BYTES_MAX = 1 << 30, FIRST_ROWS = 64 };

struct ward *ward_new(const struct ward_options *o)
{
    struct ward *w = calloc(1, sizeof *w);
    must(w);
    w->options = *o;
    arena_init(&w->changed_arena);
    arena_init(&w->arena);
    arena_init(&w->key_arena);
    buffer_init(&w->text, TEXT_BYTES_MAX);
    w->number = clock_wall_us();
    w->again = ward_again_new();
    return w;
}

void ward_free(struct ward *w)
{
    if (!w)
        return;
    ward_again_free(w->again);
    ward_tables_free(w);
    arena_free(&w->changed_arena);
    arena_free(&w->arena);
    arena_free(&w->key_arena);
    buffer_free(&w->text);
    free(w->rows);
    free(w);
}

bool ward_watches(const struct ward *w)
{
    return w && (w->options.quarantines || w->references > 0);
}

const struct ward_figures *ward_figures(const struct ward *w)
{
    return &w->figures;
}

/* ---- memory, from millrace.held ---- */

static void met(void *owner, const char *flow, const char *key)
{
    struct ward *w = owner;
    if (flow && key)
        ward_keys_add(w, ward_table_named(w, flow), key, NULL);
}

static void show(struct ward *w, int64_t quarantined, int64_t behind)
{
    w->quarantined = quarantined;
    atomic_store(&w->figures.quarantined, quarantined);
    atomic_store(&w->figures.behind, behind);
}

enum status ward_load(struct apply *a)
{
    struct ward *w = a->ward;
    struct session *s = a->driver->session(a->sink);
    struct held_counts counts;
    if (!w || !s)
        return STATUS_OK;
    for (struct ward_table *t = w->tables; t; t = t->next)
        ward_keys_clear(w, t);
    w->stale = true; /* until it is done */
    TRY(held_keys(s, a->at.link, met, w, a->failure));
    TRY(held_count(s, a->at.link, NULL, &counts, a->failure));
    show(w, counts.quarantine, counts.behind);
    w->stale = false;
    return STATUS_OK;
}

enum status ward_ready(struct apply *a)
{
    return a->ward && a->ward->stale ? ward_load(a) : STATUS_OK;
}

bool ward_holds(const struct ward *w, const char *schema, const char *name)
{
    const struct relation r = {.schema = schema, .name = name};
    struct ward *mine = (struct ward *)w;
    mine->met = NULL;
    const struct ward_table *t = ward_table_of(mine, &r);
    mine->met = NULL; /* `r` is gone in a moment */
    return t && t->references > 0;
}

/* ---- one transaction ---- */

void ward_begin(struct apply *a, const struct batch *b, uint32_t transaction)
{
    const struct transaction *t = &b->transactions[transaction];
    struct ward *w = a->ward;
    if (!w)
        return;
    w->position = t->position ? t->position : "";
    w->committed_us = t->committed_us;
    w->number += b->begins;
}

static void tell(const struct apply *a, const struct ward_change *c)
{
    if (c->table && c->reason == HELD_QUARANTINE)
        log_warn("link=%s msg=\"a row is in quarantine, its key waits\" table=%s key=%s error=%s",
                 a->link, log_quote(c->table->flow), log_quote(c->key), log_quote(c->text));
}

static void end(struct ward *w)
{
    w->changed = NULL;
    w->voided = w->unplaced = false;
    w->nrows = 0;
    arena_reset(&w->changed_arena);
    arena_reset(&w->arena);
}

void ward_committed(struct apply *a)
{
    struct ward *w = a->ward;
    int64_t behind = 0;
    if (!w || (!w->changed && !w->voided))
        return;
    for (const struct ward_change *c = w->changed; c; c = c->next) {
        behind += c->reason == HELD_BEHIND;
        tell(a, c);
    }
    show(w, w->quarantined, atomic_load(&w->figures.behind) + behind);
    bool voided = w->voided;
    end(w);
    if (voided) /* how many there are now, the table knows; where it cannot tell: before the next one */
        (void)ward_load(a);
}

void ward_forget(struct apply *a)
{
    struct ward *w = a->ward;
    if (!w)
        return;
    for (const struct ward_change *c = w->changed; c; c = c->next) {
        if (c->table)
            ward_keys_remove(w, c->table, c->key, c->old_key);
        w->quarantined -= c->reason == HELD_QUARANTINE;
    }
    w->stale = w->stale || w->voided;
    end(w);
}

/* ---- taking ---- */

/* So many rows are no bad rows: something is wrong that they have in common. */
static enum status check_limit(struct apply *a, const struct held_event *row, const char *text)
{
    const struct ward *w = a->ward;
    if (w->quarantined < w->options.limit)
        return STATUS_OK;
    return fail(a->failure, ERROR_VALUE,
                "more than %" PRId64 " rows would be in quarantine (quarantine_limit), the last one of "
                "table %s, %s: %s. Mend what they have in common, or raise the limit",
                w->options.limit, row->flow, row->key, text);
}

static void append(struct ward *w, const struct held_event *row)
{
    if (w->nrows == w->rows_capacity) {
        w->rows_capacity = w->rows_capacity ? w->rows_capacity * 2 : FIRST_ROWS;
        w->rows = realloc(w->rows, w->rows_capacity * sizeof *w->rows);
        must(w->rows);
    }
    w->rows[w->nrows++] = *row;
}

static void remember(struct ward *w, const struct held_event *row)
{
    struct arena *a = &w->changed_arena;
    struct ward_change *c = arena_alloc(a, sizeof *c);
    bool refused = row->reason == HELD_QUARANTINE;
    *c = (struct ward_change){
        .next = w->changed,
        .table = ward_table_named(w, row->flow),
        .key = arena_strdup(a, row->key),
        .old_key = row->old_key ? arena_strdup(a, row->old_key) : NULL,
        .reason = row->reason,
        .text = refused ? arena_strdup(a, row->text) : NULL,
    };
    w->changed = c;
    w->quarantined += refused;
    ward_keys_add(w, c->table, c->key, c->old_key);
}

enum status ward_add(struct apply *a, const struct held_event *row, enum held_reason reason,
                     const char *text)
{
    struct ward *w = a->ward;
    struct held_event full = *row;
    if (reason == HELD_QUARANTINE)
        TRY(check_limit(a, row, text));
    full.reason = reason;
    full.text = arena_strdup(&w->arena, text);
    full.table = reason == HELD_QUARANTINE ? row->table : NULL;
    full.transaction = w->number;
    full.position = w->position;
    full.committed_us = w->committed_us;
    append(w, &full);
    remember(w, &full);
    return STATUS_OK;
}

static enum status take(struct apply *a, const struct origin *o, enum held_reason reason,
                        const char *text)
{
    struct held_event row;
    TRY(ward_describe(a, o, &a->ward->arena, &row));
    return ward_add(a, &row, reason, text);
}

/* ---- which ones ---- */

bool ward_holds_key(const struct apply *a, const struct held_event *row)
{
    return held_keys_has(ward_table_named(a->ward, row->flow)->keys, 0, row->key);
}

static bool is_held(struct ward *w, const struct ward_table *t, const struct change *c,
                    const char **held)
{
    const struct relation *r = c->relation;
    arena_reset(&w->key_arena);
    if (c->before) {
        *held = ward_key(r, c->before, NULL, &w->text, &w->key_arena);
        if (held_keys_has(t->keys, 0, *held))
            return true;
    }
    if (!c->after)
        return false;
    *held = ward_key(r, c->after, c->before, &w->text, &w->key_arena);
    return held_keys_has(t->keys, 0, *held);
}

/* Something is held of its table: NULL: nothing. */
static struct ward_table *held_table(struct ward *w, const struct origin *o)
{
    struct ward_table *t = w->references > 0 ? ward_table_of(w, o->change.relation) : NULL;
    return t && t->references > 0 ? t : NULL;
}

/* What is held of it goes by another key than the table has now. */
static bool is_another_key(struct ward_table *t, const struct origin *o)
{
    if (!o->holdable)
        return true;
    if (t->same_key == o->change.relation)
        return false;
    if (!ward_key_is_of(t->sample, o->change.relation))
        return true;
    t->same_key = o->change.relation;
    return false;
}

static enum status refuse_another_key(struct apply *a, const struct ward_table *t)
{
    return fail(a->failure, ERROR_UNSUPPORTED,
                "table %s: rows of it are held by a key (%s, for one) that is not its key any more, here "
                "and at the target, or its first copy is not finished: which changes must wait for "
                "them nobody can tell. Delete its rows from millrace.held while millrace is stopped, and "
                "compare both sides",
                t->flow, t->sample);
}

bool ward_takes(const struct apply *a, const struct batch *b, uint32_t change)
{
    struct ward *w = a->ward;
    const char *held;
    if (!w || !b->origins)
        return false;
    const struct origin *o = &b->origins[change];
    if (o->refused)
        return true;
    struct ward_table *t = held_table(w, o);
    return t && (o->change.op == CHANGE_TRUNCATE || is_another_key(t, o) ||
                 is_held(w, t, &o->change, &held));
}

/* ---- TRUNCATE ---- */

static void drop_pending(struct ward *w, const struct ward_table *t)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < w->nrows; i++)
        if (strcmp(w->rows[i].flow, t->flow) != 0)
            w->rows[kept++] = w->rows[i];
    w->nrows = kept;
    for (struct ward_change *c = w->changed; c; c = c->next)
        if (c->table == t)
            c->table = NULL;
}

static enum status make_void(struct apply *a, struct ward_table *t)
{
    struct ward *w = a->ward;
    TRY(a->driver->settle(a->sink));
    TRY(held_forget(a->driver->session(a->sink), a->at.link, t->flow, a->failure));
    log_info("link=%s msg=\"what is held of a table is void: it is emptied\" table=%s", a->link,
             log_quote(t->flow));
    drop_pending(w, t);
    ward_keys_clear(w, t);
    w->voided = true;
    return STATUS_OK;
}

static enum status void_alone(struct apply *a, struct ward_table *t)
{
    struct checkpoint c = apply_next(a, NULL, NULL, NULL);
    TRY(apply_begin(a, &c));
    TRY(make_void(a, t));
    return apply_commit(a, &c);
}

enum status ward_void(struct apply *a, const char *schema, const char *name)
{
    if (!a->ward || !ward_holds(a->ward, schema, name))
        return STATUS_OK;
    const struct relation r = {.schema = schema, .name = name};
    struct ward_table *t = ward_table_of(a->ward, &r);
    a->ward->met = NULL;
    enum status status = void_alone(a, t);
    return status == STATUS_OK ? ward_load(a) : apply_roll_back(a, status);
}

/* ---- for apply.c and row_mode.c ---- */

static enum status wait_behind(struct apply *a, const struct origin *o, const char *held)
{
    const char *text = arena_format(&a->ward->arena, "an earlier change of %s is held: it goes first",
                                    held);
    return take(a, o, HELD_BEHIND, text);
}

static enum status pass_held_table(struct apply *a, struct ward_table *t, const struct origin *o,
                                   bool *taken)
{
    const char *held;
    if (o->change.op == CHANGE_TRUNCATE)
        return make_void(a, t);
    if (is_another_key(t, o))
        return refuse_another_key(a, t);
    *taken = is_held(a->ward, t, &o->change, &held);
    return *taken ? wait_behind(a, o, held) : STATUS_OK;
}

enum status ward_pass(struct apply *a, const struct batch *b, uint32_t change, bool *taken)
{
    *taken = false;
    if (!a->ward || !b->origins)
        return STATUS_OK;
    const struct origin *o = &b->origins[change];
    struct ward_table *t = held_table(a->ward, o);
    if (t)
        TRY(pass_held_table(a, t, o, taken));
    if (*taken || !o->refused)
        return STATUS_OK;
    *taken = true;
    return take(a, o, HELD_QUARANTINE, o->refused);
}

bool ward_would_hold(const struct apply *a, const struct origin *o)
{
    return a->ward && a->ward->options.quarantines && o && o->holdable &&
           o->change.op != CHANGE_TRUNCATE;
}

bool ward_may(const struct apply *a, const struct origin *o)
{
    return ward_would_hold(a, o) && ward_takes_failure(a);
}

bool ward_takes_failure(const struct apply *a)
{
    switch (a->failure->code) {
    case ERROR_CONSTRAINT:
    case ERROR_UNIQUE:
    case ERROR_VALUE:
    case ERROR_WRONG_COUNT:
        return true;
    default:
        return false;
    }
}

enum status ward_hold(struct apply *a, const struct origin *o, const char *text)
{
    return take(a, o, HELD_QUARANTINE, text);
}

enum status ward_flush(struct apply *a)
{
    struct ward *w = a->ward;
    if (!w || w->nrows == 0)
        return STATUS_OK;
    TRY(a->driver->settle(a->sink));
    TRY(held_add(a->driver->session(a->sink), a->at.link, w->rows, w->nrows, a->failure));
    w->unplaced = w->unplaced || !*w->position;
    w->nrows = 0;
    arena_reset(&w->arena);
    return STATUS_OK;
}

enum status ward_place(struct apply *a, const char *position)
{
    if (!a->ward || !a->ward->unplaced)
        return STATUS_OK;
    TRY(a->driver->settle(a->sink));
    return state_hold_position(a->driver->session(a->sink), a->at.link, position, a->failure);
}
