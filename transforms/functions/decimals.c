/* The dec_* functions: decimal numbers in SQL. */
#include "transforms/functions/call.h"
#include "transforms/functions/list.h"

typedef void operation(struct exact *out, const struct exact *a, const struct exact *b);

/* Both numbers, or the statement has ended. */
static bool two_numbers(sqlite3_context *context, const char *function, sqlite3_value **values,
                        struct exact *a, struct exact *b)
{
    if (!call_number(context, function, values[0], a))
        return false;
    if (call_number(context, function, values[1], b))
        return true;
    exact_free(a);
    return false;
}

static void compute(sqlite3_context *context, const char *function, int n, sqlite3_value **values,
                    operation *op)
{
    struct exact a, b;
    if (call_has_null(n, values) || !two_numbers(context, function, values, &a, &b))
        return;
    op(&a, &a, &b);
    exact_free(&b);
    call_return_number(context, function, &a);
}

void dec_add_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    compute(context, "dec_add", n, values, exact_add);
}

void dec_sub_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    compute(context, "dec_sub", n, values, exact_subtract);
}

void dec_mul_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    compute(context, "dec_mul", n, values, exact_multiply);
}

/* ---- what rounds ---- */

/* dec_div(a, b, scale [, rounding]) */
void dec_div_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    struct exact a, b;
    int scale;
    enum rounding rounding = ROUND_HALF_UP;
    if (call_has_null(n, values) || !call_scale(context, "dec_div", values[2], &scale) ||
        (n > 3 && !call_rounding(context, "dec_div", values[3], &rounding)) ||
        !two_numbers(context, "dec_div", values, &a, &b))
        return;
    enum exact_result result = exact_divide(&a, &a, &b, scale, rounding);
    exact_free(&b);
    if (result == EXACT_OK) {
        call_return_number(context, "dec_div", &a);
        return;
    }
    struct words text = call_text(values[0]);
    call_end(context, OUTCOME_QUARANTINE, REASON_ZERO, words_of("dec_div"), text,
             "dec_div: %.*s divided by zero", SHOWN(text));
    exact_free(&a);
}

/* x [, scale [, rounding]] */
static void round_number(sqlite3_context *context, const char *function, int n,
                         sqlite3_value **values, bool integers_stay)
{
    struct exact x;
    int scale = 0;
    enum rounding rounding = ROUND_HALF_UP;
    if (call_has_null(n, values) ||
        (n > 1 && !call_scale(context, function, values[1], &scale)) ||
        (n > 2 && !call_rounding(context, function, values[2], &rounding)) ||
        !call_number(context, function, values[0], &x))
        return;
    exact_round(&x, &x, scale, rounding);
    if (integers_stay && sqlite3_value_type(values[0]) == SQLITE_INTEGER)
        call_return_integer(context, function, &x);
    else
        call_return_number(context, function, &x);
}

void dec_round_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    round_number(context, "dec_round", n, values, false);
}

void round_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    round_number(context, "round", n, values, true);
}

/* ---- sign ---- */

void dec_neg_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    struct exact x;
    if (call_has_null(n, values) || !call_number(context, "dec_neg", values[0], &x))
        return;
    exact_negate(&x);
    call_return_number(context, "dec_neg", &x);
}

static void absolute(sqlite3_context *context, const char *function, int n, sqlite3_value **values,
                     bool integers_stay)
{
    struct exact x;
    if (call_has_null(n, values) || !call_number(context, function, values[0], &x))
        return;
    if (exact_sign(&x) < 0)
        exact_negate(&x);
    if (integers_stay && sqlite3_value_type(values[0]) == SQLITE_INTEGER)
        call_return_integer(context, function, &x);
    else
        call_return_number(context, function, &x);
}

void dec_abs_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    absolute(context, "dec_abs", n, values, false);
}

void abs_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    absolute(context, "abs", n, values, true);
}

/* ---- comparison ---- */

/* false: NULL, or the statement has ended. */
static bool compare(sqlite3_context *context, const char *function, int n, sqlite3_value **values,
                    int *out)
{
    struct exact a, b;
    if (call_has_null(n, values) || !two_numbers(context, function, values, &a, &b))
        return false;
    *out = exact_compare(&a, &b);
    exact_free(&a);
    exact_free(&b);
    return true;
}

void dec_cmp_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    int c;
    if (compare(context, "dec_cmp", n, values, &c))
        sqlite3_result_int(context, c);
}

#define COMPARISON(name, condition)                                                                \
    void dec_##name##_sql(sqlite3_context *context, int n, sqlite3_value **values)                 \
    {                                                                                              \
        int c;                                                                                     \
        if (compare(context, "dec_" #name, n, values, &c))                                         \
            sqlite3_result_int(context, condition);                                                \
    }

COMPARISON(eq, c == 0)
COMPARISON(lt, c < 0)
COMPARISON(le, c <= 0)
COMPARISON(gt, c > 0)
COMPARISON(ge, c >= 0)

/* Of all arguments the one that comes first (sign 1) or last (-1). */
static void choose(sqlite3_context *context, const char *function, int n, sqlite3_value **values,
                   int sign)
{
    struct exact best, x;
    if (n < 2) {
        call_wrong(context, "%s needs two numbers or more", function);
        return;
    }
    if (call_has_null(n, values) || !call_number(context, function, values[0], &best))
        return;
    for (int i = 1; i < n; i++) {
        if (!call_number(context, function, values[i], &x)) {
            exact_free(&best);
            return;
        }
        if (sign * exact_compare(&x, &best) < 0)
            exact_move(&best, &x);
        exact_free(&x);
    }
    call_return_number(context, function, &best);
}

void dec_min_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    choose(context, "dec_min", n, values, 1);
}

void dec_max_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    choose(context, "dec_max", n, values, -1);
}
