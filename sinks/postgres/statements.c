/* statements.c: the SQL of a set: columns as arrays, one statement for any number of rows, prepared
 * once. Keys compare in the column's own type, so that its index serves. */
#include "sinks/postgres/internal.h"

#include <stdio.h>
#include <string.h>

void add_table(struct buffer *b, const struct relation *r)
{
    pg_add_name(b, r->schema);
    buffer_add_char(b, '.');
    pg_add_name(b, r->name);
}

static bool begins_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* "character(10)" without its modifier would be character(1); bit likewise. */
static const char *unbounded(const char *type, const char **rest)
{
    static const struct {
        const char *type, *name;
    } names[] = {{"character(", "pg_catalog.bpchar"}, {"bit(", "pg_catalog.varbit"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (begins_with(type, names[i].type)) {
            *rest = strchr(type, ')') + 1;
            return names[i].name;
        }
    *rest = type;
    return "";
}

void add_cast(struct buffer *b, const struct column *c)
{
    const char *rest;
    bool quoted = false, skipping = false;
    buffer_add_text(b, "::");
    buffer_add_text(b, unbounded(c->type, &rest));
    for (; *rest; rest++) {
        quoted ^= *rest == '"';
        skipping |= !quoted && *rest == '(';
        if (!skipping)
            buffer_add_char(b, *rest);
        skipping &= *rest != ')';
    }
}

enum wire column_wire(const struct column *c)
{
    if (strcmp(c->type, "bigint") == 0 || strcmp(c->type, "integer") == 0 ||
        strcmp(c->type, "smallint") == 0)
        return WIRE_INT8;
    return strcmp(c->type, "bytea") == 0 ? WIRE_BYTEA : WIRE_TEXT;
}

bool set_changes_key(const struct row_set *set)
{
    const struct relation *r = set->relation;
    for (uint32_t i = 0; i < set->nrows; i++)
        for (int k = 0; k < r->nkey; k++)
            if (!value_equal(&set->keys[i][r->key[k]], &set->rows[i][r->key[k]]))
                return true;
    return false;
}

/* ---- texts ---- */

static bool written(const struct statement *st, int column)
{
    return st->columns && st->columns[column];
}

static const char *const array_types[] = {"::int8[]", "::text[]", "::bytea[]"};

static void add_array(struct buffer *b, int n, const struct column *c)
{
    enum wire w = column_wire(c);
    buffer_add_format(b, "%s$%d%s", n > 1 ? ", " : "", n,
                      array_types[w == WIRE_INT8   ? 0
                                  : w == WIRE_TEXT ? 1
                                                   : 2]);
}

/* "unnest($1::int8[], ...) AS s(k0, ..., c3, ...)": keys first, then the written columns. */
static void add_source(struct buffer *b, struct statement *st, bool keys)
{
    const struct relation *r = st->relation;
    int n = 0;
    buffer_add_text(b, "unnest(");
    for (int i = 0; keys && i < r->nkey; i++)
        add_array(b, ++n, &r->columns[r->key[i]]);
    for (int i = 0; i < r->ncolumns; i++)
        if (written(st, i))
            add_array(b, ++n, &r->columns[i]);
    st->nparams = n;
    n = 0;
    buffer_add_text(b, ") AS s(");
    for (int i = 0; keys && i < r->nkey; i++)
        buffer_add_format(b, "%sk%d", n++ ? ", " : "", i);
    for (int i = 0; i < r->ncolumns; i++)
        if (written(st, i))
            buffer_add_format(b, "%sc%d", n++ ? ", " : "", i);
    buffer_add_char(b, ')');
}

static void add_value(struct buffer *b, const struct column *c, char prefix, int n)
{
    buffer_add_format(b, "s.%c%d", prefix, n);
    if (column_wire(c) == WIRE_TEXT)
        add_cast(b, c);
}

static void add_key_condition(struct sink *s, struct buffer *b, const struct relation *r)
{
    for (int i = 0; i < r->nkey; i++) {
        buffer_add_text(b, i ? " AND t." : " WHERE t.");
        pg_add_name(b, r->columns[r->key[i]].name);
        add_equals(s, r, r->key[i], b);
        add_value(b, &r->columns[r->key[i]], 'k', i);
    }
}

static void add_delete(struct sink *s, struct buffer *b, struct statement *st)
{
    buffer_add_text(b, "DELETE FROM ");
    add_table(b, st->relation);
    buffer_add_text(b, " t USING ");
    add_source(b, st, true);
    add_key_condition(s, b, st->relation);
}

/* PostgreSQL lets nobody update a GENERATED ALWAYS identity: it must be what it is there. */
static void add_identity_condition(struct buffer *b, const struct statement *st)
{
    for (int i = 0; i < st->relation->ncolumns; i++) {
        const struct column *c = &st->relation->columns[i];
        if (!written(st, i) || !c->identity_always)
            continue;
        buffer_add_text(b, " AND t.");
        pg_add_name(b, c->name);
        buffer_add_text(b, " = ");
        add_value(b, c, 'c', i);
    }
}

const struct column *untouched_column(const struct relation *r)
{
    for (int i = 0; i < r->ncolumns; i++)
        if (!r->columns[i].generated && !r->columns[i].identity_always)
            return &r->columns[i];
    return NULL;
}

/* Nothing to set: the row must be there all the same. */
static void add_set_nothing(struct buffer *b, const struct relation *r)
{
    const struct column *c = untouched_column(r);
    if (!c)
        return;
    buffer_add_text(b, " SET ");
    pg_add_name(b, c->name);
    buffer_add_text(b, " = t.");
    pg_add_name(b, c->name);
}

static void add_update(struct sink *s, struct buffer *b, struct statement *st)
{
    const struct relation *r = st->relation;
    const char *separator = " SET ";
    buffer_add_text(b, "UPDATE ");
    add_table(b, r);
    buffer_add_text(b, " t");
    for (int i = 0; i < r->ncolumns; i++) {
        if (!written(st, i) || r->columns[i].identity_always)
            continue;
        buffer_add_text(b, separator);
        pg_add_name(b, r->columns[i].name);
        buffer_add_text(b, " = ");
        add_value(b, &r->columns[i], 'c', i);
        separator = ", ";
    }
    if (*separator == ' ')
        add_set_nothing(b, r);
    buffer_add_text(b, " FROM ");
    add_source(b, st, true);
    add_key_condition(s, b, r);
    add_identity_condition(b, st);
}

static void add_names(struct buffer *b, const struct statement *st)
{
    const char *separator = "";
    for (int i = 0; i < st->relation->ncolumns; i++) {
        if (!written(st, i))
            continue;
        buffer_add_text(b, separator);
        pg_add_name(b, st->relation->columns[i].name);
        separator = ", ";
    }
}

static void add_conflict_key(struct buffer *b, const struct relation *r)
{
    buffer_add_text(b, " ON CONFLICT (");
    for (int i = 0; i < r->nkey; i++) {
        buffer_add_text(b, i ? ", " : "");
        pg_add_name(b, r->columns[r->key[i]].name);
    }
    buffer_add_text(b, ") DO ");
}

static void add_conflict(struct buffer *b, const struct statement *st)
{
    const struct relation *r = st->relation;
    const char *separator = "UPDATE SET ";
    if (st->op == SET_INSERT || r->nkey == 0)
        return;
    add_conflict_key(b, r);
    for (int i = 0; st->op == SET_UPSERT && i < r->ncolumns; i++) {
        if (!written(st, i) || r->columns[i].key)
            continue;
        buffer_add_text(b, separator);
        pg_add_name(b, r->columns[i].name);
        buffer_add_text(b, " = excluded.");
        pg_add_name(b, r->columns[i].name);
        separator = ", ";
    }
    if (*separator == 'U')
        buffer_add_text(b, "NOTHING");
}

static void add_insert(struct buffer *b, struct statement *st)
{
    const struct relation *r = st->relation;
    const char *separator = "";
    buffer_add_text(b, "INSERT INTO ");
    add_table(b, r);
    buffer_add_text(b, " (");
    add_names(b, st);
    buffer_add_text(b, ") OVERRIDING SYSTEM VALUE SELECT ");
    for (int i = 0; i < r->ncolumns; i++) {
        if (!written(st, i))
            continue;
        buffer_add_text(b, separator);
        add_value(b, &r->columns[i], 'c', i);
        separator = ", ";
    }
    buffer_add_text(b, " FROM ");
    add_source(b, st, false);
    add_conflict(b, st);
}

static void add_statement(struct sink *s, struct buffer *b, struct statement *st)
{
    if (st->op == SET_DELETE)
        add_delete(s, b, st);
    else if (st->op == SET_UPDATE)
        add_update(s, b, st);
    else
        add_insert(b, st);
}

/* ---- prepared once ---- */

/* An update names key columns only where it changes them: an unchanged one would only cost. */
static void choose_columns(const struct row_set *set, bool *columns)
{
    const struct relation *r = set->relation;
    bool keys = set->op != SET_UPDATE || set_changes_key(set);
    for (int i = 0; i < r->ncolumns; i++)
        columns[i] = set->present[i] && !r->columns[i].generated && (keys || !r->columns[i].key);
}

static struct statement *find(struct sink *s, const struct row_set *set, const bool *columns,
                              struct statement ***slot)
{
    size_t n = columns ? (size_t)set->relation->ncolumns : 0;
    *slot = &s->statements[(set->relation->version * 8 + set->op) % STATEMENT_BUCKETS];
    for (struct statement *st = **slot; st; st = st->next)
        if (st->relation == set->relation && st->op == set->op &&
            (n == 0 || memcmp(st->columns, columns, n) == 0))
            return st;
    return NULL;
}

static struct statement *statement_of(struct sink *s, const struct row_set *set)
{
    bool *columns = NULL;
    struct statement **slot;
    if (set->op != SET_DELETE) {
        columns = arena_alloc(&s->scratch, (size_t)set->relation->ncolumns);
        choose_columns(set, columns);
    }
    struct statement *st = find(s, set, columns, &slot);
    if (st)
        return st;
    st = arena_zalloc(&s->arena, sizeof *st);
    st->relation = set->relation;
    st->op = set->op;
    if (columns) {
        st->columns = arena_alloc(&s->arena, (size_t)set->relation->ncolumns);
        memcpy(st->columns, columns, (size_t)set->relation->ncolumns);
    }
    st->next = *slot;
    *slot = st;
    return st;
}

/* A name is never used twice: a PREPARE whose answer was lost may or may not have worked. */
enum status statement_prepare(struct sink *s, struct statement *st, const char *sql)
{
    struct pending p = {
        .relation = st->relation, .prepares = st, .doing = "preparing", .expected = -1};
    if (st->prepared)
        return STATUS_OK;
    snprintf(st->name, sizeof st->name, "millrace_%u", ++s->names);
    if (!PQsendPrepare(s->pg->conn, st->name, sql, 0, NULL))
        return pg_fail(s->pg, NULL, "preparing");
    return sink_sent(s, &p);
}

static enum status prepare(struct sink *s, struct statement *st)
{
    buffer_clear(&s->sql);
    add_statement(s, &s->sql, st);
    return statement_prepare(s, st, buffer_text(&s->sql));
}

/* ---- sent ---- */

struct parameters {
    const char **values;
    int *lengths, *formats;
    size_t *at; /* offsets in the data buffer, which may move while it grows */
    int n;
};

static enum status add_parameter(struct sink *s, struct parameters *p, const struct relation *r,
                                 int column, struct value *const *rows, uint32_t n)
{
    p->at[p->n] = s->data.size;
    enum status status = array_write(&r->columns[column], column, rows, n, &s->data, s->o.failure);
    if (status != STATUS_OK) {
        fail_in(s->o.failure, "table %s.%s", r->schema, r->name);
        return status;
    }
    p->lengths[p->n] = (int)(s->data.size - p->at[p->n]);
    p->formats[p->n] = 1;
    p->n++;
    return STATUS_OK;
}

static enum status fill(struct sink *s, const struct statement *st, const struct row_set *set,
                        struct parameters *p)
{
    const struct relation *r = set->relation;
    bool keys = set->op == SET_DELETE || set->op == SET_UPDATE;
    buffer_clear(&s->data);
    for (int i = 0; keys && i < r->nkey; i++)
        TRY(add_parameter(s, p, r, r->key[i], set->keys, set->nrows));
    for (int i = 0; i < r->ncolumns; i++)
        if (written(st, i))
            TRY(add_parameter(s, p, r, i, set->rows, set->nrows));
    for (int i = 0; i < p->n; i++)
        p->values[i] = s->data.data + p->at[i];
    return STATUS_OK;
}

static int64_t expected_count(const struct row_set *set)
{
    return set->lenient || set->op == SET_INSERT_ABSENT || set->op == SET_UPSERT
               ? -1
               : (int64_t)set->nrows;
}

static const char *doing(enum set_op op)
{
    return op == SET_DELETE ? "DELETE" : op == SET_UPDATE ? "UPDATE" : "INSERT";
}

enum status statement_send(struct sink *s, const struct row_set *set)
{
    struct statement *st = statement_of(s, set);
    struct pending answer = {
        .relation = set->relation, .doing = doing(set->op), .expected = expected_count(set)};
    size_t most = (size_t)(set->relation->ncolumns + set->relation->nkey);
    struct parameters p = {.values = arena_alloc(&s->scratch, most * sizeof *p.values),
                           .lengths = arena_alloc(&s->scratch, most * sizeof *p.lengths),
                           .formats = arena_alloc(&s->scratch, most * sizeof *p.formats),
                           .at = arena_alloc(&s->scratch, most * sizeof *p.at)};
    if (set->op == SET_UPDATE && !untouched_column(set->relation))
        return STATUS_OK; /* no column that could be updated */
    if (!st->prepared)
        TRY(prepare(s, st));
    TRY(fill(s, st, set, &p));
    must(p.n == st->nparams);
    if (!PQsendQueryPrepared(s->pg->conn, st->name, p.n, p.values, p.lengths, p.formats, 0))
        return pg_fail(s->pg, NULL, answer.doing);
    return sink_sent(s, &answer);
}
