/* test_functions_text.c: zones, patterns, JSON, masks, and which functions a mapping may call
 * libs: functions */
#include "functions_connection.h"
#include <time.h>

static struct connection c;

static const char *const files[] = {"config.yaml", "key", NULL};
static const char secret[] = "0123456789abcdef-persons";

static int open_connection(void **state)
{
    (void)state;
    write_file(test_path("key"), secret, strlen(secret));
    setenv("TEST_MASK_KEY", "another key of the environment", 1);
    connection_open(&c, "mask_keys:\n  persons: { key_file: key }\n"
                        "  other: { key_env: TEST_MASK_KEY }\n");
    return 0;
}

static int close_connection(void **state)
{
    (void)state;
    connection_close(&c);
    test_folder_remove(files);
    return 0;
}

static void gives(const char *sql, const char *expected)
{
    connection_gives(&c, sql, expected);
}

static void refuses(const char *sql, enum outcome_kind kind, enum outcome_reason reason,
                    const char *part)
{
    connection_refuses(&c, sql, kind, reason, part);
}

/* ---- zones ---- */

static void a_moment_is_said_by_another_clock(void **state)
{
    (void)state;
    gives("select at_zone('2026-11-22 16:48:00', 'Asia/Shanghai', 'UTC')", "2026-11-22 08:48:00Z");
    gives("select at_zone('2026-11-22 08:48:00', 'UTC', 'Asia/Shanghai')", "2026-11-22 16:48:00");
    gives("select at_zone('2026-11-22T16:48', 'Asia/Shanghai', 'Europe/Berlin')",
          "2026-11-22 09:48:00");
    gives("select at_zone('2026-11-22 16:48:00.123456', 'UTC', '+08:00')",
          "2026-11-23 00:48:00.123456");
    gives("select at_zone('2026-11-22 16:48:00.5', 'UTC', 'UTC')", "2026-11-22 16:48:00.500000Z");
    gives("select at_zone(null, 'UTC', 'UTC')", "NULL");
}

static void an_instant_does_not_ask_for_its_zone(void **state)
{
    (void)state;
    gives("select at_zone('2026-11-22 08:48:00Z', 'Europe/Berlin', 'Asia/Shanghai')",
          "2026-11-22 16:48:00");
    gives("select at_zone('2026-11-22 16:48:00+08', 'UTC', 'UTC')", "2026-11-22 08:48:00Z");
    gives("select at_zone('2026-11-22 16:48:00+0800', 'UTC', 'UTC')", "2026-11-22 08:48:00Z");
    gives("select at_zone('2026-11-22 03:18:00-05:30', 'UTC', 'UTC')", "2026-11-22 08:48:00Z");
}

static void gaps_and_folds_are_those_of_plain_flows(void **state)
{
    (void)state;
    /* In a gap the offset from before it: 02:30 is 03:30. In a fold the first of the two. */
    gives("select at_zone('2026-03-29 02:30:00', 'Europe/Berlin', 'UTC')", "2026-03-29 01:30:00Z");
    gives("select at_zone('2026-03-29 01:30:00Z', 'UTC', 'Europe/Berlin')", "2026-03-29 03:30:00");
    gives("select at_zone('2026-10-25 02:30:00', 'Europe/Berlin', 'UTC')", "2026-10-25 00:30:00Z");
    gives("select at_zone('2026-10-25 01:30:00Z', 'UTC', 'Europe/Berlin')", "2026-10-25 02:30:00");
    /* One clock: nothing is shifted, a time in a gap included. */
    gives("select at_zone('2026-03-29 02:30:00', 'Europe/Berlin', 'Europe/Berlin')",
          "2026-03-29 02:30:00");
}

static void a_day_is_shifted_by_no_zone(void **state)
{
    (void)state;
    gives("select at_zone('2026-11-22', 'Asia/Shanghai', 'UTC')", "2026-11-22");
}

static void what_is_no_moment_is_set_aside(void **state)
{
    (void)state;
    static const char *const bad[] = {"0000-00-00 00:00:00", "2026-02-30 10:00", "2026-11-22 24:00",
                                      "2026-11-22 10:60",    "2026-1-2 10:00",   "22.11.2026 10:00",
                                      "2026-11-22 ",         "2026-11-22Z",      "now",
                                      "2026-11-22 10:00:00.1234567", "2026-11-22 10:00 UTC", ""};
    char sql[128];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(sql, sizeof sql, "select at_zone('%s', 'UTC', 'Asia/Shanghai')", bad[i]);
        refuses(sql, OUTCOME_QUARANTINE, REASON_MOMENT, bad[i]);
    }
    refuses("select at_zone('0001-01-01 00:00', 'Asia/Shanghai', 'UTC')", OUTCOME_QUARANTINE,
            REASON_MOMENT, "years");
    refuses("select at_zone(1, 'UTC', 'UTC')", OUTCOME_QUARANTINE, REASON_MOMENT, "\"1\"");
    refuses("select at_zone('2026-11-22 10:00', 'Mars/Olympus', 'UTC')", OUTCOME_FAIL, REASON_USE,
            "time zone");
}

/* ---- patterns ---- */

static void a_group_of_a_pattern_is_taken(void **state)
{
    (void)state;
    gives("select regex_extract('100mm X  5mm', '(\\d+)mm')", "100");
    gives("select regex_extract('100mm X  5mm', '(\\d+)mm\\s+X\\s+(\\d+)mm', 2)", "5");
    gives("select regex_extract('100mm X  5mm', '(\\d+)mm', 0)", "100mm");
    gives("select regex_extract('STL-100x5-BLU', '[A-Z]+$')", "BLU");
    gives("select regex_extract('蓝色100毫米', '(\\d+)毫米')", "100");
    gives("select regex_extract('蓝色', '^.')", "蓝");
    gives("select regex_extract('ab', 'a(x)?b')", "NULL");
    gives("select regex_extract(null, 'a')", "NULL");
    gives("select regex_extract('a', null)", "NULL");
    gives("select regex_matches('abc', 'b') || regex_matches('abc', 'x')", "10");
    gives("select group_concat(regex_extract(x, p)) from (select 'a1' as x, '\\d' as p union all "
          "select 'a1', '[a-z]')",
          "1,a");
}

/* More than a connection keeps. */
static void patterns_may_be_as_many_as_rows(void **state)
{
    (void)state;
    gives("with recursive n(i) as (select 1 union all select i + 1 from n where i < 1500)"
          " select sum(regex_extract('a' || (i % 700) || 'b', 'a(' || (i % 700) || ')b')"
          "            = cast(i % 700 as text)) from n",
          "1500");
}

static void no_match_is_set_aside_and_not_null(void **state)
{
    (void)state;
    refuses("select regex_extract('100 mm', '(\\d+)mm')", OUTCOME_QUARANTINE, REASON_MATCH,
            "does not match");
    assert_string_equal(c.outcome->code, "100 mm");
    assert_string_equal(c.outcome->subject, "(\\d+)mm");
    refuses("select regex_extract(cast(x'61ff' as text), 'a')", OUTCOME_QUARANTINE, REASON_UTF8,
            "UTF-8");
}

static void a_bad_pattern_is_the_mappings_fault(void **state)
{
    (void)state;
    refuses("select regex_extract('a', '(')", OUTCOME_FAIL, REASON_USE, "missing closing");
    refuses("select regex_extract('a', '\\C')", OUTCOME_FAIL, REASON_USE, "\\C");
    refuses("select regex_extract('a', 'a', 1)", OUTCOME_FAIL, REASON_USE, "groups 0 to 0");
    refuses("select regex_extract('a', 'a', 'x')", OUTCOME_FAIL, REASON_USE, "groups");
}

static void a_pattern_that_never_ends_ends(void **state)
{
    (void)state;
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    refuses("select regex_extract('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab', "
            "'^(a+)+$')",
            OUTCOME_QUARANTINE, REASON_MATCH_LIMIT, "match limit");
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_true(to.tv_sec - from.tv_sec < 5);
}

/* ---- JSON ---- */

static void the_first_key_that_is_there_is_picked(void **state)
{
    (void)state;
    gives("select json_pick('{\"en_US\":\"Bolt\",\"zh_CN\":\"螺栓\"}', 'zh_CN', 'en_US')", "螺栓");
    gives("select json_pick('{\"en_US\":\"Bolt\"}', 'zh_CN', 'en_US')", "Bolt");
    gives("select json_pick('{\"en_US\":\"Bolt\",\"zh_CN\":null}', 'zh_CN', 'en_US')", "Bolt");
    gives("select json_pick('{\"zh_CN\":\"\\u87ba\\u6813\"}', 'zh_CN')", "螺栓");
    gives("select json_pick('{\"zh_CN\":\"\"}', 'zh_CN', 'en_US')", "");
    gives("select json_pick('{}', 'zh_CN', 'en_US')", "NULL");
    gives("select json_pick(null, 'zh_CN')", "NULL");
    gives("select json_pick('{\"a\":5}', 'a')", "5");
    gives("select json_pick('{\"a\":true}', 'a')", "1");
    gives("select json_pick('{\"a\":[1,{\"b\":2}]}', 'a')", "[1,{\"b\":2}]");
    refuses("select json_pick('Bolt', 'en_US')", OUTCOME_QUARANTINE, REASON_JSON, "no JSON object");
    refuses("select json_pick('[1]', 'en_US')", OUTCOME_QUARANTINE, REASON_JSON, "no JSON object");
    refuses("select json_pick('{\"a\":999999999999.999999999}', 'a')", OUTCOME_QUARANTINE,
            REASON_JSON, "double");
    refuses("select json_pick('{}')", OUTCOME_FAIL, REASON_USE, "one key");
}

/* ---- masks ---- */

static void a_mask_is_the_same_on_every_run(void **state)
{
    (void)state;
    gives("select sha256('abc')",
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    gives("select sha256('')", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    gives("select sha256(null)", "NULL");
    /* python3: hmac.new(b'0123456789abcdef-persons', '张三'.encode(), 'sha256').hexdigest() */
    gives("select mask('张三', 'persons')",
          "4b53a854cb97dffbc32d9cdca9f276feff39f8d2b48fb0cfbb004992ae09754e");
    gives("select mask('张三', 'persons') = mask('张三', 'other')", "0");
    gives("select mask(null, 'persons')", "NULL");
    gives("select length(mask(5, 'other'))", "64");
}

static void a_key_is_in_no_error(void **state)
{
    (void)state;
    refuses("select mask('x', '0123456789abcdef-persons')", OUTCOME_FAIL, REASON_USE, "mask_keys");
    assert_null(strstr(c.outcome->text, secret));
    static const struct {
        const char *yaml, *part;
    } cases[] = {
        {"mask_keys: { p: 0123456789abcdef-persons }\n", "never stands in this file"},
        {"mask_keys: { p: { key_env: 0123456789abcdef-persons } }\n", "never stands in this file"},
        {"mask_keys: { p: { key_env: NO_SUCH_VARIABLE } }\n", "no variable"},
        {"mask_keys: { p: { key_file: none } }\n", "cannot be opened"},
        {"mask_keys: { p: { key_file: key, key_env: A } }\n", "not both"},
        {"mask_keys: { p: {} }\n", "needs key_file or key_env"},
        {"mask_keys: { p: { key_env: TEST_SHORT } }\n", "has 5 bytes"},
    };
    setenv("TEST_SHORT", "short", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct failure f = {0};
        struct functions *fs = NULL;
        assert_int_equal(load_functions(cases[i].yaml, &fs, &f), STATUS_CONFIG);
        assert_non_null(strstr(f.text, ":1:"));
        if (!strstr(f.text, cases[i].part) || strstr(f.text, secret) || strstr(f.text, "short"))
            fail_msg("%s: not %s", f.text, cases[i].part);
    }
}

/* ---- what may be called ---- */

static void only_harmless_functions_may_be_called(void **state)
{
    (void)state;
    static const char *const good[] = {"dec_add", "DEC_ADD", "sum",   "min",  "coalesce", "->>",
                                       "substr",  "map",     "upper", "date", "count"};
    static const char *const bad[] = {"random",   "randomblob",     "load_extension",
                                      "readfile", "writefile",      "changes",
                                      "fts3_tokenizer", "sqlite_version", "whatever",
                                      "current_timestamp", "sin"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_null(functions_refused(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null(functions_refused(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moment_is_said_by_another_clock),
        cmocka_unit_test(an_instant_does_not_ask_for_its_zone),
        cmocka_unit_test(gaps_and_folds_are_those_of_plain_flows),
        cmocka_unit_test(a_day_is_shifted_by_no_zone),
        cmocka_unit_test(what_is_no_moment_is_set_aside),
        cmocka_unit_test(a_group_of_a_pattern_is_taken),
        cmocka_unit_test(patterns_may_be_as_many_as_rows),
        cmocka_unit_test(no_match_is_set_aside_and_not_null),
        cmocka_unit_test(a_bad_pattern_is_the_mappings_fault),
        cmocka_unit_test(a_pattern_that_never_ends_ends),
        cmocka_unit_test(the_first_key_that_is_there_is_picked),
        cmocka_unit_test(a_mask_is_the_same_on_every_run),
        cmocka_unit_test(a_key_is_in_no_error),
        cmocka_unit_test(only_harmless_functions_may_be_called),
    };
    return cmocka_run_group_tests(tests, open_connection, close_connection);
}
