/* remove: takes away what Millrace made for one link: at the source its slot and publication, at
 * the target its checkpoints, chunks and name. Rows of the mapped tables stay. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command/command.h"
#include "command/control.h"
#include "config/config.h"
#include "link/drivers.h"
#include "state/checkpoint.h"

enum { STOP_POLL_US = 100 * 1000, STOP_POLLS = 300, LOCK_TRIES = 10, LOCK_PAUSE_MS = 100 };

static bool ask(const struct link_config *lc)
{
    char answer[16] = "";
    printf("Link %s (%s -> %s) will be forgotten:\n", lc->name, lc->from->name, lc->to->name);
    if (lc->from->engine == ENGINE_POSTGRES)
        printf(
            "  %s: replication slot %s is dropped; publication %s too, if no other slot uses it\n",
            lc->from->name, lc->slot, lc->publication);
    printf("  %s: its rows in millrace.checkpoint, millrace.chunk, millrace.link and\n"
           "  millrace.held (held events, and what skip has stored) are deleted\n"
           "The tables that it wrote stay as they are. Changes from now on are not replicated.\n",
           lc->to->name);
    if (lc->pair)
        printf("It is one of a pair: %s-%s goes on. To copy again, remove that one too before\n"
               "tables are emptied: it would carry the deletions to the other side.\n",
               lc->to->name, lc->from->name);
    printf("Type yes to go on: ");
    fflush(stdout);
    return fgets(answer, sizeof answer, stdin) && strcmp(answer, "yes\n") == 0;
}

static bool wanted_none(void *owner, const char *schema, const char *table)
{
    (void)owner, (void)schema, (void)table;
    return false;
}

static enum status remove_at_source(const struct link_config *lc, struct wake *wake,
                                    struct failure *f)
{
    uv_loop_t loop;
    struct intake intake;
    struct source *source = NULL;
    const struct source_driver *driver = source_driver_of(lc->from->engine);
    must(uv_loop_init(&loop) == 0);
    intake_init(&intake, lc->budget_bytes);
    struct source_options options = {.endpoint = &lc->from->capture,
                                     .link = lc->name,
                                     .slot = lc->slot,
                                     .publication = lc->publication,
                                     .server_id = lc->server_id,
                                     .loop = &loop,
                                     .intake = &intake,
                                     .wake = wake,
                                     .failure = f,
                                     .wanted = wanted_none};
    enum status status = driver->open(&options, &source);
    if (status == STATUS_OK)
        status = driver->remove(source);
    if (source)
        driver->close(source);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    intake_free(&intake);
    return status;
}

/* What is known of the link at the target, and that nobody runs it: a process elsewhere would go on
 * writing with nothing to start from. */
struct target {
    struct session *session;
    int64_t link; /* 0: the target knows none of this name */
};

static enum status lock_link(struct target *t, struct wake *wake, struct failure *f)
{
    bool locked = false;
    for (int i = 0; i < LOCK_TRIES && !locked; i++) {
        if (i > 0)
            wake_poll(wake, -1, 0, LOCK_PAUSE_MS); /* a session that was just closed has it yet */
        TRY(state_try_lock(t->session, t->link, &locked, f));
    }
    return locked ? STATUS_OK
                  : fail(f, ERROR_SECOND_ENGINE,
                         "another process runs this link: stop it first; nothing was removed");
}

static enum status open_target(const struct link_config *lc, struct target *t, struct wake *wake,
                               struct failure *f)
{
    if (lc->to->engine == ENGINE_NULL)
        return STATUS_OK;
    TRY(session_open(&lc->to->apply, "millrace remove", wake, f, &t->session));
    TRY(state_find_link(t->session, lc->name, &t->link, f));
    return t->link ? lock_link(t, wake, f) : STATUS_OK;
}

static enum status remove_at_target(const struct link_config *lc, const struct target *t,
                                    struct failure *f)
{
    if (t->link)
        return state_forget_link(t->session, t->link, f);
    if (t->session)
        printf("%s: the target knows no link of this name\n", lc->name);
    return STATUS_OK;
}

/* A target that is gone for good must not keep the slot at the source: it goes all the same. */
static enum status remove_at_both(const struct link_config *lc, struct wake *wake,
                                  struct failure *f)
{
    struct target t = {0};
    struct failure at_target = {0};
    enum status status = open_target(lc, &t, wake, f);
    bool away = status == STATUS_RETRY;
    if (away)
        at_target = *f;
    if (status == STATUS_OK || away)
        status = remove_at_source(lc, wake, f);
    if (status == STATUS_OK && !away)
        status = remove_at_target(lc, &t, f);
    session_close(t.session);
    if (status != STATUS_OK || !away)
        return status;
    *f = at_target;
    return error_status(f->code);
}

/* A running process lets the link go first. */
static enum status stop_in_process(const struct config *config, const char *link, struct failure *f)
{
    for (int i = 0; i < STOP_POLLS; i++) {
        json_t *answer = NULL;
        size_t n;
        json_t *l;
        bool stopped = true;
        TRY(control_ask(config->socket, json_pack("{s:s, s:s}", "command", "stop", "link", link),
                        &answer, f));
        json_decref(answer);
        if (!answer)
            return STATUS_OK;
        TRY(control_ask(config->socket, json_pack("{s:s}", "command", "status"), &answer, f));
        json_array_foreach(json_object_get(answer, "links"), n,
                           l) if (strcmp(json_string_value(json_object_get(l, "name")), link) == 0)
            stopped = strcmp(json_string_value(json_object_get(l, "state")), "stopped") == 0;
        json_decref(answer);
        if (stopped)
            return STATUS_OK;
        usleep(STOP_POLL_US);
    }
    return fail(f, ERROR_CONNECT, "the running process did not stop link %s within 30 s", link);
}

static int remove_link(const struct config *config, const struct arguments *args)
{
    struct failure f = {0};
    struct wake wake;
    const struct link_config *lc = config_link(config, args->link);
    if (!lc) {
        fprintf(stderr, "millrace: there is no link %s in %s\n", args->link, args->config);
        return EXIT_USAGE;
    }
    if (!args->yes && !ask(lc)) {
        puts("nothing was removed");
        return EXIT_DONE;
    }
    must(wake_init(&wake) == 0);
    enum status status = stop_in_process(config, args->link, &f);
    if (status == STATUS_OK)
        status = remove_at_both(lc, &wake, &f);
    wake_free(&wake);
    if (status != STATUS_OK)
        return command_fail(&f);
    printf("link %s is removed\n", args->link);
    return EXIT_DONE;
}

int command_remove(const struct arguments *args)
{
    struct config *config = command_config(args);
    if (!config)
        return EXIT_USAGE;
    int code = remove_link(config, args);
    config_free(config);
    return code;
}
