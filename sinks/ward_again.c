/* ward_again.c: what is held is tried again, and dropped, when a person says so. A pass goes over all
 * that is held, in the order of its numbers, a slice at a time; a slice is a target transaction that
 * repeats the checkpoint. A row that stays is in the way of those of its key.
 *
 * Tried are the rows that the person names, and those behind nothing any more. */
#include "sinks/ward_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "sinks/apply_parts.h"

enum { SLICE_ROWS = 100, /* a row may be large */
       STEP_US = 1000 * 1000 };

enum fate { FATE_LEFT, FATE_WRITTEN, FATE_REFUSED };

struct outcome {
    enum fate fate;
    const char *text;  /* refused: why */
    const char *table; /* of the target */
};

struct ward_again {
    struct arena arena; /* of a slice */
    const struct held_filter *wish; /* NULL: only what is behind nothing */
    bool active;
    int64_t after_n;
    struct held_keys *in_the_way;  /* of slices that are committed */
    struct held_keys *in_this_way; /* of this one */
    struct held_event *page;
    struct outcome *outcome;
    uint32_t n;
    struct ward_result result;
};

struct ward_again *ward_again_new(void)
{
    struct ward_again *g = calloc(1, sizeof *g);
    must(g);
    arena_init(&g->arena);
    g->in_the_way = held_keys_new();
    g->in_this_way = held_keys_new();
    return g;
}

void ward_again_free(struct ward_again *g)
{
    arena_free(&g->arena);
    held_keys_free(g->in_the_way);
    held_keys_free(g->in_this_way);
    free(g);
}

const struct ward_result *ward_result(const struct ward *w)
{
    return &w->again->result;
}

static struct session *session_of(struct apply *a)
{
    return a->driver->session(a->sink);
}

/* ---- which ones ---- */

static bool is_tried(const struct ward_again *g, const struct held_event *h)
{
    return h->envelope && (held_is_named(g->wish, h) || h->reason == HELD_BEHIND);
}

static bool is_blocked(const struct ward_again *g, int table, const struct held_event *h)
{
    return held_keys_has(g->in_the_way, table, h->key) ||
           held_keys_has(g->in_this_way, table, h->key) ||
           (h->old_key && (held_keys_has(g->in_the_way, table, h->old_key) ||
                           held_keys_has(g->in_this_way, table, h->old_key)));
}

static void block(struct held_keys *keys, int table, const struct held_event *h)
{
    held_keys_add(keys, table, h->key);
    if (h->old_key)
        held_keys_add(keys, table, h->old_key);
}

static int table_of(struct apply *a, const struct held_event *h)
{
    return ward_table_named(a->ward, h->flow)->number;
}

/* ---- a row ---- */

static enum status write_row(struct apply *a, const struct held_event *h, const char **table)
{
    struct arena *arena = &a->ward->again->arena;
    struct change c;
    TRY(a->ward->options.restore(a->ward->options.owner, h, arena, &c));
    *table = arena_format(arena, "%s.%s", c.relation->schema, c.relation->name);
    return row_mode_one(a, &c);
}

static enum status try_row(struct apply *a, const struct held_event *h, struct outcome *o)
{
    const char *table = h->table;
    TRY(a->driver->savepoint(a->sink));
    enum status status = write_row(a, h, &table);
    *o = (struct outcome){.fate = FATE_WRITTEN};
    if (status != STATUS_DATA)
        return status;
    *o = (struct outcome){
        FATE_REFUSED, arena_strdup(&a->ward->again->arena, a->failure->text), table};
    net_reset(a->net);
    TRY(a->driver->rollback_to_savepoint(a->sink));
    failure_clear(a->failure);
    return STATUS_OK;
}

static enum status try_rows(struct apply *a)
{
    struct ward_again *g = a->ward->again;
    held_keys_clear(g->in_this_way);
    for (uint32_t i = 0; i < g->n; i++) {
        const struct held_event *h = &g->page[i];
        int table = table_of(a, h);
        g->outcome[i] = (struct outcome){.fate = FATE_LEFT};
        if (is_tried(g, h) && !is_blocked(g, table, h))
            TRY(try_row(a, h, &g->outcome[i]));
        if (g->outcome[i].fate != FATE_WRITTEN)
            block(g->in_this_way, table, h);
    }
    return STATUS_OK;
}

/* ---- a slice ---- */

/* In millrace.held; *changed: something is another than before. */
static enum status note_rows(struct apply *a, bool *changed)
{
    struct ward_again *g = a->ward->again;
    int64_t *written = arena_alloc(&g->arena, (g->n + 1) * sizeof *written);
    struct held_change *refused = arena_alloc(&g->arena, (g->n + 1) * sizeof *refused);
    uint32_t nwritten = 0, nrefused = 0;
    for (uint32_t i = 0; i < g->n; i++) {
        const struct held_event *h = &g->page[i];
        if (g->outcome[i].fate == FATE_WRITTEN)
            written[nwritten++] = h->n;
        else if (g->outcome[i].fate == FATE_REFUSED)
            refused[nrefused++] = (struct held_change){
                h->n, HELD_QUARANTINE, g->outcome[i].table, NULL, g->outcome[i].text};
    }
    *changed = nwritten + nrefused > 0;
    TRY(a->driver->settle(a->sink));
    TRY(held_remove(session_of(a), a->at.link, written, nwritten, a->failure));
    return held_update(session_of(a), a->at.link, refused, nrefused, a->failure);
}

static enum status write_slice(struct apply *a, bool *changed)
{
    struct checkpoint c = apply_next(a, NULL, NULL, NULL);
    TRY(apply_begin(a, &c));
    TRY(a->driver->settle(a->sink));
    TRY(try_rows(a));
    TRY(note_rows(a, changed));
    return *changed ? apply_commit(a, &c) : a->driver->rollback(a->sink);
}

static enum status write_slice_patiently(struct apply *a, bool *changed)
{
    struct backoff tries = {0};
    for (;;) {
        enum status status = write_slice(a, changed);
        if (status == STATUS_OK)
            return STATUS_OK;
        TRY(apply_once_more(a, status, &tries));
    }
}

static void count(struct ward *w, enum held_reason reason, int64_t by)
{
    if (reason == HELD_QUARANTINE)
        w->quarantined = atomic_fetch_add(&w->figures.quarantined, by) + by;
    else
        atomic_fetch_add(&w->figures.behind, by);
}

static void forget_row(struct ward *w, const struct held_event *h)
{
    ward_keys_remove(w, ward_table_named(w, h->flow), h->key, h->old_key);
    count(w, h->reason, -1);
}

static void note_refused(struct ward *w, const struct held_event *h, const char *text)
{
    struct ward_result *r = &w->again->result;
    count(w, h->reason, -1);
    count(w, HELD_QUARANTINE, 1);
    if (r->refused_n)
        return;
    r->refused_n = h->n;
    snprintf(r->refused_text, sizeof r->refused_text, "%s", text);
}

/* What is true since the commit. */
static void settle(struct apply *a)
{
    struct ward_again *g = a->ward->again;
    for (uint32_t i = 0; i < g->n; i++) {
        const struct held_event *h = &g->page[i];
        enum fate fate = g->outcome[i].fate;
        g->result.tried += held_is_named(g->wish, h);
        g->result.gone += fate == FATE_WRITTEN;
        if (fate == FATE_REFUSED)
            note_refused(a->ward, h, g->outcome[i].text);
        if (fate == FATE_WRITTEN)
            forget_row(a->ward, h);
        else
            block(g->in_the_way, table_of(a, h), h);
    }
}

static enum status slice(struct apply *a)
{
    struct ward_again *g = a->ward->again;
    struct held_query q = {.after_n = g->after_n, .limit = SLICE_ROWS, .envelope = true};
    bool changed;
    arena_reset(&g->arena);
    g->page = arena_alloc(&g->arena, SLICE_ROWS * sizeof *g->page);
    g->outcome = arena_alloc(&g->arena, SLICE_ROWS * sizeof *g->outcome);
    TRY(held_page(session_of(a), a->at.link, &q, &g->arena, g->page, &g->n, a->failure));
    g->active = g->n == SLICE_ROWS;
    if (g->n == 0)
        return STATUS_OK;
    g->after_n = g->page[g->n - 1].n;
    TRY(write_slice_patiently(a, &changed));
    settle(a);
    return STATUS_OK;
}

enum status ward_step(struct apply *a, bool *done)
{
    struct ward_again *g = a->ward->again;
    int64_t until = clock_monotonic_us() + STEP_US;
    must(!a->in_large);
    TRY(ward_ready(a));
    while (g->active && clock_monotonic_us() < until) {
        enum status status = slice(a);
        if (status != STATUS_OK)
            g->active = false;
        TRY(status);
    }
    *done = !g->active;
    return STATUS_OK;
}

/* ---- what a person says ---- */

void ward_retry(struct apply *a, const struct held_filter *wish)
{
    struct ward_again *g = a->ward->again;
    g->wish = wish;
    g->active = true;
    g->after_n = 0;
    g->result = (struct ward_result){0};
    held_keys_clear(g->in_the_way);
}

static enum status drop_page(struct apply *a, const struct held_event *page, uint32_t n)
{
    int64_t *numbers = arena_alloc(&a->ward->again->arena, (n + 1) * sizeof *numbers);
    struct checkpoint c = apply_next(a, NULL, NULL, NULL);
    for (uint32_t i = 0; i < n; i++)
        numbers[i] = page[i].n;
    TRY(apply_begin(a, &c));
    TRY(a->driver->settle(a->sink));
    TRY(held_remove(session_of(a), a->at.link, numbers, n, a->failure));
    TRY(apply_commit(a, &c));
    for (uint32_t i = 0; i < n; i++) {
        forget_row(a->ward, &page[i]);
        log_info("link=%s msg=\"a held row was dropped\" n=%" PRId64 " table=%s key=%s reason=%s",
                 a->link, page[i].n, log_quote(page[i].flow), log_quote(page[i].key),
                 held_reason_name(page[i].reason));
    }
    return STATUS_OK;
}

enum status ward_drop(struct apply *a, const struct held_filter *which, uint64_t *dropped)
{
    struct ward_again *g = a->ward->again;
    struct held_query q = {.filter = *which, .limit = SLICE_ROWS};
    uint32_t n = SLICE_ROWS;
    *dropped = 0;
    while (n == SLICE_ROWS) {
        arena_reset(&g->arena);
        struct held_event *page = arena_alloc(&g->arena, SLICE_ROWS * sizeof *page);
        TRY(held_page(session_of(a), a->at.link, &q, &g->arena, page, &n, a->failure));
        enum status status = n > 0 ? drop_page(a, page, n) : STATUS_OK;
        if (status != STATUS_OK)
            return apply_roll_back(a, status);
        *dropped += n;
    }
    return STATUS_OK;
}
