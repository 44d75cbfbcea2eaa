#include "events/let.h"

#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "transforms/mirror/db.h"

enum { SQL_BYTES_MAX = 1 << 20 };

struct let {
    sqlite3 *db;
    sqlite3_stmt *statement;
    struct outcome *outcome;
    int nparameters, nfields;
    const char **fields; /* in the program's arena */
};

/* ---- making ---- */

/* with event("id", "end_time") as (values (?1, ?2)) select * from (
 * <the query>
 * ) */
static void write_sql(struct buffer *b, const char *sql, const struct event_fields *own)
{
    buffer_add_text(b, "with event(");
    for (uint32_t i = 0; i < own->n; i++)
        buffer_add_format(b, "%s\"%s\"", i ? ", " : "", own->names[i]);
    buffer_add_text(b, ") as (values (");
    for (uint32_t i = 0; i < own->n; i++)
        buffer_add_format(b, "%s?%u", i ? ", " : "", i + 1);
    buffer_add_format(b, ")) select * from (\n%s\n)", sql);
}

static enum status prepare(struct event_program *p, struct let *l, const char *sql,
                           struct failure *f)
{
    TRY(event_functions_guard(&p->event_functions, l->db, sql, f));
    if (sqlite3_prepare_v2(l->db, sql, -1, &l->statement, NULL) == SQLITE_OK)
        return STATUS_OK;
    return fail(f, ERROR_CONFIG, "%s", sqlite3_errmsg(l->db));
}

static enum status open_db(struct event_program *p, struct let *l, struct failure *f)
{
    if (sqlite3_open_v2(":memory:", &l->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        return fail(f, ERROR_INTERNAL, "SQLite: %s", sqlite3_errmsg(l->db));
    return functions_register(l->db, p->functions, &l->outcome, f);
}

static enum status take_fields(struct event_program *p, struct let *l,
                               const struct event_fields *own, struct failure *f)
{
    l->nparameters = (int)own->n;
    l->nfields = sqlite3_column_count(l->statement);
    l->fields = arena_alloc(&p->arena, (size_t)l->nfields * sizeof *l->fields);
    for (int i = 0; i < l->nfields; i++) {
        l->fields[i] = arena_strdup(&p->arena, sqlite3_column_name(l->statement, i));
        for (uint32_t k = 0; k < own->n; k++)
            if (strcmp(own->names[k], l->fields[i]) == 0)
                return fail(f, ERROR_CONFIG,
                            "the event has a field %s already: give this one another name",
                            l->fields[i]);
    }
    return STATUS_OK;
}

enum status let_make(struct event_program *p, const struct sql_text *sql,
                     const struct event_fields *own, struct let **out, struct failure *f)
{
    struct let *l = calloc(1, sizeof *l);
    struct buffer b;
    must(l);
    *out = l;
    buffer_init(&b, SQL_BYTES_MAX);
    write_sql(&b, sql->text, own);
    enum status status = open_db(p, l, f);
    if (status == STATUS_OK)
        status = prepare(p, l, buffer_text(&b), f);
    if (status == STATUS_OK)
        status = take_fields(p, l, own, f);
    buffer_free(&b);
    return status == STATUS_OK ? status : fail_in(f, "line %d: let", sql->line);
}

void let_free(struct let *l)
{
    if (!l)
        return;
    sqlite3_finalize(l->statement);
    sqlite3_close_v2(l->db);
    free(l);
}

int let_nfields(const struct let *l)
{
    return l ? l->nfields : 0;
}

const char *let_field(const struct let *l, int i)
{
    return l->fields[i];
}

/* ---- running ---- */

static struct value text_of(struct let *l, int column, struct arena *a)
{
    const char *text = (const char *)sqlite3_column_text(l->statement, column);
    if (!text)
        return value_null();
    size_t size = (size_t)sqlite3_column_bytes(l->statement, column);
    return value_text(VALUE_TEXT, arena_copy(a, text, size), size);
}

static enum status refused(struct let *l, struct failure *f)
{
    if (l->outcome->kind != OUTCOME_NONE)
        return outcome_failure(l->outcome, f);
    return fail(f, ERROR_VALUE, "%s", sqlite3_errmsg(l->db));
}

static enum status step_once(struct let *l, struct object_field *fields, struct arena *a,
                             struct failure *f)
{
    int code = sqlite3_step(l->statement);
    if (code == SQLITE_DONE)
        return fail(f, ERROR_VALUE, "let gives no row");
    if (code != SQLITE_ROW)
        return refused(l, f);
    for (int i = 0; i < l->nfields; i++)
        fields[i] = (struct object_field){l->fields[i], text_of(l, i, a)};
    code = sqlite3_step(l->statement);
    if (code == SQLITE_ROW)
        return fail(f, ERROR_VALUE, "let gives more than one row");
    return code == SQLITE_DONE ? STATUS_OK : refused(l, f);
}

enum status let_add(struct let *l, const struct object *o, struct arena *a,
                    const struct object **out, struct failure *f)
{
    must((int)o->nfields == l->nparameters);
    struct object *with = arena_alloc(a, sizeof *with);
    struct object_field *fields =
        arena_alloc(a, (o->nfields + (size_t)l->nfields) * sizeof *fields);
    memcpy(fields, o->fields, o->nfields * sizeof *fields);
    for (int i = 0; i < l->nparameters; i++)
        db_bind(l->statement, i + 1, &o->fields[i].value);
    outcome_clear(l->outcome);
    enum status status = step_once(l, fields + o->nfields, a, f);
    sqlite3_reset(l->statement);
    *with = *o;
    with->fields = fields;
    with->nfields = o->nfields + (uint32_t)l->nfields;
    *out = with;
    return status;
}
