/* Parts of the configuration that this room reads: `dictionaries`, `units`, `mask_keys`. */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_CONFIG_PARTS_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_CONFIG_PARTS_H

#include "base/arena.h"
#include "base/fail.h"
#include "config/node.h"

/* One functions_load. */
struct part {
    const char *path;    /* of the configuration */
    struct arena *arena; /* of the result */
    struct failure *failure;
};

/* CONFIG: "file:line:column: ..." */
enum status part_wrong(const struct part *p, const struct node *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
enum status part_expect(const struct part *p, const struct node *n, enum node_kind kind,
                        const char *what);
/* A scalar that holds something. */
enum status part_text(const struct part *p, const struct node *n, const char *what,
                      const char **out);
/* Every key of the mapping must be one of `keys` (NULL after the last); `given[i]` gets its value's
 * node, or NULL. */
enum status part_keys(const struct part *p, const struct node *mapping, const char *what,
                      const char *const *keys, const struct node **given);
/* A path of the file, taken from the folder of the configuration where it is relative. */
const char *part_path(const struct part *p, const char *path);

#endif
