/* Nearest: of the names that there are, the one that a misspelled one probably meant. Pure.
 *
 *   struct nearest n = nearest_within(wanted, 3, NEAREST_EXACT);
 *   for each name: nearest_offer(&n, name);
 *   n.name
 */
#ifndef MILLRACE_BASE_NEAREST_H
#define MILLRACE_BASE_NEAREST_H

#include <stddef.h>

enum nearest_by {
    NEAREST_EXACT,   /* letters added, left out or changed */
    NEAREST_LENIENT, /* or swapped with their neighbour; capitals are small letters */
};

struct nearest {
    const char *wanted;
    const char *name; /* NULL: none is near */
    size_t distance;  /* of `name`; nearer than this must be what is offered */
    enum nearest_by by;
};

struct nearest nearest_within(const char *wanted, size_t distance, enum nearest_by by);
/* Of equally near ones the first stays. Names beyond 128 bytes are never near. */
void nearest_offer(struct nearest *n, const char *name);

#endif
