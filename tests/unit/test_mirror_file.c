/* test_mirror_file.c: filling, committing, opening again, another plan
 * libs: mirror */
#include "mirror_link.h"

#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static char path[256];

static void remove_file(void)
{
    static const char *const suffixes[] = {"", "-wal", "-journal"};
    char name[300];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

/* A link over the file, which may be there. */
static struct link *open_with(const struct event_definition *d, const char *plan)
{
    struct link *l = link_new(d, 1, odoo, NODOO);
    l->options.path = path;
    l->options.plan = plan;
    link_open(l);
    return l;
}

static void resume(struct link *l, const char *checkpoint)
{
    const char *at = mirror_position(l->mirror);
    link_check(l, mirror_resume(l->mirror, checkpoint, &l->failure));
    l->at = at ? atoi(at) : 0;
}

static bool commit_at(struct link *l, const char *durable)
{
    bool committed;
    link_check(l, mirror_commit(l->mirror, durable, &committed, &l->failure));
    return committed;
}

static void fill(struct link *l, const struct relation *r, const char *row)
{
    link_check(l, mirror_fill(l->mirror, r, world_row(r, row, &l->arena), &l->failure));
}

static const char *complete_all(struct link *l, const char *position, bool quiet)
{
    buffer_clear(&l->out);
    for (int i = 0; i < views_ntables(l->views); i++) {
        if (mirror_is_complete(l->mirror, i))
            continue;
        link_check(l, mirror_complete(l->mirror, views_table(l->views, i), position,
                                      quiet ? MIRROR_BEGINS_QUIETLY : MIRROR_TELLS_CHANGES,
                                      &l->failure));
        link_check(l, link_drain(l));
    }
    l->at = atoi(position);
    return buffer_text(&l->out);
}

static void fill_one_order(struct link *l)
{
    fill(l, &mrp_production, "7 WH/MO/7 confirmed 1 10.0 SO1 1 -");
    fill(l, &stock_move, "71 7 2 4.0 1 confirmed -");
    fill(l, &product_product, "1 TABLE 1");
    fill(l, &product_product, "2 BOARD 1");
    fill(l, &uom_uom, "1 {\"en_US\":\"Units\"} 1.0");
}

/* A committed file that stands at 10 and has emitted one order. */
static void make_file(void)
{
    remove_file();
    struct link *l = open_with(&order_event, "one");
    assert_null(mirror_position(l->mirror));
    resume(l, NULL);
    fill_one_order(l);
    complete_all(l, "10", true);
    assert_true(commit_at(l, "10"));
    link_free(l);
}

/* ---- filling ---- */

static void rows_of_the_copy_send_nothing_until_the_last_table_is_whole(void **state)
{
    (void)state;
    remove_file();
    struct link *l = open_with(&order_event, "one");
    resume(l, NULL);
    fill_one_order(l);
    fill_one_order(l); /* a chunk that is read again */
    update(l, &mrp_production, NULL, "7 WH/MO/7 progress 1 10.0 SO1 1 -"); /* the stream */
    update(l, &mrp_production, NULL, "8 WH/MO/8 confirmed 1 ? SO1 1 -");   /* not yet copied */
    delete(l, &mrp_production, "9");
    assert_string_equal(commit(l), "");
    fill(l, &mrp_production, "8 WH/MO/8 confirmed 1 3 SO1 1 -");
    const char *text = complete_all(l, "1", false);
    assert_string_equal(text,
                        "CREATED OperationsRequest WH/MO/7 -> {id=WH/MO/7 source_document_id=SO1 "
                        "material_definition_id=TABLE quantity=10 request_state=progress "
                        "material_requirement[{material_definition_id=BOARD quantity=4 "
                        "quantity_unit=Units}]}\n"
                        "CREATED OperationsRequest WH/MO/8 -> {id=WH/MO/8 source_document_id=SO1 "
                        "material_definition_id=TABLE quantity=3 request_state=confirmed "
                        "material_requirement[]}\n");
    link_free(l);
}

static void a_copy_is_whole_only_where_the_mirror_stands(void **state)
{
    (void)state;
    remove_file();
    struct link *l = open_with(&order_event, "one");
    resume(l, NULL);
    commit(l);
    assert_int_equal(mirror_complete(l->mirror, &uom_uom, "5", MIRROR_BEGINS_QUIETLY, &l->failure), STATUS_BUG);
    assert_non_null(strstr(l->failure.text, "whole as of 5, but the mirror stands at 1"));
    link_free(l);
}

static void where_events_begin_the_file_must_know_before_they_go_on(void **state)
{
    (void)state;
    remove_file();
    struct link *l = open_with(&order_event, "one");
    resume(l, NULL);
    complete_all(l, "10", true);
    assert_true(mirror_wants_commit(l->mirror));
    insert(l, &uom_uom, "1 {} 1");
    assert_int_equal(link_try_commit(l), STATUS_BUG);
    assert_non_null(strstr(l->failure.text, "events began at 10: that must be committed first"));
    link_free(l);
}

static void the_copys_notes_live_and_die_with_its_rows(void **state)
{
    (void)state;
    const char *text;
    remove_file();
    struct link *l = open_with(&order_event, "one");
    resume(l, NULL);
    link_check(l, mirror_note(l->mirror, "stock_move", "chunk 3", &l->failure));
    assert_true(commit_at(l, NULL)); /* no position: nothing is ahead of anything */
    link_check(l, mirror_note(l->mirror, "stock_move", "chunk 4", &l->failure));
    link_free(l);
    l = open_with(&order_event, "one");
    link_check(l, mirror_noted(l->mirror, "stock_move", &l->arena, &text, &l->failure));
    assert_string_equal(text, "chunk 3");
    link_check(l, mirror_noted(l->mirror, "other", &l->arena, &text, &l->failure));
    assert_null(text);
    link_free(l);
}

/* ---- committing and opening again ---- */

static void a_file_goes_on_where_it_was_committed(void **state)
{
    (void)state;
    make_file();
    struct link *l = open_with(&order_event, "one");
    assert_string_equal(mirror_position(l->mirror), "10");
    assert_string_equal(mirror_committed(l->mirror), "10");
    for (int i = 0; i < views_ntables(l->views); i++)
        assert_true(mirror_is_complete(l->mirror, i));
    resume(l, "10");
    update(l, &stock_move, NULL, "71 7 2 5.0 1 confirmed -");
    assert_non_null(strstr(commit(l), "CHANGED OperationsRequest WH/MO/7 "));
    link_free(l);
}

static void nothing_is_committed_ahead_of_the_durable_checkpoint(void **state)
{
    (void)state;
    make_file();
    struct link *l = open_with(&order_event, "one");
    resume(l, "10");
    update(l, &stock_move, NULL, "71 7 2 5.0 1 confirmed -");
    commit(l);
    assert_false(commit_at(l, "10"));
    assert_false(commit_at(l, NULL));
    assert_string_equal(mirror_committed(l->mirror), "10");
    assert_true(commit_at(l, "12"));
    assert_string_equal(mirror_committed(l->mirror), "11");
    link_free(l);
}

static void rows_time_and_a_position_alone_ask_for_a_commit(void **state)
{
    (void)state;
    make_file();
    struct link *l = link_new(&order_event, 1, odoo, NODOO);
    l->options.path = path;
    l->options.commit_rows = 2;
    l->options.commit_ms = 20;
    link_open(l);
    resume(l, "10");
    assert_false(mirror_wants_commit(l->mirror));
    commit(l); /* of tables that no view reads */
    usleep(25000);
    assert_true(mirror_wants_commit(l->mirror));
    assert_true(commit_at(l, "11"));
    assert_false(mirror_wants_commit(l->mirror));
    insert(l, &stock_move, "72 7 1 5.0 1 confirmed -");
    insert(l, &stock_move, "73 7 1 5.0 1 cancel -");
    commit(l);
    assert_true(mirror_wants_commit(l->mirror));
    link_free(l);
}

static void nothing_is_committed_while_objects_are_evaluated(void **state)
{
    (void)state;
    struct mirror_step s;
    make_file();
    struct link *l = open_with(&order_event, "one");
    resume(l, "10");
    update(l, &stock_move, NULL, "71 7 2 5.0 1 confirmed -");
    link_check(l, mirror_begin(l->mirror, "11", &l->failure));
    link_check(l, mirror_apply(l->mirror, l->changes, 1, &l->failure));
    assert_false(commit_at(l, "20"));
    link_check(l, mirror_end(l->mirror, "11", false, &l->failure));
    link_check(l, mirror_evaluate(l->mirror, 1, &l->arena, &s, &l->failure));
    assert_true(s.more);
    assert_false(commit_at(l, "20"));
    link_check(l, link_drain(l));
    assert_true(commit_at(l, "20"));
    link_free(l);
}

static void transactions_that_the_target_has_are_repeated_without_events(void **state)
{
    (void)state;
    make_file();
    struct link *l = open_with(&order_event, "one");
    resume(l, "11");
    update(l, &stock_move, NULL, "71 7 2 5.0 1 confirmed -");
    assert_string_equal(commit(l), "");
    update(l, &stock_move, NULL, "71 7 2 6.0 1 confirmed -");
    const char *text = commit(l);
    assert_non_null(strstr(text, "quantity=5 quantity_unit=Units}]} -> "));
    link_free(l);
}

static void a_checkpoint_between_two_transactions_ends_the_repetition(void **state)
{
    (void)state;
    make_file();
    struct link *l = open_with(&order_event, "one");
    resume(l, "12"); /* idle progress: the next transaction ends at 15 */
    l->at = 14;
    update(l, &stock_move, NULL, "71 7 2 5.0 1 confirmed -");
    assert_non_null(strstr(commit(l), "CHANGED OperationsRequest WH/MO/7 "));
    link_free(l);
}

static void a_target_that_was_set_back_is_refused(void **state)
{
    (void)state;
    make_file();
    struct link *l = open_with(&order_event, "one");
    assert_int_equal(mirror_resume(l->mirror, "9", &l->failure), STATUS_CONFIG);
    assert_non_null(strstr(l->failure.text, "the mirror stands at 10, the target's checkpoint "
                                            "at 9"));
    assert_int_equal(mirror_resume(l->mirror, NULL, &l->failure), STATUS_CONFIG);
    link_free(l);
}

static void a_failed_batch_takes_the_mirror_back(void **state)
{
    (void)state;
    make_file();
    struct link *l = open_with(&order_event, "one");
    resume(l, "10");
    for (int i = 0; i < 2; i++) {
        update(l, &stock_move, NULL, "71 7 2 5.0 1 confirmed -");
        assert_non_null(strstr(commit(l), "CHANGED OperationsRequest WH/MO/7 "));
        link_check(l, mirror_rollback(l->mirror, &l->failure));
        assert_string_equal(mirror_position(l->mirror), "10");
        resume(l, "10");
    }
    /* in the middle of a transaction, and of its evaluation */
    insert(l, &mrp_production, "8 WH/MO/8 confirmed 1 1 - 1 -");
    link_check(l, mirror_begin(l->mirror, NULL, &l->failure));
    link_check(l, mirror_apply(l->mirror, l->changes, 1, &l->failure));
    link_check(l, mirror_rollback(l->mirror, &l->failure));
    resume(l, "10");
    link_check(l, mirror_begin(l->mirror, NULL, &l->failure));
    link_check(l, mirror_apply(l->mirror, l->changes, 1, &l->failure));
    link_check(l, mirror_end(l->mirror, "11", false, &l->failure));
    struct mirror_step s;
    link_check(l, mirror_evaluate(l->mirror, 1, &l->arena, &s, &l->failure));
    assert_true(s.more);
    link_check(l, mirror_rollback(l->mirror, &l->failure));
    resume(l, "10");
    assert_true(strncmp(commit(l), "CREATED OperationsRequest WH/MO/8 ", 34) == 0);
    link_free(l);
}

static void a_second_process_is_kept_out(void **state)
{
    (void)state;
    struct mirror *other;
    make_file();
    struct link *l = open_with(&order_event, "one");
    assert_int_equal(mirror_open(l->views, &l->options, &other, &l->failure), STATUS_CONFIG);
    assert_int_equal(l->failure.code, ERROR_SECOND_ENGINE);
    assert_null(other);
    link_free(l);
}

static void a_new_file_is_its_owners_alone(void **state)
{
    (void)state;
    struct stat st;
    make_file();
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_file_that_is_none_is_refused(void **state)
{
    (void)state;
    struct mirror *m;
    remove_file();
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("no database ", f);
    fclose(f);
    struct link *l = link_new(&order_event, 1, odoo, NODOO);
    l->options.path = path;
    assert_int_equal(mirror_open(l->views, &l->options, &m, &l->failure), STATUS_CONFIG);
    assert_non_null(strstr(l->failure.text, path));
    link_free(l);
}

/* ---- another plan ---- */

static bool lacks(struct link *l, const char *table)
{
    for (int i = 0; i < views_ntables(l->views); i++)
        if (strcmp(views_table(l->views, i)->name, table) == 0)
            return !mirror_is_complete(l->mirror, i);
    assert_true(!"no such table");
    return false;
}

static struct link *reopen_changed(const struct event_definition *d)
{
    struct link *l = open_with(d, "two");
    assert_true(mirror_plan_changed(l->mirror));
    assert_string_equal(mirror_position(l->mirror), "10");
    link_check(l, mirror_rebuild(l->mirror, false, &l->failure));
    assert_false(mirror_plan_changed(l->mirror));
    return l;
}

static void a_changed_view_sends_nothing_of_its_own(void **state)
{
    (void)state;
    make_file();
    struct event_definition d = order_event;
    d.sql = "select p.name || '!' as id, pp.default_code as material_definition_id"
            " from mrp_production p join product_product pp on pp.id = p.product_id"
            " where p.id = :object";
    struct link *l = reopen_changed(&d);
    assert_false(lacks(l, "mrp_production")); /* fewer columns: nothing to fill */
    resume(l, "10");
    assert_string_equal(commit(l), "");
    update(l, &mrp_production, NULL, "7 WH/MO/7 done 1 10.0 SO1 1 -");
    assert_string_equal(commit(l), ""); /* its state is not read any more */
    delete(l, &mrp_production, "7");
    assert_non_null(strstr(commit(l), "GONE OperationsRequest WH/MO/7! {id=WH/MO/7!"));
    link_free(l);
}

static void a_changed_plan_begins_where_the_target_stands(void **state)
{
    (void)state;
    make_file();
    struct event_definition d = order_event;
    d.sql = "select name as id, state as request_state from mrp_production where id = :object";
    struct link *l = reopen_changed(&d);
    resume(l, "11");
    insert(l, &mrp_production, "8 WH/MO/8 draft 1 1 - 1 -");
    assert_string_equal(commit(l), "");
    assert_true(mirror_wants_commit(l->mirror));
    update(l, &mrp_production, NULL, "8 WH/MO/8 confirmed 1 1 - 1 -");
    assert_string_equal(
        commit(l),
        "CHANGED OperationsRequest WH/MO/8 {id=WH/MO/8 request_state=draft material_requirement[]} "
        "-> {id=WH/MO/8 request_state=confirmed material_requirement[]}\n");
    assert_string_equal(mirror_committed(l->mirror), "11"); /* where its events began */
    link_free(l);
}

static void a_column_that_is_newly_read_asks_for_its_table_again(void **state)
{
    (void)state;
    make_file();
    struct event_definition d = order_event;
    d.lists = (struct list_definition[]){
        {"material_requirement", "material_definition_id",
         "select c.default_code as material_definition_id, m.note as description"
         "  from stock_move m join product_product c on c.id = m.product_id"
         " where m.raw_material_production_id = :object"}};
    struct link *l = reopen_changed(&d);
    assert_true(lacks(l, "stock_move"));
    assert_false(lacks(l, "mrp_production"));
    resume(l, "10");
    update(l, &mrp_production, NULL, "7 WH/MO/7 progress 1 10.0 SO1 1 -");
    assert_string_equal(commit(l), ""); /* silent until the table is whole again */
    fill(l, &stock_move, "71 7 2 4.0 1 confirmed noted");
    assert_string_equal(complete_all(l, "11", true), "");
    assert_true(commit_at(l, "11"));
    update(l, &mrp_production, NULL, "7 WH/MO/7 done 1 10.0 SO1 1 -");
    assert_non_null(strstr(commit(l), "request_state=progress material_requirement[{"
                                      "material_definition_id=BOARD description=noted}]} -> "));
    link_free(l);
}

static void a_mirror_can_be_filled_afresh(void **state)
{
    (void)state;
    make_file();
    struct link *l = open_with(&order_event, "two");
    link_check(l, mirror_rebuild(l->mirror, true, &l->failure));
    assert_null(mirror_position(l->mirror));
    assert_true(lacks(l, "mrp_production"));
    assert_true(lacks(l, "uom_uom"));
    resume(l, "10");
    fill_one_order(l);
    assert_string_equal(complete_all(l, "12", true), "");
    link_free(l);
    l = open_with(&order_event, "two"); /* nothing of it was committed */
    assert_false(mirror_plan_changed(l->mirror));
    assert_true(lacks(l, "mrp_production"));
    link_free(l);
}

static int choose_path(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/millrace-mirror-file-%d", (int)getpid());
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    remove_file();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_the_copy_send_nothing_until_the_last_table_is_whole),
        cmocka_unit_test(a_copy_is_whole_only_where_the_mirror_stands),
        cmocka_unit_test(where_events_begin_the_file_must_know_before_they_go_on),
        cmocka_unit_test(the_copys_notes_live_and_die_with_its_rows),
        cmocka_unit_test(a_file_goes_on_where_it_was_committed),
        cmocka_unit_test(nothing_is_committed_ahead_of_the_durable_checkpoint),
        cmocka_unit_test(rows_time_and_a_position_alone_ask_for_a_commit),
        cmocka_unit_test(nothing_is_committed_while_objects_are_evaluated),
        cmocka_unit_test(transactions_that_the_target_has_are_repeated_without_events),
        cmocka_unit_test(a_checkpoint_between_two_transactions_ends_the_repetition),
        cmocka_unit_test(a_target_that_was_set_back_is_refused),
        cmocka_unit_test(a_failed_batch_takes_the_mirror_back),
        cmocka_unit_test(a_second_process_is_kept_out),
        cmocka_unit_test(a_new_file_is_its_owners_alone),
        cmocka_unit_test(a_file_that_is_none_is_refused),
        cmocka_unit_test(a_changed_view_sends_nothing_of_its_own),
        cmocka_unit_test(a_changed_plan_begins_where_the_target_stands),
        cmocka_unit_test(a_column_that_is_newly_read_asks_for_its_table_again),
        cmocka_unit_test(a_mirror_can_be_filled_afresh),
    };
    return cmocka_run_group_tests(tests, choose_path, remove_path);
}
