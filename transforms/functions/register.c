/* The list of functions, on a connection. */
#include "transforms/functions/functions.h"

#include <stdlib.h>
#include "transforms/functions/call.h"
#include "transforms/functions/list.h"

enum { FLAGS = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS };

static int collate(void *unused, int na, const void *a, int nb, const void *b)
{
    (void)unused;
    return number_text_compare(a, (size_t)na, b, (size_t)nb);
}

/* SQLite calls it once for each function, when the connection closes or a registration fails. */
static void release(void *state)
{
    struct call *call = state;
    if (--call->users > 0)
        return;
    buffer_free(&call->text);
    ratio_cache_free(call->ratios);
    regex_cache_free(call->regexes);
    free(call);
}

static int register_one(sqlite3 *db, const struct sql_function *s, int nargs, struct call *call)
{
    call->users++;
    return sqlite3_create_function_v2(db, s->name, nargs, FLAGS, call, s->scalar, s->step, s->final,
                                      release);
}

/* A function that takes 2 to 4 arguments is three to SQLite: another number of them is an error
 * when a statement is prepared. */
static int register_each(sqlite3 *db, const struct sql_function *s, struct call *call)
{
    if (s->max == ANY_NUMBER)
        return register_one(db, s, -1, call);
    int result = SQLITE_OK;
    for (int n = s->min; n <= s->max && result == SQLITE_OK; n++)
        result = register_one(db, s, n, call);
    return result;
}

static struct call *new_call(const struct functions *fs)
{
    struct call *call = calloc(1, sizeof *call);
    must(call);
    call->functions = fs;
    call->users = 1; /* this file's own, until all are registered */
    buffer_init(&call->text, EXACT_TEXT_BYTES);
    return call;
}

/* Of SQLite 3.38 and later: a Bloom filter before an automatic index. In 3.40.1 it hashes the
 * length of a text, so a join of decimal columns loses the row where 10.0 meets 10, whatever the
 * collation says. The guard looks whether it is really off. */
static void turn_filters_off(sqlite3 *db)
{
    const unsigned bloom_filter = 0x00080000; /* sqliteInt.h: SQLITE_BloomFilter */
    sqlite3_test_control(SQLITE_TESTCTRL_OPTIMIZATIONS, db, bloom_filter);
}

enum status functions_register(sqlite3 *db, const struct functions *fs, struct outcome **outcome,
                               struct failure *f)
{
    struct call *call = new_call(fs);
    turn_filters_off(db);
    int result = sqlite3_create_collation_v2(db, "decimal", SQLITE_UTF8, NULL, collate, NULL);
    for (int i = 0; i < nsql_functions && result == SQLITE_OK; i++)
        result = register_each(db, &sql_functions[i], call);
    if (outcome)
        *outcome = &call->outcome;
    release(call);
    if (result != SQLITE_OK)
        return fail(f, ERROR_INTERNAL, "SQLite does not take the functions of mappings: %s",
                    sqlite3_errmsg(db));
    return STATUS_OK;
}
