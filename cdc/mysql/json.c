/* Binary JSON to text: containers. Scalars are in json_scalar.c. */
#include "mysql/decode.h"
#include "mysql/json.h"
#include "mysql/json_scalar.h"

enum { GROWTH_MAX = 16, GROWTH_FREE = 4096 };

struct json_out json_out_of(struct buffer *buffer, size_t document_bytes)
{
    size_t limit = buffer->size + document_bytes * GROWTH_MAX + GROWTH_FREE;
    if (limit > UINT32_MAX)
        limit = UINT32_MAX; /* a value's size */
    return (struct json_out){buffer, limit < buffer->max ? limit : buffer->max};
}

bool json_add(struct json_out *out, const char *text, size_t size)
{
    if (size > out->limit || out->buffer->size > out->limit - size)
        return false;
    buffer_add(out->buffer, text, size);
    return true;
}

struct json_node json_node_of(struct reader document)
{
    static const uint8_t null_document[] = {JSON_LITERAL, 0};
    if (reader_left(&document) == 0)
        document = reader_of(null_document, sizeof null_document);
    struct json_node n = {.type = read_u8(&document)};
    n.data = document;
    return n;
}

static unsigned offset_bytes(const struct json_container *c)
{
    return c->large ? 4 : 2;
}

bool json_container_of(const struct json_node *n, struct json_container *out)
{
    *out = (struct json_container){
        .object = n->type == JSON_SMALL_OBJECT || n->type == JSON_LARGE_OBJECT,
        .large = n->type == JSON_LARGE_OBJECT || n->type == JSON_LARGE_ARRAY,
        .whole = n->data,
    };
    struct reader r = n->data;
    unsigned width = offset_bytes(out);
    out->count = (uint32_t)read_le(&r, width);
    uint64_t size = read_le(&r, width);
    uint64_t entries = (uint64_t)out->count * ((out->object ? width + 2 : 0) + 1 + width);
    if (r.overrun || size > reader_left(&n->data) || size < 2 * width + entries)
        return false;
    out->whole.end = out->whole.at + size;
    return true;
}

static size_t key_entry(const struct json_container *c, uint32_t i)
{
    return 2 * offset_bytes(c) + (size_t)i * (offset_bytes(c) + 2);
}

static size_t value_entry(const struct json_container *c, uint32_t i)
{
    size_t values = c->object ? key_entry(c, c->count) : 2 * offset_bytes(c);
    return values + (size_t)i * (1 + offset_bytes(c));
}

/* The container from `offset` on. */
static struct reader part(const struct json_container *c, uint64_t offset)
{
    struct reader r = c->whole;
    read_part(&r, offset);
    return r;
}

static bool is_inline(const struct json_container *c, uint8_t type)
{
    if (type == JSON_INT32 || type == JSON_UINT32)
        return c->large;
    return type == JSON_LITERAL || type == JSON_INT16 || type == JSON_UINT16;
}

bool json_child(const struct json_container *c, uint32_t i, struct json_node *out)
{
    struct reader entry = part(c, value_entry(c, i));
    out->type = read_u8(&entry);
    out->data = entry;
    if (!is_inline(c, out->type))
        out->data = part(c, read_le(&entry, offset_bytes(c)));
    return !out->data.overrun && !entry.overrun;
}

bool json_key(const struct json_container *c, uint32_t i, const uint8_t **key, size_t *size)
{
    struct reader entry = part(c, key_entry(c, i));
    struct reader at = part(c, read_le(&entry, offset_bytes(c)));
    *size = (size_t)read_le(&entry, 2);
    *key = read_bytes(&at, *size);
    return *key && !entry.overrun;
}

static bool member_write(const struct json_container *c, uint32_t i, int depth,
                         struct json_out *out)
{
    struct json_node child;
    const uint8_t *key;
    size_t size;
    if (i > 0 && !json_add(out, ", ", 2))
        return false;
    if (c->object && !(json_key(c, i, &key, &size) && json_string_write(key, size, out) &&
                       json_add(out, ": ", 2)))
        return false;
    return json_child(c, i, &child) && json_node_write(&child, depth + 1, out);
}

static bool container_write(const struct json_node *n, int depth, struct json_out *out)
{
    struct json_container c;
    if (depth >= JSON_DEPTH_MAX || !json_container_of(n, &c) ||
        !json_add(out, c.object ? "{" : "[", 1))
        return false;
    for (uint32_t i = 0; i < c.count; i++)
        if (!member_write(&c, i, depth, out))
            return false;
    return json_add(out, c.object ? "}" : "]", 1);
}

bool json_node_write(const struct json_node *n, int depth, struct json_out *out)
{
    return json_is_container(n) ? container_write(n, depth, out) : json_scalar_write(n, out);
}

void binlog_json_write(const uint8_t *data, size_t size, struct buffer *out, bool *ok)
{
    struct json_node root = json_node_of(reader_of(data, size));
    struct json_out to = json_out_of(out, size);
    *ok = json_node_write(&root, 0, &to);
}
