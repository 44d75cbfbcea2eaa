/* cte.c: see cte.h and dialect.h. */
#include "sinks/events/cte.h"

enum { STATEMENT_MAX = 1 << 30, FIXED = 2 /* event, line */ };

struct writer {
    const struct event_dialect *dialect;
    const struct zone *zone;
    struct buffer sql;
    const char **params;
    int nparams;
    struct arena *arena;
};

static int nfixed(const struct cte *c)
{
    return c->lines ? FIXED : 1;
}

static void add_names(struct writer *w, const struct cte *c)
{
    buffer_add_text(&w->sql, c->lines ? "(event,line" : "(event");
    for (int i = 0; i < c->fields.nfields; i++) {
        buffer_add_char(&w->sql, ',');
        w->dialect->add_name(&w->sql, c->fields.fields[i].name);
    }
    buffer_add_char(&w->sql, ')');
}

/* ---- literals ---- */

static void add_row(struct writer *w, const struct cte *c, const struct cte_row *row)
{
    buffer_add_text(&w->sql, w->dialect->row_open);
    buffer_add_int(&w->sql, row->event);
    if (c->lines) {
        buffer_add_char(&w->sql, ',');
        buffer_add_int(&w->sql, row->line);
    }
    for (int i = 0; i < c->fields.nfields; i++) {
        buffer_add_char(&w->sql, ',');
        field_add_literal(&w->sql, w->dialect, w->zone, c->fields.fields[i].type, &row->values[i]);
    }
    buffer_add_char(&w->sql, ')');
}

static void add_no_rows(struct writer *w, const struct cte *c)
{
    buffer_add_text(&w->sql, "SELECT NULL");
    for (int i = 1; i < nfixed(c) + c->fields.nfields; i++)
        buffer_add_text(&w->sql, ",NULL");
    buffer_add_text(&w->sql, w->dialect->no_rows);
}

static void add_values(struct writer *w, const struct cte *c)
{
    add_names(w, c);
    buffer_add_text(&w->sql, " AS (");
    if (c->nrows == 0)
        add_no_rows(w, c);
    else
        buffer_add_text(&w->sql, "VALUES ");
    for (uint32_t i = 0; i < c->nrows; i++) {
        buffer_add_text(&w->sql, i ? "," : "");
        add_row(w, c, &c->rows[i]);
    }
    buffer_add_char(&w->sql, ')');
}

/* ---- arrays ---- */

static struct value cell(const struct cte *c, uint32_t row, int column)
{
    if (column == 0)
        return value_int(c->rows[row].event);
    if (column < nfixed(c))
        return value_int(c->rows[row].line);
    return c->rows[row].values[column - nfixed(c)];
}

static const char *array_text(struct writer *w, const struct cte *c, int column)
{
    struct buffer b;
    buffer_init(&b, STATEMENT_MAX);
    buffer_add_char(&b, '{');
    for (uint32_t i = 0; i < c->nrows; i++) {
        struct value v = cell(c, i, column);
        if (i)
            buffer_add_char(&b, ',');
        field_add_element(&b, &v);
    }
    buffer_add_char(&b, '}');
    const char *text = arena_copy(w->arena, b.data, b.size);
    buffer_free(&b);
    return text;
}

static void add_unnest(struct writer *w, const struct cte *c)
{
    int n = nfixed(c) + c->fields.nfields;
    buffer_add_text(&w->sql, " AS (SELECT * FROM unnest(");
    for (int i = 0; i < n; i++) {
        const char *type =
            i < nfixed(c) ? "int8[]" : field_array_type(c->fields.fields[i - nfixed(c)].type);
        w->params[w->nparams++] = array_text(w, c, i);
        buffer_add_format(&w->sql, "%s$%d::%s", i ? "," : "", w->nparams, type);
    }
    buffer_add_text(&w->sql, ") AS e");
    add_names(w, c);
    buffer_add_char(&w->sql, ')');
}

/* ---- both ---- */

static void add_cte(struct writer *w, const char *name, const struct cte *c)
{
    buffer_add_text(&w->sql, name);
    w->dialect->arrays ? add_unnest(w, c) : add_values(w, c);
}

void cte_write(const struct event_dialect *d, const struct zone *zone, const struct cte *event,
               const struct cte *line, const char *tail, struct arena *a,
               struct event_statement *out)
{
    struct writer w = {.dialect = d, .zone = zone, .arena = a};
    int max = 2 * FIXED + event->fields.nfields + (line ? line->fields.nfields : 0);
    w.params = arena_alloc(a, (size_t)max * sizeof *w.params);
    buffer_init(&w.sql, STATEMENT_MAX);
    buffer_add_text(&w.sql, "WITH ");
    add_cte(&w, "event", event);
    if (line) {
        buffer_add_text(&w.sql, ", ");
        add_cte(&w, "line", line);
    }
    buffer_add_char(&w.sql, '\n');
    buffer_add_text(&w.sql, tail);
    *out = (struct event_statement){arena_copy(a, w.sql.data, w.sql.size), w.nparams, w.params};
    buffer_free(&w.sql);
}
