#include "sinks/mysql/statements.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "db/mysql/my.h"

void my_statement_table(struct buffer *b, const struct relation *r)
{
    my_add_name(b, r->schema);
    buffer_add_char(b, '.');
    my_add_name(b, r->name);
}

enum status my_fail_row(const struct relation *r, const struct value *row, struct failure *f)
{
    struct arena a;
    char key[256] = "";
    size_t used = 0;
    arena_init(&a);
    for (int i = 0; row && i < r->nkey && used < sizeof key; i++) {
        const struct value *v = &row[r->key[i]];
        int n = snprintf(key + used, sizeof key - used, "%s%s=%s", i ? ", " : "",
                         r->columns[r->key[i]].name, value_show(v, &a, 60));
        used += n > 0 ? (size_t)n : 0;
    }
    arena_free(&a);
    if (!*key)
        return fail_in(f, "table %s.%s", r->schema, r->name);
    return fail_in(f, "table %s.%s (%s)", r->schema, r->name, key);
}

/* ---- literals that are compared ---- */

/* A FLOAT column compares as the double it is: with all digits, and as a double, not a decimal. */
static void add_double(struct buffer *b, double d)
{
    char text[40];
    int n = snprintf(text, sizeof text, "%.17g", d);
    buffer_add(b, text, (size_t)n);
    if (!memchr(text, 'e', (size_t)n))
        buffer_add_text(b, "e0");
}

static const char *typed_prefix(enum value_kind kind)
{
    switch (kind) {
    case VALUE_DATE:
        return "DATE";
    case VALUE_TIME:
        return "TIME";
    case VALUE_DATETIME:
    case VALUE_INSTANT:
        return "TIMESTAMP";
    default:
        return "";
    }
}

/* A decimal against a text is compared as doubles; a number literal is exact. */
static bool is_plain_decimal(const struct value *v)
{
    for (uint32_t i = 0; i < v->size && v->kind == VALUE_DECIMAL; i++)
        if (!memchr("0123456789-.", v->text[i], 12))
            return false;
    return v->kind == VALUE_DECIMAL && v->size > 0;
}

enum status my_statement_compared(struct buffer *b, const struct column *c, const struct value *v,
                                  struct failure *f)
{
    if ((v->kind == VALUE_FLOAT || v->kind == VALUE_DOUBLE) && isfinite(v->d)) {
        add_double(b, v->d);
        return STATUS_OK;
    }
    if (is_plain_decimal(v)) {
        buffer_add(b, v->text, v->size);
        return STATUS_OK;
    }
    buffer_add_text(b, typed_prefix((enum value_kind)v->kind));
    return my_value_literal(c, v, b, f);
}

/* The server reads a literal as a double and narrows it: the shortest text of the largest float is
 * beyond what a FLOAT column holds, so it gets all digits of the double that it is. */
enum status my_statement_literal(struct buffer *b, const struct column *c, const struct value *v,
                                 struct failure *f)
{
    struct value wide = *v;
    if (v->kind == VALUE_FLOAT)
        wide.kind = VALUE_DOUBLE;
    return my_value_literal(c, &wide, b, f);
}

/* ---- rows of a set ---- */

static void add_columns(struct buffer *b, const struct relation *r, const bool *present)
{
    const char *comma = "";
    for (int i = 0; i < r->ncolumns; i++)
        if (present[i]) {
            buffer_add_text(b, comma);
            my_add_name(b, r->columns[i].name);
            comma = ",";
        }
}

static enum status add_values(struct buffer *b, const struct relation *r, const bool *present,
                              const struct value *row, const char *comma, struct failure *f)
{
    for (int i = 0; i < r->ncolumns; i++)
        if (present[i]) {
            buffer_add_text(b, comma);
            TRY(my_statement_literal(b, &r->columns[i], &row[i], f));
            comma = ",";
        }
    return STATUS_OK;
}

/* What one row adds to a statement, after its separator. */
struct row_adder {
    enum status (*add)(const struct row_adder *how, struct buffer *b, uint32_t row,
                       struct failure *f);
    const struct my_place *place;
    const struct row_set *set;
    struct value *const *keys;
    const char *separator;
};

static const struct value *row_of(const struct row_adder *how, uint32_t row)
{
    return how->keys ? how->keys[row] : how->set->rows[row];
}

/* A row that does not fit is taken back: it opens the next statement. */
static enum status add_rows(const struct row_adder *how, struct buffer *b, uint32_t from,
                            uint32_t end, const struct my_limits *limits, uint32_t *n,
                            struct failure *f)
{
    *n = 0;
    for (uint32_t row = from; row < end && *n < limits->rows; row++) {
        size_t mark = b->size;
        if (*n > 0)
            buffer_add_text(b, how->separator);
        if (how->add(how, b, row, f) != STATUS_OK)
            return my_fail_row(how->place->relation, row_of(how, row), f);
        if (*n > 0 && b->size > limits->bytes) {
            b->size = mark;
            break;
        }
        ++*n;
    }
    return STATUS_OK;
}

/* ---- INSERT ---- */

static enum status add_insert_row(const struct row_adder *how, struct buffer *b, uint32_t row,
                                  struct failure *f)
{
    buffer_add_char(b, '(');
    TRY(add_values(b, how->place->relation, how->set->present, how->set->rows[row], "", f));
    buffer_add_char(b, ')');
    return STATUS_OK;
}

enum status my_statement_insert(struct buffer *b, const struct my_place *p,
                                const struct row_set *set, uint32_t from,
                                const struct my_limits *limits, uint32_t *n, struct failure *f)
{
    struct row_adder how = {add_insert_row, p, set, NULL, ","};
    buffer_add_text(b, "INSERT INTO ");
    my_statement_table(b, p->relation);
    buffer_add_text(b, " (");
    add_columns(b, p->relation, set->present);
    buffer_add_text(b, ") VALUES ");
    return add_rows(&how, b, from, set->nrows, limits, n, f);
}

/* ---- keys ---- */

static enum status add_key(const struct row_adder *how, struct buffer *b, uint32_t row,
                           struct failure *f)
{
    const struct relation *r = how->place->relation;
    if (r->nkey > 1)
        buffer_add_char(b, '(');
    for (int i = 0; i < r->nkey; i++) {
        if (i)
            buffer_add_char(b, ',');
        TRY(my_statement_compared(b, &r->columns[r->key[i]], &how->keys[row][r->key[i]], f));
    }
    if (r->nkey > 1)
        buffer_add_char(b, ')');
    return STATUS_OK;
}

static void add_index(struct buffer *b, const struct my_place *p)
{
    if (!p->key_index)
        return;
    buffer_add_text(b, " FORCE INDEX (");
    my_add_name(b, p->key_index);
    buffer_add_char(b, ')');
}

static void add_key_names(struct buffer *b, const struct relation *r)
{
    buffer_add_text(b, r->nkey > 1 ? "(" : "");
    for (int i = 0; i < r->nkey; i++) {
        buffer_add_text(b, i ? "," : "");
        my_add_name(b, r->columns[r->key[i]].name);
    }
    buffer_add_text(b, r->nkey > 1 ? ")" : "");
}

static enum status add_keys(struct buffer *b, const struct my_place *p, struct value *const *keys,
                            uint32_t from, uint32_t end, const struct my_limits *limits,
                            uint32_t *n, struct failure *f)
{
    struct row_adder how = {add_key, p, NULL, keys, ","};
    buffer_add_text(b, " WHERE ");
    add_key_names(b, p->relation);
    buffer_add_text(b, " IN (");
    TRY(add_rows(&how, b, from, end, limits, n, f));
    buffer_add_char(b, ')');
    return STATUS_OK;
}

enum status my_statement_delete(struct buffer *b, const struct my_place *p,
                                struct value *const *keys, uint32_t nrows, uint32_t from,
                                const struct my_limits *limits, uint32_t *n, struct failure *f)
{
    buffer_add_text(b, "DELETE ");
    my_statement_table(b, p->relation);
    buffer_add_text(b, " FROM ");
    my_statement_table(b, p->relation);
    add_index(b, p);
    return add_keys(b, p, keys, from, nrows, limits, n, f);
}

enum status my_statement_count(struct buffer *b, const struct my_place *p,
                               struct value *const *keys, uint32_t nrows, struct failure *f)
{
    struct my_limits none = {SIZE_MAX, UINT32_MAX};
    uint32_t n;
    buffer_add_text(b, "SELECT count(*) FROM ");
    my_statement_table(b, p->relation);
    add_index(b, p);
    return add_keys(b, p, keys, 0, nrows, &none, &n, f);
}

/* ---- UPDATE by a join ---- */

static bool is_float(const struct column *c)
{
    return c->kind == VALUE_FLOAT || c->kind == VALUE_DOUBLE;
}

/* ROW(k0,..,c0,..), or for servers without it SELECT k0 AS k0,.. of which the first names. */
static enum status add_update_values(const struct row_adder *how, struct buffer *b, uint32_t row,
                                     struct failure *f)
{
    const struct relation *r = how->place->relation;
    for (int i = 0; i < r->nkey; i++) {
        const struct column *c = &r->columns[r->key[i]];
        const struct value *v = &how->keys[row][r->key[i]];
        if (i)
            buffer_add_char(b, ',');
        TRY(is_float(c) ? my_statement_compared(b, c, v, f) : my_value_literal(c, v, b, f));
    }
    return add_values(b, r, how->set->present, how->set->rows[row], ",", f);
}

static enum status add_update_row(const struct row_adder *how, struct buffer *b, uint32_t row,
                                  struct failure *f)
{
    buffer_add_text(b, how->place->values_row ? "ROW(" : "SELECT ");
    TRY(add_update_values(how, b, row, f));
    buffer_add_text(b, how->place->values_row ? ")" : "");
    return STATUS_OK;
}

static void add_source_names(struct buffer *b, const struct my_place *p, const bool *present)
{
    int n = 0;
    for (int i = 0; i < p->relation->nkey; i++)
        buffer_add_format(b, "%sk%d", i ? "," : "", i);
    for (int i = 0; i < p->relation->ncolumns; i++)
        if (present[i])
            buffer_add_format(b, ",c%d", n++);
}

/* Without VALUES ROW a first SELECT that gives no row names the columns. */
static void add_nothing(struct buffer *b, const struct my_place *p, const bool *present)
{
    int n = 0;
    buffer_add_text(b, "SELECT ");
    for (int i = 0; i < p->relation->nkey; i++)
        buffer_add_format(b, "%sNULL AS k%d", i ? "," : "", i);
    for (int i = 0; i < p->relation->ncolumns; i++)
        if (present[i])
            buffer_add_format(b, ",NULL AS c%d", n++);
    buffer_add_text(b, " FROM DUAL WHERE false UNION ALL ");
}

static const char *cast_of(const struct column *c)
{
    switch (c->kind) {
    case VALUE_BOOL:
    case VALUE_INT:
        return "SIGNED";
    case VALUE_UINT:
        return "UNSIGNED";
    case VALUE_DATE:
        return "DATE";
    case VALUE_TIME:
        return "TIME(6)";
    case VALUE_DATETIME:
    case VALUE_INSTANT:
        return "DATETIME(6)";
    default:
        return NULL;
    }
}

/* The charset of a collation is its name up to the first underscore: utf8mb4_0900_ai_ci. A text
 * that the key's charset lacks becomes '?', and would find another row: so it must come back. */
static void add_text_match(struct buffer *b, const char *collation, int i)
{
    int length = (int)strcspn(collation, "_");
    if (strncmp(collation, "utf8mb4", (size_t)length) == 0) {
        buffer_add_format(b, "s.k%d COLLATE %s", i, collation);
        return;
    }
    buffer_add_format(b,
                      "CONVERT(s.k%d USING %.*s) COLLATE %s"
                      " AND CONVERT(CONVERT(s.k%d USING %.*s) USING utf8mb4)=s.k%d",
                      i, length, collation, collation, i, length, collation, i);
}

static void add_key_match(struct buffer *b, const struct column *c, int i)
{
    buffer_add_text(b, i ? " AND t." : "t.");
    my_add_name(b, c->name);
    buffer_add_char(b, '=');
    if (cast_of(c))
        buffer_add_format(b, "CAST(s.k%d AS %s)", i, cast_of(c));
    else if (c->kind == VALUE_DECIMAL && c->precision > 0 && c->scale >= 0)
        buffer_add_format(b, "CAST(s.k%d AS DECIMAL(%d,%d))", i, c->precision, c->scale);
    else if (c->kind == VALUE_TEXT && c->collation)
        add_text_match(b, c->collation, i);
    else
        buffer_add_format(b, "s.k%d", i);
}

static void add_assignments(struct buffer *b, const struct relation *r, const bool *present)
{
    int n = 0;
    buffer_add_text(b, " SET ");
    for (int i = 0; i < r->ncolumns; i++)
        if (present[i]) {
            buffer_add_text(b, n ? ",t." : "t.");
            my_add_name(b, r->columns[i].name);
            buffer_add_format(b, "=s.c%d", n++);
        }
}

enum status my_statement_update(struct buffer *b, const struct my_place *p,
                                const struct row_set *set, uint32_t from,
                                const struct my_limits *limits, uint32_t *n, struct failure *f)
{
    struct row_adder how = {add_update_row, p, set, set->keys, p->values_row ? "," : " UNION ALL "};
    buffer_add_text(b, p->values_row ? "UPDATE (VALUES " : "UPDATE (");
    if (!p->values_row)
        add_nothing(b, p, set->present);
    TRY(add_rows(&how, b, from, set->nrows, limits, n, f));
    buffer_add_text(b, ") AS s");
    if (p->values_row) {
        buffer_add_char(b, '(');
        add_source_names(b, p, set->present);
        buffer_add_char(b, ')');
    }
    buffer_add_text(b, " STRAIGHT_JOIN ");
    my_statement_table(b, p->relation);
    buffer_add_text(b, " AS t");
    add_index(b, p);
    buffer_add_text(b, " ON ");
    for (int i = 0; i < p->relation->nkey; i++)
        add_key_match(b, &p->relation->columns[p->relation->key[i]], i);
    add_assignments(b, p->relation, set->present);
    return STATUS_OK;
}

/* ---- with ? ---- */

static void add_marks(struct buffer *b, const struct relation *r, const bool *present,
                      const char *each)
{
    const char *comma = "";
    for (int i = 0; i < r->ncolumns; i++)
        if (present[i]) {
            buffer_add_text(b, comma);
            if (!*each)
                my_add_name(b, r->columns[i].name);
            buffer_add_text(b, *each ? each : "=?");
            comma = ",";
        }
}

static void add_key_marks(struct buffer *b, const struct relation *r)
{
    for (int i = 0; i < r->nkey; i++) {
        buffer_add_text(b, i ? " AND " : " WHERE ");
        my_add_name(b, r->columns[r->key[i]].name);
        buffer_add_text(b, "=?");
    }
}

void my_statement_prepared(struct buffer *b, const struct relation *r, enum set_op op,
                           const bool *present)
{
    buffer_add_text(b, op == SET_UPDATE ? "UPDATE " : "INSERT INTO ");
    my_statement_table(b, r);
    if (op == SET_UPDATE) {
        buffer_add_text(b, " SET ");
        add_marks(b, r, present, "");
        add_key_marks(b, r);
        return;
    }
    buffer_add_text(b, " (");
    add_columns(b, r, present);
    buffer_add_text(b, ") VALUES (");
    add_marks(b, r, present, "?");
    buffer_add_char(b, ')');
}
