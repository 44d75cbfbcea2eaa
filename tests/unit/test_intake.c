/* test_intake.c: hand-over, pieces, progress, budget, failure, threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "model/intake.h"

static struct column columns[1] = {{.name = "id"}};
static struct relation relation = {.name = "t", .ncolumns = 1, .columns = columns};

static atomic_int ready, room;

static void count(void *counter)
{
    atomic_fetch_add((atomic_int *)counter, 1);
}

static void start(struct intake *in, size_t budget)
{
    intake_init(in, budget);
    in->on_ready = in->on_room = count;
    in->ready_owner = &ready;
    in->room_owner = &room;
    atomic_store(&ready, 0);
    atomic_store(&room, 0);
}

static void append(struct batch *b, int64_t id, size_t bytes)
{
    struct change *c = batch_append(b);
    c->relation = &relation;
    c->after = batch_row(b, 1);
    c->after[0] = value_text(VALUE_TEXT, arena_zalloc(&b->arena, bytes), bytes);
    memcpy((char *)c->after[0].text, &id, sizeof id);
}

static int64_t id_of(const struct change *c)
{
    int64_t id;
    memcpy(&id, c->after[0].text, sizeof id);
    return id;
}

static void begin(struct intake *in)
{
    batch_begin(intake_lock(in));
    intake_began(in);
    intake_unlock(in);
}

static void add(struct intake *in, int64_t id, size_t bytes)
{
    append(intake_lock(in), id, bytes);
    intake_piece(in);
    intake_unlock(in);
}

static void end(struct intake *in, const char *position)
{
    batch_end(intake_lock(in), position, NULL, 0);
    intake_ended(in);
    intake_unlock(in);
}

static void send(struct intake *in, int64_t id, size_t bytes, const char *position)
{
    begin(in);
    add(in, id, bytes);
    end(in, position);
}

static void take(struct intake *in, const char *position, uint32_t transactions)
{
    struct batch *b = intake_take(in);
    assert_non_null(b);
    assert_int_equal(b->ntransactions, transactions);
    assert_string_equal(batch_position(b), position);
    intake_return(in, b);
}

static void a_hungry_link_gets_each_transaction_at_once(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 64 << 20);
    assert_null(intake_take(&in));
    begin(&in);
    assert_null(intake_take(&in));
    add(&in, 1, 8);
    assert_int_equal(ready, 0);
    end(&in, "1");
    assert_int_equal(ready, 1);
    take(&in, "1", 1);
    assert_null(intake_take(&in));
    assert_int_equal(in.outstanding_bytes, 0);
    intake_free(&in);
}

static void batches_grow_while_the_link_is_busy(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 64 << 20);
    for (int i = 0; i < 50; i++)
        send(&in, i, 8, "x");
    assert_int_equal(ready, 0);
    begin(&in);
    assert_null(intake_take(&in)); /* an open transaction keeps the batch with the source */
    end(&in, "50");
    take(&in, "50", 51);
    in.batch_changes = 10;
    for (int i = 0; i < 10; i++)
        send(&in, i, 8, "60");
    assert_int_equal(ready, 2);
    send(&in, 1, 8, "61");
    take(&in, "60", 10);
    take(&in, "61", 1);
    intake_free(&in);
}

static void a_batch_of_full_size_is_ready(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 8 << 20);
    int sent = 0;
    while (ready == 0) {
        send(&in, sent++, 1000, "x");
        assert_true(sent < 1100);
    }
    take(&in, "x", (uint32_t)sent);
    intake_free(&in);
}

static void a_busy_link_takes_an_open_batch_from_a_size_on(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 64 << 20);
    for (int i = 0; i < 9; i++)
        send(&in, i, 8, "9");
    assert_null(intake_take_large(&in, 10));
    send(&in, 9, 8, "10");
    assert_int_equal(ready, 0); /* nobody is hungry */
    struct batch *b = intake_take_large(&in, 10);
    assert_non_null(b);
    assert_int_equal(b->ntransactions, 10);
    intake_return(&in, b);
    in.batch_changes = 2;
    send(&in, 1, 8, "11");
    send(&in, 2, 8, "12"); /* ready by itself: taken whatever its size */
    b = intake_take_large(&in, 10);
    assert_non_null(b);
    intake_return(&in, b);
    intake_free(&in);
}

static void enough_ready_batches_are_full(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 64 << 20);
    in.batch_changes = 1;
    int sent = 0;
    while (!intake_full(&in)) {
        send(&in, sent++, 8, "x");
        assert_true(sent < 20);
    }
    struct batch *first = intake_take(&in), *second = intake_take(&in);
    intake_return(&in, first);
    assert_int_equal(room, 1);
    intake_return(&in, second);
    assert_false(intake_full(&in));
    intake_free(&in);
}

static void a_look_at_the_figures_takes_no_ones_room(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 64 << 20);
    in.batch_changes = 1;
    while (!intake_full(&in))
        send(&in, 1, 8, "x");
    struct batch *b = intake_take(&in);
    assert_true(intake_waited_for(&in)); /* not full any more, but nobody has been told */
    intake_return(&in, b);
    assert_int_equal(room, 1);
    assert_false(intake_waited_for(&in));
    intake_free(&in);
}

static void an_abandoned_transaction_frees_what_was_whole(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 64 << 20);
    send(&in, 1, 8, "1");
    begin(&in);
    assert_null(intake_take(&in));
    batch_abandon(intake_lock(&in));
    intake_unlock(&in);
    assert_int_equal(ready, 1);
    intake_progress(&in, "2", true, 100);
    take(&in, "2", 1); /* the progress came with it */
    intake_free(&in);
}

static void abandoned_transactions_do_not_pile_up(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 8 << 20);
    for (int i = 0; i < 100; i++) {
        struct batch *b = intake_lock(&in);
        batch_begin(b);
        intake_began(&in);
        append(b, i, 200000);
        batch_abandon(b);
        intake_unlock(&in);
        assert_true(batch_bytes(in.open) < 2 << 20);
    }
    assert_false(intake_full(&in));
    intake_free(&in);
}

static void a_large_transaction_moves_in_pieces_alone(void **state)
{
    (void)state;
    struct intake in;
    struct batch *b;
    start(&in, 8 << 20);
    send(&in, 1, 8, "1");
    begin(&in);
    for (int i = 0; i < 2500; i++)
        add(&in, i, 1000);
    end(&in, "2");
    send(&in, 3, 8, "3");
    take(&in, "1", 1);
    int64_t next = 0;
    int pieces = 0;
    do {
        b = intake_take(&in);
        assert_non_null(b);
        assert_int_equal(b->ntransactions, 1);
        assert_int_equal(b->begins, pieces == 0);
        assert_int_equal(b->transactions[0].nchanges, b->nchanges);
        for (uint32_t i = 0; i < b->nchanges; i++)
            assert_int_equal(id_of(&b->changes[i]), next++);
        if (b->ends)
            assert_string_equal(batch_position(b), "2");
        else
            assert_null(batch_position(b));
        pieces++;
        bool last = b->ends;
        intake_return(&in, b);
        if (last)
            break;
    } while (true);
    assert_int_equal(next, 2500);
    assert_true(pieces >= 3);
    take(&in, "3", 1);
    assert_int_equal(in.outstanding_bytes, 0);
    intake_free(&in);
}

static void a_change_of_path_ends_the_batch(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 64 << 20);
    static const char *const paths[] = {"1", "1", "2,1", "1"};
    for (int i = 0; i < 4; i++) {
        batch_begin(intake_path(&in, (intake_lock(&in), paths[i])));
        intake_began(&in);
        append(in.open, i, 8);
        intake_unlock(&in);
        end(&in, "x");
    }
    static const char *const expected[] = {"1", "2,1", "1"};
    static const uint32_t sizes[] = {2, 1, 1};
    for (int i = 0; i < 3; i++) {
        struct batch *b = intake_take(&in);
        assert_string_equal(b->path, expected[i]);
        assert_int_equal(b->ntransactions, sizes[i]);
        intake_return(&in, b);
    }
    intake_free(&in);
}

static void a_path_met_inside_a_transaction_is_its_own(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 64 << 20);
    intake_lock(&in);
    intake_path(&in, "1");
    intake_unlock(&in);
    send(&in, 1, 8, "1");
    begin(&in);
    intake_lock(&in);
    append(intake_path(&in, "2,1"), 2, 8);
    intake_unlock(&in);
    end(&in, "2");
    struct batch *b = intake_take(&in);
    assert_string_equal(b->path, "1");
    assert_int_equal(b->ntransactions, 1);
    intake_return(&in, b);
    b = intake_take(&in);
    assert_string_equal(b->path, "2,1");
    assert_int_equal(b->nchanges, 1);
    intake_return(&in, b);
    intake_free(&in);
}

/* A transaction of one row; quiet where `path` is NULL. */
static void send_on(struct intake *in, const char *path, int64_t id, size_t bytes)
{
    intake_lock(in);
    batch_begin(path ? intake_path(in, path) : intake_quiet(in, "1"))->quiet = !path;
    intake_began(in);
    append(in->open, id, bytes);
    intake_piece(in);
    intake_unlock(in);
    end(in, "x");
}

static void take_on(struct intake *in, const char *path, uint32_t transactions)
{
    struct batch *b = intake_take(in);
    assert_non_null(b);
    assert_string_equal(b->path, path);
    assert_int_equal(b->ntransactions, transactions);
    intake_return(in, b);
}

static void quiet_transactions_end_no_batch(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 64 << 20);
    static const char *const paths[] = {NULL, "1", NULL, "1", NULL, "2,1", NULL, "2,1", NULL};
    for (int i = 0; i < 9; i++)
        send_on(&in, paths[i], i, 8);
    take_on(&in, "1", 5);
    take_on(&in, "2,1", 4);
    assert_null(intake_take(&in));
    intake_free(&in);
}

static void what_is_sent_after_quiet_ones_alone_gives_the_batch_its_path(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 64 << 20);
    send_on(&in, NULL, 1, 8);
    send_on(&in, NULL, 2, 8);
    send_on(&in, "2,1", 3, 8);
    take_on(&in, "2,1", 3);
    send_on(&in, NULL, 4, 8); /* no trace of what went before */
    take_on(&in, "1", 1);
    intake_free(&in);
}

static void a_large_quiet_transaction_takes_no_path_from_those_before(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 8 << 20);
    send_on(&in, "2,1", 1, 8);
    send_on(&in, NULL, 2, 2 << 20);
    take_on(&in, "2,1", 1);
    struct batch *b;
    int pieces = 0;
    for (; (b = intake_take(&in)); pieces++) {
        assert_string_equal(b->path, "1");
        assert_true(b->transactions[0].quiet);
        intake_return(&in, b);
    }
    assert_int_equal(pieces, 2);
    intake_free(&in);
}

static void a_request_in_a_quiet_transaction_is_answered_on_its_own_path(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 64 << 20);
    send_on(&in, "2,1", 1, 8);
    intake_lock(&in);
    batch_begin(intake_quiet(&in, "1"))->quiet = true;
    intake_began(&in);
    append(in.open, 2, 8);
    struct batch *b = intake_path(&in, "1");
    append(b, 3, 8);
    b->transactions[b->ntransactions - 1].requests = true;
    intake_unlock(&in);
    end(&in, "x");
    send_on(&in, "2,1", 4, 8);
    take_on(&in, "2,1", 1);
    b = intake_take(&in);
    assert_string_equal(b->path, "1");
    assert_int_equal(b->ntransactions, 1);
    assert_int_equal(b->nchanges, 2);
    assert_true(b->transactions[0].quiet && b->transactions[0].requests);
    intake_return(&in, b);
    take_on(&in, "2,1", 1);
    intake_free(&in);
}

static void a_transaction_may_turn_out_to_be_quiet(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 64 << 20);
    send_on(&in, "1", 1, 8);
    intake_lock(&in);
    batch_begin(intake_path(&in, "1"));
    intake_began(&in);
    append(in.open, 2, 8);
    intake_turn_quiet(&in, "1");
    append(in.open, 3, 8);
    intake_unlock(&in);
    end(&in, "x");
    struct batch *b = intake_take(&in);
    assert_int_equal(b->ntransactions, 2);
    assert_false(b->transactions[0].quiet);
    assert_true(b->transactions[1].quiet);
    intake_return(&in, b);
    intake_free(&in);
}

static bool idle(struct intake *in, const char *position, bool moved, uint64_t bytes)
{
    struct arena a;
    const char *got;
    bool got_moved, peeked;
    uint64_t got_bytes;
    arena_init(&a);
    bool peek = intake_peek_idle(in, &peeked, &got_bytes);
    bool due = intake_idle(in, &a, &got, &got_moved, &got_bytes);
    assert_int_equal(peek, due);
    if (due) {
        assert_string_equal(got, position);
        assert_int_equal(got_moved, moved);
        assert_int_equal(got_bytes, bytes);
    }
    arena_free(&a);
    return due;
}

static void progress_is_summed_and_reported_once(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 64 << 20);
    assert_false(idle(&in, "", false, 0));
    intake_progress(&in, "1", false, 100);
    intake_progress(&in, "2", true, 20);
    intake_progress(&in, "3", false, 3);
    assert_true(idle(&in, "3", true, 123));
    assert_false(idle(&in, "", false, 0));
    intake_free(&in);
}

static void a_transaction_supersedes_pending_progress(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 64 << 20);
    intake_progress(&in, "1", true, 1);
    begin(&in);
    intake_progress(&in, "inside", true, 1);
    end(&in, "2");
    assert_false(idle(&in, "", false, 0));
    take(&in, "2", 1);
    assert_false(idle(&in, "", false, 0));
    intake_free(&in);
}

static void progress_behind_a_batch_goes_with_it(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 64 << 20);
    in.batch_changes = 1;
    send(&in, 1, 8, "1");
    send(&in, 2, 8, "2");
    intake_progress(&in, "3", true, 1);
    assert_false(idle(&in, "", false, 0));
    take(&in, "1", 1);
    take(&in, "3", 1);
    intake_progress(&in, "4", false, 1);
    assert_true(idle(&in, "4", false, 1));
    intake_free(&in);
}

static void no_progress_while_a_large_transaction_is_in_pieces(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 8 << 20);
    intake_progress(&in, "1", true, 1);
    begin(&in);
    for (int i = 0; i < 1500; i++)
        add(&in, i, 1000);
    struct batch *piece = intake_take(&in);
    assert_false(piece->ends);
    assert_null(batch_position(piece));
    intake_return(&in, piece);
    intake_progress(&in, "2", true, 1);
    assert_false(idle(&in, "", false, 0));
    end(&in, "3");
    intake_progress(&in, "4", true, 1);
    take(&in, "4", 1);
    intake_free(&in);
}

static void full_at_the_budget_until_batches_return(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 8 << 20);
    int sent = 0;
    while (!intake_full(&in)) {
        send(&in, sent++, 1000, "x");
        assert_true(sent < 8192);
    }
    size_t held = in.outstanding_bytes + batch_bytes(in.open);
    assert_true(held <= 8 << 20);
    assert_true(held >= 6 << 20);
    assert_int_equal(room, 0);
    struct batch *b;
    uint32_t got = 0;
    while ((b = intake_take(&in))) {
        got += b->ntransactions;
        intake_return(&in, b);
    }
    assert_int_equal(got, sent);
    assert_int_equal(room, 1);
    assert_false(intake_full(&in));
    assert_int_equal(in.outstanding_bytes, 0);
    intake_free(&in);
}

static void a_batch_that_grew_is_counted_again(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 8 << 20);
    send(&in, 1, 8, "1");
    struct batch *b = intake_take(&in);
    assert_false(intake_full(&in));
    arena_alloc(&b->arena, 8 << 20);
    intake_grown(&in, b);
    assert_true(intake_full(&in));
    intake_return(&in, b);
    assert_int_equal(in.outstanding_bytes, 0);
    assert_int_equal(room, 1);
    intake_free(&in);
}

static void one_row_beyond_the_budget_still_passes(void **state)
{
    (void)state;
    struct intake in;
    start(&in, 8 << 20);
    begin(&in);
    add(&in, 1, 20 << 20);
    assert_true(intake_full(&in));
    struct batch *b = intake_take(&in);
    assert_non_null(b);
    intake_return(&in, b);
    assert_int_equal(room, 1);
    assert_false(intake_full(&in));
    end(&in, "1");
    take(&in, "1", 1);
    intake_free(&in);
}

static void a_failure_leaves_what_was_whole(void **state)
{
    (void)state;
    struct intake in;
    struct failure f;
    fail(&f, ERROR_CONNECTION_LOST, "gone");
    start(&in, 8 << 20);
    begin(&in);
    for (int i = 0; i < 2500; i++)
        add(&in, i, 1000);
    end(&in, "1");
    send(&in, 2, 8, "2");
    begin(&in);
    for (int i = 0; i < 2500; i++)
        add(&in, i, 1000);
    intake_fail(&in, &f);
    assert_true(in.failed);
    assert_true(ready > 0);
    assert_string_equal(in.failure.text, "gone");
    struct batch *b;
    const char *last = "";
    while ((b = intake_take(&in))) {
        if (b->ends)
            last = strcmp(batch_position(b), "2") == 0 ? "2" : "1";
        else
            assert_string_equal(last, "");
        intake_return(&in, b);
    }
    assert_string_equal(last, "2");
    assert_int_equal(in.outstanding_bytes, 0);
    intake_reset(&in);
    assert_false(in.failed);
    send(&in, 3, 8, "3");
    take(&in, "3", 1);
    intake_free(&in);
}

/* ---- a source's thread and a link ---- */

enum { TRANSACTIONS = 3000 };

static void *source_thread(void *owner)
{
    struct intake *in = owner;
    char position[32];
    int64_t id = 0;
    for (int t = 0; t < TRANSACTIONS; t++) {
        begin(in);
        int rows = t % 500 == 499 ? 4000 : t % 7;
        for (int i = 0; i < rows; i++) {
            add(in, id++, 300);
            while (intake_full(in))
                usleep(50);
        }
        snprintf(position, sizeof position, "%d", t);
        end(in, position);
        if (t % 10 == 0)
            intake_progress(in, position, true, 1);
    }
    struct failure f;
    fail(&f, ERROR_STOPPED, "done");
    intake_fail(in, &f);
    return (void *)(intptr_t)id;
}

static void two_threads_lose_and_reorder_nothing(void **state)
{
    (void)state;
    struct intake in;
    pthread_t thread;
    start(&in, 8 << 20);
    in.batch_bytes = in.piece_bytes = 256 << 10;
    pthread_create(&thread, NULL, source_thread, &in);
    int64_t next = 0;
    int last = -1;
    for (;;) {
        bool failed = in.failed;
        struct batch *b = intake_take(&in);
        if (!b && failed)
            break;
        if (!b) {
            usleep(20);
            continue;
        }
        for (uint32_t i = 0; i < b->nchanges; i++)
            assert_int_equal(id_of(&b->changes[i]), next++);
        for (uint32_t i = 0; i < b->ntransactions; i++) {
            if (b->transactions[i].position)
                assert_int_equal(atoi(b->transactions[i].position), ++last);
        }
        intake_return(&in, b);
    }
    void *sent;
    pthread_join(thread, &sent);
    assert_int_equal(next, (intptr_t)sent);
    assert_int_equal(last, TRANSACTIONS - 1);
    assert_int_equal(in.outstanding_bytes, 0);
    intake_free(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hungry_link_gets_each_transaction_at_once),
        cmocka_unit_test(batches_grow_while_the_link_is_busy),
        cmocka_unit_test(a_batch_of_full_size_is_ready),
        cmocka_unit_test(a_busy_link_takes_an_open_batch_from_a_size_on),
        cmocka_unit_test(enough_ready_batches_are_full),
        cmocka_unit_test(a_look_at_the_figures_takes_no_ones_room),
        cmocka_unit_test(an_abandoned_transaction_frees_what_was_whole),
        cmocka_unit_test(abandoned_transactions_do_not_pile_up),
        cmocka_unit_test(a_large_transaction_moves_in_pieces_alone),
        cmocka_unit_test(a_change_of_path_ends_the_batch),
        cmocka_unit_test(a_path_met_inside_a_transaction_is_its_own),
        cmocka_unit_test(quiet_transactions_end_no_batch),
        cmocka_unit_test(what_is_sent_after_quiet_ones_alone_gives_the_batch_its_path),
        cmocka_unit_test(a_large_quiet_transaction_takes_no_path_from_those_before),
        cmocka_unit_test(a_request_in_a_quiet_transaction_is_answered_on_its_own_path),
        cmocka_unit_test(a_transaction_may_turn_out_to_be_quiet),
        cmocka_unit_test(progress_is_summed_and_reported_once),
        cmocka_unit_test(a_transaction_supersedes_pending_progress),
        cmocka_unit_test(progress_behind_a_batch_goes_with_it),
        cmocka_unit_test(no_progress_while_a_large_transaction_is_in_pieces),
        cmocka_unit_test(full_at_the_budget_until_batches_return),
        cmocka_unit_test(a_batch_that_grew_is_counted_again),
        cmocka_unit_test(one_row_beyond_the_budget_still_passes),
        cmocka_unit_test(a_failure_leaves_what_was_whole),
        cmocka_unit_test(two_threads_lose_and_reorder_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
