/* test_my_types.c: values from and to the MySQL family
 * libs: db_mysql */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "db/mysql/my.h"

static struct arena arena;
static struct failure failure;

static struct column column_of(const char *data_type, const char *type, int length, int scale)
{
    const struct my_type *t = my_type_of(data_type, type, false);
    assert_non_null(t);
    return (struct column){.name = "c",
                           .type = type,
                           .codec = t,
                           .kind = my_type_kind(t),
                           .length = length,
                           .precision = -1,
                           .scale = scale};
}

static const char *literal(const struct column *c, struct value v)
{
    struct buffer b;
    buffer_init(&b, 1 << 20);
    enum status status = my_value_literal(c, &v, &b, &failure);
    const char *text = status == STATUS_OK ? arena_copy(&arena, b.data, b.size) : NULL;
    buffer_free(&b);
    if (status != STATUS_OK)
        assert_int_equal(failure.code, ERROR_VALUE);
    return text;
}

static struct value text_of(enum value_kind kind, const char *text)
{
    return value_text(kind, text, strlen(text));
}

static struct value number_of(enum value_kind kind, int64_t i)
{
    return (struct value){.kind = (uint8_t)kind, .i = i};
}

static struct value read_back(const struct column *c, const char *text)
{
    struct value v = value_null();
    assert_int_equal(my_value_read(c, text, strlen(text), &arena, &v, &failure), STATUS_OK);
    return v;
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void unsigned_and_zerofill_columns_are_unsigned(void **state)
{
    (void)state;
    assert_int_equal(column_of("bigint", "bigint(20) unsigned", -1, 0).kind, VALUE_UINT);
    assert_int_equal(column_of("int", "int(5) unsigned zerofill", -1, 0).kind, VALUE_UINT);
    assert_int_equal(column_of("int", "int", -1, 0).kind, VALUE_INT);
    assert_int_equal(column_of("enum", "enum('unsigned')", -1, 0).kind, VALUE_TEXT);
    assert_int_equal(my_type_kind(my_type_of("longtext", "longtext", true)), VALUE_JSON);
    assert_null(my_type_of("nonsense", "nonsense", false));
}

static void the_largest_numbers_are_read_exactly(void **state)
{
    (void)state;
    struct column u = column_of("bigint", "bigint unsigned", -1, 0);
    struct column i = column_of("bigint", "bigint", -1, 0);
    assert_true(read_back(&u, "18446744073709551615").u == UINT64_MAX);
    assert_true(read_back(&i, "-9223372036854775808").i == INT64_MIN);
    struct value v;
    assert_int_equal(my_value_read(&i, "9223372036854775808", 19, &arena, &v, &failure),
                     STATUS_DATA);
}

static void temporal_text_is_read(void **state)
{
    (void)state;
    struct column time = column_of("time", "time(6)", -1, 6);
    struct column date = column_of("date", "date", -1, -1);
    struct column at = column_of("timestamp", "timestamp(3)", -1, 3);
    assert_true(read_back(&time, "-838:59:59.000001").i == -(3020399 * 1000000LL + 1));
    assert_int_equal(read_back(&date, "1970-01-02").i, 1);
    assert_int_equal(read_back(&at, "1970-01-01 00:00:01.5").i, 1500000);
    assert_int_equal(read_back(&at, "1970-01-01 00:00:01.5").kind, VALUE_INSTANT);
}

static void zero_dates_keep_their_spelling(void **state)
{
    (void)state;
    struct column date = column_of("date", "date", -1, -1);
    struct value v = read_back(&date, "0000-00-00");
    assert_int_equal(v.kind, VALUE_ODD);
    assert_string_equal(literal(&date, v), "'0000-00-00'");
    assert_null(literal(&date, text_of(VALUE_ODD, "infinity")));
    assert_null(literal(&date, text_of(VALUE_ODD, "0044-03-15 BC")));
}

static void literals_are_quoted_and_escaped(void **state)
{
    (void)state;
    struct column t = column_of("text", "text", 65535, -1);
    struct column b = column_of("blob", "blob", 65535, -1);
    assert_string_equal(literal(&t, text_of(VALUE_TEXT, "it's \\ 1")), "'it\\'s \\\\ 1'");
    assert_string_equal(literal(&t, value_text(VALUE_TEXT, "a\0b", 3)), "'a\\0b'");
    assert_string_equal(literal(&t, text_of(VALUE_TEXT, "")), "''");
    assert_string_equal(literal(&b, value_text(VALUE_BYTES, "\0'", 2)), "x'0027'");
    assert_string_equal(literal(&t, value_null()), "NULL");
}

static void bits_are_written_as_bytes_in_strings(void **state)
{
    (void)state;
    struct column bit = column_of("bit", "bit(11)", -1, -1);
    struct value v = {.kind = VALUE_UINT, .u = 0x0401};
    struct buffer b;
    buffer_init(&b, 64);
    assert_int_equal(my_value_write(&bit, &v, &b, &failure), STATUS_OK);
    assert_int_equal(b.size, 2);
    assert_memory_equal(b.data, "\x04\x01", 2);
    buffer_free(&b);
    assert_string_equal(literal(&bit, v), "1025");
}

static void what_the_server_would_change_in_silence_is_refused(void **state)
{
    (void)state;
    struct column decimal = column_of("decimal", "decimal(10,2)", -1, 2);
    struct column whole = column_of("int", "int", -1, 0);
    struct column time = column_of("time", "time(3)", -1, 3);
    struct column varchar = column_of("varchar", "varchar(3)", 3, -1);
    struct column fixed = column_of("binary", "binary(4)", 4, -1);
    struct column label = column_of("enum", "enum('a','7')", 1, -1);
    struct column year = column_of("year", "year", -1, -1);
    assert_null(literal(&decimal, text_of(VALUE_DECIMAL, "1.005")));
    assert_null(literal(&whole, text_of(VALUE_DECIMAL, "1.5")));
    assert_null(literal(&time, number_of(VALUE_TIME, 1)));
    assert_null(literal(&varchar, text_of(VALUE_TEXT, "abc ")));
    assert_null(literal(&fixed, text_of(VALUE_BYTES, "ab")));
    assert_null(literal(&label, text_of(VALUE_TEXT, "1")));
    assert_null(literal(&year, number_of(VALUE_INT, 26)));
    assert_null(literal(&varchar, text_of(VALUE_TEXT, "\xc3")));
}

static void what_it_would_not_change_is_written(void **state)
{
    (void)state;
    struct column decimal = column_of("decimal", "decimal(10,2)", -1, 2);
    struct column varchar = column_of("varchar", "varchar(3)", 3, -1);
    struct column label = column_of("enum", "enum('a','7')", 1, -1);
    struct column year = column_of("year", "year", -1, -1);
    struct column at = column_of("datetime", "datetime(3)", -1, 3);
    assert_string_equal(literal(&decimal, text_of(VALUE_DECIMAL, "1.50000")), "'1.50000'");
    assert_string_equal(literal(&varchar, text_of(VALUE_TEXT, "\xc3\xa9\xc3\xa9\xc3\xa9")),
                        "'\xc3\xa9\xc3\xa9\xc3\xa9'");
    assert_string_equal(literal(&label, text_of(VALUE_TEXT, "7")), "'7'");
    assert_string_equal(literal(&year, number_of(VALUE_INT, 0)), "'0000'");
    assert_string_equal(literal(&at, number_of(VALUE_DATETIME, 1500000)),
                        "'1970-01-01 00:00:01.500000'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unsigned_and_zerofill_columns_are_unsigned, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_largest_numbers_are_read_exactly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(temporal_text_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(zero_dates_keep_their_spelling, set_up, tear_down),
        cmocka_unit_test_setup_teardown(literals_are_quoted_and_escaped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bits_are_written_as_bytes_in_strings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_server_would_change_in_silence_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_it_would_not_change_is_written, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
