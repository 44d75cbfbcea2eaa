/* What lies in the mirror's file:
 *
 *   "stock_move"                 a mirrored table: its key and the columns that are read
 *   "millrace:emitted:<event>"   of each object what was last emitted (code.h)
 *   "millrace:state"             plan, position
 *   "millrace:table"             of each mirrored table: its columns, whether it is complete
 *   "millrace:event"             of each event: whether what was emitted is known
 *   "millrace:field"             of each event the names in what was emitted (file_emitted.c)
 *   "millrace:note"              the copy's own notes
 *
 * WAL, synchronous FULL: a commit is one write and one fsync of the log; what SQLite moves from
 * the log to the file later is fsynced by itself. One process holds the file (locking_mode
 * EXCLUSIVE, so that WAL needs no shared memory). */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transforms/mirror/internal.h"

enum { FORMAT = 2, CACHE_KIB = 16 * 1024 };

/* ---- small reads and writes ---- */

static enum status prepare_with(struct mirror *m, const char *sql, const char *text,
                                sqlite3_stmt **out, struct failure *f)
{
    TRY(db_prepare(m->db, sql, out, f));
    if (text)
        sqlite3_bind_text(*out, 1, text, -1, SQLITE_STATIC);
    return STATUS_OK;
}

enum status file_get_text(struct mirror *m, const char *sql, const char *parameter,
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

enum status file_put_state(struct mirror *m, const char *name, const char *value,
                             struct failure *f)
{
    return db_exec(m->db, f, "insert or replace into \"millrace:state\" values (%Q, %Q)", name,
                   value);
}

/* ---- opening ---- */

static const char state_tables[] =
    "create table if not exists \"millrace:state\" (name primary key, value) without rowid;"
    "create table if not exists \"millrace:table\" (name primary key, columns, complete) without "
    "rowid;"
    "create table if not exists \"millrace:event\" (name primary key, active) without rowid;"
    "create table if not exists \"millrace:field\" (event, list, n, name, primary key (event, list, "
    "n)) without rowid;"
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
    TRY(file_get_text(m, "pragma user_version", NULL, &m->scratch, &version, f));
    if (strcmp(version, "0") != 0 && atoi(version) != FORMAT)
        return fail(f, ERROR_CONFIG, "%s has format %s, this program knows %d: remove the file, it "
                    "is filled again", m->options.path, version, FORMAT);
    return db_exec(m->db, f, "pragma user_version = %d", FORMAT);
}

static enum status make_or_compare(struct mirror *m, struct failure *f)
{
    const char *plan;
    TRY(db_exec(m->db, f, "begin immediate"));
    TRY(check_format(m, f));
    TRY(db_exec(m->db, f, "%s", state_tables));
    TRY(file_get_text(m, "select value from \"millrace:state\" where name = 'plan'", NULL,
                      &m->scratch, &plan, f));
    if (!plan)
        TRY(file_create(m, f));
    m->plan_changed = plan && strcmp(plan, m->options.plan) != 0;
    return db_exec(m->db, f, "commit");
}

/* It holds rows of the source: for the owner's eyes only; SQLite's files beside it follow it. One
 * that is there is not opened: closing it would end the locks of a mirror that holds it. */
static void make_private(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
}

enum status file_open(struct mirror *m, struct failure *f)
{
    if (m->options.path)
        make_private(m->options.path);
    TRY(views_open_db(m->views, m->options.path, &m->db, f));
    TRY(set_up(m, f));
    TRY(make_or_compare(m, f));
    arena_reset(&m->scratch);
    return STATUS_OK;
}

/* ---- state ---- */

static enum status is_set(struct mirror *m, const char *sql, const char *name, bool *out,
                          struct failure *f)
{
    const char *text;
    TRY(file_get_text(m, sql, name, &m->scratch, &text, f));
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
    TRY(file_get_text(m, "select value from \"millrace:state\" where name = 'position'", NULL,
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
    return m->position.size ? file_put_state(m, "position", m->position.data, f) : STATUS_OK;
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
    return file_get_text(m, "select text from \"millrace:note\" where name = ?1", name, a, text, f);
}
