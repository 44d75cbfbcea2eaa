/* test_change_code.c: a change as bytes, and back, also where the bytes or the table are others
 * libs: */
#include "model/change_code.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

enum { NCOLUMNS = VALUE_ODD + 1 };

static const char uuid[16] = "0123456789abcde\xff";

static const struct value all[NCOLUMNS] = {
    [VALUE_ABSENT] = {.kind = VALUE_ABSENT},
    [VALUE_NULL] = {.kind = VALUE_NULL},
    [VALUE_BOOL] = {.kind = VALUE_BOOL, .i = 1},
    [VALUE_INT] = {.kind = VALUE_INT, .i = INT64_MIN},
    [VALUE_UINT] = {.kind = VALUE_UINT, .u = UINT64_MAX},
    [VALUE_FLOAT] = {.kind = VALUE_FLOAT, .d = 0.1f},
    [VALUE_DOUBLE] = {.kind = VALUE_DOUBLE, .d = -0.0},
    [VALUE_DECIMAL] = {.kind = VALUE_DECIMAL, .size = 21, .text = "-123456789012345.1000"},
    [VALUE_TEXT] = {.kind = VALUE_TEXT, .size = 6, .text = "a\0b'\xc3\xa9"},
    [VALUE_BYTES] = {.kind = VALUE_BYTES, .size = 3, .text = "\xff\0\x01"},
    [VALUE_DATE] = {.kind = VALUE_DATE, .i = -719162},
    [VALUE_TIME] = {.kind = VALUE_TIME, .i = -3020399000000},
    [VALUE_DATETIME] = {.kind = VALUE_DATETIME, .i = 1764000000123456},
    [VALUE_INSTANT] = {.kind = VALUE_INSTANT, .i = -1},
    [VALUE_JSON] = {.kind = VALUE_JSON, .size = 8, .text = "{\"a\": 1}"},
    [VALUE_UUID] = {.kind = VALUE_UUID, .size = 16, .text = uuid},
    [VALUE_ODD] = {.kind = VALUE_ODD, .size = 3, .text = "NaN"},
};

static char names[NCOLUMNS + 1][8];
static struct column columns[NCOLUMNS + 1];
static struct relation wide = {
    .schema = "s", .name = "t", .ncolumns = NCOLUMNS, .columns = columns};

static int describe(void **state)
{
    (void)state;
    for (int i = 0; i <= NCOLUMNS; i++) {
        snprintf(names[i], sizeof names[i], "c%d", i);
        columns[i] = (struct column){.name = names[i],
                                     .type = "some",
                                     .kind = i < NCOLUMNS ? (enum value_kind)i : VALUE_INT};
    }
    return 0;
}

/* The bits, not only the meaning. */
static void assert_same(const struct value *a, const struct value *b)
{
    assert_int_equal(a->kind, b->kind);
    if (value_kind_has_text((enum value_kind)a->kind)) {
        assert_int_equal(a->size, b->size);
        assert_memory_equal(a->text, b->text, a->size);
    } else if (a->kind > VALUE_NULL) {
        assert_int_equal(a->u, b->u);
    }
}

struct coded {
    struct buffer code;
    struct arena arena;
    struct failure failure;
    struct change back;
};

static void encode(struct coded *k, enum change_op op, const struct value *before,
                   const struct value *after)
{
    struct change c = {op, &wide, (struct value *)before, (struct value *)after};
    memset(k, 0, sizeof *k);
    buffer_init(&k->code, 1 << 20);
    arena_init(&k->arena);
    change_encode(&c, &k->code);
}

static enum status decode(struct coded *k, const struct relation *r)
{
    return change_decode(k->code.data, k->code.size, r, &k->arena, &k->back, &k->failure);
}

static void free_coded(struct coded *k)
{
    buffer_free(&k->code);
    arena_free(&k->arena);
}

static void every_kind_comes_back_to_the_bit(void **state)
{
    (void)state;
    struct coded k;
    encode(&k, CHANGE_UPDATE, all, all);
    assert_int_equal(decode(&k, &wide), STATUS_OK);
    assert_int_equal(k.back.op, CHANGE_UPDATE);
    assert_ptr_equal(k.back.relation, &wide);
    for (int i = 0; i < NCOLUMNS; i++) {
        assert_same(&all[i], &k.back.before[i]);
        assert_same(&all[i], &k.back.after[i]);
    }
    free_coded(&k);
}

static void an_image_that_is_not_there_stays_away(void **state)
{
    (void)state;
    static const struct {
        enum change_op op;
        bool before, after;
    } cases[] = {{CHANGE_INSERT, false, true},
                 {CHANGE_UPDATE, false, true},
                 {CHANGE_UPDATE, true, true},
                 {CHANGE_DELETE, true, false},
                 {CHANGE_TRUNCATE, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct coded k;
        encode(&k, cases[i].op, cases[i].before ? all : NULL, cases[i].after ? all : NULL);
        assert_int_equal(decode(&k, &wide), STATUS_OK);
        assert_int_equal(k.back.op, cases[i].op);
        assert_int_equal(k.back.before != NULL, cases[i].before);
        assert_int_equal(k.back.after != NULL, cases[i].after);
        free_coded(&k);
    }
}

static void the_table_is_known_without_its_columns(void **state)
{
    (void)state;
    struct coded k;
    const char *schema, *table;
    encode(&k, CHANGE_INSERT, NULL, all);
    assert_int_equal(change_code_table(k.code.data, k.code.size, &k.arena, &schema, &table,
                                       &k.failure),
                     STATUS_OK);
    assert_string_equal(schema, "s");
    assert_string_equal(table, "t");
    free_coded(&k);
}

static void a_column_that_was_appended_is_absent_and_order_does_not_matter(void **state)
{
    (void)state;
    struct column turned[NCOLUMNS + 1];
    struct relation later = wide;
    for (int i = 0; i <= NCOLUMNS; i++)
        turned[i] = columns[NCOLUMNS - i];
    later.columns = turned;
    later.ncolumns = NCOLUMNS + 1;
    struct coded k;
    encode(&k, CHANGE_INSERT, NULL, all);
    assert_int_equal(decode(&k, &later), STATUS_OK);
    assert_int_equal(k.back.after[0].kind, VALUE_ABSENT);
    for (int i = 0; i < NCOLUMNS; i++)
        assert_same(&all[i], &k.back.after[NCOLUMNS - i]);
    free_coded(&k);
}

static void a_column_that_went_or_changed_its_type_is_named(void **state)
{
    (void)state;
    struct column others[NCOLUMNS];
    struct relation later = wide;
    struct coded k;
    encode(&k, CHANGE_INSERT, NULL, all);
    memcpy(others, columns, sizeof others);
    later.columns = others;
    others[VALUE_TEXT].name = "renamed";
    assert_int_equal(decode(&k, &later), STATUS_DATA);
    assert_int_equal(k.failure.code, ERROR_VALUE);
    assert_non_null(strstr(k.failure.text, columns[VALUE_TEXT].name));
    others[VALUE_TEXT].name = columns[VALUE_TEXT].name;
    others[VALUE_INT].kind = VALUE_TEXT;
    assert_int_equal(decode(&k, &later), STATUS_DATA);
    assert_non_null(strstr(k.failure.text, columns[VALUE_INT].name));
    free_coded(&k);
}

/* Memory of its own size, so that a read beyond the end shows. */
static void try_bytes(const char *bytes, size_t size, bool must_fail)
{
    struct coded k = {.failure.code = ERROR_NONE};
    const char *schema, *table;
    char *copy = malloc(size + 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    arena_init(&k.arena);
    enum status status = change_decode(copy, size, &wide, &k.arena, &k.back, &k.failure);
    (void)change_code_table(copy, size, &k.arena, &schema, &table, &k.failure);
    assert_true(status == STATUS_OK || k.failure.code == ERROR_VALUE);
    assert_true(!must_fail || status == STATUS_DATA);
    arena_free(&k.arena);
    free(copy);
}

static void bytes_that_are_cut_or_longer_are_refused(void **state)
{
    (void)state;
    struct coded k;
    encode(&k, CHANGE_UPDATE, all, all);
    for (size_t size = 0; size < k.code.size; size++)
        try_bytes(k.code.data, size, true);
    buffer_add_char(&k.code, 'x');
    try_bytes(k.code.data, k.code.size, true);
    free_coded(&k);
}

static void bytes_that_were_changed_do_no_harm(void **state)
{
    (void)state;
    struct coded k;
    encode(&k, CHANGE_UPDATE, all, all);
    srand(7);
    for (size_t i = 0; i < k.code.size; i++)
        for (int turn = 0; turn < 8; turn++) {
            char was = k.code.data[i];
            k.code.data[i] = (char)(turn ? rand() : 0xff);
            try_bytes(k.code.data, k.code.size, false);
            k.code.data[i] = was;
        }
    free_coded(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_comes_back_to_the_bit),
        cmocka_unit_test(an_image_that_is_not_there_stays_away),
        cmocka_unit_test(the_table_is_known_without_its_columns),
        cmocka_unit_test(a_column_that_was_appended_is_absent_and_order_does_not_matter),
        cmocka_unit_test(a_column_that_went_or_changed_its_type_is_named),
        cmocka_unit_test(bytes_that_are_cut_or_longer_are_refused),
        cmocka_unit_test(bytes_that_were_changed_do_no_harm),
    };
    return cmocka_run_group_tests(tests, describe, NULL);
}
