/* events: the events of the running process, as it carries them, a line each. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/nearest.h"
#include "command/command.h"
#include "command/control.h"
#include "config/config.h"

/* ---- is there such a link, such an event? ---- */

static bool is_pattern(const char *text)
{
    return strpbrk(text, "*?") != NULL;
}

static int refuse(const char *what, const char *wanted, const struct nearest *n)
{
    fprintf(stderr, "millrace: %s %s%s%s%s\n", what, wanted, n->name ? "; did you mean " : "",
            n->name ? n->name : "", n->name ? "?" : "");
    return EXIT_USAGE;
}

static int check_link(const struct config *c, const char *link)
{
    struct nearest near = nearest_within(link, 3, NEAREST_EXACT);
    const struct link_config *lc = config_link(c, link);
    if (is_pattern(link) || (lc && lc->nevent_flows > 0))
        return EXIT_DONE;
    for (int i = 0; i < c->nlinks; i++)
        if (c->links[i].nevent_flows > 0)
            nearest_offer(&near, c->links[i].name);
    return refuse(lc ? "rows are what this link carries, it has no events:"
                     : "there is no link",
                  link, &near);
}

/* Full names are the vocabulary's: not known here. */
static int check_type(const struct config *c, const char *type)
{
    struct nearest near = nearest_within(type, 3, NEAREST_EXACT);
    if (is_pattern(type) || strchr(type, '.'))
        return EXIT_DONE;
    for (int i = 0; i < c->nevents; i++) {
        if (strcmp(c->events[i].name, type) == 0 || strcmp(c->events[i].type, type) == 0)
            return EXIT_DONE;
        nearest_offer(&near, c->events[i].name);
        nearest_offer(&near, c->events[i].type);
    }
    return refuse("the configuration has no event", type, &near);
}

static int check_arguments(const struct config *c, const struct arguments *args)
{
    bool any = false;
    for (int i = 0; i < c->nlinks; i++)
        any = any || c->links[i].nevent_flows > 0;
    if (!any) {
        fprintf(stderr, "millrace: no link of %s carries events (flows:)\n", args->config);
        return EXIT_USAGE;
    }
    int code = args->of_link ? check_link(c, args->of_link) : EXIT_DONE;
    return code == EXIT_DONE && args->type ? check_type(c, args->type) : code;
}

/* ---- lines ---- */

struct listening {
    int64_t left; /* -1: no end */
    bool answered;
    char error[1000];
};

/* Only the answer, and a last word, have it: an event begins otherwise. */
static bool has_error(struct listening *l, const char *text)
{
    json_error_t why;
    json_t *json = strncmp(text, "{\"error\"", 8) == 0 ? json_loads(text, 0, &why) : NULL;
    const char *error = json_string_value(json_object_get(json, "error"));
    if (error)
        snprintf(l->error, sizeof l->error, "%s", error);
    json_decref(json);
    return l->error[0] != '\0';
}

static bool on_line(void *owner, char *text)
{
    struct listening *l = owner;
    if (has_error(l, text))
        return false;
    if (!l->answered) {
        l->answered = true;
        fprintf(stderr, "millrace: listening; events come as they are carried\n");
        return l->left != 0;
    }
    puts(text);
    fflush(stdout);
    return l->left < 0 || --l->left > 0;
}

static json_t *request_of(const struct arguments *args)
{
    return json_pack("{s:s, s:s?, s:s?, s:s?}", "command", "events", "link", args->of_link, "type",
                     args->type, "key", args->key);
}

static int listen_to(const struct config *c, const struct arguments *args)
{
    struct failure f = {0};
    struct listening l = {.left = args->count};
    bool there;
    int64_t ms = args->seconds < 0 ? -1 : args->seconds * 1000;
    enum status status =
        control_follow(c->socket, request_of(args), ms, on_line, &l, &there, &f);
    if (status != STATUS_OK)
        return command_fail(&f);
    if (!there)
        fail(&f, ERROR_CONNECT, "no millrace process listens on %s: events are shown while one "
                                "carries them; start it by: millrace run -c %s",
             c->socket, args->config);
    else if (l.error[0])
        fail(&f, ERROR_CONNECTION_LOST, "%s", l.error);
    return f.code == ERROR_NONE ? EXIT_DONE : command_fail(&f);
}

int command_events(const struct arguments *args)
{
    struct config *config = command_config(args);
    if (!config)
        return EXIT_USAGE;
    int code = check_arguments(config, args);
    if (code == EXIT_DONE)
        code = listen_to(config, args);
    config_free(config);
    return code;
}
