/* test_number_text.c: decimal texts: what is one, and its one form
 * libs: model */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "model/number_text.h"

static const char *canonical(const char *text)
{
    static struct buffer b;
    b.max = 1000;
    b.size = 0;
    return number_text_canonical(text, strlen(text), &b) ? buffer_text(&b) : NULL;
}

static const char *scaled(const char *text)
{
    static struct buffer b;
    struct number_text t;
    int exponent;
    b.max = 2000;
    b.size = 0;
    if (!number_text_split_scaled(text, strlen(text), &t, &exponent))
        return NULL;
    number_text_add(&t, exponent, &b);
    return buffer_text(&b);
}

/* By both ways, where there is no exponent. */
static void a_number_has_one_form(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"10.0", "10"},   {"-0.50", "-0.5"}, {".5", "0.5"},     {"5.", "5"},       {"+7", "7"},
        {"007", "7"},     {"-0.00", "0"},    {"0", "0"},        {"100", "100"},    {"0.001", "0.001"},
        {"-100.010", "-100.01"}, {"999999999999.999999999", "999999999999.999999999"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(canonical(cases[i][0]), cases[i][1]);
        assert_string_equal(scaled(cases[i][0]), cases[i][1]);
    }
}

static void an_exponent_moves_the_point(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"1.25e3", "1250"}, {"1.25e1", "12.5"},  {"125E-2", "1.25"},   {"1e-3", "0.001"},
        {"0.05e2", "5"},    {"100e-2", "1"},     {"100e-5", "0.001"},  {"-1.5e+0", "-1.5"},
        {"0e400", "0"},     {"-0.0e-400", "0"},  {"120e-1", "12"},     {"0.00120e4", "12"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(scaled(cases[i][0]), cases[i][1]);
    assert_int_equal(strlen(scaled("1e400")), 401);
    assert_int_equal(strlen(scaled("1e-400")), 402);
    assert_null(canonical("1e3"));
}

static void all_else_is_no_number(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "-",   ".",    "+.",  "1 ",  " 1",   "1,5", "1.2.3",
                                      "--1", "NaN", "1e",   "1e+", "e5",  "1e401", "1e5x", "1e 5",
                                      "0x10", "1_000", "1e99999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(canonical(bad[i]));
        assert_null(scaled(bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_has_one_form),
        cmocka_unit_test(an_exponent_moves_the_point),
        cmocka_unit_test(all_else_is_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
