#include "transforms/vocabulary/field_decimal.h"

#include "model/number_text.h"

bool field_decimal_read(const char *text, size_t size, struct arena *a, const char **out)
{
    struct number_text t;
    int exponent;
    if (size > DECIMAL_BYTES_MAX || !number_text_split_scaled(text, size, &t, &exponent))
        return false;
    size_t most = size + NUMBER_EXPONENT_MAX + 4;
    struct buffer b = {.data = arena_alloc(a, most), .capacity = most, .max = most};
    number_text_add(&t, exponent, &b);
    *out = buffer_text(&b);
    return true;
}
