/* The writer's thread: takes converted batches in order and applies each. It knows no source and
 * no loop; it only rings `written`. After an error it applies nothing more. */
#include <string.h>
#include "link/internal.h"

void writer_init(struct writer *w)
{
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->work, NULL);
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

/* Only the transaction that the person named is passed; another one is nobody's to drop. */
static enum status check_skip(struct writer *w, const struct batch *b)
{
    const char *position = b->transactions[0].position;
    if (b->ntransactions == 1 && (!b->ends || strcmp(position, w->skip) == 0))
        return STATUS_OK;
    w->apply.driver->rollback(w->apply.sink);
    return fail(&w->failure, ERROR_CONFIG,
                "skip: next is the transaction ending at %s, not %s; nothing was skipped", position,
                w->skip);
}

static enum status apply_one(struct writer *w, struct batch *b)
{
    if (b->ntransactions == 0)
        return apply_position(&w->apply, b->progress, NULL);
    if (w->skip) {
        TRY(check_skip(w, b));
        TRY(apply_skip(&w->apply, b));
        if (b->ends) {
            w->skip = NULL;
            w->skipped = true;
        }
        return STATUS_OK;
    }
    enum apply_result result;
    return apply_batch(&w->apply, b, &result);
}

/* The next batch, or NULL when the thread shall end. Called with the lock held. */
static struct batch *next_batch(struct writer *w)
{
    while (!w->stop && !w->queue_first)
        pthread_cond_wait(&w->work, &w->mutex);
    return w->stop ? NULL : pop(&w->queue_first, &w->queue_last);
}

static void *writer_thread(void *arg)
{
    struct writer *w = arg;
    struct batch *b;
    pthread_mutex_lock(&w->mutex);
    while (!w->failed && (b = next_batch(w))) {
        pthread_mutex_unlock(&w->mutex);
        enum status status = apply_one(w, b);
        pthread_mutex_lock(&w->mutex);
        push(&w->done_first, &w->done_last, b);
        w->pending--;
        w->failed = status != STATUS_OK;
        w->status = status;
        uv_async_send(w->written);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

enum status writer_start(struct writer *w, uv_async_t *written, struct failure *f)
{
    w->written = written;
    w->stop = w->failed = false;
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
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->mutex);
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
