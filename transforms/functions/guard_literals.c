/* Number literals in the text of a statement. SQLite turns 1.0000000000000001 into a double before
 * any function sees it: up to 15 digits a double gives back what was written, beyond it need not.
 * And where a decimal column is compared with one, it becomes a text: 1.0e-05 is no decimal. */
#include "transforms/functions/guard_rules.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DOUBLE_DIGITS = 15 };

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Behind a quoted text or name; doubled quotes are two of them. */
static const char *skip_quoted(const char *at)
{
    char end = *at == '[' ? ']' : *at;
    at = strchr(at + 1, end);
    return at ? at + 1 : "";
}

static const char *skip_comment(const char *at)
{
    const char *end = *at == '-' ? strchr(at, '\n') : strstr(at + 2, "*/");
    return !end ? "" : *at == '-' ? end + 1 : end + 2;
}

static const char *skip_word(const char *at)
{
    while (is_word(*at))
        at++;
    return at;
}

const char *guard_skip(const char *at)
{
    if (*at == '\'' || *at == '"' || *at == '`' || *at == '[')
        return skip_quoted(at);
    if ((*at == '-' && at[1] == '-') || (*at == '/' && at[1] == '*'))
        return skip_comment(at);
    if (*at == '?' || *at == ':' || *at == '@' || *at == '#')
        return skip_word(at + 1);
    return is_word(*at) ? skip_word(at) : at + 1;
}

struct literal {
    const char *start, *end;
    int digits; /* that count */
    bool is_double; /* a point or an exponent */
};

static struct literal read_literal(const char *at)
{
    struct literal l = {.start = at};
    int zeros = 0;
    if (*at == '0' && (at[1] == 'x' || at[1] == 'X')) {
        l.end = skip_word(at);
        return l;
    }
    for (; isdigit((unsigned char)*at) || *at == '.'; at++) {
        l.is_double |= *at == '.';
        if (*at == '.' || (*at == '0' && l.digits == 0))
            continue;
        /* Zeros at the end of a number are no digits that can be lost. */
        zeros = *at == '0' ? zeros + 1 : 0;
        l.digits++;
    }
    l.digits -= zeros;
    if (*at == 'e' || *at == 'E') {
        l.is_double = true;
        at += 1 + (at[1] == '-' || at[1] == '+');
    }
    l.end = skip_word(at);
    return l;
}

/* An integer of 64 bits is no double. */
static bool loses_digits(const struct literal *l)
{
    char text[64];
    errno = 0;
    strtoll(l->start, NULL, 10);
    if (!l->is_double && errno != ERANGE)
        return false;
    sqlite3_snprintf(sizeof text, text, "%!.15g", strtod(l->start, NULL)); /* as SQLite does */
    return l->digits > DOUBLE_DIGITS || strchr(text, 'e');
}

enum status guard_literals_check(const char *sql, struct failure *f)
{
    for (const char *at = sql; *at;) {
        bool number = isdigit((unsigned char)*at) || (*at == '.' && isdigit((unsigned char)at[1]));
        if (!number) {
            at = guard_skip(at);
            continue;
        }
        struct literal l = read_literal(at);
        if (loses_digits(&l))
            return fail(f, ERROR_CONFIG,
                        "the number %.*s is a double in SQL, of %d digits and maybe an exponent: "
                        "write it as a text, '%.*s'",
                        (int)(l.end - l.start), l.start, DOUBLE_DIGITS, (int)(l.end - l.start),
                        l.start);
        at = l.end;
    }
    return STATUS_OK;
}
