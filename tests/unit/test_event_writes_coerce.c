/* test_event_writes_coerce.c: what a SELECT returned, as the target's column holds it
 * libs: sink_events */
#include "sinks/events/coerce.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static struct arena arena;
static const struct zone *shanghai;

static struct column column(const char *type, enum value_kind kind, int length, int precision,
                            int scale)
{
    return (struct column){.name = "c",
                           .type = type,
                           .kind = kind,
                           .length = length,
                           .precision = precision,
                           .scale = scale,
                           .nullable = true};
}

static struct value text(const char *s)
{
    return value_text(VALUE_TEXT, s, strlen(s));
}

/* The value as text with its kind, or the reason. */
static const char *coerced(struct column c, struct value v, const char *round)
{
    struct value out;
    const char *why = coerce(&c, &v, round, shanghai, &arena, &out);
    if (why)
        return why;
    return arena_format(&arena, "%s %s", value_kind_name((enum value_kind)out.kind),
                        value_show(&out, &arena, 100));
}

static void a_double_with_digits_has_its_scale(void **state)
{
    (void)state;
    struct column c = column("double(14,2)", VALUE_DOUBLE, -1, 14, 2);
    assert_string_equal(coerced(c, text("12.50"), NULL), "double 12.5");
    assert_string_equal(coerced(c, text("12.345"), "half_up"), "double 12.35");
    assert_string_equal(coerced(c, text("12.345"), NULL),
                        "(double(14,2)) cannot hold 12.345: digits would be lost; say how under "
                        "`round`, or widen the column");
    assert_string_equal(coerced(c, text("1234567890123"), NULL),
                        "(double(14,2)) cannot hold 1234567890123: it is too large");
    c = column("double", VALUE_DOUBLE, -1, 22, -1);
    assert_string_equal(coerced(c, text("12.345"), NULL), "double 12.345");
}

static void a_decimal_is_exact(void **state)
{
    (void)state;
    struct column c = column("numeric(12,5)", VALUE_DECIMAL, -1, 12, 5);
    assert_string_equal(coerced(c, text("1234567.12345"), NULL), "decimal 1234567.12345");
    assert_string_equal(coerced(c, value_int(7), NULL), "decimal 7");
    assert_string_equal(coerced(c, (struct value){.kind = VALUE_DOUBLE, .d = 0.1}, NULL),
                        "decimal 0.1");
    assert_string_equal(coerced(c, text("0.000001"), "down"), "decimal 0");
    assert_string_equal(coerced(c, text("abc"), "down"),
                        "(numeric(12,5)) cannot hold abc: it is no number");
}

static void integers_are_in_range(void **state)
{
    (void)state;
    struct column c = column("int(11)", VALUE_INT, -1, 10, 0);
    assert_string_equal(coerced(c, text("2147483647"), NULL), "integer 2147483647");
    assert_string_equal(coerced(c, value_int(2147483648), NULL),
                        "(int(11)) cannot hold 2147483648: it is out of range");
    assert_string_equal(coerced(c, text("5.0"), NULL), "integer 5");
    assert_string_equal(coerced(c, text("5.5"), "half_even"), "integer 6");
    c = column("bigint(20) unsigned", VALUE_UINT, -1, 20, 0);
    assert_string_equal(coerced(c, text("18446744073709551615"), NULL),
                        "unsigned 18446744073709551615");
    assert_string_equal(coerced(c, value_int(-1), NULL),
                        "(bigint(20) unsigned) cannot hold -1: it is out of range");
    c = column("tinyint(4)", VALUE_INT, -1, 3, 0);
    assert_string_equal(coerced(c, (struct value){.kind = VALUE_BOOL, .i = 1}, NULL), "integer 1");
    assert_string_equal(coerced(c, value_int(-129), NULL),
                        "(tinyint(4)) cannot hold -129: it is out of range");
    c = column("bigint", VALUE_INT, -1, -1, -1);
    assert_string_equal(coerced(c, text("-9223372036854775808"), NULL),
                        "integer -9223372036854775808");
}

static void texts_are_measured_in_characters(void **state)
{
    (void)state;
    struct column c = column("varchar(3)", VALUE_TEXT, 3, -1, -1);
    assert_string_equal(coerced(c, text("订单号"), NULL), "text 订单号");
    assert_string_equal(coerced(c, text("订单号码"), NULL),
                        "(varchar(3)) cannot hold 订单号码: it has 4 characters");
    assert_string_equal(coerced(c, value_int(12), NULL), "text 12");
    c = column("char(3)", VALUE_TEXT, 3, -1, -1);
    assert_string_equal(coerced(c, text("ab   "), NULL), "text ab");
}

static void times_keep_their_fraction_or_say_so(void **state)
{
    (void)state;
    struct column c = column("datetime", VALUE_DATETIME, -1, -1, 0);
    assert_string_equal(coerced(c, text("2026-11-22 16:00:00"), NULL),
                        "datetime 2026-11-22 16:00:00");
    assert_string_equal(coerced(c, text("2026-11-22 16:00:00.5"), "half_up"),
                        "datetime 2026-11-22 16:00:01");
    assert_string_equal(coerced(c, text("2026-11-22 16:00:00.5"), "down"),
                        "datetime 2026-11-22 16:00:00");
    assert_string_equal(
        coerced(c, text("2026-11-22 16:00:00.5"), NULL),
        "(datetime) cannot hold 2026-11-22 16:00:00.5: fractions of a second would be lost; say "
        "how under `round`, or truncate them in the SELECT");
    c = column("datetime(3)", VALUE_DATETIME, -1, -1, 3);
    assert_string_equal(coerced(c, text("2026-11-22 16:00:00.123"), NULL),
                        "datetime 2026-11-22 16:00:00.123000");
    c = column("time", VALUE_TIME, -1, -1, 0);
    assert_string_equal(coerced(c, text("08:30:00"), NULL), "time 08:30:00");
    assert_string_equal(coerced(c, text("-838:59:59"), NULL), "time -838:59:59");
    assert_string_equal(coerced(c, text("8:30"), NULL), "(time) cannot hold 8:30: it is no time of "
                                                        "day");
}

static void a_moment_is_shown_in_the_systems_zone(void **state)
{
    (void)state;
    struct column local = column("datetime", VALUE_DATETIME, -1, -1, 0);
    struct column utc = column("timestamptz", VALUE_INSTANT, -1, -1, -1);
    assert_string_equal(coerced(local, text("2026-11-22T08:00:00Z"), NULL),
                        "datetime 2026-11-22 16:00:00");
    assert_string_equal(coerced(local, text("2026-11-22 09:00:00+01:00"), NULL),
                        "datetime 2026-11-22 16:00:00");
    assert_string_equal(coerced(utc, text("2026-11-22 16:00:00"), NULL),
                        "instant 2026-11-22 08:00:00Z");
    struct value instant = {.kind = VALUE_INSTANT, .i = 0};
    assert_string_equal(coerced(local, instant, NULL), "datetime 1970-01-01 08:00:00");
    assert_string_equal(coerced(column("varchar(30)", VALUE_TEXT, 30, -1, -1), instant, NULL),
                        "text 1970-01-01 08:00:00");
}

static void a_date_takes_no_time_of_day(void **state)
{
    (void)state;
    struct column c = column("date", VALUE_DATE, -1, -1, -1);
    assert_string_equal(coerced(c, text("2026-11-22"), NULL), "date 2026-11-22");
    assert_string_equal(coerced(c, text("2026-11-22 00:00:00"), NULL), "date 2026-11-22");
    assert_string_equal(coerced(c, text("2026-11-22 08:00:00"), NULL),
                        "(date) cannot hold 2026-11-22 08:00:00: the time of day would be lost; "
                        "cast it to a date in the SELECT");
    assert_string_equal(coerced(c, text("2026-02-30"), NULL),
                        "(date) cannot hold 2026-02-30: it is no date");
}

static void null_is_null_where_the_column_takes_it(void **state)
{
    (void)state;
    struct column c = column("int", VALUE_INT, -1, -1, -1);
    assert_string_equal(coerced(c, value_null(), NULL), "null NULL");
    c.nullable = false;
    assert_string_equal(coerced(c, value_null(), NULL),
                        "(int) is NOT NULL, and the SELECT gives NULL");
}

static void other_kinds_are_read_from_text(void **state)
{
    (void)state;
    assert_string_equal(coerced(column("boolean", VALUE_BOOL, -1, -1, -1), text("t"), NULL),
                        "boolean true");
    assert_string_equal(coerced(column("boolean", VALUE_BOOL, -1, -1, -1), value_int(0), NULL),
                        "boolean false");
    assert_string_equal(coerced(column("boolean", VALUE_BOOL, -1, -1, -1), text("maybe"), NULL),
                        "(boolean) cannot hold maybe: it is neither true nor false");
    assert_string_equal(coerced(column("uuid", VALUE_UUID, -1, -1, -1),
                                text("00112233-4455-6677-8899-aabbccddeeff"), NULL),
                        "uuid 00112233-4455-6677-8899-aabbccddeeff");
    assert_string_equal(coerced(column("uuid", VALUE_UUID, -1, -1, -1), text("0011"), NULL),
                        "(uuid) cannot hold 0011: it is no UUID");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_double_with_digits_has_its_scale),
        cmocka_unit_test(a_decimal_is_exact),
        cmocka_unit_test(integers_are_in_range),
        cmocka_unit_test(texts_are_measured_in_characters),
        cmocka_unit_test(times_keep_their_fraction_or_say_so),
        cmocka_unit_test(a_moment_is_shown_in_the_systems_zone),
        cmocka_unit_test(a_date_takes_no_time_of_day),
        cmocka_unit_test(null_is_null_where_the_column_takes_it),
        cmocka_unit_test(other_kinds_are_read_from_text),
    };
    struct failure f;
    arena_init(&arena);
    if (zone_load("Asia/Shanghai", &shanghai, &f) != STATUS_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
