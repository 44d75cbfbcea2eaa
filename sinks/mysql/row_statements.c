/* Statements of the row mode: one row, found by its key or by all that is known of it. */
#include "sinks/mysql/statements.h"

#include <string.h>
#include "db/mysql/my.h"

/* ---- by all columns ---- */

static bool is_label(const struct column *c)
{
    return strncmp(c->type, "enum", 4) == 0 || strncmp(c->type, "set", 3) == 0;
}

/* A CHAR column gives its text back without the spaces at its end. */
static size_t stored_size(const struct column *c, const struct value *v)
{
    size_t size = v->size;
    if (strncmp(c->type, "char", 4) == 0)
        while (size > 0 && v->text[size - 1] == ' ')
            size--;
    return size;
}

/* To a collation more texts are equal than are the same: the bytes decide. The plain comparison
 * stays, since an index may serve it. */
static enum status match_text(struct buffer *b, const struct column *c, const struct value *v,
                              struct failure *f)
{
    buffer_add_char(b, '=');
    TRY(my_value_literal(c, v, b, f));
    buffer_add_text(b, " AND CAST(CONVERT(");
    my_add_name(b, c->name);
    buffer_add_text(b, " USING utf8mb4) AS BINARY)=CAST(");
    my_add_literal(b, v->text, stored_size(c, v));
    buffer_add_text(b, " AS BINARY)");
    return STATUS_OK;
}

static enum status match_json(struct buffer *b, const struct column *c, const struct value *v,
                              struct failure *f)
{
    buffer_add_text(b, "=CAST(");
    TRY(my_value_literal(c, v, b, f));
    buffer_add_text(b, " AS JSON)");
    return STATUS_OK;
}

static enum status match_column(struct buffer *b, const struct my_place *p, const struct column *c,
                                const struct value *v, struct failure *f)
{
    my_add_name(b, c->name);
    if (v->kind == VALUE_NULL) {
        buffer_add_text(b, " IS NULL");
        return STATUS_OK;
    }
    if (c->kind == VALUE_JSON && !p->mariadb)
        return match_json(b, c, v, f);
    bool text = c->kind == VALUE_TEXT || c->kind == VALUE_JSON;
    if (text && c->collation && !is_label(c) && value_kind_has_text((enum value_kind)v->kind))
        return match_text(b, c, v, f);
    buffer_add_char(b, '=');
    return my_statement_compared(b, c, v, f);
}

static enum status match_all(struct buffer *b, const struct my_place *p, const struct value *find,
                             struct failure *f)
{
    const struct relation *r = p->relation;
    const char *word = " WHERE ";
    for (int i = 0; find && i < r->ncolumns; i++) {
        if (find[i].kind == VALUE_ABSENT || r->columns[i].generated)
            continue;
        buffer_add_text(b, word);
        TRY(match_column(b, p, &r->columns[i], &find[i], f));
        word = " AND ";
    }
    if (*word == ' ' && word[1] == 'A')
        return STATUS_OK;
    return fail(f, ERROR_ROW_IMAGE, "the table has no key, and the log tells nothing of the row");
}

/* ---- by the key ---- */

static enum status match_key(struct buffer *b, const struct relation *r, const struct value *find,
                             const struct value *otherwise, struct failure *f)
{
    for (int i = 0; i < r->nkey; i++) {
        const struct column *c = &r->columns[r->key[i]];
        const struct value *v = &find[r->key[i]];
        if (v->kind == VALUE_ABSENT && otherwise)
            v = &otherwise[r->key[i]];
        if (v->kind == VALUE_ABSENT || v->kind == VALUE_NULL)
            return fail(f, ERROR_ROW_IMAGE, "the log tells no value of the key column %s", c->name);
        buffer_add_text(b, i ? " AND " : " WHERE ");
        my_add_name(b, c->name);
        buffer_add_char(b, '=');
        TRY(my_statement_compared(b, c, v, f));
    }
    return STATUS_OK;
}

enum status my_statement_where(struct buffer *b, const struct my_place *p, const struct value *find,
                               const struct value *otherwise, struct failure *f)
{
    return p->relation->nkey > 0 ? match_key(b, p->relation, find, otherwise, f)
                                 : match_all(b, p, find, f);
}

static enum status add_end(struct buffer *b, const struct my_place *p, const struct value *find,
                           const struct value *otherwise, struct failure *f)
{
    TRY(my_statement_where(b, p, find, otherwise, f));
    if (p->relation->nkey == 0)
        buffer_add_text(b, " LIMIT 1");
    return STATUS_OK;
}

/* ---- the statements ---- */

/* A row in which nothing is to be set must still be there: a column is set to itself. */
static void set_nothing(struct buffer *b, const struct relation *r)
{
    int i = r->nkey > 0 ? r->key[0] : 0;
    while (i < r->ncolumns - 1 && r->columns[i].generated)
        i++;
    my_add_name(b, r->columns[i].name);
    buffer_add_char(b, '=');
    my_add_name(b, r->columns[i].name);
}

enum status my_statement_update_row(struct buffer *b, const struct my_place *p,
                                    const struct value *find, const struct value *after,
                                    struct failure *f)
{
    const struct relation *r = p->relation;
    bool any = false;
    buffer_add_text(b, "UPDATE ");
    my_statement_table(b, r);
    buffer_add_text(b, " SET ");
    for (int i = 0; i < r->ncolumns; i++) {
        if (after[i].kind == VALUE_ABSENT || r->columns[i].generated)
            continue;
        buffer_add_text(b, any ? "," : "");
        my_add_name(b, r->columns[i].name);
        buffer_add_char(b, '=');
        TRY(my_statement_literal(b, &r->columns[i], &after[i], f));
        any = true;
    }
    if (!any)
        set_nothing(b, r);
    return add_end(b, p, find, after, f);
}

enum status my_statement_delete_row(struct buffer *b, const struct my_place *p,
                                    const struct value *find, struct failure *f)
{
    buffer_add_text(b, "DELETE FROM ");
    my_statement_table(b, p->relation);
    return add_end(b, p, find, NULL, f);
}

enum status my_statement_update_one(struct buffer *b, const struct my_place *p,
                                    const struct row_set *set, uint32_t row, struct failure *f)
{
    const struct relation *r = p->relation;
    const char *word = " SET ";
    buffer_add_text(b, "UPDATE ");
    my_statement_table(b, r);
    for (int i = 0; i < r->ncolumns; i++) {
        if (!set->present[i])
            continue;
        buffer_add_text(b, word);
        word = ",";
        my_add_name(b, r->columns[i].name);
        buffer_add_char(b, '=');
        if (my_statement_literal(b, &r->columns[i], &set->rows[row][i], f) != STATUS_OK)
            return my_fail_row(r, set->keys[row], f);
    }
    return my_statement_where(b, p, set->keys[row], NULL, f);
}
