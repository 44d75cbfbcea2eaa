/* test_pg_types.c: PostgreSQL's texts -> values -> the same texts; what cannot be is refused.
 * libs: db_postgres */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* before cmocka.h, which has a macro of the name `fail` */
#include "db/postgres/pg.h"
#include <cmocka.h>

static struct failure f;
static struct arena a;

static struct column column_of(Oid oid, const char *type)
{
    const struct pg_type *t = pg_type_of(oid, 0, 'b', "");
    return (struct column){.name = "c", .type = type, .codec = t, .kind = pg_type_kind(t, -1)};
}

static struct value read_as(Oid oid, const char *text)
{
    struct column c = column_of(oid, "?");
    struct value v = {.kind = VALUE_ABSENT};
    if (pg_value_read(&c, text, strlen(text), &a, &v, &f) != STATUS_OK)
        fail_msg("%s", f.text);
    return v;
}

static const char *written(Oid oid, const struct value *v)
{
    struct column c = column_of(oid, "?");
    struct buffer b;
    buffer_init(&b, 1 << 20);
    if (pg_value_write(&c, v, &b, &f) != STATUS_OK)
        fail_msg("%s", f.text);
    const char *text = arena_copy(&a, b.data, b.size);
    buffer_free(&b);
    return text;
}

enum { BOOL = 16, BYTEA = 17, INT8 = 20, TEXT = 25, FLOAT4 = 700, FLOAT8 = 701, DATE = 1082 };
enum { TIME = 1083, TIMESTAMP = 1114, TIMESTAMPTZ = 1184, NUMERIC = 1700, UUID = 2950, INET = 869 };

static void every_text_comes_back_as_it_was(void **state)
{
    (void)state;
    static const struct {
        Oid oid;
        enum value_kind kind;
        const char *text;
    } cases[] = {
        {BOOL, VALUE_BOOL, "t"},
        {BOOL, VALUE_BOOL, "f"},
        {INT8, VALUE_INT, "-9223372036854775808"},
        {INT8, VALUE_INT, "9223372036854775807"},
        {NUMERIC, VALUE_DECIMAL, "-123456789012345678901234567890.1234567890"},
        {NUMERIC, VALUE_ODD, "NaN"},
        {NUMERIC, VALUE_ODD, "-Infinity"},
        {FLOAT4, VALUE_FLOAT, "1.1"},
        {FLOAT8, VALUE_ODD, "Infinity"},
        {TEXT, VALUE_TEXT, ""},
        {TEXT, VALUE_TEXT, "h\xc3\xa9"},
        {INET, VALUE_TEXT, "10.0.0.1/8"},
        {BYTEA, VALUE_BYTES, "\\x00ff80"},
        {BYTEA, VALUE_BYTES, "\\x"},
        {DATE, VALUE_DATE, "2026-11-22"},
        {DATE, VALUE_DATE, "0001-01-01"},
        {DATE, VALUE_DATE, "5874897-12-31"},
        {DATE, VALUE_ODD, "0044-03-15 BC"},
        {DATE, VALUE_ODD, "infinity"},
        {TIME, VALUE_TIME, "24:00:00"},
        {TIMESTAMP, VALUE_DATETIME, "1969-12-31 23:59:59.999999"},
        {TIMESTAMP, VALUE_DATETIME, "10000-01-01 00:00:00"},
        {TIMESTAMP, VALUE_ODD, "294276-12-31 23:59:59.999999"},
        {TIMESTAMPTZ, VALUE_INSTANT, "2026-11-22 16:48:00.5+00"},
        {TIMESTAMPTZ, VALUE_ODD, "-infinity"},
        {UUID, VALUE_UUID, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct value v = read_as(cases[i].oid, cases[i].text);
        assert_int_equal(v.kind, cases[i].kind);
        /* a fraction comes back with six digits, which PostgreSQL reads as the same */
        const char *text = written(cases[i].oid, &v);
        if (strstr(cases[i].text, ".5+00"))
            assert_string_equal(text, "2026-11-22 16:48:00.500000+00");
        else
            assert_string_equal(text, cases[i].text);
    }
}

static void instants_are_counted_from_1970_in_utc(void **state)
{
    (void)state;
    assert_int_equal(read_as(TIMESTAMPTZ, "1970-01-01 00:00:01+00").i, 1000000);
    assert_int_equal(read_as(TIMESTAMPTZ, "1970-01-01 05:30:00+05:30").i, 0);
    assert_int_equal(read_as(TIMESTAMPTZ, "1969-12-31 23:59:59.999999+00").i, -1);
}

static void what_is_not_the_type_is_refused_by_column(void **state)
{
    (void)state;
    static const struct {
        Oid oid;
        const char *text;
    } cases[] = {{INT8, ""},
                 {INT8, "-"},
                 {INT8, "9223372036854775808"},
                 {INT8, "1x"},
                 {BOOL, "true"},
                 {NUMERIC, "1.2.3"},
                 {NUMERIC, "."},
                 {NUMERIC, ""},
                 {BYTEA, "\\x0"},
                 {BYTEA, "00"},
                 {BYTEA, "\\xzz"},
                 {DATE, "2026-13-01"},
                 {DATE, "2026-1-1"},
                 {TIME, "25:00:00"},
                 {TIMESTAMP, "2026-11-22"},
                 {UUID, "a0eebc99"},
                 {FLOAT8, "1.5abc"},
                 {TIMESTAMPTZ, "2026-11-22 16:48:00"},
                 {UUID, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1100"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct column c = column_of(cases[i].oid, "?");
        struct value v;
        assert_int_equal(pg_value_read(&c, cases[i].text, strlen(cases[i].text), &a, &v, &f),
                         STATUS_DATA);
        assert_int_equal(f.code, ERROR_VALUE);
        assert_non_null(strstr(f.text, "column c"));
    }
}

static void refuses(Oid oid, const char *type, struct value v)
{
    struct column c = column_of(oid, type);
    struct buffer b;
    buffer_init(&b, 1000);
    assert_int_equal(pg_value_write(&c, &v, &b, &f), STATUS_DATA);
    assert_int_equal(f.code, ERROR_VALUE);
    buffer_free(&b);
}

static void a_zero_byte_in_text_is_refused(void **state)
{
    (void)state;
    refuses(TEXT, "text", value_text(VALUE_TEXT, "a\0b", 3));
    assert_non_null(strstr(f.text, "zero byte"));
}

static void a_zero_date_of_mysql_is_refused(void **state)
{
    (void)state;
    refuses(DATE, "date", value_text(VALUE_ODD, "0000-00-00", 10));
    refuses(TIMESTAMP, "timestamp", value_text(VALUE_ODD, "2026-00-01 00:00:00", 19));
}

static void a_time_beyond_a_day_is_refused_but_for_an_interval(void **state)
{
    (void)state;
    struct value v = {.kind = VALUE_TIME, .i = INT64_C(838) * 3600 * 1000000};
    refuses(TIME, "time without time zone", v);
    struct column c = column_of(1186, "interval");
    struct buffer b;
    buffer_init(&b, 100);
    assert_int_equal(pg_value_write(&c, &v, &b, &f), STATUS_OK);
    assert_string_equal(buffer_text(&b), "838:00:00");
    buffer_free(&b);
}

static void positions_are_two_hex_numbers(void **state)
{
    (void)state;
    bool ok;
    char text[24];
    assert_int_equal(pg_lsn_read("16/B374D848", &ok), INT64_C(0x16B374D848));
    assert_true(ok);
    pg_lsn_write(INT64_C(0x16B374D848), text);
    assert_string_equal(text, "16/B374D848");
    static const char *const bad[] = {"", "0", "/", "0/", "/1", "0/123456789", "x/1", "0/1 "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pg_lsn_read(bad[i], &ok);
        assert_false(ok);
    }
}

static void names_and_literals_are_quoted(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 100);
    pg_add_name(&b, "a\"b");
    pg_add_literal(&b, "it's \\");
    assert_string_equal(buffer_text(&b), "\"a\"\"b\"'it''s \\'");
    buffer_free(&b);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&a);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&a);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_comes_back_as_it_was),
        cmocka_unit_test(instants_are_counted_from_1970_in_utc),
        cmocka_unit_test(what_is_not_the_type_is_refused_by_column),
        cmocka_unit_test(a_zero_byte_in_text_is_refused),
        cmocka_unit_test(a_zero_date_of_mysql_is_refused),
        cmocka_unit_test(a_time_beyond_a_day_is_refused_but_for_an_interval),
        cmocka_unit_test(positions_are_two_hex_numbers),
        cmocka_unit_test(names_and_literals_are_quoted),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
