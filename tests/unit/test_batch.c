/* test_batch.c: changes in transactions, in one arena. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "model/batch.h"

static struct column columns[2] = {{.name = "id"}, {.name = "name"}};
static struct relation relation = {.name = "t", .ncolumns = 2, .columns = columns};

static void append(struct batch *b, int64_t id, const char *name)
{
    struct change *c = batch_append(b);
    c->relation = &relation;
    c->after = batch_row(b, 2);
    c->after[0] = value_int(id);
    c->after[1] = value_text(VALUE_TEXT, arena_strdup(&b->arena, name), strlen(name));
}

static void transactions_own_the_changes_between_begin_and_end(void **state)
{
    (void)state;
    struct batch *b = batch_new();
    assert_null(batch_position(b));
    for (int t = 0; t < 100; t++) {
        batch_begin(b);
        assert_true(batch_is_open(b));
        for (int i = 0; i < t; i++)
            append(b, i, "x");
        char position[] = "0/10";
        batch_end(b, position, t % 2 ? "root" : NULL, 5);
        position[0] = 'x';
    }
    assert_int_equal(b->ntransactions, 100);
    assert_int_equal(b->nchanges, 4950);
    assert_int_equal(b->transactions[99].nchanges, 99);
    assert_int_equal(b->transactions[99].first_change, 4950 - 99);
    assert_string_equal(b->transactions[99].root, "root");
    assert_string_equal(b->transactions[98].root, "0/10");
    assert_string_equal(batch_position(b), "0/10");
    assert_true(b->transactions[0].received_us > 0);
    b->progress = "0/20";
    assert_string_equal(batch_position(b), "0/20");
    batch_reset(b);
    assert_int_equal(b->nchanges, 0);
    assert_null(batch_position(b));
    batch_free(b);
}

static void an_abandoned_transaction_leaves_no_change(void **state)
{
    (void)state;
    struct batch *b = batch_new();
    batch_begin(b);
    append(b, 1, "kept");
    batch_end(b, "0/1", NULL, 0);
    batch_begin(b);
    append(b, 2, "echo");
    batch_abandon(b);
    assert_int_equal(b->ntransactions, 1);
    assert_int_equal(b->nchanges, 1);
    assert_false(batch_is_open(b));
    batch_begin(b);
    append(b, 3, "next");
    assert_int_equal(b->transactions[1].first_change, 1);
    batch_free(b);
}

static void the_open_transaction_moves_with_its_bytes(void **state)
{
    (void)state;
    struct batch *b = batch_new(), *into = batch_new();
    batch_begin(b);
    append(b, 1, "whole");
    batch_end(b, "0/1", NULL, 0);
    batch_begin(b)->committed_us = 42;
    append(b, 2, "open");
    batch_append(b)->op = CHANGE_TRUNCATE;
    batch_move_open(b, into);
    assert_int_equal(b->ntransactions, 1);
    batch_free(b);
    assert_int_equal(into->nchanges, 2);
    assert_true(batch_is_open(into));
    assert_int_equal(into->transactions[0].committed_us, 42);
    assert_int_equal(into->changes[0].after[0].i, 2);
    assert_memory_equal(into->changes[0].after[1].text, "open", 4);
    assert_null(into->changes[0].before);
    assert_int_equal(into->changes[1].op, CHANGE_TRUNCATE);
    batch_free(into);
}

static void arrays_of_a_large_batch_are_not_kept(void **state)
{
    (void)state;
    struct batch *b = batch_new();
    batch_begin(b);
    for (int i = 0; i < 100000; i++)
        append(b, i, "x");
    assert_true(batch_bytes(b) > 100000 * (sizeof(struct change) + 2 * sizeof(struct value)));
    batch_reset(b);
    assert_true(batch_bytes(b) <= 2 * 1024 * 1024);
    batch_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transactions_own_the_changes_between_begin_and_end),
        cmocka_unit_test(an_abandoned_transaction_leaves_no_change),
        cmocka_unit_test(the_open_transaction_moves_with_its_bytes),
        cmocka_unit_test(arrays_of_a_large_batch_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
