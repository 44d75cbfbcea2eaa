/* What the compiled views say of themselves. */
#include "transforms/mirror/parts.h"

bool views_need_file(const struct views *v)
{
    return v->ntables > 0 && v->tables[0].mirrored;
}

/* Mirrored tables come first. */
int views_ntables(const struct views *v)
{
    int n = 0;
    while (n < v->ntables && v->tables[n].mirrored)
        n++;
    return n;
}

const struct relation *views_table(const struct views *v, int i)
{
    return v->tables[i].relation;
}

int views_ncolumns(const struct views *v, int i)
{
    return v->tables[i].ncolumns;
}

int views_column(const struct views *v, int i, int column)
{
    return v->tables[i].columns[column];
}

static void explain_view(const struct view *w, struct buffer *out)
{
    buffer_add_format(out, "event %s: %s: %s\n", w->name, w->alone ? "alone" : "assembled", w->why);
}

static void explain_table(const struct kept *k, struct buffer *out)
{
    buffer_add_format(out, "mirror %s:", k->relation->name);
    for (int i = 0; i < k->ncolumns; i++)
        buffer_add_format(out, "%s %s", i ? "," : "", k->relation->columns[k->columns[i]].name);
    for (int i = 0; i < k->nindexes; i++)
        buffer_add_format(out, "; index (%s)", k->indexes[i]);
    buffer_add_char(out, '\n');
}

void views_explain(const struct views *v, struct buffer *out)
{
    for (int i = 0; i < v->nviews; i++)
        explain_view(&v->views[i], out);
    for (int i = 0; i < views_ntables(v); i++)
        explain_table(&v->tables[i], out);
    buffer_add(out, v->notes.data, v->notes.size);
}
