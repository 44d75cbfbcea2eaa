/* chunk.c: what a first copy has planned and finished, in the target. */
#include "state/checkpoint.h"

#include <string.h>
#include "base/buffer.h"
#include "state/sql.h"

enum status state_chunks(struct session *s, int64_t link, struct arena *a, struct chunk **chunks,
                         int *nchunks, struct failure *f)
{
    struct rows rows;
    TRY(SQL_RUN(s, a, &rows, f,
                "SELECT tab, n, low, high, position, row_count FROM millrace.chunk WHERE link = ? "
                "ORDER BY tab, n",
                sql_int(link).text));
    *chunks = arena_zalloc(a, (size_t)(rows.nrows + 1) * sizeof **chunks);
    for (int i = 0; i < rows.nrows; i++) {
        struct chunk *c = &(*chunks)[i];
        int64_t n = 0;
        TRY(sql_read_int(rows_cell(&rows, i, 1), &n, f));
        *c = (struct chunk){.table = rows_cell(&rows, i, 0),
                            .n = (int32_t)n,
                            .low = rows_cell(&rows, i, 2),
                            .high = rows_cell(&rows, i, 3),
                            .finished = rows_cell(&rows, i, 4) != NULL,
                            .written = rows_cell(&rows, i, 5) != NULL};
        if (c->written)
            TRY(sql_read_int(rows_cell(&rows, i, 5), &c->rows, f));
    }
    *nchunks = rows.nrows;
    return STATUS_OK;
}

enum { PLANNED_AT_ONCE = 200, CHUNK_PARAMS = 5 };

static enum status plan_some(struct session *s, struct arena *a, const char *link,
                             const struct chunk *chunks, int n, struct failure *f)
{
    struct buffer sql;
    buffer_init(&sql, 64 * 1024);
    buffer_add_text(&sql, "INSERT INTO millrace.chunk (link, tab, n, low, high) VALUES ");
    const char **params = arena_alloc(a, (size_t)n * CHUNK_PARAMS * sizeof *params);
    for (int i = 0; i < n; i++) {
        buffer_add_text(&sql, i ? ", (?, ?, ?, ?, ?)" : "(?, ?, ?, ?, ?)");
        const char **p = &params[i * CHUNK_PARAMS];
        p[0] = link;
        p[1] = chunks[i].table;
        p[2] = arena_strdup(a, sql_int(chunks[i].n).text);
        p[3] = chunks[i].low;
        p[4] = chunks[i].high;
    }
    enum status status = sql_run(s, NULL, NULL, f, buffer_text(&sql), n * CHUNK_PARAMS, params);
    buffer_free(&sql);
    return status;
}

/* In one transaction: a plan that is there in part would leave rows uncopied after a kill. */
static enum status plan_all(struct session *s, struct arena *a, int64_t link,
                            const struct chunk *chunks, int nchunks, struct failure *f)
{
    struct sql_int id = sql_int(link);
    TRY(sql_run(s, NULL, NULL, f, "START TRANSACTION", 0, NULL));
    for (int i = 0; i < nchunks; i += PLANNED_AT_ONCE) {
        int n = nchunks - i < PLANNED_AT_ONCE ? nchunks - i : PLANNED_AT_ONCE;
        TRY(plan_some(s, a, id.text, chunks + i, n, f));
    }
    return sql_run(s, NULL, NULL, f, "COMMIT", 0, NULL);
}

enum status state_plan_chunks(struct session *s, int64_t link, const struct chunk *chunks,
                              int nchunks, struct failure *f)
{
    struct arena a;
    arena_init(&a);
    enum status status = plan_all(s, &a, link, chunks, nchunks, f);
    arena_free(&a);
    if (status != STATUS_OK)
        sql_roll_back(s);
    return status;
}

enum status state_finish_chunk(struct session *s, int64_t link, const struct chunk *c,
                               const char *position, int64_t rows, struct failure *f)
{
    struct rows result = {0};
    TRY(SQL_RUN(s, NULL, &result, f,
                "UPDATE millrace.chunk SET position = ?, row_count = ? "
                "WHERE link = ? AND tab = ? AND n = ? AND position IS NULL",
                position, sql_int(rows).text, sql_int(link).text, c->table, sql_int(c->n).text));
    if (result.affected != 1)
        return fail(f, ERROR_WRONG_COUNT,
                    "chunk %d of table %s is finished already, or is not planned: does a second "
                    "engine copy the same link?",
                    (int)c->n, c->table);
    return STATUS_OK;
}

enum status state_add_chunk(struct session *s, int64_t link, const char *table, int32_t n,
                            const char *position, int64_t rows, struct failure *f)
{
    return SQL_RUN(s, NULL, NULL, f,
                   "INSERT INTO millrace.chunk (link, tab, n, position, row_count) "
                   "VALUES (?, ?, ?, ?, ?)",
                   sql_int(link).text, table, sql_int(n).text, position, sql_int(rows).text);
}

enum status state_reopen_chunks(struct session *s, int64_t link, const char *table,
                                int64_t *reopened, struct failure *f)
{
    struct rows result = {0};
    TRY(SQL_RUN(s, NULL, &result, f,
                "UPDATE millrace.chunk SET position = NULL "
                "WHERE link = ? AND tab = ? AND position IS NOT NULL",
                sql_int(link).text, table));
    *reopened = (int64_t)result.affected;
    return STATUS_OK;
}

enum status state_forget_chunks(struct session *s, int64_t link, const char *table_or_null,
                                struct failure *f)
{
    if (!table_or_null)
        return SQL_RUN(s, NULL, NULL, f, "DELETE FROM millrace.chunk WHERE link = ?",
                       sql_int(link).text);
    return SQL_RUN(s, NULL, NULL, f, "DELETE FROM millrace.chunk WHERE link = ? AND tab = ?",
                   sql_int(link).text, table_or_null);
}
