#include "db/mysql/my.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECT_TIMEOUT_MS = 10000,
    SQL_BYTES_MAX = 1 << 30, /* of one control statement with its parameters */
    PACKET_BYTES_MAX = 1 << 30,
    SILENCE_S = 30, /* a peer that answers no TCP probe for this long is gone */
};

/* Everything that we rely on, pinned; whatever the server's defaults are. One statement each, so
 * that an error names the setting. */
static const char *const pins[] = {
    "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
    "SET SESSION sql_notes=1, sql_mode='STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',"
    " time_zone='+00:00', autocommit=1, completion_type='NO_CHAIN', sql_safe_updates=0,"
    " sql_auto_is_null=0, sql_big_selects=1, sql_select_limit=DEFAULT, unique_checks=1,"
    " foreign_key_checks=1, innodb_lock_wait_timeout=2, lock_wait_timeout=10,"
    " wait_timeout=86400, net_read_timeout=60, net_write_timeout=60",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION TRANSACTION READ WRITE",
};

static enum status run(struct my *my, const char *sql)
{
    return my_exec(my, sql, strlen(sql), NULL);
}

static enum status pin(struct my *my)
{
    for (size_t i = 0; i < sizeof pins / sizeof *pins; i++)
        TRY(run(my, pins[i]));
    return run(my, my->mariadb ? "SET SESSION max_statement_time=0"
                               : "SET SESSION max_execution_time=0");
}

static enum status tls_options(struct my *my, const struct endpoint *e)
{
    const char *tls = e->tls ? e->tls : "prefer";
    my_bool yes = 1;
    if (strcmp(tls, "off") == 0 || (strcmp(tls, "prefer") == 0 && e->unix_socket))
        return STATUS_OK;
    mysql_optionsv(my->conn, MYSQL_OPT_SSL_ENFORCE, &yes);
    if (strcmp(tls, "verify-full") == 0)
        mysql_optionsv(my->conn, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
    else if (strcmp(tls, "require") != 0 && strcmp(tls, "prefer") != 0)
        return fail(my->base.failure, ERROR_CONFIG,
                    "%s: tls: \"%s\" is not known: it is off, require or verify-full", e->system,
                    tls);
    if (e->tls_ca)
        mysql_optionsv(my->conn, MYSQL_OPT_SSL_CA, e->tls_ca);
    return STATUS_OK;
}

static enum status options(struct my *my, const struct endpoint *e, unsigned read_timeout_s)
{
    int ms = e->connect_timeout_ms > 0 ? e->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    unsigned seconds = (unsigned)(ms + 999) / 1000, no = 0;
    unsigned long packet = PACKET_BYTES_MAX;
    mysql_optionsv(my->conn, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    mysql_optionsv(my->conn, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_optionsv(my->conn, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
    mysql_optionsv(my->conn, MYSQL_OPT_LOCAL_INFILE, &no); /* a server could ask for any file */
    if (my->writes)
        my_local_allow(my);
    if (read_timeout_s > 0)
        mysql_optionsv(my->conn, MYSQL_OPT_READ_TIMEOUT, &read_timeout_s);
    return tls_options(my, e);
}

/* The library connects in plain text where the server has no TLS, whatever was asked for. */
static enum status check_tls(struct my *my, const struct endpoint *e)
{
    bool wanted = e->tls && strcmp(e->tls, "off") != 0;
    if (wanted && !mysql_get_ssl_cipher(my->conn))
        return fail(my->base.failure, ERROR_CONFIG,
                    "%s: tls: %s is configured, but the server offers no TLS: enable it there, or "
                    "say tls: off",
                    e->system, e->tls);
    return STATUS_OK;
}

/* No read time-out: a statement may take its time. A host that is gone shows by TCP's own probes.
 */
static void keep_alive(int fd)
{
    int on = 1, idle = 10, interval = 5, count = (SILENCE_S - 10) / 5;
    unsigned unsent_ms = SILENCE_S * 1000;
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unsent_ms, sizeof unsent_ms);
}

static void learn_version(struct my *my)
{
    unsigned long v = mysql_get_server_version(my->conn);
    my->mariadb = mariadb_connection(my->conn) != 0;
    my->base.engine = my->mariadb ? ENGINE_MARIADB : ENGINE_MYSQL;
    my->base.version = (int)v;
}

static enum status watch(struct my *my)
{
    int fd = mysql_get_socket(my->conn);
    keep_alive(fd);
    my->cancel_fd = dup(fd);
    if (my->cancel_fd < 0)
        return fail(my->base.failure, ERROR_CONNECT, "%s: out of file descriptors",
                    my->base.system);
    if (my->base.wake)
        wake_watch(my->base.wake, my->cancel_fd);
    return STATUS_OK;
}

static enum status connect_to(struct my *my, const struct endpoint *e, unsigned read_timeout_s)
{
    char doing[600];
    if (e->unix_socket)
        snprintf(doing, sizeof doing, "connecting to %s as %s", e->unix_socket,
                 e->user ? e->user : "(no user)");
    else
        snprintf(doing, sizeof doing, "connecting to %s:%d as %s", e->host ? e->host : "localhost",
                 e->port ? e->port : 3306, e->user ? e->user : "(no user)");
    TRY(options(my, e, read_timeout_s));
    unsigned long flags = CLIENT_FOUND_ROWS | (my->writes ? CLIENT_MULTI_STATEMENTS : 0);
    /* "localhost" would mean the default unix socket: TCP is what was configured. */
    const char *host = e->unix_socket ? NULL : e->host ? e->host : "127.0.0.1";
    if (host && strcmp(host, "localhost") == 0) {
        unsigned tcp = MYSQL_PROTOCOL_TCP;
        mysql_optionsv(my->conn, MYSQL_OPT_PROTOCOL, &tcp);
    }
    if (!mysql_real_connect(my->conn, host, e->user, e->password, e->database, (unsigned)e->port,
                            e->unix_socket, flags))
        return my_fail(my, doing);
    TRY(watch(my));
    TRY(check_tls(my, e));
    learn_version(my);
    return pin(my);
}

static const struct session_driver driver;

static enum status open_as(const struct endpoint *e, unsigned read_timeout_s, bool writes,
                           struct wake *wake, struct failure *f, struct my **out)
{
    *out = NULL;
    if (wake && wake_is_set(wake))
        return fail(f, ERROR_STOPPED, "stopped before connecting to %s", e->system);
    struct my *my = calloc(1, sizeof *my);
    must(my);
    my->base = (struct session_base){
        .driver = &driver, .engine = e->engine, .failure = f, .wake = wake, .system = e->system};
    my->cancel_fd = -1;
    my->writes = writes;
    my->conn = mysql_init(NULL);
    must(my->conn);
    enum status status = connect_to(my, e, read_timeout_s);
    if (status != STATUS_OK) {
        my_close(my);
        return status;
    }
    *out = my;
    return STATUS_OK;
}

enum status my_open(const struct endpoint *e, struct wake *wake, struct failure *f, struct my **out)
{
    return open_as(e, 0, false, wake, f, out);
}

enum status my_open_timed(const struct endpoint *e, unsigned read_timeout_s, struct wake *wake,
                          struct failure *f, struct my **out)
{
    return open_as(e, read_timeout_s, false, wake, f, out);
}

enum status my_open_to_write(const struct endpoint *e, struct wake *wake, struct failure *f,
                             struct my **out)
{
    return open_as(e, 0, true, wake, f, out);
}

void my_close(struct my *my)
{
    if (!my)
        return;
    if (my->cancel_fd >= 0 && my->base.wake)
        wake_unwatch(my->base.wake, my->cancel_fd);
    mysql_close(my->conn);
    if (my->cancel_fd >= 0)
        close(my->cancel_fd);
    free(my);
}

void my_cancel(struct my *my)
{
    shutdown(my->cancel_fd, SHUT_RDWR);
}

/* The first words of a statement: what was being done, without its data. */
static const char *doing_of(const char *sql, size_t size, char out[64])
{
    size_t n = 0;
    while (n < size && n < 60 && !strchr("'\"(=;\n", sql[n]))
        n++;
    while (n > 0 && sql[n - 1] == ' ')
        n--;
    memcpy(out, sql, n);
    out[n] = '\0';
    return out;
}

static void copy_rows(MYSQL_RES *result, struct arena *a, struct rows *out)
{
    out->nrows = (int)mysql_num_rows(result);
    out->ncolumns = (int)mysql_num_fields(result);
    const char **cells = arena_alloc(a, sizeof *cells * (size_t)out->nrows * (size_t)out->ncolumns);
    out->cells = cells;
    MYSQL_ROW row;
    while ((row = mysql_fetch_row(result))) {
        unsigned long *sizes = mysql_fetch_lengths(result);
        for (int i = 0; i < out->ncolumns; i++)
            *cells++ = row[i] ? arena_copy(a, row[i], sizes[i]) : NULL;
    }
}

static enum status drain(struct my *my, const char *doing)
{
    int next;
    while ((next = mysql_next_result(my->conn)) == 0) {
        MYSQL_RES *result = mysql_store_result(my->conn);
        if (result)
            mysql_free_result(result);
        else if (mysql_errno(my->conn))
            return my_fail(my, doing);
    }
    return next > 0 ? my_fail(my, doing) : STATUS_OK;
}

static enum status read_rows(struct my *my, struct arena *a, struct rows *out, const char *doing)
{
    MYSQL_RES *result = mysql_store_result(my->conn);
    if (!result && mysql_errno(my->conn))
        return my_fail(my, doing);
    if (result && a && out)
        copy_rows(result, a, out);
    else if (out)
        out->affected = (int64_t)mysql_affected_rows(my->conn);
    if (result)
        mysql_free_result(result);
    return drain(my, doing);
}

enum status my_exec(struct my *my, const char *sql, size_t size, uint64_t *affected)
{
    char doing[64];
    struct rows rows = {0};
    doing_of(sql, size, doing);
    if (mysql_real_query(my->conn, sql, size))
        return my_fail(my, doing);
    TRY(read_rows(my, NULL, &rows, doing));
    if (affected)
        *affected = (uint64_t)rows.affected;
    return STATUS_OK;
}

/* Past a quoted run ('..', "..", `..`) that starts at `at`: doubled quotes are two runs, which is
 * as good here. */
static const char *skip_quoted(const char *at)
{
    char quote = *at++;
    for (; *at && *at != quote; at++)
        if (*at == '\\' && at[1] && quote != '`')
            at++;
    return *at ? at + 1 : at;
}

static enum status fill_in(struct my *my, const char *sql, int nparams, const char *const *params,
                           struct buffer *out)
{
    int used = 0;
    for (const char *at = sql; *at;) {
        const char *from = at;
        if (*at == '\'' || *at == '"' || *at == '`') {
            at = skip_quoted(at);
            buffer_add(out, from, (size_t)(at - from));
        } else if (*at++ != '?') {
            buffer_add_char(out, *from);
        } else if (used >= nparams) {
            return fail(my->base.failure, ERROR_INTERNAL, "more ? than parameters in: %s", sql);
        } else if (!params[used++]) {
            buffer_add_text(out, "NULL");
        } else {
            my_add_literal(out, params[used - 1], strlen(params[used - 1]));
        }
    }
    if (used != nparams)
        return fail(my->base.failure, ERROR_INTERNAL, "fewer ? than parameters in: %s", sql);
    return STATUS_OK;
}

static enum status query(struct session *s, const char *sql, int nparams, const char *const *params,
                         struct arena *a, struct rows *out)
{
    struct my *my = (struct my *)s;
    struct buffer text;
    char doing[64];
    doing_of(sql, strlen(sql), doing);
    if (out)
        *out = (struct rows){0};
    buffer_init(&text, SQL_BYTES_MAX);
    enum status status = fill_in(my, sql, nparams, params, &text);
    if (status == STATUS_OK && mysql_real_query(my->conn, text.data, text.size))
        status = my_fail(my, doing);
    else if (status == STATUS_OK)
        status = read_rows(my, a, out, doing);
    buffer_free(&text);
    return status;
}

static void close_session(struct session *s)
{
    my_close((struct my *)s);
}

static const struct session_driver driver = {.query = query, .close = close_session};
