#include "events/types.h"

#include <string.h>
#include "transforms/vocabulary/path.h"

/* ---- kinds ---- */

static enum field_type cte_type(enum field_kind kind)
{
    switch (kind) {
    case FIELD_INT32:
    case FIELD_INT64:
    case FIELD_UINT32:
        return CTE_INTEGER;
    case FIELD_UINT64: /* beyond what an integer of SQL holds */
    case FIELD_DECIMAL:
        return CTE_DECIMAL;
    case FIELD_FLOAT:
    case FIELD_DOUBLE:
        return CTE_DOUBLE;
    case FIELD_BOOL:
        return CTE_BOOLEAN;
    case FIELD_TIMESTAMP:
        return CTE_TIME;
    case FIELD_BYTES:
        return CTE_BYTES;
    case FIELD_ENUM:
    case FIELD_STRING:
    case FIELD_MESSAGE:
    case FIELD_LIST:
    case FIELD_MAP:
        break;
    }
    return CTE_TEXT;
}

static enum field_kind element_kind(const ProtobufCMessageDescriptor *message,
                                    const struct field_path *list)
{
    const ProtobufCMessageDescriptor *holder =
        list->nsteps > 1 ? list->steps[list->nsteps - 2]->descriptor : message;
    return field_element_kind(holder, path_field(list));
}

/* The message whose fields a list's columns are; NULL: single values, or no such list. */
static const ProtobufCMessageDescriptor *element_of(const ProtobufCMessageDescriptor *message,
                                                    const char *list)
{
    struct field_path path;
    if (!path_find(message, list, &path))
        return NULL;
    bool repeated = path.kind == FIELD_LIST || path.kind == FIELD_MAP;
    bool messages = repeated && element_kind(message, &path) == FIELD_MESSAGE;
    return messages ? path_field(&path)->descriptor : NULL;
}

/* ---- fields ---- */

static bool has(const struct event_fields *fields, const char *name)
{
    for (uint32_t i = 0; i < fields->n; i++)
        if (strcmp(fields->names[i], name) == 0)
            return true;
    return false;
}

/* What the views of one type say together. */
static void collect(struct event_program *p, int event, int list, struct event_fields *out)
{
    int n = views_nfields(p->views, event, list);
    const char **names = arena_alloc(&p->arena, (out->n + (size_t)n) * sizeof *names);
    if (out->n)
        memcpy(names, out->names, out->n * sizeof *names);
    out->names = names;
    for (int i = 0; i < n; i++)
        if (!has(out, views_field(p->views, event, list, i)))
            names[out->n++] = arena_strdup(&p->arena, views_field(p->views, event, list, i));
}

/* Of a list of single values the one column is `value`. */
static enum status single_value(const ProtobufCMessageDescriptor *in, const char *list,
                                struct event_fields *out, struct failure *f)
{
    struct field_path path;
    TRY(path_list(in, list, &path, f));
    for (uint32_t i = 0; i < out->n; i++) {
        if (strcmp(out->names[i], "value") != 0)
            return fail(f, ERROR_CONFIG, "list %s is of single values: its column is `value`, not %s",
                        list, out->names[i]);
        out->fields[i] = (struct field){"value", cte_type(element_kind(in, &path))};
    }
    return STATUS_OK;
}

static enum status type_fields(struct event_program *p, const struct event_type *t,
                               const char *list, struct event_fields *out, struct failure *f)
{
    const ProtobufCMessageDescriptor *in = list ? element_of(t->message, list) : t->message;
    out->list = list;
    out->fields = arena_alloc(&p->arena, (out->n + 1) * sizeof *out->fields);
    if (!in)
        return single_value(t->message, list, out, f);
    for (uint32_t i = 0; i < out->n; i++) {
        struct field_path path;
        TRY(path_column(in, out->names[i], &path, f));
        out->fields[i] = (struct field){out->names[i], cte_type(path.kind)};
    }
    return STATUS_OK;
}

/* ---- types ---- */

static struct event_fields *list_of(struct event_type *t, const char *name, struct arena *a)
{
    for (int i = 0; i < t->nlists; i++)
        if (strcmp(t->lists[i].list, name) == 0)
            return &t->lists[i];
    struct event_fields *list = &t->lists[t->nlists++];
    *list = (struct event_fields){.list = arena_strdup(a, name)};
    return list;
}

static int count_lists(const struct event_program *p, const char *type)
{
    int n = 0;
    for (int i = 0; i < views_nevents(p->views); i++)
        if (strcmp(views_event_type(p->views, i), type) == 0)
            n += views_nlists(p->views, i);
    return n;
}

static enum status collect_type(struct event_program *p, struct event_type *t, struct failure *f)
{
    for (int i = 0; i < views_nevents(p->views); i++) {
        if (strcmp(views_event_type(p->views, i), t->name) != 0)
            continue;
        if (t->key && strcmp(t->key, views_event_key(p->views, i)) != 0)
            return fail(f, ERROR_CONFIG, "one definition has the key %s, another %s: an event is "
                                         "known by one field", t->key, views_event_key(p->views, i));
        t->key = arena_strdup(&p->arena, views_event_key(p->views, i));
        collect(p, i, -1, &t->own);
        for (int k = 0; k < views_nlists(p->views, i); k++)
            collect(p, i, k, list_of(t, views_list_name(p->views, i, k), &p->arena));
    }
    return STATUS_OK;
}

static enum status make_type(struct event_program *p, const char *name, struct failure *f)
{
    struct event_type *t = &p->types[p->ntypes++];
    *t = (struct event_type){.name = arena_strdup(&p->arena, name)};
    t->lists = arena_alloc(&p->arena, ((size_t)count_lists(p, name) + 1) * sizeof *t->lists);
    TRY(vocabulary_message(p->vocabulary, name, &t->message, f));
    TRY(collect_type(p, t, f));
    TRY(type_fields(p, t, NULL, &t->own, f));
    for (int i = 0; i < t->nlists; i++)
        TRY(type_fields(p, t, t->lists[i].list, &t->lists[i], f));
    return STATUS_OK;
}

enum status types_make(struct event_program *p, struct failure *f)
{
    int n = views_nevents(p->views);
    p->types = arena_alloc(&p->arena, ((size_t)n + 1) * sizeof *p->types);
    for (int i = 0; i < n; i++) {
        const char *name = views_event_type(p->views, i);
        if (!event_program_type(p, name) && make_type(p, name, f) != STATUS_OK)
            return fail_in(f, "event %s", name);
    }
    return STATUS_OK;
}
