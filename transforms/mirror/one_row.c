#include "transforms/mirror/one_row.h"

#include <stdlib.h>

struct table {
    sqlite3_vtab base;
    const struct one_row *one;
};

struct cursor {
    sqlite3_vtab_cursor base;
    bool at_end;
};

/* ---- the table ---- */

static int connect_table(sqlite3 *db, void *one, int argc, const char *const *argv,
                         sqlite3_vtab **out, char **error)
{
    const struct one_row *r = one;
    (void)argc, (void)argv, (void)error;
    sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
    int code = sqlite3_declare_vtab(db, r->declaration);
    if (code != SQLITE_OK)
        return code;
    struct table *t = calloc(1, sizeof *t);
    must(t);
    t->one = r;
    *out = &t->base;
    return SQLITE_OK;
}

static int disconnect_table(sqlite3_vtab *t)
{
    free(t);
    return SQLITE_OK;
}

/* Conditions are SQLite's to check: there is one row. */
static int best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
    (void)t;
    info->estimatedCost = 1;
    info->estimatedRows = 1;
    info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
    return SQLITE_OK;
}

/* ---- the row ---- */

static int open_cursor(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
    struct cursor *c = calloc(1, sizeof *c);
    (void)t;
    must(c);
    *out = &c->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *c)
{
    free(c);
    return SQLITE_OK;
}

static const struct value *row_of(const sqlite3_vtab_cursor *c)
{
    return ((const struct table *)c->pVtab)->one->row;
}

static int filter(sqlite3_vtab_cursor *c, int number, const char *text, int n,
                  sqlite3_value **values)
{
    (void)number, (void)text, (void)n, (void)values;
    ((struct cursor *)c)->at_end = row_of(c) == NULL;
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *c)
{
    ((struct cursor *)c)->at_end = true;
    return SQLITE_OK;
}

static int is_at_end(sqlite3_vtab_cursor *c)
{
    return ((const struct cursor *)c)->at_end;
}

static int column(sqlite3_vtab_cursor *c, sqlite3_context *context, int i)
{
    const struct value *v = &row_of(c)[i];
    const char *text = v->size ? v->text : ""; /* of nothing: not NULL */
    switch ((enum value_kind)v->kind) {
    case VALUE_INT:
        sqlite3_result_int64(context, v->i);
        break;
    case VALUE_DOUBLE:
        sqlite3_result_double(context, v->d);
        break;
    case VALUE_TEXT:
        sqlite3_result_text(context, text, (int)v->size, SQLITE_STATIC);
        break;
    case VALUE_BYTES:
        sqlite3_result_blob(context, text, (int)v->size, SQLITE_STATIC);
        break;
    default:
        must(v->kind == VALUE_NULL);
    }
    return SQLITE_OK;
}

/* Of a table with a rowid; a key of its own has no use of it. */
static int rowid(sqlite3_vtab_cursor *c, sqlite3_int64 *out)
{
    (void)c;
    *out = 1;
    return SQLITE_OK;
}

/* ---- the module ---- */

static const sqlite3_module module = {
    .iVersion = 0,
    .xCreate = connect_table,
    .xConnect = connect_table,
    .xBestIndex = best_index,
    .xDisconnect = disconnect_table,
    .xDestroy = disconnect_table,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = filter,
    .xNext = next,
    .xEof = is_at_end,
    .xColumn = column,
    .xRowid = rowid,
};

enum status one_row_create(sqlite3 *db, const char *name, struct one_row *r, struct failure *f)
{
    char *own = sqlite3_mprintf("millrace:one_row:%s", name);
    must(own);
    enum status status = STATUS_OK;
    int code = sqlite3_create_module_v2(db, own, &module, r, NULL);
    if (code != SQLITE_OK)
        status = db_fail(db, code, own, f);
    if (status == STATUS_OK)
        status = db_exec(db, f, "create virtual table \"%w\" using \"%w\"", name, own);
    sqlite3_free(own);
    return status;
}
