/* What the apply role may do with what flows read and write: no more than they need. */
#include <ctype.h>
#include <string.h>
#include "check/events.h"
#include "check/written.h"

/* ---- a table that flows write; {read}, {inserted}, {updated}: columns, on PostgreSQL as an array
 *      of names, else as a list ---- */

/* Of {columns} those that may not be used so, and what to grant: by column, so that all others stay
 * the applications'. */
#define MISSING_COLUMNS(columns, privilege)                                                        \
    "(SELECT string_agg(quote_ident(u.x), ', ' ORDER BY u.o) AS m FROM unnest(" columns            \
    ") WITH ORDINALITY u(x, o), pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"          \
    " WHERE n.nspname = {schema} AND c.relname = {name} AND NOT ("                                 \
    "has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, u.x, '" privilege        \
    "'))) p"
#define COLUMNS_ROW(columns, privilege, done, what)                                                \
    "SELECT CASE WHEN m IS NULL THEN 'ok' ELSE 'MISSING' END, CASE WHEN m IS NULL THEN '" done     \
    "' ELSE 'the apply role may not " what " ' || m END,"                                          \
    " 'GRANT USAGE ON SCHEMA {schema_name} TO {role}; GRANT " privilege                            \
    " (' || m || ') ON {table} TO {role};' FROM " MISSING_COLUMNS(columns, privilege)

static const struct check_row read_rows[] = {
    {.name = "SELECT",
     .engines = ON_POSTGRES,
     .sql = COLUMNS_ROW("{read}", "SELECT", "may be read", "read")},
    {.name = "SELECT",
     .engines = ON_MY,
     .sql = "SELECT {read} FROM {table} LIMIT 0",
     .done = "may be read",
     .refused = "the apply role may not read it",
     .run = "GRANT SELECT ON {table} TO {role};"},
    {0},
};
static const struct check_row insert_rows[] = {
    {.name = "INSERT",
     .engines = ON_POSTGRES,
     .sql = COLUMNS_ROW("{inserted}", "INSERT", "inserted into", "insert")},
    /* An identity's needs none. */
    {.name = "sequences",
     .engines = ON_POSTGRES,
     .sql = "SELECT 'MISSING', 'the apply role may not draw from sequence ' || s.oid::regclass ||"
            " ', which numbers its new rows', format('GRANT USAGE ON SEQUENCE %s TO %s;',"
            " s.oid::regclass, '{role}') FROM pg_class c JOIN pg_namespace n ON n.oid ="
            " c.relnamespace JOIN pg_attrdef f ON f.adrelid = c.oid JOIN pg_attribute t ON"
            " t.attrelid = c.oid AND t.attnum = f.adnum JOIN pg_depend d ON d.classid ="
            " 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass"
            " JOIN pg_class s ON s.oid = d.refobjid WHERE n.nspname = {schema} AND c.relname = {name}"
            " AND t.attname <> ALL ({inserted}) AND CASE WHEN s.relkind = 'S' THEN"
            " NOT has_sequence_privilege(s.oid, 'USAGE, UPDATE') ELSE false END"},
    {.name = "INSERT",
     .engines = ON_MY,
     .sql = "EXPLAIN INSERT INTO {table} ({inserted}) SELECT {inserted} FROM {table}",
     .done = "inserted into",
     .refused = "the apply role may not insert into it",
     .run = "GRANT INSERT ({inserted}) ON {table} TO {role};"},
    {0},
};
static const struct check_row update_rows[] = {
    {.name = "UPDATE",
     .engines = ON_POSTGRES,
     .sql = COLUMNS_ROW("{updated}", "UPDATE", "updated", "update")},
    {.name = "UPDATE",
     .engines = ON_MY,
     .sql = "EXPLAIN UPDATE {table} SET {assigned}",
     .done = "updated",
     .refused = "the apply role may not update the columns that flows write",
     .run = "GRANT UPDATE ({updated}) ON {table} TO {role};"},
    {0},
};
static const struct check_row delete_rows[] = {
    {.name = "DELETE",
     .engines = ON_POSTGRES,
     .sql = "SELECT CASE WHEN may THEN 'ok' ELSE 'MISSING' END, CASE WHEN may THEN 'deleted from'"
            " ELSE 'the apply role may not delete from it' END FROM (SELECT"
            " has_table_privilege(c.oid, 'DELETE') AS may FROM pg_class c JOIN pg_namespace n"
            " ON n.oid = c.relnamespace WHERE n.nspname = {schema} AND c.relname = {name}) p",
     .run = "GRANT DELETE ON {table} TO {role};"},
    WRITTEN_MY_MAY_DELETE,
    {0},
};
static const struct check_row safe_rows[] = {
    WRITTEN_IS_LOGGED,
    WRITTEN_SHOWS_ALL_ROWS,
    WRITTEN_IS_TRANSACTIONAL,
    {0},
};

/* ---- lists of columns ---- */

/* "ARRAY['a', 'b']", "`a`, `b`", or "`a` = `a`, `b` = `b`"; NULL: none. */
static const char *list(struct check *k, const struct check_side *side, const struct table_use *use,
                        const bool *which, bool assigned)
{
    const char *text = NULL;
    bool array = check_is_postgres(side);
    for (int i = 0; i < use->table->ncolumns; i++) {
        const char *name = use->table->columns[i].name;
        if (!which[i])
            continue;
        const char *one = array ? check_literal(k, side, name) : check_identifier(k, side, name);
        if (assigned)
            one = arena_format(&k->arena, "%s = %s", one, one);
        text = text ? arena_format(&k->arena, "%s, %s", text, one) : one;
    }
    return text && array ? arena_format(&k->arena, "ARRAY[%s]", text) : text;
}

static int append(struct check_row *to, int n, const struct check_row *from)
{
    while (from->name)
        to[n++] = *from++;
    return n;
}

enum status check_rights(struct check *k, struct check_link *l, const struct table_use *use)
{
    struct check_side *side = l->to;
    const struct relation *r = use->table;
    struct check_row rows[16];
    int n = 0;
    const char *read = list(k, side, use, use->read, false);
    const char *inserted = list(k, side, use, use->inserted, false);
    const char *updated = list(k, side, use, use->updated, false);
    const struct check_name names[] = {
        {"schema", check_literal(k, side, r->schema)},
        {"name", check_literal(k, side, r->name)},
        {"schema_name", check_identifier(k, side, r->schema)},
        {"table", check_qualified(k, side, r->schema, r->name)},
        {"read", read},
        {"inserted", inserted},
        {"updated", updated},
        {"assigned", list(k, side, use, use->updated, true)},
        {"role", side->role},
        {NULL, NULL},
    };
    n = read ? append(rows, n, read_rows) : n;
    n = inserted ? append(rows, n, insert_rows) : n;
    n = updated ? append(rows, n, update_rows) : n;
    n = use->deleted ? append(rows, n, delete_rows) : n;
    n = append(rows, n, safe_rows);
    rows[n] = (struct check_row){0};
    return check_rows(k, side,
                      arena_format(&k->arena, "%s: %s.%s", side->system->name, r->schema, r->name),
                      rows, names);
}

/* ---- a SELECT that is refused ---- */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (c & 0x80);
}

static bool names(const char *sql, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = sql; size && (at = strstr(at, name)); at++)
        if ((at == sql || !is_word(at[-1])) && !is_word(at[size]))
            return true;
    return false;
}

/* PostgreSQL names one table at a time, and without its schema: all that the text may mean and that
 * may not be read. */
static enum status say_postgres(struct check *k, struct check_link *l, const char *what,
                                const char *sql)
{
    struct rows rows;
    const char *text = arena_strdup(&k->arena, k->failure.text);
    int missing = k->report->missing;
    if (session_query(l->to->session, &k->arena, &rows,
                      "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n"
                      " ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
                      " AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
                      " AND NOT (has_schema_privilege(n.oid, 'USAGE')"
                      " AND has_table_privilege(c.oid, 'SELECT')) ORDER BY 1, 2",
                      0, NULL) != STATUS_OK)
        return check_failed(k, l->to, "what flows read");
    for (int i = 0; i < rows.nrows; i++) {
        const char *schema = rows_cell(&rows, i, 0), *table = rows_cell(&rows, i, 1);
        if (!names(sql, table))
            continue;
        report_add(k->report, VERDICT_MISSING,
                   arena_format(&k->arena,
                                "GRANT USAGE ON SCHEMA %s TO %s; GRANT SELECT ON %s TO %s;",
                                check_identifier(k, l->to, schema), l->to->role,
                                check_qualified(k, l->to, schema, table), l->to->role),
                   "%s: the apply role may not read %s.%s, which its SELECT looks up", what,
                   schema, table);
    }
    if (k->report->missing == missing)
        report_add(k->report, VERDICT_MISSING, NULL, "%s: %s", what, text);
    return STATUS_OK;
}

/* "... denied to user 'u'@'h' for table `db`.`t`"; older servers: 't'. */
static const char *denied_table(struct check *k, const struct check_side *side)
{
    const char *at = strstr(k->failure.text, " for table ");
    if (!at)
        return NULL;
    at += strlen(" for table ");
    const char *text = arena_copy(&k->arena, at + (*at == '\''),
                                  strcspn(at + (*at == '\''), *at == '\'' ? "'" : " (,;"));
    if (*text == '`')
        return text;
    return side->endpoint->database ? check_qualified(k, side, side->endpoint->database, text)
                                    : NULL;
}

enum status say_select_refused(struct check *k, struct check_link *l, const char *what,
                               const char *sql)
{
    if (check_is_postgres(l->to))
        return say_postgres(k, l, what, sql);
    const char *table = denied_table(k, l->to);
    report_add(k->report, VERDICT_MISSING,
               table ? arena_format(&k->arena, "GRANT SELECT ON %s TO %s;", table, l->to->role)
                     : NULL,
               "%s: %s", what, k->failure.text);
    return STATUS_OK;
}
