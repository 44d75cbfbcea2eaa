#include "transforms/functions/call.h"

bool call_has_null(int n, sqlite3_value **values)
{
    for (int i = 0; i < n; i++) {
        if (sqlite3_value_type(values[i]) == SQLITE_NULL)
            return true;
    }
    return false;
}

struct words call_text(sqlite3_value *value)
{
    const char *text = (const char *)sqlite3_value_text(value);
    return text ? (struct words){text, (size_t)sqlite3_value_bytes(value)} : NOTHING;
}

/* ---- arguments ---- */

static enum exact_result read_number(sqlite3_value *value, struct exact *out)
{
    struct words text;
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        exact_set_int(out, sqlite3_value_int64(value));
        return EXACT_OK;
    case SQLITE_FLOAT:
        return exact_read_double(out, sqlite3_value_double(value));
    case SQLITE_TEXT:
        text = call_text(value);
        return exact_read(out, text.text, text.size);
    default:
        return EXACT_NO_NUMBER;
    }
}

static void no_number(sqlite3_context *context, const char *function, sqlite3_value *value)
{
    if (sqlite3_value_type(value) == SQLITE_BLOB) {
        call_end(context, OUTCOME_QUARANTINE, REASON_NUMBER, words_of(function), NOTHING,
                 "%s: bytes are no decimal number", function);
        return;
    }
    struct words text = call_text(value);
    call_end(context, OUTCOME_QUARANTINE, REASON_NUMBER, words_of(function), text,
             "%s: \"%.*s\" is no decimal number (a sign, digits, a point; no exponent, no blanks)",
             function, SHOWN(text));
}

static void out_of_bounds(sqlite3_context *context, const char *function)
{
    call_end(context, OUTCOME_QUARANTINE, REASON_BOUNDS, words_of(function), NOTHING,
             "%s: a number of more than %d digits before the point or %d behind it", function,
             EXACT_WHOLE_DIGITS, EXACT_SCALE_MAX);
}

bool call_number(sqlite3_context *context, const char *function, sqlite3_value *value,
                 struct exact *out)
{
    enum exact_result result = read_number(value, out);
    if (result == EXACT_NO_NUMBER)
        no_number(context, function, value);
    else if (result == EXACT_TOO_LONG)
        out_of_bounds(context, function);
    return result == EXACT_OK;
}

bool call_scale(sqlite3_context *context, const char *function, sqlite3_value *value, int *out)
{
    sqlite3_int64 scale = sqlite3_value_int64(value);
    bool good = sqlite3_value_type(value) == SQLITE_INTEGER && scale >= EXACT_SCALE_MIN &&
                scale <= EXACT_SCALE_MAX;
    struct words text = call_text(value);
    if (!good)
        call_wrong(context, "%s: the scale \"%.*s\" is no whole number from %d to %d", function,
                   SHOWN(text), EXACT_SCALE_MIN, EXACT_SCALE_MAX);
    *out = (int)scale;
    return good;
}

bool call_rounding(sqlite3_context *context, const char *function, sqlite3_value *value,
                   enum rounding *out)
{
    struct words text = call_text(value);
    if (rounding_find(text.text, out))
        return true;
    call_wrong(context, "%s: \"%.*s\" is no way to round, allowed: " ROUNDING_NAMES, function,
               SHOWN(text));
    return false;
}

/* ---- results ---- */

void call_return_number(sqlite3_context *context, const char *function, struct exact *x)
{
    struct call *call = sqlite3_user_data(context);
    buffer_clear(&call->text);
    if (exact_write(x, &call->text) == EXACT_OK)
        sqlite3_result_text64(context, call->text.data, call->text.size, SQLITE_TRANSIENT,
                              SQLITE_UTF8);
    else
        out_of_bounds(context, function);
    exact_free(x);
}

void call_return_integer(sqlite3_context *context, const char *function, struct exact *x)
{
    bool fits = !x->is_large && x->scale == 0 && x->small >= INT64_MIN && x->small <= INT64_MAX;
    if (fits)
        sqlite3_result_int64(context, (sqlite3_int64)x->small);
    else
        call_return_number(context, function, x);
}
