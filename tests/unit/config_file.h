/* What the tests of the configuration share: a file from a text, and what is said about a bad one. */
#ifndef MILLRACE_TESTS_CONFIG_FILE_H
#define MILLRACE_TESTS_CONFIG_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "config/config.h"

#define complain(...)                                                                              \
    do {                                                                                           \
        print_error(__VA_ARGS__);                                                                  \
        _fail(__FILE__, __LINE__);                                                                 \
    } while (0)

static char path[] = "/tmp/millrace-config-XXXXXX";

static inline enum status load(const char *text, struct config **c, struct failure *f)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    failure_clear(f);
    return config_load(path, c, f);
}

static inline struct config *load_good(const char *text)
{
    struct config *c;
    struct failure f;
    if (load(text, &c, &f) != STATUS_OK)
        complain("%s", f.text);
    return c;
}

static inline void load_bad(const char *text, const char *place, const char *message)
{
    struct config *c;
    struct failure f;
    char start[200];
    assert_int_equal(load(text, &c, &f), STATUS_CONFIG);
    assert_null(c);
    snprintf(start, sizeof start, "%s:%s", path, place);
    if (strncmp(f.text, start, strlen(start)) != 0 || !strstr(f.text, message))
        complain("\n  got      %s\n  expected %s ... %s\n", f.text, start, message);
}

struct bad {
    const char *text, *place, *message;
};

static inline void check_bad(const struct bad *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        load_bad(cases[i].text, cases[i].place, cases[i].message);
}
#define CHECK_BAD(cases) check_bad(cases, sizeof cases / sizeof *cases)

static inline int setup(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static inline int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

#endif
