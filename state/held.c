/* held.c: held events come, stay and go: all set-wise. */
#include "state/held.h"

#include <string.h>
#include "base/buffer.h"
#include "state/sql.h"

enum {
    ROWS_AT_ONCE = 500,
    BYTES_AT_ONCE = 3 << 20, /* of values: escaped and with its words a statement is below 4 MiB */
    MANY_ROWS = 1000, /* change what a planner may expect */
    NUMBERS_AT_ONCE = 2000,
    CHANGES_AT_ONCE = 200,
    SQL_BYTES_MAX = 1 << 20,
    ADD_PARAMS = 12,
    UPDATE_PARAMS = 4,
};

static const char *const names[] = {
#define X(reason, name) [reason] = name,
    HELD_REASONS(X)
#undef X
};

const char *held_reason_name(enum held_reason reason)
{
    must(reason < HELD_REASONS_N);
    return names[reason];
}

bool held_reason_read(const char *name, enum held_reason *out)
{
    for (int i = 0; i < HELD_REASONS_N; i++)
        if (strcmp(names[i], name) == 0) {
            *out = (enum held_reason)i;
            return true;
        }
    return false;
}

/* ---- add ---- */

static size_t text_bytes(const char *text)
{
    return text ? strlen(text) : 0;
}

static size_t event_bytes(const struct held_event *e)
{
    return 2 * e->envelope_size + text_bytes(e->before) + text_bytes(e->after) +
           text_bytes(e->text) + text_bytes(e->key) + text_bytes(e->old_key) +
           text_bytes(e->position);
}

/* How many of them go in one statement: one at least. */
static uint32_t rows_that_fit(const struct held_event *events, uint32_t n)
{
    size_t bytes = event_bytes(&events[0]);
    uint32_t rows = 1;
    while (rows < n && rows < ROWS_AT_ONCE &&
           (bytes += event_bytes(&events[rows])) <= BYTES_AT_ONCE)
        rows++;
    return rows;
}

static void add_row(struct buffer *sql, bool postgres, int64_t link, const struct held_event *e)
{
    buffer_add_format(sql, "(%lld,%lld,%lld,?,?,?,?,?,?,?,?,?,?,?,%s)", (long long)link,
                      (long long)e->transaction, (long long)e->committed_us,
                      postgres ? "decode(?,'hex')" : "unhex(?)");
}

static void add_params(struct arena *a, const struct held_event *e, const char **p)
{
    const char *const values[ADD_PARAMS] = {
        e->position, e->flow,   e->key,  e->old_key, e->op,    held_reason_name(e->reason),
        e->table,    e->column, e->text, e->before,  e->after,
        e->envelope ? sql_hex(a, e->envelope, e->envelope_size) : NULL};
    memcpy(p, values, sizeof values);
}

static enum status add_some(struct session *s, struct arena *a, int64_t link,
                            const struct held_event *events, uint32_t n, struct failure *f)
{
    struct buffer sql;
    buffer_init(&sql, SQL_BYTES_MAX);
    buffer_add_text(&sql, "INSERT INTO millrace.held (link, txn, committed_us, position, flow, "
                          "event_key, old_key, op, reason, tab, col, text, before_row, after_row, "
                          "envelope) VALUES ");
    const char **params = arena_alloc(a, (size_t)n * ADD_PARAMS * sizeof *params);
    for (uint32_t i = 0; i < n; i++) {
        must(events[i].flow && events[i].key && events[i].reason != HELD_SKIPPED);
        if (i > 0)
            buffer_add_char(&sql, ',');
        add_row(&sql, sql_is_postgres(s), link, &events[i]);
        add_params(a, &events[i], params + i * ADD_PARAMS);
    }
    enum status status = sql_run(s, NULL, NULL, f, buffer_text(&sql), (int)n * ADD_PARAMS, params);
    buffer_free(&sql);
    return status;
}

/* PostgreSQL, of a table that has just filled, expects a row or two for `link = 7 AND n > 5`: it
 * would read and sort all of them for each page (64 ms for 0.6, of 100,000 rows) until autovacuum has
 * come by. Waits for nobody; a role that is not the owner is warned and goes on. */
static enum status tell_planner(struct session *s, uint32_t n, struct failure *f)
{
    if (!sql_is_postgres(s) || n < MANY_ROWS)
        return STATUS_OK;
    return sql_run(s, NULL, NULL, f, "ANALYZE (SKIP_LOCKED) millrace.held", 0, NULL);
}

enum status held_add(struct session *s, int64_t link, const struct held_event *events, uint32_t n,
                     struct failure *f)
{
    struct arena a;
    enum status status = STATUS_OK;
    arena_init(&a);
    for (uint32_t i = 0, rows; i < n && status == STATUS_OK; i += rows) {
        rows = rows_that_fit(events + i, n - i);
        arena_reset(&a);
        status = add_some(s, &a, link, events + i, rows, f);
    }
    arena_free(&a);
    return status == STATUS_OK ? tell_planner(s, n, f) : status;
}

/* ---- by number: removed, or tried ---- */

static enum status all_met(const struct rows *done, uint32_t count, struct failure *f)
{
    if (done->affected == (int64_t)count)
        return STATUS_OK;
    return fail(f, ERROR_READ_AGAIN,
                "millrace.held has changed meanwhile: of %u held events %lld were there; what is "
                "held goes by `millrace quarantine skip`, not by hand",
                count, (long long)done->affected);
}

/* `head` and then the rows, `NUMBERS_AT_ONCE` a statement. */
static enum status run_by_number(struct session *s, const char *head, int64_t link,
                                 const int64_t *n, uint32_t count, struct failure *f)
{
    struct buffer sql;
    struct rows done = {0};
    buffer_init(&sql, SQL_BYTES_MAX);
    buffer_add_format(&sql, "%s WHERE link = %lld AND n IN (", head, (long long)link);
    for (uint32_t i = 0; i < count; i++)
        buffer_add_format(&sql, "%s%lld", i ? "," : "", (long long)n[i]);
    buffer_add_char(&sql, ')');
    enum status status = sql_run(s, NULL, &done, f, buffer_text(&sql), 0, NULL);
    buffer_free(&sql);
    return status == STATUS_OK ? all_met(&done, count, f) : status;
}

static enum status by_number(struct session *s, const char *head, int64_t link, const int64_t *n,
                             uint32_t count, struct failure *f)
{
    for (uint32_t i = 0; i < count; i += NUMBERS_AT_ONCE)
        TRY(run_by_number(s, head, link, n + i,
                          count - i < NUMBERS_AT_ONCE ? count - i : NUMBERS_AT_ONCE, f));
    return STATUS_OK;
}

enum status held_remove(struct session *s, int64_t link, const int64_t *n, uint32_t count,
                        struct failure *f)
{
    return by_number(s, "DELETE FROM millrace.held", link, n, count, f);
}

enum status held_forget(struct session *s, int64_t link, const char *flow, struct failure *f)
{
    return SQL_RUN(s, NULL, NULL, f, "DELETE FROM millrace.held WHERE link = ? AND flow = ?",
                   sql_int(link).text, flow);
}

enum status held_tried(struct session *s, int64_t link, const int64_t *n, uint32_t count,
                       struct failure *f)
{
    return by_number(
        s, "UPDATE millrace.held SET tries = tries + 1, tried_at = CURRENT_TIMESTAMP(6)", link, n,
        count, f);
}

/* ---- update: each row another reason and text ---- */

static void add_changes_postgres(struct buffer *sql, int64_t link,
                                 const struct held_change *changes, uint32_t n)
{
    buffer_add_text(sql, "UPDATE millrace.held h SET tries = h.tries + 1, tried_at = "
                         "CURRENT_TIMESTAMP(6), reason = v.reason, tab = v.tab, col = v.col, "
                         "text = v.says FROM (VALUES ");
    for (uint32_t i = 0; i < n; i++)
        buffer_add_format(sql, "%s(%lld,?::text,?::text,?::text,?::text)", i ? "," : "",
                          (long long)changes[i].n);
    buffer_add_format(sql, ") v (n, reason, tab, col, says) WHERE h.link = %lld AND h.n = v.n",
                      (long long)link);
}

static void add_changes_mysql(struct buffer *sql, int64_t link, const struct held_change *changes,
                              uint32_t n)
{
    buffer_add_text(sql, "UPDATE millrace.held h JOIN (");
    for (uint32_t i = 0; i < n; i++)
        buffer_add_format(sql, "%sSELECT %lld AS n, ? AS reason, ? AS tab, ? AS col, ? AS says",
                          i ? " UNION ALL " : "", (long long)changes[i].n);
    buffer_add_format(sql,
                      ") v ON v.n = h.n SET h.tries = h.tries + 1, h.tried_at = "
                      "CURRENT_TIMESTAMP(6), h.reason = v.reason, h.tab = v.tab, h.col = v.col, "
                      "h.text = v.says WHERE h.link = %lld",
                      (long long)link);
}

static enum status update_some(struct session *s, int64_t link, const struct held_change *changes,
                               uint32_t n, struct failure *f)
{
    const char *params[CHANGES_AT_ONCE * UPDATE_PARAMS];
    struct buffer sql;
    struct rows done = {0};
    buffer_init(&sql, SQL_BYTES_MAX);
    if (sql_is_postgres(s))
        add_changes_postgres(&sql, link, changes, n);
    else
        add_changes_mysql(&sql, link, changes, n);
    for (uint32_t i = 0; i < n; i++) {
        const char **p = params + i * UPDATE_PARAMS;
        p[0] = held_reason_name(changes[i].reason);
        p[1] = changes[i].table;
        p[2] = changes[i].column;
        p[3] = changes[i].text;
    }
    enum status status =
        sql_run(s, NULL, &done, f, buffer_text(&sql), (int)n * UPDATE_PARAMS, params);
    buffer_free(&sql);
    return status == STATUS_OK ? all_met(&done, n, f) : status;
}

enum status held_update(struct session *s, int64_t link, const struct held_change *changes,
                        uint32_t n, struct failure *f)
{
    for (uint32_t i = 0; i < n; i += CHANGES_AT_ONCE)
        TRY(update_some(s, link, changes + i, n - i < CHANGES_AT_ONCE ? n - i : CHANGES_AT_ONCE,
                        f));
    return STATUS_OK;
}

/* ---- filters ---- */

static bool is_or_any(const char *wanted, const char *text)
{
    return !wanted || (text && strcmp(wanted, text) == 0);
}

static bool is_among(const int64_t *list, uint32_t count, int64_t n)
{
    for (uint32_t i = 0; i < count; i++)
        if (list[i] == n)
            return true;
    return count == 0;
}

bool held_is_named(const struct held_filter *w, const struct held_event *h)
{
    if (!w)
        return false;
    unsigned reasons = w->reasons ? w->reasons : HELD_EVENTS;
    return (reasons >> h->reason & 1) && is_or_any(w->flow, h->flow) &&
           (is_or_any(w->key, h->key) || (h->old_key && is_or_any(w->key, h->old_key))) &&
           is_or_any(w->table, h->table) && is_or_any(w->column, h->column) &&
           is_among(w->n, w->count, h->n);
}
