/* What the files of units share. */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_UNITS_PARTS_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_UNITS_PARTS_H

#include <gmp.h>
#include "transforms/functions/units.h"

enum { UNIT_NAME_BYTES = 64 };

/* "1 kg = 1000 g": how many of `right` one of `left` is. */
struct ratio_words {
    struct unit_name left, right;
    mpq_t value; /* > 0 */
};

/* CONFIG without a place where the words are none. `out` is to be released only on OK. */
enum status ratio_words_read(const char *text, struct ratio_words *out, struct failure *f);
void ratio_words_free(struct ratio_words *w);

/* What a name means everywhere: kg, mm, min, 公斤. `factor` in the dimension's base unit. */
struct known_unit {
    const char *name;
    const char *dimension;
    long numerator, denominator;
};
const struct known_unit *known_unit_find(const char *name, size_t size); /* NULL: not one */
void known_unit_factor(const struct known_unit *k, mpq_ptr out);

#endif
