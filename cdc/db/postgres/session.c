/* session.c: connecting, pinned settings, and the ordinary SQL session on PostgreSQL. */
#include "db/postgres/pg.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"

enum { DEFAULT_CONNECT_TIMEOUT_MS = 10000, SQL_MAX = 16 << 20 };

/* Every setting that the text of values, or the outcome of a statement, depends on. A role or a
 * database may set any of them; the walsender formats its rows by its own, so both uses get all.
 * row_security=off: rows hidden by a policy become an error instead of missing from a copy. */
static const struct {
    const char *name, *value;
} pins[] = {
    {"synchronous_commit", "on"},
    {"default_transaction_isolation", "read committed"},
    {"default_transaction_read_only", "off"},
    {"default_transaction_deferrable", "off"},
    {"client_encoding", "UTF8"},
    {"DateStyle", "ISO, YMD"},
    {"IntervalStyle", "postgres"},
    {"TimeZone", "UTC"},
    {"extra_float_digits", "1"},
    {"bytea_output", "hex"},
    {"lc_monetary", "C"},
    {"xmlbinary", "base64"},
    {"standard_conforming_strings", "on"},
    {"search_path", ""},
    {"row_security", "off"},
    {"statement_timeout", "0"},
    {"lock_timeout", "10s"},
    {"idle_in_transaction_session_timeout", "60s"},
};

static enum status wait_socket(struct pg *pg, short events, int timeout_ms, short *got)
{
    int r = wake_poll(pg->base.wake, PQsocket(pg->conn), events, timeout_ms);
    if (r < 0)
        return fail(pg->base.failure, ERROR_STOPPED, "stopped");
    *got = (short)r;
    return STATUS_OK;
}

/* TLS may have decrypted more than libpq took in one go, and the socket would not tell: a record
 * has 16 KiB at most, a read takes 8 KiB at least. */
enum status pg_consume(struct pg *pg)
{
    for (int i = 0; i < (PQsslInUse(pg->conn) ? 3 : 1); i++)
        if (!PQconsumeInput(pg->conn))
            return pg_fail(pg, NULL, "reading");
    return STATUS_OK;
}

static enum status wait_readable(struct pg *pg, short more)
{
    short got = 0;
    TRY(wait_socket(pg, POLLIN | more, -1, &got));
    return got & (POLLIN | POLLERR | POLLHUP) ? pg_consume(pg) : STATUS_OK;
}

/* ---- connecting ---- */

static enum status connect_poll(struct pg *pg, int64_t deadline_us)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
        int64_t left_ms = (deadline_us - clock_monotonic_us()) / 1000;
        short got = 0;
        if (left_ms > 0)
            TRY(wait_socket(pg, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, (int)left_ms,
                            &got));
        if (!got)
            return fail(pg->base.failure, ERROR_CONNECT,
                        "%s: no answer from the server while connecting; is it up and reachable?",
                        pg->base.system);
        state = PQconnectPoll(pg->conn);
        if (state == PGRES_POLLING_FAILED)
            return pg_fail(pg, NULL, "connecting");
    }
    return STATUS_OK;
}

static enum status check_conninfo(const struct endpoint *e, struct failure *f)
{
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(e->conninfo ? e->conninfo : "", &message);
    if (options) {
        PQconninfoFree(options);
        return STATUS_OK;
    }
    /* libpq's message may quote a piece of the string: a password does not belong into it, but
     * nothing keeps people from putting it there. */
    PQfreemem(message);
    return fail(f, ERROR_CONFIG,
                "%s: the connection string is not one of libpq's (host=... dbname=... sslmode=...)",
                e->system);
}

static PGconn *connect_start(const struct endpoint *e, enum pg_use use, const char *application)
{
    /* What stands before dbname may be overruled by the connection string; what follows may not. */
    const char *names[16], *values[16];
    int n = 0;
#define PARAMETER(name, value) (names[n] = (name), values[n++] = (value))
    PARAMETER("keepalives_idle", "10");
    PARAMETER("keepalives_interval", "5");
    PARAMETER("keepalives_count", "4");
    PARAMETER("tcp_user_timeout", "40000");
    PARAMETER("dbname", e->conninfo ? e->conninfo : "");
    PARAMETER("client_encoding", "UTF8");
    PARAMETER("application_name", application);
    if (e->user)
        PARAMETER("user", e->user);
    if (e->password)
        PARAMETER("password", e->password);
    if (use == PG_REPLICATION)
        PARAMETER("replication", "database");
#undef PARAMETER
    names[n] = values[n] = NULL;
    return PQconnectStartParams(names, values, 1);
}

static enum status pin(struct pg *pg)
{
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    for (size_t i = 0; i < sizeof pins / sizeof *pins; i++)
        buffer_add_format(&sql, "%spg_catalog.set_config('%s', '%s', false)", i ? ", " : "SELECT ",
                          pins[i].name, pins[i].value);
    PGresult *res;
    enum status status = pg_exec(pg, buffer_text(&sql), PGRES_TUPLES_OK, &res);
    buffer_free(&sql);
    if (status != STATUS_OK)
        return status;
    PQclear(res);
    /* So that the server ends our statement when we are gone. Not every platform has it. */
    if (pg_exec(pg, "SET client_connection_check_interval = '5s'", PGRES_COMMAND_OK, &res) ==
        STATUS_OK)
        PQclear(res);
    return STATUS_OK;
}

/* A notice is the server's remark, not an error: kept out of stderr's key=value lines. */
static void on_notice(void *arg, const PGresult *res)
{
    struct pg *pg = arg;
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    log_debug("system=%s msg=\"notice\" text=%s", pg->base.system, log_quote(text ? text : ""));
}

static const struct session_driver pg_session_driver;

static enum status connect(struct pg *pg, const struct endpoint *e, enum pg_use use,
                           const char *application)
{
    struct failure *f = pg->base.failure;
    TRY(check_conninfo(e, f));
    pg->conn = connect_start(e, use, application);
    if (!pg->conn)
        return fail(f, ERROR_CONNECT, "%s: out of memory while connecting", e->system);
    if (PQstatus(pg->conn) == CONNECTION_BAD)
        return pg_fail(pg, NULL, "connecting");
    PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE); /* the only way to a SQLSTATE here */
    int timeout_ms = e->connect_timeout_ms > 0 ? e->connect_timeout_ms : DEFAULT_CONNECT_TIMEOUT_MS;
    TRY(connect_poll(pg, clock_monotonic_us() + timeout_ms * (int64_t)1000));
    PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
    PQsetNoticeReceiver(pg->conn, on_notice, pg);
    PQsetnonblocking(pg->conn, 1);
    pg->base.version = PQserverVersion(pg->conn);
    if (pg->base.version < 140000)
        return fail(f, ERROR_SETTING, "%s: PostgreSQL %d is too old, 14 or later is needed",
                    e->system, pg->base.version / 10000);
    return pin(pg);
}

enum status pg_open(const struct endpoint *e, enum pg_use use, const char *application,
                    struct wake *wake, struct failure *f, struct pg **out)
{
    *out = NULL;
    struct pg *pg = calloc(1, sizeof *pg);
    must(pg);
    pg->base = (struct session_base){.driver = &pg_session_driver,
                                     .engine = ENGINE_POSTGRES,
                                     .failure = f,
                                     .wake = wake,
                                     .system = e->system};
    enum status status = connect(pg, e, use, application);
    if (status != STATUS_OK) {
        pg_close(pg);
        return status;
    }
    *out = pg;
    return STATUS_OK;
}

void pg_close(struct pg *pg)
{
    if (!pg)
        return;
    PQfinish(pg->conn);
    free(pg);
}

/* ---- commands ---- */

enum status pg_flush(struct pg *pg)
{
    for (;;) {
        int left = PQflush(pg->conn);
        if (left < 0)
            return pg_fail(pg, NULL, "sending");
        if (left == 0)
            return STATUS_OK;
        TRY(wait_readable(pg, POLLOUT));
    }
}

enum status pg_result(struct pg *pg, PGresult **out)
{
    *out = NULL;
    while (PQisBusy(pg->conn)) {
        int left = PQflush(pg->conn);
        if (left < 0)
            return pg_fail(pg, NULL, "sending");
        TRY(wait_readable(pg, left ? POLLOUT : 0));
    }
    *out = PQgetResult(pg->conn);
    return STATUS_OK;
}

static bool copy_begins(const PGresult *res)
{
    ExecStatusType s = PQresultStatus(res);
    return s == PGRES_COPY_IN || s == PGRES_COPY_OUT || s == PGRES_COPY_BOTH;
}

static bool is_error(const PGresult *res)
{
    ExecStatusType s = PQresultStatus(res);
    return s == PGRES_FATAL_ERROR || s == PGRES_BAD_RESPONSE;
}

/* The last result of a command, or its first error; stops where a COPY begins. */
static enum status last_result(struct pg *pg, PGresult **out)
{
    PGresult *last = NULL;
    for (;;) {
        PGresult *res;
        enum status status = pg_result(pg, &res);
        if (status != STATUS_OK) {
            PQclear(last);
            return status;
        }
        if (!res)
            break;
        if (last && is_error(last)) {
            PQclear(res);
            continue;
        }
        PQclear(last);
        last = res;
        if (copy_begins(res))
            break;
    }
    *out = last;
    return STATUS_OK;
}

enum status pg_exec(struct pg *pg, const char *sql, ExecStatusType expected, PGresult **out)
{
    *out = NULL;
    if (!PQsendQuery(pg->conn, sql))
        return pg_fail(pg, NULL, "sending");
    PGresult *res;
    TRY(pg_flush(pg));
    TRY(last_result(pg, &res));
    if (res && PQresultStatus(res) == expected) {
        *out = res;
        return STATUS_OK;
    }
    enum status status = pg_fail(pg, res, sql);
    PQclear(res);
    return status;
}

enum status pg_put_copy(struct pg *pg, const char *data, size_t size)
{
    must(size <= INT32_MAX);
    for (;;) {
        int done = PQputCopyData(pg->conn, data, (int)size);
        if (done < 0)
            return pg_fail(pg, NULL, "sending rows");
        TRY(pg_flush(pg)); /* libpq's buffer grows without limit otherwise */
        if (done > 0)
            return STATUS_OK;
    }
}

static enum status copy_ended(struct pg *pg)
{
    PGresult *res;
    TRY(last_result(pg, &res));
    enum status status = STATUS_OK;
    if (!res || PQresultStatus(res) != PGRES_COMMAND_OK)
        status = pg_fail(pg, res, "reading rows");
    PQclear(res);
    return status;
}

enum status pg_get_copy(struct pg *pg, char **row, int *size)
{
    for (;;) {
        *size = PQgetCopyData(pg->conn, row, 1);
        if (*size > 0)
            return STATUS_OK;
        *row = NULL;
        if (*size == -1)
            return copy_ended(pg);
        if (*size < -1)
            return pg_fail(pg, NULL, "reading rows");
        TRY(wait_readable(pg, 0));
    }
}

/* ---- the ordinary session ---- */

/* `?` outside quotes becomes $1, $2, ... */
static void number_parameters(struct buffer *out, const char *sql)
{
    int n = 0;
    char quote = 0;
    for (const char *p = sql; *p; p++) {
        if (quote)
            quote = *p == quote ? 0 : quote;
        else if (*p == '\'' || *p == '"')
            quote = *p;
        else if (*p == '?') {
            buffer_add_format(out, "$%d", ++n);
            continue;
        }
        buffer_add_char(out, *p);
    }
}

static void copy_rows(const PGresult *res, struct arena *a, struct rows *out)
{
    int rows = PQntuples(res), columns = PQnfields(res);
    const char **cells = arena_alloc(a, ((size_t)rows * (size_t)columns + 1) * sizeof *cells);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            cells[r * columns + c] =
                PQgetisnull(res, r, c)
                    ? NULL
                    : arena_copy(a, PQgetvalue(res, r, c), (size_t)PQgetlength(res, r, c));
    out->nrows = rows;
    out->ncolumns = columns;
    out->cells = cells;
}

static enum status send_query(struct pg *pg, const char *sql, int nparams,
                              const char *const *params)
{
    if (nparams == 0)
        return PQsendQuery(pg->conn, sql) ? STATUS_OK : pg_fail(pg, NULL, "sending");
    struct buffer numbered;
    buffer_init(&numbered, SQL_MAX);
    number_parameters(&numbered, sql);
    int sent =
        PQsendQueryParams(pg->conn, buffer_text(&numbered), nparams, NULL, params, NULL, NULL, 0);
    buffer_free(&numbered);
    return sent ? STATUS_OK : pg_fail(pg, NULL, "sending");
}

static enum status query(struct session *s, const char *sql, int nparams, const char *const *params,
                         struct arena *a, struct rows *out)
{
    struct pg *pg = (struct pg *)s;
    PGresult *res;
    TRY(send_query(pg, sql, nparams, params));
    TRY(pg_flush(pg));
    TRY(last_result(pg, &res));
    enum status status = STATUS_OK;
    if (!res || is_error(res) || copy_begins(res))
        status = pg_fail(pg, res, sql);
    else if (out) {
        *out = (struct rows){.affected = strtoll(PQcmdTuples(res), NULL, 10)};
        if (a && PQresultStatus(res) == PGRES_TUPLES_OK)
            copy_rows(res, a, out);
    }
    PQclear(res);
    return status;
}

static void close_session(struct session *s)
{
    pg_close((struct pg *)s);
}

static const struct session_driver pg_session_driver = {.query = query, .close = close_session};
