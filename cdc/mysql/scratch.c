/* One buffer a thread, freed when the thread ends. */
#include <pthread.h>
#include <stdlib.h>
#include "mysql/decode.h"

/* A value has at most 4 GiB; what was needed for one large value is not kept. */
enum { KEPT_BYTES = 1024 * 1024 };
static const size_t bytes_max = (size_t)8 * 1024 * 1024 * 1024;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void scratch_free(void *scratch)
{
    buffer_free(scratch);
    free(scratch);
}

static void key_make(void)
{
    must(pthread_key_create(&key, scratch_free) == 0);
}

static struct buffer *scratch_new(void)
{
    struct buffer *b = malloc(sizeof *b);
    must(b != NULL);
    buffer_init(b, bytes_max);
    must(pthread_setspecific(key, b) == 0);
    return b;
}

struct buffer *decode_scratch(void)
{
    static _Thread_local struct buffer *mine;
    if (!mine) {
        pthread_once(&once, key_make);
        mine = scratch_new();
    }
    if (mine->capacity > KEPT_BYTES) {
        buffer_free(mine);
        buffer_init(mine, bytes_max);
    }
    buffer_clear(mine);
    return mine;
}
