/* With carry-less multiplication where the processor has it, else zlib's.
 *
 * The message is a polynomial over GF(2). A piece of it that stands k bits before the end may be
 * replaced by anything congruent to (piece * x^k) mod P: so 16 bytes are multiplied by x^k mod P
 * and added to those that come k bits later, until 16 bytes are left, which have the checksum of
 * all. Four such lanes hide the multiplication's latency. As the bits are reflected, the constants
 * are too; each half of the 16 bytes has its own, x^(k+32) and x^(k-32) mod P.
 */
#include "base/crc.h"

#include <zlib.h>

static uint32_t by_zlib(const void *data, size_t size)
{
    return (uint32_t)crc32_z(0, data, size);
}

#ifdef __x86_64__
#include <immintrin.h>
#include <stdbool.h>

enum { LANES = 4, LANE_BYTES = 16, ROUND_BYTES = LANES * LANE_BYTES };

#define BY_CLMUL __attribute__((target("pclmul,sse2")))

/* `x`, moved to where `later` stands, and added to it. */
BY_CLMUL static inline __m128i fold(__m128i x, __m128i later, __m128i by)
{
    __m128i low = _mm_clmulepi64_si128(x, by, 0x00), high = _mm_clmulepi64_si128(x, by, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), later);
}

static inline __m128i load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

BY_CLMUL static uint32_t by_clmul(const uint8_t *p, size_t size)
{
    const __m128i over_4_lanes = _mm_set_epi64x(0x1c6e41596, 0x154442bd4);
    const __m128i over_1_lane = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
    const uint32_t none = UINT32_MAX; /* what zlib takes for "no bits before" */
    const uint8_t *end = p + size;
    __m128i lane[LANES];
    uint8_t rest[LANE_BYTES];
    for (int i = 0; i < LANES; i++)
        lane[i] = load(p + LANE_BYTES * i);
    lane[0] = _mm_xor_si128(lane[0], _mm_cvtsi32_si128(-1)); /* a CRC begins with ones */
    for (p += ROUND_BYTES; end - p >= ROUND_BYTES; p += ROUND_BYTES)
        for (int i = 0; i < LANES; i++)
            lane[i] = fold(lane[i], load(p + LANE_BYTES * i), over_4_lanes);
    __m128i all = lane[0];
    for (int i = 1; i < LANES; i++)
        all = fold(all, lane[i], over_1_lane);
    for (; end - p >= LANE_BYTES; p += LANE_BYTES)
        all = fold(all, load(p), over_1_lane);
    _mm_storeu_si128((__m128i *)(void *)rest, all);
    return (uint32_t)crc32_z(crc32_z(none, rest, sizeof rest), p, (size_t)(end - p));
}

uint32_t crc_of(const void *data, size_t size)
{
    if (size >= ROUND_BYTES && __builtin_cpu_supports("pclmul"))
        return by_clmul(data, size);
    return by_zlib(data, size);
}
#else
uint32_t crc_of(const void *data, size_t size)
{
    return by_zlib(data, size);
}
#endif
