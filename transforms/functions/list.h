/* List: every function of the room: name, arguments, and how it is called. functions.c registers
 * what stands here, guard.c asks it what returns a decimal.
 *
 * All give the same result for the same arguments for as long as the
 * configuration stays, and do nothing else: SQLITE_DETERMINISTIC and SQLITE_INNOCUOUS.
 */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_LIST_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_LIST_H

#include <sqlite3.h>
#include <stdbool.h>

typedef void sql_scalar(sqlite3_context *context, int n, sqlite3_value **values);
typedef void sql_final(sqlite3_context *context);

/* decimals.c */
sql_scalar dec_add_sql, dec_sub_sql, dec_mul_sql, dec_div_sql, dec_neg_sql, dec_abs_sql;
sql_scalar dec_round_sql, dec_cmp_sql, dec_eq_sql, dec_lt_sql, dec_le_sql, dec_gt_sql, dec_ge_sql;
sql_scalar dec_min_sql, dec_max_sql, abs_sql, round_sql;
/* aggregates.c */
sql_scalar sum_step, avg_step, least_step, greatest_step;
sql_final sum_final, total_final, avg_final, least_final, greatest_final;
/* codes.c */
sql_scalar map_sql, unmap_sql;
/* convert_unit.c */
sql_scalar convert_unit_sql;
/* zones.c */
sql_scalar at_zone_sql, clock_sql;
/* regex.c */
sql_scalar regex_extract_sql, regex_matches_sql;
/* json_pick.c */
sql_scalar json_pick_sql;
/* masks.c */
sql_scalar sha256_sql, mask_sql;

enum { ANY_NUMBER = -1 };
enum sql_result { SQL_ANY, SQL_DECIMAL };

struct sql_function {
    const char *name;
    int min, max;   /* arguments; max ANY_NUMBER: no limit of ours */
    enum sql_result result; /* SQL_DECIMAL: a decimal text, which only dec_* may compute with */
    int numbers;    /* of decimals, how many of its arguments, from the first; 0: it is none of */
                    /* them. A statement that calls one of them is guarded */
    sql_scalar *scalar;
    sql_scalar *step; /* of an aggregate */
    sql_final *final;
};

extern const struct sql_function sql_functions[];
extern const int nsql_functions;

/* By name and number of arguments; NULL: none of ours. */
const struct sql_function *sql_function_find(const char *name, int nargs);

#endif
