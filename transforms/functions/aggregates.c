/* Exact aggregates: sum, total and avg in place of SQLite's, dec_min and dec_max. NULLs do not
 * count. SQLite zeroes an aggregate's state at its first row and calls its final function always,
 * also after an error: there it is released. */
#include "transforms/functions/call.h"
#include "transforms/functions/list.h"

#include "base/fail.h"

struct sum {
    struct exact total;
    sqlite3_int64 count;
    bool not_integers; /* a decimal or a double was among them */
    int scale;         /* of avg */
    enum rounding rounding;
    const char *ended; /* an error was said: there is no result */
};

static struct sum *sum_state(sqlite3_context *context)
{
    struct sum *s = sqlite3_aggregate_context(context, sizeof *s);
    must(s);
    return s;
}

/* NULL where there was no row. */
static struct sum *sum_result(sqlite3_context *context)
{
    return sqlite3_aggregate_context(context, 0);
}

static void add_value(sqlite3_context *context, struct sum *s, const char *function,
                      sqlite3_value *value)
{
    struct exact x;
    if (!call_number(context, function, value, &x)) {
        s->ended = function;
        return;
    }
    s->not_integers |= sqlite3_value_type(value) != SQLITE_INTEGER;
    s->count++;
    exact_add(&s->total, &s->total, &x);
    exact_free(&x);
}

void sum_step(sqlite3_context *context, int n, sqlite3_value **values)
{
    struct sum *s = sum_state(context);
    if (!s->ended && !call_has_null(n, values))
        add_value(context, s, "sum", values[0]);
}

static void return_sum(sqlite3_context *context, const char *function, struct sum *s)
{
    if (s->not_integers)
        call_return_number(context, function, &s->total);
    else
        call_return_integer(context, function, &s->total);
}

void sum_final(sqlite3_context *context)
{
    struct sum *s = sum_result(context);
    if (s && s->count > 0 && !s->ended)
        return_sum(context, "sum", s);
    if (s)
        exact_free(&s->total);
}

void total_final(sqlite3_context *context)
{
    struct sum *s = sum_result(context);
    if (!s)
        sqlite3_result_int(context, 0);
    else if (!s->ended)
        return_sum(context, "total", s);
    if (s)
        exact_free(&s->total);
}

/* avg(x, scale [, rounding]): a quotient need not end, so the digits must be said. */
static bool read_digits(sqlite3_context *context, struct sum *s, int n, sqlite3_value **values)
{
    if (n < 2) {
        call_wrong(context, "avg needs the number of digits behind the point: avg(x, 6), or "
                            "avg(x, 6, 'half_even')");
        return false;
    }
    s->rounding = ROUND_HALF_UP;
    return call_scale(context, "avg", values[1], &s->scale) &&
           (n < 3 || call_rounding(context, "avg", values[2], &s->rounding));
}

void avg_step(sqlite3_context *context, int n, sqlite3_value **values)
{
    struct sum *s = sum_state(context);
    if (s->ended)
        return;
    if (!read_digits(context, s, n, values))
        s->ended = "avg";
    else if (!call_has_null(1, values))
        add_value(context, s, "avg", values[0]);
}

void avg_final(sqlite3_context *context)
{
    struct sum *s = sum_result(context);
    if (s && s->count > 0 && !s->ended) {
        struct exact count;
        exact_set_int(&count, s->count);
        must(exact_divide(&s->total, &s->total, &count, s->scale, s->rounding) == EXACT_OK);
        call_return_number(context, "avg", &s->total);
    }
    if (s)
        exact_free(&s->total);
}

/* ---- the least and the greatest ---- */

struct best {
    struct exact value;
    bool any, ended;
};

static void choose_step(sqlite3_context *context, const char *function, sqlite3_value *value,
                        int sign)
{
    struct best *b = sqlite3_aggregate_context(context, sizeof *b);
    struct exact x;
    must(b);
    if (b->ended || sqlite3_value_type(value) == SQLITE_NULL)
        return;
    if (!call_number(context, function, value, &x)) {
        b->ended = true;
        return;
    }
    if (!b->any || sign * exact_compare(&x, &b->value) < 0)
        exact_move(&b->value, &x);
    exact_free(&x);
    b->any = true;
}

static void choose_final(sqlite3_context *context, const char *function)
{
    struct best *b = sqlite3_aggregate_context(context, 0);
    if (b && b->any && !b->ended)
        call_return_number(context, function, &b->value);
    if (b)
        exact_free(&b->value);
}

void least_step(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)n;
    choose_step(context, "dec_min", values[0], 1);
}

void least_final(sqlite3_context *context)
{
    choose_final(context, "dec_min");
}

void greatest_step(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)n;
    choose_step(context, "dec_max", values[0], -1);
}

void greatest_final(sqlite3_context *context)
{
    choose_final(context, "dec_max");
}
