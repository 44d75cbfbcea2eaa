/* test_vocabulary_envelope.c: events as packed envelopes and as CloudEvents
 * libs: vocabulary */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <jansson.h>
#include "transforms/vocabulary/cloud_event.h"
#include "transforms/vocabulary/envelope.h"
#include "vocabulary_objects.h"

static struct vocabulary *vocabulary;
static const struct zone *shanghai;

static int open_isa95(void **state)
{
    assert_int_equal(scene_open(state), 0);
    vocabulary = isa95();
    shanghai = zone_named("Asia/Shanghai");
    return 0;
}

static int close_isa95(void **state)
{
    vocabulary_free(vocabulary);
    return scene_close(state);
}

static const char *const path[] = {"4711", "4712"};
static const struct event_origin origin = {
    .source = "/plant-sz/erp/odoo",
    .position = "0/16B3748",
    .index = 3,
    .commit_us = 1795363200123456,
    .mapping = "OperationsRequest@1",
    .key_name = "id",
    .path = path,
    .npath = 2,
    .equipment_id = "SZ",
    .equipment_level = "Site",
};

#define TEXT(t)                                                                                    \
    {                                                                                              \
        VALUE_TEXT, sizeof t - 1, .text = t                                                        \
    }

static const struct object line =
    OBJECT({"material_definition_id", TEXT("STL")}, {"quantity", TEXT("1.5")});
static const struct object_list one_line = {"material_requirement", &line, 1};
static const struct object waiting =
    OBJECT({"id", TEXT("WH/MO/00012")}, {"priority", {VALUE_INT, .i = 1}},
           {"request_state", TEXT("Waiting")}, {"quantity", TEXT("10")});
static const struct object_field released_fields[] = {
    {"id", TEXT("WH/MO/00012")},
    {"end_time", TEXT("2026-11-23 00:00:00")},
    {"request_state", TEXT("Released")},
    {"quantity", TEXT("10")},
};
static const struct object released = {released_fields, 4, &one_line, 1};

static struct event event_of(enum event_op op, const struct object *before,
                             const struct object *after)
{
    return (struct event){"OperationsRequest", op, "WH/MO/00012", before, after};
}

static struct envelope envelope_for(const struct event *event)
{
    const struct field_context c = context(shanghai);
    struct envelope e;
    OK(envelope_of(vocabulary, event, &origin, &e, &c));
    return e;
}

/* ---- what is derived ---- */

static void the_type_says_the_state_that_an_object_entered(void **state)
{
    (void)state;
    struct event event = event_of(EVENT_CHANGED, &waiting, &released);
    struct envelope e = envelope_for(&event);
    assert_string_equal(e.type, "isa95.v1.OperationsRequest.released");
    assert_string_equal(e.from_state, "Waiting");
    assert_string_equal(e.to_state, "Released");
    event = event_of(EVENT_CREATED, NULL, &released);
    e = envelope_for(&event);
    assert_string_equal(e.type, "isa95.v1.OperationsRequest.released");
    assert_null(e.from_state);
}

static void the_type_says_what_happened_where_no_state_is_new(void **state)
{
    (void)state;
    const struct object stateless = OBJECT({"id", text("1")});
    const struct object odd = OBJECT({"id", text("1")}, {"request_state", text("已下达")});
    struct event event = event_of(EVENT_CHANGED, &released, &released);
    assert_string_equal(envelope_for(&event).type, "isa95.v1.OperationsRequest.changed");
    assert_null(envelope_for(&event).to_state);
    event = event_of(EVENT_GONE, &released, NULL);
    assert_string_equal(envelope_for(&event).type, "isa95.v1.OperationsRequest.gone");
    event = event_of(EVENT_CREATED, NULL, &stateless);
    assert_string_equal(envelope_for(&event).type, "isa95.v1.OperationsRequest.created");
    event = event_of(EVENT_CREATED, NULL, &odd);
    assert_string_equal(envelope_for(&event).type, "isa95.v1.OperationsRequest.created");
    assert_string_equal(envelope_for(&event).to_state, "已下达");
}

static void changed_fields_are_the_numbers_that_differ(void **state)
{
    (void)state;
    struct event event = event_of(EVENT_CHANGED, &waiting, &released);
    const struct envelope e = envelope_for(&event);
    /* end_time 5 came, priority 6 went, request_state 7 differs, the line 14 came; id, quantity: no
     */
    assert_int_equal(e.nchanged, 4);
    assert_int_equal(e.changed[0], 5);
    assert_int_equal(e.changed[1], 6);
    assert_int_equal(e.changed[2], 7);
    assert_int_equal(e.changed[3], 14);
    event = event_of(EVENT_CREATED, NULL, &released);
    assert_int_equal(envelope_for(&event).nchanged, 0);
}

static void a_number_spelled_otherwise_is_no_change(void **state)
{
    (void)state;
    const struct object a = OBJECT({"quantity", text("10.00")}), b = OBJECT({"quantity", real(10)});
    const struct event event = event_of(EVENT_CHANGED, &a, &b);
    assert_int_equal(envelope_for(&event).nchanged, 0);
}

static void who_owns_the_object_decides_the_verb(void **state)
{
    (void)state;
    const struct object o = OBJECT({"id", text("1")});
    struct event event = event_of(EVENT_CREATED, NULL, &o);
    assert_string_equal(envelope_for(&event).verb, "PROCESS");
    event = event_of(EVENT_GONE, &o, NULL);
    assert_string_equal(envelope_for(&event).verb, "CANCEL");
    event.type = "JobResponse";
    assert_string_equal(envelope_for(&event).verb, "SYNC_DELETE");
    event.type = "OperationsEvent";
    assert_string_equal(envelope_for(&event).verb, "NOTIFY");
}

static void an_id_depends_on_where_the_event_is_from_and_nothing_else(void **state)
{
    (void)state;
    struct event event = event_of(EVENT_CHANGED, &waiting, &released);
    const char *id = envelope_for(&event).id;
    /* printf
     * '\0\0\0\22/plant-sz/erp/odoo\0\0\0\t0/16B3748\0\0\0\0\0\0\0\3\0\0\0\23OperationsRequest@1' |
     * sha256sum */
    assert_string_equal(id, "4c2838c43bebcc05603d917c4102c5ac");
    event = event_of(EVENT_GONE, &waiting, NULL);
    assert_string_equal(envelope_for(&event).id, id);
    const struct field_context c = context(shanghai);
    struct event_origin other = origin;
    struct envelope e;
    other.index = 4;
    OK(envelope_of(vocabulary, &event, &other, &e, &c));
    assert_string_not_equal(e.id, id);
}

/* ---- packed ---- */

static const char *packed_and_back(const struct event *event, struct envelope *out,
                                   const struct zone *zone)
{
    const struct field_context c = context(shanghai), d = context(zone);
    const struct envelope e = envelope_for(event);
    const uint8_t *data;
    size_t size;
    struct event again;
    OK(envelope_pack(vocabulary, &e, &data, &size, &c));
    OK(envelope_unpack(vocabulary, data, size, out, &d));
    OK(envelope_event(vocabulary, out, &again, &d));
    assert_int_equal(again.op, event->op);
    assert_string_equal(again.key, event->key);
    assert_string_equal(again.type, event->type);
    assert_true(!again.before == !event->before && !again.after == !event->after);
    return arena_format(&arena, "%s -> %s", again.before ? description(again.before) : "",
                        again.after ? description(again.after) : "");
}

static void an_event_goes_into_an_envelope_and_comes_back(void **state)
{
    (void)state;
    struct envelope e;
    struct event event = event_of(EVENT_CHANGED, &waiting, &released);
    assert_string_equal(
        packed_and_back(&event, &e, NULL),
        "id=tWH/MO/00012 priority=i1 request_state=tWaiting quantity=t10 -> "
        "id=tWH/MO/00012 end_time=t2026-11-22 16:00:00Z request_state=tReleased quantity=t10 "
        "material_requirement=[material_definition_id=tSTL quantity=t1.5]");
    event = event_of(EVENT_CREATED, NULL, &waiting);
    assert_string_equal(packed_and_back(&event, &e, shanghai),
                        " -> id=tWH/MO/00012 priority=i1 request_state=tWaiting quantity=t10");
    event = event_of(EVENT_GONE, &waiting, NULL);
    packed_and_back(&event, &e, shanghai);
}

static void all_that_an_envelope_says_comes_back(void **state)
{
    (void)state;
    struct envelope e;
    const struct event event = event_of(EVENT_CHANGED, &waiting, &released);
    const struct envelope was = envelope_for(&event);
    packed_and_back(&event, &e, shanghai);
    assert_string_equal(e.id, was.id);
    assert_string_equal(e.type, was.type);
    assert_string_equal(e.subject, "OperationsRequest/WH/MO/00012");
    assert_string_equal(e.schema, was.schema);
    assert_int_equal(strncmp(e.schema, "millrace:isa95/v1.proto#", 24), 0);
    assert_string_equal(e.verb, "CHANGE");
    assert_string_equal(e.from_state, "Waiting");
    assert_string_equal(e.to_state, "Released");
    assert_int_equal(e.nchanged, 4);
    assert_int_equal(e.changed[3], 14);
    assert_string_equal(e.origin.source, origin.source);
    assert_string_equal(e.origin.position, origin.position);
    assert_int_equal(e.origin.index, 3);
    assert_true(e.origin.commit_us == origin.commit_us);
    assert_string_equal(e.origin.mapping, origin.mapping);
    assert_string_equal(e.origin.key_name, "id");
    assert_int_equal(e.origin.npath, 2);
    assert_string_equal(e.origin.path[1], "4712");
    assert_string_equal(e.origin.equipment_id, "SZ");
    assert_string_equal(e.origin.equipment_level, "Site");
}

static void protoc_reads_an_envelope(void **state)
{
    (void)state;
    char out[8192];
    const struct field_context c = context(shanghai);
    const struct event event = event_of(EVENT_CREATED, NULL, &waiting);
    const struct envelope e = envelope_for(&event);
    const uint8_t *data;
    size_t size;
    OK(envelope_pack(vocabulary, &e, &data, &size, &c));
    write_file("event.bin", data, size);
    protoc("--decode", "isa95.v1.EventEnvelope", "isa95/v1.proto", "event.bin", out, sizeof out);
    assert_string_equal(
        out, arena_format(
                 &arena,
                 "id: \"%s\"\nsource: \"/plant-sz/erp/odoo\"\nspec_version: \"1.0\"\n"
                 "type: \"isa95.v1.OperationsRequest.waiting\"\n"
                 "subject: \"OperationsRequest/WH/MO/00012\"\n"
                 "time {\n  seconds: 1795363200\n  nanos: 123456000\n}\n"
                 "data_schema: \"%s\"\nposition: \"0/16B3748\"\nindex: 3\n"
                 "key {\n  name: \"id\"\n  value: \"WH/MO/00012\"\n}\n"
                 "verb: PROCESS\nop: CREATE\n"
                 "hierarchy_scope {\n  equipment_id: \"SZ\"\n  equipment_level: \"Site\"\n}\n"
                 "mapping_id: \"OperationsRequest@1\"\n"
                 "origin_path: \"4711\"\norigin_path: \"4712\"\n"
                 "after {\n  type: \"isa95.v1.OperationsRequest\"\n  object: "
                 "\"\\n\\013WH/MO/000120\\001:\\007Waitingb\\004\\n\\00210\"\n}\n"
                 "state_change {\n  to_state_code: \"Waiting\"\n"
                 "  change_date_time {\n    seconds: 1795363200\n    nanos: 123456000\n  }\n}\n",
                 e.id, e.schema));
}

static void a_type_of_ones_own_travels_in_the_envelope(void **state)
{
    (void)state;
    struct vocabulary *v;
    const struct field_context c = context(NULL);
    const struct object o = OBJECT({"id", text("7")}, {"gross_unit", text("kg")});
    const struct event event = {"Weighing", EVENT_CREATED, "7", NULL, &o};
    struct envelope e, again;
    struct event back;
    const uint8_t *data;
    size_t size;
    OK(load_text("syntax = \"proto3\"; package plant; import \"isa95/v1.proto\";\n"
                 "message Weighing { optional string id = 1;\n"
                 "  optional isa95.v1.QuantityValue gross = 2; }",
                 &v));
    OK(envelope_of(v, &event, &origin, &e, &c));
    assert_string_equal(e.type, "plant.Weighing.created");
    OK(envelope_pack(v, &e, &data, &size, &c));
    OK(envelope_unpack(v, data, size, &again, &c));
    OK(envelope_event(v, &again, &back, &c));
    assert_string_equal(back.type, "Weighing");
    assert_string_equal(description(back.after), "id=t7 gross_unit=tkg");
    vocabulary_free(v);
    OK(load_text("syntax = \"proto3\"; message Weighing { optional string id = 1; }", &v));
    REFUSED(envelope_unpack(v, data, size, &again, &c), ERROR_CONFIG,
            "events need the file isa95/v1.proto in the vocabulary");
    vocabulary_free(v);
    REFUSED(envelope_unpack(vocabulary, data, size, &again, &c), ERROR_CONFIG,
            "no message is named plant.Weighing");
}

static void an_envelope_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"id: 'x'", "spec_version is not 1.0"},
        {"spec_version: '1.0' id: 'x'", "it lacks one of id, type, source"},
        {"spec_version: '1.0' id: 'x' type: 't' source: 's' position: 'p' mapping_id: 'm'",
         "its op is neither CREATE, UPDATE nor DELETE"},
        {"spec_version: '1.0' id: 'x' type: 't' source: 's' position: 'p' mapping_id: 'm' op: "
         "CREATE",
         "it has not one key"},
        {"spec_version: '1.0' id: 'x' type: 't' source: 's' position: 'p' mapping_id: 'm' op: "
         "CREATE "
         "key { value: '1' }",
         "its objects are not those of its op"},
        {"spec_version: '1.0' id: 'x' type: 't' source: 's' position: 'p' mapping_id: 'm' op: "
         "UPDATE "
         "key { value: '1' } before { type: 'isa95.v1.JobOrder' } after { type: "
         "'isa95.v1.JobResponse' }",
         "its objects are of two types"},
        {"spec_version: '1.0' id: 'x' type: 't' source: 's' position: 'p' mapping_id: 'm' op: "
         "CREATE "
         "key { value: '1' } after { type: 'JobOrder' }",
         "an object's type is not a full name"},
        {"spec_version: '1.0' id: 'x' type: 't' source: 's' position: 'p' mapping_id: 'm' op: "
         "CREATE "
         "key { value: '1' } after { type: 'isa95.v1.JobOrder' object: '\\377' }",
         "a packed isa95.v1.JobOrder: byte 0: the bytes are cut short or garbage"},
    };
    char data[4096];
    const struct field_context c = context(NULL);
    struct envelope e;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file("bad.txt", cases[i].text, strlen(cases[i].text));
        size_t size = protoc("--encode", "isa95.v1.EventEnvelope", "isa95/v1.proto", "bad.txt",
                             data, sizeof data);
        REFUSED(envelope_unpack(vocabulary, data, size, &e, &c), ERROR_VALUE, cases[i].why);
    }
}

/* ---- JSON ---- */

static const char *json_line(const struct vocabulary *v, const struct event *event)
{
    const struct field_context c = context(shanghai);
    struct envelope e;
    struct buffer b;
    OK(envelope_of(v, event, &origin, &e, &c));
    buffer_init(&b, 1 << 20);
    OK(cloud_event_add(&b, &e, &c));
    const char *line_text = arena_strdup(&arena, buffer_text(&b));
    buffer_free(&b);
    return line_text;
}

static void what_was_refused_is_a_line_without_an_object(void **state)
{
    (void)state;
    const struct field_context c = context(shanghai);
    const struct event event = {.type = "OperationsRequest", .op = EVENT_CHANGED, .key = "7"};
    const struct cloud_extension more[] = {{"outcome", "quarantine"}, {"why", NULL}};
    struct envelope e;
    struct buffer b;
    OK(envelope_refused(vocabulary, &event, &origin, &e, &c));
    assert_string_equal(e.type, "isa95.v1.OperationsRequest.refused");
    assert_string_equal(e.subject, "OperationsRequest/7");
    buffer_init(&b, 1 << 20);
    OK(cloud_event_add_with(&b, &e, more, 2, &c));
    assert_non_null(strstr(buffer_text(&b), "\"outcome\":\"quarantine\",\"data\":null}\n"));
    buffer_free(&b);
}

static void an_event_is_one_line_of_a_cloud_event(void **state)
{
    (void)state;
    const struct event event = event_of(EVENT_CHANGED, &waiting, &released);
    const struct envelope e = envelope_for(&event);
    assert_string_equal(
        json_line(vocabulary, &event),
        arena_format(
            &arena,
            "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"/plant-sz/erp/odoo\","
            "\"type\":\"isa95.v1.OperationsRequest.released\","
            "\"subject\":\"OperationsRequest/WH/MO/"
            "00012\",\"time\":\"2026-11-22T16:00:00.123456Z\","
            "\"dataschema\":\"%s\",\"datacontenttype\":\"application/json\",\"op\":\"UPDATE\","
            "\"verb\":\"CHANGE\",\"position\":\"0/16B3748\",\"mapping\":\"OperationsRequest@1\","
            "\"data\":{\"id\":\"WH/MO/00012\",\"endTime\":\"2026-11-22T16:00:00Z\","
            "\"requestState\":\"Released\",\"quantity\":{\"quantityString\":\"10\"},"
            "\"materialRequirement\":[{\"materialDefinitionId\":\"STL\","
            "\"quantity\":{\"quantityString\":\"1.5\"}}]}}\n",
            e.id, e.schema));
    const struct event gone = event_of(EVENT_GONE, &waiting, NULL);
    assert_non_null(
        strstr(json_line(vocabulary, &gone), "\"data\":{\"id\":\"WH/MO/00012\",\"priority\":1,"));
}

static void json_follows_protos_mapping(void **state)
{
    (void)state;
    struct vocabulary *v;
    OK(load_text(
        "syntax = \"proto3\"; package t; import \"isa95/v1.proto\";\n"
        "enum Colour { NONE = 0; RED = 1; }\n"
        "message All { int32 a_b = 1; int64 i = 2; uint64 u = 3; double d = 4; float f = 5;\n"
        "  bool b = 6; Colour c = 7; bytes y = 8; string s = 9; optional int32 zero = 10;\n"
        "  int32 unset = 11; string other = 12 [json_name = \"@other\"];\n"
        "  map<string, int32> m = 13; map<int32, bool> n = 14; repeated double r = 15;\n"
        "  oneof o { string x = 16; } isa95.v1.Timestamp at = 17; }",
        &v));
    const struct object m[] = {OBJECT({"key", text("b")}, {"value", value_int(1)}),
                               OBJECT({"key", text("a")}, {"value", value_int(0)})};
    const struct object n[] = {OBJECT({"key", value_int(-1)}, {"value", value_int(1)})};
    const struct object r[] = {OBJECT({"value", real(0.5)}), OBJECT({"value", real(1.0 / 0.0)})};
    const struct object_list lists[] = {{"m", m, 2}, {"n", n, 1}, {"r", r, 2}};
    const struct object_field fields[] = {{"a_b", value_int(-1)},
                                          {"i", value_int(INT64_MIN)},
                                          {"u", text("18446744073709551615")},
                                          {"d", real(0.25)},
                                          {"f", real(0.5)},
                                          {"b", value_int(1)},
                                          {"c", text("RED")},
                                          {"y", value_text(VALUE_BYTES, "\0\xff?", 3)},
                                          {"s", text("ä\n\"")},
                                          {"zero", value_int(0)},
                                          {"other", text("x")},
                                          {"x", text("")},
                                          {"at", text("1969-12-31 23:59:59.5Z")}};
    const struct object o = {fields, sizeof fields / sizeof *fields, lists, 3};
    const struct event event = {"All", EVENT_CREATED, "1", NULL, &o};
    const char *line_text = json_line(v, &event);
    assert_non_null(strstr(
        line_text, "\"data\":{\"aB\":-1,\"i\":\"-9223372036854775808\","
                   "\"u\":\"18446744073709551615\",\"d\":0.25,\"f\":0.5,\"b\":true,"
                   "\"c\":\"RED\",\"y\":\"AP8/\",\"s\":\"ä\\n\\\"\",\"zero\":0,"
                   "\"@other\":\"x\",\"m\":{\"a\":0,\"b\":1},\"n\":{\"-1\":true},"
                   "\"r\":[0.5,\"Infinity\"],\"x\":\"\",\"at\":\"1969-12-31T23:59:59.500Z\"}}"));
    json_t *json = json_loads(line_text, 0, NULL);
    assert_non_null(json);
    json_decref(json);
    vocabulary_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_type_says_the_state_that_an_object_entered),
        cmocka_unit_test(the_type_says_what_happened_where_no_state_is_new),
        cmocka_unit_test(changed_fields_are_the_numbers_that_differ),
        cmocka_unit_test(a_number_spelled_otherwise_is_no_change),
        cmocka_unit_test(who_owns_the_object_decides_the_verb),
        cmocka_unit_test(an_id_depends_on_where_the_event_is_from_and_nothing_else),
        cmocka_unit_test(an_event_goes_into_an_envelope_and_comes_back),
        cmocka_unit_test(all_that_an_envelope_says_comes_back),
        cmocka_unit_test(protoc_reads_an_envelope),
        cmocka_unit_test(a_type_of_ones_own_travels_in_the_envelope),
        cmocka_unit_test(an_envelope_that_contradicts_itself_is_refused),
        cmocka_unit_test(an_event_is_one_line_of_a_cloud_event),
        cmocka_unit_test(what_was_refused_is_a_line_without_an_object),
        cmocka_unit_test(json_follows_protos_mapping),
    };
    return cmocka_run_group_tests(tests, open_isa95, close_isa95);
}
