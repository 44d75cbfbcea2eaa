#include "benchmarks/load/run.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"

enum { RETRIES_MAX = 100 };

static const int64_t START_AFTER_NS = 50000000;
static const int64_t GRACE_NS = 10000000000; /* a source that is later than this is given up */

static atomic_bool interrupted;

void run_interrupt(void)
{
    atomic_store(&interrupted, true);
}

bool run_interrupted(void)
{
    return atomic_load(&interrupted);
}

struct worker {
    struct run *run;
    struct side *side;
    struct transactions transactions;
    uint64_t retried;
    struct failure failure;
    enum status status;
    pthread_t thread;
    bool started;
};

static enum status try_transaction(struct worker *w, uint64_t n, int64_t due)
{
    struct board *board = &w->run->board;
    TRY(side_exec(w->side, buffer_text(&w->transactions.sql), w->transactions.sql.size));
    board_committing(board, n, due, schedule_now());
    TRY(side_exec(w->side, "COMMIT", 6));
    board_acked(board, n, schedule_now());
    return STATUS_OK;
}

static enum status run_transaction(struct worker *w, uint64_t n, int64_t due)
{
    struct board *board = &w->run->board;
    transaction_make(&w->transactions, board_probed(board, n) ? board->base + (int64_t)n : -1);
    enum status status = try_transaction(w, n, due);
    for (int i = 0; status == STATUS_RETRY && i < RETRIES_MAX; i++) {
        w->retried++;
        TRY(side_exec(w->side, "ROLLBACK", 8));
        status = try_transaction(w, n, due);
    }
    if (status == STATUS_OK)
        transaction_committed(&w->transactions);
    else
        board_failed(board, n);
    return status;
}

/* The next transaction's number and time; false when there is none. */
static bool take(struct worker *w, uint64_t *n, int64_t *due)
{
    struct run *r = w->run;
    if (atomic_load(&r->stop) || run_interrupted())
        return false;
    *n = atomic_fetch_add(&r->board.next, 1);
    if (*n >= r->schedule.count)
        return false;
    int64_t now = schedule_now();
    *due = r->start_ns + schedule_due(&r->schedule, *n);
    if (r->schedule.rate == 0) {
        *due = now < r->start_ns ? r->start_ns : now;
        return now - r->start_ns < r->schedule.length_ns;
    }
    if (now - *due > GRACE_NS)
        atomic_store(&r->stop, true);
    return now - *due <= GRACE_NS;
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    uint64_t n;
    int64_t due;
    while (w->status == STATUS_OK && take(w, &n, &due)) {
        schedule_sleep_until(due);
        w->status = run_transaction(w, n, due);
    }
    if (w->status != STATUS_OK)
        atomic_store(&w->run->stop, true);
    return NULL;
}

/* ---- before and after ---- */

/* The first free id of load_probe on both sides, and the last used one of each table. */
static enum status learn_ids(struct run *r, struct side *source, int64_t *base, int64_t *probe,
                             struct failure *f)
{
    const struct options *o = r->options;
    char sql[96];
    for (int64_t i = 0; i < o->tables; i++) {
        snprintf(sql, sizeof sql, "SELECT max(id) FROM load_%" PRId64, i + 1);
        TRY(side_number(source, sql, 0, &base[i]));
        if (base[i] < o->rows)
            return fail(f, ERROR_CONFIG,
                        "%s: load_%" PRId64 " has ids up to %" PRId64 ", fewer than --rows %" PRId64
                        "; prepare with the same --rows and --tables",
                        place_text(&o->source), i + 1, base[i], o->rows);
    }
    if (!o->lag)
        return STATUS_OK;
    struct side *target;
    int64_t there = 0;
    TRY(side_number(source, "SELECT max(id) FROM load_probe", 0, probe));
    TRY(side_open(&o->target, f, &target));
    enum status status = side_number(target, "SELECT max(id) FROM load_probe", 0, &there);
    side_close(target);
    *probe = 1 + (there > *probe ? there : *probe);
    return status;
}

static enum status open_workers(struct run *r, struct worker *workers, const int64_t *base,
                                struct failure *f)
{
    for (int64_t i = 0; i < r->options->connections; i++) {
        struct worker *w = &workers[i];
        w->run = r;
        transaction_init(&w->transactions, r->options, (int)i, base);
        if (side_open(&r->options->source, &w->failure, &w->side) != STATUS_OK)
            return fail(f, w->failure.code, "%s", w->failure.text);
    }
    return STATUS_OK;
}

static enum status run_workers(struct run *r, struct worker *workers, struct failure *f)
{
    r->start_ns = schedule_now() + START_AFTER_NS;
    int64_t n = r->options->connections;
    for (int64_t i = 0; i < n; i++) {
        must(pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]) == 0);
        workers[i].started = true;
    }
    enum status status = STATUS_OK;
    for (int64_t i = 0; i < n; i++) {
        struct worker *w = &workers[i];
        pthread_join(w->thread, NULL);
        if (w->status != STATUS_OK && status == STATUS_OK)
            status = fail(f, w->failure.code, "%s", w->failure.text);
        r->retried += w->retried;
        for (int kind = 0; kind < CHANGE_KINDS; kind++)
            r->rows[kind] += w->transactions.rows[kind];
    }
    r->end_ns = schedule_now();
    int64_t waiting = atomic_load(&r->board.waiting);
    r->backlog = waiting > 0 ? (uint64_t)waiting * (uint64_t)r->options->sample : 0;
    return status;
}

static void close_workers(struct run *r, struct worker *workers)
{
    for (int64_t i = 0; i < r->options->connections; i++) {
        side_close(workers[i].side);
        if (workers[i].run)
            transaction_free(&workers[i].transactions);
    }
}

static void count_up(struct run *r)
{
    for (uint64_t n = 0; n < r->board.count; n++)
        r->committed += r->board.entries[n].acked != 0;
    uint64_t taken = atomic_load(&r->board.next);
    uint64_t due = r->schedule.rate > 0 ? r->schedule.count : taken;
    r->gave_up = due > r->committed && r->schedule.rate > 0 ? (int64_t)(due - r->committed) : 0;
}

static enum status measure(struct run *r, struct worker *workers, struct failure *f)
{
    const struct options *o = r->options;
    struct failure poll_failure;
    if (o->lag)
        TRY(poller_start(&r->poller, &o->target, &r->board, o->poll_us * 1000,
                         (int64_t)(o->drain * 1e9), f));
    enum status status = run_workers(r, workers, f);
    board_end(&r->board);
    if (o->lag && poller_join(&r->poller, &poll_failure) != STATUS_OK && status == STATUS_OK)
        status = fail(f, poll_failure.code, "%s", poll_failure.text);
    count_up(r);
    return status;
}

static enum status learn(struct run *r, int64_t *base, int64_t *probe, struct failure *f)
{
    struct side *source;
    TRY(side_open(&r->options->source, f, &source));
    enum status status = learn_ids(r, source, base, probe, f);
    side_close(source);
    return status;
}

enum status run_load(struct run *r, const struct options *o, double rate, double seconds,
                     uint64_t transactions, struct failure *f)
{
    *r = (struct run){.options = o};
    schedule_init(&r->schedule, rate, seconds, transactions);
    int64_t *base = calloc((size_t)o->tables, sizeof *base), probe = 1;
    struct worker *workers = calloc((size_t)o->connections, sizeof *workers);
    must(base != NULL && workers != NULL);
    enum status status = learn(r, base, &probe, f);
    board_init(&r->board, r->schedule.count, probe, o->lag ? o->sample : 0);
    if (status == STATUS_OK)
        status = open_workers(r, workers, base, f);
    if (status == STATUS_OK)
        status = measure(r, workers, f);
    close_workers(r, workers);
    free(workers);
    free(base);
    return status;
}

void run_free(struct run *r)
{
    poller_free(&r->poller);
    board_free(&r->board);
}
