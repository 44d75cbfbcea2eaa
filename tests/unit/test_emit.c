/* test_emit.c: rows of one event -> the intake: its pieces hold what they need, and not more.
 * libs: source_mysql */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/wake.h"
#include "model/intake.h"
#include "mysql/decode.h"
#include "mysql/internal.h"

enum { BUDGET = 1024 * 1024, ROWS = 4000, COLUMNS = 6, TEXT_BYTES = 8 };

/* A table that needs no catalog: millrace.checkpoint, five BIGINT and a VARCHAR(40). */
static const char table_map[] =
    "\x07\0\0\0\0\0\0\0\x08millrace\0\x0a"
    "checkpoint\0\x06\x08\x08\x08\x08\x08\x0f\x02\x28\0\0"
    "\x02\x01\x2d" /* utf8mb4 */
    "\x04\x1f\x04link\x04lane\x03seq\x04root\x04path\x06people";

static struct wake wake;
static struct intake intake;
static struct marker_guard guard;
static struct source source;
static struct tail tail;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(wake_init(&wake), 0);
    intake_init(&intake, BUDGET);
    source = (struct source){.options = {.wake = &wake, .intake = &intake, .link = "a-b"}};
    marker_guard_init(&guard, 1, 2);
    marker_guard_begin(&guard);
    tail_init(&tail, &source);
    tail.guard = &guard;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tail_free(&tail);
    marker_guard_free(&guard);
    intake_free(&intake);
    wake_free(&wake);
    return 0;
}

static const struct layout *layout(void)
{
    assert_int_equal(layouts_met(&tail, reader_of(table_map, sizeof table_map - 1)), STATUS_OK);
    return layouts_find(&tail.layouts, 7);
}

static void add_row(struct buffer *b, int n)
{
    char text[TEXT_BYTES + 1];
    int64_t numbers[COLUMNS - 1] = {n, 1, 2, 3, 4};
    snprintf(text, sizeof text, "t%07d", n);
    buffer_add_char(b, 0); /* none is NULL */
    buffer_add(b, numbers, sizeof numbers);
    buffer_add_char(b, TEXT_BYTES);
    buffer_add(b, text, TEXT_BYTES);
}

/* As a server writes it whose binlog_row_event_max_size is raised. */
static void emit_event(int rows)
{
    static const char head[] = "\x07\0\0\0\0\0\x01\0\x02\0\x06\x3f";
    struct buffer b;
    struct binlog_rows event;
    const struct layout *l = layout();
    buffer_init(&b, 1 << 20);
    buffer_add(&b, head, sizeof head - 1);
    for (int i = 0; i < rows; i++)
        add_row(&b, i);
    assert_int_equal(binlog_rows_read(BINLOG_WRITE_ROWS, reader_of(b.data, b.size), &tail.scratch,
                                      &event, &tail.failure),
                     STATUS_OK);
    assert_int_equal(emit_rows(&tail, l, &event, b.size), STATUS_OK);
    assert_int_equal(emit_end(&tail), STATUS_OK);
    memset(b.data, 'x', b.size); /* the event is gone */
    buffer_free(&b);
}

static void check_rows(const struct batch *b, int *n)
{
    for (uint32_t i = 0; i < b->nchanges; i++, ++*n) {
        char text[TEXT_BYTES + 1];
        const struct value *row = b->changes[i].after;
        snprintf(text, sizeof text, "t%07d", *n);
        assert_int_equal(row[0].i, *n);
        assert_int_equal(row[COLUMNS - 1].size, TEXT_BYTES);
        assert_memory_equal(row[COLUMNS - 1].text, text, TEXT_BYTES);
    }
}

static void a_large_event_goes_in_pieces_none_of_which_holds_all_of_it(void **state)
{
    (void)state;
    struct batch *b;
    int n = 0;
    emit_event(ROWS);
    assert_in_range(intake.outstanding_bytes, 1, 2 * BUDGET);
    while ((b = intake_take(&intake))) {
        check_rows(b, &n);
        intake_return(&intake, b);
    }
    assert_int_equal(n, ROWS);
}

static void the_rows_of_a_small_event_outlive_it(void **state)
{
    (void)state;
    int n = 0;
    emit_event(3);
    struct batch *b = intake_take(&intake);
    assert_non_null(b);
    check_rows(b, &n);
    assert_int_equal(n, 3);
    intake_return(&intake, b);
}

static atomic_bool truncated;

static void *truncate_once(void *arg)
{
    (void)arg;
    assert_int_equal(emit_truncate(&tail, NULL), STATUS_OK);
    atomic_store(&truncated, true);
    return NULL;
}

static void a_truncate_waits_for_room_too(void **state)
{
    (void)state;
    pthread_t thread;
    struct batch *b;
    atomic_store(&truncated, false);
    while (!intake_full(&intake))
        emit_event(ROWS);
    assert_int_equal(pthread_create(&thread, NULL, truncate_once, NULL), 0);
    wake_poll(&wake, -1, 0, 50);
    bool waits = !atomic_load(&truncated);
    while ((b = intake_take(&intake)))
        intake_return(&intake, b);
    tail_room(&tail);
    pthread_join(thread, NULL);
    assert_true(waits && atomic_load(&truncated));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_large_event_goes_in_pieces_none_of_which_holds_all_of_it),
        TEST(the_rows_of_a_small_event_outlive_it),
        TEST(a_truncate_waits_for_room_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
