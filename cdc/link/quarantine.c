/* quarantine.c: see quarantine.h. */
#include "link/quarantine.h"

#include <string.h>

static void forget(struct quarantine_entry *e)
{
    if (e->request.id)
        arena_free(&e->arena);
    *e = (struct quarantine_entry){0};
}

void quarantine_free(struct quarantine_queue *q)
{
    for (int i = 0; i < QUARANTINE_REQUESTS_MAX; i++)
        forget(&q->entries[i]);
}

static struct quarantine_entry *find(struct quarantine_queue *q, int64_t id)
{
    for (int i = 0; i < QUARANTINE_REQUESTS_MAX; i++)
        if (id && q->entries[i].request.id == id)
            return &q->entries[i];
    return NULL;
}

/* Of those in this state, the one that was asked first; NULL: none. */
static struct quarantine_entry *oldest(struct quarantine_queue *q, bool answered)
{
    struct quarantine_entry *first = NULL;
    for (int i = 0; i < QUARANTINE_REQUESTS_MAX; i++) {
        struct quarantine_entry *e = &q->entries[i];
        if (e->request.id && e->answered == answered &&
            (!first || e->request.id < first->request.id))
            first = e;
    }
    return first;
}

static struct quarantine_entry *make_room(struct quarantine_queue *q)
{
    for (int i = 0; i < QUARANTINE_REQUESTS_MAX; i++)
        if (!q->entries[i].request.id)
            return &q->entries[i];
    struct quarantine_entry *e = oldest(q, true);
    if (e)
        forget(e);
    return e;
}

static const char *keep(struct arena *a, const char *text)
{
    return text ? arena_strdup(a, text) : NULL;
}

static struct held_filter keep_filter(struct arena *a, const struct held_filter *filter)
{
    return (struct held_filter){
        .reasons = filter->reasons,
        .flow = keep(a, filter->flow),
        .key = keep(a, filter->key),
        .table = keep(a, filter->table),
        .column = keep(a, filter->column),
        .n = (const int64_t *)arena_copy(a, filter->n, filter->count * sizeof *filter->n),
        .count = filter->count,
    };
}

enum status quarantine_ask(struct quarantine_queue *q, bool skip, const struct held_filter *filter,
                           int64_t *id, struct failure *f)
{
    struct quarantine_entry *e = make_room(q);
    if (!e)
        return fail(f, ERROR_CONFIG, "%d requests wait for this link already: try again later",
                    (int)QUARANTINE_REQUESTS_MAX);
    arena_init(&e->arena);
    e->request.id = *id = ++q->last_id;
    e->request.skip = skip;
    e->request.filter = keep_filter(&e->arena, filter);
    return STATUS_OK;
}

bool quarantine_next(struct quarantine_queue *q, struct quarantine_request *out)
{
    const struct quarantine_entry *e = oldest(q, false);
    if (e)
        *out = e->request;
    return e != NULL;
}

static void answer(struct quarantine_entry *e, enum error error, const char *text)
{
    e->answered = true;
    e->error = error;
    e->text = arena_strdup(&e->arena, text);
}

void quarantine_answer(struct quarantine_queue *q, int64_t id, enum error error, const char *text)
{
    struct quarantine_entry *e = find(q, id);
    if (e && !e->answered)
        answer(e, error, text);
}

void quarantine_answer_all(struct quarantine_queue *q, enum error error, const char *text)
{
    struct quarantine_entry *e;
    while ((e = oldest(q, false)))
        answer(e, error, text);
}

enum status quarantine_fetch(struct quarantine_queue *q, int64_t id, bool *done,
                             struct buffer *out, struct failure *f)
{
    enum status status = STATUS_OK;
    struct quarantine_entry *e = find(q, id);
    *done = e && e->answered;
    if (!e)
        return fail(f, ERROR_CONFIG, "the process knows no such request (any more)");
    if (!*done)
        return STATUS_OK;
    if (e->error == ERROR_NONE)
        buffer_add_text(out, e->text);
    else
        status = fail(f, e->error, "%s", e->text);
    forget(e);
    return status;
}
