/* test_allocations.c: a link that has warmed up allocates nothing per row: rows are read into the
 * batch's arena, folded and written by memory that is used again
 * libs: sinks db_postgres */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "db/postgres/pg.h"
#include "model/intake.h"
#include "sinks/net.h"

enum { ROWS = 5000, WARM_UP = 4, ROUNDS = 10, BATCH_ALLOCATIONS = 20, COLUMNS = 5 };

/* ---- every allocation of this program is counted; a sanitizer has its own ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool counting = false;
static atomic_long allocations;
#else
static const bool counting = true;
static atomic_long allocations;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    allocations++;
    return __libc_realloc(p, size);
}
#endif

/* ---- a table and a sink that writes rows into a buffer ---- */

static const struct {
    const char *name;
    Oid oid;
    const char *text;
} types[COLUMNS] = {{"id", 20, NULL},
                    {"qty", 1700, "12345.678"},
                    {"at", 1114, "2026-11-22 16:48:00.123456"},
                    {"note", 25, "Werkstück 工件"},
                    {"raw", 17, "\\x00ff10"}};
static struct column columns[COLUMNS];
static int key[] = {0};
static struct relation table = {
    .schema = "s", .name = "t", .ncolumns = COLUMNS, .columns = columns, .nkey = 1, .key = key};
static struct failure failure;

struct sink {
    struct buffer out;
    uint32_t rows;
};

static enum status write_set(struct sink *s, const struct row_set *set)
{
    buffer_clear(&s->out);
    for (uint32_t i = 0; i < set->nrows; i++)
        for (int c = 0; c < COLUMNS; c++)
            assert_int_equal(pg_binary_write(pg_binary_of(&columns[c]), &columns[c],
                                             &set->rows[i][c], &s->out, &failure),
                             STATUS_OK);
    s->rows += set->nrows;
    return STATUS_OK;
}

static const struct sink_driver driver = {.name = "buffer", .write_set = write_set};

static void describe(void)
{
    for (int i = 0; i < COLUMNS; i++) {
        const struct pg_type *t = pg_type_of(types[i].oid, 0, 'b', "");
        columns[i] = (struct column){.name = types[i].name,
                                     .type = "t",
                                     .codec = t,
                                     .kind = pg_type_kind(t, -1),
                                     .key = i == 0};
    }
}

/* ---- one round: a batch is read, folded, written and returned ---- */

static void read_row(struct batch *b, int id, enum change_op op)
{
    char text[24];
    struct change *c = batch_append(b);
    struct value *row = batch_row(b, COLUMNS);
    int size = snprintf(text, sizeof text, "%d", id);
    for (int i = 0; i < COLUMNS; i++) {
        const char *from = i == 0 ? arena_copy(&b->arena, text, (size_t)size)
                                  : arena_strdup(&b->arena, types[i].text);
        assert_int_equal(
            pg_value_read(&columns[i], from, strlen(from), &b->arena, &row[i], &failure),
            STATUS_OK);
    }
    *c = (struct change){op, &table, op == CHANGE_UPDATE ? row : NULL, row};
}

static void round_of(struct intake *in, struct net *net, struct sink *sink)
{
    struct net_rules rules = {0};
    struct batch *b = intake_lock(in);
    batch_begin(b);
    intake_began(in);
    for (int i = 0; i < ROWS; i++)
        read_row(b, i, CHANGE_INSERT);
    for (int i = 0; i < ROWS; i += 2)
        read_row(b, i, CHANGE_UPDATE);
    batch_end(b, "p", NULL, 0);
    intake_ended(in);
    intake_unlock(in);
    b = intake_take(in);
    assert_non_null(b);
    for (uint32_t i = 0; i < b->nchanges; i++)
        assert_true(net_add(net, &b->changes[i], &rules));
    assert_int_equal(net_write(net, &driver, sink), STATUS_OK);
    net_reset(net);
    intake_return(in, b);
}

static void a_warm_link_allocates_nothing_per_row(void **state)
{
    (void)state;
    struct intake in;
    struct sink sink = {0};
    if (!counting)
        skip();
    describe();
    buffer_init(&sink.out, 1 << 30);
    intake_init(&in, 64 << 20);
    struct net *net = net_new(NULL, NULL);
    for (int i = 0; i < WARM_UP; i++)
        round_of(&in, net, &sink);
    long before = allocations;
    for (int i = 0; i < ROUNDS; i++)
        round_of(&in, net, &sink);
    assert_true(allocations - before <= ROUNDS * BATCH_ALLOCATIONS);
    assert_int_equal(sink.rows, ROWS * (WARM_UP + ROUNDS));
    net_free(net);
    intake_free(&in);
    buffer_free(&sink.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_warm_link_allocates_nothing_per_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
