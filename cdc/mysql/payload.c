/* TRANSACTION_PAYLOAD: (packed type, packed size, value)*, type 0 ends them:
 *   1  size of the payload     2  compression: 0 zstd, 255 none     3  size when unpacked
 * then the payload: whole events without checksums, one after the other (codecs/binary.h).
 *
 * Unpacked as a stream, one event at a time: 1.4 KB may hold 40 MB.
 */
#include <stdlib.h>
#include <zstd.h>
#include "mysql/decode.h"

enum { FIELD_END = 0, FIELD_SIZE = 1, FIELD_COMPRESSION = 2 };
enum { COMPRESSION_ZSTD = 0, COMPRESSION_NONE = 255 };
enum { EVENT_TYPE_AT = 4, EVENT_SIZE_AT = 9 };

struct payload {
    ZSTD_DStream *zstd; /* NULL: not compressed */
    ZSTD_inBuffer in;   /* lies in the packet */
    uint8_t *event;     /* zstd only */
    size_t capacity, max_event;
    size_t frame_left; /* zstd's hint: 0 between frames, where alone the payload may end */
};

static enum status malformed(struct failure *f, const char *what)
{
    return fail(f, ERROR_PROTOCOL,
                "a TRANSACTION_PAYLOAD event of the binlog is damaged (%s); if mysqlbinlog reads "
                "the log at this position, please report it",
                what);
}

static bool fields_read(struct reader *r, uint64_t *size, uint64_t *compression)
{
    *size = UINT64_MAX;
    *compression = COMPRESSION_NONE;
    for (;;) {
        uint64_t type = read_packed(r);
        if (r->overrun || type == FIELD_END)
            break;
        struct reader value = read_part(r, read_packed(r));
        if (type == FIELD_SIZE)
            *size = read_packed(&value);
        else if (type == FIELD_COMPRESSION)
            *compression = read_packed(&value);
        if (value.overrun)
            r->overrun = true;
    }
    return !r->overrun;
}

enum status payload_open(struct reader body, size_t max_event, struct payload **out,
                         struct failure *f)
{
    uint64_t size, compression;
    *out = NULL;
    if (!fields_read(&body, &size, &compression))
        return malformed(f, "header");
    if (compression != COMPRESSION_ZSTD && compression != COMPRESSION_NONE)
        return fail(
            f, ERROR_UNSUPPORTED,
            "a transaction in the binlog is compressed by algorithm %ju, which is not known "
            "here; set binlog_transaction_compression=OFF",
            (uintmax_t)compression);
    struct reader payload = read_part(&body, size == UINT64_MAX ? reader_left(&body) : size);
    if (payload.overrun)
        return malformed(f, "size");
    struct payload *p = calloc(1, sizeof *p);
    must(p != NULL);
    p->in = (ZSTD_inBuffer){payload.at, reader_left(&payload), 0};
    p->max_event = max_event;
    if (compression == COMPRESSION_ZSTD) {
        p->zstd = ZSTD_createDStream();
        must(p->zstd != NULL);
    }
    *out = p;
    return STATUS_OK;
}

void payload_close(struct payload *p)
{
    if (!p)
        return;
    ZSTD_freeDStream(p->zstd);
    free(p->event);
    free(p);
}

/* Unpacks to the next `size` bytes of `event`, from `at`; fewer at the payload's end. */
static bool unpack(struct payload *p, size_t at, size_t size, size_t *end)
{
    ZSTD_outBuffer o = {p->event, size, at};
    while (o.pos < size) {
        size_t in_before = p->in.pos, out_before = o.pos;
        size_t rc = ZSTD_decompressStream(p->zstd, &o, &p->in);
        if (ZSTD_isError(rc))
            return false;
        bool moved = p->in.pos != in_before || o.pos != out_before;
        if (moved || rc == 0)
            p->frame_left = rc;
        if (!moved)
            break;
    }
    *end = o.pos;
    return true;
}

static void reserve(struct payload *p, size_t size)
{
    if (size <= p->capacity)
        return;
    size_t capacity = size + size / 2;
    p->capacity = capacity > p->max_event ? size : capacity;
    p->event = realloc(p->event, p->capacity);
    must(p->event != NULL);
}

static enum status size_check(const struct payload *p, const uint8_t *header, size_t *size,
                              struct failure *f)
{
    struct reader r = reader_of(header + EVENT_SIZE_AT, 4);
    *size = (size_t)read_le(&r, 4);
    if (*size < BINLOG_HEADER_BYTES)
        return malformed(f, "size of an event");
    if (*size > p->max_event)
        return fail(f, ERROR_UNSUPPORTED,
                    "an event of %zu bytes in a compressed transaction is larger than the limit of "
                    "%zu bytes",
                    *size, p->max_event);
    return STATUS_OK;
}

static enum status zstd_next(struct payload *p, size_t *size, struct failure *f)
{
    size_t end, whole;
    reserve(p, BINLOG_HEADER_BYTES);
    if (!unpack(p, 0, BINLOG_HEADER_BYTES, &end))
        return malformed(f, "zstd");
    *size = 0;
    if (end == 0 && p->frame_left == 0)
        return STATUS_OK;
    if (end < BINLOG_HEADER_BYTES)
        return malformed(f, "end");
    TRY(size_check(p, p->event, &whole, f));
    reserve(p, whole);
    if (!unpack(p, BINLOG_HEADER_BYTES, whole, &end) || end != whole)
        return malformed(f, "end");
    *size = whole;
    return STATUS_OK;
}

static enum status plain_next(struct payload *p, const uint8_t **event, size_t *size,
                              struct failure *f)
{
    size_t left = p->in.size - p->in.pos;
    *event = (const uint8_t *)p->in.src + p->in.pos;
    *size = 0;
    if (left == 0)
        return STATUS_OK;
    if (left < BINLOG_HEADER_BYTES)
        return malformed(f, "end");
    TRY(size_check(p, *event, size, f));
    if (*size > left)
        return malformed(f, "end");
    p->in.pos += *size;
    return STATUS_OK;
}

enum status payload_next(struct payload *p, const uint8_t **event, size_t *size, struct failure *f)
{
    if (p->zstd) {
        TRY(zstd_next(p, size, f));
        *event = p->event;
    } else {
        TRY(plain_next(p, event, size, f));
    }
    /* Nobody makes such; a reader that went into it would go as deep as the bytes say. */
    if (*size > 0 && (*event)[EVENT_TYPE_AT] == BINLOG_TRANSACTION_PAYLOAD)
        return malformed(f, "another one inside");
    return STATUS_OK;
}
