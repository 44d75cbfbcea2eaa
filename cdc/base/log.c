#include "base/log.h"
#include "base/clock.h"
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 8192, QUOTE_BYTES = 4096, QUOTES = 4 };

enum log_level log_level = LOG_INFO;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static size_t write_stamp(char *line, size_t size, enum log_level level)
{
    int64_t us = clock_wall_us();
    time_t seconds = us / 1000000;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    return (size_t)snprintf(line, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %s ",
                            tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                            tm.tm_sec, (int)(us / 1000 % 1000), level_names[level]);
}

void log_write(enum log_level level, const char *format, ...)
{
    if (level > log_level)
        return;
    char line[LINE_BYTES];
    size_t size = write_stamp(line, sizeof line, level);
    va_list args;
    va_start(args, format);
    int more = vsnprintf(line + size, sizeof line - size, format, args);
    va_end(args);
    size += more > 0 ? (size_t)more : 0;
    if (size > sizeof line - 1)
        size = sizeof line - 1;
    line[size++] = '\n';
    while (write(STDERR_FILENO, line, size) < 0 && errno == EINTR)
        continue;
}

/* The escaped form of one byte; its size. */
static size_t escape(unsigned char c, char out[5])
{
    if (c == '"' || c == '\\') {
        out[0] = '\\';
        out[1] = (char)c;
        return 2;
    }
    if (c == '\n' || c == '\t' || c == '\r') {
        out[0] = '\\';
        out[1] = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
        return 2;
    }
    if (c < 0x20 || c == 0x7f)
        return (size_t)snprintf(out, 5, "\\x%02x", c);
    out[0] = (char)c;
    return 1;
}

const char *log_quote(const char *text)
{
    static _Thread_local char quotes[QUOTES][QUOTE_BYTES];
    static _Thread_local unsigned turn;
    char *quote = quotes[turn++ % QUOTES];
    size_t at = 0;
    quote[at++] = '"';
    for (; *text && at + 8 < QUOTE_BYTES; text++) {
        char one[5];
        size_t size = escape((unsigned char)*text, one);
        memcpy(quote + at, one, size);
        at += size;
    }
    memcpy(quote + at, *text ? "...\"" : "\"", *text ? 5 : 2);
    return quote;
}
