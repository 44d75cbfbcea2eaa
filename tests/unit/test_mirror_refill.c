/* test_mirror_refill.c: rows are read again at a later position; what left meanwhile is told
 * libs: mirror */
#include "mirror_link.h"

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

static const struct event_definition order = {
    .name = "Order",
    .of = "mrp_production",
    .key = "id",
    .touched_by = (struct touch_definition[]){{"stock_move", "raw_material_production_id"}},
    .ntouched_by = 1,
    .sql = "select name as id, state from mrp_production where id = :object and company_id = 1",
    .lists = (struct list_definition[]){{"line", "id",
                                         "select id, product_uom_qty as quantity from stock_move"
                                         " where raw_material_production_id = :object"}},
    .nlists = 1,
};
static const struct event_definition product = {
    .name = "Product",
    .of = "product_product",
    .key = "id",
    .sql = "select default_code as id from product_product where id = :object and active",
    .assembled = true,
};

static struct link *open_with(const struct event_definition *events, int n, const char *plan)
{
    struct link *l = link_new(events, n, odoo, NODOO);
    l->options.path = path;
    l->options.plan = plan;
    link_open(l);
    return l;
}

static struct link *open_both(const char *plan)
{
    const struct event_definition both[] = {product, order};
    return open_with(both, 2, plan);
}

static void fill(struct link *l, const struct relation *r, const char *row)
{
    link_check(l, mirror_fill(l->mirror, r, world_row(r, row, &l->arena), &l->failure));
}

/* All tables are whole at `position`; what it tells. */
static const char *complete(struct link *l, const char *position, enum mirror_beginning beginning)
{
    buffer_clear(&l->out);
    for (int i = 0; i < views_ntables(l->views); i++)
        link_check(l, mirror_complete(l->mirror, views_table(l->views, i), position, beginning,
                                      &l->failure));
    link_check(l, link_drain(l));
    return buffer_text(&l->out);
}

static void commit_at(struct link *l, const char *position)
{
    bool committed;
    link_check(l, mirror_commit(l->mirror, position, &committed, &l->failure));
    assert_true(committed);
}

static void resume(struct link *l, const char *checkpoint)
{
    link_check(l, mirror_resume(l->mirror, checkpoint, &l->failure));
}

/* Products A and B; orders 7 to 9, one with a line. */
static void make_file(void)
{
    remove_file();
    struct link *l = open_both("one");
    fill(l, &product_product, "1 A 1");
    fill(l, &product_product, "2 B 1");
    fill(l, &mrp_production, "7 MO7 draft 1 1 - 1 -");
    fill(l, &mrp_production, "8 MO8 draft 1 1 - 1 -");
    fill(l, &mrp_production, "9 MO9 draft 1 1 - 1 -");
    fill(l, &stock_move, "71 7 2 4.0 1 confirmed -");
    complete(l, "10", MIRROR_BEGINS_QUIETLY);
    commit_at(l, "10");
    link_free(l);
}

/* Product B and order 8 are gone, order 7 has a new name, 9 is as it was, 5 is new. */
static void fill_later(struct link *l)
{
    fill(l, &product_product, "1 A 1");
    fill(l, &product_product, "2 B 0");
    fill(l, &mrp_production, "5 MO5 draft 1 1 - 1 -");
    fill(l, &mrp_production, "7 MO7b draft 1 1 - 1 -");
    fill(l, &mrp_production, "9 MO9 draft 1 1 - 1 -");
    fill(l, &stock_move, "71 7 2 4 1 confirmed -");
}

#define DIFFERENCES                                                                                \
    "GONE Order MO8 {id=MO8 state=draft line[]}\n"                                                 \
    "GONE Product B {id=B}\n"                                                                      \
    "CHANGED Order MO7b {id=MO7 state=draft line[{id=71 quantity=4}]} -> "                         \
    "{id=MO7b state=draft line[{id=71 quantity=4}]}\n"

static void what_left_changed_and_came_meanwhile_is_told_in_order(void **state)
{
    (void)state;
    make_file();
    struct link *l = open_both("one");
    link_check(l, mirror_refill(l->mirror, false, &l->failure));
    assert_null(mirror_position(l->mirror));
    assert_false(mirror_is_complete(l->mirror, 0));
    fill_later(l);
    resume(l, "20");
    assert_string_equal(complete(l, "20", MIRROR_TELLS_CHANGES),
                        DIFFERENCES "CREATED Order MO5 -> {id=MO5 state=draft line[]}\n");
    commit_at(l, "20");
    l->at = 20;
    update(l, &mrp_production, NULL, "9 MO9 done 1 1 - 1 -");
    assert_string_equal(commit(l), "CHANGED Order MO9 {id=MO9 state=draft line[]} -> "
                                   "{id=MO9 state=done line[]}\n");
    link_free(l);
}

static void where_all_is_told_what_is_as_it_was_comes_as_created(void **state)
{
    (void)state;
    make_file();
    struct link *l = open_both("one");
    link_check(l, mirror_refill(l->mirror, false, &l->failure));
    fill_later(l);
    resume(l, "20");
    assert_string_equal(complete(l, "20", MIRROR_TELLS_ALL),
                        DIFFERENCES "CREATED Product A -> {id=A}\n"
                                    "CREATED Order MO5 -> {id=MO5 state=draft line[]}\n"
                                    "CREATED Order MO9 -> {id=MO9 state=draft line[]}\n");
    commit_at(l, "20");
    l->at = 20;
    update(l, &mrp_production, NULL, "9 MO9 draft 2 1 - 1 -"); /* nothing that is shown */
    assert_string_equal(commit(l), "");
    link_free(l);
}

/* Whenever it is broken off, it ends the same; begun anew at a third position, too. */
static void what_was_emitted_outlives_a_refill_that_is_broken_off(void **state)
{
    (void)state;
    make_file();
    struct link *l = open_both("one");
    link_check(l, mirror_refill(l->mirror, false, &l->failure));
    fill(l, &mrp_production, "8 MO8 draft 1 1 - 1 -");
    link_free(l); /* while it is filled */
    l = open_both("one");
    assert_false(mirror_is_complete(l->mirror, 0));
    link_check(l, mirror_refill(l->mirror, false, &l->failure));
    fill_later(l);
    resume(l, "20");
    link_check(l, mirror_note(l->mirror, "filled", "20", &l->failure));
    commit_at(l, "20");
    const char *told = complete(l, "20", MIRROR_TELLS_CHANGES);
    assert_true(strncmp(told, DIFFERENCES, sizeof DIFFERENCES - 1) == 0);
    link_free(l); /* while it is told */
    l = open_both("one");
    resume(l, "20");
    told = complete(l, "20", MIRROR_TELLS_CHANGES);
    assert_true(strncmp(told, DIFFERENCES, sizeof DIFFERENCES - 1) == 0);
    link_free(l);
    l = open_both("one");
    link_check(l, mirror_refill(l->mirror, false, &l->failure));
    fill_later(l);
    fill(l, &mrp_production, "8 MO8 draft 1 1 - 1 -"); /* back again */
    resume(l, "30");
    told = complete(l, "30", MIRROR_TELLS_CHANGES);
    assert_null(strstr(told, "MO8"));
    assert_non_null(strstr(told, "GONE Product B"));
    link_free(l);
}

static void a_refused_object_is_not_gone(void **state)
{
    (void)state;
    make_file();
    struct link *l = open_both("one");
    link_check(l, mirror_refill(l->mirror, false, &l->failure));
    fill_later(l);
    fill(l, &mrp_production, "8 - draft 1 1 - 1 -"); /* no key */
    resume(l, "20");
    buffer_clear(&l->out);
    for (int i = 0; i < views_ntables(l->views); i++)
        link_check(l, mirror_complete(l->mirror, views_table(l->views, i), "20",
                                      MIRROR_TELLS_CHANGES, &l->failure));
    assert_int_equal(link_drain(l), STATUS_DATA);
    assert_non_null(strstr(l->failure.text, "event Order, object 8"));
    link_free(l);
}

/* ---- another plan ---- */

/* The order shows its product (newly read), and not its state; lines have a note, others are new. */
static struct event_definition wider(void)
{
    static struct list_definition lists[] = {
        {"line", "id", "select id, note, product_uom_qty as quantity from stock_move"
                       " where raw_material_production_id = :object"},
        {"more", "id", "select id from stock_move where raw_material_production_id = :object"}};
    struct event_definition d = order;
    d.sql = "select name as id, origin from mrp_production where id = :object and company_id = 1";
    d.lists = lists;
    d.nlists = 2;
    return d;
}

static struct link *open_changed(const struct event_definition *d, const char *plan)
{
    struct link *l = open_with(d, 1, plan);
    assert_true(mirror_plan_changed(l->mirror));
    link_check(l, mirror_rebuild(l->mirror, false, &l->failure));
    link_check(l, mirror_refill(l->mirror, false, &l->failure));
    return l;
}

static const char *tell_later(struct link *l)
{
    fill(l, &mrp_production, "7 MO7b draft 1 1 - 1 -");
    fill(l, &mrp_production, "9 MO9 draft 1 1 SO9 1 -");
    fill(l, &stock_move, "71 7 2 4 1 confirmed noted");
    resume(l, "20");
    return complete(l, "20", MIRROR_TELLS_CHANGES);
}

static void fields_of_another_plan_are_known_by_their_names(void **state)
{
    (void)state;
    make_file();
    struct event_definition d = wider();
    struct link *l = open_changed(&d, "two");
    link_free(l); /* broken off: it stays */
    l = open_with(&d, 1, "two");
    assert_false(mirror_plan_changed(l->mirror));
    assert_string_equal(
        tell_later(l),
        "GONE Order MO8 {id=MO8 origin=null line[] more[]}\n"
        "CHANGED Order MO7b {id=MO7 origin=null line[{id=71 note=null quantity=4}] more[]} -> "
        "{id=MO7b origin=null line[{id=71 note=noted quantity=4}] more[{id=71}]}\n"
        "CHANGED Order MO9 {id=MO9 origin=null line[] more[]} -> "
        "{id=MO9 origin=SO9 line[] more[]}\n");
    link_free(l);
}

/* Nothing is told of what was an event of another kind, nor of one that is none any more. */
static void an_event_of_another_type_or_key_begins_anew(void **state)
{
    (void)state;
    struct event_definition type = wider(), key = wider();
    type.type = "Request";
    key.of_key = (const char *const[]){"name"};
    key.nof_key = 1;
    key.sql = "select name as id, origin from mrp_production where name = :object";
    key.nlists = key.ntouched_by = 0;
    make_file();
    struct link *l = open_changed(&type, "two");
    assert_string_equal(tell_later(l),
                        "CREATED Request MO7b -> {id=MO7b origin=null line[{id=71 note=noted "
                        "quantity=4}] more[{id=71}]}\n"
                        "CREATED Request MO9 -> {id=MO9 origin=SO9 line[] more[]}\n");
    link_free(l);
    make_file();
    l = open_changed(&key, "two");
    fill(l, &mrp_production, "9 MO9 draft 1 1 SO9 1 -");
    resume(l, "20");
    assert_string_equal(complete(l, "20", MIRROR_TELLS_CHANGES),
                        "CREATED Order MO9 -> {id=MO9 origin=SO9}\n");
    link_free(l);
}

/* ---- */

static int choose_path(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/millrace-mirror-refill-%d", (int)getpid());
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
        cmocka_unit_test(what_left_changed_and_came_meanwhile_is_told_in_order),
        cmocka_unit_test(where_all_is_told_what_is_as_it_was_comes_as_created),
        cmocka_unit_test(what_was_emitted_outlives_a_refill_that_is_broken_off),
        cmocka_unit_test(a_refused_object_is_not_gone),
        cmocka_unit_test(fields_of_another_plan_are_known_by_their_names),
        cmocka_unit_test(an_event_of_another_type_or_key_begins_anew),
    };
    return cmocka_run_group_tests(tests, choose_path, remove_path);
}
