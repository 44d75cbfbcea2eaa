/* Number text: a decimal number as its digits, which are never computed with.
 *
 *   [+-]digits[.digits]      the digits on one side of the point may be missing (.5 and 5.); no
 *                            blanks, no exponent; of any length
 *
 * The canonical text is the one form of a number, so equal numbers are equal texts: no `+`, no `-0`,
 * no zeros before the first digit but the one before the point, no zeros at the end behind the
 * point: 10.0 is 10, -0.50 is -0.5, .5 is 0.5. Pure.
 */
#ifndef MILLRACE_MODEL_NUMBER_TEXT_H
#define MILLRACE_MODEL_NUMBER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buffer.h"

/* In parts, without the zeros that do not count; they point into the text. */
struct number_text {
    bool negative; /* never of a zero */
    const char *whole, *fraction;
    size_t nwhole, nfraction;
};

enum { NUMBER_EXPONENT_MAX = 400 }; /* either way: more than a double has */

/* false: the text is no number. */
bool number_text_split(const char *text, size_t size, struct number_text *out);
/* The same, perhaps with an exponent, as doubles are spelled: 1.25e3, 5E-07. The parts are of what
 * stands before it. */
bool number_text_split_scaled(const char *text, size_t size, struct number_text *out,
                              int *exponent);
/* Appends the canonical text of the number times 10^exponent: at most NUMBER_EXPONENT_MAX and 3 bytes
 * more than its digits. */
void number_text_add(const struct number_text *t, int exponent, struct buffer *b);
/* Appends the canonical text, which is at most one byte longer; false: it is none, and nothing is
 * appended. */
bool number_text_canonical(const char *text, size_t size, struct buffer *b);
/* A total order of all texts: numbers by value, 10.0 and 10 equal; then what is no number, by its
 * bytes. Allocates nothing. */
int number_text_compare(const char *a, size_t na, const char *b, size_t nb);

#endif
