/* What lies in the mirror's file:
 *
 *   "stock_move"                 a mirrored table: its key and the columns that are read
 *   "millrace:emitted:<event>"   of each object what was last emitted (code.h)
 *   "millrace:state"             plan, position
 *   "millrace:table"             of each mirrored table: its columns, whether it is complete
 *   "millrace:event"             of each event: whether what was emitted is known
 *   "millrace:note"              the copy's own notes
 *
 * WAL, synchronous FULL: a commit is one write and one fsync of the log; what SQLite moves from
 * the log to the file later is fsynced by itself. One process holds the file (locking_mode
 * EXCLUSIVE, so that WAL needs no shared memory). */
#include <stdio.h>
#include <string.h>

#include "transforms/mirror/internal.h"

enum { SQL_MAX = 4 * 1024 * 1024, FORMAT = 1, CACHE_KIB = 16 * 1024, TABLES_MAX = 4096 };

/* ---- small reads and writes ---- */

static enum status prepare_with(struct mirror *m, const char *sql, const char *text,
                                sqlite3_stmt **out, struct failure *f)
{
    TRY(db_prepare(m->db, sql, out, f));
    if (text)
        sqlite3_bind_text(*out, 1, text, -1, SQLITE_STATIC);
    return STATUS_OK;
}

/* The first column of the first row, or NULL. */
static enum status get_text(struct mirror *m, const char *sql, const char *parameter,
                            struct arena *a, const char **out, struct failure *f)
{
    sqlite3_stmt *statement = NULL;
    bool row = false;
    *out = NULL;
    enum status status = prepare_with(m, sql, parameter, &statement, f);
    if (status == STATUS_OK)
        status = db_step(statement, &row, f);
    if (row && sqlite3_column_type(statement, 0) != SQLITE_NULL)
        *out = arena_strdup(a, (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return status;
}

struct names {
    const char *at[TABLES_MAX];
    int n;
};

static enum status get_names(struct mirror *m, const char *sql, struct names *out,
                             struct failure *f)
{
    sqlite3_stmt *statement = NULL;
    out->n = 0;
    enum status status = db_prepare(m->db, sql, &statement, f);
    bool row = status == STATUS_OK;
    while (row) {
        status = db_step(statement, &row, f);
        if (row && out->n < TABLES_MAX)
            out->at[out->n++] =
                arena_strdup(&m->scratch, (const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return status;
}

static enum status put_state(struct mirror *m, const char *name, const char *value,
                             struct failure *f)
{
    return db_exec(m->db, f, "insert or replace into \"millrace:state\" values (%Q, %Q)", name,
                   value);
}

/* ---- names and texts ---- */

static void add_collation(const struct mirror *m, const struct column *c, struct buffer *b)
{
    if (c->kind == VALUE_DECIMAL && m->views->options.decimal_collation)
        buffer_add_format(b, " collate %s", m->views->options.decimal_collation);
}

void file_add_key_columns(const struct mirror *m, const struct view *w, struct buffer *b)
{
    const struct kept *k = &m->views->tables[w->of];
    for (int i = 0; i < w->nkey; i++) {
        buffer_add_format(b, "%sk%d", i ? ", " : "", i);
        add_collation(m, &k->relation->columns[k->columns[w->key[i]]], b);
    }
}

const char *file_emitted_name(const struct event_run *e, struct buffer *b)
{
    buffer_add_text(b, "main.");
    db_add_own_name(b, "millrace:emitted:", e->view->name);
    return b->data;
}

/* "\n*id integer\nname text\n": a column a line, a star for the key's. */
static void describe(const struct mirror *m, const struct kept *k, struct buffer *b)
{
    buffer_add_char(b, '\n');
    for (int i = 0; i < k->ncolumns; i++) {
        const struct column *c = &k->relation->columns[k->columns[i]];
        buffer_add_format(b, "%s%s %s", i < k->nkey ? "*" : "", c->name,
                          value_kind_name(c->kind));
        add_collation(m, c, b);
        buffer_add_char(b, '\n');
    }
}

static int count_stars(const char *text)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, "\n*")); at++)
        n++;
    return n;
}

/* Are all the columns that `wanted` describes in `held`, under the same key? */
static bool holds(const char *held, const char *wanted, struct arena *a)
{
    if (count_stars(held) != count_stars(wanted))
        return false;
    for (const char *at = wanted, *end; (end = strchr(at + 1, '\n')); at = end)
        if (!strstr(held, arena_copy(a, at, (size_t)(end - at) + 1)))
            return false;
    return true;
}

/* ---- making ---- */

static enum status run(struct mirror *m, struct buffer *b, struct failure *f)
{
    enum status status = db_exec(m->db, f, "%s", buffer_text(b));
    buffer_clear(b);
    return status;
}

static enum status create_table(struct mirror *m, const struct kept *k, const char *name,
                                struct buffer *b, struct failure *f)
{
    kept_add_create(m->views, b, name, k->relation, k->columns, k->ncolumns, k->nkey);
    return run(m, b, f);
}

static enum status put_table(struct mirror *m, const struct kept *k, bool complete,
                             struct buffer *b, struct failure *f)
{
    describe(m, k, b);
    enum status status =
        db_exec(m->db, f, "insert or replace into \"millrace:table\" values (%Q, %Q, %d)",
                k->relation->name, buffer_text(b), complete);
    buffer_clear(b);
    return status;
}

static enum status create_indexes(struct mirror *m, struct buffer *b, struct failure *f)
{
    for (int i = 0; i < views_ntables(m->views); i++) {
        const struct kept *k = &m->views->tables[i];
        for (int j = 0; j < k->nindexes; j++) {
            buffer_add_text(b, "create index ");
            db_add_own_name(b, "millrace:index:", arena_format(&m->scratch, "%s:%d",
                                                               k->relation->name, j));
            buffer_add_text(b, " on ");
            db_add_name(b, k->relation->name);
            buffer_add_format(b, " (%s)", k->indexes[j]);
            TRY(run(m, b, f));
        }
    }
    return STATUS_OK;
}

static enum status create_emitted(struct mirror *m, struct buffer *b, struct failure *f)
{
    for (int i = 0; i < m->views->nviews; i++) {
        const struct event_run *e = &m->events[i];
        if (e->view->alone)
            continue;
        buffer_add_text(b, "create table ");
        file_emitted_name(e, b);
        buffer_add_text(b, " (");
        file_add_key_columns(m, e->view, b);
        buffer_add_text(b, ", bytes, primary key (");
        db_add_numbered(b, "k", e->view->nkey, "");
        buffer_add_text(b, ")) without rowid");
        TRY(run(m, b, f));
        TRY(db_exec(m->db, f, "insert into \"millrace:event\" values (%Q, 0)", e->view->name));
    }
    return STATUS_OK;
}

static enum status create_new(struct mirror *m, struct buffer *b, struct failure *f)
{
    for (int i = 0; i < views_ntables(m->views); i++) {
        const struct kept *k = &m->views->tables[i];
        TRY(create_table(m, k, k->relation->name, b, f));
        TRY(put_table(m, k, false, b, f));
    }
    TRY(create_indexes(m, b, f));
    TRY(create_emitted(m, b, f));
    return put_state(m, "plan", m->options.plan, f);
}

/* ---- another plan ---- */

static enum status drop_all(struct mirror *m, const char *kind, const char *prefix,
                            struct failure *f)
{
    struct names *names = arena_alloc(&m->scratch, sizeof *names);
    char *sql = sqlite3_mprintf("select name from sqlite_schema where type = %Q and "
                                "substr(name, 1, %d) = %Q", kind, (int)strlen(prefix), prefix);
    must(sql);
    enum status status = get_names(m, sql, names, f);
    sqlite3_free(sql);
    TRY(status);
    for (int i = 0; i < names->n; i++)
        TRY(db_exec(m->db, f, "drop %s \"%w\"", kind, names->at[i]));
    return STATUS_OK;
}

static const struct kept *kept_named(const struct mirror *m, const char *name)
{
    for (int i = 0; i < views_ntables(m->views); i++)
        if (strcmp(m->views->tables[i].relation->name, name) == 0)
            return &m->views->tables[i];
    return NULL;
}

static enum status drop_unread(struct mirror *m, bool all, struct failure *f)
{
    struct names *names = arena_alloc(&m->scratch, sizeof *names);
    TRY(get_names(m, "select name from \"millrace:table\"", names, f));
    for (int i = 0; i < names->n; i++) {
        if (!all && kept_named(m, names->at[i]))
            continue;
        TRY(db_exec(m->db, f, "drop table main.\"%w\"; delete from \"millrace:table\" where name = "
                    "%Q", names->at[i], names->at[i]));
    }
    return STATUS_OK;
}

/* The columns that are read now, of the rows that are there. */
static enum status narrow_table(struct mirror *m, const struct kept *k, struct buffer *b,
                                struct failure *f)
{
    TRY(create_table(m, k, "millrace:new", b, f));
    buffer_add_text(b, "insert into \"millrace:new\" select ");
    for (int i = 0; i < k->ncolumns; i++) {
        buffer_add_text(b, i ? ", " : "");
        db_add_name(b, k->relation->columns[k->columns[i]].name);
    }
    buffer_add_text(b, " from main.");
    db_add_name(b, k->relation->name);
    TRY(run(m, b, f));
    return db_exec(m->db, f, "drop table main.\"%w\"; alter table \"millrace:new\" rename to "
                   "\"%w\"", k->relation->name, k->relation->name);
}

static enum status change_table(struct mirror *m, const struct kept *k, struct buffer *b,
                                struct failure *f)
{
    const char *held, *name = k->relation->name;
    TRY(get_text(m, "select columns from \"millrace:table\" where name = ?1 and complete", name,
                 &m->scratch, &held, f));
    describe(m, k, b);
    const char *wanted = arena_strdup(&m->scratch, buffer_text(b));
    buffer_clear(b);
    if (held && strcmp(held, wanted) == 0)
        return STATUS_OK;
    bool whole = held && holds(held, wanted, &m->scratch);
    if (whole) {
        TRY(narrow_table(m, k, b, f));
    } else {
        TRY(db_exec(m->db, f, "drop table if exists main.\"%w\"", name));
        TRY(create_table(m, k, name, b, f));
    }
    return put_table(m, k, whole, b, f);
}

static enum status change_plan(struct mirror *m, bool afresh, struct buffer *b, struct failure *f)
{
    TRY(drop_all(m, "index", "millrace:index:", f));
    TRY(drop_all(m, "table", "millrace:emitted:", f));
    TRY(drop_unread(m, afresh, f));
    for (int i = 0; i < views_ntables(m->views); i++)
        TRY(change_table(m, &m->views->tables[i], b, f));
    TRY(db_exec(m->db, f, "delete from \"millrace:event\"; delete from \"millrace:note\""));
    TRY(create_indexes(m, b, f));
    TRY(create_emitted(m, b, f));
    if (afresh)
        TRY(db_exec(m->db, f, "delete from \"millrace:state\""));
    return put_state(m, "plan", m->options.plan, f);
}

enum status file_rebuild(struct mirror *m, bool afresh, struct failure *f)
{
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    enum status status = change_plan(m, afresh, &b, f);
    buffer_free(&b);
    arena_reset(&m->scratch);
    return status == STATUS_OK ? db_exec(m->db, f, "commit") : status;
}

/* ---- opening ---- */

static const char state_tables[] =
    "create table if not exists \"millrace:state\" (name primary key, value) without rowid;"
    "create table if not exists \"millrace:table\" (name primary key, columns, complete) without "
    "rowid;"
    "create table if not exists \"millrace:event\" (name primary key, active) without rowid;"
    "create table if not exists \"millrace:note\" (name primary key, text) without rowid;";

static enum status set_up(struct mirror *m, struct failure *f)
{
    uint32_t kib = m->options.cache_kib ? m->options.cache_kib : CACHE_KIB;
    TRY(db_exec(m->db, f, "pragma locking_mode = exclusive; pragma journal_mode = wal"));
    TRY(db_exec(m->db, f, "pragma synchronous = full; pragma journal_size_limit = 67108864"));
    return db_exec(m->db, f, "pragma cache_size = -%u; pragma temp.cache_size = -%u", kib,
                   kib / 4);
}

static enum status check_format(struct mirror *m, struct failure *f)
{
    const char *version;
    TRY(get_text(m, "pragma user_version", NULL, &m->scratch, &version, f));
    if (strcmp(version, "0") != 0 && strcmp(version, "1") != 0)
        return fail(f, ERROR_CONFIG, "%s has format %s, this program knows %d: remove the file, it "
                    "is filled again", m->options.path, version, FORMAT);
    return db_exec(m->db, f, "pragma user_version = %d", FORMAT);
}

static enum status make_or_compare(struct mirror *m, struct buffer *b, struct failure *f)
{
    const char *plan;
    TRY(db_exec(m->db, f, "begin immediate"));
    TRY(check_format(m, f));
    TRY(db_exec(m->db, f, "%s", state_tables));
    TRY(get_text(m, "select value from \"millrace:state\" where name = 'plan'", NULL, &m->scratch,
                 &plan, f));
    if (!plan)
        TRY(create_new(m, b, f));
    m->plan_changed = plan && strcmp(plan, m->options.plan) != 0;
    return db_exec(m->db, f, "commit");
}

enum status file_open(struct mirror *m, struct failure *f)
{
    struct buffer b;
    TRY(views_open_db(m->views, m->options.path, &m->db, f));
    buffer_init(&b, SQL_MAX);
    enum status status = set_up(m, f);
    if (status == STATUS_OK)
        status = make_or_compare(m, &b, f);
    buffer_free(&b);
    arena_reset(&m->scratch);
    return status;
}

/* ---- state ---- */

static enum status is_set(struct mirror *m, const char *sql, const char *name, bool *out,
                          struct failure *f)
{
    const char *text;
    TRY(get_text(m, sql, name, &m->scratch, &text, f));
    *out = text && strcmp(text, "1") == 0;
    return STATUS_OK;
}

enum status file_load(struct mirror *m, struct failure *f)
{
    const char *position;
    for (int i = 0; i < views_ntables(m->views); i++)
        TRY(is_set(m, "select complete from \"millrace:table\" where name = ?1",
                   m->tables[i].kept->relation->name, &m->tables[i].complete, f));
    for (int i = 0; i < m->views->nviews; i++) {
        struct event_run *e = &m->events[i];
        TRY(is_set(m, "select active from \"millrace:event\" where name = ?1", e->view->name,
                   &e->active, f));
        e->active |= e->view->alone;
    }
    TRY(get_text(m, "select value from \"millrace:state\" where name = 'position'", NULL,
                 &m->scratch, &position, f));
    mirror_set_text(&m->position, position);
    mirror_set_text(&m->committed, position);
    arena_reset(&m->scratch);
    return STATUS_OK;
}

enum status file_set_complete(struct mirror *m, struct table *t, struct failure *f)
{
    t->complete = true;
    return db_exec(m->db, f, "update \"millrace:table\" set complete = 1 where name = %Q",
                   t->kept->relation->name);
}

enum status file_set_active(struct mirror *m, struct event_run *e, struct failure *f)
{
    e->active = true;
    return db_exec(m->db, f, "update \"millrace:event\" set active = 1 where name = %Q",
                   e->view->name);
}

enum status file_set_position(struct mirror *m, struct failure *f)
{
    return m->position.size ? put_state(m, "position", m->position.data, f) : STATUS_OK;
}

/* ---- notes ---- */

enum status mirror_note(struct mirror *m, const char *name, const char *text, struct failure *f)
{
    m->changes++;
    return db_exec(m->db, f, "insert or replace into \"millrace:note\" values (%Q, %Q)", name,
                   text);
}

enum status mirror_noted(struct mirror *m, const char *name, struct arena *a, const char **text,
                         struct failure *f)
{
    return get_text(m, "select text from \"millrace:note\" where name = ?1", name, a, text, f);
}
