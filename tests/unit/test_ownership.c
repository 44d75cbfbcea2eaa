/* test_ownership.c: one writer a column, one maker of rows, no circle; and what is allowed beside.
 * libs: link */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "link/ownership.h"

#define ERP(table) {.system = "erp", .schema = "public", .name = table}
#define MES(table) {.system = "mes", .schema = "ktg", .name = table, .any_case = true}
#define HQ(table)  {.system = "hq", .schema = "public", .name = table}
#define COLUMNS(...)                                                                               \
    .columns = (const struct owned_column[]){__VA_ARGS__},                                         \
    .ncolumns = sizeof((const struct owned_column[]){__VA_ARGS__}) / sizeof(struct owned_column)
#define NAMES(...)                                                                                 \
    .columns = (const char *const[]){__VA_ARGS__},                                                 \
    .ncolumns = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)
#define WRITES(...)                                                                                \
    .writes = (const struct owned_write[]){__VA_ARGS__},                                           \
    .nwrites = sizeof((const struct owned_write[]){__VA_ARGS__}) / sizeof(struct owned_write)
#define READS(...)                                                                                 \
    .reads = (const struct owned_read[]){__VA_ARGS__},                                             \
    .nreads = sizeof((const struct owned_read[]){__VA_ARGS__}) / sizeof(struct owned_read)
#define FIND(...)                                                                                  \
    find((const struct owner[]){__VA_ARGS__},                                                      \
         sizeof((const struct owner[]){__VA_ARGS__}) / sizeof(struct owner))

static struct arena arena;
static char said[4][2048];
static int nsaid;

static void take(void *context, const char *text)
{
    assert_ptr_equal(context, said);
    assert_true(nsaid < 4);
    strncpy(said[nsaid++], text, sizeof said[0] - 1);
}

static int find(const struct owner *owners, size_t n)
{
    const struct ownership_input in = {"plant.yaml", owners, (int)n};
    struct failure f;
    nsaid = 0;
    memset(said, 0, sizeof said);
    int found = ownership_find(&in, &arena, take, said);
    assert_int_equal(found, nsaid);
    failure_clear(&f);
    assert_int_equal(ownership_check(&in, &f), found ? STATUS_CONFIG : STATUS_OK);
    assert_true(!found || strstr(f.text, said[0]));
    assert_true(!found || strncmp(f.text, "plant.yaml: ", 12) == 0);
    return found;
}

static void assert_said(int i, const char *text)
{
    if (!strstr(said[i], text))
        print_error("is: %s\nwanted: %s\n", said[i], text);
    assert_non_null(strstr(said[i], text));
}

/* ---- columns ---- */

static void a_column_has_one_writer(void **state)
{
    (void)state;
    assert_int_equal(
        FIND({.link = "a", .name = "Order",
              WRITES({MES("T"), COLUMNS({"qty"}, {"due"}, {"state"}), .line = 7})},
             {.link = "b", .name = "Plan",
              WRITES({MES("t"), COLUMNS({"DUE"}, {"qty"}), .line = 19})}), 1);
    assert_string_equal(said[0], "flow Order of link a (line 7) and flow Plan of link b (line 19): "
                                 "both write ktg.T in system mes, in qty, due: a column has one "
                                 "writer; take it out of one of them");
}

static void disjoint_columns_and_other_places_are_free(void **state)
{
    (void)state;
    assert_int_equal(FIND({.link = "a", .name = "Order",
                           WRITES({ERP("t"), COLUMNS({"k"}, {"qty"}), .makes_rows = true})},
                          {.link = "a", .name = "Plan", WRITES({ERP("t"), COLUMNS({"due"})})},
                          {.link = "b", .name = "Else",
                           WRITES({HQ("t"), COLUMNS({"qty"}), .makes_rows = true},
                                  {ERP("u"), COLUMNS({"qty"}), .makes_rows = true},
                                  {ERP("T"), COLUMNS({"qty"}), .makes_rows = true})}),
                     0);
}

static void one_flow_may_write_a_table_more_than_once(void **state)
{
    (void)state;
    assert_int_equal(FIND({.link = "a", .name = "Order",
                           WRITES({ERP("t"), COLUMNS({"k"}, {"state"}), .makes_rows = true},
                                  {ERP("t"), COLUMNS({"state"}), .removes_rows = true})}),
                     0);
}

static void what_is_written_once_is_given_away(void **state)
{
    (void)state;
    assert_int_equal(
        FIND({.link = "a", .name = "Order",
              WRITES({MES("t"), COLUMNS({"k"}, {"state", OWNED_ONCE}), .makes_rows = true})},
             {.link = "b", .name = "Progress", WRITES({MES("t"), COLUMNS({"state"})})}),
        0);
}

static void many_touch_what_nobody_owns(void **state)
{
    (void)state;
    assert_int_equal(
        FIND({.link = "a", .name = "Order",
              WRITES({MES("t"), COLUMNS({"qty"}, {"changed", OWNED_TOUCH})})},
             {.link = "b", .name = "Plan",
              WRITES({MES("t"), COLUMNS({"due"}, {"changed", OWNED_TOUCH})})}), 0);
    assert_int_equal(
        FIND({.link = "a", .name = "Order",
              WRITES({MES("t"), COLUMNS({"qty"}, {"changed", OWNED_TOUCH})})},
             {.link = "b", .name = "Plan", WRITES({MES("t"), COLUMNS({"changed"})})}), 1);
    assert_said(0, "in changed: ");
}

/* ---- rows ---- */

static void rows_are_made_by_one(void **state)
{
    (void)state;
    assert_int_equal(
        FIND({.link = "a", .name = "Order",
              WRITES({ERP("t"), COLUMNS({"k"}, {"a"}), .makes_rows = true, .line = 3})},
             {.link = "a", .name = "Plan",
              WRITES({ERP("t"), COLUMNS({"k"}, {"b"}), .makes_rows = true, .line = 9})}), 1);
    assert_said(0, "(line 3) and flow Plan of link a (line 9): both make rows of public.t in "
                   "system erp, and both write k: let one of them `do: update`");
}

static void rows_are_removed_by_who_makes_them(void **state)
{
    (void)state;
    assert_int_equal(FIND({.link = "a", .name = "Order",
                           WRITES({ERP("t"), COLUMNS({"k"}, {"a"}), .makes_rows = true,
                                   .removes_rows = true})},
                          {.link = "b", .name = "Progress",
                           WRITES({ERP("t"), COLUMNS({"b"})})}),
                     0);
    assert_int_equal(
        FIND({.link = "a", .name = "Order",
              WRITES({ERP("t"), COLUMNS({"k"}, {"a"}), .makes_rows = true})},
             {.link = "b", .name = "Sweep", WRITES({ERP("t"), .removes_rows = true})}), 1);
    assert_said(0, "one makes and one removes rows of public.t");
}

static void a_plain_table_is_its_links_alone(void **state)
{
    (void)state;
    assert_int_equal(FIND({.link = "a", .name = "public.t", .plain = true, .line = 4,
                           WRITES({MES("t"), .ncolumns = ALL_COLUMNS, .makes_rows = true,
                                   .removes_rows = true, .line = 4})},
                          {.link = "b", .name = "Progress",
                           WRITES({MES("t"), COLUMNS({"done"}), .line = 12})}),
                     1);
    assert_string_equal(said[0],
                        "table public.t of link a (line 4) and flow Progress of link b (line 12): "
                        "both write ktg.t in system mes, in done: a table of a link with `tables` "
                        "is that link's alone");
}

/* ---- circles ---- */

static void what_comes_back_is_refused(void **state)
{
    (void)state;
    assert_int_equal(
        FIND({.link = "there", .name = "Order", .line = 3,
              READS({ERP("o"), NAMES("id", "qty", "state")}),
              WRITES({MES("w"), COLUMNS({"code"}, {"qty"}), .line = 5})},
             {.link = "back", .name = "Done", .line = 20, READS({MES("w"), NAMES("qty", "made")}),
              WRITES({ERP("o"), COLUMNS({"made"}, {"state"}), .line = 22})}), 1);
    assert_string_equal(
        said[0], "what is written goes round: flow Order of link there (line 5) writes qty of "
                 "ktg.w in system mes, which flow Done of link back (line 20) reads, and writes "
                 "state of public.o in system erp, which flow Order of link there (line 3) reads: "
                 "one of them must not read, or not write, these columns");
}

static void a_table_may_be_read_in_some_columns_and_written_in_others(void **state)
{
    (void)state;
    assert_int_equal(
        FIND({.link = "there", .name = "Order", READS({ERP("o"), NAMES("id", "qty")}),
              WRITES({MES("w"), COLUMNS({"code"}), .makes_rows = true})},
             {.link = "back", .name = "Done", READS({MES("w"), NAMES("code", "made")}),
              WRITES({ERP("o"), COLUMNS({"x_made"})})}), 0);
}

/* A row that is made shows in every column, by its defaults. */
static void rows_that_are_made_are_read_in_any_column(void **state)
{
    (void)state;
    assert_int_equal(
        FIND({.link = "there", .name = "Order", READS({ERP("o"), NAMES("id", "qty")}),
              WRITES({MES("w"), COLUMNS({"code"})})},
             {.link = "back", .name = "Done", READS({MES("w"), NAMES("code")}),
              WRITES({ERP("o"), COLUMNS({"x_made"}), .makes_rows = true})}), 1);
    assert_said(0, "and writes rows of public.o in system erp, which flow Order");
}

static void touch_and_once_columns_go_round_too(void **state)
{
    (void)state;
    for (int as = OWNED_ONCE; as <= OWNED_TOUCH; as++)
        assert_int_equal(
            FIND({.link = "there", .name = "Order", READS({ERP("o"), NAMES("at")}),
                  WRITES({MES("w"), COLUMNS({"code"})})},
                 {.link = "back", .name = "Done", READS({MES("w"), NAMES("code")}),
                  WRITES({ERP("o"), COLUMNS({"at", (enum owned_as)as})})}), 1);
}

static void a_circle_of_three_systems_is_told_once(void **state)
{
    (void)state;
    assert_int_equal(
        FIND({.link = "x", .name = "A", READS({ERP("a"), NAMES("v")}),
              WRITES({MES("b"), COLUMNS({"v"})})},
             {.link = "y", .name = "mes.b", .plain = true,
              READS({MES("b"), .ncolumns = ALL_COLUMNS}),
              WRITES({HQ("c"), .ncolumns = ALL_COLUMNS, .makes_rows = true})},
             {.link = "z", .name = "C", READS({HQ("c"), NAMES("v")}),
              WRITES({ERP("a"), COLUMNS({"v"})})}), 1);
    assert_said(0, "flow A of link x (line 0) writes v of ktg.b in system mes, which table mes.b "
                   "of link y (line 0) reads, and writes rows of public.c in system hq, which flow "
                   "C of link z (line 0) reads, and writes v of public.a");
}

/* Two plain links over one table, each way: pairs do that. */
static void plain_links_are_not_judged_among_themselves(void **state)
{
    (void)state;
    const struct owner pair[] = {
        {.link = "a-b", .name = "public.t", .plain = true,
         READS({ERP("t"), .ncolumns = ALL_COLUMNS}),
         WRITES({MES("t"), .ncolumns = ALL_COLUMNS, .makes_rows = true})},
        {.link = "b-a", .name = "ktg.t", .plain = true, READS({MES("t"), .ncolumns = ALL_COLUMNS}),
         WRITES({ERP("t"), .ncolumns = ALL_COLUMNS, .makes_rows = true})},
        {.link = "e", .name = "E", READS({ERP("t"), NAMES("v")}),
         WRITES({HQ("t"), COLUMNS({"v"})})},
    };
    assert_int_equal(find(pair, 3), 0);
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
        cmocka_unit_test(a_column_has_one_writer),
        cmocka_unit_test(disjoint_columns_and_other_places_are_free),
        cmocka_unit_test(one_flow_may_write_a_table_more_than_once),
        cmocka_unit_test(what_is_written_once_is_given_away),
        cmocka_unit_test(many_touch_what_nobody_owns),
        cmocka_unit_test(rows_are_made_by_one),
        cmocka_unit_test(rows_are_removed_by_who_makes_them),
        cmocka_unit_test(a_plain_table_is_its_links_alone),
        cmocka_unit_test(what_comes_back_is_refused),
        cmocka_unit_test(a_table_may_be_read_in_some_columns_and_written_in_others),
        cmocka_unit_test(rows_that_are_made_are_read_in_any_column),
        cmocka_unit_test(touch_and_once_columns_go_round_too),
        cmocka_unit_test(a_circle_of_three_systems_is_told_once),
        cmocka_unit_test(plain_links_are_not_judged_among_themselves),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
