/* How the target finds rows: by which columns flows ask for them, and whether an index serves. */
#include <stdlib.h>
#include <string.h>
#include "check/events.h"
#include "sinks/events/cte.h"
#include "sinks/events/stage_sql.h"
#include "sinks/events/target.h"

enum { SAMPLE_ROWS = 10, SMALL_TABLE_ROWS = 1000 };

/* ---- statements to run ---- */

/* A prefix is enough to find a long text by. */
static const char *indexed_column(struct check *k, const struct check_side *side,
                                  const char *schema, const char *table, const char *name)
{
    struct rows rows;
    const char *column = check_identifier(k, side, name);
    if (check_is_postgres(side) ||
        session_run(side->session, &k->arena, &rows, 3,
                    "SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ?"
                    " AND TABLE_NAME = ? AND COLUMN_NAME = ? AND (DATA_TYPE LIKE '%text'"
                    " OR DATA_TYPE LIKE '%blob')",
                    schema, table, name) != STATUS_OK ||
        rows.nrows == 0)
        return column;
    return arena_format(&k->arena, "%s(191)", column);
}

static const char *create_index(struct check *k, const struct check_side *side, const char *schema,
                                const char *table, const char *columns, bool unique)
{
    const char *name = check_qualified(k, side, schema, table), *word = unique ? "UNIQUE " : "";
    if (check_is_postgres(side))
        return arena_format(&k->arena, "CREATE %sINDEX CONCURRENTLY ON %s (%s);", word, name,
                            columns);
    return arena_format(&k->arena, "ALTER TABLE %s ADD %sINDEX (%s);", name, word, columns);
}

/* " (about 12000 rows)", or "". */
static const char *size_of(struct check *k, const struct check_side *side, const char *schema,
                           const char *table, long long *rows)
{
    struct rows r;
    *rows = 0;
    const char *sql = check_is_postgres(side)
                          ? "SELECT c.reltuples::bigint FROM pg_class c JOIN pg_namespace n"
                            " ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relname = ?"
                          : "SELECT TABLE_ROWS FROM information_schema.TABLES"
                            " WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?";
    if (session_run(side->session, &k->arena, &r, 2, sql, schema, table) == STATUS_OK &&
        r.nrows == 1 && rows_cell(&r, 0, 0))
        *rows = strtoll(rows_cell(&r, 0, 0), NULL, 10);
    return *rows > 0 ? arena_format(&k->arena, " (about %lld rows)", *rows) : "";
}

/* ---- keys ---- */

/* {columns}: literals; does an index begin with one of them; is a unique one made of them alone? */
static const char postgres_index_sql[] =
    "SELECT coalesce(bool_or(first), false), coalesce(bool_or(whole), false) FROM (SELECT"
    " (SELECT a.attname IN ({columns}) FROM pg_attribute a WHERE a.attrelid = i.indrelid"
    "  AND a.attnum = i.indkey[0]) AS first,"
    " i.indisunique AND NOT EXISTS (SELECT FROM generate_series(0, i.indnkeyatts - 1) n"
    "  LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n]"
    "  WHERE a.attnum IS NULL OR a.attnum <= 0 OR a.attname NOT IN ({columns})) AS whole"
    " FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n"
    " ON n.oid = c.relnamespace WHERE n.nspname = {schema} AND c.relname = {table}"
    " AND i.indisvalid AND i.indpred IS NULL) x";
static const char mysql_index_sql[] =
    "SELECT if(coalesce(max(first), 0), 't', 'f'), if(coalesce(max(whole), 0), 't', 'f') FROM"
    " (SELECT max(SEQ_IN_INDEX = 1 AND COLUMN_NAME IN ({columns})) AS first,"
    " min(NON_UNIQUE = 0 AND coalesce(COLUMN_NAME, '') IN ({columns})) AS whole"
    " FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {table}"
    " AND INDEX_TYPE IN ('BTREE', 'HASH') GROUP BY INDEX_NAME) x";

static enum status read_indexes(struct check *k, struct check_side *side, const char *schema,
                                const char *table, const char *columns, bool *first, bool *whole)
{
    struct rows rows;
    const struct check_name names[] = {
        {"schema", check_literal(k, side, schema)},
        {"table", check_literal(k, side, table)},
        {"columns", columns},
        {NULL, NULL},
    };
    *first = *whole = true;
    failure_clear(&k->failure);
    if (session_query(side->session, &k->arena, &rows,
                      check_fill(&k->arena,
                                 check_is_postgres(side) ? postgres_index_sql : mysql_index_sql,
                                 names),
                      0, NULL) != STATUS_OK)
        return check_failed(k, side, "indexes");
    *first = *rows_cell(&rows, 0, 0) == 't';
    *whole = *rows_cell(&rows, 0, 1) == 't';
    return STATUS_OK;
}

static const char *joined(struct check *k, const char *list, const char *one)
{
    return *list ? arena_format(&k->arena, "%s, %s", list, one) : one;
}

/* Once each: several writes may want the same. */
static bool was_said(struct check *k, struct check_link *l, const char *run)
{
    struct check_events *ev = l->events;
    for (struct said *s = ev->said; s; s = s->next)
        if (strcmp(s->run, run) == 0)
            return true;
    struct said *s = arena_alloc(&k->arena, sizeof *s);
    *s = (struct said){run, ev->said};
    ev->said = s;
    return false;
}

static enum status check_index(struct check *k, struct check_link *l, const struct check_write *w,
                               const char *const *columns, int n, bool key)
{
    const struct relation *r = w->stage.table;
    const char *literals = "", *names = "", *sql = "";
    bool first, whole;
    long long rows;
    for (int i = 0; i < n; i++) {
        literals = joined(k, literals, check_literal(k, l->to, columns[i]));
        names = joined(k, names, columns[i]);
        sql = joined(k, sql, indexed_column(k, l->to, r->schema, r->name, columns[i]));
    }
    TRY(read_indexes(k, l->to, r->schema, r->name, literals, &first, &whole));
    const char *size = size_of(k, l->to, r->schema, r->name, &rows);
    const char *run = create_index(k, l->to, r->schema, r->name, sql, false);
    if (!first && !was_said(k, l, run))
        report_add(k->report, VERDICT_WARN, run,
                   "%s.%s is found by %s (line %d), and no index begins with %s: each batch reads "
                   "it whole%s",
                   r->schema, r->name, names, w->write->line, n > 1 ? "one of them" : "it", size);
    if (key && !whole && w->write->op != WRITE_INSERT)
        report_add(k->report, VERDICT_NOTE, NULL,
                   "nothing keeps two rows of %s.%s from having one %s; an event that finds two is "
                   "quarantined. If there may be one only: %s",
                   r->schema, r->name, names,
                   create_index(k, l->to, r->schema, r->name, sql, true));
    return STATUS_OK;
}

enum status check_key_index(struct check *k, struct check_link *l, const struct check_write *w)
{
    const struct write_config *c = w->write;
    if (!w->gone)
        TRY(check_index(k, l, w, c->key.name, c->key.n, true));
    for (int i = 0; i < c->ndelete_missing_in; i++)
        TRY(check_index(k, l, w, &c->delete_missing_in[i].column, 1, false));
    return STATUS_OK;
}

/* ---- what a SELECT looks up ---- */

static struct value sample_value(enum field_type type)
{
    switch (type) {
    case CTE_INTEGER:
        return value_int(1);
    case CTE_BOOLEAN:
        return (struct value){.kind = VALUE_BOOL, .i = 1};
    case CTE_DOUBLE:
        return (struct value){.kind = VALUE_DOUBLE, .d = 1.5};
    case CTE_DECIMAL:
        return value_text(VALUE_DECIMAL, "1.5", 3);
    case CTE_TIME:
        return (struct value){.kind = VALUE_INSTANT, .i = 0};
    case CTE_DATE:
        return (struct value){.kind = VALUE_DATE, .i = 0};
    case CTE_BYTES:
        return value_text(VALUE_BYTES, "x", 1);
    case CTE_TEXT:
        break;
    }
    return value_text(VALUE_TEXT, "x", 1);
}

/* Values of each type, so that the plan is that of real ones. */
static struct cte sample(struct arena *a, const struct field_list *fields, bool lines)
{
    size_t n = (size_t)fields->nfields + 1;
    struct value *values = arena_alloc(a, n * sizeof *values);
    struct cte_row *rows = arena_alloc(a, SAMPLE_ROWS * sizeof *rows);
    for (int i = 0; i < fields->nfields; i++)
        values[i] = sample_value(fields->fields[i].type);
    for (int i = 0; i < SAMPLE_ROWS; i++)
        rows[i] = (struct cte_row){i + 1, 1, values};
    return (struct cte){*fields, lines, rows, SAMPLE_ROWS};
}

/* What a lookup asks by, in each form that is needed. */
struct asked {
    const char *names, *sql, *literals; /* literals: of columns alone */
};

static struct asked asked_by(struct check *k, const struct check_side *side,
                             const struct lookup *found)
{
    struct asked a = {"", "", ""};
    for (int i = 0; i < found->ncolumns; i++) {
        const char *name = found->names[i], *sql = found->columns[i];
        a.names = joined(k, a.names, name ? name : sql);
        if (name) {
            sql = indexed_column(k, side, found->schema, found->table, name);
            a.literals = joined(k, a.literals, check_literal(k, side, name));
        }
        a.sql = joined(k, a.sql, sql);
    }
    return a;
}

/* Of a small table without a condition nothing is said. On MySQL and MariaDB an index may be there
 * and not serve; PostgreSQL's plan has no scan then. */
static enum status say_lookup(struct check *k, struct check_link *l, const struct check_flow *f,
                              int line, const struct lookup *found)
{
    struct asked by = asked_by(k, l->to, found);
    bool there = false, whole;
    long long rows;
    const char *size = size_of(k, l->to, found->schema, found->table, &rows), *run = NULL;
    if (*by.literals && !check_is_postgres(l->to))
        TRY(read_indexes(k, l->to, found->schema, found->table, by.literals, &there, &whole));
    if (found->ncolumns && !there)
        run = create_index(k, l->to, found->schema, found->table, by.sql, false);
    if ((run && was_said(k, l, run)) || (!found->ncolumns && rows < SMALL_TABLE_ROWS))
        return STATUS_OK;
    report_add(k->report, VERDICT_WARN, run,
               "flow %s (SQL from line %d) reads %s.%s whole%s for each batch: it is asked by %s%s",
               FLOW_NAME(f), line, found->schema, found->table, size,
               found->ncolumns ? by.names : "no column",
               there ? ", whose index does not serve: types or collations differ"
               : run ? ", without an index"
                     : "");
    return STATUS_OK;
}

static enum status check_query(struct check *k, struct check_link *l, struct event_target *t,
                               const struct check_flow *f, const struct check_write *w,
                               const struct sql_text *sql)
{
    struct event_statement statement;
    struct lookups found;
    const struct stage *s = &w->stage;
    struct cte event = sample(&k->arena, &s->event, false), lines = {0};
    if (s->lines)
        lines = sample(&k->arena, s->lines, true);
    cte_write(t->database.dialect, t->database.zone, &event, s->lines ? &lines : NULL,
              stage_sql_describe(sql->text, &k->arena), &k->arena, &statement);
    enum status status = check_is_postgres(l->to) ? plan_postgres(k, t, &statement, &found)
                                                  : plan_mysql(k, t, &statement, &found);
    if (status != STATUS_OK && k->failure.code == ERROR_PRIVILEGE)
        return say_select_refused(k, l, arena_format(&k->arena, "flow %s", FLOW_NAME(f)),
                                  sql->text);
    if (status != STATUS_OK)
        return check_failed(k, l->to, arena_format(&k->arena, "the plan of flow %s (line %d)",
                                                   FLOW_NAME(f), sql->line));
    for (int i = 0; i < found.n; i++)
        TRY(say_lookup(k, l, f, sql->line, &found.at[i]));
    return STATUS_OK;
}

enum status check_lookups(struct check *k, struct check_link *l, struct event_target *t,
                          const struct check_flow *f, const struct check_write *w)
{
    TRY(check_query(k, l, t, f, w, &w->write->sql));
    for (int i = 0; i < w->write->ndelete_missing_in; i++)
        TRY(check_query(k, l, t, f, w, &w->write->delete_missing_in[i].sql));
    return STATUS_OK;
}
