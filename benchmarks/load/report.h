/* What a run showed, as JSON and as a table. */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include <jansson.h>

#include "benchmarks/load/figures.h"

json_t *report_json(const struct run *r, const struct figures *f); /* the caller's */
void report_table(const struct run *r, const struct figures *f);

#endif
