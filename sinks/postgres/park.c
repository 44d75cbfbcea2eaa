/* park.c: a row whose new unique values are still held by another row of the same source
 * transaction is put out of the way: its unique columns get values that no row has, until the end
 * of the transaction gives it the right ones. */
#include "sinks/postgres/internal.h"

#include <stdlib.h>
#include <string.h>

/* Columns of each unique index: one row a column. */
static const char unique_sql[] =
    "SELECT i.indexrelid, a.attname FROM pg_catalog.pg_index i "
    "JOIN pg_catalog.pg_class c ON c.oid = i.indrelid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid "
    " AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]) "
    "WHERE i.indisunique AND i.indisvalid AND n.nspname = ? AND c.relname = ? "
    "ORDER BY i.indexrelid, a.attnum";

static bool is_int(const struct column *c)
{
    return column_wire(c) == WIRE_INT8;
}

static bool is_text(const struct column *c)
{
    return strncmp(c->type, "text", 4) == 0 || strncmp(c->type, "character", 9) == 0;
}

static bool can_park(const struct column *c)
{
    return !c->generated && !c->identity_always &&
           ((c->nullable && !c->key) || is_int(c) || is_text(c) || strcmp(c->type, "uuid") == 0);
}

/* A value that no row of the table has. */
static void add_unused(struct buffer *b, const struct relation *r, const struct column *c)
{
    pg_add_name(b, c->name);
    buffer_add_text(b, " = ");
    if (c->nullable && !c->key) {
        buffer_add_text(b, "NULL");
    } else if (is_int(c)) {
        buffer_add_text(b, "(SELECT least(min(");
        pg_add_name(b, c->name);
        buffer_add_text(b, "), 0) - 1 FROM ");
        add_table(b, r);
        buffer_add_char(b, ')');
    } else if (is_text(c)) {
        buffer_add_format(b, "left(md5(random()::text), %d)", c->length > 0 ? (int)c->length : 32);
    } else {
        buffer_add_text(b, "gen_random_uuid()");
    }
}

/* Without an old image the key is as it was; other columns may have changed. */
static bool changes(const struct change *c, int column)
{
    const struct value *before = c->before ? &c->before[column] : NULL;
    if (c->after[column].kind == VALUE_ABSENT)
        return false;
    if (!before && c->relation->columns[column].key)
        return false;
    return !before || before->kind == VALUE_ABSENT || !value_equal(before, &c->after[column]);
}

/* What is parked gets its value back from the change: one that the log leaves out would be lost. */
static bool may_park(const struct change *c, int column)
{
    return c->after[column].kind != VALUE_ABSENT && can_park(&c->relation->columns[column]) &&
           (changes(c, column) || !c->relation->columns[column].key);
}

/* Of each unique index that the change touches, one column: the first that can be parked. */
static enum status choose(struct sink *s, const struct change *c, const struct rows *uniques,
                          bool *park, bool *any)
{
    const struct relation *r = c->relation;
    for (int i = 0; i < uniques->nrows;) {
        const char *index = rows_cell(uniques, i, 0);
        int chosen = -1;
        bool touched = false;
        for (; i < uniques->nrows && strcmp(rows_cell(uniques, i, 0), index) == 0; i++) {
            int column = relation_column_index(r, rows_cell(uniques, i, 1));
            touched = touched || (column >= 0 && changes(c, column));
            if (column >= 0 && chosen < 0 && may_park(c, column))
                chosen = column;
        }
        if (!touched)
            continue;
        if (chosen < 0)
            return fail(s->o.failure, ERROR_UNSUPPORTED,
                        "a unique index of %s.%s collides inside one transaction, and none of its "
                        "columns can be parked",
                        r->schema, r->name);
        park[chosen] = *any = true;
    }
    return STATUS_OK;
}

static enum status build(struct sink *s, struct row_params *p, const struct change *c,
                         const bool *park)
{
    const struct relation *r = c->relation;
    const char *separator = " SET ";
    buffer_clear(&s->sql);
    buffer_add_text(&s->sql, "UPDATE ");
    add_table(&s->sql, r);
    for (int i = 0; i < r->ncolumns; i++)
        if (park[i]) {
            buffer_add_text(&s->sql, separator);
            add_unused(&s->sql, r, &r->columns[i]);
            separator = ", ";
        }
    TRY(row_where_key(s, p, r, c->before ? c->before : c->after, &s->sql));
    separator = " RETURNING ";
    for (int i = 0; i < r->nkey; i++) {
        buffer_add_text(&s->sql, separator);
        pg_add_name(&s->sql, r->columns[r->key[i]].name);
        separator = ", ";
    }
    return STATUS_OK;
}

static enum status read_key(struct sink *s, const struct relation *r, const PGresult *res,
                            const struct value **parked_key)
{
    struct value *row = arena_alloc(&s->scratch, sizeof *row * (size_t)r->ncolumns);
    for (int i = 0; i < r->ncolumns; i++)
        row[i] = (struct value){.kind = VALUE_ABSENT};
    for (int i = 0; i < r->nkey; i++) {
        size_t size = (size_t)PQgetlength(res, 0, i);
        const char *text = arena_copy(&s->scratch, PQgetvalue(res, 0, i), size);
        TRY(pg_value_read(&r->columns[r->key[i]], text, size, &s->scratch, &row[r->key[i]],
                          s->o.failure));
    }
    *parked_key = row;
    return STATUS_OK;
}

static enum status run(struct sink *s, const struct row_params *p, const struct relation *r,
                       const struct value **parked_key)
{
    PGresult *res, *end;
    if (!PQsendQueryParams(s->pg->conn, buffer_text(&s->sql), p->n, NULL, p->values, NULL, NULL, 0))
        return pg_fail(s->pg, NULL, "parking a row");
    TRY(pg_flush(s->pg));
    TRY(pg_result(s->pg, &res));
    enum status status = STATUS_OK;
    if (PQresultStatus(res) != PGRES_TUPLES_OK)
        status = pg_fail(s->pg, res, "parking a row");
    else if (PQntuples(res) != 1)
        status = sink_count(s, r, "UPDATE", 1, PQntuples(res));
    else
        status = read_key(s, r, res, parked_key);
    PQclear(res);
    while (pg_result(s->pg, &end) == STATUS_OK && end)
        PQclear(end);
    return status;
}

enum status row_park(struct sink *s, const struct change *c, const struct value **parked_key)
{
    const struct relation *r = c->relation;
    struct rows uniques;
    bool any = false;
    arena_reset(&s->scratch);
    bool *park = arena_zalloc(&s->scratch, (size_t)r->ncolumns);
    struct row_params p = {.values =
                               arena_alloc(&s->scratch, sizeof *p.values * ((size_t)r->nkey + 1))};
    TRY(sink_settle(s));
    if (r->nkey == 0)
        return fail(s->o.failure, ERROR_UNSUPPORTED, "a row of %s.%s, which has no key, collides",
                    r->schema, r->name);
    TRY(session_run(pg_session(s->pg), &s->scratch, &uniques, 2, unique_sql, r->schema, r->name));
    TRY(choose(s, c, &uniques, park, &any));
    if (!any)
        return fail(s->o.failure, ERROR_UNSUPPORTED,
                    "a unique index of %s.%s collides, and none changes in this row", r->schema,
                    r->name);
    TRY(build(s, &p, c, park));
    return run(s, &p, r, parked_key);
}
