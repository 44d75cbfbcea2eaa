#include "events/vocabulary_once.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct packed {
    struct packed *next;
    struct arena arena;
    const char *files; /* names and folders */
    const uint8_t *data;
    size_t size;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct packed *all;

static const char *text_of(const struct vocabulary_files *files, struct arena *a)
{
    const char *text = "";
    for (size_t i = 0; i < files->n; i++)
        text = arena_format(a, "%s%s\n", text, files->names[i]);
    for (size_t i = 0; i < files->nfolders; i++)
        text = arena_format(a, "%s%s/\n", text, files->folders[i]);
    return text;
}

static const struct packed *find(const char *files)
{
    for (const struct packed *p = all; p; p = p->next)
        if (strcmp(p->files, files) == 0)
            return p;
    return NULL;
}

static enum status load(const struct vocabulary_files *files, const char *text,
                        struct vocabulary **out, struct failure *f)
{
    TRY(vocabulary_load(files, out, f));
    struct packed *p = calloc(1, sizeof *p);
    must(p);
    arena_init(&p->arena);
    TRY(vocabulary_pack(*out, &p->arena, &p->data, &p->size, f));
    p->files = arena_strdup(&p->arena, text);
    p->next = all;
    all = p;
    return STATUS_OK;
}

static enum status get(const struct vocabulary_files *files, const char *text,
                       struct vocabulary **out, struct failure *f)
{
    const struct packed *p = find(text);
    return p ? vocabulary_read(files->names[0], p->data, p->size, out, f)
             : load(files, text, out, f);
}

enum status vocabulary_once(const struct vocabulary_files *files, struct vocabulary **out,
                            struct failure *f)
{
    struct arena a;
    arena_init(&a);
    const char *text = text_of(files, &a);
    pthread_mutex_lock(&mutex);
    enum status status = get(files, text, out, f);
    pthread_mutex_unlock(&mutex);
    arena_free(&a);
    return status;
}
