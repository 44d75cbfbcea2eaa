/* copy.c: large inserts by COPY (src/backend/commands/copyfromparse.c). Where all values of the set
 * have a binary form they go in it, which costs the server half as much; else as text: tab between
 * columns, newline after rows, \N for NULL, backslash before backslash, tab, newline and return. */
#include "sinks/postgres/internal.h"

#include <stdlib.h>
#include <string.h>

enum { COPY_SEND_BYTES = 64 * 1024 };

struct copied_column {
    const struct column *column;
    int index;
    const struct pg_binary *form; /* NULL: has none */
};

/* What one COPY writes. */
struct copied {
    struct copied_column *columns;
    int n;
    bool binary;
};

static bool is_special(char c)
{
    return c == '\\' || c == '\t' || c == '\n' || c == '\r';
}

/* What was written from `begin` on gets its escapes in place, from the end: few values have any. */
static void escape(struct buffer *b, size_t begin)
{
    size_t specials = 0, end = b->size;
    for (size_t i = begin; i < end; i++)
        specials += is_special(b->data[i]);
    if (specials == 0)
        return;
    buffer_reserve(b, specials);
    b->size = end + specials;
    for (size_t to = b->size; to > end; end--) {
        char c = b->data[end - 1];
        b->data[--to] = c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : c;
        if (is_special(c))
            b->data[--to] = '\\';
    }
}

static enum status add_column(struct sink *s, const struct column *c, const struct value *v)
{
    size_t begin = s->data.size;
    if (v->kind == VALUE_NULL) {
        buffer_add(&s->data, "\\N", 2);
        return STATUS_OK;
    }
    TRY(pg_value_write(c, v, &s->data, s->o.failure));
    escape(&s->data, begin);
    return STATUS_OK;
}

static enum status add_text_row(struct sink *s, const struct copied *c, const struct value *row)
{
    for (int i = 0; i < c->n; i++) {
        if (i > 0)
            buffer_add_char(&s->data, '\t');
        TRY(add_column(s, c->columns[i].column, &row[c->columns[i].index]));
    }
    buffer_add_char(&s->data, '\n');
    return STATUS_OK;
}

static enum status add_binary_row(struct sink *s, const struct copied *c, const struct value *row)
{
    buffer_add_u16be(&s->data, (uint16_t)c->n);
    for (int i = 0; i < c->n; i++)
        TRY(pg_binary_write(c->columns[i].form, c->columns[i].column, &row[c->columns[i].index],
                            &s->data, s->o.failure));
    return STATUS_OK;
}

static bool takes_binary(const struct copied *c, const struct row_set *set)
{
    for (int i = 0; i < c->n; i++)
        if (!c->columns[i].form)
            return false;
    for (uint32_t row = 0; row < set->nrows; row++)
        for (int i = 0; i < c->n; i++)
            if (!pg_binary_takes(c->columns[i].form, &set->rows[row][c->columns[i].index]))
                return false;
    return true;
}

static void choose(struct sink *s, const struct row_set *set, struct copied *c)
{
    const struct relation *r = set->relation;
    c->columns = arena_alloc(&s->scratch, (size_t)r->ncolumns * sizeof *c->columns);
    c->n = 0;
    for (int i = 0; i < r->ncolumns; i++)
        if (set->present[i] && !r->columns[i].generated)
            c->columns[c->n++] =
                (struct copied_column){&r->columns[i], i, pg_binary_of(&r->columns[i])};
    c->binary = takes_binary(c, set);
}

static void write_command(struct sink *s, const struct row_set *set, const struct copied *c)
{
    buffer_add_text(&s->sql, "COPY ");
    add_table(&s->sql, set->relation);
    for (int i = 0; i < c->n; i++) {
        buffer_add_text(&s->sql, i == 0 ? " (" : ", ");
        pg_add_name(&s->sql, c->columns[i].column->name);
    }
    buffer_add_text(&s->sql, c->binary ? ") FROM STDIN (FORMAT binary)" : ") FROM STDIN");
}

static enum status in_table(struct sink *s, const struct relation *r, enum status status)
{
    if (status != STATUS_OK)
        fail_in(s->o.failure, "table %s.%s", r->schema, r->name);
    return status;
}

static enum status copy_began(struct sink *s)
{
    PGresult *res;
    TRY(pg_result(s->pg, &res));
    enum status status =
        PQresultStatus(res) == PGRES_COPY_IN ? STATUS_OK : pg_fail(s->pg, res, "COPY");
    PQclear(res);
    return status;
}

/* What is left of a command; a COPY that began all the same is given up. */
static void pass_answers(struct sink *s)
{
    PGresult *res;
    while (pg_result(s->pg, &res) == STATUS_OK && res) {
        if (PQresultStatus(res) == PGRES_COPY_IN)
            (void)PQputCopyEnd(s->pg->conn, "not wanted");
        PQclear(res);
    }
}

/* In one packet with the transaction's beginning, where that is still to be sent. */
static enum status start(struct sink *s, const struct row_set *set, const struct copied *c)
{
    bool opens = s->opening != NULL;
    buffer_clear(&s->sql);
    if (opens)
        opening_write(s, &s->sql);
    write_command(s, set, c);
    if (!PQsendQuery(s->pg->conn, buffer_text(&s->sql)))
        return pg_fail(s->pg, NULL, "COPY");
    TRY(pg_flush(s->pg));
    enum status status = opens ? opening_read(s) : STATUS_OK;
    if (status == STATUS_OK)
        status = in_table(s, set->relation, copy_began(s));
    if (status != STATUS_OK && PQstatus(s->pg->conn) == CONNECTION_OK &&
        status != STATUS_STOPPED) {
        struct failure kept = *s->o.failure;
        pass_answers(s);
        *s->o.failure = kept;
    }
    return status;
}

static enum status send_rows(struct sink *s, const struct row_set *set, const struct copied *c)
{
    static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; /* no flags, no extension */
    buffer_clear(&s->data);
    if (c->binary)
        buffer_add(&s->data, head, sizeof head); /* its NUL is the ninth */
    for (uint32_t i = 0; i < set->nrows; i++) {
        TRY(c->binary ? add_binary_row(s, c, set->rows[i]) : add_text_row(s, c, set->rows[i]));
        if (s->data.size >= COPY_SEND_BYTES) {
            TRY(pg_put_copy(s->pg, s->data.data, s->data.size));
            buffer_clear(&s->data);
        }
    }
    if (c->binary)
        buffer_add_u16be(&s->data, UINT16_MAX);
    return s->data.size ? pg_put_copy(s->pg, s->data.data, s->data.size) : STATUS_OK;
}

static enum status end(struct sink *s, const char *error, int64_t *rows)
{
    PGresult *res;
    if (PQputCopyEnd(s->pg->conn, error) < 0)
        return pg_fail(s->pg, NULL, "ending COPY");
    TRY(pg_flush(s->pg));
    TRY(pg_result(s->pg, &res));
    enum status status = STATUS_OK;
    if (PQresultStatus(res) == PGRES_COMMAND_OK)
        *rows = strtoll(PQcmdTuples(res), NULL, 10);
    else
        status = pg_fail(s->pg, res, "COPY");
    PQclear(res);
    pass_answers(s);
    return status;
}

static enum status send_all(struct sink *s, const struct row_set *set, const struct copied *c,
                            int64_t *rows)
{
    enum status status = send_rows(s, set, c);
    if (status == STATUS_OK)
        return end(s, NULL, rows);
    if (status == STATUS_DATA || status == STATUS_BUG) { /* ours: the server must hear of it */
        struct failure kept = *s->o.failure;
        (void)!end(s, "a value cannot be written", rows);
        *s->o.failure = kept;
    }
    return status;
}

enum status copy_set(struct sink *s, const struct row_set *set)
{
    int64_t rows = 0;
    const struct relation *r = set->relation;
    struct copied c;
    choose(s, set, &c);
    TRY(start(s, set, &c));
    TRY(in_table(s, r, send_all(s, set, &c, &rows)));
    return sink_count(s, r, "COPY", (int64_t)set->nrows, rows);
}
