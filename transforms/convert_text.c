/* Texts and bytes: anything has a text; a text is only what it can be read as. */
#include "transforms/convert_parts.h"

#include <string.h>
#include "base/buffer.h"

bool column_pads(const struct column *c)
{
    return c->kind == VALUE_BYTES && strncmp(c->type, "binary(", 7) == 0;
}

bool column_is_fixed(const struct column *c)
{
    static const char *const types[] = {"char", "character", "bpchar"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t n = strlen(types[i]);
        if (strncmp(c->type, types[i], n) == 0 && (!c->type[n] || c->type[n] == '('))
            return c->kind == VALUE_TEXT && !strchr(c->type, '[');
    }
    return false;
}

bool column_is_characters(const struct column *c)
{
    static const char *const types[] = {"char",     "varchar",    "character", "text",  "tinytext",
                                        "longtext", "mediumtext", "name",      "citext"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t n = strlen(types[i]);
        if (strncmp(c->type, types[i], n) == 0 && !strchr(c->type, '[') &&
            (!c->type[n] || strchr("( ", c->type[n])))
            return true;
    }
    return false;
}

size_t utf8_length(const char *text, size_t size)
{
    size_t characters = 0;
    for (size_t i = 0; i < size; i++)
        characters += ((unsigned char)text[i] & 0xc0) != 0x80;
    return characters;
}

/* Bytes of the sequence that begins with `lead`; 0 where none does. */
static size_t sequence_bytes(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead < 0xe0)
        return 2;
    if (lead >= 0xe0 && lead < 0xf0)
        return 3;
    return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

/* Overlong forms, surrogates and what lies above U+10FFFF show in the second byte. */
static bool second_byte_good(unsigned char lead, unsigned char second)
{
    switch (lead) {
    case 0xe0:
        return second >= 0xa0;
    case 0xed:
        return second < 0xa0;
    case 0xf0:
        return second >= 0x90;
    case 0xf4:
        return second < 0x90;
    default:
        return true;
    }
}

bool utf8_valid(const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0; i < size;) {
        size_t n = sequence_bytes(p[i]);
        if (n == 0 || n > size - i || (n > 1 && !second_byte_good(p[i], p[i + 1])))
            return false;
        for (size_t k = 1; k < n; k++)
            if ((p[i + k] & 0xc0) != 0x80)
                return false;
        i += n;
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 32 hexadecimal digits, dashes anywhere between bytes, braces around them: what PostgreSQL takes.
 */
bool uuid_read(const char *text, size_t size, unsigned char out[16])
{
    if (size >= 2 && text[0] == '{' && text[size - 1] == '}') {
        text++;
        size -= 2;
    }
    int nibbles = 0;
    for (size_t i = 0; i < size; i++) {
        int digit = hex_digit(text[i]);
        if (text[i] == '-' && nibbles && nibbles % 4 == 0)
            continue;
        if (digit < 0 || nibbles == 32)
            return false;
        unsigned char *byte = &out[nibbles / 2];
        *byte = (unsigned char)(nibbles % 2 ? *byte | digit : digit << 4);
        nibbles++;
    }
    return nibbles == 32;
}

/* ---- forms of the other kinds ---- */

static void add_temporal(struct buffer *b, const struct value *v)
{
    switch (v->kind) {
    case VALUE_DATE:
        value_add_date(b, v->i);
        break;
    case VALUE_TIME:
        value_add_time(b, v->i);
        break;
    default:
        value_add_datetime(b, v->i);
        if (v->kind == VALUE_INSTANT)
            buffer_add_char(b, 'Z');
    }
}

static struct value text_form(const struct value *v, struct arena *a)
{
    if (value_kind_has_text(v->kind) && v->kind != VALUE_UUID)
        return value_text(VALUE_TEXT, v->text, v->size);
    if (v->kind == VALUE_BOOL)
        return value_text(VALUE_TEXT, v->i ? "true" : "false", v->i ? 4 : 5);
    struct buffer b = {.data = arena_alloc(a, 64), .capacity = 64, .max = 64};
    switch (v->kind) {
    case VALUE_INT:
        buffer_add_int(&b, v->i);
        break;
    case VALUE_UINT:
        buffer_add_uint(&b, v->u);
        break;
    case VALUE_FLOAT:
        value_add_float(&b, v->d);
        break;
    case VALUE_DOUBLE:
        value_add_double(&b, v->d);
        break;
    case VALUE_UUID:
        value_add_uuid(&b, v->text);
        break;
    default:
        add_temporal(&b, v);
    }
    return value_text(VALUE_TEXT, b.data, b.size);
}

/* Spaces beyond the length go without a word on both engines, so the length is checked here. */
static bool too_long(const struct column *c, const struct value *v)
{
    return c->length >= 0 && v->size > (size_t)c->length &&
           utf8_length(v->text, v->size) > (size_t)c->length;
}

enum status convert_to_text(const struct conversion_step *step, struct value *v, struct arena *a,
                            struct failure *f)
{
    if (v->kind == VALUE_BYTES && !utf8_valid(v->text, v->size))
        return convert_refuse(step, v, a, f, "the bytes are no UTF-8 text");
    struct value text = text_form(v, a);
    if (too_long(step->target, &text))
        return convert_refuse(step, v, a, f, "it is longer than the column");
    if (step->drops_blanks && text.size && text.text[text.size - 1] == ' ')
        return convert_refuse(step, v, a, f, "the column does not keep blanks at its end");
    *v = text;
    return STATUS_OK;
}

enum status convert_to_bytes(const struct conversion_step *step, struct value *v, struct arena *a,
                             struct failure *f)
{
    const struct column *c = step->target;
    if (c->length >= 0 && v->size > (size_t)c->length)
        return convert_refuse(step, v, a, f, "it is longer than the column");
    if (column_pads(c) && v->size < (size_t)c->length)
        return convert_refuse(step, v, a, f,
                              "it is shorter than the column, which adds zero bytes");
    v->kind = VALUE_BYTES;
    return STATUS_OK;
}

/* The target's server reads it and refuses what is none: it knows its own grammar best. */
enum status convert_to_json(const struct conversion_step *step, struct value *v, struct arena *a,
                            struct failure *f)
{
    (void)step, (void)a, (void)f;
    v->kind = VALUE_JSON;
    return STATUS_OK;
}

enum status convert_to_uuid(const struct conversion_step *step, struct value *v, struct arena *a,
                            struct failure *f)
{
    if (v->kind == VALUE_TEXT) {
        unsigned char *bytes = arena_alloc(a, 16);
        if (!uuid_read(v->text, v->size, bytes))
            return convert_refuse(step, v, a, f, "it is no UUID");
        *v = value_text(VALUE_UUID, (const char *)bytes, 16);
        return STATUS_OK;
    }
    if (v->size != 16)
        return convert_refuse(step, v, a, f, "a UUID has 16 bytes");
    v->kind = VALUE_UUID;
    return STATUS_OK;
}
