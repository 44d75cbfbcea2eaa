/* test_buffer.c: a growing buffer with a maximum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/buffer.h"

static void numbers_and_texts_follow_each_other(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1000);
    buffer_add_text(&b, "a");
    buffer_add_int(&b, INT64_MIN);
    buffer_add_char(&b, ' ');
    buffer_add_int(&b, 0);
    buffer_add_char(&b, ' ');
    buffer_add_uint(&b, UINT64_MAX);
    buffer_add_format(&b, "[%s]", "x");
    buffer_add(&b, NULL, 0);
    assert_string_equal(buffer_text(&b), "a-9223372036854775808 0 18446744073709551615[x]");
    assert_int_equal(strlen(b.data), b.size);
    buffer_free(&b);
}

static void network_order_is_big_endian(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 100);
    buffer_add_u16be(&b, 0x0102);
    buffer_add_u32be(&b, 0x03040506);
    buffer_add_u64be(&b, 0x0708090a0b0c0d0eULL);
    for (int i = 0; i < 14; i++)
        assert_int_equal(b.data[i], i + 1);
    buffer_free(&b);
}

static void it_grows_to_its_maximum_and_no_further(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1000);
    for (int i = 0; i < 1000; i++)
        buffer_add_char(&b, 'x');
    assert_int_equal(b.size, 1000);
    assert_int_equal(b.capacity, 1000);
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        buffer_add_char(&b, 'x');
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    buffer_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_texts_follow_each_other),
        cmocka_unit_test(network_order_is_big_endian),
        cmocka_unit_test(it_grows_to_its_maximum_and_no_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
