/* The writer's thread: takes converted batches in order and applies each. It knows no source and
 * no loop; it only rings `written`. After an error it applies nothing more. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "events/events.h"
#include "link/internal.h"

enum { PING_EVERY_US = 15 * 1000 * 1000 };

void writer_init(struct writer *w)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->work, &monotonic);
    pthread_condattr_destroy(&monotonic);
    apply_init(&w->apply);
    w->apply.failure = &w->failure;
}

static void push(struct batch **first, struct batch **last, struct batch *b)
{
    b->next = NULL;
    if (*last)
        (*last)->next = b;
    else
        *first = b;
    *last = b;
}

static struct batch *pop(struct batch **first, struct batch **last)
{
    struct batch *b = *first;
    if (!b)
        return NULL;
    *first = b->next;
    if (!*first)
        *last = NULL;
    b->next = NULL;
    return b;
}

static bool is_named(const struct writer *w, const struct batch *b)
{
    return strcmp(b->transactions[0].position, w->skip) == 0 || strcmp(w->skip, w->skip_from) == 0;
}

/* Only the transaction that the person named is passed; another one is nobody's to drop. A large
 * one's end may not be known to the person: then it is the one after the link's position. */
static enum status check_skip(struct writer *w, const struct batch *b)
{
    if (b->ntransactions == 1 && (!b->ends || is_named(w, b)))
        return STATUS_OK;
    w->apply.driver->rollback(w->apply.sink);
    fail(&w->failure, ERROR_CONFIG,
         "skip: next is the transaction ending at %s, not %s; nothing was skipped",
         b->transactions[0].position, w->skip);
    return fail_at(&w->failure, b->transactions[0].position);
}

static enum status pass(struct writer *w, struct batch *b, bool *passed)
{
    TRY(check_skip(w, b));
    TRY(apply_skip(&w->apply, b));
    *passed = b->ends;
    return w->events ? events_pass(w->events, b) : STATUS_OK;
}

/* ---- events ---- */

static void answer(struct writer *w, enum error error, const char *text)
{
    link_answer_quarantine(w->link, w->asked.id, error, text);
    w->asked.id = 0;
}

static enum status drop(struct writer *w)
{
    char text[200];
    uint64_t dropped;
    TRY(events_drop(w->events, &w->asked.filter, &dropped));
    snprintf(text, sizeof text, "%llu held events dropped", (unsigned long long)dropped);
    answer(w, ERROR_NONE, text);
    return STATUS_OK;
}

static void tell_retried(struct writer *w)
{
    char text[200];
    struct tried_again r;
    if (!events_retried(w->events, &r))
        return;
    snprintf(text, sizeof text, "%llu held events tried; %llu are out of millrace.held",
             (unsigned long long)r.tried, (unsigned long long)r.gone);
    answer(w, ERROR_NONE, text);
}

/* What the target refused may fit by now, as its tables are: they are looked at once a request. */
static enum status retry(struct writer *w)
{
    bool same = true;
    const struct relation *then;
    for (int i = 0; same && (then = events_table(w->events, i)); i++)
        TRY(held_rows_table_stands(w, then, &same));
    if (!same && link_refreshes(w->link, w->asked.id))
        return fail(&w->failure, ERROR_READ_AGAIN,
                    "held events are to be tried again, and a table is not what it was when the link "
                    "started: beginning once more, to see it as it is");
    events_retry(w->events, &w->asked.filter);
    return STATUS_OK;
}

/* What a person asks of held events is taken up, or gone on with. */
static enum status hear_person(struct writer *w)
{
    if (w->apply.in_large)
        return STATUS_OK;
    if (w->asked.id) {
        tell_retried(w);
        return STATUS_OK;
    }
    if (!events_caught_up(w->events) || !link_take_quarantine_request(w->link, &w->asked))
        return STATUS_OK;
    if (w->asked.skip)
        return drop(w);
    return retry(w);
}

static enum status carry(struct writer *w, struct batch *b)
{
    TRY(hear_person(w));
    if (b->ntransactions == 0)
        TRY(events_idle(w->events, b->progress));
    else
        TRY(events_batch(w->events, b));
    if (w->asked.id)
        tell_retried(w);
    const char *acknowledged = events_acknowledged(w->events);
    b->acknowledged = acknowledged ? arena_strdup(&b->arena, acknowledged) : NULL;
    b->checkpoint = arena_strdup(&b->arena, w->apply.position);
    return STATUS_OK;
}

/* While a transaction is to be passed, what comes before it goes its way: the mirror was not
 * committed when the link failed, and what made no event moved no checkpoint. */
static bool is_carried(const struct writer *w, const struct batch *b)
{
    if (!w->events)
        return false;
    return !w->skip || b->ntransactions == 0 ||
           events_is_before(w->events, b->transactions[0].position, w->skip);
}

static enum status apply_one(struct writer *w, struct batch *b, bool *passed)
{
    enum apply_result result;
    if (is_carried(w, b))
        return carry(w, b);
    if (!w->skip)
        TRY(held_rows_hear(w));
    if (b->ntransactions == 0)
        return b->progress ? apply_position(&w->apply, b->progress, NULL) : STATUS_OK;
    if (w->skip)
        return pass(w, b, passed);
    return apply_batch(&w->apply, b, &result);
}

static bool wait_until(struct writer *w, int64_t until_us)
{
    struct timespec t = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    return pthread_cond_timedwait(&w->work, &w->mutex, &t) == 0;
}

/* False: nothing came for long, and the server must hear of us, since a large transaction is open
 * there. Called with the lock held. */
static bool wait_for_work(struct writer *w)
{
    int64_t until_us = clock_monotonic_us() + PING_EVERY_US;
    while (!w->stop && !w->queue_first) {
        if (!w->apply.in_large)
            pthread_cond_wait(&w->work, &w->mutex);
        else if (!wait_until(w, until_us))
            return w->stop || w->queue_first;
    }
    return true;
}

/* The work in hand, without the lock. */
static void work_on(struct writer *w, struct batch *b)
{
    bool passed = false;
    pthread_mutex_unlock(&w->mutex);
    enum status status = b ? apply_one(w, b, &passed) : apply_ping(&w->apply);
    if (passed)
        w->skip = NULL;
    pthread_mutex_lock(&w->mutex);
    w->skipped = w->skipped || passed;
    w->failed = status != STATUS_OK;
    w->status = status;
}

/* Done is what is durable: all that the link takes from there it acknowledges, even when the writer
 * fails at the next batch while it is taking. */
static void hand_back(struct writer *w, struct batch *b)
{
    if (w->failed)
        push(&w->queue_first, &w->queue_last, b); /* freed at the stop */
    else
        push(&w->done_first, &w->done_last, b);
    w->pending--;
}

static void *writer_thread(void *arg)
{
    struct writer *w = arg;
    pthread_mutex_lock(&w->mutex);
    while (!w->failed) {
        bool work = wait_for_work(w);
        if (w->stop)
            break;
        struct batch *b = work ? pop(&w->queue_first, &w->queue_last) : NULL;
        work_on(w, b);
        if (b)
            hand_back(w, b);
        if (b || w->failed)
            uv_async_send(w->written);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

enum status writer_start(struct writer *w, uv_async_t *written, struct failure *f)
{
    w->written = written;
    w->stop = w->failed = w->skipped = false;
    if (pthread_create(&w->thread, NULL, writer_thread, w) != 0)
        return fail(f, ERROR_INTERNAL, "cannot start the writer's thread");
    w->running = true;
    return STATUS_OK;
}

void writer_push(struct writer *w, struct batch *b)
{
    pthread_mutex_lock(&w->mutex);
    push(&w->queue_first, &w->queue_last, b);
    w->pending++;
    pthread_mutex_unlock(&w->mutex);
    pthread_cond_signal(&w->work); /* whom it wakes finds the lock free */
}

struct batch *writer_done(struct writer *w)
{
    pthread_mutex_lock(&w->mutex);
    struct batch *b = pop(&w->done_first, &w->done_last);
    pthread_mutex_unlock(&w->mutex);
    return b;
}

int writer_pending(struct writer *w)
{
    pthread_mutex_lock(&w->mutex);
    int n = w->pending;
    pthread_mutex_unlock(&w->mutex);
    return n;
}

bool writer_failed(struct writer *w, enum status *status)
{
    pthread_mutex_lock(&w->mutex);
    bool failed = w->failed;
    *status = w->status;
    pthread_mutex_unlock(&w->mutex);
    return failed;
}

bool writer_took_skip(struct writer *w)
{
    pthread_mutex_lock(&w->mutex);
    bool took = w->skipped;
    w->skipped = false;
    pthread_mutex_unlock(&w->mutex);
    return took;
}

void writer_stop(struct writer *w)
{
    if (!w->running)
        return;
    pthread_mutex_lock(&w->mutex);
    w->stop = true;
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    w->running = false;
    struct batch *b;
    while ((b = pop(&w->queue_first, &w->queue_last)) || (b = pop(&w->done_first, &w->done_last)))
        batch_free(b);
    w->pending = 0;
}
