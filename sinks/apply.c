/* apply.c: batches into target transactions; see apply.h.
 *
 * What happens to an error is decided here, by its class:
 *   lock wait, deadlock   roll back, pause, the same again in halves; a few times, then upwards
 *   DATA                  roll back, the same transactions one by one in row mode
 *   all else              roll back, upwards: the link reconnects, and the fence tells what arrived
 */
#include "sinks/apply.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/crash.h"
#include "base/guard.h"
#include "base/log.h"
#include "sinks/apply_parts.h"
#include "sinks/ward_parts.h"

enum { TRIES_MAX = 6, TRIM_EVERY = 1000 };

void apply_init(struct apply *a)
{
    *a = (struct apply){0};
    arena_init(&a->scratch);
}

void apply_free(struct apply *a)
{
    row_mode_free(a);
    ward_free(a->ward);
    a->ward = NULL;
    arena_free(&a->scratch);
    free(a->position);
    free(a->root);
    free(a->path);
    a->position = a->root = a->path = NULL;
}

/* ---- one target transaction ---- */

struct checkpoint apply_next(const struct apply *a, const char *position, const char *root,
                             const char *path)
{
    struct checkpoint c = a->at;
    c.seq = a->at.seq + 1;
    c.position = position ? position : a->position;
    c.root = root ? root : position ? position : a->root;
    c.path = path ? path : a->path;
    return c;
}

enum status apply_begin(struct apply *a, const struct checkpoint *c)
{
    a->begun_us = clock_monotonic_us();
    TRY(ward_ready(a));
    crash_here(CRASH_BEFORE_BEGIN);
    TRY(a->driver->begin(a->sink, c));
    crash_here(CRASH_AFTER_MARKER);
    return STATUS_OK;
}

static void keep(char **kept, const char *text)
{
    char *copy = strdup(text);
    must(copy);
    free(*kept);
    *kept = copy;
}

enum status apply_commit(struct apply *a, const struct checkpoint *c)
{
    crash_here(CRASH_BEFORE_COMMIT);
    TRY(a->driver->commit(a->sink));
    crash_here(CRASH_AFTER_COMMIT);
    keep(&a->position, c->position);
    keep(&a->root, c->root);
    a->at.seq = c->seq;
    a->at.position = a->position;
    a->at.root = a->root;
    ward_committed(a);
    atomic_fetch_add(&a->commits, 1);
    atomic_store(&a->apply_us, clock_monotonic_us() - a->begun_us);
    if (a->at.seq - a->trimmed_seq >= TRIM_EVERY)
        apply_trim(a);
    return STATUS_OK;
}

static enum status forget_open(struct apply *a)
{
    enum status rolled_back = a->driver->rollback(a->sink);
    a->in_large = false;
    row_mode_forget(a);
    ward_forget(a);
    net_reset(a->net);
    return rolled_back;
}

enum status apply_abandon(struct apply *a)
{
    return a->in_large ? forget_open(a) : STATUS_OK;
}

enum status apply_ping(struct apply *a)
{
    struct session *s = a->driver->session(a->sink);
    enum status status = s ? session_query(s, NULL, NULL, "SELECT 1", 0, NULL) : STATUS_OK;
    if (status == STATUS_OK)
        return STATUS_OK;
    return apply_roll_back(a, status);
}

enum status apply_roll_back(struct apply *a, enum status status)
{
    struct failure kept = *a->failure;
    enum status rolled_back = forget_open(a);
    if (rolled_back != STATUS_OK && (status == STATUS_RETRY || status == STATUS_DATA)) {
        kept.code = ERROR_CONNECTION_LOST; /* no second try on a session in an unknown state */
        status = STATUS_RETRY;
    }
    *a->failure = kept;
    return status;
}

bool apply_is_shut_out(const struct apply *a)
{
    return GUARD_CHECKPOINT_FENCE && a->failure->code == ERROR_SECOND_ENGINE;
}

bool apply_lock_wait(const struct apply *a, enum status status)
{
    return status == STATUS_RETRY &&
           (a->failure->code == ERROR_LOCK_WAIT || a->failure->code == ERROR_DEADLOCK);
}

enum status apply_pause(struct apply *a, struct backoff *b)
{
    atomic_fetch_add(&a->lock_waits, 1);
    if (b->attempts >= TRIES_MAX)
        return STATUS_RETRY;
    if (wake_poll(a->wake, -1, 0, backoff_next_ms(b)) < 0)
        return fail(a->failure, ERROR_STOPPED, "asked to stop");
    return STATUS_OK;
}

enum status apply_once_more(struct apply *a, enum status status, struct backoff *tries)
{
    status = apply_roll_back(a, status);
    if (apply_is_shut_out(a))
        return apply_seq_taken(a);
    return apply_lock_wait(a, status) ? apply_pause(a, tries) : status;
}

struct net_rules apply_rules(const struct apply *a, const struct relation *r)
{
    return a->rules ? a->rules(a->owner, r) : (struct net_rules){0};
}

/* In a transaction of its own: locks of ours and of nobody else. */
void apply_trim(struct apply *a)
{
    struct session *s = a->driver->session(a->sink);
    struct failure kept = *a->failure;
    a->trimmed_seq = a->at.seq;
    if (s &&
        state_trim(s, a->at.link, a->at.lane, &a->trim_low, a->at.seq, a->failure) != STATUS_OK) {
        log_debug("link=%s msg=\"old checkpoints stay for now\" error=%s", a->link,
                  log_quote(a->failure->text));
        (void)a->driver->rollback(a->sink);
    }
    *a->failure = kept;
}

/* ---- sets ---- */

static const struct change *changes_of(const struct batch *b, uint32_t first)
{
    return b->changes + b->transactions[first].first_change;
}

static uint32_t count_changes(const struct batch *b, uint32_t first, uint32_t n)
{
    uint32_t sum = 0;
    for (uint32_t i = first; i < first + n; i++)
        sum += b->transactions[i].nchanges;
    return sum;
}

/* What came before a barrier is written and counted, so that the change meets the rows as the
 * source had them. */
static enum status write_barrier(struct apply *a, const struct change *c,
                                 const struct net_rules *rules)
{
    TRY(net_write(a->net, a->driver, a->sink));
    TRY(a->driver->settle(a->sink));
    net_reset(a->net);
    if (net_add(a->net, c, rules))
        return STATUS_OK;
    return a->driver->write_row(a->sink, c);
}

static enum status write_one_by_one(struct apply *a, const struct change *changes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        TRY(a->driver->write_row(a->sink, &changes[i]));
    return a->driver->settle(a->sink);
}

static enum status add_change(struct apply *a, const struct change *c)
{
    struct net_rules rules = apply_rules(a, c->relation);
    return net_add(a->net, c, &rules) ? STATUS_OK : write_barrier(a, c, &rules);
}

static enum status add_transaction(struct apply *a, const struct batch *b, uint32_t transaction)
{
    const struct transaction *t = &b->transactions[transaction];
    ward_begin(a, b, transaction);
    for (uint32_t i = t->first_change; i < t->first_change + t->nchanges; i++) {
        bool taken = false;
        if (ward_is_busy(a, b))
            TRY(ward_pass(a, b, i, &taken));
        if (!taken)
            TRY(add_change(a, &b->changes[i]));
    }
    return STATUS_OK;
}

/* Transactions [first, first + n) of a batch. */
static enum status write_sets(struct apply *a, const struct batch *b, uint32_t first, uint32_t n)
{
    if (!a->driver->write_set)
        return write_one_by_one(a, changes_of(b, first), count_changes(b, first, n));
    for (uint32_t i = first; i < first + n; i++)
        TRY(add_transaction(a, b, i));
    TRY(net_write(a->net, a->driver, a->sink));
    TRY(a->driver->settle(a->sink));
    net_reset(a->net);
    return ward_flush(a);
}

static bool key_has_changed(const struct change *c)
{
    const struct relation *r = c->relation;
    if (c->op != CHANGE_UPDATE || !c->before)
        return false;
    for (int i = 0; i < r->nkey; i++)
        if (c->after[r->key[i]].kind != VALUE_ABSENT &&
            !value_equal(&c->before[r->key[i]], &c->after[r->key[i]]))
            return true;
    return false;
}

void apply_report_deleted(struct apply *a, const struct batch *b, uint32_t first, uint32_t n)
{
    for (uint32_t i = first; a->deleted && i < first + n; i++) {
        const struct change *c = &b->changes[i];
        if (b->origins && b->origins[i].refused)
            continue; /* as the source has it, and not written */
        if (c->op == CHANGE_DELETE || c->op == CHANGE_TRUNCATE || key_has_changed(c))
            a->deleted(a->owner, c);
    }
}

/* ---- whole transactions ---- */

struct checkpoint apply_checkpoint_after(const struct apply *a, const struct batch *b,
                                         uint32_t last)
{
    const struct transaction *t = &b->transactions[last];
    bool further = last + 1 == b->ntransactions && b->progress;
    bool direct = !t->root || strcmp(t->root, t->position) == 0;
    const char *position = further ? b->progress : t->position;
    return apply_next(a, position, direct ? position : t->root, b->path);
}

static enum status write_transactions(struct apply *a, const struct batch *b, uint32_t first,
                                      uint32_t n)
{
    struct checkpoint c = apply_checkpoint_after(a, b, first + n - 1);
    TRY(apply_begin(a, &c));
    TRY(write_sets(a, b, first, n));
    return apply_commit(a, &c);
}

static void count_written(struct apply *a, const struct batch *b, uint32_t first, uint32_t n)
{
    uint32_t rows = count_changes(b, first, n);
    atomic_fetch_add(&a->transactions, n);
    atomic_fetch_add(&a->rows, rows);
    apply_report_deleted(a, b, b->transactions[first].first_change, rows);
}

static enum status row_mode(struct apply *a, const struct batch *b, uint32_t first, uint32_t n)
{
    log_warn("link=%s msg=\"a batch was refused, going on row by row\" transactions=%" PRIu32
             " error=%s",
             a->link, n, log_quote(a->failure->text));
    failure_clear(a->failure);
    return row_mode_apply(a, b, first, n);
}

static enum status apply_range(struct apply *a, const struct batch *b, uint32_t first, uint32_t n)
{
    struct backoff tries = {0};
    for (;;) {
        enum status status = write_transactions(a, b, first, n);
        if (status == STATUS_OK) {
            count_written(a, b, first, n);
            return STATUS_OK;
        }
        status = apply_roll_back(a, status);
        if (apply_is_shut_out(a))
            return apply_seq_taken(a);
        if (status == STATUS_DATA)
            return row_mode(a, b, first, n);
        if (!apply_lock_wait(a, status))
            return status;
        TRY(apply_pause(a, &tries));
        if (n > 1) { /* fewer locks, held for a shorter time */
            TRY(apply_range(a, b, first, n / 2));
            return apply_range(a, b, first + n / 2, n - n / 2);
        }
    }
}

static enum status apply_whole(struct apply *a, const struct batch *b)
{
    if (!a->row_mode_only)
        return apply_range(a, b, 0, b->ntransactions);
    TRY(row_mode_apply(a, b, 0, b->ntransactions));
    a->row_mode_only = false;
    return STATUS_OK;
}

/* ---- a large transaction, in pieces ---- */

static enum status write_changes_of_piece(struct apply *a, const struct batch *b)
{
    const struct transaction *t = &b->transactions[0];
    if (!a->row_mode_only)
        return write_sets(a, b, 0, 1);
    ward_begin(a, b, 0);
    TRY(row_mode_write(a, b, t->first_change, t->nchanges));
    return ward_flush(a);
}

static enum status write_piece(struct apply *a, const struct batch *b, const struct checkpoint *c)
{
    const struct transaction *t = &b->transactions[0];
    if (b->begins) {
        struct checkpoint opening = apply_next(a, NULL, NULL, b->path);
        TRY(apply_begin(a, &opening));
        TRY(a->driver->settle(a->sink)); /* a taken number shows before the work is done */
        a->in_large = true;
    }
    TRY(write_changes_of_piece(a, b));
    atomic_fetch_add(&a->rows, t->nchanges);
    apply_report_deleted(a, b, t->first_change, t->nchanges);
    crash_here(CRASH_BETWEEN_PIECES);
    if (!b->ends)
        return STATUS_OK;
    if (a->row_mode_only)
        TRY(row_mode_finish(a));
    TRY(ward_place(a, c->position));
    TRY(a->driver->move(a->sink, c));
    return apply_commit(a, c);
}

/* The earlier pieces are gone: the source must read the transaction again. */
static enum status piece_failed(struct apply *a, const struct batch *b, enum status status)
{
    status = apply_roll_back(a, status);
    if (apply_is_shut_out(a))
        return apply_seq_taken(a);
    if (apply_lock_wait(a, status))
        atomic_fetch_add(&a->lock_waits, 1);
    if (status != STATUS_DATA)
        return status;
    fail_at(a->failure, b->ends ? b->transactions[0].position : a->position);
    if (a->row_mode_only)
        return fail_in(a->failure, "link %s: large transaction after %s%s%s (skip takes either)",
                       a->link, a->position,
                       b->ends ? ", ending at " : "", b->ends ? b->transactions[0].position : "");
    a->row_mode_only = true;
    a->failure->code = ERROR_READ_AGAIN;
    return fail_in(a->failure,
                   "link %s: a large transaction was refused; it is read again and "
                   "goes row by row",
                   a->link);
}

static enum status apply_piece(struct apply *a, const struct batch *b)
{
    struct checkpoint c = {0};
    must(b->ntransactions == 1 && b->begins == !a->in_large);
    if (b->ends)
        c = apply_checkpoint_after(a, b, 0);
    enum status status = write_piece(a, b, &c);
    if (status != STATUS_OK)
        return piece_failed(a, b, status);
    if (b->ends) {
        if (a->row_mode_only)
            atomic_fetch_add(&a->row_mode_transactions, 1);
        atomic_fetch_add(&a->transactions, 1);
        a->in_large = a->row_mode_only = false;
    }
    return STATUS_OK;
}

enum status apply_batch(struct apply *a, const struct batch *b, enum apply_result *result)
{
    must(b->ntransactions > 0 && a->position);
    *result = b->ends ? APPLY_COMMITTED : APPLY_PIECE;
    return b->begins && b->ends ? apply_whole(a, b) : apply_piece(a, b);
}
