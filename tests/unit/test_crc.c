/* test_crc.c: the checksum is zlib's, whatever the size and wherever the bytes lie
 * libs: base */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdint.h>
#include <zlib.h>
#include "base/crc.h"

enum { BYTES = 5000, OFFSETS = 17 };

static uint8_t bytes[BYTES + OFFSETS];

static void check(size_t offset, size_t size)
{
    assert_int_equal(crc_of(bytes + offset, size), crc32_z(0, bytes + offset, size));
}

static void the_known_answer(void **state)
{
    (void)state;
    assert_int_equal(crc_of("123456789", 9), 0xcbf43926);
    assert_int_equal(crc_of("", 0), 0);
}

static void each_size(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 700; size++)
        check(size % OFFSETS, size);
    check(3, BYTES);
}

static void each_offset(void **state)
{
    (void)state;
    for (size_t offset = 0; offset < OFFSETS; offset++)
        check(offset, BYTES);
}

static void each_bit_counts(void **state)
{
    (void)state;
    uint32_t whole = crc_of(bytes, 300);
    for (size_t bit = 0; bit < 300 * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(crc_of(bytes, 300), whole);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static int set_up(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)((random = random * 1664525 + 1013904223) >> 24);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_known_answer),
        cmocka_unit_test(each_size),
        cmocka_unit_test(each_offset),
        cmocka_unit_test(each_bit_counts),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
