#include "events/flight.h"

#include <pthread.h>
#include <stdlib.h>
#include "events/internal.h"

struct flight {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool started, ends; /* the thread */
    bool flies, lands;  /* under way; or over, and nobody has asked yet */
    enum status status;
    uint32_t n; /* events */
    struct events other;
    struct checkpoint at;
};

struct flight *flight_new(void)
{
    struct flight *f = calloc(1, sizeof *f);
    must(f);
    pthread_mutex_init(&f->mutex, NULL);
    pthread_cond_init(&f->changed, NULL);
    return f;
}

static void end_thread(struct flight *f)
{
    pthread_mutex_lock(&f->mutex);
    must(!f->flies);
    f->ends = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->mutex);
    pthread_join(f->thread, NULL);
    tell_free(&f->other);
    arena_free(&f->other.arena);
}

void flight_free(struct flight *f)
{
    if (!f)
        return;
    if (f->started)
        end_thread(f);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->mutex);
    free(f);
}

/* ---- the thread ---- */

static void *write_beside(void *arg)
{
    struct flight *f = arg;
    pthread_mutex_lock(&f->mutex);
    while (!f->ends) {
        if (!f->flies) {
            pthread_cond_wait(&f->changed, &f->mutex);
            continue;
        }
        pthread_mutex_unlock(&f->mutex);
        enum status status = write_transaction(&f->other, &f->at);
        pthread_mutex_lock(&f->mutex);
        f->status = status;
        f->flies = false;
        f->lands = true;
        pthread_cond_broadcast(&f->changed);
    }
    pthread_mutex_unlock(&f->mutex);
    return NULL;
}

/* Its arena and what was told are its own; the mirror is not its business. */
static void make_other(struct flight *f, const struct events *e)
{
    f->other = *e;
    arena_init(&f->other.arena);
    f->other.told = NULL;
    f->other.mirror = NULL;
    f->other.flight = NULL;
    carry_forget(&f->other);
    f->started = true;
    must(pthread_create(&f->thread, NULL, write_beside, f) == 0);
}

/* ---- the reader's side ---- */

#define SWAP(type, a, b)                                                                           \
    do {                                                                                           \
        type swapped = (a);                                                                        \
        (a) = (b);                                                                                 \
        (b) = swapped;                                                                             \
    } while (0)

static void exchange(struct events *a, struct events *b)
{
    SWAP(struct arena, a->arena, b->arena);
    SWAP(struct carried *, a->list, b->list);
    SWAP(uint32_t, a->n, b->n);
    SWAP(uint32_t, a->capacity, b->capacity);
    SWAP(uint32_t, a->transaction, b->transaction);
    SWAP(struct asking *, a->asking, b->asking);
    SWAP(struct replaced *, a->replaced, b->replaced);
    SWAP(uint32_t, a->refusals, b->refusals);
}

/* The batch that its texts are of stays, but the apply's own text goes with the commit. */
static struct checkpoint copy_of(const struct checkpoint *c, struct arena *a)
{
    struct checkpoint copy = *c;
    copy.position = arena_strdup(a, c->position);
    copy.root = arena_strdup(a, c->root);
    copy.path = arena_strdup(a, c->path);
    return copy;
}

void flight_start(struct events *e, const struct checkpoint *c)
{
    struct flight *f = e->flight;
    must(!f->flies && !f->lands && !e->apply->in_large);
    if (!f->started)
        make_other(f, e);
    exchange(e, &f->other);
    f->other.path = e->path;
    f->n = f->other.n;
    e->may_hold = held_keys_count(e->refused) > 0 || f->other.refusals > 0;
    f->at = copy_of(c, &f->other.arena);
    e->failure = &e->reading;
    failure_clear(e->failure);
    pthread_mutex_lock(&f->mutex);
    f->flies = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->mutex);
}

bool flight_is_up(const struct events *e)
{
    return e->failure == &e->reading;
}

/* What was not written is carried again; what was read after it is forgotten. */
static void take_back(struct events *e, struct flight *f)
{
    exchange(e, &f->other);
    carry_forget(&f->other);
}

enum status flight_land(struct events *e)
{
    struct flight *f = e->flight;
    if (!f) /* this is the other one */
        return STATUS_OK;
    pthread_mutex_lock(&f->mutex);
    while (f->flies)
        pthread_cond_wait(&f->changed, &f->mutex);
    bool landed = f->lands;
    enum status status = landed ? f->status : STATUS_OK;
    f->lands = false;
    pthread_mutex_unlock(&f->mutex);
    e->failure = e->apply->failure;
    if (status != STATUS_OK)
        take_back(e, f);
    else if (landed)
        write_tune(e, f->n);
    return status;
}
