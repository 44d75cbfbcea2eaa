/* test_event_writes_random.c: a batch comes to what its events, each in a batch of its own, come to
 * libs: sink_events sqlite */
#include "sqlite_database.h"
#include "sinks/events/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

enum { OBJECTS = 6, EVENTS = 24, ROUNDS = 60 };

static const char schema[] =
    "create table orders (order_id integer primary key, code varchar(20) not null unique,"
    " quantity decimal(8,2), note varchar(20) check (note <> 'bad'), state varchar(9));"
    "create table parts (part_id integer primary key, code varchar(20) not null,"
    " part varchar(20) not null, quantity decimal(8,2), unique (code, part));";

static const struct field order_fields[] = {
    {"id", CTE_TEXT}, {"quantity", CTE_DECIMAL}, {"note", CTE_TEXT}};
static const struct field part_fields[] = {{"part", CTE_TEXT}, {"quantity", CTE_DECIMAL}};
static const struct field_list order_event = {NULL, order_fields, 3};
static const struct field_list lists[] = {{"parts", part_fields, 2}};

static const char *code_key[] = {"code"}, *part_key[] = {"code", "part"};
static struct scope_config scope = {"code", {"select e.id from event e", 1}};
static struct write_config writes[] = {
    {.table = "orders",
     .key = {code_key, 1},
     .if_no_row = ELSE_WAIT,
     .sql = {"select e.event, e.id as code, e.quantity, e.note, 'ON' as state from event e"
             " where e.note <> 'wait'",
             1}},
    {.table = "parts",
     .lines = "parts",
     .key = {part_key, 2},
     .delete_missing_in = &scope,
     .ndelete_missing_in = 1,
     .sql = {"select e.event, l.line, o.code, l.part, l.quantity from event e"
             " join line l on l.event = e.event join orders o on o.code = e.id",
             1}},
};
static struct write_config gone[] = {
    {.table = "orders",
     .key = {code_key, 1},
     .op = WRITE_UPDATE,
     .if_no_target = ELSE_SKIP,
     .sql = {"select e.event, e.id as code, 'OFF' as state from event e", 1}},
};
static const struct event_config event_config = {.type = "Order", .key = "id"};
static struct event_flow flow = {
    .event = &event_config, .writes = writes, .nwrites = 2, .gone = gone, .ngone = 1};

/* ---- a source of events ---- */

static uint32_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 10) % below;
}

struct world {
    struct arena arena;
    struct event events[EVENTS];
    struct event_in in[EVENTS];
    uint32_t n;
    struct object *now[OBJECTS]; /* NULL: there is none */
    uint32_t renamed;
};

static struct value text(const char *s)
{
    return value_text(VALUE_TEXT, s, strlen(s));
}

static struct object part(struct world *w, uint32_t i)
{
    struct object_field *f = arena_alloc(&w->arena, 2 * sizeof *f);
    f[0] = (struct object_field){"part", text(arena_format(&w->arena, "p%u", i))};
    f[1] = (struct object_field){"quantity", text(arena_format(&w->arena, "%u.5", draw(3)))};
    return (struct object){f, 2, NULL, 0};
}

static struct object *object(struct world *w, const char *id, const char *note)
{
    struct object_field *f = arena_alloc(&w->arena, 3 * sizeof *f);
    struct object *o = arena_alloc(&w->arena, sizeof *o);
    struct object *parts = arena_alloc(&w->arena, 4 * sizeof *parts);
    struct object_list *list = arena_alloc(&w->arena, sizeof *list);
    f[0] = (struct object_field){"id", text(id)};
    f[1] = (struct object_field){"quantity", text(arena_format(&w->arena, "%u", draw(3)))};
    f[2] = (struct object_field){"note", text(note)};
    *list = (struct object_list){"parts", parts, 0};
    for (uint32_t i = 0; i < 4; i++)
        if (draw(2))
            parts[list->nelements++] = part(w, i);
    *o = (struct object){f, 3, list, 1};
    return o;
}

/* What is wrong with an object stays so: a batch may pass over states in between. */
static const char *note_of(uint32_t i)
{
    return i == 1 ? "bad" : i == 2 ? "wait" : "fine";
}

static void happen(struct world *w, uint32_t i)
{
    struct object *was = w->now[i], *is = NULL;
    const char *id = was ? was->fields[0].value.text : arena_format(&w->arena, "o%u", i);
    if (was && draw(6) == 0)
        id = arena_format(&w->arena, "o%u-%u", i, w->renamed++);
    if (!was || draw(4))
        is = object(w, id, note_of(i));
    w->events[w->n] = (struct event){
        "Order", !was ? EVENT_CREATED : !is ? EVENT_GONE : EVENT_CHANGED,
        is ? id : was->fields[0].value.text, was, is};
    w->in[w->n] = (struct event_in){&w->events[w->n], 0, w->n / 2};
    w->n++;
    w->now[i] = is;
}

/* ---- one target, in batches of some size ---- */

struct held_keys {
    const char *key[2 * EVENTS];
    int n;
};

static bool is_held(void *owner, int in_flow, const char *key)
{
    struct held_keys *held = owner;
    (void)in_flow;
    for (int i = 0; i < held->n; i++)
        if (strcmp(held->key[i], key) == 0)
            return true;
    return false;
}

static void keep_held(struct held_keys *held, const struct event *e)
{
    held->key[held->n++] = e->key;
    if (e->before)
        held->key[held->n++] = e->before->fields[0].value.text;
}

static const char *written(struct world *w, struct sqlite_target *t, uint32_t batch_events)
{
    struct flow_plan plan;
    struct held_keys held = {.n = 0};
    struct hold outcome[EVENTS];
    lite_open(t, schema);
    assert_int_equal(flow_plan_make(&t->database, &flow, &order_event, lists, 1, &w->arena, &plan),
                     STATUS_OK);
    for (uint32_t from = 0; from < w->n; from += batch_events) {
        uint32_t n = w->n - from < batch_events ? w->n - from : batch_events;
        struct event_batch batch = {&plan, 1, w->in + from, n, is_held, &held};
        lite_exec(t, "begin");
        assert_int_equal(events_write(&t->database, &batch, &w->arena, outcome), STATUS_OK);
        lite_exec(t, "commit");
        for (uint32_t i = 0; i < n; i++)
            if (outcome[i].reason != HOLD_NONE)
                keep_held(&held, w->in[from + i].event);
    }
    return arena_format(&w->arena, "held %d\n%s\n%s", held.n,
                        lite_rows(t, "select code, quantity, note, state from orders order by 1"),
                        lite_rows(t, "select code, part, quantity from parts order by 1, 2"));
}

static void compare(uint32_t round, bool spoiled)
{
    struct world w = {.n = 0};
    struct sqlite_target one, some, all;
    seed = round;
    arena_init(&w.arena);
    while (w.n < EVENTS)
        happen(&w, spoiled ? draw(OBJECTS) : 3 + draw(OBJECTS - 3));
    const char *expected = written(&w, &one, 1);
    assert_string_equal(written(&w, &some, 5), expected);
    assert_string_equal(written(&w, &all, EVENTS), expected);
    lite_close(&one);
    lite_close(&some);
    lite_close(&all);
    arena_free(&w.arena);
}

static void a_batch_is_its_events_one_after_the_other(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++)
        compare(round, false);
}

static void also_where_some_are_held(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++)
        compare(round, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_its_events_one_after_the_other),
        cmocka_unit_test(also_where_some_are_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
