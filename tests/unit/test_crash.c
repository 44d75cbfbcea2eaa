/* test_crash.c: named crash points, in builds that have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/crash.h"

static int status_of_child(const char *crash, const char *stage)
{
    pid_t child = fork();
    if (child == 0) {
        setenv("MILLRACE_CRASH", crash, 1);
        setenv("MILLRACE_STAGE_FILE", stage, 1);
        close(STDERR_FILENO);
        crash_here(CRASH_BEFORE_COMMIT);
        crash_here(CRASH_BEFORE_COMMIT);
        crash_here(CRASH_AFTER_COMMIT);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

static void a_point_kills_at_its_nth_pass_and_the_stage_stays(void **state)
{
    (void)state;
#ifdef MILLRACE_CRASH_POINTS
    char path[] = "/tmp/millrace-stage-XXXXXX", text[64] = "";
    int fd = mkstemp(path);
    assert_int_equal(WTERMSIG(status_of_child("before_commit:2", path)), SIGKILL);
    assert_true(read(fd, text, sizeof text) > 0);
    assert_string_equal(text, "before_commit\n");
    assert_int_equal(status_of_child("before_commit:3", path), 0);
    assert_int_equal(WTERMSIG(status_of_child("after_commit", path)), SIGKILL);
    assert_int_equal(WEXITSTATUS(status_of_child("no_such_point", path)), 2);
    close(fd);
    unlink(path);
#else
    assert_int_equal(status_of_child("before_commit", "/nowhere"), 0);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_kills_at_its_nth_pass_and_the_stage_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
