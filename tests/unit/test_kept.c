/* test_kept.c: what is kept of refused events comes back as it was; bytes of others are refused
 * libs: events */
#include "events/kept.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static struct arena arena;
static struct buffer bytes;
static struct arena names_arena;
static struct kept_names names = {.arena = &names_arena};
static struct failure failure;

static struct value text(enum value_kind kind, const char *t)
{
    return value_text(kind, t, strlen(t));
}

static const struct object_field line[] = {{"id", {.kind = VALUE_INT, .i = -7}}};
static struct object elements[2] = {{.fields = line, .nfields = 1}, {.fields = line, .nfields = 0}};
static const struct object_list lists[] = {{"lines", elements, 2}, {"none", NULL, 0}};

static void fill(struct object_field *fields, struct object *o)
{
    fields[0] = (struct object_field){"id", text(VALUE_TEXT, "F1")};
    fields[1] = (struct object_field){"picture", value_text(VALUE_BYTES, "\0\1", 2)};
    fields[2] = (struct object_field){"none", value_null()};
    fields[3] = (struct object_field){"empty", text(VALUE_TEXT, "")};
    fields[4] = (struct object_field){"ratio", {.kind = VALUE_DOUBLE, .d = 0.1}};
    *o = (struct object){fields, 5, lists, 2};
}

static void write_one(enum event_op op)
{
    struct object_field fields[5];
    struct object o;
    fill(fields, &o);
    const struct event e = {.name = "Report", .op = op,
                            .before = op == EVENT_CREATED ? NULL : &o,
                            .after = op == EVENT_GONE ? NULL : &o};
    buffer_clear(&bytes);
    kept_write_stated(&e, &bytes);
}

static void check_object(const struct object *o)
{
    struct object_field fields[5];
    struct object wanted;
    fill(fields, &wanted);
    assert_non_null(o);
    assert_int_equal(o->nfields, 5);
    for (int i = 0; i < 5; i++) {
        assert_string_equal(o->fields[i].name, fields[i].name);
        assert_int_equal(o->fields[i].value.kind, fields[i].value.kind);
        assert_true(value_equal(&o->fields[i].value, &fields[i].value));
    }
    assert_int_equal(o->nlists, 2);
    assert_string_equal(o->lists[0].name, "lines");
    assert_int_equal(o->lists[0].nelements, 2);
    assert_int_equal(o->lists[0].elements[0].fields[0].value.i, -7);
    assert_int_equal(o->lists[0].elements[1].nfields, 0);
    assert_int_equal(o->lists[1].nelements, 0);
}

static enum status read_bytes_of(const void *at, size_t size, struct kept *out)
{
    arena_reset(&arena);
    return kept_read(at, size, &names, &arena, out, &failure);
}

static void an_event_comes_back_as_it_was(void **state)
{
    (void)state;
    struct kept k;
    for (int op = EVENT_CREATED; op <= EVENT_GONE; op++) {
        write_one((enum event_op)op);
        assert_true(kept_is(bytes.data, bytes.size));
        assert_int_equal(read_bytes_of(bytes.data, bytes.size, &k), STATUS_OK);
        assert_string_equal(k.name, "Report");
        assert_int_equal(k.kind, KEPT_STATED);
        assert_int_equal(k.stated.op, op);
        if (op != EVENT_CREATED)
            check_object(k.stated.before);
        if (op != EVENT_GONE)
            check_object(k.stated.after);
    }
}

static void rows_come_back_as_they_were(void **state)
{
    (void)state;
    struct kept k;
    struct value rows = value_text(VALUE_BYTES, "\0rows", 5);
    buffer_clear(&bytes);
    kept_write_rows("Report", &rows, &bytes);
    assert_int_equal(read_bytes_of(bytes.data, bytes.size, &k), STATUS_OK);
    assert_int_equal(k.kind, KEPT_ROWS);
    assert_string_equal(k.name, "Report");
    assert_true(value_equal(&k.rows, &rows));
}

static void what_was_told_comes_back(void **state)
{
    (void)state;
    struct kept k;
    struct object_field fields[5];
    struct object o;
    fill(fields, &o);
    buffer_clear(&bytes);
    kept_write_told("Report", &o, &bytes);
    assert_int_equal(read_bytes_of(bytes.data, bytes.size, &k), STATUS_OK);
    assert_int_equal(k.kind, KEPT_TOLD);
    check_object(k.told);
    buffer_clear(&bytes);
    kept_write_told("Report", NULL, &bytes);
    assert_int_equal(read_bytes_of(bytes.data, bytes.size, &k), STATUS_OK);
    assert_null(k.told);
}

static void a_name_is_one_pointer_for_ever(void **state)
{
    (void)state;
    struct kept k;
    write_one(EVENT_CREATED);
    assert_int_equal(read_bytes_of(bytes.data, bytes.size, &k), STATUS_OK);
    const char *name = k.stated.after->fields[1].name;
    assert_int_equal(read_bytes_of(bytes.data, bytes.size, &k), STATUS_OK);
    assert_ptr_equal(k.stated.after->fields[1].name, name);
}

static void bytes_of_others_are_refused(void **state)
{
    (void)state;
    struct kept k;
    write_one(EVENT_CHANGED);
    for (size_t n = 0; n < bytes.size; n++) {
        char *copy = malloc(n + 1); /* an overrun is seen by the sanitizer */
        memcpy(copy, bytes.data, n);
        assert_int_equal(read_bytes_of(copy, n, &k), STATUS_DATA);
        free(copy);
    }
    char *copy = malloc(bytes.size);
    for (size_t n = 0; n < 8 * bytes.size; n++) {
        memcpy(copy, bytes.data, bytes.size);
        copy[n / 8] = (char)(copy[n / 8] ^ (1 << n % 8));
        (void)read_bytes_of(copy, bytes.size, &k);
    }
    free(copy);
    assert_false(kept_is("\n", 1)); /* an envelope's first field */
}

static int init(void **state)
{
    (void)state;
    arena_init(&arena);
    arena_init(&names_arena);
    buffer_init(&bytes, 1 << 20);
    return 0;
}

static int done(void **state)
{
    (void)state;
    arena_free(&arena);
    arena_free(&names_arena);
    buffer_free(&bytes);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_comes_back_as_it_was),
        cmocka_unit_test(rows_come_back_as_they_were),
        cmocka_unit_test(what_was_told_comes_back),
        cmocka_unit_test(a_name_is_one_pointer_for_ever),
        cmocka_unit_test(bytes_of_others_are_refused),
    };
    return cmocka_run_group_tests(tests, init, done);
}
