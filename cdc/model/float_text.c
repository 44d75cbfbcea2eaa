/* Floats from and to texts (value.h): the fewest digits that read back, and exactly what is read.
 *
 * Nearly all floats of business data are short decimals, and for those the C library's general way
 * is slow. A whole number below 2^53 and a power of ten up to 10^22 are both exact as doubles, so one
 * division of them is rounded once, as reading the decimal text is: D. Gay, "Correctly Rounded
 * Binary-Decimal and Decimal-Binary Conversions" (1990), section 3. All else goes the general way. */
#include "base/buffer.h"
#include "model/value.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 64, SHORT_DECIMALS = 6, EXACT_DIGITS = 15, EXACT_POWERS = 22 };

static const double powers_of_ten[EXACT_POWERS + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* ---- to texts ---- */

static bool add_odd_float(struct buffer *b, double d)
{
    if (isnan(d))
        buffer_add_text(b, "NaN");
    else if (isinf(d))
        buffer_add_text(b, d < 0 ? "-Infinity" : "Infinity");
    return isnan(d) || isinf(d);
}

static bool add_whole(struct buffer *b, double d)
{
    if (d != trunc(d) || fabs(d) >= 1e15 || (d == 0 && signbit(d)))
        return false;
    buffer_add_int(b, (int64_t)d);
    return true;
}

static void add_point(struct buffer *b, uint64_t scaled, int decimals)
{
    char digits[24];
    int at = (int)sizeof digits;
    for (int n = 0; n < decimals; n++, scaled /= 10)
        digits[--at] = (char)('0' + scaled % 10);
    digits[--at] = '.';
    buffer_add_uint(b, scaled);
    buffer_add(b, digits + at, sizeof digits - (size_t)at);
}

/* "12.34" where 1234 / 100 is this double; not where `%g` would turn to an exponent. */
static bool add_short_decimal(struct buffer *b, double d)
{
    double size = fabs(d);
    if (size < 1e-4 || size >= 1e9)
        return false;
    for (int decimals = 1; decimals <= SHORT_DECIMALS; decimals++) {
        double scaled = rint(size * powers_of_ten[decimals]);
        if (scaled / powers_of_ten[decimals] == size) {
            if (d < 0)
                buffer_add_char(b, '-');
            add_point(b, (uint64_t)scaled, decimals);
            return true;
        }
    }
    return false;
}

/* Below `digits` every decimal text is kept by the type, except by subnormals: there from one. */
void value_add_double(struct buffer *b, double d)
{
    char text[32];
    if (add_odd_float(b, d) || add_whole(b, d) || add_short_decimal(b, d))
        return;
    for (int n = fabs(d) < DBL_MIN ? 1 : DBL_DIG; n <= DBL_DECIMAL_DIG; n++) {
        snprintf(text, sizeof text, "%.*g", n, d);
        if (strtod(text, NULL) == d)
            break;
    }
    buffer_add_text(b, text);
}

void value_add_float(struct buffer *b, double d)
{
    char text[32];
    float f = (float)d;
    if (add_odd_float(b, d) || (fabsf(f) < 1e6F && add_whole(b, d)))
        return;
    for (int n = fabsf(f) < FLT_MIN ? 1 : FLT_DIG; n <= FLT_DECIMAL_DIG; n++) {
        snprintf(text, sizeof text, "%.*g", n, (double)f);
        if (strtof(text, NULL) == f)
            break;
    }
    buffer_add_text(b, text);
}

/* ---- from texts ---- */

/* -?digits(.digits)? of few digits; false: the general way. */
static bool read_short_decimal(const char *text, size_t size, double *out)
{
    uint64_t digits = 0;
    int ndigits = 0, decimals = 0;
    bool point = false, minus = size > 0 && *text == '-';
    for (size_t i = minus; i < size; i++) {
        if (text[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (text[i] < '0' || text[i] > '9' || ++ndigits > EXACT_DIGITS)
            return false;
        digits = digits * 10 + (uint64_t)(text[i] - '0');
        decimals += point;
    }
    double d = (double)digits / powers_of_ten[decimals];
    *out = minus ? -d : d;
    return ndigits > 0;
}

bool value_read_double(const char *text, size_t size, double *out)
{
    char copy[TEXT_BYTES], *end; /* strtod wants a NUL; the longest text of a double has 24 */
    if (read_short_decimal(text, size, out))
        return true;
    if (size == 0 || size >= sizeof copy)
        return false;
    memcpy(copy, text, size);
    copy[size] = 0;
    *out = strtod(copy, &end);
    return *end == 0;
}

bool value_read_float(const char *text, size_t size, double *out)
{
    char copy[TEXT_BYTES], *end;
    if (size == 0 || size >= sizeof copy)
        return false;
    memcpy(copy, text, size);
    copy[size] = 0;
    *out = (double)strtof(copy, &end);
    return *end == 0;
}
