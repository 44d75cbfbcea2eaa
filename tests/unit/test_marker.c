/* test_marker.c: the text of markers, paths, and what the guard of a reader makes of them
 * libs: state */
#include "state/marker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static char scratch[MARKER_PATH_BYTES + 1];
static struct failure failure;

static enum status read_text(const char *text, struct marker *m)
{
    return marker_read(text, strlen(text), m, scratch, &failure);
}

static void a_marker_reads_back_as_written(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1024);
    struct marker m = {INT64_MAX, 7, 42, "9223372036854775807,3"}, got;
    marker_write(&b, &m);
    assert_string_equal(buffer_text(&b), "1 9223372036854775807 7 42 9223372036854775807,3");
    assert_int_equal(marker_read(b.data, b.size, &got, scratch, &failure), STATUS_OK);
    assert_true(got.link == m.link && got.lane == 7 && got.seq == 42);
    assert_string_equal(got.path, m.path);
    buffer_free(&b);
}

static void text_that_is_not_ours_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "1",
        "hello",
        "2 5 0 1 7",
        "1 5 0 1 ",
        "1 5 0 1 7,",
        "1 5 0 1 ,",
        "1 5 0 1 a",
        "1 5 -1 1 7",
        "1  5 0 1 7",
        "1 5 0 1 7 ",
        "1 5 0 1 7,,8",
        "1 99999999999999999999 0 1 7",
        "1 5 4294967296 1 7",
        "1 5 0 1",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct marker m;
        assert_int_equal(read_text(texts[i], &m), STATUS_BUG);
        assert_int_equal(failure.code, ERROR_PROTOCOL);
    }
}

static void a_path_longer_than_its_column_is_refused(void **state)
{
    (void)state;
    char text[512] = "1 5 0 1 ";
    struct marker m;
    memset(text + 8, '7', MARKER_PATH_BYTES);
    assert_int_equal(read_text(text, &m), STATUS_OK);
    memset(text + 8, '7', MARKER_PATH_BYTES + 1);
    assert_int_equal(read_text(text, &m), STATUS_BUG);
}

static void a_path_holds_whole_ids_only(void **state)
{
    (void)state;
    assert_true(path_holds("12,7,90", 12));
    assert_true(path_holds("12,7,90", 7));
    assert_true(path_holds("12,7,90", 90));
    assert_false(path_holds("12,7,90", 2));
    assert_false(path_holds("12,7,90", 9));
    assert_false(path_holds("", 1));
}

static void an_unmarked_transaction_has_the_source_as_its_path(void **state)
{
    (void)state;
    struct marker_guard g;
    marker_guard_init(&g, 11, 22);
    assert_string_equal(g.path, "11");
    assert_false(g.echo);
    assert_int_equal(marker_guard_met(&g, &(struct marker){5, 0, 1, "22"}, &failure), STATUS_OK);
    assert_true(g.echo && g.marked);
    marker_guard_begin(&g);
    assert_string_equal(g.path, "11");
    assert_false(g.echo || g.marked);
    marker_guard_free(&g);
}

static void only_a_path_with_the_target_is_an_echo(void **state)
{
    (void)state;
    struct marker_guard g;
    marker_guard_init(&g, 11, 22);
    assert_int_equal(marker_guard_met(&g, &(struct marker){5, 0, 1, "33"}, &failure), STATUS_OK);
    assert_false(g.echo);
    assert_string_equal(g.path, "33,11");
    assert_int_equal(marker_guard_met(&g, &(struct marker){6, 0, 1, "22,33"}, &failure), STATUS_OK);
    assert_true(g.echo);
    marker_guard_free(&g);
}

static void a_missing_number_stops_per_link_and_lane(void **state)
{
    (void)state;
    struct marker_guard g;
    marker_guard_init(&g, 11, 22);
    assert_int_equal(marker_guard_met(&g, &(struct marker){5, 0, 100, "22"}, &failure), STATUS_OK);
    assert_int_equal(marker_guard_met(&g, &(struct marker){5, 1, 7, "22"}, &failure), STATUS_OK);
    assert_int_equal(marker_guard_met(&g, &(struct marker){6, 0, 1, "22"}, &failure), STATUS_OK);
    assert_int_equal(marker_guard_met(&g, &(struct marker){5, 0, 101, "22"}, &failure), STATUS_OK);
    assert_int_equal(marker_guard_met(&g, &(struct marker){5, 0, 103, "22"}, &failure),
                     STATUS_CONFIG);
    assert_int_equal(failure.code, ERROR_SEQUENCE_GAP);
    marker_guard_free(&g);
}

static void a_number_met_twice_stops(void **state)
{
    (void)state;
    struct marker_guard g;
    marker_guard_init(&g, 11, 22);
    assert_int_equal(marker_guard_met(&g, &(struct marker){5, 0, 100, "22"}, &failure), STATUS_OK);
    assert_int_equal(marker_guard_met(&g, &(struct marker){5, 0, 100, "22"}, &failure),
                     STATUS_CONFIG);
    marker_guard_free(&g);
}

static void a_chain_too_long_is_refused(void **state)
{
    (void)state;
    char path[MARKER_PATH_BYTES + 1];
    memset(path, '7', MARKER_PATH_BYTES);
    path[MARKER_PATH_BYTES] = '\0';
    struct marker_guard g;
    marker_guard_init(&g, 11, 22);
    assert_int_equal(marker_guard_met(&g, &(struct marker){5, 0, 1, path}, &failure),
                     STATUS_CONFIG);
    marker_guard_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_marker_reads_back_as_written),
        cmocka_unit_test(text_that_is_not_ours_is_refused),
        cmocka_unit_test(a_path_longer_than_its_column_is_refused),
        cmocka_unit_test(a_path_holds_whole_ids_only),
        cmocka_unit_test(an_unmarked_transaction_has_the_source_as_its_path),
        cmocka_unit_test(only_a_path_with_the_target_is_an_echo),
        cmocka_unit_test(a_missing_number_stops_per_link_and_lane),
        cmocka_unit_test(a_number_met_twice_stops),
        cmocka_unit_test(a_chain_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
