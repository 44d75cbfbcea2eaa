/* test_binlog_rows.c: images that lack columns, values that cannot be read, events cut short: each
 * an error that says where, or the right row. What servers write is in test_binlog.c.
 * libs: source_mysql */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <zstd.h>
#include "mysql/decode.h"

#define BYTES(text) reader_of(text, sizeof text - 1)
#define HEAD        "\x07\0\0\0\0\0\x01\0" /* table 7, end of the statement */
#define HEAD2       HEAD "\x02\0"          /* and no extra data */

static struct failure failure;
static struct arena arena;

static struct binlog_column columns[] = {
    {.type = TYPE_LONG, .name = "id", .visible = true},
    {.type = TYPE_VARCHAR, .name = "t", .length = 40, .collation = 45, .visible = true},
};
static struct table_map map = {
    .id = 7, .schema = "shop", .table = "orders", .ncolumns = 2, .columns = columns};

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    failure_clear(&failure);
    columns[1] = (struct binlog_column){
        .type = TYPE_VARCHAR, .name = "t", .length = 40, .collation = 45, .visible = true};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static enum status first_row(uint8_t type, struct reader body, struct change *c, bool *more)
{
    struct binlog_rows rows;
    TRY(binlog_rows_read(type, body, &arena, &rows, &failure));
    return binlog_rows_next(&rows, &map, &arena, c, more, &failure);
}

static void check_error(uint8_t type, struct reader body, enum error code, const char *text)
{
    struct change c;
    bool more;
    assert_int_not_equal(first_row(type, body, &c, &more), STATUS_OK);
    assert_int_equal(failure.code, code);
    assert_non_null(strstr(failure.text, text));
}

static void check_text(const struct value *v, const char *text)
{
    assert_int_equal(v->kind, VALUE_TEXT);
    assert_int_equal(v->size, strlen(text));
    assert_memory_equal(v->text, text, v->size);
}

static void an_update_that_leaves_columns_out_has_their_old_values(void **state)
{
    (void)state;
    struct change c;
    bool more;
    /* FULL_NODUP: before (1, 'a'), after only t = 'b' */
    assert_int_equal(first_row(BINLOG_UPDATE_ROWS_V1,
                               BYTES(HEAD "\x02\x03\x02\0\x01\0\0\0\x01"
                                          "a\0\x01"
                                          "b"),
                               &c, &more),
                     STATUS_OK);
    assert_true(more);
    assert_int_equal(c.before[0].i, 1);
    check_text(&c.before[1], "a");
    assert_int_equal(c.after[0].i, 1);
    check_text(&c.after[1], "b");
}

static void kept_rows_outlive_their_event(void **state)
{
    (void)state;
    char event[] = HEAD "\x02\x03\0\x01\0\0\0\x01"
                        "a\0\x02\0\0\0\x02"
                        "bc";
    struct binlog_rows rows;
    struct change first, second, none;
    struct arena next;
    bool more;
    arena_init(&next);
    struct reader body = reader_of(event, sizeof event - 1);
    assert_int_equal(binlog_rows_read(BINLOG_WRITE_ROWS_V1, body, &arena, &rows, &failure),
                     STATUS_OK);
    binlog_rows_keep(&rows, &arena);
    assert_int_equal(binlog_rows_next(&rows, &map, &arena, &first, &more, &failure), STATUS_OK);
    binlog_rows_keep(&rows, &next); /* the rest goes into another batch */
    memset(event, 0xff, sizeof event);
    assert_int_equal(binlog_rows_next(&rows, &map, &next, &second, &more, &failure), STATUS_OK);
    check_text(&first.after[1], "a");
    arena_reset(&arena);
    check_text(&second.after[1], "bc");
    binlog_rows_keep(&rows, &next);
    assert_int_equal(binlog_rows_next(&rows, &map, &next, &none, &more, &failure), STATUS_OK);
    assert_false(more);
    arena_free(&next);
}

static void an_image_without_a_column_is_an_error_that_names_it_and_the_setting(void **state)
{
    (void)state;
    static const char text[] = "table shop.orders: column t is not in the log's";
    check_error(BINLOG_UPDATE_ROWS, BYTES(HEAD2 "\x02\x01\x02\0\x01\0\0\0\0\x01x"), ERROR_ROW_IMAGE,
                text);
    check_error(BINLOG_DELETE_ROWS, BYTES(HEAD2 "\x02\x01\0\x01\0\0\0"), ERROR_ROW_IMAGE, text);
    check_error(BINLOG_WRITE_ROWS, BYTES(HEAD2 "\x02\x01\0\x01\0\0\0"), ERROR_ROW_IMAGE, text);
    assert_non_null(strstr(failure.text, "binlog_row_image=FULL"));
    /* no column at all: no byte of progress */
    check_error(BINLOG_WRITE_ROWS, BYTES(HEAD2 "\x02\0\0"), ERROR_ROW_IMAGE, "column id");
}

static void every_cut_of_a_rows_event_is_an_error(void **state)
{
    (void)state;
    static const char event[] = HEAD2 "\x02\x03\0\x01\0\0\0\x05hello";
    struct change c;
    bool more;
    assert_int_equal(first_row(BINLOG_WRITE_ROWS, BYTES(event), &c, &more), STATUS_OK);
    check_text(&c.after[1], "hello");
    size_t header = sizeof HEAD2 - 1 + 2;
    for (size_t size = 0; size < sizeof event - 1; size++) {
        enum status st = first_row(BINLOG_WRITE_ROWS, reader_of(event, size), &c, &more);
        if (size == header)
            assert_true(st == STATUS_OK && !more); /* an event without rows */
        else
            assert_int_equal(st, STATUS_BUG);
    }
}

static void a_moment_that_is_cut_short_is_an_error_and_no_zero_date(void **state)
{
    (void)state;
    static const uint8_t types[] = {TYPE_DATE,     TYPE_TIME,       TYPE_DATETIME, TYPE_TIMESTAMP,
                                    TYPE_DATETIME2, TYPE_TIMESTAMP2, TYPE_TIME2};
    for (size_t i = 0; i < sizeof types; i++) {
        columns[1] = (struct binlog_column){.type = types[i], .name = "t", .scale = 0};
        check_error(BINLOG_WRITE_ROWS, BYTES(HEAD2 "\x02\x03\0\x01\0\0\0\x11\x22"),
                    ERROR_PROTOCOL, "runs beyond its event");
    }
}

static void rows_of_another_shape_than_their_map_are_an_error(void **state)
{
    (void)state;
    check_error(BINLOG_WRITE_ROWS, BYTES(HEAD2 "\x03\x07\0\x01\0\0\0\0\0"), ERROR_PROTOCOL, "rows");
    check_error(BINLOG_WRITE_ROWS, BYTES(HEAD2 "\0\0\0"), ERROR_PROTOCOL, "rows");
}

static void the_dummy_event_that_ends_a_statement_has_no_rows(void **state)
{
    (void)state;
    struct binlog_rows rows;
    assert_int_equal(binlog_rows_read(BINLOG_WRITE_ROWS, BYTES("\xff\xff\xff\0\0\0\x01\0"), &arena,
                                      &rows, &failure),
                     STATUS_OK);
    assert_int_equal(rows.flags, 1);
    assert_int_equal(reader_left(&rows.rows), 0);
}

static void check_value_error(struct binlog_column column, enum error code, const char *text)
{
    columns[1] = column;
    check_error(BINLOG_WRITE_ROWS, BYTES(HEAD2 "\x02\x03\0\x01\0\0\0\x02\xff\xff"), code, text);
    assert_non_null(strstr(failure.text, "table shop.orders, column t: "));
}

static void a_value_that_cannot_be_read_names_its_column_and_what_to_do(void **state)
{
    (void)state;
    static const char *labels[] = {"one"};
    check_value_error((struct binlog_column){.type = TYPE_ENUM, .name = "t", .length = 1},
                      ERROR_SETTING, "binlog_row_metadata=FULL");
    check_value_error((struct binlog_column){.type = TYPE_ENUM,
                                             .name = "t",
                                             .length = 1,
                                             .collation = 45,
                                             .labels = labels,
                                             .nlabels = 1},
                      ERROR_VALUE, "has 1 labels");
    check_value_error(
        (struct binlog_column){.type = TYPE_VARCHAR, .name = "t", .length = 40, .collation = 1023},
        ERROR_UNSUPPORTED, "collation 1023");
    check_value_error((struct binlog_column){.type = TYPE_VARCHAR, .name = "t", .length = 40},
                      ERROR_SETTING, "binlog_row_metadata=FULL");
    check_value_error(
        (struct binlog_column){.type = TYPE_VARCHAR, .name = "t", .length = 40, .collation = 28},
        ERROR_VALUE, "not valid in its character set");
    check_value_error((struct binlog_column){.type = TYPE_DATE, .name = "t"}, ERROR_VALUE,
                      "no date or time");
    check_value_error((struct binlog_column){.type = TYPE_JSON, .name = "t", .length = 1},
                      ERROR_VALUE, "no JSON document");
    static const struct column old = {.name = "t", .kind = VALUE_TIME, .scale = 3};
    check_value_error((struct binlog_column){.type = TYPE_TIME, .name = "t", .column = &old},
                      ERROR_UNSUPPORTED, "ALTER TABLE");
}

static void a_character_set_may_be_known_by_the_catalogs_collation(void **state)
{
    (void)state;
    static const struct column catalog = {
        .name = "t", .kind = VALUE_TEXT, .collation = "latin1_of_our_own"};
    struct change c;
    bool more;
    columns[1].collation = 1023;
    columns[1].column = &catalog;
    assert_int_equal(
        first_row(BINLOG_WRITE_ROWS, BYTES(HEAD2 "\x02\x03\0\x01\0\0\0\x02\xe4\x80"), &c, &more),
        STATUS_OK);
    check_text(&c.after[1], "\u00e4\u20ac");
}

/* -- headers, payloads, MariaDB's compression -- */

static void a_header_must_agree_with_what_came(void **state)
{
    (void)state;
    static const char event[] = "\0\0\0\0\x10\x01\0\0\0\x1b\0\0\0\0\0\0\0\0\0" /* XID */
                                "\x01\0\0\0\0\0\0\0";
    struct binlog_header h;
    struct reader body;
    assert_int_equal(binlog_header_read(event, 27, false, &h, &body, &failure), STATUS_OK);
    assert_int_equal(reader_left(&body), 8);
    assert_int_equal(binlog_header_read(event, 27, true, &h, &body, &failure), STATUS_OK);
    assert_int_equal(reader_left(&body), 4);
    assert_int_equal(binlog_header_read(event, 26, false, &h, &body, &failure), STATUS_BUG);
    assert_int_equal(binlog_header_read(event, 18, false, &h, &body, &failure), STATUS_BUG);
}

enum { EVENT = 40, EVENTS = 3, MAX_EVENT = 1000 };

static struct reader payload_of(uint8_t *out, size_t room, size_t cut)
{
    uint8_t events[EVENT * EVENTS] = {0};
    for (int i = 0; i < EVENTS; i++)
        events[i * EVENT + 9] = EVENT;
    size_t size = ZSTD_compress(out + 8, room - 8, events, sizeof events, 3) - cut;
    memcpy(out, "\x02\x01\0\x01\x01\0\0", 7); /* zstd; size; end */
    out[5] = (uint8_t)size;
    memmove(out + 7, out + 8, size);
    return reader_of(out, 7 + size);
}

static enum status payload_count(struct reader body, size_t max_event, int *events)
{
    struct payload *p;
    const uint8_t *event;
    size_t size;
    *events = 0;
    TRY(payload_open(body, max_event, &p, &failure));
    enum status st;
    while ((st = payload_next(p, &event, &size, &failure)) == STATUS_OK && size > 0)
        (*events)++;
    payload_close(p);
    return st;
}

static void a_payload_gives_its_events_and_a_cut_one_is_an_error(void **state)
{
    (void)state;
    uint8_t out[512];
    int events;
    assert_int_equal(payload_count(payload_of(out, sizeof out, 0), MAX_EVENT, &events), STATUS_OK);
    assert_int_equal(events, EVENTS);
    for (size_t cut = 1; cut < 10; cut++)
        assert_int_equal(payload_count(payload_of(out, sizeof out, cut), MAX_EVENT, &events),
                         STATUS_BUG);
    assert_int_equal(payload_count(payload_of(out, sizeof out, 0), EVENT - 1, &events),
                     STATUS_DATA);
}

static void a_payload_inside_a_payload_is_refused(void **state)
{
    (void)state;
    uint8_t out[6 + EVENT] = {2, 3, 252, 255, 0, 0}; /* not compressed (255 as a packed number) */
    int events;
    out[6 + 9] = EVENT;
    assert_int_equal(payload_count(reader_of(out, 6 + EVENT), MAX_EVENT, &events), STATUS_OK);
    assert_int_equal(events, 1);
    out[6 + 4] = BINLOG_TRANSACTION_PAYLOAD;
    assert_int_equal(payload_count(reader_of(out, 6 + EVENT), MAX_EVENT, &events), STATUS_BUG);
}

static void a_compressed_size_that_deflate_cannot_reach_is_refused(void **state)
{
    (void)state;
    const uint8_t *out;
    size_t size;
    assert_false(zip_record_read(BYTES("\x84\xff\xff\xff\xffxxxx"), &arena, &out, &size));
    assert_false(zip_column_read(BYTES("\x84\xff\xff\xff\xffxxxx"), &arena, &out, &size));
    assert_false(zip_record_read(BYTES("\x04"), &arena, &out, &size));
    assert_true(zip_column_read(BYTES("\0plain"), &arena, &out, &size));
    assert_int_equal(size, 5);
    assert_true(zip_column_read(BYTES(""), &arena, &out, &size));
    assert_int_equal(size, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_update_that_leaves_columns_out_has_their_old_values),
        TEST(kept_rows_outlive_their_event),
        TEST(an_image_without_a_column_is_an_error_that_names_it_and_the_setting),
        TEST(every_cut_of_a_rows_event_is_an_error),
        TEST(a_moment_that_is_cut_short_is_an_error_and_no_zero_date),
        TEST(rows_of_another_shape_than_their_map_are_an_error),
        TEST(the_dummy_event_that_ends_a_statement_has_no_rows),
        TEST(a_value_that_cannot_be_read_names_its_column_and_what_to_do),
        TEST(a_character_set_may_be_known_by_the_catalogs_collation),
        TEST(a_header_must_agree_with_what_came),
        TEST(a_payload_gives_its_events_and_a_cut_one_is_an_error),
        TEST(a_payload_inside_a_payload_is_refused),
        TEST(a_compressed_size_that_deflate_cannot_reach_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
