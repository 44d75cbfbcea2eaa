/* test_vocabulary_fields.c: paths, and single fields from and to values
 * libs: vocabulary */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include "transforms/vocabulary/field_decimal.h"
#include "vocabulary_objects.h"

static const char all_kinds[] =
    "syntax = \"proto3\"; package t; import \"isa95/v1.proto\";\n"
    "enum Colour { NONE = 0; RED = 1; BLUE = 5; LAST = 2147483647; FIRST = -2147483648; }\n"
    "message Part { optional string name = 1; optional Part part = 2; int32 plain = 3; }\n"
    "message All {\n"
    "  optional int32 i32 = 1; optional sint32 s32 = 2; optional sfixed32 f32 = 3;\n"
    "  optional int64 i64 = 4; optional sint64 s64 = 5; optional sfixed64 f64 = 6;\n"
    "  optional uint32 u32 = 7; optional fixed32 x32 = 8; optional uint64 u64 = 9;\n"
    "  optional fixed64 x64 = 10; optional float fl = 11; optional double db = 12;\n"
    "  optional bool b = 13; optional Colour colour = 14; optional string s = 15;\n"
    "  optional bytes by = 16; optional isa95.v1.Timestamp at = 17;\n"
    "  optional isa95.v1.QuantityValue quantity = 18; optional isa95.v1.Value value = 19;\n"
    "  optional Part part = 20; repeated int32 list = 21; map<string, int32> map = 22;\n"
    "  oneof one { string one_text = 23; int64 one_number = 24; Part one_part = 25; }\n"
    "  int32 plain_number = 26; string plain_text = 27; optional string odd__name = 28;\n"
    "  optional isa95.v1.QuantityValue weight = 29; optional string weight_unit = 30; }";

static struct vocabulary *vocabulary;
static const ProtobufCMessageDescriptor *all;

static int open_all(void **state)
{
    assert_int_equal(scene_open(state), 0);
    OK(load_text(all_kinds, &vocabulary));
    all = type_named(vocabulary, "All");
    return 0;
}

static int close_all(void **state)
{
    vocabulary_free(vocabulary);
    return scene_close(state);
}

/* Into the field and out again; what is refused is left to the caller. */
static enum status set(ProtobufCMessage *m, const char *name, struct value v,
                       const struct zone *zone)
{
    struct field_path path;
    const struct field_context c = context(zone);
    OK(path_column(all, name, &path, &failure));
    return field_set(m, &path, &v, &c);
}

static const char *get(const ProtobufCMessage *m, const char *name, const struct zone *zone)
{
    struct field_path path;
    struct value v;
    const struct field_context c = context(zone);
    OK(path_column(all, name, &path, &failure));
    OK(field_get(m, &path, &v, &c));
    return shown(&v);
}

static const char *kept_in(const char *name, struct value v, const struct zone *zone)
{
    ProtobufCMessage *m = message_new(all, &arena);
    OK(set(m, name, v, zone));
    return get(m, name, zone);
}

static const char *kept(const char *name, struct value v)
{
    return kept_in(name, v, NULL);
}

#define KEEPS(name, v, expected) assert_string_equal(kept(name, v), expected)
#define REFUSES(name, v, part)                                                                     \
    REFUSED(set(message_new(all, &arena), name, v, NULL), ERROR_VALUE, part)

/* ---- paths ---- */

static enum field_kind kind_of(const char *name)
{
    struct field_path path;
    assert_true(path_find(all, name, &path));
    return path.kind;
}

static void a_path_says_the_kind_of_its_field(void **state)
{
    (void)state;
    assert_int_equal(kind_of("s32"), FIELD_INT32);
    assert_int_equal(kind_of("f64"), FIELD_INT64);
    assert_int_equal(kind_of("x32"), FIELD_UINT32);
    assert_int_equal(kind_of("u64"), FIELD_UINT64);
    assert_int_equal(kind_of("fl"), FIELD_FLOAT);
    assert_int_equal(kind_of("db"), FIELD_DOUBLE);
    assert_int_equal(kind_of("b"), FIELD_BOOL);
    assert_int_equal(kind_of("colour"), FIELD_ENUM);
    assert_int_equal(kind_of("by"), FIELD_BYTES);
    assert_int_equal(kind_of("at"), FIELD_TIMESTAMP);
    assert_int_equal(kind_of("part"), FIELD_MESSAGE);
    assert_int_equal(kind_of("part__part__name"), FIELD_STRING);
    assert_int_equal(kind_of("list"), FIELD_LIST);
    assert_int_equal(kind_of("map"), FIELD_MAP);
    assert_int_equal(kind_of("odd__name"), FIELD_STRING);
}

static void a_quantity_and_its_unit_have_short_names(void **state)
{
    (void)state;
    assert_int_equal(kind_of("quantity"), FIELD_DECIMAL);
    assert_int_equal(kind_of("quantity__quantity_string"), FIELD_DECIMAL);
    assert_int_equal(kind_of("quantity_unit"), FIELD_STRING);
    assert_int_equal(kind_of("quantity__unit_of_measure"), FIELD_STRING);
    assert_int_equal(kind_of("value"), FIELD_STRING); /* as its data_type says */
    assert_int_equal(kind_of("value_unit"), FIELD_STRING);
    ProtobufCMessage *m = message_new(all, &arena);
    OK(set(m, "quantity_unit", text("kg"), NULL));
    assert_string_equal(get(m, "quantity__unit_of_measure", NULL), "tkg");
    assert_string_equal(get(m, "quantity", NULL), "NULL");
    OK(set(m, "weight_unit", text("its own"), NULL)); /* a field of that name comes first */
    assert_string_equal(get(m, "weight__unit_of_measure", NULL), "NULL");
}

static void what_is_no_column_is_refused_with_advice(void **state)
{
    (void)state;
    struct field_path p;
    REFUSED(path_column(all, "colur", &p, &failure), ERROR_CONFIG,
            "All has no field \"colur\"; the nearest is colour");
    REFUSED(path_column(all, "quantity_uint", &p, &failure), ERROR_CONFIG,
            "the nearest is quantity_unit");
    REFUSED(path_column(all, "part__nam", &p, &failure), ERROR_CONFIG, "the nearest is part__name");
    REFUSED(path_column(all, "list", &p, &failure), ERROR_CONFIG,
            "All.list is a list: it takes no column, but a query of its own under lists:");
    REFUSED(path_column(all, "map", &p, &failure), ERROR_CONFIG, "All.map is a map");
    REFUSED(path_column(all, "part", &p, &failure), ERROR_CONFIG,
            "All.part is a message: name a field of it, as part__name");
    REFUSED(path_column(all, "at__seconds", &p, &failure), ERROR_CONFIG, "no field");
    REFUSED(path_column(all, "", &p, &failure), ERROR_CONFIG, "no field \"\"");
    REFUSED(path_list(all, "lits", &p, &failure), ERROR_CONFIG,
            "no list \"lits\"; the nearest is list");
    REFUSED(path_list(all, "s", &p, &failure), ERROR_CONFIG, "All.s is a string, no list");
    char deep[PATH_BYTES_MAX + 8] = "part";
    while (strlen(deep) + 10 < PATH_BYTES_MAX)
        strcat(deep, "__part");
    strcat(deep, "__name");
    REFUSED(path_column(all, deep, &p, &failure), ERROR_CONFIG, "no field");
}

/* ---- numbers ---- */

static void whole_numbers_are_read_from_what_is_one(void **state)
{
    (void)state;
    static const char *const names[] = {"i32", "s32", "f32", "i64", "s64", "f64"};
    for (size_t i = 0; i < 6; i++) {
        KEEPS(names[i], value_int(-7), "i-7");
        KEEPS(names[i], text("-7"), "i-7");
        KEEPS(names[i], text("12.00"), "i12");
        KEEPS(names[i], real(12), "i12");
        REFUSES(names[i], text("12x"), "12x (text) does not go into it: it is no number");
        REFUSES(names[i], text(""), "it is no number");
        REFUSES(names[i], text("12.5"), "it is not whole");
        REFUSES(names[i], real(12.5), "it is not whole");
        REFUSES(names[i], real(NAN), "does not go into it");
        REFUSES(names[i], value_text(VALUE_BYTES, "1", 1), "0x31 (bytes) does not go into it");
    }
    KEEPS("i32", value_int(INT32_MIN), "i-2147483648");
    REFUSES("i32", value_int(2147483648),
            "All.i32 is an int32: 2147483648 (integer) does not go into it: it is out of range");
    KEEPS("i64", text("-9223372036854775808"), "i-9223372036854775808");
    REFUSES("s64", text("9223372036854775808"), "it is out of range");
}

static void unsigned_numbers_have_their_own_range(void **state)
{
    (void)state;
    KEEPS("u32", text("4294967295"), "i4294967295");
    KEEPS("x32", value_int(0), "i0");
    REFUSES("u32", value_int(4294967296), "it is out of range");
    REFUSES("u32", value_int(-1), "it is out of range");
    KEEPS("u64", text("18446744073709551615"), "t18446744073709551615");
    KEEPS("x64", value_int(7), "t7");
    REFUSES("u64", text("18446744073709551616"), "it is out of range");
    REFUSES("x64", text("-1"), "it is out of range");
}

static void doubles_are_exact_and_floats_read_as_they_were_written(void **state)
{
    (void)state;
    KEEPS("db", real(0.1), "d0.1");
    KEEPS("db", text("1e300"), "d1e+300");
    KEEPS("db", value_int(1), "d1");
    REFUSES("db", value_int(9007199254740993), "a double does not hold all of its digits");
    REFUSES("db", text("1,5"), "it is no number");
    KEEPS("fl", real(0.1), "d0.1");
    REFUSES("fl", real(1e300), "it is out of range");
    KEEPS("fl", real(INFINITY), "dInfinity");
}

static void a_bool_is_0_or_1(void **state)
{
    (void)state;
    KEEPS("b", value_int(0), "i0");
    KEEPS("b", text("t"), "i1");
    KEEPS("b", text("false"), "i0");
    REFUSES("b", value_int(2), "write 0 or 1, t or f, true or false");
    REFUSES("b", text("yes"), "write 0 or 1");
}

/* ---- decimals ---- */

static void a_decimal_has_one_spelling(void **state)
{
    (void)state;
    static const char *const spellings[][2] = {
        {"999999999999.999999999", "t999999999999.999999999"},
        {"10.0", "t10"},
        {"+007.50", "t7.5"},
        {"-0.00", "t0"},
        {".5", "t0.5"},
        {"5.", "t5"},
        {"1.25e3", "t1250"},
        {"1e-3", "t0.001"},
        {"-12.5E-2", "t-0.125"},
        {"100", "t100"},
        {"1.5e1", "t15"},
        {"0e9", "t0"},
        {"123e-2", "t1.23"},
    };
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        KEEPS("quantity", text(spellings[i][0]), spellings[i][1]);
    KEEPS("quantity", value_int(-3), "t-3");
    /* 81 digits */
    const char *digits = arena_format(&arena, "%040d.%040d1", 7, 3);
    KEEPS("quantity", text(digits), arena_format(&arena, "t7.%040d1", 3));
}

static void what_is_no_decimal_is_no_quantity(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",    ".",     "-",   "1,5", " 1",  "1 ",    "0x10", "1e",
                                        "1e+", "1e401", "--1", "NaN", "12x", "1.2.3", "一"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        REFUSES("quantity", text(wrong[i]), "QuantityValue.quantity_string is a decimal");
    REFUSES("quantity", real(NAN), "is a decimal");
    REFUSES("quantity", real(INFINITY), "is a decimal");
}

static void a_double_goes_into_a_decimal_as_its_shortest_text(void **state)
{
    (void)state;
    KEEPS("quantity", real(1.1), "t1.1");
    KEEPS("quantity", real(0.1 + 0.2), "t0.30000000000000004"); /* what it is, nothing rounded */
    KEEPS("quantity", real(1e21), "t1000000000000000000000");
    KEEPS("quantity", real(-0.0), "t0");
    KEEPS("quantity", real(5e-20), "t0.00000000000000000005");
}

/* ---- texts ---- */

static void a_text_takes_numbers_but_no_bytes(void **state)
{
    (void)state;
    KEEPS("s", text("工单【12】"), "t工单【12】");
    KEEPS("s", text(""), "t");
    KEEPS("s", value_int(-5), "t-5");
    KEEPS("s", real(2.5), "t2.5");
    KEEPS("value", text("any, \"text\""), "tany, \"text\"");
    REFUSES("s", value_text(VALUE_BYTES, "x", 1), "All.s is a string: 0x78 (bytes)");
    REFUSES("s", value_text(VALUE_TEXT, "a\0b", 3), "it is not UTF-8, or has a NUL in it");
    REFUSES("s", text("\xff"), "it is not UTF-8");
    REFUSES("s", text("\xed\xa0\x80"), "it is not UTF-8"); /* a surrogate */
    KEEPS("by", value_text(VALUE_BYTES, "a\0b", 3), "b0x610062");
    KEEPS("by", text("ab"), "b0x6162");
    REFUSES("by", value_int(1), "All.by is bytes");
}

static void an_enum_goes_by_name(void **state)
{
    (void)state;
    KEEPS("colour", text("BLUE"), "tBLUE");
    KEEPS("colour", value_int(5), "tBLUE");
    KEEPS("colour", value_int(2147483647), "tLAST");
    KEEPS("colour", text("FIRST"), "tFIRST");
    REFUSES("colour", text("BLEU"), "Colour has no such value; the nearest is BLUE");
    REFUSES("colour", text("red"), "the nearest is RED"); /* names are exact */
    REFUSES("colour", value_int(6), "Colour has no such value");
    ProtobufCMessage *m;
    /* colour = 77: from someone who has a newer vocabulary */
    OK(message_unpack(all, "\x70\x4d", 2, &arena, &m, &failure));
    assert_string_equal(get(m, "colour", NULL), "i77");
}

/* ---- instants ---- */

static void a_time_without_a_zone_is_in_its_systems(void **state)
{
    (void)state;
    const struct zone *shanghai = zone_named("Asia/Shanghai"), *utc = zone_named("UTC");
    ProtobufCMessage *m = message_new(all, &arena);
    OK(set(m, "at", text("2026-11-23 00:00:00"), shanghai));
    assert_string_equal(get(m, "at", NULL), "t2026-11-22 16:00:00Z");
    assert_string_equal(get(m, "at", utc), "t2026-11-22 16:00:00");
    assert_string_equal(get(m, "at", shanghai), "t2026-11-23 00:00:00");
    REFUSES("at", text("2026-11-22 16:00:00"), "it has no zone, and its system's is not given");
}

static void a_time_with_a_zone_is_an_instant_anywhere(void **state)
{
    (void)state;
    const struct zone *shanghai = zone_named("Asia/Shanghai");
    static const char *const same[] = {"2026-11-22 16:00:00.25Z",
                                       "2026-11-22T16:00:00.25z",
                                       "2026-11-23 00:00:00.250+08",
                                       "2026-11-22T11:00:00.25-05:00",
                                       "2026-11-22 16:00:00.25000000000+0000",
                                       "2026-11-22 21:30:00.25 +05:30"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_string_equal(kept_in("at", text(same[i]), shanghai), "t2026-11-23 00:00:00.250000");
    KEEPS("at", text("2026-11-22 16:00Z"), "t2026-11-22 16:00:00Z");
    assert_string_equal(kept_in("at", text("2026-11-22"), shanghai), "t2026-11-22 00:00:00");
    KEEPS("at", text("1969-12-31 23:59:59.000000001Z"), "t1969-12-31 23:59:59.000000001Z");
    KEEPS("at", text("0001-01-01 00:00:00Z"), "t0001-01-01 00:00:00Z");
    KEEPS("at", text("9999-12-31 23:59:59.999999Z"), "t9999-12-31 23:59:59.999999Z");
}

static void a_summer_time_is_kept_apart_from_winter(void **state)
{
    (void)state;
    const struct zone *berlin = zone_named("Europe/Berlin");
    ProtobufCMessage *m = message_new(all, &arena);
    OK(set(m, "at", text("2026-07-01 12:00:00"), berlin));
    assert_string_equal(get(m, "at", NULL), "t2026-07-01 10:00:00Z");
    OK(set(m, "at", text("2026-12-01 12:00:00"), berlin));
    assert_string_equal(get(m, "at", NULL), "t2026-12-01 11:00:00Z");
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "yesterday",
                                        "0000-00-00 00:00:00Z",
                                        "2026-02-29 00:00:00Z",
                                        "2026-13-01 00:00:00Z",
                                        "2026-11-22 24:00:00Z",
                                        "2026-11-22 16:60:00Z",
                                        "2026-11-22 16:00.5Z",
                                        "2026-11-22 16:00:60Z",
                                        "2026-11-22 16:00:00.Z",
                                        "2026-11-22 16:00:00.1234567891Z",
                                        "2026-11-22 16:00:00Z ",
                                        "2026-11-22 16:00:00 ",
                                        "2026-11-22 16",
                                        "2026-11-22 16:00:00+8",
                                        "2026-11-22 16:00:00+16:00",
                                        "infinity",
                                        "26-11-22 16:00:00Z"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        REFUSES("at", text(wrong[i]), "it is no date and time");
    REFUSES("at", text("0001-01-01 00:00:00+01:00"), "outside of the years 1 to 9999");
    REFUSES("at", value_int(1), "it takes a text, as 2026-11-22 16:00:00");
}

static void a_timestamp_out_of_range_is_not_given_out(void **state)
{
    (void)state;
    struct field_path path;
    struct value v;
    ProtobufCMessage *m;
    const struct field_context c = context(NULL);
    OK(path_column(all, "at", &path, &failure));
    /* at { nanos: -1 } */
    OK(message_unpack(all, "\x8a\x01\x0b\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 14, &arena,
                      &m, &failure));
    REFUSED(field_get(m, &path, &v, &c), ERROR_VALUE, "0 seconds and -1 nanoseconds");
}

/* ---- NULL ---- */

static void null_is_unset_and_unset_is_null(void **state)
{
    (void)state;
    static const char *const names[] = {"i32", "b",        "s",          "by",
                                        "at",  "quantity", "part__name", "one_text"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        KEEPS(names[i], value_null(), "NULL");
    ProtobufCMessage *m = message_new(all, &arena);
    OK(set(m, "quantity", value_null(), NULL));
    assert_int_equal(protobuf_c_message_get_packed_size(m), 0); /* nothing is made for it */
}

static void a_field_without_presence_refuses_null(void **state)
{
    (void)state;
    REFUSES("plain_number", value_null(),
            "NULL (null) does not go into it: declared without `optional` it is never unset");
    REFUSES("part__plain", value_null(), "Part.plain is an int32");
    KEEPS("plain_number", value_int(0), "i0");
    ProtobufCMessage *m = message_new(all, &arena);
    assert_string_equal(get(m, "plain_text", NULL), "t");
}

static void of_a_oneof_one_is_given(void **state)
{
    (void)state;
    ProtobufCMessage *m = message_new(all, &arena);
    OK(set(m, "one_number", value_int(0), NULL));
    OK(set(m, "one_text", value_null(), NULL));
    assert_string_equal(get(m, "one_number", NULL), "i0");
    assert_string_equal(get(m, "one_text", NULL), "NULL");
    assert_string_equal(get(m, "one_part__name", NULL), "NULL");
    REFUSED(set(m, "one_part__name", text("x"), NULL), ERROR_VALUE,
            "All.one_number and All.one_part are both given, and are one or the other (oneof one)");
    OK(set(m, "one_number", value_int(1), NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_says_the_kind_of_its_field),
        cmocka_unit_test(a_quantity_and_its_unit_have_short_names),
        cmocka_unit_test(what_is_no_column_is_refused_with_advice),
        cmocka_unit_test(whole_numbers_are_read_from_what_is_one),
        cmocka_unit_test(unsigned_numbers_have_their_own_range),
        cmocka_unit_test(doubles_are_exact_and_floats_read_as_they_were_written),
        cmocka_unit_test(a_bool_is_0_or_1),
        cmocka_unit_test(a_decimal_has_one_spelling),
        cmocka_unit_test(what_is_no_decimal_is_no_quantity),
        cmocka_unit_test(a_double_goes_into_a_decimal_as_its_shortest_text),
        cmocka_unit_test(a_text_takes_numbers_but_no_bytes),
        cmocka_unit_test(an_enum_goes_by_name),
        cmocka_unit_test(a_time_without_a_zone_is_in_its_systems),
        cmocka_unit_test(a_time_with_a_zone_is_an_instant_anywhere),
        cmocka_unit_test(a_summer_time_is_kept_apart_from_winter),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(a_timestamp_out_of_range_is_not_given_out),
        cmocka_unit_test(null_is_unset_and_unset_is_null),
        cmocka_unit_test(a_field_without_presence_refuses_null),
        cmocka_unit_test(of_a_oneof_one_is_given),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
