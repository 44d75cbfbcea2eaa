#include "events/object_json.h"

#include <jansson.h>
#include <stdlib.h>
#include "base/buffer.h"
#include "base/fail.h"

enum { HEX_BYTES_MAX = 1 << 30 };

static json_t *bytes_json(const struct value *v)
{
    struct buffer b;
    buffer_init(&b, HEX_BYTES_MAX);
    value_add_hex(&b, v->text, v->size);
    json_t *json = json_stringn(buffer_text(&b), b.size);
    buffer_free(&b);
    return json;
}

static json_t *value_json(const struct value *v)
{
    json_t *json = NULL;
    switch ((enum value_kind)v->kind) {
    case VALUE_INT:
        return json_integer(v->i);
    case VALUE_DOUBLE:
        json = json_real(v->d);
        break;
    case VALUE_TEXT:
        json = json_stringn(v->text, v->size); /* NULL where it is not UTF-8 */
        return json ? json : bytes_json(v);
    case VALUE_BYTES:
        return bytes_json(v);
    default:
        break;
    }
    return json ? json : json_null();
}

static json_t *to_json(const struct object *o)
{
    json_t *json = json_object();
    for (uint32_t i = 0; i < o->nfields; i++)
        json_object_set_new(json, o->fields[i].name, value_json(&o->fields[i].value));
    for (uint32_t i = 0; i < o->nlists; i++) {
        json_t *list = json_array();
        for (uint32_t k = 0; k < o->lists[i].nelements; k++)
            json_array_append_new(list, to_json(&o->lists[i].elements[k]));
        json_object_set_new(json, o->lists[i].name, list);
    }
    return json;
}

const char *object_json(const struct object *o, struct arena *a)
{
    if (!o)
        return NULL;
    json_t *json = to_json(o);
    char *text = json_dumps(json, JSON_COMPACT);
    must(text);
    const char *out = arena_strdup(a, text);
    free(text);
    json_decref(json);
    return out;
}
