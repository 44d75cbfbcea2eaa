/* Reading one chunk on one reader's view: rows come as text, streamed, as far as the sink asks. */
#include "mysql/internal.h"
#include "mysql/ranges.h"

enum { SQL_BYTES_MAX = 1 << 24 };

void my_chunk_close(struct chunk_reader *c)
{
    if (c->result)
        mysql_free_result(c->result); /* reads away what is left of it */
    c->result = NULL;
}

static void write_columns(struct buffer *sql, const struct relation *r)
{
    buffer_add_text(sql, "SELECT ");
    for (int i = 0; i < r->ncolumns; i++) {
        if (i > 0)
            buffer_add_text(sql, ", ");
        my_add_selected(sql, &r->columns[i]);
    }
    buffer_add_text(sql, " FROM ");
    range_add_table(sql, r);
}

static enum status write_select(struct buffer *sql, const struct relation *r, const char *low,
                                const char *high, struct arena *a, struct failure *f)
{
    struct value *key;
    write_columns(sql, r);
    if (low) {
        TRY(range_bound_read(r, low, a, &key, f));
        buffer_add_text(sql, " WHERE ");
        TRY(range_add_after(sql, r, key, f));
    }
    if (high) {
        TRY(range_bound_read(r, high, a, &key, f));
        buffer_add_text(sql, low ? " AND " : " WHERE ");
        TRY(range_add_up_to(sql, r, key, f));
    }
    return STATUS_OK;
}

static enum status run_select(struct my *my, const struct buffer *sql, struct chunk_reader *c)
{
    if (mysql_real_query(my->conn, sql->data, sql->size))
        return my_fail(my, "reading a chunk");
    c->result = mysql_use_result(my->conn);
    return c->result ? STATUS_OK : my_fail(my, "reading a chunk");
}

enum status my_chunk_open(struct snapshot *p, int reader, const struct relation *r, const char *low,
                          const char *high, struct failure *f)
{
    struct my *my = my_snapshot_reader(p, reader);
    struct chunk_reader *c = my_snapshot_chunk(p, reader);
    struct arena a;
    struct buffer sql;
    my->base.failure = f; /* from here on the reader is its worker's */
    my_chunk_close(c);
    c->relation = r;
    arena_init(&a);
    buffer_init(&sql, SQL_BYTES_MAX);
    enum status status = write_select(&sql, r, low, high, &a, f);
    if (status == STATUS_OK)
        status = run_select(my, &sql, c);
    buffer_free(&sql);
    arena_free(&a);
    return status;
}

static enum status append_row(const struct relation *r, MYSQL_ROW row, const unsigned long *sizes,
                              struct batch *b, struct failure *f)
{
    struct value *values = batch_row(b, r->ncolumns);
    for (int i = 0; i < r->ncolumns; i++)
        if (my_value_read(&r->columns[i], row[i], sizes[i], &b->arena, &values[i], f) != STATUS_OK)
            return fail_in(f, "table %s.%s", r->schema, r->name);
    struct change *c = batch_append(b);
    *c = (struct change){.op = CHANGE_INSERT, .relation = r, .after = values};
    return STATUS_OK;
}

enum status my_chunk_next(struct snapshot *p, int reader, struct batch *b, size_t bytes, bool *end,
                          struct failure *f)
{
    struct my *my = my_snapshot_reader(p, reader);
    struct chunk_reader *c = my_snapshot_chunk(p, reader);
    my->base.failure = f;
    *end = false;
    while (batch_bytes(b) < bytes) {
        MYSQL_ROW row = mysql_fetch_row(c->result);
        *end = !row;
        if (!row)
            return mysql_errno(my->conn) ? my_fail(my, "reading a chunk") : STATUS_OK;
        TRY(append_row(c->relation, row, mysql_fetch_lengths(c->result), b, f));
    }
    return STATUS_OK;
}
