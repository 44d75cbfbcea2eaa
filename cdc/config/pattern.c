#include "config/config.h"
#include "config/parts.h"
#include <string.h>

bool pattern_is(const char *text)
{
    return strpbrk(text, "*?") != NULL;
}

/* `?` is a character, not a byte. */
static const char *next_character(const char *text)
{
    text++;
    while (((unsigned char)*text & 0xC0) == 0x80)
        text++;
    return text;
}

static bool capture(const char *from, const char *to, char *captured, size_t n)
{
    size_t size = (size_t)(to - from);
    if (!captured)
        return true;
    if (size >= n)
        return false;
    memcpy(captured, from, size);
    captured[size] = 0;
    return true;
}

/* Only the last `*` met is ever lengthened: what earlier ones took is then settled, as short as can
 * be. So the first one's run is known when the second is met, or at the end. */
bool pattern_match(const char *pattern, const char *text, char *captured, size_t n)
{
    const char *star = NULL, *run = NULL; /* behind the last `*`; the end of its run */
    const char *first = NULL, *first_from = text, *first_to = text;
    while (*text || *pattern) {
        if (*pattern == '*') {
            if (!first) {
                first = pattern;
                first_from = text;
            }
            star = ++pattern;
            run = text;
        } else if (*text && (*pattern == '?' || *pattern == *text)) {
            text = *pattern == '?' ? next_character(text) : text + 1;
            pattern++;
        } else if (star && *run) {
            text = run = next_character(run);
            pattern = star;
        } else {
            return false;
        }
        if (first && star == first + 1)
            first_to = run;
    }
    if (captured && n > 0)
        captured[0] = 0;
    return !first || capture(first_from, first_to, captured, n);
}

/* reach[j]: a's first i and b's first j characters can be one text's. */
bool patterns_meet(const char *a, const char *b)
{
    bool reach[2 * NAME_BYTES_MAX + 2] = {true};
    size_t nb = strlen(b);
    must(nb <= 2 * NAME_BYTES_MAX + 1);
    for (size_t j = 0; j < nb; j++)
        reach[j + 1] = reach[j] && b[j] == '*';
    for (; *a; a++) {
        bool diagonal = reach[0];
        reach[0] = reach[0] && *a == '*';
        for (size_t j = 0; j < nb; j++) {
            bool above = reach[j + 1];
            if (*a == '*' || b[j] == '*')
                reach[j + 1] = above || reach[j];
            else
                reach[j + 1] = diagonal && (*a == b[j] || *a == '?' || b[j] == '?');
            diagonal = above;
        }
    }
    return reach[nb];
}

bool pattern_covers(const char *wide, const char *narrow)
{
    const char *star = NULL, *run = NULL;
    while (*narrow || *wide) {
        if (*wide == '*') {
            star = ++wide;
            run = narrow;
        } else if (*narrow && *narrow != '*' && (*wide == '?' || *wide == *narrow)) {
            narrow++;
            wide++;
        } else if (star && *run) {
            narrow = ++run;
            wide = star;
        } else {
            return false;
        }
    }
    return true;
}

/* ---- which flow maps a table ---- */

/* Of the engines themselves, and our own: no pattern takes them. */
static bool is_system_schema(const char *schema)
{
    static const char *const names[] = {"millrace", "pg_catalog", "information_schema",
                                        "mysql",    "sys",        "performance_schema"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(schema, names[i]) == 0)
            return true;
    }
    return strncmp(schema, "pg_toast", 8) == 0 || strncmp(schema, "pg_temp", 7) == 0;
}

static const struct flow *exact_flow(const struct link_config *l, const char *schema,
                                     const char *table)
{
    for (int i = 0; i < l->nflows; i++) {
        const struct flow *f = &l->flows[i];
        if (!f->pattern && strcmp(f->source_table, table) == 0 &&
            strcmp(f->source_schema, schema) == 0)
            return f;
    }
    return NULL;
}

/* The target's name: its `*`, if any, replaced. False where it becomes too long. */
static bool fill_in(const char *target, const char *captured, char out[NAME_BYTES_MAX * 2 + 1])
{
    const char *star = strchr(target, '*');
    size_t head = star ? (size_t)(star - target) : strlen(target);
    const char *middle = star ? captured : "", *tail = star ? star + 1 : "";
    if (head + strlen(middle) + strlen(tail) > NAME_BYTES_MAX * 2)
        return false;
    memcpy(out, target, head);
    strcpy(stpcpy(out + head, middle), tail);
    return true;
}

struct names {
    char schema[NAME_BYTES_MAX * 2 + 1], table[NAME_BYTES_MAX * 2 + 1];
};

static bool flow_takes(const struct flow *f, const char *schema, const char *table,
                       struct names *target)
{
    char schema_run[NAME_BYTES_MAX * 2 + 1], table_run[NAME_BYTES_MAX * 2 + 1];
    return pattern_match(f->source_schema, schema, schema_run, sizeof schema_run) &&
           pattern_match(f->source_table, table, table_run, sizeof table_run) &&
           fill_in(f->target_schema, schema_run, target->schema) &&
           fill_in(f->target_table, table_run, target->table);
}

/* Excluded names are those of the side on which the file writes them. */
static bool is_excluded(const struct link_config *l, const char *schema, const char *table)
{
    char name[NAME_BYTES_MAX * 4 + 2];
    if (strlen(schema) + strlen(table) + 2 > sizeof name)
        return false;
    strcpy(stpcpy(stpcpy(name, schema), "."), table);
    for (int i = 0; i < l->nexclude; i++) {
        if (pattern_match(l->exclude[i], name, NULL, 0))
            return true;
    }
    return false;
}

static const struct flow *pattern_flow(const struct link_config *l, const char *schema,
                                       const char *table, struct names *target)
{
    if (is_system_schema(schema))
        return NULL;
    for (int i = 0; i < l->nflows; i++) {
        const struct flow *f = &l->flows[i];
        if (!f->pattern || !flow_takes(f, schema, table, target))
            continue;
        if (is_system_schema(target->schema))
            continue;
        if (!(l->exclude_targets ? is_excluded(l, target->schema, target->table)
                                 : is_excluded(l, schema, table)))
            return f;
    }
    return NULL;
}

const struct flow *link_flow(const struct link_config *l, const char *schema, const char *table,
                             struct arena *a, const char **target_schema, const char **target_table)
{
    struct names target;
    const struct flow *f = exact_flow(l, schema, table);
    if (f) {
        if (target_schema)
            *target_schema = f->target_schema;
        if (target_table)
            *target_table = f->target_table;
        return f;
    }
    f = pattern_flow(l, schema, table, &target);
    if (f && target_schema)
        *target_schema = arena_strdup(a, target.schema);
    if (f && target_table)
        *target_table = arena_strdup(a, target.table);
    return f;
}
