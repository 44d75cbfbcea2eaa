/* Form: one mapping of the file, held against the option table.
 *
 * form_read checks that each key is known, of the right shape and in its limits, that the required
 * ones are there, and fills in the defaults. What a value means beyond that, its reader judges
 * (systems.c, links.c, tables.c), and reports by `wrong`.
 */
#ifndef MILLRACE_CONFIG_FORM_H
#define MILLRACE_CONFIG_FORM_H

#include "config/config.h"
#include "config/node.h"
#include "config/options.h"

/* One config_load. */
struct load {
    struct config *config;
    struct arena *arena; /* config's */
    struct failure *failure;
};

struct form {
    const struct node *at;                   /* the mapping */
    const struct node *given[OPTIONS_COUNT]; /* by option id; NULL: not in the file */
    const char *text[OPTIONS_COUNT];         /* of TEXT and CHOICE: given or default or NULL */
    int64_t number[OPTIONS_COUNT];           /* of INTEGER, SIZE (bytes), TIME (ms) */
};

enum status form_read(struct load *l, enum scope scope, const struct node *n, struct form *out);

/* CONFIG: "file:line:column: ..." */
enum status wrong(struct load *l, const struct node *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Is it of this kind? Else says what was expected. */
enum status expect(struct load *l, const struct node *n, enum node_kind kind, const char *what);

/* "64 MiB" -> bytes, "10 min" -> ms; false where it is not of this form. */
bool size_read(const char *text, int64_t *bytes);
bool time_read(const char *text, int64_t *ms);
/* Limits of an option, with a message. */
enum status form_limits(struct load *l, const struct node *at, enum option_id id, int64_t value);

#endif
