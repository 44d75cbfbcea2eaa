/* test_functions_units.c: units in words, exact conversion, contradictions
 * libs: functions */
#include "functions_connection.h"

static struct connection c;

static const char *const files[] = {"config.yaml", "units.csv", NULL};

static int remove_files(void **state)
{
    (void)state;
    test_folder_remove(files);
    return 0;
}

static void gives(const char *sql, const char *expected)
{
    connection_gives(&c, sql, expected);
}

static void refuses(const char *sql, enum outcome_kind kind, enum outcome_reason reason,
                    const char *subject, const char *code)
{
    connection_refuses_code(&c, sql, kind, reason, subject, code);
}

#define UNITS                                                                                      \
    "units:\n"                                                                                     \
    "  ratios:\n"                                                                                  \
    "    - 1 kg = 1000 g\n"                                                                        \
    "    - 1 t = 1000 kg\n"                                                                        \
    "    - 1 m = 100 cm\n"                                                                         \
    "    - 1 m = 1000 mm\n"                                                                        \
    "    - 1 dozen = 12 Units\n"                                                                   \
    "    - 1 in = 127/5 mm\n"                                                                      \
    "    - 3 third = 1 Units\n"                                                                    \
    "    - 1 KG = 1 kg\n"                                                                          \
    "  materials:\n"                                                                               \
    "    STL-100: [1 box = 12 Units, 1 Units = 0.25 kg]\n"                                         \
    "    'X': [1 box = 20 Units]\n"

static int open_connection(void **state)
{
    (void)state;
    connection_open(&c, UNITS);
    return 0;
}

static int close_connection(void **state)
{
    (void)state;
    connection_close(&c);
    return 0;
}

static void a_quantity_is_converted_exactly(void **state)
{
    (void)state;
    gives("select convert_unit(3, 'dozen', 'Units')", "36");
    gives("select convert_unit('3.000', 'dozen', 'Units')", "36");
    gives("select convert_unit('1500', 'mm', 'm')", "1.5");
    gives("select convert_unit('0.000001', 't', 'g')", "1");
    gives("select convert_unit('999999999999.999999999', 'g', 't')", "999999.999999999999999");
    gives("select convert_unit(5, 'KG', 'g')", "5000");
    gives("select convert_unit(1, 'in', 'cm')", "2.54");
    gives("select convert_unit('-2.5', 'm', 'mm')", "-2500");
    gives("select typeof(convert_unit(3, 'dozen', 'Units'))", "text");
}

static void a_unit_is_one_of_itself_defined_or_not(void **state)
{
    (void)state;
    gives("select convert_unit('10.0', 'pallet', 'pallet')", "10");
    gives("select convert_unit(7, 'g', 'g')", "7");
}

static void null_in_is_null_out(void **state)
{
    (void)state;
    gives("select convert_unit(null, 'kg', 'g')", "NULL");
    gives("select convert_unit(1, null, 'g')", "NULL");
    gives("select convert_unit(1, 'kg', null)", "NULL");
    gives("select convert_unit(1, 'kg', 'g', null)", "1000");
    gives("select convert_unit(1, 'kg', 'g', null, null)", "1000");
}

static void a_material_has_units_of_its_own(void **state)
{
    (void)state;
    gives("select convert_unit(2, 'box', 'Units', 'STL-100')", "24");
    gives("select convert_unit(2, 'box', 'Units', 'X')", "40");
    gives("select convert_unit(1, 'box', 'dozen', 'STL-100')", "1");
    gives("select convert_unit(1, 'box', 'g', 'STL-100')", "3000");
    gives("select convert_unit(1, 't', 'dozen', 'STL-100', 3)", "333.333");
    gives("select convert_unit(1, 'kg', 'g', 'nothing of its own')", "1000");
    refuses("select convert_unit(1, 'box', 'Units')", OUTCOME_QUARANTINE, REASON_UNIT, "box", "");
    refuses("select convert_unit(1, 'box', 'kg', 'X')", OUTCOME_QUARANTINE, REASON_DIMENSION,
            "box -> kg", "X");
}

static void a_result_without_an_end_needs_a_scale(void **state)
{
    (void)state;
    refuses("select convert_unit(1, 'Units', 'dozen')", OUTCOME_QUARANTINE, REASON_NO_END, "dozen",
            "1");
    assert_non_null(strstr(c.outcome->text, "give a scale"));
    gives("select convert_unit(6, 'Units', 'dozen')", "0.5"); /* this one ends */
    gives("select convert_unit('1', 'Units', 'dozen', null, 4)", "0.0833");
    gives("select convert_unit('1', 'Units', 'dozen', null, 4, 'up')", "0.0834");
    gives("select convert_unit(1, 'third', 'Units', null, 2)", "0.33");
    gives("select convert_unit(3, 'third', 'Units')", "1");
    gives("select convert_unit('1.239', 'kg', 'kg', null, 2)", "1.24");
    refuses("select convert_unit(1, 'kg', 'g', null, 'x')", OUTCOME_FAIL, REASON_USE, "", "");
    refuses("select convert_unit(1, 'kg', 'g', null, 2, 'x')", OUTCOME_FAIL, REASON_USE, "", "");
}

static void what_cannot_be_converted_is_set_aside(void **state)
{
    (void)state;
    refuses("select convert_unit(1, 'pallet', 'Units', 'X')", OUTCOME_QUARANTINE, REASON_UNIT,
            "pallet", "X");
    refuses("select convert_unit(1, 'kg', 'lb')", OUTCOME_QUARANTINE, REASON_UNIT, "lb", "");
    refuses("select convert_unit(1, 'kg', 'm')", OUTCOME_QUARANTINE, REASON_DIMENSION, "kg -> m",
            "");
    refuses("select convert_unit('x', 'kg', 'g')", OUTCOME_QUARANTINE, REASON_NUMBER,
            "convert_unit", "x");
    struct connection strict;
    connection_open(&strict, "units: { ratios: [1 kg = 1000 g], unknown: fail }\n");
    ask(&strict, "select convert_unit(1, 'kg', 'lb')");
    assert_int_equal(strict.outcome->kind, OUTCOME_FAIL);
    connection_close(&strict);
    connection_open(&strict, NULL);
    ask(&strict, "select convert_unit(1, 'kg', 'lb')");
    assert_int_equal(strict.outcome->reason, REASON_UNIT);
    connection_close(&strict);
}

static void many_pairs_are_remembered_and_forgotten(void **state)
{
    (void)state;
    gives("with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000) "
          "select sum(convert_unit(i, 'dozen', 'Units', 'M' || i)) from n",
          "600060000");
}

/* ---- at load ---- */

static void refused(const char *yaml, const char *place, const char *part)
{
    struct failure f = {0};
    struct functions *fs = NULL;
    if (load_functions(yaml, &fs, &f) != STATUS_CONFIG)
        fail_msg("not refused: %s", yaml);
    if (!strstr(f.text, place) || !strstr(f.text, part))
        fail_msg("%s: not %s ... %s", f.text, place, part);
}

static void words_that_are_no_ratio_are_refused(void **state)
{
    (void)state;
    refused("units: [1 kg = g]\n", "config.yaml:1:9: ", "\"1 kg = g\" is no ratio");
    refused("units: [kg = 1000 g]\n", ":1:9: ", "is no ratio");
    refused("units: [1 kg 1000 g]\n", ":1:9: ", "is no ratio");
    refused("units: [1 kg = 1000 g each]\n", ":1:9: ", "is no ratio");
    refused("units: [0 kg = 1000 g]\n", ":1:9: ", "is no ratio");
    refused("units: [1 kg = -1000 g]\n", ":1:9: ", "is no ratio");
    refused("units: [1 kg = 1/0 g]\n", ":1:9: ", "is no ratio");
    refused("units: ['1 kg = 1,000 g']\n", ":1:9: ", "is no ratio");
    refused("units: ['']\n", ":1:9: ", "is no ratio");
    refused("units:\n  - 1 kg = 1000 g\n  - [a]\n", ":3:5: ", "a single value");
    refused("units: { ratio: [1 kg = 1000 g] }\n", ":1:10: ", "no key \"ratio\"");
    refused("units: { unknown: pass }\n", ":1:19: ", "quarantine or fail");
}

static void a_contradiction_of_earlier_ratios_is_refused(void **state)
{
    (void)state;
    refused("units:\n  - 1 box = 12 Units\n  - 1 box = 10 Units\n", ":3:5: ",
            "1 box is 10 Units by this, but 12");
    refused("units:\n  - 1 a = 2 b\n  - 1 b = 2 c\n  - 1 c = 3 d\n  - 1 a = 13 d\n", ":5:5: ",
            "1 a is 13 d by this, but 12");
    refused("units:\n  - 1 a = 3 b\n  - 1 b = 0.3333 a\n", ":3:5: ", "3333/10000");
    refused("units: [1 a = 2 a]\n", ":1:9: ", "itself");
    struct connection good;
    connection_open(&good, "units: [1 a = 3 b, 3 b = 1 a, 1 b = 1/3 a, 1 a = 1 a]\n");
    connection_close(&good);
}

static void what_the_names_mean_is_not_contradicted(void **state)
{
    (void)state;
    refused("units: [1 kg = 0.1 g]\n", ":1:9: ", "1 kg is 1/10 g by this, but 1000 by what their");
    refused("units: [1 KG = 0.1 g]\n", ":1:9: ", "1 KG is 1/10 g by this");
    refused("units: [1 g = 0.1 KG]\n", ":1:9: ", "1 g is 1/10 KG by this");
    refused("units: [1 min = 100 s]\n", ":1:9: ", "100 s by this, but 60");
    refused("units: [1 m = 10 cm]\n", ":1:9: ", "names mean");
    refused("units: [1 l = 100 ml]\n", ":1:9: ", "names mean");
    refused("units: [1 t = 100 kg]\n", ":1:9: ", "names mean");
    refused("units: [1 公斤 = 100 克]\n", ":1:9: ", "names mean");
    refused("units: [1 kg = 1 m]\n", ":1:9: ", "kg is a unit of mass, m one of length");
    /* Over other names, too. */
    refused("units:\n  - 1 kg = 10 bag\n  - 1 bag = 10 g\n", ":3:5: ", "by what their names mean");
    refused("units:\n  - 1 kg = 1 bag\n  - 1 bag = 1 m\n", ":3:5: ", "one of");
    struct connection good;
    connection_open(&good, "units: [1 KG = 1000 g, 1 h = 60 min, 1 min = 60 s, 1 M = 30 d, 1 公斤 = "
                           "1 kg, 1 L = 1000 mL]\n");
    connection_close(&good);
}

static void a_material_contradicts_nothing_either(void **state)
{
    (void)state;
    refused("units:\n  ratios: [1 kg = 1000 g]\n  materials:\n    X: [1 kg = 900 g]\n", ":4:9: ",
            "\"1 kg = 900 g\" of material X");
    refused("units:\n  ratios: [1 box = 12 Units]\n  materials:\n    X: [1 box = 10 Units]\n",
            ":4:9: ", "but 12");
    refused("units: { materials: { X: [1 box = 12 Units, 1 crate = 2 box, 1 crate = 25 Units] "
            "} }\n",
            ":1:62: ", "but 24");
    refused("units: { materials: { X: [1 kg = 0.1 g] } }\n", ":1:27: ", "names mean");
    refused("units: { materials: { X: [1 kg = 10 bag, 1 bag = 10 g] } }\n", ":1:42: ",
            "names mean");
    refused("units:\n  ratios: [1 sack = 1000 g, 1 barrel = 1 kg]\n  materials:\n"
            "    X: [1 sack = 2 barrel]\n",
            ":4:9: ", "names mean");
    refused("units:\n  ratios: [1 kg = 1000 g, 1 m = 100 cm]\n  materials:\n"
            "    X: [1 m = 2 kg, 1 cm = 21 g]\n",
            ":4:21: ", "but 20");
    struct connection good;
    connection_open(&good, "units:\n  ratios: [1 kg = 1000 g, 1 m = 100 cm]\n  materials:\n"
                           "    X: [1 m = 2 kg, 1 cm = 20 g]\n");
    assert_string_equal(ask(&good, "select convert_unit(3, 'cm', 'g', 'X')"), "60");
    connection_close(&good);
}

static void materials_may_stand_in_a_file(void **state)
{
    (void)state;
    struct connection f;
    const char *yaml = "units: { ratios: [1 dozen = 12 Units], materials_file: units.csv }\n";
    const char *good = "material,ratio\nX,1 box = 2 dozen\n\"A, B\",1 box = 5 Units\n";
    const char *bad = "material,ratio\nX,1 box = 2 dozen\nX,1 box = 5 Units\n";
    write_file(test_path("units.csv"), good, strlen(good));
    connection_open(&f, yaml);
    assert_string_equal(ask(&f, "select convert_unit(2, 'box', 'Units', 'X')"), "48");
    assert_string_equal(ask(&f, "select convert_unit(2, 'box', 'Units', 'A, B')"), "10");
    connection_close(&f);
    write_file(test_path("units.csv"), bad, strlen(bad));
    refused(yaml, "units.csv:3: ", "\"1 box = 5 Units\" of material X: 1 box is 5 Units");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quantity_is_converted_exactly),
        cmocka_unit_test(a_unit_is_one_of_itself_defined_or_not),
        cmocka_unit_test(null_in_is_null_out),
        cmocka_unit_test(a_material_has_units_of_its_own),
        cmocka_unit_test(a_result_without_an_end_needs_a_scale),
        cmocka_unit_test(what_cannot_be_converted_is_set_aside),
        cmocka_unit_test(many_pairs_are_remembered_and_forgotten),
    };
    const struct CMUnitTest at_load[] = {
        cmocka_unit_test(words_that_are_no_ratio_are_refused),
        cmocka_unit_test(a_contradiction_of_earlier_ratios_is_refused),
        cmocka_unit_test(what_the_names_mean_is_not_contradicted),
        cmocka_unit_test(a_material_contradicts_nothing_either),
        cmocka_unit_test(materials_may_stand_in_a_file),
    };
    int failed = cmocka_run_group_tests(tests, open_connection, close_connection);
    return failed + cmocka_run_group_tests(at_load, NULL, remove_files);
}
