/* sink.c: the PostgreSQL sink: one connection, one transaction at a time, in libpq's pipeline mode:
 * BEGIN, marker, checkpoint and all sets go out without waiting; settle reads all answers and
 * compares the counts; only then COMMIT is sent. */
#include "sinks/postgres/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/crash.h"
#include "base/guard.h"
#include "state/checkpoint.h"

enum { SQL_BYTES_MAX = 64 << 20, DATA_BYTES_MAX = 1 << 30 };

struct relation_entry {
    struct relation_entry *next;
    struct relation *relation;
    const char **operator_schema; /* by column: where = is found; NULL: in pg_catalog */
};

/* ---- open and close ---- */

/* Rows are found by their keys: index lookups, whatever the statistics of a fresh table say. And an
 * idle link is no forgotten session. */
static const char session_settings[] = "SET enable_seqscan = off; SET enable_hashjoin = off;"
                                       " SET enable_mergejoin = off;"
                                       " SET plan_cache_mode = force_generic_plan; SET jit = off;"
                                       " SET idle_session_timeout = 0; SET lock_timeout = %d";

static enum status silence_triggers(struct sink *s)
{
    if (!s->o.cascades_in_log)
        return STATUS_OK;
    enum status status =
        session_run(pg_session(s->pg), NULL, NULL, 0, "SET session_replication_role = replica");
    if (status == STATUS_OK || s->o.failure->code != ERROR_PRIVILEGE)
        return status;
    return fail(s->o.failure, ERROR_PRIVILEGE,
                "%s: role %s may not set session_replication_role, without which triggers and "
                "foreign keys would act on rows a second time; as an administrator: GRANT SET ON "
                "PARAMETER session_replication_role TO %s (PostgreSQL 15 or later)",
                s->o.endpoint->system, s->o.endpoint->user, s->o.endpoint->user);
}

static enum status pin(struct sink *s)
{
    char settings[sizeof session_settings + 16];
    snprintf(settings, sizeof settings, session_settings, s->o.lock_wait_ms);
    TRY(session_run(pg_session(s->pg), NULL, NULL, 0, settings));
    return silence_triggers(s);
}

static void close_sink(struct sink *s)
{
    if (!s)
        return;
    pg_close(s->pg);
    arena_free(&s->arena);
    arena_free(&s->scratch);
    buffer_free(&s->sql);
    buffer_free(&s->data);
    free(s);
}

static enum status open_sink(const struct sink_options *options, struct sink **out)
{
    char application[64];
    struct sink *s = calloc(1, sizeof *s);
    must(s);
    *out = NULL;
    s->o = *options;
    arena_init(&s->arena);
    arena_init(&s->scratch);
    buffer_init(&s->sql, SQL_BYTES_MAX);
    buffer_init(&s->data, DATA_BYTES_MAX);
    snprintf(application, sizeof application, "millrace %s apply", options->link);
    enum status status = pg_open(options->endpoint, PG_SESSION, application, options->wake,
                                 options->failure, &s->pg);
    if (status == STATUS_OK)
        status = pin(s);
    if (status != STATUS_OK) {
        close_sink(s);
        return status;
    }
    *out = s;
    return STATUS_OK;
}

static struct session *session(struct sink *s)
{
    return pg_session(s->pg);
}

static const char operators_sql[] =
    "SELECT a.attname, o.oprnamespace::pg_catalog.regnamespace::text FROM pg_catalog.pg_attribute a"
    " JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_catalog.pg_opclass k ON k.opcintype = a.atttypid AND k.opcdefault"
    " JOIN pg_catalog.pg_am m ON m.oid = k.opcmethod AND m.amname = 'btree'"
    " JOIN pg_catalog.pg_amop p ON p.amopfamily = k.opcfamily AND p.amopstrategy = 3"
    "  AND p.amoplefttype = k.opcintype AND p.amoprighttype = k.opcintype"
    " JOIN pg_catalog.pg_operator o ON o.oid = p.amopopr"
    " WHERE n.nspname = ? AND c.relname = ? AND a.attnum > 0"
    "  AND o.oprnamespace <> 'pg_catalog'::pg_catalog.regnamespace";

/* With an empty search path the catalog qualifies the name of any type but its own. */
static bool has_extension_type(const struct relation *r)
{
    for (int i = 0; i < r->ncolumns; i++)
        if (strchr(r->columns[i].type, '.'))
            return true;
    return false;
}

static enum status find_operators(struct sink *s, struct relation_entry *e)
{
    const struct relation *r = e->relation;
    struct rows rows;
    e->operator_schema = arena_zalloc(&s->arena, (size_t)r->ncolumns * sizeof(char *) + 1);
    if (!has_extension_type(r))
        return STATUS_OK; /* the way to the target may be long, and there may be many tables */
    TRY(session_run(pg_session(s->pg), &s->arena, &rows, 2, operators_sql, r->schema, r->name));
    for (int i = 0; i < rows.nrows; i++) {
        int column = relation_column_index(r, rows_cell(&rows, i, 0));
        if (column >= 0)
            e->operator_schema[column] = rows_cell(&rows, i, 1);
    }
    return STATUS_OK;
}

void add_equals(struct sink *s, const struct relation *r, int column, struct buffer *b)
{
    const struct relation_entry *e = s->relations;
    while (e && e->relation != r)
        e = e->next;
    if (e && e->operator_schema[column])
        buffer_add_format(b, " OPERATOR(%s.=) ", e->operator_schema[column]);
    else
        buffer_add_text(b, " = ");
}

static enum status describe(struct sink *s, const char *schema, const char *name,
                            const struct relation **out)
{
    for (struct relation_entry *e = s->relations; e; e = e->next)
        if (strcmp(e->relation->name, name) == 0 && strcmp(e->relation->schema, schema) == 0) {
            *out = e->relation;
            return STATUS_OK;
        }
    struct relation_entry *e = arena_alloc(&s->arena, sizeof *e);
    TRY(pg_describe(s->pg, schema, name, false, &s->arena, &e->relation));
    TRY(find_operators(s, e));
    e->next = s->relations;
    s->relations = e;
    *out = e->relation;
    return STATUS_OK;
}

static bool is_empty(struct sink *s, const struct relation *r, enum status *status)
{
    struct rows rows;
    buffer_clear(&s->sql);
    buffer_add_text(&s->sql, "SELECT 1 FROM ");
    add_table(&s->sql, r);
    buffer_add_text(&s->sql, " LIMIT 1");
    *status = session_query(pg_session(s->pg), &s->scratch, &rows, buffer_text(&s->sql), 0, NULL);
    return *status == STATUS_OK && rows.nrows == 0;
}

/* ---- the pipeline ---- */

/* With room for a statement and its PREPARE, whose answers are read together. */
static enum status enter_pipeline(struct sink *s)
{
    if (s->npending + 2 > PENDING_MAX)
        TRY(sink_settle(s));
    if (s->pipeline)
        return STATUS_OK;
    if (!PQenterPipelineMode(s->pg->conn))
        return pg_fail(s->pg, NULL, "entering pipeline mode");
    s->pipeline = true;
    return opening_send(s);
}

enum status sink_sent(struct sink *s, const struct pending *p)
{
    must(s->npending < PENDING_MAX);
    s->pending[s->npending++] = *p;
    return STATUS_OK;
}

enum status sink_send(struct sink *s, const struct pending *p, const char *sql, int n,
                      const char *const *values)
{
    TRY(enter_pipeline(s));
    if (!PQsendQueryParams(s->pg->conn, sql, n, NULL, values, NULL, NULL, 0))
        return pg_fail(s->pg, NULL, p->doing);
    return sink_sent(s, p);
}

enum status sink_send_prepared(struct sink *s, const struct pending *p, struct statement *st,
                               const char *sql, int n, const char *const *values)
{
    TRY(enter_pipeline(s));
    TRY(statement_prepare(s, st, sql));
    if (!PQsendQueryPrepared(s->pg->conn, st->name, n, values, NULL, NULL, 0))
        return pg_fail(s->pg, NULL, p->doing);
    return sink_sent(s, p);
}

enum status sink_count(struct sink *s, const struct relation *r, const char *doing,
                       int64_t expected, int64_t found)
{
    if (!GUARD_COUNT_CHECK || expected < 0 || expected == found)
        return STATUS_OK;
    return fail(s->o.failure, ERROR_WRONG_COUNT,
                "%s: %s on table %s.%s met %" PRId64 " rows where %" PRId64 " were expected: "
                "source and target differ there",
                s->o.endpoint->system, doing, r ? r->schema : "millrace",
                r ? r->name : "checkpoint", found, expected);
}

static enum status fence_taken(struct sink *s)
{
    return fail(s->o.failure, ERROR_SECOND_ENGINE,
                "%s: the next number of link %s in millrace.checkpoint is taken: another process "
                "writes for this link, or an earlier COMMIT arrived after all",
                s->o.endpoint->system, s->o.link);
}

static enum status judge_error(struct sink *s, const struct pending *p, PGresult *res)
{
    enum status status = pg_fail(s->pg, res, p->doing);
    if (p->fence && s->o.failure->code == ERROR_UNIQUE)
        return fence_taken(s);
    if (p->relation)
        fail_in(s->o.failure, "table %s.%s", p->relation->schema, p->relation->name);
    return status;
}

enum status sink_judge(struct sink *s, const struct pending *p, PGresult *res)
{
    ExecStatusType t = PQresultStatus(res);
    if (t != PGRES_COMMAND_OK && t != PGRES_TUPLES_OK)
        return judge_error(s, p, res);
    if (p->prepares)
        p->prepares->prepared = true;
    return sink_count(s, p->relation, p->doing, p->expected, strtoll(PQcmdTuples(res), NULL, 10));
}

/* The answer to one statement: its result, then NULL. Skipped once another has failed. */
static enum status read_answer(struct sink *s, const struct pending *p, enum status before)
{
    PGresult *res;
    TRY(pg_result(s->pg, &res));
    enum status status = before;
    if (before == STATUS_OK)
        status = sink_judge(s, p, res);
    else if (PQresultStatus(res) == PGRES_COMMAND_OK && p->prepares)
        p->prepares->prepared = true;
    bool aborted = PQstatus(s->pg->conn) != CONNECTION_OK;
    PQclear(res);
    if (aborted)
        return status;
    PGresult *end;
    enum status read = pg_result(s->pg, &end);
    PQclear(end);
    return status != STATUS_OK ? status : read;
}

static enum status leave_pipeline(struct sink *s)
{
    PGresult *res;
    TRY(pg_result(s->pg, &res));
    bool synced = PQresultStatus(res) == PGRES_PIPELINE_SYNC;
    PQclear(res);
    if (!synced || !PQexitPipelineMode(s->pg->conn))
        return fail(s->o.failure, ERROR_CONNECTION_LOST, "%s: the pipeline came out of step",
                    s->o.endpoint->system);
    s->pipeline = false;
    return STATUS_OK;
}

enum status sink_settle(struct sink *s)
{
    enum status status = STATUS_OK;
    if (s->opening)
        TRY(enter_pipeline(s));
    if (!s->pipeline)
        return STATUS_OK;
    int n = s->npending;
    s->npending = 0;
    if (!PQpipelineSync(s->pg->conn))
        return pg_fail(s->pg, NULL, "sending");
    TRY(pg_flush(s->pg));
    for (int i = 0; i < n; i++) {
        status = read_answer(s, &s->pending[i], status);
        if (PQstatus(s->pg->conn) != CONNECTION_OK || status == STATUS_STOPPED)
            return status;
    }
    struct failure first = *s->o.failure;
    enum status left = leave_pipeline(s);
    if (status != STATUS_OK)
        *s->o.failure = first;
    return status != STATUS_OK ? status : left;
}

/* ---- the transaction ---- */

/* From the first checkpoint on: ids that were drawn before must outlive a crash, since the other
 * side keeps them too. */
static enum status hurry(struct sink *s)
{
    if (!s->o.log_stays || s->hurries)
        return STATUS_OK;
    s->hurries = true;
    return session_run(pg_session(s->pg), NULL, NULL, 0, "SET synchronous_commit = off");
}

/* Nothing is sent yet: the first set decides how. */
static enum status begin(struct sink *s, const struct checkpoint *c)
{
    TRY(hurry(s));
    s->savepoint = false;
    s->opening = c;
    return crash_awaits(CRASH_AFTER_MARKER) ? sink_settle(s) : STATUS_OK;
}

static enum status write_set(struct sink *s, const struct row_set *set)
{
    enum { COPY_FROM_ROWS = 500, FLUSH_FROM_ROWS = 50 };
    if (set->nrows == 0)
        return STATUS_OK;
    arena_reset(&s->scratch);
    if (set->op == SET_INSERT && set->nrows >= COPY_FROM_ROWS) {
        if (!s->opening)
            TRY(sink_settle(s)); /* COPY does not work in pipeline mode */
        return copy_set(s, set);
    }
    TRY(enter_pipeline(s));
    TRY(statement_send(s, set));
    if (crash_awaits(CRASH_BETWEEN_SETS))
        return sink_settle(s);
    if (set->nrows < FLUSH_FROM_ROWS)
        return STATUS_OK;   /* all of a small transaction goes out at once */
    return pg_flush(s->pg); /* the server works while the next set is made */
}

static enum status move(struct sink *s, const struct checkpoint *c)
{
    struct arena *a = &s->scratch;
    struct pending p = {.doing = "moving the checkpoint", .expected = 1};
    const char *values[] = {c->position, c->root ? c->root : c->position, number(a, c->link),
                            number(a, c->lane), number(a, c->seq)};
    TRY(sink_send(s, &p,
                  "UPDATE millrace.checkpoint SET position = $1, root = $2 "
                  "WHERE link = $3 AND lane = $4 AND seq = $5",
                  5, values));
    return sink_settle(s);
}

static enum status end_with(struct sink *s, const char *command)
{
    PGresult *res;
    TRY(pg_exec(s->pg, command, PGRES_COMMAND_OK, &res));
    bool same = strcmp(PQcmdStatus(res), command) == 0;
    PQclear(res);
    if (same)
        return STATUS_OK;
    return fail(s->o.failure, ERROR_INTERNAL,
                "%s: %s was answered by another tag: the transaction had failed before",
                s->o.endpoint->system, command);
}

static enum status commit(struct sink *s)
{
    TRY(sink_settle(s));
    if (!PQsendQuery(s->pg->conn, "COMMIT"))
        return pg_fail(s->pg, NULL, "COMMIT");
    TRY(pg_flush(s->pg));
    crash_here(CRASH_COMMIT_SENT);
    PGresult *res, *end;
    TRY(pg_result(s->pg, &res));
    enum status status = STATUS_OK;
    if (PQresultStatus(res) != PGRES_COMMAND_OK)
        status = pg_fail(s->pg, res, "COMMIT");
    else if (strcmp(PQcmdStatus(res), "COMMIT") != 0) /* of a failed transaction: ROLLBACK */
        status = fail(s->o.failure, ERROR_INTERNAL,
                      "%s: COMMIT was answered by %s: the transaction had failed before",
                      s->o.endpoint->system, PQcmdStatus(res));
    PQclear(res);
    while (pg_result(s->pg, &end) == STATUS_OK && end)
        PQclear(end);
    return status;
}

static enum status rollback(struct sink *s)
{
    struct failure kept = *s->o.failure;
    enum status status = STATUS_OK;
    s->opening = NULL;
    if (PQstatus(s->pg->conn) == CONNECTION_OK) {
        (void)!sink_settle(s); /* answers that are under way; their errors are known or moot */
        if (PQstatus(s->pg->conn) == CONNECTION_OK &&
            PQtransactionStatus(s->pg->conn) != PQTRANS_IDLE)
            status = end_with(s, "ROLLBACK");
    }
    if (status != STATUS_RETRY) /* a lost connection has rolled back by itself */
        *s->o.failure = kept;
    return STATUS_OK;
}

/* One at a time: each level that is left open makes the next one slower. */
static enum status savepoint(struct sink *s)
{
    TRY(sink_settle(s));
    TRY(session_query(pg_session(s->pg), NULL, NULL,
                      s->savepoint ? "RELEASE SAVEPOINT millrace_row; SAVEPOINT millrace_row"
                                   : "SAVEPOINT millrace_row",
                      0, NULL));
    s->savepoint = true;
    return STATUS_OK;
}

static enum status rollback_to_savepoint(struct sink *s)
{
    struct failure kept = *s->o.failure;
    enum status status =
        session_run(pg_session(s->pg), NULL, NULL, 0, "ROLLBACK TO SAVEPOINT millrace_row");
    if (status == STATUS_OK)
        *s->o.failure = kept;
    return status;
}

const struct sink_driver postgres_sink_driver = {
    .name = "postgresql",
    .open = open_sink,
    .session = session,
    .describe = describe,
    .is_empty = is_empty,
    .begin = begin,
    .write_set = write_set,
    .settle = sink_settle,
    .write_row = row_write,
    .savepoint = savepoint,
    .rollback_to_savepoint = rollback_to_savepoint,
    .park_row = row_park,
    .move = move,
    .commit = commit,
    .rollback = rollback,
    .close = close_sink,
};
