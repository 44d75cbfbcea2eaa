/* Nearest: how far a name of a table or a column may be off, and how the hint reads. */
#ifndef MILLRACE_MIRROR_NEAREST_H
#define MILLRACE_MIRROR_NEAREST_H

#include "base/nearest.h"

struct nearest nearest_to(const char *wanted);
/* "; did you mean NAME?" or "". Valid until the next call of this thread. */
const char *nearest_text(const struct nearest *n);

#endif
