/* The command line: one list, from which parsing and --help come. */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "benchmarks/load/place.h"

struct options {
    const char *source_url, *target_url;
    const char *source_password_env, *target_password_env;
    struct place source, target; /* target: only when there is a target_url */
    bool prepare, replace, lag, find_rate, help;
    const char *json; /* file; "-" stdout; NULL none */
    int64_t tables, rows, width, connections, transactions, seed, sample, poll_us;
    int64_t transaction_min, transaction_max; /* rows */
    int64_t inserts, updates, deletes;        /* percent */
    double zipf, rate, seconds, hold, drain;  /* rate 0: as fast as the connections go */
};

/* CONFIG with a text that says which option, and how it is written. */
enum status options_read(int argc, char **argv, struct options *out, struct failure *f);
void options_help(void);

#endif
