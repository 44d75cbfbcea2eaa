#include "base/buffer.h"
#include "base/fail.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buffer_init(struct buffer *b, size_t max)
{
    *b = (struct buffer){.max = max};
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    buffer_init(b, b->max);
}

static void end_process(const struct buffer *b, size_t more)
{
    fprintf(stderr, "millrace: no room for %zu more bytes in a buffer of %zu (at most %zu)\n", more,
            b->size, b->max);
    abort();
}

void buffer_grow(struct buffer *b, size_t more)
{
    if (b->capacity - b->size >= more)
        return;
    if (more > b->max || b->size > b->max - more)
        end_process(b, more);
    size_t need = b->size + more;
    size_t capacity = b->capacity ? b->capacity : 256;
    while (capacity < need)
        capacity *= 2;
    if (capacity > b->max)
        capacity = b->max;
    char *data = realloc(b->data, capacity);
    if (!data)
        end_process(b, more);
    b->data = data;
    b->capacity = capacity;
}

void buffer_add_text(struct buffer *b, const char *text)
{
    buffer_add(b, text, strlen(text));
}

void buffer_add_format(struct buffer *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    must(size >= 0);
    char *p = buffer_reserve(b, (size_t)size + 1);
    va_start(args, format);
    vsnprintf(p, (size_t)size + 1, format, args);
    va_end(args);
    b->size += (size_t)size;
}

void buffer_add_uint(struct buffer *b, uint64_t u)
{
    char digits[20], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + u % 10);
    while (u /= 10);
    buffer_add(b, at, (size_t)(digits + sizeof digits - at));
}

void buffer_add_int(struct buffer *b, int64_t i)
{
    if (i < 0)
        buffer_add_char(b, '-');
    buffer_add_uint(b, i < 0 ? -(uint64_t)i : (uint64_t)i);
}

static void add_be(struct buffer *b, uint64_t v, unsigned size)
{
    unsigned char *p = (unsigned char *)buffer_reserve(b, size);
    for (unsigned i = 0; i < size; i++)
        p[i] = (unsigned char)(v >> (8 * (size - 1 - i)));
    b->size += size;
}

void buffer_add_u16be(struct buffer *b, uint16_t v)
{
    add_be(b, v, 2);
}

void buffer_add_u32be(struct buffer *b, uint32_t v)
{
    add_be(b, v, 4);
}

void buffer_add_u64be(struct buffer *b, uint64_t v)
{
    add_be(b, v, 8);
}

const char *buffer_text(struct buffer *b)
{
    *buffer_reserve(b, 1) = 0;
    return b->data;
}
