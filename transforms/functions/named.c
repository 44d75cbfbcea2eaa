/* Names of dictionaries in the text of a statement: map('unit', x). One that is computed is met when
 * it is called. */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include "transforms/functions/dictionary.h"
#include "transforms/functions/functions.h"
#include "transforms/functions/guard_rules.h"
#include "transforms/functions/load.h"

static bool is_function(const char *word, size_t size)
{
    return (size == 3 && strncasecmp(word, "map", 3) == 0) ||
           (size == 5 && strncasecmp(word, "unmap", 5) == 0);
}

static const char *skip_space(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

/* The text that is the first argument, where `at` is behind the function's name; NULL: no literal. */
static const char *first_literal(const char *at, size_t *size)
{
    at = skip_space(at);
    if (*at != '(')
        return NULL;
    at = skip_space(at + 1);
    const char *end = *at == '\'' ? strchr(at + 1, '\'') : NULL;
    if (!end || end[1] == '\'')
        return NULL;
    *size = (size_t)(end - at - 1);
    return at + 1;
}

enum status functions_names_check(const struct functions *fs, const char *sql, struct failure *f)
{
    for (const char *at = sql, *next; *at; at = next) {
        size_t size = 0;
        next = guard_skip(at);
        if (!isalpha((unsigned char)*at) || !is_function(at, (size_t)(next - at)))
            continue;
        const char *name = first_literal(next, &size);
        if (name && !dictionary_find(functions_dictionaries(fs), name, size))
            return fail(f, ERROR_CONFIG, "%.*s: there is no dictionary \"%.*s\": it would stand under "
                        "`dictionaries`", (int)(next - at), at, (int)size, name);
    }
    return STATUS_OK;
}
