/* schema.c: the tables of schema (database) `millrace`, and the ids of systems and links in them.
 *
 * Nothing is created where it is there already: a role that may write the tables needs no right to
 * make any. Where a right is missing the error holds the statement that an administrator runs.
 */
#include "state/checkpoint.h"

#include <inttypes.h>
#include <string.h>
#include "base/buffer.h"
#include "state/held.h"
#include "state/sql.h"

enum { STATE_TABLES = 6, POSTGRES_TABLES = 5 }; /* requests are messages there: request.h */

static const char *const table_names[STATE_TABLES] = {"system", "link", "checkpoint",
                                                      "chunk",  "held", "request"};

/* [0] the schema, then one per table name, then what follows from all. The id of a system is no
 * secret, and the capture role reads it where the apply role has drawn it: hence PUBLIC. A few
 * thousand dead rows in `checkpoint` must not wait for a share of a table that is always small. An index
 * of `held` keeps the beginning of a key alone: a key may be longer than an index takes. */
static const char *const postgres_ddl[] = {
    "CREATE SCHEMA IF NOT EXISTS millrace",
    "CREATE TABLE IF NOT EXISTS millrace.system (one integer PRIMARY KEY CHECK (one = 1), "
    "id bigint NOT NULL)",
    "CREATE TABLE IF NOT EXISTS millrace.link (id bigint PRIMARY KEY, name text NOT NULL UNIQUE, "
    "source bigint NOT NULL, source_ident text NOT NULL)",
    "CREATE TABLE IF NOT EXISTS millrace.checkpoint (link bigint NOT NULL, lane integer NOT NULL, "
    "seq bigint NOT NULL, writer bigint NOT NULL, position text NOT NULL, root text NOT NULL, "
    "path text NOT NULL, plan bytea NOT NULL, at timestamptz NOT NULL DEFAULT now(), "
    "PRIMARY KEY (link, lane, seq)) "
    "WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)",
    "CREATE TABLE IF NOT EXISTS millrace.chunk (link bigint NOT NULL, tab text NOT NULL, "
    "n integer NOT NULL, low text, high text, position text, row_count bigint, "
    "PRIMARY KEY (link, tab, n))",
    "CREATE TABLE IF NOT EXISTS millrace.held (link bigint NOT NULL, "
    "n bigint GENERATED ALWAYS AS IDENTITY, position text NOT NULL, flow text, event_key text, "
    "old_key text, op text NOT NULL, reason text NOT NULL, tab text, col text, text text, "
    "tries integer NOT NULL DEFAULT 0, at timestamptz NOT NULL DEFAULT now(), "
    "tried_at timestamptz, txn bigint, committed_us bigint, envelope bytea, before_row text, "
    "after_row text, PRIMARY KEY (link, n)); "
    "CREATE INDEX IF NOT EXISTS held_key ON millrace.held (link, flow, left(event_key, 200)); "
    "CREATE INDEX IF NOT EXISTS held_old_key ON millrace.held (link, flow, left(old_key, 200)) "
    "WHERE old_key IS NOT NULL; "
    "CREATE INDEX IF NOT EXISTS held_reason ON millrace.held (link, reason, n)",
    "GRANT USAGE ON SCHEMA millrace TO PUBLIC",
    "GRANT SELECT ON millrace.system TO PUBLIC",
    NULL,
};

#define ASCII "CHARACTER SET ascii COLLATE ascii_bin"
#define UTF8  "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"

static const char *const mysql_ddl[] = {
    "CREATE DATABASE IF NOT EXISTS millrace",
    "CREATE TABLE IF NOT EXISTS millrace.system (one int NOT NULL PRIMARY KEY CHECK (one = 1), "
    "id bigint NOT NULL) ENGINE=InnoDB",
    "CREATE TABLE IF NOT EXISTS millrace.link (id bigint NOT NULL PRIMARY KEY, "
    "name varchar(255) " UTF8 " NOT NULL UNIQUE, source bigint NOT NULL, "
    "source_ident varchar(255) " ASCII " NOT NULL) ENGINE=InnoDB",
    "CREATE TABLE IF NOT EXISTS millrace.checkpoint (link bigint NOT NULL, lane int NOT NULL, "
    "seq bigint NOT NULL, writer bigint NOT NULL, position mediumtext " ASCII " NOT NULL, "
    "root mediumtext " ASCII " NOT NULL, path varbinary(255) NOT NULL, plan binary(32) NOT NULL, "
    "at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), "
    "PRIMARY KEY (link, lane, seq)) ENGINE=InnoDB",
    "CREATE TABLE IF NOT EXISTS millrace.chunk (link bigint NOT NULL, tab varchar(255) " UTF8
    " NOT NULL, n int NOT NULL, low mediumtext " UTF8 ", high mediumtext " UTF8
    ", position mediumtext " ASCII ", row_count bigint, PRIMARY KEY (link, tab, n)) ENGINE=InnoDB",
    "CREATE TABLE IF NOT EXISTS millrace.held (link bigint NOT NULL, "
    "n bigint NOT NULL AUTO_INCREMENT, position mediumtext " ASCII " NOT NULL, "
    "flow varchar(255) " UTF8 ", event_key mediumtext " UTF8 ", old_key mediumtext " UTF8
    ", op varchar(16) " ASCII " NOT NULL, reason varchar(16) " ASCII " NOT NULL, "
    "tab varchar(255) " UTF8 ", col varchar(255) " UTF8 ", text mediumtext " UTF8
    ", tries int NOT NULL DEFAULT 0, at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), "
    "tried_at timestamp(6) NULL, txn bigint, committed_us bigint, envelope longblob, "
    "before_row longtext " UTF8 ", after_row longtext " UTF8
    ", PRIMARY KEY (link, n), UNIQUE KEY held_n (n), "
    "KEY held_key (link, flow, event_key(200)), KEY held_old_key (link, flow, old_key(200)), "
    "KEY held_reason (link, reason, n)) ENGINE=InnoDB",
    "CREATE TABLE IF NOT EXISTS millrace.request (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, "
    "link bigint NOT NULL, event varchar(255) " UTF8 " NOT NULL, object_key text " UTF8
    " NOT NULL, at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)) ENGINE=InnoDB",
    NULL,
};

static const char *const no_ddl[] = {NULL};

const char *const *state_ddl(enum engine engine)
{
    switch (engine) {
    case ENGINE_POSTGRES:
        return postgres_ddl;
    case ENGINE_MYSQL:
    case ENGINE_MARIADB:
        return mysql_ddl;
    case ENGINE_NULL:
        break;
    }
    return no_ddl;
}

static int count_tables(const struct session *s)
{
    return sql_is_postgres(s) ? POSTGRES_TABLES : STATE_TABLES;
}

/* ---- what is there ---- */

struct found {
    bool schema;
    bool table[STATE_TABLES];
    bool held, held_of_today; /* `held` is there, and has the columns that events need */
};

/* PostgreSQL's own catalog shows what is there even to a role without any right on it. */
static const char *const postgres_find =
    "SELECT n.nspname, c.relname, (SELECT count(*) FROM pg_catalog.pg_attribute a "
    "WHERE a.attrelid = c.oid AND a.attname = 'envelope' AND NOT a.attisdropped) "
    "FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_class c "
    "ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p') WHERE n.nspname = 'millrace'";
static const char *const mysql_find =
    "SELECT s.SCHEMA_NAME, t.TABLE_NAME, (SELECT count(*) FROM information_schema.COLUMNS c "
    "WHERE c.TABLE_SCHEMA = 'millrace' AND c.TABLE_NAME = t.TABLE_NAME "
    "AND c.COLUMN_NAME = 'envelope') FROM information_schema.SCHEMATA s "
    "LEFT JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = s.SCHEMA_NAME "
    "WHERE s.SCHEMA_NAME = 'millrace'";

static void note_held(const struct rows *rows, int row, struct found *found)
{
    const char *name = rows_cell(rows, row, 1), *newest = rows_cell(rows, row, 2);
    if (!name || strcmp(name, "held") != 0)
        return;
    found->held = true;
    found->held_of_today = newest && strcmp(newest, "0") != 0;
}

static enum status find_tables(struct session *s, struct arena *a, struct found *found,
                               struct failure *f)
{
    struct rows rows;
    *found = (struct found){0};
    TRY(sql_run(s, a, &rows, f, sql_is_postgres(s) ? postgres_find : mysql_find, 0, NULL));
    found->schema = rows.nrows > 0;
    for (int row = 0; row < rows.nrows; row++) {
        note_held(&rows, row, found);
        for (int i = 0; i < STATE_TABLES; i++)
            if (rows_cell(&rows, row, 1) && strcmp(rows_cell(&rows, row, 1), table_names[i]) == 0)
                found->table[i] = true;
    }
    return STATUS_OK;
}

/* No version with the older form was released: there is nothing to carry over but rows that a
 * person has looked at. */
static enum status check_held(struct session *s, const struct found *found, struct failure *f)
{
    if (!found->held || found->held_of_today)
        return STATUS_OK;
    return fail(f, ERROR_CONFIG,
                "system %s: table millrace.held was made by an earlier build and lacks columns that "
                "this one writes (envelope is one); look at its rows, then run as its owner: "
                "DROP TABLE millrace.held; the next start makes it anew",
                ((struct session_base *)s)->system);
}

/* ---- who we are, for the statements that we name ---- */

static void add_quoted(struct buffer *b, const char *text, size_t size, char quote)
{
    buffer_add_char(b, quote);
    for (size_t i = 0; i < size; i++) {
        if (text[i] == quote)
            buffer_add_char(b, quote);
        buffer_add_char(b, text[i]);
    }
    buffer_add_char(b, quote);
}

/* "role", or 'user'@'host': the host is what follows the last @. */
static const char *role_name(struct session *s, struct arena *a)
{
    struct rows rows;
    const char *sql = sql_is_postgres(s) ? "SELECT current_user" : "SELECT CURRENT_USER()";
    if (session_query(s, a, &rows, sql, 0, NULL) != STATUS_OK || rows.nrows != 1)
        return "this role";
    const char *user = rows_cell(&rows, 0, 0), *at = strrchr(user, '@');
    struct buffer b;
    buffer_init(&b, 4096);
    if (sql_is_postgres(s)) {
        add_quoted(&b, user, strlen(user), '"');
    } else {
        add_quoted(&b, user, at ? (size_t)(at - user) : strlen(user), '\'');
        buffer_add_char(&b, '@');
        add_quoted(&b, at ? at + 1 : "%", at ? strlen(at + 1) : 1, '\'');
    }
    const char *copy = arena_copy(a, b.data, b.size);
    buffer_free(&b);
    return copy;
}

static enum status refuse(struct session *s, struct arena *a, bool schema_is_there,
                          struct failure *f)
{
    const char *system = ((struct session_base *)s)->system, *role = role_name(s, a);
    if (!sql_is_postgres(s))
        return fail(f, ERROR_PRIVILEGE,
                    "system %s: may not make or write the tables of database millrace; run as an "
                    "administrator: CREATE DATABASE IF NOT EXISTS millrace; GRANT SELECT, INSERT, "
                    "UPDATE, DELETE, CREATE ON millrace.* TO %s;",
                    system, role);
    if (!schema_is_there)
        return fail(f, ERROR_PRIVILEGE,
                    "system %s: may not make the schema millrace; run as an administrator: "
                    "CREATE SCHEMA millrace AUTHORIZATION %s;",
                    system, role);
    return fail(f, ERROR_PRIVILEGE,
                "system %s: may not make or write the tables of schema millrace; run as an "
                "administrator: GRANT USAGE, CREATE ON SCHEMA millrace TO %s; GRANT SELECT, "
                "INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA millrace TO %s;",
                system, role, role);
}

/* ---- making what is missing ---- */

enum { CREATE_TRIES = 3 };

/* A second link that starts at the same moment makes the same tables: PostgreSQL then reports a
 * duplicate in its catalog (23505), or that the table or its sequence is there (42P07, which is no
 * error that we expect elsewhere), although IF NOT EXISTS was said. */
static bool is_collision(enum status status, const struct failure *f)
{
    return status != STATUS_OK &&
           (f->code == ERROR_UNIQUE || f->code == ERROR_CONSTRAINT || f->code == ERROR_INTERNAL);
}

static enum status create(struct session *s, struct arena *a, const char *sql, bool schema_is_there,
                          struct failure *f)
{
    enum status status = sql_run(s, NULL, NULL, f, sql, 0, NULL);
    for (int i = 0; i < CREATE_TRIES && is_collision(status, f); i++)
        status = sql_run(s, NULL, NULL, f, sql, 0, NULL);
    if (status != STATUS_OK && f->code == ERROR_PRIVILEGE)
        return refuse(s, a, schema_is_there, f);
    return status;
}

static enum status create_missing(struct session *s, struct arena *a, const struct found *found,
                                  struct failure *f)
{
    const char *const *ddl = state_ddl(((struct session_base *)s)->engine);
    bool made = false;
    if (!found->schema)
        TRY(create(s, a, ddl[0], false, f));
    for (int i = 0; i < count_tables(s); i++) {
        if (found->table[i])
            continue;
        TRY(create(s, a, ddl[i + 1], true, f));
        made = made || i == 0;
    }
    for (int i = count_tables(s) + 1; made && ddl[i]; i++) {
        /* Only the owner may: where it is another, that one has granted what is needed, or the
         * check below says what is missing. */
        enum status status = sql_run(s, NULL, NULL, f, ddl[i], 0, NULL);
        if (status != STATUS_OK && f->code != ERROR_PRIVILEGE)
            return status;
    }
    return STATUS_OK;
}

/* Named now, not in the middle of the first transaction. MySQL's catalog shows a table to whoever
 * has any right on it; there the first statement tells. */
static enum status check_rights(struct session *s, struct arena *a, struct failure *f)
{
    if (!sql_is_postgres(s))
        return STATUS_OK;
    struct rows rows;
    TRY(sql_run(s, a, &rows, f,
                "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
                "ON n.oid = c.relnamespace WHERE n.nspname = 'millrace' "
                "AND c.relname IN ('system', 'link', 'checkpoint', 'chunk', 'held') "
                "AND has_schema_privilege(n.oid, 'USAGE') "
                "AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') "
                "AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')",
                0, NULL));
    int64_t n = 0;
    TRY(sql_read_int(rows_cell(&rows, 0, 0), &n, f));
    return n == POSTGRES_TABLES ? STATUS_OK : refuse(s, a, true, f);
}

static enum status prepare_in(struct session *s, struct arena *a, struct failure *f)
{
    struct found found;
    TRY(find_tables(s, a, &found, f));
    TRY(check_held(s, &found, f));
    TRY(create_missing(s, a, &found, f));
    return check_rights(s, a, f);
}

enum status state_prepare(struct session *s, struct failure *f)
{
    if (((struct session_base *)s)->engine == ENGINE_NULL)
        return STATUS_OK;
    struct arena a;
    arena_init(&a);
    enum status status = prepare_in(s, &a, f);
    arena_free(&a);
    return status;
}

enum status held_find(struct session *s, bool *there, struct failure *f)
{
    struct found found;
    struct arena a;
    arena_init(&a);
    enum status status = find_tables(s, &a, &found, f);
    arena_free(&a);
    *there = status == STATUS_OK && found.held;
    return status == STATUS_OK ? check_held(s, &found, f) : status;
}

/* ---- ids ---- */

static enum status read_system_id(struct session *s, struct arena *a, bool *found, int64_t *id,
                                  struct failure *f)
{
    struct rows rows;
    TRY(sql_run(s, a, &rows, f, "SELECT id FROM millrace.system WHERE one = 1", 0, NULL));
    *found = rows.nrows > 0;
    return *found ? sql_read_int(rows_cell(&rows, 0, 0), id, f) : STATUS_OK;
}

static enum status system_id_in(struct session *s, struct arena *a, int64_t *id, struct failure *f)
{
    bool found;
    TRY(read_system_id(s, a, &found, id, f));
    if (found)
        return STATUS_OK;
    int64_t drawn = 0;
    TRY(sql_draw_id(&drawn, f));
    enum status status = SQL_RUN(s, NULL, NULL, f,
                                 "INSERT INTO millrace.system (one, id) "
                                 "VALUES (1, ?)",
                                 sql_int(drawn).text);
    if (status != STATUS_OK && f->code != ERROR_UNIQUE) /* another link was faster: its id counts */
        return status;
    TRY(read_system_id(s, a, &found, id, f));
    if (!found)
        return fail(f, ERROR_INTERNAL, "system %s: millrace.system is empty after an insert",
                    ((struct session_base *)s)->system);
    return STATUS_OK;
}

enum status state_system_id(struct session *s, int64_t *id, struct failure *f)
{
    struct arena a;
    arena_init(&a);
    enum status status = system_id_in(s, &a, id, f);
    arena_free(&a);
    return status;
}

struct link_row {
    bool exists;
    int64_t id, source;
    const char *identity;
};

static enum status read_link(struct session *s, struct arena *a, const char *name,
                             struct link_row *link, struct failure *f)
{
    struct rows rows;
    *link = (struct link_row){0};
    TRY(SQL_RUN(s, a, &rows, f, "SELECT id, source, source_ident FROM millrace.link WHERE name = ?",
                name));
    if (rows.nrows == 0)
        return STATUS_OK;
    link->exists = true;
    link->identity = rows_cell(&rows, 0, 2);
    TRY(sql_read_int(rows_cell(&rows, 0, 0), &link->id, f));
    return sql_read_int(rows_cell(&rows, 0, 1), &link->source, f);
}

static enum status check_source(const char *name, const struct link_row *link, int64_t source,
                                const char *identity, struct failure *f)
{
    if (link->source != source)
        return fail(f, ERROR_POSITION_LOST,
                    "link %s: its stored position belongs to system %" PRId64
                    ", the configured source is system %" PRId64
                    ": give the link another name, or `millrace remove %s` first",
                    name, link->source, source, name);
    if (*link->identity && *identity && strcmp(link->identity, identity) != 0)
        return fail(f, ERROR_POSITION_LOST,
                    "link %s: its stored position belongs to the server %s, the source is now %s "
                    "(restored from a backup, or failed over?): positions of one mean nothing on "
                    "the other. `millrace remove %s` and copy again; or, if it surely holds the "
                    "same log: UPDATE millrace.link SET source_ident = '' WHERE name = '%s' on the "
                    "target",
                    name, link->identity, identity, name, name);
    return STATUS_OK;
}

/* A new identity where none was kept: after an administrator has cleared it. */
static enum status keep_identity(struct session *s, const struct link_row *link,
                                 const char *identity, struct failure *f)
{
    if (*link->identity || !*identity)
        return STATUS_OK;
    return SQL_RUN(s, NULL, NULL, f, "UPDATE millrace.link SET source_ident = ? WHERE id = ?",
                   identity, sql_int(link->id).text);
}

static enum status insert_link(struct session *s, const char *name, int64_t source,
                               const char *identity, struct failure *f)
{
    int64_t id = 0;
    TRY(sql_draw_id(&id, f));
    enum status status = SQL_RUN(s, NULL, NULL, f,
                                 "INSERT INTO millrace.link (id, name, source, "
                                 "source_ident) VALUES (?, ?, ?, ?)",
                                 sql_int(id).text, name, sql_int(source).text, identity);
    return status != STATUS_OK && f->code == ERROR_UNIQUE ? STATUS_OK : status;
}

static enum status link_id_in(struct session *s, struct arena *a, const char *name, const char *was,
                              int64_t source, const char *identity, int64_t *id, struct failure *f)
{
    struct link_row link;
    TRY(read_link(s, a, name, &link, f));
    if (!link.exists && was) {
        TRY(read_link(s, a, was, &link, f));
        if (link.exists)
            TRY(SQL_RUN(s, NULL, NULL, f, "UPDATE millrace.link SET name = ? WHERE id = ?", name,
                        sql_int(link.id).text));
    }
    if (!link.exists) {
        TRY(insert_link(s, name, source, identity, f));
        TRY(read_link(s, a, name, &link, f));
    }
    if (!link.exists)
        return fail(f, ERROR_INTERNAL, "link %s: no row in millrace.link after an insert", name);
    TRY(check_source(name, &link, source, identity, f));
    *id = link.id;
    return keep_identity(s, &link, identity, f);
}

enum status state_link_id(struct session *s, const char *name, const char *was,
                          int64_t source_system, const char *source_identity, int64_t *id,
                          struct failure *f)
{
    struct arena a;
    arena_init(&a);
    enum status status =
        link_id_in(s, &a, name, was, source_system, source_identity ? source_identity : "", id, f);
    arena_free(&a);
    return status;
}

static enum status find_link_in(struct session *s, struct arena *a, const char *name, int64_t *id,
                                struct failure *f)
{
    struct rows rows;
    enum status status =
        SQL_RUN(s, a, &rows, f, "SELECT id FROM millrace.link WHERE name = ?", name);
    if (status != STATUS_OK)
        return f->code == ERROR_NO_TABLE ? STATUS_OK : status;
    return rows.nrows > 0 ? sql_read_int(rows_cell(&rows, 0, 0), id, f) : STATUS_OK;
}

enum status state_find_link(struct session *s, const char *name, int64_t *id, struct failure *f)
{
    struct arena a;
    *id = 0;
    arena_init(&a);
    enum status status = find_link_in(s, &a, name, id, f);
    arena_free(&a);
    return status;
}
