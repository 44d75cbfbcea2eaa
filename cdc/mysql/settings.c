/* What the source's server must be set to: everything without which rows would be missing from its
 * log, or could not be read. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/log.h"
#include "mysql/internal.h"

static const char variables_sql[] =
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN"
    " ('log_bin', 'binlog_format', 'binlog_row_image', 'binlog_row_metadata', 'server_id',"
    "  'sync_binlog', 'binlog_expire_logs_seconds', 'gtid_mode', 'log_slave_updates',"
    "  'binlog_order_commits')";

/* NULL: this server has no such variable. */
static const char *variable(const struct rows *rows, const char *name)
{
    for (int i = 0; i < rows->nrows; i++)
        if (strcasecmp(rows_cell(rows, i, 0), name) == 0)
            return rows_cell(rows, i, 1);
    return NULL;
}

static bool is(const struct rows *rows, const char *name, const char *value)
{
    const char *has = variable(rows, name);
    return !has || strcasecmp(has, value) == 0;
}

static enum status refuse_log(struct source *s)
{
    return fail(s->options.failure, ERROR_SETTING,
                "%s: the binary log is off: put log_bin=binlog, server_id=<a number of its own>, "
                "binlog_format=ROW, binlog_row_image=FULL and binlog_row_metadata=FULL into "
                "[mysqld] of my.cnf and restart the server",
                s->my->base.system);
}

static enum status refuse(struct source *s, const struct rows *rows, const char *name,
                          const char *value, const char *why)
{
    return fail(s->options.failure, ERROR_SETTING,
                "%s: %s is %s, and %s: run SET GLOBAL %s=%s, put %s=%s into [mysqld] of my.cnf, "
                "and let open sessions of the applications connect again",
                s->my->base.system, name, variable(rows, name), why, name, value, name, value);
}

static enum status check_rows(struct source *s, const struct rows *rows)
{
    if (!is(rows, "binlog_format", "ROW"))
        return refuse(s, rows, "binlog_format", "ROW", "statements cannot be replicated");
    if (!is(rows, "binlog_row_image", "FULL") && !is(rows, "binlog_row_image", "FULL_NODUP"))
        return refuse(s, rows, "binlog_row_image", "FULL", "rows in the log lack columns");
    if (!is(rows, "binlog_row_metadata", "FULL"))
        return refuse(s, rows, "binlog_row_metadata", "FULL", "the log does not name the columns");
    if (!is(rows, "binlog_order_commits", "ON"))
        return refuse(s, rows, "binlog_order_commits", "ON",
                      "the sets of executed GTIDs have holes");
    return STATUS_OK;
}

static enum status check_server_id(struct source *s, const struct rows *rows)
{
    const char *id = variable(rows, "server_id");
    if (id && strtoul(id, NULL, 10) == s->options.server_id)
        return fail(s->options.failure, ERROR_SETTING,
                    "%s: the link's server_id %s is the server's own: set another server_id for "
                    "the link in the config",
                    s->my->base.system, id);
    return STATUS_OK;
}

static void warn(const struct source *s, const char *text)
{
    log_warn("link=%s system=%s msg=%s", s->options.link, s->my->base.system, log_quote(text));
}

static void warn_of(struct source *s, const struct rows *rows)
{
    const char *sync = variable(rows, "sync_binlog");
    const char *expiry = variable(rows, "binlog_expire_logs_seconds");
    long seconds = expiry ? atol(expiry) : 0;
    if (sync && strcmp(sync, "1") != 0)
        warn(s, "sync_binlog is not 1: after a power cut the source may have lost what the target "
                "already has");
    if (seconds > 0 && seconds < 86400)
        warn(s, "the binlog is kept for less than a day: a link that is down for longer starts "
                "over (binlog_expire_logs_seconds)");
    if (!s->gtids)
        warn(s, "gtid_mode is not ON: positions are files and offsets, and end with this server");
}

/* A filter at the source drops changes of whole databases from the log. Seen only with REPLICATION
 * CLIENT (MySQL) or BINLOG MONITOR (MariaDB); without it the filter cannot be looked for. */
static enum status check_filters(struct source *s)
{
    struct rows rows;
    bool renamed = !s->mariadb && s->my->base.version >= 80200;
    enum status status = session_run(my_session(s->my), &s->arena, &rows, 0,
                                     renamed ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS");
    if (status != STATUS_OK && s->options.failure->code != ERROR_PRIVILEGE)
        return status;
    failure_clear(s->options.failure);
    bool filtered = status == STATUS_OK && rows.nrows > 0 && rows.ncolumns >= 4 &&
                    ((rows_cell(&rows, 0, 2) && *rows_cell(&rows, 0, 2)) ||
                     (rows_cell(&rows, 0, 3) && *rows_cell(&rows, 0, 3)));
    if (filtered)
        return fail(s->options.failure, ERROR_SETTING,
                    "%s: binlog_do_db or binlog_ignore_db keeps changes out of the log: remove it "
                    "from my.cnf and restart the server",
                    s->my->base.system);
    return STATUS_OK;
}

enum status my_settings_check(struct source *s)
{
    struct rows rows;
    TRY(session_run(my_session(s->my), &s->arena, &rows, 0, variables_sql));
    if (!is(&rows, "log_bin", "ON"))
        return refuse_log(s);
    TRY(check_rows(s, &rows));
    TRY(check_server_id(s, &rows));
    TRY(check_filters(s));
    warn_of(s, &rows);
    return STATUS_OK;
}
