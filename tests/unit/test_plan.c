/* test_plan.c: flows compiled for two layouts, and changes applied by them
 * libs: transforms */
#include "base/buffer.h"
#include "transforms/plan.h"
#include "model/zone.h"

#include <stdio.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static struct arena arena;
static struct failure failure;

#define COLUMN(n, t, k) .name = n, .type = t, .kind = k, .length = -1, .precision = -1, .scale = -1

/* work_order(id key, name, qty, note) on both sides; tests bend copies of it. */
static struct column columns[2][5];
static int keys[2][2];
static struct relation relations[2];
#define SOURCE (&relations[0])
#define TARGET (&relations[1])

static int set_up(void **state)
{
    (void)state;
    static const struct column plain[] = {
        {COLUMN("id", "bigint", VALUE_INT), .key = true, .required = true},
        {COLUMN("name", "text", VALUE_TEXT), .nullable = true},
        {COLUMN("qty", "int", VALUE_INT), .nullable = true},
        {COLUMN("note", "text", VALUE_TEXT), .nullable = true},
    };
    for (int i = 0; i < 2; i++) {
        memcpy(columns[i], plain, sizeof plain);
        keys[i][0] = 0;
        relations[i] = (struct relation){.schema = i ? "mes" : "public",
                                         .name = "work_order",
                                         .ncolumns = 4,
                                         .columns = columns[i],
                                         .nkey = 1,
                                         .key = keys[i]};
    }
    arena_reset(&arena);
    return 0;
}

static enum status compile(const struct flow *flow, struct plan **p)
{
    const struct zone *utc;
    assert_int_equal(zone_load("UTC", &utc, &failure), STATUS_OK);
    return plan_compile(flow, SOURCE, TARGET, utc, utc, &arena, p, &failure);
}

static struct plan *compiled(const struct flow *flow)
{
    struct plan *p;
    if (compile(flow, &p) != STATUS_OK)
        fail_msg("%s", failure.text);
    return p;
}

static void assert_refused(const struct flow *flow, const char *says)
{
    struct plan *p;
    assert_int_equal(compile(flow, &p), STATUS_CONFIG);
    if (!strstr(failure.text, says))
        fail_msg("%s", failure.text);
    assert_non_null(strstr(failure.text, "public.work_order -> mes.work_order"));
}

static struct value *row(int64_t id, const char *name, int64_t qty)
{
    struct value *r = arena_alloc(&arena, 5 * sizeof *r);
    r[0] = value_int(id);
    r[1] = name ? value_text(VALUE_TEXT, name, strlen(name)) : value_null();
    r[2] = value_int(qty);
    r[3] = value_null();
    return r;
}

static struct value *key_only(int64_t id)
{
    struct value *r = row(id, NULL, 0);
    for (int i = 1; i < 4; i++)
        r[i].kind = VALUE_ABSENT;
    return r;
}

static struct change update(struct value *before, struct value *after)
{
    return (struct change){CHANGE_UPDATE, SOURCE, before, after};
}

static void rows_of_equal_layouts_are_not_copied(void **state)
{
    (void)state;
    struct plan *p = compiled(&(struct flow){0});
    struct value *before = key_only(1), *after = row(2, "x", 5);
    struct change c = update(before, after);
    assert_int_equal(plan_apply(p, &c, &arena, &failure), STATUS_OK);
    assert_ptr_equal(c.before, before);
    assert_ptr_equal(c.after, after);
    assert_ptr_equal(c.relation, TARGET);
}

static void renamed_dropped_and_constant_columns_find_their_place(void **state)
{
    (void)state;
    columns[1][1].name = "title";
    columns[1][3].name = "plant";
    struct rename rename = {"name", "title"};
    const char *drop[] = {"note"};
    struct constant constant = {"plant", "P1"};
    struct flow flow = {.renames = &rename,
                        .nrenames = 1,
                        .drop = drop,
                        .ndrop = 1,
                        .constants = &constant,
                        .nconstants = 1};
    struct plan *p = compiled(&flow);
    struct change c = {CHANGE_INSERT, SOURCE, NULL, row(1, "bolt", 5)};
    assert_int_equal(plan_apply(p, &c, &arena, &failure), STATUS_OK);
    assert_null(c.before);
    assert_int_equal(c.after[0].i, 1);
    assert_memory_equal(c.after[1].text, "bolt", 4);
    assert_memory_equal(c.after[3].text, "P1", 2);
}

static void columns_of_another_order_are_rearranged(void **state)
{
    (void)state;
    struct column swap = columns[1][1];
    columns[1][1] = columns[1][2];
    columns[1][2] = swap;
    struct plan *p = compiled(&(struct flow){0});
    struct change c = {CHANGE_INSERT, SOURCE, NULL, row(1, "bolt", 5)};
    assert_int_equal(plan_apply(p, &c, &arena, &failure), STATUS_OK);
    assert_int_equal(c.after[1].i, 5);
    assert_int_equal(c.after[2].kind, VALUE_TEXT);
}

static void absent_values_stay_absent(void **state)
{
    (void)state;
    columns[1][2].kind = VALUE_DECIMAL;
    struct plan *p = compiled(&(struct flow){0});
    struct change c = update(key_only(1), row(1, "x", 5));
    c.after[3].kind = VALUE_ABSENT;
    assert_int_equal(plan_apply(p, &c, &arena, &failure), STATUS_OK);
    assert_int_equal(c.after[3].kind, VALUE_ABSENT);
    assert_int_equal(c.before[1].kind, VALUE_ABSENT);
    assert_int_equal(c.before[0].i, 1);
    assert_int_equal(c.after[2].kind, VALUE_DECIMAL);
}

static void target_columns_without_a_source_are_not_written(void **state)
{
    (void)state;
    columns[1][4] = (struct column){COLUMN("own", "text", VALUE_TEXT), .nullable = true};
    relations[1].ncolumns = 5;
    struct plan *p = compiled(&(struct flow){0});
    struct change c = {CHANGE_INSERT, SOURCE, NULL, row(1, "x", 5)};
    assert_int_equal(plan_apply(p, &c, &arena, &failure), STATUS_OK);
    assert_int_equal(c.after[4].kind, VALUE_ABSENT);
    columns[1][4].required = true;
    assert_refused(&(struct flow){0}, "own");
}

static void generated_target_columns_are_skipped(void **state)
{
    (void)state;
    columns[1][2].generated = true;
    struct plan *p = compiled(&(struct flow){0});
    struct change c = {CHANGE_INSERT, SOURCE, NULL, row(1, "x", 5)};
    assert_int_equal(plan_apply(p, &c, &arena, &failure), STATUS_OK);
    assert_int_equal(c.after[2].kind, VALUE_ABSENT);
}

static void a_generated_source_column_may_have_no_target(void **state)
{
    (void)state;
    columns[0][3].generated = true;
    relations[1].ncolumns = 3;
    compiled(&(struct flow){0});
}

static void names_that_are_nowhere_are_refused(void **state)
{
    (void)state;
    const char *drop[] = {"Note"};
    assert_refused(&(struct flow){.drop = drop, .ndrop = 1}, "there is \"note\"");
    struct rename rename = {"nam", "name"};
    assert_refused(&(struct flow){.renames = &rename, .nrenames = 1}, "no column nam");
    struct constant constant = {"plant", "P1"};
    assert_refused(&(struct flow){.constants = &constant, .nconstants = 1}, "no column plant");
    compiled(&(struct flow){.constants = &constant, .nconstants = 1, .pattern = true});
    relations[1].ncolumns = 3;
    assert_refused(&(struct flow){0}, "no column for note");
}

static void two_writers_of_one_column_are_refused(void **state)
{
    (void)state;
    struct constant constant = {"qty", "1"};
    assert_refused(&(struct flow){.constants = &constant, .nconstants = 1}, "a constant and");
    struct rename rename = {"note", "name"};
    assert_refused(&(struct flow){.renames = &rename, .nrenames = 1}, "two source columns");
}

static void kinds_without_a_conversion_are_refused(void **state)
{
    (void)state;
    columns[1][2].kind = VALUE_DATE;
    columns[1][2].type = "date";
    assert_refused(&(struct flow){0}, "column qty: int (integer) cannot become date (date)");
}

static void a_key_of_the_target_needs_a_source(void **state)
{
    (void)state;
    const char *drop[] = {"id"};
    columns[1][0].required = false; /* auto_increment */
    assert_refused(&(struct flow){.drop = drop, .ndrop = 1}, "target's key");
}

static void another_key_at_the_target_needs_full_old_rows(void **state)
{
    (void)state;
    keys[1][0] = 2;
    columns[1][0].key = false;
    columns[1][2].key = true;
    assert_refused(&(struct flow){0}, "qty is a column of the target's key");
    relations[0].full_before = true;
    struct plan *p = compiled(&(struct flow){0});
    struct change c = update(NULL, row(1, "x", 5));
    assert_int_equal(plan_apply(p, &c, &arena, &failure), STATUS_DATA);
    assert_int_equal(failure.code, ERROR_ROW_IMAGE);
    c = update(key_only(1), row(1, "x", 5));
    assert_int_equal(plan_apply(p, &c, &arena, &failure), STATUS_DATA);
    c = update(row(1, "w", 4), row(1, "x", 5));
    assert_int_equal(plan_apply(p, &c, &arena, &failure), STATUS_OK);
}

static void a_target_without_a_key_is_matched_by_the_sources_key(void **state)
{
    (void)state;
    relations[1].nkey = 0;
    columns[1][0].key = false;
    struct plan *p = compiled(&(struct flow){0});
    struct change c = update(NULL, row(7, "x", 5));
    assert_int_equal(plan_apply(p, &c, &arena, &failure), STATUS_OK);
    assert_int_equal(c.before[0].i, 7);
    assert_int_equal(c.before[1].kind, VALUE_ABSENT);
    const char *drop[] = {"id"};
    relations[1].ncolumns = 3;
    relations[1].columns = columns[1] + 1;
    assert_refused(&(struct flow){.drop = drop, .ndrop = 1}, "key column id is dropped");
}

static void null_into_not_null_is_an_error_before_the_server_numbers_it(void **state)
{
    (void)state;
    columns[1][1].nullable = false;
    struct plan *p = compiled(&(struct flow){0});
    struct change c = {CHANGE_INSERT, SOURCE, NULL, row(9, NULL, 5)};
    assert_int_equal(plan_apply(p, &c, &arena, &failure), STATUS_DATA);
    assert_non_null(strstr(failure.text, "name (text) is NOT NULL"));
    assert_non_null(strstr(failure.text, "table public.work_order (id=9)"));
}

static void a_refused_value_names_the_row_and_leaves_the_change(void **state)
{
    (void)state;
    columns[1][2].type = "tinyint";
    struct plan *p = compiled(&(struct flow){0});
    struct change c = update(key_only(3), row(4, "x", 500)), was = c;
    assert_int_equal(plan_apply(p, &c, &arena, &failure), STATUS_DATA);
    assert_non_null(strstr(failure.text, "public.work_order (id=4): column qty (tinyint) cannot "
                                         "hold 500"));
    assert_memory_equal(&c, &was, sizeof c);
}

static void an_old_value_that_never_fitted_is_unknown(void **state)
{
    (void)state;
    columns[1][2].type = "tinyint";
    struct plan *p = compiled(&(struct flow){0});
    struct change c = update(row(4, "x", 500), row(4, "x", 5));
    assert_int_equal(plan_apply(p, &c, &arena, &failure), STATUS_OK);
    assert_int_equal(c.before[2].kind, VALUE_ABSENT);
    assert_int_equal(c.after[2].i, 5);
}

static void truncate_carries_no_rows(void **state)
{
    (void)state;
    columns[1][2].kind = VALUE_DECIMAL;
    struct plan *p = compiled(&(struct flow){0});
    struct change c = {CHANGE_TRUNCATE, SOURCE, NULL, NULL};
    assert_int_equal(plan_apply(p, &c, &arena, &failure), STATUS_OK);
    assert_ptr_equal(c.relation, TARGET);
}

static void the_description_names_every_column(void **state)
{
    (void)state;
    columns[1][2].type = "tinyint";
    columns[1][3].name = "memo";
    struct constant constant = {"memo", "x"};
    const char *drop[] = {"note"};
    struct flow flow = {.constants = &constant, .nconstants = 1, .drop = drop, .ndrop = 1};
    struct buffer b;
    buffer_init(&b, 4096);
    plan_describe(compiled(&flow), &b);
    assert_string_equal(buffer_text(&b),
                        "id bigint -> id bigint: same\n"
                        "name text -> name text: same\n"
                        "qty int -> qty tinyint: converted; refused per row: numbers out of its "
                        "range\n"
                        "(constant) -> memo text\n"
                        "note text: dropped\n");
    buffer_free(&b);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_of_equal_layouts_are_not_copied),
        TEST(renamed_dropped_and_constant_columns_find_their_place),
        TEST(columns_of_another_order_are_rearranged),
        TEST(absent_values_stay_absent),
        TEST(target_columns_without_a_source_are_not_written),
        TEST(generated_target_columns_are_skipped),
        TEST(a_generated_source_column_may_have_no_target),
        TEST(names_that_are_nowhere_are_refused),
        TEST(two_writers_of_one_column_are_refused),
        TEST(kinds_without_a_conversion_are_refused),
        TEST(a_key_of_the_target_needs_a_source),
        TEST(another_key_at_the_target_needs_full_old_rows),
        TEST(a_target_without_a_key_is_matched_by_the_sources_key),
        TEST(null_into_not_null_is_an_error_before_the_server_numbers_it),
        TEST(a_refused_value_names_the_row_and_leaves_the_change),
        TEST(an_old_value_that_never_fitted_is_unknown),
        TEST(truncate_carries_no_rows),
        TEST(the_description_names_every_column),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
