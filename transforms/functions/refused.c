/* Which of SQLite's functions a mapping may call: what is not in the list of the harmless ones is
 * refused, so that an extension or a newer SQLite brings nothing in. */
#include "transforms/functions/functions.h"

#include <stddef.h>
#include <strings.h>
#include "transforms/functions/list.h"

/* Same arguments, same result, on every run and on every machine; nothing read, nothing changed. */
static const char *const harmless[] = {
    "avg", "ceil", "ceiling", "char", "coalesce", "concat", "concat_ws", "count", "date",
    "datetime", "floor", "format", "glob", "group_concat", "hex", "ifnull", "iif", "instr",
    "json", "json_array", "json_array_length", "json_each", "json_extract", "json_group_array",
    "json_group_object", "json_insert", "json_object", "json_patch", "json_quote", "json_remove",
    "json_replace", "json_set", "json_tree", "json_type", "json_valid", "julianday", "length",
    "like", "lower", "ltrim", "max", "min", "mod", "nullif", "octet_length", "printf", "quote",
    "replace", "rtrim", "sign", "sqrt", "strftime", "string_agg", "substr", "substring", "time",
    "trim", "trunc", "typeof", "unhex", "unicode", "unixepoch", "upper",
    "->", "->>", "likely", "unlikely", "likelihood",
    /* of windows */
    "row_number", "rank", "dense_rank", "lag", "lead", "first_value", "last_value", "nth_value",
    "ntile",
};

/* Those worth a word of why. */
static const struct {
    const char *name, *why;
} named[] = {
    {"random", "it is not the same on every run"},
    {"randomblob", "it is not the same on every run"},
    {"changes", "it tells of the connection, not of the row"},
    {"total_changes", "it tells of the connection, not of the row"},
    {"last_insert_rowid", "it tells of the connection, not of the row"},
    {"sqlite_version", "it is not the same on every machine"},
    {"sqlite_source_id", "it is not the same on every machine"},
    {"current_timestamp", "it reads the clock"},
    {"current_date", "it reads the clock"},
    {"current_time", "it reads the clock"},
    {"load_extension", "it runs code of another file"},
    {"readfile", "it reads files"},
    {"writefile", "it writes files"},
    {"edit", "it starts programs"},
    {"zeroblob", "it takes memory without bounds"},
};

const char *functions_refused(const char *name)
{
    for (int i = 0; i < nsql_functions; i++)
        if (strcasecmp(sql_functions[i].name, name) == 0)
            return NULL;
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (strcasecmp(harmless[i], name) == 0)
            return NULL;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (strcasecmp(named[i].name, name) == 0)
            return named[i].why;
    return "it is not among the functions that mappings may call";
}
