#include "benchmarks/load/find.h"

#include <stdio.h>

#include "benchmarks/load/report.h"
#include "benchmarks/load/search.h"

static const double SHORT_SECONDS = 20;

static json_t *trial_json(const struct run *r, const struct figures *f)
{
    return json_pack("{s:f, s:f, s:s, s:f, s:f, s:f, s:I}", "rate", r->schedule.rate, "seconds",
                     f->seconds, "verdict", growth_name(f->growth.verdict), "slope_ms_per_second",
                     f->growth.slope_ms, "lag_p50_ms", (double)f->lag.p50 / 1e6, "lag_p99_ms",
                     (double)f->lag.p99 / 1e6, "backlog_at_end", (json_int_t)r->backlog);
}

static void say(const struct run *r, const struct figures *f)
{
    fprintf(stderr,
            "%8.0f/s for %3.0f s: %s (lag p50 %.2f ms, p99 %.2f ms, %+.3f ms a second; %llu "
            "wait at the end)\n",
            r->schedule.rate, f->seconds, growth_name(f->growth.verdict), (double)f->lag.p50 / 1e6,
            (double)f->lag.p99 / 1e6, f->growth.slope_ms, (unsigned long long)r->backlog);
}

static enum status try_rate(const struct options *o, struct search *s, json_t *out,
                            struct failure *f)
{
    double seconds = s->whole || o->hold < SHORT_SECONDS ? o->hold : SHORT_SECONDS;
    struct run run;
    enum status status = run_load(&run, o, s->next, seconds, 0, f);
    if (status == STATUS_OK) {
        struct figures figures;
        figures_make(&run, &figures);
        say(&run, &figures);
        enum growth_verdict verdict = figures.growth.verdict;
        json_array_append_new(json_object_get(out, "trials"), trial_json(&run, &figures));
        if (verdict == GROWTH_HELD)
            json_object_set_new(out, "held", report_json(&run, &figures));
        else
            json_object_set_new(out, "limit", json_string(growth_name(verdict)));
        search_tell(s, verdict == GROWTH_HELD);
        if (figures.unseen)
            status = fail(f, ERROR_CONFIG,
                          "after %.0f/s the target does not catch up within %g s: nothing can be "
                          "tried after it; give --drain more, or see whether replication stands",
                          run.schedule.rate, o->drain);
        figures_free(&figures);
    }
    run_free(&run);
    return status;
}

enum status find_rate(const struct options *o, json_t **out, struct failure *f)
{
    struct search s;
    search_init(&s, o->rate);
    *out = json_pack("{s:f, s:n, s:[]}", "rate", 0.0, "limit", "trials");
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !s.done && !run_interrupted())
        status = try_rate(o, &s, *out, f);
    if (s.done)
        json_object_set_new(*out, "rate", json_real(s.held));
    return status;
}
