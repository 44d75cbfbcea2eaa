#include "db/mysql/my.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static int32_t number(const char *text)
{
    long long v = text ? atoll(text) : -1;
    return v < 0 || v > INT32_MAX ? -1 : (int32_t)v;
}

/* Lengths without use as a limit (longtext's 4 GiB) come out as -1. */
enum {
    NAME,
    DATA_TYPE,
    COLUMN_TYPE,
    COLLATION,
    LENGTH,
    PRECISION,
    SCALE,
    FRACTION,
    NULLABLE,
    GENERATED,
    JSON_CHECK,
    REQUIRED
};

/* MariaDB's JSON is LONGTEXT with CHECK (json_valid(`column`)), named like the column. */
static const char mariadb_columns[] =
    "SELECT c.COLUMN_NAME, c.DATA_TYPE, c.COLUMN_TYPE, c.COLLATION_NAME,"
    " c.CHARACTER_MAXIMUM_LENGTH, c.NUMERIC_PRECISION, c.NUMERIC_SCALE, c.DATETIME_PRECISION,"
    " c.IS_NULLABLE = 'YES', coalesce(c.GENERATION_EXPRESSION, '') <> '',"
    " coalesce((SELECT count(*) FROM information_schema.CHECK_CONSTRAINTS k"
    "  WHERE k.CONSTRAINT_SCHEMA = ? AND k.TABLE_NAME = ? AND k.CONSTRAINT_NAME = c.COLUMN_NAME"
    "  AND k.CHECK_CLAUSE = concat('json_valid(`', replace(c.COLUMN_NAME, '`', '``'), '`)')), 0),"
    " c.IS_NULLABLE = 'NO' AND c.COLUMN_DEFAULT IS NULL AND c.EXTRA NOT LIKE '%auto_increment%'"
    " FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = ? AND c.TABLE_NAME = ?"
    " ORDER BY c.ORDINAL_POSITION";
static const char mysql_columns[] =
    "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, COLLATION_NAME, CHARACTER_MAXIMUM_LENGTH,"
    " NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, IS_NULLABLE = 'YES',"
    " coalesce(GENERATION_EXPRESSION, '') <> '', 0,"
    " IS_NULLABLE = 'NO' AND COLUMN_DEFAULT IS NULL AND EXTRA NOT LIKE '%auto_increment%'"
    " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?"
    " ORDER BY ORDINAL_POSITION";

/* All columns of unique indexes; PRIMARY first, then by name: a choice that stays the same. */
static const char unique_indexes[] =
    "SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS"
    " WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND NON_UNIQUE = 0"
    " ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX";

static uint64_t next_version(void)
{
    static atomic_uint_fast64_t last;
    return atomic_fetch_add(&last, 1) + 1;
}

static void fill_column(struct column *c, const struct rows *r, int row)
{
    const char *data_type = rows_cell(r, row, DATA_TYPE);
    bool json = strcmp(rows_cell(r, row, JSON_CHECK), "0") != 0;
    *c = (struct column){.name = rows_cell(r, row, NAME),
                         .type = rows_cell(r, row, COLUMN_TYPE),
                         .collation = rows_cell(r, row, COLLATION),
                         .length = number(rows_cell(r, row, LENGTH)),
                         .precision = number(rows_cell(r, row, PRECISION)),
                         .scale = number(rows_cell(r, row, SCALE)),
                         .nullable = strcmp(rows_cell(r, row, NULLABLE), "1") == 0,
                         .generated = strcmp(rows_cell(r, row, GENERATED), "1") == 0};
    c->required = !c->generated && strcmp(rows_cell(r, row, REQUIRED), "1") == 0;
    if (rows_cell(r, row, FRACTION))
        c->scale = number(rows_cell(r, row, FRACTION));
    const struct my_type *t = my_type_of(data_type, c->type, json);
    c->codec = t;
    c->kind = t ? my_type_kind(t) : VALUE_TEXT;
}

/* How many rows from `row` on are of one index. */
static int index_width(const struct rows *r, int row)
{
    int n = 1;
    while (row + n < r->nrows && strcmp(rows_cell(r, row, 0), rows_cell(r, row + n, 0)) == 0)
        n++;
    return n;
}

/* An index over NOT NULL columns; expressions (no column name) and columns that we do not have are
 * none. A unique prefix makes the whole column unique. */
static bool take_index(struct relation *r, const struct rows *indexes, int row, int n)
{
    for (int i = 0; i < n; i++) {
        const char *name = rows_cell(indexes, row + i, 1);
        int at = name ? relation_column_index(r, name) : -1;
        if (at < 0 || r->columns[at].nullable)
            return false;
        r->key[i] = at;
    }
    for (int i = 0; i < n; i++)
        r->columns[r->key[i]].key = true;
    r->nkey = n;
    return true;
}

static enum status find_key(struct my *my, struct relation *r, struct arena *a)
{
    struct rows indexes;
    TRY(session_run(my_session(my), a, &indexes, 2, unique_indexes, r->schema, r->name));
    r->key = arena_alloc(a, sizeof *r->key * (size_t)(indexes.nrows + 1));
    for (int row = 0, n; row < indexes.nrows; row += n) {
        n = index_width(&indexes, row);
        if (take_index(r, &indexes, row, n))
            break;
    }
    return STATUS_OK;
}

static enum status read_columns(struct my *my, const char *schema, const char *name,
                                struct arena *a, struct rows *out)
{
    if (my->mariadb)
        return session_run(my_session(my), a, out, 4, mariadb_columns, schema, name, schema, name);
    return session_run(my_session(my), a, out, 2, mysql_columns, schema, name);
}

enum status my_describe(struct my *my, const char *schema, const char *name, struct arena *a,
                        struct relation **out)
{
    struct rows rows;
    *out = NULL;
    TRY(read_columns(my, schema, name, a, &rows));
    if (rows.nrows == 0)
        return fail(my->base.failure, ERROR_NO_TABLE,
                    "%s: table %s.%s does not exist, or this user may not see it: GRANT SELECT on "
                    "it",
                    my->base.system, schema, name);
    struct relation *r = arena_zalloc(a, sizeof *r);
    *r = (struct relation){.schema = arena_strdup(a, schema),
                           .name = arena_strdup(a, name),
                           .ncolumns = rows.nrows,
                           .full_before = true,
                           .version = next_version()};
    r->columns = arena_zalloc(a, sizeof *r->columns * (size_t)rows.nrows);
    for (int i = 0; i < rows.nrows; i++)
        fill_column(&r->columns[i], &rows, i);
    TRY(find_key(my, r, a));
    *out = r;
    return STATUS_OK;
}
