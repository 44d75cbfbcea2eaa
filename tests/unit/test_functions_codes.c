/* test_functions_codes.c: dictionaries: map, unmap, their policies, YAML and CSV
 * libs: functions */
#include "functions_connection.h"

static struct connection c;

static const char *const files[] = {"config.yaml", "codes.csv", NULL};

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

static void codes_are_texts_whatever_yaml_thinks(void **state)
{
    (void)state;
    connection_open(&c, "dictionaries:\n"
                        "  land: { codes: { NO: Norway, Y: yes, 012: 1e3, ~: tilde, null: 'null', "
                        "true: 0x10, '': '' } }\n");
    gives("select map('land', 'NO')", "Norway");
    gives("select map('land', 'Y')", "yes");
    gives("select map('land', '012')", "1e3");
    gives("select map('land', '~')", "tilde");
    gives("select map('land', 'null')", "null");
    gives("select map('land', 'true')", "0x10");
    gives("select map('land', '')", "");
    gives("select typeof(map('land', '012'))", "text");
    refuses("select map('land', 12)", OUTCOME_FAIL, REASON_CODE, "land", "12");
    refuses("select map('land', 'no')", OUTCOME_FAIL, REASON_CODE, "land", "no");
    gives("select map('land', null)", "NULL");
    connection_close(&c);
}

static void an_integer_finds_the_code_it_is_written_as(void **state)
{
    (void)state;
    connection_open(&c, "dictionaries:\n  active: { codes: { 1: Y, 0: N } }\n");
    gives("select map('active', 1)", "Y");
    gives("select map('active', '0')", "N");
    connection_close(&c);
}

static void unknown_codes_follow_the_policy(void **state)
{
    (void)state;
    connection_open(&c, "dictionaries:\n"
                        "  f: { codes: { a: b }, unknown: fail }\n"
                        "  q: { codes: { a: b }, unknown: quarantine }\n"
                        "  p: { codes: { a: b }, unknown: pass }\n"
                        "  v: { codes: { a: b }, unknown: { value: '0' } }\n");
    refuses("select map('f', 'x')", OUTCOME_FAIL, REASON_CODE, "f", "x");
    refuses("select map('q', 'NORMAL')", OUTCOME_QUARANTINE, REASON_CODE, "q", "NORMAL");
    assert_string_equal(c.outcome->text, "map: dictionary q has no code \"NORMAL\"");
    gives("select map('p', 'x')", "x");
    gives("select typeof(map('p', 5))", "text");
    gives("select map('v', 'x')", "0");
    gives("select map('v', 'a')", "b");
    gives("select group_concat(map('v', x)) from (select 'a' as x union all select 'z')", "b,0");
    connection_close(&c);
}

static void a_dictionary_that_is_not_there_is_the_mappings_fault(void **state)
{
    (void)state;
    connection_open(&c, NULL);
    refuses("select map('uom', 'x')", OUTCOME_FAIL, REASON_USE, "", "");
    assert_non_null(strstr(c.outcome->text, "no dictionary \"uom\""));
    refuses("select map(null, 'x')", OUTCOME_FAIL, REASON_USE, "", "");
    connection_close(&c);
}

static void a_dictionary_is_read_backwards_where_it_says_so(void **state)
{
    (void)state;
    connection_open(&c, "dictionaries:\n"
                        "  one: { codes: { a: b } }\n"
                        "  two: { codes: { a: b, c: d }, reverse: quarantine, unknown: pass }\n"
                        "  three: { codes: { a: b }, reverse: { value: z } }\n");
    refuses("select unmap('one', 'b')", OUTCOME_FAIL, REASON_USE, "", "");
    assert_non_null(strstr(c.outcome->text, "both ways"));
    gives("select unmap('two', 'd')", "c");
    gives("select unmap('two', null)", "NULL");
    refuses("select unmap('two', 'a')", OUTCOME_QUARANTINE, REASON_CODE, "two", "a");
    gives("select map('two', 'x')", "x");
    gives("select unmap('three', 'x')", "z");
    connection_close(&c);
}

/* ---- CSV ---- */

static const char *csv_config = "dictionaries:\n  d: { file: codes.csv, reverse: fail }\n";

static void open_csv(const char *text)
{
    write_file(test_path("codes.csv"), text, strlen(text));
    connection_open(&c, csv_config);
}

static void a_csv_file_lies_beside_the_configuration(void **state)
{
    (void)state;
    open_csv("code,value\nNO,Norway\n012,0012\n Y , yes\n\"a, \"\"b\"\"\",\"two\nlines\"\n"
             "\" x \",\n中,国\n");
    gives("select map('d', 'NO')", "Norway");
    gives("select map('d', '012')", "0012");
    gives("select map('d', 'Y')", "yes");
    gives("select map('d', 'a, \"b\"')", "two\nlines");
    gives("select map('d', ' x ')", "");
    gives("select map('d', '中')", "国");
    gives("select unmap('d', 'Norway')", "NO");
    connection_close(&c);
}

static void a_byte_order_mark_and_crlf_are_no_part_of_a_code(void **state)
{
    (void)state;
    open_csv("\xEF\xBB\xBF"
             "code,value\r\na,b\r\n\r\nc,d");
    gives("select map('d', 'a')", "b");
    gives("select map('d', 'c')", "d");
    connection_close(&c);
}

static void refused_csv(const char *text, size_t size, const char *place, const char *part)
{
    struct failure f = {0};
    struct functions *fs = NULL;
    char expected[256];
    write_file(test_path("codes.csv"), text, size);
    assert_int_equal(load_functions(csv_config, &fs, &f), STATUS_CONFIG);
    snprintf(expected, sizeof expected, "%s%s: ", test_path("codes.csv"), place);
    if (strncmp(f.text, expected, strlen(expected)) != 0 || !strstr(f.text, part))
        fail_msg("%s: not %s...%s", f.text, expected, part);
}

static void refused_text(const char *text, const char *place, const char *part)
{
    refused_csv(text, strlen(text), place, part);
}

static void mistakes_in_a_csv_file_have_a_line(void **state)
{
    (void)state;
    refused_text("", ":1", "empty");
    refused_text("\n\n", ":1", "empty");
    refused_text("a,b\nc,d\n", ":1", "\"code,value\"");
    refused_text("code;value\na;b\n", ":1", "\"code,value\"");
    refused_text("code,value\na,b\nc\n", ":3", "1 column, not the 2");
    refused_text("code,value\na,b\n\nc,d,e\n", ":4", "3 columns, not the 2");
    refused_text("code,value\na,\"x\ny\"\nb,c,d\n", ":4", "3 columns");
    refused_text("code,value\na,b\n\"x\ny\",c\na,d\n", ":5", "\"a\" stands twice");
    refused_text("code,value\na,b\nc,b\n", ":3", "both mean \"b\"");
    refused_text("code,value\na,\"b\nc,d\n", ":2", "not closed");
    refused_text("code,value\na,b\"c\n", ":2", "quote");
    refused_text("code,value\na,b\xFF\n", ":2", "UTF-8");
    refused_csv("code,value\na,\0b\n", 17, ":2", "NUL");
    unlink(test_path("codes.csv"));
    struct failure f = {0};
    struct functions *fs = NULL;
    assert_int_equal(load_functions(csv_config, &fs, &f), STATUS_CONFIG);
    assert_non_null(strstr(f.text, "codes.csv: cannot be opened"));
    write_file(test_path("codes.csv"), "", 0);
}

static void a_file_with_a_header_alone_has_no_codes(void **state)
{
    (void)state;
    struct failure f = {0};
    struct functions *fs = NULL;
    write_file(test_path("codes.csv"), "code,value\n", 11);
    assert_int_equal(load_functions(csv_config, &fs, &f), STATUS_CONFIG);
    assert_non_null(strstr(f.text, "config.yaml:2:6: dictionary d has no codes"));
}

static void mistakes_in_yaml_have_line_and_column(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *error;
    } cases[] = {
        {"dictionaries: [a]\n", ":1:15: dictionaries must be a mapping, not a list"},
        {"dictionaries:\n  d: x\n", ":2:6: a dictionary must be a mapping, not a single value"},
        {"dictionaries:\n  d: { fil: x }\n",
         ":2:8: a dictionary has no key \"fil\"; allowed: file"},
        {"dictionaries:\n  d: { unknown: fail }\n", ":2:6: dictionary d needs `file` or `codes`"},
        {"dictionaries:\n  d: { file: x, codes: { a: b } }\n", "not both"},
        {"dictionaries:\n  d: { codes: {} }\n", ":2:6: dictionary d has no codes"},
        {"dictionaries:\n  d: { codes: { a: [b] } }\n", ":2:20: the value of a code must be one"},
        {"dictionaries:\n  d: { codes: { a: } }\n", "the value of a code must be one"},
        {"dictionaries:\n  d: { codes: { a: b }, unknown: drop }\n",
         ":2:34: unknown must be fail, quarantine, pass or"},
        {"dictionaries:\n  d: { codes: { a: b }, unknown: { valu: b } }\n", "no key \"valu\""},
        {"dictionaries:\n  d: { codes: { a: b, c: b }, reverse: fail }\n",
         ":2:23: dictionary d: the codes \"a\" and \"c\" both mean \"b\""},
        {"dictionaries:\n  d: { codes: { a: b, a: b } }\n", "\"a\" is given twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct failure f = {0};
        struct functions *fs = NULL;
        assert_int_equal(load_functions(cases[i].yaml, &fs, &f), STATUS_CONFIG);
        if (!strstr(f.text, cases[i].error))
            fail_msg("%s: not %s", f.text, cases[i].error);
    }
}

static void two_connections_share_the_dictionaries(void **state)
{
    (void)state;
    struct outcome *outcome;
    struct failure f = {0};
    sqlite3 *other;
    connection_open(&c, "dictionaries:\n  d: { codes: { a: b }, unknown: quarantine }\n");
    assert_int_equal(sqlite3_open(":memory:", &other), SQLITE_OK);
    assert_int_equal(functions_register(other, c.functions, &outcome, &f), STATUS_OK);
    refuses("select map('d', 'x')", OUTCOME_QUARANTINE, REASON_CODE, "d", "x");
    assert_int_equal(outcome->kind, OUTCOME_NONE);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    gives("select map('d', 'a')", "b");
    connection_close(&c);
}

static void a_dictionary_that_a_statement_names_must_be_there(void **state)
{
    (void)state;
    static const char *const fine[] = {
        "select map('unit', x), MAP ( 'unit' , x)",
        "select 'map(''no'', x)' -- map('no', x)",
        "select /* map('no', x) */ \"map\", :map, map(name, x), bitmap('no')",
        "select 1 where a = 'map(",
    };
    struct failure f = {0};
    connection_open(&c, "dictionaries:\n  unit: { codes: { a: b } }\n");
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        assert_int_equal(functions_names_check(c.functions, fine[i], &f), STATUS_OK);
    assert_int_not_equal(functions_names_check(c.functions, "select unmap('units', x)", &f),
                         STATUS_OK);
    assert_string_equal(f.text, "unmap: there is no dictionary \"units\": it would stand under "
                                "`dictionaries`");
    connection_close(&c);
    assert_int_not_equal(functions_names_check(NULL, "select map('unit', x)", &f), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dictionary_that_a_statement_names_must_be_there),
        cmocka_unit_test(codes_are_texts_whatever_yaml_thinks),
        cmocka_unit_test(an_integer_finds_the_code_it_is_written_as),
        cmocka_unit_test(unknown_codes_follow_the_policy),
        cmocka_unit_test(a_dictionary_that_is_not_there_is_the_mappings_fault),
        cmocka_unit_test(a_dictionary_is_read_backwards_where_it_says_so),
        cmocka_unit_test(a_csv_file_lies_beside_the_configuration),
        cmocka_unit_test(a_byte_order_mark_and_crlf_are_no_part_of_a_code),
        cmocka_unit_test(mistakes_in_a_csv_file_have_a_line),
        cmocka_unit_test(a_file_with_a_header_alone_has_no_codes),
        cmocka_unit_test(mistakes_in_yaml_have_line_and_column),
        cmocka_unit_test(two_connections_share_the_dictionaries),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
