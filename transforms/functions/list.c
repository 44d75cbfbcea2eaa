#include "transforms/functions/list.h"

#include <stddef.h>
#include <strings.h>

#define SCALAR(name, min, max, result, exact, function)                                            \
    {name, min, max, result, exact, function, NULL, NULL}
#define AGGREGATE(name, min, max, step, final)                                                     \
    {name, min, max, SQL_DECIMAL, true, NULL, step, final}

const struct sql_function sql_functions[] = {
    SCALAR("dec_add", 2, 2, SQL_DECIMAL, true, dec_add_sql),
    SCALAR("dec_sub", 2, 2, SQL_DECIMAL, true, dec_sub_sql),
    SCALAR("dec_mul", 2, 2, SQL_DECIMAL, true, dec_mul_sql),
    SCALAR("dec_div", 3, 4, SQL_DECIMAL, true, dec_div_sql),
    SCALAR("dec_neg", 1, 1, SQL_DECIMAL, true, dec_neg_sql),
    SCALAR("dec_abs", 1, 1, SQL_DECIMAL, true, dec_abs_sql),
    SCALAR("dec_round", 2, 3, SQL_DECIMAL, true, dec_round_sql),
    SCALAR("dec_cmp", 2, 2, SQL_ANY, true, dec_cmp_sql),
    SCALAR("dec_eq", 2, 2, SQL_ANY, true, dec_eq_sql),
    SCALAR("dec_lt", 2, 2, SQL_ANY, true, dec_lt_sql),
    SCALAR("dec_le", 2, 2, SQL_ANY, true, dec_le_sql),
    SCALAR("dec_gt", 2, 2, SQL_ANY, true, dec_gt_sql),
    SCALAR("dec_ge", 2, 2, SQL_ANY, true, dec_ge_sql),
    AGGREGATE("dec_min", 1, 1, least_step, least_final),
    AGGREGATE("dec_max", 1, 1, greatest_step, greatest_final),
    SCALAR("dec_min", 2, ANY_NUMBER, SQL_DECIMAL, true, dec_min_sql),
    SCALAR("dec_max", 2, ANY_NUMBER, SQL_DECIMAL, true, dec_max_sql),
    AGGREGATE("sum", 1, 1, sum_step, sum_final),
    AGGREGATE("total", 1, 1, sum_step, total_final),
    AGGREGATE("avg", 1, 3, avg_step, avg_final),
    SCALAR("abs", 1, 1, SQL_DECIMAL, true, abs_sql),
    SCALAR("round", 1, 3, SQL_DECIMAL, true, round_sql),
    SCALAR("map", 2, 2, SQL_ANY, false, map_sql),
    SCALAR("unmap", 2, 2, SQL_ANY, false, unmap_sql),
    SCALAR("convert_unit", 3, 6, SQL_DECIMAL, true, convert_unit_sql),
    SCALAR("at_zone", 3, 3, SQL_ANY, false, at_zone_sql),
    SCALAR("regex_extract", 2, 3, SQL_ANY, false, regex_extract_sql),
    SCALAR("regex_matches", 2, 2, SQL_ANY, false, regex_matches_sql),
    SCALAR("json_pick", 2, ANY_NUMBER, SQL_ANY, false, json_pick_sql),
    SCALAR("sha256", 1, 1, SQL_ANY, false, sha256_sql),
    SCALAR("mask", 2, 2, SQL_ANY, false, mask_sql),
    /* SQLite's take any number of arguments, and mean now where the moment is left out. */
    SCALAR("date", 0, 0, SQL_ANY, false, clock_sql),
    SCALAR("time", 0, 0, SQL_ANY, false, clock_sql),
    SCALAR("datetime", 0, 0, SQL_ANY, false, clock_sql),
    SCALAR("julianday", 0, 0, SQL_ANY, false, clock_sql),
    SCALAR("unixepoch", 0, 0, SQL_ANY, false, clock_sql),
    SCALAR("strftime", 1, 1, SQL_ANY, false, clock_sql),
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
