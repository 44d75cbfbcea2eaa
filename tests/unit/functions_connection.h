/* What the tests of functions in SQL share: a connection with all functions, a configuration from a
 * text, and the first cell of a statement. */
#ifndef MILLRACE_TESTS_FUNCTIONS_CONNECTION_H
#define MILLRACE_TESTS_FUNCTIONS_CONNECTION_H

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "config/node.h"
#include "transforms/functions/functions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

struct connection {
    sqlite3 *db;
    struct functions *functions;
    struct outcome *outcome;
    int result;      /* of the last statement */
    char text[4096]; /* the last cell or error */
};

static inline void write_file(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
}

/* A folder of its own, which test_folder_remove takes away. */
static inline const char *test_folder(void)
{
    static char folder[64];
    if (!folder[0]) {
        strcpy(folder, "/tmp/millrace-functions-XXXXXX");
        assert_non_null(mkdtemp(folder));
    }
    return folder;
}

static inline const char *test_path(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", test_folder(), name);
    return path;
}

static inline void test_folder_remove(const char *const *names)
{
    for (; *names; names++)
        unlink(test_path(*names));
    assert_int_equal(rmdir(test_folder()), 0);
}

static inline const struct node *child_of(const struct node *n, const char *name)
{
    NODE_EACH(child, n)
    {
        if (strcmp(child->key->text, name) == 0)
            return child;
    }
    return NULL;
}

/* Loads `yaml` (dictionaries, units, mask_keys) as config.yaml of the folder. */
static inline enum status load_functions(const char *yaml, struct functions **out,
                                         struct failure *f)
{
    struct arena a = {0};
    struct node *root;
    char path[128];
    strcpy(path, test_path("config.yaml"));
    write_file(path, yaml, strlen(yaml));
    enum status status = node_load(path, &a, &root, f);
    if (status == STATUS_OK) {
        struct functions_config config = {.path = path,
                                          .dictionaries = child_of(root, "dictionaries"),
                                          .units = child_of(root, "units"),
                                          .mask_keys = child_of(root, "mask_keys")};
        status = functions_load(&config, out, f);
    }
    arena_free(&a);
    return status;
}

static inline void connection_open(struct connection *c, const char *yaml)
{
    struct failure f = {0};
    memset(c, 0, sizeof *c);
    if (yaml && load_functions(yaml, &c->functions, &f) != STATUS_OK)
        fail_msg("%s", f.text);
    assert_int_equal(sqlite3_open(":memory:", &c->db), SQLITE_OK);
    assert_int_equal(functions_register(c->db, c->functions, &c->outcome, &f), STATUS_OK);
}

static inline void connection_close(struct connection *c)
{
    assert_int_equal(sqlite3_close(c->db), SQLITE_OK);
    functions_free(c->functions);
}

/* The first cell of the first row as text; "NULL"; "error: ..." with the outcome set. */
static inline const char *ask(struct connection *c, const char *sql)
{
    sqlite3_stmt *s = NULL;
    outcome_clear(c->outcome);
    int result = sqlite3_prepare_v2(c->db, sql, -1, &s, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(s);
    if (result == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(s, 0);
        snprintf(c->text, sizeof c->text, "%s", text ? text : "NULL");
    } else {
        snprintf(c->text, sizeof c->text, result == SQLITE_DONE ? "no row" : "error: %s",
                 sqlite3_errmsg(c->db));
    }
    sqlite3_finalize(s);
    c->result = result;
    return c->text;
}

static inline void connection_gives(struct connection *c, const char *sql, const char *expected)
{
    const char *is = ask(c, sql);
    if (strcmp(is, expected) != 0)
        fail_msg("%s: %s, not %s", sql, is, expected);
}

/* An error, by a text that is in it, with its outcome. */
static inline void connection_refuses(struct connection *c, const char *sql,
                                      enum outcome_kind kind, enum outcome_reason reason,
                                      const char *part)
{
    const char *is = ask(c, sql);
    if (strncmp(is, "error: ", 7) != 0 || !strstr(is, part))
        fail_msg("%s: %s, not an error with %s", sql, is, part);
    assert_int_equal(c->outcome->kind, kind);
    if (kind != OUTCOME_NONE)
        assert_int_equal(c->result & 0xff,
                         kind == OUTCOME_QUARANTINE ? SQLITE_CONSTRAINT : SQLITE_ABORT);
    assert_int_equal(c->outcome->reason, reason);
}

/* The same, by what the outcome is about. */
static inline void connection_refuses_code(struct connection *c, const char *sql,
                                           enum outcome_kind kind, enum outcome_reason reason,
                                           const char *subject, const char *code)
{
    connection_refuses(c, sql, kind, reason, "");
    assert_string_equal(c->outcome->subject, subject);
    assert_string_equal(c->outcome->code, code);
}

#endif
