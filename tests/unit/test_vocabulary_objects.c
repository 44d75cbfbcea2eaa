/* test_vocabulary_objects.c: objects to messages and back; protoc reads and writes the same bytes
 * libs: vocabulary */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "vocabulary_objects.h"

static struct vocabulary *v95;

static int open_isa95(void **state)
{
    assert_int_equal(scene_open(state), 0);
    v95 = isa95();
    return 0;
}

static int close_isa95(void **state)
{
    vocabulary_free(v95);
    return scene_close(state);
}

static void assert_bytes(const uint8_t *data, size_t size, const char *hex)
{
    struct buffer b;
    buffer_init(&b, 1 << 20);
    value_add_hex(&b, (const char *)data, size);
    assert_string_equal(buffer_text(&b), hex);
    buffer_free(&b);
}

/* ---- the order of a plant ---- */

static const struct object lines[] = {
    OBJECT({"material_definition_id", {VALUE_TEXT, 3, .text = "STL"}},
           {"quantity", {VALUE_TEXT, 4, .text = "1.50"}},
           {"quantity_unit", {VALUE_TEXT, 1, .text = "m"}}),
    OBJECT({"material_definition_id", {VALUE_TEXT, 3, .text = "BLU"}},
           {"quantity", {VALUE_INT, .i = 3}}),
};
static const struct object_list requirements[] = {{"material_requirement", lines, 2}};
static const struct object_field order_fields[] = {
    {"id", {VALUE_TEXT, 11, .text = "WH/MO/00012"}},
    {"source_document_id", {VALUE_NULL}},
    {"description", {VALUE_TEXT, 0, .text = ""}},
    {"end_time", {VALUE_TEXT, 19, .text = "2026-11-23 00:00:00"}},
    {"quantity", {VALUE_DOUBLE, .d = 12.5}},
    {"quantity_unit", {VALUE_TEXT, 2, .text = "KG"}},
    {"priority", {VALUE_INT, .i = 0}},
};
static const struct object order = {order_fields, 7, requirements, 1};

static void an_order_goes_there_and_back(void **state)
{
    (void)state;
    assert_string_equal(
        round_trip(&order, type_named(v95, "OperationsRequest"), zone_named("Asia/Shanghai")),
        "id=tWH/MO/00012 description=t end_time=t2026-11-23 00:00:00 priority=i0 quantity=t12.5 "
        "quantity_unit=tKG material_requirement=[material_definition_id=tSTL quantity=t1.5 "
        "quantity_unit=tm][material_definition_id=tBLU quantity=t3]");
}

/* Worked out by hand from the encoding. */
static void its_bytes_are_what_the_encoding_says(void **state)
{
    (void)state;
    const uint8_t *data;
    size_t size;
    packed(&order, type_named(v95, "OperationsRequest"), zone_named("Asia/Shanghai"), &data, &size);
    assert_bytes(data, size,
                 "0a0b57482f4d4f2f3030303132" /* 1: "WH/MO/00012" */
                 "1200"                       /* 2: "" */
                 "2a06"
                 "0880a38cd806" /* 5: { 1: 1795363200 } */
                 "3000"         /* 6: 0 */
                 "620a"
                 "0a0431322e35"
                 "1a024b47" /* 12: { "12.5", 3: "KG" } */
                 "720f"
                 "120353544c"
                 "2a08"
                 "0a03312e35"
                 "1a016d"
                 "720a"
                 "1203424c55"
                 "2a03"
                 "0a0133");
}

static void protoc_reads_it(void **state)
{
    (void)state;
    const uint8_t *data;
    size_t size;
    char out[4096];
    packed(&order, type_named(v95, "OperationsRequest"), zone_named("Asia/Shanghai"), &data, &size);
    write_file("order.bin", data, size);
    protoc("--decode", "isa95.v1.OperationsRequest", "isa95/v1.proto", "order.bin", out,
           sizeof out);
    assert_string_equal(out,
                        "id: \"WH/MO/00012\"\n"
                        "description: \"\"\n"
                        "end_time {\n  seconds: 1795363200\n}\n"
                        "priority: 0\n"
                        "quantity {\n  quantity_string: \"12.5\"\n  unit_of_measure: \"KG\"\n}\n"
                        "material_requirement {\n  material_definition_id: \"STL\"\n"
                        "  quantity {\n    quantity_string: \"1.5\"\n"
                        "    unit_of_measure: \"m\"\n  }\n}\n"
                        "material_requirement {\n  material_definition_id: \"BLU\"\n"
                        "  quantity {\n    quantity_string: \"3\"\n  }\n}\n");
}

static void what_protoc_writes_is_read(void **state)
{
    (void)state;
    static const char written[] =
        "id: 'L1' storage_location { location: 'A' child { location: 'A-7' "
        "child { location_type: 'bin' } } } assembly_lot: 'x' "
        "assembly_lot: '' effective_end_date { seconds: -1 nanos: 5000 }";
    char data[4096];
    write_file("lot.txt", written, strlen(written));
    size_t size =
        protoc("--encode", "isa95.v1.MaterialLot", "isa95/v1.proto", "lot.txt", data, sizeof data);
    assert_string_equal(unpacked(data, size, type_named(v95, "MaterialLot"), NULL),
                        "id=tL1 storage_location__location=tA "
                        "storage_location__child__location=tA-7 "
                        "storage_location__child__child__location_type=tbin "
                        "effective_end_date=t1969-12-31 23:59:59.000005Z "
                        "assembly_lot=[value=tx][value=t]");
}

static void a_views_columns_are_read_in_its_order(void **state)
{
    (void)state;
    const char *const names[] = {"quantity_unit", "source_document_id", "priority", "id",
                                 "quantity__quantity_string"};
    const struct field_context c = context(zone_named("Asia/Shanghai"));
    ProtobufCMessage *m;
    const struct object *o;
    OK(object_to_message(&order, type_named(v95, "OperationsRequest"), &m, &c));
    OK(object_read(m, names, 5, &o, &c));
    assert_string_equal(description(o), "quantity_unit=tKG source_document_id=NULL priority=i0 "
                                        "id=tWH/MO/00012 quantity__quantity_string=t12.5");
    assert_int_equal(object_find(o, "priority")->i, 0);
    assert_null(object_find(o, "end_time"));
}

static void a_lists_columns_are_read_likewise(void **state)
{
    (void)state;
    const char *const names[] = {"quantity_unit", "quantity", "material_lot_id"};
    const struct field_context c = context(zone_named("Asia/Shanghai"));
    ProtobufCMessage *m;
    struct object_list list;
    OK(object_to_message(&order, type_named(v95, "OperationsRequest"), &m, &c));
    OK(object_read_list(m, "material_requirement", names, 3, &list, &c));
    assert_int_equal(list.nelements, 2);
    assert_string_equal(description(&list.elements[0]),
                        "quantity_unit=tm quantity=t1.5 material_lot_id=NULL");
    assert_string_equal(description(&list.elements[1]),
                        "quantity_unit=NULL quantity=t3 material_lot_id=NULL");
    OK(object_read_list(m, "segment_requirement", NULL, 0, &list, &c));
    assert_int_equal(list.nelements, 0);
    REFUSED(
        object_read_list(m, "material_requirement", (const char *const[]){"quantiy"}, 1, &list, &c),
        ERROR_CONFIG, "MaterialRequirement has no field \"quantiy\"; the nearest is quantity");
    REFUSED(object_read_list(m, "quantity", names, 3, &list, &c), ERROR_CONFIG, "no list");
}

/* ---- every kind of field ---- */

static const char own[] =
    "syntax = \"proto3\"; package t; import \"isa95/v1.proto\";\n"
    "enum Colour { NONE = 0; RED = 1; MINUS = -3; }\n"
    "message Tree { optional string name = 1; repeated Tree branch = 2; optional Tree stem = 3; }\n"
    "message All {\n"
    "  int32 i32 = 1; sint32 s32 = 2; sfixed32 f32 = 3; int64 i64 = 4; sint64 s64 = 5;\n"
    "  sfixed64 f64 = 6; uint32 u32 = 7; fixed32 x32 = 8; uint64 u64 = 9; fixed64 x64 = 10;\n"
    "  float fl = 11; double db = 12; bool b = 13; Colour colour = 14; string s = 15;\n"
    "  bytes by = 16; Tree tree = 17;\n"
    "  repeated int32 ri = 21; repeated sint64 rs = 22; repeated fixed32 rx = 23;\n"
    "  repeated double rd = 24; repeated bool rb = 25; repeated Colour rc = 26;\n"
    "  repeated string rt = 27; repeated bytes ry = 28; repeated isa95.v1.Timestamp ra = 29;\n"
    "  repeated int32 loose = 30 [packed = false]; repeated isa95.v1.QuantityValue rq = 31;\n"
    "  map<string, isa95.v1.Value> named = 41; map<int32, bool> flags = 42;\n"
    "  map<uint64, bytes> wide = 43;\n"
    "  oneof one { string a = 51; int64 n = 52; Tree t = 53; bytes y = 54; }\n"
    "  optional double maybe = 60; optional bytes perhaps = 536870911; }";

static const char own_text[] =
    "i32: -1 s32: -2 f32: -3 i64: -4 s64: -5 f64: -6 u32: 4294967295 x32: 8\n"
    "u64: 18446744073709551615 x64: 10 fl: 0.5 db: -0.25 b: true colour: MINUS s: 'ä' by: "
    "'\\000\\377'\n"
    "tree { name: 'r' branch { name: 'b1' branch { name: 'b11' } } branch { } stem { stem { name: "
    "'s' } } }\n"
    "ri: [1, -1, 300] rs: [-1, 9223372036854775807] rx: [7] rd: [1.5, -2] rb: [true, false]\n"
    "rc: [RED, MINUS] rt: ['x', ''] ry: ['\\001', ''] ra { seconds: 0 } ra { seconds: 1 nanos: 1 "
    "}\n"
    "loose: [5, 6] rq { quantity_string: '1.10' }\n"
    "named { key: 'b' value { value_string: '2' unit_of_measure: 'C' } } named { key: 'a' value { "
    "} }\n"
    "flags { key: -1 value: true } wide { key: 18446744073709551615 value: 'w' }\n"
    "t { name: 'one' } perhaps: ''";

static const char own_shown[] =
    "i32=i-1 s32=i-2 f32=i-3 i64=i-4 s64=i-5 f64=i-6 u32=i4294967295 x32=i8 "
    "u64=t18446744073709551615 x64=t10 fl=d0.5 db=d-0.25 b=i1 colour=tMINUS s=tä by=b0x00ff "
    "tree__name=tr tree__stem__stem__name=ts t__name=tone perhaps=b0x "
    "tree__branch=[name=tb1 branch=[name=tb11]][] "
    "ri=[value=i1][value=i-1][value=i300] rs=[value=i-1][value=i9223372036854775807] "
    "rx=[value=i7] rd=[value=d1.5][value=d-2] rb=[value=i1][value=i0] "
    "rc=[value=tRED][value=tMINUS] rt=[value=tx][value=t] ry=[value=b0x01][value=b0x] "
    "ra=[value=t1970-01-01 00:00:00Z][value=t1970-01-01 00:00:01.000000001Z] "
    "loose=[value=i5][value=i6] rq=[quantity_string=t1.1] "
    "named=[key=ta][key=tb value=t2 value_unit=tC] flags=[key=i-1 value=i1] "
    "wide=[key=t18446744073709551615 value=b0x77]";

static void every_kind_of_field_comes_from_protoc_and_goes_back(void **state)
{
    (void)state;
    struct vocabulary *v;
    char data[4096], again[4096], shown_text[4096];
    const struct field_context c = context(NULL);
    OK(load_text(own, &v));
    const ProtobufCMessageDescriptor *all = type_named(v, "All");
    write_file("own.txt", own_text, strlen(own_text));
    size_t size = protoc("--encode", "t.All", "own.proto", "own.txt", data, sizeof data);

    ProtobufCMessage *m;
    const struct object *o;
    const uint8_t *repacked;
    size_t repacked_size;
    OK(message_unpack(all, data, size, &arena, &m, &failure));
    OK(message_pack(m, &arena, &repacked, &repacked_size, &failure));
    assert_int_equal(repacked_size, size); /* protobuf-c is of one mind with protoc */
    assert_memory_equal(repacked, data, size);

    OK(object_from_message(m, &o, &c));
    OK(object_to_message(o, all, &m, &c));
    OK(message_pack(m, &arena, &repacked, &repacked_size, &failure));
    write_file("again.bin", repacked, repacked_size);
    assert_string_equal(unpacked(repacked, repacked_size, all, NULL), own_shown);

    /* As protoc understands it, nothing but the spelling of 1.10 and the map's order is new. */
    write_file("own.bin", data, size);
    protoc("--decode", "t.All", "own.proto", "own.bin", shown_text, sizeof shown_text);
    protoc("--decode", "t.All", "own.proto", "again.bin", again, sizeof again);
    assert_int_equal(strlen(again), strlen(shown_text) - 1);
    assert_non_null(strstr(again, "quantity_string: \"1.1\""));
    assert_non_null(strstr(again, "loose: 5\nloose: 6\n"));
    vocabulary_free(v);
}

static void protobufs_own_timestamp_is_one_too(void **state)
{
    (void)state;
    struct vocabulary *v;
    OK(load_text("syntax = \"proto3\"; import \"google/protobuf/timestamp.proto\";\n"
                 "message M { google.protobuf.Timestamp at = 1;\n"
                 "map<string, google.protobuf.Timestamp> times = 2; }",
                 &v));
    const struct object entry =
        OBJECT({"key", text("a")}, {"value", text("2026-11-22 16:00:00.5Z")});
    const struct object_list times = {"times", &entry, 1};
    const struct object_field at = {"at", text("2026-11-22T16:00:00Z")};
    const struct object o = {&at, 1, &times, 1};
    assert_string_equal(
        round_trip(&o, type_named(v, "M"), NULL),
        "at=t2026-11-22 16:00:00Z times=[key=ta value=t2026-11-22 16:00:00.500000Z]");
    vocabulary_free(v);
}

static void proto2_fields_have_presence_and_requirements(void **state)
{
    (void)state;
    struct vocabulary *v;
    ProtobufCMessage *m;
    const struct field_context c = context(NULL);
    const uint8_t *data;
    size_t size;
    OK(load_text(
        "syntax = \"proto2\"; message Old { required string id = 1;\n"
        "optional int32 n = 2 [default = 7]; repeated int32 r = 3; required int32 k = 4; }\n"
        "message Holder { oneof o { int64 number = 1; Old old = 2; } repeated Old all = 3; }",
        &v));
    const ProtobufCMessageDescriptor *old = type_named(v, "Old"), *holder = type_named(v, "Holder");
    const struct object o = OBJECT({"id", text("x")}, {"n", value_null()}, {"k", value_int(1)});
    assert_string_equal(round_trip(&o, old, NULL), "id=tx k=i1");
    const struct object none = OBJECT({"n", value_int(1)});
    OK(object_to_message(&none, old, &m, &c));
    REFUSED(message_pack(m, &arena, &data, &size, &failure), ERROR_VALUE,
            "a Old lacks a required field: id");
    REFUSED(message_unpack(old, "\x10\x01", 2, &arena, &m, &failure), ERROR_VALUE,
            "a required field is missing");
    /* A number in the place that a message has in the same oneof is taken for no message. */
    const struct object number = OBJECT({"number", value_int(1)});
    assert_string_equal(round_trip(&number, holder, NULL), "number=i1");
    vocabulary_free(v);
}

/* ---- what is refused ---- */

static void a_field_is_given_once(void **state)
{
    (void)state;
    ProtobufCMessage *m;
    const struct field_context c = context(NULL);
    const struct object o =
        OBJECT({"quantity", text("1")}, {"quantity__quantity_string", text("2")});
    REFUSED(object_to_message(&o, type_named(v95, "OperationsRequest"), &m, &c), ERROR_CONFIG,
            "OperationsRequest: quantity and quantity__quantity_string are one field");
    const struct object_list twice[] = {{"material_requirement", lines, 1},
                                        {"material_requirement", lines, 1}};
    const struct object p = {.lists = twice, .nlists = 2};
    REFUSED(object_to_message(&p, type_named(v95, "OperationsRequest"), &m, &c), ERROR_CONFIG,
            "OperationsRequest: the list material_requirement is given twice");
}

static void a_list_of_values_has_one_column(void **state)
{
    (void)state;
    ProtobufCMessage *m;
    const struct field_context c = context(NULL);
    const struct object element = OBJECT({"assembly_lot", text("x")});
    const struct object_list list = {"assembly_lot", &element, 1};
    const struct object o = {.lists = &list, .nlists = 1};
    REFUSED(
        object_to_message(&o, type_named(v95, "MaterialLot"), &m, &c), ERROR_CONFIG,
        "MaterialLot.assembly_lot is a list of single values: its query gives one column, named "
        "value");
    const struct object null = OBJECT({"value", value_null()});
    const struct object_list nulls = {"assembly_lot", &null, 1};
    const struct object q = {.lists = &nulls, .nlists = 1};
    REFUSED(object_to_message(&q, type_named(v95, "MaterialLot"), &m, &c), ERROR_VALUE,
            "holds no NULL");
}

static void a_map_has_each_key_once(void **state)
{
    (void)state;
    struct vocabulary *v;
    ProtobufCMessage *m;
    const struct field_context c = context(NULL);
    OK(load_text("syntax = \"proto3\"; message M { map<string, int32> n = 1; }", &v));
    const struct object entries[] = {OBJECT({"key", text("b")}, {"value", value_int(1)}),
                                     OBJECT({"key", text("a")}, {"value", value_int(2)}),
                                     OBJECT({"key", text("b")}, {"value", value_int(3)})};
    const struct object_list map = {"n", entries, 3}, good = {"n", entries, 2};
    const struct object o = {.lists = &map, .nlists = 1}, p = {.lists = &good, .nlists = 1};
    REFUSED(object_to_message(&o, type_named(v, "M"), &m, &c), ERROR_VALUE,
            "the map n has the key b twice");
    assert_string_equal(round_trip(&p, type_named(v, "M"), NULL),
                        "n=[key=ta value=i2][key=tb value=i1]");
    vocabulary_free(v);
}

/* ---- fields that the type does not declare ---- */

static void unknown_fields_stay_in_the_message_and_come_into_no_object(void **state)
{
    (void)state;
    static const char data[] = "\x0a\x01x\x98\x06\x05\xa2\x06\x02hi"; /* 1: "x" 99: 5 100: "hi" */
    ProtobufCMessage *m;
    const uint8_t *again;
    size_t size;
    const ProtobufCMessageDescriptor *type = type_named(v95, "JobOrder");
    OK(message_unpack(type, data, sizeof data - 1, &arena, &m, &failure));
    OK(message_pack(m, &arena, &again, &size, &failure));
    assert_int_equal(size, sizeof data - 1);
    assert_memory_equal(again, data, size);
    assert_string_equal(unpacked(data, size, type, NULL), "id=tx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_goes_there_and_back),
        cmocka_unit_test(its_bytes_are_what_the_encoding_says),
        cmocka_unit_test(protoc_reads_it),
        cmocka_unit_test(what_protoc_writes_is_read),
        cmocka_unit_test(a_views_columns_are_read_in_its_order),
        cmocka_unit_test(a_lists_columns_are_read_likewise),
        cmocka_unit_test(every_kind_of_field_comes_from_protoc_and_goes_back),
        cmocka_unit_test(protobufs_own_timestamp_is_one_too),
        cmocka_unit_test(proto2_fields_have_presence_and_requirements),
        cmocka_unit_test(a_field_is_given_once),
        cmocka_unit_test(a_list_of_values_has_one_column),
        cmocka_unit_test(a_map_has_each_key_once),
        cmocka_unit_test(unknown_fields_stay_in_the_message_and_come_into_no_object),
    };
    return cmocka_run_group_tests(tests, open_isa95, close_isa95);
}
