/* Rows of the source, by ordinary SELECTs over its control session. */
#include "db/mysql/my.h"
#include "db/postgres/pg.h"
#include "link/explain_parts.h"

enum { SQL_BYTES_MAX = 1 << 24 };

static bool is_postgres(struct session *s)
{
    return ((struct session_base *)s)->engine == ENGINE_POSTGRES;
}

enum status explain_view_open(struct session *s)
{
    if (is_postgres(s))
        return session_query(s, NULL, NULL, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", 0,
                             NULL);
    TRY(session_query(s, NULL, NULL, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", 0, NULL));
    return session_query(s, NULL, NULL, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", 0,
                         NULL);
}

/* ---- the statement ---- */

static bool is_wanted(const struct explain_query *q, int column)
{
    return !q->wanted || q->wanted[column];
}

static void add_name(const struct explain_query *q, struct buffer *sql, const char *name)
{
    if (is_postgres(q->session))
        pg_add_name(sql, name);
    else
        my_add_name(sql, name);
}

static void add_columns(const struct explain_query *q, struct buffer *sql)
{
    const char *between = "SELECT ";
    for (int i = 0; i < q->relation->ncolumns; i++) {
        if (!is_wanted(q, i))
            continue;
        buffer_add_text(sql, between);
        if (is_postgres(q->session))
            pg_add_name(sql, q->relation->columns[i].name);
        else
            my_add_selected(sql, &q->relation->columns[i]);
        between = ", ";
    }
}

static enum status add_value(const struct explain_query *q, struct buffer *sql,
                             const struct column *c, const struct value *v)
{
    struct buffer text;
    if (!is_postgres(q->session))
        return my_value_literal(c, v, sql, q->failure);
    buffer_init(&text, SQL_BYTES_MAX);
    enum status status = pg_value_write(c, v, &text, q->failure);
    if (status == STATUS_OK)
        pg_add_literal(sql, buffer_text(&text));
    buffer_free(&text);
    return status;
}

static enum status add_key(const struct explain_query *q, struct buffer *sql)
{
    const struct relation *r = q->relation;
    for (int i = 0; i < r->nkey; i++) {
        const struct column *c = &r->columns[r->key[i]];
        buffer_add_text(sql, i ? " AND " : " WHERE ");
        add_name(q, sql, c->name);
        buffer_add_text(sql, " = ");
        TRY(add_value(q, sql, c, &q->key[r->key[i]]));
    }
    return STATUS_OK;
}

static enum status write_sql(const struct explain_query *q, struct buffer *sql)
{
    add_columns(q, sql);
    buffer_add_text(sql, " FROM ");
    add_name(q, sql, q->relation->schema);
    buffer_add_text(sql, ".");
    add_name(q, sql, q->relation->name);
    if (q->key)
        TRY(add_key(q, sql));
    buffer_add_format(sql, " LIMIT %lld", (long long)q->limit);
    return STATUS_OK;
}

/* ---- the rows ---- */

struct reading {
    const struct explain_query *q;
    struct arena arena; /* of one row */
    struct value *row;
    int64_t n;
};

static void begin_row(struct reading *r)
{
    arena_reset(&r->arena);
    r->row = arena_zalloc(&r->arena, ((size_t)r->q->relation->ncolumns + 1) * sizeof *r->row);
    r->n++;
}

static enum status end_row(struct reading *r)
{
    return r->q->met(r->q->owner, r->q->relation, r->row);
}

static enum status read_my_row(struct reading *r, MYSQL_ROW cells, const unsigned long *sizes)
{
    const struct relation *t = r->q->relation;
    begin_row(r);
    for (int i = 0, at = 0; i < t->ncolumns; i++) {
        if (!is_wanted(r->q, i))
            continue;
        TRY(my_value_read(&t->columns[i], cells[at], sizes[at], &r->arena, &r->row[i],
                          r->q->failure));
        at++;
    }
    return end_row(r);
}

static enum status read_my(struct reading *r, const struct buffer *sql)
{
    struct my *my = (struct my *)r->q->session;
    if (mysql_real_query(my->conn, sql->data, sql->size))
        return my_fail(my, "reading the source");
    MYSQL_RES *result = mysql_store_result(my->conn);
    if (!result)
        return my_fail(my, "reading the source");
    enum status status = STATUS_OK;
    MYSQL_ROW cells;
    while (status == STATUS_OK && (cells = mysql_fetch_row(result)))
        status = read_my_row(r, cells, mysql_fetch_lengths(result));
    mysql_free_result(result);
    return status;
}

static enum status read_pg_row(struct reading *r, PGresult *result, int row)
{
    const struct relation *t = r->q->relation;
    begin_row(r);
    for (int i = 0, at = 0; i < t->ncolumns; i++) {
        if (!is_wanted(r->q, i))
            continue;
        r->row[i] = value_null();
        if (!PQgetisnull(result, row, at))
            TRY(pg_value_read(&t->columns[i], PQgetvalue(result, row, at),
                              (size_t)PQgetlength(result, row, at), &r->arena, &r->row[i],
                              r->q->failure));
        at++;
    }
    return end_row(r);
}

static enum status read_pg(struct reading *r, struct buffer *sql)
{
    PGresult *result;
    TRY(pg_exec((struct pg *)r->q->session, buffer_text(sql), PGRES_TUPLES_OK, &result));
    enum status status = STATUS_OK;
    for (int i = 0; i < PQntuples(result) && status == STATUS_OK; i++)
        status = read_pg_row(r, result, i);
    PQclear(result);
    return status;
}

enum status explain_rows(const struct explain_query *q, int64_t *n)
{
    struct reading r = {.q = q};
    struct buffer sql;
    arena_init(&r.arena);
    buffer_init(&sql, SQL_BYTES_MAX);
    enum status status = write_sql(q, &sql);
    if (status == STATUS_OK)
        status = is_postgres(q->session) ? read_pg(&r, &sql) : read_my(&r, &sql);
    buffer_free(&sql);
    arena_free(&r.arena);
    *n = r.n;
    return status == STATUS_OK ? status
                               : fail_in(q->failure, "table %s.%s", q->relation->schema,
                                         q->relation->name);
}
