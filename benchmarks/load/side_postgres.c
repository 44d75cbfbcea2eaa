#include "benchmarks/load/side.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char POLL_STATEMENT[] = "load_poll";

struct postgres {
    struct side side; /* first */
    PGconn *conn;
    bool poll_prepared;
};

static PGconn *conn_of(struct side *s)
{
    return ((struct postgres *)s)->conn;
}

static enum status failed(struct side *s, PGresult *res, const char *doing)
{
    const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    const char *text = res ? PQresultErrorMessage(res) : PQerrorMessage(conn_of(s));
    enum error code = ERROR_CONFIG;
    if (state && (strncmp(state, "40", 2) == 0 || strcmp(state, "55P03") == 0))
        code = ERROR_DEADLOCK;
    enum status status = fail(s->failure, code, "%s: %s: %.*s", place_text(&s->place), doing,
                              (int)strcspn(text, "\n"), text);
    PQclear(res);
    return status;
}

static enum status postgres_exec(struct side *s, const char *sql, size_t size)
{
    (void)size;
    PGresult *res = PQexec(conn_of(s), sql);
    ExecStatusType got = PQresultStatus(res);
    if (got != PGRES_COMMAND_OK && got != PGRES_TUPLES_OK && got != PGRES_EMPTY_QUERY)
        return failed(s, res, "a statement of the load failed");
    /* COMMIT of a failed transaction succeeds, as ROLLBACK */
    if (strcmp(sql, "COMMIT") == 0 && strcmp(PQcmdStatus(res), "COMMIT") != 0) {
        PQclear(res);
        return fail(s->failure, ERROR_INTERNAL, "%s: COMMIT was answered by ROLLBACK",
                    place_text(&s->place));
    }
    PQclear(res);
    return STATUS_OK;
}

static enum status postgres_number(struct side *s, const char *sql, int64_t none, int64_t *out)
{
    PGresult *res = PQexec(conn_of(s), sql);
    if (PQresultStatus(res) != PGRES_TUPLES_OK)
        return failed(s, res, sql);
    *out = none;
    if (PQntuples(res) > 0 && !PQgetisnull(res, 0, 0))
        *out = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);
    return STATUS_OK;
}

static enum status prepare_poll(struct postgres *p)
{
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT id FROM load_probe WHERE id > $1::int8 ORDER BY id LIMIT %d",
             SIDE_POLL_MAX);
    PGresult *res = PQprepare(p->conn, POLL_STATEMENT, sql, 1, NULL);
    if (PQresultStatus(res) != PGRES_COMMAND_OK)
        return failed(&p->side, res,
                      "the poll cannot be prepared (is load_probe there? --prepare)");
    PQclear(res);
    p->poll_prepared = true;
    return STATUS_OK;
}

static enum status postgres_poll(struct side *s, int64_t after, int64_t *ids, int max, int *count)
{
    struct postgres *p = (struct postgres *)s;
    if (!p->poll_prepared)
        TRY(prepare_poll(p));
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, after);
    const char *params[] = {text};
    PGresult *res = PQexecPrepared(p->conn, POLL_STATEMENT, 1, params, NULL, NULL, 0);
    if (PQresultStatus(res) != PGRES_TUPLES_OK)
        return failed(s, res, "the poll failed");
    *count = PQntuples(res) < max ? PQntuples(res) : max;
    for (int i = 0; i < *count; i++)
        ids[i] = strtoll(PQgetvalue(res, i, 0), NULL, 10);
    PQclear(res);
    return STATUS_OK;
}

static void postgres_close(struct side *s)
{
    PQfinish(conn_of(s));
    free(s);
}

static void quiet(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

static const struct side_driver driver = {
    .exec = postgres_exec,
    .number = postgres_number,
    .poll = postgres_poll,
    .close = postgres_close,
};

enum status side_open_postgres(const struct place *place, struct failure *f, struct side **out)
{
    struct postgres *p = calloc(1, sizeof *p);
    must(p != NULL);
    p->side = (struct side){.driver = &driver, .place = *place, .failure = f};
    char port[12];
    snprintf(port, sizeof port, "%d", place->port);
    const char *keys[] = {"host", "port", "user", "password", "dbname", "application_name", NULL};
    const char *values[] = {place->host,
                            port,
                            place->user[0] ? place->user : NULL,
                            place->password,
                            place->database,
                            "millrace-load",
                            NULL};
    p->conn = PQconnectdbParams(keys, values, 0);
    if (PQstatus(p->conn) != CONNECTION_OK) {
        enum status status = failed(&p->side, NULL, "cannot connect");
        postgres_close(&p->side);
        return status;
    }
    PQsetNoticeReceiver(p->conn, quiet, NULL);
    *out = &p->side;
    return STATUS_OK;
}
