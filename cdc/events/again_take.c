/* Rows of millrace.held become what is carried, in the places that they have: what is tried, and what
 * stays and may stand in its way.
 *
 * What was never an event (a view that could not state its object, a value that its type refuses)
 * has no envelope: the mirror is asked for the object once more, and what it says takes its place;
 * what it does not have was kept (kept.h). */
#include "events/again.h"

#include <string.h>
#include "base/log.h"
#include "events/let.h"
#include "events/typed.h"
#include "transforms/vocabulary/envelope.h"

/* ---- from what was kept ---- */

static enum status read_side(struct events *e, const struct event_line *line,
                             const ProtobufCMessage *m, const struct object **out)
{
    *out = NULL;
    if (!m)
        return STATUS_OK;
    TRY(typed_message(e->program, line->type, m, &e->arena, out, e->failure));
    return line->let ? let_add(line->let, *out, &e->arena, out, e->failure) : STATUS_OK;
}

static enum status read_held(struct events *e, const struct event_line *line,
                             const struct held_event *h, struct carried *c)
{
    struct field_context context = {.arena = &e->arena, .failure = e->failure};
    struct envelope envelope;
    TRY(envelope_unpack(e->program->vocabulary, h->envelope, h->envelope_size, &envelope,
                        &context));
    c->typed = (struct event){.type = line->type->name, .op = envelope.op, .key = h->key};
    /* as in carry.c: what a changed object was is asked for by its old key alone, and `let` may
     * not be able to say it */
    if (envelope.op != EVENT_CHANGED || h->old_key)
        TRY(read_side(e, line, envelope.before, &c->typed.before));
    return read_side(e, line, envelope.after, &c->typed.after);
}

/* One that cannot be read any more (another vocabulary, a function that refuses) stays as it is. */
static enum status take(struct events *e, int line, const struct held_event *h)
{
    struct carried *c = carry_slot(e);
    c->line = line;
    c->held_n = h->n;
    c->transaction = (uint64_t)h->transaction;
    c->old_key = h->old_key;
    enum status status = read_held(e, &e->program->lines[line], h, c);
    c->stated = c->typed;
    return carry_refused(e, c, status);
}

/* ---- which ones ---- */

bool again_is_wished(const struct events *e, const struct held_event *h)
{
    return held_is_named(e->again->wish, h);
}

static bool is_tried(const struct events *e, const struct held_event *h)
{
    return again_is_wished(e, h) || (h->envelope && h->reason != HELD_QUARANTINE);
}

/* The row as it is, in the place that it has among the others. */
static struct carried *take_as_it_is(struct events *e, int line, const struct held_event *h)
{
    struct carried *c = carry_slot(e);
    *c = (struct carried){.line = line, .held_n = h->n, .stays = true, .old_key = h->old_key,
                          .transaction = (uint64_t)h->transaction};
    c->stated = c->typed = (struct event){.type = e->program->lines[line].type->name,
                                          .op = EVENT_CHANGED, .key = h->key};
    c->refused = h->text ? h->text : "it is held";
    return c;
}

/* ---- what has no envelope ---- */

/* A transaction where the mirror stands. What it makes belongs to the one in which it was held. */
static enum status in_mirror(struct events *e, const struct held_event *h, const struct kept *k,
                             enum status (*way)(struct events *e, const struct held_event *h,
                                                const struct kept *k, bool *found),
                             bool *found)
{
    uint32_t first = e->n;
    const char *at = mirror_position(e->mirror);
    const char *position = arena_strdup(&e->arena, at ? at : e->apply->position);
    TRY(refusals_watch(e, true));
    TRY(mirror_begin(e->mirror, position, e->failure));
    TRY(way(e, h, k, found));
    TRY(mirror_end(e->mirror, position, false, e->failure));
    TRY(read_evaluated_whole(e, position, h->committed_us));
    for (uint32_t i = first; i < e->n; i++) {
        e->list[i].transaction = (uint64_t)h->transaction;
        e->list[i].numbered = true;
    }
    return STATUS_OK;
}

/* The mirror is asked for the object once more. */
static enum status ask(struct events *e, const struct held_event *h, const struct kept *k,
                       bool *found)
{
    const char *object = refusal_object(e, h->key);
    if (object && k)
        return mirror_again(e->mirror, k->name, object, false, found, e->failure);
    return drift_again(e, h->flow, object ? object : h->key, !object, found);
}

static void stays(struct events *e, const char *why)
{
    e->list[e->trying].stays = false; /* but that it was tried is seen */
    e->list[e->trying].refused = arena_strdup(&e->arena, why);
}

static const char made_otherwise[] = "it was refused when its event was made of single rows, which "
                                     "it is not now: change its row in the source, or skip this";

/* `found`, too, where it stays. */
static enum status try_rows(struct events *e, const struct held_event *h, const struct kept *k,
                            bool *found)
{
    enum status status = mirror_try(e->mirror, k->name, &k->rows, found, e->failure);
    if (status == STATUS_DATA) {
        stays(e, e->failure->text);
        failure_clear(e->failure);
        *found = true;
        return STATUS_OK;
    }
    TRY(status);
    if (*found)
        return STATUS_OK;
    TRY(ask(e, h, k, found));
    if (!*found)
        stays(e, made_otherwise);
    return STATUS_OK;
}

/* What its type refused: as it is now, where the mirror has it; else as it was. */
static enum status try_stated(struct events *e, const struct held_event *h, const struct kept *k,
                              bool *found)
{
    *found = false;
    if (k->stated.op != EVENT_GONE)
        TRY(in_mirror(e, h, k, ask, found));
    if (*found)
        return STATUS_OK;
    struct carried *c = &e->list[e->trying];
    c->stays = false;
    c->refused = NULL;
    c->stated = k->stated;
    c->stated.type = e->program->lines[c->line].type->name;
    c->stated.key = h->key;
    return carry_type(e, c);
}

static enum status try_kept(struct events *e, const struct held_event *h, bool *found)
{
    struct kept k;
    *found = false;
    if (!h->envelope)
        return in_mirror(e, h, NULL, ask, found);
    if (kept_read(h->envelope, h->envelope_size, &e->names, &e->arena, &k, e->failure) !=
        STATUS_OK) {
        stays(e, e->failure->text);
        failure_clear(e->failure);
        return STATUS_OK;
    }
    if (k.kind == KEPT_STATED)
        return try_stated(e, h, &k, found);
    e->tried_told = k.kind == KEPT_TOLD ? &k : NULL;
    enum status status = in_mirror(e, h, &k, k.kind == KEPT_TOLD ? ask : try_rows, found);
    e->tried_told = NULL;
    return status;
}

static void say_alone(const struct events *e, const struct held_event *h)
{
    log_warn("link=%s msg=\"a held event cannot be tried again: it is made of one row, of which no "
             "mirror knows; change the row in the source, and drop this one by quarantine skip\" "
             "n=%lld flow=%s key=%s", e->program->lc->name, (long long)h->n, h->flow,
             log_quote(h->key));
}

/* It goes, whatever comes of it: an event, or nothing where there is no such object any more; but
 * where it is refused again it stays. */
static enum status take_object(struct events *e, int line, const struct held_event *h)
{
    bool found;
    uint32_t at = e->n;
    take_as_it_is(e, line, h);
    e->trying = (int)at;
    e->only_line = line;
    enum status status = try_kept(e, h, &found);
    e->only_line = e->trying = -1;
    TRY(status);
    struct carried *c = &e->list[at];
    if (!c->stays)
        return STATUS_OK;
    if (!found && !h->envelope && drift_is_alone(e, line)) {
        say_alone(e, h);
        return STATUS_OK;
    }
    c->stays = false;
    c->replaced = true;
    c->stated.key = c->typed.key = ""; /* in nobody's way */
    c->old_key = NULL;
    c->transaction = UINT64_MAX - (uint64_t)h->n;
    return STATUS_OK;
}

static enum status take_row(struct events *e, int line, const struct held_event *h)
{
    e->again->result.tried += again_is_wished(e, h);
    if (refusal_is_replaced(e, h->n))
        return STATUS_OK;
    bool packed = h->envelope && !kept_is(h->envelope, h->envelope_size);
    return packed ? take(e, line, h) : take_object(e, line, h);
}

enum status again_take_page(struct events *e, const struct held_event *page, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        int line = keep_line_of(e, page[i].flow);
        if (line < 0)
            continue;
        if (is_tried(e, &page[i]))
            TRY(take_row(e, line, &page[i]));
        else
            take_as_it_is(e, line, &page[i]);
    }
    return STATUS_OK;
}
