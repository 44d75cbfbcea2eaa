/* A cursor over bytes that are not trusted: every read is checked, an overrun sets `overrun` and
 * yields zeros, so a decoder reads straight on and asks once. Pure; no ownership.
 */
#ifndef MILLRACE_BASE_READER_H
#define MILLRACE_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are read in place");

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

/* Eight bytes as they lie, where so many are left; the next `size` of them are taken. */
static inline bool read_wide(struct reader *r, unsigned size, uint64_t *out)
{
    if (size == 0 || reader_left(r) < sizeof *out)
        return false;
    memcpy(out, r->at, sizeof *out);
    r->at += size;
    return true;
}

/* Of `size` bytes, 8 at most. */
static inline uint64_t read_be(struct reader *r, unsigned size)
{
    uint64_t v = 0;
    if (read_wide(r, size, &v))
        return __builtin_bswap64(v) >> (64 - 8 * size);
    const uint8_t *p = read_bytes(r, size);
    for (unsigned i = 0; p && i < size; i++)
        v = v << 8 | p[i];
    return v;
}

static inline uint64_t read_le(struct reader *r, unsigned size)
{
    uint64_t v = 0;
    if (read_wide(r, size, &v))
        return v << (64 - 8 * size) >> (64 - 8 * size);
    const uint8_t *p = read_bytes(r, size);
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
