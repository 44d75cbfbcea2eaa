/* Of an object that could not be stated there is one row in millrace.held, a flow: the newest. When
 * the object is told after all, or refused once more, that row goes, in the transaction that writes
 * what is newer. What the target has of the object is what it had before the first refusal: from
 * there the newer event starts, so that it finds the row by the key that this has. */
#include "events/internal.h"

#include <string.h>
#include "events/kept.h"

enum { KEY_TEXT_MAX = 64, ROWS_MAX = 64 }; /* of one object: one, but for earlier builds */

static const char prefix[] = "(object ";

const char *refusal_key(struct events *e, const char *object)
{
    return arena_format(&e->arena, "%s%s)", prefix, object);
}

const char *refusal_object(struct events *e, const char *key)
{
    size_t before = sizeof prefix - 1, n = strlen(key);
    if (strncmp(key, prefix, before) != 0 || key[n - 1] != ')')
        return NULL;
    return arena_copy(&e->arena, key + before, n - before - 1);
}

enum status refusals_watch(struct events *e, bool wanted)
{
    if (e->may_hold)
        TRY(flight_land(e));
    if (!flight_is_up(e))
        e->may_hold = held_keys_count(e->refused) > 0;
    e->watches = wanted;
    mirror_name_objects(e->mirror, wanted && (e->may_hold || e->refusals > 0));
    return STATUS_OK;
}

/* ---- what is there of an object ---- */

/* Several in a row are one: what the first had before, what the last has now. */
static enum status join(struct events *e, const struct kept *next, struct kept *all)
{
    if (all->kind == KEPT_TOLD && next->kind == KEPT_TOLD)
        return STATUS_OK;
    if (all->kind != KEPT_ROWS || next->kind != KEPT_ROWS) {
        *all = *next;
        return STATUS_OK;
    }
    enum status status = mirror_join(e->mirror, next->name, &all->rows, &next->rows, &e->arena,
                                     &all->rows, e->failure);
    if (status != STATUS_DATA)
        return status;
    failure_clear(e->failure);
    *all = *next;
    return STATUS_OK;
}

static bool is_tried(const struct events *e, int64_t n)
{
    for (uint32_t i = 0; i < e->n; i++)
        if (e->list[i].held_n == n)
            return true;
    return refusal_is_replaced(e, n);
}

bool refusal_is_replaced(const struct events *e, int64_t n)
{
    for (const struct replaced *r = e->replaced; r; r = r->next)
        if (r->n == n)
            return true;
    return false;
}

/* Definitions of one type may have objects of the same number. One of an earlier build says nothing
 * of itself: it stays until it is tried. */
static bool read_refusal(struct events *e, const struct held_event *h, const char *name,
                         struct kept *k)
{
    if (!h->envelope)
        return false;
    if (kept_read(h->envelope, h->envelope_size, &e->names, &e->arena, k, e->failure) ==
        STATUS_OK)
        return k->kind != KEPT_STATED && strcmp(k->name, name) == 0;
    failure_clear(e->failure);
    return false;
}

static void replace(struct events *e, int line, const struct held_event *h)
{
    struct replaced *r = arena_alloc(&e->arena, sizeof *r);
    *r = (struct replaced){e->replaced, h->n, line, h->key, h->reason, e->at};
    e->replaced = r;
}

/* An object, as it is looked for. */
struct wanted {
    int line;
    const char *name, *key;
};

static enum status take_stored(struct events *e, const struct wanted *w, bool *any,
                               struct kept *all)
{
    uint32_t n;
    struct held_event *page;
    struct held_query q = {.filter = {.flow = e->program->lines[w->line].name, .key = w->key},
                           .limit = ROWS_MAX, .envelope = true};
    if (!e->may_hold || !held_keys_has(e->refused, w->line, w->key))
        return STATUS_OK;
    must(!flight_is_up(e));
    page = arena_alloc(&e->arena, ROWS_MAX * sizeof *page);
    TRY(held_page(events_session(e), e->apply->at.link, &q, &e->arena, page, &n, e->failure));
    for (uint32_t i = 0; i < n; i++) {
        struct kept k;
        if (is_tried(e, page[i].n) || !read_refusal(e, &page[i], w->name, &k))
            continue;
        *any = true;
        replace(e, w->line, &page[i]);
        TRY(join(e, &k, all));
    }
    return STATUS_OK;
}

static bool is_wanted(const struct carried *c, const struct wanted *w)
{
    return c->refused_rows && !c->outdated && c->line == w->line && strcmp(c->stated.key, w->key) == 0 &&
           strcmp(c->refused_rows->name, w->name) == 0;
}

/* On its way to the target, in a transaction before this one. */
static enum status take_carried(struct events *e, const struct wanted *w, bool *any,
                                struct kept *all)
{
    for (uint32_t i = e->n; i-- > 0 && e->refusals > 0;) {
        if (!is_wanted(&e->list[i], w))
            continue;
        *any = true;
        e->list[i].outdated = true;
        e->list[i].outdated_at = e->at;
        return join(e, e->list[i].refused_rows, all);
    }
    return STATUS_OK;
}

static enum status take(struct events *e, const struct wanted *w, bool *any, struct kept *all)
{
    *any = false;
    *all = (struct kept){0};
    if (!e->watches)
        return STATUS_OK;
    TRY(take_stored(e, w, any, all));
    return take_carried(e, w, any, all);
}

/* ---- what is newer ---- */

static const char *key_of(struct events *e, const struct object *o, const char *field)
{
    const struct value *v = field_find(o, field, 0);
    if (!v)
        return "";
    return v->kind == VALUE_TEXT ? arena_copy(&e->arena, v->text, v->size)
                                 : value_show(v, &e->arena, KEY_TEXT_MAX);
}

static void start_from(struct events *e, int line, struct event *event, const struct object *was)
{
    event->before = was;
    if (event->after)
        event->op = was ? EVENT_CHANGED : EVENT_CREATED;
    else if (was)
        event->key = key_of(e, was, e->program->lines[line].type->key);
}

/* What the target has of it. Not `known`: that cannot be stated either. */
static enum status what_was_told(struct events *e, const struct kept *k, const struct object **was,
                                 bool *known)
{
    *known = k->kind == KEPT_TOLD || (k->kind == KEPT_ROWS && k->rows.kind == VALUE_BYTES);
    *was = k->told;
    if (k->kind != KEPT_ROWS || !*known)
        return STATUS_OK;
    enum status status = mirror_told(e->mirror, k->name, &k->rows, &e->arena, was, e->failure);
    if (status != STATUS_DATA)
        return status;
    failure_clear(e->failure);
    *known = false;
    return STATUS_OK;
}

enum status refusal_ends(struct events *e, int line, struct event *event, bool *nothing)
{
    bool any, known;
    struct kept k;
    const struct object *was;
    *nothing = false;
    if (!event->object)
        return STATUS_OK;
    const struct wanted w = {line, event->name, refusal_key(e, event->object)};
    TRY(take(e, &w, &any, &k));
    if (e->tried_told && strcmp(e->tried_told->name, event->name) == 0)
        k = *e->tried_told;
    TRY(what_was_told(e, &k, &was, &known));
    if (known)
        start_from(e, line, event, was);
    *nothing = !event->before && !event->after;
    return STATUS_OK;
}

/* It came, or changed, and went; and nobody was told but of what it had been before. */
static void end_gone(struct events *e, int line, const struct kept *k, const struct object *was,
                     struct event *ended)
{
    *ended = (struct event){.name = k->name, .op = EVENT_GONE};
    start_from(e, line, ended, was);
    ended->type = was ? e->program->lines[line].type->name : NULL;
}

enum status refusal_continues(struct events *e, int line, struct kept *k, const char *key,
                              bool gone, bool *over, struct event *ended)
{
    bool any, known = false;
    struct kept all;
    const struct object *was;
    *over = false;
    const struct wanted w = {line, k->name, key};
    TRY(take(e, &w, &any, &all));
    if (!any)
        return STATUS_OK;
    if (gone)
        TRY(what_was_told(e, &all, &was, &known));
    *over = known;
    if (known)
        end_gone(e, line, k, was, ended);
    TRY(join(e, k, &all));
    *k = all;
    return STATUS_OK;
}

enum status refusal_passed(void *context, const char *name, const char *object)
{
    struct events *e = context;
    const char *key = refusal_key(e, object);
    for (int i = 0; i < e->program->nlines; i++) {
        bool any;
        struct kept k;
        const struct wanted w = {i, name, key};
        const struct event_line *line = &e->program->lines[i];
        if (event_flow_takes(line->flow, name, line->type->name))
            TRY(take(e, &w, &any, &k));
    }
    return STATUS_OK;
}

/* ---- the rows that go ---- */

enum status refusals_remove(struct events *e)
{
    uint32_t n = 0;
    for (const struct replaced *r = e->replaced; r; r = r->next)
        n++;
    if (n == 0)
        return STATUS_OK;
    int64_t *numbers = arena_alloc(&e->arena, n * sizeof *numbers);
    n = 0;
    for (const struct replaced *r = e->replaced; r; r = r->next)
        numbers[n++] = r->n;
    return held_remove(events_session(e), e->apply->at.link, numbers, n, e->failure);
}

void refusals_removed(struct events *e)
{
    for (const struct replaced *r = e->replaced; r; r = r->next) {
        held_keys_remove(e->held, r->line, r->key);
        held_keys_remove(e->refused, r->line, r->key);
        keep_counted(e, r->line, r->reason, -1);
    }
}

int64_t refusals_replaced(const struct events *e, int line)
{
    int64_t n = 0;
    for (const struct replaced *r = e->replaced; r; r = r->next)
        n += r->line == line && r->reason == HELD_QUARANTINE;
    return n;
}

static bool is_before(const struct events *e, const char *at, const char *position)
{
    return at && events_compare(e, at, position) == POSITION_BEFORE;
}

void refusals_end_before(struct events *e, const char *position)
{
    struct replaced *r = e->replaced;
    e->replaced = NULL;
    while (r) {
        struct replaced *next = r->next;
        if (is_before(e, r->at, position)) {
            r->next = e->replaced;
            e->replaced = r;
        }
        r = next;
    }
    for (uint32_t i = 0; i < e->n; i++)
        if (!is_before(e, e->list[i].outdated_at, position))
            e->list[i].outdated = false;
}
