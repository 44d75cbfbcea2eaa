#include "transforms/mirror/db.h"

#include <stdio.h>

#include "base/arena.h"

static enum error error_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERROR_SECOND_ENGINE;
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return ERROR_SETTING;
    case SQLITE_ABORT: /* a function of the mapping: not this row, the mapping is at fault */
        return ERROR_CONFIG;
    case SQLITE_INTERRUPT:
        return ERROR_STOPPED;
    case SQLITE_MISUSE:
    case SQLITE_NOMEM:
        return ERROR_INTERNAL;
    default:
        return ERROR_VALUE;
    }
}

enum status db_fail(sqlite3 *db, int code, const char *what, struct failure *f)
{
    return fail(f, error_of(code), "%s: %s", what, sqlite3_errmsg(db));
}

static int harden(sqlite3 *db)
{
    sqlite3_extended_result_codes(db, 1);
    int bad = sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    bad |= sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    bad |= sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    bad |= sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return bad ? bad : sqlite3_exec(db, "pragma automatic_index = off", NULL, NULL, NULL);
}

enum status db_open(const char *path, sqlite3 **out, struct failure *f)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(path ? path : ":memory:", out, flags, NULL);
    if (code == SQLITE_OK)
        code = harden(*out);
    if (code == SQLITE_OK)
        return STATUS_OK;
    enum status status = db_fail(*out, code, path ? path : "SQLite", f);
    sqlite3_close_v2(*out);
    *out = NULL;
    return status;
}

enum status db_exec(sqlite3 *db, struct failure *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *sql = sqlite3_vmprintf(format, args);
    va_end(args);
    must(sql);
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    enum status status = code == SQLITE_OK ? STATUS_OK : db_fail(db, code, sql, f);
    sqlite3_free(sql);
    return status;
}

enum status db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out, struct failure *f)
{
    int code = sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    return code == SQLITE_OK ? STATUS_OK : db_fail(db, code, sql, f);
}

enum status db_step(sqlite3_stmt *statement, bool *row, struct failure *f)
{
    int code = sqlite3_step(statement);
    *row = code == SQLITE_ROW;
    if (*row)
        return STATUS_OK;
    enum status status = STATUS_OK;
    if (code != SQLITE_DONE)
        status = db_fail(sqlite3_db_handle(statement), code, "SQL", f);
    sqlite3_reset(statement);
    return status;
}

enum status db_run(sqlite3_stmt *statement, struct failure *f)
{
    bool row;
    TRY(db_step(statement, &row, f));
    must(!row);
    return STATUS_OK;
}

/* ---- values ---- */

void db_bind(sqlite3_stmt *statement, int parameter, const struct value *v)
{
    int code = SQLITE_MISUSE;
    switch ((enum value_kind)v->kind) {
    case VALUE_NULL:
        code = sqlite3_bind_null(statement, parameter);
        break;
    case VALUE_INT:
        code = sqlite3_bind_int64(statement, parameter, v->i);
        break;
    case VALUE_DOUBLE:
        code = sqlite3_bind_double(statement, parameter, v->d);
        break;
    case VALUE_TEXT:
        code = sqlite3_bind_text(statement, parameter, v->size ? v->text : "", (int)v->size,
                                 SQLITE_STATIC);
        break;
    case VALUE_BYTES: /* an empty one is not NULL */
        code = sqlite3_bind_blob(statement, parameter, v->size ? v->text : "", (int)v->size,
                                 SQLITE_STATIC);
        break;
    default:
        break;
    }
    must(code == SQLITE_OK);
}

static struct value text_column(sqlite3_stmt *statement, int column, enum value_kind kind)
{
    const void *text = kind == VALUE_TEXT ? (const void *)sqlite3_column_text(statement, column)
                                          : sqlite3_column_blob(statement, column);
    return value_text(kind, text ? text : "", (size_t)sqlite3_column_bytes(statement, column));
}

struct value db_column(sqlite3_stmt *statement, int column)
{
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        return value_int(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
        return (struct value){.kind = VALUE_DOUBLE, .d = sqlite3_column_double(statement, column)};
    case SQLITE_TEXT:
        return text_column(statement, column, VALUE_TEXT);
    case SQLITE_BLOB:
        return text_column(statement, column, VALUE_BYTES);
    default:
        return value_null();
    }
}

struct value db_column_copy(sqlite3_stmt *statement, int column, struct arena *a)
{
    struct value v = db_column(statement, column);
    return value_copy(&v, a);
}

/* ---- SQL text ---- */

void db_add_name(struct buffer *b, const char *name)
{
    db_add_own_name(b, "", name);
}

void db_add_own_name(struct buffer *b, const char *prefix, const char *name)
{
    buffer_add_format(b, "\"%s", prefix);
    for (; *name; name++) {
        if (*name == '"')
            buffer_add_char(b, '"');
        buffer_add_char(b, *name);
    }
    buffer_add_char(b, '"');
}

void db_add_numbered(struct buffer *b, const char *prefix, int n, const char *suffix)
{
    for (int i = 0; i < n; i++)
        buffer_add_format(b, "%s%s%d%s", i ? ", " : "", prefix, i, suffix);
}
