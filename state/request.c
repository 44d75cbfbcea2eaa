/* request.c: requests, as text, as changes, and as SQL. */
#include "state/request.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include "base/utf8.h"
#include "state/marker.h"
#include "state/sql.h"

static struct column columns[REQUEST_COLUMNS] = {
    [REQUEST_LINK] = {.name = "link", .type = "bigint", .kind = VALUE_INT},
    [REQUEST_EVENT] = {.name = "event", .type = "text", .kind = VALUE_TEXT, .length = -1},
    [REQUEST_KEY] = {.name = "object_key", .type = "text", .kind = VALUE_TEXT, .length = -1},
};

const struct relation request_relation = {
    .schema = "millrace", .name = "request", .ncolumns = REQUEST_COLUMNS, .columns = columns};

/* ---- reading ---- */

static bool is_utf8(const char *text, size_t size)
{
    while (size > 0) {
        size_t n = utf8_character(text, size);
        if (n == 0)
            return false;
        text += n;
        size -= n;
    }
    return true;
}

bool request_read(const char *text, size_t size, struct request *out)
{
    struct reader r = reader_of(text, size);
    if (!marker_number(&r, ' ', &out->link) || !is_utf8((const char *)r.at, reader_left(&r)))
        return false;
    const char *event = (const char *)r.at;
    const char *blank = memchr(event, ' ', reader_left(&r));
    if (!blank || blank == event)
        return false;
    out->event = value_text(VALUE_TEXT, event, (size_t)(blank - event));
    out->key = value_text(VALUE_TEXT, blank + 1, (size_t)((const char *)r.end - blank) - 1);
    return true;
}

void request_append(struct batch *b, const struct request *r)
{
    struct change *c = batch_append(b);
    c->relation = &request_relation;
    c->after = batch_row(b, REQUEST_COLUMNS);
    c->after[REQUEST_LINK] = value_int(r->link);
    c->after[REQUEST_EVENT] = value_copy(&r->event, &b->arena);
    c->after[REQUEST_KEY] = value_copy(&r->key, &b->arena);
    b->transactions[b->ntransactions - 1].requests = true;
}

/* ---- writing ---- */

/* As bytes of UTF-8: a message's text would be in the database's encoding, and its readers are not
 * told which one that is. */
static enum status send_message(struct session *s, const char *link, const char *event,
                                const char *key, struct failure *f)
{
    struct arena a;
    arena_init(&a);
    const char *text = arena_format(&a, "%s %s %s", link, event, key);
    enum status status = SQL_RUN(s, NULL, NULL, f,
                                 "SELECT pg_catalog.pg_logical_emit_message(true, "
                                 "'" REQUEST_PREFIX "', pg_catalog.convert_to(?, 'UTF8'))",
                                 text);
    arena_free(&a);
    return status;
}

enum { SWEEP_EVERY = 256 };

/* Which rows are old is read without locks: a DELETE that looked for them would wait for the rows
 * that other links have just written. */
static enum status sweep(struct session *s, struct arena *a, struct failure *f)
{
    struct rows rows;
    TRY(sql_run(s, a, &rows, f,
                "SELECT MIN(id), MAX(id) FROM (SELECT id, at FROM millrace.request ORDER BY id "
                "LIMIT 1000) oldest WHERE at < NOW(6) - INTERVAL 1 DAY",
                0, NULL));
    if (rows.nrows == 0 || !rows_cell(&rows, 0, 0) || !rows_cell(&rows, 0, 1))
        return STATUS_OK;
    return SQL_RUN(s, NULL, NULL, f, "DELETE FROM millrace.request WHERE id BETWEEN ? AND ?",
                   rows_cell(&rows, 0, 0), rows_cell(&rows, 0, 1));
}

static enum status sweep_now_and_then(struct session *s, struct failure *f)
{
    static atomic_uint calls;
    struct arena a;
    if (atomic_fetch_add(&calls, 1) % SWEEP_EVERY != 0)
        return STATUS_OK;
    arena_init(&a);
    enum status status = sweep(s, &a, f);
    arena_free(&a);
    return status;
}

static enum status insert_row(struct session *s, const char *link, const char *event,
                              const char *key, struct failure *f)
{
    TRY(SQL_RUN(s, NULL, NULL, f,
                "INSERT INTO millrace.request (link, event, object_key) VALUES (?, ?, ?)", link,
                event, key));
    return sweep_now_and_then(s, f);
}

enum status state_request(struct session *s, int64_t link, const char *event, const char *key,
                          struct failure *f)
{
    struct sql_int id = sql_int(link);
    if (((struct session_base *)s)->engine == ENGINE_NULL)
        return STATUS_OK;
    must(*event && !strchr(event, ' ') && link >= 0);
    if (sql_is_postgres(s))
        return send_message(s, id.text, event, key, f);
    return insert_row(s, id.text, event, key, f);
}
