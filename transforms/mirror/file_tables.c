/* The tables in the mirror's file: made, and changed to what another plan reads. */
#include <string.h>

#include "transforms/mirror/internal.h"

enum { SQL_MAX = 4 * 1024 * 1024, TABLES_MAX = 4096 };

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

static enum status create_new(struct mirror *m, struct buffer *b, struct failure *f)
{
    for (int i = 0; i < views_ntables(m->views); i++) {
        const struct kept *k = &m->views->tables[i];
        TRY(create_table(m, k, k->relation->name, b, f));
        TRY(put_table(m, k, false, b, f));
    }
    TRY(create_indexes(m, b, f));
    TRY(emitted_make(m, false, f));
    return file_put_state(m, "plan", m->options.plan, f);
}

/* ---- another plan ---- */

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
        db_add_name(b, kept_name(k, i));
    }
    buffer_add_text(b, " from main.");
    db_add_name(b, k->relation->name);
    TRY(run(m, b, f));
    return db_exec(m->db, f, "drop table main.\"%w\"; alter table \"millrace:new\" rename to "
                   "\"%w\"", k->relation->name, k->relation->name);
}

/* `*whole` stays, where all its rows are still there. */
static enum status change_table(struct mirror *m, const struct kept *k, bool *whole,
                                struct buffer *b, struct failure *f)
{
    const char *held, *name = k->relation->name;
    TRY(file_get_text(m, "select columns from \"millrace:table\" where name = ?1 and complete",
                      name, &m->scratch, &held, f));
    describe(m, k, b);
    const char *wanted = arena_strdup(&m->scratch, buffer_text(b));
    buffer_clear(b);
    if (held && strcmp(held, wanted) == 0)
        return STATUS_OK;
    bool has_all = held && holds(held, wanted, &m->scratch);
    *whole = *whole && has_all;
    if (has_all) {
        TRY(narrow_table(m, k, b, f));
    } else {
        TRY(db_exec(m->db, f, "drop table if exists main.\"%w\"", name));
        TRY(create_table(m, k, name, b, f));
    }
    return put_table(m, k, has_all, b, f);
}

/* Where rows are to be read again, what left meanwhile is known by what was emitted only. */
static enum status change_plan(struct mirror *m, bool afresh, struct buffer *b, struct failure *f)
{
    TRY(drop_all(m, "index", "millrace:index:", f));
    bool whole = true;
    TRY(drop_unread(m, afresh, f));
    for (int i = 0; i < views_ntables(m->views); i++)
        TRY(change_table(m, &m->views->tables[i], &whole, b, f));
    TRY(db_exec(m->db, f, "delete from \"millrace:note\""));
    TRY(create_indexes(m, b, f));
    TRY(emitted_make(m, !whole && !afresh, f));
    if (afresh)
        TRY(db_exec(m->db, f, "delete from \"millrace:state\""));
    return file_put_state(m, "plan", m->options.plan, f);
}

/* ---- both, with a buffer for their SQL ---- */

enum status file_create(struct mirror *m, struct failure *f)
{
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    enum status status = create_new(m, &b, f);
    buffer_free(&b);
    return status;
}

enum status file_rebuild(struct mirror *m, bool afresh, struct failure *f)
{
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    TRY(db_exec(m->db, f, "begin immediate"));
    enum status status = change_plan(m, afresh, &b, f);
    buffer_free(&b);
    arena_reset(&m->scratch);
    return status == STATUS_OK ? db_exec(m->db, f, "commit") : status;
}
