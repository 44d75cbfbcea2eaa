/* test_config_events.c: vocabulary, codes, events and flows: a good file, and what is said about bad
 * ones: line, column, text.
 * libs: config */
#include "config/node.h"
#include "config_file.h"

/* Four lines, and events begin in line 6. */
#define TOP                                                                                        \
    "millrace: 1\n"                                                                                \
    "systems:\n"                                                                                   \
    "  erp: { postgresql: host=erp dbname=erp, capture: { user: r } }\n"                           \
    "  mes: { mariadb: { host: mes }, capture: { user: r }, apply: { user: w } }\n"
#define EVENT                                                                                      \
    "events:\n"                                                                                    \
    "  Order:\n"                                                                                   \
    "    from: erp\n"                                                                              \
    "    of: mrp_production\n"                                                                     \
    "    key: id\n"                                                                                \
    "    sql: select name as id from mrp_production where id = :object\n"
#define LINK                                                                                       \
    "links:\n"                                                                                     \
    "  - name: orders\n"                                                                           \
    "    from: erp\n"                                                                              \
    "    to: mes\n"                                                                                \
    "    first_copy: none\n"
#define LINKS  LINK "    tables: { a.b: c.d }\n"
#define FLOW   LINK "    flows:\n      - event: Order\n"                   /* lines 11 to 17 */
#define WRITES "        write:\n          - table: pro_workorder\n" /* 18, 19 */
#define WRITE  WRITES "            key: code\n            sql: select e.event from event e\n"

/* ---- dictionaries, units, keys, vocabulary ---- */

/* Their content is read by others (test_functions_codes.c, test_functions_units.c). */
static void codes_are_handed_on_as_they_stand(void **state)
{
    (void)state;
    struct config *c = load_good(TOP "vocabulary: [isa95/v1.proto, ours.proto]\n"
                                     "dictionaries:\n"
                                     "  flag: { codes: { true: Y, 012: 1e3 }, reverse: fail }\n"
                                     "  uom: { file: dict/uom.csv, unknown: { value: '0' } }\n"
                                     "units: [1 kg = 1000 g, 1 dozen = 12 Units]\n"
                                     "mask_keys: { persons: { key_env: NOT_THERE } }\n" LINKS);
    assert_int_equal(c->vocabulary.n, 2);
    assert_string_equal(c->vocabulary.name[1], "ours.proto");
    assert_int_equal(c->dictionaries->n, 2);
    assert_string_equal(c->dictionaries->first->key->text, "flag");
    assert_int_equal(c->dictionaries->first->line, 7);
    assert_int_equal(c->units->n, 2);
    assert_string_equal(c->mask_keys->first->key->text, "persons");
    config_free(c);
    c = load_good(TOP "units: { ratios: [1 kg = 1000 g], materials_file: u.csv }\n" LINKS);
    assert_int_equal(c->units->kind, NODE_MAPPING);
    assert_null(c->dictionaries);
    assert_null(c->mask_keys);
    config_free(c);
}

static void the_shape_of_codes_is_checked(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {TOP "dictionaries: [a]\n" LINKS, "5:15: ", "dictionaries must be a mapping, not a list"},
        {TOP "dictionaries: { d: { fil: x } }\n" LINKS, "5:22: ", "did you mean \"file\"?"},
        {TOP "dictionaries: { d: { codes: [a] } }\n" LINKS, "5:29: ", "codes must be a mapping"},
        {TOP "dictionaries:\n  d:\n    codes:\n      a: 1\n      a: 2\n" LINKS, "9:7: ", "twice"},
        {TOP "units: kg\n" LINKS, "5:8: ", "units must be a list of ratios"},
        {TOP "units: { ratio: [] }\n" LINKS, "5:10: ", "did you mean \"ratios\"?"},
        {TOP "mask_keys: hunter2\n" LINKS, "5:12: ", "must be a mapping, not a single value"},
        {TOP "mask_keys: { k: { key: x } }\n" LINKS, "5:19: ", "allowed: key_file, key_env"},
        {TOP "vocabulary: [a, a]\n" LINKS, "5:17: ", "a is there twice"},
    };
    CHECK_BAD(cases);
}

/* ---- events ---- */

static const char order[] =
    TOP "events:\n"
        "  OperationsRequest:\n"
        "    from: erp\n"
        "    of: mrp_production\n"
        "    key: id\n"
        "    touched_by:\n"
        "      stock_move: raw_material_production_id\n"
        "      stock_lot: select id from mrp_production where lot_producing_id = :id\n"
        "    looks_up: [product_product, uom_uom]\n"
        "    sql: |\n"
        "      select p.name as id\n"
        "        from mrp_production p\n"
        "    lists:\n"
        "      material_requirement:\n"
        "        key: material_definition_id\n"
        "        sql: select 1\n" LINK "    flows:\n"
        "      - event: OperationsRequest\n"
        "        let: select 1 as prio from event\n"
        "        on_drift: restore\n"
        "        write:\n"
        "          - table: pro_workorder\n"
        "            key: workorder_code\n"
        "            once: [status, create_time]\n"
        "            touch: [update_time]\n"
        "            round: { quantity: half_up }\n"
        "            if_no_row: wait\n"
        "            sql: |\n"
        "              select e.event, e.id as workorder_code\n"
        "                from event e\n"
        "          - table: pro_workorder_bom\n"
        "            lines: material_requirement\n"
        "            key: [workorder_id, item_id]\n"
        "            delete_missing_in:\n"
        "              workorder_id: select w.workorder_id from event e\n"
        "            sql: select e.event, l.line from event e join line l\n"
        "        gone:\n"
        "          - table: pro_workorder\n"
        "            key: workorder_code\n"
        "            sql: select e.event from event e\n";

static void an_event_is_read(void **state)
{
    (void)state;
    struct config *c = load_good(order);
    const struct event_config *e = &c->events[0];
    assert_string_equal(e->name, "OperationsRequest");
    assert_string_equal(e->type, "OperationsRequest");
    assert_string_equal(e->from->name, "erp");
    assert_string_equal(e->of, "mrp_production");
    assert_int_equal(e->ntouched_by, 2);
    assert_string_equal(e->touched_by[0].column, "raw_material_production_id");
    assert_null(e->touched_by[1].column);
    assert_int_equal(e->touched_by[1].query.line, 12);
    assert_int_equal(e->looks_up.n, 2);
    assert_int_equal(e->sql.line, 15); /* where `select` stands */
    assert_string_equal(e->lists[0].field, "material_requirement");
    assert_string_equal(e->lists[0].key, "material_definition_id");
    config_free(c);
}

static void a_flow_is_read(void **state)
{
    (void)state;
    struct config *c = load_good(order);
    const struct event_flow *f = &c->links[0].event_flows[0];
    assert_ptr_equal(f->event, &c->events[0]);
    assert_int_equal(f->on_drift, DRIFT_RESTORE);
    assert_false(f->together);
    assert_int_equal(f->quarantine_limit, 1000);
    const struct write_config *head = &f->writes[0], *lines = &f->writes[1], *gone = &f->gone[0];
    assert_int_equal(head->op, WRITE_UPSERT);
    assert_int_equal(head->if_no_row, ELSE_WAIT);
    assert_int_equal(head->if_no_target, ELSE_QUARANTINE);
    assert_int_equal(head->once.n, 2);
    assert_string_equal(head->rounds[0].mode, "half_up");
    assert_null(head->lines);
    assert_string_equal(lines->lines, "material_requirement");
    assert_int_equal(lines->key.n, 2);
    assert_string_equal(lines->delete_missing_in[0].column, "workorder_id");
    assert_int_equal(gone->op, WRITE_UPDATE);
    config_free(c);
}

static void events_are_checked(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {TOP "events: { Order: {} }\n" LINKS, "5:18: ", "an event needs `from: system`"},
        {TOP "events:\n  Order: { from: crm, of: a, key: id, sql: select 1 }\n" LINKS,
         "6:18: ", "there is no system \"crm\""},
        {TOP "events:\n  Order: { from: erp, off: a }\n" LINKS, "6:23: ", "did you mean \"of\"?"},
        {TOP EVENT "    looks_up: [mrp_production]\n" LINKS, "7:5: ", "is what the event is of"},
        {TOP EVENT "    looks_up: [a]\n    touched_by: { a: b }\n" LINKS, "7:5: ", "one of them"},
        {TOP EVENT "    lists: { lines: { key: a } }\n" LINKS, "11:21: ", "a list needs `sql"},
        {TOP EVENT "    lists: { lines: { key: [a], sql: select 1 } }\n" LINKS, "11:28: ", "not a list"},
    };
    CHECK_BAD(cases);
}

/* ---- flows ---- */

static void flows_are_checked(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {TOP EVENT LINK "    flows: []\n", "16:12: ", "flows is empty"},
        {TOP EVENT LINK "    flows: [{ event: Ordr, write: [] }]\n", "16:22: ", "did you mean Order"},
        {TOP EVENT LINK "    flows: [{ event: Order }]\n", "16:13: ", "a flow needs `write"},
        {TOP EVENT LINK "    flows: [{ event: Order, write: [] }]\n", "16:36: ", "write is empty"},
        {TOP EVENT FLOW WRITE "      - event: Order\n        write: []\n", "22:16: ", "two flows"},
        {TOP EVENT FLOW WRITE "            lines: parts\n", "22:20: ", "has no list parts"},
        {TOP EVENT FLOW WRITE "            once: [a]\n            touch: [a]\n", "19:13: ", "once and"},
        {TOP EVENT FLOW WRITE "            touch: [code]\n", "19:13: ", "code is the key"},
        {TOP EVENT FLOW WRITE "            do: update\n            once: [a]\n", "19:13: ", "once is for"},
        {TOP EVENT FLOW WRITE "            round: { q: nearest }\n", "22:25: ", "allowed: half_up"},
        {TOP EVENT FLOW WRITE "            delete_missing_in: { a: select 1 }\n", "22:13: ", "`lines`"},
        {TOP EVENT FLOW WRITE "            if_no_row: stop\n", "22:24: ", "wait | quarantine | skip"},
        {TOP "events: { Order: { from: mes, of: a, key: id, sql: select 1 } }\n" LINK
             "    flows: [{ event: Order, write: [] }]\n",
         "11:22: ", "event Order is read from mes, and link orders reads from erp"},
    };
    CHECK_BAD(cases);
}

#define FLOWS "    flows: [{ event: Order, write: [{ table: t, key: k, sql: select 1 }] }]\n"

static void a_link_has_tables_or_flows(void **state)
{
    (void)state;
    static const struct bad cases[] = {
        {TOP EVENT LINK FLOWS "    tables: { a.b: c.d }\n", "16:5: ", "`tables` or `flows`, not both"},
        {TOP EVENT LINK FLOWS "    exclude: [a.b]\n", "17:5: ", "exclude is of a link with `tables`"},
        {TOP EVENT LINK FLOWS "    on_refused: stop\n", "17:5: ",
         "on_refused is of a link with `tables`"},
        {TOP LINKS "    retry_every: 1 s\n", "11:5: ", "retry_every is of a link with `flows`"},
        {TOP EVENT LINK FLOWS "    retry_every: 0 s\n", "17:18: ", "1 s to 1 d"},
        {TOP "  sink: { null: {} }\n" EVENT "links:\n"
             "  - { name: x, from: erp, to: sink, first_copy: none, flows: [{ event: Order }] }\n",
         "13:55: ", "sink only counts rows"},
    };
    CHECK_BAD(cases);
}

#define COPY(copy)                                                                                 \
    TOP EVENT "links:\n  - name: x\n    from: erp\n    to: mes\n    first_copy: " copy "\n" FLOWS

static void flows_are_first_written_by_key_or_not_at_all(void **state)
{
    (void)state;
    struct config *c = load_good(COPY("{ mode: merge }"));
    assert_int_equal(c->links[0].first_copy, COPY_MERGE);
    assert_true(c->links[0].copies);
    config_free(c);
    c = load_good(COPY("{ mode: none }"));
    assert_int_equal(c->links[0].first_copy, COPY_NONE);
    assert_false(c->links[0].copies);
    config_free(c);
    static const struct bad cases[] = {
        {COPY("{ mode: to_empty }"), "15:25: ", "is of a link with `tables`"},
        {COPY("merge"), "15:17: ", "allowed: none, or {mode: merge}"},
        {COPY("{ from: mes, mode: merge }"), "15:25: ", "does not read from mes, allowed: erp"},
    };
    CHECK_BAD(cases);
}

static void what_waits_has_its_times_and_its_place(void **state)
{
    (void)state;
    struct config *c = load_good(COPY("none"));
    char beside[200];
    snprintf(beside, sizeof beside, "%s.state", path);
    assert_string_equal(c->state_dir, beside);
    assert_int_equal(c->links[0].retry_every_ms, 10000);
    config_free(c);
    c = load_good(COPY("none") "    retry_every: 1 min\nstate_dir: mirrors\n");
    assert_string_equal(c->state_dir, "/tmp/mirrors");
    assert_int_equal(c->links[0].retry_every_ms, 60000);
    config_free(c);
}

/* Fan-in: a movement of stock comes from more than one table. */
static void several_events_make_one_message(void **state)
{
    (void)state;
    struct config *c = load_good(
        TOP "events:\n"
            "  Order: { from: erp, of: a, key: id, sql: select 1 }\n"
            "  Late: { from: erp, of: b, key: id, type: Order, sql: select 1 }\n" LINK "    flows:\n"
            "      - { event: Order, write: [{ table: t, key: k, sql: select 1 }] }\n"
            "      - { event: Late, write: [{ table: t, key: k, sql: select 1 }] }\n");
    assert_string_equal(c->events[0].type, "Order");
    assert_string_equal(c->events[1].name, "Late");
    assert_string_equal(c->events[1].type, "Order");
    assert_ptr_equal(c->links[0].event_flows[1].event, &c->events[1]);
    config_free(c);
}

/* ---- what events say, and what must not change ---- */

struct hashes {
    char events[DIGEST_TEXT_BYTES];
    unsigned char plan[32];
};

static struct hashes hashes_of(const char *text, const char *more)
{
    struct hashes h;
    struct config *c = load_good(text);
    link_events_hash(c, &c->links[0], &more, 1, h.events);
    link_plan_hash(&c->links[0], h.plan);
    config_free(c);
    return h;
}

#define ZONED(zone)                                                                                \
    "millrace: 1\n"                                                                                \
    "systems:\n"                                                                                   \
    "  erp: { postgresql: host=erp dbname=erp, zone: " zone ", capture: { user: r } }\n"           \
    "  mes: { mariadb: { host: mes }, capture: { user: r }, apply: { user: w } }\n"
#define SAYS(key)                                                                                  \
    "events:\n  Order: { from: erp, of: a, key: " key ", looks_up: [b, c], sql: select 1 }\n"      \
    "  Other: { from: erp, of: a, key: id, sql: select 2 }\n"
#define FLOWS_OF(let, sql)                                                                         \
    LINK "    flows: [{ event: Order, let: " let ", write: [{ table: t, key: k, sql: " sql " }] }]\n"
#define BASE_FLOWS FLOWS_OF("select 1", "select 1")

static void the_hash_of_events_knows_what_they_say(void **state)
{
    (void)state;
    static const char *const same[] = {
        TOP SAYS("id") FLOWS_OF("select 2", "select 2"),
        TOP SAYS("id") BASE_FLOWS "    retry_every: 1 min\n",
        TOP "# a comment\nevents:\n"
            "  Order: { sql: select 1, key: id, of: a, looks_up: [c, b], from: erp, type: Order }\n"
            "  Other: { from: erp, of: b, key: id, sql: select 3 }\n" BASE_FLOWS,
    };
    static const char *const other[] = {
        TOP SAYS("name") BASE_FLOWS,
        ZONED("Asia/Shanghai") SAYS("id") BASE_FLOWS,
        TOP "events:\n  Order: { from: erp, of: a, key: id, looks_up: [b], sql: select 1 }\n" BASE_FLOWS,
        TOP "events:\n  Order: { from: erp, of: a, key: id, type: Ordr, looks_up: [b, c], sql: select 1 }\n"
            BASE_FLOWS,
    };
    struct hashes base = hashes_of(TOP SAYS("id") BASE_FLOWS, "dictionaries");
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_string_equal(hashes_of(same[i], "dictionaries").events, base.events);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        assert_string_not_equal(hashes_of(other[i], "dictionaries").events, base.events);
    assert_string_not_equal(hashes_of(TOP SAYS("id") BASE_FLOWS, "others").events, base.events);
}

/* A mapping may change at every start: the mirror is made again. A link may not become another. */
static void the_plan_of_a_link_of_events_is_its_systems(void **state)
{
    (void)state;
    struct hashes base = hashes_of(TOP SAYS("id") BASE_FLOWS, "");
    static const char *const same[] = {
        TOP SAYS("name") FLOWS_OF("select 2", "select 3"),
        ZONED("Asia/Shanghai") SAYS("id") BASE_FLOWS,
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_memory_equal(hashes_of(same[i], "").plan, base.plan, 32);
    struct config *c = load_good(TOP LINKS);
    unsigned char tables[32];
    link_plan_hash(&c->links[0], tables);
    assert_memory_not_equal(tables, base.plan, 32);
    config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_handed_on_as_they_stand),
        cmocka_unit_test(the_shape_of_codes_is_checked),
        cmocka_unit_test(an_event_is_read),
        cmocka_unit_test(a_flow_is_read),
        cmocka_unit_test(events_are_checked),
        cmocka_unit_test(flows_are_checked),
        cmocka_unit_test(a_link_has_tables_or_flows),
        cmocka_unit_test(flows_are_first_written_by_key_or_not_at_all),
        cmocka_unit_test(what_waits_has_its_times_and_its_place),
        cmocka_unit_test(several_events_make_one_message),
        cmocka_unit_test(the_hash_of_events_knows_what_they_say),
        cmocka_unit_test(the_plan_of_a_link_of_events_is_its_systems),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
