/* snapshot.c: one consistent view for several readers, and chunks of tables read from it.
 *
 *   CREATE_REPLICATION_SLOT x TEMPORARY LOGICAL pgoutput (export)
 *                                      -> position P, and the name of a snapshot
 *   each reader:  BEGIN REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT name
 *   a chunk:      COPY (SELECT ... FROM table WHERE (key) > (low) AND (key) <= (high)) TO STDOUT
 *
 * All readers see exactly what committed before P, whatever became visible in which order. The
 * slot's connection runs no other command until all have imported; then it closes, and its slot
 * goes with it: the link's own slot stands at or before P and keeps the log.
 *
 * A bound is an array of texts, one for each key column: '{7,"2026-01-01 00:00:00+00"}'.
 */
#include "postgres/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"

enum { SQL_MAX = 1 << 20 };

struct chunk_reader {
    struct pg *pg;
    const struct relation *relation; /* of the open chunk */
    char *scratch;                   /* one cell without its escapes */
    size_t scratch_size;
};

struct snapshot {
    struct source *s;
    char position[24];
    char name[64];
    int nreaders;
    struct chunk_reader readers[];
};

/* ---- opening ---- */

/* SNAPSHOT 'export' came with 15, the older word is taken by all. */
static enum status export_view(struct source *s, struct pg *slot, struct snapshot *p)
{
    char sql[160];
    PGresult *res;
    snprintf(sql, sizeof sql,
             "CREATE_REPLICATION_SLOT \"millrace_copy_%d_%llx\" TEMPORARY LOGICAL pgoutput %s",
             (int)getpid(), (unsigned long long)clock_monotonic_us(),
             slot->base.version >= 150000 ? "(SNAPSHOT 'export')" : "EXPORT_SNAPSHOT");
    TRY(slot_create_by(s, slot, sql, &res));
    bool sound = PQntuples(res) == 1 && PQnfields(res) >= 3;
    if (sound) {
        snprintf(p->position, sizeof p->position, "%s", PQgetvalue(res, 0, 1));
        snprintf(p->name, sizeof p->name, "%s", PQgetvalue(res, 0, 2));
    }
    PQclear(res);
    return sound ? STATUS_OK
                 : fail(s->o.failure, ERROR_PROTOCOL, "%s: no answer to CREATE_REPLICATION_SLOT",
                        s->o.endpoint->system);
}

static enum status import_view(struct snapshot *p, struct chunk_reader *r)
{
    struct source *s = p->s;
    struct buffer sql;
    TRY(pg_open(s->o.endpoint, PG_SESSION, s->application, s->o.wake, s->o.failure, &r->pg));
    struct session *c = pg_session(r->pg);
    /* The sink's pace is not the source's business: a reader may wait for it. */
    TRY(session_run(c, NULL, NULL, 0, "SET idle_in_transaction_session_timeout = 0"));
    TRY(session_run(c, NULL, NULL, 0, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    buffer_init(&sql, SQL_MAX);
    buffer_add_text(&sql, "SET TRANSACTION SNAPSHOT ");
    pg_add_literal(&sql, p->name);
    enum status status = session_query(c, NULL, NULL, buffer_text(&sql), 0, NULL);
    buffer_free(&sql);
    return status;
}

static enum status open_readers(struct snapshot *p, struct pg *slot, const char *from)
{
    struct source *s = p->s;
    bool ok, from_ok;
    TRY(export_view(s, slot, p));
    if (from && pg_lsn_read(p->position, &ok) < pg_lsn_read(from, &from_ok))
        return fail(s->o.failure, ERROR_POSITION_LOST,
                    "%s: a new snapshot stands at %s, before the link's checkpoint %s: the server "
                    "was restored or failed over; remove the link and copy again",
                    s->o.endpoint->system, p->position, from);
    for (int i = 0; i < p->nreaders; i++)
        TRY(import_view(p, &p->readers[i]));
    log_info("link=%s system=%s msg=\"snapshot open\" position=%s readers=%d", s->o.link,
             s->o.endpoint->system, p->position, p->nreaders);
    return STATUS_OK;
}

enum status snapshot_open(struct source *s, int readers, const char *from, bool exact,
                          struct snapshot **out)
{
    struct pg *slot;
    (void)exact; /* it always is */
    *out = NULL;
    TRY(pg_open(s->o.endpoint, PG_REPLICATION, s->application, s->o.wake, s->o.failure, &slot));
    struct snapshot *p = calloc(1, sizeof *p + (size_t)readers * sizeof *p->readers);
    must(p);
    p->s = s;
    p->nreaders = readers;
    enum status status = open_readers(p, slot, from);
    pg_close(slot);
    if (status == STATUS_OK)
        *out = p;
    else
        snapshot_close(p);
    return status;
}

void snapshot_close(struct snapshot *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->nreaders; i++) {
        pg_close(p->readers[i].pg);
        free(p->readers[i].scratch);
    }
    free(p);
}

const char *snapshot_position(struct snapshot *p)
{
    return p->position;
}

/* ---- bounds ---- */

static void add_from(struct snapshot *p, const struct relation *r, struct buffer *sql)
{
    const struct described *d = tables_find(p->s, r);
    buffer_add_text(sql, d && d->relkind == 'p' ? " FROM " : " FROM ONLY ");
    pg_add_name(sql, r->schema);
    buffer_add_char(sql, '.');
    pg_add_name(sql, r->name);
}

static void add_key(const struct relation *r, const char *cast, struct buffer *sql)
{
    for (int i = 0; i < r->nkey; i++) {
        if (i)
            buffer_add_text(sql, ", ");
        pg_add_name(sql, r->columns[r->key[i]].name);
        buffer_add_text(sql, cast);
    }
}

enum status snapshot_bounds(struct snapshot *p, const struct relation *r, int64_t rows,
                            struct arena *a, const char ***bounds, int *n)
{
    const struct described *d = tables_find(p->s, r);
    struct buffer sql;
    struct rows out;
    *n = 0;
    *bounds = NULL;
    /* Types from elsewhere (citext) have their operators outside of the search path: another
     * operator than the index's would be found. Such a table is one chunk. */
    if (!d || !d->key_sorts || rows < 1)
        return STATUS_OK;
    buffer_init(&sql, SQL_MAX);
    buffer_add_text(&sql, "SELECT ARRAY[");
    add_key(r, "::text", &sql);
    buffer_add_text(&sql, "]::text FROM (SELECT ");
    add_key(r, "", &sql);
    buffer_add_text(&sql, ", pg_catalog.row_number() OVER (ORDER BY ");
    add_key(r, "", &sql);
    buffer_add_text(&sql, ") AS \"millrace n\"");
    add_from(p, r, &sql);
    buffer_add_format(&sql, ") numbered WHERE \"millrace n\" %% %lld = 0 ORDER BY \"millrace n\"",
                      (long long)rows);
    enum status status =
        session_query(pg_session(p->readers[0].pg), a, &out, buffer_text(&sql), 0, NULL);
    buffer_free(&sql);
    if (status != STATUS_OK)
        return status;
    *n = out.nrows;
    *bounds = (const char **)(uintptr_t)out.cells;
    return STATUS_OK;
}

/* ---- chunks ---- */

static void add_bound(const struct relation *r, const char *comparison, const char *bound,
                      struct buffer *sql)
{
    buffer_add_text(sql, "(");
    add_key(r, "", sql);
    buffer_add_format(sql, ") %s (", comparison);
    for (int i = 0; i < r->nkey; i++) {
        buffer_add_text(sql, i ? ", (" : "(");
        pg_add_literal(sql, bound);
        buffer_add_format(sql, "::text[])[%d]::%s", i + 1, r->columns[r->key[i]].type);
    }
    buffer_add_text(sql, ")");
}

static void write_select(struct snapshot *p, const struct relation *r, const char *low,
                         const char *high, struct buffer *sql)
{
    buffer_add_text(sql, "COPY (SELECT ");
    for (int i = 0; i < r->ncolumns; i++) {
        if (i)
            buffer_add_text(sql, ", ");
        pg_add_name(sql, r->columns[i].name);
    }
    add_from(p, r, sql);
    if (low || high)
        buffer_add_text(sql, " WHERE ");
    if (low)
        add_bound(r, ">", low, sql);
    if (low && high)
        buffer_add_text(sql, " AND ");
    if (high)
        add_bound(r, "<=", high, sql);
    buffer_add_text(sql, ") TO STDOUT");
}

enum status chunk_open(struct snapshot *p, int reader, const struct relation *r, const char *low,
                       const char *high, struct failure *f)
{
    struct chunk_reader *c = &p->readers[reader];
    struct buffer sql;
    PGresult *res;
    c->pg->base.failure = f;
    c->relation = r;
    buffer_init(&sql, SQL_MAX);
    write_select(p, r, low, high, &sql);
    enum status status = pg_exec(c->pg, buffer_text(&sql), PGRES_COPY_OUT, &res);
    buffer_free(&sql);
    if (status != STATUS_OK)
        return status;
    PQclear(res);
    return STATUS_OK;
}

static char unescape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'v':
        return '\v';
    default:
        return c;
    }
}

/* A cell without its escapes, in the reader's scratch, or in place where it has none. */
static const char *plain_cell(struct chunk_reader *c, const char *text, size_t *size)
{
    if (!memchr(text, '\\', *size))
        return text;
    if (c->scratch_size < *size) {
        free(c->scratch);
        c->scratch = malloc(*size);
        must(c->scratch);
        c->scratch_size = *size;
    }
    size_t n = 0;
    for (size_t i = 0; i < *size; i++) {
        if (text[i] == '\\' && i + 1 < *size)
            c->scratch[n++] = unescape(text[++i]);
        else
            c->scratch[n++] = text[i];
    }
    *size = n;
    return c->scratch;
}

static enum status read_cell(struct chunk_reader *c, const struct column *column, const char *text,
                             size_t size, struct arena *a, struct value *out, struct failure *f)
{
    if (size == 2 && text[0] == '\\' && text[1] == 'N') {
        *out = value_null();
        return STATUS_OK;
    }
    text = plain_cell(c, text, &size);
    return rows_value(column, text, size, a, out, f);
}

/* One line of COPY's text format: cells between tabs, a newline at its end. */
static enum status read_line(struct chunk_reader *c, const char *line, size_t size, struct batch *b,
                             struct failure *f)
{
    const struct relation *r = c->relation;
    const char *at = line, *end = line + size;
    struct value *row = batch_row(b, r->ncolumns);
    if (size && end[-1] == '\n')
        end--;
    for (int i = 0; i < r->ncolumns; i++) {
        const char *tab = memchr(at, '\t', (size_t)(end - at));
        const char *stop = tab ? tab : end;
        if ((tab != NULL) != (i + 1 < r->ncolumns))
            return fail(f, ERROR_PROTOCOL, "table %s.%s: COPY gave another number of columns",
                        r->schema, r->name);
        TRY(read_cell(c, &r->columns[i], at, (size_t)(stop - at), &b->arena, &row[i], f));
        at = tab ? tab + 1 : end;
    }
    struct change *change = batch_append(b);
    change->op = CHANGE_INSERT;
    change->relation = r;
    change->after = row;
    return STATUS_OK;
}

enum status chunk_next(struct snapshot *p, int reader, struct batch *b, size_t bytes, bool *end,
                       struct failure *f)
{
    struct chunk_reader *c = &p->readers[reader];
    *end = false;
    c->pg->base.failure = f;
    while (batch_bytes(b) < bytes) {
        char *line;
        int size;
        TRY(pg_get_copy(c->pg, &line, &size));
        if (size < 0) {
            *end = true;
            return STATUS_OK;
        }
        enum status status = read_line(c, line, (size_t)size, b, f);
        PQfreemem(line);
        if (status != STATUS_OK)
            return fail_in(f, "table %s.%s", c->relation->schema, c->relation->name);
    }
    return STATUS_OK;
}
