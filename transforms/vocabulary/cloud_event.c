#include "transforms/vocabulary/cloud_event.h"

#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "transforms/vocabulary/envelope_parts.h"
#include "transforms/vocabulary/field_instant.h"
#include "transforms/vocabulary/message_json.h"

enum { REAL_DIGITS = 17 };

static enum status set_text(json_t *event, const char *key, const char *text,
                            const struct field_context *c)
{
    if (!text)
        return STATUS_OK;
    json_t *json = json_string(text);
    if (json && json_object_set_new(event, key, json) == 0)
        return STATUS_OK;
    return fail(c->failure, ERROR_VALUE, "an event's %s is not UTF-8", key);
}

static const char *time_text(int64_t us, struct arena *a)
{
    struct buffer b;
    const struct instant instant = field_instant_of(us);
    buffer_init(&b, 64);
    field_instant_add_rfc3339(&b, &instant);
    const char *text = arena_copy(a, b.data, b.size);
    buffer_free(&b);
    return text;
}

static enum status set_data(json_t *event, const struct envelope *e, const struct field_context *c)
{
    json_t *data = NULL;
    if (envelope_object(e))
        TRY(message_json(envelope_object(e), &data, c));
    json_object_set_new(event, "data", data ? data : json_null());
    return STATUS_OK;
}

static enum status fill(json_t *event, const struct envelope *e,
                        const struct cloud_extension *extensions, int n,
                        const struct field_context *c)
{
    const struct {
        const char *key, *text;
    } attributes[] = {
        {"specversion", "1.0"},           {"id", e->id},
        {"source", e->origin.source},     {"type", e->type},
        {"subject", e->subject},          {"time", time_text(e->origin.commit_us, c->arena)},
        {"dataschema", e->schema},        {"datacontenttype", "application/json"},
        {"op", envelope_row_ops[e->op]},  {"verb", e->verb},
        {"position", e->origin.position}, {"mapping", e->origin.mapping},
    };
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        TRY(set_text(event, attributes[i].key, attributes[i].text, c));
    for (int i = 0; i < n; i++)
        TRY(set_text(event, extensions[i].name, extensions[i].text, c));
    return set_data(event, e, c);
}

static void add_line(struct buffer *b, const json_t *event)
{
    char *line = json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS));
    must(line);
    buffer_add_text(b, line);
    buffer_add_char(b, '\n');
    free(line);
}

enum status cloud_event_add_with(struct buffer *b, const struct envelope *e,
                                 const struct cloud_extension *extensions, int n,
                                 const struct field_context *c)
{
    json_t *event = json_object();
    enum status status = fill(event, e, extensions, n, c);
    if (status == STATUS_OK)
        add_line(b, event);
    json_decref(event);
    return status;
}

enum status cloud_event_add(struct buffer *b, const struct envelope *e,
                            const struct field_context *c)
{
    return cloud_event_add_with(b, e, NULL, 0, c);
}
