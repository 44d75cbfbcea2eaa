/* sqlite_database.h: SQLite as the target of events, for unit tests: a third dialect of the same
 * statements, executed for real. Its tables say types as MySQL does; values are not typed by it, so
 * what arrives in a column is what was written.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sinks/events/stage.h"

enum { TABLES_MAX = 8 };

struct sqlite_target {
    sqlite3 *db;
    struct arena arena;
    struct failure failure;
    const struct relation *tables[TABLES_MAX];
    int ntables;
    char log[400]; /* op, table, rows of each set: "I work_order 2; " */
    int queries;
    struct event_database database;
};

/* ---- dialect ---- */

static void lite_add_quoted(struct buffer *b, const char *text, size_t size, char quote)
{
    buffer_add_char(b, quote);
    for (size_t i = 0; i < size; i++) {
        if (text[i] == quote)
            buffer_add_char(b, quote);
        buffer_add_char(b, text[i]);
    }
    buffer_add_char(b, quote);
}

static void lite_add_name(struct buffer *b, const char *name)
{
    lite_add_quoted(b, name, strlen(name), '"');
}

static void lite_add_literal(struct buffer *b, const char *text, size_t size)
{
    lite_add_quoted(b, text, size, '\'');
}

static const struct event_dialect sqlite_dialect = {
    .name = "SQLite",
    .row_open = "(",
    .no_rows = " WHERE false",
    .add_name = lite_add_name,
    .add_literal = lite_add_literal,
};

/* ---- errors ---- */

static enum status lite_fail(struct sqlite_target *t)
{
    int code = sqlite3_extended_errcode(t->db);
    bool unique = code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY;
    enum error error = unique                              ? ERROR_UNIQUE
                       : (code & 0xFF) == SQLITE_CONSTRAINT ? ERROR_CONSTRAINT
                       : (code & 0xFF) == SQLITE_BUSY       ? ERROR_LOCK_WAIT
                                                            : ERROR_VALUE;
    return fail(&t->failure, error, "SQLite: %s", sqlite3_errmsg(t->db));
}

static void lite_exec(struct sqlite_target *t, const char *sql)
{
    if (sqlite3_exec(t->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sqlite3_errmsg(t->db), sql);
        abort();
    }
}

/* ---- tables: "decimal(12,5)", "varchar(64)", "datetime(3)", "double(14,2)" ---- */

static enum value_kind lite_kind(const char *type)
{
    static const struct {
        const char *type;
        enum value_kind kind;
    } kinds[] = {{"bigint", VALUE_INT},     {"int", VALUE_INT},
                 {"decimal", VALUE_DECIMAL}, {"double", VALUE_DOUBLE},
                 {"datetime", VALUE_DATETIME}, {"date", VALUE_DATE}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(type, kinds[i].type, strlen(kinds[i].type)) == 0)
            return kinds[i].kind;
    return VALUE_TEXT;
}

static void lite_fill_type(struct column *c)
{
    int a = -1, b = -1;
    const char *open = strchr(c->type, '(');
    if (open)
        sscanf(open, "(%d,%d", &a, &b);
    c->kind = lite_kind(c->type);
    c->length = c->kind == VALUE_TEXT ? a : -1;
    c->precision = b >= 0 ? a : -1;
    c->scale = c->kind == VALUE_DATETIME ? (a < 0 ? 0 : a) : b;
}

static void lite_read_columns(struct sqlite_target *t, struct relation *r)
{
    sqlite3_stmt *s;
    char *sql = arena_format(&t->arena, "pragma table_xinfo(%s)", r->name);
    if (sqlite3_prepare_v2(t->db, sql, -1, &s, NULL) != SQLITE_OK)
        abort();
    r->columns = arena_zalloc(&t->arena, 40 * sizeof *r->columns);
    r->key = arena_zalloc(&t->arena, 8 * sizeof *r->key);
    while (sqlite3_step(s) == SQLITE_ROW) {
        struct column *c = &r->columns[r->ncolumns];
        c->name = arena_strdup(&t->arena, (const char *)sqlite3_column_text(s, 1));
        c->type = arena_strdup(&t->arena, (const char *)sqlite3_column_text(s, 2));
        c->key = sqlite3_column_int(s, 5) > 0;
        c->nullable = !sqlite3_column_int(s, 3) && !c->key;
        c->required = !c->nullable && !c->key && sqlite3_column_type(s, 4) == SQLITE_NULL;
        c->generated = sqlite3_column_int(s, 6) > 1;
        lite_fill_type(c);
        if (c->key)
            r->key[r->nkey++] = r->ncolumns;
        r->ncolumns++;
    }
    sqlite3_finalize(s);
}

static enum status lite_describe_table(void *self, const char *name, const struct relation **out)
{
    struct sqlite_target *t = self;
    for (int i = 0; i < t->ntables; i++)
        if (strcmp(t->tables[i]->name, name) == 0) {
            *out = t->tables[i];
            return STATUS_OK;
        }
    struct relation *r = arena_zalloc(&t->arena, sizeof *r);
    *r = (struct relation){.schema = "", .name = arena_strdup(&t->arena, name)};
    lite_read_columns(t, r);
    if (r->ncolumns == 0)
        return fail(&t->failure, ERROR_NO_TABLE, "table %s does not exist", name);
    if (t->ntables == TABLES_MAX)
        abort();
    t->tables[t->ntables++] = *out = r;
    return STATUS_OK;
}

/* ---- queries ---- */

static enum status lite_prepare(struct sqlite_target *t, const struct event_statement *s,
                                sqlite3_stmt **out)
{
    return sqlite3_prepare_v2(t->db, s->sql, -1, out, NULL) == SQLITE_OK ? STATUS_OK : lite_fail(t);
}

static enum status lite_describe(void *self, const struct event_statement *s, struct arena *a,
                                 struct result_column **out, int *n)
{
    struct sqlite_target *t = self;
    sqlite3_stmt *stmt;
    TRY(lite_prepare(t, s, &stmt));
    *n = sqlite3_column_count(stmt);
    *out = arena_zalloc(a, (size_t)*n * sizeof **out);
    for (int i = 0; i < *n; i++)
        (*out)[i] = (struct result_column){arena_strdup(a, sqlite3_column_name(stmt, i)),
                                           VALUE_TEXT};
    sqlite3_finalize(stmt);
    return STATUS_OK;
}

static struct value lite_cell(sqlite3_stmt *s, int i, struct arena *a)
{
    switch (sqlite3_column_type(s, i)) {
    case SQLITE_INTEGER:
        return value_int(sqlite3_column_int64(s, i));
    case SQLITE_FLOAT:
        return (struct value){.kind = VALUE_DOUBLE, .d = sqlite3_column_double(s, i)};
    case SQLITE_NULL:
        return value_null();
    default: {
        const char *text = (const char *)sqlite3_column_text(s, i);
        size_t size = (size_t)sqlite3_column_bytes(s, i);
        return value_text(VALUE_TEXT, arena_copy(a, text, size), size);
    }
    }
}

static enum status lite_query(void *self, const struct event_statement *s, struct arena *a,
                              struct result *out)
{
    struct sqlite_target *t = self;
    sqlite3_stmt *stmt;
    TRY(lite_prepare(t, s, &stmt));
    t->queries++;
    int n = sqlite3_column_count(stmt), code;
    uint32_t capacity = 0;
    struct value *cells = NULL;
    *out = (struct result){.ncolumns = n};
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (out->nrows == capacity) {
            struct value *grown = arena_alloc(a, (2 * capacity + 16) * (size_t)n * sizeof *grown);
            if (capacity)
                memcpy(grown, cells, capacity * (size_t)n * sizeof *grown);
            cells = grown;
            capacity = 2 * capacity + 16;
        }
        for (int i = 0; i < n; i++)
            cells[out->nrows * (uint32_t)n + (uint32_t)i] = lite_cell(stmt, i, a);
        out->nrows++;
    }
    out->cells = cells;
    enum status status = code == SQLITE_DONE ? STATUS_OK : lite_fail(t);
    sqlite3_finalize(stmt);
    return status;
}

/* ---- savepoints ---- */

static enum status lite_savepoint(void *self, enum event_savepoint which)
{
    lite_exec(self, which == SAVEPOINT_BATCH ? "savepoint batch" : "savepoint event");
    return STATUS_OK;
}

static enum status lite_roll_back_to(void *self, enum event_savepoint which)
{
    struct sqlite_target *t = self;
    lite_exec(t, which == SAVEPOINT_BATCH ? "rollback to batch" : "rollback to event");
    strncat(t->log, which == SAVEPOINT_BATCH ? "back; " : "back one; ",
            sizeof t->log - strlen(t->log) - 1);
    return STATUS_OK;
}

/* ---- sets, row by row, each counted ---- */

static void lite_bind(sqlite3_stmt *s, int at, const struct value *v, struct arena *a)
{
    if (v->kind == VALUE_NULL)
        sqlite3_bind_null(s, at);
    else if (v->kind == VALUE_INT)
        sqlite3_bind_int64(s, at, v->i);
    else if (v->kind == VALUE_DOUBLE)
        sqlite3_bind_double(s, at, v->d);
    else
        sqlite3_bind_text(s, at, value_show(v, a, 2000), -1, SQLITE_TRANSIENT);
}

static int lite_bind_columns(sqlite3_stmt *s, int at, const struct row_set *set,
                             const struct value *row, struct arena *a)
{
    for (int i = 0; i < set->relation->ncolumns; i++)
        if (set->present[i])
            lite_bind(s, ++at, &row[i], a);
    return at;
}

static void lite_add_columns(struct buffer *b, const struct row_set *set, const char *format)
{
    const char *comma = "";
    for (int i = 0; i < set->relation->ncolumns; i++)
        if (set->present[i]) {
            buffer_add_text(b, comma);
            buffer_add_format(b, format, set->relation->columns[i].name);
            comma = ",";
        }
}

static void lite_add_key(struct buffer *b, const struct relation *r)
{
    for (int i = 0; i < r->nkey; i++)
        buffer_add_format(b, "%s%s = ?", i ? " and " : " where ", r->columns[r->key[i]].name);
}

static const char *lite_set_sql(const struct row_set *set, struct buffer *b)
{
    const struct relation *r = set->relation;
    if (set->op == SET_DELETE) {
        buffer_add_format(b, "delete from %s", r->name);
    } else if (set->op == SET_UPDATE) {
        buffer_add_format(b, "update %s set ", r->name);
        lite_add_columns(b, set, "%s = ?");
    } else {
        buffer_add_format(b, "insert into %s (", r->name);
        lite_add_columns(b, set, "%s");
        buffer_add_text(b, ") values (");
        lite_add_columns(b, set, "/* %s */ ?");
        buffer_add_char(b, ')');
    }
    if (set->op != SET_INSERT)
        lite_add_key(b, r);
    return buffer_text(b);
}

static enum status lite_write_row(struct sqlite_target *t, const struct row_set *set,
                                  sqlite3_stmt *s, uint32_t row)
{
    int at = 0;
    const struct relation *r = set->relation;
    sqlite3_reset(s);
    if (set->op != SET_DELETE)
        at = lite_bind_columns(s, 0, set, set->rows[row], &t->arena);
    for (int i = 0; set->op != SET_INSERT && i < r->nkey; i++)
        lite_bind(s, ++at, &set->keys[row][r->key[i]], &t->arena);
    if (sqlite3_step(s) != SQLITE_DONE)
        return lite_fail(t);
    if (sqlite3_changes(t->db) != 1)
        return fail(&t->failure, ERROR_WRONG_COUNT, "%s: expected 1, found %d", r->name,
                    sqlite3_changes(t->db));
    return STATUS_OK;
}

static enum status lite_write_set(void *self, const struct row_set *set)
{
    static const char letters[] = {'D', 'U', 'I'};
    struct sqlite_target *t = self;
    struct buffer b;
    sqlite3_stmt *s;
    size_t used = strlen(t->log);
    snprintf(t->log + used, sizeof t->log - used, "%c %s %u; ", letters[set->op],
             set->relation->name, set->nrows);
    buffer_init(&b, 10000);
    if (sqlite3_prepare_v2(t->db, lite_set_sql(set, &b), -1, &s, NULL) != SQLITE_OK)
        abort();
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < set->nrows && status == STATUS_OK; i++)
        status = lite_write_row(t, set, s, i);
    sqlite3_finalize(s);
    buffer_free(&b);
    return status;
}

static enum status lite_settle(void *self)
{
    (void)self;
    return STATUS_OK;
}

/* ---- open and close ---- */

static void lite_open(struct sqlite_target *t, const char *schema)
{
    *t = (struct sqlite_target){0};
    arena_init(&t->arena);
    if (sqlite3_open(":memory:", &t->db) != SQLITE_OK)
        abort();
    lite_exec(t, schema);
    t->database = (struct event_database){
        .dialect = &sqlite_dialect,
        .failure = &t->failure,
        .self = t,
        .describe_table = lite_describe_table,
        .describe = lite_describe,
        .query = lite_query,
        .savepoint = lite_savepoint,
        .roll_back_to = lite_roll_back_to,
        .write_set = lite_write_set,
        .settle = lite_settle,
    };
    if (zone_load("Asia/Shanghai", &t->database.zone, &t->failure) != STATUS_OK)
        abort();
}

static void lite_close(struct sqlite_target *t)
{
    sqlite3_close(t->db);
    arena_free(&t->arena);
}

/* All rows of a query: cells by ",", rows by "\n". */
__attribute__((unused)) static const char *lite_rows(struct sqlite_target *t, const char *sql)
{
    const char *text = "";
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(t->db, sql, -1, &s, NULL) != SQLITE_OK)
        abort();
    while (sqlite3_step(s) == SQLITE_ROW) {
        if (*text)
            text = arena_format(&t->arena, "%s\n", text);
        for (int i = 0; i < sqlite3_column_count(s); i++) {
            const char *cell = (const char *)sqlite3_column_text(s, i);
            text = arena_format(&t->arena, "%s%s%s", text, i ? "," : "", cell ? cell : "NULL");
        }
    }
    sqlite3_finalize(s);
    return text;
}
