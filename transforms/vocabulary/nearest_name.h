/* Nearest name: how far a name of the vocabulary may be off. */
#ifndef MILLRACE_VOCABULARY_NEAREST_NAME_H
#define MILLRACE_VOCABULARY_NEAREST_NAME_H

#include <string.h>
#include "base/nearest.h"

/* What differs in half of its letters was not meant. */
static inline struct nearest nearest_name(const char *wanted)
{
    return nearest_within(wanted, strlen(wanted) / 2 + 1, NEAREST_LENIENT);
}

#endif
