/* Events other than rows, each a few fields at fixed places.
 *
 *   header   timestamp u32, type u8, server_id u32, size u32, log_pos u32, flags u16
 *   FDE      version u16, server version [50], created u32, header length u8, post-header lengths,
 *            checksum algorithm u8, checksum u32 (both always there)
 *   ROTATE   position u64, file name
 *   QUERY    thread u32, seconds u32, database length u8, error u16, size of status variables u16,
 *            status variables, database, NUL, SQL
 *   GTID     flags u8, uuid [16], number u64, 2, last committed u64, sequence u64,
 *            commit time [7] of this server (top bit: the original one follows), ...
 *   TAGGED   see tagged_read
 *   MariaDB  number u64, domain u32, flags u8, ...; the server id is the header's
 */
#include "mysql/decode.h"

enum { CHECKSUM_BYTES = 4 };

enum {
    MARIA_STANDALONE = 1,
    MARIA_DDL = 0x20,
    MARIA_PREPARED_XA = 0x40,
    MARIA_COMPLETED_XA = 0x80
};

static enum status cut_short(struct failure *f, const char *event)
{
    return fail(f, ERROR_PROTOCOL,
                "a %s event of the binlog is cut short or not of a form known here; if mysqlbinlog "
                "reads the log at this position, please report it",
                event);
}

static void header_fields(struct reader *r, struct binlog_header *h)
{
    h->timestamp = (uint32_t)read_le(r, 4);
    h->type = read_u8(r);
    h->server_id = (uint32_t)read_le(r, 4);
    h->size = (uint32_t)read_le(r, 4);
    h->log_pos = (uint32_t)read_le(r, 4);
    h->flags = (uint16_t)read_le(r, 2);
}

enum status binlog_header_read(const void *data, size_t size, bool checksum,
                               struct binlog_header *h, struct reader *body, struct failure *f)
{
    struct reader r = reader_of(data, size);
    header_fields(&r, h);
    /* A format description carries its checksum even where checksums are off. */
    size_t tail = checksum || h->type == BINLOG_FORMAT_DESCRIPTION ? CHECKSUM_BYTES : 0;
    if (r.overrun || h->size != size || reader_left(&r) < tail)
        return fail(f, ERROR_PROTOCOL,
                    "a binlog event says it has %u bytes, %zu came: the stream is damaged; restart "
                    "the link, and check the server's binlog with mysqlbinlog",
                    r.overrun ? 0 : h->size, size);
    r.end -= tail;
    *body = r;
    return STATUS_OK;
}

enum status binlog_format_read(struct reader body, struct binlog_format *out, struct failure *f)
{
    size_t size = sizeof out->server_version - 1;
    read_le(&body, 2);
    const uint8_t *version = read_bytes(&body, size);
    if (!version || reader_left(&body) < 6)
        return cut_short(f, "FORMAT_DESCRIPTION");
    memcpy(out->server_version, version, size);
    out->server_version[size] = 0;
    out->checksum = body.end[-1];
    if (out->checksum > 1)
        return fail(f, ERROR_UNSUPPORTED,
                    "the binlog's checksum algorithm %u is not known; set binlog_checksum=CRC32",
                    out->checksum);
    return STATUS_OK;
}

enum status binlog_rotate_read(struct reader body, struct binlog_rotate *out, struct failure *f)
{
    out->position = read_le(&body, 8);
    out->file = (const char *)body.at;
    out->file_size = reader_left(&body);
    if (body.overrun || out->file_size == 0)
        return cut_short(f, "ROTATE");
    return STATUS_OK;
}

enum status binlog_query_read(uint8_t type, struct reader body, struct arena *a,
                              struct binlog_query *out, struct failure *f)
{
    read_bytes(&body, 8);
    size_t database_size = read_u8(&body);
    read_bytes(&body, 2);
    read_bytes(&body, (size_t)read_le(&body, 2));
    const uint8_t *database = read_bytes(&body, database_size);
    if (read_u8(&body) != 0 || body.overrun)
        return cut_short(f, "QUERY");
    out->database = (const char *)database;
    const uint8_t *sql = body.at;
    out->sql_size = reader_left(&body);
    if (type == BINLOG_MARIA_QUERY_COMPRESSED && !zip_record_read(body, a, &sql, &out->sql_size))
        return cut_short(f, "QUERY_COMPRESSED");
    out->sql = (const char *)sql;
    return STATUS_OK;
}

static enum status plain_read(const struct binlog_header *h, struct reader r, struct gtid *out,
                              struct failure *f)
{
    read_u8(&r);
    const uint8_t *uuid = read_bytes(&r, sizeof out->uuid);
    out->number = read_le(&r, 8);
    if (r.overrun)
        return cut_short(f, "GTID");
    memcpy(out->uuid, uuid, sizeof out->uuid);
    out->anonymous = h->type == BINLOG_ANONYMOUS_GTID;
    if (reader_left(&r) >= 24 && read_u8(&r) == 2) {
        read_bytes(&r, 16);
        out->committed_us = (int64_t)(read_le(&r, 7) & ~(1ULL << 55));
    }
    return STATUS_OK;
}

/* The bytes that follow the first are as many as it ends in 1 bits; the rest is the number. */
static uint64_t read_varint(struct reader *r)
{
    uint8_t first = read_u8(r);
    unsigned more = first == 0xff ? 8 : (unsigned)__builtin_ctz(~(unsigned)first);
    if (more >= 7)
        return read_le(r, more);
    return first >> (more + 1) | read_le(r, more) << (7 - more);
}

static int64_t read_zigzag(struct reader *r)
{
    uint64_t u = read_varint(r);
    return (int64_t)(u >> 1) ^ -(int64_t)(u & 1);
}

static void read_tag(struct reader *r, struct gtid *out)
{
    uint64_t size = read_varint(r);
    const uint8_t *tag = size < sizeof out->tag ? read_bytes(r, (size_t)size) : NULL;
    if (!tag) {
        r->overrun = true;
        return;
    }
    memcpy(out->tag, tag, size);
    out->tag[size] = 0;
}

static void tagged_field(struct reader *r, uint64_t field, struct gtid *out)
{
    switch (field) {
    case 1:
        for (size_t i = 0; i < sizeof out->uuid; i++)
            out->uuid[i] = (uint8_t)read_varint(r);
        break;
    case 2:
        out->number = (uint64_t)read_zigzag(r);
        break;
    case 3:
        read_tag(r, out);
        break;
    case 6:
        out->committed_us = (int64_t)read_varint(r);
        break;
    default: /* 0 flags, 4 last committed, 5 sequence: one number each */
        read_varint(r);
    }
}

/* A message of mysql::serialization: version, size, last field that may not be ignored, then
 * (field id, value)*, ids rising (control_events.h, Gtid_event::define_fields). */
static enum status tagged_read(struct reader r, struct gtid *out, struct failure *f)
{
    read_varint(&r);
    read_varint(&r);
    read_varint(&r);
    while (!r.overrun && reader_left(&r) > 0) {
        uint64_t field = read_varint(&r);
        if (field > 6)
            break;
        tagged_field(&r, field, out);
    }
    if (r.overrun || out->number == 0)
        return cut_short(f, "GTID_TAGGED");
    return STATUS_OK;
}

static enum status maria_read(const struct binlog_header *h, struct reader r, struct gtid *out,
                              struct failure *f)
{
    out->mariadb = true;
    out->server_id = h->server_id;
    out->number = read_le(&r, 8);
    out->domain = (uint32_t)read_le(&r, 4);
    uint8_t flags = read_u8(&r);
    out->standalone = flags & MARIA_STANDALONE;
    out->ddl = flags & MARIA_DDL;
    out->xa = flags & (MARIA_PREPARED_XA | MARIA_COMPLETED_XA);
    return r.overrun ? cut_short(f, "GTID") : STATUS_OK;
}

enum status binlog_gtid_read(const struct binlog_header *h, struct reader body, struct gtid *out,
                             struct failure *f)
{
    memset(out, 0, sizeof *out);
    if (h->type == BINLOG_GTID_TAGGED)
        TRY(tagged_read(body, out, f));
    else if (h->type == BINLOG_MARIA_GTID)
        TRY(maria_read(h, body, out, f));
    else
        TRY(plain_read(h, body, out, f));
    if (out->committed_us == 0)
        out->committed_us = (int64_t)h->timestamp * 1000000;
    return STATUS_OK;
}
