/* explain: what a change of one row would become and write. */
#include <signal.h>
#include <stdio.h>
#include "base/log.h"
#include "command/command.h"
#include "link/explain.h"

enum { OUT_BYTES_MAX = 1 << 30, MAX_ROWS = 200000 };

static int explain(const struct config *config, const struct arguments *args, const char *link)
{
    struct failure f = {0};
    struct buffer out;
    const struct explain_request q = {.link = link,
                                      .table = args->table,
                                      .row = args->row,
                                      .before = args->before,
                                      .is_delete = args->is_delete,
                                      .no_write = args->no_write,
                                      .max_rows = args->max_rows > 0 ? args->max_rows : MAX_ROWS};
    buffer_init(&out, OUT_BYTES_MAX);
    enum status status = link_explain(config, &q, &out, &f);
    fputs(buffer_text(&out), stdout);
    fflush(stdout);
    buffer_free(&out);
    return status == STATUS_OK ? EXIT_DONE : command_fail(&f);
}

/* No row: how the events of links are evaluated. */
static int explain_all(const struct config *config, const struct arguments *args)
{
    int code = EXIT_DONE;
    if (args->table || args->of_link)
        return explain(config, args, args->of_link);
    for (int i = 0; i < config->nlinks && code == EXIT_DONE; i++)
        if (config->links[i].nevent_flows > 0)
            code = explain(config, args, config->links[i].name);
    return code;
}

int command_explain(const struct arguments *args)
{
    bool row = args->row || args->before;
    if (row != (args->table != NULL)) {
        fprintf(stderr, "millrace: explain needs --table T and --row JSON, the row's key and what "
                        "is new: --row '{\"id\": 1, \"qty\": \"2.5\"}'\n");
        return EXIT_USAGE;
    }
    struct config *config = command_config(args);
    if (!config)
        return EXIT_USAGE;
    signal(SIGPIPE, SIG_IGN);
    if (!args->verbose)
        log_level = LOG_ERROR; /* what is found is said better */
    int code = explain_all(config, args);
    config_free(config);
    return code;
}
