#include "command/command.h"

#include <stdio.h>
#include "config/config.h"

struct config *command_config(const struct arguments *args)
{
    struct config *config = NULL;
    struct failure f = {0};
    if (config_load(args->config, &config, &f) == STATUS_OK)
        return config;
    config_free(config);
    fprintf(stderr, "millrace: %s\n", f.text);
    return NULL;
}

int command_fail(const struct failure *f)
{
    fprintf(stderr, "millrace: %s\n", f->text);
    switch (error_status(f->code)) {
    case STATUS_RETRY:
        return EXIT_UNREACHABLE;
    case STATUS_DATA:
        return EXIT_DATA;
    case STATUS_BUG:
        return EXIT_BUG;
    case STATUS_OK:
    case STATUS_STOPPED:
        return EXIT_DONE;
    case STATUS_CONFIG:
        break;
    }
    return EXIT_PREREQUISITE;
}
