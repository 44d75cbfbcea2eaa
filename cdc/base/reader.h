/* A cursor over bytes that are not trusted: every read is checked, an overrun sets `overrun` and
 * yields zeros, so a decoder reads straight on and asks once. Pure; no ownership.
 */
#ifndef MILLRACE_BASE_READER_H
#define MILLRACE_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct reader {
    const uint8_t *at, *end;
    bool overrun;
};

static inline struct reader reader_of(const void *data, size_t size)
{
    return (struct reader){.at = data, .end = (const uint8_t *)data + size};
}

static inline size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->at);
}

/* `size` bytes in place, or NULL and overrun. */
static inline const uint8_t *read_bytes(struct reader *r, size_t size)
{
    if (reader_left(r) < size) {
        r->overrun = true;
        r->at = r->end;
        return NULL;
    }
    const uint8_t *p = r->at;
    r->at += size;
    return p;
}

static inline uint64_t read_be(struct reader *r, unsigned size)
{
    const uint8_t *p = read_bytes(r, size);
    uint64_t v = 0;
    for (unsigned i = 0; p && i < size; i++)
        v = v << 8 | p[i];
    return v;
}

static inline uint64_t read_le(struct reader *r, unsigned size)
{
    const uint8_t *p = read_bytes(r, size);
    uint64_t v = 0;
    for (unsigned i = 0; p && i < size; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static inline uint8_t read_u8(struct reader *r)
{
    return (uint8_t)read_be(r, 1);
}

/* A NUL-terminated string in place; "" and overrun where there is no NUL. */
static inline const char *read_cstring(struct reader *r)
{
    const uint8_t *nul = memchr(r->at, 0, reader_left(r));
    if (!nul) {
        r->overrun = true;
        r->at = r->end;
        return "";
    }
    const char *s = (const char *)r->at;
    r->at = nul + 1;
    return s;
}

#endif
