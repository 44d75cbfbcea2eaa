/* Nearest name: of the names that there are, the one that was probably meant. Pure; any thread. */
#ifndef MILLRACE_VOCABULARY_NEAREST_NAME_H
#define MILLRACE_VOCABULARY_NEAREST_NAME_H

#include <stddef.h>

struct nearest_name {
    const char *wanted;
    const char *name; /* NULL: none is near */
    size_t distance;  /* letters added, left out, changed, or swapped with their neighbour */
};

struct nearest_name nearest_name(const char *wanted);
void nearest_name_offer(struct nearest_name *n, const char *name);

#endif
