/* Compile: one definition, checked against SQLite itself. Internal to this room. */
#ifndef MILLRACE_MIRROR_COMPILE_H
#define MILLRACE_MIRROR_COMPILE_H

#include "transforms/mirror/parts.h"

struct compile {
    struct views *v;
    sqlite3 *db; /* holds every relation, empty */
    const struct relation *const *relations;
    int nrelations;
    const struct event_definition *definition; /* the one at work */
    struct view *view;
    struct reads *now; /* of the statement at work */
    struct failure *failure;
};

/* Fills `view` and what it reads. Until the kept tables are known, `of`, `key` and the touches
 * count relations and their columns. */
enum status compile_event(struct compile *c, const struct event_definition *d, struct view *view,
                          struct reads *reads);
/* The relation of that name, or an error with the nearest one; `role` says who named it. */
enum status compile_table(struct compile *c, const char *name, const char *role, int *out);

#endif
