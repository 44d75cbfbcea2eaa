/* Call: what one call of a function works with: its arguments read, its result or its outcome said.
 *
 * The state is one a connection: every function of it has the same `sqlite3_user_data`. Nothing
 * here is allocated per row; numbers are built in the connection's own buffer.
 */
#ifndef MILLRACE_TRANSFORMS_FUNCTIONS_CALL_H
#define MILLRACE_TRANSFORMS_FUNCTIONS_CALL_H

#include <sqlite3.h>
#include <string.h>
#include "transforms/functions/exact.h"
#include "transforms/functions/outcome.h"

struct functions;
struct ratio_cache;
struct regex_cache;

struct call {
    int users; /* functions that are registered with it */
    const struct functions *functions;
    struct outcome outcome;
    struct buffer text; /* of a result */
    struct ratio_cache *ratios; /* convert_unit.c's; NULL before the first call */
    struct regex_cache *regexes; /* regex.c's; the same */
};

/* A run of bytes that somebody else holds, not NUL-terminated. */
struct words {
    const char *text;
    size_t size;
};

#define NOTHING ((struct words){"", 0})

static inline struct words words_of(const char *text)
{
    return (struct words){text, strlen(text)};
}

/* For "%.*s": cut, so that an error stays readable. */
enum { SHOWN_BYTES = 80 };
#define SHOWN(w) (int)((w).size < SHOWN_BYTES ? (w).size : SHOWN_BYTES), (w).text

/* Ends the statement: the error's text, and the outcome that its reader acts on. */
void call_end(sqlite3_context *context, enum outcome_kind kind, enum outcome_reason reason,
              struct words subject, struct words code, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* The mapping is wrong, whatever the row. */
#define call_wrong(context, ...)                                                                   \
    call_end(context, OUTCOME_FAIL, REASON_USE, NOTHING, NOTHING, __VA_ARGS__)

/* Is one of them NULL? Then so is the result. */
bool call_has_null(int n, sqlite3_value **values);
struct words call_text(sqlite3_value *value);
/* A number from an integer, a double or a decimal text. false: the statement has ended, and `out`
 * need not be released. `function` is for the error. */
bool call_number(sqlite3_context *context, const char *function, sqlite3_value *value,
                 struct exact *out);
/* How many digits behind the point; an integer of the mapping. */
bool call_scale(sqlite3_context *context, const char *function, sqlite3_value *value, int *out);
/* A word of ROUNDINGS. */
bool call_rounding(sqlite3_context *context, const char *function, sqlite3_value *value,
                   enum rounding *out);
/* The number is the result, and is released. */
void call_return_number(sqlite3_context *context, const char *function, struct exact *x);
/* As call_return_number; an integer where it is one of 64 bits. */
void call_return_integer(sqlite3_context *context, const char *function, struct exact *x);

/* convert_unit.c */
void ratio_cache_free(struct ratio_cache *cache);
/* regex.c */
void regex_cache_free(struct regex_cache *cache);

#endif
