/* Decimal: the one spelling of a decimal number (model/number_text.h), also of one that was read with
 * an exponent, as doubles are spelled. Exact: nothing is rounded, and no double is in between. Pure;
 * any thread.
 */
#ifndef MILLRACE_VOCABULARY_FIELD_DECIMAL_H
#define MILLRACE_VOCABULARY_FIELD_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"

enum { DECIMAL_BYTES_MAX = 200 * 1000 };

/* Reads "12", "+12.50", ".5", "1.25e3"; false where it is no number, or longer than those allow. */
bool field_decimal_read(const char *text, size_t size, struct arena *a, const char **out);

#endif
