#include "transforms/functions/list.h"

#include <stddef.h>
#include <strings.h>

#define SCALAR(name, min, max, result, numbers, function)                                          \
    {name, min, max, result, numbers, function, NULL, NULL}
#define AGGREGATE(name, min, max, step, final)                                                     \
    {name, min, max, SQL_DECIMAL, 1, NULL, step, final}

const struct sql_function sql_functions[] = {
    SCALAR("dec_add", 2, 2, SQL_DECIMAL, 2, dec_add_sql),
    SCALAR("dec_sub", 2, 2, SQL_DECIMAL, 2, dec_sub_sql),
    SCALAR("dec_mul", 2, 2, SQL_DECIMAL, 2, dec_mul_sql),
    SCALAR("dec_div", 3, 4, SQL_DECIMAL, 2, dec_div_sql),
    SCALAR("dec_neg", 1, 1, SQL_DECIMAL, 1, dec_neg_sql),
    SCALAR("dec_abs", 1, 1, SQL_DECIMAL, 1, dec_abs_sql),
    SCALAR("dec_round", 2, 3, SQL_DECIMAL, 1, dec_round_sql),
    SCALAR("dec_cmp", 2, 2, SQL_ANY, 2, dec_cmp_sql),
    SCALAR("dec_eq", 2, 2, SQL_ANY, 2, dec_eq_sql),
    SCALAR("dec_lt", 2, 2, SQL_ANY, 2, dec_lt_sql),
    SCALAR("dec_le", 2, 2, SQL_ANY, 2, dec_le_sql),
    SCALAR("dec_gt", 2, 2, SQL_ANY, 2, dec_gt_sql),
    SCALAR("dec_ge", 2, 2, SQL_ANY, 2, dec_ge_sql),
    AGGREGATE("dec_min", 1, 1, least_step, least_final),
    AGGREGATE("dec_max", 1, 1, greatest_step, greatest_final),
    SCALAR("dec_min", 2, ANY_NUMBER, SQL_DECIMAL, 2, dec_min_sql),
    SCALAR("dec_max", 2, ANY_NUMBER, SQL_DECIMAL, 2, dec_max_sql),
    AGGREGATE("sum", 1, 1, sum_step, sum_final),
    AGGREGATE("total", 1, 1, sum_step, total_final),
    AGGREGATE("avg", 1, 3, avg_step, avg_final),
    SCALAR("abs", 1, 1, SQL_DECIMAL, 1, abs_sql),
    SCALAR("round", 1, 3, SQL_DECIMAL, 1, round_sql),
    SCALAR("map", 2, 2, SQL_ANY, 0, map_sql),
    SCALAR("unmap", 2, 2, SQL_ANY, 0, unmap_sql),
    SCALAR("convert_unit", 3, 6, SQL_DECIMAL, 1, convert_unit_sql),
    SCALAR("at_zone", 3, 3, SQL_ANY, 0, at_zone_sql),
    SCALAR("regex_extract", 2, 3, SQL_ANY, 0, regex_extract_sql),
    SCALAR("regex_matches", 2, 2, SQL_ANY, 0, regex_matches_sql),
    SCALAR("json_pick", 2, ANY_NUMBER, SQL_ANY, 0, json_pick_sql),
    SCALAR("sha256", 1, 1, SQL_ANY, 0, sha256_sql),
    SCALAR("mask", 2, 2, SQL_ANY, 0, mask_sql),
    /* SQLite's take any number of arguments, and mean now where the moment is left out. */
    SCALAR("date", 0, 0, SQL_ANY, 0, clock_sql),
    SCALAR("time", 0, 0, SQL_ANY, 0, clock_sql),
    SCALAR("datetime", 0, 0, SQL_ANY, 0, clock_sql),
    SCALAR("julianday", 0, 0, SQL_ANY, 0, clock_sql),
    SCALAR("unixepoch", 0, 0, SQL_ANY, 0, clock_sql),
    SCALAR("strftime", 1, 1, SQL_ANY, 0, clock_sql),
};
const int nsql_functions = sizeof sql_functions / sizeof *sql_functions;

const struct sql_function *sql_function_find(const char *name, int nargs)
{
    for (int i = 0; i < nsql_functions; i++) {
        const struct sql_function *s = &sql_functions[i];
        if (strcasecmp(s->name, name) == 0 && nargs >= s->min &&
            (s->max == ANY_NUMBER || nargs <= s->max))
            return s;
    }
    return NULL;
}
