/* held_read.c: pages of what is held. Always by n, never by OFFSET: rows come and go meanwhile. */
#include "state/held.h"

#include <string.h>
#include "base/buffer.h"
#include "state/sql.h"

enum { KEYS_AT_ONCE = 5000, SQL_BYTES_MAX = 4 << 20, PARAMS_MAX = 12 };

struct asked {
    struct buffer sql;
    const char *params[PARAMS_MAX];
    int nparams;
    bool postgres;
};

static void param(struct asked *q, const char *value)
{
    must(q->nparams < PARAMS_MAX);
    q->params[q->nparams++] = value;
}

static void equals(struct asked *q, const char *column, const char *value)
{
    if (!value)
        return;
    buffer_add_format(&q->sql, " AND %s = ?", column);
    param(q, value);
}

/* In the words of the index, which keeps the first characters: a key may be longer than an index
 * takes. MySQL's prefix index knows that by itself. */
static void key_equals(struct asked *q, const char *column, const char *value)
{
    if (q->postgres) {
        buffer_add_format(&q->sql, "left(%s, 200) = left(?, 200) AND ", column);
        param(q, value);
    }
    buffer_add_format(&q->sql, "%s = ?", column);
    param(q, value);
}

static void either_key(struct asked *q, const char *key)
{
    if (!key)
        return;
    buffer_add_text(&q->sql, " AND (");
    key_equals(q, "event_key", key);
    buffer_add_text(&q->sql, " OR ");
    key_equals(q, "old_key", key);
    buffer_add_char(&q->sql, ')');
}

/* One reason has an index; of several the others are excluded: an index by reason gives no order
 * across them. */
static void one_of_reasons(struct asked *q, unsigned reasons)
{
    bool single = (reasons & (reasons - 1)) == 0;
    for (int i = 0; i < HELD_REASONS_N; i++) {
        bool named = reasons & 1u << i;
        if (named == single)
            buffer_add_format(&q->sql, " AND reason %s '%s'", single ? "=" : "<>",
                              held_reason_name((enum held_reason)i));
    }
}

static void one_of_numbers(struct asked *q, const struct held_filter *filter)
{
    if (filter->count == 0)
        return;
    for (uint32_t i = 0; i < filter->count; i++)
        buffer_add_format(&q->sql, "%s%lld", i ? "," : " AND n IN (", (long long)filter->n[i]);
    buffer_add_char(&q->sql, ')');
}

static void add_filter(struct asked *q, const struct held_filter *filter)
{
    unsigned reasons = filter->reasons ? filter->reasons : HELD_EVENTS;
    must((reasons & ~(unsigned)HELD_ANY) == 0);
    one_of_reasons(q, reasons);
    equals(q, "flow", filter->flow);
    either_key(q, filter->key);
    equals(q, "tab", filter->table);
    equals(q, "col", filter->column);
    one_of_numbers(q, filter);
}

static void add_page(struct asked *q, int64_t link, const struct held_query *query)
{
    buffer_add_format(&q->sql, " FROM millrace.held WHERE link = %lld AND n > %lld",
                      (long long)link, (long long)query->after_n);
    add_filter(q, &query->filter);
    buffer_add_format(&q->sql, " ORDER BY n LIMIT %u", query->limit);
}

/* ---- a page ---- */

enum {
    C_N, C_FLOW, C_KEY, C_OLD_KEY, C_OP, C_REASON, C_TXN, C_POSITION, C_COMMITTED, C_TABLE,
    C_COLUMN, C_TEXT, C_TRIES, C_AT, C_TRIED_AT, C_ENVELOPE, C_BEFORE, C_AFTER
};

static void add_columns(struct asked *q, const struct held_query *query)
{
    static const char *const plain =
        "SELECT n, flow, event_key, old_key, op, reason, txn, position, committed_us, tab, col, "
        "text, tries, ";
    static const char *const postgres_times =
        "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), "
        "to_char(tried_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
    static const char *const mysql_times = "DATE_FORMAT(at, '%Y-%m-%dT%H:%i:%s.%fZ'), "
                                           "DATE_FORMAT(tried_at, '%Y-%m-%dT%H:%i:%s.%fZ')";
    buffer_add_text(&q->sql, plain);
    buffer_add_text(&q->sql, q->postgres ? postgres_times : mysql_times);
    buffer_add_text(&q->sql, !query->envelope ? ", NULL"
                             : q->postgres    ? ", encode(envelope, 'hex')"
                                              : ", HEX(envelope)");
    buffer_add_text(&q->sql, query->images ? ", before_row, after_row" : ", NULL, NULL");
}

static enum status run_asked(struct session *s, struct asked *q, struct arena *a,
                             struct rows *rows, struct failure *f)
{
    enum status status = sql_run(s, a, rows, f, buffer_text(&q->sql), q->nparams, q->params);
    buffer_free(&q->sql);
    return status;
}

static enum status ask_page(struct session *s, int64_t link, const struct held_query *query,
                            struct arena *a, struct rows *rows, struct failure *f)
{
    struct asked q = {.postgres = sql_is_postgres(s)};
    buffer_init(&q.sql, SQL_BYTES_MAX);
    add_columns(&q, query);
    add_page(&q, link, query);
    return run_asked(s, &q, a, rows, f);
}

static enum status read_optional(const char *cell, int64_t *out, struct failure *f)
{
    *out = 0;
    return cell ? sql_read_int(cell, out, f) : STATUS_OK;
}

static enum status read_row(const struct rows *rows, int row, struct arena *a,
                            struct held_event *e, struct failure *f)
{
#define CELL(column) rows_cell(rows, row, column)
    *e = (struct held_event){.flow = CELL(C_FLOW),
                             .key = CELL(C_KEY),
                             .old_key = CELL(C_OLD_KEY),
                             .op = CELL(C_OP),
                             .position = CELL(C_POSITION),
                             .before = CELL(C_BEFORE),
                             .after = CELL(C_AFTER),
                             .table = CELL(C_TABLE),
                             .column = CELL(C_COLUMN),
                             .text = CELL(C_TEXT),
                             .at = CELL(C_AT),
                             .tried_at = CELL(C_TRIED_AT)};
    TRY(sql_read_int(CELL(C_N), &e->n, f));
    TRY(read_optional(CELL(C_TXN), &e->transaction, f));
    TRY(read_optional(CELL(C_COMMITTED), &e->committed_us, f));
    TRY(sql_read_int(CELL(C_TRIES), &e->tries, f));
    if (!CELL(C_REASON) || !held_reason_read(CELL(C_REASON), &e->reason))
        return fail(f, ERROR_PROTOCOL,
                    "millrace.held, n %lld: the reason '%s' is none; was it edited by hand?",
                    (long long)e->n, CELL(C_REASON) ? CELL(C_REASON) : "NULL");
    return sql_read_hex(CELL(C_ENVELOPE), a, &e->envelope, &e->envelope_size, f);
#undef CELL
}

enum status held_page(struct session *s, int64_t link, const struct held_query *q, struct arena *a,
                      struct held_event *out, uint32_t *n, struct failure *f)
{
    struct rows rows;
    *n = 0;
    must(q->limit > 0);
    TRY(ask_page(s, link, q, a, &rows, f));
    must(rows.nrows >= 0 && (uint32_t)rows.nrows <= q->limit);
    for (int i = 0; i < rows.nrows; i++)
        TRY(read_row(&rows, i, a, &out[i], f));
    *n = (uint32_t)rows.nrows;
    return STATUS_OK;
}

/* ---- keys, counts ---- */

static enum status keys_page(struct session *s, struct arena *a, int64_t link, int64_t after,
                             struct rows *rows, struct failure *f)
{
    struct asked q = {.postgres = sql_is_postgres(s)};
    struct held_query query = {.after_n = after, .limit = KEYS_AT_ONCE};
    buffer_init(&q.sql, SQL_BYTES_MAX);
    buffer_add_text(&q.sql, "SELECT n, flow, event_key, old_key");
    add_page(&q, link, &query);
    return run_asked(s, &q, a, rows, f);
}

static void tell_keys(const struct rows *rows,
                      void (*met)(void *owner, const char *flow, const char *key), void *owner)
{
    for (int i = 0; i < rows->nrows; i++) {
        met(owner, rows_cell(rows, i, 1), rows_cell(rows, i, 2));
        if (rows_cell(rows, i, 3))
            met(owner, rows_cell(rows, i, 1), rows_cell(rows, i, 3));
    }
}

enum status held_keys(struct session *s, int64_t link,
                      void (*met)(void *owner, const char *flow, const char *key), void *owner,
                      struct failure *f)
{
    struct rows rows = {.nrows = KEYS_AT_ONCE};
    struct arena a;
    int64_t after = 0;
    enum status status = STATUS_OK;
    arena_init(&a);
    while (status == STATUS_OK && rows.nrows == KEYS_AT_ONCE) {
        arena_reset(&a);
        status = keys_page(s, &a, link, after, &rows, f);
        if (status != STATUS_OK || rows.nrows == 0)
            break;
        tell_keys(&rows, met, owner);
        status = sql_read_int(rows_cell(&rows, rows.nrows - 1, 0), &after, f);
    }
    arena_free(&a);
    return status;
}

static enum status take_count(const char *reason, const char *cell, struct held_counts *out,
                              struct failure *f)
{
    int64_t *const where[HELD_REASONS_N] = {[HELD_WAIT] = &out->wait,
                                            [HELD_QUARANTINE] = &out->quarantine,
                                            [HELD_BEHIND] = &out->behind,
                                            [HELD_TOGETHER] = &out->together};
    enum held_reason r;
    if (!reason || !held_reason_read(reason, &r) || !where[r])
        return STATUS_OK;
    return sql_read_int(cell, where[r], f);
}

enum status held_count(struct session *s, int64_t link, const char *flow_or_null,
                       struct held_counts *out, struct failure *f)
{
    struct asked q = {0};
    struct rows rows;
    struct arena a;
    *out = (struct held_counts){0};
    arena_init(&a);
    buffer_init(&q.sql, SQL_BYTES_MAX);
    buffer_add_format(&q.sql, "SELECT reason, count(*) FROM millrace.held WHERE link = %lld",
                      (long long)link);
    equals(&q, "flow", flow_or_null);
    buffer_add_text(&q.sql, " GROUP BY reason");
    enum status status = run_asked(s, &q, &a, &rows, f);
    for (int i = 0; status == STATUS_OK && i < rows.nrows; i++)
        status = take_count(rows_cell(&rows, i, 0), rows_cell(&rows, i, 1), out, f);
    arena_free(&a);
    return status;
}

enum status held_last_n(struct session *s, int64_t link, int64_t *n, struct failure *f)
{
    struct rows rows;
    struct arena a;
    *n = 0;
    arena_init(&a);
    enum status status =
        SQL_RUN(s, &a, &rows, f,
                "SELECT n FROM millrace.held WHERE link = ? ORDER BY n DESC LIMIT 1",
                sql_int(link).text);
    if (status == STATUS_OK && rows.nrows > 0)
        status = sql_read_int(rows_cell(&rows, 0, 0), n, f);
    arena_free(&a);
    return status;
}
