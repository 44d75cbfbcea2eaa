/* publication.c: the tables' replica identities, and one publication per source, shared by its
 * links. Tables are only added: what another link of this source maps is not ours to take away, and
 * a table too many costs a few bytes on the wire.
 */
#include "postgres/internal.h"

#include <string.h>
#include "base/log.h"

enum { SQL_MAX = 64 << 20 };

/* Two arrays, of schemas and of names, since a name may hold anything. A deferrable key identifies
 * no row: two may stand at it for a while. */
static const char tables_sql[] =
    "SELECT w.schema, w.name, c.relkind, c.relreplident, "
    "  EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indimmediate AND "
    "    CASE c.relreplident WHEN 'd' THEN i.indisprimary ELSE i.indisreplident END), "
    "  c.relpersistence, EXISTS (SELECT FROM pg_catalog.pg_publication_tables p "
    "    WHERE p.pubname = ? AND p.schemaname = w.schema AND p.tablename = w.name) "
    "FROM unnest(?::text[], ?::text[]) w(schema, name) "
    "LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace) "
    "  ON n.nspname = w.schema AND c.relname = w.name AND c.relkind IN ('r', 'p')";

enum { SCHEMA, NAME, RELKIND, IDENTITY, HAS_INDEX, PERSISTENCE, PUBLISHED };

static const char publication_sql[] =
    "SELECT puballtables, pubinsert AND pubupdate AND pubdelete AND pubtruncate, pubviaroot "
    "FROM pg_catalog.pg_publication WHERE pubname = ?";

enum { ALL_TABLES, ALL_OPERATIONS, VIA_ROOT };

/* Row filters and column lists (15 and later) would leave out what the link must see. */
static const char partial_sql[] =
    "SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_publication_rel r "
    "JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid "
    "JOIN pg_catalog.pg_class c ON c.oid = r.prrelid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE p.pubname = ? AND (r.prqual IS NOT NULL OR r.prattrs IS NOT NULL) LIMIT 1";

/* The log's old rows are as the partition's identity says, its messages as the root's says. */
static const char partition_sql[] =
    "SELECT n.nspname, l.relname, l.relreplident, c.relname, c.relreplident "
    "FROM unnest(?::text[], ?::text[]) w(schema, name) "
    "JOIN pg_catalog.pg_namespace rn ON rn.nspname = w.schema "
    "JOIN pg_catalog.pg_class c ON c.relnamespace = rn.oid AND c.relname = w.name "
    "  AND c.relkind = 'p', "
    "LATERAL pg_catalog.pg_partition_tree(c.oid) p "
    "JOIN pg_catalog.pg_class l ON l.oid = p.relid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = l.relnamespace "
    "WHERE p.isleaf AND l.relreplident <> c.relreplident LIMIT 1";

/* An array of texts as PostgreSQL reads it. */
static void add_element(struct buffer *b, const char *text)
{
    buffer_add_char(b, b->size ? ',' : '{');
    buffer_add_char(b, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buffer_add_char(b, '\\');
        buffer_add_char(b, *text);
    }
    buffer_add_char(b, '"');
}

/* `sql` takes the schemas and the names, and before them `first` unless that is NULL. */
static enum status query_tables(struct source *s, const char *sql, const char *first,
                                const struct table_name *tables, int n, struct arena *a,
                                struct rows *out)
{
    struct buffer schemas, names;
    buffer_init(&schemas, SQL_MAX);
    buffer_init(&names, SQL_MAX);
    for (int i = 0; i < n; i++) {
        add_element(&schemas, tables[i].schema);
        add_element(&names, tables[i].name);
    }
    buffer_add_text(&schemas, n ? "}" : "{}");
    buffer_add_text(&names, n ? "}" : "{}");
    const char *params[] = {first, buffer_text(&schemas), buffer_text(&names)};
    enum status status = session_query(pg_session(s->control), a, out, sql, first ? 3 : 2,
                                       first ? params : params + 1);
    buffer_free(&schemas);
    buffer_free(&names);
    return status;
}

static enum status check_partitions(struct source *s, const struct table_name *tables, int n,
                                    struct arena *a)
{
    struct rows p;
    TRY(query_tables(s, partition_sql, NULL, tables, n, a, &p));
    if (p.nrows == 0)
        return STATUS_OK;
    return fail(s->o.failure, ERROR_SETTING,
                "%s: partition %s.%s has another REPLICA IDENTITY (%s) than its table %s (%s): set "
                "the same on all of them by ALTER TABLE ... REPLICA IDENTITY",
                s->o.endpoint->system, rows_cell(&p, 0, 0), rows_cell(&p, 0, 1),
                rows_cell(&p, 0, 2), rows_cell(&p, 0, 3), rows_cell(&p, 0, 4));
}

/* Once a table is published, the server itself refuses the applications' updates and deletes of
 * rows that nothing identifies: so it must not be published. */
static enum status check_table(struct source *s, const struct rows *t, int i)
{
    struct failure *f = s->o.failure;
    const char *system = s->o.endpoint->system;
    const char *schema = rows_cell(t, i, SCHEMA), *name = rows_cell(t, i, NAME);
    if (!rows_cell(t, i, RELKIND))
        return fail(f, ERROR_NO_TABLE, "%s: there is no table %s.%s", system, schema, name);
    if (*rows_cell(t, i, PERSISTENCE) != 'p')
        return fail(f, ERROR_UNSUPPORTED,
                    "%s: table %s.%s is unlogged or temporary, its changes are in no log; run: "
                    "ALTER TABLE \"%s\".\"%s\" SET LOGGED;",
                    system, schema, name, schema, name);
    char identity = *rows_cell(t, i, IDENTITY);
    if (identity == 'f' || (identity != 'n' && *rows_cell(t, i, HAS_INDEX) == 't'))
        return STATUS_OK;
    return fail(f, ERROR_SETTING,
                "%s: table %s.%s has %s: once published, the server would refuse UPDATE and DELETE "
                "on it; give it a primary key that is not DEFERRABLE, or run: ALTER TABLE "
                "\"%s\".\"%s\" REPLICA IDENTITY FULL;",
                system, schema, name,
                identity == 'n' ? "REPLICA IDENTITY NOTHING" : "no key to identify its rows by",
                schema, name);
}

static void add_table(struct buffer *sql, const struct rows *t, int i)
{
    /* ONLY: a child table by inheritance is a table of its own, mapped or not. */
    if (*rows_cell(t, i, RELKIND) == 'r')
        buffer_add_text(sql, "ONLY ");
    pg_add_name(sql, rows_cell(t, i, SCHEMA));
    buffer_add_char(sql, '.');
    pg_add_name(sql, rows_cell(t, i, NAME));
}

static int add_tables(struct buffer *sql, const struct rows *t, bool missing_only)
{
    int n = 0;
    for (int i = 0; i < t->nrows; i++) {
        if (missing_only && *rows_cell(t, i, PUBLISHED) == 't')
            continue;
        buffer_add_text(sql, n++ ? ", " : " TABLE ");
        add_table(sql, t, i);
    }
    return n;
}

static enum status run(struct source *s, struct buffer *sql)
{
    enum status status =
        session_query(pg_session(s->control), NULL, NULL, buffer_text(sql), 0, NULL);
    if (status == STATUS_OK) {
        log_info("link=%s system=%s msg=\"publication changed\" sql=%s", s->o.link,
                 s->o.endpoint->system, log_quote(buffer_text(sql)));
        return STATUS_OK;
    }
    if (s->o.failure->code != ERROR_PRIVILEGE)
        return status;
    return fail(s->o.failure, ERROR_PRIVILEGE,
                "%s: the capture role may not change the publication (it must own it and its "
                "tables); as their owner run: %.1500s;",
                s->o.endpoint->system, buffer_text(sql));
}

static enum status create(struct source *s, const struct rows *t)
{
    struct buffer sql;
    buffer_init(&sql, SQL_MAX);
    buffer_add_text(&sql, "CREATE PUBLICATION ");
    pg_add_name(&sql, s->o.publication);
    if (t->nrows)
        buffer_add_text(&sql, " FOR");
    add_tables(&sql, t, false);
    buffer_add_text(&sql, " WITH (publish_via_partition_root = true)");
    enum status status = run(s, &sql);
    buffer_free(&sql);
    return status;
}

static enum status add_missing(struct source *s, const struct rows *t)
{
    struct buffer sql;
    enum status status = STATUS_OK;
    buffer_init(&sql, SQL_MAX);
    buffer_add_text(&sql, "ALTER PUBLICATION ");
    pg_add_name(&sql, s->o.publication);
    buffer_add_text(&sql, " ADD");
    if (add_tables(&sql, t, true))
        status = run(s, &sql);
    buffer_free(&sql);
    return status;
}

static bool has_partitioned(const struct rows *t)
{
    for (int i = 0; i < t->nrows; i++)
        if (*rows_cell(t, i, RELKIND) == 'p')
            return true;
    return false;
}

static enum status check_publication(struct source *s, const struct rows *p, const struct rows *t,
                                     struct arena *a)
{
    struct failure *f = s->o.failure;
    struct rows partial;
    if (*rows_cell(p, 0, ALL_OPERATIONS) != 't')
        return fail(f, ERROR_SETTING,
                    "%s: publication %s does not publish all operations; run: ALTER PUBLICATION "
                    "\"%s\" SET (publish = 'insert, update, delete, truncate');",
                    s->o.endpoint->system, s->o.publication, s->o.publication);
    if (*rows_cell(p, 0, VIA_ROOT) != 't' && has_partitioned(t))
        return fail(f, ERROR_SETTING,
                    "%s: publication %s sends partitions by their own names; run: ALTER "
                    "PUBLICATION \"%s\" SET (publish_via_partition_root = true);",
                    s->o.endpoint->system, s->o.publication, s->o.publication);
    if (s->control->base.version < 150000)
        return STATUS_OK;
    TRY(session_run(pg_session(s->control), a, &partial, 1, partial_sql, s->o.publication));
    if (partial.nrows == 0)
        return STATUS_OK;
    return fail(f, ERROR_SETTING,
                "%s: publication %s has a row filter or a column list on %s, so that changes would "
                "be missing; add the table without one",
                s->o.endpoint->system, s->o.publication, rows_cell(&partial, 0, 0));
}

/* Links that start together would create it together. */
static enum status settle(struct source *s, const struct table_name *tables, int n, struct arena *a)
{
    struct session *c = pg_session(s->control);
    struct rows t, p;
    TRY(session_run(c, NULL, NULL, 0,
                    "SELECT pg_catalog.pg_advisory_xact_lock(x'6d6c7263'::int8)"));
    TRY(query_tables(s, tables_sql, s->o.publication, tables, n, a, &t));
    for (int i = 0; i < t.nrows; i++)
        TRY(check_table(s, &t, i));
    TRY(check_partitions(s, tables, n, a));
    TRY(session_run(c, a, &p, 1, publication_sql, s->o.publication));
    if (p.nrows == 0)
        return create(s, &t);
    TRY(check_publication(s, &p, &t, a));
    return *rows_cell(&p, 0, ALL_TABLES) == 't' ? STATUS_OK : add_missing(s, &t);
}

enum status publication_prepare(struct source *s, const struct table_name *tables, int n)
{
    struct session *c = pg_session(s->control);
    struct arena a;
    TRY(session_run(c, NULL, NULL, 0, "BEGIN"));
    arena_init(&a);
    enum status status = settle(s, tables, n, &a);
    arena_free(&a);
    if (status == STATUS_OK)
        return session_run(c, NULL, NULL, 0, "COMMIT");
    struct failure kept = *s->o.failure;
    (void)!session_run(c, NULL, NULL, 0, "ROLLBACK");
    *s->o.failure = kept;
    return status;
}

static void mark(const struct table_name *tables, int n, const char *schema, const char *name,
                 bool *marks)
{
    for (int i = 0; i < n; i++)
        if (strcmp(tables[i].name, name) == 0 && strcmp(tables[i].schema, schema) == 0)
            marks[i] = true;
}

/* Not by the root, a partitioned table is there under its partitions' names: `prepare` refuses that. */
static bool is_lacking(const struct rows *p, const struct rows *t, int i)
{
    bool by_root = p->nrows == 0 || *rows_cell(p, 0, VIA_ROOT) == 't';
    const char *kind = rows_cell(t, i, RELKIND);
    return *rows_cell(t, i, PUBLISHED) != 't' && (by_root || !kind || *kind != 'p');
}

static enum status find_lacking(struct source *s, const struct table_name *tables, int n,
                                struct arena *a, bool *lacks)
{
    struct rows p, t;
    TRY(session_run(pg_session(s->control), a, &p, 1, publication_sql, s->o.publication));
    if (p.nrows > 0 && *rows_cell(&p, 0, ALL_TABLES) == 't')
        return STATUS_OK;
    TRY(query_tables(s, tables_sql, s->o.publication, tables, n, a, &t));
    for (int i = 0; i < t.nrows; i++)
        if (is_lacking(&p, &t, i))
            mark(tables, n, rows_cell(&t, i, SCHEMA), rows_cell(&t, i, NAME), lacks);
    return STATUS_OK;
}

enum status publication_lacks(struct source *s, const struct table_name *tables, int n,
                              bool *lacks)
{
    struct arena a;
    arena_init(&a);
    enum status status = find_lacking(s, tables, n, &a, lacks);
    arena_free(&a);
    return status;
}

/* Slots have names of their own (slot:), so any slot of pgoutput here may belong to a link. And one
 * whose publication is gone can never be read again: the server looks it up as of the log. One that
 * its DBA has made is its DBA's to drop. */
enum status publication_remove(struct source *s)
{
    struct session *c = pg_session(s->control);
    struct buffer sql;
    struct arena a;
    struct rows others;
    arena_init(&a);
    enum status status = session_run(c, &a, &others, 0,
                                     "SELECT count(*) FROM pg_catalog.pg_replication_slots "
                                     "WHERE plugin = 'pgoutput' AND database = "
                                     "current_database() AND NOT temporary");
    bool used = status == STATUS_OK && strcmp(rows_cell(&others, 0, 0), "0") != 0;
    arena_free(&a);
    if (status != STATUS_OK || used)
        return status;
    buffer_init(&sql, SQL_MAX);
    buffer_add_text(&sql, "DROP PUBLICATION IF EXISTS ");
    pg_add_name(&sql, s->o.publication);
    status = run(s, &sql);
    buffer_free(&sql);
    if (status == STATUS_OK || s->o.failure->code != ERROR_PRIVILEGE)
        return status;
    log_warn("link=%s msg=\"the publication stays: it holds no log\" error=%s", s->o.link,
             log_quote(s->o.failure->text));
    failure_clear(s->o.failure);
    return STATUS_OK;
}
