/* test_mirror_refused.c: rows that a view cannot state are kept, and tried again as what they were
 * libs: mirror */
#include "mirror_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

/* A remark that is no JSON cannot be stated. */
static const struct event_definition report = {
    .name = "Report",
    .of = "pro_feedback",
    .key = "id",
    .sql = "select feedback_code as id, quantity_qualified as good, json(remark) as remark"
           "  from pro_feedback where record_id = :object and status = 'FINISHED'",
};
static const struct event_definition other = {
    .name = "Other",
    .of = "pro_feedback",
    .key = "id",
    .sql = "select feedback_code as id from pro_feedback where record_id = :object",
};

/* ---- what was refused, and what passed ---- */

static int refusals;
static char refused[64], passed[200];
static struct arena kept_arena;
static struct value kept;

static enum status keep(void *context, const struct mirror_refusal *r, const struct failure *why)
{
    (void)context;
    assert_string_equal(r->event, "Report");
    assert_non_null(strstr(why->text, "malformed JSON"));
    assert_non_null(r->rows);
    refusals++;
    snprintf(refused, sizeof refused, "%s", r->object);
    kept = value_copy(r->rows, &kept_arena);
    return STATUS_OK;
}

static enum status pass(void *context, const char *event, const char *object)
{
    (void)context;
    snprintf(passed + strlen(passed), sizeof passed - strlen(passed), "%s %s\n", event, object);
    return STATUS_OK;
}

static struct link *open_link(void)
{
    const struct event_definition both[] = {report, other};
    struct link *l = link_new(both, 2, ktg, NKTG);
    l->options.refused = keep;
    l->options.passed = pass;
    refusals = 0;
    *passed = '\0';
    kept = value_null();
    link_open(l);
    link_complete(l, true);
    return l;
}

static const char *try_value(struct link *l, const struct value *rows)
{
    char position[16];
    bool known;
    snprintf(position, sizeof position, "%d", l->at);
    buffer_clear(&l->out);
    link_check(l, mirror_begin(l->mirror, position, &l->failure));
    link_check(l, mirror_try(l->mirror, "Report", rows, &known, &l->failure));
    assert_true(known);
    link_check(l, mirror_end(l->mirror, position, false, &l->failure));
    link_check(l, link_drain(l));
    return buffer_text(&l->out);
}

/* The rows with their remark mended: as if the function could take it now. */
static struct value mended(const char *bad, const char *good)
{
    char *bytes = arena_copy(&kept_arena, kept.text, kept.size);
    assert_int_equal(strlen(bad), strlen(good));
    for (uint32_t i = 0; i + strlen(bad) <= kept.size; i++)
        if (memcmp(bytes + i, bad, strlen(bad)) == 0)
            memcpy(bytes + i, good, strlen(good));
    return value_text(VALUE_BYTES, bytes, kept.size);
}

/* ---- tests ---- */

static void a_refused_row_is_kept_and_comes_when_it_is_mended(void **state)
{
    (void)state;
    struct link *l = open_link();
    insert(l, &pro_feedback, "1 F1 W1 5 FINISHED {a");
    assert_string_equal(commit(l), "CREATED Other F1 -> {id=F1}\n");
    assert_int_equal(refusals, 1);
    assert_string_equal(refused, "1");
    assert_string_equal(try_value(l, &kept), ""); /* and is refused again */
    assert_int_equal(refusals, 2);
    struct value good = mended("{a", "42");
    assert_string_equal(try_value(l, &good), "CREATED Report F1 -> {id=F1 good=5 remark=42}\n");
    assert_string_equal(try_value(l, &good), "CREATED Report F1 -> {id=F1 good=5 remark=42}\n");
    assert_int_equal(refusals, 2);
    link_free(l);
}

static void a_refused_change_comes_as_a_change_with_what_was_told_before(void **state)
{
    (void)state;
    const struct object *was;
    struct link *l = open_link();
    update(l, &pro_feedback, "1 F1 W1 5 FINISHED 1", "1 F9 W1 6 FINISHED {a");
    assert_string_equal(commit(l), "CHANGED Other F9 {id=F1} -> {id=F9}\n");
    link_check(l, mirror_told(l->mirror, "Report", &kept, &kept_arena, &was, &l->failure));
    assert_non_null(was);
    assert_memory_equal(was->fields[0].value.text, "F1", 2);
    struct value good = mended("{a", "42");
    assert_string_equal(try_value(l, &good), "CHANGED Report F9 {id=F1 good=5 remark=1} -> "
                                             "{id=F9 good=6 remark=42}\n");
    struct value same = mended("{a", " 1");
    assert_string_equal(try_value(l, &same), "CHANGED Report F9 {id=F1 good=5 remark=1} -> "
                                             "{id=F9 good=6 remark=1}\n");
    link_free(l);
}

static void an_object_that_cannot_be_said_to_be_gone_is_refused_too(void **state)
{
    (void)state;
    struct link *l = open_link();
    delete(l, &pro_feedback, "1 F1 W1 5 FINISHED {a");
    assert_string_equal(commit(l), "GONE Other F1 {id=F1}\n");
    assert_int_equal(refusals, 1);
    struct value good = mended("{a", "42");
    assert_string_equal(try_value(l, &good), "GONE Report F1 {id=F1 good=5 remark=42}\n");
    update(l, &pro_feedback, "2 F2 W1 5 FINISHED {a", "2 F2 W1 5 DRAFT {b");
    commit(l);
    assert_int_equal(refusals, 2);
    assert_string_equal(refused, "2");
    good = mended("{a", "42");
    assert_string_equal(try_value(l, &good), "GONE Report F2 {id=F2 good=5 remark=42}\n");
    link_free(l);
}

/* Its first state and its last one in the transaction. */
static void refused_rows_in_one_transaction_are_one_change(void **state)
{
    (void)state;
    struct link *l = open_link();
    insert(l, &pro_feedback, "1 F1 W1 5 FINISHED {a");
    delete(l, &pro_feedback, "1 F1 W1 5 FINISHED {a");
    assert_string_equal(commit(l), "");
    assert_int_equal(refusals, 0);
    update(l, &pro_feedback, "1 F1 W1 5 FINISHED 1", "1 F2 W1 5 FINISHED {a");
    update(l, &pro_feedback, "1 F2 W1 5 FINISHED {a", "1 F3 W1 7 FINISHED {b");
    commit(l);
    assert_int_equal(refusals, 1);
    struct value good = mended("{b", "42");
    assert_string_equal(try_value(l, &good), "CHANGED Report F3 {id=F1 good=5 remark=1} -> "
                                             "{id=F3 good=7 remark=42}\n");
    update(l, &pro_feedback, "1 F1 W1 5 FINISHED 1", "1 F2 W1 5 FINISHED {a");
    delete(l, &pro_feedback, "1 F2 W1 5 FINISHED {a");
    assert_string_equal(commit(l), "GONE Other F1 {id=F1}\n"
                                   "GONE Report F1 {id=F1 good=5 remark=1}\n");
    update(l, &pro_feedback, "1 F1 W1 5 FINISHED 1", "1 F2 W1 5 FINISHED {a");
    update(l, &pro_feedback, "1 F2 W1 5 FINISHED {a", "1 F2 W1 6 FINISHED 3");
    assert_string_equal(commit(l), "CHANGED Report F2 {id=F1 good=5 remark=1} -> "
                                   "{id=F2 good=6 remark=3}\nCHANGED Other F2 {id=F1} -> {id=F2}\n");
    assert_int_equal(refusals, 1);
    link_free(l);
}

static void two_refusals_of_an_object_are_joined(void **state)
{
    (void)state;
    struct value out;
    struct link *l = open_link();
    update(l, &pro_feedback, "1 F1 W1 5 FINISHED 1", "1 F2 W1 6 FINISHED {a");
    commit(l);
    struct value first = kept;
    update(l, &pro_feedback, "1 F2 W1 6 FINISHED {a", "1 F3 W1 7 FINISHED {b");
    commit(l);
    link_check(l, mirror_join(l->mirror, "Report", &first, &kept, &kept_arena, &out, &l->failure));
    kept = out;
    struct value good = mended("{b", "42");
    assert_string_equal(try_value(l, &good), "CHANGED Report F3 {id=F1 good=5 remark=1} -> "
                                             "{id=F3 good=7 remark=42}\n");
    insert(l, &pro_feedback, "2 F1 W1 5 FINISHED {a");
    commit(l);
    first = kept;
    delete(l, &pro_feedback, "2 F1 W1 5 FINISHED {a");
    commit(l);
    link_check(l, mirror_join(l->mirror, "Report", &first, &kept, &kept_arena, &out, &l->failure));
    assert_int_equal(out.kind, VALUE_NULL);
    link_free(l);
}

static void echoes_and_new_keys_pass_by_what_is_kept(void **state)
{
    (void)state;
    struct link *l = open_link();
    l->quiet = true;
    update(l, &pro_feedback, "1 F1 W1 5 FINISHED 1", "1 F1 W1 6 FINISHED 1");
    commit(l);
    assert_string_equal(passed, "");
    mirror_name_objects(l->mirror, true);
    update(l, &pro_feedback, "1 F1 W1 5 FINISHED 1", "1 F1 W1 6 FINISHED 1");
    update(l, &pro_feedback, "2 F2 W1 5 FINISHED 1", "2 F2 W1 6 FINISHED {a");
    commit(l);
    assert_string_equal(passed, "Report 1\nReport 2\n");
    assert_int_equal(refusals, 0);
    l->quiet = false;
    *passed = '\0';
    update(l, &pro_feedback, "3 F3 W1 5 FINISHED 1", "4 F3 W1 5 FINISHED 1");
    assert_string_equal(commit(l), "");
    assert_string_equal(passed, "Report 3\nOther 3\n");
    link_free(l);
}

static void rows_that_do_not_fit_any_more_say_so(void **state)
{
    (void)state;
    bool known;
    struct link *l = open_link();
    struct value none = value_text(VALUE_BYTES, "none", 4);
    link_check(l, mirror_begin(l->mirror, "1", &l->failure));
    assert_int_equal(mirror_try(l->mirror, "Report", &none, &known, &l->failure), STATUS_DATA);
    link_check(l, mirror_end(l->mirror, "1", false, &l->failure));
    link_check(l, link_drain(l));
    link_free(l);
}

static int in_memory(void **state)
{
    (void)state;
    arena_init(&kept_arena);
    link_collect_kib = 0;
    return 0;
}

static int in_tables(void **state)
{
    (void)state;
    arena_free(&kept_arena);
    arena_init(&kept_arena);
    link_collect_kib = 1;
    return 0;
}

static int done(void **state)
{
    (void)state;
    arena_free(&kept_arena);
    return 0;
}

#define TESTS(setup)                                                                               \
    cmocka_unit_test_setup(a_refused_row_is_kept_and_comes_when_it_is_mended, setup),              \
        cmocka_unit_test_setup(a_refused_change_comes_as_a_change_with_what_was_told_before,       \
                               setup),                                                             \
        cmocka_unit_test_setup(an_object_that_cannot_be_said_to_be_gone_is_refused_too, setup),    \
        cmocka_unit_test_setup(refused_rows_in_one_transaction_are_one_change, setup),             \
        cmocka_unit_test_setup(two_refusals_of_an_object_are_joined, setup),                       \
        cmocka_unit_test_setup(echoes_and_new_keys_pass_by_what_is_kept, setup),                   \
        cmocka_unit_test_setup(rows_that_do_not_fit_any_more_say_so, setup)

int main(void)
{
    arena_init(&kept_arena);
    const struct CMUnitTest tests[] = {TESTS(in_memory), TESTS(in_tables)};
    return cmocka_run_group_tests(tests, NULL, done);
}
