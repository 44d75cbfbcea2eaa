/* Logs: one line of key=value on stderr, written by one write(2). Thread-safe.
 *   2026-11-22T16:48:00.123Z info link=erp-mes msg="streaming" position=0/16B3748
 * Call:  log_info("link=%s msg=\"streaming\" position=%s", ...). Text from outside goes through
 * log_quote, so that a line stays a line. Secrets never go in.
 */
#ifndef MILLRACE_BASE_LOG_H
#define MILLRACE_BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

extern enum log_level log_level; /* set once at start */

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* `text` in double quotes, escaped, into one of a few thread-local buffers (four at a time). */
const char *log_quote(const char *text);

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)                                                                             \
    do {                                                                                           \
        if (log_level >= LOG_DEBUG)                                                                \
            log_write(LOG_DEBUG, __VA_ARGS__);                                                     \
    } while (0)

#endif
