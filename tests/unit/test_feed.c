/* test_feed.c: who listens gets the events that were asked for, and is never waited for.
 * libs: events */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/buffer.h"
#include "events/feed.h"

static int rung;

static void ring(void *owner)
{
    (*(int *)owner)++;
}

static struct feed_listener *listen_for(struct feed *f, const char *link, const char *type,
                                        const char *key, size_t bytes)
{
    struct feed_filter filter = {link, type, key};
    struct feed_listener *l = feed_listen(f, &filter, bytes, ring, &rung);
    assert_non_null(l);
    return l;
}

static struct feed_event event_of(const char *key)
{
    return (struct feed_event){
        .link = "dispatch",
        .names = {"Order", "OperationsRequest", "isa95.v1.OperationsRequest.released"},
        .key = key};
}

static void say(struct feed *f, const char *key, const char *line)
{
    struct feed_event e = event_of(key);
    feed_say(f, &e, line, strlen(line));
}

/* All that is there, and whether more may follow. */
static bool takes(struct feed_listener *l, const char *expected)
{
    struct buffer b;
    buffer_init(&b, 1 << 20);
    bool goes_on = feed_take(l, &b);
    assert_string_equal(buffer_text(&b), expected);
    buffer_free(&b);
    return goes_on;
}

static void nothing_is_wanted_while_nobody_listens(void **state)
{
    (void)state;
    struct feed *f = feed_new();
    assert_false(feed_wanted(NULL));
    assert_false(feed_wanted(f));
    struct feed_listener *l = listen_for(f, NULL, NULL, NULL, 100);
    assert_true(feed_wanted(f));
    feed_leave(l);
    assert_false(feed_wanted(f));
    feed_free(f);
}

static void each_filter_takes_its_events_only(void **state)
{
    (void)state;
    struct feed *f = feed_new();
    struct feed_event e = event_of("WH/MO/1");
    static const struct {
        const char *link, *type, *key;
        bool wants;
    } cases[] = {
        {NULL, NULL, NULL, true},
        {"dispatch", NULL, NULL, true},
        {"report", NULL, NULL, false},
        {NULL, "Order", NULL, true},
        {NULL, "OperationsRequest", NULL, true},
        {NULL, "isa95.v1.*.released", NULL, true},
        {NULL, "Operations", NULL, false},
        {NULL, NULL, "WH/MO/1", true},
        {NULL, NULL, "WH/MO/*", true},
        {NULL, NULL, "WH/MO/2", false},
        {"dispatch", "Order", "WH/MO/2", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct feed_listener *l =
            listen_for(f, cases[i].link, cases[i].type, cases[i].key, 100);
        assert_int_equal(feed_wants(f, &e), cases[i].wants);
        feed_leave(l);
    }
    feed_free(f);
}

static void an_event_goes_by_the_key_that_it_had_too(void **state)
{
    (void)state;
    struct feed *f = feed_new();
    struct feed_event e = event_of("new");
    struct feed_listener *l = listen_for(f, NULL, NULL, "old", 100);
    assert_false(feed_wants(f, &e));
    e.old_key = "old";
    assert_true(feed_wants(f, &e));
    feed_leave(l);
    feed_free(f);
}

static void lines_come_in_order_to_each_who_wants_them(void **state)
{
    (void)state;
    struct feed *f = feed_new();
    struct feed_listener *all = listen_for(f, NULL, NULL, NULL, 100);
    struct feed_listener *one = listen_for(f, NULL, NULL, "b", 100);
    rung = 0;
    say(f, "a", "1\n");
    say(f, "b", "2\n");
    assert_int_equal(rung, 3);
    assert_true(takes(all, "1\n2\n"));
    assert_true(takes(all, ""));
    assert_true(takes(one, "2\n"));
    feed_leave(all);
    feed_leave(one);
    feed_free(f);
}

static void who_is_too_slow_is_cut_off_and_nobody_else(void **state)
{
    (void)state;
    struct feed *f = feed_new();
    struct feed_listener *slow = listen_for(f, NULL, NULL, NULL, 5);
    struct feed_listener *fast = listen_for(f, NULL, NULL, NULL, 100);
    say(f, "a", "1234\n");
    say(f, "a", "5\n"); /* does not fit */
    say(f, "a", "\n");  /* would, but a line is missing by now */
    assert_false(takes(slow, "1234\n"));
    assert_false(takes(slow, ""));
    assert_true(takes(fast, "1234\n5\n\n"));
    feed_leave(slow);
    feed_leave(fast);
    feed_free(f);
}

static void what_a_link_could_not_keep_cuts_off_its_own_listeners(void **state)
{
    (void)state;
    struct feed *f = feed_new();
    struct feed_listener *its = listen_for(f, "dispatch", NULL, NULL, 100);
    struct feed_listener *other = listen_for(f, "report", NULL, NULL, 100);
    feed_lost(f, "dispatch");
    assert_false(takes(its, ""));
    assert_true(takes(other, ""));
    feed_leave(its);
    feed_leave(other);
    feed_free(f);
}

static void only_so_many_may_listen(void **state)
{
    (void)state;
    struct feed *f = feed_new();
    struct feed_listener *all[FEED_LISTENERS_MAX];
    struct feed_filter any = {0};
    for (int i = 0; i < FEED_LISTENERS_MAX; i++)
        all[i] = listen_for(f, NULL, NULL, NULL, 10);
    assert_null(feed_listen(f, &any, 10, ring, &rung));
    feed_leave(all[3]);
    all[3] = listen_for(f, NULL, NULL, NULL, 10);
    for (int i = 0; i < FEED_LISTENERS_MAX; i++)
        feed_leave(all[i]);
    feed_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_wanted_while_nobody_listens),
        cmocka_unit_test(each_filter_takes_its_events_only),
        cmocka_unit_test(an_event_goes_by_the_key_that_it_had_too),
        cmocka_unit_test(lines_come_in_order_to_each_who_wants_them),
        cmocka_unit_test(who_is_too_slow_is_cut_off_and_nobody_else),
        cmocka_unit_test(what_a_link_could_not_keep_cuts_off_its_own_listeners),
        cmocka_unit_test(only_so_many_may_listen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
