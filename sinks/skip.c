/* skip.c: passes one source transaction; its rows go to millrace.held, with the checkpoint. */
#include "sinks/apply.h"

#include "base/buffer.h"
#include "base/crash.h"
#include "sinks/apply_parts.h"
#include "sinks/ward_parts.h"

enum { HELD_ROW_BYTES_MAX = 1 << 30 };

static const char *as_json(struct buffer *b, const struct change *c, const struct value *row)
{
    if (!row)
        return NULL;
    buffer_clear(b);
    row_json_write(b, c->relation, row);
    return buffer_text(b);
}

struct held_texts {
    struct buffer before, after;
};

static enum status hold_change(struct apply *a, struct session *s, struct held_texts *texts,
                               const char *position, const struct change *c)
{
    TRY(ward_fits(a, c));
    arena_reset(&a->scratch);
    const char *relation =
        arena_format(&a->scratch, "%s.%s", c->relation->schema, c->relation->name);
    return state_hold(s, a->at.link, position, relation, change_op_name(c->op),
                      as_json(&texts->before, c, c->before), as_json(&texts->after, c, c->after),
                      a->failure);
}

static enum status hold_changes(struct apply *a, const struct change *changes, uint32_t n,
                                const char *position)
{
    struct session *s = a->driver->session(a->sink);
    struct held_texts texts;
    enum status status = STATUS_OK;
    if (!s)
        return STATUS_OK; /* a sink that keeps nothing */
    buffer_init(&texts.before, HELD_ROW_BYTES_MAX);
    buffer_init(&texts.after, HELD_ROW_BYTES_MAX);
    for (uint32_t i = 0; i < n && status == STATUS_OK; i++)
        status = hold_change(a, s, &texts, position, &changes[i]);
    buffer_free(&texts.before);
    buffer_free(&texts.after);
    return status;
}

static enum status open_skip(struct apply *a, const struct batch *b, const struct checkpoint *c)
{
    struct checkpoint opening = b->ends ? *c : apply_next(a, NULL, NULL, b->path);
    TRY(apply_begin(a, &opening));
    TRY(a->driver->settle(a->sink));
    a->in_large = !b->ends;
    return STATUS_OK;
}

/* The end of a transaction that came in pieces: only now its position is known. */
static enum status close_pieces(struct apply *a, const struct checkpoint *c)
{
    struct session *s = a->driver->session(a->sink);
    if (s)
        TRY(state_hold_position(s, a->at.link, c->position, a->failure));
    return a->driver->move(a->sink, c);
}

static enum status skip_piece(struct apply *a, const struct batch *b)
{
    const struct transaction *t = &b->transactions[0];
    struct checkpoint c = {0};
    if (b->ends)
        c = apply_checkpoint_after(a, b, 0);
    if (b->begins)
        TRY(open_skip(a, b, &c));
    TRY(hold_changes(a, b->changes + t->first_change, t->nchanges,
                     b->begins && b->ends ? t->position : ""));
    if (!b->ends)
        return STATUS_OK;
    if (!b->begins)
        TRY(close_pieces(a, &c));
    crash_here(CRASH_SKIP);
    TRY(apply_commit(a, &c));
    a->in_large = a->row_mode_only = false;
    return STATUS_OK;
}

enum status apply_skip(struct apply *a, const struct batch *b)
{
    must(b->ntransactions == 1 && b->begins == !a->in_large);
    enum status status = skip_piece(a, b);
    if (status == STATUS_OK)
        return STATUS_OK;
    status = apply_roll_back(a, status);
    return apply_is_shut_out(a) ? apply_seq_taken(a) : status;
}
