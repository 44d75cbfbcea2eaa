/* An envelope as bytes: it is an object like others, of the type EventEnvelope. */
#include <string.h>
#include "base/buffer.h"
#include "transforms/vocabulary/envelope_parts.h"
#include "transforms/vocabulary/field_instant.h"
#include "transforms/vocabulary/message.h"
#include "transforms/vocabulary/object_message.h"

enum { FIELDS_MAX = 32, LISTS_MAX = 3 };

struct draft {
    struct object_field fields[FIELDS_MAX];
    struct object_list lists[LISTS_MAX];
    uint32_t nfields, nlists;
};

static void add(struct draft *d, const char *name, struct value v)
{
    must(d->nfields < FIELDS_MAX);
    d->fields[d->nfields++] = (struct object_field){name, v};
}

static void add_text(struct draft *d, const char *name, const char *text)
{
    if (text)
        add(d, name, value_text(VALUE_TEXT, text, strlen(text)));
}

static const char *time_text(int64_t us, struct arena *a)
{
    struct buffer b;
    const struct instant instant = field_instant_of(us);
    buffer_init(&b, 64);
    field_instant_add(&b, &instant, NULL);
    const char *text = arena_copy(a, b.data, b.size);
    buffer_free(&b);
    return text;
}

/* ---- lists ---- */

static struct object *elements(struct draft *d, const char *name, uint32_t n, uint32_t nfields,
                               struct arena *a)
{
    struct object *all = arena_zalloc(a, n * sizeof *all);
    for (uint32_t i = 0; i < n; i++) {
        all[i].fields = arena_zalloc(a, nfields * sizeof *all[i].fields);
        all[i].nfields = nfields;
    }
    must(d->nlists < LISTS_MAX);
    d->lists[d->nlists++] = (struct object_list){name, all, n};
    return all;
}

static void set(struct object *o, uint32_t i, const char *name, struct value v)
{
    ((struct object_field *)o->fields)[i] = (struct object_field){name, v};
}

static struct value text_of(const char *text)
{
    return text ? value_text(VALUE_TEXT, text, strlen(text)) : value_null();
}

static void add_lists(struct draft *d, const struct envelope *e, struct arena *a)
{
    struct object *all = elements(d, "key", 1, 2, a);
    set(all, 0, "name", text_of(e->origin.key_name));
    set(all, 1, "value", text_of(e->key));
    all = elements(d, "origin_path", e->origin.npath, 1, a);
    for (uint32_t i = 0; i < e->origin.npath; i++)
        set(&all[i], 0, "value", text_of(e->origin.path[i]));
    all = elements(d, "changed_fields", e->nchanged, 1, a);
    for (uint32_t i = 0; i < e->nchanged; i++)
        set(&all[i], 0, "value", value_int(e->changed[i]));
}

/* ---- fields ---- */

static void add_context(struct draft *d, const struct envelope *e, struct arena *a)
{
    add_text(d, "id", e->id);
    add_text(d, "source", e->origin.source);
    add_text(d, "spec_version", "1.0");
    add_text(d, "type", e->type);
    add_text(d, "subject", e->subject);
    add_text(d, "time", time_text(e->origin.commit_us, a));
    add_text(d, "data_schema", e->schema);
    add_text(d, "position", e->origin.position);
    add_text(d, "index", arena_format(a, "%llu", (unsigned long long)e->origin.index));
    add_text(d, "verb", e->verb);
    add_text(d, "op", envelope_row_ops[e->op]);
    add_text(d, "hierarchy_scope__equipment_id", e->origin.equipment_id);
    add_text(d, "hierarchy_scope__equipment_level", e->origin.equipment_level);
    add_text(d, "mapping_id", e->origin.mapping);
}

static void add_state(struct draft *d, const struct envelope *e, struct arena *a)
{
    if (!e->to_state)
        return;
    add_text(d, "state_change__from_state_code", e->from_state);
    add_text(d, "state_change__to_state_code", e->to_state);
    add_text(d, "state_change__change_date_time", time_text(e->origin.commit_us, a));
}

static enum status add_object(struct draft *d, const char *type, const char *object,
                              const ProtobufCMessage *m, const struct field_context *c)
{
    const uint8_t *data;
    size_t size;
    if (!m)
        return STATUS_OK;
    TRY(message_pack(m, c->arena, &data, &size, c->failure));
    add_text(d, type, m->descriptor->name);
    add(d, object, value_text(VALUE_BYTES, (const char *)data, size));
    return STATUS_OK;
}

enum status envelope_pack(const struct vocabulary *v, const struct envelope *e,
                          const uint8_t **data, size_t *size, const struct field_context *c)
{
    const ProtobufCMessageDescriptor *type;
    ProtobufCMessage *m;
    struct draft *d = arena_zalloc(c->arena, sizeof *d);
    if (vocabulary_message(v, ENVELOPE_TYPE, &type, c->failure) != STATUS_OK)
        return fail_in(c->failure, "events need the file isa95/v1.proto in the vocabulary");
    add_context(d, e, c->arena);
    add_state(d, e, c->arena);
    add_lists(d, e, c->arena);
    TRY(add_object(d, "before__type", "before__object", e->before, c));
    TRY(add_object(d, "after__type", "after__object", e->after, c));
    const struct object o = {d->fields, d->nfields, d->lists, d->nlists};
    TRY(object_to_message(&o, type, &m, c));
    return message_pack(m, c->arena, data, size, c->failure);
}
