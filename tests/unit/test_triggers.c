/* test_triggers.c: what a MySQL trigger's body writes, as far as its words tell.
 * libs: check */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <strings.h>
#include "check/internal.h"

static bool orders_are_mapped(void *owner, const char *schema, const char *table)
{
    (void)owner;
    return strcasecmp(table, "orders") == 0 && (!schema || strcasecmp(schema, "mes") == 0);
}

static enum trigger_effect effect(const char *body)
{
    char name[65];
    return trigger_effect(body, orders_are_mapped, NULL, name);
}

static void a_body_that_reads_a_mapped_table_is_harmless(void **state)
{
    (void)state;
    assert_int_equal(effect("SELECT count(*) INTO @n FROM orders"), TRIGGER_HARMLESS);
    assert_int_equal(effect("SET @a = replace(NEW.name, 'a', 'b')"), TRIGGER_HARMLESS);
    assert_int_equal(effect("SET @a = 'UPDATE orders SET x = 1'"), TRIGGER_HARMLESS);
    assert_int_equal(effect("-- INSERT INTO orders\nSET @a = 1"), TRIGGER_HARMLESS);
    assert_int_equal(effect("/* DELETE FROM orders */ SET @a = 1"), TRIGGER_HARMLESS);
    assert_int_equal(effect(""), TRIGGER_HARMLESS);
}

static void every_kind_of_write_to_a_mapped_table_is_seen(void **state)
{
    (void)state;
    assert_int_equal(effect("INSERT INTO orders VALUES (1)"), TRIGGER_WRITES_MAPPED);
    assert_int_equal(effect("insert ignore into `orders`(id) values (1)"), TRIGGER_WRITES_MAPPED);
    assert_int_equal(effect("REPLACE orders SET id = 1"), TRIGGER_WRITES_MAPPED);
    assert_int_equal(effect("UPDATE mes . orders SET x = 1"), TRIGGER_WRITES_MAPPED);
    assert_int_equal(effect("UPDATE log l JOIN orders o ON l.id = o.id SET o.x = 1"),
                     TRIGGER_WRITES_MAPPED);
    assert_int_equal(effect("DELETE FROM orders WHERE id = OLD.id"), TRIGGER_WRITES_MAPPED);
    assert_int_equal(effect("DELETE o FROM orders o JOIN x ON x.id = o.id"), TRIGGER_WRITES_MAPPED);
    assert_int_equal(effect("BEGIN IF NEW.a THEN UPDATE Orders SET x = 1; END IF; END"),
                     TRIGGER_WRITES_MAPPED);
}

static void a_write_elsewhere_is_told_apart(void **state)
{
    (void)state;
    char name[65];
    assert_int_equal(effect("INSERT INTO audit SELECT * FROM orders"), TRIGGER_WRITES);
    assert_int_equal(effect("INSERT INTO archive.orders VALUES (1)"), TRIGGER_WRITES);
    assert_int_equal(trigger_effect("UPDATE stock SET n = n - 1", orders_are_mapped, NULL, name),
                     TRIGGER_WRITES);
    assert_string_equal(name, "stock");
}

static void on_duplicate_key_update_names_columns_not_tables(void **state)
{
    (void)state;
    assert_int_equal(effect("INSERT INTO audit VALUES (1) ON DUPLICATE KEY UPDATE orders = 1"),
                     TRIGGER_WRITES);
}

static void altering_the_row_itself_and_calls_are_told(void **state)
{
    (void)state;
    assert_int_equal(effect("SET NEW.at = now()"), TRIGGER_ALTERS);
    assert_int_equal(effect("CALL do_something(NEW.id)"), TRIGGER_CALLS);
}

static void a_body_that_is_cut_off_ends_the_reading(void **state)
{
    (void)state;
    assert_int_equal(effect("INSERT INTO"), TRIGGER_HARMLESS);
    assert_int_equal(effect("UPDATE mes."), TRIGGER_HARMLESS);
    assert_int_equal(effect("DELETE FROM `orders"), TRIGGER_WRITES_MAPPED);
    assert_int_equal(effect("SELECT 'never closed"), TRIGGER_HARMLESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_that_reads_a_mapped_table_is_harmless),
        cmocka_unit_test(every_kind_of_write_to_a_mapped_table_is_seen),
        cmocka_unit_test(a_write_elsewhere_is_told_apart),
        cmocka_unit_test(on_duplicate_key_update_names_columns_not_tables),
        cmocka_unit_test(altering_the_row_itself_and_calls_are_told),
        cmocka_unit_test(a_body_that_is_cut_off_ends_the_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
