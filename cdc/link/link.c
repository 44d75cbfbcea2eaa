#include "link/link.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "link/internal.h"

struct link {
    const struct config *config;
    const struct link_config *lc;
    int64_t writer;
    struct link *peer;
    struct feed *feed;
    void (*on_change)(void *owner);
    void *owner;

    pthread_t thread;
    bool started;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    struct link_status status;
    struct attempt *attempt; /* the running one; NULL between attempts */
    bool stopping, resume;
    char *skip;
    bool stop_after_skip;
    bool row_mode; /* the next attempt begins row by row (a large transaction failed in pieces) */
    bool positioned, target_empty;
    struct quarantine_queue quarantine;
    int64_t refreshed;    /* the request for which tables were read anew */
    int64_t dropped;      /* the request whose rows are dropped, */
    uint64_t dropped_rows; /* so many */
};

const char *link_state_name(enum link_state s)
{
    static const char *const names[] = {
#define X(state, name) [state] = name,
        LINK_STATES(X)
#undef X
    };
    return names[s];
}

struct link *link_new(const struct config *config, const struct link_config *lc, int64_t writer,
                      void (*on_change)(void *owner), void *owner)
{
    struct link *l = calloc(1, sizeof *l);
    must(l);
    l->config = config;
    l->lc = lc;
    l->writer = writer;
    l->on_change = on_change;
    l->owner = owner;
    l->status.lag_us = -1;
    l->status.carries_events = lc->nevent_flows > 0;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->changed, NULL);
    return l;
}

void link_set_peer(struct link *l, struct link *peer)
{
    l->peer = peer;
}

void link_set_feed(struct link *l, struct feed *feed)
{
    l->feed = feed;
}

struct feed *link_feed(const struct link *l)
{
    return l->feed;
}

const struct link_config *link_settings(const struct link *l)
{
    return l->lc;
}

const struct config *link_file(const struct link *l)
{
    return l->config;
}

int64_t link_writer_number(const struct link *l)
{
    return l->writer;
}

void link_show(struct link *l, void (*set)(struct link_status *s, void *arg), void *arg)
{
    pthread_mutex_lock(&l->mutex);
    set(&l->status, arg);
    pthread_mutex_unlock(&l->mutex);
}

void link_status(struct link *l, struct link_status *out)
{
    pthread_mutex_lock(&l->mutex);
    *out = l->status;
    out->skipping = l->skip != NULL;
    pthread_mutex_unlock(&l->mutex);
}

/* No writer comes any more, or only after a person has acted: who asked for held events is told, so
 * that nothing is dropped when nobody thinks of it any more. */
static void refuse_quarantine(struct link *l, enum link_state state)
{
    if (state == LINK_FAILED)
        quarantine_answer_all(&l->quarantine, ERROR_CONFIG,
                              "the link has failed meanwhile: millrace status says why; nothing was "
                              "done");
    if (state == LINK_STOPPED)
        quarantine_answer_all(&l->quarantine, ERROR_CONFIG,
                              "the link was stopped meanwhile; nothing was done");
}

void link_set_state(struct link *l, enum link_state state)
{
    pthread_mutex_lock(&l->mutex);
    bool same = l->status.state == state;
    l->status.state = state;
    refuse_quarantine(l, state);
    if (state == LINK_STREAMING)
        l->status.error = ERROR_NONE;
    pthread_mutex_unlock(&l->mutex);
    if (!same)
        log_info("link=%s state=%s", l->lc->name, link_state_name(state));
}

void link_set_positioned(struct link *l)
{
    pthread_mutex_lock(&l->mutex);
    l->positioned = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->mutex);
}

void link_set_target_empty(struct link *l, bool empty)
{
    pthread_mutex_lock(&l->mutex);
    l->target_empty = empty;
    pthread_mutex_unlock(&l->mutex);
}

/* Where the other direction does not run (skip without a process), nobody is waited for. */
static bool peer_is(struct link *l, const bool *flag_of_peer)
{
    if (!l->peer)
        return true;
    pthread_mutex_lock(&l->peer->mutex);
    bool yes = *flag_of_peer;
    pthread_mutex_unlock(&l->peer->mutex);
    return yes;
}

bool link_peer_positioned(struct link *l)
{
    return peer_is(l, l->peer ? &l->peer->positioned : NULL);
}

bool link_peer_target_empty(struct link *l)
{
    return peer_is(l, l->peer ? &l->peer->target_empty : NULL);
}

const char *link_skip_position(struct link *l)
{
    return l->skip; /* set only while the link is failed; read by its own thread */
}

void link_skip_done(struct link *l)
{
    pthread_mutex_lock(&l->mutex);
    free(l->skip);
    l->skip = NULL;
    pthread_mutex_unlock(&l->mutex);
}

bool link_ends_after_skip(struct link *l)
{
    return l->stop_after_skip;
}

bool link_row_mode(struct link *l, const bool *set)
{
    pthread_mutex_lock(&l->mutex);
    if (set)
        l->row_mode = *set;
    bool now = l->row_mode;
    pthread_mutex_unlock(&l->mutex);
    return now;
}

/* Between attempts nothing is known of the lag, and nothing moves. */
static void show_at_rest(struct link_status *s, void *arg)
{
    (void)arg;
    s->lag_us = -1;
    s->rows_per_second = 0;
    s->backlog_bytes = 0;
    s->paused = false;
}

/* One attempt, reachable by link_stop while it runs. */
static enum status run_attempt(struct link *l, struct failure *f)
{
    struct attempt *a = calloc(1, sizeof *a);
    must(a);
    a->link = l;
    a->lc = l->lc;
    must(wake_init(&a->wake) == 0);
    pthread_mutex_init(&a->phase_mutex, NULL);
    pthread_mutex_lock(&l->mutex);
    bool stopping = l->stopping;
    l->attempt = a;
    l->status.attempts++;
    pthread_mutex_unlock(&l->mutex);
    enum status status =
        stopping ? fail(&a->failure, ERROR_STOPPED, "asked to stop") : attempt_run(l, a);
    pthread_mutex_lock(&l->mutex);
    l->attempt = NULL;
    pthread_mutex_unlock(&l->mutex);
    link_show(l, show_at_rest, NULL);
    *f = a->failure;
    pthread_mutex_destroy(&a->phase_mutex);
    wake_free(&a->wake);
    free(a);
    return status;
}

static void show_failure(struct link_status *s, void *arg)
{
    const struct failure *f = arg;
    s->error = f->code;
    snprintf(s->error_text, sizeof s->error_text, "%s", f->text);
    snprintf(s->error_position, sizeof s->error_position, "%s", f->position);
    s->error_at_us = clock_wall_us();
}

/* Waits for the next attempt; false when asked to stop. */
static bool wait_back_off(struct link *l, struct backoff *backoff)
{
    int ms = backoff_next_ms(backoff);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&l->mutex);
    while (!l->stopping && pthread_cond_timedwait(&l->changed, &l->mutex, &until) == 0)
        ;
    bool go_on = !l->stopping;
    pthread_mutex_unlock(&l->mutex);
    return go_on;
}

/* A failed link waits for a person: resume or stop. False when asked to stop. */
static bool wait_for_person(struct link *l)
{
    link_set_state(l, LINK_FAILED);
    l->on_change(l->owner);
    pthread_mutex_lock(&l->mutex);
    while (!l->stopping && !l->resume)
        pthread_cond_wait(&l->changed, &l->mutex);
    bool go_on = !l->stopping;
    l->resume = false;
    if (go_on)
        l->status.state = LINK_STARTING; /* nobody may resume it once more from now on */
    pthread_mutex_unlock(&l->mutex);
    return go_on;
}

const char *link_action(enum error code, const char *position)
{
    switch (error_status(code)) {
    case STATUS_RETRY:
        return "trying again";
    case STATUS_DATA:
        return *position ? "link stopped: mend it and start millrace again, or pass the "
                           "transaction by millrace skip"
                         : "link stopped: mend it and start millrace again";
    case STATUS_CONFIG:
        return *position ? "link stopped: mend it and start millrace again"
                         : "link stopped: millrace check says what is missing; mend it and start "
                           "millrace again";
    case STATUS_BUG:
        return "link stopped: please report this";
    case STATUS_OK:
    case STATUS_STOPPED:
        break;
    }
    return "";
}

/* The one place where an error's class decides what happens. False: the link ends. */
static bool go_on_after(struct link *l, enum status status, const struct failure *f,
                        struct backoff *backoff)
{
    if (status == STATUS_STOPPED || status == STATUS_OK)
        return false;
    link_show(l, show_failure, (void *)f);
    if (status == STATUS_RETRY) {
        log_warn("link=%s error=%s msg=%s action=\"%s\"", l->lc->name, error_name(f->code),
                 log_quote(f->text), link_action(f->code, f->position));
        link_set_state(l, LINK_RETRYING);
        return wait_back_off(l, backoff);
    }
    log_error("link=%s error=%s msg=%s position=%s action=\"%s\"", l->lc->name,
              error_name(f->code), log_quote(f->text), log_quote(f->position),
              link_action(f->code, f->position));
    backoff_reset(backoff);
    link_skip_done(l); /* a skip that failed is asked for again, knowingly */
    return wait_for_person(l);
}

static void *link_thread(void *arg)
{
    struct link *l = arg;
    struct backoff backoff = {0};
    struct failure f;
    enum status status;
    do {
        uint64_t commits = l->status.commits;
        link_set_state(l, LINK_STARTING);
        failure_clear(&f);
        status = run_attempt(l, &f);
        if (l->status.commits > commits + 1) /* more than the fence: it worked for a while */
            backoff_reset(&backoff);
    } while (go_on_after(l, status, &f, &backoff));
    link_set_state(l, LINK_STOPPED);
    l->on_change(l->owner);
    return NULL;
}

enum status link_start(struct link *l, struct failure *f)
{
    must(!l->started);
    if (pthread_create(&l->thread, NULL, link_thread, l) != 0)
        return fail(f, ERROR_INTERNAL, "link %s: cannot start a thread", l->lc->name);
    l->started = true;
    return STATUS_OK;
}

void link_stop(struct link *l)
{
    pthread_mutex_lock(&l->mutex);
    l->stopping = true;
    if (l->attempt)
        attempt_stop(l->attempt);
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->mutex);
}

void link_join(struct link *l)
{
    if (l->started)
        pthread_join(l->thread, NULL);
    l->started = false;
}

void link_free(struct link *l)
{
    must(!l->started);
    pthread_mutex_destroy(&l->mutex);
    pthread_cond_destroy(&l->changed);
    quarantine_free(&l->quarantine);
    free(l->skip);
    free(l);
}

enum status link_resume(struct link *l, const char *skip_position, struct failure *f)
{
    pthread_mutex_lock(&l->mutex);
    bool failed = l->status.state == LINK_FAILED || !l->started;
    enum link_state state = l->status.state;
    if (failed) {
        free(l->skip);
        l->skip = skip_position ? strdup(skip_position) : NULL;
        l->resume = l->started;
        pthread_cond_broadcast(&l->changed);
    }
    pthread_mutex_unlock(&l->mutex);
    if (!failed)
        return fail(f, ERROR_CONFIG, "link %s is %s: only a failed link can be resumed",
                    l->lc->name, link_state_name(state));
    return STATUS_OK;
}

void link_stop_after_skip(struct link *l)
{
    l->stop_after_skip = true;
}

/* ---- held events and rows ---- */

static bool takes_requests(enum link_state s)
{
    return s != LINK_FAILED && s != LINK_STOPPED && s != LINK_DRAINING;
}

enum status link_quarantine(struct link *l, bool skip, const struct held_filter *filter,
                            int64_t *request, struct failure *f)
{
    enum status status = STATUS_OK;
    if (l->lc->to->engine == ENGINE_NULL)
        return fail(f, ERROR_CONFIG, "link %s only counts: nothing of it is held", l->lc->name);
    pthread_mutex_lock(&l->mutex);
    enum link_state state = l->status.state;
    if (takes_requests(state))
        status = quarantine_ask(&l->quarantine, skip, filter, request, f);
    pthread_mutex_unlock(&l->mutex);
    if (!takes_requests(state))
        return fail(f, ERROR_CONFIG, "link %s is %s: millrace status says why; mend that first",
                    l->lc->name, link_state_name(state));
    return status;
}

enum status link_quarantine_answer(struct link *l, int64_t request, bool *done,
                                   struct buffer *answer, struct failure *f)
{
    pthread_mutex_lock(&l->mutex);
    enum status status = quarantine_fetch(&l->quarantine, request, done, answer, f);
    pthread_mutex_unlock(&l->mutex);
    return status;
}

bool link_take_quarantine_request(struct link *l, struct quarantine_request *out)
{
    pthread_mutex_lock(&l->mutex);
    bool any = quarantine_next(&l->quarantine, out);
    pthread_mutex_unlock(&l->mutex);
    return any;
}

bool link_has_quarantine_request(struct link *l)
{
    struct quarantine_request any;
    return link_take_quarantine_request(l, &any);
}

void link_note_dropped(struct link *l, int64_t id, uint64_t rows)
{
    pthread_mutex_lock(&l->mutex);
    l->dropped = id;
    l->dropped_rows = rows;
    pthread_mutex_unlock(&l->mutex);
}

bool link_has_dropped(struct link *l, int64_t id, uint64_t *rows)
{
    pthread_mutex_lock(&l->mutex);
    bool dropped = l->dropped == id;
    *rows = dropped ? l->dropped_rows : 0;
    pthread_mutex_unlock(&l->mutex);
    return dropped;
}

bool link_refreshes(struct link *l, int64_t id)
{
    pthread_mutex_lock(&l->mutex);
    bool first = l->refreshed != id;
    l->refreshed = id;
    pthread_mutex_unlock(&l->mutex);
    return first;
}

void link_answer_quarantine(struct link *l, int64_t id, enum error error, const char *text)
{
    pthread_mutex_lock(&l->mutex);
    quarantine_answer(&l->quarantine, id, error, text);
    pthread_mutex_unlock(&l->mutex);
}
