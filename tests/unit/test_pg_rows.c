/* test_pg_rows.c: messages of a stream -> batches of the intake: what goes in, what is only
 * progress. libs: source_postgres */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* before cmocka.h, which has a macro of the name `fail` */
#include "postgres/internal.h"
#include "state/request.h"
#include <cmocka.h>

enum { ORDERS = 0x4000, OTHER = 0x4001, OURS = 0x4002, INT4 = 23, TEXT = 25 };

/* A source of one described table, orders(id int4 key, note text), without any server. */
struct fixture {
    struct source s;
    struct intake intake;
    struct marker_guard guard;
    struct described described;
    struct layout_column columns[2];
    struct relation relation;
    struct column relation_columns[2];
    int key[1];
    struct buffer message;
    struct failure f;
};

static bool is_orders(void *owner, const char *schema, const char *table)
{
    (void)owner;
    return strcmp(schema, "public") == 0 && strcmp(table, "orders") == 0;
}

static void describe_orders(struct fixture *x, char identity)
{
    x->columns[0] = (struct layout_column){"id", INT4, -1, true};
    x->columns[1] = (struct layout_column){"note", TEXT, -1, false};
    x->relation_columns[0] =
        (struct column){.name = "id", .codec = pg_type_of(INT4, 0, 'b', ""), .key = true};
    x->relation_columns[1] = (struct column){.name = "note", .codec = pg_type_of(TEXT, 0, 'b', "")};
    x->relation = (struct relation){.schema = "public",
                                    .name = "orders",
                                    .ncolumns = 2,
                                    .columns = x->relation_columns,
                                    .nkey = 1,
                                    .key = x->key,
                                    .full_before = identity == 'f'};
    x->described.layout = (struct layout){ORDERS, "public", "orders", identity, 2, x->columns};
    x->described.relation = &x->relation;
    struct described *d = &x->described;
    HASH_ADD(hh, x->s.described, layout.oid, sizeof d->layout.oid, d);
}

static int set_up(void **state)
{
    static struct endpoint endpoint = {.system = "erp"};
    struct fixture *x = calloc(1, sizeof *x);
    intake_init(&x->intake, 64 << 20);
    marker_guard_init(&x->guard, 77, 88);
    buffer_init(&x->message, 1 << 20);
    x->s.o = (struct source_options){
        .endpoint = &endpoint, .intake = &x->intake, .wanted = is_orders, .link = "erp-mes"};
    arena_init(&x->s.arena);
    x->s.reading.guard = &x->guard;
    x->s.reading.message = calloc(1, sizeof *x->s.reading.message);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    tables_free(&x->s);
    arena_free(&x->s.arena);
    free(x->s.reading.message);
    intake_free(&x->intake);
    marker_guard_free(&x->guard);
    buffer_free(&x->message);
    free(x);
    return 0;
}

/* ---- messages ---- */

static struct buffer *message(struct fixture *x, char kind)
{
    buffer_clear(&x->message);
    buffer_add_char(&x->message, kind);
    return &x->message;
}

static void add_cstring(struct buffer *b, const char *text)
{
    buffer_add(b, text, strlen(text) + 1);
}

static enum status send_message(struct fixture *x)
{
    return rows_read(&x->s, x->message.data, x->message.size, &x->f);
}

static void sends(struct fixture *x)
{
    if (send_message(x) != STATUS_OK)
        fail_msg("%s", x->f.text);
}

static void begin(struct fixture *x, uint64_t commit_lsn)
{
    struct buffer *b = message(x, 'B');
    buffer_add_u64be(b, commit_lsn);
    buffer_add_u64be(b, 0);
    buffer_add_u32be(b, 7);
    sends(x);
}

static enum status commit(struct fixture *x, uint64_t end)
{
    struct buffer *b = message(x, 'C');
    buffer_add_char(b, 0);
    buffer_add_u64be(b, end - 8);
    buffer_add_u64be(b, end);
    buffer_add_u64be(b, 0);
    return send_message(x);
}

static enum status announce(struct fixture *x, uint32_t oid, const char *schema, const char *name,
                            char identity, int ncolumns)
{
    static const struct {
        const char *name;
        uint32_t type;
    } columns[] = {{"id", INT4}, {"note", TEXT}, {"added", TEXT}, {"later", INT4}};
    struct buffer *b = message(x, 'R');
    buffer_add_u32be(b, oid);
    add_cstring(b, schema);
    add_cstring(b, name);
    buffer_add_char(b, identity);
    buffer_add_u16be(b, (uint16_t)ncolumns);
    for (int i = 0; i < ncolumns; i++) {
        buffer_add_char(b, i == 0 || identity == 'f');
        add_cstring(b, columns[i].name);
        buffer_add_u32be(b, columns[i].type);
        buffer_add_u32be(b, UINT32_MAX);
    }
    return send_message(x);
}

static void announce_orders(struct fixture *x, char identity)
{
    describe_orders(x, identity);
    assert_int_equal(announce(x, ORDERS, "public", "orders", identity, 2), STATUS_OK);
}

/* "n" null, "u" unchanged, else text. */
static void add_tuple(struct buffer *b, char kind, const char *id, const char *note)
{
    const char *cells[] = {id, note};
    buffer_add_char(b, kind);
    buffer_add_u16be(b, 2);
    for (int i = 0; i < 2; i++) {
        bool text = strcmp(cells[i], "n") != 0 && strcmp(cells[i], "u") != 0;
        buffer_add_char(b, text ? 't' : cells[i][0]);
        if (!text)
            continue;
        buffer_add_u32be(b, (uint32_t)strlen(cells[i]));
        buffer_add_text(b, cells[i]);
    }
}

static void insert(struct fixture *x, uint32_t oid, const char *id, const char *note)
{
    struct buffer *b = message(x, 'I');
    buffer_add_u32be(b, oid);
    add_tuple(b, 'N', id, note);
    sends(x);
}

static void say(struct fixture *x, const char *prefix, const char *text)
{
    struct buffer *b = message(x, 'M');
    buffer_add_char(b, 1);
    buffer_add_u64be(b, 1);
    add_cstring(b, prefix);
    buffer_add_u32be(b, (uint32_t)strlen(text));
    buffer_add_text(b, text);
    sends(x);
}

static void mark(struct fixture *x, const char *text)
{
    say(x, "millrace", text);
}

static const char *idle(struct fixture *x, bool *moved)
{
    uint64_t bytes;
    const char *position = NULL;
    if (!intake_idle(&x->intake, &x->s.arena, &position, moved, &bytes))
        return NULL;
    return position;
}

/* ---- tests ---- */

static void a_transaction_arrives_whole_at_the_end_of_its_commit(void **state)
{
    struct fixture *x = *state;
    begin(x, 0x100);
    announce_orders(x, 'd');
    insert(x, ORDERS, "42", "n");
    assert_null(intake_take(&x->intake));
    assert_int_equal(commit(x, 0x120), STATUS_OK);
    struct batch *b = intake_take(&x->intake);
    assert_non_null(b);
    assert_string_equal(b->path, "77");
    assert_int_equal(b->ntransactions, 1);
    assert_string_equal(b->transactions[0].position, "0/120");
    assert_int_equal(b->changes[0].op, CHANGE_INSERT);
    assert_int_equal(b->changes[0].after[0].i, 42);
    assert_int_equal(b->changes[0].after[1].kind, VALUE_NULL);
    intake_return(&x->intake, b);
}

static void of_an_old_key_the_other_columns_are_absent_not_null(void **state)
{
    struct fixture *x = *state;
    begin(x, 0x100);
    announce_orders(x, 'd');
    struct buffer *b = message(x, 'D');
    buffer_add_u32be(b, ORDERS);
    add_tuple(b, 'K', "42", "n");
    sends(x);
    assert_int_equal(commit(x, 0x120), STATUS_OK);
    struct batch *batch = intake_take(&x->intake);
    assert_int_equal(batch->changes[0].before[0].i, 42);
    assert_int_equal(batch->changes[0].before[1].kind, VALUE_ABSENT);
    assert_null(batch->changes[0].after);
    intake_return(&x->intake, batch);
}

static struct batch *update_with_unchanged_note(struct fixture *x, char identity)
{
    begin(x, 0x100);
    announce_orders(x, identity);
    struct buffer *b = message(x, 'U');
    buffer_add_u32be(b, ORDERS);
    if (identity == 'f')
        add_tuple(b, 'O', "42", "long");
    add_tuple(b, 'N', "42", "u");
    sends(x);
    assert_int_equal(commit(x, 0x120), STATUS_OK);
    return intake_take(&x->intake);
}

static void an_unchanged_column_is_absent(void **state)
{
    struct fixture *x = *state;
    struct batch *b = update_with_unchanged_note(x, 'd');
    assert_int_equal(b->changes[0].after[1].kind, VALUE_ABSENT);
    intake_return(&x->intake, b);
}

static void an_unchanged_column_is_what_the_whole_old_row_says(void **state)
{
    struct fixture *x = *state;
    struct batch *b = update_with_unchanged_note(x, 'f');
    assert_int_equal(b->changes[0].after[1].kind, VALUE_TEXT);
    assert_memory_equal(b->changes[0].after[1].text, "long", 4);
    intake_return(&x->intake, b);
}

static void an_echo_is_progress_with_effects(void **state)
{
    struct fixture *x = *state;
    bool moved;
    begin(x, 0x100);
    mark(x, "1 5 0 1 88");
    announce_orders(x, 'd');
    insert(x, ORDERS, "42", "n");
    assert_int_equal(commit(x, 0x120), STATUS_OK);
    assert_null(intake_take(&x->intake));
    assert_string_equal(idle(x, &moved), "0/120");
    assert_true(moved);
}

static void a_transaction_of_a_third_system_goes_on_with_its_path(void **state)
{
    struct fixture *x = *state;
    begin(x, 0x100);
    mark(x, "1 5 0 1 99");
    announce_orders(x, 'd');
    insert(x, ORDERS, "42", "n");
    assert_int_equal(commit(x, 0x120), STATUS_OK);
    struct batch *b = intake_take(&x->intake);
    assert_string_equal(b->path, "99,77");
    intake_return(&x->intake, b);
}

static void only_rows_outside_millrace_are_effects(void **state)
{
    struct fixture *x = *state;
    bool moved;
    begin(x, 0x100);
    mark(x, "1 5 0 1 88");
    assert_int_equal(announce(x, OURS, "millrace", "checkpoint", 'd', 2), STATUS_OK);
    insert(x, OURS, "1", "n");
    assert_int_equal(commit(x, 0x120), STATUS_OK);
    assert_string_equal(idle(x, &moved), "0/120");
    assert_false(moved);
    begin(x, 0x200);
    assert_int_equal(announce(x, OTHER, "public", "other", 'd', 2), STATUS_OK);
    insert(x, OTHER, "1", "n");
    assert_int_equal(commit(x, 0x220), STATUS_OK);
    assert_string_equal(idle(x, &moved), "0/220");
    assert_true(moved);
}

static void a_keepalive_is_progress_only_between_transactions(void **state)
{
    struct fixture *x = *state;
    bool moved;
    rows_idle(&x->s, 0x50);
    assert_string_equal(idle(x, &moved), "0/50");
    assert_false(moved);
    begin(x, 0x100);
    rows_idle(&x->s, 0x500);
    assert_null(idle(x, &moved));
    assert_int_equal(commit(x, 0x120), STATUS_OK);
    rows_idle(&x->s, 0x110);
    assert_string_equal(idle(x, &moved), "0/120");
}

static void a_transaction_that_was_passed_before_is_refused(void **state)
{
    struct fixture *x = *state;
    x->s.reading.position = 0x120;
    begin(x, 0x100);
    assert_int_equal(commit(x, 0x120), STATUS_BUG);
}

static void a_table_that_is_altered_on_the_way_stops_the_link(void **state)
{
    struct fixture *x = *state;
    begin(x, 0x100);
    announce_orders(x, 'd');
    assert_int_equal(announce(x, ORDERS, "public", "orders", 'd', 3), STATUS_DATA);
    assert_int_equal(x->f.code, ERROR_DDL);
    assert_non_null(strstr(x->f.text, "public.orders"));
    assert_non_null(strstr(x->f.text, "column added is new"));
    assert_non_null(strstr(x->f.text, "0/100"));
}

static void a_table_that_is_renamed_stops_the_link(void **state)
{
    struct fixture *x = *state;
    begin(x, 0x100);
    describe_orders(x, 'd');
    assert_int_equal(announce(x, ORDERS, "public", "orders_2026", 'd', 2), STATUS_DATA);
    assert_int_equal(x->f.code, ERROR_DDL);
}

static void a_table_that_is_announced_again_is_the_same_relation(void **state)
{
    struct fixture *x = *state;
    begin(x, 0x100);
    announce_orders(x, 'd');
    const struct relation *r = tables_met_find(&x->s, ORDERS)->relation;
    assert_int_equal(announce(x, ORDERS, "public", "orders", 'd', 2), STATUS_OK);
    assert_ptr_equal(tables_met_find(&x->s, ORDERS)->relation, r);
}

static void a_change_of_replica_identity_makes_a_new_relation(void **state)
{
    struct fixture *x = *state;
    begin(x, 0x100);
    announce_orders(x, 'd');
    const struct relation *r = tables_met_find(&x->s, ORDERS)->relation;
    assert_int_equal(announce(x, ORDERS, "public", "orders", 'f', 2), STATUS_OK);
    const struct relation *now = tables_met_find(&x->s, ORDERS)->relation;
    assert_ptr_not_equal(now, r);
    assert_true(now->full_before);
    assert_int_equal(now->nkey, 1);
}

/* ---- links of events ---- */

static void event_link(struct fixture *x)
{
    x->s.o.echoes = x->s.o.requests = x->s.o.appended_passes = true;
}

static void an_echo_is_a_quiet_transaction_where_it_is_wanted(void **state)
{
    struct fixture *x = *state;
    event_link(x);
    begin(x, 0x100);
    mark(x, "1 5 0 1 88");
    announce_orders(x, 'd');
    insert(x, ORDERS, "42", "n");
    assert_int_equal(commit(x, 0x120), STATUS_OK);
    begin(x, 0x200);
    mark(x, "1 5 0 2 99");
    insert(x, ORDERS, "43", "n");
    assert_int_equal(commit(x, 0x220), STATUS_OK);
    struct batch *b = intake_take(&x->intake);
    assert_string_equal(b->path, "99,77");
    assert_int_equal(b->ntransactions, 2);
    assert_true(b->transactions[0].quiet);
    assert_false(b->transactions[0].requests);
    assert_false(b->transactions[1].quiet);
    assert_string_equal(b->transactions[0].position, "0/120");
    intake_return(&x->intake, b);
}

static void a_marker_behind_rows_makes_all_of_the_transaction_quiet(void **state)
{
    struct fixture *x = *state;
    event_link(x);
    begin(x, 0x100);
    announce_orders(x, 'd');
    insert(x, ORDERS, "42", "n");
    mark(x, "1 5 0 1 88");
    insert(x, ORDERS, "43", "n");
    assert_int_equal(commit(x, 0x120), STATUS_OK);
    struct batch *b = intake_take(&x->intake);
    assert_int_equal(b->ntransactions, 1);
    assert_int_equal(b->nchanges, 2);
    assert_true(b->transactions[0].quiet);
    assert_string_equal(b->path, "77");
    intake_return(&x->intake, b);
}

static void an_echo_of_no_mapped_row_is_progress_all_the_same(void **state)
{
    struct fixture *x = *state;
    bool moved;
    event_link(x);
    begin(x, 0x100);
    mark(x, "1 5 0 1 88");
    assert_int_equal(announce(x, OTHER, "public", "other", 'd', 2), STATUS_OK);
    insert(x, OTHER, "1", "n");
    assert_int_equal(commit(x, 0x120), STATUS_OK);
    assert_null(intake_take(&x->intake));
    assert_string_equal(idle(x, &moved), "0/120");
    assert_true(moved);
}

static void check_text(const struct value *v, const char *text)
{
    assert_int_equal(v->kind, VALUE_TEXT);
    assert_int_equal(v->size, strlen(text));
    assert_memory_equal(v->text, text, v->size);
}

static void a_request_comes_in_its_place_inside_an_echo(void **state)
{
    struct fixture *x = *state;
    event_link(x);
    begin(x, 0x100);
    mark(x, "1 5 0 1 88");
    announce_orders(x, 'd');
    insert(x, ORDERS, "42", "n");
    say(x, "millrace.request", "5 OrderReleased a b");
    insert(x, ORDERS, "43", "n");
    assert_int_equal(commit(x, 0x120), STATUS_OK);
    struct batch *b = intake_take(&x->intake);
    assert_int_equal(b->nchanges, 3);
    assert_true(b->transactions[0].quiet && b->transactions[0].requests);
    assert_string_equal(b->path, "77");
    const struct change *c = &b->changes[1];
    assert_int_equal(c->op, CHANGE_INSERT);
    assert_ptr_equal(c->relation, &request_relation);
    assert_null(c->before);
    assert_int_equal(c->after[REQUEST_LINK].i, 5);
    memset(x->message.data, 'x', x->message.size);
    check_text(&c->after[REQUEST_EVENT], "OrderReleased");
    check_text(&c->after[REQUEST_KEY], "a b");
    intake_return(&x->intake, b);
}

static void a_request_alone_is_a_transaction(void **state)
{
    struct fixture *x = *state;
    event_link(x);
    begin(x, 0x100);
    say(x, "millrace.request", "5 OrderReleased 7");
    assert_int_equal(commit(x, 0x120), STATUS_OK);
    struct batch *b = intake_take(&x->intake);
    assert_int_equal(b->nchanges, 1);
    assert_false(b->transactions[0].quiet);
    intake_return(&x->intake, b);
}

static void what_is_no_request_is_left_out(void **state)
{
    struct fixture *x = *state;
    static const char *const texts[] = {"", "5", "5 ", "5 Order", "5  7", "x Order 7",
                                        "-1 Order 7", "99999999999999999999 Order 7",
                                        "5 Order \xff"};
    event_link(x);
    begin(x, 0x100);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        say(x, "millrace.request", texts[i]);
    assert_int_equal(commit(x, 0x120), STATUS_OK);
    assert_null(intake_take(&x->intake));
}

static void a_request_is_nothing_to_a_plain_link(void **state)
{
    struct fixture *x = *state;
    begin(x, 0x100);
    say(x, "millrace.request", "5 OrderReleased 7");
    assert_int_equal(commit(x, 0x120), STATUS_OK);
    assert_null(intake_take(&x->intake));
}

static void an_appended_column_passes_where_it_may(void **state)
{
    struct fixture *x = *state;
    event_link(x);
    begin(x, 0x100);
    announce_orders(x, 'd');
    const struct relation *old = tables_met_find(&x->s, ORDERS)->relation;
    assert_int_equal(announce(x, ORDERS, "public", "orders", 'd', 3), STATUS_OK);
    assert_int_equal(announce(x, ORDERS, "public", "orders", 'd', 4), STATUS_OK);
    const struct relation *now = tables_met_find(&x->s, ORDERS)->relation;
    assert_int_equal(now->ncolumns, 4);
    assert_true(relation_begins_with(now, old));
    assert_false(relation_begins_with(old, now));
    assert_true(now->version != old->version);
    struct buffer *b = message(x, 'I');
    buffer_add_u32be(b, ORDERS);
    static const char row[] = "N\0\4t\0\0\0\1" "7nut\0\0\0\1" "9";
    buffer_add(b, row, sizeof row - 1);
    sends(x);
    assert_int_equal(commit(x, 0x120), STATUS_OK);
    struct batch *batch = intake_take(&x->intake);
    const struct value *after = batch->changes[0].after;
    assert_int_equal(after[0].i, 7);
    assert_int_equal(after[2].kind, VALUE_ABSENT);
    assert_int_equal(after[3].i, 9);
    intake_return(&x->intake, batch);
}

static void a_first_row_with_appended_columns_passes_where_it_may(void **state)
{
    struct fixture *x = *state;
    event_link(x);
    begin(x, 0x100);
    describe_orders(x, 'd');
    assert_int_equal(announce(x, ORDERS, "public", "orders", 'd', 3), STATUS_OK);
    assert_int_equal(tables_met_find(&x->s, ORDERS)->relation->ncolumns, 3);
}

static void a_column_that_goes_stops_a_link_of_events(void **state)
{
    struct fixture *x = *state;
    event_link(x);
    begin(x, 0x100);
    announce_orders(x, 'd');
    assert_int_equal(announce(x, ORDERS, "public", "orders", 'd', 1), STATUS_DATA);
    assert_int_equal(x->f.code, ERROR_DDL);
    assert_non_null(strstr(x->f.text, "column note is gone"));
    assert_non_null(strstr(x->f.text, "millrace check"));
}

static void a_new_column_of_the_key_stops_a_link_of_events(void **state)
{
    struct fixture *x = *state;
    event_link(x);
    begin(x, 0x100);
    announce_orders(x, 'd');
    assert_int_equal(announce(x, ORDERS, "public", "orders", 'd', 3), STATUS_OK);
    struct buffer *b = message(x, 'R');
    buffer_add_u32be(b, ORDERS);
    add_cstring(b, "public");
    add_cstring(b, "orders");
    buffer_add(b, "d\0\4", 3);
    static const char *const names[] = {"id", "note", "added", "later"};
    for (int i = 0; i < 4; i++) {
        buffer_add_char(b, i == 0 || i == 3);
        add_cstring(b, names[i]);
        buffer_add_u32be(b, i == 0 || i == 3 ? INT4 : TEXT);
        buffer_add_u32be(b, UINT32_MAX);
    }
    assert_int_equal(send_message(x), STATUS_DATA);
    assert_int_equal(x->f.code, ERROR_DDL);
}

static void a_row_that_was_not_announced_is_refused(void **state)
{
    struct fixture *x = *state;
    begin(x, 0x100);
    struct buffer *b = message(x, 'I');
    buffer_add_u32be(b, ORDERS);
    add_tuple(b, 'N', "1", "n");
    assert_int_equal(send_message(x), STATUS_BUG);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_transaction_arrives_whole_at_the_end_of_its_commit),
        TEST(of_an_old_key_the_other_columns_are_absent_not_null),
        TEST(an_unchanged_column_is_absent),
        TEST(an_unchanged_column_is_what_the_whole_old_row_says),
        TEST(an_echo_is_progress_with_effects),
        TEST(a_transaction_of_a_third_system_goes_on_with_its_path),
        TEST(only_rows_outside_millrace_are_effects),
        TEST(a_keepalive_is_progress_only_between_transactions),
        TEST(a_transaction_that_was_passed_before_is_refused),
        TEST(a_table_that_is_altered_on_the_way_stops_the_link),
        TEST(a_table_that_is_renamed_stops_the_link),
        TEST(a_table_that_is_announced_again_is_the_same_relation),
        TEST(a_change_of_replica_identity_makes_a_new_relation),
        TEST(an_echo_is_a_quiet_transaction_where_it_is_wanted),
        TEST(a_marker_behind_rows_makes_all_of_the_transaction_quiet),
        TEST(an_echo_of_no_mapped_row_is_progress_all_the_same),
        TEST(a_request_comes_in_its_place_inside_an_echo),
        TEST(a_request_alone_is_a_transaction),
        TEST(what_is_no_request_is_left_out),
        TEST(a_request_is_nothing_to_a_plain_link),
        TEST(an_appended_column_passes_where_it_may),
        TEST(a_first_row_with_appended_columns_passes_where_it_may),
        TEST(a_column_that_goes_stops_a_link_of_events),
        TEST(a_new_column_of_the_key_stops_a_link_of_events),
        TEST(a_row_that_was_not_announced_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
