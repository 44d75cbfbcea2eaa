#include "check/dump_once.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "db/mysql/my.h"

enum {
    COM_DUMP_GTID = 30,
    NON_BLOCKING = 1,
    FIRST_OFFSET = 4,
    READ_TIMEOUT_S = 30,
    TEXT_MAX = 64 << 20,
};

struct dump {
    struct my *my;
    struct failure *failure;
    bool by_gtid;         /* MySQL's own command; MariaDB takes its set from a variable */
    struct gtid_set *set; /* NULL: file and offset */
    const char *file;
    uint64_t offset;
    bool wants_checksum, checksum;
};

/* ---- where ---- */

static bool is_mariadb(const struct check_side *side)
{
    return side->engine == ENGINE_MARIADB;
}

enum status dump_once_end(struct check *k, struct check_side *side, const char **position)
{
    struct rows rows;
    bool gtids;
    TRY(check_mysql_gtids(k, side, &gtids));
    const char *sql = is_mariadb(side)         ? "SELECT @@global.gtid_binlog_pos"
                      : gtids                  ? "SELECT @@global.gtid_executed"
                      : side->version >= 80200 ? "SHOW BINARY LOG STATUS"
                                               : "SHOW MASTER STATUS";
    TRY(session_query(side->session, &k->arena, &rows, sql, 0, NULL));
    if (rows.nrows == 0)
        return fail(&k->failure, ERROR_SETTING, "%s: the binary log is off", side->system->name);
    *position =
        gtids ? rows_cell(&rows, 0, 0)
              : arena_format(&k->arena, "%s:%s", rows_cell(&rows, 0, 0), rows_cell(&rows, 0, 1));
    return STATUS_OK;
}

static enum status read_position(struct check *k, struct check_side *side, const char *position,
                                 struct dump *d)
{
    bool gtids;
    TRY(check_mysql_gtids(k, side, &gtids));
    if (gtids) {
        d->by_gtid = !is_mariadb(side);
        d->set = gtid_set_new(is_mariadb(side));
        bool none = *position == '\0' || strcmp(position, "none") == 0;
        return none ? STATUS_OK : gtid_set_read(d->set, position, &k->failure);
    }
    const char *colon = strrchr(position, ':');
    if (!colon)
        return fail(&k->failure, ERROR_POSITION_LOST, "position %s is no file and offset",
                    position);
    d->file = arena_copy(&k->arena, position, (size_t)(colon - position));
    d->offset = strtoull(colon + 1, NULL, 10);
    return STATUS_OK;
}

/* ---- the command ---- */

static void add_le(struct buffer *b, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buffer_add_char(b, (char)(v >> (8 * i)));
}

static uint32_t draw_server_id(void)
{
    uint32_t id = 0;
    must(getrandom(&id, sizeof id, 0) == sizeof id);
    return id | 0xC0000000u;
}

static void write_by_gtid(const struct dump *d, struct buffer *b)
{
    struct buffer set;
    buffer_init(&set, TEXT_MAX);
    gtid_set_encode(d->set, &set);
    add_le(b, NON_BLOCKING, 2);
    add_le(b, draw_server_id(), 4);
    add_le(b, 0, 4);
    add_le(b, FIRST_OFFSET, 8);
    add_le(b, set.size, 4);
    buffer_add(b, set.data, set.size);
    buffer_free(&set);
}

static void write_by_file(const struct dump *d, struct buffer *b)
{
    add_le(b, d->file ? d->offset : FIRST_OFFSET, 4);
    add_le(b, NON_BLOCKING, 2);
    add_le(b, draw_server_id(), 4);
    buffer_add_text(b, d->file ? d->file : "");
}

static enum status send_dump(struct dump *d)
{
    struct buffer b;
    MYSQL *conn = d->my->conn;
    int command = d->by_gtid ? COM_DUMP_GTID : COM_BINLOG_DUMP;
    buffer_init(&b, TEXT_MAX);
    if (d->by_gtid)
        write_by_gtid(d, &b);
    else
        write_by_file(d, &b);
    int failed =
        conn->methods->db_command(conn, (enum enum_server_command)command, b.data, b.size, 1, NULL);
    buffer_free(&b);
    return failed ? my_fail(d->my, "asking for the binlog") : STATUS_OK;
}

static enum status learn_checksum(struct dump *d)
{
    struct arena a;
    struct rows rows;
    arena_init(&a);
    enum status status =
        session_run(my_session(d->my), &a, &rows, 0, "SELECT @master_binlog_checksum");
    const char *name = status == STATUS_OK ? rows_cell(&rows, 0, 0) : NULL;
    d->wants_checksum = d->checksum = name && strcmp(name, "CRC32") == 0;
    arena_free(&a);
    return status;
}

/* The checksums as the file has them: a server need not take them off for who asks for none. */
static enum status set_session(struct dump *d)
{
    struct buffer set;
    struct session *s = my_session(d->my);
    TRY(session_run(s, NULL, NULL, 0,
                    "SET @master_binlog_checksum=@@global.binlog_checksum,"
                    " @source_binlog_checksum=@@global.binlog_checksum"));
    TRY(learn_checksum(d));
    if (!d->set || d->by_gtid)
        return STATUS_OK;
    TRY(session_run(s, NULL, NULL, 0,
                    "SET @mariadb_slave_capability=4, @slave_gtid_strict_mode=1,"
                    " @slave_gtid_ignore_duplicates=0"));
    buffer_init(&set, TEXT_MAX);
    gtid_set_write(d->set, &set);
    enum status status =
        session_run(s, NULL, NULL, 1, "SET @slave_connect_state=?", buffer_text(&set));
    buffer_free(&set);
    return status;
}

static enum status stream_error(struct dump *d)
{
    return fail(d->failure, ERROR_POSITION_LOST,
                "%s: the server does not give its binlog: %s "
                "(error %u)",
                d->my->base.system, mysql_error(d->my->conn), mysql_errno(d->my->conn));
}

/* What a dump begins with, or is kept alive by: not what was asked for. */
static bool is_frame(uint8_t type)
{
    return type == BINLOG_ROTATE || type == BINLOG_FORMAT_DESCRIPTION || type == BINLOG_HEARTBEAT ||
           type == BINLOG_HEARTBEAT_V2 || type == BINLOG_PREVIOUS_GTIDS ||
           type == BINLOG_MARIA_GTID_LIST;
}

static enum status read_frame(struct dump *d, const struct binlog_header *h, struct reader body)
{
    struct binlog_format format;
    if (h->type != BINLOG_FORMAT_DESCRIPTION)
        return STATUS_OK;
    TRY(binlog_format_read(body, &format, d->failure));
    d->checksum = d->wants_checksum && format.checksum != 0;
    return STATUS_OK;
}

static enum status read_all(struct dump *d, dump_met *met, void *owner)
{
    struct binlog_header h;
    struct reader body;
    for (;;) {
        unsigned long n = mysql_net_read_packet(d->my->conn);
        if (n == packet_error)
            return stream_error(d);
        const uint8_t *p = d->my->conn->net.read_pos;
        if (n >= 1 && p[0] == 0xFE && n < 9)
            return STATUS_OK;
        if (n < 1 || p[0] != 0)
            return fail(d->failure, ERROR_PROTOCOL, "the binlog has a packet of %lu bytes", n);
        TRY(binlog_header_read(p + 1, n - 1, d->checksum, &h, &body, d->failure));
        if (is_frame(h.type))
            TRY(read_frame(d, &h, body));
        else if (!met)
            return STATUS_OK; /* it does have it */
        else
            TRY(met(owner, &h, body));
    }
}

enum status dump_once(struct check *k, struct check_side *side, const char *position, dump_met *met,
                      void *owner)
{
    struct dump d = {.failure = &k->failure};
    failure_clear(&k->failure);
    enum status status = read_position(k, side, position, &d);
    if (status == STATUS_OK)
        status = my_open_timed(side->endpoint, READ_TIMEOUT_S, &k->wake, &k->failure, &d.my);
    if (status == STATUS_OK)
        status = set_session(&d);
    if (status == STATUS_OK)
        status = send_dump(&d);
    if (status == STATUS_OK)
        status = read_all(&d, met, owner);
    my_close(d.my);
    gtid_set_free(d.set);
    return status;
}
