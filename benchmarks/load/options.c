#include "benchmarks/load/options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { FLAG, TEXT, NUMBER, REAL, RATE, RANGE, MIX };

static const struct option {
    const char *name, *form;
    enum kind kind;
    size_t at; /* in struct options; of RANGE and MIX the first of two or three numbers */
    double min, max;
    const char *help;
} list[] = {
#define AT(member) offsetof(struct options, member)
    {"source", "URL", TEXT, AT(source_url), 0, 0,
     "where the load goes: FAMILY://USER@HOST:PORT/DATABASE; families: postgresql, mysql, mariadb"},
    {"target", "URL", TEXT, AT(target_url), 0, 0, "where replication brings it, for --lag"},
    {"source-password-env", "NAME", TEXT, AT(source_password_env), 0, 0,
     "environment variable that holds the password [LOAD_SOURCE_PASSWORD]"},
    {"target-password-env", "NAME", TEXT, AT(target_password_env), 0, 0,
     "the same for the target [LOAD_TARGET_PASSWORD]"},
    {"prepare", NULL, FLAG, AT(prepare), 0, 0,
     "makes load_1..load_N with their rows, and load_probe, at the source, and alike at the target "
     "when one is given; then ends"},
    {"replace", NULL, FLAG, AT(replace), 0, 0, "with --prepare: drops such tables first"},
    {"tables", "N", NUMBER, AT(tables), 1, 1000, "[1]"},
    {"rows", "N", NUMBER, AT(rows), 1, 1000000000, "initial rows of a table [10000]"},
    {"width", "BYTES", NUMBER, AT(width), 0, 10000000, "of the padding column of a row [150]"},
    {"mix", "I,U,D", MIX, AT(inserts), 0, 100,
     "percent of rows inserted, updated, deleted; deletes take rows that this run inserted "
     "[40,50,10]"},
    {"zipf", "S", REAL, AT(zipf), 0, 10,
     "updates choose keys by Zipf's law with this exponent; 0: all alike [0]"},
    {"transaction", "N or A-B", RANGE, AT(transaction_min), 1, 100000, "rows of a transaction [1]"},
    {"rate", "R or max", RATE, AT(rate), 0.01, 1e6,
     "transactions/s, by the clock; max: as fast as the connections go; with --find-rate where to "
     "start [100]"},
    {"connections", "N", NUMBER, AT(connections), 1, 1000, "to the source [4]"},
    {"seconds", "S", REAL, AT(seconds), 0, 1e7, "[30]"},
    {"transactions", "N", NUMBER, AT(transactions), 0, 20000000,
     "ends after so many; 0: no such end"},
    {"seed", "N", NUMBER, AT(seed), 0, 1e15, "the same seed makes the same load [1]"},
    {"lag", NULL, FLAG, AT(lag), 0, 0,
     "measures commit to visible: every transaction inserts a row into load_probe, which is polled "
     "at the target"},
    {"sample", "K", NUMBER, AT(sample), 1, 1000000, "only every K-th transaction does so [1]"},
    {"poll-us", "US", NUMBER, AT(poll_us), 20, 1000000, "from poll to poll [150]"},
    {"drain", "S", REAL, AT(drain), 0, 1e6,
     "waits so long at the end for what is not seen yet [60]"},
    {"find-rate", NULL, FLAG, AT(find_rate), 0, 0,
     "finds the highest rate that is held without growing lag (implies --lag)"},
    {"hold", "S", REAL, AT(hold), 5, 1e6, "how long the rate found must be held [300]"},
    {"json", "FILE", TEXT, AT(json), 0, 0, "the results; - is stdout, instead of the table"},
    {"help", NULL, FLAG, AT(help), 0, 0, "prints this"},
#undef AT
};
enum { NOPTIONS = sizeof list / sizeof *list };

static const struct options defaults = {
    .source_password_env = "LOAD_SOURCE_PASSWORD",
    .target_password_env = "LOAD_TARGET_PASSWORD",
    .tables = 1,
    .rows = 10000,
    .width = 150,
    .inserts = 40,
    .updates = 50,
    .deletes = 10,
    .transaction_min = 1,
    .transaction_max = 1,
    .rate = 100,
    .connections = 4,
    .seconds = 30,
    .seed = 1,
    .sample = 1,
    .poll_us = 150,
    .drain = 60,
    .hold = 300,
};

static enum status bad(const struct option *o, const char *text, struct failure *f)
{
    return fail(f, ERROR_CONFIG, "--%s %s: expected %s, from %g to %g (--help tells all)", o->name,
                text, o->form, o->min, o->max);
}

/* A number within the option's bounds; *end is where it ends. */
static bool number(const struct option *o, const char *text, char **end, double *out)
{
    *out = strtod(text, end);
    return *end != text && *out >= o->min && *out <= o->max;
}

static enum status read_numbers(const struct option *o, const char *text, char divider, int count,
                                int64_t *out, struct failure *f)
{
    char *at = (char *)text;
    for (int i = 0; i < count; i++) {
        double value;
        if (!number(o, at, &at, &value) || value != (double)(int64_t)value)
            return bad(o, text, f);
        out[i] = (int64_t)value;
        if (*at != (i + 1 < count ? divider : '\0'))
            return bad(o, text, f);
        at++;
    }
    return STATUS_OK;
}

static enum status read_range(const struct option *o, const char *text, int64_t *out,
                              struct failure *f)
{
    if (strchr(text, '-') != NULL) {
        TRY(read_numbers(o, text, '-', 2, out, f));
    } else {
        TRY(read_numbers(o, text, '\0', 1, out, f));
        out[1] = out[0];
    }
    return out[0] <= out[1] ? STATUS_OK : bad(o, text, f);
}

static enum status read_mix(const struct option *o, const char *text, int64_t *out,
                            struct failure *f)
{
    TRY(read_numbers(o, text, ',', 3, out, f));
    if (out[0] + out[1] + out[2] != 100)
        return fail(f, ERROR_CONFIG, "--mix %s: the three must add up to 100", text);
    if (out[2] > out[0])
        return fail(f, ERROR_CONFIG, "--mix %s: more deletes than inserts would run out of rows",
                    text);
    return STATUS_OK;
}

static enum status read_real(const struct option *o, const char *text, double *out,
                             struct failure *f)
{
    char *end;
    if (o->kind == RATE && strcmp(text, "max") == 0) {
        *out = 0;
        return STATUS_OK;
    }
    return number(o, text, &end, out) && *end == '\0' ? STATUS_OK : bad(o, text, f);
}

static enum status read_value(const struct option *o, const char *text, struct options *out,
                              struct failure *f)
{
    void *at = (char *)out + o->at;
    switch (o->kind) {
    case FLAG:
        *(bool *)at = true;
        return STATUS_OK;
    case TEXT:
        *(const char **)at = text;
        return STATUS_OK;
    case NUMBER:
        return read_numbers(o, text, '\0', 1, at, f);
    case RANGE:
        return read_range(o, text, at, f);
    case MIX:
        return read_mix(o, text, at, f);
    case REAL:
    case RATE:
        return read_real(o, text, at, f);
    }
    return fail(f, ERROR_INTERNAL, "--%s has no kind", o->name);
}

/* "--name value" and "--name=value" */
static enum status read_one(char **argv, int *at, struct options *out, struct failure *f)
{
    const char *word = argv[*at];
    const char *name = word + 2, *equal = strchr(word, '=');
    size_t size = equal ? (size_t)(equal - name) : strlen(name);
    for (int i = 0; i < NOPTIONS && strncmp(word, "--", 2) == 0; i++) {
        const struct option *o = &list[i];
        if (strlen(o->name) != size || strncmp(o->name, name, size) != 0)
            continue;
        const char *value = equal ? equal + 1 : NULL;
        if (o->kind != FLAG && !value)
            value = argv[++*at];
        if (o->kind != FLAG && !value)
            return fail(f, ERROR_CONFIG, "--%s needs %s", o->name, o->form);
        return read_value(o, value, out, f);
    }
    return fail(f, ERROR_CONFIG, "%s: there is no such option (--help tells all)", word);
}

static enum status fits_together(const struct options *o, struct failure *f)
{
    if (!o->source_url)
        return fail(f, ERROR_CONFIG, "--source is needed: where the load goes");
    if (o->lag && !o->target_url && !o->prepare)
        return fail(f, ERROR_CONFIG, "--lag and --find-rate need --target: where to look for rows");
    if (o->find_rate && o->rate == 0)
        return fail(f, ERROR_CONFIG, "--find-rate starts at a rate: give --rate a number");
    if (o->seconds == 0 && o->transactions == 0)
        return fail(f, ERROR_CONFIG, "the load has no end: give --seconds or --transactions");
    return STATUS_OK;
}

enum status options_read(int argc, char **argv, struct options *out, struct failure *f)
{
    *out = defaults;
    for (int at = 1; at < argc; at++)
        TRY(read_one(argv, &at, out, f));
    if (out->help)
        return STATUS_OK;
    out->lag |= out->find_rate;
    TRY(fits_together(out, f));
    TRY(place_read(out->source_url, &out->source, f));
    out->source.password = getenv(out->source_password_env);
    if (out->target_url) {
        TRY(place_read(out->target_url, &out->target, f));
        out->target.password = getenv(out->target_password_env);
    }
    return STATUS_OK;
}

static void help_of(const struct option *o)
{
    char left[64];
    snprintf(left, sizeof left, "--%s %s", o->name, o->form ? o->form : "");
    printf("  %-26s", left);
    int column = 28;
    for (const char *word = o->help; *word;) {
        int size = (int)strcspn(word, " ");
        if (column + 1 + size > 98) {
            printf("\n%28s", "");
            column = 28;
        }
        column += printf(" %.*s", size, word);
        word += size + (word[size] == ' ');
    }
    printf("\n");
}

void options_help(void)
{
    printf("millrace-load: a load by the clock, and the lag of the replication that carries it\n\n"
           "  millrace-load --source URL [--target URL] --prepare\n"
           "  millrace-load --source URL --target URL --rate 500 --seconds 60 --lag\n"
           "  millrace-load --source URL --target URL --find-rate\n\n"
           "The tables load_1..load_N and load_probe must be replicated, by whatever does it.\n\n");
    for (int i = 0; i < NOPTIONS; i++)
        help_of(&list[i]);
}
