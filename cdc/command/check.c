/* check: is everything in place? */
#include "check/check.h"
#include "base/log.h"
#include "command/command.h"

static int exit_code(const struct report *r)
{
    if (r->unreachable)
        return EXIT_UNREACHABLE;
    return r->missing ? EXIT_PREREQUISITE : EXIT_DONE;
}

int command_check(const struct arguments *args)
{
    struct report report = {.out = stdout};
    struct config *config = command_config(args);
    if (!config)
        return EXIT_USAGE;
    if (!args->verbose)
        log_level = LOG_ERROR; /* the report says it better */
    printf("millrace " MILLRACE_VERSION " checks %s\n", args->config);
    check_config(config, &report);
    report_end(&report);
    config_free(config);
    return exit_code(&report);
}
