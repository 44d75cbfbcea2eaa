#include "benchmarks/load/side.h"

#include <inttypes.h>
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mysql {
    struct side side; /* first */
    MYSQL *conn;
};

enum { LOCK_WAIT = 1205, DEADLOCK = 1213, CONNECT_SECONDS = 10 };

static MYSQL *conn_of(struct side *s)
{
    return ((struct mysql *)s)->conn;
}

static enum status failed(struct side *s, const char *doing)
{
    unsigned code = mysql_errno(conn_of(s));
    bool again = code == LOCK_WAIT || code == DEADLOCK;
    return fail(s->failure, again ? ERROR_DEADLOCK : ERROR_CONFIG, "%s: %s: %s (%u)",
                place_text(&s->place), doing, mysql_error(conn_of(s)), code);
}

static enum status mysql_side_exec(struct side *s, const char *sql, size_t size)
{
    MYSQL *conn = conn_of(s);
    int more = mysql_real_query(conn, sql, size);
    while (more == 0) {
        MYSQL_RES *res = mysql_store_result(conn);
        mysql_free_result(res);
        more = mysql_next_result(conn);
    }
    return more > 0 ? failed(s, "a statement of the load failed") : STATUS_OK;
}

/* The result of one SELECT. */
static enum status rows_of(struct side *s, const char *sql, size_t size, MYSQL_RES **out)
{
    if (mysql_real_query(conn_of(s), sql, size) != 0)
        return failed(s, sql);
    *out = mysql_store_result(conn_of(s));
    return *out ? STATUS_OK : failed(s, sql);
}

static enum status mysql_side_number(struct side *s, const char *sql, int64_t none, int64_t *out)
{
    MYSQL_RES *res;
    TRY(rows_of(s, sql, strlen(sql), &res));
    MYSQL_ROW row = mysql_fetch_row(res);
    *out = row && row[0] ? strtoll(row[0], NULL, 10) : none;
    mysql_free_result(res);
    return STATUS_OK;
}

static enum status mysql_side_poll(struct side *s, int64_t after, int64_t *ids, int max, int *count)
{
    char sql[128];
    int size = snprintf(sql, sizeof sql,
                        "SELECT id FROM load_probe WHERE id > %" PRId64 " ORDER BY id LIMIT %d",
                        after, max);
    MYSQL_RES *res;
    TRY(rows_of(s, sql, (size_t)size, &res));
    int n = 0;
    for (MYSQL_ROW row; n < max && (row = mysql_fetch_row(res)) != NULL;)
        ids[n++] = strtoll(row[0], NULL, 10);
    mysql_free_result(res);
    *count = n;
    return STATUS_OK;
}

static void mysql_side_close(struct side *s)
{
    mysql_close(conn_of(s));
    free(s);
}

static const struct side_driver driver = {
    .exec = mysql_side_exec,
    .number = mysql_side_number,
    .poll = mysql_side_poll,
    .close = mysql_side_close,
};

enum status side_open_mysql(const struct place *place, struct failure *f, struct side **out)
{
    struct mysql *m = calloc(1, sizeof *m);
    must(m != NULL);
    m->side = (struct side){.driver = &driver, .place = *place, .failure = f};
    m->conn = mysql_init(NULL);
    must(m->conn != NULL);
    unsigned seconds = CONNECT_SECONDS;
    mysql_optionsv(m->conn, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    mysql_optionsv(m->conn, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    unsigned tcp = MYSQL_PROTOCOL_TCP; /* "localhost" too: the port that was asked for */
    mysql_optionsv(m->conn, MYSQL_OPT_PROTOCOL, &tcp);
    if (!mysql_real_connect(m->conn, place->host, place->user[0] ? place->user : NULL,
                            place->password, place->database, (unsigned)place->port, NULL,
                            CLIENT_MULTI_STATEMENTS)) {
        enum status status = failed(&m->side, "cannot connect");
        mysql_side_close(&m->side);
        return status;
    }
    *out = &m->side;
    return STATUS_OK;
}
