/* test_quarantine_queue.c: what is asked of held events, until it is answered
 * libs: link */
#include "link/quarantine.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static struct quarantine_queue q;
static struct failure failure;

static int64_t ask(bool skip)
{
    int64_t id = 0, n[] = {4, 5};
    char key[] = "WH/1";
    const struct held_filter filter = {
        .reasons = 1u << HELD_WAIT, .key = key, .n = n, .count = 2};
    assert_int_equal(quarantine_ask(&q, skip, &filter, &id, &failure), STATUS_OK);
    memset(key, 'x', 4); /* what was asked is a copy */
    memset(n, 0, sizeof n);
    return id;
}

static enum status fetch(int64_t id, bool *done, const char *wanted)
{
    struct buffer b;
    buffer_init(&b, 1024);
    enum status status = quarantine_fetch(&q, id, done, &b, &failure);
    if (wanted)
        assert_string_equal(buffer_text(&b), wanted);
    buffer_free(&b);
    return status;
}

static void a_request_is_the_first_until_it_is_answered(void **state)
{
    (void)state;
    struct quarantine_request r;
    bool done;
    assert_false(quarantine_next(&q, &r));
    int64_t first = ask(false), second = ask(true);
    for (int i = 0; i < 2; i++) { /* the second time: the first was rolled back */
        assert_true(quarantine_next(&q, &r));
        assert_true(r.id == first && !r.skip && r.filter.count == 2 && r.filter.n[1] == 5);
        assert_string_equal(r.filter.key, "WH/1");
    }
    assert_int_equal(fetch(first, &done, NULL), STATUS_OK);
    assert_false(done);
    quarantine_answer(&q, first, ERROR_NONE, "2 written");
    assert_true(quarantine_next(&q, &r) && r.id == second && r.skip);
    assert_int_equal(fetch(first, &done, "2 written"), STATUS_OK);
    assert_true(done);
    quarantine_free(&q);
}

static void an_answer_is_told_once(void **state)
{
    (void)state;
    bool done;
    int64_t id = ask(false);
    quarantine_answer(&q, id, ERROR_NONE, "2 written");
    quarantine_answer(&q, id, ERROR_NONE, "again");
    assert_int_equal(fetch(id, &done, "2 written"), STATUS_OK);
    assert_int_equal(fetch(id, &done, NULL), STATUS_CONFIG);
    quarantine_answer(&q, id, ERROR_NONE, "nobody's");
    quarantine_free(&q);
}

static void a_link_that_fails_answers_all(void **state)
{
    (void)state;
    struct quarantine_request r;
    bool done;
    int64_t first = ask(false), second = ask(true);
    quarantine_answer(&q, first, ERROR_NONE, "2 written");
    quarantine_answer_all(&q, ERROR_CONFIG, "the link has failed");
    assert_false(quarantine_next(&q, &r));
    assert_int_equal(fetch(first, &done, "2 written"), STATUS_OK);
    assert_int_equal(fetch(second, &done, NULL), STATUS_CONFIG);
    assert_string_equal(failure.text, "the link has failed");
    quarantine_free(&q);
}

static void only_answers_that_nobody_fetches_make_room(void **state)
{
    (void)state;
    const struct held_filter all = {0};
    int64_t ids[QUARANTINE_REQUESTS_MAX], more;
    bool done;
    for (int i = 0; i < QUARANTINE_REQUESTS_MAX; i++)
        ids[i] = ask(false);
    assert_int_equal(quarantine_ask(&q, false, &all, &more, &failure), STATUS_CONFIG);
    quarantine_answer(&q, ids[3], ERROR_NONE, "done");
    assert_int_equal(quarantine_ask(&q, false, &all, &more, &failure), STATUS_OK);
    assert_int_equal(fetch(ids[3], &done, NULL), STATUS_CONFIG);
    assert_int_equal(fetch(ids[4], &done, NULL), STATUS_OK);
    assert_false(done);
    quarantine_free(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_the_first_until_it_is_answered),
        cmocka_unit_test(an_answer_is_told_once),
        cmocka_unit_test(a_link_that_fails_answers_all),
        cmocka_unit_test(only_answers_that_nobody_fetches_make_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
