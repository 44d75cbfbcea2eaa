#include "benchmarks/load/report.h"

#include <inttypes.h>
#include <stdio.h>

static json_t *times(const struct summary *s, double unit)
{
    return json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:f}", "count", (json_int_t)s->count, "mean",
                     s->mean / unit, "p50", (double)s->p50 / unit, "p90", (double)s->p90 / unit,
                     "p99", (double)s->p99 / unit, "p99.9", (double)s->p999 / unit, "max",
                     (double)s->max / unit);
}

static json_t *place_json(const struct place *p)
{
    return json_pack("{s:s, s:s, s:i, s:s}", "family",
                     p->family == PLACE_POSTGRES ? "postgresql" : "mysql", "host", p->host, "port",
                     p->port, "database", p->database);
}

static json_t *load_json(const struct options *o, double rate)
{
    return json_pack("{s:f, s:I, s:I, s:I, s:[I,I,I], s:[I,I], s:f, s:I, s:I, s:I}", "rate", rate,
                     "tables", (json_int_t)o->tables, "rows", (json_int_t)o->rows, "width",
                     (json_int_t)o->width, "mix", (json_int_t)o->inserts, (json_int_t)o->updates,
                     (json_int_t)o->deletes, "transaction", (json_int_t)o->transaction_min,
                     (json_int_t)o->transaction_max, "zipf", o->zipf, "connections",
                     (json_int_t)o->connections, "seed", (json_int_t)o->seed, "sample",
                     (json_int_t)o->sample);
}

static json_t *poll_json(const struct run *r, const struct figures *f)
{
    double late = f->gap.count ? (double)r->poller.late / (double)f->gap.count : 0;
    return json_pack("{s:I, s:f, s:o, s:o, s:f, s:f}", "interval_us",
                     (json_int_t)r->options->poll_us, "late_share", late, "cost_us",
                     times(&f->poll, 1e3), "gap_us", times(&f->gap, 1e3), "cpu_seconds",
                     (double)r->poller.cpu_ns / 1e9, "polls_per_second",
                     (double)f->poll.count / f->seconds);
}

static json_t *seconds_json(const struct figures *f)
{
    json_t *list = json_array();
    for (size_t i = 0; i < f->nseconds; i++) {
        const struct figures_second *s = &f->per_second[i];
        json_array_append_new(
            list, json_pack("{s:I, s:I, s:f, s:f, s:f, s:I}", "second", (json_int_t)i, "committed",
                            (json_int_t)s->committed, "p50_ms", (double)s->lag.p50 / 1e6, "p99_ms",
                            (double)s->lag.p99 / 1e6, "max_ms", (double)s->lag.max / 1e6, "backlog",
                            (json_int_t)s->backlog));
    }
    return list;
}

static void add_lag(json_t *json, const struct run *r, const struct figures *f)
{
    json_object_set_new(json, "target", place_json(&r->options->target));
    json_object_set_new(json, "lag_ms", times(&f->lag, 1e6));
    json_object_set_new(json, "lag_from_schedule_ms", times(&f->lag_from_due, 1e6));
    json_object_set_new(json, "lag_after_commit_ms", times(&f->lag_after_commit, 1e6));
    json_object_set_new(json, "unseen", json_integer((json_int_t)f->unseen));
    json_object_set_new(json, "backlog_at_end", json_integer((json_int_t)r->backlog));
    json_object_set_new(json, "verdict", json_string(growth_name(f->growth.verdict)));
    json_object_set_new(json, "slope_ms_per_second", json_real(f->growth.slope_ms));
    json_object_set_new(json, "poll", poll_json(r, f));
}

json_t *report_json(const struct run *r, const struct figures *f)
{
    json_t *json = json_pack(
        "{s:s, s:s, s:o, s:o, s:f, s:f, s:I, s:I, s:I, s:{s:I, s:I, s:I}}", "tool", "millrace-load",
        "version", MILLRACE_VERSION, "source", place_json(&r->options->source), "load",
        load_json(r->options, r->schedule.rate), "seconds", f->seconds, "rate", f->rate,
        "transactions", (json_int_t)r->committed, "given_up", (json_int_t)r->gave_up, "retried",
        (json_int_t)r->retried, "rows", "inserted", (json_int_t)r->rows[CHANGE_INSERT], "updated",
        (json_int_t)r->rows[CHANGE_UPDATE], "deleted", (json_int_t)r->rows[CHANGE_DELETE]);
    must(json != NULL);
    json_object_set_new(json, "commit_ms", times(&f->commit, 1e6));
    json_object_set_new(json, "latency_from_schedule_ms", times(&f->from_due, 1e6));
    if (r->options->lag)
        add_lag(json, r, f);
    json_object_set_new(json, "per_second", seconds_json(f));
    return json;
}

/* ---- the table ---- */

static void line(const char *name, const struct summary *s)
{
    printf("%-34s %9.3f %9.3f %9.3f %9.3f %9.3f\n", name, (double)s->p50 / 1e6,
           (double)s->p90 / 1e6, (double)s->p99 / 1e6, (double)s->p999 / 1e6, (double)s->max / 1e6);
}

static void lag_lines(const struct run *r, const struct figures *f)
{
    line("lag: COMMIT sent to visible", &f->lag);
    line("lag: schedule to visible", &f->lag_from_due);
    line("lag: COMMIT's answer to visible", &f->lag_after_commit);
    printf("\n");
    line("a poll's own cost", &f->poll);
    line("from poll to poll", &f->gap);
    printf(
        "\n%zu polls, %.1f %% of them more than 0.2 ms after the one before; %.2f s of CPU time\n",
        f->poll.count, f->gap.count ? 100.0 * (double)r->poller.late / (double)f->gap.count : 0.0,
        (double)r->poller.cpu_ns / 1e9);
    printf("%s: the lag's trend is %+.3f ms a second; %" PRIu64 " waited when the load ended\n",
           growth_name(f->growth.verdict), f->growth.slope_ms, r->backlog);
    if (f->unseen)
        printf("%" PRIu64 " transactions did not arrive within %g s: their lag is a lower bound\n",
               f->unseen, r->options->drain);
}

void report_table(const struct run *r, const struct figures *f)
{
    printf("%" PRIu64 " transactions in %.1f s, %.1f/s; rows: %" PRIu64 " inserted, %" PRIu64
           " updated, %" PRIu64 " deleted; %" PRIu64 " run again\n",
           r->committed, f->seconds, f->rate, r->rows[CHANGE_INSERT], r->rows[CHANGE_UPDATE],
           r->rows[CHANGE_DELETE], r->retried);
    if (r->gave_up > 0)
        printf("%" PRId64 " more were due, but the source was too far behind\n", r->gave_up);
    printf("\n%-34s %9s %9s %9s %9s %9s\n", "milliseconds", "p50", "p90", "p99", "p99.9", "max");
    line("COMMIT sent to its answer", &f->commit);
    line("schedule to COMMIT's answer", &f->from_due);
    if (r->options->lag)
        lag_lines(r, f);
}
