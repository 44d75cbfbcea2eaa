/* test_writer.c: the writer's thread gives back as done only what is durable
 * libs: link */
#include <string.h>
#include <unistd.h>
#include "link/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static enum status no_rollback(struct sink *s)
{
    (void)s;
    return STATUS_OK;
}

static const struct sink_driver driver = {.name = "scripted", .rollback = no_rollback};

static void on_written(uv_async_t *handle)
{
    (void)handle;
}

static void close_loop(uv_loop_t *loop, uv_async_t *written)
{
    uv_close((uv_handle_t *)written, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
}

/* A batch that is not the one a person asked to skip: the writer refuses it. */
static struct batch *batch_that_fails(void)
{
    static struct transaction t = {.position = "0/2"};
    struct batch *b = batch_new();
    b->begins = b->ends = true;
    b->transactions = &t;
    b->ntransactions = 1;
    return b;
}

static void a_batch_that_was_not_written_is_never_done(void **state)
{
    (void)state;
    static struct writer w;
    uv_loop_t loop;
    uv_async_t written;
    enum status status = STATUS_OK;
    assert_int_equal(uv_loop_init(&loop), 0);
    uv_async_init(&loop, &written, on_written);
    writer_init(&w);
    w.apply.driver = &driver;
    w.skip = "0/1";
    w.skip_from = "0/0";
    assert_int_equal(writer_start(&w, &written, &w.failure), STATUS_OK);
    struct batch *b = batch_that_fails();
    writer_push(&w, b);
    while (!writer_failed(&w, &status))
        usleep(1000);
    assert_int_equal(status, STATUS_CONFIG);
    assert_null(writer_done(&w)); /* what is done is acknowledged */
    assert_int_equal(writer_pending(&w), 0);
    b->transactions = NULL;
    b->ntransactions = 0;
    writer_stop(&w);
    close_loop(&loop, &written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_that_was_not_written_is_never_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
