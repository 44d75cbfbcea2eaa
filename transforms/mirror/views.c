#include "transforms/mirror/views.h"

#include <stdlib.h>
#include <string.h>

#include "transforms/mirror/compile.h"

enum { SQL_MAX = 1024 * 1024, NOTES_MAX = 1024 * 1024 };

enum status views_open_db(const struct views *v, const char *path, sqlite3 **out,
                          struct failure *f)
{
    TRY(db_open(path, out, f));
    if (!v->options.functions)
        return STATUS_OK;
    enum status status = v->options.functions(v->options.context, *out, f);
    if (status != STATUS_OK) {
        sqlite3_close_v2(*out);
        *out = NULL;
    }
    return status;
}

/* ---- the connection that checks ---- */

/* Key first, then the others in the relation's order, of those that are read. */
static int order_columns(const struct relation *r, const bool *read, int *columns)
{
    int n = 0;
    for (int i = 0; i < r->nkey; i++)
        columns[n++] = r->key[i];
    for (int i = 0; i < r->ncolumns; i++) {
        bool key = false;
        for (int k = 0; k < r->nkey; k++)
            key |= r->key[k] == i;
        if (!key && (!read || read[i]))
            columns[n++] = i;
    }
    return n;
}

/* A table that SQLite cannot hold (two columns that differ in case alone) is missing here, and
 * found missing where a view names it. */
static void create_empty(struct compile *c, const struct relation *r)
{
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    int *columns = arena_alloc(&c->v->arena, (size_t)r->ncolumns * sizeof *columns);
    int n = order_columns(r, NULL, columns);
    kept_add_create(c->v, &b, r->name, r, columns, n, r->nkey);
    (void)sqlite3_exec(c->db, buffer_text(&b), NULL, NULL, NULL);
    buffer_free(&b);
}

static enum status open_empty(struct compile *c)
{
    TRY(views_open_db(c->v, NULL, &c->db, c->failure));
    /* SQLite makes these tables at their first use, which looks like writing its schema. */
    TRY(db_exec(c->db, c->failure, "select 1 from json_each('[]'), json_tree('[]')"));
    for (int i = 0; i < c->nrelations; i++)
        create_empty(c, c->relations[i]);
    return STATUS_OK;
}

/* ---- the tables that are kept ---- */

static void add_kept(struct views *v, const struct relation *r, const struct table_reads *reads,
                     bool mirrored)
{
    struct kept *k = &v->tables[v->ntables++];
    *k = (struct kept){.relation = r, .nkey = r->nkey, .mirrored = mirrored};
    k->columns = arena_alloc(&v->arena, (size_t)r->ncolumns * sizeof *k->columns);
    k->ncolumns = order_columns(r, reads->columns, k->columns);
}

static void keep_tables(struct compile *c, struct reads *const *reads)
{
    struct views *v = c->v;
    v->tables = arena_alloc(&v->arena, 2 * (size_t)c->nrelations * sizeof *v->tables);
    for (int mirrored = 1; mirrored >= 0; mirrored--) {
        struct reads *all = reads_new(c->relations, c->nrelations, &v->arena);
        for (int i = 0; i < v->nviews; i++)
            if (v->views[i].alone != mirrored)
                reads_join(all, reads[i]);
        for (int i = 0; i < c->nrelations; i++)
            if (all->tables[i].read)
                add_kept(v, c->relations[i], &all->tables[i], mirrored);
    }
}

/* ---- from relations to kept tables ---- */

static int kept_of(const struct views *v, const struct relation *r, bool mirrored)
{
    for (int i = 0; i < v->ntables; i++)
        if (v->tables[i].relation == r && v->tables[i].mirrored == mirrored)
            return i;
    must(!"a table that is read is kept");
    return -1;
}

static void settle_columns(const struct views *v, int table, int *columns, int n)
{
    for (int i = 0; i < n; i++) {
        columns[i] = kept_column(&v->tables[table], columns[i]);
        must(columns[i] >= 0);
    }
}

static void settle_view(struct compile *c, struct view *w, const struct reads *reads)
{
    struct views *v = c->v;
    w->of = kept_of(v, c->relations[w->of], !w->alone);
    settle_columns(v, w->of, w->key, w->nkey);
    for (int i = 0; i < w->ntouches; i++) {
        struct touch *t = &w->touches[i];
        t->table = kept_of(v, c->relations[t->table], !w->alone);
        if (t->columns != w->key)
            settle_columns(v, t->table, t->columns, t->ncolumns);
    }
    w->tables = arena_zalloc(&v->arena, (size_t)v->ntables * sizeof *w->tables);
    for (int i = 0; i < c->nrelations; i++)
        if (reads->tables[i].read)
            w->tables[kept_of(v, c->relations[i], !w->alone)] = true;
}

static enum status find_indexes(struct compile *c, struct view *w, const struct reads *reads)
{
    struct views *v = c->v;
    if (w->alone)
        return STATUS_OK;
    TRY(index_find(v, c->db, w->name, w->query.sql, reads, c->failure));
    for (int i = 0; i < w->nlists; i++)
        TRY(index_find(v, c->db, arena_format(&v->arena, "%s, list %s", w->name, w->lists[i].name),
                       w->lists[i].sql, reads, c->failure));
    for (int i = 0; i < w->ntouches; i++)
        if (w->touches[i].sql)
            TRY(index_find(v, c->db, arena_format(&v->arena, "%s, touched_by", w->name),
                           w->touches[i].sql, reads, c->failure));
    return STATUS_OK;
}

/* ---- all of it ---- */

static enum status check_names(const struct event_definition *events, int n, struct failure *f)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            if (strcmp(events[i].name, events[j].name) == 0)
                return fail(f, ERROR_CONFIG, "two events are named %s", events[i].name);
    return STATUS_OK;
}

static enum status compile_all(struct compile *c, const struct event_definition *events)
{
    struct views *v = c->v;
    struct reads **reads = arena_alloc(&v->arena, (size_t)v->nviews * sizeof *reads);
    for (int i = 0; i < v->nviews; i++) {
        reads[i] = reads_new(c->relations, c->nrelations, &v->arena);
        if (compile_event(c, &events[i], &v->views[i], reads[i]) != STATUS_OK)
            return fail_in(c->failure, "event %s", events[i].name);
    }
    keep_tables(c, reads);
    for (int i = 0; i < v->nviews; i++)
        settle_view(c, &v->views[i], reads[i]);
    for (int i = 0; i < v->nviews; i++)
        TRY(find_indexes(c, &v->views[i], reads[i]));
    return STATUS_OK;
}

static struct views *views_new(const struct views_options *options, int nviews)
{
    struct views *v = calloc(1, sizeof *v);
    must(v);
    arena_init(&v->arena);
    buffer_init(&v->notes, NOTES_MAX);
    if (options)
        v->options = *options;
    if (v->options.decimal_collation)
        v->options.decimal_collation = arena_strdup(&v->arena, v->options.decimal_collation);
    v->nviews = nviews;
    v->views = arena_zalloc(&v->arena, (size_t)nviews * sizeof *v->views);
    return v;
}

enum status views_compile(const struct event_definition *events, int nevents,
                          const struct relation *const *relations, int nrelations,
                          const struct views_options *options, struct views **out,
                          struct failure *f)
{
    TRY(check_names(events, nevents, f));
    struct views *v = views_new(options, nevents);
    struct compile c = {.v = v, .relations = relations, .nrelations = nrelations, .failure = f};
    c.now = reads_new(relations, nrelations, &v->arena);
    enum status status = open_empty(&c);
    if (status == STATUS_OK)
        status = compile_all(&c, events);
    sqlite3_close_v2(c.db);
    if (status != STATUS_OK) {
        views_free(v);
        v = NULL;
    }
    *out = v;
    return status;
}

void views_free(struct views *v)
{
    if (!v)
        return;
    buffer_free(&v->notes);
    arena_free(&v->arena);
    free(v);
}
