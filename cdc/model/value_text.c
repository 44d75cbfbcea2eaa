/* The readable forms of values (value.h); dates are in civil.c, floats in float_text.c. */
#include "base/arena.h"
#include "base/buffer.h"
#include "base/fail.h"
#include "model/value.h"
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

void value_add_hex(struct buffer *b, const char *bytes, size_t size)
{
    char *p = buffer_reserve(b, 2 * size);
    for (size_t i = 0; i < size; i++) {
        *p++ = hex_digits[(unsigned char)bytes[i] >> 4];
        *p++ = hex_digits[(unsigned char)bytes[i] & 15];
    }
    b->size += 2 * size;
}

void value_add_uuid(struct buffer *b, const char *bytes)
{
    static const unsigned parts[] = {4, 2, 2, 2, 6};
    for (unsigned i = 0; i < 5; i++) {
        if (i > 0)
            buffer_add_char(b, '-');
        value_add_hex(b, bytes, parts[i]);
        bytes += parts[i];
    }
}

/* ---- value_show ---- */

/* One line, cut between characters. */
static void show_text(struct buffer *b, const struct value *v, size_t max)
{
    size_t size = v->size;
    bool cut = size > max;
    if (cut) {
        size = max;
        while (size > 0 && ((unsigned char)v->text[size] & 0xC0) == 0x80)
            size--;
    }
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)v->text[i];
        buffer_add_char(b, c < 0x20 || c == 0x7f ? ' ' : (char)c);
    }
    if (cut)
        buffer_add_text(b, "…");
}

static void show_bytes(struct buffer *b, const struct value *v, size_t max)
{
    bool cut = v->size > max / 2;
    buffer_add_text(b, "0x");
    value_add_hex(b, v->text, cut ? max / 2 : v->size);
    if (cut)
        buffer_add_text(b, "…");
}

static void show_uuid(struct buffer *b, const struct value *v, size_t max)
{
    if (v->size == 16)
        value_add_uuid(b, v->text);
    else
        show_bytes(b, v, max);
}

bool value_add_plain(struct buffer *b, const struct value *v)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_BOOL:
        buffer_add_text(b, v->i ? "true" : "false");
        return true;
    case VALUE_INT:
        buffer_add_int(b, v->i);
        return true;
    case VALUE_UINT:
        buffer_add_uint(b, v->u);
        return true;
    case VALUE_FLOAT:
        value_add_float(b, v->d);
        return true;
    case VALUE_DOUBLE:
        value_add_double(b, v->d);
        return true;
    case VALUE_DATE:
        value_add_date(b, v->i);
        return true;
    case VALUE_TIME:
        value_add_time(b, v->i);
        return true;
    case VALUE_DATETIME:
        value_add_datetime(b, v->i);
        return true;
    default:
        return false;
    }
}

static void show(struct buffer *b, const struct value *v, size_t max)
{
    if (value_add_plain(b, v))
        return;
    switch ((enum value_kind)v->kind) {
    case VALUE_ABSENT:
        buffer_add_text(b, "(not in the log)");
        break;
    case VALUE_DECIMAL:
    case VALUE_TEXT:
    case VALUE_JSON:
    case VALUE_ODD:
        show_text(b, v, max);
        break;
    case VALUE_BYTES:
        show_bytes(b, v, max);
        break;
    case VALUE_UUID:
        show_uuid(b, v, max);
        break;
    case VALUE_INSTANT:
        value_add_datetime(b, v->i);
        buffer_add_char(b, 'Z');
        break;
    default:
        buffer_add_text(b, "NULL");
        break;
    }
}

const char *value_show(const struct value *v, struct arena *a, size_t max)
{
    struct buffer b;
    buffer_init(&b, 4 * max + 256);
    show(&b, v, max);
    const char *text = arena_copy(a, b.data, b.size);
    buffer_free(&b);
    return text;
}
