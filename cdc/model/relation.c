#include "model/relation.h"
#include <string.h>

int relation_column_index(const struct relation *r, const char *name)
{
    for (int i = 0; i < r->ncolumns; i++) {
        if (strcmp(r->columns[i].name, name) == 0)
            return i;
    }
    return -1;
}

struct column *relation_column(const struct relation *r, const char *name)
{
    int i = relation_column_index(r, name);
    return i < 0 ? NULL : &r->columns[i];
}

/* A log may not tell of a key that the catalog knows. */
static bool same_key(const struct relation *a, const struct relation *b)
{
    bool same = a->nkey == b->nkey || a->nkey == 0 || b->nkey == 0;
    for (int i = 0; same && i < a->nkey && i < b->nkey; i++)
        same = a->key[i] == b->key[i];
    return same;
}

bool relation_begins_with(const struct relation *r, const struct relation *old)
{
    bool same = r->ncolumns >= old->ncolumns && same_key(r, old) &&
                strcmp(r->name, old->name) == 0 && strcmp(r->schema, old->schema) == 0;
    for (int i = 0; same && i < old->ncolumns; i++)
        same = r->columns[i].kind == old->columns[i].kind &&
               strcmp(r->columns[i].name, old->columns[i].name) == 0;
    return same;
}

static bool same_column(const struct column *a, const struct column *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->type, b->type) == 0 && a->kind == b->kind &&
           a->length == b->length && a->precision == b->precision && a->scale == b->scale &&
           a->nullable == b->nullable && a->generated == b->generated &&
           a->required == b->required && a->key == b->key;
}

bool relation_is_unaltered(const struct relation *now, const struct relation *then)
{
    bool same = now->ncolumns == then->ncolumns && now->nkey == then->nkey;
    for (int i = 0; same && i < now->ncolumns; i++)
        same = same_column(&now->columns[i], &then->columns[i]);
    return same;
}
