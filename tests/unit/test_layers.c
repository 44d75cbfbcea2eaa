/* test_layers.c: the include rules: who may include whom. The rules are the table below.
 * libs: base */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A room, and the rooms whose headers its files may include; its own always. */
static const struct {
    const char *folder;
    const char *may[16];
} rooms[] = {
    {"cdc/base", {NULL}},
    {"cdc/model", {"cdc/base"}},
    {"cdc/config", {"cdc/base", "cdc/model"}},
    {"cdc/db/postgres", {"cdc/base", "cdc/model"}},
    {"cdc/db/mysql", {"cdc/base", "cdc/model"}},
    {"state", {"cdc/base", "cdc/model"}},
    {"cdc/postgres", {"cdc/base", "cdc/model", "cdc/db/postgres", "state"}},
    {"cdc/mysql", {"cdc/base", "cdc/model", "cdc/db/mysql", "state"}},
    {"transforms", {"cdc/base", "cdc/model", "cdc/config"}},
    {"transforms/functions", {"cdc/base", "cdc/model", "cdc/config"}},
    {"transforms/vocabulary", {"cdc/base", "cdc/model", "cdc/config"}},
    {"transforms/mirror", {"cdc/base", "cdc/model", "cdc/config", "transforms/functions"}},
    {"transforms/events",
     {"cdc/base", "cdc/model", "cdc/config", "transforms/functions", "transforms/vocabulary",
      "transforms/mirror"}},
    {"sinks", {"cdc/base", "cdc/model", "state"}},
    {"sinks/postgres", {"cdc/base", "cdc/model", "cdc/db/postgres", "state", "sinks"}},
    {"sinks/mysql", {"cdc/base", "cdc/model", "cdc/db/mysql", "state", "sinks"}},
    {"sinks/null", {"cdc/base", "cdc/model", "state", "sinks"}},
    {"sinks/events",
     {"cdc/base", "cdc/model", "cdc/config", "cdc/db/postgres", "cdc/db/mysql", "sinks"}},
    {"cdc/events",
     {"cdc/base", "cdc/model", "cdc/config", "state", "transforms/functions",
      "transforms/vocabulary", "transforms/mirror", "transforms/events", "sinks", "sinks/events"}},
    {"cdc/link",
     {"cdc/base", "cdc/model", "cdc/config", "cdc/db/postgres", "cdc/db/mysql", "state",
      "cdc/postgres", "cdc/mysql", "transforms", "sinks", "sinks/postgres", "sinks/mysql",
      "sinks/null", "cdc/events"}},
    {"cdc/check",
     {"cdc/base", "cdc/model", "cdc/config", "cdc/db/postgres", "cdc/db/mysql", "state",
      "cdc/postgres", "cdc/mysql", "transforms", "transforms/mirror", "transforms/vocabulary",
      "sinks/events", "cdc/events", "cdc/link"}},
    {"cdc/command",
     {"cdc/base", "cdc/model", "cdc/config", "state", "cdc/events", "cdc/link", "cdc/check"}},
    {"cdc", {"cdc/base", "cdc/model", "cdc/config", "cdc/command"}}, /* main.c */
};
enum { NROOMS = sizeof rooms / sizeof *rooms };

static char root[4096];
static int files, includes, broken;

/* "cdc/db/mysql/my.c" -> "cdc/db/mysql" */
static void folder_of(const char *path, char *folder)
{
    strcpy(folder, path);
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    else
        folder[0] = '\0';
}

static int room_of(const char *path)
{
    char folder[4096];
    folder_of(path, folder);
    for (int i = 0; i < NROOMS; i++)
        if (strcmp(rooms[i].folder, folder) == 0)
            return i;
    return -1;
}

/* An include is written from the root or from cdc/: the file's path from the root, or "". */
static void resolve(const char *name, char *path)
{
    static const char *const prefixes[] = {"", "cdc/"};
    char full[12288];
    for (int i = 0; i < 2; i++) {
        snprintf(path, 4096, "%s%s", prefixes[i], name);
        snprintf(full, sizeof full, "%s/%s", root, path);
        if (access(full, R_OK) == 0)
            return;
    }
    path[0] = '\0';
}

static int may_include(int room, int other)
{
    if (room == other)
        return 1;
    for (int i = 0; rooms[room].may[i]; i++)
        if (other >= 0 && strcmp(rooms[room].may[i], rooms[other].folder) == 0)
            return 1;
    return 0;
}

static void check_include(const char *file, int line, int room, const char *name)
{
    char path[4096];
    resolve(name, path);
    includes++;
    if (path[0] && may_include(room, room_of(path)))
        return;
    broken++;
    fprintf(stderr, "%s:%d: \"%s\": %s\n", file, line, name,
            path[0] ? "the room may not include that one" : "no such file in the repository");
}

static void check_file(const char *full, const char *file)
{
    char text[4096], name[2048];
    int room = room_of(file), n = 0;
    if (room < 0) {
        broken++;
        fprintf(stderr, "%s: its folder is no room: add it to tests/unit/test_layers.c\n", file);
        return;
    }
    FILE *f = fopen(full, "r");
    assert_non_null(f);
    while (fgets(text, sizeof text, f)) {
        n++;
        if (sscanf(text, " # include \"%2047[^\"]\"", name) == 1)
            check_include(file, n, room, name);
    }
    fclose(f);
    files++;
}

static int visit(const char *full, const struct stat *st, int flag, struct FTW *at)
{
    (void)st, (void)at;
    const char *dot = strrchr(full, '.');
    if (flag == FTW_F && dot && (strcmp(dot, ".c") == 0 || strcmp(dot, ".h") == 0))
        check_file(full, full + strlen(root) + 1);
    return 0;
}

static void no_file_includes_what_lies_above_or_beside_it(void **state)
{
    (void)state;
    static const char *const trees[] = {"cdc", "state", "transforms", "sinks"};
    char path[8192];
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        snprintf(path, sizeof path, "%s/%s", root, trees[i]);
        assert_int_equal(nftw(path, visit, 16, FTW_PHYS), 0);
    }
    assert_true(files > 100);
    assert_true(includes > 300);
    assert_int_equal(broken, 0);
}

static void the_rules_have_no_circle(void **state)
{
    (void)state;
    for (int i = 0; i < NROOMS; i++)
        for (int j = 0; j < i; j++)
            assert_false(may_include(i, j) && may_include(j, i));
}

int main(void)
{
    /* This file lies in tests/unit of the repository. */
    assert_non_null(realpath(__FILE__, root));
    for (int i = 0; i < 3; i++)
        *strrchr(root, '/') = '\0';
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_file_includes_what_lies_above_or_beside_it),
        cmocka_unit_test(the_rules_have_no_circle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
