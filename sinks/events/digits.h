/* Digits: a decimal text made to fit a number of fraction digits, exactly. Pure.
 */
#ifndef MILLRACE_SINKS_EVENTS_DIGITS_H
#define MILLRACE_SINKS_EVENTS_DIGITS_H

#include "base/arena.h"
#include "model/value.h"

enum digits_result {
    DIGITS_FIT,
    DIGITS_LOST,    /* others than zeros would go, and `mode` is NULL */
    DIGITS_TOO_BIG, /* more digits before the point than the column has */
    DIGITS_NO_NUMBER,
};

/* `text` ("-12.345", "1e3") with at most `scale` digits after the point, and with
 * at most `precision - scale` before it; -1: no limit. `mode`: how to round (half_up | half_even |
 * up | down | ceiling | floor), up and half_up away from zero; NULL: not at all. The result is a
 * DECIMAL in `a`. */
enum digits_result digits_fit(const char *text, size_t size, int precision, int scale,
                              const char *mode, struct arena *a, struct value *out);

#endif
