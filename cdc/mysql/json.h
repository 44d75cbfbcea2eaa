/* JSON: MySQL's binary form of a document (sql-common/json_binary.h), read in place. Private to the
 * binlog's decoders. Nothing is trusted: a child lies inside its parent, or it is not valid.
 *
 *   document  type u8, value            (an empty document is the literal null)
 *   object    count, size, (key offset, key size u16)*, (type u8, offset or the value itself)*,
 *             keys, values; count, size and offsets are u16, in large objects u32; offsets from the
 *             object's start
 *   array     the same without keys
 *   string    size (7 bits a byte, low first), UTF-8
 *   opaque    MySQL's column type u8, size (as a string's), bytes
 */
#ifndef MILLRACE_MYSQL_JSON_H
#define MILLRACE_MYSQL_JSON_H

#include "base/buffer.h"
#include "base/reader.h"

enum json_type {
    JSON_SMALL_OBJECT = 0,
    JSON_LARGE_OBJECT = 1,
    JSON_SMALL_ARRAY = 2,
    JSON_LARGE_ARRAY = 3,
    JSON_LITERAL = 4,
    JSON_INT16 = 5,
    JSON_UINT16 = 6,
    JSON_INT32 = 7,
    JSON_UINT32 = 8,
    JSON_INT64 = 9,
    JSON_UINT64 = 10,
    JSON_DOUBLE = 11,
    JSON_STRING = 12,
    JSON_OPAQUE = 15,
};

enum { JSON_DEPTH_MAX = 100 }; /* the server's */

struct json_node {
    uint8_t type;
    struct reader data; /* from its start to its container's end */
};

struct json_container {
    bool object, large;
    uint32_t count;
    struct reader whole;
};

/* Where text goes. The output's size is bounded by the document's: a document whose offsets lead to
 * one child many times would else grow without limit. */
struct json_out {
    struct buffer *buffer;
    size_t limit; /* of buffer->size */
};

struct json_node json_node_of(struct reader document);
static inline bool json_is_container(const struct json_node *n)
{
    return n->type <= JSON_LARGE_ARRAY;
}
bool json_container_of(const struct json_node *n, struct json_container *out);
bool json_child(const struct json_container *c, uint32_t i, struct json_node *out);
bool json_key(const struct json_container *c, uint32_t i, const uint8_t **key, size_t *size);

/* As MySQL prints it: `{"a": 1, "b": [1, 2.5]}`. */
struct json_out json_out_of(struct buffer *buffer, size_t document_bytes);
bool json_string_write(const uint8_t *text, size_t size, struct json_out *out);
bool json_add(struct json_out *out, const char *text, size_t size);
bool json_node_write(const struct json_node *n, int depth, struct json_out *out);

#endif
