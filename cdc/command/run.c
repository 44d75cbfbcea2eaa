/* run: all links of a config, until asked to stop. The main thread holds signals and the control
 * socket; each link has a thread of its own. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "base/buffer.h"
#include "base/log.h"
#include "command/command.h"
#include "command/control.h"
#include "command/quarantine.h"
#include "command/status.h"
#include "check/check.h"
#include "config/config.h"
#include "events/feed.h"
#include "link/link.h"

struct engine_process {
    uv_loop_t loop;
    struct config *config;
    struct link **links;
    struct control *control;
    struct feed *feed;
    uv_signal_t terminate, interrupt;
    uv_async_t changed;
    uv_async_t told; /* events were said */
    bool stopping;
};

static void stop_all(struct engine_process *p)
{
    if (p->stopping) {
        log_warn("msg=\"asked to stop again: leaving at once; the next start goes on from the "
                 "checkpoints\"");
        unlink(p->config->socket);
        _exit(EXIT_DONE);
    }
    p->stopping = true;
    log_info("msg=\"asked to stop: draining\"");
    for (int i = 0; i < p->config->nlinks; i++)
        link_stop(p->links[i]);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    stop_all(handle->data);
}

static void on_change(void *owner)
{
    uv_async_send(&((struct engine_process *)owner)->changed);
}

/* Nothing left that runs, or that could go on by itself? */
static bool all_ended(struct engine_process *p)
{
    struct link_status s;
    for (int i = 0; i < p->config->nlinks; i++) {
        link_status(p->links[i], &s);
        if (s.state != LINK_STOPPED && s.state != LINK_FAILED)
            return false;
    }
    return true;
}

static void close_handles(struct engine_process *p)
{
    control_close(p->control);
    p->control = NULL;
    uv_close((uv_handle_t *)&p->terminate, NULL);
    uv_close((uv_handle_t *)&p->interrupt, NULL);
    uv_unref((uv_handle_t *)&p->changed); /* links tell until their threads have ended */
    uv_unref((uv_handle_t *)&p->told);
}

static void on_changed(uv_async_t *handle)
{
    struct engine_process *p = handle->data;
    if (all_ended(p) && !uv_is_closing((uv_handle_t *)&p->terminate))
        close_handles(p);
}

/* ---- the control socket's answers ---- */

static struct link *find_link(struct engine_process *p, const json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "link"));
    for (int i = 0; name && i < p->config->nlinks; i++)
        if (strcmp(link_settings(p->links[i])->name, name) == 0)
            return p->links[i];
    return NULL;
}

static json_t *answer_status(struct engine_process *p)
{
    json_t *links = json_array();
    struct link_status s;
    for (int i = 0; i < p->config->nlinks; i++) {
        link_status(p->links[i], &s);
        json_array_append_new(links, status_json(link_settings(p->links[i])->name, &s));
    }
    return json_pack("{s:o}", "links", links);
}

static json_t *answer_skip(struct link *l, const json_t *request)
{
    struct failure f = {0};
    const char *position = json_string_value(json_object_get(request, "position"));
    if (!position)
        return json_pack("{s:s}", "error", "skip needs a position");
    if (link_resume(l, position, &f) != STATUS_OK)
        return json_pack("{s:s}", "error", f.text);
    return json_pack("{s:b}", "ok", 1);
}

/* ---- events ---- */

static void on_said(void *owner)
{
    uv_async_send(&((struct engine_process *)owner)->told);
}

static void on_told(uv_async_t *handle)
{
    control_more(((struct engine_process *)handle->data)->control);
}

static bool take_events(void *listener, struct buffer *out)
{
    if (feed_take(listener, out))
        return true;
    buffer_add_text(out, "{\"error\":\"cut off: more events were waiting to be read than the "
                         "process keeps; ask again, or for fewer (--link, --type, --key)\"}\n");
    return false;
}

static void leave_events(void *listener)
{
    feed_leave(listener);
}

static json_t *answer_events(struct engine_process *p, const json_t *request,
                             struct control_stream *stream)
{
    const struct feed_filter filter = {json_string_value(json_object_get(request, "link")),
                                       json_string_value(json_object_get(request, "type")),
                                       json_string_value(json_object_get(request, "key"))};
    void *listener = feed_listen(p->feed, &filter, FEED_BYTES_MAX, on_said, p);
    if (!listener)
        return json_pack("{s:s}", "error", "too many listen to events already");
    *stream = (struct control_stream){listener, take_events, leave_events};
    return json_pack("{s:b}", "ok", 1);
}

static json_t *answer(void *owner, const json_t *request, struct control_stream *stream)
{
    struct engine_process *p = owner;
    const char *command = json_string_value(json_object_get(request, "command"));
    if (command && strcmp(command, "status") == 0)
        return answer_status(p);
    if (command && strcmp(command, "events") == 0)
        return answer_events(p, request, stream);
    struct link *l = find_link(p, request);
    if (!command || !l)
        return json_pack("{s:s}", "error", command ? "no such link" : "no command");
    if (strcmp(command, "skip") == 0)
        return answer_skip(l, request);
    if (strncmp(command, "quarantine", strlen("quarantine")) == 0)
        return quarantine_serve(l, request);
    if (strcmp(command, "stop") == 0) {
        link_stop(l);
        return json_pack("{s:b}", "ok", 1);
    }
    return json_pack("{s:s}", "error", "no such command");
}

/* ---- start and end ---- */

static void pair_up(struct engine_process *p)
{
    for (int i = 0; i < p->config->nlinks; i++)
        for (int j = 0; j < p->config->nlinks; j++) {
            const struct link_config *a = &p->config->links[i], *b = &p->config->links[j];
            if (a->pair && b->pair && a->from == b->to && a->to == b->from && a->line == b->line)
                link_set_peer(p->links[i], p->links[j]);
        }
}

static enum status start_links(struct engine_process *p, struct failure *f)
{
    uint64_t writer = 0;
    TRY(check_ownership(p->config, f));
    must(getrandom(&writer, sizeof writer, 0) == sizeof writer);
    p->links = calloc((size_t)p->config->nlinks, sizeof *p->links);
    must(p->links);
    for (int i = 0; i < p->config->nlinks; i++)
        p->links[i] =
            link_new(p->config, &p->config->links[i], (int64_t)(writer >> 1), on_change, p);
    pair_up(p);
    for (int i = 0; i < p->config->nlinks; i++)
        link_set_feed(p->links[i], p->feed);
    for (int i = 0; i < p->config->nlinks; i++)
        TRY(link_start(p->links[i], f));
    return STATUS_OK;
}

static enum status open_handles(struct engine_process *p, struct failure *f)
{
    must(uv_loop_init(&p->loop) == 0);
    p->terminate.data = p->interrupt.data = p->changed.data = p->told.data = p;
    uv_signal_init(&p->loop, &p->terminate);
    uv_signal_init(&p->loop, &p->interrupt);
    uv_async_init(&p->loop, &p->changed, on_changed);
    uv_async_init(&p->loop, &p->told, on_told);
    uv_signal_start(&p->terminate, on_signal, SIGTERM);
    uv_signal_start(&p->interrupt, on_signal, SIGINT);
    return control_open(&p->loop, p->config->socket, answer, p, f, &p->control);
}

/* The worst that a link ended with. */
static int end_links(struct engine_process *p)
{
    int code = EXIT_DONE;
    struct link_status s;
    for (int i = 0; p->links && i < p->config->nlinks; i++) {
        if (!p->links[i])
            continue;
        link_status(p->links[i], &s);
        if (s.state == LINK_FAILED && !p->stopping) {
            enum status class = error_status(s.error);
            int its = class == STATUS_DATA  ? EXIT_DATA
                      : class == STATUS_BUG ? EXIT_BUG
                                            : EXIT_PREREQUISITE;
            code = its > code ? its : code;
        }
        link_stop(p->links[i]);
        link_join(p->links[i]);
        link_free(p->links[i]);
    }
    free(p->links);
    return code;
}

int command_run(const struct arguments *args)
{
    struct engine_process p = {.config = command_config(args), .feed = feed_new()};
    struct failure f = {0};
    if (!p.config) {
        feed_free(p.feed);
        return EXIT_USAGE;
    }
    signal(SIGPIPE, SIG_IGN);
    enum status status = open_handles(&p, &f);
    if (status == STATUS_OK)
        status = start_links(&p, &f);
    if (status != STATUS_OK)
        close_handles(&p);
    else
        log_info("msg=\"millrace " MILLRACE_VERSION " runs\" config=%s socket=%s links=%d",
                 log_quote(args->config), log_quote(p.config->socket), p.config->nlinks);
    uv_run(&p.loop, UV_RUN_DEFAULT);
    int code = end_links(&p);
    uv_close((uv_handle_t *)&p.changed, NULL);
    uv_close((uv_handle_t *)&p.told, NULL);
    uv_run(&p.loop, UV_RUN_DEFAULT);
    uv_loop_close(&p.loop);
    feed_free(p.feed);
    config_free(p.config);
    return status == STATUS_OK ? code : command_fail(&f);
}
