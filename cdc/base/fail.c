#include "base/fail.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/utf8.h"

static const struct {
    enum status status;
    const char *name;
} errors[] = {
#define X(code, class, name) [code] = {class, name},
    ERRORS(X)
#undef X
};

enum status error_status(enum error code)
{
    return errors[code].status;
}

const char *error_name(enum error code)
{
    return errors[code].name;
}

/* Servers' messages come in several lines, and cut in the middle of a character, which no reader
 * of our JSON would take: such bytes are left out. */
static void make_one_line(char *text)
{
    size_t n = 0, size;
    const char *end = text + strlen(text);
    for (const char *at = text; at < end; at += size ? size : 1) {
        size = utf8_character(at, (size_t)(end - at));
        memmove(text + n, (unsigned char)*at < 0x20 ? " " : at, size);
        n += size;
    }
    while (n > 0 && text[n - 1] == ' ')
        n--;
    text[n] = 0;
}

enum status failv(struct failure *f, enum error code, const char *format, va_list args)
{
    /* The arguments may lie in the text that is replaced. */
    char text[FAILURE_TEXT_BYTES];
    vsnprintf(text, sizeof text, format, args);
    make_one_line(text);
    f->code = code;
    f->position[0] = 0;
    memcpy(f->text, text, strlen(text) + 1);
    return error_status(code);
}

enum status fail(struct failure *f, enum error code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    enum status status = failv(f, code, format, args);
    va_end(args);
    return status;
}

enum status fail_in(struct failure *f, const char *format, ...)
{
    char text[2 * FAILURE_TEXT_BYTES + 2];
    va_list args;
    va_start(args, format);
    vsnprintf(text, FAILURE_TEXT_BYTES, format, args);
    va_end(args);
    size_t size = strlen(text);
    snprintf(text + size, sizeof text - size, ": %s", f->text);
    text[FAILURE_TEXT_BYTES - 1] = 0;
    make_one_line(text);
    memcpy(f->text, text, strlen(text) + 1);
    return error_status(f->code);
}

enum status fail_at(struct failure *f, const char *position)
{
    size_t size = position ? strlen(position) : 0;
    if (size >= sizeof f->position)
        size = 0; /* half a position would be another one */
    memcpy(f->position, position ? position : "", size);
    f->position[size] = 0;
    return error_status(f->code);
}

void failure_clear(struct failure *f)
{
    f->position[0] = 0;
    f->code = ERROR_NONE;
    f->text[0] = 0;
}

void must_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "millrace: broken invariant at %s:%d: %s (please report)\n", file, line,
            condition);
    abort();
}
