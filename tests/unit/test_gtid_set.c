/* test_gtid_set.c: text, adding, merging, tags, subsets, the form of COM_BINLOG_DUMP_GTID.
 * libs: source_mysql */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "mysql/binlog.h"

#define UUID_A "3e11fa47-71ca-11e1-9e33-c80aa9429562"
#define UUID_B "ff11fa47-71ca-11e1-9e33-c80aa9429562"

static struct failure failure;

static struct gtid_set *set_of(bool mariadb, const char *text)
{
    struct gtid_set *s = gtid_set_new(mariadb);
    assert_int_equal(gtid_set_read(s, text, &failure), STATUS_OK);
    return s;
}

static void check_text(const struct gtid_set *s, const char *expected)
{
    struct buffer b;
    buffer_init(&b, 1 << 20);
    gtid_set_write(s, &b);
    assert_string_equal(buffer_text(&b), expected);
    buffer_free(&b);
}

static void check_read(bool mariadb, const char *text, const char *expected)
{
    struct gtid_set *s = set_of(mariadb, text);
    check_text(s, expected);
    check_text(s, expected); /* the kept text too */
    gtid_set_free(s);
}

static struct gtid number(uint8_t uuid_first, const char *tag, uint64_t n)
{
    static const uint8_t rest[15] = {0x11, 0xfa, 0x47, 0x71, 0xca, 0x11, 0xe1, 0x9e,
                                     0x33, 0xc8, 0x0a, 0xa9, 0x42, 0x95, 0x62};
    struct gtid g = {.number = n};
    g.uuid[0] = uuid_first;
    memcpy(g.uuid + 1, rest, sizeof rest);
    strcpy(g.tag, tag);
    return g;
}

static void add(struct gtid_set *s, uint8_t uuid_first, const char *tag, uint64_t n)
{
    struct gtid g = number(uuid_first, tag, n);
    gtid_set_add(s, &g);
    assert_true(gtid_set_holds(s, &g));
}

static void texts_are_read_as_servers_and_people_write_them(void **state)
{
    (void)state;
    check_read(false, "", "");
    check_read(false, " \n", "");
    check_read(false, UUID_A ":1", UUID_A ":1");
    check_read(false, UUID_A ":1-5:7", UUID_A ":1-5:7");
    check_read(false, "3E11FA4771CA11E19E33C80AA9429562:1-5", UUID_A ":1-5");
    check_read(false, UUID_B ":1-66,\n" UUID_A ":1 - 7 , ", UUID_A ":1-7," UUID_B ":1-66");
    check_read(false, UUID_A ":1-9223372036854775806", UUID_A ":1-9223372036854775806");
    check_read(true, "", "");
    check_read(true, "0-1-77,1-2-9", "0-1-77,1-2-9");
    check_read(true, "1-2-9, 0-1-18446744073709551615", "0-1-18446744073709551615,1-2-9");
}

static void runs_merge_when_they_meet_or_touch(void **state)
{
    (void)state;
    check_read(false, UUID_A ":5-7:1-3", UUID_A ":1-3:5-7");
    check_read(false, UUID_A ":5-7:1-4", UUID_A ":1-7");
    check_read(false, UUID_A ":1-3:9-12:2-10", UUID_A ":1-12");
    check_read(false, UUID_A ":1-10:3-4", UUID_A ":1-10");
    check_read(false, UUID_A ":1-2," UUID_A ":3", UUID_A ":1-3");
    check_read(false, UUID_A ":1:3:5:7:2-6", UUID_A ":1-7");
}

static void tags_have_lists_of_their_own(void **state)
{
    (void)state;
    check_read(false, UUID_A ":1-3:cdc:1-2:5:Zed:9", UUID_A ":1-3:cdc:1-2:5:zed:9");
    check_read(false, UUID_A ":zed:1," UUID_A ":4:cdc:2", UUID_A ":4:cdc:2:zed:1");
    check_read(false, UUID_B ":t:1," UUID_A ":t:1", UUID_A ":t:1," UUID_B ":t:1");
}

static void what_is_no_set_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "x",
        UUID_A ":0",
        UUID_A ":5-4",
        UUID_A ":1-",
        UUID_A ":1;2",
        UUID_A ":9223372036854775807",
        UUID_A ":99999999999999999999",
        "3e11fa47-71ca-11e1-9e33-c80aa942956:1",
        UUID_A ":a_tag_that_is_longer_than_32_bytes:1",
        UUID_A ":1 2",
    };
    static const char *const bad_maria[] = {
        "0-1", "0-1-", "4294967296-1-1", "0-1-2 3", "0-1-18446744073709551616", UUID_A ":1"};
    struct gtid_set *s = gtid_set_new(false), *m = gtid_set_new(true);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(gtid_set_read(s, bad[i], &failure), STATUS_CONFIG);
    for (size_t i = 0; i < sizeof bad_maria / sizeof *bad_maria; i++)
        assert_int_equal(gtid_set_read(m, bad_maria[i], &failure), STATUS_CONFIG);
    gtid_set_free(s);
    gtid_set_free(m);
}

static void reading_forgets_what_was_there(void **state)
{
    (void)state;
    struct gtid_set *s = set_of(false, UUID_A ":1-5");
    check_text(s, UUID_A ":1-5");
    assert_int_equal(gtid_set_read(s, UUID_B ":7", &failure), STATUS_OK);
    check_text(s, UUID_B ":7");
    gtid_set_free(s);
}

static void the_text_follows_each_number_added(void **state)
{
    (void)state;
    struct gtid_set *s = gtid_set_new(false);
    check_text(s, "");
    add(s, 0x3e, "", 9);
    check_text(s, UUID_A ":9");
    add(s, 0x3e, "", 10);
    check_text(s, UUID_A ":9-10");
    add(s, 0x3e, "", 11);
    check_text(s, UUID_A ":9-11");
    add(s, 0xff, "", 1);
    check_text(s, UUID_A ":9-11," UUID_B ":1");
    add(s, 0x3e, "", 12);
    check_text(s, UUID_A ":9-12," UUID_B ":1");
    add(s, 0x3e, "", 13);
    check_text(s, UUID_A ":9-13," UUID_B ":1");
    add(s, 0x3e, "", 15);
    check_text(s, UUID_A ":9-13:15," UUID_B ":1");
    add(s, 0x3e, "", 14);
    check_text(s, UUID_A ":9-15," UUID_B ":1");
    add(s, 0x3e, "", 12);
    check_text(s, UUID_A ":9-15," UUID_B ":1");
    add(s, 0x3e, "cdc", 1);
    add(s, 0x3e, "", 16);
    check_text(s, UUID_A ":9-16:cdc:1," UUID_B ":1");
    gtid_set_free(s);
}

static void any_order_of_adding_gives_one_run(void **state)
{
    (void)state;
    enum { NUMBERS = 1009 };
    struct gtid_set *s = gtid_set_new(false);
    for (uint64_t i = 0; i < NUMBERS; i++)
        add(s, 0x3e, "", i * 387 % NUMBERS + 1);
    check_text(s, UUID_A ":1-1009");
    gtid_set_free(s);
}

static void anonymous_transactions_are_not_in_a_set(void **state)
{
    (void)state;
    struct gtid_set *s = gtid_set_new(false);
    struct gtid g = {.anonymous = true, .number = 1};
    gtid_set_add(s, &g);
    check_text(s, "");
    gtid_set_free(s);
}

static void mariadb_keeps_the_last_of_each_domain(void **state)
{
    (void)state;
    struct gtid_set *s = set_of(true, "0-1-5");
    gtid_set_add(s, &(struct gtid){.mariadb = true, .domain = 0, .server_id = 3, .number = 6});
    gtid_set_add(s, &(struct gtid){.mariadb = true, .domain = 7, .server_id = 2, .number = 1});
    gtid_set_add(s, &(struct gtid){.mariadb = true, .domain = 0, .server_id = 1, .number = 4});
    check_text(s, "0-3-6,7-2-1");
    assert_true(gtid_set_holds(s, &(struct gtid){.mariadb = true, .domain = 0, .number = 6}));
    assert_false(gtid_set_holds(s, &(struct gtid){.mariadb = true, .domain = 0, .number = 7}));
    assert_false(gtid_set_holds(s, &(struct gtid){.mariadb = true, .domain = 1, .number = 1}));
    gtid_set_free(s);
}

static void check_within(bool mariadb, const char *a, const char *b, bool expected)
{
    struct gtid_set *x = set_of(mariadb, a), *y = set_of(mariadb, b);
    assert_int_equal(gtid_set_within(x, y), expected);
    gtid_set_free(x);
    gtid_set_free(y);
}

static void a_subset_is_known(void **state)
{
    (void)state;
    check_within(false, "", "", true);
    check_within(false, "", UUID_A ":1", true);
    check_within(false, UUID_A ":1", "", false);
    check_within(false, UUID_A ":1-3:7", UUID_A ":1-9", true);
    check_within(false, UUID_A ":1-9", UUID_A ":1-3:7", false);
    check_within(false, UUID_A ":3-4", UUID_A ":1-3:5-9", false);
    check_within(false, UUID_A ":1:t:1", UUID_A ":1", false);
    check_within(false, UUID_A ":t:1", UUID_A ":1:t:1-2," UUID_B ":1", true);
    check_within(true, "0-1-5", "0-2-5,1-1-1", true);
    check_within(true, "0-1-6", "0-2-5", false);
    check_within(true, "2-1-1", "0-2-5", false);
}

static void check_encoded(const char *text, const void *expected, size_t size)
{
    struct gtid_set *s = set_of(false, text);
    struct buffer b;
    buffer_init(&b, 1 << 20);
    gtid_set_encode(s, &b);
    assert_int_equal(b.size, size);
    assert_memory_equal(b.data, expected, size);
    buffer_free(&b);
    gtid_set_free(s);
}

#define U64(n) n "\0\0\0\0\0\0\0"
#define RAW_A  "\x3e\x11\xfa\x47\x71\xca\x11\xe1\x9e\x33\xc8\x0a\xa9\x42\x95\x62"

static void the_dump_command_gets_ends_exclusive_and_tags_only_where_there_are_some(void **state)
{
    (void)state;
    static const char none[] = U64("\0");
    static const char plain[] = U64("\1") RAW_A U64("\2") U64("\1") U64("\6") U64("\7") U64("\x8");
    static const char tagged[] = "\1\2\0\0\0\0\0\1" RAW_A "\0" U64("\1") U64("\1") U64("\2") RAW_A
        "\6cdc" U64("\1") U64("\3") U64("\5");
    check_encoded("", none, sizeof none - 1);
    check_encoded(UUID_A ":1-5:7", plain, sizeof plain - 1);
    check_encoded(UUID_A ":1:cdc:3-4", tagged, sizeof tagged - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_as_servers_and_people_write_them),
        cmocka_unit_test(runs_merge_when_they_meet_or_touch),
        cmocka_unit_test(tags_have_lists_of_their_own),
        cmocka_unit_test(what_is_no_set_is_refused),
        cmocka_unit_test(reading_forgets_what_was_there),
        cmocka_unit_test(the_text_follows_each_number_added),
        cmocka_unit_test(any_order_of_adding_gives_one_run),
        cmocka_unit_test(anonymous_transactions_are_not_in_a_set),
        cmocka_unit_test(mariadb_keeps_the_last_of_each_domain),
        cmocka_unit_test(a_subset_is_known),
        cmocka_unit_test(the_dump_command_gets_ends_exclusive_and_tags_only_where_there_are_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
