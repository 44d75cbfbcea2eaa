/* copy.c: large inserts by COPY in text form (src/backend/commands/copyfromparse.c): tab between
 * columns, newline after rows, \N for NULL, backslash before backslash, tab, newline and return. */
#include "sinks/postgres/internal.h"

#include <stdlib.h>
#include <string.h>

enum { COPY_SEND_BYTES = 64 * 1024 };

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

static enum status add_row(struct sink *s, const struct row_set *set, const struct value *row)
{
    const struct relation *r = set->relation;
    bool first = true;
    for (int i = 0; i < r->ncolumns; i++) {
        if (!set->present[i] || r->columns[i].generated)
            continue;
        if (!first)
            buffer_add_char(&s->data, '\t');
        first = false;
        TRY(add_column(s, &r->columns[i], &row[i]));
    }
    buffer_add_char(&s->data, '\n');
    return STATUS_OK;
}

static enum status start(struct sink *s, const struct row_set *set)
{
    const struct relation *r = set->relation;
    const char *separator = " (";
    PGresult *res;
    buffer_clear(&s->sql);
    buffer_add_text(&s->sql, "COPY ");
    add_table(&s->sql, r);
    for (int i = 0; i < r->ncolumns; i++) {
        if (!set->present[i] || r->columns[i].generated)
            continue;
        buffer_add_text(&s->sql, separator);
        pg_add_name(&s->sql, r->columns[i].name);
        separator = ", ";
    }
    buffer_add_text(&s->sql, ") FROM STDIN");
    TRY(pg_exec(s->pg, buffer_text(&s->sql), PGRES_COPY_IN, &res));
    PQclear(res);
    return STATUS_OK;
}

static enum status send_rows(struct sink *s, const struct row_set *set)
{
    buffer_clear(&s->data);
    for (uint32_t i = 0; i < set->nrows; i++) {
        TRY(add_row(s, set, set->rows[i]));
        if (s->data.size >= COPY_SEND_BYTES) {
            TRY(pg_put_copy(s->pg, s->data.data, s->data.size));
            buffer_clear(&s->data);
        }
    }
    return s->data.size ? pg_put_copy(s->pg, s->data.data, s->data.size) : STATUS_OK;
}

static enum status end(struct sink *s, const char *error, int64_t *rows)
{
    PGresult *res, *next;
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
    while (pg_result(s->pg, &next) == STATUS_OK && next)
        PQclear(next);
    return status;
}

enum status copy_set(struct sink *s, const struct row_set *set)
{
    int64_t rows = 0;
    const struct relation *r = set->relation;
    enum status status = start(s, set);
    if (status == STATUS_OK) {
        status = send_rows(s, set);
        if (status == STATUS_DATA ||
            status == STATUS_BUG) { /* ours: the server must hear of it, our text stays */
            struct failure kept = *s->o.failure;
            (void)!end(s, "a value cannot be written", &rows);
            *s->o.failure = kept;
        } else if (status == STATUS_OK) {
            status = end(s, NULL, &rows);
        }
    }
    if (status != STATUS_OK) {
        fail_in(s->o.failure, "table %s.%s", r->schema, r->name);
        return status;
    }
    return sink_count(s, r, "COPY", (int64_t)set->nrows, rows);
}
