/* json_pick(json, 'zh_CN', 'en_US', ...): of an object's keys the first that is there and not
 * null. */
#include "transforms/functions/call.h"
#include "transforms/functions/list.h"

#include <jansson.h>
#include <stdlib.h>

static void return_compound(sqlite3_context *context, const json_t *v)
{
    char *text = json_dumps(v, JSON_COMPACT);
    must(text);
    sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
    free(text);
}

/* As SQLite's ->> gives it, but for what would lose digits. */
static void return_json(sqlite3_context *context, const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_STRING:
        sqlite3_result_text64(context, json_string_value(v), json_string_length(v),
                              SQLITE_TRANSIENT, SQLITE_UTF8);
        return;
    case JSON_INTEGER:
        sqlite3_result_int64(context, json_integer_value(v));
        return;
    case JSON_REAL:
        call_end(context, OUTCOME_QUARANTINE, REASON_JSON, words_of("json_pick"), NOTHING,
                 "json_pick: a number with digits behind the point, which JSON's readers take as a "
                 "double: it must be a text there");
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        sqlite3_result_int(context, json_is_true(v));
        return;
    case JSON_NULL:
        return;
    default:
        return_compound(context, v);
    }
}

static void pick(sqlite3_context *context, const json_t *object, int n, sqlite3_value **keys)
{
    for (int i = 0; i < n; i++) {
        struct words key = call_text(keys[i]);
        const json_t *v = json_object_getn(object, key.text, key.size);
        if (v && !json_is_null(v)) {
            return_json(context, v);
            return;
        }
    }
}

void json_pick_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
    json_error_t error;
    if (n < 2) {
        call_wrong(context, "json_pick needs a JSON text and one key or more");
        return;
    }
    if (sqlite3_value_type(values[0]) == SQLITE_NULL)
        return;
    struct words text = call_text(values[0]);
    json_t *v = json_loadb(text.text, text.size, JSON_ALLOW_NUL, &error);
    if (json_is_object(v))
        pick(context, v, n - 1, values + 1);
    else
        call_end(context, OUTCOME_QUARANTINE, REASON_JSON, words_of("json_pick"), text,
                 "json_pick: \"%.*s\" is no JSON object", SHOWN(text));
    json_decref(v);
}
