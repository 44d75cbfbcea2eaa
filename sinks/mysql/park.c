/* A parked row: its unique values are taken out of the way until its source transaction ends, when
 * the change that was put off sets them again.
 *
 * Only columns that this change sets are parked, one for each unique index: NULL where the column
 * takes it (NULLs never collide), else a value that no row has. */
#include "sinks/mysql/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static bool in_key(const struct relation *r, int column)
{
    return r->columns[column].key;
}

static bool key_changes(const struct change *c)
{
    const struct relation *r = c->relation;
    for (int i = 0; c->before && i < r->nkey; i++) {
        const struct value *now = &c->after[r->key[i]];
        if (now->kind != VALUE_ABSENT && !value_equal(now, &c->before[r->key[i]]))
            return true;
    }
    return false;
}

static bool may_park(const struct change *c, int column, bool key_too)
{
    return column >= 0 && !c->relation->columns[column].generated &&
           c->after[column].kind != VALUE_ABSENT && (key_too || !in_key(c->relation, column));
}

/* ---- a value that no row has ---- */

/* Below all, or above where there is no room below: one look at the index's end. */
static const char *number_sql(const struct column *c)
{
    return c->kind == VALUE_UINT ? "max(%s)+1" : "least(min(%s),0)-1";
}

static enum status free_number(struct sink *s, const struct relation *r, const struct column *c,
                               struct value *out)
{
    struct buffer *b = &s->sql;
    struct rows rows;
    const char *call = number_sql(c);
    const char *mark = strstr(call, "%s");
    buffer_clear(b);
    buffer_add_text(b, "SELECT ");
    buffer_add(b, call, (size_t)(mark - call));
    my_add_name(b, c->name);
    buffer_add_text(b, mark + 2);
    buffer_add_text(b, " FROM ");
    my_statement_table(b, r);
    TRY(session_query(my_session(s->my), &s->scratch, &rows, buffer_text(b), 0, NULL));
    const char *text = rows_cell(&rows, 0, 0);
    if (!text)
        text = "1";
    *out = value_text(VALUE_DECIMAL, text, strlen(text));
    return STATUS_OK;
}

/* 128 random bits, or what the column has room for; over and over where it must be filled. */
static enum status free_text(struct sink *s, const struct column *c, struct value *out)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[16];
    bool fixed = strncmp(c->type, "binary", 6) == 0;
    size_t size = c->length >= 0 && (fixed || c->length < 32) ? (size_t)c->length : 32;
    char *text = arena_alloc(&s->scratch, size);
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return fail(s->failure, ERROR_INTERNAL, "no random bytes");
    if (c->kind == VALUE_UUID) {
        *out = value_text(VALUE_UUID, arena_copy(&s->scratch, random, 16), 16);
        return STATUS_OK;
    }
    for (size_t i = 0; i < size; i++)
        text[i] = digits[random[i / 2 % 16] >> (i % 2 ? 0 : 4) & 15];
    *out = value_text(c->kind, text, size);
    return STATUS_OK;
}

/* Dates before any that a factory has; the second of the day is drawn. */
static enum status free_date(struct sink *s, const struct column *c, struct value *out)
{
    uint32_t random;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        return fail(s->failure, ERROR_INTERNAL, "no random bytes");
    int64_t day = days_from_civil(1000, 1, 1) + random % 200000;
    int64_t us = (day * 86400 + random / 200000 % 86400) * 1000000;
    *out = (struct value){.kind = (uint8_t)c->kind, .i = c->kind == VALUE_DATE ? day : us};
    return STATUS_OK;
}

enum { SHORTEST_TEXT = 6 };

static bool is_label(const struct column *c)
{
    return strncmp(c->type, "enum", 4) == 0 || strncmp(c->type, "set", 3) == 0;
}

static bool can_be_free(const struct column *c)
{
    switch (c->kind) {
    case VALUE_INT:
        return strncmp(c->type, "year", 4) != 0;
    case VALUE_UINT:
        return strncmp(c->type, "bit", 3) != 0;
    case VALUE_DECIMAL:
    case VALUE_DATE:
    case VALUE_DATETIME:
    case VALUE_UUID:
        return true;
    case VALUE_TEXT:
    case VALUE_BYTES:
        return !is_label(c) && (c->length < 0 || c->length >= SHORTEST_TEXT);
    default:
        return false;
    }
}

static enum status free_value(struct sink *s, const struct relation *r, const struct column *c,
                              struct value *out)
{
    switch (c->kind) {
    case VALUE_INT:
    case VALUE_UINT:
    case VALUE_DECIMAL:
        return free_number(s, r, c, out);
    case VALUE_DATE:
    case VALUE_DATETIME:
        return free_date(s, c, out);
    default:
        return free_text(s, c, out);
    }
}

/* ---- which column of an index ---- */

static int pick(const struct change *c, const struct my_unique *u, bool key_too)
{
    int found = -1;
    for (int i = 0; i < u->ncolumns; i++) {
        int column = u->columns[i];
        if (!may_park(c, column, key_too))
            continue;
        if (c->relation->columns[column].nullable)
            return column;
        if (found < 0 && can_be_free(&c->relation->columns[column]))
            found = column;
    }
    return found;
}

static bool is_concerned(const struct change *c, const struct my_unique *u, bool key_too)
{
    for (int i = 0; i < u->ncolumns; i++)
        if (may_park(c, u->columns[i], key_too))
            return true;
    return false;
}

static bool is_parked(const struct my_unique *u, const struct value *parked)
{
    for (int i = 0; i < u->ncolumns; i++)
        if (u->columns[i] >= 0 && parked[u->columns[i]].kind != VALUE_ABSENT)
            return true;
    return false;
}

static enum status park_columns(struct sink *s, const struct my_table *t, const struct change *c,
                                struct value *parked)
{
    bool key_too = key_changes(c);
    for (int i = 0; i < t->nuniques; i++) {
        const struct my_unique *u = &t->uniques[i];
        if (!is_concerned(c, u, key_too) || is_parked(u, parked))
            continue;
        int column = pick(c, u, key_too);
        if (column < 0)
            return fail(s->failure, ERROR_UNSUPPORTED,
                        "%s.%s: no value out of the way can be found for the unique index %s",
                        c->relation->schema, c->relation->name, u->name);
        const struct column *target = &c->relation->columns[column];
        if (target->nullable)
            parked[column] = value_null();
        else
            TRY(free_value(s, c->relation, target, &parked[column]));
    }
    return STATUS_OK;
}

/* ---- the row ---- */

static struct value *absent_row(struct sink *s, const struct relation *r)
{
    struct value *row = arena_alloc(&s->scratch, (size_t)r->ncolumns * sizeof *row);
    for (int i = 0; i < r->ncolumns; i++)
        row[i] = (struct value){.kind = VALUE_ABSENT};
    return row;
}

/* By what the row is found from now on: its key, or what parking made of it. */
static struct value *key_afterwards(struct sink *s, const struct change *c,
                                    const struct value *parked)
{
    const struct relation *r = c->relation;
    struct value *key = absent_row(s, r);
    for (int i = 0; i < r->nkey; i++) {
        int k = r->key[i];
        const struct value *old = c->before ? &c->before[k] : &c->after[k];
        if (old->kind == VALUE_ABSENT)
            old = &c->after[k];
        key[k] = parked[k].kind == VALUE_ABSENT ? *old : parked[k];
    }
    return key;
}

enum status my_park_row(struct sink *s, const struct change *c, const struct value **parked_key)
{
    const struct my_table *t = my_table_of(s, c->relation);
    const struct value *find = c->before ? c->before : c->after;
    uint64_t affected;
    arena_reset(&s->scratch);
    if (c->relation->nkey == 0 || !c->after)
        return fail(s->failure, ERROR_UNSUPPORTED, "only a changed row with a key can be parked");
    struct value *parked = absent_row(s, c->relation);
    TRY(park_columns(s, t, c, parked));
    buffer_clear(&s->sql);
    TRY(my_statement_update_row(&s->sql, &t->place, find, parked, s->failure));
    *parked_key = key_afterwards(s, c, parked);
    char doing[400];
    snprintf(doing, sizeof doing, "parking a row of %s.%s", c->relation->schema, c->relation->name);
    TRY(my_exec(s->my, s->sql.data, s->sql.size, &affected));
    if (affected != 1)
        return fail(s->failure, ERROR_WRONG_COUNT, "%s: %s: it is not there", s->my->base.system,
                    doing);
    return STATUS_OK;
}
