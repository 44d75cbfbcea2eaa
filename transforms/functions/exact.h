/* Exact: a decimal number, exactly: an integer coefficient over a power of ten.
 *
 *   value = coefficient / 10^scale          12.50 -> 1250 / 10^2
 *
 * Up to 38 digits the coefficient is a 128-bit integer, and nothing is allocated; beyond, it is a
 * GMP integer. Which of the two it is changes no result.
 *
 * Texts are those of model/number_text.h; what exact_write writes is the canonical form.
 *
 * Bounds: what PostgreSQL's numeric holds, 131072 digits before the point and 16383 behind it.
 *
 * Ownership: a number that was read or computed is released by exact_free; zeroed memory is 0. The
 * result of an operation may be one of its operands. Pure; one thread at a time per number.
 */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_EXACT_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_EXACT_H

#include <gmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"
#include "model/number_text.h"

enum {
    EXACT_WHOLE_DIGITS = 131072, /* before the point, at most */
    EXACT_SCALE_MAX = 16383,     /* digits behind it, at most */
    EXACT_SCALE_MIN = -EXACT_WHOLE_DIGITS, /* of rounding: -2 rounds to hundreds */
    EXACT_TEXT_BYTES = EXACT_WHOLE_DIGITS + EXACT_SCALE_MAX + 2, /* with sign and point */
};

/* SQLite's memory, where aggregates keep numbers, is aligned for 8 bytes only. */
typedef __int128 exact_small __attribute__((aligned(8)));

struct exact {
    exact_small small; /* the coefficient, unless `large` holds it */
    mpz_t large;    /* only initialised where is_large */
    bool is_large;
    int scale; /* 0 or more */
};

enum exact_result {
    EXACT_OK,
    EXACT_NO_NUMBER, /* the text is none */
    EXACT_TOO_LONG,  /* out of the bounds above */
    EXACT_DIVIDES_BY_ZERO,
};

/* name in SQL, what it does with digits that go */
#define ROUNDINGS(X)                                                                               \
    X(ROUND_HALF_UP, "half_up")     /* to the nearest, a half away from zero: 2.5 -> 3 */          \
    X(ROUND_HALF_EVEN, "half_even") /* to the nearest, a half to the even digit: 2.5 -> 2 */       \
    X(ROUND_UP, "up")               /* away from zero */                                           \
    X(ROUND_DOWN, "down")           /* towards zero */                                             \
    X(ROUND_CEILING, "ceiling")     /* up on the number line */                                    \
    X(ROUND_FLOOR, "floor")         /* down on the number line */

enum rounding {
#define X(mode, name) mode,
    ROUNDINGS(X)
#undef X
};

/* false: no such word. */
bool rounding_find(const char *name, enum rounding *out);
#define ROUNDING_NAMES "half_up, half_even, up, down, ceiling, floor"

void exact_free(struct exact *x);
void exact_set_int(struct exact *x, int64_t i);
void exact_move(struct exact *to, struct exact *from); /* `from` is 0 afterwards */

enum exact_result exact_read(struct exact *out, const char *text, size_t size);
/* The shortest decimal that reads back as the double, as PostgreSQL and MySQL print it; infinity
 * and NaN are no numbers. */
enum exact_result exact_read_double(struct exact *out, double d);
/* Appends the canonical text; `b` has room for EXACT_TEXT_BYTES. */
enum exact_result exact_write(const struct exact *x, struct buffer *b);

int exact_sign(const struct exact *x); /* -1, 0, 1 */
int exact_compare(const struct exact *a, const struct exact *b); /* -1, 0, 1 */
void exact_negate(struct exact *x);
void exact_add(struct exact *out, const struct exact *a, const struct exact *b);
void exact_subtract(struct exact *out, const struct exact *a, const struct exact *b);
void exact_multiply(struct exact *out, const struct exact *a, const struct exact *b);
/* The quotient with `scale` digits behind the point, rounded once. */
enum exact_result exact_divide(struct exact *out, const struct exact *a, const struct exact *b,
                               int scale, enum rounding rounding);
/* At most `scale` digits behind the point. */
void exact_round(struct exact *out, const struct exact *x, int scale, enum rounding rounding);

/* x * ratio. Where that has no end as a decimal (1/3), false, and `out` is as it was. */
bool exact_scale_by(struct exact *out, const struct exact *x, mpq_srcptr ratio);
/* x * ratio with `scale` digits behind the point, rounded once. */
void exact_scale_rounded(struct exact *out, const struct exact *x, mpq_srcptr ratio, int scale,
                         enum rounding rounding);
void exact_to_ratio(const struct exact *x, mpq_ptr out); /* `out` is initialised */

#endif
