/* The driver of MySQL and MariaDB: the session's settings, the transaction and its checkpoint row.
 *
 * The checkpoint row is marker, fence and position in one, and the first thing that a transaction
 * writes: so it stands first in the binlog. The session is in autocommit otherwise, and after any
 * error the caller says ROLLBACK: a lock wait (1205) keeps the transaction open with what it has.
 */
#include "sinks/mysql/internal.h"

#include <errmsg.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/crash.h"
#include "base/guard.h"
#include "base/log.h"

/* A host that dies leaves its locks until the server gives the connection up: after a minute in a
 * transaction, after a day between two. MariaDB has a variable for each; on MySQL the one changes
 * with every transaction, in the same round trip. */
static const char SHORT_WAIT[] = "SET SESSION wait_timeout=60";
static const char LONG_WAIT[] = "SET SESSION wait_timeout=86400";
static const char MARIADB_WAIT[] = "SET SESSION idle_transaction_timeout=60, wait_timeout=86400";

/* ---- running ---- */

/* Codes by which a server says that it wrote something else than it was given. Notes on digits
 * that were cut come with 1265 even in strict mode. */
static bool warns_of_change(unsigned code)
{
    static const unsigned codes[] = {1048, 1263, 1264, 1265, 1292, 1300, 1364, 1366, 1406, 1411};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] == code)
            return true;
    return false;
}

enum status my_sink_warnings(struct sink *s, const struct relation *r, const char *doing,
                             unsigned warnings)
{
    struct rows rows;
    if (warnings == 0)
        return STATUS_OK;
    arena_reset(&s->scratch);
    TRY(session_query(my_session(s->my), &s->scratch, &rows, "SHOW WARNINGS", 0, NULL));
    for (int i = 0; i < rows.nrows; i++) {
        unsigned code = (unsigned)strtoul(rows_cell(&rows, i, 1), NULL, 10);
        if (warns_of_change(code))
            return fail(s->failure, ERROR_VALUE,
                        "%s: %s %s.%s: the server changed a value: %s (%u)", s->my->base.system,
                        doing, r->schema, r->name, rows_cell(&rows, i, 2), code);
    }
    log_debug("system=%s table=%s.%s msg=\"warnings of no concern\" count=%u text=%s",
              s->my->base.system, r->schema, r->name, warnings,
              log_quote(rows.nrows ? rows_cell(&rows, 0, 2) : ""));
    return STATUS_OK;
}

enum status my_sink_run(struct sink *s, const struct relation *r, const char *doing,
                        uint64_t *affected)
{
    char text[400];
    snprintf(text, sizeof text, "%s %s.%s", doing, r->schema, r->name);
    if (mysql_real_query(s->my->conn, s->sql.data, s->sql.size))
        return my_fail(s->my, text);
    *affected = mysql_affected_rows(s->my->conn);
    return my_sink_warnings(s, r, doing, mysql_warning_count(s->my->conn));
}

static enum status run(struct sink *s, const char *sql, const char *doing)
{
    return mysql_query(s->my->conn, sql) ? my_fail(s->my, doing) : STATUS_OK;
}

/* ---- open and close ---- */

static enum status set_session(struct sink *s, const struct sink_options *o)
{
    int seconds = o->lock_wait_ms > 1000 ? (o->lock_wait_ms + 999) / 1000 : 1;
    s->foreign_keys = !o->cascades_in_log && !o->fast_copy;
    char *sql =
        arena_format(&s->scratch, "SET SESSION foreign_key_checks=%d, innodb_lock_wait_timeout=%d",
                     s->foreign_keys, seconds);
    TRY(run(s, sql, "setting up the session"));
    return run(s, s->my->mariadb ? MARIADB_WAIT : LONG_WAIT, "setting up the session");
}

/* Texts of a statement stay far below what the server takes in a packet. */
static enum status learn_limits(struct sink *s)
{
    struct rows rows;
    TRY(session_query(my_session(s->my), &s->scratch, &rows,
                      "SELECT @@max_allowed_packet, @@local_infile", 0, NULL));
    size_t packet = (size_t)strtoull(rows_cell(&rows, 0, 0), NULL, 10);
    s->loads = !s->my->mariadb && strcmp(rows_cell(&rows, 0, 1), "1") == 0;
    s->limits.rows = MY_STATEMENT_ROWS;
    s->limits.bytes = packet / 2 < MY_STATEMENT_BYTES ? packet / 2 : MY_STATEMENT_BYTES;
    return STATUS_OK;
}

static void sink_close(struct sink *s)
{
    if (!s)
        return;
    bulk_free(s->bulk);
    my_close(s->my);
    buffer_free(&s->sql);
    buffer_free(&s->packet.sql);
    arena_free(&s->scratch);
    arena_free(&s->arena);
    free(s);
}

static enum status set_up(struct sink *s, const struct sink_options *o)
{
    TRY(my_open_to_write(o->endpoint, o->wake, o->failure, &s->my));
    TRY(set_session(s, o));
    TRY(learn_limits(s));
    if (s->my->mariadb)
        s->bulk = bulk_new(s);
    return STATUS_OK;
}

static enum status sink_open(const struct sink_options *options, struct sink **out)
{
    struct sink *s = calloc(1, sizeof *s);
    must(s);
    *out = NULL;
    s->failure = options->failure;
    arena_init(&s->arena);
    arena_init(&s->scratch);
    buffer_init(&s->sql, MY_SQL_BYTES_MAX);
    buffer_init(&s->packet.sql, MY_SQL_BYTES_MAX);
    enum status status = set_up(s, options);
    if (status != STATUS_OK) {
        sink_close(s);
        return status;
    }
    *out = s;
    return STATUS_OK;
}

static struct session *sink_session(struct sink *s)
{
    return my_session(s->my);
}

static bool sink_is_empty(struct sink *s, const struct relation *r, enum status *status)
{
    struct rows rows = {0};
    arena_reset(&s->scratch);
    buffer_clear(&s->sql);
    buffer_add_text(&s->sql, "SELECT 1 FROM ");
    my_statement_table(&s->sql, r);
    buffer_add_text(&s->sql, " LIMIT 1");
    *status = session_query(my_session(s->my), &s->scratch, &rows, buffer_text(&s->sql), 0, NULL);
    return rows.nrows == 0;
}

/* ---- the transaction ---- */

static void add_int(struct buffer *b, int64_t i)
{
    buffer_add_int(b, i);
    buffer_add_char(b, ',');
}

static void add_text(struct buffer *b, const char *text)
{
    my_add_literal(b, text, strlen(text));
    buffer_add_char(b, ',');
}

static void add_checkpoint(struct buffer *b, const struct checkpoint *c)
{
    /* Without the guard a taken number is overwritten instead of refused. */
    buffer_add_text(b, GUARD_CHECKPOINT_FENCE ? "INSERT" : "REPLACE");
    buffer_add_text(b, " INTO millrace.checkpoint (link,lane,seq,writer,position,root,path,plan)"
                       " VALUES (");
    add_int(b, c->link);
    add_int(b, c->lane);
    add_int(b, c->seq);
    add_int(b, c->writer);
    add_text(b, c->position);
    add_text(b, c->root ? c->root : c->position);
    add_text(b, c->path ? c->path : "");
    buffer_add_text(b, "x'");
    value_add_hex(b, (const char *)c->plan, PLAN_HASH_BYTES);
    buffer_add_text(b, "')");
}

enum status my_checkpoint_taken(struct sink *s)
{
    const struct checkpoint *c = &s->begun;
    return fail(s->failure, ERROR_SECOND_ENGINE,
                "%s: checkpoint %" PRId64 " of link id %" PRId64 ", lane %d is written already: "
                "another process runs this link",
                s->my->base.system, c->seq, c->link, (int)c->lane);
}

static enum status sink_begin(struct sink *s, const struct checkpoint *c)
{
    static const char doing[] = "beginning a transaction";
    struct packet *p = &s->packet;
    s->begun = *c;
    packet_clear(p);
    if (!s->my->mariadb)
        buffer_add_text(packet_add(p, doing), SHORT_WAIT);
    buffer_add_text(packet_add(p, doing), "START TRANSACTION");
    p->checkpoint = p->nsteps;
    add_checkpoint(packet_add(p, "writing the checkpoint"), c);
    return crash_awaits(CRASH_AFTER_MARKER) ? packet_send(s) : STATUS_OK;
}

static enum status sink_settle(struct sink *s)
{
    return packet_send(s); /* all else was done, and counted, when its call returned */
}

static enum status sink_move(struct sink *s, const struct checkpoint *c)
{
    struct buffer *b = &s->sql;
    buffer_clear(b);
    buffer_add_text(b, "UPDATE millrace.checkpoint SET position=");
    my_add_literal(b, c->position, strlen(c->position));
    const char *root = c->root ? c->root : c->position;
    buffer_add_text(b, ",root=");
    my_add_literal(b, root, strlen(root));
    buffer_add_format(b, " WHERE link=%" PRId64 " AND lane=%d AND seq=%" PRId64, c->link,
                      (int)c->lane, c->seq);
    uint64_t affected;
    TRY(my_exec(s->my, b->data, b->size, &affected));
    if (affected != 1)
        return fail(s->failure, ERROR_INTERNAL,
                    "%s: checkpoint %" PRId64 " is not in its own transaction", s->my->base.system,
                    c->seq);
    return STATUS_OK;
}

/* Once COMMIT has been answered the transaction is durable, whatever becomes of what follows it: a
 * lost connection shows at the next one. */
static enum status sink_commit(struct sink *s)
{
    static const char commit[] = "COMMIT";
    MYSQL *conn = s->my->conn;
    TRY(packet_send(s));
    if (mysql_send_query(conn, commit, sizeof commit - 1))
        return my_fail(s->my, "COMMIT");
    crash_here(CRASH_COMMIT_SENT);
    bool both = !s->my->mariadb && mysql_send_query(conn, LONG_WAIT, sizeof LONG_WAIT - 1) == 0;
    if (mysql_read_query_result(conn)) {
        enum status status = my_fail(s->my, "COMMIT");
        if (both && mysql_errno(conn) < CR_MIN_ERROR)
            (void)mysql_read_query_result(conn);
        return status;
    }
    if (both)
        (void)mysql_read_query_result(conn);
    return STATUS_OK;
}

/* The connection may be gone, and with it the transaction: the failure that led here stays. */
static enum status sink_rollback(struct sink *s)
{
    packet_clear(&s->packet);
    if (mysql_query(s->my->conn, "ROLLBACK") == 0)
        return STATUS_OK;
    struct failure first = *s->failure;
    enum status status = my_fail(s->my, "ROLLBACK");
    if (status != STATUS_RETRY && status != STATUS_STOPPED)
        return status;
    *s->failure = first;
    return STATUS_OK;
}

static enum status sink_savepoint(struct sink *s)
{
    return run(s, "SAVEPOINT millrace", "setting a savepoint");
}

static enum status sink_rollback_to_savepoint(struct sink *s)
{
    return run(s, "ROLLBACK TO SAVEPOINT millrace", "going back to the savepoint");
}

const struct sink_driver mysql_sink_driver = {
    .name = "mysql",
    .open = sink_open,
    .session = sink_session,
    .describe = my_table_describe,
    .is_empty = sink_is_empty,
    .begin = sink_begin,
    .write_set = my_write_set,
    .settle = sink_settle,
    .write_row = my_write_row,
    .savepoint = sink_savepoint,
    .rollback_to_savepoint = sink_rollback_to_savepoint,
    .park_row = my_park_row,
    .move = sink_move,
    .commit = sink_commit,
    .rollback = sink_rollback,
    .close = sink_close,
};
