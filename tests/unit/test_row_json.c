/* test_row_json.c: a row as a person writes it becomes values of its table, with no digit lost.
 * libs: events */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "events/row_json.h"

static struct arena arena;
static const struct zone *shanghai;

#define COLUMN(n, t, k, characters)                                                                \
    {.name = n, .type = t, .kind = k, .length = characters, .precision = -1, .scale = -1,          \
     .nullable = true}
static struct column columns[] = {
    COLUMN("id", "bigint", VALUE_INT, -1),
    COLUMN("big", "bigint unsigned", VALUE_UINT, -1),
    COLUMN("qty", "numeric", VALUE_DECIMAL, -1),
    COLUMN("name", "text", VALUE_TEXT, -1),
    COLUMN("active", "boolean", VALUE_BOOL, -1),
    COLUMN("flag", "tinyint(1)", VALUE_INT, -1),
    COLUMN("at", "timestamp", VALUE_DATETIME, -1),
    COLUMN("then", "timestamptz", VALUE_INSTANT, -1),
    COLUMN("day", "date", VALUE_DATE, -1),
    COLUMN("raw", "bytea", VALUE_BYTES, -1),
    COLUMN("doc", "jsonb", VALUE_JSON, -1),
    COLUMN("code", "varchar(3)", VALUE_TEXT, 3),
    COLUMN("real", "double", VALUE_DOUBLE, -1),
};
enum { N = sizeof columns / sizeof *columns };
static const struct relation table = {
    .schema = "public", .name = "t", .ncolumns = N, .columns = columns};

static int set_up(void **state)
{
    struct failure f = {0};
    (void)state;
    arena_init(&arena);
    return zone_load("Asia/Shanghai", &shanghai, &f) != STATUS_OK;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static const struct value *read_column(const char *text, const char *name)
{
    struct failure f = {0};
    struct value *row;
    if (row_json_read(&table, shanghai, text, &arena, &row, &f) != STATUS_OK) {
        print_error("%s: %s\n", text, f.text);
        _fail(__FILE__, __LINE__);
    }
    return &row[relation_column_index(&table, name)];
}

static void shows(const char *text, const char *name, enum value_kind kind, const char *expected)
{
    const struct value *v = read_column(text, name);
    assert_int_equal(v->kind, kind);
    assert_string_equal(value_show(v, &arena, 200), expected);
}

static void each_kind_is_read(void **state)
{
    (void)state;
    shows("{\"id\": -12}", "id", VALUE_INT, "-12");
    shows("{\"id\": \"12\"}", "id", VALUE_INT, "12");
    shows("{\"big\": 18446744073709551615}", "big", VALUE_UINT, "18446744073709551615");
    shows("{\"qty\": 999999999999.999999999}", "qty", VALUE_DECIMAL, "999999999999.999999999");
    shows("{\"qty\": \"10.50\"}", "qty", VALUE_DECIMAL, "10.5");
    shows("{\"name\": \"料 \\\"1\\\"\"}", "name", VALUE_TEXT, "料 \"1\"");
    shows("{\"name\": 007}", "name", VALUE_TEXT, "007");
    shows("{\"active\": true, \"flag\": true}", "flag", VALUE_INT, "1");
    assert_int_equal(read_column("{\"active\": true}", "active")->i, 1);
    shows("{\"day\": \"2026-11-22\"}", "day", VALUE_DATE, "2026-11-22");
    shows("{\"raw\": \"0x00ff\"}", "raw", VALUE_BYTES, "0x00ff");
    shows("{\"raw\": \"\\\\x00FF\"}", "raw", VALUE_BYTES, "0x00ff");
    shows("{\"raw\": \"ab\"}", "raw", VALUE_BYTES, "0x6162");
    shows("{\"real\": 0.1}", "real", VALUE_DOUBLE, "0.1");
}

static void json_columns_keep_what_is_inside(void **state)
{
    (void)state;
    shows("{\"doc\": {\"en_US\":[1,2.50]}}", "doc", VALUE_JSON, "{\"en_US\":[1,2.50]}");
    shows("{\"doc\": \"[1, 2]\"}", "doc", VALUE_JSON, "[1, 2]");
}

static void a_time_without_a_zone_is_in_the_systems(void **state)
{
    (void)state;
    shows("{\"at\": \"2026-11-22 08:00:00\"}", "at", VALUE_DATETIME, "2026-11-22 08:00:00");
    const struct value *here = read_column("{\"then\": \"2026-11-22 08:00:00\"}", "then");
    struct value kept = *here;
    const struct value *there = read_column("{\"then\": \"2026-11-22T00:00:00Z\"}", "then");
    assert_int_equal(kept.kind, VALUE_INSTANT);
    assert_true(value_equal(&kept, there));
}

static void what_is_not_named_is_absent_and_null_is_null(void **state)
{
    (void)state;
    assert_int_equal(read_column("{\"id\": 1}", "name")->kind, VALUE_ABSENT);
    assert_int_equal(read_column("{\"name\": null}", "name")->kind, VALUE_NULL);
    assert_int_equal(read_column("{}", "id")->kind, VALUE_ABSENT);
}

static void refused(const char *text, const char *why)
{
    struct failure f = {0};
    struct value *row;
    assert_int_equal(row_json_read(&table, shanghai, text, &arena, &row, &f), STATUS_CONFIG);
    if (!strstr(f.text, why)) {
        print_error("%s: %s\n", text, f.text);
        _fail(__FILE__, __LINE__);
    }
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    refused("{\"nmae\": 1}", "has no column nmae; did you mean name?");
    refused("{\"id\": \"x\"}", "column id (bigint) cannot hold x: it is no number");
    refused("{\"id\": 1.5}", "column id (bigint) cannot hold 1.5");
    refused("{\"code\": \"long\"}", "column code (varchar(3)) cannot hold long");
    refused("{\"day\": \"tomorrow\"}", "it is no date");
    refused("{\"raw\": \"0x0\"}", "is no hex");
    refused("{\"id\": {\"a\": 1}}", "it is no number");
    refused("{\"doc\": {a}}", "is no JSON");
    refused("{\"id\": 1, \"id\": 2}", "duplicate");
    refused("[1]", "a row is a JSON object");
    refused("{\"id\": 1", "a row is a JSON object");
    refused("", "a row is a JSON object");
    refused("{\"id\": \"", "a row is a JSON object");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_read),
        cmocka_unit_test(json_columns_keep_what_is_inside),
        cmocka_unit_test(a_time_without_a_zone_is_in_the_systems),
        cmocka_unit_test(what_is_not_named_is_absent_and_null_is_null),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
