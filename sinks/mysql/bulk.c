/* MariaDB's array binding: one statement and arrays of parameters in one packet
 * (COM_STMT_BULK_EXECUTE, mysql_stmt_attr_set(STMT_ATTR_ARRAY_SIZE)). An error rolls the whole
 * array back and does not say which row it was: row mode finds it.
 *
 * Parameters: integers and floats in binary, so that nothing is parsed or rounded; decimals as
 * NEWDECIMAL (a decimal compared with a text would be compared as doubles); bytes as BLOB, which
 * has no charset; all else as text in the session's utf8mb4.
 *
 * Statements are prepared once per layout, operation and set of columns, and kept: the one used
 * longest ago makes room. */
#include "sinks/mysql/internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATEMENTS_MAX = 64 };

struct prepared {
    const struct relation *relation;
    enum set_op op;
    bool *present; /* ncolumns */
    MYSQL_STMT *stmt;
    uint64_t used;
};

/* One parameter: which column, from which row (the new one or the key's), and how it is bound. */
struct parameter {
    const struct column *column;
    int index;
    bool from_key;
    enum enum_field_types type;
};

/* One value of an array: a number in place, or where its text begins. */
union slot {
    int64_t i;
    double d;
    char *text;
    size_t offset;
};

struct bulk {
    struct sink *sink;
    struct prepared statements[STATEMENTS_MAX];
    uint64_t clock;
    struct arena arena; /* one set: parameters, arrays */
    struct buffer text; /* bytes of the texts */
};

struct bulk *bulk_new(struct sink *s)
{
    struct bulk *b = calloc(1, sizeof *b);
    must(b);
    b->sink = s;
    arena_init(&b->arena);
    buffer_init(&b->text, MY_SQL_BYTES_MAX);
    return b;
}

static void forget(struct prepared *p)
{
    if (p->stmt)
        mysql_stmt_close(p->stmt);
    free(p->present);
    *p = (struct prepared){0};
}

void bulk_free(struct bulk *b)
{
    if (!b)
        return;
    for (int i = 0; i < STATEMENTS_MAX; i++)
        forget(&b->statements[i]);
    arena_free(&b->arena);
    buffer_free(&b->text);
    free(b);
}

/* ---- prepared statements ---- */

static bool is_it(const struct prepared *p, const struct row_set *set)
{
    if (!p->stmt || p->relation != set->relation || p->op != set->op)
        return false;
    return memcmp(p->present, set->present, (size_t)set->relation->ncolumns) == 0;
}

static struct prepared *oldest(struct bulk *b)
{
    struct prepared *p = &b->statements[0];
    for (int i = 1; i < STATEMENTS_MAX; i++)
        if (b->statements[i].used < p->used)
            p = &b->statements[i];
    forget(p);
    return p;
}

static enum status prepare(struct bulk *b, struct prepared *p, const struct row_set *set)
{
    struct sink *s = b->sink;
    size_t n = (size_t)set->relation->ncolumns;
    buffer_clear(&s->sql);
    my_statement_prepared(&s->sql, set->relation, set->op, set->present);
    p->stmt = mysql_stmt_init(s->my->conn);
    must(p->stmt);
    if (mysql_stmt_prepare(p->stmt, s->sql.data, s->sql.size)) {
        char doing[400];
        snprintf(doing, sizeof doing, "preparing a statement for %s.%s", set->relation->schema,
                 set->relation->name);
        enum status status = my_fail_stmt(s->my, p->stmt, doing);
        forget(p);
        return status;
    }
    p->relation = set->relation;
    p->op = set->op;
    p->present = malloc(n);
    must(p->present);
    memcpy(p->present, set->present, n);
    return STATUS_OK;
}

static enum status statement_of(struct bulk *b, const struct row_set *set, struct prepared **out)
{
    struct prepared *p = NULL;
    for (int i = 0; i < STATEMENTS_MAX && !p; i++)
        if (is_it(&b->statements[i], set))
            p = &b->statements[i];
    if (!p) {
        p = oldest(b);
        TRY(prepare(b, p, set));
    }
    p->used = ++b->clock;
    *out = p;
    return STATUS_OK;
}

/* ---- parameters ---- */

static enum enum_field_types type_of(const struct column *c)
{
    switch (c->kind) {
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_UINT:
        /* The number 26 in a YEAR is 2026: years go as four digits. */
        return strncmp(c->type, "year", 4) == 0 ? MYSQL_TYPE_STRING : MYSQL_TYPE_LONGLONG;
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
        return MYSQL_TYPE_DOUBLE;
    case VALUE_DECIMAL:
        return MYSQL_TYPE_NEWDECIMAL;
    case VALUE_BYTES:
        return MYSQL_TYPE_BLOB;
    default:
        return MYSQL_TYPE_STRING;
    }
}

static void add_parameter(struct parameter *p, int *n, const struct relation *r, int index,
                          bool from_key)
{
    const struct column *c = &r->columns[index];
    p[(*n)++] = (struct parameter){c, index, from_key, type_of(c)};
}

/* In the order of my_statement_prepared: set columns, then the key. */
static struct parameter *parameters_of(struct bulk *b, const struct row_set *set, int *n)
{
    const struct relation *r = set->relation;
    struct parameter *p = arena_alloc(&b->arena, (size_t)(r->ncolumns + r->nkey) * sizeof *p);
    *n = 0;
    for (int i = 0; i < r->ncolumns; i++)
        if (set->present[i])
            add_parameter(p, n, r, i, false);
    for (int i = 0; set->op == SET_UPDATE && i < r->nkey; i++)
        add_parameter(p, n, r, r->key[i], true);
    return p;
}

/* ---- arrays ---- */

struct arrays {
    uint32_t capacity, rows;
    int nparameters;
    union slot *slots;      /* [parameter][row] */
    unsigned long *lengths; /* the same */
    char *indicators;       /* the same */
    MYSQL_BIND *binds;
};

static struct arrays arrays_of(struct bulk *b, int nparameters, uint32_t rows)
{
    size_t n = (size_t)nparameters * rows;
    return (struct arrays){
        .capacity = rows,
        .nparameters = nparameters,
        .slots = arena_alloc(&b->arena, n * sizeof(union slot)),
        .lengths = arena_alloc(&b->arena, n * sizeof(unsigned long)),
        .indicators = arena_alloc(&b->arena, n),
        .binds = arena_zalloc(&b->arena, (size_t)nparameters * sizeof(MYSQL_BIND)),
    };
}

static enum status put_text(struct bulk *b, const struct parameter *p, const struct value *v,
                            union slot *slot, unsigned long *length)
{
    slot->offset = b->text.size;
    TRY(my_value_write(p->column, v, &b->text, b->sink->failure));
    *length = b->text.size - slot->offset;
    return STATUS_OK;
}

static bool is_whole(const struct value *v)
{
    return v->kind == VALUE_BOOL || v->kind == VALUE_INT || v->kind == VALUE_UINT;
}

/* A number of another sign than the column's kind would be read as another number. */
static enum status put_whole(struct bulk *b, const struct parameter *p, const struct value *v,
                             union slot *slot)
{
    bool is_unsigned = v->kind == VALUE_UINT, wanted = p->column->kind == VALUE_UINT;
    if (!is_whole(v) || (is_unsigned != wanted && v->i < 0))
        return fail(b->sink->failure, ERROR_VALUE, "column %s %s cannot hold a value of kind %s",
                    p->column->name, p->column->type, value_kind_name((enum value_kind)v->kind));
    slot->i = v->i;
    return STATUS_OK;
}

static enum status put_double(struct bulk *b, const struct parameter *p, const struct value *v,
                              union slot *slot)
{
    unsigned long ignored;
    bool exact = p->column->kind == VALUE_DOUBLE || (double)(float)v->d == v->d;
    if ((v->kind == VALUE_FLOAT || v->kind == VALUE_DOUBLE) && isfinite(v->d) && exact) {
        slot->d = v->d;
        return STATUS_OK;
    }
    TRY(put_text(b, p, v, slot, &ignored)); /* which says why not */
    return fail(b->sink->failure, ERROR_VALUE, "column %s %s cannot hold a value of kind %s",
                p->column->name, p->column->type, value_kind_name((enum value_kind)v->kind));
}

static enum status put_value(struct bulk *b, struct arrays *a, int i, const struct parameter *p,
                             const struct value *v)
{
    size_t at = (size_t)i * a->capacity + a->rows;
    a->indicators[at] = v->kind == VALUE_NULL ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
    a->lengths[at] = 0;
    a->slots[at].i = 0;
    if (v->kind == VALUE_NULL)
        return STATUS_OK;
    switch (p->type) {
    case MYSQL_TYPE_LONGLONG:
        return put_whole(b, p, v, &a->slots[at]);
    case MYSQL_TYPE_DOUBLE:
        return put_double(b, p, v, &a->slots[at]);
    default:
        return put_text(b, p, v, &a->slots[at], &a->lengths[at]);
    }
}

static enum status put_row(struct bulk *b, struct arrays *a, const struct parameter *parameters,
                           const struct row_set *set, uint32_t row)
{
    for (int i = 0; i < a->nparameters; i++) {
        const struct parameter *p = &parameters[i];
        const struct value *values = p->from_key ? set->keys[row] : set->rows[row];
        if (put_value(b, a, i, p, &values[p->index]) != STATUS_OK)
            return my_fail_row(set->relation, set->keys ? set->keys[row] : set->rows[row],
                               b->sink->failure);
    }
    a->rows++;
    return STATUS_OK;
}

/* Texts have their addresses now that the buffer grows no more. */
static void bind(struct bulk *b, struct arrays *a, const struct parameter *parameters)
{
    for (int i = 0; i < a->nparameters; i++) {
        size_t at = (size_t)i * a->capacity;
        enum enum_field_types type = parameters[i].type;
        bool number = type == MYSQL_TYPE_LONGLONG || type == MYSQL_TYPE_DOUBLE;
        for (uint32_t row = 0; row < a->rows && !number; row++)
            a->slots[at + row].text = b->text.data + a->slots[at + row].offset;
        a->binds[i].buffer_type = type;
        a->binds[i].buffer = &a->slots[at];
        a->binds[i].length = number ? NULL : &a->lengths[at];
        a->binds[i].is_unsigned = parameters[i].column->kind == VALUE_UINT;
        a->binds[i].u.indicator = &a->indicators[at];
    }
}

/* ---- executing ---- */

static enum status execute(struct bulk *b, struct prepared *p, struct arrays *a, uint64_t *affected)
{
    struct sink *s = b->sink;
    unsigned rows = a->rows;
    if (mysql_stmt_attr_set(p->stmt, STMT_ATTR_ARRAY_SIZE, &rows) ||
        mysql_stmt_bind_param(p->stmt, a->binds) || mysql_stmt_execute(p->stmt)) {
        char text[400];
        snprintf(text, sizeof text, "%s %s.%s (%u rows)", my_doing(p->op), p->relation->schema,
                 p->relation->name, rows);
        enum status status = my_fail_stmt(s->my, p->stmt, text);
        forget(p);
        return status;
    }
    *affected += mysql_stmt_affected_rows(p->stmt);
    return my_sink_warnings(s, p->relation, my_doing(p->op), mysql_stmt_warning_count(p->stmt));
}

/* As many rows as the limits allow, at least one. */
static enum status write_some(struct bulk *b, struct prepared *p, const struct row_set *set,
                              uint32_t from, uint32_t *n, uint64_t *affected)
{
    const struct my_limits *limits = &b->sink->limits;
    int nparameters;
    arena_reset(&b->arena);
    buffer_clear(&b->text);
    buffer_reserve(&b->text, 1); /* an address for empty texts */
    struct parameter *parameters = parameters_of(b, set, &nparameters);
    uint32_t left = set->nrows - from, rows = left < limits->rows ? left : limits->rows;
    struct arrays a = arrays_of(b, nparameters, rows);
    while (a.rows < rows) {
        size_t mark = b->text.size;
        TRY(put_row(b, &a, parameters, set, from + a.rows));
        if (b->text.size <= limits->bytes || a.rows == 1)
            continue;
        b->text.size = mark; /* it opens the next packet */
        a.rows--;
        break;
    }
    bind(b, &a, parameters);
    *n = a.rows;
    return execute(b, p, &a, affected);
}

enum status bulk_write(struct bulk *b, const struct row_set *set, uint64_t *affected)
{
    struct prepared *p;
    must(set->op != SET_DELETE);
    *affected = 0;
    TRY(statement_of(b, set, &p));
    for (uint32_t from = 0, n; from < set->nrows; from += n)
        TRY(write_some(b, p, set, from, &n, affected));
    return STATUS_OK;
}
