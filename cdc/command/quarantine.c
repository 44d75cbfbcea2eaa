/* quarantine: what the links hold. list and show read the targets; retry and skip are the running
 * process's to do, since what is held changes only in a transaction of its link. */
#include "command/quarantine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command/control.h"

enum { POLL_US = 50 * 1000, POLLS_BEFORE_A_WORD = 60, ANSWER_BYTES_MAX = 64 << 20 };

static int usage(const char *what)
{
    fprintf(stderr, "millrace: %s; see millrace quarantine --help\n", what);
    return EXIT_USAGE;
}

struct asking {
    const struct config *config;
    const struct link_config *link;
    struct held_filter filter;
    bool skip;
    bool told; /* that it may take a while */
};

static enum status ask(const struct asking *q, json_t *request, json_t **answer, struct failure *f)
{
    TRY(control_ask(q->config->socket, request, answer, f));
    if (!*answer)
        return fail(f, ERROR_CONNECT,
                    "no process runs %s: what is held is tried again, and dropped, by its link: "
                    "start millrace run; nothing was done",
                    q->config->path);
    const char *error = json_string_value(json_object_get(*answer, "error"));
    if (!error)
        return STATUS_OK;
    fail(f, ERROR_CONFIG, "%s", error);
    json_decref(*answer);
    *answer = NULL;
    return error_status(f->code);
}

/* A link that tries to connect does it as soon as it streams again. */
static void tell_wait(struct asking *q, const json_t *answer, int polls)
{
    if (q->told || polls < POLLS_BEFORE_A_WORD)
        return;
    q->told = true;
    fprintf(stderr, "link %s is %s: it is done as soon as it can be; "
            "waiting, though nobody needs to\n", q->link->name,
            json_string_value(json_object_get(answer, "state")));
}

/* Line by line: it holds keys, and those may hold anything. */
static void print_answer(const char *link, const char *text)
{
    struct buffer b;
    buffer_init(&b, ANSWER_BYTES_MAX);
    while (*text) {
        size_t size = strcspn(text, "\n");
        char *line = strndup(text, size);
        must(line);
        buffer_add_format(&b, "%s: ", link);
        quarantine_add_clean(&b, line);
        buffer_add_char(&b, '\n');
        free(line);
        text += size + (text[size] == '\n');
    }
    fwrite(b.data, 1, b.size, stdout);
    buffer_free(&b);
}

static enum status wait_answer(struct asking *q, json_int_t request, struct failure *f)
{
    for (int polls = 0;; polls++) {
        json_t *answer = NULL;
        TRY(ask(q,
                json_pack("{s:s, s:s, s:I}", "command", "quarantine-answer", "link", q->link->name,
                          "request", request),
                &answer, f));
        const char *text = json_string_value(json_object_get(answer, "text"));
        if (text)
            print_answer(q->link->name, text);
        else
            tell_wait(q, answer, polls);
        json_decref(answer);
        if (text)
            return STATUS_OK;
        usleep(POLL_US);
    }
}

static enum status act_on_link(struct asking *q, struct failure *f)
{
    json_t *answer = NULL;
    TRY(ask(q,
            json_pack("{s:s, s:s, s:b, s:o}", "command", "quarantine", "link", q->link->name,
                      "skip", q->skip, "filter", quarantine_filter_json(&q->filter)),
            &answer, f));
    json_int_t request = json_integer_value(json_object_get(answer, "request"));
    json_decref(answer);
    return wait_answer(q, request, f);
}

/* What is held there can be tried again. */
static bool holds(const struct link_config *lc)
{
    return lc->to->engine != ENGINE_NULL;
}

/* All links, or the one that is named. */
static int act(struct asking *q, const char *name)
{
    int code = EXIT_DONE;
    for (int i = 0; i < q->config->nlinks; i++) {
        struct failure f = {0};
        q->link = &q->config->links[i];
        if (name ? strcmp(q->link->name, name) != 0 : !holds(q->link))
            continue;
        if (act_on_link(q, &f) != STATUS_OK)
            code = command_fail(&f);
    }
    return code;
}

/* Who names numbers has seen what they are. */
static bool sure(const struct asking *q, const struct arguments *args)
{
    char answer[16] = "";
    if (!q->skip || q->filter.count > 0 || args->yes)
        return true;
    printf("What is skipped is never written. `millrace quarantine list`, with the same options, shows "
           "it.\nType yes to go on: ");
    fflush(stdout);
    return fgets(answer, sizeof answer, stdin) && strcmp(answer, "yes\n") == 0;
}

static int links_that_hold(const struct config *config)
{
    int n = 0;
    for (int i = 0; i < config->nlinks; i++)
        n += holds(&config->links[i]);
    return n;
}

/* What is wrong with the arguments; NULL: nothing. */
static const char *objection(const struct asking *q, const struct arguments *args)
{
    if (q->filter.reasons & 1u << HELD_SKIPPED)
        return "what `millrace skip` has passed is kept for people: nothing tries it again";
    if (!quarantine_chooses(&q->filter) && !args->all)
        return "which? say N..., --key K, --reason R, --flow F, --table T or --all";
    if (q->filter.count > 0 && !args->of_link && links_that_hold(q->config) > 1)
        return "of which link are the numbers? say --link L";
    return NULL;
}

static int retry_or_skip_in(struct asking *q, const struct arguments *args, struct arena *a)
{
    struct failure f = {0};
    if (quarantine_filter(args, a, &q->filter, &f) != STATUS_OK)
        return usage(f.text);
    const char *wrong = objection(q, args);
    if (wrong)
        return usage(wrong);
    if (sure(q, args))
        return act(q, args->of_link);
    puts("nothing was skipped");
    return EXIT_DONE;
}

static int retry_or_skip(const struct config *config, const struct arguments *args)
{
    struct asking q = {.config = config, .skip = strcmp(args->words[0], "skip") == 0};
    struct arena a;
    arena_init(&a);
    int code = retry_or_skip_in(&q, args, &a);
    arena_free(&a);
    return code;
}

static const struct {
    const char *name;
    int (*run)(const struct config *config, const struct arguments *args);
} verbs[] = {
    {"list", quarantine_list},
    {"show", quarantine_show},
    {"retry", retry_or_skip},
    {"skip", retry_or_skip},
};

static int run_verb(const struct arguments *args, size_t verb)
{
    struct config *config = command_config(args);
    int code;
    if (!config)
        return EXIT_USAGE;
    if (args->of_link && !config_link(config, args->of_link)) {
        fprintf(stderr, "millrace: there is no link %s in %s\n", args->of_link, args->config);
        code = EXIT_USAGE;
    } else {
        code = verbs[verb].run(config, args);
    }
    config_free(config);
    return code;
}

int command_quarantine(const struct arguments *args)
{
    for (size_t i = 0; args->nwords > 0 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(args->words[0], verbs[i].name) == 0)
            return run_verb(args, i);
    return usage("list, show, retry or skip?");
}
