#include "command/command.h"

#include <stdio.h>
#include "config/config.h"

/* Until links carry flows: one would start, and do nothing. */
static enum status refuse_flows(const struct config *c, struct failure *f)
{
    for (int i = 0; i < c->nlinks; i++) {
        const struct link_config *link = &c->links[i];
        if (link->nevent_flows > 0)
            return fail(f, ERROR_CONFIG,
                        "%s:%d: link %s has flows, which this version reads but does not carry yet: "
                        "leave the link out",
                        c->path, link->event_flows[0].line, link->name);
    }
    return STATUS_OK;
}

struct config *command_config(const struct arguments *args)
{
    struct config *config = NULL;
    struct failure f = {0};
    if (config_load(args->config, &config, &f) == STATUS_OK &&
        refuse_flows(config, &f) == STATUS_OK)
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
