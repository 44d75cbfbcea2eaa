/* Node: a YAML document as a tree that remembers where each part stands in the file.
 *
 * A subset of YAML on purpose: one document; no anchors, aliases and tags; keys are scalars and
 * stand once in their mapping. Texts are as written: `no`, `012` and `1e3` stay texts, only the one
 * who reads a value gives it a type. Limits: 4 MiB, 32 levels. Memory: the arena given.
 */
#ifndef MILLRACE_CONFIG_NODE_H
#define MILLRACE_CONFIG_NODE_H

#include "base/arena.h"
#include "base/fail.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAPPING };

struct node {
    enum node_kind kind;
    int line, column; /* from 1 */
    const char *text; /* of a scalar */
    bool plain;       /* not quoted */
    struct node *key; /* of a mapping's child */
    struct node *first, *next; /* children; the next child of the parent */
    int n;            /* children */
};

#define NODE_EACH(child, parent)                                                                   \
    for (const struct node *child = (parent)->first; child; child = child->next)

/* ERROR_CONFIG with file:line:column where it cannot be read or is not YAML. */
enum status node_load(const char *path, struct arena *a, struct node **out, struct failure *f);
/* `null`, `~` and nothing at all, unquoted. */
bool node_is_null(const struct node *n);

#endif
