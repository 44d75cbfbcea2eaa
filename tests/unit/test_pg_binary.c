/* test_pg_binary.c: values in PostgreSQL's binary form
 * libs: db_postgres */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "base/buffer.h"
#include "db/postgres/pg.h"

static struct failure failure;

static struct column column_of(Oid oid)
{
    return (struct column){.name = "c", .type = "t", .codec = pg_type_of(oid, 0, 'b', "")};
}

static enum status write(Oid oid, struct value v, struct buffer *b)
{
    struct column c = column_of(oid);
    const struct pg_binary *form = pg_binary_of(&c);
    assert_non_null(form);
    assert_true(pg_binary_takes(form, &v));
    return pg_binary_write(form, &c, &v, b, &failure);
}

static void check(Oid oid, struct value v, const char *bytes, size_t size)
{
    struct buffer b = {.max = 1000};
    assert_int_equal(write(oid, v, &b), STATUS_OK);
    assert_int_equal(b.size, size);
    assert_memory_equal(b.data, bytes, size);
    buffer_free(&b);
}
#define CHECK(oid, v, bytes) check(oid, v, bytes, sizeof bytes - 1)

static void check_refused(Oid oid, struct value v)
{
    struct buffer b = {.max = 1000};
    assert_int_equal(write(oid, v, &b), STATUS_DATA);
    buffer_free(&b);
}

static struct value decimal(const char *text)
{
    return value_text(VALUE_DECIMAL, text, strlen(text));
}

enum { INT2 = 21, INT4 = 23, TEXT = 25, DATE = 1082, TIMESTAMP = 1114, NUMERIC = 1700 };

/* ndigits, weight, sign, dscale; digits to the base of 10000 */
static void decimals_are_groups_of_four_digits(void **state)
{
    (void)state;
    CHECK(NUMERIC, decimal("1"),
          "\0\0\0\12"
          "\0\1\0\0\0\0\0\0"
          "\0\1");
    CHECK(NUMERIC, decimal("12345.678"),
          "\0\0\0\16"
          "\0\3\0\1\0\0\0\3"
          "\0\1\x09\x29\x1a\x7c");
    CHECK(NUMERIC, decimal("-0.01"),
          "\0\0\0\12"
          "\0\1\xff\xff\x40\0\0\2"
          "\0\144");
    CHECK(NUMERIC, decimal("0.00001"),
          "\0\0\0\12"
          "\0\1\xff\xfe\0\0\0\5"
          "\x03\xe8");
    CHECK(NUMERIC, decimal("10000"),
          "\0\0\0\14"
          "\0\2\0\1\0\0\0\0"
          "\0\1\0\0");
}

static void a_zero_keeps_its_scale_and_has_no_sign(void **state)
{
    (void)state;
    struct buffer b = {.max = 1000};
    assert_int_equal(write(NUMERIC, decimal("-0.00"), &b), STATUS_OK);
    assert_int_equal(b.size, 12);
    assert_memory_equal(b.data + 4, "\0\0", 2);     /* no digits */
    assert_memory_equal(b.data + 8, "\0\0\0\2", 4); /* no sign, two decimals */
    buffer_free(&b);
}

static void days_and_moments_count_from_2000(void **state)
{
    (void)state;
    struct value day = {.kind = VALUE_DATE, .i = 10957};
    CHECK(DATE, day, "\0\0\0\4\0\0\0\0");
    day.i = 10956;
    CHECK(DATE, day, "\0\0\0\4\xff\xff\xff\xff");
    struct value moment = {.kind = VALUE_DATETIME, .i = INT64_C(946684800000001)};
    CHECK(TIMESTAMP, moment, "\0\0\0\10\0\0\0\0\0\0\0\1");
}

static void a_null_has_no_bytes(void **state)
{
    (void)state;
    CHECK(INT4, value_null(), "\xff\xff\xff\xff");
}

static void what_the_column_cannot_hold_is_refused_not_cut(void **state)
{
    (void)state;
    check_refused(INT2, value_int(32768));
    check_refused(INT4, value_int(INT64_C(4294967296)));
    check_refused(TEXT, value_text(VALUE_TEXT, "a\0b", 3));
    check_refused(TIMESTAMP, (struct value){.kind = VALUE_DATETIME, .i = INT64_MIN});
}

static void values_of_another_kind_go_as_text(void **state)
{
    (void)state;
    struct column c = column_of(NUMERIC);
    struct value nan = value_text(VALUE_ODD, "NaN", 3);
    assert_false(pg_binary_takes(pg_binary_of(&c), &nan));
    c = column_of(869); /* inet */
    assert_null(pg_binary_of(&c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_groups_of_four_digits),
        cmocka_unit_test(a_zero_keeps_its_scale_and_has_no_sign),
        cmocka_unit_test(days_and_moments_count_from_2000),
        cmocka_unit_test(a_null_has_no_bytes),
        cmocka_unit_test(what_the_column_cannot_hold_is_refused_not_cut),
        cmocka_unit_test(values_of_another_kind_go_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
