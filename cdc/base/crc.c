/* With carry-less multiplication where the processor has it, else zlib's.
 *
 * The message is a polynomial over GF(2). A piece of it that stands k bits before the end may be
 * replaced by anything congruent to (piece * x^k) mod P: so 16 bytes are multiplied by x^k mod P
 * and added to those that come k bits later, until 16 bytes are left, which have the remainder of
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
#include <string.h>

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

/* The first 16 to 31 bytes, so that a multiple of 16 is left: with zeros before them, which change
 * nothing. A CRC begins with ones: they are added to the first four. */
BY_CLMUL static __m128i first_lane(const uint8_t *p, size_t size, __m128i by)
{
    uint8_t bytes[2 * LANE_BYTES] = {0};
    uint8_t *at = bytes + sizeof bytes - size;
    uint32_t first;
    memcpy(at, p, size);
    memcpy(&first, at, sizeof first);
    first = ~first;
    memcpy(at, &first, sizeof first);
    return fold(load(bytes), load(bytes + LANE_BYTES), by);
}

/* 128 bits to 96, to 64, and by Barrett's division to the 32 that are the remainder. */
BY_CLMUL static uint32_t reduce(__m128i x, __m128i over_1_lane)
{
    const __m128i over_32_bits = _mm_set_epi64x(0, 0x163cd6124);
    const __m128i p_and_inverse = _mm_set_epi64x(0x1f7011641, 0x1db710641);
    const __m128i low = _mm_set_epi64x(0, UINT32_MAX);
    x = _mm_xor_si128(_mm_srli_si128(x, 8), _mm_clmulepi64_si128(x, over_1_lane, 0x10));
    x = _mm_xor_si128(_mm_srli_si128(x, 4),
                      _mm_clmulepi64_si128(_mm_and_si128(x, low), over_32_bits, 0x00));
    __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(x, low), p_and_inverse, 0x10);
    __m128i product = _mm_clmulepi64_si128(_mm_and_si128(quotient, low), p_and_inverse, 0x00);
    return ~(uint32_t)((uint64_t)_mm_cvtsi128_si64(_mm_xor_si128(x, product)) >> 32);
}

BY_CLMUL static uint32_t by_clmul(const uint8_t *p, size_t size)
{
    const __m128i over_4_lanes = _mm_set_epi64x(0x1c6e41596, 0x154442bd4);
    const __m128i over_1_lane = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
    const uint8_t *end = p + size;
    size_t head = LANE_BYTES + size % LANE_BYTES;
    __m128i all = first_lane(p, head, over_1_lane);
    p += head;
    if (end - p >= ROUND_BYTES) {
        __m128i lane[LANES] = {fold(all, load(p), over_1_lane)};
        for (int i = 1; i < LANES; i++)
            lane[i] = load(p + LANE_BYTES * i);
        for (p += ROUND_BYTES; end - p >= ROUND_BYTES; p += ROUND_BYTES)
            for (int i = 0; i < LANES; i++)
                lane[i] = fold(lane[i], load(p + LANE_BYTES * i), over_4_lanes);
        all = lane[0];
        for (int i = 1; i < LANES; i++)
            all = fold(all, lane[i], over_1_lane);
    }
    for (; p < end; p += LANE_BYTES)
        all = fold(all, load(p), over_1_lane);
    return reduce(all, over_1_lane);
}

uint32_t crc_of(const void *data, size_t size)
{
    if (size >= LANE_BYTES && __builtin_cpu_supports("pclmul"))
        return by_clmul(data, size);
    return by_zlib(data, size);
}
#else
uint32_t crc_of(const void *data, size_t size)
{
    return by_zlib(data, size);
}
#endif
