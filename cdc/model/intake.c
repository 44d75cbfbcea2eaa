#include "model/intake.h"
#include <stdlib.h>
#include <string.h>

enum {
    BATCHES_IN_BUDGET = 8, /* filled, ready, in conversion, at the sink, and some behind them */
    BATCH_BYTES_MAX = 8 * 1024 * 1024,
    READY_MAX = 6,
    SPARES_MAX = 2,
    TEXT_BYTES_MAX = 64 * 1024 * 1024, /* a position of very many GTIDs */
};

/* ---- the lock ---- */

static void lock(struct intake *in)
{
    pthread_mutex_lock(&in->mutex);
    in->depth++;
}

/* ---- batches that come and go ---- */

static void stamp_path(const struct intake *in, struct batch *b)
{
    if (in->path.size > 0)
        b->path = arena_copy(&b->arena, in->path.data, in->path.size);
}

static struct batch *new_batch(struct intake *in)
{
    struct batch *b = in->spare;
    if (b) {
        in->spare = b->next;
        in->nspare--;
        b->next = NULL;
    } else {
        b = batch_new();
    }
    stamp_path(in, b);
    return b;
}

static void free_list(struct batch *b)
{
    while (b) {
        struct batch *next = b->next;
        batch_free(b);
        b = next;
    }
}

static void push_ready(struct intake *in, struct batch *b)
{
    b->held_bytes = batch_bytes(b);
    in->outstanding_bytes += b->held_bytes;
    b->next = NULL;
    if (in->ready_last)
        in->ready_last->next = b;
    else
        in->ready_first = b;
    in->ready_last = b;
    in->nready++;
    in->hungry = false;
    in->notify = true;
}

static struct batch *pop_ready(struct intake *in)
{
    struct batch *b = in->ready_first;
    if (!b)
        return NULL;
    in->ready_first = b->next;
    if (!in->ready_first)
        in->ready_last = NULL;
    b->next = NULL;
    in->nready--;
    return b;
}

/* The open batch, all of it, goes to the link. */
static void hand_over(struct intake *in)
{
    push_ready(in, in->open);
    in->open = new_batch(in);
    in->before_open_bytes = 0;
}

static void set_path(struct intake *in, const char *path)
{
    buffer_clear(&in->path);
    buffer_add_text(&in->path, path);
    stamp_path(in, in->open);
}

/* What was whole before the open transaction goes to the link; the open one stays, alone. */
static void hand_over_whole(struct intake *in)
{
    struct batch *whole = in->open;
    in->open = new_batch(in);
    batch_move_open(whole, in->open);
    if (in->open->transactions[0].quiet)
        set_path(in, in->home);
    in->before_open_bytes = 0;
    push_ready(in, whole);
}

/* A hungry link's batch may become whole without intake_ended: when its last transaction is
 * abandoned. Hooks run without the lock: on_room may read and decode on this very thread. */
static void unlock(struct intake *in)
{
    bool outer = in->depth == 1;
    if (outer && in->hungry && in->open->ntransactions > 0 && !batch_is_open(in->open))
        hand_over(in);
    bool notify = outer && in->notify;
    if (notify)
        in->notify = false;
    in->depth--;
    pthread_mutex_unlock(&in->mutex);
    if (notify && in->on_ready)
        in->on_ready(in->ready_owner);
}

static bool holds_whole(const struct intake *in)
{
    return in->open->ntransactions > (batch_is_open(in->open) ? 1U : 0U);
}

static void forget_idle(struct intake *in)
{
    in->idle_position = NULL;
    in->idle_moved = false;
    in->idle_log_bytes = 0;
}

/* ---- life ---- */

void intake_init(struct intake *in, size_t budget_bytes)
{
    memset(in, 0, sizeof *in);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&in->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    buffer_init(&in->idle_text, TEXT_BYTES_MAX);
    buffer_init(&in->path, TEXT_BYTES_MAX);
    in->budget_bytes = budget_bytes;
    in->batch_bytes = budget_bytes / BATCHES_IN_BUDGET;
    if (in->batch_bytes > BATCH_BYTES_MAX)
        in->batch_bytes = BATCH_BYTES_MAX;
    in->piece_bytes = in->batch_bytes;
    in->batch_changes = UINT32_MAX;
    in->open = batch_new();
}

void intake_free(struct intake *in)
{
    batch_free(in->open);
    free_list(in->ready_first);
    free_list(in->spare);
    buffer_free(&in->idle_text);
    buffer_free(&in->path);
    pthread_mutex_destroy(&in->mutex);
    in->open = in->ready_first = in->ready_last = in->spare = NULL;
}

void intake_reset(struct intake *in)
{
    lock(in);
    struct batch *b;
    while ((b = pop_ready(in))) {
        in->outstanding_bytes -= b->held_bytes;
        batch_free(b);
    }
    batch_reset(in->open);
    buffer_clear(&in->path);
    forget_idle(in);
    in->before_open_bytes = 0;
    in->hungry = in->in_pieces = in->notify = in->waiting = false;
    failure_clear(&in->failure);
    atomic_store(&in->failed, false);
    unlock(in);
}

/* ---- the source's side ---- */

/* Abandoned transactions leave memory behind. */
static void sweep_open(struct intake *in)
{
    if (in->open->ntransactions > 0 || batch_bytes(in->open) < in->batch_bytes / 2)
        return;
    batch_reset(in->open);
    stamp_path(in, in->open);
}

struct batch *intake_lock(struct intake *in)
{
    lock(in);
    if (in->depth == 1)
        sweep_open(in);
    return in->open;
}

void intake_unlock(struct intake *in)
{
    unlock(in);
}

static bool same_path(const struct intake *in, const char *path)
{
    return in->path.size == strlen(path) && memcmp(in->path.data, path, in->path.size) == 0;
}

/* Something whole whose path counts; backwards, since most transactions are no echoes. */
static bool holds_sent(const struct intake *in)
{
    const struct batch *b = in->open;
    for (uint32_t i = b->ntransactions; i-- > 0;) {
        const struct transaction *t = &b->transactions[i];
        if (t->position && (!t->quiet || t->requests))
            return true;
    }
    return false;
}

struct batch *intake_path(struct intake *in, const char *path)
{
    if (in->path.size > 0 && same_path(in, path))
        return in->open;
    if (holds_sent(in)) {
        if (batch_is_open(in->open))
            hand_over_whole(in);
        else
            hand_over(in);
    }
    set_path(in, path);
    return in->open;
}

struct batch *intake_quiet(struct intake *in, const char *home)
{
    in->home = home;
    if (in->open->ntransactions == 0 && !(in->path.size > 0 && same_path(in, home)))
        set_path(in, home);
    return in->open;
}

void intake_turn_quiet(struct intake *in, const char *home)
{
    must(batch_is_open(in->open));
    in->home = home;
    in->open->transactions[in->open->ntransactions - 1].quiet = true;
    if (in->open->ntransactions == 1 && !in->in_pieces)
        set_path(in, home);
}

void intake_began(struct intake *in)
{
    must(batch_is_open(in->open));
    in->before_open_bytes = in->open->ntransactions > 1 ? batch_bytes(in->open) : 0;
}

void intake_ended(struct intake *in)
{
    must(!batch_is_open(in->open) && in->open->ntransactions > 0);
    forget_idle(in);
    bool large = in->in_pieces;
    in->in_pieces = false;
    if (large || in->hungry || batch_bytes(in->open) >= in->batch_bytes ||
        in->open->nchanges >= atomic_load(&in->batch_changes))
        hand_over(in);
}

struct batch *intake_piece(struct intake *in)
{
    must(batch_is_open(in->open));
    if (batch_bytes(in->open) - in->before_open_bytes < in->piece_bytes)
        return in->open;
    if (holds_whole(in))
        hand_over_whole(in);
    /* Progress from before this transaction is covered by its end. */
    forget_idle(in);
    const struct transaction piece = in->open->transactions[0];
    in->open->ends = false;
    hand_over(in);
    in->in_pieces = true;
    in->open->begins = false;
    struct transaction *next = batch_begin(in->open);
    next->committed_us = piece.committed_us;
    next->quiet = piece.quiet;
    return in->open;
}

void intake_progress(struct intake *in, const char *position, bool moved, uint64_t log_bytes)
{
    lock(in);
    if (!batch_is_open(in->open) && !in->in_pieces) {
        buffer_clear(&in->idle_text);
        buffer_add(&in->idle_text, position, strlen(position) + 1);
        in->idle_position = in->idle_text.data;
        in->idle_moved |= moved;
        in->idle_log_bytes += log_bytes;
    }
    unlock(in);
}

/* With nothing on its way there is nobody to call on_room; the open batch is bounded by itself. */
static bool is_full(const struct intake *in)
{
    if (in->outstanding_bytes == 0)
        return false;
    if (in->nready >= READY_MAX)
        return true;
    size_t held = in->outstanding_bytes + batch_bytes(in->open) + in->batch_bytes;
    return held >= in->budget_bytes;
}

bool intake_full(struct intake *in)
{
    lock(in);
    bool full = in->waiting = is_full(in);
    unlock(in);
    return full;
}

bool intake_waited_for(struct intake *in)
{
    lock(in);
    bool waiting = in->waiting;
    unlock(in);
    return waiting;
}

/* Pieces that the link has not seen would only be written to be rolled back. */
static void drop_unfinished(struct intake *in)
{
    struct batch *last = NULL;
    for (struct batch *b = in->ready_first; b; b = b->next)
        last = b->ends ? b : last;
    struct batch **tail = last ? &last->next : &in->ready_first;
    struct batch *unfinished = *tail;
    *tail = NULL;
    in->ready_last = last;
    for (struct batch *b = unfinished; b; b = b->next) {
        in->outstanding_bytes -= b->held_bytes;
        in->nready--;
    }
    free_list(unfinished);
}

void intake_fail(struct intake *in, const struct failure *f)
{
    lock(in);
    if (batch_is_open(in->open))
        batch_abandon(in->open);
    if (in->in_pieces)
        drop_unfinished(in);
    in->in_pieces = false;
    if (in->open->ntransactions > 0)
        hand_over(in);
    in->failure = *f;
    atomic_store(&in->failed, true);
    in->notify = true;
    unlock(in);
}

/* ---- the link's side ---- */

/* Nothing is appended after `b`, so the pending progress is its own. */
static void attach_progress(struct intake *in, struct batch *b)
{
    if (in->ready_first || holds_whole(in) || !in->idle_position || !b->ends)
        return;
    b->progress = arena_strdup(&b->arena, in->idle_position);
    forget_idle(in);
}

static struct batch *take(struct intake *in, uint32_t changes)
{
    if (!in->ready_first && in->open->ntransactions > 0 && in->open->nchanges >= changes &&
        !batch_is_open(in->open))
        hand_over(in);
    struct batch *b = pop_ready(in);
    if (b) {
        in->notify = false;
        attach_progress(in, b);
        intake_grown(in, b);
    }
    return b;
}

struct batch *intake_take(struct intake *in)
{
    lock(in);
    struct batch *b = take(in, 0);
    in->hungry = !b;
    unlock(in);
    return b;
}

struct batch *intake_take_large(struct intake *in, uint32_t changes)
{
    lock(in);
    struct batch *b = take(in, changes);
    in->hungry = false;
    unlock(in);
    return b;
}

static bool idle_is_due(const struct intake *in)
{
    return in->idle_position && !in->ready_first && !holds_whole(in) && !in->in_pieces;
}

bool intake_idle(struct intake *in, struct arena *a, const char **position, bool *moved,
                 uint64_t *log_bytes)
{
    lock(in);
    bool due = idle_is_due(in);
    if (due) {
        *position = arena_strdup(a, in->idle_position);
        *moved = in->idle_moved;
        *log_bytes = in->idle_log_bytes;
        forget_idle(in);
    }
    unlock(in);
    return due;
}

bool intake_peek_idle(struct intake *in, bool *moved, uint64_t *log_bytes)
{
    lock(in);
    bool due = idle_is_due(in);
    if (due) {
        *moved = in->idle_moved;
        *log_bytes = in->idle_log_bytes;
    }
    unlock(in);
    return due;
}

void intake_grown(struct intake *in, struct batch *b)
{
    lock(in);
    size_t now = batch_bytes(b);
    in->outstanding_bytes += now - b->held_bytes;
    b->held_bytes = now;
    unlock(in);
}

void intake_return(struct intake *in, struct batch *b)
{
    size_t held = b->held_bytes;
    batch_reset(b);
    lock(in);
    must(in->outstanding_bytes >= held);
    in->outstanding_bytes -= held;
    bool room = in->waiting && !is_full(in);
    if (room)
        in->waiting = false;
    bool keep = in->nspare < SPARES_MAX;
    if (keep) {
        b->next = in->spare;
        in->spare = b;
        in->nspare++;
    }
    unlock(in);
    if (!keep)
        batch_free(b);
    if (room && in->on_room)
        in->on_room(in->room_owner);
}
