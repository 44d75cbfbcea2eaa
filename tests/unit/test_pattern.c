/* test_pattern.c: patterns of names, and which flow takes a table.
 * libs: config */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "config/config.h"
#include "config/parts.h"

static void stars_and_question_marks(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool matches;
        const char *captured;
    } cases[] = {
        {"orders", "orders", true, ""},
        {"orders", "order", false, ""},
        {"order", "orders", false, ""},
        {"", "", true, ""},
        {"*", "", true, ""},
        {"*", "orders", true, "orders"},
        {"qc_*", "qc_result", true, "result"},
        {"qc_*", "qc_", true, ""},
        {"qc_*", "qc", false, ""},
        {"*_log", "a_log_log", true, "a_log"},
        {"a*b*c", "a1b2bc", true, "1"},
        {"a*b*c", "a1b2", false, ""},
        {"line?", "line7", true, ""},
        {"line?", "line", false, ""},
        {"line?", "line12", false, ""},
        {"?", "工", true, ""},
        {"?*", "工厂", true, "厂"},
        {"**", "abc", true, ""},
        {"*?", "abc", true, "ab"},
        {"a*", "bab", false, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char captured[64];
        assert_int_equal(pattern_match(cases[i].pattern, cases[i].text, captured, sizeof captured),
                         cases[i].matches);
        assert_int_equal(pattern_match(cases[i].pattern, cases[i].text, NULL, 0), cases[i].matches);
        if (cases[i].matches)
            assert_string_equal(captured, cases[i].captured);
    }
}

static void a_capture_that_does_not_fit_is_no_match(void **state)
{
    (void)state;
    char captured[4];
    assert_true(pattern_match("*", "abc", captured, sizeof captured));
    assert_false(pattern_match("*", "abcd", captured, sizeof captured));
}

static void patterns_meet_where_one_text_fits_both(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool meet;
    } cases[] = {
        {"a", "a", true},        {"a", "b", false},       {"*", "", true},      {"a*", "*b", true},
        {"a*", "b*", false},     {"qc_*", "*_log", true}, {"a?c", "ab?", true}, {"a?", "a", false},
        {"*a*", "b*c", true},    {"a*c", "a*d", false},   {"?*", "", false},    {"*", "*", true},
        {"ab*cd", "abcd", true}, {"ab*cd", "abd", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(patterns_meet(cases[i].a, cases[i].b), cases[i].meet);
        assert_int_equal(patterns_meet(cases[i].b, cases[i].a), cases[i].meet);
    }
}

static void a_pattern_covers_what_is_narrower(void **state)
{
    (void)state;
    assert_true(pattern_covers("public.*", "public.qc_*"));
    assert_true(pattern_covers("public.*", "public.*"));
    assert_true(pattern_covers("p*.?*", "public.x"));
    assert_false(pattern_covers("public.?", "public.*"));
    assert_false(pattern_covers("public.qc_*", "public.*"));
    assert_false(pattern_covers("public.qc_*", "public.q*"));
}

static struct flow flows[] = {
    {.source_schema = "public",
     .source_table = "*",
     .target_schema = "mes",
     .target_table = "erp_*",
     .pattern = true},
    {.source_schema = "line_*",
     .source_table = "qc?*",
     .target_schema = "*_mes",
     .target_table = "*",
     .pattern = true},
    {.source_schema = "*",
     .source_table = "x",
     .target_schema = "*",
     .target_table = "x",
     .pattern = true},
    {.source_schema = "public",
     .source_table = "big",
     .target_schema = "mes",
     .target_table = "large"},
};
static const char *exclude[] = {"public.tmp_*", "public.big"};
static const struct link_config link = {
    .flows = flows, .nflows = 4, .exclude = exclude, .nexclude = 2};

static void check_flow(const struct link_config *l, const char *schema, const char *table,
                       const struct flow *flow, const char *target_schema, const char *target_table)
{
    struct arena a;
    const char *s = NULL, *t = NULL;
    arena_init(&a);
    assert_ptr_equal(link_flow(l, schema, table, &a, &s, &t), flow);
    assert_ptr_equal(link_flow(l, schema, table, NULL, NULL, NULL), flow);
    if (flow) {
        assert_string_equal(s, target_schema);
        assert_string_equal(t, target_table);
    }
    arena_free(&a);
}

static void exact_names_win_then_earlier_patterns(void **state)
{
    (void)state;
    check_flow(&link, "public", "orders", &flows[0], "mes", "erp_orders");
    check_flow(&link, "public", "x", &flows[0], "mes", "erp_x");
    check_flow(&link, "other", "x", &flows[2], "other", "x");
    check_flow(&link, "line_7", "qcab", &flows[1], "7_mes", "b");
    check_flow(&link, "other", "y", NULL, NULL, NULL);
}

static void exclude_wins_over_patterns_only(void **state)
{
    (void)state;
    check_flow(&link, "public", "tmp_1", NULL, NULL, NULL);
    check_flow(&link, "public", "big", &flows[3], "mes", "large");
}

static void no_pattern_takes_system_schemas(void **state)
{
    (void)state;
    static const char *const schemas[] = {
        "millrace",           "mysql", "pg_catalog", "information_schema",
        "performance_schema", "sys",   "pg_toast",   "pg_temp_3"};
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++)
        check_flow(&link, schemas[i], "x", NULL, NULL, NULL);
}

static void a_pairs_second_link_excludes_by_the_other_side(void **state)
{
    (void)state;
    struct flow back = {.source_schema = "mes",
                        .source_table = "erp_*",
                        .target_schema = "public",
                        .target_table = "*",
                        .pattern = true};
    struct link_config l = {
        .flows = &back, .nflows = 1, .exclude = exclude, .nexclude = 2, .exclude_targets = true};
    check_flow(&l, "mes", "erp_orders", &back, "public", "orders");
    check_flow(&l, "mes", "erp_tmp_1", NULL, NULL, NULL);
    check_flow(&l, "mes", "orders", NULL, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stars_and_question_marks),
        cmocka_unit_test(a_capture_that_does_not_fit_is_no_match),
        cmocka_unit_test(patterns_meet_where_one_text_fits_both),
        cmocka_unit_test(a_pattern_covers_what_is_narrower),
        cmocka_unit_test(exact_names_win_then_earlier_patterns),
        cmocka_unit_test(exclude_wins_over_patterns_only),
        cmocka_unit_test(no_pattern_takes_system_schemas),
        cmocka_unit_test(a_pairs_second_link_excludes_by_the_other_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
