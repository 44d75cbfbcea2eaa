/* status: asks the running process; without one, reads the checkpoints from the targets. */
#include "command/status.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command/command.h"
#include "command/control.h"
#include "config/config.h"
#include "link/drivers.h"
#include "state/checkpoint.h"

enum { CONNECT_TIMEOUT_MS = 10000 };

static json_t *error_json(const struct link_status *s)
{
    if (s->error == ERROR_NONE)
        return json_null();
    return json_pack("{s:s, s:s, s:s, s:I, s:s}", "code", error_name(s->error), "text",
                     s->error_text, "position", s->error_position, "at_ms",
                     (json_int_t)(s->error_at_us / 1000), "action",
                     link_action(s->error, s->error_position));
}

static json_t *events_json(const struct link_status *s)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "written", (json_int_t)s->events_written, "waiting",
                     (json_int_t)s->events_waiting, "quarantined",
                     (json_int_t)s->events_quarantined, "drifted", (json_int_t)s->rows_drifted);
}

json_t *status_json(const char *link, const struct link_status *s)
{
    json_t *lag = s->lag_us < 0 ? json_null() : json_real((double)s->lag_us / 1000.0);
    json_t *copy = json_pack("{s:I, s:I, s:I}", "chunks", (json_int_t)s->copy_chunks, "done",
                             (json_int_t)s->copy_chunks_done, "rows", (json_int_t)s->copy_rows);
    json_t *j = json_pack(
        "{s:s, s:s, s:s, s:o, s:I, s:b, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o, s:o}",
        "name", link,
        "state", link_state_name(s->state), "position", s->position, "lag_ms", lag, "backlog_bytes",
        (json_int_t)s->backlog_bytes, "paused", s->paused, "rate", s->rows_per_second, "rows",
        (json_int_t)s->rows, "transactions", (json_int_t)s->transactions, "commits",
        (json_int_t)s->commits, "lock_waits", (json_int_t)s->lock_waits, "row_mode_transactions",
        (json_int_t)s->row_mode_transactions, "attempts", (json_int_t)s->attempts, "skipped",
        (json_int_t)s->skipped, "skipping", s->skipping, "copy", copy,
        "last_error", error_json(s));
    must(j);
    if (s->carries_events)
        json_object_set_new(j, "events", events_json(s));
    else
        json_object_set_new(j, "held",
                            json_pack("{s:I, s:I}", "quarantined", (json_int_t)s->rows_quarantined,
                                      "behind", (json_int_t)s->rows_behind));
    return j;
}

/* ---- without a running process ---- */

static enum status read_checkpoint(const struct link_config *lc, struct session *s, struct arena *a,
                                   json_t *out)
{
    struct rows rows;
    TRY(session_run(s, a, &rows, 1,
                    "SELECT c.position, c.at, c.seq FROM millrace.checkpoint c"
                    " JOIN millrace.link l ON l.id = c.link"
                    " WHERE l.name = ? AND c.lane = 0 ORDER BY c.seq DESC LIMIT 1",
                    lc->name));
    if (rows.nrows == 0)
        return STATUS_OK;
    json_object_set_new(out, "position", json_string(rows_cell(&rows, 0, 0)));
    json_object_set_new(out, "checkpoint_at", json_string(rows_cell(&rows, 0, 1)));
    json_object_set_new(out, "seq", json_integer(strtoll(rows_cell(&rows, 0, 2), NULL, 10)));
    return STATUS_OK;
}

static enum status offline_link(const struct link_config *lc, json_t *out, struct failure *f)
{
    struct wake wake;
    struct session *s = NULL;
    struct arena a;
    must(wake_init(&wake) == 0);
    arena_init(&a);
    enum status status = session_open(&lc->to->apply, "millrace status", &wake, f, &s);
    if (status == STATUS_OK &&
        session_run(s, &a, NULL, 0, "SELECT 1 FROM millrace.link LIMIT 1") == STATUS_OK)
        status = read_checkpoint(lc, s, &a, out);
    session_close(s);
    arena_free(&a);
    wake_free(&wake);
    return status;
}

static json_t *offline(const struct config *config, struct failure *f)
{
    json_t *links = json_array();
    for (int i = 0; i < config->nlinks; i++) {
        const struct link_config *lc = &config->links[i];
        json_t *j =
            json_pack("{s:s, s:s, s:s}", "name", lc->name, "state", "not running", "position", "");
        struct failure its = {0};
        if (lc->to->engine != ENGINE_NULL && offline_link(lc, j, &its) != STATUS_OK) {
            json_object_set_new(
                j, "last_error",
                json_pack("{s:s, s:s}", "code", error_name(its.code), "text", its.text));
            *f = its;
        }
        json_array_append_new(links, j);
    }
    return json_pack("{s:o}", "links", links);
}

/* ---- text ---- */

static const char *text_of(const json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "";
}

static void print_events(const json_t *events)
{
    if (!events)
        return;
    printf("  events        %lld written   %lld waiting   %lld quarantined\n",
           (long long)json_integer_value(json_object_get(events, "written")),
           (long long)json_integer_value(json_object_get(events, "waiting")),
           (long long)json_integer_value(json_object_get(events, "quarantined")));
    if (json_integer_value(json_object_get(events, "drifted")) > 0)
        printf("  drift         %lld rows that it watches were changed by others\n",
               (long long)json_integer_value(json_object_get(events, "drifted")));
}

static void print_held(const json_t *held)
{
    json_int_t quarantined = json_integer_value(json_object_get(held, "quarantined"));
    json_int_t behind = json_integer_value(json_object_get(held, "behind"));
    if (quarantined + behind > 0)
        printf("  held rows     %lld quarantined   %lld behind them\n", (long long)quarantined,
               (long long)behind);
}

static void print_running(const json_t *j)
{
    json_t *lag = json_object_get(j, "lag_ms");
    json_t *copy = json_object_get(j, "copy");
    if (json_is_number(lag))
        printf("  lag           %.1f ms\n", json_number_value(lag));
    printf("  rate          %.0f rows/s   rows %lld   transactions %lld\n",
           json_number_value(json_object_get(j, "rate")),
           (long long)json_integer_value(json_object_get(j, "rows")),
           (long long)json_integer_value(json_object_get(j, "transactions")));
    printf("  backlog       %.1f MiB%s\n",
           (double)json_integer_value(json_object_get(j, "backlog_bytes")) / 1048576.0,
           json_is_true(json_object_get(j, "paused")) ? " (the source waits for the target)" : "");
    print_events(json_object_get(j, "events"));
    print_held(json_object_get(j, "held"));
    if (json_integer_value(json_object_get(copy, "chunks")) > 0)
        printf("  first copy    %lld of %lld chunks, %lld rows\n",
               (long long)json_integer_value(json_object_get(copy, "done")),
               (long long)json_integer_value(json_object_get(copy, "chunks")),
               (long long)json_integer_value(json_object_get(copy, "rows")));
}

static void print_error(const json_t *error)
{
    printf("  last error    %s: %s\n", text_of(error, "code"), text_of(error, "text"));
    if (*text_of(error, "action"))
        printf("                %s\n", text_of(error, "action"));
}

static void print_link(const json_t *j)
{
    const json_t *error = json_object_get(j, "last_error");
    printf("%s: %s\n  position      %s\n", text_of(j, "name"), text_of(j, "state"),
           text_of(j, "position"));
    if (json_object_get(j, "rate"))
        print_running(j);
    else if (*text_of(j, "checkpoint_at"))
        printf("  written       %s\n", text_of(j, "checkpoint_at"));
    if (json_is_object(error))
        print_error(error);
}

static void print_all(const json_t *status, bool json)
{
    size_t i;
    json_t *link;
    if (json) {
        json_dumpf(status, stdout, JSON_INDENT(2));
        putchar('\n');
        return;
    }
    json_array_foreach(json_object_get(status, "links"), i, link) print_link(link);
}

int command_status(const struct arguments *args)
{
    struct failure f = {0};
    json_t *status = NULL;
    struct config *config = command_config(args);
    if (!config)
        return EXIT_USAGE;
    enum status asked =
        control_ask(config->socket, json_pack("{s:s}", "command", "status"), &status, &f);
    if (asked == STATUS_OK && !status)
        status = offline(config, &f);
    if (status)
        print_all(status, args->json);
    json_decref(status);
    config_free(config);
    return f.code == ERROR_NONE ? EXIT_DONE : command_fail(&f);
}
