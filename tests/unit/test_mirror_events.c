/* test_mirror_events.c: source transactions in, events out
 * libs: mirror */
#include "mirror_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

/* mrp_production: id name state product_id product_qty origin company_id x_mes_state
 * stock_move: id production product qty uom state note
 * product_product: id default_code active; uom_uom: id name factor */

static struct link *orders(void)
{
    struct link *l = link_new(&order_event, 1, odoo, NODOO);
    link_open(l);
    link_complete(l, true);
    insert(l, &product_product, "1 TABLE 1");
    insert(l, &product_product, "2 BOARD 1");
    insert(l, &product_product, "3 SCREW 1");
    insert(l, &uom_uom, "1 {\"en_US\":\"Units\"} 1.0");
    assert_string_equal(commit(l), "");
    return l;
}

static void insert_order(struct link *l, const char *state)
{
    char row[128];
    snprintf(row, sizeof row, "7 WH/MO/7 %s 1 10.0 SO1 1 -", state);
    insert(l, &mrp_production, row);
}

static void insert_lines(struct link *l)
{
    insert(l, &stock_move, "71 7 2 4.0 1 confirmed -");
    insert(l, &stock_move, "72 7 3 16.0 1 confirmed -");
}

#define ORDER(qty, state)                                                                          \
    "{id=WH/MO/7 source_document_id=SO1 material_definition_id=TABLE quantity=" qty                \
    " request_state=" state " material_requirement["
#define LINE(code, qty)                                                                            \
    "{material_definition_id=" code " quantity=" qty " quantity_unit=Units}"
#define WHOLE ORDER("10", "confirmed") LINE("BOARD", "4") LINE("SCREW", "16") "]}"

/* An order with two lines, that has been emitted. */
static struct link *one_order(void)
{
    struct link *l = orders();
    insert_order(l, "confirmed");
    insert_lines(l);
    assert_string_equal(commit(l), "CREATED OperationsRequest WH/MO/7 -> " WHOLE "\n");
    return l;
}

/* ---- assembled ---- */

static void header_and_lines_make_one_event_whatever_their_order(void **state)
{
    (void)state;
    link_free(one_order());
    struct link *l = orders();
    insert_lines(l);
    insert_order(l, "confirmed");
    assert_string_equal(commit(l), "CREATED OperationsRequest WH/MO/7 -> " WHOLE "\n");
    link_free(l);
}

static void a_draft_released_in_the_same_transaction_is_one_created(void **state)
{
    (void)state;
    struct link *l = orders();
    insert_order(l, "draft");
    insert_lines(l);
    update(l, &mrp_production, NULL, "7 WH/MO/7 confirmed 1 10.0 SO1 1 -");
    update(l, &stock_move, NULL, "71 7 2 4.0 1 assigned -");
    assert_string_equal(commit(l), "CREATED OperationsRequest WH/MO/7 -> " WHOLE "\n");
    link_free(l);
}

static void a_draft_sends_nothing_and_its_lines_are_there_when_it_is_released(void **state)
{
    (void)state;
    struct link *l = orders();
    insert_order(l, "draft");
    insert_lines(l);
    assert_string_equal(commit(l), "");
    update(l, &mrp_production, NULL, "7 WH/MO/7 confirmed 1 10.0 SO1 1 -");
    assert_string_equal(commit(l), "CREATED OperationsRequest WH/MO/7 -> " WHOLE "\n");
    link_free(l);
}

static void a_line_alone_changes_its_order(void **state)
{
    (void)state;
    struct link *l = one_order();
    update(l, &stock_move, NULL, "71 7 2 5.0 1 confirmed -");
    assert_string_equal(commit(l), "CHANGED OperationsRequest WH/MO/7 " WHOLE " -> " ORDER(
                                       "10", "confirmed") LINE("BOARD", "5")
                                       LINE("SCREW", "16") "]}\n");
    link_free(l);
}

static void a_line_that_moves_changes_both_orders(void **state)
{
    (void)state;
    struct link *l = one_order();
    insert(l, &mrp_production, "8 WH/MO/8 confirmed 1 1 - 1 -");
    assert_string_equal(commit(l), "CREATED OperationsRequest WH/MO/8 -> {id=WH/MO/8 "
                                   "source_document_id=null material_definition_id=TABLE "
                                   "quantity=1 request_state=confirmed material_requirement[]}\n");
    update(l, &stock_move, NULL, "71 8 2 4.0 1 confirmed -");
    const char *text = commit(l);
    assert_non_null(strstr(text, "CHANGED OperationsRequest WH/MO/7 "));
    assert_non_null(strstr(text, "CHANGED OperationsRequest WH/MO/8 "));
    link_free(l);
}

static void a_deleted_line_is_found_by_its_key_alone(void **state)
{
    (void)state;
    struct link *l = one_order();
    delete(l, &stock_move, "71");
    assert_string_equal(commit(l),
                        "CHANGED OperationsRequest WH/MO/7 " WHOLE " -> " ORDER(
                            "10", "confirmed") LINE("SCREW", "16") "]}\n");
    link_free(l);
}

static void leaving_the_view_and_being_deleted_are_gone_with_what_was_emitted(void **state)
{
    (void)state;
    struct link *l = one_order();
    update(l, &mrp_production, NULL, "7 WH/MO/7 cancel 1 10.0 SO1 1 -");
    assert_string_equal(commit(l), "GONE OperationsRequest WH/MO/7 " WHOLE "\n");
    delete(l, &mrp_production, "7");
    assert_string_equal(commit(l), "");
    link_free(l);
    l = one_order();
    delete(l, &stock_move, "72");
    delete(l, &mrp_production, "7");
    assert_string_equal(commit(l), "GONE OperationsRequest WH/MO/7 " WHOLE "\n");
    link_free(l);
}

static void columns_that_no_view_reads_send_nothing(void **state)
{
    (void)state;
    struct link *l = one_order();
    update(l, &mrp_production, NULL, "7 WH/MO/7 confirmed 1 10.0 SO1 1 progress");
    update(l, &stock_move, NULL, "71 7 2 4.0 1 confirmed noted");
    assert_string_equal(commit(l), "");
    link_free(l);
}

static void a_decimal_with_other_zeros_is_the_same(void **state)
{
    (void)state;
    struct link *l = one_order();
    update(l, &mrp_production, NULL, "7 WH/MO/7 confirmed 1 10 SO1 1 -");
    update(l, &stock_move, NULL, "72 7 3 16.000 1 confirmed -");
    assert_string_equal(commit(l), "");
    update(l, &mrp_production, NULL, "7 WH/MO/7 confirmed 1 10.5 SO1 1 -");
    assert_non_null(strstr(commit(l), "CHANGED OperationsRequest WH/MO/7 "));
    link_free(l);
}

static void there_and_back_in_one_transaction_is_nothing(void **state)
{
    (void)state;
    struct link *l = one_order();
    update(l, &mrp_production, NULL, "7 WH/MO/7 cancel 1 10.0 SO1 1 -");
    update(l, &mrp_production, NULL, "7 WH/MO/7 confirmed 1 10.0 SO1 1 -");
    delete(l, &stock_move, "71");
    insert(l, &stock_move, "79 7 2 4.0 1 confirmed -");
    assert_string_equal(commit(l), "");
    link_free(l);
}

static void a_changed_business_key_is_one_changed_with_the_old_key_before(void **state)
{
    (void)state;
    struct link *l = one_order();
    update(l, &mrp_production, NULL, "7 WH/MO/77 confirmed 1 10.0 SO1 1 -");
    const char *text = commit(l);
    assert_true(strncmp(text, "CHANGED OperationsRequest WH/MO/77 {id=WH/MO/7 ", 47) == 0);
    assert_null(strchr(strchr(text, '\n') + 1, '\n'));
    link_free(l);
}

static void a_changed_primary_key_is_the_same_object(void **state)
{
    (void)state;
    struct link *l = one_order();
    update(l, &mrp_production, "7", "9 WH/MO/7 confirmed 1 10.0 SO1 1 -");
    update(l, &stock_move, NULL, "71 9 2 4.0 1 confirmed -");
    update(l, &stock_move, NULL, "72 9 3 16.0 1 confirmed -");
    assert_string_equal(commit(l), "");
    update(l, &mrp_production, "9", "10 WH/MO/7 confirmed 1 11.0 SO1 1 -");
    update(l, &mrp_production, "10", "11 WH/MO/7 confirmed 1 10.0 SO1 1 -");
    assert_string_equal(commit(l), "CHANGED OperationsRequest WH/MO/7 " WHOLE " -> " ORDER(
                                       "10", "confirmed") "]}\n");
    delete(l, &mrp_production, "11");
    assert_non_null(strstr(commit(l), "GONE OperationsRequest WH/MO/7 "));
    link_free(l);
}

static void keys_that_shift_by_one_push_each_other_aside(void **state)
{
    (void)state;
    struct link *l = orders();
    insert(l, &mrp_production, "1 A confirmed 1 1 - 1 -");
    insert(l, &mrp_production, "2 B confirmed 1 2 - 1 -");
    insert(l, &mrp_production, "3 C confirmed 1 3 - 1 -");
    commit(l);
    update(l, &mrp_production, "1", "2 A confirmed 1 1 - 1 -");
    update(l, &mrp_production, "2", "3 B confirmed 1 2 - 1 -");
    update(l, &mrp_production, "3", "4 C confirmed 1 3 ? 1 -");
    commit(l);
    delete(l, &mrp_production, "3");
    assert_non_null(strstr(commit(l), "GONE OperationsRequest B "));
    delete(l, &mrp_production, "4");
    assert_string_equal(commit(l), "GONE OperationsRequest C {id=C source_document_id=null "
                                   "material_definition_id=TABLE quantity=3 "
                                   "request_state=confirmed material_requirement[]}\n");
    link_free(l);
}

static void a_key_that_is_used_again_is_gone_before_it_is_created(void **state)
{
    (void)state;
    struct link *l = one_order();
    insert(l, &mrp_production, "3 WH/MO/7 confirmed 1 1 - 1 -");
    delete(l, &mrp_production, "7");
    const char *text = commit(l);
    assert_true(strncmp(text, "GONE OperationsRequest WH/MO/7 ", 31) == 0);
    assert_non_null(strstr(text, "\nCREATED OperationsRequest WH/MO/7 -> "));
    link_free(l);
}

static void a_column_that_is_not_in_the_log_is_as_the_mirror_has_it(void **state)
{
    (void)state;
    struct link *l = one_order();
    update(l, &mrp_production, NULL, "7 ? progress 1 ? ? 1 -");
    assert_string_equal(commit(l), "CHANGED OperationsRequest WH/MO/7 " WHOLE " -> " ORDER(
                                       "10", "progress") LINE("BOARD", "4")
                                       LINE("SCREW", "16") "]}\n");
    link_free(l);
}

static void a_looked_up_table_alone_sends_nothing_and_the_next_event_sees_it(void **state)
{
    (void)state;
    struct link *l = one_order();
    update(l, &product_product, NULL, "1 DESK 1");
    assert_string_equal(commit(l), "");
    update(l, &stock_move, NULL, "71 7 2 5.0 1 confirmed -");
    assert_non_null(strstr(commit(l), "-> {id=WH/MO/7 source_document_id=SO1 "
                                      "material_definition_id=DESK "));
    link_free(l);
}

static void a_truncate_touches_what_the_rows_led_to(void **state)
{
    (void)state;
    struct link *l = one_order();
    link_change(l, &stock_move, CHANGE_TRUNCATE, NULL, NULL);
    insert(l, &stock_move, "71 7 2 4.0 1 confirmed -");
    assert_string_equal(commit(l),
                        "CHANGED OperationsRequest WH/MO/7 " WHOLE " -> " ORDER(
                            "10", "confirmed") LINE("BOARD", "4") "]}\n");
    link_change(l, &mrp_production, CHANGE_TRUNCATE, NULL, NULL);
    assert_true(strncmp(commit(l), "GONE OperationsRequest WH/MO/7 ", 31) == 0);
    link_free(l);
}

static void an_echo_moves_what_counts_as_emitted(void **state)
{
    (void)state;
    struct link *l = one_order();
    l->quiet = true;
    update(l, &mrp_production, NULL, "7 WH/MO/7 confirmed 1 20.0 SO1 1 -");
    assert_string_equal(commit(l), "");
    l->quiet = false;
    update(l, &mrp_production, NULL, "7 WH/MO/7 confirmed 1 20 SO1 1 -");
    assert_string_equal(commit(l), "");
    update(l, &mrp_production, NULL, "7 WH/MO/7 confirmed 1 10.0 SO1 1 -");
    assert_non_null(strstr(commit(l), ORDER("20", "confirmed")));
    link_free(l);
}

static void a_row_that_the_mirror_lacks_is_an_error_that_names_it(void **state)
{
    (void)state;
    struct link *l = one_order();
    update(l, &stock_move, NULL, "99 7 2 5.0 1 confirmed -");
    assert_int_equal(link_try_commit(l), STATUS_DATA);
    assert_non_null(strstr(l->failure.text, "table public.stock_move (id=99): the mirror lacks a "
                                            "row that the log changes"));
    link_free(l);
    l = one_order();
    insert(l, &stock_move, "71 7 2 5.0 1 confirmed -");
    assert_int_equal(link_try_commit(l), STATUS_DATA);
    assert_non_null(strstr(l->failure.text, "table public.stock_move: the log inserts a row that "
                                            "is there"));
    link_free(l);
}

static void elements_of_a_list_must_differ_by_their_key(void **state)
{
    (void)state;
    struct link *l = one_order();
    insert(l, &stock_move, "73 7 2 1.0 1 confirmed -");
    assert_int_equal(link_try_commit(l), STATUS_DATA);
    assert_non_null(strstr(l->failure.text,
                           "event OperationsRequest, object 7: list material_requirement has two "
                           "elements with material_definition_id = BOARD: group them by it"));
    link_free(l);
}

static int refusals;

static enum status go_on(void *context, const struct mirror_refusal *r, const struct failure *why)
{
    (void)context;
    assert_string_equal(r->event, "OperationsRequest");
    assert_string_equal(r->object, "7");
    assert_null(r->rows); /* the mirror has them */
    assert_non_null(strstr(why->text, "two elements"));
    refusals++;
    return STATUS_OK;
}

static void a_refused_object_may_be_passed_and_comes_when_it_is_mended(void **state)
{
    (void)state;
    refusals = 0;
    struct link *l = link_new(&order_event, 1, odoo, NODOO);
    l->options.refused = go_on;
    link_open(l);
    link_complete(l, true);
    insert(l, &product_product, "2 BOARD 1");
    insert_order(l, "confirmed");
    insert(l, &stock_move, "71 7 2 4.0 1 confirmed -");
    insert(l, &stock_move, "73 7 2 1.0 1 confirmed -");
    insert(l, &mrp_production, "8 WH/MO/8 confirmed 1 1 - 1 -");
    assert_true(strncmp(commit(l), "CREATED OperationsRequest WH/MO/8 ", 34) == 0);
    assert_int_equal(refusals, 1);
    delete(l, &stock_move, "73");
    assert_true(strncmp(commit(l), "CREATED OperationsRequest WH/MO/7 ", 34) == 0);
    link_free(l);
}

static void refuse_always(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)n, (void)values;
    sqlite3_result_error(context, "there is no dictionary uom", -1);
    sqlite3_result_error_code(context, SQLITE_ABORT);
}

static enum status add_refusal(void *context, sqlite3 *db, struct failure *f)
{
    (void)context, (void)f;
    int code = sqlite3_create_function(db, "map", -1, SQLITE_UTF8, NULL, refuse_always, NULL, NULL);
    return code == SQLITE_OK ? STATUS_OK : STATUS_BUG;
}

/* A wrong mapping would quarantine every object that there is. */
static void a_function_whose_mapping_is_wrong_ends_it_for_all(void **state)
{
    (void)state;
    struct event_definition d = {
        .name = "Uom",
        .of = "uom_uom",
        .key = "id",
        .sql = "select map('uom', id) as id from uom_uom where id = :object",
    };
    struct views_options o = {.functions = add_refusal};
    struct link *l = link_new_with(&d, 1, odoo, NODOO, &o);
    l->options.refused = go_on;
    link_open(l);
    link_complete(l, true);
    insert(l, &uom_uom, "1 {\"en_US\":\"Units\"} 1.0");
    assert_int_equal(link_try_commit(l), STATUS_CONFIG);
    assert_non_null(strstr(l->failure.text, "there is no dictionary uom"));
    link_free(l);
}

static void a_dropped_or_retyped_column_stops(void **state)
{
    (void)state;
    struct link *l = one_order();
    struct relation changed = mrp_production;
    struct column columns[8];
    memcpy(columns, mrp_production.columns, sizeof columns);
    changed.columns = columns;
    columns[4].kind = VALUE_TEXT;
    update(l, &changed, NULL, "7 WH/MO/7 confirmed 1 10.0 SO1 1 -");
    assert_int_equal(link_try_commit(l), STATUS_DATA);
    assert_non_null(strstr(l->failure.text, "column product_qty of table public.mrp_production was "
                                            "decimal and is text now"));
    link_free(l);
}

static void a_new_layout_with_an_appended_column_goes_on(void **state)
{
    (void)state;
    struct link *l = one_order();
    struct relation changed = stock_move;
    struct column columns[8];
    columns[0] = (struct column)COLUMN("sequence", VALUE_INT);
    memcpy(columns + 1, stock_move.columns, 7 * sizeof *columns);
    changed.columns = columns;
    changed.ncolumns = 8;
    changed.key = (int[]){1};
    update(l, &changed, NULL, "5 71 7 2 6.0 1 confirmed -");
    assert_non_null(strstr(commit(l), LINE("BOARD", "6")));
    link_free(l);
}

/* ---- ktg-mes ---- */

static const struct event_definition *const ktg_events[] = {&job_response, &produced, &consumed};

static struct link *feedback(void)
{
    struct event_definition events[3];
    for (int i = 0; i < 3; i++)
        events[i] = *ktg_events[i];
    struct link *l = link_new(events, 3, ktg, NKTG);
    link_open(l);
    link_complete(l, true);
    return l;
}

/* The feedback transaction of ktg-mes: headers are inserted as drafts and finished at its end. */
static void feedback_gives_one_response_one_produced_and_its_consumed(void **state)
{
    (void)state;
    struct link *l = feedback();
    insert(l, &pro_feedback, "1 - WO1 10 PREPARE -");
    assert_string_equal(commit(l), "");
    insert(l, &wm_product_produce, "5 TABLE 10 PREPARE");
    update(l, &wm_product_produce, "5 TABLE 10 PREPARE", "5 TABLE 10 FINISHED");
    insert(l, &wm_item_consume, "6 1 PREPARE");
    insert(l, &wm_item_consume_line, "61 6 BOARD 40");
    insert(l, &wm_item_consume_line, "62 6 SCREW 160");
    insert(l, &wm_item_consume_line, "63 6 GLUE 0.5");
    update(l, &wm_item_consume, "6 1 PREPARE", "6 1 FINISHED");
    update(l, &pro_feedback, "1 - WO1 10 PREPARE -", "1 - WO1 10 FINISHED -");
    assert_string_equal(
        commit(l),
        "CREATED JobResponse ktg:1 -> {id=ktg:1 operations_request_id=WO1 quantity_good=10}\n"
        "CREATED MaterialActual produce:5 -> {id=produce:5 material_definition_id=TABLE "
        "quantity=10 material_use=Produced}\n"
        "CREATED MaterialActual consume:61 -> {id=consume:61 material_definition_id=BOARD "
        "quantity=40 material_use=Consumed}\n"
        "CREATED MaterialActual consume:62 -> {id=consume:62 material_definition_id=SCREW "
        "quantity=160 material_use=Consumed}\n"
        "CREATED MaterialActual consume:63 -> {id=consume:63 material_definition_id=GLUE "
        "quantity=0.5 material_use=Consumed}\n");
    link_free(l);
}

static void lines_of_an_earlier_transaction_come_when_their_header_is_finished(void **state)
{
    (void)state;
    struct link *l = feedback();
    insert(l, &wm_item_consume_line, "61 6 BOARD 40");
    insert(l, &wm_item_consume, "6 1 PREPARE");
    assert_string_equal(commit(l), "");
    update(l, &wm_item_consume, "6 1 PREPARE", "6 1 FINISHED");
    assert_true(strncmp(commit(l), "CREATED MaterialActual consume:61 ", 34) == 0);
    link_free(l);
}

static void one_table_feeds_several_events(void **state)
{
    (void)state;
    struct event_definition events[2] = {job_response, job_response};
    events[1].name = "Remarks";
    events[1].assembled = true;
    events[1].sql = "select record_id as id, remark as description from pro_feedback"
                    " where record_id = :object and remark is not null";
    struct link *l = link_new(events, 2, ktg, NKTG);
    link_open(l);
    link_complete(l, true);
    insert(l, &pro_feedback, "1 F1 WO1 10 FINISHED late");
    assert_string_equal(
        commit(l), "CREATED JobResponse F1 -> {id=F1 operations_request_id=WO1 quantity_good=10}\n"
                   "CREATED Remarks 1 -> {id=1 description=late}\n");
    update(l, &pro_feedback, "1 F1 WO1 10 FINISHED late", "1 F1 WO1 10 FINISHED -");
    assert_string_equal(commit(l), "GONE Remarks 1 {id=1 description=late}\n");
    link_free(l);
}

/* ---- objects that several columns tell ---- */

static const struct relation wm_stock = {
    .schema = "mes",
    .name = "wm_stock",
    .ncolumns = 3,
    .columns = (struct column[]){KEY("warehouse", VALUE_TEXT), KEY("item", VALUE_INT),
                                 COLUMN("quantity", VALUE_DOUBLE)},
    .nkey = 2,
    .key = (int[]){0, 1},
};
static const struct relation wm_lot =
    RELATION("mes", "wm_lot", false, KEY("id", VALUE_INT), COLUMN("n", VALUE_INT),
             COLUMN("warehouse", VALUE_TEXT), COLUMN("item", VALUE_INT));

static const struct event_definition stock_event = {
    .name = "MaterialLot",
    .of = "wm_stock",
    .key = "id",
    .touched_by = (struct touch_definition[]){{"wm_lot", "select :warehouse, :item"}},
    .ntouched_by = 1,
    .sql = "select warehouse || '/' || item as id, quantity from wm_stock"
           " where warehouse = :object_warehouse and item = :object_item",
    .lists = (struct list_definition[]){{"lots", "id",
                                         "select id, n from wm_lot where warehouse = "
                                         ":object_warehouse and item = :object_item"}},
    .nlists = 1,
};

static void an_object_may_be_told_by_several_columns(void **state)
{
    (void)state;
    static const struct relation *const tables[] = {&wm_stock, &wm_lot};
    struct link *l = link_new(&stock_event, 1, tables, 2);
    link_open(l);
    link_complete(l, true);
    insert(l, &wm_stock, "A 1 5");
    insert(l, &wm_stock, "A 2 6");
    insert(l, &wm_stock, "B 1 7");
    insert(l, &wm_lot, "9 3 A 2");
    assert_string_equal(commit(l), "CREATED MaterialLot A/1 -> {id=A/1 quantity=5 lots[]}\n"
                                   "CREATED MaterialLot A/2 -> {id=A/2 quantity=6 lots[{id=9 n=3}]}"
                                   "\n"
                                   "CREATED MaterialLot B/1 -> {id=B/1 quantity=7 lots[]}\n");
    update(l, &wm_lot, NULL, "9 4 A 2"); /* no index has the column */
    assert_string_equal(commit(l), "CHANGED MaterialLot A/2 {id=A/2 quantity=6 lots[{id=9 n=3}]} "
                                   "-> {id=A/2 quantity=6 lots[{id=9 n=4}]}\n");
    update(l, &wm_lot, NULL, "9 4 B 1");
    assert_string_equal(commit(l), "CHANGED MaterialLot A/2 {id=A/2 quantity=6 lots[{id=9 n=4}]} "
                                   "-> {id=A/2 quantity=6 lots[]}\n"
                                   "CHANGED MaterialLot B/1 {id=B/1 quantity=7 lots[]} "
                                   "-> {id=B/1 quantity=7 lots[{id=9 n=4}]}\n");
    update(l, &wm_stock, "B 1", "C 1 7");
    update(l, &wm_lot, NULL, "9 4 C 1");
    assert_string_equal(commit(l), "CHANGED MaterialLot C/1 {id=B/1 quantity=7 lots[{id=9 n=4}]} "
                                   "-> {id=C/1 quantity=7 lots[{id=9 n=4}]}\n");
    link_free(l);
}

static void an_object_may_be_told_by_another_column_than_the_primary_key(void **state)
{
    (void)state;
    struct event_definition d = order_event;
    d.of_key = (const char *const[]){"name"};
    d.nof_key = 1;
    d.sql = "select name as id, state as request_state from mrp_production where name = :object";
    d.nlists = 0;
    d.touched_by = (struct touch_definition[]){
        {"stock_move", "select name from mrp_production where id = :raw_material_production_id"}};
    struct link *l = link_new(&d, 1, odoo, NODOO);
    link_open(l);
    link_complete(l, true);
    insert_order(l, "draft");
    insert_lines(l);
    assert_string_equal(commit(l),
                        "CREATED OperationsRequest WH/MO/7 -> {id=WH/MO/7 request_state=draft}\n");
    delete(l, &mrp_production, "7");
    assert_string_equal(commit(l),
                        "GONE OperationsRequest WH/MO/7 {id=WH/MO/7 request_state=draft}\n");
    link_free(l);
}

/* ---- alone ---- */

static struct link *alone(void)
{
    struct link *l = link_new(&job_response, 1, ktg, NKTG);
    link_open(l);
    return l;
}

#define RESPONSE(qty) "{id=F1 operations_request_id=WO1 quantity_good=" qty "}"

static void an_event_that_is_alone_comes_of_the_row_before_and_after(void **state)
{
    (void)state;
    struct link *l = alone();
    insert(l, &pro_feedback, "1 F1 WO1 10 PREPARE -");
    assert_string_equal(commit(l), "");
    update(l, &pro_feedback, "1 F1 WO1 10 PREPARE -", "1 F1 WO1 10 FINISHED -");
    assert_string_equal(commit(l), "CREATED JobResponse F1 -> " RESPONSE("10") "\n");
    update(l, &pro_feedback, "1 F1 WO1 10 FINISHED -", "1 F1 WO1 10 FINISHED noted");
    assert_string_equal(commit(l), "");
    update(l, &pro_feedback, "1 F1 WO1 10 FINISHED -", "1 F1 WO1 12 FINISHED -");
    assert_string_equal(commit(l), "CHANGED JobResponse F1 " RESPONSE("10") " -> " RESPONSE("12")
                                       "\n");
    update(l, &pro_feedback, "1 F1 WO1 12 FINISHED -", "1 F1 WO1 12 CANCEL -");
    assert_string_equal(commit(l), "GONE JobResponse F1 " RESPONSE("12") "\n");
    delete(l, &pro_feedback, "1 F1 WO1 12 CANCEL -");
    assert_string_equal(commit(l), "");
    link_free(l);
}

static void alone_too_one_transaction_is_one_event_an_object(void **state)
{
    (void)state;
    struct link *l = alone();
    insert(l, &pro_feedback, "1 F1 WO1 10 PREPARE -");
    update(l, &pro_feedback, "1 F1 WO1 10 PREPARE -", "1 F1 WO1 10 FINISHED -");
    update(l, &pro_feedback, "1 F1 WO1 10 FINISHED -", "1 F1 WO1 12 FINISHED -");
    assert_string_equal(commit(l), "CREATED JobResponse F1 -> " RESPONSE("12") "\n");
    delete(l, &pro_feedback, "1 F1 WO1 12 FINISHED -");
    insert(l, &pro_feedback, "1 F1 WO1 13 FINISHED -");
    assert_string_equal(commit(l), "CHANGED JobResponse F1 " RESPONSE("12") " -> " RESPONSE("13")
                                       "\n");
    update(l, &pro_feedback, "1 F1 WO1 13 FINISHED -", "2 F1 WO1 13 FINISHED -");
    assert_string_equal(commit(l), "");
    link_free(l);
}

static void alone_an_echo_and_a_truncate(void **state)
{
    (void)state;
    struct link *l = alone();
    l->quiet = true;
    insert(l, &pro_feedback, "1 F1 WO1 10 FINISHED -");
    assert_string_equal(commit(l), "");
    link_change(l, &pro_feedback, CHANGE_TRUNCATE, NULL, NULL);
    assert_int_equal(link_try_commit(l), STATUS_DATA);
    assert_non_null(strstr(l->failure.text, "a TRUNCATE does not tell which objects are gone"));
    link_free(l);
}

static void an_unchanged_long_column_is_taken_from_the_row_before(void **state)
{
    (void)state;
    struct link *l = alone();
    update(l, &pro_feedback, "1 F1 WO1 10 FINISHED -", "1 F1 ? 12 FINISHED -");
    assert_string_equal(commit(l), "CHANGED JobResponse F1 " RESPONSE("10") " -> " RESPONSE("12")
                                       "\n");
    link_free(l);
}

/* ---- steps ---- */

static void evaluation_goes_in_steps_and_the_order_is_the_same(void **state)
{
    (void)state;
    char *texts[2];
    for (int i = 0; i < 2; i++) {
        struct link *l = orders();
        l->step = i ? 1 : 1000;
        for (int n = 0; n < 50; n++) {
            char row[64];
            snprintf(row, sizeof row, "%d MO%d confirmed 1 1 - 1 -", n * 37 % 50, n);
            insert(l, &mrp_production, row);
        }
        texts[i] = strdup(commit(l));
        link_free(l);
    }
    assert_string_equal(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
}

static bool no_breath(void *context)
{
    (void)context;
    return false;
}

static void a_long_statement_asks_whether_to_go_on(void **state)
{
    (void)state;
    struct event_definition d = order_event;
    d.lists = (struct list_definition[]){
        {"numbers", "n", "with recursive x(n) as (select 1 union all select n + 1 from x limit "
                         "1000000) select max(n) as n from x where :object"}};
    struct link *l = link_new(&d, 1, odoo, NODOO);
    l->options.breathe = no_breath;
    link_open(l);
    link_complete(l, true);
    insert_order(l, "confirmed");
    assert_int_equal(link_try_commit(l), STATUS_STOPPED);
    link_free(l);
}

/* ---- asked for again ---- */

static const char *again(struct link *l, const char *text, bool by_key)
{
    l->again_event = "OperationsRequest";
    l->again = text;
    l->again_by_key = by_key;
    const char *said = commit(l);
    l->again = NULL;
    return said;
}

static void an_object_is_told_again_by_its_key_or_its_row(void **state)
{
    (void)state;
    struct link *l = one_order();
    assert_string_equal(again(l, "WH/MO/7", true), "CREATED OperationsRequest WH/MO/7 -> " WHOLE "\n");
    assert_true(l->again_found);
    assert_string_equal(again(l, "7", false), "CREATED OperationsRequest WH/MO/7 -> " WHOLE "\n");
    assert_string_equal(again(l, "WH/MO/8", true), "");
    assert_false(l->again_found);
    assert_string_equal(commit(l), "");
    link_free(l);
}

static void what_is_asked_for_in_an_echo_is_told_and_nothing_else(void **state)
{
    (void)state;
    struct link *l = one_order();
    l->quiet = true;
    update(l, &mrp_production, NULL, "7 WH/MO/7 confirmed 1 12.0 SO1 1 -");
    assert_string_equal(again(l, "WH/MO/7", true),
                        "CREATED OperationsRequest WH/MO/7 -> " ORDER("12", "confirmed")
                            LINE("BOARD", "4") LINE("SCREW", "16") "]}\n");
    update(l, &mrp_production, NULL, "7 WH/MO/7 confirmed 1 13.0 SO1 1 -");
    assert_string_equal(commit(l), "");
    link_free(l);
}

static void what_is_no_object_any_more_is_not_told_again(void **state)
{
    (void)state;
    struct link *l = one_order();
    update(l, &mrp_production, NULL, "7 WH/MO/7 draft 1 10.0 SO1 1 -");
    const char *said = again(l, "WH/MO/7", true);
    assert_int_equal(strncmp(said, "GONE ", 5), 0);
    assert_null(strstr(said, "CREATED"));
    link_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_and_lines_make_one_event_whatever_their_order),
        cmocka_unit_test(a_draft_released_in_the_same_transaction_is_one_created),
        cmocka_unit_test(a_draft_sends_nothing_and_its_lines_are_there_when_it_is_released),
        cmocka_unit_test(a_line_alone_changes_its_order),
        cmocka_unit_test(a_line_that_moves_changes_both_orders),
        cmocka_unit_test(a_deleted_line_is_found_by_its_key_alone),
        cmocka_unit_test(leaving_the_view_and_being_deleted_are_gone_with_what_was_emitted),
        cmocka_unit_test(columns_that_no_view_reads_send_nothing),
        cmocka_unit_test(a_decimal_with_other_zeros_is_the_same),
        cmocka_unit_test(there_and_back_in_one_transaction_is_nothing),
        cmocka_unit_test(a_changed_business_key_is_one_changed_with_the_old_key_before),
        cmocka_unit_test(a_changed_primary_key_is_the_same_object),
        cmocka_unit_test(keys_that_shift_by_one_push_each_other_aside),
        cmocka_unit_test(a_key_that_is_used_again_is_gone_before_it_is_created),
        cmocka_unit_test(a_column_that_is_not_in_the_log_is_as_the_mirror_has_it),
        cmocka_unit_test(a_looked_up_table_alone_sends_nothing_and_the_next_event_sees_it),
        cmocka_unit_test(a_truncate_touches_what_the_rows_led_to),
        cmocka_unit_test(an_echo_moves_what_counts_as_emitted),
        cmocka_unit_test(a_row_that_the_mirror_lacks_is_an_error_that_names_it),
        cmocka_unit_test(elements_of_a_list_must_differ_by_their_key),
        cmocka_unit_test(a_refused_object_may_be_passed_and_comes_when_it_is_mended),
        cmocka_unit_test(a_function_whose_mapping_is_wrong_ends_it_for_all),
        cmocka_unit_test(a_dropped_or_retyped_column_stops),
        cmocka_unit_test(a_new_layout_with_an_appended_column_goes_on),
        cmocka_unit_test(feedback_gives_one_response_one_produced_and_its_consumed),
        cmocka_unit_test(lines_of_an_earlier_transaction_come_when_their_header_is_finished),
        cmocka_unit_test(one_table_feeds_several_events),
        cmocka_unit_test(an_object_may_be_told_by_several_columns),
        cmocka_unit_test(an_object_may_be_told_by_another_column_than_the_primary_key),
        cmocka_unit_test(an_event_that_is_alone_comes_of_the_row_before_and_after),
        cmocka_unit_test(alone_too_one_transaction_is_one_event_an_object),
        cmocka_unit_test(alone_an_echo_and_a_truncate),
        cmocka_unit_test(an_unchanged_long_column_is_taken_from_the_row_before),
        cmocka_unit_test(evaluation_goes_in_steps_and_the_order_is_the_same),
        cmocka_unit_test(a_long_statement_asks_whether_to_go_on),
        cmocka_unit_test(an_object_is_told_again_by_its_key_or_its_row),
        cmocka_unit_test(what_is_asked_for_in_an_echo_is_told_and_nothing_else),
        cmocka_unit_test(what_is_no_object_any_more_is_not_told_again),
    };
    int failed = cmocka_run_group_tests_name("in memory", tests, NULL, NULL);
    link_collect_kib = 1;
    return failed + cmocka_run_group_tests_name("in tables", tests, NULL, NULL);
}
