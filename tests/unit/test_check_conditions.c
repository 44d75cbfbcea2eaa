/* test_check_conditions.c: by which columns a plan's conditions ask for a table.
 * libs: check */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "check/events.h"

static struct arena arena;
static char sides[1024];

static void take(void *context, const char *side)
{
    assert_ptr_equal(context, sides);
    strcat(strcat(sides, side), ";");
}

static const char *sides_of(const char *condition, const char *prefix)
{
    sides[0] = '\0';
    condition_sides(condition, prefix, &arena, take, sides);
    return sides;
}

static void equal_columns_are_found(void **state)
{
    (void)state;
    assert_string_equal(sides_of("(u.name = e.unit)", "u."), "u.name;");
    assert_string_equal(sides_of("(e.unit = u.name)", "u."), "u.name;");
    assert_string_equal(
        sides_of("((u.name = e.unit) AND (u.company_id = 1) AND (u.id > 3))", "u."),
        "u.name;u.company_id;");
    assert_string_equal(sides_of("((u.name)::text = e.unit)", "u."), "u.name;");
    assert_string_equal(sides_of("(\"Unit\".\"Na me\" = e.unit)", "\"Unit\"."),
                        "\"Unit\".\"Na me\";");
}

static void expressions_are_found_whole(void **state)
{
    (void)state;
    assert_string_equal(sides_of("((u.name ->> 'en_US'::text) = e.unit)", "u."),
                        "u.name ->> 'en_US'::text;");
    assert_string_equal(sides_of("(lower((u.name)::text) = e.unit)", "u."),
                        "lower((u.name)::text);");
    assert_string_equal(sides_of("((u.id)::numeric = e.n)", "u."), "(u.id)::numeric;");
}

static void what_an_index_cannot_serve_is_left_out(void **state)
{
    (void)state;
    assert_string_equal(sides_of("((u.name = e.a) OR (u.name = e.b))", "u."), "");
    assert_string_equal(sides_of("(u.name = (e.a || u.code))", "u."), "");
    assert_string_equal(sides_of("((u.name || x.y) = e.a)", "u."), "");
    assert_string_equal(sides_of("(mu.name = e.a)", "u."), "");
    assert_string_equal(sides_of("(e.a = 'u.name = 1')", "u."), "");
    assert_string_equal(sides_of("(NOT (u.done AND (u.id > 1.5)))", "u."), "");
    assert_string_equal(sides_of("", "u."), "");
    assert_string_equal(sides_of("((", "u."), "");
}

static void a_column_is_told_from_an_expression(void **state)
{
    (void)state;
    assert_string_equal(condition_column("u.name", "u.", &arena), "name");
    assert_string_equal(condition_column("u.\"Na\"\"me\"", "u.", &arena), "Na\"me");
    assert_null(condition_column("lower(u.name)", "u.", &arena));
    assert_null(condition_column("u.name || 'x'", "u.", &arena));
}

static void an_expression_loses_its_alias(void **state)
{
    (void)state;
    assert_string_equal(condition_unqualified("u.name ->> 'u.x'::text", "u.", &arena),
                        "name ->> 'u.x'::text");
    assert_string_equal(condition_unqualified("lower(u.\"A\" || mu.b)", "u.", &arena),
                        "lower(\"A\" || mu.b)");
}

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_columns_are_found),
        cmocka_unit_test(expressions_are_found_whole),
        cmocka_unit_test(what_an_index_cannot_serve_is_left_out),
        cmocka_unit_test(a_column_is_told_from_an_expression),
        cmocka_unit_test(an_expression_loses_its_alias),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
