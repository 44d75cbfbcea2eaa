/* test_my_errors.c: what becomes of an error of the MySQL family
 * libs: db_mysql */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "db/mysql/my.h"

static enum status class_of(unsigned number, const char *state)
{
    return error_status(my_error_of(number, state));
}

static void a_server_in_trouble_with_its_own_files_may_get_over_it(void **state)
{
    (void)state;
    assert_int_equal(class_of(6, "HY000"), STATUS_RETRY);  /* a file is gone */
    assert_int_equal(class_of(28, "HY000"), STATUS_RETRY); /* a disk is full */
    assert_int_equal(class_of(1026, "HY000"), STATUS_RETRY);
    assert_int_equal(class_of(1021, "HY000"), STATUS_RETRY);
}

static void what_is_not_known_goes_by_its_state(void **state)
{
    (void)state;
    assert_int_equal(class_of(9999, "40001"), STATUS_RETRY);
    assert_int_equal(class_of(9999, "22003"), STATUS_DATA);
    assert_int_equal(class_of(9999, "23000"), STATUS_DATA);
    assert_int_equal(class_of(9999, "HY000"), STATUS_CONFIG);
}

static void a_library_used_wrongly_is_a_bug(void **state)
{
    (void)state;
    assert_int_equal(class_of(2014, "HY000"), STATUS_BUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_in_trouble_with_its_own_files_may_get_over_it),
        cmocka_unit_test(what_is_not_known_goes_by_its_state),
        cmocka_unit_test(a_library_used_wrongly_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
