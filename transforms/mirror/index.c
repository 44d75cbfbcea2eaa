/* What EXPLAIN QUERY PLAN tells: whether a statement reads one row only; which indexes it lacks.
 *
 * The plan says SCAN where a whole table is read, but not by which columns it was searched. So they
 * are tried: an index on each column that the statement reads, on empty tables; what turns a SCAN
 * into a SEARCH is kept, and widened while more columns are compared. It does not find: indexes on
 * expressions, and those that only spare a sort. */
#include <stdio.h>
#include <string.h>

#include "transforms/mirror/parts.h"

enum { INDEX_COLUMNS_MAX = 4, SQL_MAX = 1024 * 1024 };

struct shape {
    int scans, searches;
    int keyed;    /* searches by primary key */
    int compared; /* columns that are searched by */
    char first_scan[128];
};

static int count_of(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
        n++;
    return n;
}

static void note_step(struct shape *s, const char *detail)
{
    if (strstr(detail, "VIRTUAL TABLE") || strcmp(detail, "SCAN CONSTANT ROW") == 0)
        return;
    if (strncmp(detail, "SCAN ", 5) == 0) {
        if (s->scans++ == 0)
            snprintf(s->first_scan, sizeof s->first_scan, "%s", detail + 5);
    } else if (strncmp(detail, "SEARCH ", 7) == 0) {
        s->searches++;
        s->keyed += strstr(detail, " USING PRIMARY KEY (") != NULL;
        s->compared += count_of(detail, "=?");
    }
}

static enum status shape_of(sqlite3 *db, const char *sql, struct shape *s, struct failure *f)
{
    *s = (struct shape){0};
    char *explain = sqlite3_mprintf("explain query plan %s", sql);
    must(explain);
    sqlite3_stmt *statement = NULL;
    enum status status = db_prepare(db, explain, &statement, f);
    bool row = status == STATUS_OK;
    while (row) {
        status = db_step(statement, &row, f);
        if (row)
            note_step(s, (const char *)sqlite3_column_text(statement, 3));
    }
    sqlite3_finalize(statement);
    sqlite3_free(explain);
    return status;
}

enum status plan_reads_one_row(sqlite3 *db, const char *sql, int nkey, bool *out,
                               struct failure *f)
{
    struct shape s;
    TRY(shape_of(db, sql, &s, f));
    *out = s.scans == 0 && s.searches == 1 && s.keyed == 1 && s.compared == nkey;
    return STATUS_OK;
}

/* ---- indexes ---- */

struct trial {
    struct views *v;
    sqlite3 *db;
    const char *sql;
    const struct reads *reads;
    struct failure *failure;
    struct kept *table; /* of the best so far; NULL none */
    int columns[INDEX_COLUMNS_MAX];
    int ncolumns;
    struct shape shape;
};

static void add_columns(struct buffer *b, const struct relation *r, const int *columns, int n)
{
    for (int i = 0; i < n; i++) {
        if (i)
            buffer_add_text(b, ", ");
        db_add_name(b, r->columns[columns[i]].name);
    }
}

static enum status shape_with(struct trial *t, const struct kept *k, const int *columns, int n,
                              struct shape *out)
{
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    buffer_add_text(&b, "create index \"millrace:trial\" on ");
    db_add_name(&b, k->relation->name);
    buffer_add_text(&b, " (");
    add_columns(&b, k->relation, columns, n);
    buffer_add_text(&b, ")");
    enum status status = db_exec(t->db, t->failure, "%s", buffer_text(&b));
    if (status == STATUS_OK)
        status = shape_of(t->db, t->sql, out, t->failure);
    if (status == STATUS_OK)
        status = db_exec(t->db, t->failure, "drop index \"millrace:trial\"");
    buffer_free(&b);
    return status;
}

static const struct table_reads *reads_of(const struct trial *t, const struct kept *k)
{
    for (int i = 0; i < t->reads->nrelations; i++)
        if (t->reads->relations[i] == k->relation)
            return &t->reads->tables[i];
    return NULL;
}

static bool is_candidate(const struct trial *t, const struct kept *k, int column)
{
    const struct table_reads *r = reads_of(t, k);
    return k->mirrored && r && r->read && r->columns[column];
}

static enum status try_first(struct trial *t, struct kept *k)
{
    struct shape s;
    for (int c = 0; c < k->relation->ncolumns; c++) {
        if (!is_candidate(t, k, c))
            continue;
        TRY(shape_with(t, k, &c, 1, &s));
        if (s.scans >= t->shape.scans)
            continue;
        t->table = k;
        t->columns[0] = c;
        t->ncolumns = 1;
        t->shape = s;
    }
    return STATUS_OK;
}

/* One more column, if that one is compared too. */
static enum status try_wider(struct trial *t, bool *wider)
{
    struct shape s;
    *wider = false;
    for (int c = 0; c < t->table->relation->ncolumns; c++) {
        if (!is_candidate(t, t->table, c))
            continue;
        t->columns[t->ncolumns] = c;
        bool has = false;
        for (int i = 0; i < t->ncolumns; i++)
            has |= t->columns[i] == c;
        if (has)
            continue;
        TRY(shape_with(t, t->table, t->columns, t->ncolumns + 1, &s));
        *wider = s.scans <= t->shape.scans && s.compared > t->shape.compared;
        if (*wider) {
            t->ncolumns++;
            t->shape = s;
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

static enum status keep_index(struct trial *t)
{
    struct kept *k = t->table;
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    add_columns(&b, k->relation, t->columns, t->ncolumns);
    const char **indexes = arena_alloc(&t->v->arena, (size_t)(k->nindexes + 1) * sizeof *indexes);
    if (k->nindexes)
        memcpy(indexes, k->indexes, (size_t)k->nindexes * sizeof *indexes);
    indexes[k->nindexes] = arena_copy(&t->v->arena, b.data, b.size);
    buffer_clear(&b);
    db_add_name(&b, k->relation->name);
    enum status status = db_exec(t->db, t->failure, "create index \"millrace:%s:%d\" on %s (%s)",
                                 k->relation->name, k->nindexes, buffer_text(&b),
                                 indexes[k->nindexes]);
    k->indexes = indexes;
    k->nindexes++;
    buffer_free(&b);
    return status;
}

static enum status find_one(struct trial *t)
{
    bool wider = true;
    t->table = NULL;
    for (int i = 0; i < t->v->ntables; i++)
        TRY(try_first(t, &t->v->tables[i]));
    if (!t->table)
        return STATUS_OK;
    while (wider && t->ncolumns < INDEX_COLUMNS_MAX)
        TRY(try_wider(t, &wider));
    return keep_index(t);
}

enum status index_find(struct views *v, sqlite3 *db, const char *what, const char *sql,
                       const struct reads *r, struct failure *f)
{
    struct trial t = {.v = v, .db = db, .sql = sql, .reads = r, .failure = f};
    TRY(shape_of(db, sql, &t.shape, f));
    do {
        if (t.shape.scans == 0)
            return STATUS_OK;
        TRY(find_one(&t));
    } while (t.table);
    buffer_add_format(&v->notes, "%s: reads all of %s each time: no index was found that helps\n",
                      what, t.shape.first_scan);
    return STATUS_OK;
}
