/* Character sets of columns, by collation id, and their way to UTF-8.
 *
 * The ids are MySQL's and MariaDB's own and do not change: one of 0 to 323 is listed; MariaDB marks
 * its no-pad collations by 1024, and has later ones from 576 and from 2048 (UCA 14.0.0) on.
 */
#include "mysql/charset_multi.h"
#include "mysql/charset_tables.h"
#include "mysql/decode.h"

/* name, how it is converted, which */
#define CHARSETS(X)                                                                                \
    X(UTF8MB4, utf8mb4, WAY_UTF8, 0)                                                               \
    X(UTF8MB3, utf8mb3, WAY_UTF8, 0)                                                               \
    X(UTF8, utf8, WAY_UTF8, 0)                                                                     \
    X(ASCII, ascii, WAY_UTF8, 0)                                                                   \
    X(BINARY, binary, WAY_UTF8, 0)                                                                 \
    X(UCS2, ucs2, WAY_UTF16, 0)                                                                    \
    X(UTF16, utf16, WAY_UTF16, 0)                                                                  \
    X(UTF16LE, utf16le, WAY_UTF16LE, 0)                                                            \
    X(UTF32, utf32, WAY_UTF32, 0)                                                                  \
    X(BIG5, big5, WAY_MULTI, MULTI_BIG5)                                                           \
    X(CP932, cp932, WAY_MULTI, MULTI_CP932)                                                        \
    X(EUCJPMS, eucjpms, WAY_MULTI, MULTI_EUCJPMS)                                                  \
    X(EUCKR, euckr, WAY_MULTI, MULTI_EUCKR)                                                        \
    X(GB18030, gb18030, WAY_MULTI, MULTI_GB18030)                                                  \
    X(GB2312, gb2312, WAY_MULTI, MULTI_GB2312)                                                     \
    X(GBK, gbk, WAY_MULTI, MULTI_GBK)                                                              \
    X(SJIS, sjis, WAY_MULTI, MULTI_SJIS)                                                           \
    X(UJIS, ujis, WAY_MULTI, MULTI_UJIS)                                                           \
    X(ARMSCII8, armscii8, WAY_SINGLE, 0)                                                           \
    X(CP1250, cp1250, WAY_SINGLE, 0)                                                               \
    X(CP1251, cp1251, WAY_SINGLE, 0)                                                               \
    X(CP1256, cp1256, WAY_SINGLE, 0)                                                               \
    X(CP1257, cp1257, WAY_SINGLE, 0)                                                               \
    X(CP850, cp850, WAY_SINGLE, 0)                                                                 \
    X(CP852, cp852, WAY_SINGLE, 0)                                                                 \
    X(CP866, cp866, WAY_SINGLE, 0)                                                                 \
    X(DEC8, dec8, WAY_SINGLE, 0)                                                                   \
    X(GEOSTD8, geostd8, WAY_SINGLE, 0)                                                             \
    X(GREEK, greek, WAY_SINGLE, 0)                                                                 \
    X(HEBREW, hebrew, WAY_SINGLE, 0)                                                               \
    X(HP8, hp8, WAY_SINGLE, 0)                                                                     \
    X(KEYBCS2, keybcs2, WAY_SINGLE, 0)                                                             \
    X(KOI8R, koi8r, WAY_SINGLE, 0)                                                                 \
    X(KOI8U, koi8u, WAY_SINGLE, 0)                                                                 \
    X(LATIN1, latin1, WAY_SINGLE, 0)                                                               \
    X(LATIN2, latin2, WAY_SINGLE, 0)                                                               \
    X(LATIN5, latin5, WAY_SINGLE, 0)                                                               \
    X(LATIN7, latin7, WAY_SINGLE, 0)                                                               \
    X(MACCE, macce, WAY_SINGLE, 0)                                                                 \
    X(MACROMAN, macroman, WAY_SINGLE, 0)                                                           \
    X(TIS620, tis620, WAY_SINGLE, 0)

enum {
    NONE = CHARSET_UNKNOWN,
#define X(id, name, way, which) id,
    CHARSETS(X)
#undef X
        CHARSETS_COUNT
};

enum way { WAY_NONE, WAY_UTF8, WAY_UTF16, WAY_UTF16LE, WAY_UTF32, WAY_MULTI, WAY_SINGLE };

static const struct charset {
    const char *name;
    enum way way;
    int which;
} charsets[CHARSETS_COUNT] = {
#define X(id, name, way, which) [id] = {#name, way, which},
    CHARSETS(X)
#undef X
};

enum { MARIA_NOPAD = 1024, MARIA_UCA14 = 2048, UTF8_BYTES_MAX = 4 };

static const uint8_t by_id[1024] = {
    [1] = BIG5,
    [2] = LATIN2,
    [3] = DEC8,
    [4] = CP850,
    [5] = LATIN1,
    [6] = HP8,
    [7] = KOI8R,
    [8] = LATIN1,
    [9] = LATIN2,
    [11] = ASCII,
    [12] = UJIS,
    [13] = SJIS,
    [14] = CP1251,
    [15] = LATIN1,
    [16] = HEBREW,
    [18] = TIS620,
    [19] = EUCKR,
    [20] = LATIN7,
    [21] = LATIN2,
    [22] = KOI8U,
    [23] = CP1251,
    [24] = GB2312,
    [25] = GREEK,
    [26] = CP1250,
    [27] = LATIN2,
    [28] = GBK,
    [29] = CP1257,
    [30] = LATIN5,
    [31] = LATIN1,
    [32] = ARMSCII8,
    [33] = UTF8MB3,
    [34] = CP1250,
    [35] = UCS2,
    [36] = CP866,
    [37] = KEYBCS2,
    [38] = MACCE,
    [39] = MACROMAN,
    [40] = CP852,
    [41 ... 42] = LATIN7,
    [43] = MACCE,
    [44] = CP1250,
    [45 ... 46] = UTF8MB4,
    [47 ... 49] = LATIN1,
    [50 ... 52] = CP1251,
    [53] = MACROMAN,
    [54 ... 55] = UTF16,
    [56] = UTF16LE,
    [57] = CP1256,
    [58 ... 59] = CP1257,
    [60 ... 61] = UTF32,
    [62] = UTF16LE,
    [63] = BINARY,
    [64] = ARMSCII8,
    [65] = ASCII,
    [66] = CP1250,
    [67] = CP1256,
    [68] = CP866,
    [69] = DEC8,
    [70] = GREEK,
    [71] = HEBREW,
    [72] = HP8,
    [73] = KEYBCS2,
    [74] = KOI8R,
    [75] = KOI8U,
    [76] = UTF8MB3,
    [77] = LATIN2,
    [78] = LATIN5,
    [79] = LATIN7,
    [80] = CP850,
    [81] = CP852,
    [83] = UTF8MB3,
    [84] = BIG5,
    [85] = EUCKR,
    [86] = GB2312,
    [87] = GBK,
    [88] = SJIS,
    [89] = TIS620,
    [90] = UCS2,
    [91] = UJIS,
    [92 ... 93] = GEOSTD8,
    [94] = LATIN1,
    [95 ... 96] = CP932,
    [97 ... 98] = EUCJPMS,
    [99] = CP1250,
    [101 ... 124] = UTF16,
    [128 ... 151] = UCS2,
    [159] = UCS2,
    [160 ... 183] = UTF32,
    [192 ... 215] = UTF8MB3,
    [223] = UTF8MB3,
    [224 ... 247] = UTF8MB4,
    [248 ... 250] = GB18030,
    [255 ... 323] = UTF8MB4,
    [576 ... 607] = UTF8MB3,
    [608 ... 639] = UTF8MB4,
    [640 ... 671] = UCS2,
    [672 ... 703] = UTF16,
    [736 ... 767] = UTF32,
};

static const uint8_t by_uca14[] = {UTF8MB3, UTF8MB4, UCS2, UTF16, UTF32}; /* by 256 from 2048 on */

uint8_t charset_of_collation(uint32_t collation)
{
    if (collation >= MARIA_UCA14) {
        uint32_t block = (collation - MARIA_UCA14) / 256;
        return block < sizeof by_uca14 ? by_uca14[block] : NONE;
    }
    return by_id[collation % MARIA_NOPAD];
}

uint8_t charset_of_name(const char *collation)
{
    size_t size = strcspn(collation, "_");
    for (uint8_t i = 1; i < CHARSETS_COUNT; i++)
        if (strlen(charsets[i].name) == size && memcmp(charsets[i].name, collation, size) == 0)
            return i;
    return NONE;
}

bool charset_is_utf8(uint8_t charset)
{
    return charset < CHARSETS_COUNT && charsets[charset].way == WAY_UTF8;
}

static char *add_code(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 63));
        *out++ = (char)(0x80 | (code & 63));
    } else {
        *out++ = (char)(0xf0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 63));
        *out++ = (char)(0x80 | (code >> 6 & 63));
        *out++ = (char)(0x80 | (code & 63));
    }
    return out;
}

/* The tables are in the order of the list above. */
static const uint16_t *single_of(uint8_t charset)
{
    size_t i = charset - (size_t)ARMSCII8;
    must(i < charset_nsingles && strcmp(charset_singles[i].name, charsets[charset].name) == 0);
    return charset_singles[i].high;
}

/* What one conversion reads by. */
struct decoder {
    enum way way;
    const uint16_t *high;
    const struct multi *multi;
};

static bool decoder_of(uint8_t charset, struct decoder *d)
{
    if (charset == NONE || charset >= CHARSETS_COUNT)
        return false;
    *d = (struct decoder){.way = charsets[charset].way};
    if (d->way == WAY_SINGLE)
        d->high = single_of(charset);
    if (d->way == WAY_MULTI)
        d->multi = multi_of((enum charset_multi)charsets[charset].which);
    return d->way != WAY_MULTI || d->multi;
}

static uint32_t utf16_unit(struct reader *r, enum way way)
{
    return (uint32_t)(way == WAY_UTF16LE ? read_le(r, 2) : read_be(r, 2));
}

static bool utf16_read(struct reader *r, enum way way, uint32_t *code)
{
    *code = utf16_unit(r, way);
    if (*code < 0xd800 || *code > 0xdfff)
        return true;
    uint32_t low = utf16_unit(r, way);
    if (*code > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return false;
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

static bool utf32_read(struct reader *r, uint32_t *code)
{
    *code = (uint32_t)read_be(r, 4);
    return *code <= 0x10ffff && (*code < 0xd800 || *code > 0xdfff);
}

static bool code_read(const struct decoder *d, struct reader *r, uint32_t *code)
{
    switch (d->way) {
    case WAY_UTF16:
    case WAY_UTF16LE:
        return utf16_read(r, d->way, code);
    case WAY_UTF32:
        return utf32_read(r, code);
    default:
        break;
    }
    *code = *r->at;
    if (*code < 0x80) {
        r->at++;
        return true;
    }
    *code = d->way == WAY_MULTI ? multi_read(d->multi, r) : d->high[read_u8(r) & 0x7f];
    return *code != 0;
}

bool charset_convert(uint8_t charset, const uint8_t *text, size_t size, struct arena *a,
                     const char **out, size_t *out_size)
{
    struct decoder d;
    if (!decoder_of(charset, &d))
        return false;
    if (d.way == WAY_UTF8) {
        *out = arena_copy(a, text, size);
        *out_size = size;
        return true;
    }
    struct buffer *b = decode_scratch();
    struct reader r = reader_of(text, size);
    while (reader_left(&r) > 0) {
        uint32_t code;
        if (!code_read(&d, &r, &code) || r.overrun)
            return false;
        char *at = buffer_reserve(b, UTF8_BYTES_MAX);
        b->size += (size_t)(add_code(at, code) - at);
    }
    *out = arena_copy(a, b->data, b->size);
    *out_size = b->size;
    return true;
}
