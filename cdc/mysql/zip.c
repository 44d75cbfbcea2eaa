/* MariaDB's two uses of zlib (sql/log_event.cc, sql/field.cc).
 *
 *   record  0x80|n, original size (n bytes, big-endian), zlib stream
 *   column  0, plain bytes
 *           0x8W|n, original size (n bytes, big-endian), stream; W (bit 3) set: raw deflate
 *
 * The original size is not trusted: deflate cannot expand beyond 1032 times (zlib's manual).
 */
#include <zlib.h>
#include "mysql/decode.h"

enum { DEFLATE_RATIO_MAX = 1032, SIZE_BYTES = 7, RAW_DEFLATE = 8, ZLIB = 8 };

static bool inflate_all(struct reader r, int window_bits, uint8_t *out, size_t size)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)r.at, .avail_in = (uInt)reader_left(&r)};
    z.next_out = out;
    z.avail_out = (uInt)size;
    if (inflateInit2(&z, window_bits) != Z_OK)
        return false;
    int rc = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    return rc == Z_STREAM_END && z.total_out == size;
}

static bool unpack(struct reader r, unsigned size_bytes, int window_bits, struct arena *a,
                   const uint8_t **out, size_t *size)
{
    uint64_t original = read_be(&r, size_bytes);
    if (r.overrun || size_bytes > 4 || original / DEFLATE_RATIO_MAX > reader_left(&r) ||
        reader_left(&r) > UINT32_MAX)
        return false;
    uint8_t *data = arena_alloc(a, (size_t)original + 1);
    if (!inflate_all(r, window_bits, data, (size_t)original))
        return false;
    *out = data;
    *size = (size_t)original;
    return true;
}

bool zip_record_read(struct reader r, struct arena *a, const uint8_t **out, size_t *size)
{
    uint8_t head = read_u8(&r);
    if (r.overrun || (head & 0xf0) != 0x80)
        return false;
    return unpack(r, head & SIZE_BYTES, MAX_WBITS, a, out, size);
}

bool zip_column_read(struct reader r, struct arena *a, const uint8_t **out, size_t *size)
{
    *out = r.at;
    *size = 0;
    if (reader_left(&r) == 0) /* the empty string */
        return true;
    uint8_t head = read_u8(&r);
    if (head == 0) {
        *size = reader_left(&r);
        *out = (const uint8_t *)arena_copy(a, r.at, *size);
        return true;
    }
    if (head >> 4 != ZLIB)
        return false;
    return unpack(r, head & SIZE_BYTES, head & RAW_DEFLATE ? -MAX_WBITS : MAX_WBITS, a, out, size);
}
