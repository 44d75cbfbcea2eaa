#include "transforms/mirror/reads.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "transforms/mirror/nearest.h"

struct reads *reads_new(const struct relation *const *relations, int nrelations, struct arena *a)
{
    struct reads *r = arena_zalloc(a, sizeof *r);
    r->relations = relations;
    r->nrelations = nrelations;
    r->tables = arena_zalloc(a, (size_t)nrelations * sizeof *r->tables);
    for (int i = 0; i < nrelations; i++)
        r->tables[i].columns = arena_zalloc(a, (size_t)relations[i]->ncolumns * sizeof(bool));
    return r;
}

void reads_clear(struct reads *r)
{
    r->refused[0] = '\0';
    for (int i = 0; i < r->nrelations; i++) {
        r->tables[i].read = false;
        memset(r->tables[i].columns, 0, (size_t)r->relations[i]->ncolumns * sizeof(bool));
    }
}

void reads_join(struct reads *into, const struct reads *from)
{
    for (int i = 0; i < into->nrelations; i++) {
        into->tables[i].read |= from->tables[i].read;
        for (int c = 0; c < into->relations[i]->ncolumns; c++)
            into->tables[i].columns[c] |= from->tables[i].columns[c];
    }
}

bool reads_has_decimal(const struct reads *r)
{
    for (int i = 0; i < r->nrelations; i++)
        for (int c = 0; c < r->relations[i]->ncolumns; c++)
            if (r->tables[i].columns[c] && r->relations[i]->columns[c].kind == VALUE_DECIMAL)
                return true;
    return false;
}

/* ---- the authorizer ---- */

static int refuse(struct reads *r, const char *why, const char *what)
{
    if (!r->refused[0])
        snprintf(r->refused, sizeof r->refused, "%s%s%s", why, what ? " " : "", what ? what : "");
    return SQLITE_DENY;
}

/* What a run after a crash could answer differently would emit differently. */
static int allow_function(struct reads *r, const char *name)
{
    static const char *const refused[] = {
        "random",       "randomblob",   "changes",      "total_changes",    "last_insert_rowid",
        "current_time", "current_date", "load_extension", "current_timestamp",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strcasecmp(name, refused[i]) == 0)
            return refuse(r, "a view must answer the same when it is asked again; it may not call",
                          name);
    return SQLITE_OK;
}

static bool is_json_table(const char *name)
{
    return strcasecmp(name, "json_each") == 0 || strcasecmp(name, "json_tree") == 0;
}

static int table_of(const struct reads *r, const char *name)
{
    for (int i = 0; i < r->nrelations; i++)
        if (strcmp(r->relations[i]->name, name) == 0)
            return i;
    return -1;
}

static int note_read(struct reads *r, const char *table, const char *column)
{
    int i = table_of(r, table);
    if (i < 0) {
        /* A common table of which no column is read comes by its name, without a column. */
        if (*column == '\0' || is_json_table(table))
            return SQLITE_OK;
        return refuse(r, "it reads SQLite's own table", table);
    }
    r->tables[i].read = true;
    int c = relation_column_index(r->relations[i], column);
    if (c >= 0)
        r->tables[i].columns[c] = true;
    return SQLITE_OK;
}

static int authorize(void *context, int action, const char *a, const char *b, const char *schema,
                     const char *trigger)
{
    struct reads *r = context;
    (void)schema, (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        return note_read(r, a, b ? b : "");
    case SQLITE_FUNCTION:
        return allow_function(r, b);
    case SQLITE_PRAGMA:
        return refuse(r, "PRAGMA is not allowed:", a);
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
        return refuse(r, "ATTACH and DETACH are not allowed", NULL);
    default:
        return refuse(r, "only SELECT is allowed", NULL);
    }
}

/* ---- errors with the nearest name ---- */

static const char *nearest_table(const struct reads *r, const char *name)
{
    struct nearest n = nearest_to(name);
    for (int i = 0; i < r->nrelations; i++)
        nearest_offer(&n, r->relations[i]->name);
    return nearest_text(&n);
}

/* Of the tables that the statement was seen to read before the error; else of all. */
static const char *nearest_column(const struct reads *r, const char *name)
{
    const char *dot = strrchr(name, '.');
    struct nearest n = nearest_to(dot ? dot + 1 : name);
    bool any = false;
    for (int i = 0; i < r->nrelations; i++)
        any |= r->tables[i].read;
    for (int i = 0; i < r->nrelations; i++)
        for (int c = 0; c < r->relations[i]->ncolumns; c++)
            if (r->tables[i].read || !any)
                nearest_offer(&n, r->relations[i]->columns[c].name);
    if (!n.name && any) /* a table whose first column it would have been */
        for (int i = 0; i < r->nrelations; i++)
            for (int c = 0; c < r->relations[i]->ncolumns; c++)
                nearest_offer(&n, r->relations[i]->columns[c].name);
    return nearest_text(&n);
}

static enum status fail_prepare(const struct reads *r, sqlite3 *db, struct failure *f)
{
    static const char no_table[] = "no such table: ", no_column[] = "no such column: ";
    const char *message = sqlite3_errmsg(db), *hint = "";
    if (r->refused[0])
        return fail(f, ERROR_CONFIG, "%s", r->refused);
    if (strncmp(message, no_table, sizeof no_table - 1) == 0)
        hint = nearest_table(r, message + sizeof no_table - 1);
    else if (strncmp(message, no_column, sizeof no_column - 1) == 0)
        hint = nearest_column(r, message + sizeof no_column - 1);
    return fail(f, ERROR_CONFIG, "%s%s", message, hint);
}

static bool is_blank(const char *tail)
{
    while (isspace((unsigned char)*tail) || *tail == ';')
        tail++;
    return *tail == '\0';
}

enum status reads_prepare(struct reads *r, sqlite3 *db, const char *sql, sqlite3_stmt **out,
                          struct failure *f)
{
    const char *tail = "";
    *out = NULL;
    sqlite3_set_authorizer(db, authorize, r);
    int code = sqlite3_prepare_v2(db, sql, -1, out, &tail);
    sqlite3_set_authorizer(db, NULL, NULL);
    if (code != SQLITE_OK)
        return fail_prepare(r, db, f);
    if (*out && is_blank(tail) && sqlite3_stmt_readonly(*out) && sqlite3_column_count(*out) > 0)
        return STATUS_OK;
    bool empty = !*out;
    sqlite3_finalize(*out);
    *out = NULL;
    return fail(f, ERROR_CONFIG, "%s",
                empty ? "the statement is empty" : "it must be one SELECT, and nothing after it");
}
