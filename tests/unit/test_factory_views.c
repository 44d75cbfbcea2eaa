/* test_factory_views.c: the views of examples/factory/events/factory.yaml compile over the tables of
 * both systems, with the functions and the guard that links use; and what the guard is there for.
 * libs: event_functions */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "factory_schema.h"
#include "transforms/events/event_functions.h"
#include "transforms/vocabulary/vocabulary.h"

#define DIRECTORY SOURCE_DIR "/examples/factory/events/"

static struct config *config;
static struct functions *functions;
static struct vocabulary *vocabulary;
static struct schema erp, mes;
static struct failure failure;

static int told(enum status status)
{
    if (status != STATUS_OK)
        print_error("%s\n", failure.text);
    return status != STATUS_OK;
}

static int setup(void **state)
{
    (void)state;
    static const char *const secrets[] = {"ERP_READ", "ERP_WRITE", "MES_READ", "MES_WRITE"};
    const char *const folders[] = {SOURCE_DIR "/vocabulary"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        setenv(secrets[i], "secret", 1);
    schema_read(&erp, DIRECTORY "schema/erp.sql");
    schema_read(&mes, DIRECTORY "schema/mes.sql");
    if (told(config_load(DIRECTORY "factory.yaml", &config, &failure)))
        return -1;
    struct vocabulary_files files = {config->vocabulary.name, (size_t)config->vocabulary.n, folders,
                                     1};
    return told(event_functions_load(config, &functions, &failure)) ||
           told(vocabulary_load(&files, &vocabulary, &failure));
}

static int teardown(void **state)
{
    (void)state;
    functions_free(functions);
    vocabulary_free(vocabulary);
    config_free(config);
    arena_free(&erp.arena);
    arena_free(&mes.arena);
    return 0;
}

static struct event_functions functions_of(const struct schema *s)
{
    return (struct event_functions){functions, vocabulary, s->tables, s->ntables};
}

/* Lies in the arena. */
static struct event_definition definition_of(const struct event_config *e, struct arena *a)
{
    struct event_definition d = {
        .name = e->name,
        .type = e->type,
        .of = e->of,
        .key = e->key,
        .looks_up = e->looks_up.name,
        .nlooks_up = e->looks_up.n,
        .ntouched_by = e->ntouched_by,
        .nlists = e->nlists,
        .sql = e->sql.text,
    };
    struct touch_definition *touches = arena_zalloc(a, (size_t)(e->ntouched_by + 1) * sizeof *touches);
    struct list_definition *lists = arena_zalloc(a, (size_t)(e->nlists + 1) * sizeof *lists);
    for (int i = 0; i < e->ntouched_by; i++) {
        const struct touch_config *t = &e->touched_by[i];
        touches[i] = (struct touch_definition){t->table, t->column ? t->column : t->query.text};
    }
    for (int i = 0; i < e->nlists; i++)
        lists[i] = (struct list_definition){e->lists[i].field, e->lists[i].key,
                                            e->lists[i].sql.text};
    d.touched_by = touches;
    d.lists = lists;
    return d;
}

static enum status compile(const struct schema *s, const struct event_definition *d,
                           struct views **out)
{
    struct event_functions e = functions_of(s);
    struct views_options options;
    event_functions_views(&e, &options);
    failure_clear(&failure);
    return views_compile(d, 1, s->tables, s->ntables, &options, out, &failure);
}

static void its_views_compile_with_the_guard_on(void **state)
{
    (void)state;
    struct arena a = {0};
    for (int i = 0; i < config->nevents; i++) {
        const struct event_config *e = &config->events[i];
        struct event_definition d = definition_of(e, &a);
        struct views *views;
        assert_false(told(compile(strcmp(e->from->name, "erp") == 0 ? &erp : &mes, &d, &views)));
        views_free(views);
    }
    arena_free(&a);
}

static const struct event_definition plain = {
    .name = "OperationsRequest",
    .of = "mrp_production",
    .key = "id",
    .sql = "select name as id, product_qty as quantity from mrp_production where id = :object",
};

static void a_view_that_computes_with_doubles_is_refused(void **state)
{
    (void)state;
    struct event_definition d = plain;
    struct views *views;
    d.sql = "select name as id, product_qty * 2 as quantity from mrp_production where id = :object";
    assert_int_equal(compile(&erp, &d, &views), STATUS_CONFIG);
    assert_non_null(strstr(failure.text, "dec_mul"));
    d.sql = "select name as id from mrp_production where id = :object and name > date('now')";
    assert_int_equal(compile(&erp, &d, &views), STATUS_CONFIG);
}

/* Codes in columns of texts are no numbers, whatever they look like. */
static void codes_are_compared_beside_decimals(void **state)
{
    (void)state;
    struct event_definition d = plain;
    struct views *views;
    d.sql = "select name as id, dec_mul(product_qty, 2) as quantity from mrp_production"
            " where id = :object and state in ('1', '2') and priority = origin and name > 'a'";
    assert_false(told(compile(&erp, &d, &views)));
    views_free(views);
}

static void decimal_fields_are_known_by_the_vocabulary(void **state)
{
    (void)state;
    struct event_functions e = functions_of(&erp);
    struct views_options o;
    event_functions_views(&e, &o);
    static const struct {
        const char *type, *list, *field;
        enum value_kind kind;
    } cases[] = {
        {"OperationsRequest", NULL, "quantity", VALUE_DECIMAL},
        {"OperationsRequest", NULL, "end_time", VALUE_ABSENT},
        {"OperationsRequest", "material_requirement", "quantity", VALUE_DECIMAL},
        {"OperationsRequest", "material_requirement", "quantity_unit", VALUE_ABSENT},
        {"OperationsRequest", "no_list", "quantity", VALUE_ABSENT},
        {"NoMessage", NULL, "quantity", VALUE_ABSENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(o.field_kind(o.context, cases[i].type, cases[i].list, cases[i].field),
                         cases[i].kind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_views_compile_with_the_guard_on),
        cmocka_unit_test(a_view_that_computes_with_doubles_is_refused),
        cmocka_unit_test(codes_are_compared_beside_decimals),
        cmocka_unit_test(decimal_fields_are_known_by_the_vocabulary),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
