/* test_binlog_json.c: binary JSON to MySQL's text; partial updates; damaged documents. Whole
 * documents from a server are in test_binlog.c's recordings.
 * libs: source_mysql */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "mysql/decode.h"

#define BYTES(text) reader_of(text, sizeof text - 1)

enum { TEXT_MAX = 1 << 20 };

/* {"a": 1, "b": [1, 2]} */
#define OBJECT                                                                                     \
    "\x00\x02\x00\x1e\x00\x12\x00\x01\x00\x13\x00\x01\x00\x05\x01\x00\x02\x14\x00"                 \
    "ab\x02\x00\x0a\x00\x05\x01\x00\x05\x02\x00"

static bool text_of(struct reader document, struct buffer *out)
{
    bool ok;
    binlog_json_write(document.at, reader_left(&document), out, &ok);
    return ok;
}

static void check(struct reader document, const char *expected)
{
    struct buffer b;
    buffer_init(&b, TEXT_MAX);
    assert_true(text_of(document, &b));
    assert_string_equal(buffer_text(&b), expected);
    buffer_free(&b);
}

static void containers_have_mysqls_spaces(void **state)
{
    (void)state;
    check(BYTES(OBJECT), "{\"a\": 1, \"b\": [1, 2]}");
    check(BYTES("\x02\x00\x00\x04\x00"), "[]");
    check(BYTES("\x00\x00\x00\x04\x00"), "{}");
}

static void an_empty_document_is_null(void **state)
{
    (void)state;
    check(BYTES(""), "null");
}

static void check_double(double d, const char *expected)
{
    uint8_t document[9] = {11};
    memcpy(document + 1, &d, sizeof d);
    check(reader_of(document, sizeof document), expected);
}

static void doubles_are_the_shortest_that_read_back(void **state)
{
    (void)state;
    check_double(1, "1.0");
    check_double(-0.0, "-0.0");
    check_double(0.1, "0.1");
    check_double(100000000000000, "100000000000000.0");
    check_double(1e15, "1e15");
    check_double(1e-14, "0.00000000000001");
    check_double(1e-16, "1e-16");
    check_double(-1.5e300, "-1.5e300");
    check_double(5e-324, "5e-324");
    check_double(123456789012345.6, "123456789012345.6");
    check_double(1234567891234567.8, "1234567891234567.8");
    check_double(9876543219876544, "9.876543219876544e15");
    check_double(-2.2292437040323312e-14, "-0.000000000000022292437040323312");
}

static void control_characters_are_escaped(void **state)
{
    (void)state;
    check(BYTES("\x0c\x0b\"\\/\b\f\n\r\t\x01\x1f\x7f"),
          "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
}

static void every_cut_of_a_document_is_refused(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, TEXT_MAX);
    for (size_t size = 1; size < sizeof OBJECT - 1; size++)
        assert_false(text_of(reader_of(OBJECT, size), &b));
    buffer_free(&b);
}

static void a_document_inside_itself_is_refused(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, TEXT_MAX);
    assert_false(text_of(BYTES("\x02\x01\x00\x07\x00\x02\x00\x00"), &b));
    /* twenty children, each the array itself: 20^100 values */
    uint8_t bomb[1 + 4 + 20 * 3] = {2, 20, 0, 4 + 20 * 3};
    for (int i = 0; i < 20; i++)
        bomb[5 + 3 * i] = 2;
    assert_false(text_of(reader_of(bomb, sizeof bomb), &b));
    buffer_free(&b);
}

static bool apply(struct reader diff, struct buffer *out)
{
    struct arena a;
    arena_init(&a);
    buffer_init(out, TEXT_MAX);
    bool ok = json_diff_apply(BYTES(OBJECT), diff, &a, out);
    arena_free(&a);
    return ok;
}

static void check_diff(struct reader diff, const char *expected)
{
    struct buffer b;
    assert_true(apply(diff, &b));
    assert_string_equal(buffer_text(&b), expected);
    buffer_free(&b);
}

#define TRUE_VALUE "\x02\x04\x01" /* size, literal, true */

static void partial_updates_change_what_their_path_names(void **state)
{
    (void)state;
    check_diff(BYTES("\x00\x03$.a" TRUE_VALUE), "{\"a\": true, \"b\": [1, 2]}");
    check_diff(BYTES("\x00\x06$.b[1]" TRUE_VALUE), "{\"a\": 1, \"b\": [1, true]}");
    check_diff(BYTES("\x01\x06$.b[0]" TRUE_VALUE), "{\"a\": 1, \"b\": [true, 1, 2]}");
    check_diff(BYTES("\x01\x06$.b[9]" TRUE_VALUE), "{\"a\": 1, \"b\": [1, 2, true]}");
    check_diff(BYTES("\x02\x06$.b[0]\x02\x03$.a"), "{\"b\": [2]}");
    check_diff(BYTES("\x01\x05$.\"c\"" TRUE_VALUE), "{\"a\": 1, \"b\": [1, 2], \"c\": true}");
    check_diff(BYTES("\x01\x04$.\"\"" TRUE_VALUE), "{\"\": true, \"a\": 1, \"b\": [1, 2]}");
    check_diff(BYTES("\x00\x01$" TRUE_VALUE), "true");
}

static void partial_updates_that_name_nothing_are_refused(void **state)
{
    (void)state;
    const struct reader diffs[] = {
        BYTES("\x00\x03$.x" TRUE_VALUE),
        BYTES("\x01\x03$.a" TRUE_VALUE),
        BYTES("\x02\x03$.x"),
        BYTES("\x00\x05$.a.a" TRUE_VALUE),
        BYTES("\x00\x06$.b[2]" TRUE_VALUE),
        BYTES("\x00\x05$.\"ab" TRUE_VALUE),
        BYTES("\x00\x05$.b[0" TRUE_VALUE),
        BYTES("\x03\x03$.a" TRUE_VALUE),
        BYTES("\x00\x03$.a\x7f\x04"),
        BYTES("\x00\x7f$"),
        BYTES("\x00\x06$.\"ab\\" TRUE_VALUE),
        BYTES("\x02\x01$"),
    };
    for (size_t i = 0; i < sizeof diffs / sizeof *diffs; i++) {
        struct buffer b;
        assert_false(apply(diffs[i], &b));
        buffer_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(containers_have_mysqls_spaces),
        cmocka_unit_test(an_empty_document_is_null),
        cmocka_unit_test(doubles_are_the_shortest_that_read_back),
        cmocka_unit_test(control_characters_are_escaped),
        cmocka_unit_test(every_cut_of_a_document_is_refused),
        cmocka_unit_test(a_document_inside_itself_is_refused),
        cmocka_unit_test(partial_updates_change_what_their_path_names),
        cmocka_unit_test(partial_updates_that_name_nothing_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
