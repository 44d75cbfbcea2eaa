/* test_functions_sql.c: decimals in SQL: the dec_* functions, exact aggregates, the collation
 * libs: functions */
#include "functions_connection.h"

static struct connection c;

static int open_connection(void **state)
{
    (void)state;
    connection_open(&c, NULL);
    assert_int_equal(
        sqlite3_exec(c.db,
                     "create table t (id integer primary key, qty text collate decimal, code text,"
                     " n integer, d real, at text);"
                     "insert into t values (1, '10.0', '10', 3, 0.1, '2026-01-02'),"
                     " (2, '9', '9', 4, 0.2, '2026-01-10'), (3, null, null, null, null, null),"
                     " (4, '999999999999.999999999', '012', 5, 12.5, '2025-12-31'),"
                     " (5, '10', 'NO', -7, -1, '2026-01-01')",
                     NULL, NULL, NULL),
        SQLITE_OK);
    return 0;
}

static int close_connection(void **state)
{
    (void)state;
    connection_close(&c);
    return 0;
}

static void gives(const char *sql, const char *expected)
{
    connection_gives(&c, sql, expected);
}

static void refuses(const char *sql, enum outcome_kind kind, enum outcome_reason reason,
                    const char *part)
{
    connection_refuses(&c, sql, kind, reason, part);
    if (kind != OUTCOME_NONE)
        assert_string_equal(c.text + strlen("error: "), c.outcome->text);
}

static void arithmetic_is_exact(void **state)
{
    (void)state;
    gives("select dec_add('0.1', '0.2')", "0.3");
    gives("select dec_add('999999999999.999999999', '0.000000001')", "1000000000000");
    gives("select dec_sub('1', '1.0')", "0");
    gives("select dec_mul('999999999999.999999999', '999999999999.999999999')",
          "999999999999999999998000.000000000000000001");
    gives("select dec_mul('12345678901234567890.5', '-98765432109876543210.25')",
          "-1219326311370217952289932936891510440477.625");
    gives("select dec_div('3', '0.08333333333333333', 2)", "36");
    gives("select dec_div(1, 3, 5)", "0.33333");
    gives("select dec_div(2, 3, 5, 'down')", "0.66666");
    gives("select dec_div(1250, 1, -2, 'half_even')", "1200");
    gives("select dec_neg('-0.50')", "0.5");
    gives("select dec_neg(0)", "0");
    gives("select dec_abs('-12.340')", "12.34");
    gives("select dec_round('2.345', 2)", "2.35");
    gives("select dec_round('2.345', 2, 'half_even')", "2.34");
    gives("select dec_add(0.1, 0.2)", "0.3");
    gives("select dec_add(9223372036854775807, 1)", "9223372036854775808");
    gives("select typeof(dec_add(1, 2))", "text");
    gives("select dec_add(qty, 0) from t where id = 4", "999999999999.999999999");
}

static void comparisons_are_by_value(void **state)
{
    (void)state;
    gives("select dec_cmp('10.0', '9')", "1");
    gives("select dec_cmp('-1', 1)", "-1");
    gives("select dec_eq('10.0', 10)", "1");
    gives("select dec_lt('9', '10') || dec_le('9', '9.0') || dec_gt('9', '10') || dec_ge('9', 9)",
          "1101");
    gives("select dec_min('10', '9.5', 11)", "9.5");
    gives("select dec_max('10', '9.5', '10.00')", "10");
    gives("select typeof(dec_eq(1, 1))", "integer");
}

static void null_in_is_null_out(void **state)
{
    (void)state;
    static const char *const calls[] = {
        "dec_add(null, 1)",  "dec_sub(1, null)",   "dec_mul(null, null)", "dec_div(null, 1, 2)",
        "dec_div(1, null, 2)", "dec_neg(null)",    "dec_abs(null)",       "dec_round(null, 2)",
        "dec_cmp(null, 1)",  "dec_eq(null, null)", "dec_min(1, null)",    "dec_max(null, 1, 2)",
        "abs(null)",         "round(null)",        "sum(null)",           "avg(null, 2)",
        "dec_min(null)"};
    char sql[128];
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        snprintf(sql, sizeof sql, "select %s", calls[i]);
        gives(sql, "NULL");
    }
}

static void what_is_no_number_ends_the_statement(void **state)
{
    (void)state;
    refuses("select dec_add('1e3', 1)", OUTCOME_QUARANTINE, REASON_NUMBER, "\"1e3\"");
    assert_string_equal(c.outcome->code, "1e3");
    assert_string_equal(c.outcome->subject, "dec_add");
    refuses("select dec_add(1, '')", OUTCOME_QUARANTINE, REASON_NUMBER, "\"\"");
    refuses("select dec_cmp('NaN', 1)", OUTCOME_QUARANTINE, REASON_NUMBER, "NaN");
    refuses("select dec_add(x'31', 1)", OUTCOME_QUARANTINE, REASON_NUMBER, "bytes");
    refuses("select dec_max(1, 2, 'x')", OUTCOME_QUARANTINE, REASON_NUMBER, "\"x\"");
    refuses("select dec_add(9e999, 1)", OUTCOME_QUARANTINE, REASON_NUMBER, "Inf");
    refuses("select sum(at) from t", OUTCOME_QUARANTINE, REASON_NUMBER, "2026-01-02");
    refuses("select dec_div(1, '0.00', 2)", OUTCOME_QUARANTINE, REASON_ZERO, "by zero");
    refuses("select dec_mul(x, x) "
            "from (select '1' || replace(hex(zeroblob(50000)), '0', '9') as x)",
            OUTCOME_QUARANTINE, REASON_BOUNDS, "131072");
}

static void a_wrong_use_is_the_mappings_fault(void **state)
{
    (void)state;
    refuses("select dec_div(1, 2, 'x')", OUTCOME_FAIL, REASON_USE, "scale");
    refuses("select dec_round(1, 16384)", OUTCOME_FAIL, REASON_USE, "16383");
    refuses("select dec_round(1, 2, 'nearest')", OUTCOME_FAIL, REASON_USE, "half_up, half_even");
    refuses("select dec_min()", OUTCOME_FAIL, REASON_USE, "two numbers");
    refuses("select avg(qty) from t", OUTCOME_FAIL, REASON_USE, "avg(x, 6)");
    refuses("select dec_div(1, 2)", OUTCOME_NONE, REASON_NONE, "wrong number of arguments");
}

static void aggregates_are_exact(void **state)
{
    (void)state;
    gives("select sum(qty) from t", "1000000000028.999999999");
    gives("select sum(n) from t", "5");
    gives("select typeof(sum(n)) from t", "integer");
    gives("select sum(d) from t where id < 3", "0.3");
    gives("select sum(x) from (select 9223372036854775807 as x union all select 2)",
          "9223372036854775809");
    gives("select sum(qty) from t where id = 3", "NULL");
    gives("select sum(qty) from t where id > 9", "NULL");
    gives("select total(qty) from t where id > 9", "0");
    gives("select total(qty) from t where id < 3", "19");
    gives("select avg(qty, 3) from t where id in (1, 2, 3)", "9.5");
    gives("select avg(n, 3) from t", "1.25");
    gives("select avg(n, 1, 'half_even') from t", "1.2");
    gives("select avg(qty, 2) from t where id > 9", "NULL");
    gives("select sum(distinct qty) from t where id in (1, 2, 5)", "19");
    gives("select dec_min(qty) from t", "9");
    gives("select dec_max(qty) from t", "999999999999.999999999");
    gives("select dec_max(qty) from t where id = 3", "NULL");
    gives("select dec_max(dec_mul(qty, -1)) from t", "-9");
    gives("select sum(qty) from t group by qty having count(*) > 1", "20");
}

static void abs_and_round_are_exact(void **state)
{
    (void)state;
    gives("select abs('-999999999999.999999999')", "999999999999.999999999");
    gives("select abs(-7)", "7");
    gives("select typeof(abs(-7))", "integer");
    gives("select abs(-9223372036854775808)", "9223372036854775808");
    gives("select round('2.5')", "3");
    gives("select round('-2.345', 2)", "-2.35");
    gives("select round('999999999999.999999999', 8)", "1000000000000");
    gives("select round(3)", "3");
    refuses("select abs('abc')", OUTCOME_QUARANTINE, REASON_NUMBER, "abc");
}

static void min_and_max_go_by_the_collation(void **state)
{
    (void)state;
    gives("select min(qty) from t", "9");
    gives("select max(qty) from t", "999999999999.999999999");
    gives("select min(code) from t", "012"); /* codes are texts */
    gives("select max(code) from t where id < 3", "9");
    gives("select min(at) from t", "2025-12-31");
    gives("select max(n) from t", "5");
    gives("select max(null) from t", "NULL");
    gives("select max(qty, '10.5') from t where id = 2", "10.5");
    gives("select max(code, '10') from t where id = 2", "9");
    gives("select max(dec_add(qty, 0) collate decimal) from t where id < 3", "10");
}

static void windows_are_refused(void **state)
{
    (void)state;
    refuses("select sum(qty) over () from t", OUTCOME_NONE, REASON_NONE, "window");
}

static void a_decimal_column_is_ordered_by_value(void **state)
{
    (void)state;
    gives("select group_concat(id) from (select id from t where qty is not null order by qty, id)",
          "2,1,5,4");
    gives("select count(distinct qty) from t", "3");
    gives("select group_concat(id) from t where qty = 10", "1,5");
    gives("select group_concat(id) from t where qty > 9.5", "1,4,5");
    gives("select group_concat(id) from t where qty = '10.000'", "1,5");
    gives("select group_concat(id) from t where qty between 9 and 10", "1,2,5");
    sqlite3_exec(c.db, "create index by_qty on t(qty)", NULL, NULL, NULL);
    gives("select group_concat(id) from t where qty in ('9.0', 10)", "2,1,5");
    gives("select max(qty) from t", "999999999999.999999999");
}

/* SQLite 3.40.1 loses this row by a Bloom filter, which functions_register turns off. */
static void a_join_finds_a_decimal_of_another_spelling(void **state)
{
    (void)state;
    sqlite3_exec(c.db,
                 "create table a (q text collate decimal); insert into a values ('10.0');"
                 "create table b (q text collate decimal); insert into b values ('10'), ('10.00')",
                 NULL, NULL, NULL);
    gives("select count(*) from b cross join a on b.q = a.q", "2");
    gives("select count(*) from a cross join b on b.q = a.q", "2");
}

static void an_error_does_not_leak_into_the_next_statement(void **state)
{
    (void)state;
    refuses("select dec_add('x', 1)", OUTCOME_QUARANTINE, REASON_NUMBER, "x");
    gives("select dec_add(1, 1)", "2");
    assert_int_equal(c.outcome->kind, OUTCOME_NONE);
    struct failure f = {0};
    refuses("select dec_add('x', 1)", OUTCOME_QUARANTINE, REASON_NUMBER, "x");
    assert_int_equal(outcome_failure(c.outcome, &f), STATUS_DATA);
    assert_non_null(strstr(f.text, "\"x\" is no decimal number"));
    assert_string_equal(outcome_reason_name(c.outcome->reason), "no_number");
    refuses("select avg(1)", OUTCOME_FAIL, REASON_USE, "avg");
    assert_int_equal(outcome_failure(c.outcome, &f), STATUS_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_is_exact),
        cmocka_unit_test(comparisons_are_by_value),
        cmocka_unit_test(null_in_is_null_out),
        cmocka_unit_test(what_is_no_number_ends_the_statement),
        cmocka_unit_test(a_wrong_use_is_the_mappings_fault),
        cmocka_unit_test(aggregates_are_exact),
        cmocka_unit_test(abs_and_round_are_exact),
        cmocka_unit_test(min_and_max_go_by_the_collation),
        cmocka_unit_test(windows_are_refused),
        cmocka_unit_test(a_decimal_column_is_ordered_by_value),
        cmocka_unit_test(a_join_finds_a_decimal_of_another_spelling),
        cmocka_unit_test(an_error_does_not_leak_into_the_next_statement),
    };
    return cmocka_run_group_tests(tests, open_connection, close_connection);
}
