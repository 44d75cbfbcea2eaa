/* test_event_writes_digits.c: decimals that are made to fit
 * libs: sink_events */
#include "sinks/events/digits.h"
#include "base/fail.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static struct arena arena;

static const char *fitted(const char *text, int precision, int scale, const char *mode)
{
    struct value out;
    switch (digits_fit(text, strlen(text), precision, scale, mode, &arena, &out)) {
    case DIGITS_FIT:
        return arena_copy(&arena, out.text, out.size);
    case DIGITS_LOST:
        return "lost";
    case DIGITS_TOO_BIG:
        return "too big";
    default:
        return "no number";
    }
}

static void a_number_that_fits_stays(void **state)
{
    (void)state;
    assert_string_equal(fitted("12.5", 14, 2, NULL), "12.5");
    assert_string_equal(fitted("12.50000", 14, 2, NULL), "12.5");
    assert_string_equal(fitted("-0.010", 14, 2, NULL), "-0.01");
    assert_string_equal(fitted("007", 14, 2, NULL), "7");
    assert_string_equal(fitted("100", 14, 2, NULL), "100");
    assert_string_equal(fitted(".5", 14, 2, NULL), "0.5");
    assert_string_equal(fitted("-0.00", 14, 2, NULL), "0");
    assert_string_equal(fitted("999999999999.999999999", -1, -1, NULL), "999999999999.999999999");
}

static void an_exponent_is_spelled_out(void **state)
{
    (void)state;
    assert_string_equal(fitted("1.5e3", 14, 2, NULL), "1500");
    assert_string_equal(fitted("15e-1", 14, 2, NULL), "1.5");
    assert_string_equal(fitted("1e-3", 14, 3, NULL), "0.001");
    assert_string_equal(fitted("1e-3", 14, 2, NULL), "lost");
    assert_string_equal(fitted("1e+2", -1, -1, NULL), "100");
}

static void digits_are_not_lost_unless_a_mode_says_how(void **state)
{
    (void)state;
    assert_string_equal(fitted("12.345", 14, 2, NULL), "lost");
    assert_string_equal(fitted("12.345", 14, 2, "half_up"), "12.35");
    assert_string_equal(fitted("-12.345", 14, 2, "half_up"), "-12.35");
    assert_string_equal(fitted("12.345", 14, 2, "half_even"), "12.34");
    assert_string_equal(fitted("12.355", 14, 2, "half_even"), "12.36");
    assert_string_equal(fitted("12.3450001", 14, 2, "half_even"), "12.35");
    assert_string_equal(fitted("12.341", 14, 2, "up"), "12.35");
    assert_string_equal(fitted("-12.341", 14, 2, "up"), "-12.35");
    assert_string_equal(fitted("12.349", 14, 2, "down"), "12.34");
    assert_string_equal(fitted("-12.341", 14, 2, "ceiling"), "-12.34");
    assert_string_equal(fitted("-12.341", 14, 2, "floor"), "-12.35");
}

static void a_carry_goes_through_all_digits(void **state)
{
    (void)state;
    assert_string_equal(fitted("9.999", 14, 2, "half_up"), "10");
    assert_string_equal(fitted("0.999", 14, 0, "half_up"), "1");
    assert_string_equal(fitted("0.004", 14, 2, "up"), "0.01");
    assert_string_equal(fitted("0.0004", 14, 2, "down"), "0");
    assert_string_equal(fitted("1e-7", 14, 2, "up"), "0.01");
    assert_string_equal(fitted("-0.5", 14, 0, "half_even"), "0");
    assert_string_equal(fitted("-0.5", 14, 0, "half_up"), "-1");
    assert_string_equal(fitted("1.5", 14, 0, "half_even"), "2");
}

static void a_number_too_large_for_the_column_is_refused(void **state)
{
    (void)state;
    assert_string_equal(fitted("1000", 5, 2, NULL), "too big");
    assert_string_equal(fitted("999.99", 5, 2, NULL), "999.99");
    assert_string_equal(fitted("999.999", 5, 2, "half_up"), "too big");
    assert_string_equal(fitted("0000000999", 5, 2, NULL), "999");
    assert_string_equal(fitted("1e400", 5, 2, NULL), "too big");
}

static void what_is_no_number_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {"",   "-",      ".",  "1.2.3", "12a",
                                      "1e", "1e9999", "e5", "NaN",   " 1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(fitted(bad[i], 14, 2, "up"), "no number");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_that_fits_stays),
        cmocka_unit_test(an_exponent_is_spelled_out),
        cmocka_unit_test(digits_are_not_lost_unless_a_mode_says_how),
        cmocka_unit_test(a_carry_goes_through_all_digits),
        cmocka_unit_test(a_number_too_large_for_the_column_is_refused),
        cmocka_unit_test(what_is_no_number_is_none),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
