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
    uint32_t mask;  /* all ones where negative */
    uint32_t first; /* the number's first bit, then 0 */
    bool valid;
};

static uint32_t load_be(const uint8_t *p, unsigned size)
{
    uint32_t v = 0;
    if (size < sizeof v) {
        for (unsigned i = 0; i < size; i++)
            v = v << 8 | p[i];
        return v;
    }
    memcpy(&v, p, sizeof v);
    return __builtin_bswap32(v);
}

static uint32_t group_read(struct digits *d, int ndigits)
{
    unsigned size = group_bytes[ndigits];
    if (size == 0)
        return 0;
    uint32_t v = load_be(d->at, size);
    v ^= (d->mask ^ d->first) >> (32 - 8 * size);
    d->first = 0;
    d->at += size;
    if (v < group_limit[ndigits])
        return v;
    d->valid = false;
    return 0;
}

static void digits_write(char *out, uint32_t v, int ndigits)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    for (; ndigits >= 2; ndigits -= 2, v /= 100)
        memcpy(out + ndigits - 2, &pairs[v % 100 * 2], 2);
    if (ndigits > 0)
        out[0] = (char)('0' + v % 10);
}

static int count_digits(uint32_t v) /* of 0: none */
{
    int n = 0;
    while (v >= group_limit[n])
        n++;
    return n;
}

/* `leads`: without zeros in front. */
static char *group_write(struct digits *d, int ndigits, bool leads, char *out)
{
    uint32_t v = group_read(d, ndigits);
    if (leads)
        ndigits = count_digits(v);
    digits_write(out, v, ndigits);
    return out + ndigits;
}

static char *whole_write(struct digits *d, int ndigits, char *out)
{
    const char *start = out;
    out = group_write(d, ndigits % GROUP, true, out);
    for (int i = 0; i < ndigits / GROUP; i++)
        out = group_write(d, GROUP, out == start, out);
    if (out == start)
        *out++ = '0';
    return out;
}

static char *fraction_write(struct digits *d, int ndigits, char *out)
{
    *out++ = '.';
    for (int i = 0; i < ndigits / GROUP; i++)
        out = group_write(d, GROUP, false, out);
    return group_write(d, ndigits % GROUP, false, out);
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
    struct digits d = {data, negative ? UINT32_MAX : 0, 0x80000000, true};
    char *digits = negative ? out + 1 : out;
    char *end = whole_write(&d, precision - scale, digits);
    if (scale > 0)
        end = fraction_write(&d, scale, end);
    if (!d.valid)
        return 0;
    size_t size = (size_t)(end - digits);
    if (!negative)
        return size;
    if (is_zero(digits, end)) {
        memmove(out, digits, size); /* a zero has no sign */
        return size;
    }
    out[0] = '-';
    return size + 1;
}
