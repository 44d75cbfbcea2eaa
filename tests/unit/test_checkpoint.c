/* test_checkpoint.c: state tables through a scripted session
 * libs: state */
#include "state/checkpoint.h"
#include "state/held.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

/* ---- a session that plays a script: each call must hold `sql`, and gets the answer ---- */

struct step {
    const char *sql;       /* part of the statement */
    const char *param;     /* first parameter, or NULL: any */
    const char *cells[18]; /* the answer, row-major */
    int nrows, ncolumns;
    int64_t affected;
    enum error error;
};

struct scripted {
    struct session_base base;
    const struct step *steps;
    int nsteps, at;
    struct failure failure;
    const char *cells[12];
};

static enum status play(struct session *s, const char *sql, int nparams, const char *const *params,
                        struct arena *a, struct rows *out)
{
    struct scripted *p = (struct scripted *)s;
    (void)a;
    if (p->at == p->nsteps)
        fail_msg("not in the script: %s", sql);
    const struct step *step = &p->steps[p->at++];
    if (!strstr(sql, step->sql))
        fail_msg("expected '%s' in '%s'", step->sql, sql);
    if (step->param) {
        assert_true(nparams > 0);
        assert_string_equal(params[0], step->param);
    }
    if (step->error) {
        p->failure.code = step->error;
        snprintf(p->failure.text, sizeof p->failure.text, "server says no");
        return step->error == ERROR_PRIVILEGE ? STATUS_CONFIG : STATUS_DATA;
    }
    if (out)
        *out = (struct rows){step->nrows, step->ncolumns, step->cells, step->affected};
    return STATUS_OK;
}

static const struct session_driver script_driver = {.query = play};

static struct scripted script(enum engine engine, const struct step *steps, int n)
{
    return (struct scripted){
        .base = {.driver = &script_driver, .engine = engine, .system = "erp"},
        .steps = steps,
        .nsteps = n,
    };
}

#define SCRIPT(engine, name, ...)                                                                  \
    static const struct step name##_steps[] = {__VA_ARGS__};                                       \
    struct scripted name =                                                                         \
        script(engine, name##_steps, sizeof name##_steps / sizeof(struct step));                   \
    name.base.failure = &name.failure

#define SESSION(p)    ((struct session *)&(p))
#define ALL_PLAYED(p) assert_int_equal((p).at, (p).nsteps)

/* ---- tests ---- */

static const char plan_hex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";

static void the_last_checkpoint_is_read_with_its_plan(void **state)
{
    (void)state;
    SCRIPT(ENGINE_MARIADB, s,
           {"HEX(plan)", "5", {"42", "77", "0-1-9", "0-1-9", "3,4", plan_hex}, 1, 6});
    struct arena a;
    arena_init(&a);
    struct last_checkpoint last;
    assert_int_equal(state_last(SESSION(s), 5, 0, &a, &last, &s.failure), STATUS_OK);
    assert_true(last.exists && last.seq == 42 && last.writer == 77);
    assert_string_equal(last.position, "0-1-9");
    assert_string_equal(last.path, "3,4");
    assert_int_equal(last.plan[0], 0);
    assert_int_equal(last.plan[31], 31);
    arena_free(&a);
}

static void no_checkpoint_is_no_error(void **state)
{
    (void)state;
    SCRIPT(ENGINE_POSTGRES, s, {"encode(plan, 'hex')", "5", {0}, 0, 6});
    struct last_checkpoint last;
    struct arena a;
    arena_init(&a);
    assert_int_equal(state_last(SESSION(s), 5, 0, &a, &last, &s.failure), STATUS_OK);
    assert_false(last.exists);
    arena_free(&a);
}

static void a_plan_hash_that_is_none_is_refused(void **state)
{
    (void)state;
    SCRIPT(ENGINE_POSTGRES, s, {"encode", "5", {"1", "2", "p", "p", "3", "00ff"}, 1, 6});
    struct last_checkpoint last;
    struct arena a;
    arena_init(&a);
    assert_int_equal(state_last(SESSION(s), 5, 0, &a, &last, &s.failure), STATUS_BUG);
    arena_free(&a);
}

static void trimming_asks_where_to_begin_once_and_keeps_the_last_hundred(void **state)
{
    (void)state;
    SCRIPT(ENGINE_POSTGRES, s, {"SELECT seq", "5", {"17"}, 1, 1}, {"DELETE", "5", {0}},
           {"DELETE", "5", {0}});
    int64_t low = 0;
    assert_int_equal(state_trim(SESSION(s), 5, 0, &low, 1017, &s.failure), STATUS_OK);
    assert_int_equal(low, 917);
    assert_int_equal(state_trim(SESSION(s), 5, 0, &low, 2017, &s.failure), STATUS_OK);
    assert_int_equal(low, 1917);
    ALL_PLAYED(s);
}

static void trimming_deletes_nothing_near_the_end(void **state)
{
    (void)state;
    SCRIPT(ENGINE_POSTGRES, s, {"SELECT seq", "5", {"17"}, 1, 1});
    int64_t low = 0;
    assert_int_equal(state_trim(SESSION(s), 5, 0, &low, 117, &s.failure), STATUS_OK);
    ALL_PLAYED(s);
}

static void nothing_is_created_where_all_is_there(void **state)
{
    (void)state;
    SCRIPT(ENGINE_MYSQL, s,
           {"information_schema",
            NULL,
            {"millrace", "system", "0", "millrace", "link", "0", "millrace", "checkpoint", "0",
             "millrace", "chunk", "0", "millrace", "held", "1", "millrace", "request", "0"},
            6,
            3});
    assert_int_equal(state_prepare(SESSION(s), &s.failure), STATUS_OK);
    ALL_PLAYED(s);
}

static void only_what_is_missing_is_created(void **state)
{
    (void)state;
    SCRIPT(
        ENGINE_POSTGRES, s,
        {"pg_namespace",
         NULL,
         {"millrace", "system", "0", "millrace", "link", "0", "millrace", "checkpoint", "0",
          "millrace", "chunk", "0"},
         4,
         3},
        {"millrace.held", NULL, {0}}, {"has_table_privilege", NULL, {"5"}, 1, 1});
    assert_int_equal(state_prepare(SESSION(s), &s.failure), STATUS_OK);
    ALL_PLAYED(s);
}

static void a_table_of_held_rows_from_an_earlier_build_is_refused(void **state)
{
    (void)state;
    SCRIPT(ENGINE_POSTGRES, s,
           {"'envelope'", NULL, {"millrace", "system", "0", "millrace", "held", "0"}, 2, 3},
           {"'envelope'", NULL, {"millrace", "system", "0", "millrace", "held", "0"}, 2, 3},
           {"'envelope'", NULL, {"millrace", NULL, NULL}, 1, 3});
    bool there;
    assert_int_equal(state_prepare(SESSION(s), &s.failure), STATUS_CONFIG);
    assert_non_null(strstr(s.failure.text, "DROP TABLE millrace.held"));
    assert_int_equal(held_find(SESSION(s), &there, &s.failure), STATUS_CONFIG);
    assert_int_equal(held_find(SESSION(s), &there, &s.failure), STATUS_OK);
    assert_false(there);
    ALL_PLAYED(s);
}

static void a_missing_right_names_the_statement(void **state)
{
    (void)state;
    SCRIPT(ENGINE_POSTGRES, pg, {"pg_namespace", NULL, {0}, 0, 3},
           {"CREATE SCHEMA", NULL, {0}, .error = ERROR_PRIVILEGE},
           {"current_user", NULL, {"mill\"er"}, 1, 1});
    assert_int_equal(state_prepare(SESSION(pg), &pg.failure), STATUS_CONFIG);
    assert_int_equal(pg.failure.code, ERROR_PRIVILEGE);
    assert_non_null(
        strstr(pg.failure.text, "CREATE SCHEMA millrace AUTHORIZATION \"mill\"\"er\";"));

    SCRIPT(ENGINE_MARIADB, my, {"information_schema", NULL, {0}, 0, 3},
           {"CREATE DATABASE", NULL, {0}, .error = ERROR_PRIVILEGE},
           {"CURRENT_USER", NULL, {"mill@10.0.%"}, 1, 1});
    assert_int_equal(state_prepare(SESSION(my), &my.failure), STATUS_CONFIG);
    assert_non_null(strstr(my.failure.text, "ON millrace.* TO 'mill'@'10.0.%';"));
}

static void a_system_id_is_drawn_once(void **state)
{
    (void)state;
    SCRIPT(ENGINE_POSTGRES, s, {"FROM millrace.system", NULL, {"31"}, 1, 1});
    int64_t id = 0;
    assert_int_equal(state_system_id(SESSION(s), &id, &s.failure), STATUS_OK);
    assert_int_equal(id, 31);
    ALL_PLAYED(s);
}

static void of_two_that_draw_a_system_id_the_first_counts(void **state)
{
    (void)state;
    SCRIPT(ENGINE_POSTGRES, s, {"FROM millrace.system", NULL, {0}, 0, 1},
           {"INSERT INTO millrace.system", NULL, {0}, .error = ERROR_UNIQUE},
           {"FROM millrace.system", NULL, {"32"}, 1, 1});
    int64_t id = 0;
    assert_int_equal(state_system_id(SESSION(s), &id, &s.failure), STATUS_OK);
    assert_int_equal(id, 32);
}

static void a_link_under_the_same_name_from_another_source_is_refused(void **state)
{
    (void)state;
    SCRIPT(ENGINE_POSTGRES, s, {"FROM millrace.link", "erp-mes", {"9", "100", "x/1"}, 1, 3},
           {"FROM millrace.link", "erp-mes", {"9", "101", "x/2"}, 1, 3},
           {"FROM millrace.link", "erp-mes", {"9", "101", "x/1"}, 1, 3});
    int64_t id = 0;
    assert_int_equal(state_link_id(SESSION(s), "erp-mes", NULL, 101, "x/1", &id, &s.failure),
                     STATUS_CONFIG);
    assert_int_equal(state_link_id(SESSION(s), "erp-mes", NULL, 101, "x/1", &id, &s.failure),
                     STATUS_CONFIG);
    assert_int_equal(s.failure.code, ERROR_POSITION_LOST);
    assert_int_equal(state_link_id(SESSION(s), "erp-mes", NULL, 101, "x/1", &id, &s.failure),
                     STATUS_OK);
    assert_int_equal(id, 9);
}

static void a_renamed_link_keeps_its_id(void **state)
{
    (void)state;
    SCRIPT(ENGINE_POSTGRES, s, {"FROM millrace.link", "new", {0}, 0, 3},
           {"FROM millrace.link", "old", {"9", "100", ""}, 1, 3},
           {"SET name", "new", {0}, .affected = 1});
    int64_t id = 0;
    assert_int_equal(state_link_id(SESSION(s), "new", "old", 100, "", &id, &s.failure), STATUS_OK);
    assert_int_equal(id, 9);
    ALL_PLAYED(s);
}

static void a_chunk_is_finished_once(void **state)
{
    (void)state;
    SCRIPT(ENGINE_MYSQL, s, {"UPDATE millrace.chunk", "0/1", {0}, .affected = 1},
           {"UPDATE millrace.chunk", "0/1", {0}, .affected = 0});
    struct chunk c = {.table = "public.t", .n = 3};
    assert_int_equal(state_finish_chunk(SESSION(s), 5, &c, "0/1", 10, &s.failure), STATUS_OK);
    assert_int_equal(state_finish_chunk(SESSION(s), 5, &c, "0/1", 10, &s.failure), STATUS_DATA);
    assert_int_equal(s.failure.code, ERROR_WRONG_COUNT);
}

static void a_failed_plan_of_chunks_is_rolled_back(void **state)
{
    (void)state;
    SCRIPT(ENGINE_MYSQL, s, {"START TRANSACTION", NULL, {0}},
           {"INSERT INTO millrace.chunk", "5", {0}, .error = ERROR_UNIQUE},
           {"ROLLBACK", NULL, {0}});
    struct chunk c[2] = {{.table = "public.t", .n = 0, .high = "9"},
                         {.table = "public.t", .n = 1, .low = "9"}};
    assert_int_equal(state_plan_chunks(SESSION(s), 5, c, 2, &s.failure), STATUS_DATA);
    assert_int_equal(s.failure.code, ERROR_UNIQUE);
    ALL_PLAYED(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_checkpoint_is_read_with_its_plan),
        cmocka_unit_test(no_checkpoint_is_no_error),
        cmocka_unit_test(a_plan_hash_that_is_none_is_refused),
        cmocka_unit_test(trimming_asks_where_to_begin_once_and_keeps_the_last_hundred),
        cmocka_unit_test(trimming_deletes_nothing_near_the_end),
        cmocka_unit_test(nothing_is_created_where_all_is_there),
        cmocka_unit_test(only_what_is_missing_is_created),
        cmocka_unit_test(a_table_of_held_rows_from_an_earlier_build_is_refused),
        cmocka_unit_test(a_missing_right_names_the_statement),
        cmocka_unit_test(a_system_id_is_drawn_once),
        cmocka_unit_test(of_two_that_draw_a_system_id_the_first_counts),
        cmocka_unit_test(a_link_under_the_same_name_from_another_source_is_refused),
        cmocka_unit_test(a_renamed_link_keeps_its_id),
        cmocka_unit_test(a_chunk_is_finished_once),
        cmocka_unit_test(a_failed_plan_of_chunks_is_rolled_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
