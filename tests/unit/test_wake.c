/* test_wake.c: one thread ends the waits of another, for good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/wake.h"

static void *set_soon(void *wake)
{
    usleep(20000);
    wake_set(wake);
    return NULL;
}

static void a_wait_ends_by_the_socket_or_the_time(void **state)
{
    (void)state;
    struct wake w;
    int pair[2];
    assert_int_equal(wake_init(&w), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    int64_t start = clock_monotonic_us();
    assert_int_equal(wake_poll(&w, pair[0], POLLIN, 30), 0);
    assert_true(clock_monotonic_us() - start >= 30000);
    assert_int_equal(wake_poll(&w, -1, 0, 1), 0);
    assert_int_equal(write(pair[1], "x", 1), 1);
    assert_int_equal(wake_poll(&w, pair[0], POLLIN, -1), POLLIN);
    close(pair[0]);
    close(pair[1]);
    wake_free(&w);
}

static void setting_it_ends_waits_now_and_later(void **state)
{
    (void)state;
    struct wake w;
    pthread_t thread;
    assert_int_equal(wake_init(&w), 0);
    pthread_create(&thread, NULL, set_soon, &w);
    assert_int_equal(wake_poll(&w, -1, 0, -1), -1);
    pthread_join(thread, NULL);
    assert_true(wake_is_set(&w));
    assert_int_equal(wake_poll(&w, -1, 0, 0), -1);
    wake_free(&w);
}

static void a_watched_socket_is_shut_down(void **state)
{
    (void)state;
    struct wake w;
    int one[2], two[2];
    char byte;
    pthread_t thread;
    assert_int_equal(wake_init(&w), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, one), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, two), 0);
    wake_watch(&w, one[0]);
    wake_watch(&w, two[0]);
    wake_unwatch(&w, two[0]);
    pthread_create(&thread, NULL, set_soon, &w);
    assert_int_equal(read(one[0], &byte, 1), 0);
    pthread_join(thread, NULL);
    assert_int_equal(recv(two[0], &byte, 1, MSG_DONTWAIT), -1);
    wake_watch(&w, two[0]);
    assert_int_equal(read(two[0], &byte, 1), 0);
    for (int i = 0; i < 2; i++) {
        close(one[i]);
        close(two[i]);
    }
    wake_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_ends_by_the_socket_or_the_time),
        cmocka_unit_test(setting_it_ends_waits_now_and_later),
        cmocka_unit_test(a_watched_socket_is_shut_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
