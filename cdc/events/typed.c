#include "events/typed.h"

#include "transforms/vocabulary/object_message.h"

enum status typed_message(const struct event_program *p, const struct event_type *t, const ProtobufCMessage *m, struct arena *a,
                          const struct object **out, struct failure *f)
{
    struct field_context c = {.arena = a, .failure = f, .paths = p->paths};
    const struct object *own;
    TRY(object_read(m, t->own.names, t->own.n, &own, &c));
    struct object *o = arena_alloc(a, sizeof *o);
    struct object_list *lists = arena_alloc(a, ((size_t)t->nlists + 1) * sizeof *lists);
    *o = *own;
    for (int i = 0; i < t->nlists; i++) {
        const struct event_fields *list = &t->lists[i];
        TRY(object_read_list(m, list->list, list->names, list->n, &lists[i], &c));
    }
    o->lists = lists;
    o->nlists = (uint32_t)t->nlists;
    *out = o;
    return STATUS_OK;
}

enum status typed_object(const struct event_program *p, const struct event_type *t,
                         const struct object *stated, struct arena *a, const struct object **out,
                         struct failure *f)
{
    struct field_context c = {.arena = a, .zone = p->from, .failure = f, .paths = p->paths};
    ProtobufCMessage *m;
    TRY(object_to_message(stated, t->message, &m, &c));
    return typed_message(p, t, m, a, out, f);
}
