/* map('dictionary', code), unmap('dictionary', value). The dictionary is looked up at each call:
 * what SQLite would keep with the statement (auxdata) it forgets at the end of each execution. */
#include "transforms/functions/call.h"
#include "transforms/functions/list.h"
#include "transforms/functions/load.h"

static const struct dictionary *find(sqlite3_context *context, const char *function,
                                     sqlite3_value *name)
{
    struct call *call = sqlite3_user_data(context);
    struct words text = call_text(name);
    const struct dictionary *d =
        dictionary_find(functions_dictionaries(call->functions), text.text, text.size);
    if (!d)
        call_wrong(context, "%s: there is no dictionary \"%.*s\"", function, SHOWN(text));
    return d;
}

static void return_text(sqlite3_context *context, const char *text)
{
    sqlite3_result_text(context, text, -1, SQLITE_STATIC); /* the configuration outlives it */
}

static void not_there(sqlite3_context *context, const char *function, const struct dictionary *d,
                      struct unknown_policy unknown, sqlite3_value *value)
{
    struct words text = call_text(value);
    switch (unknown.policy) {
    case POLICY_PASS:
        sqlite3_result_text64(context, text.text, text.size, SQLITE_TRANSIENT, SQLITE_UTF8);
        return;
    case POLICY_VALUE:
        return_text(context, unknown.value);
        return;
    default:
        call_end(context,
                 unknown.policy == POLICY_FAIL ? OUTCOME_FAIL : OUTCOME_QUARANTINE, REASON_CODE,
                 words_of(dictionary_name(d)), text, "%s: dictionary %s has no %s \"%.*s\"",
                 function, dictionary_name(d), *function == 'u' ? "value" : "code", SHOWN(text));
    }
}

void map_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)n;
    const struct dictionary *d = find(context, "map", values[0]);
    if (!d || sqlite3_value_type(values[1]) == SQLITE_NULL)
        return;
    struct words code = call_text(values[1]);
    const char *value = dictionary_value(d, code.text, code.size);
    if (value)
        return_text(context, value);
    else
        not_there(context, "map", d, dictionary_unknown(d), values[1]);
}

void unmap_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    struct unknown_policy unknown;
    (void)n;
    const struct dictionary *d = find(context, "unmap", values[0]);
    if (!d || sqlite3_value_type(values[1]) == SQLITE_NULL)
        return;
    if (!dictionary_reverse(d, &unknown)) {
        call_wrong(context,
                   "unmap: dictionary %s is not declared for both ways: give it `reverse: fail` "
                   "(or quarantine, pass, { value: ... })",
                   dictionary_name(d));
        return;
    }
    struct words value = call_text(values[1]);
    const char *code = dictionary_code(d, value.text, value.size);
    if (code)
        return_text(context, code);
    else
        not_there(context, "unmap", d, unknown, values[1]);
}
