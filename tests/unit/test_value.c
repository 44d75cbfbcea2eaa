/* test_value.c: equality by meaning, hashes, dates, texts, shortest floats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/buffer.h"
#include "model/value.h"

static struct value decimal(const char *text)
{
    return value_text(VALUE_DECIMAL, text, strlen(text));
}

static struct value of_double(double d)
{
    return (struct value){.kind = VALUE_DOUBLE, .d = d};
}

static void check_equal(struct value a, struct value b, bool equal)
{
    assert_int_equal(value_equal(&a, &b), equal);
    assert_int_equal(value_equal(&b, &a), equal);
    if (equal)
        assert_true(value_hash(&a, 7) == value_hash(&b, 7));
    else
        assert_true(value_hash(&a, 7) != value_hash(&b, 7));
}

static void decimals_are_equal_by_number(void **state)
{
    (void)state;
    static const char *const equal[][2] = {
        {"1.0", "1.00"},   {"1", "1.000"}, {"0", "-0.00"}, {"007", "7"},
        {"-1.50", "-1.5"}, {".5", "0.5"},  {"", "0"},
    };
    static const char *const different[][2] = {
        {"1", "10"}, {"1", "-1"}, {"0.1", "0.01"}, {"1.5", "15"}, {"100", "1"}, {"1.05", "1.5"},
    };
    for (size_t i = 0; i < sizeof equal / sizeof *equal; i++)
        check_equal(decimal(equal[i][0]), decimal(equal[i][1]), true);
    for (size_t i = 0; i < sizeof different / sizeof *different; i++)
        check_equal(decimal(different[i][0]), decimal(different[i][1]), false);
}

static void integers_are_equal_across_signs_of_type(void **state)
{
    (void)state;
    struct value five = {.kind = VALUE_UINT, .u = 5};
    struct value most = {.kind = VALUE_UINT, .u = UINT64_MAX};
    check_equal(value_int(5), five, true);
    struct value minus = value_int(-1);
    assert_false(value_equal(&minus, &most));
    check_equal(value_int(5), value_int(6), false);
}

static void nulls_and_floats(void **state)
{
    (void)state;
    check_equal(value_null(), value_null(), true);
    check_equal(value_null(), value_int(0), false);
    check_equal(value_null(), value_text(VALUE_TEXT, "", 0), false);
    check_equal(of_double(-0.0), of_double(0.0), true);
    check_equal(of_double(NAN), of_double(NAN), true);
    check_equal(of_double(1), of_double(2), false);
    check_equal(value_text(VALUE_TEXT, NULL, 0), value_text(VALUE_TEXT, "", 0), true);
    check_equal(value_text(VALUE_TEXT, "abcdefghi", 9), value_text(VALUE_TEXT, "abcdefghj", 9),
                false);
    check_equal(value_text(VALUE_TEXT, "a", 1), value_text(VALUE_TEXT, "a\0", 2), false);
}

static void every_day_of_a_millennium_goes_there_and_back(void **state)
{
    (void)state;
    assert_int_equal(days_from_civil(1970, 1, 1), 0);
    assert_int_equal(days_from_civil(2026, 11, 22), 20779);
    assert_int_equal(days_from_civil(2000, 2, 29) + 1, days_from_civil(2000, 3, 1));
    int64_t first = days_from_civil(-400, 1, 1);
    int64_t year = -400;
    unsigned month = 1, day = 0;
    for (int64_t d = first; d < days_from_civil(2600, 1, 1); d++) {
        int64_t y;
        unsigned m, dd;
        civil_from_days(d, &y, &m, &dd);
        bool next_day = y == year && m == month && dd == day + 1;
        bool next_month = y == year && m == month + 1 && dd == 1;
        bool next_year = y == year + 1 && m == 1 && dd == 1;
        assert_true(next_day || next_month || next_year);
        assert_true(days_from_civil(y, m, dd) == d);
        year = y, month = m, day = dd;
    }
}

static const char *text_of(void (*add)(struct buffer *, int64_t), int64_t v)
{
    static struct buffer b = {.max = 1000};
    buffer_clear(&b);
    add(&b, v);
    return buffer_text(&b);
}

static void dates_and_times_read_as_both_engines_write_them(void **state)
{
    (void)state;
    int64_t day = days_from_civil(2026, 11, 22);
    int64_t us = (16 * 3600 + 48 * 60) * INT64_C(1000000);
    assert_string_equal(text_of(value_add_date, day), "2026-11-22");
    assert_string_equal(text_of(value_add_date, days_from_civil(1, 1, 1)), "0001-01-01");
    assert_string_equal(text_of(value_add_date, days_from_civil(12345, 1, 1)), "12345-01-01");
    assert_string_equal(text_of(value_add_time, us), "16:48:00");
    assert_string_equal(text_of(value_add_time, us + 123), "16:48:00.000123");
    assert_string_equal(text_of(value_add_time, -us), "-16:48:00");
    assert_string_equal(text_of(value_add_time, INT64_C(838) * 3600000000), "838:00:00");
    assert_string_equal(text_of(value_add_datetime, day * 86400000000 + us), "2026-11-22 16:48:00");
    assert_string_equal(text_of(value_add_datetime, -1), "1969-12-31 23:59:59.999999");
}

static void check_double(double d, const char *text)
{
    struct buffer b;
    buffer_init(&b, 100);
    value_add_double(&b, d);
    assert_string_equal(buffer_text(&b), text);
    buffer_free(&b);
}

static void check_float(float d, const char *text)
{
    struct buffer b;
    buffer_init(&b, 100);
    value_add_float(&b, (double)d);
    assert_string_equal(buffer_text(&b), text);
    buffer_free(&b);
}

static void floats_are_as_short_as_they_read_back(void **state)
{
    (void)state;
    check_double(0.1, "0.1");
    check_double(0.1 + 0.2, "0.30000000000000004");
    check_double(100, "100");
    check_double(-0.0, "-0");
    check_double(1e15, "1e+15");
    check_double(9007199254740993.0, "9007199254740992");
    check_double(5e-324, "5e-324");
    check_double(DBL_MAX, "1.7976931348623157e+308");
    check_double(INFINITY, "Infinity");
    check_double(-INFINITY, "-Infinity");
    check_double(NAN, "NaN");
    check_float(0.1F, "0.1");
    check_float(16777216.0F, "16777216");
    check_float(3.4028235e38F, "3.4028235e+38");
    check_float(1e-45F, "1e-45");
    unsigned seed = 1;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits =
            (uint64_t)rand_r(&seed) << 42 ^ (uint64_t)rand_r(&seed) << 21 ^ (uint64_t)rand_r(&seed);
        double d;
        memcpy(&d, &bits, sizeof d);
        struct buffer b = {.max = 100};
        value_add_double(&b, d);
        assert_true(isnan(d) || strtod(buffer_text(&b), NULL) == d);
        buffer_free(&b);
    }
}

/* n / 10^decimals as text, of a number of `digits` digits */
static int decimal_text(char *out, size_t size, unsigned *seed, int digits, int decimals)
{
    int64_t n = 0, power = 1;
    for (int i = 0; i < digits; i++)
        n = n * 10 + rand_r(seed) % 10;
    for (int i = 0; i < decimals; i++)
        power *= 10;
    return snprintf(out, size, "%s%" PRId64 ".%0*" PRId64, rand_r(seed) % 2 ? "-" : "", n / power,
                    decimals, n % power);
}

static void decimal_texts_are_read_to_the_nearest_double(void **state)
{
    (void)state;
    unsigned seed = 7;
    for (int i = 0; i < 50000; i++) {
        char text[64];
        double d;
        int size = decimal_text(text, sizeof text, &seed, 1 + i % 18, 1 + i / 18 % 12);
        assert_true(value_read_double(text, (size_t)size, &d));
        assert_true(d == strtod(text, NULL));
    }
}

static void short_decimals_come_back_as_they_were(void **state)
{
    (void)state;
    unsigned seed = 9;
    for (int i = 0; i < 50000; i++) {
        char text[64], shortest[64];
        decimal_text(text, sizeof text, &seed, 1 + i % 15, 1 + i / 15 % 8);
        double d = strtod(text, NULL);
        if (d == trunc(d))
            continue;
        for (int n = DBL_DIG; n > 0; n--) {
            snprintf(shortest, sizeof shortest, "%.*g", n, d);
            if (n == 1 || strtod(shortest, NULL) == d)
                break;
        }
        check_double(d, shortest);
    }
}

static void what_is_no_number_is_not_read(void **state)
{
    (void)state;
    double d;
    static const char *const texts[] = {"", "-", ".", "1.2.3", "1x", "--1", "1 2"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(value_read_double(texts[i], strlen(texts[i]), &d));
    assert_true(value_read_double("-0.0", 4, &d));
    assert_true(d == 0 && signbit(d));
    assert_true(value_read_double("1e300", 5, &d));
    assert_true(d == 1e300);
}

static void shown_values_are_one_short_line(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    struct value v = value_text(VALUE_TEXT, "two\nlines", 9);
    assert_string_equal(value_show(&v, &a, 100), "two lines");
    v = value_text(VALUE_TEXT, "工厂工厂", 12);
    assert_string_equal(value_show(&v, &a, 7), "工厂…");
    v = value_text(VALUE_BYTES, "\xde\xad\xbe\xef", 4);
    assert_string_equal(value_show(&v, &a, 100), "0xdeadbeef");
    assert_string_equal(value_show(&v, &a, 4), "0xdead…");
    v = value_null();
    assert_string_equal(value_show(&v, &a, 1), "NULL");
    v = value_text(VALUE_UUID, "0123456789abcdef", 16);
    assert_string_equal(value_show(&v, &a, 1), "30313233-3435-3637-3839-616263646566");
    v = value_text(VALUE_TEXT, "", 0);
    assert_string_equal(value_show(&v, &a, 1), "");
    arena_free(&a);
}

static void a_copy_outlives_its_source(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    char bytes[] = "abc";
    struct value v = value_text(VALUE_TEXT, bytes, 3);
    struct value copy = value_copy(&v, &a);
    bytes[0] = 'x';
    assert_memory_equal(copy.text, "abc", 3);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_equal_by_number),
        cmocka_unit_test(integers_are_equal_across_signs_of_type),
        cmocka_unit_test(nulls_and_floats),
        cmocka_unit_test(every_day_of_a_millennium_goes_there_and_back),
        cmocka_unit_test(dates_and_times_read_as_both_engines_write_them),
        cmocka_unit_test(floats_are_as_short_as_they_read_back),
        cmocka_unit_test(decimal_texts_are_read_to_the_nearest_double),
        cmocka_unit_test(short_decimals_come_back_as_they_were),
        cmocka_unit_test(what_is_no_number_is_not_read),
        cmocka_unit_test(shown_values_are_one_short_line),
        cmocka_unit_test(a_copy_outlives_its_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
