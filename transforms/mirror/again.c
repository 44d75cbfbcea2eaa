/* An object is told again, changed or not, because somebody asks for it: as one that was created,
 * since nobody knows what the target has of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "transforms/mirror/internal.h"

enum { SQL_MAX = 1024 * 1024 };

struct asked_again {
    struct asked_again *next;
    const struct event_run *event;
    struct value key[KEY_MAX];
};

struct event_run *again_event(struct mirror *m, const char *name)
{
    for (int i = 0; i < m->views->nviews; i++)
        if (strcmp(m->events[i].view->name, name) == 0)
            return &m->events[i];
    return NULL;
}

static enum status ask(struct mirror *m, struct event_run *e, const struct value *key,
                       struct failure *f)
{
    struct asked_again *a = arena_zalloc(&m->collected, sizeof *a);
    a->event = e;
    for (int i = 0; i < e->view->nkey; i++)
        a->key[i] = value_copy(&key[i], &m->collected);
    a->next = m->asked_again;
    m->asked_again = a;
    return touch_one(m, e, a->key, f);
}

bool again_is_asked(const struct mirror *m, const struct event_run *e, const struct value *key)
{
    for (const struct asked_again *a = m->asked_again; a; a = a->next)
        if (a->event == e && rows_same(a->key, key, e->view->nkey))
            return true;
    return false;
}

/* ---- which object ---- */

static bool has_key(struct mirror *m, struct event_run *e, const struct value *bytes,
                    const char *text, struct failure *f)
{
    struct object *o;
    const struct query *q = &e->view->query;
    return code_read_object(e->view, bytes, &m->scratch, &o, f) == STATUS_OK &&
           strcmp(code_text(&o->fields[q->key].value, &m->scratch), text) == 0;
}

static bool is_meant(struct mirror *m, struct event_run *e, sqlite3_stmt *each,
                     const struct value *key, const char *text, bool by_key, struct failure *f)
{
    int n = e->view->nkey;
    if (!by_key)
        return strcmp(evaluate_object_text(m, key, n), text) == 0;
    struct value bytes = db_column_copy(each, n, &m->scratch);
    return has_key(m, e, &bytes, text, f);
}

static enum status search(struct mirror *m, struct event_run *e, sqlite3_stmt *each,
                          const char *text, bool by_key, bool *found, struct failure *f)
{
    bool row;
    TRY(db_step(each, &row, f));
    while (row) {
        struct value key[KEY_MAX];
        arena_reset(&m->scratch);
        for (int i = 0; i < e->view->nkey; i++)
            key[i] = db_column_copy(each, i, &m->scratch);
        if (is_meant(m, e, each, key, text, by_key, f)) {
            *found = true;
            TRY(ask(m, e, key, f));
        }
        TRY(db_step(each, &row, f));
    }
    return STATUS_OK;
}

/* All that was emitted, or all rows of the event's own table. */
static void write_search(struct mirror *m, struct event_run *e, bool by_key, struct buffer *b)
{
    const struct view *w = e->view;
    const struct kept *k = &m->views->tables[w->of];
    buffer_add_text(b, "select ");
    for (int i = 0; !by_key && i < w->nkey; i++) {
        buffer_add_text(b, i ? ", " : "");
        db_add_name(b, kept_name(k, w->key[i]));
    }
    if (by_key)
        db_add_numbered(b, "k", w->nkey, "");
    buffer_add_text(b, by_key ? ", bytes from " : " from main.");
    if (by_key)
        file_emitted_name(e, b);
    else
        db_add_name(b, k->relation->name);
}

static enum status search_all(struct mirror *m, struct event_run *e, const char *text, bool by_key,
                              bool *found, struct failure *f)
{
    sqlite3_stmt *each;
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    write_search(m, e, by_key, &b);
    enum status status = db_prepare(m->db, buffer_text(&b), &each, f);
    buffer_free(&b);
    TRY(status);
    status = search(m, e, each, text, by_key, found, f);
    sqlite3_finalize(each);
    return status;
}

enum status mirror_again(struct mirror *m, const char *event, const char *text, bool by_key,
                         bool *found, struct failure *f)
{
    struct event_run *e = again_event(m, event);
    must(m->phase == PHASE_APPLY);
    *found = false;
    if (!e || e->view->alone || !e->active)
        return STATUS_OK;
    return search_all(m, e, text, by_key, found, f);
}
