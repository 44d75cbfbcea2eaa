/* stage_sql.c: see stage_sql.h. The user's text stands on lines of its own: it may end in a
 * comment, and messages of the server count its lines. */
#include "sinks/events/stage_sql.h"

#include <ctype.h>

enum { TAIL_MAX = 1 << 24 };

static void add_query(struct buffer *b, const char *sql)
{
    size_t size = strlen(sql);
    while (size > 0 && (isspace((unsigned char)sql[size - 1]) || sql[size - 1] == ';'))
        size--;
    buffer_add_text(b, "(\n");
    buffer_add(b, sql, size);
    buffer_add_text(b, "\n)");
}

static const char *finish(struct buffer *b, struct arena *a)
{
    const char *text = arena_copy(a, b->data, b->size);
    buffer_free(b);
    return text;
}

const char *stage_sql_describe(const char *sql, struct arena *a)
{
    struct buffer b;
    buffer_init(&b, TAIL_MAX);
    buffer_add_text(&b, "SELECT * FROM ");
    add_query(&b, sql);
    buffer_add_text(&b, " s");
    return finish(&b, a);
}

static void add_of(struct buffer *b, const struct event_dialect *d, const char *alias,
                   const char *name)
{
    buffer_add_text(b, alias);
    d->add_name(b, name);
}

static void add_table(struct buffer *b, const struct event_dialect *d, const struct relation *r)
{
    if (*r->schema) {
        d->add_name(b, r->schema);
        buffer_add_char(b, '.');
    }
    d->add_name(b, r->name);
    buffer_add_text(b, " t");
}

static void add_primary_key(struct buffer *b, const struct event_dialect *d,
                            const struct relation *r, const char *comma)
{
    for (int i = 0; i < r->nkey; i++, comma = ",") {
        buffer_add_text(b, comma);
        add_of(b, d, "t.", r->columns[r->key[i]].name);
        buffer_add_format(b, " AS _pk%d", i + 1);
    }
}

static void add_selected(struct buffer *b, const struct event_dialect *d, const struct stage *s)
{
    buffer_add_text(b, s->lines ? "SELECT s.event,s.line" : "SELECT s.event");
    for (int i = 0; i < s->ncolumns; i++)
        add_of(b, d, ",s.", s->columns[i].name);
    add_primary_key(b, d, s->table, ",");
    for (int i = 0; i < s->ncolumns; i++) {
        if (!s->columns[i].compared)
            continue;
        add_of(b, d, ",t.", s->columns[i].name);
        if (d->all_digits && s->table->columns[s->columns[i].target].kind == VALUE_FLOAT)
            buffer_add_text(b, d->all_digits);
        buffer_add_format(b, " AS _t%d", i + 1);
    }
}

static void add_join(struct buffer *b, const struct event_dialect *d, const struct stage *s)
{
    const char *before = " LEFT JOIN ";
    for (int i = 0; i < s->ncolumns && s->table->nkey > 0; i++) {
        if (!s->columns[i].key)
            continue;
        buffer_add_text(b, before);
        if (before[1] == 'L') {
            add_table(b, d, s->table);
            buffer_add_text(b, " ON ");
        }
        add_of(b, d, "t.", s->columns[i].name);
        add_of(b, d, " = s.", s->columns[i].name);
        before = " AND ";
    }
}

const char *stage_sql_resolve(const struct event_dialect *d, const struct stage *s, struct arena *a)
{
    struct buffer b;
    buffer_init(&b, TAIL_MAX);
    add_selected(&b, d, s);
    buffer_add_text(&b, "\n  FROM ");
    add_query(&b, s->write->sql.text);
    buffer_add_text(&b, " s");
    add_join(&b, d, s);
    buffer_add_text(&b, s->lines ? "\n ORDER BY s.event,s.line" : "\n ORDER BY s.event");
    return finish(&b, a);
}

const char *stage_sql_missing(const struct event_dialect *d, const struct stage *s, struct arena *a)
{
    const struct write_config *w = s->write;
    struct buffer b;
    buffer_init(&b, TAIL_MAX);
    buffer_add_text(&b, "SELECT ");
    add_primary_key(&b, d, s->table, "");
    buffer_add_text(&b, " FROM ");
    add_table(&b, d, s->table);
    for (int i = 0; i < w->ndelete_missing_in; i++) {
        add_of(&b, d, i ? " AND t." : " WHERE t.", w->delete_missing_in[i].column);
        buffer_add_text(&b, " IN ");
        add_query(&b, w->delete_missing_in[i].sql.text);
    }
    return finish(&b, a);
}
