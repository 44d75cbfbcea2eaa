#include "base/fail.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Bytes of a character that the cut at the buffer's end has split. */
static size_t split_tail(const char *text, size_t size)
{
    size_t lead = size;
    while (lead > 0 && size - lead < 4 && ((unsigned char)text[lead - 1] & 0xC0) == 0x80)
        lead--;
    if (lead == 0 || (unsigned char)text[lead - 1] < 0xC0)
        return 0;
    unsigned char c = (unsigned char)text[--lead];
    size_t whole = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    return size - lead < whole ? size - lead : 0;
}

/* Servers' messages come in several lines. */
static void make_one_line(char *text)
{
    size_t size = strlen(text);
    if (size == FAILURE_TEXT_BYTES - 1)
        size -= split_tail(text, size);
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] < 0x20)
            text[i] = ' ';
    }
    while (size > 0 && text[size - 1] == ' ')
        size--;
    text[size] = 0;
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
