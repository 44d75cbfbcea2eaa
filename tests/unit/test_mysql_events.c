/* test_mysql_events.c: events of a log -> transactions: echoes, requests, tables that are altered
 * on the way. No server: the catalog is the one below. libs: source_mysql */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* before cmocka.h, which has a macro of the name `fail` */
#include "base/wake.h"
#include "mysql/decode.h"
#include "mysql/internal.h"
#include <cmocka.h>

enum { ORDERS = 1, CHECKPOINT = 2, REQUEST = 3, SOURCE = 77, TARGET = 88 };

static struct wake wake;
static struct intake intake;
static struct marker_guard guard;
static struct source source;
static struct tail tail;
static struct my catalog;
static struct buffer event;
static int orders_columns; /* that the catalog says shop.orders has */
static uint32_t log_end;

/* ---- what there is ---- */

struct logged_column {
    const char *name;
    uint8_t type;
    const char *metadata;
    uint8_t metadata_size;
};

static const struct logged_column orders[] = {{"id", TYPE_LONG, "", 0},
                                              {"note", TYPE_VARCHAR, "\x50\0", 2},
                                              {"added", TYPE_VARCHAR, "\x50\0", 2},
                                              {"later", TYPE_LONG, "", 0}};
static const struct logged_column checkpoint[] = {{"link", TYPE_LONGLONG, "", 0},
                                                  {"lane", TYPE_LONG, "", 0},
                                                  {"seq", TYPE_LONGLONG, "", 0},
                                                  {"root", TYPE_VARCHAR, "\x50\0", 2},
                                                  {"path", TYPE_VARCHAR, "\x50\0", 2}};
static const struct logged_column request[] = {{"id", TYPE_LONGLONG, "", 0},
                                               {"link", TYPE_LONGLONG, "", 0},
                                               {"event", TYPE_VARCHAR, "\xfc\x03", 2},
                                               {"object_key", TYPE_BLOB, "\2", 1},
                                               {"at", TYPE_TIMESTAMP2, "\6", 1}};

enum status my_describe(struct my *my, const char *schema, const char *name, struct arena *a,
                        struct relation **out)
{
    static uint64_t version;
    (void)my;
    struct relation *r = arena_zalloc(a, sizeof *r);
    *r = (struct relation){.schema = arena_strdup(a, schema),
                           .name = arena_strdup(a, name),
                           .ncolumns = orders_columns,
                           .nkey = 1,
                           .version = ++version};
    r->key = arena_zalloc(a, sizeof *r->key);
    r->columns = arena_zalloc(a, sizeof *r->columns * (size_t)orders_columns);
    for (int i = 0; i < orders_columns; i++)
        r->columns[i] = (struct column){
            .name = orders[i].name, .kind = orders[i].type == TYPE_LONG ? VALUE_INT : VALUE_TEXT};
    *out = r;
    return STATUS_OK;
}

static bool is_orders(void *owner, const char *schema, const char *table)
{
    (void)owner;
    return strcmp(schema, "shop") == 0 && strcmp(table, "orders") == 0;
}

static int set_up(void **state)
{
    (void)state;
    static struct endpoint endpoint = {.system = "mes"};
    assert_int_equal(wake_init(&wake), 0);
    intake_init(&intake, 64 << 20);
    source = (struct source){.options = {.wake = &wake,
                                         .intake = &intake,
                                         .link = "mes-erp",
                                         .endpoint = &endpoint,
                                         .wanted = is_orders,
                                         .echoes = true,
                                         .requests = true,
                                         .appended_passes = true}};
    marker_guard_init(&guard, SOURCE, TARGET);
    arena_init(&source.arena);
    tail_init(&tail, &source);
    tail.guard = &guard;
    tail.catalog = &catalog;
    snprintf(tail.at.file, sizeof tail.at.file, "binlog.000001");
    buffer_init(&event, 1 << 20);
    orders_columns = 2;
    log_end = 4;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tail.catalog = NULL;
    tail_free(&tail);
    arena_free(&source.arena);
    marker_guard_free(&guard);
    intake_free(&intake);
    buffer_free(&event);
    wake_free(&wake);
    return 0;
}

static void plain_link(void)
{
    source.options.echoes = source.options.requests = source.options.appended_passes = false;
}

/* ---- events ---- */

static void add_int(uint64_t n, int bytes)
{
    buffer_add(&event, &n, (size_t)bytes); /* little-endian, as the host */
}

static void begin_event(uint8_t type)
{
    buffer_clear(&event);
    add_int(1700000000, 4);
    buffer_add_char(&event, (char)type);
    add_int(1, 4);
    add_int(0, 4); /* its size: below */
    add_int(0, 4);
    add_int(0, 2);
}

static enum status send_event(void)
{
    uint32_t size = (uint32_t)event.size;
    log_end += size;
    memcpy(event.data + 9, &size, sizeof size);
    memcpy(event.data + 13, &log_end, sizeof log_end);
    return event_met(&tail, (const uint8_t *)event.data, event.size);
}

static void sends(void)
{
    if (send_event() != STATUS_OK)
        fail_msg("%s", tail.failure.text);
    memset(event.data, 'x', event.size); /* the packet is gone */
}

static enum status query(const char *sql)
{
    begin_event(BINLOG_QUERY);
    add_int(0, 8);
    buffer_add_char(&event, 4);
    add_int(0, 4);
    buffer_add(&event, "shop", 5);
    buffer_add_text(&event, sql);
    return send_event();
}

static void begin(void)
{
    assert_int_equal(query("BEGIN"), STATUS_OK);
}

static void commit(void)
{
    begin_event(BINLOG_XID);
    add_int(9, 8);
    sends();
}

static void add_name(const char *name)
{
    buffer_add_char(&event, (char)strlen(name));
    buffer_add_text(&event, name);
}

static void add_columns(const struct logged_column *columns, int n)
{
    size_t metadata = 0;
    buffer_add_char(&event, (char)n);
    for (int i = 0; i < n; i++)
        buffer_add_char(&event, (char)columns[i].type);
    for (int i = 0; i < n; i++)
        metadata += columns[i].metadata_size;
    buffer_add_char(&event, (char)metadata);
    for (int i = 0; i < n; i++)
        buffer_add(&event, columns[i].metadata, columns[i].metadata_size);
    buffer_add_char(&event, 0); /* none may be NULL */
}

static enum status announce(uint64_t id, const char *schema, const char *table,
                            const struct logged_column *columns, int n)
{
    size_t names = 0;
    begin_event(BINLOG_TABLE_MAP);
    add_int(id, 6);
    add_int(0, 2);
    add_name(schema);
    buffer_add_char(&event, 0);
    add_name(table);
    buffer_add_char(&event, 0);
    add_columns(columns, n);
    buffer_add(&event, "\2\1\x2d\x08\1\0\4", 7); /* utf8mb4, the key, the names */
    for (int i = 0; i < n; i++)
        names += strlen(columns[i].name) + 1;
    buffer_add_char(&event, (char)names);
    for (int i = 0; i < n; i++)
        add_name(columns[i].name);
    return send_event();
}

static enum status announce_orders(int n)
{
    return announce(ORDERS, "shop", "orders", orders, n);
}

/* An event of one row follows. */
static void begin_row(uint8_t type, uint64_t id, int ncolumns)
{
    begin_event(type);
    add_int(id, 6);
    add_int(1, 2);
    add_int(2, 2);
    buffer_add_char(&event, (char)ncolumns);
    buffer_add_char(&event, (char)((1 << ncolumns) - 1));
    buffer_add_char(&event, 0);
}

static void insert(int id, const char *note)
{
    assert_int_equal(announce_orders(2), STATUS_OK);
    begin_row(BINLOG_WRITE_ROWS, ORDERS, 2);
    add_int((uint64_t)id, 4);
    add_name(note);
    sends();
}

static void mark(int seq, const char *path)
{
    assert_int_equal(announce(CHECKPOINT, "millrace", "checkpoint", checkpoint, 5), STATUS_OK);
    begin_row(BINLOG_WRITE_ROWS, CHECKPOINT, 5);
    add_int(5, 8);
    add_int(0, 4);
    add_int((uint64_t)seq, 8);
    add_name("0/1");
    add_name(path);
    sends();
}

static void add_request_row(uint8_t type, int link, const char *name, const char *key)
{
    assert_int_equal(announce(REQUEST, "millrace", "request", request, 5), STATUS_OK);
    begin_row(type, REQUEST, 5);
    add_int(1, 8);
    add_int((uint64_t)link, 8);
    add_int(strlen(name), 2); /* a varchar beyond 255 bytes */
    buffer_add_text(&event, name);
    add_int(strlen(key), 2);
    buffer_add_text(&event, key);
    buffer_add(&event, "\x65\x53\xf1\x00\0\0\0", 7);
    sends();
}

static struct batch *take(void)
{
    struct batch *b = intake_take(&intake);
    assert_non_null(b);
    return b;
}

static void check_text(const struct value *v, const char *text)
{
    assert_int_equal(v->kind, VALUE_TEXT);
    assert_int_equal(v->size, strlen(text));
    assert_memory_equal(v->text, text, v->size);
}

/* ---- echoes ---- */

static void an_echo_is_cut_from_a_plain_link(void **state)
{
    (void)state;
    plain_link();
    begin();
    mark(1, "88");
    insert(1, "a");
    commit();
    assert_null(intake_take(&intake));
    assert_non_null(intake.idle_position);
    assert_true(intake.idle_moved);
}

static void an_echo_is_a_quiet_transaction_where_it_is_wanted(void **state)
{
    (void)state;
    begin();
    mark(1, "88");
    insert(1, "a");
    commit();
    begin();
    mark(2, "99");
    insert(2, "b");
    commit();
    struct batch *b = take();
    assert_string_equal(b->path, "99,77");
    assert_int_equal(b->ntransactions, 2);
    assert_true(b->transactions[0].quiet);
    assert_false(b->transactions[1].quiet);
    assert_int_equal(b->changes[0].after[0].i, 1);
    intake_return(&intake, b);
}

static void a_marker_behind_rows_makes_all_of_the_transaction_quiet(void **state)
{
    (void)state;
    begin();
    insert(1, "a");
    mark(1, "88");
    insert(2, "b");
    commit();
    struct batch *b = take();
    assert_int_equal(b->ntransactions, 1);
    assert_int_equal(b->nchanges, 2);
    assert_true(b->transactions[0].quiet);
    assert_string_equal(b->path, "77");
    intake_return(&intake, b);
}

/* ---- requests ---- */

static void a_request_comes_in_its_place_inside_an_echo(void **state)
{
    (void)state;
    begin();
    mark(1, "88");
    insert(1, "a");
    add_request_row(BINLOG_WRITE_ROWS, 5, "OrderReleased", "k 7");
    insert(2, "b");
    commit();
    struct batch *b = take();
    assert_int_equal(b->nchanges, 3);
    assert_true(b->transactions[0].quiet && b->transactions[0].requests);
    assert_string_equal(b->path, "77");
    const struct change *c = &b->changes[1];
    assert_int_equal(c->op, CHANGE_INSERT);
    assert_ptr_equal(c->relation, &request_relation);
    assert_int_equal(c->after[REQUEST_LINK].i, 5);
    check_text(&c->after[REQUEST_EVENT], "OrderReleased");
    check_text(&c->after[REQUEST_KEY], "k 7");
    intake_return(&intake, b);
}

static void a_request_alone_in_an_echo_is_a_transaction(void **state)
{
    (void)state;
    begin();
    mark(1, "88");
    add_request_row(BINLOG_WRITE_ROWS, 5, "OrderReleased", "7");
    commit();
    struct batch *b = take();
    assert_int_equal(b->nchanges, 1);
    assert_true(b->transactions[0].quiet && b->transactions[0].requests);
    intake_return(&intake, b);
}

static void an_old_request_that_is_deleted_is_none(void **state)
{
    (void)state;
    begin();
    mark(1, "88");
    add_request_row(BINLOG_DELETE_ROWS, 5, "OrderReleased", "7");
    commit();
    assert_null(intake_take(&intake));
    assert_false(intake.idle_moved);
}

static void a_request_is_nothing_to_a_plain_link(void **state)
{
    (void)state;
    plain_link();
    begin();
    add_request_row(BINLOG_WRITE_ROWS, 5, "OrderReleased", "7");
    commit();
    assert_null(intake_take(&intake));
    assert_false(intake.idle_moved);
}

/* ---- tables that are altered ---- */

static const struct relation *relation_of_orders(void)
{
    return layout_map(layouts_find(&tail.layouts, ORDERS))->relation;
}

static void an_appended_column_passes_where_it_may(void **state)
{
    (void)state;
    begin();
    insert(1, "a");
    commit();
    struct batch *b = take();
    const struct relation *old = b->changes[0].relation;
    assert_int_equal(query("ALTER TABLE orders ADD added varchar(20)"), STATUS_OK);
    orders_columns = 4; /* the catalog is ahead of the log already */
    begin();
    assert_int_equal(announce_orders(3), STATUS_OK);
    const struct relation *now = relation_of_orders();
    assert_int_equal(now->ncolumns, 3);
    assert_true(relation_begins_with(now, old));
    assert_false(relation_begins_with(old, now));
    begin_row(BINLOG_WRITE_ROWS, ORDERS, 3);
    add_int(2, 4);
    add_name("b");
    add_name("c");
    sends();
    commit();
    intake_return(&intake, b);
    b = take();
    assert_ptr_equal(b->changes[0].relation, now);
    check_text(&b->changes[0].after[2], "c");
    intake_return(&intake, b);
}

static void any_alter_stops_a_plain_link(void **state)
{
    (void)state;
    plain_link();
    assert_int_equal(query("ALTER TABLE orders ADD added varchar(20)"), STATUS_DATA);
    assert_int_equal(tail.failure.code, ERROR_DDL);
    assert_non_null(strstr(tail.failure.text, "which this link maps"));
}

static void an_alter_of_what_is_there_stops_a_link_of_events(void **state)
{
    (void)state;
    assert_int_equal(query("ALTER TABLE orders MODIFY note varchar(5)"), STATUS_DATA);
    assert_int_equal(tail.failure.code, ERROR_DDL);
    assert_non_null(strstr(tail.failure.text, "ALTER TABLE on shop.orders"));
    assert_non_null(strstr(tail.failure.text, "millrace check"));
}

static void a_rename_stops_a_link_of_events(void **state)
{
    (void)state;
    assert_int_equal(query("RENAME TABLE orders TO orders_2026"), STATUS_DATA);
    assert_int_equal(tail.failure.code, ERROR_DDL);
}

static void stops_at(const struct logged_column *columns, int n, const char *what)
{
    begin();
    insert(1, "a");
    commit();
    begin();
    assert_int_equal(announce(ORDERS, "shop", "orders", columns, n), STATUS_DATA);
    assert_int_equal(tail.failure.code, ERROR_DDL);
    assert_non_null(strstr(tail.failure.text, "shop.orders"));
    assert_non_null(strstr(tail.failure.text, what));
}

static void a_column_that_came_before_the_end_stops_at_its_first_row(void **state)
{
    (void)state;
    const struct logged_column columns[] = {orders[0], orders[2], orders[1]};
    stops_at(columns, 3, "column added stands where note was");
}

static void a_column_of_another_type_stops_at_its_first_row(void **state)
{
    (void)state;
    const struct logged_column columns[] = {orders[0], {"note", TYPE_VARCHAR, "\x10\0", 2}};
    stops_at(columns, 2, "column note has another type");
}

static void a_column_in_the_middle_stops_where_no_row_came_before(void **state)
{
    (void)state;
    const struct logged_column columns[] = {orders[0], orders[2], orders[1]};
    const struct relation *known;
    assert_int_equal(mysql_source_driver.describe(&source, "shop", "orders", &known), STATUS_OK);
    tail.described = source.described;
    begin();
    assert_int_equal(announce(ORDERS, "shop", "orders", columns, 3), STATUS_OK); /* log behind */
    commit();
    layouts_free(&tail.layouts);
    assert_int_equal(query("ALTER TABLE orders ADD added varchar(20) AFTER id"), STATUS_OK);
    begin();
    assert_int_equal(announce(ORDERS, "shop", "orders", columns, 3), STATUS_DATA);
    assert_int_equal(tail.failure.code, ERROR_DDL);
    assert_non_null(strstr(tail.failure.text, "not only by columns at its end"));
    commit();
    assert_int_equal(announce_orders(3), STATUS_OK);
}

static void a_column_that_is_gone_stops_at_the_first_row(void **state)
{
    (void)state;
    stops_at(orders, 1, "column note is gone");
}

static void ddl_that_a_person_lets_pass_is_not_met_again(void **state)
{
    (void)state;
    begin();
    insert(1, "a");
    commit();
    struct batch *b = take();
    assert_int_equal(query("ALTER TABLE orders DROP note"), STATUS_DATA);
    source.options.pass = arena_strdup(&b->arena, tail.position.data);
    tail.group = (struct group){0};
    tail.at.offset = log_end -= (uint32_t)event.size; /* the log is read from there again */
    assert_int_equal(query("ALTER TABLE orders DROP note"), STATUS_OK);
    begin();
    assert_int_equal(announce_orders(1), STATUS_OK);
    intake_return(&intake, b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_echo_is_cut_from_a_plain_link),
        TEST(an_echo_is_a_quiet_transaction_where_it_is_wanted),
        TEST(a_marker_behind_rows_makes_all_of_the_transaction_quiet),
        TEST(a_request_comes_in_its_place_inside_an_echo),
        TEST(a_request_alone_in_an_echo_is_a_transaction),
        TEST(an_old_request_that_is_deleted_is_none),
        TEST(a_request_is_nothing_to_a_plain_link),
        TEST(an_appended_column_passes_where_it_may),
        TEST(any_alter_stops_a_plain_link),
        TEST(an_alter_of_what_is_there_stops_a_link_of_events),
        TEST(a_rename_stops_a_link_of_events),
        TEST(a_column_that_came_before_the_end_stops_at_its_first_row),
        TEST(a_column_of_another_type_stops_at_its_first_row),
        TEST(a_column_in_the_middle_stops_where_no_row_came_before),
        TEST(a_column_that_is_gone_stops_at_the_first_row),
        TEST(ddl_that_a_person_lets_pass_is_not_met_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
