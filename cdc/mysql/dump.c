/* The connection that the log comes through: what is set and sent before the first event, and what
 * the errors of the stream mean (docs/SERVERS.md 2.3).
 *
 *   COM_BINLOG_DUMP        position u32, flags u16, server id u32, file name
 *                          (MariaDB by GTID: no name)
 *   COM_BINLOG_DUMP_GTID   flags u16, server id u32, name size u32, name, position u64, set size
 *                          u32, set (MySQL by GTID)
 *   each packet back       00, event;  FE: end;  FF: error
 */
#include <string.h>
#include "base/crc.h"
#include "mysql/internal.h"

enum {
    HEARTBEAT_S = 5,
    READ_TIMEOUT_S = 3 * HEARTBEAT_S,
    COM_DUMP_GTID = 30,
    FLAG_NON_BLOCK = 1,
    FIRST_OFFSET = 4,
    CRC_BYTES = 4,
};

static enum status run(struct tail *t, const char *sql)
{
    return my_exec(t->dump, sql, strlen(sql), NULL);
}

/* A reader that waits for its sink must not be cut off; the server's name for it is its session's
 * net_write_timeout. */
static enum status set_session(struct tail *t)
{
    struct buffer b;
    buffer_init(&b, 4096);
    buffer_add_format(&b,
                      "SET @master_heartbeat_period=%lld, @source_heartbeat_period=%lld,"
                      " @master_binlog_checksum=@@global.binlog_checksum,"
                      " @source_binlog_checksum=@@global.binlog_checksum,"
                      " SESSION net_write_timeout=86400, SESSION net_read_timeout=86400",
                      HEARTBEAT_S * 1000000000LL, HEARTBEAT_S * 1000000000LL);
    enum status status = run(t, buffer_text(&b));
    buffer_free(&b);
    return status;
}

static enum status learn_checksum(struct tail *t)
{
    struct rows rows;
    TRY(session_run(my_session(t->dump), &t->scratch, &rows, 0, "SELECT @master_binlog_checksum"));
    const char *name = rows.nrows == 1 ? rows_cell(&rows, 0, 0) : NULL;
    t->wants_checksum = t->checksum = name && strcmp(name, "CRC32") == 0;
    return STATUS_OK;
}

static enum status set_mariadb(struct tail *t)
{
    struct rows rows;
    struct buffer set;
    buffer_init(&set, POSITION_TEXT_MAX);
    gtid_set_write(t->set, &set);
    TRY(run(t, "SET @mariadb_slave_capability=4, @slave_gtid_strict_mode=1,"
               " @slave_gtid_ignore_duplicates=0"));
    enum status status = session_run(my_session(t->dump), &t->scratch, &rows, 1,
                                     "SET @slave_connect_state=?", buffer_text(&set));
    buffer_free(&set);
    return status;
}

/* ---- the command ---- */

static void add_le(struct buffer *b, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buffer_add_char(b, (char)(v >> (8 * i)));
}

static void write_dump(struct tail *t, struct buffer *b)
{
    add_le(b, t->set ? FIRST_OFFSET : t->at.offset, 4);
    add_le(b, 0, 2);
    add_le(b, t->options->server_id, 4);
    if (!t->set)
        buffer_add_text(b, t->at.file);
}

static void write_dump_gtid(struct tail *t, struct buffer *b)
{
    struct buffer set;
    buffer_init(&set, POSITION_TEXT_MAX);
    gtid_set_encode(t->set, &set);
    add_le(b, t->to_end ? FLAG_NON_BLOCK : 0, 2);
    add_le(b, t->options->server_id, 4);
    add_le(b, 0, 4);
    add_le(b, FIRST_OFFSET, 8);
    add_le(b, set.size, 4);
    buffer_add(b, set.data, set.size);
    buffer_free(&set);
}

static enum status send_dump(struct tail *t)
{
    struct buffer b;
    MYSQL *conn = t->dump->conn;
    bool by_gtid = t->set && !t->mariadb;
    buffer_init(&b, POSITION_TEXT_MAX);
    if (by_gtid)
        write_dump_gtid(t, &b);
    else
        write_dump(t, &b);
    int command = by_gtid ? COM_DUMP_GTID : COM_BINLOG_DUMP;
    int failed =
        conn->methods->db_command(conn, (enum enum_server_command)command, b.data, b.size, 1, NULL);
    buffer_free(&b);
    return failed ? my_fail(t->dump, "asking for the binlog") : STATUS_OK;
}

static enum status check_offset(struct tail *t)
{
    if (t->set || t->at.offset <= UINT32_MAX)
        return STATUS_OK;
    return fail(&t->failure, ERROR_UNSUPPORTED,
                "position %s:%llu lies beyond 4 GiB, where a binlog cannot be entered without "
                "GTIDs: set gtid_mode=ON on the source",
                t->at.file, (unsigned long long)t->at.offset);
}

static enum status connect_dump(struct tail *t, struct my **out)
{
    return my_open_timed(t->options->endpoint, READ_TIMEOUT_S, t->options->wake, &t->failure, out);
}

enum status dump_open(struct tail *t)
{
    struct my *my;
    TRY(check_offset(t));
    TRY(connect_dump(t, &my));
    pthread_mutex_lock(&t->gate);
    t->dump = my;
    bool stopping = t->stopping;
    pthread_mutex_unlock(&t->gate);
    if (stopping)
        return fail(&t->failure, ERROR_STOPPED, "asked to stop");
    TRY(set_session(t));
    TRY(learn_checksum(t));
    if (t->set && t->mariadb)
        TRY(set_mariadb(t));
    return send_dump(t);
}

void dump_close(struct tail *t)
{
    pthread_mutex_lock(&t->gate);
    struct my *my = t->dump;
    t->dump = NULL;
    pthread_mutex_unlock(&t->gate);
    my_close(my);
}

/* ---- errors of the stream ---- */

enum { ER_BINLOG_FATAL = 1236, ER_PURGED = 1789, ER_SAME_SERVER_ID = 4052 };

static const struct {
    const char *text; /* in the server's message */
    enum error code;
    const char *what_to_do;
} fatal[] = {
    {"same server", ERROR_SECOND_ENGINE,
     "another reader uses this link's server_id: is a second Millrace running? else set server_id "
     "of the link in the config"},
    {"purged", ERROR_POSITION_LOST,
     "binlog that this link has not read is gone: `millrace remove` it, copy its tables again, and "
     "keep the binlog longer"},
    {"more GTIDs", ERROR_POSITION_LOST,
     "the server was restored or failed over to an older copy: compare both sides, then `millrace "
     "remove` the link and copy its tables again"},
    {"not in the master", ERROR_POSITION_LOST,
     "its binlog was purged, or the server was restored or failed over to an older copy: compare "
     "both sides, then `millrace remove` the link and copy its tables again"},
    {"ould not find", ERROR_POSITION_LOST,
     "binlog that this link has not read is gone: `millrace remove` it, copy its tables again, and "
     "keep the binlog longer"},
    {"impossible position", ERROR_POSITION_LOST,
     "the binlog is shorter than it was (sync_binlog=1 prevents that): compare both sides, then "
     "`millrace remove` the link and copy its tables again"},
    {"truncated in the middle of event", ERROR_READ_AGAIN,
     "the server crashed while it wrote its log; where nothing else is lost, the next attempt "
     "begins with its next file"},
    {"nonymous", ERROR_SETTING, "set gtid_mode=ON on the source"},
    {"max_allowed_packet", ERROR_SETTING, "raise max_allowed_packet on the source"},
};

static enum status fatal_error(struct tail *t)
{
    const char *text = mysql_error(t->dump->conn);
    unsigned number = mysql_errno(t->dump->conn);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        if (strstr(text, fatal[i].text))
            return fail(&t->failure, fatal[i].code,
                        "%s: the server ends the stream: %s (error %u): %s", t->dump->base.system,
                        text, number, fatal[i].what_to_do);
    if (number == ER_SAME_SERVER_ID)
        return fail(&t->failure, ERROR_SECOND_ENGINE,
                    "%s: the server ends the stream: %s (error %u): %s", t->dump->base.system, text,
                    number, fatal[0].what_to_do);
    return fail(&t->failure, ERROR_CONFIG,
                "%s: the server ends the stream: %s (error %u): see the server's own log",
                t->dump->base.system, text, number);
}

static enum status stream_error(struct tail *t)
{
    unsigned number = mysql_errno(t->dump->conn);
    bool is_fatal = number == ER_BINLOG_FATAL || number == ER_PURGED || number == ER_SAME_SERVER_ID;
    if (is_fatal && !wake_is_set(t->options->wake))
        return fatal_error(t);
    return my_fail(t->dump, "reading the binlog");
}

static enum status ended(struct tail *t)
{
    return fail(&t->failure, ERROR_CONNECTION_LOST,
                "%s: the server has ended the binlog stream: it is shutting down",
                t->dump->base.system);
}

static enum status check_crc(struct tail *t, const uint8_t *event, size_t size)
{
    bool format = size > CRC_BYTES && event[4] == BINLOG_FORMAT_DESCRIPTION;
    if (!t->checksum || format || size < BINLOG_HEADER_BYTES + CRC_BYTES)
        return STATUS_OK;
    uint32_t said, is = crc_of(event, size - CRC_BYTES);
    memcpy(&said, event + size - CRC_BYTES, CRC_BYTES);
    if (is == said)
        return STATUS_OK;
    return fail(&t->failure, ERROR_PROTOCOL,
                "the checksum of an event after %s:%llu is wrong: the binlog is damaged, on disk "
                "or on its way; check it with mysqlbinlog --verify-binlog-checksum",
                t->at.file, (unsigned long long)t->at.offset);
}

enum status dump_next(struct tail *t, const uint8_t **event, size_t *size)
{
    MYSQL *conn = t->dump->conn;
    unsigned long n = mysql_net_read_packet(conn);
    if (n == packet_error)
        return stream_error(t);
    const uint8_t *p = conn->net.read_pos;
    *size = 0;
    if (n >= 1 && p[0] == 0xFE && n < 9)
        return t->to_end ? STATUS_OK : ended(t);
    if (n < 1 || p[0] != 0)
        return fail(&t->failure, ERROR_PROTOCOL, "the binlog stream has a packet of %lu bytes", n);
    *event = p + 1;
    *size = n - 1;
    return check_crc(t, *event, *size);
}

/* ---- the log's end ---- */

static enum status add_gtid(struct tail *t, const uint8_t *event, size_t size)
{
    struct binlog_header h;
    struct reader body;
    TRY(binlog_header_read(event, size, t->checksum, &h, &body, &t->failure));
    if (h.type == BINLOG_FORMAT_DESCRIPTION) {
        struct binlog_format format;
        TRY(binlog_format_read(body, &format, &t->failure));
        t->checksum = t->wants_checksum && format.checksum != 0;
    } else if (h.type == BINLOG_GTID || h.type == BINLOG_GTID_TAGGED) {
        struct gtid g;
        TRY(binlog_gtid_read(&h, body, &g, &t->failure));
        gtid_set_add(t->set, &g);
    }
    return STATUS_OK;
}

static enum status read_to_end(struct tail *t, const char *low)
{
    const uint8_t *event;
    size_t size;
    TRY(position_set(low, false, &t->set, &t->failure));
    TRY(dump_open(t));
    for (;;) {
        TRY(dump_next(t, &event, &size));
        if (size == 0)
            return STATUS_OK;
        TRY(add_gtid(t, event, size));
    }
}

enum status dump_log_end(struct source *s, const char *low, struct arena *a, const char **out)
{
    struct tail t;
    tail_init(&t, s);
    t.to_end = true;
    enum status status = read_to_end(&t, low);
    dump_close(&t);
    if (status == STATUS_OK) {
        position_write_set(t.set, &t.position);
        *out = arena_copy(a, t.position.data, t.position.size);
    } else {
        *s->options.failure = t.failure;
    }
    tail_free(&t);
    return status;
}
