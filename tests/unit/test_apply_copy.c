/* test_apply_copy.c: what a copy is told of the rows that its stream applies
 * libs: sinks */
#include "apply_scene.h"

static int told[8], ntold;

static void tell(void *owner, const struct change *c)
{
    (void)owner;
    told[ntold++] = (int)c->before[0].i;
}

static void a_copy_is_told_of_keys_that_are_gone(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    ntold = 0;
    s->apply.deleted = tell;
    batch_begin(s->batch);
    add(s, CHANGE_UPDATE, row(s, 1, "x"), row(s, 1, "y"));
    add(s, CHANGE_UPDATE, row(s, 2, "x"), row(s, 3, "y"));
    add(s, CHANGE_DELETE, row(s, 4, "x"), NULL);
    batch_end(s->batch, "p1", NULL, 0);
    assert_int_equal(run(s), STATUS_OK);
    assert_int_equal(ntold, 2);
    assert_int_equal(told[0], 2);
    assert_int_equal(told[1], 4);
    free_link(s);
}

static struct net_rules in_window(void *owner, const struct relation *target)
{
    (void)owner;
    (void)target;
    return (struct net_rules){.lenient = true};
}

static enum status told_missing(void *owner, const struct change *c)
{
    (void)owner;
    told[ntold++] = (int)c->before[0].i;
    return STATUS_OK;
}

static void a_copy_is_told_of_a_row_that_moved_and_is_not_there(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    static const struct fault faults[] = {{"S", 1, ERROR_WRONG_COUNT}, {"S", 3, ERROR_WRONG_COUNT}};
    ntold = 0;
    s->apply.rules = in_window;
    s->apply.missing = told_missing;
    script(s, faults, 2);
    batch_begin(s->batch);
    struct value *part = row(s, 3, "y");
    part[1].kind = VALUE_ABSENT;
    add(s, CHANGE_UPDATE, row(s, 2, "x"), part);
    add(s, CHANGE_DELETE, row(s, 4, "x"), NULL);
    batch_end(s->batch, "p1", NULL, 0);
    assert_int_equal(run(s), STATUS_OK);
    assert_int_equal(ntold, 1);
    assert_int_equal(told[0], 2);
    assert_string_equal(s->apply.position, "p1");
    free_link(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_told_of_keys_that_are_gone),
        cmocka_unit_test(a_copy_is_told_of_a_row_that_moved_and_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
