/* test_fail.c: the list of errors, texts with context; back-off; quoting for logs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>
#include "base/backoff.h"
#include "base/fail.h"
#include "base/log.h"

static void the_code_decides_the_class(void **state)
{
    (void)state;
    struct failure f;
    failure_clear(&f);
    assert_int_equal(fail(&f, ERROR_DEADLOCK, "table %s", "t"), STATUS_RETRY);
    assert_string_equal(f.text, "table t");
    assert_int_equal(f.code, ERROR_DEADLOCK);
    assert_string_equal(error_name(f.code), "deadlock");
    assert_int_equal(error_status(ERROR_NONE), STATUS_OK);
}

static void callers_put_their_context_before_the_text(void **state)
{
    (void)state;
    struct failure f;
    fail(&f, ERROR_UNIQUE, "duplicate key");
    assert_int_equal(fail_in(&f, "table %s", "orders"), STATUS_DATA);
    assert_string_equal(f.text, "table orders: duplicate key");
    fail(&f, ERROR_UNIQUE, "again: %s", f.text);
    assert_string_equal(f.text, "again: table orders: duplicate key");
}

static void a_long_text_is_cut(void **state)
{
    (void)state;
    static char longer[3 * FAILURE_TEXT_BYTES];
    memset(longer, 'x', sizeof longer - 1);
    struct failure f;
    fail(&f, ERROR_VALUE, "%s", longer);
    assert_int_equal(strlen(f.text), FAILURE_TEXT_BYTES - 1);
    fail_in(&f, "%s", longer);
    fail_in(&f, "table");
    assert_int_equal(strlen(f.text), FAILURE_TEXT_BYTES - 1);
    assert_memory_equal(f.text, "table: xx", 9);
}

static void a_text_is_one_line_of_whole_characters(void **state)
{
    (void)state;
    struct failure f;
    static char longer[FAILURE_TEXT_BYTES + 10];
    fail(&f, ERROR_VALUE, "ERROR:  bad\nDETAIL:\tmore\n");
    assert_string_equal(f.text, "ERROR:  bad DETAIL: more");
    for (size_t i = 0; i + 3 < sizeof longer; i += 3)
        memcpy(longer + i, "厂", 3);
    fail(&f, ERROR_VALUE, "%s", longer);
    assert_int_equal(strlen(f.text), (FAILURE_TEXT_BYTES - 1) / 3 * 3);
    fail(&f, ERROR_VALUE, "x%s", longer);
    assert_int_equal((strlen(f.text) - 1) % 3, 0);
    fail_in(&f, "in");
    assert_int_equal((strlen(f.text) - 5) % 3, 0);
}

static void what_is_no_character_is_left_out(void **state)
{
    (void)state;
    struct failure f = {0};
    fail(&f, ERROR_UNIQUE, "%s", "Key (v)=(a\xC3, 'b\xE2\x82', \xFF\xC0\xAF\xED\xA0\x80)");
    assert_string_equal(f.text, "Key (v)=(a, 'b', )");
    fail(&f, ERROR_UNIQUE, "%s", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x9A\x82");
    assert_string_equal(f.text, "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x9A\x82");
}

static void a_log_line_is_one_write(void **state)
{
    (void)state;
    int ends[2], saved = dup(STDERR_FILENO);
    char line[20000];
    static char longer[10000];
    memset(longer, 'x', sizeof longer - 1);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    log_info("link=%s n=%d", "erp-mes", 7);
    log_debug("not shown");
    ssize_t size = read(ends[0], line, sizeof line);
    log_warn("%s", longer);
    ssize_t cut = read(ends[0], line + size, sizeof line - (size_t)size);
    dup2(saved, STDERR_FILENO);
    close(saved);
    line[size + cut] = 0;
    assert_int_equal(line[size - 1], '\n');
    assert_non_null(strstr(line, "Z info link=erp-mes n=7\n"));
    assert_int_equal(line[4], '-');
    assert_int_equal(line[10], 'T');
    assert_true(cut < 9000);
    assert_int_equal(line[size + cut - 1], '\n');
    close(ends[0]);
    close(ends[1]);
}

static void waits_double_up_to_ten_seconds(void **state)
{
    (void)state;
    struct backoff b = {0};
    for (int i = 0, step = 100; i < 50; i++, step *= step < 10000 ? 2 : 1) {
        int most = step > 10000 ? 10000 : step;
        int ms = backoff_next_ms(&b);
        assert_in_range(ms, most * 3 / 4, most);
    }
    backoff_reset(&b);
    assert_in_range(backoff_next_ms(&b), 75, 100);
}

static void quoted_text_stays_on_its_line(void **state)
{
    (void)state;
    const char *a = log_quote("say \"hi\"\n\x01");
    const char *b = log_quote("b");
    assert_string_equal(a, "\"say \\\"hi\\\"\\n\\x01\"");
    assert_string_equal(b, "\"b\"");
    static char longer[20000];
    memset(longer, '"', sizeof longer - 1);
    const char *cut = log_quote(longer);
    assert_string_equal(cut + strlen(cut) - 4, "...\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_code_decides_the_class),
        cmocka_unit_test(callers_put_their_context_before_the_text),
        cmocka_unit_test(a_long_text_is_cut),
        cmocka_unit_test(a_text_is_one_line_of_whole_characters),
        cmocka_unit_test(what_is_no_character_is_left_out),
        cmocka_unit_test(a_log_line_is_one_write),
        cmocka_unit_test(waits_double_up_to_ten_seconds),
        cmocka_unit_test(quoted_text_stays_on_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
