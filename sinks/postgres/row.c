/* row.c: one change as one statement, counted at once: the row mode, where the first row that the
 * target does not take must be found and named. */
#include "sinks/postgres/internal.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_BYTES = 80 };

enum status row_param(struct sink *s, struct row_params *p, const struct column *c,
                      const struct value *v, struct buffer *sql)
{
    struct buffer text;
    p->values[p->n] = NULL;
    if (v->kind != VALUE_NULL) {
        buffer_init(&text, 1 << 30);
        enum status status = pg_value_write(c, v, &text, s->o.failure);
        if (status == STATUS_OK)
            p->values[p->n] = arena_copy(&s->scratch, text.data, text.size);
        buffer_free(&text);
        TRY(status);
    }
    buffer_add_format(sql, "$%d", ++p->n);
    add_cast(sql, c);
    return STATUS_OK;
}

const char *row_key_text(struct sink *s, const struct relation *r, const struct value *row)
{
    struct buffer b;
    if (r->nkey == 0)
        return "a table without a key";
    buffer_init(&b, 1 << 20);
    for (int i = 0; i < r->nkey; i++)
        buffer_add_format(&b, "%s%s = %s", i ? ", " : "", r->columns[r->key[i]].name,
                          value_show(&row[r->key[i]], &s->scratch, SHOWN_BYTES));
    const char *text = arena_copy(&s->scratch, b.data, b.size);
    buffer_free(&b);
    return text;
}

enum status row_where_key(struct sink *s, struct row_params *p, const struct relation *r,
                          const struct value *row, struct buffer *sql)
{
    for (int i = 0; i < r->nkey; i++) {
        const struct column *c = &r->columns[r->key[i]];
        buffer_add_text(sql, i ? " AND " : " WHERE ");
        pg_add_name(sql, c->name);
        add_equals(s, r, r->key[i], sql);
        TRY(row_param(s, p, c, &row[r->key[i]], sql));
    }
    return STATUS_OK;
}

/* Types without an equality of their own compare as their text. */
static bool compares_as_text(const struct column *c)
{
    static const char *const types[] = {"json", "xml",  "point",   "line",  "lseg",
                                        "box",  "path", "polygon", "circle"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(c->type, types[i]) == 0)
            return true;
    return false;
}

/* No key: one of the rows that are equal in all columns. */
static enum status where_all(struct sink *s, struct row_params *p, const struct relation *r,
                             const struct value *row, struct buffer *sql)
{
    const char *separator = " WHERE ";
    buffer_add_text(sql, " WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM ");
    add_table(sql, r);
    for (int i = 0; i < r->ncolumns; i++) {
        const struct column *c = &r->columns[i];
        const char *as_text = compares_as_text(c) ? "::text" : "";
        if (row[i].kind == VALUE_ABSENT)
            continue;
        buffer_add_text(sql, separator);
        pg_add_name(sql, c->name);
        buffer_add_format(sql, "%s IS NOT DISTINCT FROM ", as_text);
        TRY(row_param(s, p, c, &row[i], sql));
        buffer_add_text(sql, as_text);
        separator = " AND ";
    }
    buffer_add_text(sql, " LIMIT 1)");
    return STATUS_OK;
}

static enum status where_row(struct sink *s, struct row_params *p, const struct relation *r,
                             const struct value *row, struct buffer *sql)
{
    return r->nkey > 0 ? row_where_key(s, p, r, row, sql) : where_all(s, p, r, row, sql);
}

static bool is_written(const struct relation *r, const struct value *row, int i)
{
    return row[i].kind != VALUE_ABSENT && !r->columns[i].generated;
}

static enum status build_insert(struct sink *s, struct row_params *p, const struct change *c)
{
    const struct relation *r = c->relation;
    const char *separator = " (";
    buffer_add_text(&s->sql, "INSERT INTO ");
    add_table(&s->sql, r);
    for (int i = 0; i < r->ncolumns; i++)
        if (is_written(r, c->after, i)) {
            buffer_add_text(&s->sql, separator);
            pg_add_name(&s->sql, r->columns[i].name);
            separator = ", ";
        }
    buffer_add_text(&s->sql, ") OVERRIDING SYSTEM VALUE");
    separator = " VALUES (";
    for (int i = 0; i < r->ncolumns; i++)
        if (is_written(r, c->after, i)) {
            buffer_add_text(&s->sql, separator);
            TRY(row_param(s, p, &r->columns[i], &c->after[i], &s->sql));
            separator = ", ";
        }
    buffer_add_char(&s->sql, ')');
    return STATUS_OK;
}

static const struct value *old_row(const struct change *c)
{
    return c->before ? c->before : c->after;
}

/* A key column is named only where it changes, an identity that is ALWAYS generated never. */
static bool is_updated(const struct change *c, int i)
{
    const struct column *column = &c->relation->columns[i];
    if (!is_written(c->relation, c->after, i) || column->identity_always)
        return false;
    return !column->key || (c->before && !value_equal(&c->before[i], &c->after[i]));
}

static void add_set_nothing(struct buffer *sql, const struct relation *r)
{
    const struct column *c = untouched_column(r);
    if (!c)
        return;
    buffer_add_text(sql, " SET ");
    pg_add_name(sql, c->name);
    buffer_add_text(sql, " = ");
    pg_add_name(sql, c->name);
}

/* An identity that is ALWAYS generated must be there what it shall be. */
static enum status where_identity(struct sink *s, struct row_params *p, const struct change *c)
{
    for (int i = 0; i < c->relation->ncolumns; i++) {
        const struct column *column = &c->relation->columns[i];
        if (!column->identity_always || !is_written(c->relation, c->after, i))
            continue;
        buffer_add_text(&s->sql, " AND ");
        pg_add_name(&s->sql, column->name);
        buffer_add_text(&s->sql, " = ");
        TRY(row_param(s, p, column, &c->after[i], &s->sql));
    }
    return STATUS_OK;
}

static enum status build_update(struct sink *s, struct row_params *p, const struct change *c)
{
    const struct relation *r = c->relation;
    const char *separator = " SET ";
    buffer_add_text(&s->sql, "UPDATE ");
    add_table(&s->sql, r);
    for (int i = 0; i < r->ncolumns; i++)
        if (is_updated(c, i)) {
            buffer_add_text(&s->sql, separator);
            pg_add_name(&s->sql, r->columns[i].name);
            buffer_add_text(&s->sql, " = ");
            TRY(row_param(s, p, &r->columns[i], &c->after[i], &s->sql));
            separator = ", ";
        }
    if (*separator == ' ')
        add_set_nothing(&s->sql, r);
    TRY(where_row(s, p, r, old_row(c), &s->sql));
    return where_identity(s, p, c);
}

static enum status build_delete(struct sink *s, struct row_params *p, const struct change *c)
{
    buffer_add_text(&s->sql, "DELETE FROM ");
    add_table(&s->sql, c->relation);
    return where_row(s, p, c->relation, c->before, &s->sql);
}

static enum status build(struct sink *s, struct row_params *p, const struct change *c)
{
    buffer_clear(&s->sql);
    switch (c->op) {
    case CHANGE_INSERT:
        return build_insert(s, p, c);
    case CHANGE_UPDATE:
        return build_update(s, p, c);
    case CHANGE_DELETE:
        return build_delete(s, p, c);
    case CHANGE_TRUNCATE: /* as DELETE: TRUNCATE would lock out the readers until the commit */
        buffer_add_text(&s->sql, "DELETE FROM ");
        add_table(&s->sql, c->relation);
        break;
    }
    return STATUS_OK;
}

static const char *const doing[] = {
    [CHANGE_INSERT] = "INSERT",
    [CHANGE_UPDATE] = "UPDATE",
    [CHANGE_DELETE] = "DELETE",
    [CHANGE_TRUNCATE] = "TRUNCATE",
};

/* Table and key go before whatever the server said. */
static enum status name_row(struct sink *s, const struct change *c, enum status status)
{
    const struct relation *r = c->relation;
    if (status == STATUS_DATA)
        fail_in(s->o.failure, "table %s.%s, %s", r->schema, r->name,
                c->op == CHANGE_TRUNCATE ? "all rows" : row_key_text(s, r, old_row(c)));
    return status;
}

enum status row_write(struct sink *s, const struct change *c)
{
    const struct relation *r = c->relation;
    arena_reset(&s->scratch);
    struct row_params p = {
        .values = arena_alloc(&s->scratch, 3 * (size_t)r->ncolumns * sizeof *p.values + 8)};
    struct pending answer = {
        .relation = r, .doing = doing[c->op], .expected = c->op == CHANGE_TRUNCATE ? -1 : 1};
    if (c->op == CHANGE_UPDATE && !untouched_column(r))
        return STATUS_OK; /* no column that could be updated */
    enum status status = build(s, &p, c);
    if (status == STATUS_OK)
        status = sink_send(s, &answer, buffer_text(&s->sql), p.n, p.values);
    if (status == STATUS_OK)
        status = sink_settle(s);
    return name_row(s, c, status);
}
