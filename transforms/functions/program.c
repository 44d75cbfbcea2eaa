#include "transforms/functions/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool instruction_is(const struct instruction *i, const char *name)
{
    return strcmp(i->name, name) == 0;
}

bool instruction_function(const struct instruction *i, char *name, size_t size, int *nargs)
{
    const char *open = strrchr(i->p4, '(');
    if (!open || (size_t)(open - i->p4) >= size)
        return false;
    memcpy(name, i->p4, (size_t)(open - i->p4));
    name[open - i->p4] = 0;
    *nargs = atoi(open + 1);
    return true;
}

/* ---- reading ---- */

static const char *column_text(sqlite3_stmt *s, int column, struct arena *a)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    return arena_strdup(a, text ? text : "");
}

/* addr, opcode, p1, p2, p3, p4, p5, comment */
static void read_row(sqlite3_stmt *s, struct arena *a, struct instruction *out)
{
    *out = (struct instruction){
        .name = column_text(s, 1, a),
        .p1 = sqlite3_column_int(s, 2),
        .p2 = sqlite3_column_int(s, 3),
        .p3 = sqlite3_column_int(s, 4),
        .p4 = column_text(s, 5, a),
        .p5 = sqlite3_column_int(s, 6),
    };
}

/* Whose operands are numbers, pages and versions: no registers. */
static bool has_no_register(const struct instruction *i)
{
    return instruction_is(i, "Transaction") || instruction_is(i, "OpenRead") ||
           instruction_is(i, "ReopenIdx") || instruction_is(i, "Halt");
}

/* An operand that is no register only makes the numbers larger than they need be. */
static void measure(struct program *p)
{
    for (int i = 0; i < p->n; i++) {
        const struct instruction *at = &p->at[i];
        int64_t p1 = instruction_is(at, "Integer") ? 0 : at->p1, p2 = at->p2, p3 = at->p3;
        const int64_t ends[] = {p1 + p2, p1 + p3, p2 + p3, p2 + at->p5};
        for (size_t k = 0; k < sizeof ends / sizeof *ends && !has_no_register(at); k++)
            if (ends[k] >= p->nregisters && ends[k] < 4 * PROGRAM_MAX)
                p->nregisters = (int)ends[k] + 1;
        if (at->p1 >= p->ncursors && at->p1 < PROGRAM_MAX)
            p->ncursors = at->p1 + 1;
    }
}

static int read_rows(sqlite3_stmt *s, struct arena *a, struct program *out)
{
    int result = sqlite3_step(s);
    for (; result == SQLITE_ROW && out->n < PROGRAM_MAX; result = sqlite3_step(s))
        read_row(s, a, &out->at[out->n++]);
    return result;
}

enum status program_read(sqlite3 *db, const char *sql, struct arena *a, struct program *out,
                         struct failure *f)
{
    sqlite3_stmt *s = NULL;
    *out = (struct program){.at = arena_alloc(a, PROGRAM_MAX * sizeof *out->at)};
    char *explain = arena_format(a, "explain %s", sql);
    int result = sqlite3_prepare_v2(db, explain, -1, &s, NULL);
    if (result == SQLITE_OK)
        result = read_rows(s, a, out);
    if (result != SQLITE_DONE && result != SQLITE_ROW)
        fail(f, ERROR_CONFIG, "%s", sqlite3_errmsg(db));
    sqlite3_finalize(s);
    if (result == SQLITE_ROW)
        return fail(f, ERROR_CONFIG, "the statement is longer than %d instructions of SQLite",
                    PROGRAM_MAX);
    if (result != SQLITE_DONE)
        return STATUS_CONFIG;
    measure(out);
    return STATUS_OK;
}

/* ---- columns of cursors ---- */

/* ?1 and ?2 texts, ?3 a number, where the statement has them. Up to three cells of the first row;
 * false: there is none. */
static bool look_up(sqlite3 *db, const char *sql, const char *one, const char *two, int three,
                    struct arena *a, const char **cells)
{
    sqlite3_stmt *s = NULL;
    bool found = false;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK) {
        sqlite3_bind_text(s, 1, one, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 2, two, -1, SQLITE_STATIC);
        sqlite3_bind_int(s, 3, three);
        found = sqlite3_step(s) == SQLITE_ROW;
    }
    for (int i = 0; found && i < sqlite3_column_count(s); i++)
        cells[i] = column_text(s, i, a);
    sqlite3_finalize(s);
    return found;
}

struct stored {
    const char *type, *name, *table; /* a row of the schema */
};

static bool find_root(sqlite3 *db, const char *schema, int page, struct arena *a,
                      struct stored *out)
{
    char *sql = sqlite3_mprintf(
        "select type, name, tbl_name from \"%w\".sqlite_schema where rootpage = ?3", schema);
    const char *cells[3];
    must(sql);
    bool found = look_up(db, sql, NULL, NULL, page, a, cells);
    sqlite3_free(sql);
    if (found)
        *out = (struct stored){cells[0], cells[1], cells[2]};
    return found;
}

/* A table without rowid is stored as its primary key's index. */
static const char *stored_as_index(sqlite3 *db, const char *schema, const struct stored *s,
                                   struct arena *a)
{
    const char *cells[3];
    if (strcmp(s->type, "index") == 0)
        return s->name;
    bool found = look_up(db,
                         "select l.name from pragma_table_list t, "
                         "pragma_index_list(t.name, t.schema) l where t.schema = ?1 "
                         "and t.name = ?2 and t.wr and l.origin = 'pk'",
                         schema, s->name, 0, a, cells);
    return found ? cells[0] : NULL;
}

/* By the rules of https://www.sqlite.org/datatype3.html, 3.1. */
static bool column_is_text(sqlite3 *db, const char *schema, const char *table, const char *name)
{
    const char *type = NULL;
    sqlite3_table_column_metadata(db, schema, table, name, &type, NULL, NULL, NULL, NULL);
    return type && !strcasestr(type, "INT") &&
           (strcasestr(type, "CHAR") || strcasestr(type, "CLOB") || strcasestr(type, "TEXT"));
}

bool program_column(sqlite3 *db, const struct instruction *open, int column, struct arena *a,
                    const char **table, const char **name, bool *is_text)
{
    struct stored s;
    const char *schema = sqlite3_db_name(db, open->p3), *cells[3] = {""};
    if (!schema || !find_root(db, schema, open->p2, a, &s))
        return false;
    const char *index = stored_as_index(db, schema, &s, a);
    /* A virtual generated column (hidden = 2) is not stored. */
    bool found = look_up(db,
                         index ? "select name from pragma_index_xinfo(?2, ?1) where seqno = ?3"
                               : "select name from pragma_table_xinfo(?2, ?1) where hidden <> 2 "
                                 "order by cid limit 1 offset ?3",
                         schema, index ? index : s.name, column, a, cells);
    *table = s.table;
    *name = cells[0];
    if (!found || !**name) /* an index on an expression has no name there */
        return false;
    *is_text = column_is_text(db, schema, s.table, *name);
    return true;
}
