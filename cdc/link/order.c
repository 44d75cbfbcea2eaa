/* Foreign-key order of the target tables: parents before children, so that a set of inserts never
 * waits for a row that the same transaction writes later. Cycles keep their tables' name order. */
#include <stdlib.h>
#include <string.h>
#include "link/internal.h"

static const char *const pg_edges =
    "SELECT cn.nspname, c.relname, pn.nspname, p.relname FROM pg_catalog.pg_constraint k"
    " JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
    " JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace"
    " JOIN pg_catalog.pg_class p ON p.oid = k.confrelid"
    " JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace WHERE k.contype = 'f'";

static const char *const my_edges =
    "SELECT DISTINCT table_schema, table_name, referenced_table_schema, referenced_table_name"
    " FROM information_schema.key_column_usage WHERE referenced_table_name IS NOT NULL";

static struct mapped_table *find_target(struct mapping *m, const char *schema, const char *name)
{
    for (int i = 0; i < m->ntables; i++) {
        struct mapped_table *t = &m->tables[i];
        if (strcmp(t->target.name, name) == 0 && strcmp(t->target.schema, schema) == 0)
            return t;
    }
    return NULL;
}

/* Longest path from a root, by relaxation; a cycle stops after as many rounds as there are
 * tables.*/
static void relax(struct mapping *m, const struct rows *edges)
{
    bool moved = true;
    for (int round = 0; moved && round < m->ntables; round++) {
        moved = false;
        for (int i = 0; i < edges->nrows; i++) {
            struct mapped_table *child =
                find_target(m, rows_cell(edges, i, 0), rows_cell(edges, i, 1));
            struct mapped_table *parent =
                find_target(m, rows_cell(edges, i, 2), rows_cell(edges, i, 3));
            if (child && parent && child != parent && child->rank <= parent->rank) {
                child->rank = parent->rank + 1;
                moved = true;
            }
        }
    }
}

enum status order_targets(struct attempt *a)
{
    struct session *s = a->sink_driver->session(a->writer.apply.sink);
    if (!s)
        return STATUS_OK;
    bool pg = ((struct session_base *)s)->engine == ENGINE_POSTGRES;
    struct rows edges;
    TRY(session_query(s, &a->arena, &edges, pg ? pg_edges : my_edges, 0, NULL));
    relax(&a->mapping, &edges);
    return STATUS_OK;
}

int order_rank(void *attempt, const struct relation *target)
{
    (void)attempt;
    const struct mapped_table *t = target->plan;
    return t ? t->rank : 0;
}
