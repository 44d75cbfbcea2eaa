/* What the tests of applying share: a scripted sink, and a link over it. */
#ifndef MILLRACE_TESTS_APPLY_SCENE_H
#define MILLRACE_TESTS_APPLY_SCENE_H

#include "sinks/apply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

enum { OUR_WRITER = 77, LINK_ID = 5 };

/* ---- a sink that writes down its calls, and fails as the script says ----
 *
 * Calls: B<seq> begin, D I U a set with its rows, W write_row (of key), S settle, v savepoint,
 * r rollback to it, P park, M move, C commit, R rollback.
 */

struct fault {
    const char *call; /* as it is written down: "S", "W3" */
    int nth;          /* 1: the first time */
    enum error error;
};

struct sink {
    struct session_base session; /* first */
    struct failure *failure;
    char calls[1024];
    const struct fault *faults;
    int nfaults, met[8];
    /* what the state tables say */
    bool has_checkpoint, lock_is_held;
    int64_t seq, writer, open_seq;
    char position[64], open_position[64];
    char plan_hex[65];
    int held;
};

static inline enum status call(struct sink *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline enum status call(struct sink *s, const char *format, ...)
{
    char name[64];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof name, format, args);
    va_end(args);
    size_t n = strlen(s->calls);
    snprintf(s->calls + n, sizeof s->calls - n, "%s%s", n ? " " : "", name);
    enum error error = ERROR_NONE;
    for (int i = 0; i < s->nfaults; i++)
        if (strcmp(s->faults[i].call, name) == 0 && ++s->met[i] == s->faults[i].nth)
            error = s->faults[i].error;
    if (error) {
        s->failure->code = error;
        snprintf(s->failure->text, sizeof s->failure->text, "fault at %s", name);
    }
    return error_status(error);
}

static inline struct session *session(struct sink *s)
{
    return (struct session *)s;
}

static inline enum status begin(struct sink *s, const struct checkpoint *c)
{
    s->open_seq = c->seq;
    snprintf(s->open_position, sizeof s->open_position, "%s", c->position);
    TRY(call(s, "B%" PRId64, c->seq));
    if (s->has_checkpoint && c->seq <= s->seq) {
        s->failure->code = ERROR_SECOND_ENGINE;
        return STATUS_CONFIG;
    }
    return STATUS_OK;
}

static inline enum status write_set(struct sink *s, const struct row_set *set)
{
    return call(s, "%c%" PRIu32, "DUIAP"[set->op], set -> nrows);
}

static inline enum status settle(struct sink *s)
{
    return call(s, "S");
}

static inline enum status write_row(struct sink *s, const struct change *c)
{
    const struct value *row = c->before ? c->before : c->after;
    return call(s, "W%d", row ? (int)row[0].i : 0);
}

static inline enum status savepoint(struct sink *s)
{
    return call(s, "v");
}

static inline enum status rollback_to_savepoint(struct sink *s)
{
    return call(s, "r");
}

static struct value parked[2] = {{VALUE_INT, .i = -1}, {VALUE_ABSENT}};

static inline enum status park_row(struct sink *s, const struct change *c, const struct value **key)
{
    *key = parked;
    return call(s, "P%d", (int)(c->before ? c->before : c->after)[0].i);
}

static inline enum status move(struct sink *s, const struct checkpoint *c)
{
    snprintf(s->open_position, sizeof s->open_position, "%s", c->position);
    return call(s, "M");
}

static inline enum status commit(struct sink *s)
{
    TRY(call(s, "C"));
    s->has_checkpoint = true;
    s->seq = s->open_seq;
    s->writer = OUR_WRITER;
    memcpy(s->position, s->open_position, sizeof s->position);
    return STATUS_OK;
}

static inline enum status rollback(struct sink *s)
{
    return call(s, "R");
}

static const struct sink_driver driver = {
    .name = "scripted",
    .session = session,
    .begin = begin,
    .write_set = write_set,
    .settle = settle,
    .write_row = write_row,
    .savepoint = savepoint,
    .rollback_to_savepoint = rollback_to_savepoint,
    .park_row = park_row,
    .move = move,
    .commit = commit,
    .rollback = rollback,
};

static inline enum status query(struct session *session, const char *sql, int nparams,
                         const char *const *params, struct arena *a, struct rows *out)
{
    struct sink *s = (struct sink *)session;
    (void)nparams;
    if (strstr(sql, "GET_LOCK")) {
        const char **cell = arena_alloc(a, sizeof *cell);
        *cell = s->lock_is_held ? "0" : "1";
        *out = (struct rows){1, 1, cell, 0};
    } else if (strstr(sql, "HEX(plan)")) {
        const char **cells = arena_alloc(a, 6 * sizeof *cells);
        cells[0] = arena_format(a, "%" PRId64, s->seq);
        cells[1] = arena_format(a, "%" PRId64, s->writer);
        cells[2] = cells[3] = s->position;
        cells[4] = "3";
        cells[5] = s->plan_hex;
        *out = (struct rows){s->has_checkpoint, 6, cells, 0};
    } else if (strstr(sql, "INSERT INTO millrace.held")) {
        s->held++;
        return call(s, "H%s", params[1]);
    } else if (strstr(sql, "UPDATE millrace.held")) {
        return call(s, "H=%s", params[0]);
    } else if (out) {
        *out = (struct rows){0};
    }
    return STATUS_OK;
}

static const struct session_driver session_driver = {.query = query};

/* ---- a link over it ---- */

static struct column columns[2] = {{.name = "id", .kind = VALUE_INT, .key = true},
                                   {.name = "u", .kind = VALUE_TEXT, .nullable = true}};
static int key[1] = {0};
static const struct relation table = {
    .schema = "s", .name = "t", .ncolumns = 2, .columns = columns, .nkey = 1, .key = key};

struct scene {
    struct sink sink;
    struct apply apply;
    struct failure failure;
    struct wake wake;
    struct batch *batch;
    unsigned char plan[PLAN_HASH_BYTES];
    enum apply_result result;
};

static inline struct scene *setup_link(void)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->sink = (struct sink){
        .session = {.driver = &session_driver,
                    .engine = ENGINE_MARIADB,
                    .failure = &s->failure,
                    .system = "mes"},
        .failure = &s->failure,
        .has_checkpoint = true,
        .seq = 10,
        .writer = 1,
        .position = "p0",
    };
    memset(s->sink.plan_hex, '0', 64);
    assert_int_equal(wake_init(&s->wake), 0);
    apply_init(&s->apply);
    s->apply.driver = &driver;
    s->apply.sink = &s->sink;
    s->apply.link = "erp-mes";
    s->apply.failure = &s->failure;
    s->apply.wake = &s->wake;
    s->apply.at.link = LINK_ID;
    s->apply.at.writer = OUR_WRITER;
    s->apply.at.plan = s->plan;
    s->apply.path = strdup("3");
    s->apply.net = net_new(NULL, NULL);
    s->batch = batch_new();
    s->batch->path = "3";
    return s;
}

/* The fence is taken: seq 11 at p0. */
static inline struct scene *ready_link(void)
{
    struct scene *s = setup_link();
    assert_int_equal(apply_take_fence(&s->apply, NULL), STATUS_OK);
    s->sink.calls[0] = '\0';
    return s;
}

static inline void free_link(struct scene *s)
{
    batch_free(s->batch);
    net_free(s->apply.net);
    apply_free(&s->apply);
    wake_free(&s->wake);
    free(s);
}

static inline void script(struct scene *s, const struct fault *faults, int n)
{
    s->sink.faults = faults;
    s->sink.nfaults = n;
}

#define FAULTS(s, ...)                                                                             \
    static const struct fault faults_[] = {__VA_ARGS__};                                           \
    script(s, faults_, sizeof faults_ / sizeof *faults_)

static inline struct value *row(struct scene *s, int id, const char *u)
{
    struct value *r = batch_row(s->batch, 2);
    r[0] = value_int(id);
    r[1] = u ? value_text(VALUE_TEXT, u, strlen(u)) : (struct value){.kind = VALUE_ABSENT};
    return r;
}

static inline void add(struct scene *s, enum change_op op, struct value *before, struct value *after)
{
    struct change *c = batch_append(s->batch);
    *c = (struct change){op, &table, before, after};
}

static inline void insert_transaction(struct scene *s, int id, const char *position)
{
    batch_begin(s->batch);
    add(s, CHANGE_INSERT, NULL, row(s, id, "x"));
    batch_end(s->batch, position, NULL, 0);
}

static inline enum status run(struct scene *s)
{
    return apply_batch(&s->apply, s->batch, &s->result);
}

static inline void next_piece(struct scene *s, int id, const char *end)
{
    batch_reset(s->batch);
    s->batch->path = "3";
    s->batch->begins = false;
    s->batch->ends = end != NULL;
    batch_begin(s->batch);
    add(s, CHANGE_INSERT, NULL, row(s, id, "x"));
    if (end)
        batch_end(s->batch, end, NULL, 0);
}

static inline void first_piece(struct scene *s, int id)
{
    next_piece(s, id, NULL);
    s->batch->begins = true;
}

#endif
