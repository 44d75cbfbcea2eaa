/* test_apply.c: batches, faults and the fence over a scripted sink
 * libs: sinks */
#include "apply_scene.h"

/* ---- batches ---- */

static void a_batch_is_one_target_transaction(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    insert_transaction(s, 1, "p1");
    insert_transaction(s, 2, "p2");
    assert_int_equal(run(s), STATUS_OK);
    assert_int_equal(s->result, APPLY_COMMITTED);
    assert_string_equal(s->sink.calls, "B12 I2 S C");
    assert_string_equal(s->sink.position, "p2");
    assert_string_equal(s->apply.position, "p2");
    assert_int_equal(s->apply.at.seq, 12);
    assert_int_equal(s->apply.transactions, 2);
    free_link(s);
}

static void progress_after_the_last_transaction_is_where_the_link_stands(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    insert_transaction(s, 1, "p1");
    s->batch->progress = "p9";
    assert_int_equal(run(s), STATUS_OK);
    assert_string_equal(s->apply.position, "p9");
    free_link(s);
}

static void what_cannot_be_folded_goes_alone_between_sets(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    batch_begin(s->batch);
    add(s, CHANGE_INSERT, NULL, row(s, 1, "x"));
    add(s, CHANGE_TRUNCATE, NULL, NULL);
    add(s, CHANGE_INSERT, NULL, row(s, 1, "y"));
    batch_end(s->batch, "p1", NULL, 0);
    assert_int_equal(run(s), STATUS_OK);
    assert_string_equal(s->sink.calls, "B12 I1 S W0 I1 S C");
    free_link(s);
}

static void an_idle_position_is_a_checkpoint_without_rows(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    assert_int_equal(apply_position(&s->apply, "p5", NULL), STATUS_OK);
    assert_string_equal(s->sink.calls, "B12 S C");
    assert_string_equal(s->sink.position, "p5");
    free_link(s);
}

/* ---- pieces ---- */

static void a_large_transaction_has_its_position_at_its_end_only(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    first_piece(s, 1);
    assert_int_equal(run(s), STATUS_OK);
    assert_int_equal(s->result, APPLY_PIECE);
    assert_string_equal(s->sink.open_position, "p0");
    next_piece(s, 2, NULL);
    assert_int_equal(run(s), STATUS_OK);
    next_piece(s, 3, "p1");
    assert_int_equal(run(s), STATUS_OK);
    assert_string_equal(s->sink.calls, "B12 S I1 S I1 S I1 S M C");
    assert_string_equal(s->sink.position, "p1");
    assert_int_equal(s->apply.transactions, 1);
    free_link(s);
}

static void a_refused_piece_sends_the_transaction_back_to_be_read_row_by_row(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    FAULTS(s, {"S", 3, ERROR_WRONG_COUNT});
    first_piece(s, 1);
    assert_int_equal(run(s), STATUS_OK);
    next_piece(s, 2, NULL);
    assert_int_equal(run(s), STATUS_RETRY);
    assert_int_equal(s->failure.code, ERROR_READ_AGAIN);
    assert_true(s->apply.row_mode_only);
    assert_string_equal(s->apply.position, "p0");

    s->sink.calls[0] = '\0';
    first_piece(s, 1);
    assert_int_equal(run(s), STATUS_OK);
    next_piece(s, 2, "p1");
    assert_int_equal(run(s), STATUS_OK);
    assert_string_equal(s->sink.calls, "B12 S v W1 v W2 M C");
    assert_false(s->apply.row_mode_only);
    free_link(s);
}

static void a_bad_row_of_a_large_transaction_is_named_the_second_time(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    s->apply.row_mode_only = true;
    FAULTS(s, {"W2", 1, ERROR_CONSTRAINT});
    first_piece(s, 1);
    assert_int_equal(run(s), STATUS_OK);
    next_piece(s, 2, "p1");
    assert_int_equal(run(s), STATUS_DATA);
    assert_non_null(strstr(s->failure.text, "p1"));
    assert_non_null(strstr(s->failure.text, "W2"));
    assert_string_equal(s->sink.position, "p0");
    free_link(s);
}

/* ---- lock waits ---- */

static void a_lock_wait_is_tried_again_in_halves(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    FAULTS(s, {"S", 1, ERROR_LOCK_WAIT}, {"C", 2, ERROR_DEADLOCK});
    insert_transaction(s, 1, "p1");
    insert_transaction(s, 2, "p2");
    assert_int_equal(run(s), STATUS_OK);
    assert_string_equal(s->sink.calls, "B12 I2 S R B12 I1 S C B13 I1 S C R B13 I1 S C");
    assert_string_equal(s->sink.position, "p2");
    assert_int_equal(s->apply.lock_waits, 2);
    assert_int_equal(s->apply.transactions, 2);
    free_link(s);
}

static void a_stop_ends_the_waiting(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    FAULTS(s, {"S", 1, ERROR_LOCK_WAIT});
    insert_transaction(s, 1, "p1");
    wake_set(&s->wake);
    assert_int_equal(run(s), STATUS_STOPPED);
    free_link(s);
}

static void a_lost_connection_is_not_tried_again_here(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    FAULTS(s, {"C", 1, ERROR_CONNECTION_LOST});
    insert_transaction(s, 1, "p1");
    assert_int_equal(run(s), STATUS_RETRY);
    assert_int_equal(s->failure.code, ERROR_CONNECTION_LOST);
    assert_string_equal(s->sink.calls, "B12 I1 S C R");
    assert_string_equal(s->apply.position, "p0");
    free_link(s);
}

static void a_rollback_that_fails_ends_the_session(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    FAULTS(s, {"S", 1, ERROR_WRONG_COUNT}, {"R", 1, ERROR_CONNECTION_LOST});
    insert_transaction(s, 1, "p1");
    assert_int_equal(run(s), STATUS_RETRY);
    assert_int_equal(s->failure.code, ERROR_CONNECTION_LOST);
    free_link(s);
}

/* ---- row mode ---- */

static void the_first_bad_transaction_stops_exactly_before_itself(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    FAULTS(s, {"S", 1, ERROR_WRONG_COUNT}, {"W2", 1, ERROR_WRONG_COUNT});
    insert_transaction(s, 1, "p1");
    insert_transaction(s, 2, "p2");
    insert_transaction(s, 3, "p3");
    assert_int_equal(run(s), STATUS_DATA);
    assert_string_equal(s->sink.calls, "B12 I3 S R B12 S v W1 C B13 S v W2 R");
    assert_string_equal(s->sink.position, "p1");
    assert_string_equal(s->apply.position, "p1");
    assert_int_equal(s->failure.code, ERROR_WRONG_COUNT);
    assert_non_null(strstr(s->failure.text, "p2"));
    free_link(s);
}

static void where_row_by_row_works_the_link_goes_on(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    FAULTS(s, {"S", 1, ERROR_CONSTRAINT}, {"C", 1, ERROR_LOCK_WAIT});
    insert_transaction(s, 1, "p1");
    insert_transaction(s, 2, "p2");
    assert_int_equal(run(s), STATUS_OK);
    assert_string_equal(s->sink.calls, "B12 I2 S R B12 S v W1 C R B12 S v W1 C B13 S v W2 C");
    assert_int_equal(s->apply.row_mode_transactions, 2);
    assert_int_equal(s->apply.transactions, 2);
    free_link(s);
}

static void of_two_swapped_values_one_row_is_parked_to_the_end(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    FAULTS(s, {"S", 1, ERROR_UNIQUE}, {"W1", 1, ERROR_UNIQUE}, {"W1", 2, ERROR_UNIQUE});
    batch_begin(s->batch);
    add(s, CHANGE_UPDATE, NULL, row(s, 1, "b"));
    add(s, CHANGE_UPDATE, NULL, row(s, 2, "a"));
    batch_end(s->batch, "p1", NULL, 0);
    assert_int_equal(run(s), STATUS_OK);
    assert_string_equal(s->sink.calls, "B12 U2 S R B12 S v W1 r v W1 r P1 v W2 W-1 C");
    free_link(s);
}

static void later_changes_of_a_parked_row_wait_with_it(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    s->apply.row_mode_only = true;
    FAULTS(s, {"W1", 1, ERROR_UNIQUE}, {"W1", 2, ERROR_UNIQUE}, {"W3", 1, ERROR_UNIQUE},
           {"W3", 2, ERROR_UNIQUE});
    batch_begin(s->batch);
    add(s, CHANGE_UPDATE, NULL, row(s, 1, "b"));
    add(s, CHANGE_UPDATE, row(s, 1, "b"), row(s, 4, NULL)); /* parked: its key changes here only */
    add(s, CHANGE_DELETE, row(s, 4, "b"), NULL);            /* by the key it is parked under */
    add(s, CHANGE_INSERT, NULL, row(s, 3, "c"));            /* put off */
    add(s, CHANGE_DELETE, row(s, 3, "c"), NULL);            /* and never made */
    batch_end(s->batch, "p1", NULL, 0);
    assert_int_equal(run(s), STATUS_OK);
    assert_string_equal(s->sink.calls, "B12 S v W1 r v W1 r P1 W-1 v W3 r C");
    assert_string_equal(s->sink.position, "p1");
    free_link(s);
}

static void a_value_that_still_collides_at_the_end_is_an_error_of_the_data(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    s->apply.row_mode_only = true;
    FAULTS(s, {"W1", 1, ERROR_UNIQUE}, {"W1", 2, ERROR_UNIQUE}, {"W1", 3, ERROR_UNIQUE});
    insert_transaction(s, 1, "p1");
    assert_int_equal(run(s), STATUS_DATA);
    assert_int_equal(s->failure.code, ERROR_UNIQUE);
    assert_string_equal(s->sink.calls, "B12 S v W1 r v W1 r W1 R");
    assert_string_equal(s->sink.position, "p0");
    free_link(s);
}

static void a_row_that_cannot_be_parked_is_the_collision_it_was(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    s->apply.row_mode_only = true;
    FAULTS(s, {"W1", 1, ERROR_UNIQUE}, {"W1", 2, ERROR_UNIQUE}, {"P1", 1, ERROR_UNSUPPORTED});
    batch_begin(s->batch);
    add(s, CHANGE_UPDATE, NULL, row(s, 1, "b"));
    batch_end(s->batch, "p1", NULL, 0);
    assert_int_equal(run(s), STATUS_DATA);
    assert_int_equal(s->failure.code, ERROR_UNIQUE);
    free_link(s);
}

/* ---- the fence ---- */

static void the_fence_writes_the_next_number_at_the_same_position(void **state)
{
    (void)state;
    struct scene *s = setup_link();
    assert_int_equal(apply_take_fence(&s->apply, "elsewhere"), STATUS_OK);
    assert_string_equal(s->sink.calls, "B11 S C");
    assert_string_equal(s->apply.position, "p0");
    free_link(s);
}

static void without_a_checkpoint_the_fence_is_taken_at_the_first_position(void **state)
{
    (void)state;
    struct scene *s = setup_link();
    s->sink.has_checkpoint = false;
    assert_int_equal(apply_take_fence(&s->apply, NULL), STATUS_CONFIG);
    assert_int_equal(apply_take_fence(&s->apply, "start"), STATUS_OK);
    assert_string_equal(s->apply.position, "start");
    assert_int_equal(s->apply.at.seq, 1);
    free_link(s);
}

static void a_changed_plan_is_refused(void **state)
{
    (void)state;
    struct scene *s = setup_link();
    s->sink.plan_hex[63] = '1';
    assert_int_equal(apply_take_fence(&s->apply, NULL), STATUS_CONFIG);
    assert_int_equal(s->failure.code, ERROR_PLAN_CHANGED);
    assert_string_equal(s->sink.calls, "");
    free_link(s);
}

/* A COMMIT of the process before us arrives while we wait for its lock. */
static struct sink *late;

static enum status begin_while_a_commit_arrives(struct sink *s, const struct checkpoint *c)
{
    if (late) {
        late->seq++;
        strcpy(late->position, "late");
        late = NULL;
    }
    return begin(s, c);
}

static void a_commit_in_doubt_that_arrives_meanwhile_counts(void **state)
{
    (void)state;
    struct scene *s = setup_link();
    struct sink_driver slow = driver;
    slow.begin = begin_while_a_commit_arrives;
    s->apply.driver = &slow;
    late = &s->sink;
    assert_int_equal(apply_take_fence(&s->apply, NULL), STATUS_OK);
    assert_string_equal(s->sink.calls, "B11 R B12 S C");
    assert_string_equal(s->apply.position, "late");
    free_link(s);
}

static void a_second_engine_is_refused(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    s->sink.seq = 12; /* somebody else has written */
    s->sink.writer = 99;
    insert_transaction(s, 1, "p1");
    assert_int_equal(run(s), STATUS_CONFIG);
    assert_int_equal(s->failure.code, ERROR_SECOND_ENGINE);
    assert_non_null(strstr(s->failure.text, "99"));
    assert_string_equal(s->sink.calls, "B12 R");
    free_link(s);
}

static void a_number_of_our_own_is_no_second_engine(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    s->sink.seq = 12;
    s->sink.writer = OUR_WRITER;
    insert_transaction(s, 1, "p1");
    assert_int_equal(run(s), STATUS_RETRY);
    free_link(s);
}

static void a_link_that_another_session_holds_is_waited_for(void **state)
{
    (void)state;
    struct scene *s = setup_link();
    s->sink.lock_is_held = true;
    assert_int_equal(apply_take_fence(&s->apply, NULL), STATUS_RETRY);
    assert_string_equal(s->sink.calls, "");
    free_link(s);
}

/* ---- skip ---- */

static void a_skipped_transaction_is_held_with_its_checkpoint(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    insert_transaction(s, 1, "p1");
    assert_int_equal(apply_skip(&s->apply, s->batch), STATUS_OK);
    assert_string_equal(s->sink.calls, "B12 S Hp1 C");
    assert_string_equal(s->apply.position, "p1");
    free_link(s);
}

static void a_skipped_large_transaction_is_held_piece_by_piece(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    first_piece(s, 1);
    assert_int_equal(apply_skip(&s->apply, s->batch), STATUS_OK);
    next_piece(s, 2, "p1");
    assert_int_equal(apply_skip(&s->apply, s->batch), STATUS_OK);
    assert_string_equal(s->sink.calls, "B12 S H H H=p1 M C");
    assert_string_equal(s->sink.position, "p1");
    free_link(s);
}

static void a_change_too_large_to_be_held_is_not_skipped(void **state)
{
    (void)state;
    struct scene *s = ready_link();
    size_t size = (64 << 20) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    batch_begin(s->batch);
    struct value *r = row(s, 1, "");
    r[1] = value_text(VALUE_TEXT, text, size);
    add(s, CHANGE_INSERT, NULL, r);
    batch_end(s->batch, "p1", NULL, 0);
    assert_int_equal(apply_skip(&s->apply, s->batch), STATUS_DATA);
    assert_null(strchr(s->sink.calls, 'C'));
    free(text);
    free_link(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_one_target_transaction),
        cmocka_unit_test(progress_after_the_last_transaction_is_where_the_link_stands),
        cmocka_unit_test(what_cannot_be_folded_goes_alone_between_sets),
        cmocka_unit_test(an_idle_position_is_a_checkpoint_without_rows),
        cmocka_unit_test(a_large_transaction_has_its_position_at_its_end_only),
        cmocka_unit_test(a_refused_piece_sends_the_transaction_back_to_be_read_row_by_row),
        cmocka_unit_test(a_bad_row_of_a_large_transaction_is_named_the_second_time),
        cmocka_unit_test(a_lock_wait_is_tried_again_in_halves),
        cmocka_unit_test(a_stop_ends_the_waiting),
        cmocka_unit_test(a_lost_connection_is_not_tried_again_here),
        cmocka_unit_test(a_rollback_that_fails_ends_the_session),
        cmocka_unit_test(the_first_bad_transaction_stops_exactly_before_itself),
        cmocka_unit_test(where_row_by_row_works_the_link_goes_on),
        cmocka_unit_test(of_two_swapped_values_one_row_is_parked_to_the_end),
        cmocka_unit_test(later_changes_of_a_parked_row_wait_with_it),
        cmocka_unit_test(a_value_that_still_collides_at_the_end_is_an_error_of_the_data),
        cmocka_unit_test(a_row_that_cannot_be_parked_is_the_collision_it_was),
        cmocka_unit_test(the_fence_writes_the_next_number_at_the_same_position),
        cmocka_unit_test(without_a_checkpoint_the_fence_is_taken_at_the_first_position),
        cmocka_unit_test(a_changed_plan_is_refused),
        cmocka_unit_test(a_commit_in_doubt_that_arrives_meanwhile_counts),
        cmocka_unit_test(a_second_engine_is_refused),
        cmocka_unit_test(a_number_of_our_own_is_no_second_engine),
        cmocka_unit_test(a_link_that_another_session_holds_is_waited_for),
        cmocka_unit_test(a_skipped_transaction_is_held_with_its_checkpoint),
        cmocka_unit_test(a_skipped_large_transaction_is_held_piece_by_piece),
        cmocka_unit_test(a_change_too_large_to_be_held_is_not_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
