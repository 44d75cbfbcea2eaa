/* The table of commands, and the way from argv to one of them. */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/log.h"
#include "command/command.h"
#include "config/config.h"

static const struct command commands[] = {
    {"run", "run -c FILE",
     "Runs all links of the config until SIGTERM, which drains and commits;\n"
     "a second SIGTERM leaves at once. Listens on the config's socket (default FILE.sock).",
     false, command_run},
    {"check", "check -c FILE", "Checks every prerequisite on both servers and says what to run.",
     false, command_check},
    {"status", "status -c FILE [--json]",
     "State, rate, lag, position and last error of each link, of links with flows what became of\n"
     "events; from the running process, else from the databases.",
     false, command_status},
    {"skip", "skip LINK --position P -c FILE",
     "Passes the one source transaction that ends at P (as status and the log name it), after its\n"
     "rows are stored in millrace.held of the target.",
     true, command_skip},
    {"quarantine", "quarantine list|show|retry|skip -c FILE [--link L] [N...]",
     "What the links hold (docs/QUARANTINE.md), read from the targets:\n"
     "  list   [--flow F] [--reason R] [--key K] [--table T] [--column C]   one line each\n"
     "  show N                                                             all of one\n"
     "and, by the running process:\n"
     "  retry  N... | --flow F | --reason R | --key K | --table T | --all   tried again now\n"
     "  skip   the same [--yes]                                            dropped for good\n"
     "R: wait, quarantine, behind, together; list also: skipped, what `millrace skip` has passed.",
     false, command_quarantine, true},
    {"events", "events -c FILE [--link L] [--type T] [--key K] [--count N] [--seconds S]",
     "Prints the events of the running process as it carries them, each a line: a CloudEvent in\n"
     "JSON, whose attribute `outcome` says what became of it: written, or why it is held (wait,\n"
     "quarantine, behind, together). Until interrupted, or after N events or S seconds.\n"
     "L, T and K may be patterns (* and ?); T is an event of the file, its type, or the type that\n"
     "the lines show. What comes while nobody listens is not kept.",
     false, command_events},
    {"explain",
     "explain -c FILE [--link L] [--table T --row JSON [--before JSON] [--delete] [--no-write]]",
     "Shows how each event is evaluated and what the mirror holds; with a row, what a change of that\n"
     "row at the source would become and write. Nothing is written. JSON is\n"
     "an object of columns: the key, and what is new: '{\"id\": 1, \"qty\": \"2.5\"}'. A row that is\n"
     "there is updated, else inserted, with --delete deleted; --before says that it was another one\n"
     "than it is. --no-write shows the events alone, without the target. The tables that events\n"
     "read are read into memory, up to --max-rows N rows each (200000).",
     false, command_explain},
    {"remove", "remove LINK -c FILE [--yes]",
     "Shows, asks, then drops what Millrace made for a link: slot, publication, checkpoint, what is\n"
     "held.", true,
     command_remove},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(FILE *out)
{
    fputs("millrace " MILLRACE_VERSION ": keeps two databases in step, exactly once, both ways\n\n"
          "usage:\n",
          out);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  millrace %s\n", commands[i].synopsis);
    fputs("\noptions:\n"
          "  -c, --config FILE   the configuration (all commands)\n"
          "      --position P    skip: the position that the bad transaction ends at\n"
          "      --json          status: for programs\n"
          "      --yes           remove, quarantine skip: do not ask\n"
          "      --link, --flow, --reason, --key, --table, --column, --all\n"
          "                      quarantine: which of what is held\n"
          "      --link, --type, --key, --count N, --seconds S\n"
          "                      events: which, and how long\n"
          "      --link, --table, --row JSON, --before JSON, --delete, --no-write, --max-rows N\n"
          "                      explain: which change\n"
          "  -v, --verbose       debug log\n"
          "  -h, --help          this; with a command (or config) more on it\n"
          "      --version\n\n"
          "exit codes: 0 done, 1 usage or config, 2 a prerequisite is missing, 3 a link stopped on "
          "data,\n            4 unreachable, 70 a bug\n",
          out);
}

static void print_config_help(void)
{
    struct buffer b;
    buffer_init(&b, 1 << 20);
    config_help(&b);
    fputs(buffer_text(&b), stdout);
    buffer_free(&b);
}

static const struct command *find_command(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

enum {
    OPTION_POSITION = 256,
    OPTION_JSON,
    OPTION_YES,
    OPTION_VERSION,
    OPTION_LINK,
    OPTION_FLOW,
    OPTION_REASON,
    OPTION_KEY,
    OPTION_TABLE,
    OPTION_COLUMN,
    OPTION_ALL,
    OPTION_TYPE,
    OPTION_COUNT,
    OPTION_SECONDS,
    OPTION_ROW,
    OPTION_BEFORE,
    OPTION_DELETE,
    OPTION_NO_WRITE,
    OPTION_MAX_ROWS,
};

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"verbose", no_argument, NULL, 'v'},
    {"position", required_argument, NULL, OPTION_POSITION},
    {"json", no_argument, NULL, OPTION_JSON},
    {"yes", no_argument, NULL, OPTION_YES},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"link", required_argument, NULL, OPTION_LINK},
    {"flow", required_argument, NULL, OPTION_FLOW},
    {"reason", required_argument, NULL, OPTION_REASON},
    {"key", required_argument, NULL, OPTION_KEY},
    {"table", required_argument, NULL, OPTION_TABLE},
    {"column", required_argument, NULL, OPTION_COLUMN},
    {"all", no_argument, NULL, OPTION_ALL},
    {"type", required_argument, NULL, OPTION_TYPE},
    {"count", required_argument, NULL, OPTION_COUNT},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"row", required_argument, NULL, OPTION_ROW},
    {"before", required_argument, NULL, OPTION_BEFORE},
    {"delete", no_argument, NULL, OPTION_DELETE},
    {"no-write", no_argument, NULL, OPTION_NO_WRITE},
    {"max-rows", required_argument, NULL, OPTION_MAX_ROWS},
    {0},
};

static int usage_error(const char *what, const char *which)
{
    fprintf(stderr, "millrace: %s%s%s; see millrace --help\n", what, which ? " " : "",
            which ? which : "");
    return EXIT_USAGE;
}

static int help(const char *topic)
{
    const struct command *c = topic ? find_command(topic) : NULL;
    if (topic && strcmp(topic, "config") == 0)
        print_config_help();
    else if (c)
        printf("usage: millrace %s\n\n%s\n", c->synopsis, c->help);
    else if (topic)
        return usage_error("there is no help on", topic);
    else
        print_usage(stdout);
    return EXIT_DONE;
}

/* `words`: what stands beside the options. */
static int dispatch(int nwords, char **words, struct arguments *args)
{
    if (nwords == 0) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    const struct command *c = find_command(words[0]);
    if (!c)
        return usage_error("there is no command", words[0]);
    args->link = nwords > 1 ? words[1] : NULL;
    args->words = words + 1;
    args->nwords = nwords - 1;
    if (!args->config)
        return usage_error("which config? say -c FILE", NULL);
    if (c->needs_link && nwords < 2)
        return usage_error("which link? usage: millrace", c->synopsis);
    if (!c->takes_words && nwords > (c->needs_link ? 2 : 1))
        return usage_error("too many arguments; usage: millrace", c->synopsis);
    return c->run(args);
}

/* Options whose argument is a text of `struct arguments`. */
static bool take_text(int option, struct arguments *args)
{
    static const struct {
        int option;
        size_t at;
    } texts[] = {
        {'c', offsetof(struct arguments, config)},
        {OPTION_POSITION, offsetof(struct arguments, position)},
        {OPTION_LINK, offsetof(struct arguments, of_link)},
        {OPTION_FLOW, offsetof(struct arguments, flow)},
        {OPTION_REASON, offsetof(struct arguments, reason)},
        {OPTION_KEY, offsetof(struct arguments, key)},
        {OPTION_TABLE, offsetof(struct arguments, table)},
        {OPTION_COLUMN, offsetof(struct arguments, column)},
        {OPTION_TYPE, offsetof(struct arguments, type)},
        {OPTION_ROW, offsetof(struct arguments, row)},
        {OPTION_BEFORE, offsetof(struct arguments, before)},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].option == option) {
            *(const char **)((char *)args + texts[i].at) = optarg;
            return true;
        }
    return false;
}

static int64_t *number_of(int option, struct arguments *args)
{
    switch (option) {
    case OPTION_COUNT:
        return &args->count;
    case OPTION_SECONDS:
        return &args->seconds;
    case OPTION_MAX_ROWS:
        return &args->max_rows;
    default:
        return NULL;
    }
}

/* False: it is no whole number, or too large. */
static bool read_number(const char *text, int64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *out <= INT32_MAX;
}

int main(int argc, char **argv)
{
    struct arguments args = {.count = -1, .seconds = -1};
    bool wants_help = false;
    int option;
    int64_t *number;
    while ((option = getopt_long(argc, argv, "c:vh", options, NULL)) != -1) {
        if (take_text(option, &args))
            continue;
        if ((number = number_of(option, &args))) {
            if (!read_number(optarg, number))
                return usage_error("this is no number:", optarg);
            continue;
        }
        switch (option) {
        case 'v':
            args.verbose = true;
            break;
        case OPTION_ALL:
            args.all = true;
            break;
        case OPTION_DELETE:
            args.is_delete = true;
            break;
        case OPTION_NO_WRITE:
            args.no_write = true;
            break;
        case OPTION_JSON:
            args.json = true;
            break;
        case OPTION_YES:
            args.yes = true;
            break;
        case 'h':
            wants_help = true; /* on what, is known when getopt has put the words behind the options */
            break;
        case OPTION_VERSION:
            puts("millrace " MILLRACE_VERSION);
            return EXIT_DONE;
        default:
            return usage_error("wrong options", NULL);
        }
    }
    if (wants_help)
        return help(argv[optind]);
    if (args.verbose)
        log_level = LOG_DEBUG;
    return dispatch(argc - optind, argv + optind, &args);
}
