/* test_vocabulary.c: loading .proto files and descriptor sets, and finding messages in them
 * libs: vocabulary */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "vocabulary_scene.h"

/* ---- what is shipped ---- */

static void the_ten_objects_and_the_envelope_are_there(void **state)
{
    (void)state;
    static const char *const names[] = {
        "MaterialDefinition", "OperationsMaterialBill", "OperationsRequest", "JobOrder",
        "JobResponse",        "MaterialActual",         "MaterialLot",       "TestResult",
        "OperationsResponse", "OperationsEvent",        "EventEnvelope"};
    struct vocabulary *v = isa95();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const ProtobufCMessageDescriptor *type = type_named(v, names[i]);
        assert_string_equal(type->name, arena_format(&arena, "isa95.v1.%s", names[i]));
        assert_string_equal(vocabulary_name_of(v, type), names[i]);
    }
    assert_true(vocabulary_count(v) > 20);
    assert_null(vocabulary_at(v, vocabulary_count(v)));
    vocabulary_free(v);
}

static void every_field_of_an_object_tells_unset_from_empty(void **state)
{
    (void)state;
    struct vocabulary *v = isa95();
    for (size_t i = 0; i < vocabulary_count(v); i++) {
        const ProtobufCMessageDescriptor *type = vocabulary_at(v, i);
        for (unsigned j = 0; j < type->n_fields; j++)
            assert_true(strcmp(type->short_name, "Timestamp") == 0 ||
                        type->fields[j].label == PROTOBUF_C_LABEL_REPEATED ||
                        message_field_has_presence(&type->fields[j]));
    }
    vocabulary_free(v);
}

/* Each list is a column of values under its name, and a text field of some message. */
static void the_canonical_lists_belong_to_fields(void **state)
{
    (void)state;
    static const char *const lists[] = {"assembly_relationship",
                                        "assembly_type",
                                        "command",
                                        "dispatch_status",
                                        "disposition",
                                        "equipment_level",
                                        "job_state",
                                        "material_use",
                                        "operations_event_level",
                                        "operations_event_type",
                                        "operations_type",
                                        "request_state",
                                        "response_state"};
    struct vocabulary *v = isa95();
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        char line[100];
        bool used = false;
        FILE *file =
            fopen(arena_format(&arena, SOURCE_DIR "/vocabulary/isa95/%s.csv", lists[i]), "r");
        assert_non_null(file);
        assert_non_null(fgets(line, sizeof line, file));
        assert_string_equal(line, "value\n");
        while (fgets(line, sizeof line, file))
            assert_true(strlen(line) > 1 && !strpbrk(line, ",\""));
        assert_string_equal(line, "Other\n");
        fclose(file);
        for (size_t j = 0; j < vocabulary_count(v); j++)
            used |= protobuf_c_message_descriptor_get_field_by_name(vocabulary_at(v, j),
                                                                    lists[i]) != NULL;
        assert_true(used);
    }
    vocabulary_free(v);
}

/* ---- files ---- */

static void a_file_of_ones_own_may_import_ours(void **state)
{
    (void)state;
    struct vocabulary *v;
    OK(load_text("syntax = \"proto3\"; package plant; import \"isa95/v1.proto\";\n"
                 "message Weighing { optional string id = 1;\n"
                 "  optional isa95.v1.QuantityValue gross = 2; }",
                 &v));
    assert_string_equal(type_named(v, "Weighing")->name, "plant.Weighing");
    assert_string_equal(type_named(v, "OperationsRequest")->name, "isa95.v1.OperationsRequest");
    vocabulary_free(v);
}

static void a_file_is_also_taken_by_its_full_path(void **state)
{
    (void)state;
    struct vocabulary *v;
    const char *name = arena_format(&arena, "%s/full.proto", folder);
    const struct vocabulary_files files = {&name, 1, folders + 1, 1};
    const char proto[] = "syntax = \"proto3\"; message Full {}";
    write_file("full.proto", proto, strlen(proto));
    OK(vocabulary_load(&files, &v, &failure));
    type_named(v, "Full");
    vocabulary_free(v);
}

static void a_descriptor_set_does_as_well_as_its_file(void **state)
{
    (void)state;
    struct vocabulary *v, *w;
    assert_int_equal(system(arena_format(&arena,
                                         "protoc -I" SOURCE_DIR "/vocabulary --include_imports "
                                         "--descriptor_set_out=%s/v1.desc isa95/v1.proto",
                                         folder)),
                     0);
    OK(load_files((const char *const[]){"v1.desc"}, 1, &v));
    w = isa95();
    assert_string_equal(vocabulary_hash(v), vocabulary_hash(w));
    assert_int_equal(strlen(vocabulary_hash(v)), 64);
    assert_int_equal(strncmp(vocabulary_schema(type_named(v, "JobOrder")), "isa95/v1.proto#", 15),
                     0);
    vocabulary_free(w);
    OK(load_files((const char *const[]){"v1.desc", "isa95/v1.proto"}, 2, &w)); /* one file, twice */
    vocabulary_free(w);
    vocabulary_free(v);
}

static void a_vocabulary_can_be_kept_as_a_descriptor_set(void **state)
{
    (void)state;
    struct vocabulary *v = isa95(), *w;
    const uint8_t *data;
    size_t size;
    OK(vocabulary_pack(v, &arena, &data, &size, &failure));
    OK(vocabulary_read("kept", data, size, &w, &failure));
    assert_string_equal(vocabulary_hash(v), vocabulary_hash(w));
    vocabulary_free(v);
    vocabulary_free(w);
}

static void an_error_in_a_file_is_told_with_its_line(void **state)
{
    (void)state;
    struct vocabulary *v;
    REFUSED(load_text("syntax = \"proto3\";\nmessage A {\n  strin name = 1;\n}", &v), ERROR_CONFIG,
            "own.proto:3:3: \"strin\" is not defined.");
    assert_null(v);
    REFUSED(load_files((const char *const[]){"isa95/v2.proto"}, 1, &v), ERROR_CONFIG,
            "isa95/v2.proto");
    REFUSED(load_files((const char *const[]){"no.desc"}, 1, &v), ERROR_CONFIG,
            "no.desc: No such file or directory");
    REFUSED(load_files((const char *const[]){"--version.proto"}, 1, &v), ERROR_CONFIG,
            "may not begin with -");
    REFUSED(load_files((const char *const[]){"@files.proto"}, 1, &v), ERROR_CONFIG,
            "may not begin with @");
    REFUSED(load_files(NULL, 0, &v), ERROR_CONFIG, "no file is given");
}

static void without_protoc_the_error_says_what_to_install(void **state)
{
    (void)state;
    struct vocabulary *v;
    char *path = strdup(getenv("PATH"));
    setenv("PATH", folder, 1);
    REFUSED(load_files((const char *const[]){"isa95/v1.proto"}, 1, &v), ERROR_CONFIG,
            "protoc cannot be run (No such file or directory): install it (Debian: "
            "protobuf-compiler)");
    setenv("PATH", path, 1);
    free(path);
}

static void two_files_of_one_name_must_be_one_file(void **state)
{
    (void)state;
    struct vocabulary *v;
    const char one[] = "syntax = \"proto3\"; message A { int32 a = 1; }";
    write_file("own.proto", one, strlen(one));
    assert_int_equal(system(arena_format(&arena,
                                         "cd %s && protoc --descriptor_set_out=one.desc "
                                         "own.proto",
                                         folder)),
                     0);
    const char two[] = "syntax = \"proto3\"; message A { int64 a = 1; }";
    write_file("own.proto", two, strlen(two));
    REFUSED(load_files((const char *const[]){"one.desc", "own.proto"}, 2, &v), ERROR_CONFIG,
            "one.desc holds another own.proto");
}

static void a_set_without_its_imports_is_refused(void **state)
{
    (void)state;
    struct vocabulary *v;
    const char proto[] = "syntax = \"proto3\"; import \"isa95/v1.proto\";\n"
                         "message A { isa95.v1.Value v = 1; }";
    write_file("own.proto", proto, strlen(proto));
    assert_int_equal(system(arena_format(&arena,
                                         "protoc -I%s -I" SOURCE_DIR "/vocabulary "
                                         "--descriptor_set_out=%s/alone.desc own.proto",
                                         folder, folder)),
                     0);
    REFUSED(load_files((const char *const[]){"alone.desc"}, 1, &v), ERROR_CONFIG,
            "own.proto imports isa95/v1.proto, which no file holds");
}

/* ---- what protobuf-c cannot do ---- */

static void groups_are_refused_by_name(void **state)
{
    (void)state;
    struct vocabulary *v;
    REFUSED(load_text("syntax = \"proto2\"; message A { optional group G = 3 {} }", &v),
            ERROR_CONFIG, "A.g (number 3): groups are not supported");
}

/* ---- names ---- */

static const char two_packages[] =
    "syntax = \"proto3\"; package plant; import \"isa95/v1.proto\";\n"
    "message JobOrder { optional string id = 1; message Step { int32 n = 1; } }\n"
    "message Batch { map<string, int32> counts = 1; }";

static void a_name_that_two_messages_have_needs_its_package(void **state)
{
    (void)state;
    struct vocabulary *v;
    const ProtobufCMessageDescriptor *type;
    OK(load_text(two_packages, &v));
    REFUSED(vocabulary_message(v, "JobOrder", &type, &failure), ERROR_CONFIG,
            "JobOrder may be any of isa95.v1.JobOrder, plant.JobOrder: write the full name");
    assert_string_equal(type_named(v, "plant.JobOrder")->name, "plant.JobOrder");
    assert_string_equal(type_named(v, ".isa95.v1.JobOrder")->name, "isa95.v1.JobOrder");
    assert_string_equal(vocabulary_name_of(v, type_named(v, "plant.JobOrder")), "plant.JobOrder");
    assert_string_equal(type_named(v, "Step")->name, "plant.JobOrder.Step");
    vocabulary_free(v);
}

static void an_unknown_name_is_told_the_nearest(void **state)
{
    (void)state;
    struct vocabulary *v;
    const ProtobufCMessageDescriptor *type;
    OK(load_text(two_packages, &v));
    REFUSED(vocabulary_message(v, "OperationRequest", &type, &failure), ERROR_CONFIG,
            "no message is named OperationRequest; the nearest is OperationsRequest");
    REFUSED(vocabulary_message(v, "plant.JobOrdre", &type, &failure), ERROR_CONFIG,
            "the nearest is plant.JobOrder");
    REFUSED(vocabulary_message(v, "xyz", &type, &failure), ERROR_CONFIG, "no message is named xyz");
    REFUSED(vocabulary_message(v, "CountsEntry", &type, &failure), ERROR_CONFIG,
            "no message is named CountsEntry"); /* a map's own */
    vocabulary_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ten_objects_and_the_envelope_are_there),
        cmocka_unit_test(every_field_of_an_object_tells_unset_from_empty),
        cmocka_unit_test(the_canonical_lists_belong_to_fields),
        cmocka_unit_test(a_file_of_ones_own_may_import_ours),
        cmocka_unit_test(a_file_is_also_taken_by_its_full_path),
        cmocka_unit_test(a_descriptor_set_does_as_well_as_its_file),
        cmocka_unit_test(a_vocabulary_can_be_kept_as_a_descriptor_set),
        cmocka_unit_test(an_error_in_a_file_is_told_with_its_line),
        cmocka_unit_test(without_protoc_the_error_says_what_to_install),
        cmocka_unit_test(two_files_of_one_name_must_be_one_file),
        cmocka_unit_test(a_set_without_its_imports_is_refused),
        cmocka_unit_test(groups_are_refused_by_name),
        cmocka_unit_test(a_name_that_two_messages_have_needs_its_package),
        cmocka_unit_test(an_unknown_name_is_told_the_nearest),
    };
    return cmocka_run_group_tests(tests, scene_open, scene_close);
}
