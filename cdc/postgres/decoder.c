/* decoder.c: pgoutput's messages, in wire order. */
#include "postgres/decoder.h"

/* Seconds from 1970-01-01 to 2000-01-01, in microseconds. */
static const int64_t POSTGRES_EPOCH_US = INT64_C(946684800) * 1000000;

static int64_t read_time_us(struct reader *r)
{
    int64_t us = (int64_t)read_be(r, 8), out;
    return __builtin_add_overflow(us, POSTGRES_EPOCH_US, &out) ? 0 : out;
}

static void read_begin(struct reader *r, struct pgoutput *m)
{
    m->lsn = read_be(r, 8);
    m->committed_us = read_time_us(r);
    m->xid = (uint32_t)read_be(r, 4);
}

static void read_message(struct reader *r, struct pgoutput *m)
{
    m->transactional = read_u8(r) & 1;
    m->lsn = read_be(r, 8);
    m->prefix = read_cstring(r);
    m->content_size = (uint32_t)read_be(r, 4);
    m->content = (const char *)read_bytes(r, m->content_size);
}

static void read_commit(struct reader *r, struct pgoutput *m)
{
    read_u8(r);
    read_be(r, 8);
    m->lsn = read_be(r, 8);
    m->committed_us = read_time_us(r);
}

static void read_origin(struct reader *r, struct pgoutput *m)
{
    m->lsn = read_be(r, 8);
    m->name = read_cstring(r);
}

static bool read_relation(struct reader *r, struct pgoutput *m)
{
    m->oid = (uint32_t)read_be(r, 4);
    m->schema = read_cstring(r);
    m->name = read_cstring(r);
    m->identity = (char)read_u8(r);
    m->ncolumns = (int)read_be(r, 2);
    if (m->ncolumns > PGOUTPUT_COLUMNS_MAX)
        return false;
    for (int i = 0; i < m->ncolumns && !r->overrun; i++) {
        struct pgoutput_column *c = &m->columns[i];
        c->key = read_u8(r) & 1;
        c->name = read_cstring(r);
        c->type = (uint32_t)read_be(r, 4);
        c->modifier = (int32_t)read_be(r, 4);
    }
    return true;
}

static void read_type(struct reader *r, struct pgoutput *m)
{
    m->oid = (uint32_t)read_be(r, 4);
    m->schema = read_cstring(r);
    m->name = read_cstring(r);
}

static bool read_cell(struct reader *r, struct pgoutput_cell *c)
{
    c->kind = (char)read_u8(r);
    c->size = 0;
    c->text = NULL;
    if (c->kind == 't') {
        c->size = (uint32_t)read_be(r, 4);
        c->text = (const char *)read_bytes(r, c->size);
    }
    return c->kind == 't' || c->kind == 'n' || c->kind == 'u';
}

static bool read_tuple(struct reader *r, char kind, struct pgoutput_tuple *t)
{
    t->kind = kind;
    t->ncells = (int)read_be(r, 2);
    if (t->ncells > PGOUTPUT_COLUMNS_MAX)
        return false;
    for (int i = 0; i < t->ncells; i++)
        if (!read_cell(r, &t->cells[i]))
            return false;
    return true;
}

static bool read_insert(struct reader *r, struct pgoutput *m)
{
    m->oid = (uint32_t)read_be(r, 4);
    return read_u8(r) == 'N' && read_tuple(r, 'N', &m->after);
}

static bool read_update(struct reader *r, struct pgoutput *m)
{
    m->oid = (uint32_t)read_be(r, 4);
    char kind = (char)read_u8(r);
    if (kind == 'K' || kind == 'O') {
        if (!read_tuple(r, kind, &m->before))
            return false;
        kind = (char)read_u8(r);
    }
    return kind == 'N' && read_tuple(r, 'N', &m->after);
}

static bool read_delete(struct reader *r, struct pgoutput *m)
{
    m->oid = (uint32_t)read_be(r, 4);
    char kind = (char)read_u8(r);
    return (kind == 'K' || kind == 'O') && read_tuple(r, kind, &m->before);
}

static void read_truncate(struct reader *r, struct pgoutput *m)
{
    m->noids = (uint32_t)read_be(r, 4);
    read_u8(r);
    m->oids = read_bytes(r, (size_t)m->noids * 4);
}

uint32_t pgoutput_truncated(const struct pgoutput *m, uint32_t i)
{
    struct reader r = reader_of(m->oids + (size_t)i * 4, 4);
    return (uint32_t)read_be(&r, 4);
}

static bool read_body(struct reader *r, struct pgoutput *m)
{
    switch (m->kind) {
    case 'B':
        return read_begin(r, m), true;
    case 'M':
        return read_message(r, m), true;
    case 'C':
        return read_commit(r, m), true;
    case 'O':
        return read_origin(r, m), true;
    case 'R':
        return read_relation(r, m);
    case 'Y':
        return read_type(r, m), true;
    case 'I':
        return read_insert(r, m);
    case 'U':
        return read_update(r, m);
    case 'D':
        return read_delete(r, m);
    case 'T':
        return read_truncate(r, m), true;
    default:
        return false;
    }
}

enum status pgoutput_read(const void *data, size_t size, struct pgoutput *m, struct failure *f)
{
    struct reader r = reader_of(data, size);
    m->kind = (char)read_u8(&r);
    m->before.kind = m->after.kind = 0;
    m->before.ncells = m->after.ncells = 0;
    bool sound = read_body(&r, m);
    if (!sound || r.overrun || reader_left(&r))
        return fail(f, ERROR_PROTOCOL,
                    "a pgoutput message of kind 0x%02x and %zu bytes is not as protocol version 1 "
                    "has it (near byte %zu)",
                    (unsigned char)m->kind, size, size - reader_left(&r));
    return STATUS_OK;
}

enum status walsender_read(const void *data, size_t size, struct walsender_message *m,
                           struct failure *f)
{
    struct reader r = reader_of(data, size);
    *m = (struct walsender_message){.kind = (char)read_u8(&r)};
    if (m->kind == 'w')
        m->start = read_be(&r, 8);
    m->end = read_be(&r, 8);
    read_be(&r, 8);
    if (m->kind == 'k')
        m->reply = read_u8(&r) & 1;
    m->data = r.at;
    m->size = reader_left(&r);
    if (r.overrun || (m->kind != 'w' && m->kind != 'k'))
        return fail(f, ERROR_PROTOCOL, "a replication message of kind 0x%02x and %zu bytes",
                    (unsigned char)m->kind, size);
    return STATUS_OK;
}
