/* tables.c: which layout a table has: what the catalog says now, against what the log says then.
 *
 * A Relation message describes the table as it was when the row was written; the catalog describes
 * it as it is now. Three cases, where they differ:
 *   the log is behind: the catalog is as it was when we started, the rows are older: the message
 *     is right, and the rows go by it;
 *   the table was altered since we started: a mapped table's DDL stops the link;
 *   the message differs from the one before: the same.
 * Where appended columns pass (links of events), a layout that begins with all of the one before is
 * no such difference.
 */
#include "postgres/internal.h"

#include <stdlib.h>
#include "base/log.h"

static const char layout_sql[] =
    "SELECT c.oid, c.relkind, c.relreplident, a.attname, a.atttypid, a.atttypmod, "
    "  t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace OR t.typtype = 'e' "
    "FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 "
    "  AND NOT a.attisdropped AND a.attgenerated = '' "
    "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
    "WHERE n.nspname = ? AND c.relname = ? AND c.relkind IN ('r', 'p') ORDER BY a.attnum";

enum { OID, RELKIND, IDENTITY, NAME, TYPE, MODIFIER, SORTS };

/* ---- the catalog's side ---- */

static bool sorts(const struct relation *r, const struct rows *rows)
{
    bool all = r->nkey > 0;
    for (int i = 0; i < r->nkey; i++)
        all = all && r->key[i] < rows->nrows && *rows_cell(rows, r->key[i], SORTS) == 't';
    return all;
}

static struct described *read_described(const struct rows *rows, const struct relation *r,
                                        struct arena *a)
{
    struct described *d = arena_zalloc(a, sizeof *d);
    int n = rows->nrows < r->ncolumns ? rows->nrows : r->ncolumns;
    d->relation = r;
    d->layout = (struct layout){.schema = r->schema, .name = r->name, .ncolumns = n};
    d->layout.columns = arena_zalloc(a, ((size_t)n + 1) * sizeof *d->layout.columns);
    for (int i = 0; i < n; i++)
        d->layout.columns[i] = (struct layout_column){
            .name = arena_strdup(a, rows_cell(rows, i, NAME)),
            .type = (Oid)strtoul(rows_cell(rows, i, TYPE), NULL, 10),
            .modifier = (int32_t)strtol(rows_cell(rows, i, MODIFIER), NULL, 10),
            .key = r->columns[i].key,
        };
    if (n > 0) {
        d->layout.oid = (Oid)strtoul(rows_cell(rows, 0, OID), NULL, 10);
        d->relkind = *rows_cell(rows, 0, RELKIND);
        d->layout.identity = *rows_cell(rows, 0, IDENTITY);
    }
    d->key_sorts = sorts(r, rows);
    return d;
}

static enum status describe(struct source *s, const char *schema, const char *name,
                            struct described **out)
{
    struct arena scratch;
    struct relation *r;
    struct rows rows;
    arena_init(&scratch);
    enum status status = pg_describe(s->control, schema, name, true, &s->arena, &r);
    if (status == STATUS_OK)
        status = session_run(pg_session(s->control), &scratch, &rows, 2, layout_sql, schema, name);
    if (status == STATUS_OK)
        *out = read_described(&rows, r, &s->arena);
    arena_free(&scratch);
    return status;
}

enum status tables_describe(struct source *s, const char *schema, const char *name,
                            const struct relation **out)
{
    struct described *d, *next;
    HASH_ITER(hh, s->described, d, next)
    {
        if (strcmp(d->layout.name, name) == 0 && strcmp(d->layout.schema, schema) == 0) {
            *out = d->relation;
            return STATUS_OK;
        }
    }
    TRY(describe(s, schema, name, &d));
    HASH_ADD(hh, s->described, layout.oid, sizeof d->layout.oid, d);
    *out = d->relation;
    return STATUS_OK;
}

struct described *tables_find(struct source *s, const struct relation *r)
{
    struct described *d, *next;
    HASH_ITER(hh, s->described, d, next)
    {
        if (d->relation == r)
            return d;
    }
    return NULL;
}

static struct described *find_described(struct source *s, Oid oid)
{
    struct described *d;
    HASH_FIND(hh, s->described, &oid, sizeof oid, d);
    return d;
}

/* ---- comparing ---- */

static const struct layout_column *find_column(const struct layout *l, const char *name)
{
    for (int i = 0; i < l->ncolumns; i++)
        if (strcmp(l->columns[i].name, name) == 0)
            return &l->columns[i];
    return NULL;
}

static bool same_column(const struct layout_column *a, const struct layout_column *b)
{
    return a->type == b->type && a->modifier == b->modifier && strcmp(a->name, b->name) == 0;
}

/* The same table, and all columns of `old` first in `l`. */
static bool begins_with_columns(const struct layout *l, const struct layout *old)
{
    bool same = l->ncolumns >= old->ncolumns && strcmp(l->name, old->name) == 0 &&
                strcmp(l->schema, old->schema) == 0;
    for (int i = 0; same && i < old->ncolumns; i++)
        same = same_column(&l->columns[i], &old->columns[i]);
    return same;
}

/* With identity FULL every column is flagged, so flags compare only where an index gives them. A
 * column that is new is in no key that was there. */
static bool same_key(const struct layout *l, const struct layout *old)
{
    if (l->identity == 'f' || old->identity == 'f')
        return true;
    bool same = true;
    for (int i = 0; same && i < l->ncolumns; i++)
        same = l->columns[i].key == (i < old->ncolumns && old->columns[i].key);
    return same;
}

static bool begins_with(const struct layout *l, const struct layout *old)
{
    return begins_with_columns(l, old) && same_key(l, old);
}

static bool same_layout(const struct layout *a, const struct layout *b)
{
    return a->ncolumns == b->ncolumns && begins_with(a, b);
}

/* May the link go on with `l`, having known `old`? */
static bool passes(const struct source *s, const struct layout *l, const struct layout *old)
{
    return s->o.appended_passes ? begins_with(l, old) : same_layout(l, old);
}

static void describe_difference(const struct layout *old, const struct layout *new,
                                struct buffer *out)
{
    if (old->oid != new->oid)
        buffer_add_text(out, " it was dropped and made again;");
    if (strcmp(old->name, new->name) != 0 || strcmp(old->schema, new->schema) != 0)
        buffer_add_format(out, " it is %s.%s now;", new->schema, new->name);
    for (int i = 0; i < new->ncolumns; i++) {
        const struct layout_column *c = &new->columns[i], *was = find_column(old, c->name);
        if (!was)
            buffer_add_format(out, " column %s is new;", c->name);
        else if (was->type != c->type || was->modifier != c->modifier)
            buffer_add_format(out, " column %s has another type;", c->name);
        else if (was->key != c->key && old->identity != 'f' && new->identity != 'f')
            buffer_add_format(out, " column %s %s the key;", c->name, c->key ? "joined" : "left");
    }
    for (int i = 0; i < old->ncolumns; i++)
        if (!find_column(new, old->columns[i].name))
            buffer_add_format(out, " column %s is gone;", old->columns[i].name);
    if (out->size == 0)
        buffer_add_text(out, " the order of its columns;");
    out->size--;
}

static enum status fail_altered(struct source *s, const struct layout *old,
                                const struct layout *new, struct failure *f)
{
    struct buffer what;
    char lsn[24];
    buffer_init(&what, 1 << 20);
    describe_difference(old, new, &what);
    pg_lsn_write(s->reading.commit_lsn, lsn);
    enum status status =
        fail(f, ERROR_DDL,
             "table %s.%s was altered (%.600s), met in the transaction that commits at %s: %s, "
             "then start millrace again",
             old->schema, old->name, buffer_text(&what) + 1, lsn,
             s->o.appended_passes ? "see that the events of this link that read it still hold "
                                    "(`millrace check`)"
                                  : "alter the target table in step");
    buffer_free(&what);
    return status;
}

/* ---- the log's side ---- */

struct met *tables_met_find(struct source *s, uint32_t oid)
{
    struct met *m = s->reading.last;
    Oid key = oid;
    if (m && m->layout.oid == key)
        return m;
    HASH_FIND(hh, s->reading.met, &key, sizeof key, m);
    if (m)
        s->reading.last = m;
    return m;
}

static struct layout read_layout(const struct pgoutput *m, struct layout_column *columns)
{
    struct layout l = {.oid = m->oid,
                       .schema = m->schema,
                       .name = m->name,
                       .identity = m->identity,
                       .ncolumns = m->ncolumns,
                       .columns = columns};
    for (int i = 0; i < m->ncolumns; i++)
        columns[i] = (struct layout_column){.name = m->columns[i].name,
                                            .type = m->columns[i].type,
                                            .modifier = m->columns[i].modifier,
                                            .key = m->columns[i].key};
    return l;
}

static struct layout keep_layout(const struct layout *l, struct arena *a)
{
    struct layout kept = *l;
    kept.schema = arena_strdup(a, l->schema);
    kept.name = arena_strdup(a, l->name);
    kept.columns = arena_alloc(a, ((size_t)l->ncolumns + 1) * sizeof *kept.columns);
    for (int i = 0; i < l->ncolumns; i++) {
        kept.columns[i] = l->columns[i];
        kept.columns[i].name = arena_strdup(a, l->columns[i].name);
    }
    return kept;
}

/* Columns as the message has them; what a message does not tell is taken from the catalog's column
 * of the same name and type. */
static void complete_columns(const struct layout *l, const struct described *d, struct relation *r,
                             struct arena *a)
{
    r->columns = arena_zalloc(a, ((size_t)l->ncolumns + 1) * sizeof *r->columns);
    for (int i = 0; i < l->ncolumns; i++) {
        const struct layout_column *c = &l->columns[i], *now = find_column(&d->layout, c->name);
        const struct column *known = relation_column(d->relation, c->name);
        const struct pg_type *type = pg_type_of(c->type, 0, 'b', "");
        if (now && known && now->type == c->type)
            r->columns[i] = *known;
        else
            r->columns[i] = (struct column){.type = "of another layout",
                                            .kind = pg_type_kind(type, c->modifier),
                                            .codec = type,
                                            .length = -1,
                                            .precision = -1,
                                            .scale = -1,
                                            .nullable = true};
        r->columns[i].name = c->name;
        r->columns[i].key = false;
    }
}

/* The key in the catalog's order, where the flagged columns are the same; else in column order. */
static void complete_key(const struct layout *l, const struct described *d, struct relation *r,
                         struct arena *a)
{
    r->key = arena_zalloc(a, ((size_t)l->ncolumns + 1) * sizeof *r->key);
    r->nkey = 0;
    for (int i = 0; i < d->relation->nkey; i++) {
        const char *name = d->relation->columns[d->relation->key[i]].name;
        int index = relation_column_index(r, name);
        if (index >= 0 && l->columns[index].key)
            r->key[r->nkey++] = index;
    }
    int flagged = 0;
    for (int i = 0; i < l->ncolumns; i++)
        flagged += l->columns[i].key;
    if (r->nkey != d->relation->nkey || (l->identity != 'f' && flagged != r->nkey)) {
        r->nkey = 0;
        for (int i = 0; i < l->ncolumns && l->identity != 'f'; i++)
            if (l->columns[i].key)
                r->key[r->nkey++] = i;
    }
    for (int i = 0; i < r->nkey; i++)
        r->columns[r->key[i]].key = true;
}

static const struct relation *relation_of(struct source *s, const struct layout *l,
                                          const struct described *d)
{
    bool full = l->identity == 'f';
    if (same_layout(l, &d->layout) && d->relation->full_before == full)
        return d->relation;
    struct relation *r = arena_zalloc(&s->arena, sizeof *r);
    *r = *d->relation;
    r->plan = NULL;
    r->version = pg_relation_version();
    r->full_before = full;
    if (same_layout(l, &d->layout))
        return r; /* REPLICA IDENTITY was set to or from FULL since */
    r->ncolumns = l->ncolumns;
    complete_columns(l, d, r, &s->arena);
    complete_key(l, d, r, &s->arena);
    return r;
}

/* Is what the catalog says still what it said at the start? Then the log is behind it. It may be so
 * too where columns have been appended since, and that passes. */
static enum status check_first_met(struct source *s, const struct layout *l,
                                   const struct described *d, struct failure *f)
{
    struct described *now;
    if (passes(s, l, &d->layout))
        return STATUS_OK;
    if (strcmp(l->name, d->layout.name) != 0 || strcmp(l->schema, d->layout.schema) != 0)
        return fail_altered(s, &d->layout, l, f);
    struct failure *kept = s->control->base.failure;
    s->control->base.failure = f;
    enum status status = describe(s, d->layout.schema, d->layout.name, &now);
    s->control->base.failure = kept;
    if (error_status(f->code) == STATUS_CONFIG && status != STATUS_OK)
        return fail_altered(s, &d->layout, l, f); /* dropped or renamed since */
    TRY(status);
    return passes(s, &now->layout, &d->layout) ? STATUS_OK : fail_altered(s, &d->layout, l, f);
}

static enum status learn(struct source *s, const struct layout *l, struct failure *f)
{
    struct described *d = find_described(s, l->oid);
    bool wanted = s->o.wanted(s->o.wanted_owner, l->schema, l->name);
    if (wanted && !d) {
        const struct relation *r; /* a table made again under its name, or new since the start */
        struct failure *kept = s->control->base.failure;
        s->control->base.failure = f;
        enum status status = tables_describe(s, l->schema, l->name, &r);
        s->control->base.failure = kept;
        TRY(status);
        d = find_described(s, l->oid);
        if (!d)
            return fail_altered(s, &tables_find(s, r)->layout, l, f);
    }
    if (d)
        TRY(check_first_met(s, l, d, f));
    struct met *m = arena_zalloc(&s->arena, sizeof *m);
    m->layout = keep_layout(l, &s->arena);
    m->wanted = wanted;
    m->ours = strcmp(l->schema, "millrace") == 0;
    if (wanted)
        m->relation = relation_of(s, &m->layout, d);
    HASH_ADD(hh, s->reading.met, layout.oid, sizeof m->layout.oid, m);
    return STATUS_OK;
}

static void say_appended(const struct source *s, const struct layout *l, const struct layout *old)
{
    if (l->ncolumns > old->ncolumns)
        log_info("link=%s msg=\"columns were appended to a table, the link goes on\" "
                 "table=%s.%s columns=%d",
                 s->o.link, l->schema, l->name, l->ncolumns - old->ncolumns);
}

/* A table met before. One that is not mapped may become what it likes, under its old name. */
static enum status met_again(struct source *s, struct met *m, const struct layout *l,
                             struct failure *f)
{
    if (same_layout(l, &m->layout) && l->identity == m->layout.identity)
        return STATUS_OK;
    if (m->wanted && !passes(s, l, &m->layout))
        return fail_altered(s, &m->layout, l, f);
    if (m->wanted)
        say_appended(s, l, &m->layout);
    s->reading.last = NULL;
    HASH_DEL(s->reading.met, m);
    return learn(s, l, f);
}

enum status tables_met(struct source *s, const struct pgoutput *m, struct failure *f)
{
    struct layout_column columns[PGOUTPUT_COLUMNS_MAX];
    struct layout l = read_layout(m, columns);
    struct met *met = tables_met_find(s, m->oid);
    return met ? met_again(s, met, &l, f) : learn(s, &l, f);
}

void tables_forget_met(struct source *s)
{
    HASH_CLEAR(hh, s->reading.met);
    s->reading.last = NULL;
}

void tables_free(struct source *s)
{
    tables_forget_met(s);
    HASH_CLEAR(hh, s->described);
}
