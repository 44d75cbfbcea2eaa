/* skip: passes one transaction of a failed link. With a running process it asks that; without one
 * it runs the link itself, under the same fence, until the transaction is passed. */
#include <signal.h>
#include <stdio.h>
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

static int asked_process(const json_t *answer)
{
    const char *error = json_string_value(json_object_get(answer, "error"));
    if (!error) {
        puts("the running process passes it now; see millrace status");
        return EXIT_DONE;
    }
    fprintf(stderr, "millrace: %s\n", error);
    return EXIT_PREREQUISITE;
}

static int skip(const struct config *config, const struct arguments *args)
{
    struct failure f = {0};
    json_t *answer = NULL;
    const struct link_config *lc = config_link(config, args->link);
    if (!lc || !args->position) {
        fprintf(stderr, "millrace: %s\n",
                lc ? "skip needs --position P, as status names it" : "there is no such link");
        return EXIT_USAGE;
    }
    json_t *request = json_pack("{s:s, s:s, s:s}", "command", "skip", "link", args->link,
                                "position", args->position);
    if (control_ask(config->socket, request, &answer, &f) != STATUS_OK)
        return command_fail(&f);
    int code = answer ? asked_process(answer) : skip_here(config, lc, args->position);
    json_decref(answer);
    return code;
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
