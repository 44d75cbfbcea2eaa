/* Errors: one list, a class each, a text that says what, where and what to do.
 *
 * A function that can fail returns `enum status`. On anything but STATUS_OK it has written the text
 * into the `struct failure` it was given, by `fail()`. The class decides what happens, in one place
 * (link/link.c): RETRY reconnects with back-off, DATA stops the link before the bad transaction,
 * CONFIG ends the program or the link until a person acts, BUG stops the link and asks for a report.
 *
 * Threads: a `struct failure` belongs to one thread at a time. Secrets never go into a text.
 */
#ifndef MILLRACE_BASE_FAIL_H
#define MILLRACE_BASE_FAIL_H

#include <stdarg.h>
#include <stdbool.h>

enum status {
    STATUS_OK = 0,
    STATUS_RETRY,   /* may pass by itself: connection lost, lock wait, deadlock, server starting */
    STATUS_DATA,    /* the data cannot be written as the rules demand: constraint, wrong count */
    STATUS_CONFIG,  /* a person must act: privilege, setting, missing table, lost position */
    STATUS_BUG,     /* a rule of ours is broken; nothing is written any more */
    STATUS_STOPPED, /* asked to stop; no error */
};

/* code, class, name in logs and `status --json` */
#define ERRORS(X)                                                                                  \
    X(ERROR_NONE, STATUS_OK, "none")                                                               \
    X(ERROR_CONNECT, STATUS_RETRY, "cannot_connect")                                               \
    X(ERROR_CONNECTION_LOST, STATUS_RETRY, "connection_lost")                                      \
    X(ERROR_LOCK_WAIT, STATUS_RETRY, "lock_wait")                                                  \
    X(ERROR_DEADLOCK, STATUS_RETRY, "deadlock")                                                    \
    X(ERROR_SERVER_BUSY, STATUS_RETRY, "server_busy")                                              \
    X(ERROR_SLOT_ACTIVE, STATUS_RETRY, "slot_active")                                              \
    X(ERROR_READ_AGAIN, STATUS_RETRY, "read_again")                                                \
    X(ERROR_CONSTRAINT, STATUS_DATA, "constraint")                                                 \
    X(ERROR_UNIQUE, STATUS_DATA, "unique_violation")                                               \
    X(ERROR_VALUE, STATUS_DATA, "value")                                                           \
    X(ERROR_WRONG_COUNT, STATUS_DATA, "wrong_count")                                               \
    X(ERROR_DDL, STATUS_DATA, "ddl")                                                               \
    X(ERROR_STATEMENT_FORMAT, STATUS_DATA, "statement_format")                                     \
    X(ERROR_ROW_IMAGE, STATUS_DATA, "row_image")                                                   \
    X(ERROR_UNSUPPORTED, STATUS_DATA, "unsupported")                                               \
    X(ERROR_CONFIG, STATUS_CONFIG, "config")                                                       \
    X(ERROR_PRIVILEGE, STATUS_CONFIG, "privilege")                                                 \
    X(ERROR_SETTING, STATUS_CONFIG, "server_setting")                                              \
    X(ERROR_NO_TABLE, STATUS_CONFIG, "no_such_table")                                              \
    X(ERROR_POSITION_LOST, STATUS_CONFIG, "position_lost")                                         \
    X(ERROR_SECOND_ENGINE, STATUS_CONFIG, "second_engine")                                         \
    X(ERROR_PLAN_CHANGED, STATUS_CONFIG, "plan_changed")                                           \
    X(ERROR_NOT_EMPTY, STATUS_CONFIG, "target_not_empty")                                          \
    X(ERROR_SEQUENCE_GAP, STATUS_CONFIG, "sequence_gap")                                           \
    X(ERROR_PROTOCOL, STATUS_BUG, "protocol")                                                      \
    X(ERROR_INTERNAL, STATUS_BUG, "internal")                                                      \
    X(ERROR_STOPPED, STATUS_STOPPED, "stopped")

enum error {
#define X(code, class, name) code,
    ERRORS(X)
#undef X
};

enum { FAILURE_TEXT_BYTES = 2048, FAILURE_POSITION_BYTES = 2048 };

struct failure {
    enum error code;
    char text[FAILURE_TEXT_BYTES]; /* one line: what happened, where, what to do */
    char position[FAILURE_POSITION_BYTES]; /* where the transaction that it is about ends; "" none */
};

#undef fail /* cmocka.h, which unit tests include first, has a macro of this name */

/* Sets the failure (an earlier text is replaced) and returns the class of `code`. */
enum status fail(struct failure *f, enum error code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
enum status failv(struct failure *f, enum error code, const char *format, va_list args);
/* Puts "format: " before the text that is there: the callers' context. Returns the class. */
enum status fail_in(struct failure *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The transaction that the failure is about ends at `position` (NULL: unknown; one too long to hold
 * is left out). Returns the class. */
enum status fail_at(struct failure *f, const char *position);
void failure_clear(struct failure *f);
enum status error_status(enum error code);
const char *error_name(enum error code);

/* Leaves the function with the status of `call` unless it is STATUS_OK. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum status try_status = (call);                                                           \
        if (try_status != STATUS_OK)                                                               \
            return try_status;                                                                     \
    } while (0)

/* Invariants stay on in release: says where, then abort(). */
#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            must_failed(#condition, __FILE__, __LINE__);                                           \
    } while (0)
void must_failed(const char *condition, const char *file, int line) __attribute__((noreturn));

#endif
