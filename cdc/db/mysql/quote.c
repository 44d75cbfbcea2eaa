#include "db/mysql/my.h"

void my_add_name(struct buffer *b, const char *name)
{
    buffer_add_char(b, '`');
    for (; *name; name++) {
        if (*name == '`')
            buffer_add_char(b, '`');
        buffer_add_char(b, *name);
    }
    buffer_add_char(b, '`');
}

/* Byte by byte is safe: the session is utf8mb4 (no quote or backslash inside a character) and its
 * sql_mode, which is pinned, leaves backslashes their meaning. */
void my_add_literal(struct buffer *b, const char *text, size_t size)
{
    char *start = buffer_reserve(b, 2 * size + 2), *to = start;
    *to++ = '\'';
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '\'' || c == '\\')
            *to++ = '\\';
        if (c == '\0') {
            *to++ = '\\';
            c = '0';
        }
        *to++ = c;
    }
    *to++ = '\'';
    b->size += (size_t)(to - start);
}
