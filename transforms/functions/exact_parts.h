/* What the files of exact numbers share. */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_EXACT_PARTS_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_EXACT_PARTS_H

#include "transforms/functions/exact.h"

enum { SMALL_DIGITS = 38 }; /* every number of so many digits fits in 127 bits */

__int128 small_power(int exponent); /* 10^exponent, 0 to SMALL_DIGITS */
/* The coefficient as a GMP integer; `out` is initialised. */
void exact_coefficient(const struct exact *x, mpz_ptr out);
/* Takes over `coefficient` (which must not be cleared afterwards), small where it fits. */
void exact_set_large(struct exact *out, mpz_ptr coefficient, int scale);
void mpz_power_of_ten(mpz_ptr out, unsigned long exponent);

/* n / d to a whole number; d > 0. */
void divide_large(mpz_ptr q, mpz_srcptr n, mpz_srcptr d, enum rounding rounding);
__int128 divide_small(__int128 n, __int128 d, enum rounding rounding);

#endif
