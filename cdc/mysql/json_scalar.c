#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "mysql/decode.h"
#include "mysql/json.h"
#include "mysql/json_scalar.h"

enum { NUMBER_BYTES = 48, DOUBLE_DIGITS = 17, POINT_FIRST = -14, POINT_LAST = 15 };
enum { BASE64_LINE = 76 };

static bool literal_write(struct reader r, struct json_out *out)
{
    static const char *const names[] = {"null", "true", "false"};
    uint8_t which = read_u8(&r);
    return !r.overrun && which < 3 && json_add(out, names[which], strlen(names[which]));
}

static bool integer_write(struct reader r, unsigned size, bool is_signed, struct json_out *out)
{
    char text[NUMBER_BYTES];
    uint64_t v = read_le(&r, size);
    unsigned unused = 64 - 8 * size;
    int n = is_signed
                ? snprintf(text, sizeof text, "%jd", (intmax_t)((int64_t)(v << unused) >> unused))
                : snprintf(text, sizeof text, "%ju", (uintmax_t)v);
    return !r.overrun && json_add(out, text, (size_t)n);
}

/* -- doubles: the shortest digits that read back; a point where the exponent allows it, else e --
 */

/* Digits without point or trailing zeros, and the place of the point. */
static int shortest_digits(double d, char *digits, int *point)
{
    char text[NUMBER_BYTES];
    for (int n = 1; n <= DOUBLE_DIGITS; n++) {
        snprintf(text, sizeof text, "%.*e", n - 1, d);
        if (strtod(text, NULL) == d)
            break;
    }
    int count = 0;
    char *at = text;
    for (; *at != 'e'; at++)
        if (*at != '.')
            digits[count++] = *at;
    *point = atoi(at + 1) + 1;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    return count;
}

static size_t exponent_form(char *out, const char *digits, int count, int point)
{
    size_t n = 0;
    out[n++] = digits[0];
    if (count > 1)
        out[n++] = '.';
    memcpy(out + n, digits + 1, (size_t)count - 1);
    n += (size_t)count - 1;
    return n + (size_t)snprintf(out + n, 8, "e%d", point - 1);
}

static size_t point_form(char *out, const char *digits, int count, int point)
{
    size_t n = 0;
    if (point <= 0) {
        n = (size_t)snprintf(out, 24, "0.%.*s", -point, "00000000000000000000");
        memcpy(out + n, digits, (size_t)count);
        return n + (size_t)count;
    }
    for (int i = 0; i < point; i++)
        out[n++] = i < count ? digits[i] : '0';
    out[n++] = '.';
    if (count <= point)
        out[n++] = '0';
    for (int i = point; i < count; i++)
        out[n++] = digits[i];
    return n;
}

static bool double_write(struct reader r, struct json_out *out)
{
    char text[NUMBER_BYTES], digits[NUMBER_BYTES];
    uint64_t bits = read_le(&r, sizeof bits);
    double d;
    memcpy(&d, &bits, sizeof d);
    if (r.overrun || !isfinite(d))
        return false;
    size_t n = 0;
    if (signbit(d))
        text[n++] = '-';
    int point, count = shortest_digits(fabs(d), digits, &point);
    bool exponent = point < POINT_FIRST || (point > POINT_LAST && count <= point);
    n += exponent ? exponent_form(text + n, digits, count, point)
                  : point_form(text + n, digits, count, point);
    return json_add(out, text, n);
}

/* -- strings -- */

static size_t escape(uint8_t c, char *out)
{
    static const char hex[] = "0123456789abcdef";
    static const char short_form[] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r',
                                      ['\t'] = 't', ['"'] = '"',  ['\\'] = '\\'};
    out[0] = '\\';
    if (c < sizeof short_form && short_form[c]) {
        out[1] = short_form[c];
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = hex[c >> 4];
    out[5] = hex[c & 15];
    return 6;
}

bool json_string_write(const uint8_t *text, size_t size, struct json_out *out)
{
    if (!json_add(out, "\"", 1))
        return false;
    size_t from = 0;
    for (size_t i = 0; i < size; i++) {
        uint8_t c = text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        char escaped[6];
        if (!json_add(out, (const char *)text + from, i - from) ||
            !json_add(out, escaped, escape(c, escaped)))
            return false;
        from = i + 1;
    }
    return json_add(out, (const char *)text + from, size - from) && json_add(out, "\"", 1);
}

static struct reader sized_part(struct reader *r)
{
    uint64_t size = 0;
    for (unsigned i = 0; i < 5; i++) {
        uint8_t b = read_u8(r);
        size |= (uint64_t)(b & 0x7f) << (7 * i);
        if (!(b & 0x80))
            return read_part(r, size);
    }
    return (struct reader){.at = r->at, .end = r->at, .overrun = true};
}

/* -- opaque values: what JSON has no type for -- */

static bool decimal_text(struct reader r, struct json_out *out)
{
    char text[DECIMAL_DIGITS_MAX + 3];
    int precision = read_u8(&r), scale = read_u8(&r);
    if (r.overrun || scale > precision || precision > DECIMAL_DIGITS_MAX ||
        reader_left(&r) != decimal_bytes(precision, scale) || precision == 0)
        return false;
    size_t n = decimal_write(r.at, precision, scale, text);
    return n > 0 && json_add(out, text, n);
}

static bool moment_text(uint8_t type, struct reader r, struct json_out *out)
{
    enum { ROOM = 64 };
    int64_t packed = (int64_t)read_le(&r, 8);
    if (r.overrun || !json_add(out, "\"", 1) || out->buffer->size + ROOM > out->limit)
        return false;
    temporal_write_packed(type, packed, out->buffer);
    return json_add(out, "\"", 1);
}

static bool base64_group(const uint8_t *in, size_t size, struct json_out *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t v =
        (uint32_t)in[0] << 16 | (size > 1 ? (uint32_t)in[1] << 8 : 0) | (size > 2 ? in[2] : 0u);
    char group[4] = {digits[v >> 18], digits[v >> 12 & 63], size > 1 ? digits[v >> 6 & 63] : '=',
                     size > 2 ? digits[v & 63] : '='};
    return json_add(out, group, 4);
}

/* The server breaks its base64 into lines, and JSON escapes the line ends. */
static bool base64_text(uint8_t type, struct reader r, struct json_out *out)
{
    char head[32];
    int n = snprintf(head, sizeof head, "\"base64:type%u:", type);
    if (!json_add(out, head, (size_t)n))
        return false;
    size_t size = reader_left(&r);
    for (size_t i = 0; i < size; i += 3) {
        if (i > 0 && i / 3 * 4 % BASE64_LINE == 0 && !json_add(out, "\\n", 2))
            return false;
        if (!base64_group(r.at + i, size - i, out))
            return false;
    }
    return json_add(out, "\"", 1);
}

static bool opaque_write(struct reader r, struct json_out *out)
{
    uint8_t type = read_u8(&r);
    struct reader data = sized_part(&r);
    if (data.overrun)
        return false;
    switch (type) {
    case TYPE_NEWDECIMAL:
        return decimal_text(data, out);
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_DATETIME:
    case TYPE_TIMESTAMP:
        return moment_text(type, data, out);
    default:
        return base64_text(type, data, out);
    }
}

bool json_scalar_write(const struct json_node *n, struct json_out *out)
{
    struct reader r = n->data, text;
    switch (n->type) {
    case JSON_LITERAL:
        return literal_write(r, out);
    case JSON_INT16:
        return integer_write(r, 2, true, out);
    case JSON_UINT16:
        return integer_write(r, 2, false, out);
    case JSON_INT32:
        return integer_write(r, 4, true, out);
    case JSON_UINT32:
        return integer_write(r, 4, false, out);
    case JSON_INT64:
        return integer_write(r, 8, true, out);
    case JSON_UINT64:
        return integer_write(r, 8, false, out);
    case JSON_DOUBLE:
        return double_write(r, out);
    case JSON_STRING:
        text = sized_part(&r);
        return !text.overrun && json_string_write(text.at, reader_left(&text), out);
    case JSON_OPAQUE:
        return opaque_write(r, out);
    default:
        return false;
    }
}
