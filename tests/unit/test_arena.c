/* test_arena.c: one lifetime, recycled chunks, large requests of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/arena.h"

static void memory_is_aligned_and_does_not_overlap(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    char *before = NULL;
    for (size_t size = 1; size < 300; size++) {
        char *p = arena_alloc(&a, size);
        assert_int_equal((uintptr_t)p % 8, 0);
        memset(p, (int)size, size);
        if (before)
            assert_int_equal((unsigned char)*before, (size - 1) & 255);
        before = p;
    }
    arena_free(&a);
}

static void a_large_request_leaves_the_chunk_in_use(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    char *small = arena_alloc(&a, 8);
    memset(arena_alloc(&a, 1 << 20), 1, 1 << 20);
    assert_ptr_equal(arena_alloc(&a, 8), small + 8);
    assert_true(a.bytes >= (1 << 20) + ARENA_CHUNK_BYTES);
    arena_free(&a);
    assert_int_equal(a.bytes, 0);
}

static void reset_keeps_standard_chunks_up_to_a_cap(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    for (int i = 0; i < 2000; i++)
        arena_alloc(&a, 8000);
    arena_alloc(&a, 1 << 24);
    assert_true(a.bytes > 2000 * 8000 + (1 << 24));
    arena_reset(&a);
    assert_int_equal(a.bytes, 0);
    assert_true(a.spare_bytes <= ARENA_SPARE_BYTES);
    size_t spare = a.spare_bytes;
    arena_alloc(&a, 8000);
    assert_true(spare == 0 || a.spare_bytes < spare);
    arena_free(&a);
}

static void texts_are_copied_and_end_in_nul(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a);
    assert_string_equal(arena_strdup(&a, "erp"), "erp");
    assert_string_equal(arena_copy(&a, "erp-mes", 3), "erp");
    assert_string_equal(arena_copy(&a, NULL, 0), "");
    assert_string_equal(arena_format(&a, "%s-%d", "x", 7), "x-7");
    const char *zeros = arena_zalloc(&a, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(zeros[i], 0);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_aligned_and_does_not_overlap),
        cmocka_unit_test(a_large_request_leaves_the_chunk_in_use),
        cmocka_unit_test(reset_keeps_standard_chunks_up_to_a_cap),
        cmocka_unit_test(texts_are_copied_and_end_in_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
