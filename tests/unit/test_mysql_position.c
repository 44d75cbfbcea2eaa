/* test_mysql_position.c: the order of the MySQL family's positions
 * libs: source_mysql */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "mysql/internal.h"

#define A "671f399e-e698-11f1-a47b-02fc00000001"
#define B "771f399e-e698-11f1-a47b-02fc00000001"

static void expect(const char *a, const char *b, enum position_order order)
{
    assert_int_equal(position_compare(a, b), order);
    enum position_order back = order == POSITION_BEFORE  ? POSITION_AFTER
                               : order == POSITION_AFTER ? POSITION_BEFORE
                                                         : order;
    assert_int_equal(position_compare(b, a), back);
}

static void gtid_sets_are_ordered_by_what_they_hold(void **state)
{
    (void)state;
    expect(A ":1-5", A ":1-6", POSITION_BEFORE);
    expect(A ":1-5", A ":1-5", POSITION_EQUAL);
    expect(A ":1-5", A ":1-3," B ":1", POSITION_UNRELATED);
    expect(A ":1-5", A ":1-5," B ":1", POSITION_BEFORE);
    expect(A ":1-3:5", A ":1-5", POSITION_BEFORE);
}

static void mariadb_positions_are_ordered_by_domain(void **state)
{
    (void)state;
    expect("0-1-77", "0-1-78", POSITION_BEFORE);
    expect("0-1-77", "0-1-77,1-2-9", POSITION_BEFORE);
    expect("0-1-77,1-2-9", "0-1-78,1-2-8", POSITION_UNRELATED);
}

static void files_are_ordered_by_number_and_offset(void **state)
{
    (void)state;
    expect("binlog.000003:4711", "binlog.000003:5000", POSITION_BEFORE);
    expect("binlog.000003:4711", "binlog.000004:4", POSITION_BEFORE);
    expect("binlog.999999:4711", "binlog.1000000:4", POSITION_BEFORE);
    expect("binlog.000003:4711", "mysql-bin.000004:4", POSITION_UNRELATED);
    expect("host-1-bin.000003:4", "host-1-bin.000003:4", POSITION_EQUAL);
}

static void nothing_is_before_everything(void **state)
{
    (void)state;
    expect("none", "none", POSITION_EQUAL);
    expect("none", "0-1-1", POSITION_BEFORE);
    expect("none", A ":1", POSITION_BEFORE);
}

static void positions_of_different_forms_are_unrelated(void **state)
{
    (void)state;
    expect("0-1-77", A ":1-5", POSITION_UNRELATED);
    expect("0-1-77", "binlog.000003:4711", POSITION_UNRELATED);
}

static void the_servers_own_text_becomes_a_position(void **state)
{
    (void)state;
    struct arena a;
    struct failure f;
    const char *text;
    arena_init(&a);
    assert_int_equal(position_normal(B ":1-3,\n" A ":1", false, &a, &text, &f), STATUS_OK);
    assert_string_equal(text, A ":1," B ":1-3");
    assert_int_equal(position_normal("", true, &a, &text, &f), STATUS_OK);
    assert_string_equal(text, "none");
    arena_free(&a);
}

static void a_position_of_another_kind_of_server_is_lost(void **state)
{
    (void)state;
    struct failure f;
    struct gtid_set *s;
    assert_int_equal(position_set(A ":1", true, &s, &f), STATUS_CONFIG);
    assert_int_equal(f.code, ERROR_POSITION_LOST);
    assert_null(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gtid_sets_are_ordered_by_what_they_hold),
        cmocka_unit_test(mariadb_positions_are_ordered_by_domain),
        cmocka_unit_test(files_are_ordered_by_number_and_offset),
        cmocka_unit_test(nothing_is_before_everything),
        cmocka_unit_test(positions_of_different_forms_are_unrelated),
        cmocka_unit_test(the_servers_own_text_becomes_a_position),
        cmocka_unit_test(a_position_of_another_kind_of_server_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
