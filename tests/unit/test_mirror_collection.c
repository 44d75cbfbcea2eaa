/* test_mirror_collection.c: records in memory have SQLite's order and equality
 * libs: mirror */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "transforms/mirror/collection.h"
#include "transforms/mirror/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

enum { RUNS = 200, RECORDS = 300, NKEY = 2 };

static struct arena arena;
static uint64_t chance_state = 20261126;

static uint32_t chance(uint32_t below)
{
    chance_state = chance_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(chance_state >> 33) % below;
}

static struct value chance_value(void)
{
    static const int64_t numbers[] = {INT64_MIN, -1, 0, 1, 2, 9, 10, INT64_MAX};
    static const char *const texts[] = {"", "1", "10", "9", "a", "ab", "b", "\xe4\xb8\xad", "A"};
    const char *text = texts[chance(9)];
    switch (chance(4)) {
    case 0:
        return value_null();
    case 1:
        return value_int(numbers[chance(8)]);
    case 2:
        return value_text(VALUE_TEXT, text, strlen(text));
    default:
        return value_text(VALUE_BYTES, text, strlen(text));
    }
}

static void show(struct buffer *b, const struct value *key)
{
    for (int i = 0; i < NKEY; i++) {
        buffer_add_format(b, "%d:", key[i].kind);
        if (key[i].kind == VALUE_INT)
            buffer_add_int(b, key[i].i);
        else if (key[i].kind != VALUE_NULL)
            buffer_add(b, key[i].text, key[i].size);
        buffer_add_text(b, i + 1 < NKEY ? ", " : "\n");
    }
}

/* Each once, in its order: by SQLite, of the same records. */
static void show_table(sqlite3 *db, struct buffer *out)
{
    struct failure f = {0};
    sqlite3_stmt *all;
    bool row = true;
    assert_int_equal(db_prepare(db, "select distinct a, b from t order by a, b", &all, &f), 0);
    for (assert_int_equal(db_step(all, &row, &f), 0); row;
         assert_int_equal(db_step(all, &row, &f), 0)) {
        const struct value key[NKEY] = {db_column(all, 0), db_column(all, 1)};
        show(out, key);
    }
    sqlite3_finalize(all);
}

static void fill_both(struct collection *c, sqlite3 *db, uint32_t n)
{
    struct failure f = {0};
    sqlite3_stmt *insert;
    assert_int_equal(db_prepare(db, "insert into t values (?1, ?2)", &insert, &f), 0);
    for (uint32_t i = 0; i < n; i++) {
        const struct value key[NKEY] = {chance_value(), chance_value()};
        for (int k = 0; k < NKEY; k++)
            db_bind(insert, k + 1, &key[k]);
        assert_int_equal(db_run(insert, &f), 0);
        assert_true(collection_takes(key, NKEY));
        if (!collection_find(c, key))
            collection_add(c, key, &arena);
        assert_non_null(collection_find(c, key));
    }
    sqlite3_finalize(insert);
}

static void compare_with_sqlite(uint32_t n)
{
    struct collection c = {.nkey = NKEY};
    struct buffer is, wanted;
    struct collected *r;
    struct failure f = {0};
    sqlite3 *db;
    buffer_init(&is, 1 << 20);
    buffer_init(&wanted, 1 << 20);
    assert_int_equal(db_open(NULL, &db, &f), 0);
    assert_int_equal(db_exec(db, &f, "create table t (a, b)"), 0);
    fill_both(&c, db, n);
    collection_sort(&c);
    while ((r = collection_next(&c)))
        show(&is, r->key);
    show_table(db, &wanted);
    assert_string_equal(buffer_text(&is), buffer_text(&wanted));
    sqlite3_close(db);
    buffer_free(&is);
    buffer_free(&wanted);
    arena_reset(&arena);
}

static void each_key_is_there_once_in_the_order_of_sqlite(void **state)
{
    (void)state;
    for (int i = 0; i < RUNS; i++)
        compare_with_sqlite(chance(RECORDS));
}

static void doubles_and_decimals_are_for_sqlite(void **state)
{
    (void)state;
    const struct value d = {.kind = VALUE_DOUBLE, .d = 1}, n = value_text(VALUE_DECIMAL, "1", 1);
    const struct value mixed[] = {value_int(1), d};
    assert_false(collection_takes(&d, 1));
    assert_false(collection_takes(&n, 1));
    assert_false(collection_takes(mixed, 2));
    assert_true(collection_takes(mixed, 1));
}

static void what_is_dropped_does_not_come(void **state)
{
    (void)state;
    struct collection c = {.nkey = 1};
    const struct value one = value_int(1), two = value_int(2);
    struct collected *first = collection_add(&c, &two, &arena);
    collection_add(&c, &one, &arena);
    struct collected *second = collection_add(&c, &two, &arena);
    assert_ptr_equal(collection_find(&c, &two), second);
    assert_ptr_equal(second->older, first);
    first->dropped = true;
    collection_sort(&c);
    assert_int_equal(collection_next(&c)->key[0].i, 1);
    assert_ptr_equal(collection_next(&c), second);
    assert_null(collection_next(&c));
    collection_clear(&c);
    assert_null(collection_find(&c, &two));
    assert_null(collection_next(&c));
}

int main(void)
{
    arena_init(&arena);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_is_there_once_in_the_order_of_sqlite),
        cmocka_unit_test(doubles_and_decimals_are_for_sqlite),
        cmocka_unit_test(what_is_dropped_does_not_come),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
