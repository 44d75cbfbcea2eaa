/* Commands: one file each, listed once in main.c. Each gets its parsed arguments and returns an
 * exit code; output for people and scripts goes to stdout, errors to stderr.
 */
#ifndef MILLRACE_COMMAND_COMMAND_H
#define MILLRACE_COMMAND_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

/* documented in docs/COMMANDS.md and --help */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_USAGE = 1,        /* wrong arguments or a wrong config file */
    EXIT_PREREQUISITE = 2, /* something on a server is missing: check says what */
    EXIT_DATA = 3,         /* a link stopped on data */
    EXIT_UNREACHABLE = 4,  /* a database or the running process cannot be reached */
    EXIT_BUG = 70,
};

struct arguments {
    const char *config;   /* -c FILE */
    const char *link;     /* the positional argument, or NULL */
    const char *position; /* --position P */
    bool json;            /* --json */
    bool yes;             /* --yes */
    bool verbose;         /* --verbose: debug log */

    char **words; /* of a command with words of its own: what follows its name */
    int nwords;
    const char *of_link, *flow, *reason, *key, *table, *column; /* --link L, --flow F, ... */
    bool all;                                                   /* --all */
    const char *type;       /* events: --type T */
    int64_t count, seconds; /* events: --count N, --seconds S; -1: no end */
    const char *row, *before; /* explain: --row JSON, --before JSON */
    bool is_delete, no_write; /* explain: --delete, --no-write */
    int64_t max_rows;         /* explain: --max-rows N; 0: the default */
};

struct command {
    const char *name;
    const char *synopsis; /* after "millrace " */
    const char *help;     /* lines for `millrace NAME --help` */
    bool needs_link;
    int (*run)(const struct arguments *args);
    bool takes_words; /* as many as it likes, and judges them itself */
};

int command_run(const struct arguments *args);
int command_check(const struct arguments *args);
int command_status(const struct arguments *args);
int command_skip(const struct arguments *args);
int command_remove(const struct arguments *args);
int command_events(const struct arguments *args);
int command_explain(const struct arguments *args);
int command_quarantine(const struct arguments *args);

struct config;
struct failure;
/* Loads the config or says why not on stderr; NULL then. */
struct config *command_config(const struct arguments *args);
/* Prints a failure as "millrace: <text>" and gives its exit code. */
int command_fail(const struct failure *f);

#endif
