/* text.c: quoting of names and literals, and log positions as text. */
#include "db/postgres/pg.h"

#include <inttypes.h>
#include <stdio.h>

static void add_quoted(struct buffer *b, const char *text, char quote)
{
    buffer_add_char(b, quote);
    for (; *text; text++) {
        if (*text == quote)
            buffer_add_char(b, quote);
        buffer_add_char(b, *text);
    }
    buffer_add_char(b, quote);
}

void pg_add_name(struct buffer *b, const char *name)
{
    add_quoted(b, name, '"');
}

/* standard_conforming_strings is pinned: a backslash is a backslash. */
void pg_add_literal(struct buffer *b, const char *text)
{
    add_quoted(b, text, '\'');
}

static const char *read_hex32(const char *p, uint64_t *out)
{
    int n = 0;
    for (*out = 0; n < 8; p++, n++) {
        if (*p >= '0' && *p <= '9')
            *out = *out << 4 | (uint64_t)(*p - '0');
        else if (*p >= 'A' && *p <= 'F')
            *out = *out << 4 | (uint64_t)(*p - 'A' + 10);
        else if (*p >= 'a' && *p <= 'f')
            *out = *out << 4 | (uint64_t)(*p - 'a' + 10);
        else
            break;
    }
    return n ? p : NULL;
}

uint64_t pg_lsn_read(const char *text, bool *ok)
{
    uint64_t high, low;
    const char *p = text ? read_hex32(text, &high) : NULL;
    if (p)
        p = *p == '/' ? read_hex32(p + 1, &low) : NULL;
    *ok = p && *p == 0;
    return *ok ? high << 32 | low : 0;
}

void pg_lsn_write(uint64_t lsn, char out[24])
{
    snprintf(out, 24, "%" PRIX64 "/%" PRIX64, lsn >> 32, lsn & 0xffffffff);
}
