/* row_json.c: a row as one JSON object. Decimals are strings: a JSON reader might round a number.
 */
#include <math.h>
#include <string.h>
#include "base/buffer.h"
#include "sinks/apply_parts.h"

static void add_string(struct buffer *out, const char *text, size_t size)
{
    buffer_add_char(out, '"');
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            buffer_add_char(out, '\\');
            buffer_add_char(out, (char)c);
        } else if (c < 0x20) {
            buffer_add_format(out, "\\u%04x", c);
        } else {
            buffer_add_char(out, (char)c);
        }
    }
    buffer_add_char(out, '"');
}

static void add_hex(struct buffer *out, const struct value *v)
{
    buffer_add_text(out, "\"0x");
    value_add_hex(out, v->text, v->size);
    buffer_add_char(out, '"');
}

/* JSON has no NaN and no infinity. */
static void add_float(struct buffer *out, const struct value *v)
{
    if (isfinite(v->d))
        v->kind == VALUE_FLOAT ? value_add_float(out, v->d) : value_add_double(out, v->d);
    else
        buffer_add_text(out, isnan(v->d) ? "\"NaN\"" : v->d > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

typedef void add_time_text(struct buffer *b, int64_t t);

static void add_time(struct buffer *out, add_time_text *add, int64_t t, const char *zone)
{
    buffer_add_char(out, '"');
    add(out, t);
    buffer_add_text(out, zone);
    buffer_add_char(out, '"');
}

static void add_value(struct buffer *out, const struct value *v)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_ABSENT:
    case VALUE_NULL:
        buffer_add_text(out, "null");
        break;
    case VALUE_BOOL:
        buffer_add_text(out, v->i ? "true" : "false");
        break;
    case VALUE_INT:
        buffer_add_int(out, v->i);
        break;
    case VALUE_UINT:
        buffer_add_uint(out, v->u);
        break;
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
        add_float(out, v);
        break;
    case VALUE_DECIMAL:
    case VALUE_TEXT:
    case VALUE_ODD:
        add_string(out, v->text, v->size);
        break;
    case VALUE_JSON:
        buffer_add(out, v->text, v->size);
        break;
    case VALUE_BYTES:
        add_hex(out, v);
        break;
    case VALUE_UUID:
        buffer_add_char(out, '"');
        value_add_uuid(out, v->text);
        buffer_add_char(out, '"');
        break;
    case VALUE_DATE:
        add_time(out, value_add_date, v->i, "");
        break;
    case VALUE_TIME:
        add_time(out, value_add_time, v->i, "");
        break;
    case VALUE_DATETIME:
        add_time(out, value_add_datetime, v->i, "");
        break;
    case VALUE_INSTANT:
        add_time(out, value_add_datetime, v->i, "Z");
        break;
    }
}

void row_json_write(struct buffer *out, const struct relation *r, const struct value *row)
{
    bool first = true;
    buffer_add_char(out, '{');
    for (int i = 0; i < r->ncolumns; i++) {
        if (row[i].kind == VALUE_ABSENT)
            continue;
        if (!first)
            buffer_add_text(out, ", ");
        first = false;
        add_string(out, r->columns[i].name, strlen(r->columns[i].name));
        buffer_add_text(out, ": ");
        add_value(out, &row[i]);
    }
    buffer_add_char(out, '}');
}
