/* test_event_writes_run.c: events become rows, on SQLite: stages, holding, folding
 * libs: sink_events sqlite */
#include "sqlite_database.h"
#include "sinks/events/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

/* ---- the target: orders with their lines, as a MES has them ---- */

static const char schema[] =
    "create table item (item_id integer primary key, item_code text not null, item_name text);"
    "insert into item values (11, 'P1', 'pump'), (12, 'P2', 'valve'), (13, 'P11', 'seal');"
    "create table feedback (code text);"
    "create table orders (order_id integer primary key, code varchar(20) not null,"
    " name varchar(20), item_id bigint not null, quantity decimal(8,2) not null,"
    " status varchar(10), due datetime, updated varchar(20),"
    " note varchar(40) check (note is null or note <> 'bad'));"
    "create unique index orders_code on orders (code);"
    "create table lines (line_id integer primary key, order_id bigint not null,"
    " item_id bigint not null, quantity decimal(8,2) not null check (quantity <> 666),"
    " maker varchar(10),"
    " unique (order_id, item_id));";

static const struct field order_fields[] = {
    {"id", CTE_TEXT},      {"product", CTE_TEXT}, {"quantity", CTE_DECIMAL},
    {"end_time", CTE_TIME}, {"note", CTE_TEXT},
};
static const struct field line_fields[] = {{"material", CTE_TEXT}, {"quantity", CTE_DECIMAL}};
static const struct field_list order_event = {NULL, order_fields, 5};
static const struct field_list order_lists[] = {{"materials", line_fields, 2}};

#define NAMES(...)                                                                                 \
    {                                                                                              \
        (const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)      \
    }

static const struct write_config write_template[] = {
    {.table = "orders",
     .key = NAMES("code"),
     .once = NAMES("status"),
     .touch = NAMES("updated"),
     .op = WRITE_UPSERT,
     .if_no_row = ELSE_WAIT,
     .sql = {"select e.event, e.id as code, i.item_name as name, i.item_id, e.quantity,\n"
             " 'CONFIRMED' as status, e.end_time as due, 'now' as updated, e.note\n"
             " from event e join item i on i.item_code = e.product",
             20},
     .line = 12},
    {.table = "lines",
     .lines = "materials",
     .key = NAMES("order_id", "item_id"),
     .once = NAMES("maker"),
     .op = WRITE_UPSERT,
     .if_no_row = ELSE_WAIT,
     .delete_missing_in =
         (struct scope_config[]){
             {"order_id",
              {"select o.order_id from event e join orders o on o.code = e.id", 33}}},
     .ndelete_missing_in = 1,
     .sql = {"select e.event, l.line, o.order_id, i.item_id, l.quantity, 'millrace' as maker\n"
             " from event e join line l on l.event = e.event\n"
             " join orders o on o.code = e.id join item i on i.item_code = l.material",
             40},
     .line = 30},
};
static const struct write_config gone_template[] = {
    {.table = "orders",
     .key = NAMES("code"),
     .op = WRITE_UPDATE,
     .if_no_row = ELSE_QUARANTINE,
     .if_no_target = ELSE_SKIP,
     .sql = {"select e.event, e.id as code, 'FINISHED' as status from event e"
             " where not exists (select 1 from feedback f where f.code = e.id)",
             60},
     .line = 55},
};

/* ---- a world of one flow ---- */

enum { EVENTS_MAX = 16 };

struct world {
    struct sqlite_target target;
    struct arena arena;
    struct event_config event;
    struct event_flow flow;
    struct write_config writes[2], gone[1];
    struct flow_plan plan;
    struct event events[EVENTS_MAX];
    struct event_in in[EVENTS_MAX];
    struct hold outcome[EVENTS_MAX];
    struct event_batch batch;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    arena_init(&w->arena);
    lite_open(&w->target, schema);
    memcpy(w->writes, write_template, sizeof w->writes);
    memcpy(w->gone, gone_template, sizeof w->gone);
    w->event = (struct event_config){.type = "Order", .key = "id"};
    w->flow = (struct event_flow){
        .event = &w->event, .writes = w->writes, .nwrites = 2, .gone = w->gone, .ngone = 1};
    w->batch = (struct event_batch){.plans = &w->plan, .nplans = 1, .events = w->in};
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    lite_close(&w->target);
    arena_free(&w->arena);
    free(w);
    return 0;
}

static struct value text(const char *s)
{
    return s ? value_text(VALUE_TEXT, s, strlen(s)) : value_null();
}

/* "P11 2.5, P1 1": the lines of an order. */
static const struct object_list *lines_of(struct world *w, const char *spec)
{
    struct object *elements = arena_zalloc(&w->arena, 8 * sizeof *elements);
    struct object_list *list = arena_zalloc(&w->arena, sizeof *list);
    char *at = arena_strdup(&w->arena, spec), *save, *one;
    *list = (struct object_list){"materials", elements, 0};
    for (one = strtok_r(at, ",", &save); one; one = strtok_r(NULL, ",", &save)) {
        struct object_field *f = arena_zalloc(&w->arena, 2 * sizeof *f);
        char *material = one + strspn(one, " "), *space = strchr(material, ' ');
        *space = 0;
        f[0] = (struct object_field){"material", text(material)};
        f[1] = (struct object_field){"quantity", text(space + 1)};
        elements[list->nelements++] = (struct object){f, 2, NULL, 0};
    }
    return list;
}

static struct object *order(struct world *w, const char *id, const char *product,
                            const char *quantity, const char *lines)
{
    struct object *o = arena_zalloc(&w->arena, sizeof *o);
    struct object_field *f = arena_zalloc(&w->arena, 5 * sizeof *f);
    f[0] = (struct object_field){"id", text(id)};
    f[1] = (struct object_field){"product", text(product)};
    f[2] = (struct object_field){"quantity", text(quantity)};
    f[3] = (struct object_field){"end_time", text("2026-11-22T08:00:00Z")};
    f[4] = (struct object_field){"note", value_null()};
    *o = (struct object){f, 5, lines_of(w, lines), 1};
    return o;
}

static void set_note(struct object *o, const char *note)
{
    ((struct object_field *)(uintptr_t)o->fields)[4].value = text(note);
}

static void add(struct world *w, enum event_op op, const struct object *before,
                const struct object *after)
{
    uint32_t n = w->batch.nevents++;
    const struct object *known = after ? after : before;
    w->events[n] = (struct event){"Order", op, known->fields[0].value.text, before, after};
    w->in[n] = (struct event_in){&w->events[n], 0, n};
}

static void created(struct world *w, struct object *o)
{
    add(w, EVENT_CREATED, NULL, o);
}

static enum status try_run(struct world *w)
{
    if (!w->plan.flow)
        TRY(flow_plan_make(&w->target.database, &w->flow, &order_event, order_lists, 1, &w->arena,
                           &w->plan));
    w->target.log[0] = 0;
    lite_exec(&w->target, "begin");
    enum status status = events_write(&w->target.database, &w->batch, &w->arena, w->outcome);
    lite_exec(&w->target, status == STATUS_OK ? "commit" : "rollback");
    w->batch.nevents = 0;
    return status;
}

static void run(struct world *w)
{
    enum status status = try_run(w);
    if (status != STATUS_OK)
        print_error("%s\n", w->target.failure.text);
    assert_int_equal(status, STATUS_OK);
}

static const char *orders(struct world *w)
{
    return lite_rows(&w->target, "select code, name, quantity, status from orders order by code");
}

static const char *lines(struct world *w)
{
    return lite_rows(&w->target, "select o.code, i.item_code, l.quantity from lines l join orders o"
                                 " using (order_id) join item i on i.item_id = l.item_id"
                                 " order by 1, 2");
}

static void is_written(struct world *w, int event)
{
    if (w->outcome[event].reason != HOLD_NONE)
        print_error("event %d: %s\n", event, w->outcome[event].text);
    assert_int_equal(w->outcome[event].reason, HOLD_NONE);
}

static void is_held(struct world *w, int event, enum hold_reason reason, const char *what)
{
    assert_int_equal(w->outcome[event].reason, reason);
    assert_string_equal(w->outcome[event].text, what);
}

/* ---- rows ---- */

static void an_event_becomes_a_row_and_its_lines(void **state)
{
    struct world *w = *state;
    created(w, order(w, "A", "P1", "12.50", "P11 2.5, P2 1"));
    created(w, order(w, "B", "P2", "7", ""));
    run(w);
    is_written(w, 0);
    is_written(w, 1);
    assert_string_equal(orders(w), "A,pump,12.5,CONFIRMED\nB,valve,7,CONFIRMED");
    assert_string_equal(lines(w), "A,P11,2.5\nA,P2,1");
    assert_string_equal(w->target.log, "I orders 2; I lines 2; ");
    assert_string_equal(lite_rows(&w->target, "select due from orders where code = 'A'"),
                        "2026-11-22 16:00:00");
}

static void what_is_there_already_is_not_written(void **state)
{
    struct world *w = *state;
    created(w, order(w, "A", "P1", "12.50", "P11 2.5"));
    run(w);
    lite_exec(&w->target, "update orders set status = 'BUSY', updated = 'then'");
    add(w, EVENT_CHANGED, order(w, "A", "P1", "1", ""), order(w, "A", "P1", "12.500", "P11 2.50"));
    run(w);
    assert_string_equal(w->target.log, "");
    assert_string_equal(lite_rows(&w->target, "select updated from orders"), "then");
}

static void once_is_for_inserts_and_touch_goes_with_a_change(void **state)
{
    struct world *w = *state;
    created(w, order(w, "A", "P1", "12.50", "P11 2.5"));
    run(w);
    lite_exec(&w->target, "update orders set status = 'BUSY', updated = 'then';"
                          "update lines set maker = 'hand'");
    add(w, EVENT_CHANGED, order(w, "A", "P1", "12.5", ""), order(w, "A", "P1", "13", "P11 3"));
    run(w);
    assert_string_equal(w->target.log, "U orders 1; U lines 1; ");
    assert_string_equal(lite_rows(&w->target, "select quantity, status, updated from orders"),
                        "13,BUSY,now");
    assert_string_equal(lite_rows(&w->target, "select quantity, maker from lines"), "3,hand");
}

static void lines_that_an_event_no_longer_has_are_deleted(void **state)
{
    struct world *w = *state;
    struct object *a = order(w, "A", "P1", "1", "P11 2.5, P2 1");
    struct object *b = order(w, "B", "P1", "1", "P2 9");
    created(w, a);
    created(w, b);
    run(w);
    add(w, EVENT_CHANGED, a, order(w, "A", "P1", "1", "P2 2, P1 4"));
    run(w);
    assert_string_equal(lines(w), "A,P1,4\nA,P2,2\nB,P2,9");
    assert_string_equal(w->target.log, "D lines 1; U lines 1; I lines 1; ");
    add(w, EVENT_CHANGED, a, order(w, "A", "P1", "1", ""));
    run(w);
    assert_string_equal(lines(w), "B,P2,9");
}

static void an_object_that_is_gone_runs_the_writes_of_gone(void **state)
{
    struct world *w = *state;
    struct object *a = order(w, "A", "P1", "1", ""), *b = order(w, "B", "P1", "1", "");
    created(w, a);
    created(w, b);
    run(w);
    lite_exec(&w->target, "insert into feedback values ('B')");
    add(w, EVENT_GONE, a, NULL);
    add(w, EVENT_GONE, b, NULL);
    add(w, EVENT_GONE, order(w, "C", "P1", "1", ""), NULL);
    run(w);
    is_written(w, 0);
    is_held(w, 1, HOLD_QUARANTINE, "the SELECT returns no row");
    is_written(w, 2); /* if_no_target: skip */
    assert_string_equal(orders(w), "A,pump,1,FINISHED\nB,pump,1,CONFIRMED");
}

static void created_changed_and_gone_in_one_batch_end_gone(void **state)
{
    struct world *w = *state;
    struct object *a = order(w, "A", "P1", "1", "P2 1"), *b = order(w, "A", "P1", "2", "P2 5");
    created(w, a);
    add(w, EVENT_CHANGED, a, b);
    add(w, EVENT_GONE, b, NULL);
    run(w);
    assert_string_equal(orders(w), "A,pump,2,FINISHED");
    assert_string_equal(w->target.log, "I orders 1; I lines 1; U orders 1; ");
}

static void a_changed_key_moves_the_row(void **state)
{
    struct world *w = *state;
    struct object *a = order(w, "A", "P1", "1", "P2 1"), *b = order(w, "B", "P1", "2", "P2 5");
    created(w, a);
    run(w);
    lite_exec(&w->target, "update orders set status = 'BUSY'");
    add(w, EVENT_CHANGED, a, b);
    run(w);
    is_written(w, 0);
    assert_string_equal(orders(w), "B,pump,2,BUSY");
    assert_string_equal(lines(w), "B,P2,5");
    assert_string_equal(w->target.log, "U orders 1; U lines 1; ");
}

static void a_key_under_update_finds_the_row_and_is_not_written(void **state)
{
    struct world *w = *state;
    struct object *a = order(w, "A", "P1", "1", ""), *b = order(w, "B", "P1", "2", "");
    created(w, a);
    run(w);
    w->writes[0].op = WRITE_UPDATE;
    w->plan.flow = NULL; /* compiled anew */
    add(w, EVENT_CHANGED, a, b);
    run(w);
    assert_string_equal(orders(w), "A,pump,2,CONFIRMED");
    lite_exec(&w->target, "update orders set code = 'B'");
    add(w, EVENT_CHANGED, a, order(w, "B", "P1", "3", "")); /* its own system has renamed it */
    run(w);
    is_written(w, 0);
    assert_string_equal(orders(w), "B,pump,3,CONFIRMED");
}

static void a_key_that_is_given_on_in_one_batch_goes_from_row_to_row(void **state)
{
    struct world *w = *state;
    struct object *a = order(w, "A", "P1", "1", ""), *b = order(w, "B", "P1", "1", "");
    created(w, a);
    add(w, EVENT_CHANGED, a, b);                             /* A is now B */
    created(w, order(w, "A", "P2", "5", ""));                /* and another is A */
    run(w);
    is_written(w, 2);
    assert_string_equal(orders(w), "A,valve,5,CONFIRMED\nB,pump,1,CONFIRMED");
}

static void a_changed_key_that_another_row_has_is_quarantined(void **state)
{
    struct world *w = *state;
    struct object *a = order(w, "A", "P1", "1", ""), *b = order(w, "B", "P1", "1", "");
    created(w, a);
    created(w, b);
    run(w);
    add(w, EVENT_CHANGED, a, order(w, "B", "P1", "3", ""));
    run(w);
    is_held(w, 0, HOLD_QUARANTINE, "its key became code=B, and another row has that key already");
}

/* ---- judging ---- */

static void an_event_whose_row_is_absent_waits_and_the_others_do_not(void **state)
{
    struct world *w = *state;
    created(w, order(w, "A", "NOPE", "1", ""));
    created(w, order(w, "B", "P1", "2", "P2 1"));
    run(w);
    is_held(w, 0, HOLD_WAIT, "the SELECT returns no row");
    assert_string_equal(w->outcome[0].table, "orders");
    is_written(w, 1);
    assert_string_equal(orders(w), "B,pump,2,CONFIRMED");
    assert_string_equal(w->target.log, "back; I orders 1; I lines 1; ");
}

static void a_line_without_a_row_takes_its_events_other_stages_back(void **state)
{
    struct world *w = *state;
    created(w, order(w, "A", "P1", "1", "P2 1, NOPE 2"));
    created(w, order(w, "B", "P1", "2", "P2 1"));
    run(w);
    is_held(w, 0, HOLD_WAIT, "the SELECT returns no row for line 2");
    assert_string_equal(w->outcome[0].table, "lines");
    assert_string_equal(orders(w), "B,pump,2,CONFIRMED");
    assert_string_equal(lines(w), "B,P2,1");
}

static void no_row_may_be_skipped(void **state)
{
    struct world *w = *state;
    w->writes[0].if_no_row = ELSE_SKIP;
    created(w, order(w, "A", "NOPE", "1", ""));
    run(w);
    is_written(w, 0);
    assert_string_equal(orders(w), "");
}

static void two_rows_for_one_event_are_an_error(void **state)
{
    struct world *w = *state;
    lite_exec(&w->target, "insert into item values (21, 'P1', 'another pump')");
    created(w, order(w, "A", "P1", "1", ""));
    run(w);
    is_held(w, 0, HOLD_QUARANTINE,
            "the SELECT returns more than one row: a join is not unique, or two rows of the table "
            "have code=A");
}

static void two_lines_of_one_row_are_an_error(void **state)
{
    struct world *w = *state;
    created(w, order(w, "A", "P1", "1", "P2 1, P2 3"));
    run(w);
    is_held(w, 0, HOLD_QUARANTINE,
            "two of its lines write the row with order_id=1, item_id=12: sum them in the list's "
            "SQL, or add a column to `key`");
}

static void lost_digits_are_quarantined_unless_round_says_how(void **state)
{
    struct world *w = *state;
    created(w, order(w, "A", "P1", "1.234", ""));
    run(w);
    is_held(w, 0, HOLD_QUARANTINE,
            "(decimal(8,2)) cannot hold 1.234: digits would be lost; say how under `round`, or "
            "widen the column");
    assert_string_equal(w->outcome[0].column, "quantity");
    w->writes[0].rounds = &(struct round_config){"quantity", "up"};
    w->writes[0].nrounds = 1;
    w->plan.flow = NULL;
    created(w, order(w, "A", "P1", "1.234", ""));
    run(w);
    assert_string_equal(orders(w), "A,pump,1.24,CONFIRMED");
}

static void a_field_that_is_not_what_it_should_be_is_quarantined(void **state)
{
    struct world *w = *state;
    created(w, order(w, "A", "P1", "many", ""));
    created(w, order(w, "B", "P1", "2", "P2 some"));
    created(w, order(w, "C", "P1", "3", ""));
    run(w);
    is_held(w, 0, HOLD_QUARANTINE,
            "the event's field quantity is many, which is not a decimal: see the view's SQL");
    assert_int_equal(w->outcome[1].reason, HOLD_QUARANTINE);
    assert_string_equal(orders(w), "C,pump,3,CONFIRMED");
}

static void an_event_without_a_key_is_quarantined(void **state)
{
    struct world *w = *state;
    created(w, order(w, "", "P1", "1", ""));
    created(w, order(w, "B", "P1", "1", ""));
    w->events[0].key = NULL;
    run(w);
    is_held(w, 0, HOLD_QUARANTINE,
            "the event has no key, so its order among others cannot be kept: see the view's SQL");
    assert_string_equal(orders(w), "B,pump,1,CONFIRMED");
}

static void a_null_key_is_quarantined(void **state)
{
    struct world *w = *state;
    w->writes[0].sql.text = "select e.event, nullif(e.id, 'A') as code, 'x' as name,"
                            " 11 as item_id, 1 as quantity, 'S' as status, 'now' as updated"
                            " from event e";
    created(w, order(w, "A", "P1", "1", ""));
    run(w);
    assert_string_equal(w->outcome[0].column, "code");
    is_held(w, 0, HOLD_QUARANTINE,
            "is NULL, and a row is found by it: the SELECT must give it a value");
}

static void an_insert_of_a_row_that_is_there_is_quarantined(void **state)
{
    struct world *w = *state;
    created(w, order(w, "A", "P1", "1", ""));
    run(w);
    w->writes[0].op = WRITE_INSERT;
    w->plan.flow = NULL;
    created(w, order(w, "A", "P1", "1", ""));
    run(w);
    is_held(w, 0, HOLD_QUARANTINE, "a row with code=A is there already");
}

static void a_delete_takes_the_row_and_waits_for_one_that_is_not_there(void **state)
{
    struct world *w = *state;
    struct object *a = order(w, "A", "P1", "1", "");
    created(w, a);
    w->gone[0] = (struct write_config){.table = "orders",
                                       .key = NAMES("code"),
                                       .op = WRITE_DELETE,
                                       .if_no_target = ELSE_WAIT,
                                       .sql = {"select e.event, e.id as code from event e", 60}};
    run(w);
    add(w, EVENT_GONE, a, NULL);
    add(w, EVENT_GONE, order(w, "B", "P1", "1", ""), NULL);
    run(w);
    is_written(w, 0);
    is_held(w, 1, HOLD_WAIT, "there is no row with code=B");
    assert_string_equal(orders(w), "");
}

static void two_events_of_one_row_fold_with_the_later_ones_values(void **state)
{
    struct world *w = *state;
    w->writes[0].sql.text =
        "select e.event, 'ONE' as code, e.id as name, 11 as item_id, e.quantity, e.id as status,"
        " 'now' as updated from event e";
    w->flow.nwrites = 1;
    created(w, order(w, "A", "P1", "1", ""));
    created(w, order(w, "B", "P1", "2", ""));
    run(w);
    assert_string_equal(orders(w), "ONE,B,2,A"); /* status is written once: by the first */
    assert_string_equal(w->target.log, "I orders 1; ");
}

/* ---- holding ---- */

static void later_events_of_a_key_wait_behind_a_held_one(void **state)
{
    struct world *w = *state;
    struct object *bad = order(w, "A", "NOPE", "1", ""), *b = order(w, "B", "P1", "1", "");
    created(w, bad);
    created(w, b);
    add(w, EVENT_GONE, bad, NULL);
    add(w, EVENT_CHANGED, b, order(w, "B", "P1", "4", ""));
    run(w);
    assert_int_equal(w->outcome[0].reason, HOLD_WAIT);
    is_held(w, 2, HOLD_BEHIND, "an earlier event of A is held: it goes first");
    is_written(w, 3);
    assert_string_equal(orders(w), "B,pump,4,CONFIRMED");
}

static void an_event_whose_former_key_is_held_waits_too(void **state)
{
    struct world *w = *state;
    struct object *bad = order(w, "A", "NOPE", "1", "");
    created(w, bad);
    add(w, EVENT_CHANGED, bad, order(w, "B", "P1", "1", ""));
    run(w);
    assert_int_equal(w->outcome[1].reason, HOLD_BEHIND);
    assert_string_equal(orders(w), "");
}

static bool holds_b(void *owner, int flow, const char *key)
{
    (void)owner, (void)flow;
    return strcmp(key, "B") == 0;
}

static void a_key_held_from_an_earlier_batch_stays_behind(void **state)
{
    struct world *w = *state;
    w->batch.is_held = holds_b;
    created(w, order(w, "A", "P1", "1", ""));
    created(w, order(w, "B", "P1", "2", ""));
    run(w);
    is_written(w, 0);
    assert_int_equal(w->outcome[1].reason, HOLD_BEHIND);
    assert_string_equal(orders(w), "A,pump,1,CONFIRMED");
}

static void together_holds_all_of_the_source_transaction(void **state)
{
    struct world *w = *state;
    w->flow.together = true;
    created(w, order(w, "A", "P1", "1", ""));
    created(w, order(w, "B", "NOPE", "1", ""));
    created(w, order(w, "C", "P1", "1", ""));
    created(w, order(w, "D", "P1", "1", ""));
    w->in[0].transaction = w->in[1].transaction = 1;
    w->in[2].transaction = w->in[3].transaction = 2;
    run(w);
    is_held(w, 0, HOLD_TOGETHER,
            "B of the same source transaction is held, and its flow says together");
    assert_int_equal(w->outcome[1].reason, HOLD_WAIT);
    is_written(w, 2);
    assert_string_equal(orders(w), "C,pump,1,CONFIRMED\nD,pump,1,CONFIRMED");
}

static void a_refused_statement_is_found_one_by_one_and_stops_no_other(void **state)
{
    struct world *w = *state;
    struct object *bad = order(w, "B", "P1", "2", "");
    set_note(bad, "bad");
    created(w, order(w, "A", "P1", "1", "P2 1"));
    created(w, bad);
    created(w, order(w, "C", "P2", "3", ""));
    run(w);
    is_written(w, 0);
    assert_int_equal(w->outcome[1].reason, HOLD_QUARANTINE);
    assert_string_equal(w->outcome[1].table, "orders");
    assert_non_null(strstr(w->outcome[1].text, "CHECK constraint failed"));
    is_written(w, 2);
    assert_string_equal(orders(w), "A,pump,1,CONFIRMED\nC,valve,3,CONFIRMED");
    assert_string_equal(lines(w), "A,P2,1");
    assert_string_equal(w->target.failure.text, "");
}

static void one_by_one_a_refused_line_takes_its_order_back(void **state)
{
    struct world *w = *state;
    created(w, order(w, "A", "P1", "1", "P2 666"));
    created(w, order(w, "B", "P1", "2", "P2 1"));
    created(w, order(w, "C", "P1", "3", "P2 1, NOPE 1"));
    run(w);
    assert_int_equal(w->outcome[0].reason, HOLD_QUARANTINE);
    assert_string_equal(w->outcome[0].table, "lines");
    is_written(w, 1);
    assert_int_equal(w->outcome[2].reason, HOLD_WAIT);
    assert_string_equal(orders(w), "B,pump,2,CONFIRMED");
    assert_string_equal(lines(w), "B,P2,1");
}

static void one_by_one_an_event_together_with_the_bad_one_is_taken_back(void **state)
{
    struct world *w = *state;
    struct object *bad = order(w, "B", "P1", "2", "");
    set_note(bad, "bad");
    w->flow.together = true;
    created(w, order(w, "A", "P1", "1", ""));
    created(w, order(w, "C", "P1", "1", ""));
    created(w, bad);
    w->in[0].transaction = w->in[2].transaction = 7;
    run(w);
    assert_int_equal(w->outcome[0].reason, HOLD_TOGETHER);
    is_written(w, 1);
    assert_int_equal(w->outcome[2].reason, HOLD_QUARANTINE);
    assert_string_equal(orders(w), "C,pump,1,CONFIRMED");
}

static void an_event_number_that_nobody_gave_stops_the_batch(void **state)
{
    struct world *w = *state;
    created(w, order(w, "A", "P1", "1", ""));
    run(w);
    w->writes[0].sql.text = "select e.event + 5 as event, e.id as code, 'x' as name, 11 as item_id,"
                            " 1 as quantity, 'S' as status, 'now' as updated from event e";
    w->plan.flow = NULL;
    created(w, order(w, "B", "P1", "1", ""));
    assert_int_equal(try_run(w), STATUS_CONFIG);
    assert_string_equal(w->target.failure.text,
                        "line 20: the SELECT that writes orders returns event 6, which nobody gave "
                        "it: return e.event as they are");
}

/* ---- the database's own troubles ---- */

static int refusals; /* of sets that are still to come */

static enum status refuse_some(void *self, const struct row_set *set)
{
    struct sqlite_target *t = self;
    if (refusals > 0 && refusals--)
        return (fail)(&t->failure, ERROR_UNIQUE, "another made the row meanwhile");
    return lite_write_set(self, set);
}

static void a_row_that_another_made_meanwhile_is_looked_for_again(void **state)
{
    struct world *w = *state;
    w->target.database.write_set = refuse_some;
    refusals = 2; /* of the batch, and of the first event alone */
    created(w, order(w, "A", "P1", "1", ""));
    created(w, order(w, "B", "P1", "1", ""));
    run(w);
    is_written(w, 0);
    is_written(w, 1);
    refusals = 3; /* it is no passing trouble */
    created(w, order(w, "C", "P1", "1", ""));
    created(w, order(w, "D", "P1", "1", ""));
    run(w);
    is_held(w, 0, HOLD_QUARANTINE, "another made the row meanwhile");
    is_written(w, 1);
    assert_string_equal(lite_rows(&w->target, "select code from orders"), "A\nB\nD");
}

static enum status wait_for_a_lock(void *self, const struct row_set *set)
{
    (void)set;
    return (fail)(&((struct sqlite_target *)self)->failure, ERROR_LOCK_WAIT, "locked");
}

static void a_lock_wait_is_of_the_whole_batch(void **state)
{
    struct world *w = *state;
    w->target.database.write_set = wait_for_a_lock;
    created(w, order(w, "A", "P1", "1", ""));
    assert_int_equal(try_run(w), STATUS_RETRY);
    assert_int_equal(w->outcome[0].reason, HOLD_NONE);
    assert_string_equal(orders(w), "");
}

static void a_statement_holds_a_megabyte_of_events_or_one(void **state)
{
    struct world *w = *state;
    char *big = arena_alloc(&w->arena, 700001);
    memset(big, 'x', 700000);
    big[700000] = 0;
    w->flow.nwrites = 1;
    for (const char *id = "ABC"; *id; id++) {
        struct object *o = order(w, arena_copy(&w->arena, id, 1), "P1", "1", "");
        set_note(o, *id == 'B' ? "small" : big);
        created(w, o);
    }
    w->writes[0].sql.text = "select e.event, e.id as code, 'x' as name, 11 as item_id, 1 as quantity,"
                            " 'S' as status, 'now' as updated from event e";
    run(w);
    assert_string_equal(w->target.log, "I orders 2; I orders 1; ");
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(an_event_becomes_a_row_and_its_lines),
        test(what_is_there_already_is_not_written),
        test(once_is_for_inserts_and_touch_goes_with_a_change),
        test(lines_that_an_event_no_longer_has_are_deleted),
        test(an_object_that_is_gone_runs_the_writes_of_gone),
        test(created_changed_and_gone_in_one_batch_end_gone),
        test(a_changed_key_moves_the_row),
        test(a_key_under_update_finds_the_row_and_is_not_written),
        test(a_key_that_is_given_on_in_one_batch_goes_from_row_to_row),
        test(a_changed_key_that_another_row_has_is_quarantined),
        test(an_event_whose_row_is_absent_waits_and_the_others_do_not),
        test(a_line_without_a_row_takes_its_events_other_stages_back),
        test(no_row_may_be_skipped),
        test(two_rows_for_one_event_are_an_error),
        test(two_lines_of_one_row_are_an_error),
        test(lost_digits_are_quarantined_unless_round_says_how),
        test(a_field_that_is_not_what_it_should_be_is_quarantined),
        test(an_event_without_a_key_is_quarantined),
        test(a_null_key_is_quarantined),
        test(an_insert_of_a_row_that_is_there_is_quarantined),
        test(a_delete_takes_the_row_and_waits_for_one_that_is_not_there),
        test(two_events_of_one_row_fold_with_the_later_ones_values),
        test(later_events_of_a_key_wait_behind_a_held_one),
        test(an_event_whose_former_key_is_held_waits_too),
        test(a_key_held_from_an_earlier_batch_stays_behind),
        test(together_holds_all_of_the_source_transaction),
        test(a_refused_statement_is_found_one_by_one_and_stops_no_other),
        test(one_by_one_a_refused_line_takes_its_order_back),
        test(one_by_one_an_event_together_with_the_bad_one_is_taken_back),
        test(an_event_number_that_nobody_gave_stops_the_batch),
        test(a_row_that_another_made_meanwhile_is_looked_for_again),
        test(a_lock_wait_is_of_the_whole_batch),
        test(a_statement_holds_a_megabyte_of_events_or_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
