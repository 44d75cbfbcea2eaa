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
