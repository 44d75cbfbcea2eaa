/* skip: passes one transaction of a failed link. With a running process it asks that; without one
 * it runs the link itself, under the same fence, until the transaction is passed. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "command/command.h"
#include "command/control.h"
#include "config/config.h"
#include "link/link.h"

static void no_change(void *owner)
{
    (void)owner;
}

enum { POLL_US = 50 * 1000 };

/* Runs the link until it has stopped (passed) or failed. */
static int run_link(struct link *l, const char *position)
{
    struct failure f = {0};
    struct link_status s;
    if (link_resume(l, position, &f) != STATUS_OK)
        return command_fail(&f);
    link_stop_after_skip(l);
    if (link_start(l, &f) != STATUS_OK)
        return command_fail(&f);
    do {
        usleep(POLL_US);
        link_status(l, &s);
    } while (s.state != LINK_STOPPED && s.state != LINK_FAILED);
    link_stop(l);
    link_join(l);
    if (s.state == LINK_STOPPED) {
        printf("skipped; the link stands at %s\n", s.position);
        return EXIT_DONE;
    }
    f.code = s.error;
    snprintf(f.text, sizeof f.text, "%s", s.error_text);
    return command_fail(&f);
}

static int skip_here(const struct config *config, const struct link_config *lc,
                     const char *position)
{
    uint64_t writer = 0;
    must(getrandom(&writer, sizeof writer, 0) == sizeof writer);
    signal(SIGPIPE, SIG_IGN);
    printf("no process runs: passing the next transaction here, if it ends at %s\n", position);
    fflush(stdout);
    struct link *l = link_new(config, lc, (int64_t)(writer >> 1), no_change, NULL);
    int code = run_link(l, position);
    link_free(l);
    return code;
}

/* ---- with a running process ---- */

struct skipping {
    const char *socket, *link;
    json_t *answer; /* to the last question; NULL: no process is there */
};

static enum status ask(struct skipping *s, json_t *request, struct failure *f)
{
    json_decref(s->answer);
    s->answer = NULL;
    return control_ask(s->socket, request, &s->answer, f);
}

static const json_t *status_of(const struct skipping *s)
{
    size_t i;
    json_t *links = json_object_get(s->answer, "links"), *link;
    json_array_foreach(links, i, link)
        if (strcmp(json_string_value(json_object_get(link, "name")), s->link) == 0)
            return link;
    return NULL;
}

static enum status look(struct skipping *s, const json_t **link, struct failure *f)
{
    TRY(ask(s, json_pack("{s:s}", "command", "status"), f));
    *link = status_of(s);
    return *link ? STATUS_OK : fail(f, ERROR_CONNECTION_LOST, "the process has ended meanwhile");
}

static json_int_t skipped_of(const json_t *link)
{
    return json_integer_value(json_object_get(link, "skipped"));
}

/* Until the transaction is passed, or the link has failed at it again. */
static enum status wait_outcome(struct skipping *s, json_int_t before, struct failure *f)
{
    const json_t *link;
    do {
        usleep(POLL_US);
        TRY(look(s, &link, f));
    } while (json_is_true(json_object_get(link, "skipping")));
    if (skipped_of(link) > before) {
        printf("skipped; the link stands at %s\n",
               json_string_value(json_object_get(link, "position")));
        return STATUS_OK;
    }
    const json_t *error = json_object_get(link, "last_error");
    const char *text = json_string_value(json_object_get(error, "text"));
    return fail(f, ERROR_VALUE, "nothing was skipped: %s", text ? text : "the link was stopped");
}

static enum status skip_there(struct skipping *s, const char *position, struct failure *f)
{
    const json_t *link;
    TRY(look(s, &link, f));
    json_int_t before = skipped_of(link);
    TRY(ask(s,
            json_pack("{s:s, s:s, s:s}", "command", "skip", "link", s->link, "position", position),
            f));
    const char *error = json_string_value(json_object_get(s->answer, "error"));
    if (error)
        return fail(f, ERROR_CONFIG, "%s", error);
    return wait_outcome(s, before, f);
}

static int skip(const struct config *config, const struct arguments *args)
{
    struct failure f = {0};
    const struct link_config *lc = config_link(config, args->link);
    struct skipping s = {.socket = config->socket, .link = args->link};
    if (!lc || !args->position) {
        fprintf(stderr, "millrace: %s\n",
                lc ? "skip needs --position P, as status names it" : "there is no such link");
        return EXIT_USAGE;
    }
    if (ask(&s, json_pack("{s:s}", "command", "status"), &f) != STATUS_OK)
        return command_fail(&f);
    if (!s.answer)
        return skip_here(config, lc, args->position);
    enum status status = skip_there(&s, args->position, &f);
    json_decref(s.answer);
    return status == STATUS_OK ? EXIT_DONE : command_fail(&f);
}

int command_skip(const struct arguments *args)
{
    struct config *config = command_config(args);
    if (!config)
        return EXIT_USAGE;
    int code = skip(config, args);
    config_free(config);
    return code;
}
