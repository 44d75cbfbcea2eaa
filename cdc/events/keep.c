/* What cannot be written now is kept in millrace.held, in the transaction that passes it. */
#include "events/internal.h"

#include <inttypes.h>
#include <string.h>
#include "events/object_json.h"
#include "transforms/vocabulary/envelope.h"

enum { KEPT_MAX = 1024 * 1024 * 1024 };

/* ---- keys ---- */

static const char *key_text(struct arena *a, const struct value *v)
{
    enum { SHOWN = 200 };
    bool text = v->kind == VALUE_TEXT || v->kind == VALUE_DECIMAL;
    return text ? arena_copy(a, v->text, v->size) : value_show(v, a, SHOWN);
}

const char *keep_old_key(const struct events *e, const struct carried *c)
{
    const struct event *event = c->refused ? &c->stated : &c->typed;
    if (c->old_key || event->op != EVENT_CHANGED || !event->before || !event->after)
        return c->old_key;
    const char *field = e->program->lines[c->line].type->key;
    const struct value *was = field_find(event->before, field, 0);
    const struct value *is = field_find(event->after, field, 0);
    if (!was || was->kind == VALUE_NULL || (is && value_equal(was, is)))
        return NULL;
    const char *text = key_text((struct arena *)&e->arena, was);
    return event->key && strcmp(text, event->key) != 0 ? text : NULL;
}

int keep_line_of(const struct events *e, const char *flow)
{
    for (int i = 0; i < e->program->nlines; i++)
        if (strcmp(e->program->lines[i].name, flow) == 0)
            return i;
    return -1;
}

static void met(void *owner, const char *flow, const char *key)
{
    struct events *e = owner;
    int line = keep_line_of(e, flow);
    if (line < 0) /* of a flow that is in the file no more nobody waits */
        return;
    held_keys_add(e->held, line, key);
    if (refusal_object(e, key))
        held_keys_add(e->refused, line, key);
}

enum status keep_load(struct events *e)
{
    held_keys_clear(e->held);
    held_keys_clear(e->refused);
    TRY(held_keys(events_session(e), e->apply->at.link, met, e, e->failure));
    return keep_count(e);
}

/* ---- how many ---- */

void keep_counted(struct events *e, int line, enum held_reason reason, int by)
{
    bool quarantined = reason == HELD_QUARANTINE;
    (quarantined ? e->quarantined : e->waiting)[line] += by;
    atomic_fetch_add(quarantined ? &e->figures->quarantined_now : &e->figures->waiting_now, by);
}

enum status keep_count(struct events *e)
{
    atomic_store(&e->figures->quarantined_now, 0);
    atomic_store(&e->figures->waiting_now, 0);
    for (int i = 0; i < e->program->nlines; i++) {
        struct held_counts c;
        TRY(held_count(events_session(e), e->apply->at.link, e->program->lines[i].name, &c,
                       e->failure));
        e->quarantined[i] = e->waiting[i] = 0;
        keep_counted(e, i, HELD_QUARANTINE, (int)c.quarantine);
        keep_counted(e, i, HELD_WAIT, (int)(c.wait + c.behind + c.together));
    }
    return STATUS_OK;
}

/* Rather than a whole plant's events, one link stops. */
static enum status check_limit(struct events *e, const struct carried *list, uint32_t n,
                               const struct hold *outcome)
{
    int64_t *now = arena_zalloc(&e->arena, ((size_t)e->program->nlines + 1) * sizeof *now);
    for (uint32_t i = 0; i < n; i++) {
        const struct event_line *line = &e->program->lines[list[i].line];
        if (list[i].held_n || outcome[i].reason != HOLD_QUARANTINE)
            continue;
        int64_t total = e->quarantined[list[i].line] + ++now[list[i].line] -
                        refusals_replaced(e, list[i].line);
        if (total <= line->flow->quarantine_limit)
            continue;
        fail(e->failure, ERROR_VALUE,
             "flow %s: more than %" PRId64 " events would be in quarantine (quarantine_limit), the "
             "last one %s: %s. Mend what they have in common, or raise the limit",
             line->name, line->flow->quarantine_limit, list[i].stated.key, outcome[i].text);
        return list[i].position ? fail_at(e->failure, list[i].position) : STATUS_DATA;
    }
    return STATUS_OK;
}

/* ---- keeping ---- */

static const char *op_name(enum event_op op)
{
    return op == EVENT_CREATED ? "created" : op == EVENT_CHANGED ? "changed" : "gone";
}

static void take_bytes(struct events *e, struct buffer *b, struct held_event *h)
{
    h->envelope = arena_copy(&e->arena, b->data, b->size);
    h->envelope_size = b->size;
    buffer_free(b);
}

static void pack_refused(struct events *e, const struct kept *k, struct held_event *h)
{
    struct buffer b;
    buffer_init(&b, KEPT_MAX);
    if (k->kind == KEPT_ROWS)
        kept_write_rows(k->name, &k->rows, &b);
    else
        kept_write_told(k->name, k->told, &b);
    take_bytes(e, &b, h);
}

/* What was never an event of its type is kept as it was stated. */
static enum status pack_stated(struct events *e, const struct carried *c, struct held_event *h,
                               enum status status)
{
    struct buffer b;
    if (!c->refused || status != STATUS_DATA)
        return status;
    failure_clear(e->failure);
    buffer_init(&b, KEPT_MAX);
    kept_write_stated(&c->stated, &b);
    take_bytes(e, &b, h);
    return STATUS_OK;
}

/* What a changed object was may be what no event of its type can say: who writes it does not need it
 * where the key stayed. */
static enum status envelope_to_keep(struct events *e, const struct carried *c,
                                    struct envelope *out, const struct field_context *context)
{
    struct event_origin origin = tell_origin(e, c);
    struct event now = c->stated;
    enum status status = envelope_of(e->program->vocabulary, &now, &origin, out, context);
    if (status != STATUS_DATA || c->refused || now.op != EVENT_CHANGED || c->typed.before)
        return status;
    failure_clear(e->failure);
    now.op = EVENT_CREATED;
    now.before = NULL;
    return envelope_of(e->program->vocabulary, &now, &origin, out, context);
}

/* From this it is tried again; also where only the flow's `let` has refused it. */
static enum status pack(struct events *e, const struct carried *c, struct held_event *h)
{
    struct field_context context = {.arena = &e->arena, .zone = e->program->from,
                                    .failure = e->failure};
    struct envelope envelope;
    const uint8_t *bytes;
    if (c->refused_rows)
        pack_refused(e, c->refused_rows, h);
    if (!c->stated.before && !c->stated.after)
        return STATUS_OK;
    enum status status = envelope_to_keep(e, c, &envelope, &context);
    if (status != STATUS_OK)
        return pack_stated(e, c, h, status);
    TRY(envelope_pack(e->program->vocabulary, &envelope, &bytes, &h->envelope_size, &context));
    h->envelope = bytes;
    return STATUS_OK;
}

static enum status fill(struct events *e, const struct carried *c, const struct hold *why,
                        struct held_event *h)
{
    *h = (struct held_event){
        .flow = e->program->lines[c->line].name,
        .key = c->typed.key,
        .old_key = keep_old_key(e, c),
        .op = op_name(c->stated.op),
        .reason = (enum held_reason)why->reason,
        .transaction = (c->numbered ? 0 : *e->held_transaction) + (int64_t)c->transaction,
        .position = c->position ? c->position : e->apply->position,
        .committed_us = c->committed_us,
        .before = object_json(c->stated.before, &e->arena),
        .after = object_json(c->stated.after, &e->arena),
        .table = why->table,
        .column = why->column,
        .text = why->text,
    };
    return pack(e, c, h);
}

/* To be kept, and not kept yet. */
static bool is_new(const struct carried *c, const struct hold *outcome)
{
    return outcome->reason != HOLD_NONE && !c->held_n;
}

enum status keep_held(struct events *e, const struct carried *list, uint32_t n,
                      const struct hold *outcome)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        kept += is_new(&list[i], &outcome[i]);
    if (kept == 0)
        return STATUS_OK;
    TRY(check_limit(e, list, n, outcome));
    struct held_event *held = arena_alloc(&e->arena, kept * sizeof *held);
    kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (is_new(&list[i], &outcome[i]))
            TRY(fill(e, &list[i], &outcome[i], &held[kept++]));
    return held_add(events_session(e), e->apply->at.link, held, kept, e->failure);
}

void keep_remember(struct events *e, const struct carried *list, uint32_t n,
                   const struct hold *outcome)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!is_new(&list[i], &outcome[i]))
            continue;
        const char *old = keep_old_key(e, &list[i]);
        held_keys_add(e->held, list[i].line, list[i].typed.key);
        if (list[i].refused_rows)
            held_keys_add(e->refused, list[i].line, list[i].typed.key);
        if (old)
            held_keys_add(e->held, list[i].line, old);
        keep_counted(e, list[i].line, (enum held_reason)outcome[i].reason, 1);
    }
    *e->held_transaction += e->transaction + 1;
}
