#include "anchor.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"

static void die(sqlite3 *db, const char *what)
{
    fprintf(stderr, "bench_events: %s: %s\n", what, sqlite3_errmsg(db));
    exit(1);
}

sqlite3 *anchor_open(struct side *s, const char *path)
{
    sqlite3 *db;
    struct failure f = {0};
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK)
        die(db, path);
    side_check(functions_register(db, s->functions, NULL, &f), &f);
    return db;
}

void anchor_exec(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die(db, sql);
}

sqlite3_stmt *anchor_prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
        die(db, sql);
    return statement;
}

bool anchor_step(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        die(sqlite3_db_handle(statement), sqlite3_sql(statement));
    return code == SQLITE_ROW;
}

void anchor_run(sqlite3_stmt *statement)
{
    must(!anchor_step(statement));
    sqlite3_reset(statement);
}

static void bind_instant(sqlite3_stmt *statement, int parameter, const struct value *v,
                         char room[TIME_BYTES])
{
    struct buffer b = {.data = room, .capacity = TIME_BYTES, .max = TIME_BYTES};
    value_add_datetime(&b, v->i);
    buffer_add_char(&b, 'Z');
    sqlite3_bind_text(statement, parameter, b.data, (int)b.size, SQLITE_STATIC);
}

void anchor_bind(sqlite3_stmt *statement, int parameter, const struct value *v,
                 char room[TIME_BYTES])
{
    if (v->kind == VALUE_INT)
        sqlite3_bind_int64(statement, parameter, v->i);
    else if (v->kind == VALUE_INSTANT)
        bind_instant(statement, parameter, v, room);
    else if (v->kind == VALUE_NULL)
        sqlite3_bind_null(statement, parameter);
    else
        sqlite3_bind_text(statement, parameter, v->text, (int)v->size, SQLITE_STATIC);
}

struct value anchor_column(sqlite3_stmt *statement, int column)
{
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        return value_int(sqlite3_column_int64(statement, column));
    case SQLITE_NULL:
        return value_null();
    default:
        return value_text(VALUE_TEXT, (const char *)sqlite3_column_text(statement, column),
                          (size_t)sqlite3_column_bytes(statement, column));
    }
}
