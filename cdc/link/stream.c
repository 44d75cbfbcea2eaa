/* The stream: the link's loop between the source's intake and the writer's queue.
 *
 *   on_ready    something was decoded: convert it, hand it to the writer while it has room
 *   on_written  a batch is durable: show it, acknowledge it, make room
 *   on_tick     idle checkpoints, kept log, figures
 *   on_nudge    asked to stop
 *
 * The end has one way: `end_with` says why; what was decoded before still goes through the writer;
 * then everything closes. A failed writer ends at once: its transaction was rolled back. */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "events/events.h"
#include "link/internal.h"
#include "sinks/ward.h"

enum {
    TICK_MS = 1000,
    UNTIL_TICK_MS = 20,
    DRAIN_LIMIT_US = 10 * 1000 * 1000,
    IDLE_LOG_BYTES = 16 * 1024 * 1024,
    BACKLOG_CHANGES = 1000,
    ROUND_TRIPS = 24, /* of a target transaction, several times over */
    FAR_US = 2000,
    FAR_BATCH_BYTES = 21 * 1024 * 1024,
    BATCH_CHANGES_MIN = 64,
    BATCH_CHANGES_MAX = 100 * 1000,
};
static const int64_t idle_at_least_every_us = 3600LL * 1000 * 1000;

static void end_with(struct attempt *a, enum status status)
{
    if (a->ending)
        return;
    a->ending = true;
    a->end_status = status;
    a->ending_since_us = clock_monotonic_us();
    a->source_driver->stop(a->source);
}

/* ---- intake -> plan ---- */

/* One change, in place. With an origin beside it one that has no form at the target stays as it is, and
 * says why. */
static enum status convert_change(struct attempt *a, struct batch *b, struct change *c,
                                  const struct plan *plan, const struct mapped_table *table,
                                  struct origin *o)
{
    if (!o)
        return plan_apply(plan, c, &b->arena, &a->failure);
    *o = (struct origin){.change = *c,
                         .target = table->written,
                         .holdable = !table->window && plan_keeps_key(plan)};
    enum status status = plan_apply(plan, c, &b->arena, &a->failure);
    if (status == STATUS_OK || a->failure.code != ERROR_VALUE || !a->lc->quarantines || !o->holdable)
        return status;
    o->refused = arena_strdup(&b->arena, a->failure.text);
    b->refused = true;
    failure_clear(&a->failure);
    return STATUS_OK;
}

/* Converts the batch's changes in place, leaving out those of a table that starts over. On an error
 * the batch holds the whole transactions before the bad one; `*good` says how many. */
static enum status convert(struct attempt *a, struct batch *b, uint32_t *good)
{
    uint32_t kept = 0;
    if (a->held_rows_watched)
        b->origins = arena_alloc(&b->arena, ((size_t)b->nchanges + 1) * sizeof *b->origins);
    for (*good = 0; *good < b->ntransactions; ++*good) {
        struct transaction *t = &b->transactions[*good];
        uint32_t first = kept;
        for (uint32_t i = t->first_change; i < t->first_change + t->nchanges; i++) {
            struct change c = b->changes[i];
            struct mapped_table *table;
            struct plan *plan;
            TRY(mapping_plan(a, c.relation, &plan, &table));
            if (table->window && (table->untouched || table->written->nkey == 0))
                continue; /* all of it is still to be read */
            TRY(convert_change(a, b, &c, plan, table, b->origins ? &b->origins[kept] : NULL));
            b->changes[kept++] = c;
        }
        t->first_change = first;
        t->nchanges = kept - first;
    }
    b->nchanges = kept;
    return STATUS_OK;
}

/* Leaves the first `n` transactions in the batch. */
static void cut(struct batch *b, uint32_t n)
{
    b->progress = NULL;
    b->ntransactions = n;
    b->nchanges =
        n == 0 ? 0 : b->transactions[n - 1].first_change + b->transactions[n - 1].nchanges;
}

static bool reached_until(struct attempt *a, const char *position)
{
    return a->until && position &&
           a->source_driver->compare(position, a->until) >= POSITION_EQUAL &&
           a->source_driver->compare(position, a->until) != POSITION_UNRELATED;
}

/* Transactions beyond `until` are not for this stream. */
static void cut_at_until(struct attempt *a, struct batch *b)
{
    uint32_t n = 0;
    while (n < b->ntransactions) {
        const char *position = b->transactions[n].position;
        if (position && a->source_driver->compare(position, a->until) > POSITION_EQUAL)
            break;
        n++;
    }
    if (n < b->ntransactions || reached_until(a, batch_position(b))) {
        cut(b, n);
        a->cut_off = true;
        end_with(a, STATUS_OK);
    }
}

static void remember_submitted(struct attempt *a, const struct batch *b)
{
    if (!b->ends)
        return;
    buffer_clear(&a->submitted);
    buffer_add_text(&a->submitted, batch_position(b));
}

static void to_writer(struct attempt *a, struct batch *b)
{
    remember_submitted(a, b);
    if (a->waiting_since_us == 0 && b->ntransactions > 0)
        a->waiting_since_us = b->transactions[0].committed_us;
    writer_push(&a->writer, b);
}

/* A link with flows reads again what its mirror lacks, and what made no event moved no checkpoint. */
static bool comes_before_skipped(const struct attempt *a, const struct batch *b)
{
    const char *position = b->transactions[0].position;
    if (!attempt_carries_events(a) || !position)
        return false;
    enum position_order o = a->source_driver->compare(position, a->begun_at);
    return o == POSITION_BEFORE || o == POSITION_EQUAL ||
           a->source_driver->compare(position, link_skip_position(a->link)) == POSITION_BEFORE;
}

/* A transaction that is passed is held as the source has it: it may be one that cannot be
 * converted. The writer checks that it is the one that was named. */
static bool is_passed(struct attempt *a, const struct batch *b)
{
    if (!link_skip_position(a->link) || a->skip_handed_over || b->ntransactions == 0 ||
        comes_before_skipped(a, b))
        return false;
    a->skip_handed_over = b->ends;
    return true;
}

static enum status convert_all(struct attempt *a, struct batch *b)
{
    uint32_t good;
    if (attempt_carries_events(a))
        return STATUS_OK; /* rows are the mirror's affair */
    enum status status = convert(a, b, &good);
    if (status == STATUS_OK)
        return STATUS_OK;
    const char *position = b->transactions[good].position;
    const char *place = position ? position : buffer_text(&a->submitted);
    fail_at(&a->failure, place);
    fail_in(&a->failure, "%s%s", position ? "transaction ending at " : "large transaction after ",
            place);
    cut(b, good);
    return status;
}

static void submit(struct attempt *a, struct batch *b)
{
    crash_here(CRASH_AFTER_DECODE);
    a->log_bytes += b->source_bytes;
    if (a->until)
        cut_at_until(a, b);
    enum status status = is_passed(a, b) ? STATUS_OK : convert_all(a, b);
    if (status != STATUS_OK) {
        a->cut_off = true;
        end_with(a, status);
        a->end_status = status; /* also where the stream has just come to its `until` */
    }
    intake_grown(&a->intake, b);
    if (b->ntransactions > 0)
        to_writer(a, b);
    else
        intake_return(&a->intake, b);
}

/* `skip` without a process is asked for one transaction: what comes after it is not its business. */
static bool has_passed_all(const struct attempt *a)
{
    return a->skip_handed_over && link_ends_after_skip(a->link);
}

static void take_intake_failure(struct attempt *a)
{
    if (!a->intake.failed || a->ending || has_passed_all(a))
        return;
    a->failure = a->intake.failure;
    end_with(a, error_status(a->failure.code));
}

static void check_end(struct attempt *a);

/* After `until`, or after a batch that could not be converted, nothing later may go out. */
static bool done_submitting(const struct attempt *a)
{
    return a->closing || a->cut_off || has_passed_all(a);
}

/* The second place in the writer's queue is for backlogs: a lone transaction that took it would keep
 * those after it waiting for two commits. */
static struct batch *next_batch(struct attempt *a)
{
    int pending = writer_pending(&a->writer);
    if (done_submitting(a) || pending >= WRITER_QUEUE)
        return NULL;
    if (pending == 0 || a->ending)
        return intake_take(&a->intake);
    return intake_take_large(&a->intake, BACKLOG_CHANGES);
}

static void pump(struct attempt *a)
{
    struct batch *b;
    while ((b = next_batch(a)))
        submit(a, b);
    check_end(a);
}

/* ---- written -> acknowledgement ---- */

static void acknowledge(struct attempt *a, const char *position)
{
    crash_here(CRASH_BEFORE_ACK);
    a->source_driver->ack(a->source, position);
    crash_here(CRASH_AFTER_ACK);
}

static void free_held(struct held_ack *h)
{
    if (h)
        free(h->position);
    free(h);
}

static void release_held_acks(struct attempt *a)
{
    int64_t now = clock_monotonic_us();
    struct held_ack *h, *last = NULL;
    while ((h = a->held_first) && now - h->at_us >= a->lc->keep_log_ms * 1000 &&
           a->log_bytes - h->bytes >= a->lc->keep_log_bytes) {
        a->held_first = h->next;
        free_held(last);
        last = h;
    }
    if (!a->held_first)
        a->held_last = NULL;
    if (last)
        acknowledge(a, last->position);
    free_held(last);
}

/* A thousandth of what is kept is exact enough, and bounds how many positions are held. */
static bool joins_last_held(const struct attempt *a, int64_t now)
{
    const struct held_ack *h = a->held_last;
    if (!h)
        return false;
    return now - h->first_us < a->lc->keep_log_ms ||
           a->log_bytes - h->first_bytes < a->lc->keep_log_bytes / 1000;
}

static struct held_ack *new_held(struct attempt *a, int64_t now)
{
    struct held_ack *h = calloc(1, sizeof *h);
    must(h);
    h->first_us = now;
    h->first_bytes = a->log_bytes;
    if (a->held_last)
        a->held_last->next = h;
    else
        a->held_first = h;
    a->held_last = h;
    return h;
}

/* keep_log: acknowledged later, when it is old enough and far enough behind. */
static void hold_ack(struct attempt *a, const char *position)
{
    int64_t now = clock_monotonic_us();
    struct held_ack *h = joins_last_held(a, now) ? a->held_last : new_held(a, now);
    free(h->position);
    h->position = strdup(position);
    must(h->position);
    h->at_us = now;
    h->bytes = a->log_bytes;
}

static void durable(struct attempt *a, const char *position)
{
    if (a->lc->keep_log_ms == 0 && a->lc->keep_log_bytes == 0)
        acknowledge(a, position);
    else
        hold_ack(a, position);
}

static void free_held_acks(struct attempt *a)
{
    struct held_ack *h;
    while ((h = a->held_first)) {
        a->held_first = h->next;
        free_held(h);
    }
    a->held_last = NULL;
}

/* apply_ms: fewer changes a batch when locks were held too long, slowly more when not. What the way to
 * the target and back takes does not get less with fewer changes. */
static void tune(struct attempt *a, const struct batch *b)
{
    int64_t took = atomic_load(&a->writer.apply.apply_us);
    int64_t aim = a->lc->apply_ms * 1000LL + ROUND_TRIPS * a->round_trip_us;
    uint64_t n = a->tuned_changes;
    if (took > aim && b->nchanges > BATCH_CHANGES_MIN)
        n = (uint64_t)b->nchanges * (uint64_t)aim / (uint64_t)took;
    else if (b->nchanges * 2 > n)
        n += n / 8 + 1;
    n = n < BATCH_CHANGES_MIN ? BATCH_CHANGES_MIN : n > BATCH_CHANGES_MAX ? BATCH_CHANGES_MAX : n;
    a->tuned_changes = (uint32_t)n;
    if (!a->one_each)
        a->intake.batch_changes = a->tuned_changes;
}

/* MariaDB's log has whole seconds: a commit somewhere within one. No finer lag is shown than it
 * tells: the whole seconds that have surely passed. */
static int64_t lag_since(int64_t committed_us)
{
    const int64_t second = 1000 * 1000;
    int64_t lag = clock_wall_us() - committed_us;
    if (committed_us % second != 0)
        return lag;
    return lag < second ? 0 : (lag / second - 1) * second;
}

/* Of a link with flows: the lesser of target and mirror. */
static void acknowledge_events(struct attempt *a, const struct batch *b)
{
    if (!b->acknowledged || strcmp(buffer_text(&a->acknowledged), b->acknowledged) == 0)
        return;
    buffer_clear(&a->acknowledged);
    buffer_add_text(&a->acknowledged, b->acknowledged);
    durable(a, b->acknowledged);
}

/* What a finished batch tells the status. */
static void show_written(struct link_status *s, void *arg)
{
    const struct batch *b = arg;
    const char *position = b->checkpoint ? b->checkpoint : batch_position(b);
    if (position && (b->ends || b->ntransactions == 0))
        snprintf(s->position, sizeof s->position, "%s", position);
    if (b->ntransactions == 0)
        return;
    s->rows += b->nchanges;
    if (!b->ends)
        return;
    const struct transaction *last = &b->transactions[b->ntransactions - 1];
    s->transactions += b->ntransactions;
    s->commits++;
    if (last->committed_us)
        s->lag_us = lag_since(last->committed_us);
}

static void finish_batch(struct attempt *a, struct batch *b)
{
    bool events = attempt_carries_events(a);
    link_show(a->link, show_written, b);
    if (events)
        acknowledge_events(a, b);
    if (b->ntransactions == 0) {
        if (!events && b->progress)
            durable(a, b->progress);
        batch_free(b); /* made here, not by the intake */
        return;
    }
    if (!events)
        tune(a, b);
    if (b->ends && !events)
        durable(a, batch_position(b));
    a->waiting_since_us = 0;
    intake_return(&a->intake, b);
}

static void count_skipped(struct link_status *s, void *arg)
{
    (void)arg;
    s->skipped++;
}

static void after_skip(struct attempt *a)
{
    if (!writer_took_skip(&a->writer))
        return;
    link_show(a->link, count_skipped, NULL);
    log_info("link=%s msg=\"transaction skipped, its rows are in millrace.held\" position=%s",
             a->lc->name, link_skip_position(a->link));
    link_skip_done(a->link);
    a->one_each = false;
    a->intake.batch_changes = a->tuned_changes;
    if (link_ends_after_skip(a->link)) {
        a->cut_off = true; /* nobody asked for more than that one */
        end_with(a, STATUS_STOPPED);
    }
}

static void close_handles(struct attempt *a);

static void writer_gave_up(struct attempt *a, enum status status)
{
    end_with(a, status);
    a->end_status = status;
    a->failure = a->writer.failure;
    close_handles(a);
}

/* What a person asks of held rows is done between batches: where none comes, an empty one is sent. */
static void wake_for_person(struct attempt *a)
{
    if (attempt_carries_events(a) || a->ending || writer_pending(&a->writer) > 0 ||
        !link_has_quarantine_request(a->link))
        return;
    writer_push(&a->writer, batch_new());
}

static void on_written(uv_async_t *handle)
{
    struct attempt *a = handle->data;
    enum status status;
    struct batch *b;
    bool failed = writer_failed(&a->writer, &status);
    while (!failed && (b = writer_done(&a->writer)))
        finish_batch(a, b);
    if (failed) {
        writer_gave_up(a, status);
        return;
    }
    after_skip(a);
    pump(a);
    if (atomic_load(&a->writer.more))
        wake_for_person(a);
}

/* ---- idle ---- */

/* A position without rows is worth a transaction only now and then: else two idle links would wake
 * each other for ever. */
static bool idle_is_due(struct attempt *a, bool moved, uint64_t log_bytes)
{
    int64_t age_us = clock_monotonic_us() - a->idle_checkpoint_at_us;
    if (a->until || log_bytes >= IDLE_LOG_BYTES || age_us >= idle_at_least_every_us)
        return true;
    return moved && age_us >= a->lc->idle_checkpoint_ms * 1000;
}

static void idle_checkpoint(struct attempt *a)
{
    bool moved;
    uint64_t log_bytes;
    const char *position;
    if (a->ending || writer_pending(&a->writer) > 0 ||
        !intake_peek_idle(&a->intake, &moved, &log_bytes) || !idle_is_due(a, moved, log_bytes))
        return;
    struct batch *b = batch_new();
    b->begins = b->ends = true;
    if (!intake_idle(&a->intake, &b->arena, &position, &moved, &log_bytes)) {
        batch_free(b);
        return;
    }
    a->idle_checkpoint_at_us = clock_monotonic_us();
    if (reached_until(a, position)) {
        batch_free(b);
        end_with(a, STATUS_OK);
        return;
    }
    a->log_bytes += log_bytes;
    b->progress = position;
    writer_push(&a->writer, b);
}

/* What is held may be due to be tried again, and the mirror to be committed. */
static void wake_events(struct attempt *a)
{
    if (!attempt_carries_events(a) || a->ending || writer_pending(&a->writer) > 0)
        return;
    if (attempt_owners_changed(a)) {
        end_with(a, fail(&a->failure, ERROR_READ_AGAIN,
                         "another link has said which columns it owns in system %s: beginning once "
                         "more, to watch them", a->lc->from->name));
        return;
    }
    writer_push(&a->writer, batch_new());
}

/* ---- figures ---- */

static void show_held_rows(struct link_status *s, const struct attempt *a)
{
    if (!a->writer.apply.ward)
        return;
    const struct ward_figures *f = ward_figures(a->writer.apply.ward);
    s->rows_quarantined = atomic_load(&f->quarantined);
    s->rows_behind = atomic_load(&f->behind);
}

static void show_events(struct link_status *s, const struct attempt *a)
{
    if (!attempt_carries_events(a))
        return;
    const struct event_figures *f = events_figures(a->writer.events);
    s->carries_events = true;
    s->events_written = atomic_load(&f->written);
    s->rows_drifted = atomic_load(&f->drifted);
    s->events_waiting = atomic_load(&f->waiting_now);
    s->events_quarantined = atomic_load(&f->quarantined_now);
}

static void show_figures(struct link_status *s, void *arg)
{
    struct attempt *a = arg;
    const struct apply *apply = &a->writer.apply;
    int64_t now = clock_monotonic_us();
    if (now - a->rate_at_us >= 1000 * 1000) {
        s->rows_per_second = (double)(s->rows - a->rate_rows) * 1e6 / (double)(now - a->rate_at_us);
        a->rate_rows = s->rows;
        a->rate_at_us = now;
    }
    show_events(s, a);
    show_held_rows(s, a);
    s->lock_waits = atomic_load(&apply->lock_waits);
    s->row_mode_transactions = atomic_load(&apply->row_mode_transactions);
    s->paused = intake_waited_for(&a->intake);
    pthread_mutex_lock(&a->intake.mutex);
    s->backlog_bytes = a->intake.outstanding_bytes;
    pthread_mutex_unlock(&a->intake.mutex);
    if (s->backlog_bytes == 0)
        s->lag_us = s->lag_us < 0 ? -1 : 0;
    else if (a->waiting_since_us && lag_since(a->waiting_since_us) > s->lag_us)
        s->lag_us = lag_since(a->waiting_since_us);
}

/* ---- the loop's hooks ---- */

static void on_ready(uv_async_t *handle)
{
    pump(handle->data);
}

static void on_tick(uv_timer_t *handle)
{
    struct attempt *a = handle->data;
    link_show(a->link, show_figures, a);
    release_held_acks(a);
    idle_checkpoint(a);
    wake_events(a);
    wake_for_person(a);
    pump(a);
    if (a->ending && atomic_load(&a->stop_asked) &&
        clock_monotonic_us() - a->ending_since_us > DRAIN_LIMIT_US)
        wake_set(&a->wake); /* the writer is stuck: its call fails, nothing is committed */
}

static void on_nudge(uv_async_t *handle)
{
    struct attempt *a = handle->data;
    link_set_state(a->link, LINK_DRAINING);
    if (!a->ending)
        fail(&a->failure, ERROR_STOPPED, "asked to stop");
    end_with(a, STATUS_STOPPED);
    a->ending_since_us = clock_monotonic_us();
    pump(a);
}

static void intake_ready(void *owner)
{
    uv_async_send(&((struct attempt *)owner)->ready);
}

static void intake_room(void *owner)
{
    struct attempt *a = owner;
    if (!a->ending)
        a->source_driver->room(a->source);
}

/* Everything decoded before the end has gone through the writer? Nothing is pending either at one
 * that has failed: how this ends is up to on_written, which is due. */
static void check_end(struct attempt *a)
{
    enum status status;
    take_intake_failure(a);
    if (!a->ending || writer_pending(&a->writer) > 0 || writer_failed(&a->writer, &status))
        return;
    struct batch *b;
    if (!done_submitting(a) && (b = intake_take(&a->intake))) {
        submit(a, b);
        return;
    }
    close_handles(a);
}

static void close_handles(struct attempt *a)
{
    if (a->closing)
        return;
    a->closing = true;
    attempt_set_phase(a, PHASE_SETUP);
    uv_close((uv_handle_t *)&a->ready, NULL);
    uv_close((uv_handle_t *)&a->written, NULL);
    uv_close((uv_handle_t *)&a->nudge, NULL);
    uv_close((uv_handle_t *)&a->tick, NULL);
}

static void open_handles(struct attempt *a)
{
    int tick_ms = a->until ? UNTIL_TICK_MS : TICK_MS;
    uv_async_init(&a->loop, &a->ready, on_ready);
    uv_async_init(&a->loop, &a->written, on_written);
    uv_async_init(&a->loop, &a->nudge, on_nudge);
    uv_timer_init(&a->loop, &a->tick);
    a->ready.data = a->written.data = a->nudge.data = a->tick.data = a;
    uv_timer_start(&a->tick, on_tick, (uint64_t)tick_ms, (uint64_t)tick_ms);
}

static void begin_skip(struct attempt *a)
{
    a->begun_at = arena_strdup(&a->arena, a->writer.apply.position);
    a->writer.skip = link_skip_position(a->link);
    a->writer.skip_from = a->begun_at;
    a->one_each = a->writer.skip != NULL;
    if (a->one_each)
        a->intake.batch_changes = 1;
}

/* What a target transaction waits for on its way is paid once a batch, and events are written while
 * more of the same batch is read: one of a third of the budget is written while another is filled,
 * and a third is left to conversions. */
static void size_batches(struct attempt *a)
{
    size_t most = a->lc->budget_bytes / 3;
    if (a->round_trip_us >= FAR_US || attempt_carries_events(a))
        a->intake.batch_bytes = most < FAR_BATCH_BYTES ? most : FAR_BATCH_BYTES;
}

static void begin(struct attempt *a, const char *from, const char *until)
{
    intake_free(&a->intake); /* what an earlier stream of this attempt left */
    intake_init(&a->intake, a->lc->budget_bytes);
    size_batches(a);
    if (attempt_carries_events(a))
        a->intake.batch_changes = BATCH_CHANGES_MAX; /* they cut their target transactions themselves */
    a->until = until;
    a->ending = a->closing = a->cut_off = false;
    a->end_status = STATUS_OK;
    a->waiting_since_us = 0;
    a->idle_checkpoint_at_us = a->rate_at_us = clock_monotonic_us();
    if (attempt_carries_events(a)) /* the mirror may be behind a checkpoint at which nothing ends */
        a->idle_checkpoint_at_us -= idle_at_least_every_us;
    a->intake.on_ready = intake_ready;
    a->intake.on_room = intake_room;
    a->intake.ready_owner = a->intake.room_owner = a;
    a->tuned_changes = a->intake.batch_changes;
    buffer_clear(&a->submitted);
    buffer_add_text(&a->submitted, from);
    begin_skip(a);
    a->held_rows_watched = ward_watches(a->writer.apply.ward);
    marker_guard_init(&a->guard, a->source_id, a->target_id);
    open_handles(a);
}

/* The loop has run out: nothing of the stream is left running. */
static void finish(struct attempt *a)
{
    a->source_driver->stop(a->source);
    while (!a->source_driver->stopped(a->source)) {
        uv_run(&a->loop, UV_RUN_NOWAIT);
        wake_poll(&a->wake, -1, 0, 1);
    }
    enum status status;
    writer_stop(&a->writer);
    if (attempt_carries_events(a) && !writer_failed(&a->writer, &status) &&
        !a->writer.apply.in_large)
        events_rest(a->writer.events);
    marker_guard_free(&a->guard);
    free_held_acks(a);
}

enum status stream_run(struct attempt *a, const char *from, const char *until)
{
    begin(a, from, until);
    enum status status = writer_start(&a->writer, &a->written, &a->failure);
    if (status == STATUS_OK)
        status = a->source_driver->start(a->source, from, &a->guard);
    if (status != STATUS_OK) {
        a->ending = true;
        a->end_status = status;
        close_handles(a);
    } else {
        attempt_set_phase(a, PHASE_STREAM);
        pump(a); /* says that we are hungry */
    }
    uv_run(&a->loop, UV_RUN_DEFAULT);
    finish(a);
    return a->end_status;
}
