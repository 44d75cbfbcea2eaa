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

/* ---- the hash of what was loaded ---- */

static void hash_of(const char *text, char out[DIGEST_TEXT_BYTES])
{
    struct config *c;
    struct functions *fs;
    struct failure f;
    char whole[4000];
    snprintf(whole, sizeof whole, TOP "%s", text);
    if (load_codes(whole, &c, &fs, &f) != STATUS_OK)
        complain("%s", f.text);
    strcpy(out, functions_hash(fs));
    functions_free(fs);
    config_free(c);
}

#define KEY "mask_keys: { a: { key_env: MASK_KEY_OF_TEST } }\n"

static void the_hash_knows_what_functions_answer(void **state)
{
    (void)state;
    static const char base[] = "dictionaries: { d: { codes: { a: 1, b: 2 } }, e: { codes: { x: y } } }\n"
                               "units: [1 kg = 1000 g, 1 dozen = 12 pcs]\n" KEY;
    static const char *const same[] = {
        "dictionaries: { e: { codes: { x: y } }, d: { unknown: fail, codes: { b: 2, a: '1' } } }\n"
        "units: { ratios: [1 dozen = 12 pcs, 1 kg = 1000 g], unknown: quarantine }\n" KEY,
    };
    static const char *const other[] = {
        "dictionaries: { d: { codes: { a: 1, b: 3 } }, e: { codes: { x: y } } }\n"
        "units: [1 kg = 1000 g, 1 dozen = 12 pcs]\n" KEY,
        "dictionaries: { d: { codes: { a: 1, b: 2 }, unknown: pass }, e: { codes: { x: y } } }\n"
        "units: [1 kg = 1000 g, 1 dozen = 12 pcs]\n" KEY,
        "dictionaries: { d: { codes: { a: 1, b: 2 } }, e: { codes: { x: y } } }\n"
        "units: [1 kg = 1000 g, 1 dozen = 20 pcs]\n" KEY,
        "dictionaries: { d: { codes: { a: 1, b: 2 } }, e: { codes: { x: y } } }\n"
        "units: { ratios: [1 kg = 1000 g], materials: { A: [1 dozen = 12 pcs] } }\n" KEY,
    };
    char expected[DIGEST_TEXT_BYTES], got[DIGEST_TEXT_BYTES];
    setenv("MASK_KEY_OF_TEST", "fedcba9876543210", 1);
    hash_of(base, expected);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        hash_of(same[i], got);
        assert_string_equal(got, expected);
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        hash_of(other[i], got);
        assert_string_not_equal(got, expected);
    }
    setenv("MASK_KEY_OF_TEST", "fedcba9876543211", 1);
    hash_of(base, got);
    assert_string_not_equal(got, expected);
}

/* The bytes of a file count, not its name. */
static void the_hash_knows_what_is_in_the_files(void **state)
{
    (void)state;
    char text[200], first[DIGEST_TEXT_BYTES], got[DIGEST_TEXT_BYTES];
    snprintf(text, sizeof text, "dictionaries: { d: { file: %s.csv } }\n", strrchr(path, '/') + 1);
    write_beside(".csv", "code,value\na,1\n");
    hash_of(text, first);
    write_beside(".csv", "code,value\na,2\n");
    hash_of(text, got);
    assert_string_not_equal(got, first);
    hash_of("dictionaries: { d: { codes: { a: 1 } } }\n", got);
    assert_string_equal(got, first);
    remove_beside(".csv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_of_the_table_is_read),
        cmocka_unit_test(what_is_wrong_is_placed_and_no_secret_is_said),
        cmocka_unit_test(the_hash_knows_what_functions_answer),
        cmocka_unit_test(the_hash_knows_what_is_in_the_files),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
