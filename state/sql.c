/* sql.c: see sql.h. */
#include "state/sql.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const struct session_base *base_of(const struct session *s)
{
    return (const struct session_base *)s;
}

struct sql_int sql_int(int64_t n)
{
    struct sql_int i;
    snprintf(i.text, sizeof i.text, "%" PRId64, n);
    return i;
}

bool sql_is_postgres(const struct session *s)
{
    return base_of(s)->engine == ENGINE_POSTGRES;
}

enum status sql_read_int(const char *cell, int64_t *out, struct failure *f)
{
    char *end = NULL;
    errno = 0;
    *out = cell ? strtoll(cell, &end, 10) : 0;
    if (!cell || end == cell || *end || errno)
        return fail(f, ERROR_PROTOCOL,
                    "a table of schema millrace holds '%s' where a number was "
                    "written; was it edited by hand?",
                    cell ? cell : "NULL");
    return STATUS_OK;
}

const char *sql_hex(struct arena *a, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *from = data;
    char *hex = arena_alloc(a, 2 * size + 1);
    for (size_t i = 0; i < size; i++) {
        hex[2 * i] = digits[from[i] >> 4];
        hex[2 * i + 1] = digits[from[i] & 15];
    }
    hex[2 * size] = '\0';
    return hex;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum status sql_read_hex(const char *cell, struct arena *a, const void **data, size_t *size,
                         struct failure *f)
{
    *data = NULL;
    *size = 0;
    if (!cell)
        return STATUS_OK;
    size_t n = strlen(cell) / 2;
    unsigned char *bytes = arena_alloc(a, n + 1);
    bool sound = strlen(cell) == 2 * n;
    for (size_t i = 0; sound && i < n; i++) {
        int high = hex_digit(cell[2 * i]), low = hex_digit(cell[2 * i + 1]);
        sound = high >= 0 && low >= 0;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    if (!sound)
        return fail(f, ERROR_PROTOCOL, "a table of schema millrace holds bytes that are no hex");
    *data = bytes;
    *size = n;
    return STATUS_OK;
}

enum status sql_run(struct session *s, struct arena *a, struct rows *out, struct failure *f,
                    const char *sql, int nparams, const char *const *params)
{
    enum status status = session_query(s, a, out, sql, nparams, params);
    if (status != STATUS_OK && base_of(s)->failure != f)
        *f = *base_of(s)->failure;
    return status;
}

void sql_roll_back(struct session *s)
{
    struct failure *f = base_of(s)->failure, kept = *f;
    (void)session_query(s, NULL, NULL, "ROLLBACK", 0, NULL);
    *f = kept;
}

enum status sql_draw_id(int64_t *id, struct failure *f)
{
    uint64_t bits = 0;
    while (bits == 0) {
        if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
            return fail(f, ERROR_INTERNAL, "cannot draw a random id: %s", strerror(errno));
        bits >>= 1;
    }
    *id = (int64_t)bits;
    return STATUS_OK;
}
