/* Target tables: layout, key index, unique indexes; tables that a transaction does not hold are
 * refused (they are logged before our marker, and keep half of what was rolled back). */
#include "sinks/mysql/internal.h"

#include <string.h>

static const char engine_sql[] =
    "SELECT t.TABLE_TYPE, t.ENGINE, e.TRANSACTIONS FROM information_schema.TABLES t"
    " LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE"
    " WHERE t.TABLE_SCHEMA = ? AND t.TABLE_NAME = ?";

static enum status check_engine(struct sink *s, const char *schema, const char *name)
{
    struct rows rows;
    TRY(session_run(my_session(s->my), &s->scratch, &rows, 2, engine_sql, schema, name));
    if (rows.nrows == 0)
        return fail(s->failure, ERROR_NO_TABLE, "%s: there is no table %s.%s", s->my->base.system,
                    schema, name);
    const char *type = rows_cell(&rows, 0, 0), *engine = rows_cell(&rows, 0, 1);
    const char *transactions = rows_cell(&rows, 0, 2);
    if (!engine)
        return fail(s->failure, ERROR_NO_TABLE, "%s: %s.%s is a %s: map a table",
                    s->my->base.system, schema, name, type);
    if (!transactions || strcmp(transactions, "YES") != 0)
        return fail(s->failure, ERROR_SETTING,
                    "%s: table %s.%s has the engine %s, which knows no transactions: "
                    "ALTER TABLE `%s`.`%s` ENGINE=InnoDB",
                    s->my->base.system, schema, name, engine, schema, name);
    return STATUS_OK;
}

/* ---- unique indexes ---- */

static const char unique_sql[] = "SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS"
                                 " WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND NON_UNIQUE = 0"
                                 " ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX";

static void add_unique_column(struct my_table *t, struct arena *a, const char *index,
                              const char *column, int max)
{
    struct my_unique *u = t->nuniques ? &t->uniques[t->nuniques - 1] : NULL;
    if (!u || strcmp(u->name, index) != 0) {
        u = &t->uniques[t->nuniques++];
        u->name = arena_strdup(a, index);
        u->columns = arena_alloc(a, (size_t)max * sizeof *u->columns);
    }
    u->columns[u->ncolumns++] = column ? relation_column_index(t->place.relation, column) : -1;
}

static bool is_key(const struct my_unique *u, const struct relation *r)
{
    return u->ncolumns == r->nkey && r->nkey > 0 &&
           memcmp(u->columns, r->key, (size_t)r->nkey * sizeof *r->key) == 0;
}

static enum status read_uniques(struct sink *s, struct my_table *t)
{
    const struct relation *r = t->place.relation;
    struct rows rows;
    TRY(session_run(my_session(s->my), &s->scratch, &rows, 2, unique_sql, r->schema, r->name));
    t->uniques = arena_zalloc(&s->arena, ((size_t)rows.nrows + 1) * sizeof *t->uniques);
    for (int i = 0; i < rows.nrows; i++)
        add_unique_column(t, &s->arena, rows_cell(&rows, i, 0), rows_cell(&rows, i, 1), rows.nrows);
    for (int i = 0; i < t->nuniques && !t->place.key_index; i++)
        if (is_key(&t->uniques[i], r))
            t->place.key_index = t->uniques[i].name;
    return STATUS_OK;
}

enum status my_table_describe(struct sink *s, const char *schema, const char *name,
                              const struct relation **out)
{
    struct relation *r;
    *out = NULL;
    arena_reset(&s->scratch);
    TRY(my_describe(s->my, schema, name, &s->arena, &r));
    TRY(check_engine(s, schema, name));
    struct my_table *t = arena_zalloc(&s->arena, sizeof *t);
    t->place = (struct my_place){.relation = r,
                                 .mariadb = s->my->mariadb,
                                 .values_row = !s->my->mariadb && s->my->base.version >= 80019};
    TRY(read_uniques(s, t));
    t->next = s->tables;
    s->tables = t;
    *out = r;
    return STATUS_OK;
}

const struct my_table *my_table_of(struct sink *s, const struct relation *r)
{
    for (struct my_table *t = s->tables; t; t = t->next)
        if (t->place.relation == r)
            return t;
    must(!"a relation that this sink has described");
    return NULL;
}
