/* The parts of the conversion matrix: what convert.c's table points to, one file per family of
 * kinds. Every function takes a value that is neither NULL, ABSENT nor ODD.
 */
#ifndef MILLRACE_TRANSFORMS_CONVERT_PARTS_H
#define MILLRACE_TRANSFORMS_CONVERT_PARTS_H

#include "transforms/convert.h"

typedef enum status conversion_function(const struct conversion_step *step, struct value *v,
                                        struct arena *a, struct failure *f);

/* VALUE: "column qty (decimal(10,2)) cannot hold 1.239: <why>". Returns its status. */
enum status convert_refuse(const struct conversion_step *step, const struct value *v,
                           struct arena *a, struct failure *f, const char *why);

/* ---- convert_number.c ---- */
struct range {
    int64_t min;
    uint64_t max;
};
/* What an integer or boolean column holds, by the spelling of its type. */
struct range column_range(const struct column *c);
unsigned column_bits(const struct column *c); /* of a BIT column, at most 64; 0: it is none */

conversion_function convert_to_bool, convert_to_int, convert_to_uint, convert_to_float,
    convert_to_double, convert_to_decimal, convert_to_bits, convert_from_bits;
/* A FLOAT or DOUBLE column of MySQL with digits, double(14,2), rounds without a word. */
bool column_rounds(const struct column *c);
/* -?digits(.digits)? of any number; in the arena, NUL-terminated. NULL for infinity and NaN. */
const char *number_text(const struct value *v, struct arena *a);

/* ---- convert_time.c ---- */
int64_t column_unit_us(const struct column *c); /* of the last digit a time column keeps */
bool column_is_clock(const struct column *c);   /* a PostgreSQL time: 00:00 to 24:00 */

conversion_function convert_to_date, convert_to_time, convert_to_datetime, convert_to_instant;

/* ---- convert_text.c ---- */
bool column_is_characters(const struct column *c); /* any text: not an interval, an array, bits */
bool column_is_fixed(const struct column *c);      /* CHAR(n): blanks at the end mean nothing */
bool column_pads(const struct column *c); /* MySQL BINARY(n): shorter values get zero bytes */
size_t utf8_length(const char *text, size_t size); /* in characters */
bool utf8_valid(const char *text, size_t size);
bool uuid_read(const char *text, size_t size, unsigned char out[16]);

conversion_function convert_to_text, convert_to_bytes, convert_to_json, convert_to_uuid;

#endif
