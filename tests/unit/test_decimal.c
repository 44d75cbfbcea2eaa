/* test_decimal.c: DECIMAL's bytes to text, whole scale, exact to the last digit. The bytes are from
 * the manual of the format (strings/decimal.cc) and from a server's log.
 * libs: source_mysql */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "mysql/decode.h"

static void check(const char *bytes, int precision, int scale, const char *expected)
{
    char text[DECIMAL_DIGITS_MAX + 3];
    size_t size = decimal_write((const uint8_t *)bytes, precision, scale, text);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(text, expected, size);
}

static void a_number_has_its_columns_whole_scale(void **state)
{
    (void)state;
    check("\x81\x0d\xfb\x38\xd2\x04\xd2", 14, 4, "1234567890.1234");
    check("\x80\x00\x0c\x01\xf4", 8, 3, "12.500");
    check("\x80\x00\x00\x00\x00\x00", 12, 3, "0.000");
    check("\x80\x00\x00\x01", 9, 0, "1");
}

static void a_negative_number_has_all_bits_inverted(void **state)
{
    (void)state;
    check("\x7e\xf2\x04\xc7\x2d\xfb\x2d", 14, 4, "-1234567890.1234");
    check("\x7f\xff\xf3\xfe\x0b", 8, 3, "-12.500");
    check("\x76", 1, 0, "-9");
}

static void zero_has_no_sign(void **state)
{
    (void)state;
    check("\x7f\xff", 3, 2, "0.00");
    check("\x80\x00", 3, 2, "0.00");
}

static void fractions_alone_have_a_zero_before_the_point(void **state)
{
    (void)state;
    check("\xbb\x9a\xc9\xff", 9, 9, "0.999999999");
    check("\x80\x00\x00\x01", 9, 9, "0.000000001");
    check("\x7f\xff\xff\xfe", 9, 9, "-0.000000001");
}

static void sizes_are_by_groups_of_nine(void **state)
{
    (void)state;
    assert_int_equal(decimal_bytes(14, 4), 7);
    assert_int_equal(decimal_bytes(65, 30), 30);
    assert_int_equal(decimal_bytes(1, 0), 1);
    assert_int_equal(decimal_bytes(1, 1), 1);
    assert_int_equal(decimal_bytes(38, 38), 17);
}

static void bytes_that_are_no_decimal_are_refused(void **state)
{
    (void)state;
    char text[DECIMAL_DIGITS_MAX + 3];
    static const uint8_t ones[64] = {0xff, 0xff, 0xff, 0xff};
    assert_int_equal(decimal_write(ones, 9, 0, text), 0);
    assert_int_equal(decimal_write(ones, 9, 10, text), 0);
    assert_int_equal(decimal_write(ones, 0, 0, text), 0);
    assert_int_equal(decimal_write(ones, DECIMAL_DIGITS_MAX + 1, 0, text), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_has_its_columns_whole_scale),
        cmocka_unit_test(a_negative_number_has_all_bits_inverted),
        cmocka_unit_test(zero_has_no_sign),
        cmocka_unit_test(fractions_alone_have_a_zero_before_the_point),
        cmocka_unit_test(sizes_are_by_groups_of_nine),
        cmocka_unit_test(bytes_that_are_no_decimal_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
