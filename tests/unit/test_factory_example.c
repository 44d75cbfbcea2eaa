/* test_factory_example.c: examples/factory/events/factory.yaml is what the parser takes, and it has
 * the events, lists and writes that docs/MAPPING.md teaches.
 * libs: functions */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "config/config.h"
#include "config/node.h"
#include "transforms/functions/load.h"

#define DIRECTORY SOURCE_DIR "/examples/factory/events/"

static struct config *config;

static int setup(void **state)
{
    (void)state;
    static const char *const secrets[] = {"ERP_READ", "ERP_WRITE", "MES_READ", "MES_WRITE"};
    struct failure f;
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        setenv(secrets[i], "secret", 1);
    failure_clear(&f);
    if (config_load(DIRECTORY "factory.yaml", &config, &f) != STATUS_OK) {
        print_error("%s\n", f.text);
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    config_free(config);
    return 0;
}

static const struct event_config *find_event(const char *type)
{
    for (int i = 0; i < config->nevents; i++) {
        if (strcmp(config->events[i].name, type) == 0)
            return &config->events[i];
    }
    return NULL;
}

static const struct event_flow *find_flow(const char *link, const char *type)
{
    const struct link_config *l = config_link(config, link);
    assert_non_null(l);
    for (int i = 0; i < l->nevent_flows; i++) {
        if (strcmp(l->event_flows[i].event->name, type) == 0)
            return &l->event_flows[i];
    }
    return NULL;
}

static void its_events_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *type, *from, *of;
        int touched_by, looks_up, lists;
    } events[] = {
        {"MaterialDefinition", "erp", "product_product", 1, 2, 0},
        {"OperationsRequest", "erp", "mrp_production", 2, 3, 1},
        {"JobResponse", "mes", "pro_feedback", 0, 2, 0},
        {"OperationsResponse", "mes", "pro_workorder", 2, 0, 0},
        {"MaterialActual", "mes", "wm_transaction", 3, 4, 0},
        {"MaterialLot", "mes", "wm_material_stock", 0, 1, 1},
    };
    assert_int_equal(config->nevents, sizeof events / sizeof *events);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        const struct event_config *e = find_event(events[i].type);
        assert_non_null(e);
        assert_string_equal(e->from->name, events[i].from);
        assert_string_equal(e->of, events[i].of);
        assert_string_equal(e->key, "id");
        assert_int_equal(e->ntouched_by, events[i].touched_by);
        assert_int_equal(e->looks_up.n, events[i].looks_up);
        assert_int_equal(e->nlists, events[i].lists);
    }
}

static void its_flows_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *link, *type;
        int writes, gone;
        bool together;
    } flows[] = {
        {"dispatch", "MaterialDefinition", 1, 1, false},
        {"dispatch", "OperationsRequest", 2, 1, false},
        {"feedback", "JobResponse", 1, 0, true},
        {"feedback", "OperationsResponse", 1, 0, false},
        {"feedback", "MaterialActual", 1, 0, true},
    };
    for (size_t i = 0; i < sizeof flows / sizeof *flows; i++) {
        const struct event_flow *flow = find_flow(flows[i].link, flows[i].type);
        assert_non_null(flow);
        assert_int_equal(flow->nwrites, flows[i].writes);
        assert_int_equal(flow->ngone, flows[i].gone);
        assert_int_equal(flow->together, flows[i].together);
    }
    assert_int_equal(config->nlinks, 2);
    assert_int_equal(config_link(config, "dispatch")->first_copy, COPY_MERGE);
    assert_true(config_link(config, "dispatch")->copies);
    assert_int_equal(config_link(config, "feedback")->first_copy, COPY_NONE);
    assert_null(find_flow("feedback", "MaterialLot"));
}

static void orders_own_what_the_erp_owns(void **state)
{
    (void)state;
    const struct event_flow *flow = find_flow("dispatch", "OperationsRequest");
    const struct write_config *order = &flow->writes[0], *bom = &flow->writes[1];
    assert_int_equal(flow->on_drift, DRIFT_RESTORE);
    assert_string_equal(order->once.name[0], "status");
    assert_int_equal(order->if_no_row, ELSE_WAIT);
    assert_string_equal(bom->lines, "material_requirement");
    assert_int_equal(bom->ndelete_missing_in, 1);
    assert_int_equal(flow->gone[0].op, WRITE_UPDATE);
    assert_int_equal(flow->gone[0].if_no_row, ELSE_QUARANTINE);
    assert_int_equal(find_flow("feedback", "OperationsResponse")->writes[0].op, WRITE_UPDATE);
}

static void its_codes_are_read(void **state)
{
    (void)state;
    struct functions_config parts = {config->path, config->dictionaries, config->units,
                                     config->mask_keys};
    struct functions *functions;
    struct failure f = {0};
    if (functions_load(&parts, &functions, &f) != STATUS_OK)
        print_error("%s\n", f.text);
    assert_int_equal(f.code, ERROR_NONE);
    const struct dictionary *unit = dictionary_find(functions_dictionaries(functions), "odoo_unit", 9);
    assert_string_equal(dictionary_value(unit, "Units", 5), "pcs");
    assert_int_equal(config->dictionaries->n, 12);
    assert_int_equal(config->units->n, 4);
    assert_string_equal(config->vocabulary.name[0], "isa95/v1.proto");
    functions_free(functions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_events_are_read),
        cmocka_unit_test(its_flows_are_read),
        cmocka_unit_test(orders_own_what_the_erp_owns),
        cmocka_unit_test(its_codes_are_read),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
