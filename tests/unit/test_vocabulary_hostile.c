/* test_vocabulary_hostile.c: bytes that lie: an error, and never a crash
 * libs: vocabulary */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "transforms/vocabulary/cloud_event.h"
#include "transforms/vocabulary/compatible.h"
#include "transforms/vocabulary/envelope.h"
#include "transforms/vocabulary/message_json.h"
#include "transforms/vocabulary/wire.h"
#include "vocabulary_objects.h"

static const char own[] =
    "syntax = \"proto3\"; package t; import \"isa95/v1.proto\";\n"
    "enum Colour { NONE = 0; RED = 1; MINUS = -3; }\n"
    "message Tree { optional string name = 1; repeated Tree branch = 2; optional Tree stem = 3; }\n"
    "message All {\n"
    "  int32 i32 = 1; sint64 s64 = 2; fixed32 x32 = 3; sfixed64 f64 = 4; optional double db = 5;\n"
    "  bool b = 6; Colour colour = 7; string s = 8; bytes by = 9; Tree tree = 10;\n"
    "  isa95.v1.Timestamp at = 11; isa95.v1.QuantityValue quantity = 12;\n"
    "  repeated int32 ri = 21; repeated fixed32 rx = 23; repeated double rd = 24;\n"
    "  repeated bool rb = 25; repeated string rt = 27; repeated bytes ry = 28;\n"
    "  repeated isa95.v1.Timestamp ra = 29; map<string, isa95.v1.Value> named = 41;\n"
    "  map<int32, bool> flags = 42; optional bytes perhaps = 536870911;\n"
    "  oneof one { string a = 51; int64 n = 52; Tree t = 53; bytes y = 54; } }";

static const char own_text[] =
    "i32: -1 s64: -2 x32: 3 f64: -4 db: 0.5 b: true colour: RED s: 'text' by: '\\000\\377'\n"
    "tree { name: 'r' branch { name: 'b1' branch { name: 'b11' } } stem { stem { name: 's' } } }\n"
    "at { seconds: 1 nanos: 1 } quantity { quantity_string: '1.10' unit_of_measure: 'm' }\n"
    "ri: [1, -1, 300] rx: [7, 8] rd: [1.5] rb: [true, false] rt: ['x', 'y'] ry: ['\\001']\n"
    "ra { seconds: 5 } named { key: 'b' value { value_string: '2' } } flags { key: 1 value: true "
    "}\n"
    "t { name: 'one' branch { } } perhaps: 'maybe'";

enum { BYTES_MAX = 64 * 1024 };

static struct vocabulary *vocabulary;
static const ProtobufCMessageDescriptor *all, *tree;
static char all_bytes[4096], set_bytes[BYTES_MAX];
static size_t all_size, set_size;

static int open_own(void **state)
{
    assert_int_equal(scene_open(state), 0);
    OK(load_text(own, &vocabulary));
    all = type_named(vocabulary, "All");
    tree = type_named(vocabulary, "Tree");
    write_file("own.txt", own_text, strlen(own_text));
    all_size = protoc("--encode", "t.All", "own.proto", "own.txt", all_bytes, sizeof all_bytes);
    assert_int_equal(
        system(arena_format(&arena,
                            "protoc -I%s -I" SOURCE_DIR "/vocabulary --include_imports "
                            "--descriptor_set_out=%s/own.desc own.proto",
                            folder, folder)),
        0);
    set_size = read_file("own.desc", set_bytes, sizeof set_bytes);
    return 0;
}

static int close_own(void **state)
{
    vocabulary_free(vocabulary);
    return scene_close(state);
}

/* ---- mutations, the same ones in every run ---- */

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

enum { IN_PLACE_WAYS = 2, ALL_WAYS = 5 };

/* Bytes that mean something: lengths, tags, signs. */
static char odd_byte(void)
{
    static const unsigned char odd[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x1a, 0x0b, 0x0c};
    return draw(2) ? (char)odd[draw(sizeof odd)] : (char)draw(256);
}

static size_t mutate_once(char *data, size_t size, size_t max, unsigned ways)
{
    size_t at = draw(size), n = draw(size - at) % 64 + 1;
    switch (draw(ways)) {
    case 0: /* changed */
        data[at] = odd_byte();
        return size;
    case 1: /* one bit */
        data[at] = (char)(data[at] ^ 1 << draw(8));
        return size;
    case 2: /* left out */
        n = n > size - at ? size - at : n;
        memmove(data + at, data + at + n, size - at - n);
        return size > n ? size - n : 1;
    case 3: /* doubled */
        n = n > size - at ? size - at : n;
        if (size + n > max)
            return size;
        memmove(data + at + n, data + at, size - at);
        return size + n;
    default: /* cut short */
        return at > 0 ? at : 1;
    }
}

static size_t mutate(const char *from, size_t size, char *to, size_t max)
{
    memcpy(to, from, size);
    for (uint64_t n = draw(4) + 1; n > 0; n--)
        size = mutate_once(to, size, max, ALL_WAYS);
    return size;
}

/* One byte: what holds the bytes together mostly stands, and what they say is wrong. */
static size_t mutate_a_byte(const char *from, size_t size, char *to, size_t max)
{
    memcpy(to, from, size);
    return mutate_once(to, size, max, IN_PLACE_WAYS);
}

/* ---- messages ---- */

/* All that is done with packed bytes; whether they were taken. */
static bool use_message(const ProtobufCMessageDescriptor *type, const char *data, size_t size)
{
    const struct field_context c = context(NULL);
    ProtobufCMessage *m;
    const struct object *o;
    const uint8_t *again;
    size_t again_size;
    json_t *json;
    failure_clear(&failure);
    if (message_unpack(type, data, size, &arena, &m, &failure) != STATUS_OK)
        return false;
    /* By malloc too: a field that is laid over another one would be freed wrongly. */
    protobuf_c_message_free_unpacked(
        protobuf_c_message_unpack(type, NULL, size, (const uint8_t *)data), NULL);
    OK(message_pack(m, &arena, &again, &again_size, &failure));
    OK(wire_check(type, again, again_size, &failure));
    if (message_json(m, &json, &c) == STATUS_OK)
        json_decref(json);
    if (object_from_message(m, &o, &c) == STATUS_OK)
        object_to_message(o, type, &m, &c);
    return true;
}

static void a_message_cut_anywhere_is_an_error_or_a_shorter_message(void **state)
{
    (void)state;
    unsigned taken = 0;
    for (size_t size = 0; size <= all_size; size++) {
        struct arena keep = arena;
        arena_init(&arena);
        char *exact = malloc(size + 1); /* so that a sanitizer sees a step beyond */
        memcpy(exact, all_bytes, size);
        taken += use_message(all, exact, size);
        free(exact);
        arena_free(&arena);
        arena = keep;
    }
    assert_true(taken >= 10 && taken < all_size);
}

static void mutated_messages_do_no_harm(void **state)
{
    (void)state;
    enum { CASES = 30000 };
    unsigned taken = 0;
    seed = UINT64_C(0x9E3779B97F4A7C15);
    struct arena keep = arena;
    arena_init(&arena);
    for (int i = 0; i < CASES; i++) {
        char data[8192];
        size_t size = mutate(all_bytes, all_size, data, sizeof data);
        char *exact = malloc(size);
        memcpy(exact, data, size);
        taken += use_message(all, exact, size);
        free(exact);
        arena_reset(&arena);
    }
    arena_free(&arena);
    arena = keep;
    assert_true(taken > CASES / 20 && taken < CASES); /* both ways were gone */
}

static void mutated_envelopes_do_no_harm(void **state)
{
    (void)state;
    enum { CASES = 5000 };
    const struct field_context c = context(NULL);
    const struct object o =
        OBJECT({"id", text("1")}, {"request_state", text("Released")}, {"quantity", text("10")});
    const struct event event = {"OperationsRequest", EVENT_CHANGED, "1", &o, &o};
    const struct event_origin origin = {.source = "/erp", .position = "0/1", .mapping = "m"};
    struct envelope e;
    const uint8_t *bytes;
    size_t size;
    char valid[4096];
    OK(envelope_of(vocabulary, &event, &origin, &e, &c));
    OK(envelope_pack(vocabulary, &e, &bytes, &size, &c));
    memcpy(valid, bytes, size);
    seed = 7;
    struct arena keep = arena;
    arena_init(&arena);
    for (int i = 0; i < CASES; i++) {
        char data[8192];
        struct event again;
        struct buffer line;
        size_t n = mutate(valid, size, data, sizeof data);
        buffer_init(&line, 1 << 20);
        failure_clear(&failure);
        if (envelope_unpack(vocabulary, data, n, &e, &c) == STATUS_OK) {
            envelope_event(vocabulary, &e, &again, &c);
            cloud_event_add(&line, &e, &c);
        }
        buffer_free(&line);
        arena_reset(&arena);
    }
    arena_free(&arena);
    arena = keep;
}

/* `depth` times field 3 around nothing; in front of the end of `data`. */
static const char *nested(char *data, size_t max, unsigned depth, size_t *size)
{
    char *at = data + max;
    for (unsigned i = 0; i < depth; i++) {
        size_t inner = (size_t)(data + max - at);
        char length[10];
        size_t n = 0;
        do {
            length[n++] = (char)((inner & 0x7f) | (inner > 0x7f ? 0x80 : 0));
        } while (inner >>= 7);
        at -= n;
        memcpy(at, length, n);
        *--at = 0x1a;
    }
    *size = (size_t)(data + max - at);
    return at;
}

static void nesting_ends(void **state)
{
    (void)state;
    enum { DEEP = 300000 };
    ProtobufCMessage *m;
    size_t max = DEEP * 8, size;
    char *data = malloc(max);
    const char *at = nested(data, max, DEEP, &size);
    REFUSED(message_unpack(tree, at, size, &arena, &m, &failure), ERROR_VALUE,
            "messages are nested too deep");
    at = nested(data, max, WIRE_DEPTH_MAX, &size);
    OK(message_unpack(tree, at, size, &arena, &m, &failure));
    const struct field_context c = context(NULL);
    const struct object *o;
    REFUSED(object_from_message(m, &o, &c), ERROR_VALUE, "messages are nested deeper than 16");
    free(data);
}

#define BAD(bytes, why)                                                                            \
    REFUSED(message_unpack(all, bytes, sizeof bytes - 1, &arena, &m, &failure), ERROR_VALUE, why)

static void what_protobuf_c_would_take_wrongly_is_refused(void **state)
{
    (void)state;
    ProtobufCMessage *m;
    BAD("\x42\x03"
        "a\0b",
        "a packed t.All.s: byte 2: a text is not UTF-8, or has a NUL in it");
    BAD("\x42\x02\xc3\x28", "a text is not UTF-8");
    BAD("\x52\x02\x0a\x00\x52\x00",
        "a packed t.All.tree: byte 4: the field holds one message, and comes again");
    BAD("\x08", "cut short");
    BAD("\x42\xff\xff\xff\xff\x0f", "cut short");
    BAD("\x42\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "cut short");
    BAD("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "cut short"); /* 11 bytes of a varint */
    BAD("\x00\x01", "cut short");                                         /* field number 0 */
    BAD("\x0b\x0c", "cut short");                                         /* a group */
    BAD("\x0a\x01\x00", "a packed list is not whole, or not one by declaration");
    BAD("\x40\x01", "it lies there as another type than it is declared");
    BAD("\xba\x01\x05\0\0\0\0\0", "a packed list is not whole"); /* rx: five bytes */
    BAD("\xca\x01\x01\x02", "a packed list is not whole");       /* rb: neither 0 nor 1 */
}

static void small_bytes_do_not_take_much_memory(void **state)
{
    (void)state;
    ProtobufCMessage *m;
    size_t size = WIRE_BYTES_MAX;
    char *data = malloc(size + 2);
    for (size_t i = 0; i < size; i += 2)
        memcpy(data + i, "\x12", 2); /* branch { } */
    struct arena keep = arena;
    arena_init(&arena);
    REFUSED(message_unpack(tree, data, size, &arena, &m, &failure), ERROR_VALUE,
            "or it takes more than 128 MiB");
    REFUSED(message_unpack(tree, data, size + 2, &arena, &m, &failure), ERROR_VALUE,
            "at most 16777216 are read");
    arena_free(&arena);
    arena = keep;
    free(data);
}

/* ---- descriptor sets ---- */

static void mutated_descriptor_sets_do_no_harm(void **state)
{
    (void)state;
    enum { CASES = 6000 };
    unsigned taken = 0;
    seed = 12345;
    for (int i = 0; i < CASES; i++) {
        static char data[2 * BYTES_MAX];
        struct vocabulary *v;
        size_t size = (i % 3 ? mutate_a_byte : mutate)(set_bytes, set_size, data, sizeof data);
        failure_clear(&failure);
        if (vocabulary_read("mutated", data, size, &v, &failure) != STATUS_OK)
            continue;
        taken++;
        struct arena keep = arena;
        arena_init(&arena);
        for (size_t j = 0; j < vocabulary_count(v); j++) {
            use_message(vocabulary_at(v, j), all_bytes, all_size);
            arena_reset(&arena);
        }
        failure_clear(&failure);
        compatible_check(vocabulary, v, &failure);
        arena_free(&arena);
        arena = keep;
        vocabulary_free(v);
    }
    assert_true(taken > CASES / 20 && taken < CASES);
}

static enum status read_set(const char *set_text, struct vocabulary **v)
{
    static char data[BYTES_MAX];
    write_file("set.txt", set_text, strlen(set_text));
    size_t size = protoc("--encode", "google.protobuf.FileDescriptorSet",
                         "google/protobuf/descriptor.proto", "set.txt", data, sizeof data);
    return vocabulary_read("a.desc", data, size, v, &failure);
}

#define FIELD(name, number)                                                                        \
    "field { name: '" name "' number: " number " type: TYPE_INT32 label: LABEL_OPTIONAL }"
#define MESSAGE(body) "file { name: 'a.proto' message_type { name: 'M' " body " } }"

static void what_no_compiler_makes_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *set, *why;
    } cases[] = {
        {"", "a.desc is no descriptor set: it holds no file"},
        {"file { }", "holds a file without a name"},
        {"file { name: 'a' syntax: 'editions' }", "a has the syntax \"editions\""},
        {"file { name: 'a' dependency: 'b' } file { name: 'b' dependency: 'c' } file { name: 'c' "
         "dependency: 'b' }",
         "a imports itself, over others"},
        {"file { name: 'a' dependency: 'a' }", "a imports itself"},
        {"file { name: 'a' dependency: 'x' }", "a imports x, which no file holds"},
        {"file { name: 'a' message_type { name: 'M' } } file { name: 'a' message_type { name: 'N' "
         "} }",
         "a.desc holds another a"},
        {"file { name: 'a' message_type { name: 'M' } } file { name: 'b' message_type { name: 'M' "
         "} }",
         "M is declared twice: in a and in b"},
        {"file { name: 'a' message_type { name: 'M' } enum_type { name: 'M' value { name: 'A' "
         "number: "
         "0 } } }",
         "M is declared twice: in a and in a"},
        {"file { name: 'a' message_type { name: 'M M' } }", "\"M M\" is no name of a type"},
        {"file { name: 'a' message_type { } }", "\"\" is no name of a type"},
        {MESSAGE(FIELD("a", "0")), "M.a (number 0): a field's number is 1 to 536870911"},
        {MESSAGE(FIELD("a", "-5")), "a field's number is 1 to 536870911"},
        {MESSAGE(FIELD("a", "536870912")), "a field's number is 1 to 536870911"},
        {MESSAGE(FIELD("a", "19500")), "19000 to 19999 are protobuf's own"},
        {MESSAGE(FIELD("a", "1") FIELD("b", "1")), "M has two fields with number 1: "},
        {MESSAGE(FIELD("a", "1") FIELD("a", "2")), "M has two fields named a"},
        {MESSAGE(FIELD("a-b", "1")), "its name is no name of a field"},
        {MESSAGE("field { name: 'a' number: 1 label: LABEL_OPTIONAL }"), "its type is not known"},
        {MESSAGE("field { name: 'a' number: 1 type: TYPE_INT32 }"), "its label is not known"},
        {MESSAGE("field { name: 'a' number: 1 type: TYPE_MESSAGE label: LABEL_OPTIONAL }"),
         "no file declares its type"},
        {MESSAGE(
             "field { name: 'a' number: 1 type: TYPE_ENUM label: LABEL_OPTIONAL type_name: '.M' }"),
         "no file declares its type"},
        {MESSAGE(
             "field { name: 'a' number: 1 type: TYPE_MESSAGE label: LABEL_OPTIONAL type_name: 'M' "
             "}"),
         "no file declares its type"},
        {MESSAGE(
             "field { name: 'a' number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL oneof_index: 2 }"),
         "its oneof is not declared"},
        {MESSAGE(
             "field { name: 'a' number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL oneof_index: -1 "
             "}"),
         "its oneof is not declared"},
        {MESSAGE("oneof_decl { name: 'o' } field { name: 'a' number: 1 type: TYPE_INT32 label: "
                 "LABEL_REPEATED oneof_index: 0 }"),
         "a field of a oneof has no label"},
        {MESSAGE("options { map_entry: true } " FIELD("key", "1")), "M is no entry of a map"},
        {"file { name: 'a' enum_type { name: 'E' } }", "the enum E has no value"},
        {"file { name: 'a' enum_type { name: 'E' value { name: 'A' } } }",
         "has no name or no number"},
        {"file { name: 'a' enum_type { name: 'E' value { name: 'A' number: 0 } value { name: 'A' "
         "number: 1 } } }",
         "E has two values named A"},
    };
    struct vocabulary *v;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        REFUSED(read_set(cases[i].set, &v), ERROR_CONFIG, cases[i].why);
}

static void a_set_with_too_much_in_it_is_refused(void **state)
{
    (void)state;
    struct vocabulary *v;
    struct buffer b;
    buffer_init(&b, 1 << 22);
    buffer_add_text(&b, "file { name: 'a' message_type { name: 'M' ");
    for (int i = 1; i <= WIRE_FIELDS_MAX + 1; i++)
        buffer_add_format(
            &b, "field { name: 'f%d' number: %d type: TYPE_BOOL label: LABEL_OPTIONAL }", i, i);
    buffer_add_text(&b, "} }");
    REFUSED(read_set(buffer_text(&b), &v), ERROR_CONFIG,
            "M has 1025 fields: at most 1024 are taken");
    buffer_clear(&b);
    for (int i = 0; i <= 1000; i++)
        buffer_add_format(&b, "file { name: '%d' }", i);
    REFUSED(read_set(buffer_text(&b), &v), ERROR_CONFIG, "more than 1000 files");
    buffer_clear(&b);
    buffer_add_text(&b, "file { name: 'a' ");
    for (int i = 0; i < 70; i++)
        buffer_add_text(&b, i ? "nested_type { name: 'M' " : "message_type { name: 'M' ");
    for (int i = 0; i < 71; i++)
        buffer_add_text(&b, "} ");
    REFUSED(read_set(buffer_text(&b), &v), ERROR_CONFIG, "messages are nested too deep");
    buffer_free(&b);
}

static void garbage_is_no_descriptor_set(void **state)
{
    (void)state;
    struct vocabulary *v;
    REFUSED(vocabulary_read("x.pb", "hello", 5, &v, &failure), ERROR_CONFIG,
            "vocabulary: x.pb is no descriptor set: a packed google.protobuf.FileDescriptorSet");
    assert_null(v);
    write_file("garbage.pb", "\xff\xff", 2);
    REFUSED(load_files((const char *const[]){"garbage.pb"}, 1, &v), ERROR_CONFIG,
            "garbage.pb is no descriptor set");
    REFUSED(load_files((const char *const[]){"/"}, 1, &v), ERROR_CONFIG, "/ is no file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_cut_anywhere_is_an_error_or_a_shorter_message),
        cmocka_unit_test(mutated_messages_do_no_harm),
        cmocka_unit_test(mutated_envelopes_do_no_harm),
        cmocka_unit_test(nesting_ends),
        cmocka_unit_test(what_protobuf_c_would_take_wrongly_is_refused),
        cmocka_unit_test(small_bytes_do_not_take_much_memory),
        cmocka_unit_test(mutated_descriptor_sets_do_no_harm),
        cmocka_unit_test(what_no_compiler_makes_is_refused),
        cmocka_unit_test(a_set_with_too_much_in_it_is_refused),
        cmocka_unit_test(garbage_is_no_descriptor_set),
    };
    return cmocka_run_group_tests(tests, open_own, close_own);
}
