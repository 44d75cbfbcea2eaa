#include "model/value_code.h"

#include <string.h>
#include "base/fail.h"

static const char letters[] = {
    [VALUE_NULL] = 'n',    [VALUE_BOOL] = 'b',     [VALUE_INT] = 'i',  [VALUE_UINT] = 'u',
    [VALUE_FLOAT] = 'f',   [VALUE_DOUBLE] = 'g',   [VALUE_DECIMAL] = 'd', [VALUE_TEXT] = 't',
    [VALUE_BYTES] = 'x',   [VALUE_DATE] = 'D',     [VALUE_TIME] = 'T', [VALUE_DATETIME] = 'L',
    [VALUE_INSTANT] = 'I', [VALUE_JSON] = 'j',     [VALUE_UUID] = 'U', [VALUE_ODD] = 'o',
};

/* ---- out ---- */

void value_code_number(struct buffer *out, uint64_t n, size_t size)
{
    buffer_add(out, &n, size); /* little endian, as base/reader.h asserts */
}

void value_code_text(struct buffer *out, const char *text, size_t size)
{
    value_code_number(out, size, 4);
    buffer_add(out, text, size);
}

void value_code_add(struct buffer *out, const struct value *v)
{
    must(v->kind < sizeof letters && letters[v->kind]);
    buffer_add_char(out, letters[v->kind]);
    if (value_kind_has_text((enum value_kind)v->kind))
        value_code_text(out, v->text, v->size);
    else if (v->kind != VALUE_NULL)
        value_code_number(out, v->u, 8); /* the bits, whatever they mean */
}

/* ---- in ---- */

const char *value_code_read_text(struct reader *r, uint32_t *size)
{
    *size = (uint32_t)read_le(r, 4);
    const char *at = (const char *)read_bytes(r, *size);
    if (at)
        return at;
    *size = 0;
    return "";
}

/* -1: no kind has it. */
static int kind_of(uint8_t letter)
{
    for (size_t i = 0; letter && i < sizeof letters; i++)
        if (letters[i] == (char)letter)
            return (int)i;
    return -1;
}

bool value_code_read(struct reader *r, struct value *out)
{
    int kind = kind_of(read_u8(r));
    if (kind < 0)
        return false;
    *out = (struct value){.kind = (uint8_t)kind};
    if (value_kind_has_text((enum value_kind)kind)) {
        uint32_t size;
        const char *text = value_code_read_text(r, &size);
        *out = value_text((enum value_kind)kind, text, size);
    } else if (kind != VALUE_NULL) {
        out->u = read_le(r, 8);
    }
    return !r->overrun && (kind != VALUE_UUID || out->size == 16);
}
