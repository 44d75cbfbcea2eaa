/* Two bytes are an index into 65,536 code points; a third byte (EUC-JP after 0x8f) has a table of
 * its own; GB18030's four bytes are a number, of which 39,420 are the rest of the first 65,536 code
 * points and those from 189,000 on are U+10000 and so forth.
 */
#include <iconv.h>
#include <pthread.h>
#include <stdlib.h>
#include "base/fail.h"
#include "mysql/charset_multi.h"
#include "mysql/charset_tables.h"

enum shape { SHAPE_EUC, SHAPE_EUC_JP, SHAPE_SJIS, SHAPE_GB18030 };

enum {
    TABLE = 65536,
    FOURS = 39420,
    FOURS_BEYOND = 189000,
    CODE_MAX = 0x10ffff,
    KANA_FIRST = 0xa1,
    KANA_LAST = 0xdf,
    KANA_CODE = 0xff61,
    EUC_JP_THREE = 0x8f,
};

struct multi {
    enum shape shape;
    uint16_t *two, *three, *four;
};

struct recipe {
    const char *iconv_name;
    enum shape shape;
    const struct charset_pair *pairs;
    const size_t *npairs;
};

static const struct recipe recipes[MULTI_COUNT] = {
    [MULTI_BIG5] = {"BIG5", SHAPE_EUC, charset_big5, &charset_nbig5},
    [MULTI_CP932] = {"CP932", SHAPE_SJIS, NULL, NULL},
    [MULTI_EUCJPMS] = {"EUC-JP-MS", SHAPE_EUC_JP, NULL, NULL},
    [MULTI_EUCKR] = {"UHC", SHAPE_EUC, NULL, NULL},
    [MULTI_GB18030] = {"GB18030", SHAPE_GB18030, charset_gb18030, &charset_ngb18030},
    [MULTI_GB2312] = {"EUC-CN", SHAPE_EUC, NULL, NULL},
    [MULTI_GBK] = {"GBK", SHAPE_EUC, NULL, NULL},
    [MULTI_SJIS] = {"CP932", SHAPE_SJIS, charset_sjis, &charset_nsjis},
    [MULTI_UJIS] = {"EUC-JP-MS", SHAPE_EUC_JP, charset_ujis, &charset_nujis},
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct multi *made[MULTI_COUNT];

/* The one code point of a sequence; 0: none, several, or beyond 16 bits. */
static uint16_t code_of(iconv_t converter, const uint8_t *bytes, size_t size)
{
    uint32_t code[2] = {0};
    char *in = (char *)(uintptr_t)bytes, *out = (char *)code;
    size_t in_left = size, out_left = sizeof code;
    iconv(converter, NULL, NULL, NULL, NULL);
    if (iconv(converter, &in, &in_left, &out, &out_left) != 0 || in_left > 0)
        return 0;
    iconv(converter, NULL, NULL, &out, &out_left);
    return out_left == sizeof code[1] && code[0] < TABLE ? (uint16_t)code[0] : 0;
}

static uint16_t *table_make(iconv_t converter, int prefix)
{
    uint16_t *table = calloc(TABLE, sizeof *table);
    must(table != NULL);
    for (unsigned first = 0x80; first < 0xff; first++)
        for (unsigned second = 0x40; second <= 0xff; second++) {
            uint8_t bytes[3] = {(uint8_t)prefix, (uint8_t)first, (uint8_t)second};
            table[first << 8 | second] =
                prefix ? code_of(converter, bytes, 3) : code_of(converter, bytes + 1, 2);
        }
    return table;
}

static uint32_t four_index(const uint8_t *b)
{
    return (((b[0] - 0x81u) * 10 + (b[1] - 0x30u)) * 126 + (b[2] - 0x81u)) * 10 + (b[3] - 0x30u);
}

static uint16_t *fours_make(iconv_t converter)
{
    uint16_t *table = calloc(FOURS, sizeof *table);
    must(table != NULL);
    for (uint32_t i = 0; i < FOURS; i++) {
        uint8_t bytes[4] = {(uint8_t)(0x81 + i / 12600), (uint8_t)(0x30 + i / 1260 % 10),
                            (uint8_t)(0x81 + i / 10 % 126), (uint8_t)(0x30 + i % 10)};
        table[i] = code_of(converter, bytes, 4);
    }
    return table;
}

static void pair_set(struct multi *m, struct charset_pair pair)
{
    uint32_t b = pair.bytes;
    uint8_t four[4] = {(uint8_t)(b >> 24), (uint8_t)(b >> 16), (uint8_t)(b >> 8), (uint8_t)b};
    if (b < TABLE)
        m->two[b] = pair.code;
    else if (b >> 16 == EUC_JP_THREE)
        m->three[b & 0xffff] = pair.code;
    else
        m->four[four_index(four)] = pair.code;
}

static struct multi *multi_make(const struct recipe *recipe)
{
    iconv_t converter = iconv_open("UTF-32LE", recipe->iconv_name);
    if (converter == (iconv_t)-1)
        return NULL;
    struct multi *m = calloc(1, sizeof *m);
    must(m != NULL);
    m->shape = recipe->shape;
    m->two = table_make(converter, 0);
    if (m->shape == SHAPE_EUC_JP)
        m->three = table_make(converter, EUC_JP_THREE);
    if (m->shape == SHAPE_GB18030)
        m->four = fours_make(converter);
    for (size_t i = 0; recipe->pairs && i < *recipe->npairs; i++)
        pair_set(m, recipe->pairs[i]);
    iconv_close(converter);
    return m;
}

const struct multi *multi_of(enum charset_multi which)
{
    pthread_mutex_lock(&mutex);
    if (!made[which])
        made[which] = multi_make(&recipes[which]);
    const struct multi *m = made[which];
    pthread_mutex_unlock(&mutex);
    return m;
}

static uint32_t four_read(const struct multi *m, struct reader *r)
{
    const uint8_t *b = read_bytes(r, 4);
    if (!b || b[0] < 0x81 || b[0] == 0xff || b[2] < 0x81 || b[2] == 0xff || b[3] < 0x30 ||
        b[3] > 0x39)
        return 0;
    uint32_t i = four_index(b);
    if (i < FOURS)
        return m->four[i];
    if (i < FOURS_BEYOND || i - FOURS_BEYOND + TABLE > CODE_MAX)
        return 0;
    return i - FOURS_BEYOND + TABLE;
}

uint32_t multi_read(const struct multi *m, struct reader *r)
{
    const uint8_t *b = r->at;
    size_t left = reader_left(r);
    if (m->shape == SHAPE_SJIS && b[0] >= KANA_FIRST && b[0] <= KANA_LAST)
        return read_u8(r) - KANA_FIRST + KANA_CODE;
    if (m->shape == SHAPE_GB18030 && left > 1 && b[1] >= 0x30 && b[1] <= 0x39)
        return four_read(m, r);
    if (m->shape == SHAPE_EUC_JP && b[0] == EUC_JP_THREE) {
        read_u8(r);
        return m->three[read_be(r, 2)];
    }
    return m->two[read_be(r, 2)];
}
