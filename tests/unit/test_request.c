/* test_request.c: how a request is written, through a scripted session
 * libs: state */
#include "state/request.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

/* A session that keeps what it was told: "statement|parameter|parameter". */
struct recorded {
    struct session_base base;
    struct failure failure;
    char said[8][512];
    int nsaid;
    const char *oldest[2]; /* the answer to what is old */
};

static enum status record(struct session *s, const char *sql, int nparams,
                          const char *const *params, struct arena *a, struct rows *out)
{
    struct recorded *r = (struct recorded *)s;
    (void)a;
    assert_true(r->nsaid < 8);
    char *said = r->said[r->nsaid++];
    int n = snprintf(said, sizeof *r->said, "%s", sql);
    for (int i = 0; i < nparams; i++)
        n += snprintf(said + n, sizeof *r->said - (size_t)n, "|%s", params[i]);
    if (out)
        *out = (struct rows){1, 2, r->oldest, 0};
    return STATUS_OK;
}

static const struct session_driver driver = {.query = record};

static void open_session(struct recorded *r, enum engine engine)
{
    *r = (struct recorded){.base = {.driver = &driver, .engine = engine, .system = "mes"}};
    r->base.failure = &r->failure;
}

static void ask(struct recorded *r)
{
    assert_int_equal(state_request((struct session *)r, 5, "Order", "a b", &r->failure), STATUS_OK);
}

static void on_postgresql_it_is_a_message_in_utf8(void **state)
{
    (void)state;
    struct recorded r;
    open_session(&r, ENGINE_POSTGRES);
    ask(&r);
    assert_int_equal(r.nsaid, 1);
    assert_string_equal(r.said[0],
                        "SELECT pg_catalog.pg_logical_emit_message(true, 'millrace.request', "
                        "pg_catalog.convert_to(?, 'UTF8'))|5 Order a b");
}

static void on_mysql_it_is_a_row_and_old_ones_go_now_and_then(void **state)
{
    (void)state;
    struct recorded r;
    open_session(&r, ENGINE_MARIADB);
    r.oldest[0] = "3";
    r.oldest[1] = "9";
    ask(&r);
    assert_int_equal(r.nsaid, 3);
    assert_string_equal(r.said[0], "INSERT INTO millrace.request (link, event, object_key) "
                                   "VALUES (?, ?, ?)|5|Order|a b");
    assert_string_equal(r.said[2], "DELETE FROM millrace.request WHERE id BETWEEN ? AND ?|3|9");
    ask(&r);
    assert_int_equal(r.nsaid, 4);
    for (int i = 2; i < 256; i++) {
        r.nsaid = 0;
        ask(&r);
        assert_int_equal(r.nsaid, 1);
    }
    r.oldest[0] = r.oldest[1] = NULL; /* none is old */
    r.nsaid = 0;
    ask(&r);
    assert_int_equal(r.nsaid, 2);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct request r;
    assert_true(request_read("5 Order a b", 11, &r));
    assert_int_equal(r.link, 5);
    assert_int_equal(r.event.size, 5);
    assert_memory_equal(r.event.text, "Order", 5);
    assert_int_equal(r.key.size, 3);
    assert_memory_equal(r.key.text, "a b", 3);
    assert_true(request_read("0 O ", 4, &r));
    assert_int_equal(r.key.size, 0);
    assert_false(request_read("5 Order", 7, &r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_postgresql_it_is_a_message_in_utf8),
        cmocka_unit_test(on_mysql_it_is_a_row_and_old_ones_go_now_and_then),
        cmocka_unit_test(what_was_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
