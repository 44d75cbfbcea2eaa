/* Afresh: what a person does before a link of a pair can begin once more. Emptying tables while the
 * other direction has a position before that would delete their rows at the other side too.
 */
#ifndef MILLRACE_LINK_AFRESH_H
#define MILLRACE_LINK_AFRESH_H

#include "base/fail.h"
#include "config/config.h"

enum { AFRESH_BYTES = 1024 }; /* of an advice */

/* Where `f` is an error that only a new beginning mends, or a table that must be emptied, and the
 * link is one of a pair: adds what to do. */
void afresh_advise(const struct link_config *lc, struct failure *f);
/* The advice alone; "" for a link of one direction. Into `out` of `size` bytes, which it returns. */
const char *afresh_advice(const struct link_config *lc, char *out, size_t size);

#endif
