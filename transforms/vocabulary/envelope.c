/* An event becomes an envelope, and an envelope an event. */
#include "transforms/vocabulary/envelope.h"

#include <string.h>
#include "transforms/vocabulary/envelope_parts.h"
#include "transforms/vocabulary/object_message.h"

static enum status to_message(const struct object *o, const ProtobufCMessageDescriptor *type,
                              const ProtobufCMessage **out, const struct field_context *c)
{
    ProtobufCMessage *m = NULL;
    if (o)
        TRY(object_to_message(o, type, &m, c));
    *out = m;
    return STATUS_OK;
}

/* What needs no object. */
static void set_names(struct envelope *out, const ProtobufCMessageDescriptor *type, struct arena *a)
{
    out->id = envelope_id(&out->origin, a);
    out->schema = arena_format(a, "millrace:%s", vocabulary_schema(type));
    out->subject = arena_format(a, "%s/%s", type->short_name, out->key);
    out->verb = envelope_verb(type, out->op);
}

enum status envelope_refused(const struct vocabulary *v, const struct event *event,
                             const struct event_origin *origin, struct envelope *out,
                             const struct field_context *c)
{
    const ProtobufCMessageDescriptor *type;
    must(event->key);
    *out = (struct envelope){.origin = *origin, .op = event->op, .key = event->key};
    TRY(vocabulary_message(v, event->type, &type, c->failure));
    set_names(out, type, c->arena);
    out->type = arena_format(c->arena, "%s.refused", type->name);
    return STATUS_OK;
}

enum status envelope_of(const struct vocabulary *v, const struct event *event,
                        const struct event_origin *origin, struct envelope *out,
                        const struct field_context *c)
{
    const ProtobufCMessageDescriptor *type;
    must(event->key);
    must(event->op == EVENT_CREATED ? !event->before : event->before != NULL);
    must(event->op == EVENT_GONE ? !event->after : event->after != NULL);
    *out = (struct envelope){.origin = *origin, .op = event->op, .key = event->key};
    TRY(vocabulary_message(v, event->type, &type, c->failure));
    TRY(to_message(event->before, type, &out->before, c));
    TRY(to_message(event->after, type, &out->after, c));
    set_names(out, type, c->arena);
    TRY(envelope_set_state(out, c));
    return envelope_set_changed(out, c);
}

static enum status from_message(const ProtobufCMessage *m, const struct object **out,
                                const struct field_context *c)
{
    *out = NULL;
    return m ? object_from_message(m, out, c) : STATUS_OK;
}

enum status envelope_event(const struct vocabulary *v, const struct envelope *e, struct event *out,
                           const struct field_context *c)
{
    *out = (struct event){.op = e->op, .key = e->key};
    out->type = vocabulary_name_of(v, envelope_object(e)->descriptor);
    TRY(from_message(e->before, &out->before, c));
    return from_message(e->after, &out->after, c);
}
