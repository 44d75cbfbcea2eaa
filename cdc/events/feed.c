#include "events/feed.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/fail.h"
#include "config/config.h"

struct feed_listener {
    struct feed *feed;
    struct feed_filter filter;
    struct buffer said; /* guarded by the feed's mutex */
    bool cut_off;
    void (*more)(void *owner);
    void *owner;
};

struct feed {
    _Atomic int n;
    pthread_mutex_t mutex;
    struct feed_listener *listeners[FEED_LISTENERS_MAX]; /* NULL: free */
};

struct feed *feed_new(void)
{
    struct feed *f = calloc(1, sizeof *f);
    must(f);
    pthread_mutex_init(&f->mutex, NULL);
    return f;
}

void feed_free(struct feed *f)
{
    if (!f)
        return;
    must(atomic_load(&f->n) == 0);
    pthread_mutex_destroy(&f->mutex);
    free(f);
}

/* ---- filters ---- */

static bool takes(const char *pattern, const char *text)
{
    return !pattern || (text && pattern_match(pattern, text, NULL, 0));
}

static bool takes_a_name(const char *pattern, const struct feed_event *e)
{
    bool any = !pattern;
    for (int i = 0; i < FEED_NAMES && !any; i++)
        any = takes(pattern, e->names[i]);
    return any;
}

static bool is_for(const struct feed_listener *l, const struct feed_event *e)
{
    const struct feed_filter *f = &l->filter;
    return !l->cut_off && takes(f->link, e->link) && takes_a_name(f->type, e) &&
           (takes(f->key, e->key) || (e->old_key && takes(f->key, e->old_key)));
}

/* ---- to say ---- */

bool feed_wanted(const struct feed *f)
{
    return f && atomic_load_explicit(&f->n, memory_order_relaxed) > 0;
}

bool feed_wants(struct feed *f, const struct feed_event *e)
{
    bool any = false;
    pthread_mutex_lock(&f->mutex);
    for (int i = 0; i < FEED_LISTENERS_MAX && !any; i++)
        any = f->listeners[i] && is_for(f->listeners[i], e);
    pthread_mutex_unlock(&f->mutex);
    return any;
}

static void cut_off(struct feed_listener *l)
{
    l->cut_off = true;
    l->more(l->owner);
}

static void say(struct feed_listener *l, const char *line, size_t size)
{
    if (size > l->said.max - l->said.size) {
        cut_off(l);
        return;
    }
    buffer_add(&l->said, line, size);
    l->more(l->owner);
}

void feed_say(struct feed *f, const struct feed_event *e, const char *line, size_t size)
{
    pthread_mutex_lock(&f->mutex);
    for (int i = 0; i < FEED_LISTENERS_MAX; i++)
        if (f->listeners[i] && is_for(f->listeners[i], e))
            say(f->listeners[i], line, size);
    pthread_mutex_unlock(&f->mutex);
}

void feed_lost(struct feed *f, const char *link)
{
    pthread_mutex_lock(&f->mutex);
    for (int i = 0; i < FEED_LISTENERS_MAX; i++)
        if (f->listeners[i] && takes(f->listeners[i]->filter.link, link))
            cut_off(f->listeners[i]);
    pthread_mutex_unlock(&f->mutex);
}

/* ---- to listen ---- */

static char *copy(const char *text)
{
    char *out = text ? strdup(text) : NULL;
    must(!text || out);
    return out;
}

static struct feed_listener *new_listener(struct feed *f, const struct feed_filter *filter,
                                          size_t bytes)
{
    struct feed_listener *l = calloc(1, sizeof *l);
    must(l);
    l->feed = f;
    l->filter = (struct feed_filter){copy(filter->link), copy(filter->type), copy(filter->key)};
    buffer_init(&l->said, bytes);
    return l;
}

static void free_listener(struct feed_listener *l)
{
    buffer_free(&l->said);
    free((char *)l->filter.link);
    free((char *)l->filter.type);
    free((char *)l->filter.key);
    free(l);
}

static bool put(struct feed *f, struct feed_listener *l)
{
    bool done = false;
    pthread_mutex_lock(&f->mutex);
    for (int i = 0; i < FEED_LISTENERS_MAX && !done; i++)
        if (!f->listeners[i]) {
            f->listeners[i] = l;
            done = true;
        }
    if (done)
        atomic_fetch_add(&f->n, 1);
    pthread_mutex_unlock(&f->mutex);
    return done;
}

struct feed_listener *feed_listen(struct feed *f, const struct feed_filter *filter, size_t bytes,
                                  void (*more)(void *owner), void *owner)
{
    struct feed_listener *l = new_listener(f, filter, bytes);
    l->more = more;
    l->owner = owner;
    if (put(f, l))
        return l;
    free_listener(l);
    return NULL;
}

bool feed_take(struct feed_listener *l, struct buffer *out)
{
    pthread_mutex_lock(&l->feed->mutex);
    buffer_add(out, l->said.data, l->said.size);
    buffer_clear(&l->said);
    bool goes_on = !l->cut_off;
    pthread_mutex_unlock(&l->feed->mutex);
    return goes_on;
}

void feed_leave(struct feed_listener *l)
{
    struct feed *f = l->feed;
    pthread_mutex_lock(&f->mutex);
    for (int i = 0; i < FEED_LISTENERS_MAX; i++)
        if (f->listeners[i] == l)
            f->listeners[i] = NULL;
    atomic_fetch_sub(&f->n, 1);
    pthread_mutex_unlock(&f->mutex);
    free_listener(l);
}
