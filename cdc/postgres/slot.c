/* slot.c: the link's replication slot: made, judged against the link's position, dropped. */
#include "postgres/internal.h"

#include <inttypes.h>
#include <poll.h>
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"

enum { SAY_AFTER_MS = 2000, SAY_AGAIN_MS = 30 * 1000, DROP_TRIES = 50, DROP_WAIT_MS = 200 };

static const char slot_sql[] =
    "SELECT plugin, slot_type, database = current_database(), active_pid, "
    "  wal_status, confirmed_flush_lsn, temporary, pg_catalog.pg_current_wal_flush_lsn() "
    "FROM pg_catalog.pg_replication_slots WHERE slot_name = ?";

enum { PLUGIN, TYPE, HERE, ACTIVE_PID, WAL_STATUS, CONFIRMED, TEMPORARY, LOG_END };

static enum status read_slot(struct source *s, struct arena *a, struct rows *out)
{
    return session_run(pg_session(s->control), a, out, 1, slot_sql, s->o.slot);
}

static bool is(const struct rows *slot, int column, const char *text)
{
    const char *cell = rows_cell(slot, 0, column);
    return cell && strcmp(cell, text) == 0;
}

static enum status check_kind(struct source *s, const struct rows *slot)
{
    if (!is(slot, PLUGIN, "pgoutput") || !is(slot, TYPE, "logical") || !is(slot, HERE, "t") ||
        !is(slot, TEMPORARY, "f"))
        return fail(s->o.failure, ERROR_CONFIG,
                    "%s: replication slot %s is there, but is not a logical slot of pgoutput on "
                    "this database; name another one for this link (slot:)",
                    s->o.endpoint->system, s->o.slot);
    const char *pid = rows_cell(slot, 0, ACTIVE_PID);
    if (!rows_cell(slot, 0, CONFIRMED)) /* it goes away with its maker, unless that one finishes */
        return fail(s->o.failure, ERROR_SLOT_ACTIVE,
                    "%s: slot %s is still being created by the server's process %s, which waits "
                    "for running transactions",
                    s->o.endpoint->system, s->o.slot, pid ? pid : "?");
    return STATUS_OK;
}

static enum status position_lost(struct source *s, const char *what)
{
    return fail(s->o.failure, ERROR_POSITION_LOST,
                "%s: %s: changes between the link's position and now are lost to it; run `millrace "
                "remove %s` and copy its tables again",
                s->o.endpoint->system, what, s->o.link);
}

/* ---- creating ---- */

static void say_who_blocks(struct source *s)
{
    struct arena a;
    struct rows rows;
    arena_init(&a);
    if (session_run(pg_session(s->control), &a, &rows, 0,
                    "SELECT coalesce(string_agg(who, ', '), 'none found') FROM ("
                    " SELECT 'pid ' || pid || ' (' || coalesce(usename, '') || ', ' || "
                    "  coalesce(state, '') || ', since ' || xact_start::timestamptz(0) || ')' who "
                    " FROM pg_catalog.pg_stat_activity WHERE backend_xid IS NOT NULL "
                    " UNION ALL SELECT 'prepared transaction ' || gid "
                    " FROM pg_catalog.pg_prepared_xacts LIMIT 8) w") == STATUS_OK)
        log_warn("link=%s system=%s msg=\"creating a slot waits for transactions that write to "
                 "end\" running=%s",
                 s->o.link, s->o.endpoint->system, log_quote(rows_cell(&rows, 0, 0)));
    arena_free(&a);
}

/* The wait for running transactions is the server's own, inside the command. */
static enum status wait_patiently(struct source *s, struct pg *pg)
{
    int wait_ms = SAY_AFTER_MS;
    while (PQisBusy(pg->conn)) {
        int got = wake_poll(s->o.wake, PQsocket(pg->conn), POLLIN, wait_ms);
        if (got < 0)
            return fail(s->o.failure, ERROR_STOPPED, "stopped");
        if (got > 0) {
            TRY(pg_consume(pg));
            continue;
        }
        say_who_blocks(s);
        wait_ms = SAY_AGAIN_MS;
    }
    return STATUS_OK;
}

static enum status last_of(struct pg *pg, const char *sql, PGresult **out)
{
    PGresult *res, *rest;
    *out = NULL;
    TRY(pg_result(pg, &res));
    if (!res || PQresultStatus(res) != PGRES_TUPLES_OK) {
        enum status status = pg_fail(pg, res, sql);
        PQclear(res);
        return status;
    }
    *out = res;
    while (pg_result(pg, &rest) == STATUS_OK && rest)
        PQclear(rest);
    return STATUS_OK;
}

enum status slot_create_by(struct source *s, struct pg *pg, const char *sql, PGresult **out)
{
    if (!PQsendQuery(pg->conn, sql))
        return pg_fail(pg, NULL, "sending");
    TRY(pg_flush(pg));
    TRY(wait_patiently(s, pg));
    return last_of(pg, sql, out);
}

/* On a connection of its own, so that the control session can say who blocks. */
static enum status create(struct source *s)
{
    struct pg *pg;
    struct buffer sql;
    PGresult *res = NULL;
    TRY(pg_open(s->o.endpoint, PG_SESSION, s->application, s->o.wake, s->o.failure, &pg));
    buffer_init(&sql, 1 << 16);
    buffer_add_text(&sql, "SELECT lsn FROM pg_catalog.pg_create_logical_replication_slot(");
    pg_add_literal(&sql, s->o.slot);
    buffer_add_text(&sql, ", 'pgoutput')");
    enum status status = slot_create_by(s, pg, buffer_text(&sql), &res);
    if (status == STATUS_OK)
        log_info("link=%s system=%s msg=\"slot created\" slot=%s position=%s", s->o.link,
                 s->o.endpoint->system, s->o.slot, PQgetvalue(res, 0, 0));
    else if (s->o.failure->code == ERROR_SERVER_BUSY)
        fail_in(s->o.failure, "cannot create slot %s (are max_replication_slots in use?)",
                s->o.slot);
    PQclear(res);
    buffer_free(&sql);
    pg_close(pg);
    return status;
}

static enum status prepare(struct source *s, struct arena *a, bool *fresh)
{
    struct rows slot;
    bool may_create = *fresh;
    *fresh = false;
    TRY(read_slot(s, a, &slot));
    if (slot.nrows > 0)
        return check_kind(s, &slot);
    if (!may_create)
        return position_lost(s, arena_format(a, "replication slot %s is gone", s->o.slot));
    TRY(create(s));
    *fresh = true;
    crash_here(CRASH_AFTER_SLOT);
    return STATUS_OK;
}

/* The publication first: the stream looks it up as it was at each point of the log. */
enum status slot_prepare(struct source *s, const struct table_name *tables, int n, bool *fresh)
{
    struct arena a;
    TRY(publication_prepare(s, tables, n));
    arena_init(&a);
    enum status status = prepare(s, &a, fresh);
    arena_free(&a);
    return status;
}

/* ---- positions ---- */

enum status slot_end(struct source *s, struct arena *a, const char **position)
{
    struct rows slot;
    TRY(read_slot(s, a, &slot));
    if (slot.nrows == 0 || !rows_cell(&slot, 0, CONFIRMED))
        return position_lost(s, arena_format(a, "replication slot %s is gone", s->o.slot));
    *position = rows_cell(&slot, 0, CONFIRMED);
    return STATUS_OK;
}

static enum status judge(struct source *s, const struct rows *slot, const char *position,
                         struct arena *a)
{
    bool ok, confirmed_ok, end_ok;
    uint64_t lsn = pg_lsn_read(position, &ok);
    uint64_t confirmed = pg_lsn_read(rows_cell(slot, 0, CONFIRMED), &confirmed_ok);
    uint64_t end = pg_lsn_read(rows_cell(slot, 0, LOG_END), &end_ok);
    if (!ok)
        return fail(s->o.failure, ERROR_CONFIG,
                    "the checkpoint's position \"%s\" is none of PostgreSQL's", position);
    if (is(slot, WAL_STATUS, "lost"))
        return position_lost(s, arena_format(a,
                                             "replication slot %s was invalidated "
                                             "(max_slot_wal_keep_size), its log is gone",
                                             s->o.slot));
    if (end_ok && lsn > end)
        return position_lost(s, arena_format(a,
                                             "the checkpoint is at %s, the server's log ends at "
                                             "%s: the server was restored or failed over",
                                             position, rows_cell(slot, 0, LOG_END)));
    if (!confirmed_ok || confirmed > lsn)
        return position_lost(s, arena_format(a,
                                             "slot %s stands at %s, the checkpoint at %s: the "
                                             "target was restored, or another program read the "
                                             "slot",
                                             s->o.slot, rows_cell(slot, 0, CONFIRMED), position));
    const char *pid = rows_cell(slot, 0, ACTIVE_PID);
    if (pid)
        return fail(s->o.failure, ERROR_SLOT_ACTIVE,
                    "%s: slot %s is in use by the server's process %s: an older connection that "
                    "has not ended yet, or a second Millrace",
                    s->o.endpoint->system, s->o.slot, pid);
    return STATUS_OK;
}

enum status slot_check_position(struct source *s, const char *position)
{
    struct arena a;
    struct rows slot;
    arena_init(&a);
    enum status status = read_slot(s, &a, &slot);
    if (status == STATUS_OK && slot.nrows == 0)
        status = position_lost(s, arena_format(&a, "replication slot %s is gone", s->o.slot));
    else if (status == STATUS_OK)
        status = judge(s, &slot, position, &a);
    arena_free(&a);
    return status;
}

/* ---- dropping ---- */

/* A walsender that has just lost its client holds the slot for a moment. */
static enum status drop(struct source *s)
{
    enum status status = STATUS_OK;
    for (int i = 0; i < DROP_TRIES; i++) {
        status = session_run(pg_session(s->control), NULL, NULL, 1,
                             "SELECT pg_catalog.pg_drop_replication_slot(slot_name) "
                             "FROM pg_catalog.pg_replication_slots WHERE slot_name = ?",
                             s->o.slot);
        if (status == STATUS_OK || s->o.failure->code != ERROR_SLOT_ACTIVE)
            return status;
        if (wake_poll(s->o.wake, -1, 0, DROP_WAIT_MS) < 0)
            return fail(s->o.failure, ERROR_STOPPED, "stopped");
    }
    return status;
}

enum status slot_remove(struct source *s)
{
    TRY(drop(s));
    return publication_remove(s);
}
