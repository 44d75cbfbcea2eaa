/* Sides: the two that are measured, and what they share: the functions of mappings. */
#ifndef MILLRACE_BENCHMARKS_EVENTS_SIDES_H
#define MILLRACE_BENCHMARKS_EVENTS_SIDES_H

#include "scene.h"
#include "sum.h"
#include "transforms/functions/functions.h"

enum { COMMIT_ROWS = 50000, COMMIT_US = 1000000 }; /* as the mirror does by itself */

struct side {
    struct scene *scene;
    struct functions *functions;
    const char *path; /* of the database, where the scenario has one */
    struct sum sum;
    double seconds; /* CPU, user and system, of the loop alone */
};

/* Ends the program where a call failed. */
void side_check(enum status status, const struct failure *f);
double side_cpu_seconds(void);

void millrace_run(struct side *s);
void stateless_anchor_run(struct side *s);
void assembled_anchor_run(struct side *s);

#endif
