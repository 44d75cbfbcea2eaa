/* --find-rate: runs what the search asks for. */
#ifndef LOAD_FIND_H
#define LOAD_FIND_H

#include <jansson.h>

#include "benchmarks/load/options.h"

/* *out: {"rate", "limit", "trials": [...], "held": the last run's report}; the caller's. */
enum status find_rate(const struct options *o, json_t **out, struct failure *f);

#endif
