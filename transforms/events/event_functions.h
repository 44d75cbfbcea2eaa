/* Event functions: what events call inside SQLite, and what they may not do there: the functions of
 * mappings, the guard over their statements and the vocabulary's kinds, as views take them.
 *
 *   event_functions_load     once, from the configuration
 *   event_functions_views    of each link: the callbacks of views_compile
 *
 * A function that refuses an object's value ends its view with a failure of class DATA; one that
 * tells that the mapping is wrong, or whose dictionary says `fail`, of class CONFIG.
 */
#ifndef MILLRACE_TRANSFORMS_EVENT_FUNCTIONS_H
#define MILLRACE_TRANSFORMS_EVENT_FUNCTIONS_H

#include "config/config.h"
#include "transforms/functions/functions.h"
#include "transforms/mirror/views.h"

struct vocabulary;

/* Dictionaries, units and keys of the file. CONFIG with their place. Read-only from then on, for all
 * links and threads; to be freed by functions_free after the last connection is closed. */
enum status event_functions_load(const struct config *c, struct functions **out,
                                 struct failure *f);

/* Of one link. It and all it points to outlive the views and their mirrors. */
struct event_functions {
    const struct functions *functions;
    const struct vocabulary *vocabulary; /* NULL: a field is of the kind of the column it shows */
    const struct relation *const *relations; /* the source's: which columns are decimals */
    int nrelations;
};

void event_functions_views(struct event_functions *e, struct views_options *out);
/* Judges a statement that is prepared outside of views (`let`), on a connection that has the
 * functions. CONFIG. */
enum status event_functions_guard(struct event_functions *e, sqlite3 *db, const char *sql,
                                  struct failure *f);

#endif
