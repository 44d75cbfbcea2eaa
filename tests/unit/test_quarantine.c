/* test_quarantine.c: what is shown of held events, and how a request gets to its link
 * libs: command */
#include "command/quarantine.h"

#include <string.h>
#include "link/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

/* ---- texts ---- */

static void shows(void (*add)(struct buffer *b, const char *text), const char *text,
                  const char *wanted)
{
    struct buffer b;
    buffer_init(&b, 4096);
    add(&b, text);
    assert_string_equal(buffer_text(&b), wanted);
    buffer_free(&b);
}

static void data_gives_a_terminal_no_orders(void **state)
{
    (void)state;
    shows(quarantine_add_clean, "a\x1b[31m\nb\x7f\xc2\x9b\x9b", "a [31m b   ");
    shows(quarantine_add_clean, "größe 工件", "größe 工件");
    shows(quarantine_add_clean, NULL, "");
    shows(quarantine_add_json, "{\"a\": \"\x1b\"}", "{\n  \"a\": \" \"\n}");
}

static void json_is_laid_out_and_keeps_every_digit(void **state)
{
    (void)state;
    shows(quarantine_add_json, "{\"id\":18446744073709551615, \"q\": 1.50,\"e\":{ },\"l\":[1,[]]}",
          "{\n  \"id\": 18446744073709551615,\n  \"q\": 1.50,\n  \"e\": {},\n  \"l\": [\n    1,\n"
          "    []\n  ]\n}");
    shows(quarantine_add_json, "{\"a\": \"x, {\\\"y\\\": [1]}\"}",
          "{\n  \"a\": \"x, {\\\"y\\\": [1]}\"\n}");
    shows(quarantine_add_json, "null", "null");
    shows(quarantine_add_json, "}]\"", "\n}\n]\""); /* edited by hand: shown all the same */
}

static void columns_are_as_wide_as_their_characters(void **state)
{
    (void)state;
    const char *const one[] = {"1", "a-b", "größe", "", "wait", "", "0", "x"};
    const char *const two[] = {"12", "a", "gr", "k", "wait", "", "10", "y"};
    struct quarantine_table t = {{0}};
    struct buffer b;
    buffer_init(&b, 4096);
    quarantine_fit(&t, one);
    quarantine_fit(&t, two);
    quarantine_add_line(&b, &t, one);
    quarantine_add_line(&b, &t, two);
    assert_string_equal(buffer_text(&b), "1   a-b  größe     wait    0   x\n"
                                         "12  a    gr     k  wait    10  y\n");
    buffer_free(&b);
}

/* ---- which ---- */

static enum status choose(const struct arguments *args, struct held_filter *filter)
{
    static struct failure f;
    static struct arena a;
    arena_free(&a);
    arena_init(&a);
    return quarantine_filter(args, &a, filter, &f);
}

static void arguments_say_which(void **state)
{
    (void)state;
    char verb[] = "retry", n17[] = "17", n18[] = "18", n17x[] = "17x";
    char *words[] = {verb, n17, n18}, *wrong[] = {verb, n17x}, *none[] = {verb};
    struct held_filter filter;
    assert_int_equal(choose(&(struct arguments){.words = words, .nwords = 3}, &filter), STATUS_OK);
    assert_true(filter.count == 2 && filter.n[0] == 17 && filter.n[1] == 18);
    assert_true(quarantine_chooses(&filter));
    assert_int_equal(choose(&(struct arguments){.words = wrong, .nwords = 2}, &filter),
                     STATUS_CONFIG);
    assert_int_equal(
        choose(&(struct arguments){.words = none, .nwords = 1, .reason = "late"}, &filter),
        STATUS_CONFIG);
    assert_int_equal(
        choose(&(struct arguments){.words = none, .nwords = 1, .reason = "behind"}, &filter),
        STATUS_OK);
    assert_int_equal(filter.reasons, 1u << HELD_BEHIND);
    assert_int_equal(choose(&(struct arguments){.words = none, .nwords = 1}, &filter), STATUS_OK);
    assert_false(quarantine_chooses(&filter));
}

/* ---- the process's side: a link whose writer we are ---- */

static void nobody(void *owner)
{
    (void)owner;
}

static json_t *serve(struct link *l, json_t *request)
{
    json_t *answer = quarantine_serve(l, request);
    json_decref(request);
    assert_non_null(answer);
    return answer;
}

static json_t *ask(struct link *l, bool skip, const struct held_filter *filter)
{
    return serve(l, json_pack("{s:s, s:b, s:o}", "command", "quarantine", "skip", skip, "filter",
                              quarantine_filter_json(filter)));
}

static void says(json_t *answer, const char *key, const char *wanted)
{
    const char *text = json_string_value(json_object_get(answer, key));
    assert_non_null(text);
    assert_non_null(strstr(text, wanted));
    json_decref(answer);
}

static json_t *poll(struct link *l, json_int_t request)
{
    return serve(l,
                 json_pack("{s:s, s:I}", "command", "quarantine-answer", "request", request));
}

static const struct system target = {.name = "mes", .engine = ENGINE_MARIADB};

static void a_request_reaches_the_writer_and_its_answer_comes_back(void **state)
{
    (void)state;
    const struct link_config lc = {.name = "erp-mes", .to = &target};
    const int64_t n[] = {17};
    const struct held_filter filter = {.reasons = 1u << HELD_WAIT,
                                       .flow = "Order",
                                       .key = "WH/MO/00012",
                                       .table = "t",
                                       .column = "c",
                                       .n = n,
                                       .count = 1};
    struct quarantine_request r;
    struct link *l = link_new(NULL, &lc, 1, nobody, NULL);
    json_t *asked = ask(l, true, &filter);
    json_int_t id = json_integer_value(json_object_get(asked, "request"));
    json_decref(asked);
    json_t *waiting = poll(l, id);
    assert_true(json_is_true(json_object_get(waiting, "waiting")));
    json_decref(waiting);
    assert_true(link_take_quarantine_request(l, &r));
    assert_true(r.skip && r.filter.reasons == 1u << HELD_WAIT && r.filter.n[0] == 17);
    assert_string_equal(r.filter.flow, "Order");
    assert_string_equal(r.filter.key, "WH/MO/00012");
    assert_string_equal(r.filter.table, "t");
    assert_string_equal(r.filter.column, "c");
    link_answer_quarantine(l, r.id, ERROR_NONE, "1 dropped");
    assert_false(link_take_quarantine_request(l, &r));
    says(poll(l, id), "text", "1 dropped");
    says(poll(l, id), "error", "no such request");
    link_free(l);
}

static void who_asks_is_told_that_the_link_failed(void **state)
{
    (void)state;
    const struct link_config lc = {.name = "erp-mes", .to = &target};
    struct quarantine_request r;
    struct link *l = link_new(NULL, &lc, 1, nobody, NULL);
    json_decref(ask(l, true, &(struct held_filter){0}));
    link_set_state(l, LINK_FAILED);
    assert_false(link_take_quarantine_request(l, &r)); /* nor when it runs again */
    says(poll(l, 1), "error", "has failed meanwhile");
    says(ask(l, true, &(struct held_filter){0}), "error", "erp-mes is failed");
    link_free(l);
}

static void what_only_counts_has_nothing_to_try_again(void **state)
{
    (void)state;
    const struct system counts = {.name = "count", .engine = ENGINE_NULL};
    const struct link_config lc = {.name = "erp-count", .to = &counts};
    struct link *l = link_new(NULL, &lc, 1, nobody, NULL);
    says(ask(l, false, &(struct held_filter){0}), "error", "only counts");
    says(serve(l, json_pack("{s:s, s:{s:i}}", "command", "quarantine", "filter", "reasons", 999)),
         "error", "filter");
    says(serve(l, json_pack("{s:s}", "command", "quarantine")), "error", "filter");
    says(serve(l, json_pack("{s:s}", "command", "quarantine-x")), "error", "no such command");
    link_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_gives_a_terminal_no_orders),
        cmocka_unit_test(json_is_laid_out_and_keeps_every_digit),
        cmocka_unit_test(columns_are_as_wide_as_their_characters),
        cmocka_unit_test(arguments_say_which),
        cmocka_unit_test(a_request_reaches_the_writer_and_its_answer_comes_back),
        cmocka_unit_test(who_asks_is_told_that_the_link_failed),
        cmocka_unit_test(what_only_counts_has_nothing_to_try_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
