/* test_stream.c: a stream that ends by itself still says that a batch was not written
 * libs: link */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "link/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h> /* last: its fail() hides ours */

static struct attempt a;

/* ---- a sink that takes nothing ---- */

static enum status begin(struct sink *s, const struct checkpoint *c)
{
    (void)s;
    (void)c;
    return STATUS_OK;
}

static enum status settle(struct sink *s)
{
    (void)s;
    a.writer.failure.code = ERROR_WRONG_COUNT;
    return STATUS_DATA;
}

static enum status rollback(struct sink *s)
{
    (void)s;
    return STATUS_OK;
}

static struct session *no_session(struct sink *s)
{
    (void)s;
    return NULL;
}

static const struct sink_driver sink_driver = {
    .name = "scripted",
    .session = no_session,
    .begin = begin,
    .settle = settle,
    .savepoint = settle,
    .rollback = rollback,
};

/* ---- a source with one transaction before the stream's end, and one behind it ---- */

static void transaction(const char *position, const char *path_after)
{
    intake_lock(&a.intake);
    batch_begin(a.intake.open);
    intake_began(&a.intake);
    batch_end(a.intake.open, position, NULL, 0);
    intake_ended(&a.intake);
    intake_path(&a.intake, path_after); /* so that each is a batch of its own */
    intake_unlock(&a.intake);
}

static enum status start(struct source *s, const char *position, struct marker_guard *guard)
{
    (void)s;
    (void)position;
    (void)guard;
    transaction("1", "7");
    transaction("3", "8");
    return STATUS_OK;
}

/* The link's loop is held up by the second batch until the writer has failed at the first. */
static enum position_order compare(const char *x, const char *y)
{
    enum status status;
    while (*x == '3' && !writer_failed(&a.writer, &status))
        usleep(1000);
    return *x == *y ? POSITION_EQUAL : *x < *y ? POSITION_BEFORE : POSITION_AFTER;
}

static void nothing(struct source *s)
{
    (void)s;
}

static void no_ack(struct source *s, const char *position)
{
    (void)s;
    (void)position;
}

static bool stopped(struct source *s)
{
    (void)s;
    return true;
}

static const struct source_driver source_driver = {
    .name = "scripted",
    .compare = compare,
    .start = start,
    .room = nothing,
    .ack = no_ack,
    .stop = nothing,
    .stopped = stopped,
};

/* ---- */

static void nobody(void *owner)
{
    (void)owner;
}

static void open_attempt(const struct link_config *lc)
{
    a.lc = lc;
    a.link = link_new(NULL, lc, 7, nobody, NULL);
    assert_int_equal(wake_init(&a.wake), 0);
    assert_int_equal(uv_loop_init(&a.loop), 0);
    pthread_mutex_init(&a.phase_mutex, NULL);
    intake_init(&a.intake, lc->budget_bytes);
    buffer_init(&a.submitted, 1000);
    writer_init(&a.writer);
    a.source_driver = &source_driver;
    a.sink_driver = a.writer.apply.driver = &sink_driver;
    a.writer.apply.link = lc->name;
    a.writer.apply.wake = &a.wake;
    a.writer.apply.net = net_new(NULL, NULL);
    a.writer.apply.position = strdup("0");
    a.writer.apply.root = strdup("0");
    a.writer.apply.path = strdup("9");
}

static void close_attempt(void)
{
    net_free(a.writer.apply.net);
    apply_free(&a.writer.apply);
    intake_free(&a.intake);
    buffer_free(&a.submitted);
    assert_int_equal(uv_loop_close(&a.loop), 0);
    wake_free(&a.wake);
    link_free(a.link);
}

static void a_batch_that_fails_as_the_stream_ends_is_not_passed_over(void **state)
{
    (void)state;
    static const struct link_config lc = {.name = "a-b", .budget_bytes = 1 << 20, .apply_ms = 100};
    open_attempt(&lc);
    assert_int_equal(stream_run(&a, "0", "2"), STATUS_DATA);
    assert_int_equal(a.failure.code, ERROR_WRONG_COUNT);
    assert_string_equal(a.writer.apply.position, "0");
    close_attempt();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_that_fails_as_the_stream_ends_is_not_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
