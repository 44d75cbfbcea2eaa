/* quarantine_text.c: what a terminal shows of data that may hold anything. */
#include "command/quarantine.h"

#include <string.h>
#include "base/utf8.h"

enum { INDENT = 2 };

/* Bytes of the character at `text`: a byte that is none counts for itself. */
static size_t character(const char *text, size_t left)
{
    size_t size = utf8_character(text, left);
    return size ? size : 1;
}

/* A terminal acts on C0, DEL and C1. */
static bool acts(const char *text, size_t size)
{
    unsigned char c = (unsigned char)*text;
    return c < 0x20 || c == 0x7f || (size == 1 && c >= 0x80) ||
           (size == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0);
}

static void add_cleaned(struct buffer *b, const char *text, size_t bytes)
{
    for (size_t i = 0, size; i < bytes; i += size) {
        size = character(text + i, bytes - i);
        if (acts(text + i, size))
            buffer_add_char(b, ' ');
        else
            buffer_add(b, text + i, size);
    }
}

void quarantine_add_clean(struct buffer *b, const char *text)
{
    if (text)
        add_cleaned(b, text, strlen(text));
}

/* ---- JSON ---- */

static void new_line(struct buffer *b, int depth)
{
    buffer_add_char(b, '\n');
    for (int i = 0; i < depth * INDENT; i++)
        buffer_add_char(b, ' ');
}

/* The string that begins at `from`, quotes included. */
static const char *end_of_string(const char *from)
{
    const char *at = from + 1;
    while (*at && *at != '"')
        at += *at == '\\' && at[1] ? 2 : 1;
    return *at ? at + 1 : at;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static const char *skip_space(const char *at)
{
    while (is_space(*at))
        at++;
    return at;
}

/* { or [: an empty pair stays on its line. The byte after what was taken. */
static const char *open_pair(struct buffer *b, const char *at, int *depth)
{
    const char *next = skip_space(at + 1);
    buffer_add_char(b, *at);
    if (*next == '}' || *next == ']') {
        buffer_add_char(b, *next);
        return next + 1;
    }
    new_line(b, ++*depth);
    return next;
}

static void close_pair(struct buffer *b, char c, int *depth)
{
    if (*depth > 0)
        --*depth;
    new_line(b, *depth);
    buffer_add_char(b, c);
}

void quarantine_add_json(struct buffer *b, const char *json)
{
    int depth = 0;
    for (const char *at = skip_space(json), *end; *at; at = skip_space(at)) {
        switch (*at) {
        case '"':
            end = end_of_string(at);
            add_cleaned(b, at, (size_t)(end - at));
            at = end;
            break;
        case '{':
        case '[':
            at = open_pair(b, at, &depth);
            break;
        case '}':
        case ']':
            close_pair(b, *at++, &depth);
            break;
        case ',':
            buffer_add_char(b, *at++);
            new_line(b, depth);
            break;
        case ':':
            buffer_add_text(b, ": ");
            at++;
            break;
        default:
            add_cleaned(b, at++, 1);
        }
    }
}

/* ---- a table ---- */

static int characters(const char *text)
{
    size_t bytes = strlen(text);
    int n = 0;
    for (size_t i = 0; i < bytes; i += character(text + i, bytes - i))
        n++;
    return n;
}

void quarantine_fit(struct quarantine_table *t, const char *const cells[QUARANTINE_COLUMNS])
{
    for (int i = 0; i < QUARANTINE_COLUMNS; i++) {
        int width = characters(cells[i]);
        t->width[i] = width > t->width[i] ? width : t->width[i];
    }
}

void quarantine_add_line(struct buffer *b, const struct quarantine_table *t,
                         const char *const cells[QUARANTINE_COLUMNS])
{
    for (int i = 0; i < QUARANTINE_COLUMNS; i++) {
        quarantine_add_clean(b, cells[i]);
        if (i == QUARANTINE_COLUMNS - 1)
            break;
        for (int pad = characters(cells[i]); pad < t->width[i] + 2; pad++)
            buffer_add_char(b, ' ');
    }
    buffer_add_char(b, '\n');
}
