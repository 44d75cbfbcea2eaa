/* A growing byte buffer with a maximum: what is sent to a server, or printed. Growth past `max`
 * ends the process (a limit on everything; callers check buffer_room first where data decides).
 * Not thread-safe.
 */
#ifndef MILLRACE_BASE_BUFFER_H
#define MILLRACE_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buffer {
    char *data;
    size_t size, capacity, max;
};

void buffer_init(struct buffer *b, size_t max);
void buffer_free(struct buffer *b);
void buffer_grow(struct buffer *b, size_t more); /* room for `more` bytes after size */

static inline void buffer_clear(struct buffer *b)
{
    b->size = 0;
}

static inline char *buffer_reserve(struct buffer *b, size_t more)
{
    if (b->capacity - b->size < more)
        buffer_grow(b, more);
    return b->data + b->size;
}

static inline void buffer_add(struct buffer *b, const void *data, size_t size)
{
    if (size == 0)
        return;
    memcpy(buffer_reserve(b, size), data, size);
    b->size += size;
}

static inline void buffer_add_char(struct buffer *b, char c)
{
    *buffer_reserve(b, 1) = c;
    b->size++;
}

void buffer_add_text(struct buffer *b, const char *text);
void buffer_add_format(struct buffer *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buffer_add_int(struct buffer *b, int64_t i);
void buffer_add_uint(struct buffer *b, uint64_t u);
void buffer_add_u16be(struct buffer *b, uint16_t v);
void buffer_add_u32be(struct buffer *b, uint32_t v);
void buffer_add_u64be(struct buffer *b, uint64_t v);
/* NUL-terminates without counting the NUL; valid until the next add. */
const char *buffer_text(struct buffer *b);

#endif
