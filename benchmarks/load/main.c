/* millrace-load: see options.c for what it can do, benchmarks/README.md for how to use it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "benchmarks/load/find.h"
#include "benchmarks/load/report.h"
#include "benchmarks/load/table.h"

static void on_signal(int signal)
{
    (void)signal;
    run_interrupt();
}

static enum status write_json(json_t *json, const char *path, struct failure *f)
{
    bool out = strcmp(path, "-") == 0;
    size_t flags = JSON_INDENT(1) | JSON_REAL_PRECISION(8);
    int failed = out ? json_dumpf(json, stdout, flags) : json_dump_file(json, path, flags);
    if (failed)
        return fail(f, ERROR_CONFIG, "--json %s: cannot be written", path);
    if (out)
        printf("\n");
    return STATUS_OK;
}

static enum status prepare(const struct options *o, struct failure *f)
{
    TRY(table_prepare(o, &o->source, f));
    return o->target_url ? table_prepare(o, &o->target, f) : STATUS_OK;
}

static enum status find(const struct options *o, struct failure *f)
{
    json_t *json;
    enum status status = find_rate(o, &json, f);
    if (!o->json || strcmp(o->json, "-") != 0)
        printf("%.0f transactions/s are held for %g s\n",
               json_number_value(json_object_get(json, "rate")), o->hold);
    if (o->json && status == STATUS_OK)
        status = write_json(json, o->json, f);
    json_decref(json);
    return status;
}

static enum status run(const struct options *o, struct failure *f)
{
    struct run r;
    enum status status = run_load(&r, o, o->rate, o->seconds, (uint64_t)o->transactions, f);
    if (status == STATUS_OK) {
        struct figures figures;
        figures_make(&r, &figures);
        if (!o->json || strcmp(o->json, "-") != 0)
            report_table(&r, &figures);
        if (o->json) {
            json_t *json = report_json(&r, &figures);
            status = write_json(json, o->json, f);
            json_decref(json);
        }
        figures_free(&figures);
    }
    run_free(&r);
    return status;
}

int main(int argc, char **argv)
{
    struct options o;
    struct failure f = {0};
    enum status status = options_read(argc, argv, &o, &f);
    if (status == STATUS_OK && o.help) {
        options_help();
        return 0;
    }
    prctl(PR_SET_TIMERSLACK, 1000); /* a sleep of 0.1 ms is one; threads inherit it */
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN);
    if (status == STATUS_OK)
        status = o.prepare ? prepare(&o, &f) : o.find_rate ? find(&o, &f) : run(&o, &f);
    if (status == STATUS_OK)
        return 0;
    fprintf(stderr, "millrace-load: %s\n", f.text);
    return status == STATUS_CONFIG ? 2 : 1;
}
