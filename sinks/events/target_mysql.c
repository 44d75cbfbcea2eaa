/* target_mysql.c: queries in the text protocol of MySQL and MariaDB. A result's column is read as
 * a column of that type would be; a TIMESTAMP shows the session's zone, and is read without one.
 * The sink writes a TIMESTAMP in UTC: the system's zone holds while a SELECT runs, no longer. */
#include "db/mysql/my.h"
#include "sinks/events/target_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"

enum { BINARY_CHARSET = 63 };

/* ---- the zone ---- */

static enum status set_utc(struct event_target *t)
{
    return session_query(t->session, NULL, NULL, "SET time_zone='+00:00'", 0, NULL);
}

/* One packet: the system's zone, the query and what it warns of, UTC again. */
static char *in_zone(struct event_target *t, const char *sql, struct arena *a)
{
    int64_t now = clock_wall_us();
    int minutes = (int)((zone_from_utc(t->database.zone, now) - now) / 60000000);
    return arena_format(a, "SET time_zone='%c%02d:%02d';%s;SHOW WARNINGS;SET time_zone='+00:00'",
                        minutes < 0 ? '-' : '+', abs(minutes) / 60, abs(minutes) % 60, sql);
}

/* ---- types ---- */

static const char *type_name(const MYSQL_FIELD *f)
{
    bool binary = f->charsetnr == BINARY_CHARSET;
    switch (f->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
        return "bigint";
    case MYSQL_TYPE_YEAR:
        return "year";
    case MYSQL_TYPE_BIT:
        return "bit";
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
        return "decimal";
    case MYSQL_TYPE_FLOAT:
        return "float";
    case MYSQL_TYPE_DOUBLE:
        return "double";
    case MYSQL_TYPE_JSON:
        return "json";
    case MYSQL_TYPE_TINY_BLOB:
    case MYSQL_TYPE_BLOB:
    case MYSQL_TYPE_MEDIUM_BLOB:
    case MYSQL_TYPE_LONG_BLOB:
    case MYSQL_TYPE_STRING:
    case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_VARCHAR:
        return binary ? "varbinary" : "varchar";
    default:
        return "varchar"; /* times too: they are read where the target's column is known */
    }
}

/* So that my_value_read takes the text. */
static void fill_columns(MYSQL_RES *result, struct arena *a, struct column **out, int *n)
{
    *n = (int)mysql_num_fields(result);
    *out = arena_zalloc(a, (size_t)(*n + 1) * sizeof **out);
    for (int i = 0; i < *n; i++) {
        const MYSQL_FIELD *f = mysql_fetch_field_direct(result, (unsigned)i);
        const char *type = type_name(f), *sign = f->flags & UNSIGNED_FLAG ? " unsigned" : "";
        struct column *c = &(*out)[i];
        c->name = arena_strdup(a, f->name);
        c->type = arena_format(a, "%s%s", type, sign);
        c->codec = my_type_of(type, c->type, false);
        if (!c->codec)
            c->codec = my_type_of(type, type, false);
        c->kind = my_type_kind(c->codec);
    }
}

/* ---- statements ---- */

static enum status failed(struct event_target *t)
{
    return my_fail((struct my *)t->session, "resolving events");
}

static enum status store(struct event_target *t, MYSQL_RES **out)
{
    *out = mysql_store_result(((struct my *)t->session)->conn);
    return *out ? STATUS_OK : failed(t);
}

enum status my_target_describe(void *self, const struct event_statement *s, struct arena *a,
                               struct result_column **out, int *n)
{
    struct event_target *t = self;
    MYSQL_RES *result;
    struct column *columns;
    char *sql = arena_format(a, "%s LIMIT 0", s->sql);
    TRY(t->driver->settle(t->sink));
    if (mysql_real_query(((struct my *)t->session)->conn, sql, strlen(sql)))
        return failed(t);
    TRY(store(t, &result));
    fill_columns(result, a, &columns, n);
    mysql_free_result(result);
    *out = arena_alloc(a, (size_t)(*n + 1) * sizeof **out);
    for (int i = 0; i < *n; i++)
        (*out)[i] = (struct result_column){columns[i].name, columns[i].kind};
    return STATUS_OK;
}

static enum status read_rows(struct event_target *t, MYSQL_RES *result, struct arena *a,
                             struct result *out)
{
    struct column *columns;
    fill_columns(result, a, &columns, &out->ncolumns);
    out->nrows = (uint32_t)mysql_num_rows(result);
    struct value *cell =
        arena_alloc(a, ((size_t)out->nrows * (size_t)out->ncolumns + 1) * sizeof *cell);
    out->cells = cell;
    for (MYSQL_ROW row; (row = mysql_fetch_row(result));) {
        const unsigned long *sizes = mysql_fetch_lengths(result);
        for (int i = 0; i < out->ncolumns; i++)
            TRY(my_value_read(&columns[i], row[i], sizes[i], a, cell++, t->database.failure));
    }
    return STATUS_OK;
}

/* A SELECT converts what it cannot read ('12 kg' as a number is 12, 'P1' is 0) and only warns. */
static bool warns_of_change(unsigned long code)
{
    static const unsigned long codes[] = {1264, 1265, 1292, 1366, 1406, 1411, 1441, 3156};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] == code)
            return true;
    return false;
}

static enum status check_warnings(struct event_target *t, MYSQL_RES *result)
{
    for (MYSQL_ROW row; (row = mysql_fetch_row(result));)
        if (warns_of_change(strtoul(row[1], NULL, 10)))
            return fail(t->database.failure, ERROR_VALUE, "the server changed a value: %s (%s)",
                        row[2], row[1]);
    return STATUS_OK;
}

static enum status next_rows(struct event_target *t, MYSQL_RES **out)
{
    *out = NULL;
    if (mysql_next_result(((struct my *)t->session)->conn) != 0)
        return failed(t);
    return store(t, out);
}

/* The answers to the four statements of in_zone, read to the end. */
static enum status read_answers(struct event_target *t, struct arena *a, struct result *out)
{
    MYSQL_RES *rows, *warnings;
    TRY(next_rows(t, &rows));
    enum status status = read_rows(t, rows, a, out), warned;
    mysql_free_result(rows);
    TRY(next_rows(t, &warnings));
    warned = check_warnings(t, warnings);
    mysql_free_result(warnings);
    if (mysql_next_result(((struct my *)t->session)->conn) != 0)
        return failed(t);
    return status == STATUS_OK ? warned : status;
}

enum status my_target_query(void *self, const struct event_statement *s, struct arena *a,
                            struct result *out)
{
    struct event_target *t = self;
    char *sql = in_zone(t, s->sql, a);
    must(s->nparams == 0);
    TRY(t->driver->settle(t->sink));
    if (mysql_real_query(((struct my *)t->session)->conn, sql, strlen(sql)))
        return failed(t);
    enum status status = read_answers(t, a, out);
    if (status == STATUS_OK)
        return STATUS_OK;
    struct failure first = *t->database.failure;
    TRY(set_utc(t)); /* what stood behind the query did not run, and the session goes on */
    *t->database.failure = first;
    return status;
}
