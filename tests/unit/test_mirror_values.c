/* test_mirror_values.c: how values lie in SQLite, and when two are the same
 * libs: mirror */
#include "base/buffer.h"
#include "mirror_link.h"
#include "transforms/mirror/code.h"
#include "transforms/mirror/lay.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static struct arena arena;
static struct failure failure;

static struct value laid(struct value v)
{
    struct value out;
    assert_int_equal(lay_value((enum value_kind)v.kind, &v, &arena, &out, &failure), STATUS_OK);
    return out;
}

static void lies_as(struct value v, const char *text)
{
    struct value out = laid(v);
    assert_int_equal(out.kind, VALUE_TEXT);
    assert_int_equal(out.size, strlen(text));
    assert_memory_equal(out.text, text, out.size);
}

static struct value number(enum value_kind kind, int64_t i)
{
    return (struct value){.kind = (uint8_t)kind, .i = i};
}

static struct value text(enum value_kind kind, const char *t)
{
    return value_text(kind, t, strlen(t));
}

static void refused(struct value v)
{
    struct value out;
    assert_int_equal(lay_value((enum value_kind)v.kind, &v, &arena, &out, &failure), STATUS_DATA);
    assert_non_null(strstr(failure.text, "has no form that views could read"));
}

/* ---- laying ---- */

static void numbers_stay_numbers_and_what_is_larger_is_text(void **state)
{
    (void)state;
    assert_int_equal(laid(number(VALUE_BOOL, 1)).kind, VALUE_INT);
    assert_int_equal(laid(number(VALUE_INT, -5)).i, -5);
    assert_int_equal(laid(number(VALUE_UINT, INT64_MAX)).kind, VALUE_INT);
    lies_as(number(VALUE_UINT, INT64_MIN), "9223372036854775808");
    lies_as(number(VALUE_UINT, -1), "18446744073709551615");
    lies_as(text(VALUE_DECIMAL, "999999999999.999999999"), "999999999999.999999999");
    struct value d = {.kind = VALUE_FLOAT, .d = 0.5};
    assert_int_equal(laid(d).kind, VALUE_DOUBLE);
}

static void a_decimal_has_one_text(void **state)
{
    (void)state;
    lies_as(text(VALUE_DECIMAL, "10.00"), "10");
    lies_as(text(VALUE_DECIMAL, "-0.500"), "-0.5");
    lies_as(text(VALUE_DECIMAL, "0.000"), "0");
    lies_as(text(VALUE_DECIMAL, "100"), "100");
    refused(text(VALUE_DECIMAL, "Infinity"));
}

/* SQLite would make a text of a number that is put there. */
static void a_column_of_texts_takes_no_number(void **state)
{
    (void)state;
    struct value out, v = value_int(12), none = value_null();
    failure_clear(&failure);
    assert_int_equal(lay_value(VALUE_TEXT, &v, &arena, &out, &failure), STATUS_BUG);
    assert_int_equal(lay_value(VALUE_TEXT, &none, &arena, &out, &failure), STATUS_OK);
    assert_int_equal(lay_value(VALUE_UINT, &v, &arena, &out, &failure), STATUS_OK);
    for (int kind = 0; kind <= VALUE_ODD; kind++)
        assert_int_equal(lay_is_text((enum value_kind)kind),
                         kind == VALUE_DECIMAL || kind == VALUE_TEXT || kind == VALUE_JSON ||
                             kind == VALUE_UUID || (kind >= VALUE_DATE && kind <= VALUE_INSTANT));
}

static void times_are_texts_and_instants_say_that_they_are_utc(void **state)
{
    (void)state;
    int64_t us = 1795452480123456; /* 2026-11-23 16:48:00.123456 */
    lies_as(number(VALUE_DATE, 20780), "2026-11-23");
    lies_as(number(VALUE_DATETIME, us), "2026-11-23 16:48:00.123456");
    lies_as(number(VALUE_INSTANT, us / 1000000 * 1000000), "2026-11-23 16:48:00Z");
    lies_as(number(VALUE_TIME, -1500000), "-00:00:01.500000");
    lies_as(number(VALUE_DATETIME, -1), "1969-12-31 23:59:59.999999");
}

static void texts_of_all_kinds_are_text_and_bytes_are_bytes(void **state)
{
    (void)state;
    lies_as(text(VALUE_TEXT, "00012"), "00012");
    lies_as(text(VALUE_JSON, "{\"a\": 1}"), "{\"a\": 1}");
    lies_as(value_text(VALUE_UUID, "0123456789abcdef", 16), "30313233-3435-3637-3839-616263646566");
    assert_int_equal(laid(text(VALUE_BYTES, "x")).kind, VALUE_BYTES);
    assert_int_equal(laid(value_null()).kind, VALUE_NULL);
}

static void what_has_no_common_form_is_refused(void **state)
{
    (void)state;
    refused(text(VALUE_ODD, "0000-00-00"));
    refused(text(VALUE_ODD, "NaN"));
    refused((struct value){.kind = VALUE_DOUBLE, .d = NAN});
    refused(number(VALUE_DATE, 2932897)); /* 10000-01-01 */
    refused(number(VALUE_DATE, -719163)); /* 0000-12-31 */
    lies_as(number(VALUE_DATE, 2932896), "9999-12-31");
    lies_as(number(VALUE_DATE, -719162), "0001-01-01");
}

/* ---- sameness ---- */

static bool same(enum value_kind kind, struct value a, struct value b)
{
    return code_same_value(kind, &a, &b);
}

static void decimals_are_the_same_without_their_outer_zeros(void **state)
{
    (void)state;
    struct value ten = text(VALUE_TEXT, "10.0");
    assert_true(same(VALUE_DECIMAL, ten, text(VALUE_TEXT, "10")));
    assert_true(same(VALUE_DECIMAL, ten, text(VALUE_TEXT, "+010.")));
    assert_true(same(VALUE_DECIMAL, ten, value_int(10)));
    assert_true(same(VALUE_DECIMAL, ten, (struct value){.kind = VALUE_DOUBLE, .d = 10}));
    assert_true(same(VALUE_DECIMAL, text(VALUE_TEXT, "-0.0"), value_int(0)));
    assert_false(same(VALUE_DECIMAL, ten, text(VALUE_TEXT, "10.01")));
    assert_false(same(VALUE_DECIMAL, ten, text(VALUE_TEXT, "1.00")));
    assert_false(same(VALUE_DECIMAL, ten, value_null()));
    assert_false(same(VALUE_DECIMAL, text(VALUE_TEXT, "ten"), text(VALUE_TEXT, "Ten")));
    assert_false(same(VALUE_TEXT, ten, text(VALUE_TEXT, "10")));
    assert_false(same(VALUE_TEXT, text(VALUE_TEXT, "00012"), text(VALUE_TEXT, "12")));
    assert_true(same(VALUE_ABSENT, value_int(1), (struct value){.kind = VALUE_DOUBLE, .d = 1}));
}

/* Two lists that are the same must come in the same order. */
static void decimals_have_one_order_in_all_their_spellings(void **state)
{
    (void)state;
    struct value small = text(VALUE_TEXT, "1.5");
    struct value tens[] = {value_int(10), text(VALUE_TEXT, "10"), text(VALUE_TEXT, "10.00"),
                           {.kind = VALUE_DOUBLE, .d = 10}};
    for (int i = 0; i < 4; i++) {
        assert_true(code_compare(VALUE_DECIMAL, &small, &tens[i]) < 0);
        assert_true(code_compare(VALUE_DECIMAL, &tens[i], &small) > 0);
        assert_int_equal(code_compare(VALUE_DECIMAL, &tens[i], &tens[0]), 0);
    }
}

/* ---- objects as bytes ---- */

static void an_object_is_read_back_and_cut_bytes_are_damage(void **state)
{
    (void)state;
    struct query list = {.name = "lines", .fields = &(struct field){"code", VALUE_TEXT},
                         .nfields = 1};
    struct view view = {.name = "Order",
                        .query = {.fields = (struct field[]){{"id", VALUE_TEXT}, {"n", VALUE_INT}},
                                  .nfields = 2},
                        .lists = &list,
                        .nlists = 1};
    struct object_field code = {"code", text(VALUE_TEXT, "BOARD")};
    struct object line = {.fields = &code, .nfields = 1};
    struct object_list lines = {"lines", &line, 1};
    struct object_field fields[] = {{"id", text(VALUE_TEXT, "WH/MO/7")}, {"n", value_null()}};
    struct object o = {fields, 2, &lines, 1}, *back;
    struct buffer bytes;
    buffer_init(&bytes, 1024);
    code_object(&bytes, &o);
    struct value v = value_text(VALUE_BYTES, bytes.data, bytes.size);
    assert_int_equal(code_read_object(&view, &v, &arena, &back, &failure), STATUS_OK);
    assert_true(code_same_object(&view, &o, back));
    assert_string_equal(back->lists[0].elements[0].fields[0].name, "code");
    for (v.size = 0; v.size < bytes.size; v.size++)
        assert_int_equal(code_read_object(&view, &v, &arena, &back, &failure), STATUS_CONFIG);
    buffer_add_char(&bytes, 0);
    v = value_text(VALUE_BYTES, bytes.data, bytes.size);
    assert_int_equal(code_read_object(&view, &v, &arena, &back, &failure), STATUS_CONFIG);
    buffer_free(&bytes);
}

/* ---- through SQLite and back ---- */

static const struct relation kinds =
    RELATION("s", "kinds", false, KEY("id", VALUE_TEXT), COLUMN("amount", VALUE_DECIMAL),
             COLUMN("big", VALUE_UINT), COLUMN("flag", VALUE_BOOL), COLUMN("at", VALUE_INSTANT),
             COLUMN("bytes", VALUE_BYTES), COLUMN("odd", VALUE_ODD), COLUMN("ref", VALUE_TEXT));
static const struct relation *const kinds_only[] = {&kinds};

static const struct event_definition kinds_event = {
    .name = "Kinds",
    .of = "kinds",
    .key = "id",
    .sql = "select id, amount, big, flag, at, hex(bytes) as bytes, typeof(amount) as amount_type,"
           " (select count(*) from kinds k where k.id = kinds.ref) as n"
           " from kinds where id = :object",
};

static void nothing_is_converted_in_the_mirror(void **state)
{
    (void)state;
    struct link *l = link_new(&kinds_event, 1, kinds_only, 1);
    link_open(l);
    link_complete(l, true);
    struct value row[8] = {text(VALUE_TEXT, "00012"),
                           text(VALUE_DECIMAL, "999999999999.999999999"),
                           number(VALUE_UINT, -1),
                           number(VALUE_BOOL, 1),
                           number(VALUE_INSTANT, 0),
                           value_text(VALUE_BYTES, "\0\xff", 2),
                           text(VALUE_ODD, "NaN"), /* no view reads it */
                           text(VALUE_TEXT, "12")};
    l->changes[l->nchanges++] = (struct change){CHANGE_INSERT, &kinds, NULL, row};
    assert_string_equal(commit(l),
                        "CREATED Kinds 00012 -> {id=00012 amount=999999999999.999999999 "
                        "big=18446744073709551615 flag=1 at=1970-01-01 00:00:00Z bytes=00FF "
                        "amount_type=text n=0}\n");
    link_free(l);
}

/* ---- a collation for decimals, as another room registers it ---- */

static int compare_decimals(void *context, int na, const void *a, int nb, const void *b)
{
    struct value x = value_text(VALUE_TEXT, a, (size_t)na);
    struct value y = value_text(VALUE_TEXT, b, (size_t)nb);
    (void)context;
    return code_compare(VALUE_DECIMAL, &x, &y);
}

static enum status add_collation(void *context, sqlite3 *db, struct failure *f)
{
    (void)context, (void)f;
    int code = sqlite3_create_collation(db, "decimal", SQLITE_UTF8, NULL, compare_decimals);
    return code == SQLITE_OK ? STATUS_OK : STATUS_BUG;
}

static const struct relation price =
    RELATION("s", "price", false, KEY("id", VALUE_DECIMAL), COLUMN("list", VALUE_DECIMAL));
static const struct relation price_list =
    RELATION("s", "price_list", false, KEY("id", VALUE_DECIMAL), COLUMN("name", VALUE_TEXT));

static void join_decimals(const struct views_options *o)
{
    static const struct relation *const tables[] = {&price, &price_list};
    struct event_definition d = {
        .name = "Price",
        .of = "price",
        .key = "id",
        .touched_by = (struct touch_definition[]){{"price_list",
                                                   "select id from price where list = :id"}},
        .ntouched_by = 1,
        .sql = "select p.id as id, l.name as name from price p join price_list l on l.id = p.list"
               " where p.id = :object",
    };
    struct link *l = link_new_with(&d, 1, tables, 2, o);
    link_open(l);
    link_complete(l, true);
    insert(l, &price, "7.0 2");
    insert(l, &price_list, "2.00 retail");
    assert_string_equal(commit(l), "CREATED Price 7 -> {id=7 name=retail}\n");
    update(l, &price, "7.0", "7 2.0");
    assert_string_equal(commit(l), "");
    update(l, &price_list, "2", "2 net");
    assert_string_equal(commit(l), "CHANGED Price 7 {id=7 name=retail} -> {id=7 name=net}\n");
    link_free(l);
}

/* Also where the collation is not there: they lie in one form. */
static void decimals_are_joined_and_found_by_their_value(void **state)
{
    (void)state;
    struct views_options o = {.functions = add_collation, .decimal_collation = "decimal"};
    join_decimals(&o);
    join_decimals(NULL);
}

static void an_odd_value_that_a_view_reads_is_refused_with_its_place(void **state)
{
    (void)state;
    struct event_definition d = kinds_event;
    d.sql = "select id, odd from kinds where id = :object";
    struct link *l = link_new(&d, 1, kinds_only, 1);
    link_open(l);
    link_complete(l, true);
    struct value row[8] = {text(VALUE_TEXT, "a")};
    for (int i = 1; i < 8; i++)
        row[i] = value_null();
    row[6] = text(VALUE_ODD, "NaN");
    l->changes[l->nchanges++] = (struct change){CHANGE_INSERT, &kinds, NULL, row};
    assert_int_equal(link_try_commit(l), STATUS_DATA);
    assert_string_equal(l->failure.text,
                        "table s.kinds (id=a): column odd: odd NaN has no form that views could "
                        "read; mend it at the source, or leave the column out of the view");
    link_free(l);
}

int main(void)
{
    arena_init(&arena);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_stay_numbers_and_what_is_larger_is_text),
        cmocka_unit_test(a_decimal_has_one_text),
        cmocka_unit_test(a_column_of_texts_takes_no_number),
        cmocka_unit_test(times_are_texts_and_instants_say_that_they_are_utc),
        cmocka_unit_test(texts_of_all_kinds_are_text_and_bytes_are_bytes),
        cmocka_unit_test(what_has_no_common_form_is_refused),
        cmocka_unit_test(decimals_are_the_same_without_their_outer_zeros),
        cmocka_unit_test(decimals_have_one_order_in_all_their_spellings),
        cmocka_unit_test(an_object_is_read_back_and_cut_bytes_are_damage),
        cmocka_unit_test(nothing_is_converted_in_the_mirror),
        cmocka_unit_test(decimals_are_joined_and_found_by_their_value),
        cmocka_unit_test(an_odd_value_that_a_view_reads_is_refused_with_its_place),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
