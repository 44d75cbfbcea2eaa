/* UTF-8, well-formed alone: no overlong form, no surrogate. Pure; any thread. */
#ifndef MILLRACE_BASE_UTF8_H
#define MILLRACE_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at `at`, of which `left` are there; 0: it is none. */
static inline size_t utf8_character(const char *text, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *at = (const uint8_t *)text;
    if (left == 0 || *at < 0x80)
        return left > 0;
    size_t size = *at >= 0xF8 ? 0 : *at >= 0xF0 ? 4 : *at >= 0xE0 ? 3 : *at >= 0xC0 ? 2 : 0;
    if (size == 0 || size > left)
        return 0;
    uint32_t code = *at & (0x7Fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3F);
    }
    if (code < least[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    return size;
}

#endif
