/* test_functions_exact.c: decimal numbers: texts, arithmetic against Python's decimal and against
 * GMP's ratios, order, bounds
 * libs: functions */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "transforms/functions/exact.h"

static struct exact number(const char *text)
{
    struct exact x;
    if (exact_read(&x, text, strlen(text)) != EXACT_OK)
        fail_msg("not read: %s", text);
    return x;
}

/* Releases the number; the text lives until the next call. */
static const char *text_of(struct exact x)
{
    static struct buffer b;
    if (!b.max)
        buffer_init(&b, EXACT_TEXT_BYTES + 1);
    buffer_clear(&b);
    if (exact_write(&x, &b) != EXACT_OK)
        fail_msg("not written");
    exact_free(&x);
    return buffer_text(&b);
}

static void reads(const char *text, const char *expected)
{
    char bytes[256];
    struct buffer b = {.data = bytes, .capacity = sizeof bytes, .max = sizeof bytes};
    assert_string_equal(text_of(number(text)), expected);
    assert_true(number_text_canonical(text, strlen(text), &b));
    assert_string_equal(buffer_text(&b), expected);
}

static void a_number_has_one_form(void **state)
{
    (void)state;
    reads("10.0", "10");
    reads("+0010.500", "10.5");
    reads("-0", "0");
    reads("-0.000", "0");
    reads(".5", "0.5");
    reads("5.", "5");
    reads("-00.050", "-0.05");
    reads("100", "100");
    reads("999999999999.999999999", "999999999999.999999999");
    reads("18446744073709551616", "18446744073709551616");
    reads("99999999999999999999999999999999999999", "99999999999999999999999999999999999999");
    reads("-12345678901234567890123456789012345678901234567890.1234567890",
          "-12345678901234567890123456789012345678901234567890.123456789");
    reads("0.0000000000000000000000000000000000000000000000000000000001",
          "0.0000000000000000000000000000000000000000000000000000000001");
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    ".",   "-",   "+",    "1e3", " 1",   "1 ",  "1,5",
                                      "NaN", "inf", "--1", "1.2.3", "0x1", "１２", "1\n", "-."};
    struct exact x;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(exact_read(&x, bad[i], strlen(bad[i])), EXACT_NO_NUMBER);
        assert_false(number_text_canonical(bad[i], strlen(bad[i]), NULL));
    }
    assert_int_equal(exact_read(&x, "1\0002", 3), EXACT_NO_NUMBER);
}

/* ---- against Python's decimal ---- */

static const char *compute(const char *op, const char *a, const char *b, const char *scale,
                           const char *rounding)
{
    static char order[8];
    struct exact x = number(a), y = *b == '-' && !b[1] ? (struct exact){0} : number(b);
    enum rounding mode = ROUND_HALF_UP;
    rounding_find(rounding, &mode);
    snprintf(order, sizeof order, "%d", exact_compare(&x, &y));
    if (strcmp(op, "add") == 0)
        exact_add(&x, &x, &y);
    else if (strcmp(op, "sub") == 0)
        exact_subtract(&x, &x, &y);
    else if (strcmp(op, "mul") == 0)
        exact_multiply(&x, &x, &y);
    else if (strcmp(op, "div") == 0)
        assert_int_equal(exact_divide(&x, &x, &y, atoi(scale), mode), EXACT_OK);
    else if (strcmp(op, "round") == 0)
        exact_round(&x, &x, atoi(scale), mode);
    exact_free(&y);
    if (strcmp(op, "cmp") != 0)
        return text_of(x);
    exact_free(&x);
    return order;
}

static void results_are_those_of_another_implementation(void **state)
{
    (void)state;
    char line[4096], *at, *fields[6];
    int lines = 0;
    FILE *file = fopen(SOURCE_DIR "/tests/golden/decimals.tsv", "r");
    assert_non_null(file);
    while ((at = fgets(line, sizeof line, file))) {
        line[strcspn(line, "\n")] = 0;
        for (int i = 0; i < 6; i++)
            assert_non_null(fields[i] = strsep(&at, "\t"));
        const char *result = compute(fields[0], fields[1], fields[2], fields[3], fields[4]);
        if (strcmp(result, fields[5]) != 0)
            fail_msg("%s %s %s %s %s: %s, not %s", fields[0], fields[1], fields[2], fields[3],
                     fields[4], result, fields[5]);
        lines++;
    }
    fclose(file);
    assert_true(lines > 800);
}

/* ---- against ratios ---- */

static uint64_t random_state = 88172645463325252u;

static uint64_t draw(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % below;
}

static const char *random_text(char *out)
{
    static const unsigned sizes[] = {1, 4, 17, 18, 19, 20, 36, 38, 40, 60};
    size_t at = 0;
    unsigned whole = 1 + (unsigned)draw(sizes[draw(10)]);
    unsigned fraction = (unsigned)draw(sizes[draw(10)]);
    if (draw(2))
        out[at++] = '-';
    for (unsigned i = 0; i < whole; i++)
        out[at++] = (char)('0' + (draw(4) ? draw(10) : 9 * draw(2)));
    if (fraction)
        out[at++] = '.';
    for (unsigned i = 0; i < fraction; i++)
        out[at++] = (char)('0' + (draw(4) ? draw(10) : 9 * draw(2)));
    out[at] = 0;
    return out;
}

static void assert_ratio(const struct exact *x, mpq_srcptr expected)
{
    mpq_t is;
    mpq_init(is);
    exact_to_ratio(x, is);
    assert_true(mpq_equal(is, expected));
    /* The text says the same number. */
    struct exact copy = {0}, zero = {0};
    exact_add(&copy, x, &zero);
    struct exact again = number(text_of(copy));
    exact_to_ratio(&again, is);
    assert_true(mpq_equal(is, expected));
    exact_free(&again);
    mpq_clear(is);
}

static void check_one(const char *ta, const char *tb)
{
    struct exact a = number(ta), b = number(tb), out = {0};
    mpq_t p, q, r;
    mpq_inits(p, q, r, NULL);
    exact_to_ratio(&a, p);
    exact_to_ratio(&b, q);
    mpq_add(r, p, q);
    exact_add(&out, &a, &b);
    assert_ratio(&out, r);
    mpq_sub(r, p, q);
    exact_subtract(&out, &a, &b);
    assert_ratio(&out, r);
    mpq_mul(r, p, q);
    exact_multiply(&out, &a, &b);
    assert_ratio(&out, r);
    assert_true(exact_scale_by(&out, &a, q));
    assert_ratio(&out, r);
    int c = mpq_cmp(p, q);
    assert_int_equal(exact_compare(&a, &b), (c > 0) - (c < 0));
    assert_int_equal(number_text_compare(ta, strlen(ta), tb, strlen(tb)) > 0, c > 0);
    assert_int_equal(number_text_compare(ta, strlen(ta), tb, strlen(tb)) < 0, c < 0);
    mpq_clears(p, q, r, NULL);
    exact_free(&a);
    exact_free(&b);
    exact_free(&out);
}

static void sums_and_products_are_those_of_ratios(void **state)
{
    (void)state;
    char a[160], b[160];
    for (int i = 0; i < 20000; i++)
        check_one(random_text(a), random_text(b));
}

/* |quotient - exact| is within one unit of the last digit, on the side that the mode says. */
static void check_rounding(const struct exact *a, const struct exact *b, int scale,
                           enum rounding mode)
{
    struct exact out = {0};
    mpq_t p, q, unit, off;
    mpq_inits(p, q, unit, off, NULL);
    exact_to_ratio(a, p);
    exact_to_ratio(b, q);
    mpq_div(p, p, q);
    assert_int_equal(exact_divide(&out, a, b, scale, mode), EXACT_OK);
    exact_to_ratio(&out, q);
    mpz_ui_pow_ui(mpq_denref(unit), 10, (unsigned long)scale);
    mpz_set_ui(mpq_numref(unit), 1);
    mpq_sub(off, q, p);
    mpq_div(off, off, unit); /* in units of the last digit */
    int way = mpq_sgn(off), sign = mpq_sgn(p);
    mpq_abs(off, off);
    assert_true(mpq_cmp_ui(off, 1, 1) < 0);
    switch (mode) {
    case ROUND_HALF_UP:
        assert_true(mpq_cmp_ui(off, 1, 2) < 0 || (mpq_cmp_ui(off, 1, 2) == 0 && way == sign));
        break;
    case ROUND_HALF_EVEN:
        assert_true(mpq_cmp_ui(off, 1, 2) <= 0);
        break;
    case ROUND_UP:
        assert_true(way == 0 || way == sign);
        break;
    case ROUND_DOWN:
        assert_true(way == 0 || way == -sign);
        break;
    case ROUND_CEILING:
        assert_true(way >= 0);
        break;
    case ROUND_FLOOR:
        assert_true(way <= 0);
        break;
    }
    mpq_clears(p, q, unit, off, NULL);
    exact_free(&out);
}

static void quotients_are_rounded_once_and_the_right_way(void **state)
{
    (void)state;
    char ta[160], tb[160];
    for (int i = 0; i < 20000; i++) {
        struct exact a = number(random_text(ta)), b = number(random_text(tb));
        if (exact_sign(&b) != 0)
            check_rounding(&a, &b, (int)draw(50), (enum rounding)draw(6));
        exact_free(&a);
        exact_free(&b);
    }
}

static void halves_go_where_each_mode_says(void **state)
{
    (void)state;
    static const char *const modes[] = {"half_up", "half_even", "up", "down", "ceiling", "floor"};
    static const struct {
        const char *x, *results[6];
    } cases[] = {{"2.5", {"3", "2", "3", "2", "3", "2"}},
                 {"3.5", {"4", "4", "4", "3", "4", "3"}},
                 {"-2.5", {"-3", "-2", "-3", "-2", "-2", "-3"}},
                 {"2.4", {"2", "2", "3", "2", "3", "2"}},
                 {"-2.6", {"-3", "-3", "-3", "-2", "-2", "-3"}},
                 {"0.4", {"0", "0", "1", "0", "1", "0"}},
                 {"-0.4", {"0", "0", "-1", "0", "0", "-1"}},
                 {"7", {"7", "7", "7", "7", "7", "7"}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int m = 0; m < 6; m++)
            assert_string_equal(compute("round", cases[i].x, "-", "0", modes[m]),
                                cases[i].results[m]);
    assert_string_equal(compute("round", "1250", "-", "-2", "half_up"), "1300");
    assert_string_equal(compute("round", "49", "-", "-2", "half_up"), "0");
    enum rounding none;
    assert_false(rounding_find("nearest", &none));
}

/* ---- bounds ---- */

static char *digits(size_t whole, size_t fraction)
{
    char *text = malloc(whole + fraction + 2);
    memset(text, '9', whole + fraction + 1);
    text[whole] = '.';
    text[whole + fraction + 1] = 0;
    return text;
}

static void numbers_have_the_bounds_of_postgresql(void **state)
{
    (void)state;
    char *most = digits(EXACT_WHOLE_DIGITS, EXACT_SCALE_MAX);
    char *whole = digits(EXACT_WHOLE_DIGITS + 1, 0), *fraction = digits(1, EXACT_SCALE_MAX + 1);
    struct exact x = number(most), one = number("1");
    struct buffer b;
    buffer_init(&b, EXACT_TEXT_BYTES);
    assert_int_equal(exact_write(&x, &b), EXACT_OK);
    assert_int_equal(b.size, strlen(most));
    assert_memory_equal(b.data, most, b.size);
    exact_add(&x, &x, &one);
    buffer_clear(&b);
    assert_int_equal(exact_write(&x, &b), EXACT_TOO_LONG);
    exact_free(&x);
    assert_int_equal(exact_read(&x, whole, strlen(whole)), EXACT_TOO_LONG);
    assert_int_equal(exact_read(&x, fraction, strlen(fraction)), EXACT_TOO_LONG);
    buffer_free(&b);
    free(most);
    free(whole);
    free(fraction);
}

static void a_double_is_its_shortest_text(void **state)
{
    (void)state;
    static const struct {
        double d;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {12.5, "12.5"},
                 {-0.0, "0"},
                 {1e22, "10000000000000000000000"},
                 {1.5e-7, "0.00000015"},
                 {0.08333333333333333, "0.08333333333333333"},
                 {-1234567.25, "-1234567.25"}};
    struct exact x;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(exact_read_double(&x, cases[i].d), EXACT_OK);
        assert_string_equal(text_of(x), cases[i].text);
    }
    assert_int_equal(exact_read_double(&x, INFINITY), EXACT_NO_NUMBER);
    assert_int_equal(exact_read_double(&x, NAN), EXACT_NO_NUMBER);
    assert_int_equal(exact_read_double(&x, 1.7976931348623157e308), EXACT_OK);
    assert_int_equal(strlen(text_of(x)), 309);
    assert_int_equal(exact_read_double(&x, 5e-324), EXACT_OK);
    assert_int_equal(strlen(text_of(x)), 326);
}

/* ---- order ---- */

static int order(const char *a, const char *b)
{
    int c = number_text_compare(a, strlen(a), b, strlen(b));
    int back = number_text_compare(b, strlen(b), a, strlen(a));
    assert_int_equal((c > 0) - (c < 0), (back < 0) - (back > 0));
    return (c > 0) - (c < 0);
}

static void the_order_is_total(void **state)
{
    (void)state;
    /* each before the next */
    static const char *const sorted[] = {"-100", "-9.5", "-9", "-0.1", "0",  "0.09", "0.1", "9",
                                         "10",   "10.5", "11", "100",  "",   "NaN",  "abc", "ｘ"};
    int n = sizeof sorted / sizeof *sorted;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            assert_int_equal(order(sorted[i], sorted[j]), (i > j) - (i < j));
    assert_int_equal(order("10.0", "10"), 0);
    assert_int_equal(order("+10", "010.00"), 0);
    assert_int_equal(order("-0", "0.0"), 0);
    assert_int_equal(order("1e3", "999"), 1); /* no number of ours */
}

static void a_ratio_that_does_not_end_needs_a_scale(void **state)
{
    (void)state;
    struct exact x = number("3"), one = number("1");
    mpq_t third;
    mpq_init(third);
    mpq_set_ui(third, 1, 3);
    assert_false(exact_scale_by(&one, &one, third));
    assert_int_equal(exact_sign(&one), 1);
    assert_true(exact_scale_by(&x, &x, third));
    assert_string_equal(text_of(x), "1");
    exact_scale_rounded(&one, &one, third, 4, ROUND_UP);
    assert_string_equal(text_of(one), "0.3334");
    mpq_clear(third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_has_one_form),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(results_are_those_of_another_implementation),
        cmocka_unit_test(sums_and_products_are_those_of_ratios),
        cmocka_unit_test(quotients_are_rounded_once_and_the_right_way),
        cmocka_unit_test(halves_go_where_each_mode_says),
        cmocka_unit_test(numbers_have_the_bounds_of_postgresql),
        cmocka_unit_test(a_double_is_its_shortest_text),
        cmocka_unit_test(the_order_is_total),
        cmocka_unit_test(a_ratio_that_does_not_end_needs_a_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
