/* test_config_codes.c: `dictionaries`, `units` and `mask_keys`: the option table and their one reader
 * know the same keys, and a secret is in no message of either.
 * libs: functions */
#include "config_file.h"
#include "transforms/functions/load.h"

#define TOP                                                                                        \
    "millrace: 1\n"                                                                                \
    "systems:\n"                                                                                   \
    "  erp: { postgresql: host=erp dbname=erp, capture: { user: r } }\n"                           \
    "  mes: { mariadb: { host: mes }, apply: { user: w } }\n"                                      \
    "links: [{ from: erp, to: mes, first_copy: none, tables: { a.b: c.d } }]\n"

static enum status load_codes(const char *text, struct config **c, struct functions **out,
                              struct failure *f)
{
    *out = NULL;
    TRY(load(text, c, f));
    struct functions_config parts = {(*c)->path, (*c)->dictionaries, (*c)->units, (*c)->mask_keys};
    return functions_load(&parts, out, f);
}

static void write_beside(const char *suffix, const char *text)
{
    char name[200];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void remove_beside(const char *suffix)
{
    char name[200];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    assert_int_equal(unlink(name), 0);
}

static void every_key_of_the_table_is_read(void **state)
{
    (void)state;
    struct config *c;
    struct functions *fs;
    struct failure f;
    char text[4000];
    const char *name = strrchr(path, '/') + 1;
    write_beside(".csv", "material,ratio\nSTL,1 box = 12 pcs\n");
    write_beside(".key", "0123456789abcdef\n");
    setenv("MASK_KEY_OF_TEST", "fedcba9876543210", 1);
    snprintf(text, sizeof text,
             TOP "dictionaries: { d: { codes: { NO: 012 }, unknown: pass, reverse: { value: x } } }\n"
                 "units: { ratios: [1 kg = 1000 g], materials: { A: [1 box = 2 pcs] },\n"
                 "         materials_file: %s.csv, unknown: fail }\n"
                 "mask_keys: { a: { key_file: %s.key }, b: { key_env: MASK_KEY_OF_TEST } }\n",
             name, name);
    if (load_codes(text, &c, &fs, &f) != STATUS_OK)
        complain("%s", f.text);
    const struct dictionary *d = dictionary_find(functions_dictionaries(fs), "d", 1);
    assert_string_equal(dictionary_value(d, "NO", 2), "012");
    assert_non_null(mask_key_find(functions_mask_keys(fs), "a", 1));
    assert_int_equal(mask_key_find(functions_mask_keys(fs), "b", 1)->size, 16);
    functions_free(fs);
    config_free(c);
    remove_beside(".csv");
    remove_beside(".key");
}

static void a_bad_code(const char *text, const char *place, const char *message)
{
    struct config *c;
    struct functions *fs;
    struct failure f;
    char start[200];
    assert_int_equal(load_codes(text, &c, &fs, &f), STATUS_CONFIG);
    snprintf(start, sizeof start, "%s:%s", path, place);
    if (strncmp(f.text, start, strlen(start)) != 0 || !strstr(f.text, message))
        complain("\n  got      %s\n  expected %s ... %s\n", f.text, start, message);
    assert_null(strstr(f.text, "hunter2"));
    assert_null(fs);
    config_free(c);
}

static void what_is_wrong_is_placed_and_no_secret_is_said(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {TOP "dictionaries: { d: {} }\n", "6:20: ", "needs `file` or `codes`"},
        {TOP "dictionaries: { d: x }\n", "6:20: ", "a dictionary must be a mapping"},
        {TOP "dictionaries: { d: { codes: { a: 1 }, unknown: stop } }\n", "6:48: ", "fail, quarantine"},
        {TOP "units: [kg]\n", "6:9: ", "kg"},
        {TOP "units: [1 kg = 0.1 g]\n", "6:9: ", "kg"},
        {TOP "mask_keys: { k: hunter2 }\n", "6:17: ", "the key itself never stands in this file"},
        {TOP "mask_keys: { k: [hunter2] }\n", "6:17: ", "must be"},
        {TOP "mask_keys: { k: { key_env: hunter2-hunter2 } }\n", "6:28: ", "never stands in this"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        a_bad_code(cases[i].text, cases[i].place, cases[i].message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_of_the_table_is_read),
        cmocka_unit_test(what_is_wrong_is_placed_and_no_secret_is_said),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
