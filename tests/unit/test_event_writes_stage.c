/* test_event_writes_stage.c: a write is compiled, and what is said where it does not fit
 * libs: sink_events sqlite */
#include "sqlite_database.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static const char schema[] =
    "create table orders (order_id integer primary key, code varchar(20) not null,"
    " quantity decimal(8,2), status varchar(10) not null default 'NEW',"
    " twice int generated always as (quantity * 2));"
    "create table log (code varchar(20));";

static const struct field fields[] = {{"id", CTE_TEXT}, {"quantity", CTE_DECIMAL}};
static const struct field_list event_fields = {NULL, fields, 2};
static const struct field_list lists[] = {{"parts", fields, 2}};

static struct sqlite_target target;
static struct arena arena;

#define NAMES(...)                                                                                 \
    {                                                                                              \
        (const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)      \
    }

static struct write_config write_of(const char *sql)
{
    static const char *key[] = {"code"};
    return (struct write_config){
        .table = "orders", .key = {key, 1}, .sql = {sql, 20}, .line = 10};
}

static enum status make(const struct write_config *w, struct stage *out)
{
    failure_clear(&target.failure);
    return stage_make(&target.database, w, &event_fields, lists, 1, &arena, out);
}

static void is_refused(struct write_config w, const char *expected)
{
    struct stage s;
    assert_int_equal(make(&w, &s), STATUS_CONFIG);
    assert_string_equal(target.failure.text, expected);
}

static void is_refused_sql(const char *sql, const char *expected)
{
    is_refused(write_of(sql), expected);
}

static void columns_have_their_place_and_their_rules(void **state)
{
    (void)state;
    struct stage s;
    struct write_config w =
        write_of("select e.event, e.id as code, e.quantity, 'X' as status from event e;");
    w.once = (struct name_list)NAMES("status");
    w.rounds = &(struct round_config){"quantity", "down"};
    w.nrounds = 1;
    assert_int_equal(make(&w, &s), STATUS_OK);
    assert_int_equal(s.ncolumns, 3);
    assert_true(s.columns[0].key && s.columns[0].compared);
    assert_string_equal(s.columns[1].round, "down");
    assert_true(s.columns[2].once && !s.columns[2].compared);
    assert_int_equal(s.columns[2].target, 3);
    assert_int_equal(s.pk_at, 4);
    assert_int_equal(s.compared_at, 5);
    assert_int_equal(s.ncells, 7);
}

static void numbers_must_be_returned(void **state)
{
    (void)state;
    is_refused_sql("select e.id as code from event e",
                   "line 20: the SELECT that writes orders does not return the event's number: "
                   "begin it with `select e.event,`");
    struct write_config w = write_of("select e.event, e.id as code from event e");
    w.lines = "parts";
    is_refused(w, "line 20: the SELECT that writes orders does not return the line's number: add "
                  "`l.line` to it");
    w.lines = "pieces";
    is_refused(w, "line 10: lines: the event has no list pieces");
}

static void each_column_must_be_the_tables(void **state)
{
    (void)state;
    is_refused_sql("select e.event, e.id as code, 1 as qty from event e",
                   "line 20: orders has no column qty: name it as the table does, or leave it out "
                   "of the SELECT");
    is_refused_sql("select e.event, e.id as code, 1 as twice from event e",
                   "line 20: orders.twice is computed by the server: leave it out of the SELECT");
    is_refused_sql("select e.event, e.quantity from event e",
                   "line 10: key: the SELECT that writes orders does not return code: add it, or "
                   "take it out of key");
}

static enum status describe_instants(void *self, const struct event_statement *s, struct arena *a,
                                     struct result_column **out, int *n)
{
    TRY(lite_describe(self, s, a, out, n));
    for (int i = 0; i < *n; i++)
        (*out)[i].kind = VALUE_INSTANT;
    return STATUS_OK;
}

static void a_type_that_never_fits_is_refused(void **state)
{
    (void)state;
    target.database.describe = describe_instants;
    is_refused_sql("select e.event, e.id as code, current_timestamp as quantity from event e",
                   "line 20: the SELECT gives quantity a value of type instant, and orders.quantity "
                   "is decimal(8,2): cast it");
    target.database.describe = lite_describe;
}

static void each_option_names_what_is_returned(void **state)
{
    (void)state;
    struct write_config w = write_of("select e.event, e.id as code from event e");
    w.touch = (struct name_list)NAMES("status");
    is_refused(w, "line 10: touch: the SELECT that writes orders does not return status: add it, "
                  "or take it out of touch");
    w = write_of("select e.event, e.id as code from event e");
    w.rounds = &(struct round_config){"quantity", "up"};
    w.nrounds = 1;
    is_refused(w, "line 10: round: the SELECT that writes orders does not return quantity: add it, "
                  "or take it out of round");
}

static void an_insert_gives_all_that_has_no_default(void **state)
{
    (void)state;
    struct write_config w = write_of("select e.event, e.quantity from event e");
    w.key = (struct name_list)NAMES("quantity");
    is_refused(w, "line 20: orders.code is NOT NULL and has no default: the SELECT must return it, "
                  "or say `do: update`");
    struct stage s;
    w.op = WRITE_UPDATE;
    assert_int_equal(make(&w, &s), STATUS_OK);
}

static void the_servers_own_words_come_with_the_line(void **state)
{
    (void)state;
    is_refused_sql("select e.event, e.ident as code from event e",
                   "line 20: the SELECT of orders: SQLite: no such column: e.ident");
    struct write_config w = write_of("select 1");
    w.table = "absent";
    is_refused(w, "table absent does not exist");
}

static void a_table_without_a_key_is_for_inserts(void **state)
{
    (void)state;
    struct stage s;
    struct write_config w = write_of("select e.event, e.id as code from event e");
    w.table = "log";
    is_refused(w, "line 10: table log has no primary key, so a row of it cannot be found again: "
                  "give it one, or say `do: insert`");
    w.op = WRITE_INSERT;
    assert_int_equal(make(&w, &s), STATUS_OK);
    assert_null(strstr(s.resolve, "JOIN"));
}

static void the_scope_of_what_is_missing_is_one_column(void **state)
{
    (void)state;
    struct write_config w =
        write_of("select e.event, l.line, e.id as code from event e join line l");
    struct scope_config scope = {"code", {"select e.id, 1 from event e", 30}};
    w.lines = "parts";
    w.delete_missing_in = &scope;
    w.ndelete_missing_in = 1;
    is_refused(w, "line 30: delete_missing_in: the query for orders.code returns 2 columns, and "
                  "one is needed");
    scope.column = "kode";
    is_refused(w, "line 10: delete_missing_in: orders has no column kode");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_have_their_place_and_their_rules),
        cmocka_unit_test(numbers_must_be_returned),
        cmocka_unit_test(each_column_must_be_the_tables),
        cmocka_unit_test(a_type_that_never_fits_is_refused),
        cmocka_unit_test(each_option_names_what_is_returned),
        cmocka_unit_test(an_insert_gives_all_that_has_no_default),
        cmocka_unit_test(the_servers_own_words_come_with_the_line),
        cmocka_unit_test(a_table_without_a_key_is_for_inserts),
        cmocka_unit_test(the_scope_of_what_is_missing_is_one_column),
    };
    arena_init(&arena);
    lite_open(&target, schema);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lite_close(&target);
    arena_free(&arena);
    return failed;
}
