/* DECIMAL's binary form (strings/decimal.cc): the digits before the point and those behind it, each
 * side in groups of nine from the point outwards, a group in 4 bytes big-endian, the odd one in
 * `group_bytes`. The first bit is flipped, and all bits where the number is negative.
 */
#include "mysql/decode.h"

enum { GROUP = 9 };

static const uint8_t group_bytes[GROUP + 1] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
static const uint32_t group_limit[GROUP + 1] = {1,      10,      100,      1000,      10000,
                                                100000, 1000000, 10000000, 100000000, 1000000000};

size_t decimal_bytes(int precision, int scale)
{
    int whole = precision - scale;
    return (size_t)(whole / GROUP * 4 + group_bytes[whole % GROUP] + scale / GROUP * 4 +
                    group_bytes[scale % GROUP]);
}

struct digits {
    const uint8_t *at;
    uint8_t mask;  /* 0xff where negative */
    uint8_t first; /* 0x80 for the first byte, then 0 */
    bool valid;
};

static uint32_t group_read(struct digits *d, int ndigits)
{
    uint32_t v = 0;
    for (int i = 0; i < group_bytes[ndigits]; i++) {
        v = v << 8 | (uint8_t)(*d->at++ ^ d->mask ^ d->first);
        d->first = 0;
    }
    if (v >= group_limit[ndigits])
        d->valid = false;
    return v;
}

static void digits_write(char *out, uint32_t v, int ndigits)
{
    for (int i = ndigits; i-- > 0; v /= 10)
        out[i] = (char)('0' + v % 10);
}

static char *group_copy(struct digits *d, char *out, int ndigits)
{
    digits_write(out, group_read(d, ndigits), ndigits);
    return out + ndigits;
}

static char *whole_write(struct digits *d, int ndigits, char *out)
{
    char *start = out;
    out = group_copy(d, out, ndigits % GROUP);
    for (int i = 0; i < ndigits / GROUP; i++)
        out = group_copy(d, out, GROUP);
    char *digit = start;
    while (digit < out && *digit == '0')
        digit++;
    memmove(start, digit, (size_t)(out - digit));
    out -= digit - start;
    if (out == start)
        *out++ = '0';
    return out;
}

static char *fraction_write(struct digits *d, int ndigits, char *out)
{
    *out++ = '.';
    for (int i = 0; i < ndigits / GROUP; i++)
        out = group_copy(d, out, GROUP);
    return group_copy(d, out, ndigits % GROUP);
}

static bool is_zero(const char *text, const char *end)
{
    for (; text < end; text++)
        if (*text != '0' && *text != '.')
            return false;
    return true;
}

size_t decimal_write(const uint8_t *data, int precision, int scale, char *out)
{
    if (precision < 1 || precision > DECIMAL_DIGITS_MAX || scale < 0 || scale > precision)
        return 0;
    bool negative = !(data[0] & 0x80);
    struct digits d = {data, negative ? 0xff : 0, 0x80, true};
    char *end = whole_write(&d, precision - scale, out + 1);
    if (scale > 0)
        end = fraction_write(&d, scale, end);
    if (!d.valid)
        return 0;
    if (negative && !is_zero(out + 1, end)) {
        out[0] = '-';
        return (size_t)(end - out);
    }
    memmove(out, out + 1, (size_t)(end - out - 1));
    return (size_t)(end - out - 1);
}
