#include "events/row_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "base/buffer.h"
#include "base/nearest.h"
#include "sinks/events/coerce.h"

enum { TEXT_BYTES_MAX = 1 << 28 };

/* ---- values by their text ---- */

static const char *skip_string(const char *p)
{
    for (p++; *p && *p != '"'; p++)
        if (*p == '\\' && p[1])
            p++;
    return *p ? p + 1 : p;
}

/* Behind an object or a list. */
static const char *skip_nested(const char *p)
{
    int depth = 0;
    do {
        if (*p == '"') {
            p = skip_string(p);
            continue;
        }
        depth += *p == '{' || *p == '[';
        depth -= *p == '}' || *p == ']';
        p++;
    } while (*p && depth > 0);
    return p;
}

static bool begins_number(char c)
{
    return c == '-' || (c >= '0' && c <= '9');
}

static void add_as_string(struct buffer *out, const char *text, size_t size)
{
    json_t *json = json_stringn(text, size);
    char *quoted = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;
    buffer_add_text(out, quoted ? quoted : "?"); /* no UTF-8: it is no JSON either */
    free(quoted);
    json_decref(json);
}

/* Numbers, objects and lists of the row become strings of their own text: nothing of it is lost. */
static void quote_values(const char *p, struct buffer *out)
{
    bool in_row = false;
    while (*p) {
        bool nested = in_row && (*p == '{' || *p == '['), number = in_row && begins_number(*p);
        const char *end = p + 1;
        if (*p == '"')
            end = skip_string(p);
        else if (nested)
            end = skip_nested(p);
        else if (number)
            end = p + strspn(p, "+-.0123456789eE");
        in_row = in_row || *p == '{';
        if (nested || number)
            add_as_string(out, p, (size_t)(end - p));
        else
            buffer_add(out, p, (size_t)(end - p));
        p = end;
    }
}

/* ---- values ---- */

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

static bool read_hex(const char *text, struct arena *a, struct value *out)
{
    size_t n = strlen(text) / 2;
    char *bytes = arena_alloc(a, n + 1);
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (char)(high << 4 | low);
    }
    *out = value_text(VALUE_BYTES, bytes, n);
    return strlen(text) % 2 == 0;
}

/* true and false are 1 and 0 to those who have no booleans. */
static const char *text_of(const struct column *c, const json_t *json)
{
    bool number = c->kind == VALUE_INT || c->kind == VALUE_UINT || c->kind == VALUE_DECIMAL;
    if (json_is_string(json))
        return json_string_value(json);
    if (json_is_true(json))
        return number ? "1" : "true";
    return number ? "0" : "false";
}

static bool is_json(const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_DECODE_ANY, &error);
    bool is = json != NULL;
    json_decref(json);
    return is;
}

/* Why not, as it reads after the column's name. */
static const char *read_value(const struct column *c, const struct zone *zone, const json_t *json,
                              struct arena *a, struct value *out)
{
    *out = value_null();
    if (json_is_null(json))
        return NULL;
    const char *text = arena_strdup(a, text_of(c, json));
    bool hex = strncmp(text, "0x", 2) == 0 || strncmp(text, "\\x", 2) == 0;
    if (c->kind == VALUE_BYTES && hex)
        return read_hex(text + 2, a, out) ? NULL : "is no hex";
    if (c->kind == VALUE_JSON && !is_json(text))
        return "is no JSON";
    struct value given = value_text(VALUE_TEXT, text, strlen(text));
    return coerce(c, &given, NULL, zone, a, out);
}

/* ---- the row ---- */

static enum status no_column(const struct relation *r, const char *name, struct failure *f)
{
    struct nearest near = nearest_within(name, 3, NEAREST_LENIENT);
    for (int i = 0; i < r->ncolumns; i++)
        nearest_offer(&near, r->columns[i].name);
    return fail(f, ERROR_CONFIG, "table %s.%s has no column %s%s%s%s", r->schema, r->name, name,
                near.name ? "; did you mean " : "", near.name ? near.name : "",
                near.name ? "?" : "");
}

static enum status read_row(const struct relation *r, const struct zone *zone, json_t *row,
                            struct arena *a, struct value *out, struct failure *f)
{
    const char *name;
    json_t *json;
    json_object_foreach(row, name, json) {
        int i = relation_column_index(r, name);
        if (i < 0)
            return no_column(r, name, f);
        const char *why = read_value(&r->columns[i], zone, json, a, &out[i]);
        if (why)
            return fail(f, ERROR_CONFIG, "column %s %s", name, why);
    }
    return STATUS_OK;
}

enum status row_json_read(const struct relation *r, const struct zone *zone, const char *text,
                          struct arena *a, struct value **out, struct failure *f)
{
    struct buffer quoted;
    json_error_t error;
    buffer_init(&quoted, TEXT_BYTES_MAX);
    quote_values(text, &quoted);
    json_t *row = json_loadb(quoted.data, quoted.size, JSON_REJECT_DUPLICATES, &error);
    buffer_free(&quoted);
    *out = arena_zalloc(a, ((size_t)r->ncolumns + 1) * sizeof **out);
    must(VALUE_ABSENT == 0);
    enum status status;
    if (!json_is_object(row))
        status = fail(f, ERROR_CONFIG, "a row is a JSON object of columns, "
                                       "{\"id\": 1, \"name\": \"x\"}: %s",
                      row ? "this is none" : error.text);
    else
        status = read_row(r, zone, row, a, *out, f);
    json_decref(row);
    return status;
}
