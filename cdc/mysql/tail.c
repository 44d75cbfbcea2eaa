#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/log.h"
#include "mysql/internal.h"

enum { ROOM_WAIT_MS = 200 };

void tail_init(struct tail *t, struct source *s)
{
    *t = (struct tail){
        .source = s, .options = &s->options, .mariadb = s->mariadb, .lower_case = s->lower_case};
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&t->has_room, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&t->gate, NULL);
    arena_init(&t->layouts.arena);
    arena_init(&t->scratch);
    buffer_init(&t->position, POSITION_TEXT_MAX);
    buffer_init(&t->root, POSITION_TEXT_MAX);
}

void tail_free(struct tail *t)
{
    tail_stop(t);
    if (t->started)
        pthread_join(t->thread, NULL);
    my_close(t->catalog);
    gtid_set_free(t->set);
    free(t->from);
    layouts_free(&t->layouts);
    arena_free(&t->scratch);
    buffer_free(&t->position);
    buffer_free(&t->root);
    pthread_cond_destroy(&t->has_room);
    pthread_mutex_destroy(&t->gate);
}

/* ---- the gate ---- */

enum status tail_enter(struct tail *t)
{
    pthread_mutex_lock(&t->gate);
    if (!t->stopping)
        return STATUS_OK;
    pthread_mutex_unlock(&t->gate);
    return fail(&t->failure, ERROR_STOPPED, "asked to stop");
}

void tail_leave(struct tail *t)
{
    pthread_mutex_unlock(&t->gate);
}

static void wait_a_while(struct tail *t)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ROOM_WAIT_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&t->has_room, &t->gate, &until);
}

enum status tail_enter_room(struct tail *t)
{
    TRY(tail_enter(t));
    while (!t->stopping && !wake_is_set(t->options->wake) && intake_full(t->options->intake))
        wait_a_while(t);
    if (!t->stopping)
        return STATUS_OK;
    tail_leave(t);
    return tail_enter(t); /* says why not */
}

void tail_room(struct tail *t)
{
    pthread_mutex_lock(&t->gate);
    pthread_cond_signal(&t->has_room);
    pthread_mutex_unlock(&t->gate);
}

/* ---- the thread ---- */

static enum status set_position(struct tail *t)
{
    gtid_set_free(t->set);
    t->set = NULL;
    t->at = (struct file_position){0};
    if (position_form(t->from) == POSITION_FILE)
        return position_file(t->from, &t->at, &t->failure);
    return position_set(t->from, t->mariadb, &t->set, &t->failure);
}

static enum status follow(struct tail *t)
{
    TRY(set_position(t));
    TRY(dump_open(t));
    log_info("link=%s msg=\"reading the binlog\" after=%s", t->options->link, t->from);
    for (;;) {
        const uint8_t *event;
        size_t size;
        TRY(dump_next(t, &event, &size));
        TRY(event_met(t, event, size));
    }
}

/* The last act: after stop nothing is said any more. */
static void report(struct tail *t)
{
    if (t->failure.code != ERROR_STOPPED)
        fail_in(&t->failure, "reading system %s", t->options->endpoint->system);
    pthread_mutex_lock(&t->gate);
    if (!t->stopping)
        intake_fail(t->options->intake, &t->failure);
    pthread_mutex_unlock(&t->gate);
}

static void *thread_main(void *arg)
{
    struct tail *t = arg;
    t->group = (struct group){0};
    layouts_end_statement(&t->layouts);
    if (follow(t) != STATUS_OK)
        report(t);
    dump_close(t);
    my_close(t->catalog);
    t->catalog = NULL;
    mysql_thread_end();
    atomic_store(&t->done, true);
    return NULL;
}

enum status tail_start(struct tail *t, const char *position, struct marker_guard *guard)
{
    must(!t->started);
    free(t->from);
    t->from = strdup(position);
    must(t->from);
    t->guard = guard;
    t->described = t->source->described;
    t->stopping = false;
    atomic_store(&t->done, false);
    failure_clear(&t->failure);
    int error = pthread_create(&t->thread, NULL, thread_main, t);
    if (error)
        return fail(t->options->failure, ERROR_INTERNAL, "cannot start a reader thread: %s",
                    strerror(error));
    t->started = true;
    return STATUS_OK;
}

void tail_stop(struct tail *t)
{
    pthread_mutex_lock(&t->gate);
    t->stopping = true;
    if (t->dump)
        my_cancel(t->dump);
    pthread_cond_signal(&t->has_room);
    pthread_mutex_unlock(&t->gate);
}

bool tail_stopped(struct tail *t)
{
    if (!t->started)
        return true;
    if (!atomic_load(&t->done))
        return false;
    pthread_join(t->thread, NULL);
    t->started = false;
    return true;
}
