/* A partial update of a JSON document: a list of changes (sql-common/json_diff.h)
 *
 *   op u8 (0 replace, 1 insert, 2 remove), packed size, path, [not remove: packed size, document]
 *
 * The document becomes a tree whose leaves are binary nodes in place; the changes edit the tree;
 * the tree is written. A container becomes tree nodes only where a path leads through it.
 *
 * Paths: $ ( .name | ."quoted name" | [index] )*
 */
#include <stdlib.h>
#include "mysql/decode.h"
#include "mysql/json.h"

enum { DIFF_REPLACE = 0, DIFF_INSERT = 1, DIFF_REMOVE = 2 };

struct tree {
    bool opened; /* a container with children; else `node` as it is */
    bool object;
    struct json_node node;
    struct tree *children;
    uint32_t n, capacity;
    const uint8_t *key; /* of a member, UTF-8 */
    size_t key_size;
};

struct step {
    bool member;
    const uint8_t *key;
    size_t key_size;
    uint64_t index;
};

/* What one update works with. A document names each child once, so what is opened is bounded. */
struct editor {
    struct arena *a;
    size_t may_open;
};

static struct tree leaf(struct json_node node)
{
    return (struct tree){.node = node};
}

static bool open_container(struct tree *t, struct editor *e)
{
    struct json_container c;
    if (t->opened)
        return true;
    if (!json_is_container(&t->node) || !json_container_of(&t->node, &c) || c.count > e->may_open)
        return false;
    e->may_open -= c.count;
    t->opened = true;
    t->object = c.object;
    t->n = t->capacity = c.count;
    t->children = arena_alloc(e->a, (size_t)c.count * sizeof *t->children);
    for (uint32_t i = 0; i < c.count; i++) {
        struct json_node child;
        if (!json_child(&c, i, &child))
            return false;
        t->children[i] = leaf(child);
        if (c.object && !json_key(&c, i, &t->children[i].key, &t->children[i].key_size))
            return false;
    }
    return true;
}

/* -- paths -- */

static void put_code(uint8_t *out, size_t *n, unsigned code)
{
    if (code < 0x80) {
        out[(*n)++] = (uint8_t)code;
    } else if (code < 0x800) {
        out[(*n)++] = (uint8_t)(0xc0 | code >> 6);
        out[(*n)++] = (uint8_t)(0x80 | (code & 63));
    } else {
        out[(*n)++] = (uint8_t)(0xe0 | code >> 12);
        out[(*n)++] = (uint8_t)(0x80 | (code >> 6 & 63));
        out[(*n)++] = (uint8_t)(0x80 | (code & 63));
    }
}

static unsigned hex_read(struct reader *r)
{
    char text[5] = {0};
    const uint8_t *p = read_bytes(r, 4);
    if (p)
        memcpy(text, p, 4);
    return (unsigned)strtoul(text, NULL, 16);
}

static void escaped_read(struct reader *r, uint8_t *out, size_t *n)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    uint8_t c = read_u8(r);
    const char *known = c ? strchr(from, c) : NULL;
    if (c == 'u')
        put_code(out, n, hex_read(r));
    else
        out[(*n)++] = known ? (uint8_t)to[known - from] : c;
}

static size_t quoted_size(const struct reader *r)
{
    const uint8_t *p = r->at;
    while (p < r->end && *p != '"')
        p += *p == '\\' ? 2 : 1;
    return (size_t)(p - r->at);
}

/* `name` in double quotes, with JSON's escapes. */
static void quoted_read(struct reader *r, struct arena *a, struct step *out)
{
    read_u8(r);
    uint8_t *key = arena_alloc(a, quoted_size(r) + 1);
    size_t n = 0;
    uint8_t c = read_u8(r);
    for (; c != '"' && !r->overrun; c = read_u8(r)) {
        if (c == '\\')
            escaped_read(r, key, &n);
        else
            key[n++] = c;
    }
    out->key = key;
    out->key_size = n;
}

static void plain_read(struct reader *r, struct step *out)
{
    out->key = r->at;
    while (reader_left(r) > 0 && *r->at != '.' && *r->at != '[')
        r->at++;
    out->key_size = (size_t)(r->at - out->key);
}

static void index_read(struct reader *r, struct step *out)
{
    out->index = 0;
    uint8_t c = read_u8(r);
    for (; c >= '0' && c <= '9' && out->index < UINT32_MAX; c = read_u8(r))
        out->index = out->index * 10 + (c - '0');
    if (c != ']')
        r->overrun = true;
}

static bool step_read(struct reader *r, struct arena *a, struct step *out)
{
    uint8_t c = read_u8(r);
    out->member = c == '.';
    if (c == '[')
        index_read(r, out);
    else if (c == '.' && reader_left(r) > 0 && *r->at == '"')
        quoted_read(r, a, out);
    else if (c == '.')
        plain_read(r, out);
    else
        r->overrun = true;
    return !r->overrun;
}

/* -- changes -- */

/* Keys are sorted by size, then by bytes. */
static int key_compare(const struct tree *t, const struct step *s)
{
    if (t->key_size != s->key_size)
        return t->key_size < s->key_size ? -1 : 1;
    return memcmp(t->key, s->key, s->key_size);
}

/* Where the step leads among the children, or where its child would be. */
static bool child_find(const struct tree *t, const struct step *s, uint32_t *at)
{
    if (!s->member) {
        *at = s->index < t->n ? (uint32_t)s->index : t->n;
        return s->index < t->n;
    }
    uint32_t i = 0;
    while (i < t->n && key_compare(&t->children[i], s) < 0)
        i++;
    *at = i;
    return i < t->n && key_compare(&t->children[i], s) == 0;
}

static void child_insert(struct tree *t, uint32_t at, struct tree child, struct arena *a)
{
    if (t->n == t->capacity) {
        t->capacity = t->capacity * 2 + 4;
        struct tree *more = arena_alloc(a, (size_t)t->capacity * sizeof *more);
        if (t->n > 0)
            memcpy(more, t->children, t->n * sizeof *more);
        t->children = more;
    }
    memmove(t->children + at + 1, t->children + at, (t->n - at) * sizeof *t->children);
    t->children[at] = child;
    t->n++;
}

static void child_remove(struct tree *t, uint32_t at)
{
    t->n--;
    memmove(t->children + at, t->children + at + 1, (t->n - at) * sizeof *t->children);
}

static bool apply_last(struct tree *t, const struct step *s, uint8_t op, struct json_node value,
                       struct arena *a)
{
    uint32_t at;
    bool found = child_find(t, s, &at);
    struct tree child = leaf(value);
    child.key = s->key;
    child.key_size = s->key_size;
    if (op == DIFF_INSERT) {
        if (s->member && found)
            return false;
        child_insert(t, at, child, a);
        return true;
    }
    if (!found)
        return false;
    if (op == DIFF_REMOVE)
        child_remove(t, at);
    else
        t->children[at] = child;
    return true;
}

static bool apply_one(struct tree *root, struct reader path, uint8_t op, struct json_node value,
                      struct editor *e)
{
    if (read_u8(&path) != '$')
        return false;
    if (reader_left(&path) == 0 && op == DIFF_REPLACE) {
        *root = leaf(value);
        return true;
    }
    struct tree *t = root;
    for (int depth = 0; depth < JSON_DEPTH_MAX && reader_left(&path) > 0; depth++) {
        struct step s = {0};
        uint32_t at;
        if (!step_read(&path, e->a, &s) || !open_container(t, e) || t->object != s.member)
            return false;
        if (reader_left(&path) == 0)
            return apply_last(t, &s, op, value, e->a);
        if (!child_find(t, &s, &at))
            return false;
        t = &t->children[at];
    }
    return false;
}

static bool apply_all(struct tree *root, struct reader diff, struct editor *e)
{
    while (reader_left(&diff) > 0) {
        struct json_node value = {0};
        uint8_t op = read_u8(&diff);
        struct reader path = read_part(&diff, read_packed(&diff));
        if (op < DIFF_REMOVE)
            value = json_node_of(read_part(&diff, read_packed(&diff)));
        if (diff.overrun || op > DIFF_REMOVE || !apply_one(root, path, op, value, e))
            return false;
    }
    return true;
}

static bool tree_write(const struct tree *t, int depth, struct json_out *out)
{
    if (!t->opened)
        return json_node_write(&t->node, depth, out);
    if (depth >= JSON_DEPTH_MAX || !json_add(out, t->object ? "{" : "[", 1))
        return false;
    for (uint32_t i = 0; i < t->n; i++) {
        const struct tree *child = &t->children[i];
        if (i > 0 && !json_add(out, ", ", 2))
            return false;
        if (t->object &&
            !(json_string_write(child->key, child->key_size, out) && json_add(out, ": ", 2)))
            return false;
        if (!tree_write(child, depth + 1, out))
            return false;
    }
    return json_add(out, t->object ? "}" : "]", 1);
}

bool json_diff_apply(struct reader before, struct reader diff, struct arena *a, struct buffer *out)
{
    size_t size = reader_left(&before) + reader_left(&diff);
    struct tree root = leaf(json_node_of(before));
    struct editor e = {a, size};
    struct json_out to = json_out_of(out, size);
    return apply_all(&root, diff, &e) && tree_write(&root, 0, &to);
}
