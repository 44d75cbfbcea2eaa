/* Arena: memory with one lifetime. Chunks are recycled by arena_reset, large requests get a chunk
 * of their own (returned to the system at reset). Allocation never fails (the process ends with a
 * clear message: there is nothing a link could do). Not thread-safe: one owner at a time.
 *
 * The lifetimes: process (plain malloc at open), relation, batch, message scratch.
 */
#ifndef MILLRACE_BASE_ARENA_H
#define MILLRACE_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

enum {
    ARENA_CHUNK_BYTES = 64 * 1024,       /* of a standard chunk, with its header */
    ARENA_SPARE_BYTES = 4 * 1024 * 1024, /* kept by reset at most; what is more goes back */
};

struct arena_chunk {
    struct arena_chunk *next;
    size_t size; /* of data */
    char data[];
};

struct arena {
    struct arena_chunk *chunks; /* the one in use is first */
    struct arena_chunk *spare;  /* recycled standard chunks */
    size_t spare_bytes;
    char *at, *end;
    size_t bytes; /* held in `chunks`: what counts against a budget */
};

void arena_init(struct arena *a);
void arena_free(struct arena *a);  /* all memory back; the arena is as after init */
void arena_reset(struct arena *a); /* everything allocated is invalid; standard chunks are kept */
void *arena_alloc_slow(struct arena *a, size_t size);
char *arena_format(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* 8-byte aligned, not zeroed. */
static inline void *arena_alloc(struct arena *a, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    if ((size_t)(a->end - a->at) < size)
        return arena_alloc_slow(a, size);
    void *p = a->at;
    a->at += size;
    return p;
}

void *arena_zalloc(struct arena *a, size_t size);
char *arena_copy(struct arena *a, const void *data, size_t size); /* a NUL is appended */
char *arena_strdup(struct arena *a, const char *text);

#endif
