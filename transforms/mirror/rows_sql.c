/* The statements over a mirrored table, and over the one for rows that are pushed aside. */
#include <string.h>

#include "transforms/mirror/internal.h"

enum { SQL_MAX = 1024 * 1024 };

/* "a" = ?1 and "b" = ?2 */
static void add_key_condition(struct buffer *b, const struct kept *k)
{
    for (int i = 0; i < k->nkey; i++) {
        buffer_add_text(b, i ? " and " : " where ");
        db_add_name(b, kept_name(k, i));
        buffer_add_format(b, " = ?%d", i + 1);
    }
}

static void add_columns(struct buffer *b, const struct kept *k)
{
    for (int i = 0; i < k->ncolumns; i++) {
        buffer_add_text(b, i ? ", " : "");
        db_add_name(b, kept_name(k, i));
    }
}

static void add_table(struct buffer *b, const struct kept *k, bool parked)
{
    buffer_add_text(b, parked ? "temp." : "main.");
    db_add_own_name(b, parked ? "parked:" : "", k->relation->name);
}

static enum status prepare_text(struct mirror *m, struct buffer *b, sqlite3_stmt **out,
                                struct failure *f)
{
    enum status status = db_prepare(m->db, buffer_text(b), out, f);
    buffer_clear(b);
    return status;
}

static void add_insert(struct buffer *b, const struct kept *k)
{
    buffer_add_text(b, "insert into ");
    add_table(b, k, false);
    buffer_add_text(b, " values (");
    for (int i = 0; i < k->ncolumns; i++)
        buffer_add_format(b, "%s?%d", i ? ", " : "", i + 1);
    buffer_add_text(b, ")");
}

/* All columns, or those that no index has: SQLite writes an index again where a column of it is
 * named, also if it is the same. False where there is nothing to set. */
static bool add_update(struct buffer *b, const struct table *t, bool all)
{
    const struct kept *k = t->kept;
    int n = 0;
    buffer_add_text(b, "update ");
    add_table(b, k, false);
    for (int i = k->nkey; i < k->ncolumns; i++) {
        if (t->indexed[i] && !all)
            continue;
        buffer_add_text(b, n++ ? ", " : " set ");
        db_add_name(b, kept_name(k, i));
        buffer_add_format(b, " = ?%d", i + 1);
    }
    add_key_condition(b, k);
    return n > 0;
}

static void find_indexed(struct mirror *m, struct table *t, struct buffer *b)
{
    const struct kept *k = t->kept;
    t->indexed = arena_zalloc(&m->arena, (size_t)k->ncolumns * sizeof *t->indexed);
    for (int i = 0; i < k->ncolumns; i++) {
        db_add_name(b, kept_name(k, i));
        for (int j = 0; j < k->nindexes; j++)
            t->indexed[i] |= strstr(k->indexes[j], buffer_text(b)) != NULL;
        buffer_clear(b);
    }
}

static enum status prepare_update(struct mirror *m, struct table *t, bool all, struct buffer *b,
                                  sqlite3_stmt **out, struct failure *f)
{
    if (add_update(b, t, all))
        return prepare_text(m, b, out, f);
    buffer_clear(b);
    return STATUS_OK;
}

static void add_get(struct buffer *b, const struct kept *k, bool parked)
{
    buffer_add_text(b, "select ");
    add_columns(b, k);
    buffer_add_text(b, " from ");
    add_table(b, k, parked);
    add_key_condition(b, k);
}

static void add_delete(struct buffer *b, const struct kept *k, bool parked)
{
    buffer_add_text(b, "delete from ");
    add_table(b, k, parked);
    add_key_condition(b, k);
}

static enum status prepare_parking(struct mirror *m, struct table *t, struct buffer *b,
                                   struct failure *f)
{
    const struct kept *k = t->kept;
    buffer_add_text(b, "insert into ");
    add_table(b, k, true);
    buffer_add_text(b, " select * from ");
    add_table(b, k, false);
    add_key_condition(b, k);
    TRY(prepare_text(m, b, &t->park, f));
    add_get(b, k, true);
    TRY(prepare_text(m, b, &t->parked_get, f));
    add_delete(b, k, true);
    TRY(prepare_text(m, b, &t->parked_delete, f));
    buffer_add_text(b, "delete from ");
    add_table(b, k, true);
    return prepare_text(m, b, &t->parked_clear, f);
}

static enum status prepare_all(struct mirror *m, struct table *t, struct buffer *b,
                               struct failure *f)
{
    const struct kept *k = t->kept;
    add_insert(b, k);
    TRY(prepare_text(m, b, &t->insert, f));
    find_indexed(m, t, b);
    TRY(prepare_update(m, t, true, b, &t->update, f));
    TRY(prepare_update(m, t, false, b, &t->update_rest, f));
    add_delete(b, k, false);
    TRY(prepare_text(m, b, &t->delete, f));
    add_get(b, k, false);
    TRY(prepare_text(m, b, &t->get, f));
    buffer_add_text(b, "delete from ");
    add_table(b, k, false);
    TRY(prepare_text(m, b, &t->clear, f));
    return prepare_parking(m, t, b, f);
}

enum status rows_prepare(struct mirror *m, struct table *t, struct failure *f)
{
    struct buffer b;
    buffer_init(&b, SQL_MAX);
    enum status status = prepare_all(m, t, &b, f);
    buffer_free(&b);
    return status;
}
