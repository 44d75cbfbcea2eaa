/* test_event_writes_sql.c: the statements, as each engine gets them
 * libs: sink_events */
#include "sinks/events/cte.h"
#include "sinks/events/stage_sql.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static struct arena arena;
static const struct zone *shanghai;

/* ---- events ---- */

static const struct field fields[] = {
    {"id", CTE_TEXT},         {"quantity__value", CTE_DECIMAL}, {"due", CTE_TIME},
    {"priority", CTE_INTEGER}, {"urgent", CTE_BOOLEAN},          {"weight", CTE_DOUBLE},
    {"day", CTE_DATE},        {"picture", CTE_BYTES},
};
enum { NFIELDS = sizeof fields / sizeof *fields };
static const struct field_list event_fields = {NULL, fields, NFIELDS};
static const struct field_list line_fields = {"lines", fields, 2};

static struct value text(const char *s)
{
    return value_text(VALUE_TEXT, s, strlen(s));
}

static const struct value *full(void)
{
    static struct value given[NFIELDS], out[NFIELDS];
    given[0] = text("O'Brien\\");
    given[1] = text("12.50");
    given[2] = text("2026-11-22T08:00:00.5Z");
    given[3] = value_int(-5);
    given[4] = value_int(1);
    given[5] = (struct value){.kind = VALUE_DOUBLE, .d = 1.5};
    given[6] = text("2026-11-22");
    given[7] = value_text(VALUE_BYTES, "\0\xff", 2);
    for (int i = 0; i < NFIELDS; i++)
        assert_true(field_take(&fields[i], &given[i], &arena, &out[i]));
    return out;
}

static const struct value nulls[NFIELDS] = {
    {VALUE_NULL}, {VALUE_NULL}, {VALUE_NULL}, {VALUE_NULL},
    {VALUE_NULL}, {VALUE_NULL}, {VALUE_NULL}, {VALUE_NULL},
};

static struct event_statement written(const struct event_dialect *d, uint32_t nevents,
                                      uint32_t nlines)
{
    struct event_statement s;
    struct cte_row rows[] = {{1, 0, nulls}, {-2, 0, full()}}, lines[] = {{1, 1, full()}};
    struct cte event = {event_fields, false, rows, nevents};
    struct cte line = {line_fields, true, lines, nlines};
    cte_write(d, shanghai, &event, &line, "SELECT 1", &arena, &s);
    return s;
}

#define NAMES "`id`,`quantity__value`,`due`,`priority`,`urgent`,`weight`,`day`,`picture`"
#define FULL                                                                                       \
    "'O\\'Brien\\\\','12.50','2026-11-22 16:00:00.500000',-5,TRUE,1.5e0,'2026-11-22',x'00ff'"

static void mysql_and_mariadb_get_literals_in_values(void **state)
{
    (void)state;
    assert_string_equal(written(&mysql_dialect, 2, 1).sql,
                        "WITH event(event," NAMES ") AS (VALUES "
                        "ROW(1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),ROW(-2," FULL ")), "
                        "line(event,line,`id`,`quantity__value`) AS (VALUES "
                        "ROW(1,1,'O\\'Brien\\\\','12.50'))\nSELECT 1");
    assert_string_equal(written(&mariadb_dialect, 2, 1).sql,
                        "WITH event(event," NAMES ") AS (VALUES "
                        "(1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),(-2," FULL ")), "
                        "line(event,line,`id`,`quantity__value`) AS (VALUES "
                        "(1,1,'O\\'Brien\\\\','12.50'))\nSELECT 1");
    assert_int_equal(written(&mariadb_dialect, 2, 1).nparams, 0);
}

static void no_lines_are_a_select_that_gives_none(void **state)
{
    (void)state;
    assert_non_null(strstr(written(&mariadb_dialect, 1, 0).sql,
                           "line(event,line,`id`,`quantity__value`) AS "
                           "(SELECT NULL,NULL,NULL,NULL FROM DUAL WHERE false)\n"));
}

static void postgres_gets_one_text_for_any_batch_and_arrays_beside_it(void **state)
{
    (void)state;
    static const char expected[] =
        "WITH event AS (SELECT * FROM unnest($1::int8[],$2::text[],$3::numeric[],$4::timestamptz[],"
        "$5::int8[],$6::bool[],$7::float8[],$8::date[],$9::bytea[]) AS e(event,\"id\","
        "\"quantity__value\",\"due\",\"priority\",\"urgent\",\"weight\",\"day\",\"picture\")), "
        "line AS (SELECT * FROM unnest($10::int8[],$11::int8[],$12::text[],$13::numeric[]) "
        "AS e(event,line,\"id\",\"quantity__value\"))\nSELECT 1";
    static const char *const params[] = {
        "{1,-2}",     "{NULL,\"O'Brien\\\\\"}", "{NULL,\"12.50\"}",
        "{NULL,\"2026-11-22 08:00:00.500000+00\"}",
        "{NULL,-5}",  "{NULL,t}",               "{NULL,1.5}",
        "{NULL,2026-11-22}", "{NULL,\"\\\\x00ff\"}", "{1}", "{1}", "{\"O'Brien\\\\\"}",
        "{\"12.50\"}",
    };
    struct event_statement s = written(&postgres_dialect, 2, 1);
    assert_string_equal(s.sql, expected);
    assert_int_equal(s.nparams, 13);
    for (int i = 0; i < s.nparams; i++)
        assert_string_equal(s.params[i], params[i]);
    s = written(&postgres_dialect, 1, 0);
    assert_string_equal(s.sql, expected);
    assert_string_equal(s.params[9], "{}");
}

static void a_value_of_another_type_is_not_taken(void **state)
{
    (void)state;
    struct value out, v = text("2026-11-22 08:00:00"); /* without a zone: whose? */
    assert_false(field_take(&(struct field){"t", CTE_TIME}, &v, &arena, &out));
    v = text("many");
    assert_false(field_take(&(struct field){"q", CTE_DECIMAL}, &v, &arena, &out));
    assert_false(field_take(&(struct field){"i", CTE_INTEGER}, &v, &arena, &out));
    v = value_int(2);
    assert_false(field_take(&(struct field){"b", CTE_BOOLEAN}, &v, &arena, &out));
    assert_true(field_take(&(struct field){"q", CTE_DECIMAL}, &v, &arena, &out));
    assert_int_equal(out.kind, VALUE_DECIMAL);
}

/* ---- what follows the CTEs ---- */

static struct column columns[] = {
    {.name = "order_id", .kind = VALUE_INT}, {.name = "code", .kind = VALUE_TEXT},
    {.name = "quantity", .kind = VALUE_DECIMAL}, {.name = "status", .kind = VALUE_TEXT},
};
static int key[] = {0};
static const struct relation orders = {
    .schema = "mes", .name = "orders", .ncolumns = 4, .columns = columns, .nkey = 1, .key = key};
static struct stage_column stage_columns[] = {
    {.name = "code", .target = 1, .key = true, .compared = true},
    {.name = "quantity", .target = 2, .compared = true},
    {.name = "status", .target = 3, .once = true},
};

static void the_resolve_statement_asks_for_the_row_and_what_it_holds(void **state)
{
    (void)state;
    static const struct write_config w = {.sql = {"select e.event from event e -- all ;\n ; ", 1}};
    struct stage s = {.write = &w, .table = &orders, .columns = stage_columns, .ncolumns = 3};
    assert_string_equal(stage_sql_resolve(&postgres_dialect, &s, &arena),
                        "SELECT s.event,s.\"code\",s.\"quantity\",s.\"status\","
                        "t.\"order_id\" AS _pk1,t.\"code\" AS _t1,t.\"quantity\" AS _t2\n"
                        "  FROM (\nselect e.event from event e -- all\n) s "
                        "LEFT JOIN \"mes\".\"orders\" t ON t.\"code\" = s.\"code\"\n"
                        " ORDER BY s.event");
    s.lines = &line_fields;
    stage_columns[1].key = true;
    const char *sql = stage_sql_resolve(&mariadb_dialect, &s, &arena);
    assert_non_null(strstr(sql, "SELECT s.event,s.line,s.`code`"));
    assert_non_null(strstr(sql, "ON t.`code` = s.`code` AND t.`quantity` = s.`quantity`\n"));
    assert_non_null(strstr(sql, "ORDER BY s.event,s.line"));
    stage_columns[1].key = false;
    columns[2].kind = VALUE_FLOAT; /* MySQL prints six digits of it */
    assert_non_null(strstr(stage_sql_resolve(&mysql_dialect, &s, &arena),
                           "t.`quantity` + 0e0 AS _t2"));
    columns[2].kind = VALUE_DECIMAL;
}

static void the_rows_in_scope_are_asked_for_by_every_column(void **state)
{
    (void)state;
    struct scope_config scopes[] = {{"code", {"select e.id from event e", 1}},
                                    {"status", {"select 'X'", 1}}};
    const struct write_config w = {.delete_missing_in = scopes, .ndelete_missing_in = 2};
    struct stage s = {.write = &w, .table = &orders};
    assert_string_equal(stage_sql_missing(&mysql_dialect, &s, &arena),
                        "SELECT t.`order_id` AS _pk1 FROM `mes`.`orders` t"
                        " WHERE t.`code` IN (\nselect e.id from event e\n)"
                        " AND t.`status` IN (\nselect 'X'\n)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mysql_and_mariadb_get_literals_in_values),
        cmocka_unit_test(no_lines_are_a_select_that_gives_none),
        cmocka_unit_test(postgres_gets_one_text_for_any_batch_and_arrays_beside_it),
        cmocka_unit_test(a_value_of_another_type_is_not_taken),
        cmocka_unit_test(the_resolve_statement_asks_for_the_row_and_what_it_holds),
        cmocka_unit_test(the_rows_in_scope_are_asked_for_by_every_column),
    };
    struct failure f;
    arena_init(&arena);
    if (zone_load("Asia/Shanghai", &shanghai, &f) != STATUS_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
