/* test_pgoutput.c: wire bytes of pgoutput in, messages out; hostile bytes are refused.
 * libs: source_postgres */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
/* before cmocka.h, which has a macro of the name `fail` */
#include "postgres/decoder.h"
#include <cmocka.h>

static struct pgoutput m;
static struct failure f;

#define BYTES(text) (text), sizeof(text) - 1

static void accepts(const char *bytes, size_t size)
{
    failure_clear(&f);
    if (pgoutput_read(bytes, size, &m, &f) != STATUS_OK)
        fail_msg("%s", f.text);
}

static void refuses(const char *bytes, size_t size)
{
    /* In memory of exactly its size, so that a sanitizer sees a byte read too many. */
    char *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    assert_int_equal(pgoutput_read(copy, size, &m, &f), STATUS_BUG);
    assert_int_equal(f.code, ERROR_PROTOCOL);
    free(copy);
}

static const char BEGIN[] = "B\0\0\0\0\x01\x6b\x37\x48\0\0\0\0\0\0\0\x01\0\0\x02\xe5";
static const char COMMIT[] =
    "C\0\0\0\0\0\x01\x6b\x37\x48\0\0\0\0\x01\x6b\x37\x80\0\0\0\0\0\0\0\x02";
static const char RELATION[] = "R\0\0\x40\0public\0orders\0d\0\x02"
                               "\x01id\0\0\0\0\x17\xff\xff\xff\xff"
                               "\0note\0\0\0\x04\x13\0\0\0\x2c";
static const char INSERT[] = "I\0\0\x40\0N\0\x02t\0\0\0\x02"
                             "42n";
static const char UPDATE_KEY[] = "U\0\0\x40\0K\0\x02t\0\0\0\x01"
                                 "1nN\0\x02t\0\0\0\x01"
                                 "2u";
static const char DELETE_OLD[] = "D\0\0\x40\0O\0\x02t\0\0\0\x01"
                                 "7t\0\0\0\0";
static const char TRUNCATE[] = "T\0\0\0\x02\x01\0\0\x40\0\0\0\x40\x01";
static const char MARKER[] = "M\x01\0\0\0\0\x01\x6b\x37\x48millrace\0\0\0\0\x05"
                             "1 7 0";

static void begin_tells_where_its_commit_lies_and_when(void **state)
{
    (void)state;
    accepts(BYTES(BEGIN));
    assert_int_equal(m.kind, 'B');
    assert_int_equal(m.lsn, 0x16b3748);
    assert_int_equal(m.committed_us, INT64_C(946684800000001));
    assert_int_equal(m.xid, 741);
}

static void commit_gives_its_end_not_its_start(void **state)
{
    (void)state;
    accepts(BYTES(COMMIT));
    assert_int_equal(m.lsn, 0x16b3780);
}

static void relation_lists_columns_with_key_flag_type_and_modifier(void **state)
{
    (void)state;
    accepts(BYTES(RELATION));
    assert_int_equal(m.oid, 0x4000);
    assert_string_equal(m.schema, "public");
    assert_string_equal(m.name, "orders");
    assert_int_equal(m.identity, 'd');
    assert_int_equal(m.ncolumns, 2);
    assert_true(m.columns[0].key);
    assert_int_equal(m.columns[0].type, 23);
    assert_int_equal(m.columns[0].modifier, -1);
    assert_false(m.columns[1].key);
    assert_string_equal(m.columns[1].name, "note");
    assert_int_equal(m.columns[1].modifier, 44);
}

static void insert_has_text_and_null(void **state)
{
    (void)state;
    accepts(BYTES(INSERT));
    assert_int_equal(m.after.ncells, 2);
    assert_memory_equal(m.after.cells[0].text, "42", 2);
    assert_int_equal(m.after.cells[1].kind, 'n');
    assert_int_equal(m.before.kind, 0);
}

static void update_of_a_key_has_the_old_key_and_marks_unchanged_toast(void **state)
{
    (void)state;
    accepts(BYTES(UPDATE_KEY));
    assert_int_equal(m.before.kind, 'K');
    assert_memory_equal(m.before.cells[0].text, "1", 1);
    assert_memory_equal(m.after.cells[0].text, "2", 1);
    assert_int_equal(m.after.cells[1].kind, 'u');
}

static void delete_of_a_full_identity_has_the_old_row_with_its_empty_string(void **state)
{
    (void)state;
    accepts(BYTES(DELETE_OLD));
    assert_int_equal(m.before.kind, 'O');
    assert_int_equal(m.before.cells[1].kind, 't');
    assert_int_equal(m.before.cells[1].size, 0);
    assert_int_equal(m.after.kind, 0);
}

static void truncate_lists_its_relations(void **state)
{
    (void)state;
    accepts(BYTES(TRUNCATE));
    assert_int_equal(m.noids, 2);
    assert_int_equal(pgoutput_truncated(&m, 1), 0x4001);
}

static void a_transactional_message_gives_prefix_and_content(void **state)
{
    (void)state;
    accepts(BYTES(MARKER));
    assert_true(m.transactional);
    assert_string_equal(m.prefix, "millrace");
    assert_int_equal(m.content_size, 5);
    assert_memory_equal(m.content, "1 7 0", 5);
}

/* Every message cut at every byte, and with one byte more. */
static void cut_and_lengthened_messages_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } all[] = {{BYTES(BEGIN)},      {BYTES(COMMIT)},     {BYTES(RELATION)}, {BYTES(INSERT)},
               {BYTES(UPDATE_KEY)}, {BYTES(DELETE_OLD)}, {BYTES(TRUNCATE)}, {BYTES(MARKER)}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char longer[128];
        memcpy(longer, all[i].bytes, all[i].size);
        longer[all[i].size] = 0;
        refuses(longer, all[i].size + 1);
        for (size_t cut = 0; cut < all[i].size; cut++)
            refuses(all[i].bytes, cut);
    }
}

static void lengths_that_lie_are_refused(void **state)
{
    (void)state;
    refuses(BYTES("I\0\0\x40\0N\0\x01t\xff\xff\xff\xff"
                  "42"));
    refuses(BYTES("I\0\0\x40\0N\xff\xfft\0\0\0\x01"
                  "4"));
    refuses(BYTES("T\xff\xff\xff\xff\0\0\0\x40\0"));
    refuses(BYTES("R\0\0\x40\0public\0orders\0d\xff\xff"));
    refuses(BYTES("I\0\0\x40\0N\0\x01z"));
    refuses(BYTES("S\0\0\0\0"));
}

static void the_envelope_is_data_or_keepalive(void **state)
{
    (void)state;
    struct walsender_message w;
    assert_int_equal(
        walsender_read(BYTES("w\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x03XY"), &w, &f),
        STATUS_OK);
    assert_int_equal(w.start, 1);
    assert_int_equal(w.end, 2);
    assert_int_equal(w.size, 2);
    assert_int_equal(walsender_read(BYTES("k\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x03\x01"), &w, &f),
                     STATUS_OK);
    assert_true(w.reply);
    assert_int_equal(walsender_read(BYTES("k\0\0\0"), &w, &f), STATUS_BUG);
    assert_int_equal(walsender_read("", 0, &w, &f), STATUS_BUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begin_tells_where_its_commit_lies_and_when),
        cmocka_unit_test(commit_gives_its_end_not_its_start),
        cmocka_unit_test(relation_lists_columns_with_key_flag_type_and_modifier),
        cmocka_unit_test(insert_has_text_and_null),
        cmocka_unit_test(update_of_a_key_has_the_old_key_and_marks_unchanged_toast),
        cmocka_unit_test(delete_of_a_full_identity_has_the_old_row_with_its_empty_string),
        cmocka_unit_test(truncate_lists_its_relations),
        cmocka_unit_test(a_transactional_message_gives_prefix_and_content),
        cmocka_unit_test(cut_and_lengthened_messages_are_refused),
        cmocka_unit_test(lengths_that_lie_are_refused),
        cmocka_unit_test(the_envelope_is_data_or_keepalive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
