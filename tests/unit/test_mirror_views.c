/* test_mirror_views.c: definitions of events: what is refused, what is read, which way is chosen
 * libs: mirror */
#include "mirror_world.h"

#include <sqlite3.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static struct failure failure;

static struct views *compile_with(const struct event_definition *d, const struct views_options *o)
{
    struct views *v = NULL;
    failure_clear(&failure);
    const struct relation *const *tables = strncmp(d->of, "mrp", 3) == 0 ? odoo : ktg;
    views_compile(d, 1, tables, tables == odoo ? NODOO : NKTG, o, &v, &failure);
    return v;
}

static const char *explain(const struct views *v)
{
    static char text[4096];
    struct buffer b;
    buffer_init(&b, sizeof text);
    views_explain(v, &b);
    snprintf(text, sizeof text, "%s", buffer_text(&b));
    buffer_free(&b);
    return text;
}

static void refused(struct event_definition d, const char *text)
{
    struct views *v = compile_with(&d, NULL);
    assert_null(v);
    assert_int_equal(error_status(failure.code), STATUS_CONFIG);
    if (!strstr(failure.text, text))
        print_error("wanted: %s\ngot:    %s\n", text, failure.text);
    assert_non_null(strstr(failure.text, text));
}

static void refused_sql(const char *sql, const char *text)
{
    struct event_definition d = order_event;
    d.sql = sql;
    refused(d, text);
}

static void chosen(struct event_definition d, const char *text)
{
    struct views *v = compile_with(&d, NULL);
    if (!v)
        print_error("%s\n", failure.text);
    assert_non_null(v);
    if (!strstr(explain(v), text))
        print_error("wanted: %s\ngot:    %s\n", text, explain(v));
    assert_non_null(strstr(explain(v), text));
    views_free(v);
}

/* ---- tests ---- */

static void only_columns_that_are_read_are_kept_and_the_key_is_first(void **state)
{
    (void)state;
    chosen(order_event, "mirror mrp_production: id, name, state, product_id, product_qty, origin, "
                        "company_id\n");
    chosen(order_event, "mirror product_product: id, default_code\n");
    chosen(order_event, "mirror uom_uom: id, name\n");
}

static void columns_that_a_scan_compares_are_indexed(void **state)
{
    (void)state;
    chosen(order_event, "mirror stock_move: id, raw_material_production_id, product_id, "
                        "product_uom_qty, product_uom, state; "
                        "index (\"raw_material_production_id\")\n");
}

static void an_index_holds_all_columns_that_are_compared_for_equality(void **state)
{
    (void)state;
    struct event_definition d = order_event;
    d.lists = (struct list_definition[]){
        {"moves", "move_id",
         "select id as move_id from stock_move where state = 'done' and product_uom = 1"
         " and raw_material_production_id = :object"}};
    struct views *v = compile_with(&d, NULL);
    assert_non_null(v);
    assert_non_null(strstr(explain(v), "(\"raw_material_production_id\", \"product_uom\", "
                                       "\"state\")"));
    views_free(v);
}

static void what_no_index_helps_is_told(void **state)
{
    (void)state;
    struct event_definition d = order_event;
    d.lists = (struct list_definition[]){
        {"moves", "move_id",
         "select id as move_id from stock_move m where abs(raw_material_production_id) = :object"}};
    chosen(d, "OperationsRequest, list moves: reads all of m each time");
}

static void a_table_that_is_read_but_not_listed_is_refused_by_name(void **state)
{
    (void)state;
    struct event_definition d = order_event;
    d.nlooks_up = 1;
    refused(d, "event OperationsRequest: it reads uom_uom, which is not in of, touched_by or "
               "looks_up");
}

static void unknown_names_are_answered_with_the_nearest(void **state)
{
    (void)state;
    struct event_definition d = order_event;
    refused_sql("select p.name as id from mrp_prodution p where p.id = :object",
                "no such table: mrp_prodution; did you mean mrp_production?");
    refused_sql("select p.nmae as id from mrp_production p where p.id = :object",
                "no such column: p.nmae; did you mean name?");
    d.of = "mrp_productions";
    refused(d, "of: there is no table mrp_productions; did you mean mrp_production?");
    d = order_event;
    d.key = "ids";
    refused(d, "its key ids is no column of its SQL; did you mean id?");
    d = order_event;
    d.looks_up = (const char *const[]){"product_product", "uom"};
    refused(d, "looks_up: there is no table uom");
    d = order_event;
    d.touched_by = (struct touch_definition[]){{"stock_move", "raw_materal_production_id"}};
    refused(d, "touched_by stock_move: table stock_move has no column raw_materal_production_id; "
               "did you mean raw_material_production_id?");
    d.touched_by = (struct touch_definition[]){
        {"stock_move", "select id from mrp_production where id = :raw_material_prodution_id"}};
    refused(d, "did you mean raw_material_production_id?");
}

static void a_misspelled_column_in_quotes_is_no_text(void **state)
{
    (void)state;
    refused_sql("select \"nmae\" as id from mrp_production where id = :object",
                "no such column: nmae");
}

static void only_one_select_is_allowed(void **state)
{
    (void)state;
    refused_sql("insert into mrp_production (id) values (:object) returning id",
                "only SELECT is allowed");
    refused_sql("delete from mrp_production where id = :object", "only SELECT is allowed");
    refused_sql("pragma table_info(mrp_production)", "PRAGMA is not allowed");
    refused_sql("attach 'x' as y", "ATTACH and DETACH are not allowed");
    refused_sql("create table x (y)", "only SELECT is allowed");
    refused_sql("select name as id from mrp_production where id = :object; select 1",
                "it must be one SELECT, and nothing after it");
    refused_sql(" ", "the statement is empty");
    refused_sql("select name as id from sqlite_schema where rootpage = :object",
                "SQLite's own table");
    refused_sql("select name as id from pragma_table_info('mrp_production') where cid = :object",
                "only SELECT is allowed");
}

static void what_would_answer_differently_tomorrow_is_refused(void **state)
{
    (void)state;
    refused_sql("select random() as id from mrp_production where id = :object",
                "it may not call random");
    refused_sql("select current_timestamp as id from mrp_production where id = :object",
                "it may not call current_timestamp");
}

static void a_view_asks_for_one_object_and_names_its_fields(void **state)
{
    (void)state;
    refused_sql("select name as id from mrp_production", ":object is missing");
    refused_sql("select name as id from mrp_production where id = :object and state = :x",
                "its only parameter may be the object (:object)");
    refused_sql("select name as id, product_qty + 1 from mrp_production where id = :object",
                "its column 2 has no name that a field could have");
    refused_sql("select name as id, state as id from mrp_production where id = :object",
                "it names the field id twice");
    refused_sql("select rowid as id from mrp_production where id = :object", "no such column");
}

static void a_common_table_and_json_are_read_without_being_listed(void **state)
{
    (void)state;
    struct event_definition d = order_event;
    d.sql = "with x as (select name, id from mrp_production), y as (select 1)"
            " select name as id, (select count(*) from y) as n,"
            " (select group_concat(value) from json_each('[1,2]')) as list"
            " from x where id = :object";
    chosen(d, "event OperationsRequest: assembled");
}

static void an_event_of_one_row_with_whole_old_rows_is_alone(void **state)
{
    (void)state;
    chosen(job_response, "event JobResponse: alone: it reads only its own row");
    struct views *v = compile_with(&job_response, NULL);
    assert_false(views_need_file(v));
    assert_int_equal(views_ntables(v), 0);
    views_free(v);
}

static void an_event_that_needs_more_than_its_row_is_assembled(void **state)
{
    (void)state;
    struct event_definition d = job_response;
    d.assembled = true;
    chosen(d, "assembled: the definition says so");
    chosen(order_event, "assembled: it reads stock_move too");
    d = job_response;
    d.sql = "select feedback_code as id, (select count(*) from pro_feedback g"
            " where g.workorder_code = f.workorder_code) as n"
            " from pro_feedback f where f.record_id = :object";
    chosen(d, "assembled: it does not read just one row");
    chosen(d, "mirror pro_feedback: record_id, feedback_code, workorder_code; "
              "index (\"workorder_code\")");
    d = order_event;
    d.ntouched_by = d.nlists = d.nlooks_up = 0;
    d.sql = "select name as id from mrp_production where id = :object";
    chosen(d, "assembled: the log has no whole old rows of mrp_production");
}

static void a_touch_by_a_query_is_checked_as_a_view_is(void **state)
{
    (void)state;
    struct event_definition d = consumed;
    chosen(d, "mirror wm_item_consume_line: line_id, record_id, item_code, quantity_consume; index "
              "(\"record_id\")");
    d.touched_by = (struct touch_definition[]){
        {"wm_item_consume", "select record_id from pro_feedback where record_id = :feedback_id"}};
    refused(d, "it reads pro_feedback, which is not in of, touched_by or looks_up");
    d.touched_by = (struct touch_definition[]){
        {"wm_item_consume", "select 1, 2 from wm_item_consume_line where record_id = :record_id"}};
    refused(d, "it must give the 1 column that :object is");
    d.touched_by =
        (struct touch_definition[]){{"wm_item_consume", "select 1 from wm_item_consume_line"}};
    refused(d, "it names no column of the changed row");
}

static void two_tables_of_one_name_cannot_be_read(void **state)
{
    (void)state;
    struct relation other = pro_feedback;
    other.schema = "archive";
    const struct relation *both[] = {&pro_feedback, &other};
    struct views *v = NULL;
    views_compile(&job_response, 1, both, 2, NULL, &v, &failure);
    assert_null(v);
    assert_non_null(strstr(failure.text, "two schemas have a table pro_feedback"));
}

static void a_table_without_a_key_cannot_be_kept(void **state)
{
    (void)state;
    struct relation keyless = stock_move;
    keyless.nkey = 0;
    const struct relation *tables[] = {&mrp_production, &keyless, &product_product, &uom_uom};
    struct views *v = NULL;
    views_compile(&order_event, 1, tables, 4, NULL, &v, &failure);
    assert_null(v);
    assert_non_null(strstr(failure.text, "table public.stock_move has no primary key"));
}

/* ---- what comes from outside ---- */

static void twice(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)n;
    sqlite3_result_int64(context, 2 * sqlite3_value_int64(values[0]));
}

static enum status add_twice(void *context, sqlite3 *db, struct failure *f)
{
    (void)context, (void)f;
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
    sqlite3_create_function_v2(db, "twice", 1, flags, NULL, twice, NULL, NULL, NULL);
    return STATUS_OK;
}

static enum status no_decimals(void *context, sqlite3 *db, const char *sql, bool reads_decimal,
                               struct failure *f)
{
    (void)context, (void)db, (void)sql;
    if (!reads_decimal)
        return STATUS_OK;
    snprintf(f->text, sizeof f->text, "reads a decimal");
    f->code = ERROR_CONFIG;
    return STATUS_CONFIG;
}

static void functions_and_the_guard_of_decimals_come_from_outside(void **state)
{
    (void)state;
    struct event_definition d = order_event;
    d.nlists = 0;
    d.sql = "select name as id, twice(company_id) as n from mrp_production where id = :object";
    refused(d, "no such function: twice");
    struct views_options o = {.functions = add_twice, .guard = no_decimals};
    struct views *v = compile_with(&d, &o);
    assert_non_null(v);
    views_free(v);
    d.sql = "select name as id, product_qty as n from mrp_production where id = :object";
    assert_null(compile_with(&d, &o));
    assert_string_equal(failure.text, "event OperationsRequest: reads a decimal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_columns_that_are_read_are_kept_and_the_key_is_first),
        cmocka_unit_test(columns_that_a_scan_compares_are_indexed),
        cmocka_unit_test(an_index_holds_all_columns_that_are_compared_for_equality),
        cmocka_unit_test(what_no_index_helps_is_told),
        cmocka_unit_test(a_table_that_is_read_but_not_listed_is_refused_by_name),
        cmocka_unit_test(unknown_names_are_answered_with_the_nearest),
        cmocka_unit_test(a_misspelled_column_in_quotes_is_no_text),
        cmocka_unit_test(only_one_select_is_allowed),
        cmocka_unit_test(what_would_answer_differently_tomorrow_is_refused),
        cmocka_unit_test(a_view_asks_for_one_object_and_names_its_fields),
        cmocka_unit_test(a_common_table_and_json_are_read_without_being_listed),
        cmocka_unit_test(an_event_of_one_row_with_whole_old_rows_is_alone),
        cmocka_unit_test(an_event_that_needs_more_than_its_row_is_assembled),
        cmocka_unit_test(a_touch_by_a_query_is_checked_as_a_view_is),
        cmocka_unit_test(two_tables_of_one_name_cannot_be_read),
        cmocka_unit_test(a_table_without_a_key_cannot_be_kept),
        cmocka_unit_test(functions_and_the_guard_of_decimals_come_from_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
