/* test_vocabulary_compatible.c: what of a vocabulary may change
 * libs: vocabulary */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "transforms/vocabulary/compatible.h"
#include "vocabulary_scene.h"

static const char before[] =
    "syntax = \"proto3\"; package t;\n"
    "enum Colour { NONE = 0; RED = 1; BLUE = 2; }\n"
    "message Part { optional string id = 1; }\n"
    "message Order { optional string id = 1; optional int32 n = 2; repeated Part part = 3;\n"
    "  optional Colour colour = 4; optional Part main = 5; int64 plain = 6;\n"
    "  oneof one { string a = 7; int32 b = 8; } map<string, int32> m = 9; }";

/* The text above with one part in another's place. */
static const char *changed(const char *from, const char *to)
{
    const char *at = strstr(before, from);
    assert_non_null(at);
    return arena_format(&arena, "%.*s%s%s", (int)(at - before), before, to, at + strlen(from));
}

static enum status check(const char *after)
{
    struct vocabulary *older, *newer;
    OK(load_text(before, &older));
    OK(load_text(after, &newer));
    enum status status = compatible_check(older, newer, &failure);
    vocabulary_free(older);
    vocabulary_free(newer);
    return status;
}

static void adding_is_fine(void **state)
{
    (void)state;
    OK(check(before));
    OK(check(changed("optional int32 n = 2;", "optional int32 n = 2; optional string more = 20;")));
    OK(check(changed("BLUE = 2;", "BLUE = 2; GREEN = 3;")));
    OK(check(changed("message Part {", "message Whole {} message Part {")));
    OK(check(changed("int64 plain = 6;", "optional int64 plain = 6;")));
}

static void what_is_reserved_may_go(void **state)
{
    (void)state;
    OK(check(changed("optional int32 n = 2;", "reserved 2;")));
    OK(check(changed("BLUE = 2;", "reserved 2;")));
}

/* A change, and how it is refused. */
static const struct {
    const char *from, *to, *why;
} refusals[] = {
    {"optional int32 n = 2;", "optional int32 count = 2;",
     "number 2 of t.Order was n and is count"},
    {"optional int32 n = 2;", "optional int64 n = 2;",
     "t.Order.n (number 2) was int32 and is int64"},
    {"optional int32 n = 2;", "optional sint32 n = 2;",
     "t.Order.n (number 2) was int32 and is sint32"},
    {"optional int32 n = 2;", "optional int32 n = 12;", "t.Order.n had number 2 and has 12"},
    {"optional int32 n = 2;", "", "t.Order.n is gone: write `reserved 2;` in its place"},
    {"optional int32 n = 2;", "repeated int32 n = 2;", "t.Order.n (number 2) became repeated"},
    {"repeated Part part = 3;", "Part part = 3;", "t.Order.part (number 3) is repeated no more"},
    {"optional int32 n = 2;", "int32 n = 2;",
     "t.Order.n (number 2) lost its optional: what was NULL would be a default"},
    {"optional Part main = 5;", "optional Order main = 5;",
     "t.Order.main (number 5) was t.Part and is t.Order"},
    {"string a = 7; int32 b = 8; }", "int32 b = 8; } string a = 7;",
     "t.Order.a (number 7) was moved into a oneof, or out of one"},
    {"map<string, int32> m = 9;", "map<string, int64> m = 9;",
     "t.Order.MEntry.value (number 2) was int32 and is int64"},
    {"BLUE = 2;", "BLUE = 3;", "BLUE of t.Colour had number 2 and has 3"},
    {"BLUE = 2;", "AZURE = 2;", "number 2 of t.Colour was BLUE and is AZURE"},
    {"BLUE = 2;", "", "BLUE of t.Colour is gone: write `reserved 2;` in its place"},
};

static void what_would_be_read_wrongly_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        REFUSED(check(changed(refusals[i].from, refusals[i].to)), ERROR_CONFIG, refusals[i].why);
    REFUSED(check("syntax = \"proto3\"; package t; message Order {}"), ERROR_CONFIG,
            "the message t.Part is gone; the enum t.Colour is gone");
}

static void all_that_is_wrong_is_counted(void **state)
{
    (void)state;
    struct vocabulary *older, *newer;
    OK(load_text("syntax = \"proto3\"; message A {}", &newer));
    older = isa95();
    REFUSED(compatible_check(older, newer, &failure), ERROR_CONFIG, "; and ");
    vocabulary_free(older);
    vocabulary_free(newer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adding_is_fine),
        cmocka_unit_test(what_is_reserved_may_go),
        cmocka_unit_test(what_would_be_read_wrongly_is_refused_by_name),
        cmocka_unit_test(all_that_is_wrong_is_counted),
    };
    return cmocka_run_group_tests(tests, scene_open, scene_close);
}
