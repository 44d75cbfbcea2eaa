/* What the files of units share. */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_UNITS_PARTS_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_UNITS_PARTS_H

#include <gmp.h>
#include <uthash.h>
#include "transforms/functions/units.h"

enum { UNIT_NAME_BYTES = 64 };

struct unit {
    char *name;
    struct unit *base; /* of the group; the base is its own */
    mpq_t factor;      /* this = factor bases */
    const struct known_unit *known;
    UT_hash_handle hh;
};

struct material {
    char *name;
    struct unit *units;
    UT_hash_handle hh;
};

struct units {
    struct unit *general;
    struct material *materials;
    bool fail_unknown;
    char **said; /* each ratio as a text of ours: what the digest is made of */
    size_t nsaid;
};

/* One ratio more. `material` NULL: a general one. CONFIG without a place where it says nothing, or
 * contradicts. */
enum status units_add(struct units *u, const char *material, const char *text, struct failure *f);

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
