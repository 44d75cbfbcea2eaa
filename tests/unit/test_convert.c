/* test_convert.c: what a column of one kind does with values of another
 * libs: transforms */
#include "transforms/convert.h"
#include "model/zone.h"

#include <math.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static struct arena arena;
static struct failure failure;

static struct column column(enum value_kind kind, const char *type, int precision, int scale)
{
    return (struct column){.name = "c",
                           .type = type,
                           .kind = kind,
                           .length = -1,
                           .precision = precision,
                           .scale = scale};
}

static struct column text_column(enum value_kind kind, const char *type, int length)
{
    struct column c = column(kind, type, -1, -1);
    c.length = length;
    return c;
}

static const struct zone *zone(const char *name)
{
    const struct zone *z = NULL;
    assert_int_equal(zone_load(name, &z, &failure), STATUS_OK);
    return z;
}

static enum conversion judge(struct column from, struct column to)
{
    return convert_step(&from, &to, zone("UTC"), zone("UTC")).judgement;
}

static enum status convert(struct column from, struct column to, struct value *v)
{
    static struct column source, target;
    source = from;
    target = to;
    struct conversion_step step =
        convert_step(&source, &target, zone("Asia/Shanghai"), zone("Europe/Berlin"));
    assert_int_not_equal(step.judgement, CONVERT_NO);
    return step.convert ? step.convert(&step, v, &arena, &failure) : STATUS_OK;
}

static struct value decimal(const char *text)
{
    return value_text(VALUE_DECIMAL, text, strlen(text));
}

static struct value text(const char *t)
{
    return value_text(VALUE_TEXT, t, strlen(t));
}

static void assert_text(const struct value *v, enum value_kind kind, const char *expected)
{
    assert_int_equal(v->kind, kind);
    assert_int_equal(v->size, strlen(expected));
    assert_memory_equal(v->text, expected, v->size);
}

#define INT_COLUMN    column(VALUE_INT, "int(11)", 10, 0)
#define BIGINT_COLUMN column(VALUE_INT, "bigint", -1, -1)
#define UBIGINT       column(VALUE_UINT, "bigint(20) unsigned", 20, 0)
#define BOOLEAN       column(VALUE_BOOL, "boolean", -1, -1)
#define TINYINT1      column(VALUE_INT, "tinyint(1)", 3, 0)
#define REAL_DOUBLE   column(VALUE_DOUBLE, "double", -1, -1)
#define NUMERIC       column(VALUE_DECIMAL, "numeric", -1, -1)
#define NUMERIC_10_2  column(VALUE_DECIMAL, "decimal(10,2)", 10, 2)
#define TEXT_COLUMN   text_column(VALUE_TEXT, "text", -1)

static void the_same_kind_and_width_is_untouched(void **state)
{
    (void)state;
    assert_int_equal(judge(INT_COLUMN, INT_COLUMN), CONVERT_SAME);
    assert_int_equal(judge(INT_COLUMN, BIGINT_COLUMN), CONVERT_SAME);
    assert_int_equal(judge(NUMERIC_10_2, NUMERIC_10_2), CONVERT_SAME);
    assert_int_equal(judge(NUMERIC_10_2, NUMERIC), CONVERT_SAME);
    assert_int_equal(judge(TEXT_COLUMN, TEXT_COLUMN), CONVERT_SAME);
    assert_int_equal(judge(column(VALUE_DATETIME, "datetime(3)", -1, 3),
                           column(VALUE_DATETIME, "timestamp without time zone", -1, 6)),
                     CONVERT_SAME);
}

static void narrower_columns_are_judged_so(void **state)
{
    (void)state;
    assert_int_equal(judge(BIGINT_COLUMN, INT_COLUMN), CONVERT_NARROWER);
    assert_int_equal(judge(INT_COLUMN, UBIGINT), CONVERT_NARROWER);
    assert_int_equal(judge(NUMERIC, NUMERIC_10_2), CONVERT_NARROWER);
    assert_int_equal(judge(TEXT_COLUMN, text_column(VALUE_TEXT, "varchar(10)", 10)),
                     CONVERT_NARROWER);
    assert_int_equal(judge(column(VALUE_INSTANT, "timestamp with time zone", -1, 6),
                           column(VALUE_INSTANT, "timestamp", -1, 0)),
                     CONVERT_NARROWER);
    assert_int_equal(judge(BOOLEAN, TINYINT1), CONVERT_WIDER);
    assert_int_equal(judge(TINYINT1, BOOLEAN), CONVERT_NARROWER);
    assert_int_equal(judge(column(VALUE_UINT, "int(10) unsigned", 10, 0), BIGINT_COLUMN),
                     CONVERT_WIDER);
}

static void kinds_that_have_nothing_in_common_are_refused(void **state)
{
    (void)state;
    assert_int_equal(judge(TEXT_COLUMN, INT_COLUMN), CONVERT_NO);
    assert_int_equal(judge(INT_COLUMN, column(VALUE_DATE, "date", -1, -1)), CONVERT_NO);
    assert_int_equal(judge(column(VALUE_JSON, "json", -1, -1), INT_COLUMN), CONVERT_NO);
}

static void booleans_and_integers_meet_at_0_and_1(void **state)
{
    (void)state;
    struct value v = {.kind = VALUE_BOOL, .i = 1};
    assert_int_equal(convert(BOOLEAN, TINYINT1, &v), STATUS_OK);
    assert_int_equal(v.kind, VALUE_INT);
    assert_int_equal(v.i, 1);
    assert_int_equal(convert(TINYINT1, BOOLEAN, &v), STATUS_OK);
    assert_int_equal(v.kind, VALUE_BOOL);
    v = value_int(2);
    assert_int_equal(convert(TINYINT1, BOOLEAN, &v), STATUS_DATA);
    v = value_int(-1);
    assert_int_equal(convert(TINYINT1, BOOLEAN, &v), STATUS_DATA);
}

static void a_negative_number_never_wraps_into_an_unsigned(void **state)
{
    (void)state;
    struct value v = value_int(-1);
    assert_int_equal(convert(BIGINT_COLUMN, UBIGINT, &v), STATUS_DATA);
    assert_string_equal(failure.text, "column c (bigint(20) unsigned) cannot hold -1: it is out "
                                      "of range");
    v = (struct value){.kind = VALUE_UINT, .u = UINT64_MAX};
    assert_int_equal(convert(UBIGINT, BIGINT_COLUMN, &v), STATUS_DATA);
    v = (struct value){.kind = VALUE_UINT, .u = INT64_MAX};
    assert_int_equal(convert(UBIGINT, BIGINT_COLUMN, &v), STATUS_OK);
    assert_true(v.i == INT64_MAX);
}

static void narrow_integers_check_both_ends(void **state)
{
    (void)state;
    struct column tiny = column(VALUE_INT, "tinyint(4)", 3, 0);
    struct value v = value_int(-128);
    assert_int_equal(convert(INT_COLUMN, tiny, &v), STATUS_OK);
    assert_int_equal(v.i, -128);
    v = value_int(-129);
    assert_int_equal(convert(INT_COLUMN, tiny, &v), STATUS_DATA);
    v = value_int(128);
    assert_int_equal(convert(INT_COLUMN, tiny, &v), STATUS_DATA);
    struct column bit = column(VALUE_UINT, "bit(3)", 3, -1);
    v = value_int(7);
    assert_int_equal(convert(INT_COLUMN, bit, &v), STATUS_OK);
    v = value_int(8);
    assert_int_equal(convert(INT_COLUMN, bit, &v), STATUS_DATA);
    v = value_int(INT64_MIN);
    assert_int_equal(convert(column(VALUE_DECIMAL, "numeric", -1, -1), BIGINT_COLUMN, &v),
                     STATUS_OK);
    assert_true(v.i == INT64_MIN);
}

static void decimals_keep_their_digits_or_are_refused(void **state)
{
    (void)state;
    struct value v = decimal("12345678.90");
    assert_int_equal(convert(NUMERIC, NUMERIC_10_2, &v), STATUS_OK);
    assert_text(&v, VALUE_DECIMAL, "12345678.90");
    v = decimal("-0001.2000");
    assert_int_equal(convert(NUMERIC, NUMERIC_10_2, &v), STATUS_OK);
    assert_text(&v, VALUE_DECIMAL, "-0001.2");
    v = decimal("7.000");
    assert_int_equal(convert(NUMERIC, NUMERIC_10_2, &v), STATUS_OK);
    assert_text(&v, VALUE_DECIMAL, "7");
    v = decimal("1.239");
    assert_int_equal(convert(NUMERIC, NUMERIC_10_2, &v), STATUS_DATA);
    v = decimal("123456789");
    assert_int_equal(convert(NUMERIC, NUMERIC_10_2, &v), STATUS_DATA);
}

static void decimals_become_integers_only_when_whole(void **state)
{
    (void)state;
    struct value v = decimal("42.000");
    assert_int_equal(convert(NUMERIC, INT_COLUMN, &v), STATUS_OK);
    assert_int_equal(v.i, 42);
    v = decimal("42.5");
    assert_int_equal(convert(NUMERIC, INT_COLUMN, &v), STATUS_DATA);
    v = decimal("18446744073709551615");
    assert_int_equal(convert(NUMERIC, UBIGINT, &v), STATUS_OK);
    assert_true(v.u == UINT64_MAX);
    v = decimal("18446744073709551616");
    assert_int_equal(convert(NUMERIC, UBIGINT, &v), STATUS_DATA);
    v = decimal("-9223372036854775808");
    assert_int_equal(convert(NUMERIC, BIGINT_COLUMN, &v), STATUS_OK);
    assert_true(v.i == INT64_MIN);
    v = decimal("-0.00");
    assert_int_equal(convert(NUMERIC, UBIGINT, &v), STATUS_OK);
}

static void floats_become_decimals_by_their_shortest_text(void **state)
{
    (void)state;
    struct value v = {.kind = VALUE_DOUBLE, .d = 0.1};
    assert_int_equal(convert(REAL_DOUBLE, NUMERIC_10_2, &v), STATUS_OK);
    assert_text(&v, VALUE_DECIMAL, "0.1");
    v = (struct value){.kind = VALUE_DOUBLE, .d = -1.5e-7};
    assert_int_equal(convert(REAL_DOUBLE, NUMERIC, &v), STATUS_OK);
    assert_text(&v, VALUE_DECIMAL, "-0.00000015");
    v = (struct value){.kind = VALUE_DOUBLE, .d = 1e22};
    assert_int_equal(convert(REAL_DOUBLE, NUMERIC, &v), STATUS_OK);
    assert_text(&v, VALUE_DECIMAL, "10000000000000000000000");
    v = (struct value){.kind = VALUE_DOUBLE, .d = 1.7976931348623157e308};
    assert_int_equal(convert(REAL_DOUBLE, NUMERIC, &v), STATUS_OK);
    assert_int_equal(v.size, 309);
    v = (struct value){.kind = VALUE_DOUBLE, .d = 5e-324};
    assert_int_equal(convert(REAL_DOUBLE, NUMERIC, &v), STATUS_OK);
    assert_int_equal(v.size, 326);
    v = (struct value){.kind = VALUE_DOUBLE, .d = INFINITY};
    assert_int_equal(convert(REAL_DOUBLE, NUMERIC, &v), STATUS_DATA);
}

static void floats_take_only_what_reads_back_the_same(void **state)
{
    (void)state;
    struct value v = decimal("0.1");
    assert_int_equal(convert(NUMERIC, REAL_DOUBLE, &v), STATUS_OK);
    assert_true(v.d == 0.1);
    v = decimal("999999999999.999999999");
    assert_int_equal(convert(NUMERIC, REAL_DOUBLE, &v), STATUS_DATA);
    v = value_int((INT64_C(1) << 53) + 1);
    assert_int_equal(convert(BIGINT_COLUMN, REAL_DOUBLE, &v), STATUS_DATA);
    v = (struct value){.kind = VALUE_DOUBLE, .d = 0.1};
    assert_int_equal(convert(REAL_DOUBLE, column(VALUE_FLOAT, "float", -1, -1), &v), STATUS_DATA);
    v = (struct value){.kind = VALUE_DOUBLE, .d = 0.25};
    assert_int_equal(convert(REAL_DOUBLE, column(VALUE_FLOAT, "float", -1, -1), &v), STATUS_OK);
    v = (struct value){.kind = VALUE_DOUBLE, .d = 1.005};
    assert_int_equal(convert(REAL_DOUBLE, column(VALUE_DOUBLE, "double(14,2)", 14, 2), &v),
                     STATUS_DATA);
    v = (struct value){.kind = VALUE_DOUBLE, .d = 12.34};
    assert_int_equal(convert(REAL_DOUBLE, column(VALUE_DOUBLE, "double(14,2)", 14, 2), &v),
                     STATUS_OK);
}

static void texts_are_measured_in_characters(void **state)
{
    (void)state;
    struct column four = text_column(VALUE_TEXT, "varchar(4)", 4);
    struct value v = text("äöü😀");
    assert_int_equal(convert(TEXT_COLUMN, four, &v), STATUS_OK);
    v = text("abc  "); /* both engines would cut the space without a word */
    assert_int_equal(convert(TEXT_COLUMN, four, &v), STATUS_DATA);
}

static void blanks_at_the_end_go_only_where_they_stay(void **state)
{
    (void)state;
    struct column varied = text_column(VALUE_TEXT, "character varying(10)", 10);
    struct column fixed = text_column(VALUE_TEXT, "char(10)", 10);
    struct column padded = text_column(VALUE_TEXT, "character(10)", 10);
    struct value v = value_text(VALUE_TEXT, "ab ", 3);
    assert_int_equal(judge(varied, fixed), CONVERT_NARROWER);
    assert_int_equal(convert(varied, fixed, &v), STATUS_DATA);
    assert_non_null(strstr(failure.text, "blanks"));
    assert_int_equal(convert(varied, padded, &v), STATUS_DATA);
    v = value_text(VALUE_TEXT, " ab", 3);
    assert_int_equal(convert(varied, fixed, &v), STATUS_OK);
    /* Between two such columns they mean nothing. */
    assert_int_equal(judge(padded, fixed), CONVERT_SAME);
    assert_int_equal(judge(fixed, padded), CONVERT_SAME);
    assert_int_equal(judge(varied, varied), CONVERT_SAME);
}

static void a_scale_may_lie_beside_the_digits(void **state)
{
    (void)state;
    struct column any = column(VALUE_DECIMAL, "numeric", -1, -1);
    struct column hundreds = column(VALUE_DECIMAL, "numeric(3,-2)", 3, -2);
    struct column small = column(VALUE_DECIMAL, "numeric(2,4)", 2, 4);
    struct value v = decimal("12300"), lost = decimal("12345"), half = decimal("0.5");
    assert_int_equal(convert(any, hundreds, &v), STATUS_OK);
    assert_text(&v, VALUE_DECIMAL, "12300");
    assert_int_equal(convert(any, hundreds, &lost), STATUS_DATA);
    assert_int_equal(convert(any, hundreds, &half), STATUS_DATA);
    lost = decimal("1000000");
    assert_int_equal(convert(any, hundreds, &lost), STATUS_DATA);
    v = decimal("0.0012");
    assert_int_equal(convert(any, small, &v), STATUS_OK);
    assert_text(&v, VALUE_DECIMAL, "0.0012");
}

static void anything_has_a_text(void **state)
{
    (void)state;
    struct value v = {.kind = VALUE_UINT, .u = UINT64_MAX};
    assert_int_equal(convert(UBIGINT, TEXT_COLUMN, &v), STATUS_OK);
    assert_text(&v, VALUE_TEXT, "18446744073709551615");
    v = (struct value){.kind = VALUE_BOOL, .i = 1};
    assert_int_equal(convert(BOOLEAN, TEXT_COLUMN, &v), STATUS_OK);
    assert_text(&v, VALUE_TEXT, "true");
    v = (struct value){.kind = VALUE_DATE, .i = 0};
    assert_int_equal(convert(column(VALUE_DATE, "date", -1, -1), TEXT_COLUMN, &v), STATUS_OK);
    assert_text(&v, VALUE_TEXT, "1970-01-01");
    v = value_text(VALUE_ODD, "NaN", 3);
    assert_int_equal(convert(NUMERIC, TEXT_COLUMN, &v), STATUS_OK);
    assert_text(&v, VALUE_TEXT, "NaN");
}

static void odd_values_pass_to_the_writer(void **state)
{
    (void)state;
    struct value v = value_text(VALUE_ODD, "NaN", 3);
    assert_int_equal(convert(NUMERIC, NUMERIC_10_2, &v), STATUS_OK);
    assert_text(&v, VALUE_ODD, "NaN");
}

static void bytes_are_text_only_as_utf8(void **state)
{
    (void)state;
    struct column blob = text_column(VALUE_BYTES, "blob", 65535);
    struct value v = value_text(VALUE_BYTES, "\xc3\xa4", 2);
    assert_int_equal(convert(blob, TEXT_COLUMN, &v), STATUS_OK);
    static const char *const bad[] = {
        "\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        v = value_text(VALUE_BYTES, bad[i], strlen(bad[i]));
        assert_int_equal(convert(blob, TEXT_COLUMN, &v), STATUS_DATA);
    }
}

static void a_binary_column_would_pad_and_so_refuses(void **state)
{
    (void)state;
    struct column bytea = text_column(VALUE_BYTES, "bytea", -1);
    struct column binary = text_column(VALUE_BYTES, "binary(4)", 4);
    struct value v = value_text(VALUE_BYTES, "abcd", 4);
    assert_int_equal(convert(bytea, binary, &v), STATUS_OK);
    v = value_text(VALUE_BYTES, "abc", 3);
    assert_int_equal(convert(bytea, binary, &v), STATUS_DATA);
}

static void uuids_have_three_forms(void **state)
{
    (void)state;
    struct column uuid = column(VALUE_UUID, "uuid", -1, -1);
    struct column bytes = text_column(VALUE_BYTES, "binary(16)", 16);
    struct value v = text("{00112233-4455-6677-8899-AABBCCDDEEFF}");
    assert_int_equal(convert(TEXT_COLUMN, uuid, &v), STATUS_OK);
    assert_int_equal(v.kind, VALUE_UUID);
    assert_int_equal(convert(uuid, bytes, &v), STATUS_OK);
    assert_int_equal(v.kind, VALUE_BYTES);
    assert_int_equal(convert(bytes, uuid, &v), STATUS_OK);
    assert_int_equal(convert(uuid, TEXT_COLUMN, &v), STATUS_OK);
    assert_text(&v, VALUE_TEXT, "00112233-4455-6677-8899-aabbccddeeff");
    static const char *const bad[] = {"", "0011", "00112233-4455-6677-8899-AABBCCDDEEFG",
                                      "0-0112233-4455-6677-8899-AABBCCDDEEFF",
                                      "00112233-4455-6677-8899-AABBCCDDEEFF0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        v = text(bad[i]);
        assert_int_equal(convert(TEXT_COLUMN, uuid, &v), STATUS_DATA);
    }
}

static void bits_are_numbers_on_one_side_and_digits_on_the_other(void **state)
{
    (void)state;
    struct column number = column(VALUE_UINT, "bit(5)", 5, -1);
    struct column string = text_column(VALUE_TEXT, "bit(8)", 8);
    struct column varying = text_column(VALUE_TEXT, "bit varying(10)", 10);
    struct value v = {.kind = VALUE_UINT, .u = 10};
    assert_int_equal(convert(number, string, &v), STATUS_OK);
    assert_text(&v, VALUE_TEXT, "00001010");
    assert_int_equal(convert(string, number, &v), STATUS_OK);
    assert_true(v.kind == VALUE_UINT && v.u == 10);
    assert_int_equal(convert(number, varying, &v), STATUS_OK);
    assert_text(&v, VALUE_TEXT, "01010");
    v = text("00100000");
    assert_int_equal(convert(string, number, &v), STATUS_DATA);
    assert_int_equal(judge(string, string), CONVERT_SAME);
    assert_int_equal(judge(number, string), CONVERT_WIDER);
}

static void types_with_a_text_of_their_own_take_no_other_kind(void **state)
{
    (void)state;
    struct column interval = text_column(VALUE_TEXT, "interval", -1);
    assert_int_equal(judge(INT_COLUMN, interval), CONVERT_NO);
    assert_int_equal(judge(INT_COLUMN, text_column(VALUE_TEXT, "text[]", -1)), CONVERT_NO);
    assert_int_equal(judge(INT_COLUMN, text_column(VALUE_TEXT, "bit(8)", 8)), CONVERT_NO);
    assert_int_equal(judge(column(VALUE_TIME, "time", -1, 0), interval), CONVERT_WIDER);
    assert_int_equal(judge(TEXT_COLUMN, interval), CONVERT_SAME);
}

static int64_t at(int64_t year, unsigned month, unsigned day, int hour)
{
    return (days_from_civil(year, month, day) * 86400 + hour * 3600) * 1000000;
}

static void local_times_go_by_their_systems_zone(void **state)
{
    (void)state;
    struct column instant = column(VALUE_INSTANT, "timestamp with time zone", -1, 6);
    struct column local = column(VALUE_DATETIME, "datetime(6)", -1, 6);
    struct value v = {.kind = VALUE_DATETIME, .i = at(2026, 11, 22, 16)};
    assert_int_equal(convert(local, instant, &v), STATUS_OK); /* from Shanghai */
    assert_true(v.kind == VALUE_INSTANT && v.i == at(2026, 11, 22, 8));
    assert_int_equal(convert(instant, local, &v), STATUS_OK); /* to Berlin */
    assert_true(v.kind == VALUE_DATETIME && v.i == at(2026, 11, 22, 9));
    v = (struct value){.kind = VALUE_DATETIME, .i = at(2026, 7, 1, 16)};
    assert_int_equal(convert(local, local, &v), STATUS_OK); /* Shanghai to Berlin, summer */
    assert_true(v.i == at(2026, 7, 1, 10));
}

static void a_date_is_no_instant_to_be_shifted(void **state)
{
    (void)state;
    struct column local = column(VALUE_DATETIME, "datetime", -1, 0);
    struct column date = column(VALUE_DATE, "date", -1, -1);
    struct value v = {.kind = VALUE_DATE, .i = 20000};
    assert_int_equal(convert(date, local, &v), STATUS_OK);
    assert_true(v.i == INT64_C(20000) * 86400 * 1000000);
    v = (struct value){.kind = VALUE_DATETIME, .i = at(2026, 7, 1, 16)};
    assert_int_equal(convert(local, date, &v), STATUS_DATA);
}

static void fractional_seconds_are_not_rounded_away(void **state)
{
    (void)state;
    struct column micro = column(VALUE_INSTANT, "timestamp with time zone", -1, 6);
    struct column milli = column(VALUE_INSTANT, "timestamp(3)", -1, 3);
    struct value v = {.kind = VALUE_INSTANT, .i = 1500000};
    assert_int_equal(convert(micro, milli, &v), STATUS_OK);
    v.i = 1500001;
    assert_int_equal(convert(micro, milli, &v), STATUS_DATA);
}

static void a_clock_holds_a_day(void **state)
{
    (void)state;
    struct column mysql = column(VALUE_TIME, "time(6)", -1, 6);
    struct column clock = column(VALUE_TIME, "time without time zone", -1, 6);
    struct value v = {.kind = VALUE_TIME, .i = INT64_C(86400000000)};
    assert_int_equal(convert(mysql, clock, &v), STATUS_OK);
    v.i++;
    assert_int_equal(convert(mysql, clock, &v), STATUS_DATA);
    v.i = -1;
    assert_int_equal(convert(mysql, clock, &v), STATUS_DATA);
    assert_int_equal(judge(clock, mysql), CONVERT_SAME);
}

static struct value constant(struct column c, const char *t)
{
    struct value v;
    if (convert_constant(&c, t, zone("Asia/Shanghai"), &arena, &v, &failure) != STATUS_OK)
        fail_msg("%s", failure.text);
    return v;
}

static void constants_take_the_columns_kind(void **state)
{
    (void)state;
    assert_int_equal(constant(INT_COLUMN, "-7").i, -7);
    assert_true(constant(UBIGINT, "18446744073709551615").u == UINT64_MAX);
    struct value v = constant(TEXT_COLUMN, "");
    assert_text(&v, VALUE_TEXT, "");
    assert_int_equal(constant(BOOLEAN, "true").i, 1);
    assert_true(constant(REAL_DOUBLE, "0.5").d == 0.5);
    assert_true(constant(column(VALUE_INSTANT, "timestamp", -1, 0), "2026-11-22 16:00:00").i ==
                at(2026, 11, 22, 8));
    assert_true(constant(column(VALUE_INSTANT, "timestamp", -1, 0), "2026-11-22T16:00Z").i ==
                at(2026, 11, 22, 16));
    assert_true(constant(column(VALUE_INSTANT, "timestamp", -1, 0), "2026-11-22 16:00-02:00").i ==
                at(2026, 11, 22, 18));
    assert_true(constant(column(VALUE_DATETIME, "datetime(6)", -1, 6), "1969-12-31").i ==
                at(1969, 12, 31, 0));
    assert_int_equal(constant(column(VALUE_TIME, "time", -1, 0), "-00:00:01").i, -1000000);
    assert_int_equal(constant(column(VALUE_DATE, "date", -1, -1), "1970-01-02").i, 1);
}

static void constants_that_do_not_fit_are_a_fault_of_the_config(void **state)
{
    (void)state;
    static const struct {
        enum value_kind kind;
        const char *type, *text;
        int scale;
    } bad[] = {{VALUE_INT, "tinyint", "300", -1},
               {VALUE_INT, "int", "1.5", -1},
               {VALUE_INT, "int", "abc", -1},
               {VALUE_INT, "int", "", -1},
               {VALUE_INT, "int", "5.", -1},
               {VALUE_UINT, "int unsigned", "-1", -1},
               {VALUE_BOOL, "boolean", "maybe", -1},
               {VALUE_DATE, "date", "2026-02-31", -1},
               {VALUE_DATETIME, "datetime", "2026-02-01 25:00", -1},
               {VALUE_DATETIME, "datetime", "2026-02-01 12:00:00.5", 0},
               {VALUE_UUID, "uuid", "x", -1}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct column c = column(bad[i].kind, bad[i].type, -1, bad[i].scale);
        struct value v;
        assert_int_equal(convert_constant(&c, bad[i].text, zone("UTC"), &arena, &v, &failure),
                         STATUS_CONFIG);
        assert_non_null(strstr(failure.text, "constant for column c"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_kind_and_width_is_untouched),
        cmocka_unit_test(narrower_columns_are_judged_so),
        cmocka_unit_test(kinds_that_have_nothing_in_common_are_refused),
        cmocka_unit_test(booleans_and_integers_meet_at_0_and_1),
        cmocka_unit_test(a_negative_number_never_wraps_into_an_unsigned),
        cmocka_unit_test(narrow_integers_check_both_ends),
        cmocka_unit_test(decimals_keep_their_digits_or_are_refused),
        cmocka_unit_test(decimals_become_integers_only_when_whole),
        cmocka_unit_test(floats_become_decimals_by_their_shortest_text),
        cmocka_unit_test(floats_take_only_what_reads_back_the_same),
        cmocka_unit_test(texts_are_measured_in_characters),
        cmocka_unit_test(blanks_at_the_end_go_only_where_they_stay),
        cmocka_unit_test(a_scale_may_lie_beside_the_digits),
        cmocka_unit_test(anything_has_a_text),
        cmocka_unit_test(odd_values_pass_to_the_writer),
        cmocka_unit_test(bytes_are_text_only_as_utf8),
        cmocka_unit_test(a_binary_column_would_pad_and_so_refuses),
        cmocka_unit_test(uuids_have_three_forms),
        cmocka_unit_test(bits_are_numbers_on_one_side_and_digits_on_the_other),
        cmocka_unit_test(types_with_a_text_of_their_own_take_no_other_kind),
        cmocka_unit_test(local_times_go_by_their_systems_zone),
        cmocka_unit_test(a_date_is_no_instant_to_be_shifted),
        cmocka_unit_test(fractional_seconds_are_not_rounded_away),
        cmocka_unit_test(a_clock_holds_a_day),
        cmocka_unit_test(constants_take_the_columns_kind),
        cmocka_unit_test(constants_that_do_not_fit_are_a_fault_of_the_config),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
