/* catalog.c: a table's layout from PostgreSQL's catalog. */
#include "db/postgres/pg.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* One number for all, so that no two relations of a process share one. */
static atomic_uint_fast64_t versions;

uint64_t pg_relation_version(void)
{
    return atomic_fetch_add(&versions, 1) + 1;
}

static const char table_sql[] = "SELECT c.oid, c.relreplident FROM pg_catalog.pg_class c "
                                "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                                "WHERE n.nspname = ? AND c.relname = ? AND c.relkind IN ('r', 'p')";

/* Domains are followed to the type they rest on, with its modifier: that is what their text is.
 * The key: the replica identity's index where there is one, else the primary key. */
static const char columns_sql[] =
    "SELECT a.attname, pg_catalog.format_type(t.oid, base.mod), t.oid, t.typelem, "
    "  t.typtype, t.typname, base.mod, a.attnotnull, a.attgenerated <> '', a.attidentity = 'a', "
    "  a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', k.n "
    "FROM pg_catalog.pg_attribute a "
    "CROSS JOIN LATERAL (WITH RECURSIVE d(oid, mod) AS ("
    "    SELECT a.atttypid, a.atttypmod UNION ALL "
    "    SELECT y.typbasetype, CASE WHEN d.mod < 0 THEN y.typtypmod ELSE d.mod END "
    "    FROM d JOIN pg_catalog.pg_type y ON y.oid = d.oid WHERE y.typtype = 'd') "
    "  SELECT d.oid, d.mod FROM d JOIN pg_catalog.pg_type y ON y.oid = d.oid "
    "  WHERE y.typtype <> 'd') base "
    "JOIN pg_catalog.pg_type t ON t.oid = base.oid "
    "LEFT JOIN LATERAL ("
    "  SELECT u.n FROM (SELECT i.indkey, i.indnkeyatts FROM pg_catalog.pg_index i "
    "    WHERE i.indrelid = a.attrelid AND (i.indisprimary OR i.indisreplident) "
    "    ORDER BY i.indisreplident AND $2 = 'i' DESC, i.indisprimary DESC LIMIT 1) i, "
    "  LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY u(attnum, n) "
    "  WHERE u.attnum = a.attnum AND u.n <= i.indnkeyatts) k ON true "
    "WHERE a.attrelid = $1::pg_catalog.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "  AND NOT ($3 AND a.attgenerated <> '') "
    "ORDER BY a.attnum";

enum {
    NAME,
    TYPE,
    OID,
    ELEMENT,
    TYPTYPE,
    TYPNAME,
    MOD,
    NOT_NULL,
    GENERATED,
    ALWAYS,
    REQUIRED,
    KEY
};

static bool is_true(const char *cell)
{
    return cell && *cell == 't';
}

/* Modifiers as src/backend/utils/adt writes them: varchar.c, numeric.c, timestamp.c. */
static void read_modifier(struct column *c, Oid oid, int32_t mod)
{
    c->length = c->precision = c->scale = -1;
    switch (oid) {
    case 1042: /* bpchar */
    case 1043: /* varchar */
        c->length = mod >= 4 ? mod - 4 : -1;
        break;
    case 1560: /* bit */
    case 1562: /* varbit */
        c->length = mod;
        break;
    case 1700: /* numeric: scale has 11 bits and a sign since 15 */
        if (mod >= 4) {
            c->precision = ((mod - 4) >> 16) & 0xffff;
            c->scale = (((mod - 4) & 0x7ff) ^ 1024) - 1024;
        }
        break;
    case 1083: /* time, timetz, timestamp, timestamptz */
    case 1266:
    case 1114:
    case 1184:
        c->scale = mod >= 0 ? mod : 6;
        break;
    default:
        break;
    }
}

static void read_column(const struct rows *rows, int row, struct arena *a, struct column *c)
{
    const char *key = rows_cell(rows, row, KEY);
    Oid oid = (Oid)strtoul(rows_cell(rows, row, OID), NULL, 10);
    int32_t mod = (int32_t)strtol(rows_cell(rows, row, MOD), NULL, 10);
    const struct pg_type *type =
        pg_type_of(oid, (Oid)strtoul(rows_cell(rows, row, ELEMENT), NULL, 10),
                   *rows_cell(rows, row, TYPTYPE), rows_cell(rows, row, TYPNAME));
    *c = (struct column){.name = arena_strdup(a, rows_cell(rows, row, NAME)),
                         .type = arena_strdup(a, rows_cell(rows, row, TYPE)),
                         .kind = pg_type_kind(type, mod),
                         .codec = type,
                         .nullable = !is_true(rows_cell(rows, row, NOT_NULL)),
                         .generated = is_true(rows_cell(rows, row, GENERATED)),
                         .identity_always = is_true(rows_cell(rows, row, ALWAYS)),
                         .required = is_true(rows_cell(rows, row, REQUIRED)),
                         .key = key != NULL};
    read_modifier(c, oid, mod);
}

static void read_key(const struct rows *rows, struct arena *a, struct relation *r)
{
    int found = 0;
    r->key = arena_zalloc(a, ((size_t)rows->nrows + 1) * sizeof *r->key);
    for (int i = 0; i < rows->nrows; i++) {
        const char *key = rows_cell(rows, i, KEY);
        int n = key ? atoi(key) : 0;
        if (n < 1 || n > rows->nrows)
            continue;
        r->key[n - 1] = i;
        r->nkey = n > r->nkey ? n : r->nkey;
        found++;
    }
    if (found == r->nkey)
        return;
    r->nkey = 0; /* a generated column of the key is not in the log: no key then */
    for (int i = 0; i < rows->nrows; i++)
        r->columns[i].key = false;
}

static struct relation *read_relation(const struct rows *rows, const char *schema, const char *name,
                                      char identity, struct arena *a)
{
    struct relation *r = arena_zalloc(a, sizeof *r);
    r->schema = arena_strdup(a, schema);
    r->name = arena_strdup(a, name);
    r->ncolumns = rows->nrows;
    r->columns = arena_zalloc(a, ((size_t)rows->nrows + 1) * sizeof *r->columns);
    for (int i = 0; i < rows->nrows; i++)
        read_column(rows, i, a, &r->columns[i]);
    read_key(rows, a, r);
    r->full_before = identity == 'f';
    r->version = pg_relation_version();
    return r;
}

enum status pg_describe(struct pg *pg, const char *schema, const char *name, bool for_source,
                        struct arena *a, struct relation **out)
{
    struct arena scratch;
    struct rows table, columns;
    arena_init(&scratch);
    *out = NULL;
    enum status status = session_run(pg_session(pg), &scratch, &table, 2, table_sql, schema, name);
    if (status == STATUS_OK && table.nrows == 0)
        status = fail(pg->base.failure, ERROR_NO_TABLE, "%s: there is no table %s.%s",
                      pg->base.system, schema, name);
    if (status == STATUS_OK)
        status =
            session_run(pg_session(pg), &scratch, &columns, 3, columns_sql, rows_cell(&table, 0, 0),
                        rows_cell(&table, 0, 1), for_source ? "t" : "f");
    if (status == STATUS_OK)
        *out = read_relation(&columns, schema, name, *rows_cell(&table, 0, 1), a);
    arena_free(&scratch);
    return status;
}
