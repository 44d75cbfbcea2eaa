#include "base/arena.h"
#include "base/fail.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A recycled chunk hides a use after reset from the address sanitizer: there, none is kept. */
#ifdef __SANITIZE_ADDRESS__
#define SPARE_BYTES ((size_t)0)
#else
#define SPARE_BYTES ((size_t)ARENA_SPARE_BYTES)
#endif

static const size_t standard_size = ARENA_CHUNK_BYTES - sizeof(struct arena_chunk);

static struct arena_chunk *chunk_new(size_t size)
{
    must(size < SIZE_MAX / 2);
    struct arena_chunk *c = malloc(sizeof *c + size);
    if (!c) {
        fprintf(stderr, "millrace: out of memory (%zu bytes wanted)\n", size);
        abort();
    }
    c->size = size;
    return c;
}

static void chunks_free(struct arena_chunk *c)
{
    while (c) {
        struct arena_chunk *next = c->next;
        free(c);
        c = next;
    }
}

void arena_init(struct arena *a)
{
    memset(a, 0, sizeof *a);
}

void arena_free(struct arena *a)
{
    chunks_free(a->chunks);
    chunks_free(a->spare);
    arena_init(a);
}

static void chunk_recycle(struct arena *a, struct arena_chunk *c)
{
    if (c->size != standard_size || a->spare_bytes + standard_size > SPARE_BYTES) {
        free(c);
        return;
    }
    c->next = a->spare;
    a->spare = c;
    a->spare_bytes += standard_size;
}

void arena_reset(struct arena *a)
{
    struct arena_chunk *c = a->chunks;
    while (c) {
        struct arena_chunk *next = c->next;
        chunk_recycle(a, c);
        c = next;
    }
    a->chunks = NULL;
    a->at = a->end = NULL;
    a->bytes = 0;
}

/* A large one goes behind the chunk in use, whose rest stays usable. */
static void *alloc_large(struct arena *a, size_t size)
{
    struct arena_chunk *c = chunk_new(size);
    struct arena_chunk **link = a->chunks ? &a->chunks->next : &a->chunks;
    c->next = *link;
    *link = c;
    a->bytes += sizeof *c + size;
    return c->data;
}

static struct arena_chunk *standard_chunk(struct arena *a)
{
    struct arena_chunk *c = a->spare;
    if (!c)
        return chunk_new(standard_size);
    a->spare = c->next;
    a->spare_bytes -= standard_size;
    return c;
}

void *arena_alloc_slow(struct arena *a, size_t size)
{
    if (size > standard_size / 4)
        return alloc_large(a, size);
    struct arena_chunk *c = standard_chunk(a);
    c->next = a->chunks;
    a->chunks = c;
    a->bytes += sizeof *c + standard_size;
    a->at = c->data + size;
    a->end = c->data + standard_size;
    return c->data;
}

void *arena_zalloc(struct arena *a, size_t size)
{
    void *p = arena_alloc(a, size);
    if (size > 0)
        memset(p, 0, size);
    return p;
}

char *arena_copy(struct arena *a, const void *data, size_t size)
{
    char *p = arena_alloc(a, size + 1);
    if (size > 0)
        memcpy(p, data, size);
    p[size] = 0;
    return p;
}

char *arena_strdup(struct arena *a, const char *text)
{
    return arena_copy(a, text, strlen(text));
}

char *arena_format(struct arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    must(size >= 0);
    char *p = arena_alloc(a, (size_t)size + 1);
    va_start(args, format);
    vsnprintf(p, (size_t)size + 1, format, args);
    va_end(args);
    return p;
}
