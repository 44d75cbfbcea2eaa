/* The plan of MySQL and MariaDB: a table that is read whole and has no possible key. The plan knows
 * tables by their aliases alone, and no conditions: those are in the note in which the server says
 * how it understood the statement, where every name is quoted. */
#include <string.h>
#include "check/events.h"
#include "sinks/events/target.h"

/* What EXPLAIN's rows hold. */
struct explained {
    int table, type, possible_keys;
};

static const char *quoted(struct check *k, const char *name)
{
    return arena_format(&k->arena, "`%s`", name);
}

/* The identifier that ends with the quote at `end` (exclusive). */
static const char *name_before(struct check *k, const char *text, const char *end,
                               const char **begin)
{
    const char *at = end - 1;
    if (at < text || *at != '`')
        return NULL;
    while (at > text && at[-1] != '`')
        at--;
    if (at == text)
        return NULL;
    *begin = at - 1;
    return arena_copy(&k->arena, at, (size_t)(end - 1 - at));
}

/* "`schema`.`table`" that ends at `end`. */
static bool read_place(struct check *k, const char *text, const char *end, struct lookup *out)
{
    const char *begin;
    out->table = name_before(k, text, end, &begin);
    if (!out->table || begin == text || begin[-1] != '.')
        return false;
    out->schema = name_before(k, text, begin - 1, &begin);
    return out->schema && (begin == text || begin[-1] != '.');
}

/* "`schema`.`table` `alias`", or "`schema`.`table`" without one. */
static bool find_place(struct check *k, const char *text, const char *alias, struct lookup *out)
{
    const char *name = quoted(k, alias);
    size_t size = strlen(name);
    for (const char *at = text; (at = strstr(at, name)); at++)
        if (at - text > 2 && at[-1] == ' ' && at[-2] == '`' && read_place(k, text, at - 1, out))
            return true;
    for (const char *at = text; (at = strstr(at, name)); at++)
        if (at > text && at[-1] == '.' && at[size] != '.' && read_place(k, text, at + size, out))
            return true;
    return false;
}

/* Where the whole reference begins: "`schema`.`alias`.`column`" or without the schema. */
static const char *begin_of(struct check *k, const char *text, const char *alias)
{
    const char *begin = alias;
    if (alias > text && alias[-1] == '.')
        (void)name_before(k, text, alias - 1, &begin);
    return begin;
}

static void add_column(struct check *k, struct lookup *l, const char *name)
{
    for (int i = 0; i < l->ncolumns; i++)
        if (strcmp(l->names[i], name) == 0)
            return;
    if (l->ncolumns == LOOKUP_COLUMNS_MAX)
        return;
    l->names[l->ncolumns] = name;
    l->columns[l->ncolumns++] = quoted(k, name);
}

/* Columns that stand beside an `=`. */
static void find_columns(struct check *k, const char *text, const char *alias, struct lookup *out)
{
    const char *prefix = arena_format(&k->arena, "`%s`.`", alias);
    for (const char *at = text; (at = strstr(at, prefix)); at++) {
        const char *name = at + strlen(prefix), *end = strchr(name, '`');
        const char *begin = begin_of(k, text, at);
        if (!end)
            return;
        bool before = begin - text >= 3 && memcmp(begin - 3, " = ", 3) == 0;
        if (before || strncmp(end + 1, " = ", 3) == 0)
            add_column(k, out, arena_copy(&k->arena, name, (size_t)(end - name)));
    }
}

static const char *note_of(const struct rows *warnings)
{
    for (int i = 0; i < warnings->nrows; i++)
        if (strcmp(rows_cell(warnings, i, 1), "1003") == 0)
            return rows_cell(warnings, i, 2);
    return "";
}

static bool is_read_whole(const struct rows *plan, int row, const struct explained *at)
{
    const char *table = rows_cell(plan, row, at->table), *type = rows_cell(plan, row, at->type);
    return table && *table != '<' && type &&
           (strcmp(type, "ALL") == 0 || strcmp(type, "index") == 0) &&
           !rows_cell(plan, row, at->possible_keys);
}

enum status plan_mysql(struct check *k, struct event_target *t,
                       const struct event_statement *statement, struct lookups *out)
{
    struct rows plan, warnings;
    bool mariadb = t->database.dialect == &mariadb_dialect;
    const struct explained at = mariadb ? (struct explained){2, 3, 4} : (struct explained){2, 4, 5};
    const char *sql = arena_format(&k->arena, "%s %s",
                                   mariadb ? "EXPLAIN EXTENDED" : "EXPLAIN FORMAT=TRADITIONAL",
                                   statement->sql);
    *out = (struct lookups){0};
    failure_clear(&k->failure);
    TRY(session_query(t->session, &k->arena, &plan, sql, 0, NULL));
    TRY(session_query(t->session, &k->arena, &warnings, "SHOW WARNINGS", 0, NULL));
    const char *note = note_of(&warnings);
    out->at = arena_zalloc(&k->arena, sizeof *out->at * (size_t)(plan.nrows + 1));
    for (int i = 0; i < plan.nrows; i++) {
        const char *alias = rows_cell(&plan, i, at.table);
        struct lookup *l = &out->at[out->n];
        if (!is_read_whole(&plan, i, &at) || !find_place(k, note, alias, l))
            continue;
        find_columns(k, note, alias, l);
        out->n++;
    }
    return STATUS_OK;
}
