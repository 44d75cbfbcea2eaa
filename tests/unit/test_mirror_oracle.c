/* test_mirror_oracle.c: a target that is kept by events alone is what the views say of the source
 * libs: mirror */
#include "mirror_link.h"
#include "mirror_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

enum { RUNS = 8, OBJECTS_MAX = 64 };

/* ---- the target: objects by type and key; strict ---- */

struct held {
    char *key, *object;
};

static struct held target[OBJECTS_MAX];
static int ntarget;

static int find(const char *key)
{
    for (int i = 0; i < ntarget; i++)
        if (strcmp(target[i].key, key) == 0)
            return i;
    return -1;
}

static char *show(const struct object *o)
{
    struct buffer b;
    buffer_init(&b, 1 << 20);
    world_show_object(&b, o);
    char *text = strdup(buffer_text(&b));
    buffer_free(&b);
    return text;
}

static char *key_of_object(const char *type, const struct object *o)
{
    char text[64];
    const struct value *v = &o->fields[0].value;
    snprintf(text, sizeof text, "%s %.*s", type, (int)v->size, v->text);
    return strdup(text);
}

/* What was before must be there, exactly. */
static void take_away(const char *type, const struct object *before)
{
    char *key = key_of_object(type, before), *object = show(before);
    int i = find(key);
    assert_true(i >= 0);
    assert_string_equal(target[i].object, object);
    free(target[i].key);
    free(target[i].object);
    target[i] = target[--ntarget];
    free(key);
    free(object);
}

static void put_in(const char *type, const struct object *after)
{
    char *key = key_of_object(type, after);
    assert_int_equal(find(key), -1);
    assert_true(ntarget < OBJECTS_MAX);
    target[ntarget++] = (struct held){key, show(after)};
}

/* Of one transaction: keys may go from one object to another in it. */
static void write_events(const struct event *events, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(events[i].op == EVENT_CREATED, !events[i].before);
        assert_int_equal(events[i].op == EVENT_GONE, !events[i].after);
        if (events[i].before)
            take_away(events[i].type, events[i].before);
    }
    for (uint32_t i = 0; i < n; i++)
        if (events[i].after)
            put_in(events[i].type, events[i].after);
}

static void clear_target(void)
{
    while (ntarget > 0) {
        free(target[--ntarget].key);
        free(target[ntarget].object);
    }
}

/* ---- what the views say of the source's rows as they are ---- */

static void fill_rows(struct link *l, const struct relation *r, bool there, const char *row)
{
    if (there)
        link_check(l, mirror_fill(l->mirror, r, world_row(r, row, &l->arena), &l->failure));
}

static void fill_source(struct link *l)
{
    for (int i = 0; i < ORDERS; i++)
        fill_rows(l, &mrp_production, orders[i].there, orders[i].row);
    for (int i = 0; i < MOVES; i++)
        fill_rows(l, &stock_move, moves[i].there, moves[i].row);
    for (int i = 0; i < FEEDBACKS; i++)
        fill_rows(l, &pro_feedback, feedbacks[i].there, feedbacks[i].row);
}

static void expect(const struct event *e)
{
    char *key = key_of_object(e->type, e->after), *object = show(e->after);
    int i = find(key);
    assert_true(i >= 0);
    assert_string_equal(target[i].object, object);
    free(key);
    free(object);
}

static void compare_with_source(const struct event_definition *events, int n)
{
    int said = 0;
    struct link *l = link_new(events, n, source_tables, NSOURCE);
    link_open(l);
    fill_source(l);
    for (int i = 0; i < views_ntables(l->views); i++) {
        struct mirror_step s = {.more = true};
        link_check(l, mirror_complete(l->mirror, views_table(l->views, i), "0", MIRROR_TELLS_CHANGES,
                                      &l->failure));
        while (s.more) {
            link_check(l, mirror_evaluate(l->mirror, 100, &l->arena, &s, &l->failure));
            for (uint32_t e = 0; e < s.nevents; e++)
                expect(&s.events[e]);
            said += (int)s.nevents;
        }
    }
    assert_int_equal(said, ntarget);
    link_free(l);
}

/* ---- the link ---- */

static void pass_transaction(struct link *l, int t)
{
    char position[16];
    struct event events[OBJECTS_MAX];
    struct mirror_step s = {.more = true};
    uint32_t n = 0;
    snprintf(position, sizeof position, "%d", t);
    source_read(l, t);
    link_check(l, mirror_begin(l->mirror, position, &l->failure));
    link_check(l, mirror_apply(l->mirror, l->changes, l->nchanges, &l->failure));
    link_check(l, mirror_end(l->mirror, position, false, &l->failure));
    while (s.more) {
        link_check(l, mirror_evaluate(l->mirror, 1 + chance(20), &l->arena, &s, &l->failure));
        for (uint32_t i = 0; i < s.nevents; i++)
            events[n++] = s.events[i];
    }
    write_events(events, n);
}

static void run(const struct event_definition *events, const struct event_definition *assembled,
                int n)
{
    source_clear();
    struct link *l = link_new(events, n, source_tables, NSOURCE);
    link_open(l);
    link_complete(l, true);
    for (int t = 1; t <= TRANSACTIONS; t++) {
        source_make(t);
        pass_transaction(l, t);
        compare_with_source(assembled, n);
    }
    link_free(l);
    clear_target();
}

static void the_target_is_what_the_views_say_after_every_transaction(void **state)
{
    (void)state;
    struct event_definition events[2] = {order_event, job_response}, assembled[2];
    /* Elements are told by their row: two moves of one product may meet. What is looked up must
     * not change by itself, for then the target has it only later. */
    events[0].lists = (struct list_definition[]){
        {"moves", "id",
         "select id, product_id as material_definition_id, product_uom_qty as quantity"
         "  from stock_move where raw_material_production_id = :object and state <> 'cancel'"}};
    events[0].sql = "select name as id, product_qty as quantity, state as request_state"
                    "  from mrp_production where id = :object and company_id = 1"
                    "   and state in ('confirmed', 'progress')";
    memcpy(assembled, events, sizeof assembled);
    assembled[1].assembled = true;
    source_is_plain = true;
    chance_state = 4711;
    for (int i = 0; i < RUNS; i++) {
        link_collect_kib = i % 2; /* in memory, or in tables */
        run(events, assembled, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_target_is_what_the_views_say_after_every_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
