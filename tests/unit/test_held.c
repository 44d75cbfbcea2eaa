/* test_held.c: held events through a session that notes what it is asked
 * libs: state */
#include "state/held.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "state/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

enum { ASKED_MAX = 64, CELLS_MAX = 18 };

/* Answers every question alike: `rows` rows of the same cells, the first a number that grows. */
struct noting {
    struct session_base base;
    struct failure failure;
    int calls;
    char *sql[ASKED_MAX];
    size_t bytes[ASKED_MAX]; /* of the statement and its parameters */
    int nparams[ASKED_MAX];
    const char *first_param;
    int rows_in_page[ASKED_MAX]; /* answers of SELECTs, by call */
    const char *cells[CELLS_MAX];
    int ncolumns;
    int64_t affected, number;
};

static enum status note(struct session *s, const char *sql, int nparams, const char *const *params,
                        struct arena *a, struct rows *out)
{
    struct noting *p = (struct noting *)s;
    assert_true(p->calls < ASKED_MAX);
    int call = p->calls++, rows = p->rows_in_page[call];
    p->sql[call] = strdup(sql);
    p->nparams[call] = nparams;
    p->bytes[call] = strlen(sql);
    for (int i = 0; i < nparams; i++)
        p->bytes[call] += params[i] ? strlen(params[i]) : 0;
    p->first_param = nparams ? params[0] : NULL;
    if (!out)
        return STATUS_OK;
    *out = (struct rows){.nrows = rows, .ncolumns = p->ncolumns, .affected = p->affected};
    const char **cells = a ? arena_alloc(a, (size_t)(rows * p->ncolumns + 1) * sizeof *cells) : NULL;
    for (int i = 0; i < rows * p->ncolumns; i++)
        cells[i] = i % p->ncolumns ? p->cells[i % p->ncolumns]
                                   : arena_format(a, "%lld", (long long)++p->number);
    out->cells = cells;
    return STATUS_OK;
}

static const struct session_driver noting_driver = {.query = note};

static struct noting *noting_new(enum engine engine)
{
    struct noting *p = calloc(1, sizeof *p);
    p->base = (struct session_base){
        .driver = &noting_driver, .engine = engine, .failure = &p->failure, .system = "mes"};
    return p;
}

static void noting_free(struct noting *p)
{
    for (int i = 0; i < p->calls; i++)
        free(p->sql[i]);
    free(p);
}

#define SESSION(p)       ((struct session *)(p))
#define SAYS(p, i, part) assert_non_null(strstr((p)->sql[i], part))
#define SILENT(p, i, part) assert_null(strstr((p)->sql[i], part))

static struct held_event *some_events(uint32_t n, const void *envelope, size_t size)
{
    struct held_event *events = calloc(n, sizeof *events);
    for (uint32_t i = 0; i < n; i++)
        events[i] = (struct held_event){.flow = "Order",
                                        .key = "WH/1",
                                        .op = "changed",
                                        .reason = HELD_WAIT,
                                        .position = "0/16B3748",
                                        .envelope = envelope,
                                        .envelope_size = size,
                                        .text = "there is no row"};
    return events;
}

static void events_go_in_by_the_hundred(void **state)
{
    (void)state;
    struct noting *p = noting_new(ENGINE_POSTGRES);
    struct held_event *events = some_events(1200, "ab", 2);
    assert_int_equal(held_add(SESSION(p), 7, events, 1200, &p->failure), STATUS_OK);
    assert_int_equal(p->calls, 4);
    SAYS(p, 3, "ANALYZE (SKIP_LOCKED)");
    assert_int_equal(p->nparams[0], 500 * 12);
    assert_int_equal(p->nparams[2], 200 * 12);
    SAYS(p, 0, "(7,0,0,?,");
    SAYS(p, 0, "decode(?,'hex')");
    free(events);
    noting_free(p);
}

static void a_statement_stays_below_four_mebibytes(void **state)
{
    (void)state;
    enum { BYTES = 200 * 1024, EVENTS = 40 };
    static const char envelope[BYTES];
    struct noting *p = noting_new(ENGINE_MARIADB);
    struct held_event *events = some_events(EVENTS, envelope, BYTES);
    events[5].envelope_size = 0;
    assert_int_equal(held_add(SESSION(p), 7, events, EVENTS, &p->failure), STATUS_OK);
    int rows = 0;
    for (int i = 0; i < p->calls; i++) {
        assert_true(p->bytes[i] < 4u << 20);
        rows += p->nparams[i] / 12;
    }
    assert_int_equal(rows, EVENTS);
    SAYS(p, 0, "unhex(?)");
    free(events);
    noting_free(p);
}

static void one_event_alone_may_be_larger(void **state)
{
    (void)state;
    char *envelope = calloc(1, 8 << 20);
    struct noting *p = noting_new(ENGINE_MYSQL);
    struct held_event *events = some_events(2, envelope, 8 << 20);
    assert_int_equal(held_add(SESSION(p), 7, events, 2, &p->failure), STATUS_OK);
    assert_int_equal(p->calls, 2);
    free(events);
    free(envelope);
    noting_free(p);
}

static void what_is_gone_already_is_read_again(void **state)
{
    (void)state;
    struct noting *p = noting_new(ENGINE_POSTGRES);
    const int64_t n[] = {3, 5, 9};
    p->affected = 3;
    assert_int_equal(held_remove(SESSION(p), 7, n, 3, &p->failure), STATUS_OK);
    SAYS(p, 0, "DELETE FROM millrace.held WHERE link = 7 AND n IN (3,5,9)");
    p->affected = 2;
    assert_int_equal(held_remove(SESSION(p), 7, n, 3, &p->failure), STATUS_RETRY);
    assert_int_equal(held_tried(SESSION(p), 7, n, 3, &p->failure), STATUS_RETRY);
    const struct held_change changes[2] = {{3, HELD_WAIT, "t", NULL, "no"}, {5, HELD_QUARANTINE}};
    assert_int_equal(held_update(SESSION(p), 7, changes, 2, &p->failure), STATUS_OK);
    assert_int_equal(held_update(SESSION(p), 7, changes, 1, &p->failure), STATUS_RETRY);
    noting_free(p);
}

static void many_numbers_go_in_sets(void **state)
{
    (void)state;
    struct noting *p = noting_new(ENGINE_POSTGRES);
    int64_t *n = calloc(4000, sizeof *n);
    p->affected = 2000;
    assert_int_equal(held_remove(SESSION(p), 7, n, 4000, &p->failure), STATUS_OK);
    assert_int_equal(p->calls, 2);
    free(n);
    noting_free(p);
}

static const char *const row_cells[CELLS_MAX] = {
    NULL,  "Order", "WH/1",   "WH/0", "changed", "wait",
    "12",  "0/1",   "1000",   "t",    "c",       "there is no row",
    "3",   "2026-11-22T16:48:00.000000Z", NULL, "00ffAb", "{}", NULL};

static void page(struct noting *p, const struct held_filter *filter, struct arena *a,
                 struct held_event *out)
{
    uint32_t n;
    struct held_query q = {.filter = *filter, .after_n = 40, .limit = 10, .envelope = true};
    p->ncolumns = CELLS_MAX;
    p->rows_in_page[p->calls] = 1;
    memcpy(p->cells, row_cells, sizeof row_cells);
    assert_int_equal(held_page(SESSION(p), 7, &q, a, out, &n, &p->failure), STATUS_OK);
    assert_int_equal(n, 1);
}

static void a_page_gives_events_as_they_were_held(void **state)
{
    (void)state;
    struct noting *p = noting_new(ENGINE_MYSQL);
    struct held_event e;
    struct arena a;
    arena_init(&a);
    p->number = 40;
    page(p, &(struct held_filter){0}, &a, &e);
    assert_int_equal(e.n, 41);
    assert_string_equal(e.old_key, "WH/0");
    assert_int_equal(e.reason, HELD_WAIT);
    assert_true(e.transaction == 12 && e.committed_us == 1000 && e.tries == 3);
    assert_null(e.tried_at);
    assert_int_equal(e.envelope_size, 3);
    assert_memory_equal(e.envelope, "\x00\xff\xab", 3);
    SAYS(p, 0, "link = 7 AND n > 40 AND reason <> 'skipped' ORDER BY n LIMIT 10");
    SAYS(p, 0, "HEX(envelope), NULL, NULL");
    arena_free(&a);
    noting_free(p);
}

static void a_filter_asks_for_all_that_it_names(void **state)
{
    (void)state;
    struct noting *p = noting_new(ENGINE_POSTGRES);
    const int64_t n[] = {4, 6};
    struct held_event e;
    struct arena a;
    arena_init(&a);
    page(p, &(struct held_filter){.reasons = 1u << HELD_QUARANTINE, .flow = "Order"}, &a, &e);
    SAYS(p, 0, " AND reason = 'quarantine' AND flow = ?");
    assert_int_equal(p->nparams[0], 1);
    page(p, &(struct held_filter){.reasons = HELD_ANY, .key = "WH/1"}, &a, &e);
    SILENT(p, 1, "AND reason");
    SAYS(p, 1, "(left(event_key, 200) = left(?, 200) AND event_key = ? OR left(old_key, 200)");
    page(p, &(struct held_filter){.reasons = 1u << HELD_WAIT | 1u << HELD_BEHIND}, &a, &e);
    SAYS(p, 2, " AND reason <> 'skipped' AND reason <> 'quarantine' AND reason <> 'together' ORDER");
    page(p, &(struct held_filter){.table = "t", .column = "c", .n = n, .count = 2}, &a, &e);
    SAYS(p, 3, "AND tab = ? AND col = ? AND n IN (4,6)");
    arena_free(&a);
    noting_free(p);
}

static void count_key(void *owner, const char *flow, const char *key)
{
    assert_string_equal(flow, "Order");
    assert_true(strcmp(key, "WH/1") == 0 || strcmp(key, "WH/0") == 0);
    ++*(int *)owner;
}

static void keys_come_page_by_page_both_of_an_event(void **state)
{
    (void)state;
    struct noting *p = noting_new(ENGINE_POSTGRES);
    int keys = 0;
    p->ncolumns = 4;
    p->cells[1] = "Order";
    p->cells[2] = "WH/1";
    p->cells[3] = "WH/0";
    p->rows_in_page[0] = p->rows_in_page[1] = 5000;
    p->rows_in_page[2] = 17;
    assert_int_equal(held_keys(SESSION(p), 7, count_key, &keys, &p->failure), STATUS_OK);
    assert_int_equal(keys, 2 * (5000 + 5000 + 17));
    SAYS(p, 1, "n > 5000 ");
    SAYS(p, 2, "n > 10000 ");
    noting_free(p);
}

static void a_page_that_is_just_full_may_be_the_last(void **state)
{
    (void)state;
    struct noting *p = noting_new(ENGINE_POSTGRES);
    int keys = 0;
    p->ncolumns = 4;
    p->cells[1] = "Order";
    p->cells[2] = "WH/1";
    p->rows_in_page[0] = 5000;
    assert_int_equal(held_keys(SESSION(p), 7, count_key, &keys, &p->failure), STATUS_OK);
    assert_int_equal(keys, 5000);
    assert_int_equal(p->calls, 2);
    noting_free(p);
}

static void bytes_that_are_no_hex_are_refused(void **state)
{
    (void)state;
    struct failure f = {0};
    struct arena a;
    const void *data;
    size_t size;
    arena_init(&a);
    assert_int_equal(sql_read_hex("0g", &a, &data, &size, &f), STATUS_BUG);
    assert_int_equal(sql_read_hex("0", &a, &data, &size, &f), STATUS_BUG);
    assert_int_equal(sql_read_hex("", &a, &data, &size, &f), STATUS_OK);
    assert_true(data && size == 0);
    assert_int_equal(sql_read_hex(NULL, &a, &data, &size, &f), STATUS_OK);
    assert_null(data);
    arena_free(&a);
}

static void reasons_have_names(void **state)
{
    (void)state;
    enum held_reason r;
    for (int i = 0; i < HELD_REASONS_N; i++) {
        assert_true(held_reason_read(held_reason_name((enum held_reason)i), &r));
        assert_int_equal(r, i);
    }
    assert_false(held_reason_read("none", &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_go_in_by_the_hundred),
        cmocka_unit_test(a_statement_stays_below_four_mebibytes),
        cmocka_unit_test(one_event_alone_may_be_larger),
        cmocka_unit_test(what_is_gone_already_is_read_again),
        cmocka_unit_test(many_numbers_go_in_sets),
        cmocka_unit_test(a_page_gives_events_as_they_were_held),
        cmocka_unit_test(a_filter_asks_for_all_that_it_names),
        cmocka_unit_test(keys_come_page_by_page_both_of_an_event),
        cmocka_unit_test(a_page_that_is_just_full_may_be_the_last),
        cmocka_unit_test(bytes_that_are_no_hex_are_refused),
        cmocka_unit_test(reasons_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
