/* From the board to figures. */
#include "benchmarks/load/figures.h"

#include <stdlib.h>

static const int64_t SECOND_NS = 1000000000;

static bool probed(const struct run *r, uint64_t n)
{
    return r->board.entries[n].acked != 0 && board_probed(&r->board, n);
}

/* Not seen counts as seen at the very end: the least that its lag can be. */
static int64_t seen_at(const struct entry *e, int64_t end)
{
    return e->seen ? e->seen : end;
}

static int64_t at_least_0(int64_t x)
{
    return x > 0 ? x : 0;
}

static void sum_up_times(struct run *r, struct figures *out, int64_t end)
{
    struct series lag = {0}, lag_due = {0}, after = {0}, commit = {0}, due = {0};
    for (uint64_t n = 0; n < r->board.count; n++) {
        const struct entry *e = &r->board.entries[n];
        if (e->acked == 0)
            continue;
        series_add(&commit, e->acked - e->t0);
        series_add(&due, e->acked - e->due);
        if (!probed(r, n))
            continue;
        out->unseen += e->seen == 0;
        series_add(&lag, seen_at(e, end) - e->t0);
        series_add(&lag_due, seen_at(e, end) - e->due);
        series_add(&after, at_least_0(seen_at(e, end) - e->acked));
    }
    out->lag = percentile_summary(&lag);
    out->lag_from_due = percentile_summary(&lag_due);
    out->lag_after_commit = percentile_summary(&after);
    out->commit = percentile_summary(&commit);
    out->from_due = percentile_summary(&due);
    series_free(&lag);
    series_free(&lag_due);
    series_free(&after);
    series_free(&commit);
    series_free(&due);
}

static size_t second_of(const struct run *r, const struct figures *f, int64_t ns)
{
    size_t second = (size_t)(at_least_0(ns - r->start_ns) / SECOND_NS);
    return second < f->nseconds ? second : f->nseconds - 1;
}

/* A transaction waits at the end of each second from its commit's up to the one before it is seen.
 */
static void count_backlog(struct run *r, struct figures *out)
{
    int64_t *steps = calloc(out->nseconds + 1, sizeof *steps);
    must(steps != NULL);
    for (uint64_t n = 0; n < r->board.count; n++) {
        const struct entry *e = &r->board.entries[n];
        if (!probed(r, n))
            continue;
        steps[second_of(r, out, e->t0)]++;
        if (e->seen && e->seen < r->start_ns + (int64_t)out->nseconds * SECOND_NS)
            steps[second_of(r, out, e->seen)]--;
    }
    int64_t waiting = 0;
    for (size_t i = 0; i < out->nseconds; i++)
        out->per_second[i].backlog = (uint64_t)at_least_0(waiting += steps[i] * r->board.every);
    free(steps);
}

static void divide_by_second(struct run *r, struct figures *out, int64_t end)
{
    out->nseconds = (size_t)((r->end_ns - r->start_ns) / SECOND_NS) + 1;
    out->per_second = calloc(out->nseconds, sizeof *out->per_second);
    struct series *lags = calloc(out->nseconds, sizeof *lags);
    must(out->per_second != NULL && lags != NULL);
    for (uint64_t n = 0; n < r->board.count; n++) {
        const struct entry *e = &r->board.entries[n];
        if (e->acked == 0)
            continue;
        size_t second = second_of(r, out, e->t0);
        out->per_second[second].committed++;
        if (probed(r, n))
            series_add(&lags[second], seen_at(e, end) - e->t0);
    }
    for (size_t i = 0; i < out->nseconds; i++) {
        out->per_second[i].lag = percentile_summary(&lags[i]);
        series_free(&lags[i]);
    }
    free(lags);
    count_backlog(r, out);
}

static double late_at_end(const struct run *r)
{
    struct series late = {0};
    for (uint64_t n = r->board.count - r->board.count / 10; n < r->board.count; n++)
        if (r->board.entries[n].acked)
            series_add(&late, r->board.entries[n].acked - r->board.entries[n].due);
    double ms = (double)percentile_summary(&late).p50 / 1e6;
    series_free(&late);
    return ms;
}

static void judge(struct run *r, struct figures *out)
{
    /* the last second is rarely whole */
    size_t seconds = out->nseconds > 1 ? out->nseconds - 1 : out->nseconds;
    double *lag_ms = calloc(seconds, sizeof *lag_ms);
    must(lag_ms != NULL);
    for (size_t i = 0; i < seconds; i++) {
        const struct summary *s = &out->per_second[i].lag;
        lag_ms[i] = s->count ? (double)s->p50 / 1e6 : -1;
    }
    bool gave_up = atomic_load(&r->gave_up) > 0;
    out->growth = growth_judge(&(struct growth_seen){.lag_ms = lag_ms,
                                                     .seconds = seconds,
                                                     .rate = r->schedule.rate,
                                                     .backlog = r->backlog,
                                                     .late_ms = gave_up ? 1e9 : out->late_ms});
    free(lag_ms);
}

void figures_make(struct run *r, struct figures *out)
{
    *out = (struct figures){0};
    int64_t end = schedule_now();
    out->seconds = (double)(r->end_ns - r->start_ns) / 1e9;
    out->rate = (double)r->committed / out->seconds;
    sum_up_times(r, out, end);
    out->poll = percentile_summary(&r->poller.cost);
    out->gap = percentile_summary(&r->poller.gaps);
    out->late_ms = late_at_end(r);
    divide_by_second(r, out, end);
    judge(r, out);
}

void figures_free(struct figures *f)
{
    free(f->per_second);
}
