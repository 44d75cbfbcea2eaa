/* Foreign-key order of the target tables: parents before children, so that a set of inserts never
 * waits for a row that the same transaction writes later. Cycles keep their tables' name order. And
 * which tables' foreign keys act on the rows that refer to them (ON DELETE CASCADE and the like).
 */
#include <stdlib.h>
#include <string.h>
#include "link/internal.h"

static const char *const pg_edges =
    "SELECT cn.nspname, c.relname, pn.nspname, p.relname, a.attname,"
    " CASE WHEN k.confdeltype IN ('a', 'r') AND k.confupdtype IN ('a', 'r') THEN 0 ELSE 1 END"
    " FROM pg_catalog.pg_constraint k"
    " JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
    " JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace"
    " JOIN pg_catalog.pg_class p ON p.oid = k.confrelid"
    " JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = p.oid AND a.attnum = ANY (k.confkey)"
    " WHERE k.contype = 'f'";

static const char *const my_edges =
    "SELECT k.table_schema, k.table_name, k.referenced_table_schema, k.referenced_table_name,"
    " k.referenced_column_name, CASE WHEN r.delete_rule IN ('RESTRICT', 'NO ACTION')"
    " AND r.update_rule IN ('RESTRICT', 'NO ACTION') THEN 0 ELSE 1 END"
    " FROM information_schema.key_column_usage k"
    " JOIN information_schema.referential_constraints r"
    " ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name"
    " AND r.table_name = k.table_name WHERE k.referenced_table_name IS NOT NULL";

enum { CHILD = 0, PARENT = 2, COLUMN = 4, ACTS = 5 }; /* of a row: schema and name, twice */

static struct mapped_table *find_target(struct mapping *m, const struct rows *edges, int edge,
                                        int column)
{
    const char *schema = rows_cell(edges, edge, column);
    const char *name = rows_cell(edges, edge, column + 1);
    for (int i = 0; i < m->ntables; i++) {
        struct mapped_table *t = &m->tables[i];
        if (strcmp(t->target.name, name) == 0 && strcmp(t->target.schema, schema) == 0)
            return t;
    }
    return NULL;
}

/* Longest path from a root, by relaxation; a cycle stops after as many rounds as there are tables:
 * then true. */
static bool relax(struct mapping *m, const struct rows *edges)
{
    bool moved = true;
    for (int round = 0; moved && round < m->ntables; round++) {
        moved = false;
        for (int i = 0; i < edges->nrows; i++) {
            struct mapped_table *child = find_target(m, edges, i, CHILD);
            struct mapped_table *parent = find_target(m, edges, i, PARENT);
            if (child && parent && child != parent && child->rank <= parent->rank) {
                child->rank = parent->rank + 1;
                moved = true;
            }
        }
    }
    return moved;
}

/* Ranks tell who is below only without cycles, and the fold knows rows by their keys only. */
static void tie(struct mapping *m, const struct rows *edges, bool cycles)
{
    for (int i = 0; i < edges->nrows; i++) {
        struct mapped_table *child = find_target(m, edges, i, CHILD);
        struct mapped_table *parent = find_target(m, edges, i, PARENT);
        if (child && child == parent)
            child->own_child = true;
        if (!child || !parent || strcmp(rows_cell(edges, i, ACTS), "0") == 0)
            continue;
        int column = relation_column_index(parent->written, rows_cell(edges, i, COLUMN));
        bool by_key = column >= 0 && parent->written->columns[column].key;
        if (cycles || child == parent || !by_key)
            parent->ties = NET_TIES_ANY;
        else if (parent->ties == NET_TIES_NONE)
            parent->ties = NET_TIES_BELOW;
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
    tie(&a->mapping, &edges, relax(&a->mapping, &edges));
    return STATUS_OK;
}

int order_rank(void *attempt, const struct relation *target)
{
    (void)attempt;
    const struct mapped_table *t = target->plan;
    return t ? t->rank : 0;
}

enum net_ties order_ties(void *attempt, const struct relation *target)
{
    (void)attempt;
    const struct mapped_table *t = target->plan;
    return t ? t->ties : NET_TIES_NONE;
}
