/* Tables as SQLite holds them: columns as lay.h says, the source's key. */
#include <string.h>

#include "transforms/mirror/lay.h"
#include "transforms/mirror/parts.h"

static void add_column(const struct views *v, struct buffer *b, const struct column *c)
{
    db_add_name(b, c->name);
    if (lay_is_text(c->kind))
        buffer_add_text(b, " text");
    if (c->kind == VALUE_DECIMAL && v->options.decimal_collation)
        buffer_add_format(b, " collate %s", v->options.decimal_collation);
}

void kept_add_create(const struct views *v, struct buffer *b, const char *name,
                     const struct relation *r, const int *columns, int ncolumns, int nkey)
{
    buffer_add_text(b, "create table ");
    db_add_name(b, name);
    for (int i = 0; i < ncolumns; i++) {
        buffer_add_text(b, i ? ", " : " (");
        add_column(v, b, &r->columns[columns[i]]);
    }
    for (int i = 0; i < nkey; i++) {
        buffer_add_text(b, i ? ", " : ", primary key (");
        db_add_name(b, r->columns[columns[i]].name);
    }
    /* A rowid would be a column that the source does not have. */
    buffer_add_text(b, nkey ? ")) without rowid" : ")");
}

int kept_column(const struct kept *k, int relation_column)
{
    for (int i = 0; i < k->ncolumns; i++)
        if (k->columns[i] == relation_column)
            return i;
    return -1;
}

const char *kept_name(const struct kept *k, int column)
{
    return k->relation->columns[k->columns[column]].name;
}
