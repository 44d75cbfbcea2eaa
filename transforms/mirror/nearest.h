/* Nearest: of many names the one that a misspelled one probably meant. */
#ifndef MILLRACE_MIRROR_NEAREST_H
#define MILLRACE_MIRROR_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *wanted;
    const char *best; /* NULL: none is near */
    size_t distance;
};

struct nearest nearest_to(const char *wanted);
void nearest_try(struct nearest *n, const char *name);
/* "; did you mean NAME?" or "". Valid until the next call of this thread. */
const char *nearest_text(const struct nearest *n);

#endif
