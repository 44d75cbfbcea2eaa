/* Key bounds: where a table is cut into chunks, and the condition of one chunk.
 *
 * A bound is one key, as text that survives in a table of the target: a JSON array with a string
 * for each key column, as the server prints it; bytes and bits in hex. The server compares and
 * orders, so each type's and collation's own order holds; but ENUM and SET are ordered by number
 * and compared by label: a table with such a key is one chunk.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "mysql/internal.h"
#include "mysql/ranges.h"

enum { SQL_BYTES_MAX = 1 << 24, ROWS_MIN = 1 };

static const struct column *key_column(const struct relation *r, int i)
{
    return &r->columns[r->key[i]];
}

static bool is_hex(const struct column *c)
{
    return c->kind == VALUE_BYTES || strncmp(c->type, "bit", 3) == 0;
}

static bool can_be_cut(const struct relation *r)
{
    for (int i = 0; i < r->nkey; i++) {
        const char *type = key_column(r, i)->type;
        if (strncmp(type, "enum", 4) == 0 || strncmp(type, "set", 3) == 0)
            return false;
    }
    return r->nkey > 0;
}

/* ---- a bound's text ---- */

static json_t *element_of(const struct column *c, const char *text, size_t size)
{
    struct buffer hex;
    if (!is_hex(c))
        return json_stringn(text, size);
    buffer_init(&hex, SQL_BYTES_MAX);
    value_add_hex(&hex, text, size);
    json_t *element = json_stringn(hex.size ? hex.data : "", hex.size);
    buffer_free(&hex);
    return element;
}

static const char *bound_write(const struct relation *r, MYSQL_ROW row, const unsigned long *sizes,
                               struct arena *a)
{
    json_t *array = json_array();
    for (int i = 0; i < r->nkey; i++)
        json_array_append_new(array, element_of(key_column(r, i), row[i], sizes[i]));
    char *text = json_dumps(array, JSON_COMPACT);
    must(text); /* the server prints UTF-8 */
    const char *copy = arena_strdup(a, text);
    free(text);
    json_decref(array);
    return copy;
}

static bool hex_read(const char *text, size_t size, struct arena *a, const char **out)
{
    char *bytes = arena_alloc(a, size / 2 + 1);
    for (size_t i = 0; i + 1 < size; i += 2) {
        char pair[3] = {text[i], text[i + 1], 0}, *end;
        bytes[i / 2] = (char)strtoul(pair, &end, 16);
        if (*end)
            return false;
    }
    *out = bytes;
    return size % 2 == 0;
}

static enum status element_read(const struct column *c, const json_t *element, struct arena *a,
                                struct value *out, struct failure *f)
{
    const char *text = json_string_value(element);
    size_t size = json_string_length(element);
    if (text && is_hex(c)) {
        if (!hex_read(text, size, a, &text))
            text = NULL;
        size /= 2;
    }
    if (!text)
        return fail(f, ERROR_INTERNAL, "a chunk's bound does not fit key column %s", c->name);
    return my_value_read(c, text, size, a, out, f);
}

enum status range_bound_read(const struct relation *r, const char *text, struct arena *a,
                             struct value **out, struct failure *f)
{
    json_t *array = json_loads(text, JSON_ALLOW_NUL, NULL);
    enum status status = STATUS_OK;
    if (!array || json_array_size(array) != (size_t)r->nkey)
        status = fail(f, ERROR_INTERNAL, "a chunk's bound is no key of %s.%s: %s", r->schema,
                      r->name, text);
    struct value *key = arena_alloc(a, sizeof *key * (size_t)(r->nkey + 1));
    for (int i = 0; status == STATUS_OK && i < r->nkey; i++)
        status = element_read(key_column(r, i), json_array_get(array, (size_t)i), a, &key[i], f);
    json_decref(array);
    *out = key;
    return status;
}

/* ---- conditions ---- */

static enum status add_compared(struct buffer *sql, const struct relation *r, int i,
                                const char *comparison, const struct value *v, struct failure *f)
{
    my_add_name(sql, key_column(r, i)->name);
    buffer_add_text(sql, comparison);
    return my_value_literal(key_column(r, i), v, sql, f);
}

/* (a > x OR (a = x AND (b > y OR ...))), spelled out: rows of values do not use indexes
 * everywhere. `beyond` is " > " or " < ", `last` that of the last column. */
static enum status add_beyond(struct buffer *sql, const struct relation *r, int i,
                              const char *beyond, const char *last, const struct value *key,
                              struct failure *f)
{
    if (i == r->nkey - 1)
        return add_compared(sql, r, i, last, &key[i], f);
    buffer_add_char(sql, '(');
    TRY(add_compared(sql, r, i, beyond, &key[i], f));
    buffer_add_text(sql, " OR (");
    TRY(add_compared(sql, r, i, " = ", &key[i], f));
    buffer_add_text(sql, " AND ");
    TRY(add_beyond(sql, r, i + 1, beyond, last, key, f));
    buffer_add_text(sql, "))");
    return STATUS_OK;
}

/* The first column alone as well, so that the range is seen in any case. */
enum status range_add_after(struct buffer *sql, const struct relation *r, const struct value *key,
                            struct failure *f)
{
    if (r->nkey > 1) {
        TRY(add_compared(sql, r, 0, " >= ", &key[0], f));
        buffer_add_text(sql, " AND ");
    }
    return add_beyond(sql, r, 0, " > ", " > ", key, f);
}

enum status range_add_up_to(struct buffer *sql, const struct relation *r, const struct value *key,
                            struct failure *f)
{
    if (r->nkey > 1) {
        TRY(add_compared(sql, r, 0, " <= ", &key[0], f));
        buffer_add_text(sql, " AND ");
    }
    return add_beyond(sql, r, 0, " < ", " <= ", key, f);
}

void range_add_table(struct buffer *sql, const struct relation *r)
{
    my_add_name(sql, r->schema);
    buffer_add_char(sql, '.');
    my_add_name(sql, r->name);
}

/* ---- cutting ---- */

static void add_key(struct buffer *sql, const struct relation *r, bool selected)
{
    for (int i = 0; i < r->nkey; i++) {
        if (i > 0)
            buffer_add_text(sql, ", ");
        if (selected)
            my_add_selected(sql, key_column(r, i));
        else
            my_add_name(sql, key_column(r, i)->name);
    }
}

/* The key `rows` rows after the last bound: a walk along the index, which needs no room to sort. */
static enum status write_next(struct buffer *sql, const struct relation *r, const char *last,
                              int64_t rows, struct arena *a, struct failure *f)
{
    struct value *key;
    buffer_clear(sql);
    buffer_add_text(sql, "SELECT ");
    add_key(sql, r, true);
    buffer_add_text(sql, " FROM ");
    range_add_table(sql, r);
    if (last) {
        TRY(range_bound_read(r, last, a, &key, f));
        buffer_add_text(sql, " WHERE ");
        TRY(range_add_after(sql, r, key, f));
    }
    buffer_add_text(sql, " ORDER BY ");
    add_key(sql, r, false);
    buffer_add_format(sql, " LIMIT %lld, 1", (long long)rows - 1);
    return STATUS_OK;
}

static enum status next_bound(struct my *my, struct buffer *sql, const struct relation *r,
                              struct arena *a, const char **out)
{
    *out = NULL;
    if (mysql_real_query(my->conn, sql->data, sql->size))
        return my_fail(my, "cutting a table into chunks");
    MYSQL_RES *result = mysql_store_result(my->conn);
    if (!result)
        return my_fail(my, "cutting a table into chunks");
    MYSQL_ROW row = mysql_fetch_row(result);
    if (row)
        *out = bound_write(r, row, mysql_fetch_lengths(result), a);
    mysql_free_result(result);
    return STATUS_OK;
}

struct bounds {
    const char **all;
    int n, capacity;
};

static void add_bound(struct bounds *b, const char *bound, struct arena *a)
{
    if (b->n == b->capacity) {
        int capacity = b->capacity ? b->capacity * 2 : 64;
        const char **all = arena_alloc(a, sizeof *all * (size_t)capacity);
        if (b->n > 0)
            memcpy(all, b->all, sizeof *all * (size_t)b->n);
        b->all = all;
        b->capacity = capacity;
    }
    b->all[b->n++] = bound;
}

static enum status cut(struct my *my, const struct relation *r, int64_t rows, struct arena *a,
                       struct buffer *sql, struct bounds *out)
{
    const char *last = NULL;
    for (;;) {
        TRY(write_next(sql, r, last, rows, a, my->base.failure));
        TRY(next_bound(my, sql, r, a, &last));
        if (!last)
            return STATUS_OK;
        add_bound(out, last, a);
    }
}

enum status my_snapshot_bounds(struct snapshot *p, const struct relation *r, int64_t rows,
                               struct arena *a, const char ***bounds, int *n)
{
    struct my *my = my_snapshot_reader(p, 0);
    struct bounds found = {0};
    struct buffer sql;
    enum status status = STATUS_OK;
    buffer_init(&sql, SQL_BYTES_MAX);
    if (can_be_cut(r))
        status = cut(my, r, rows < ROWS_MIN ? ROWS_MIN : rows, a, &sql, &found);
    buffer_free(&sql);
    *bounds = found.all;
    *n = found.n;
    return status;
}
