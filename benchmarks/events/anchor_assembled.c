/* The bare mirror, by hand for these tables: upserts by prepared statements, the view's query and
 * its list's, what was last emitted fetched, compared and stored; on disk, committed as often as
 * the mirror is, with the same durability. */
#include <string.h>

#include "anchor.h"
#include "base/buffer.h"
#include "base/clock.h"

struct bare {
    struct side *side;
    sqlite3 *db;
    sqlite3_stmt *put_head, *put_line, *view, *list, *get, *put, *position;
    struct buffer bytes; /* of the object */
    int64_t changes, committed_us;
};

static const char tables[] =
    "pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full;"
    "pragma cache_size = -16384;"
    "create table order_head (id primary key, name, product_id, qty, state, due, origin)"
    " without rowid;"
    "create table order_line (id primary key, order_id, product_id, qty, uom_id, state)"
    " without rowid;"
    "create index order_line_order on order_line (order_id);"
    "create table product (id primary key, code, uom_id) without rowid;"
    "create table uom (id primary key, name) without rowid;"
    "create table emitted (id primary key, bytes) without rowid;"
    "create table state (name primary key, value) without rowid; begin immediate";

/* ---- opening ---- */

static void fill(struct bare *b, const char *sql, struct value *(*row)(struct scene *, int), int n,
                 int columns)
{
    char room[TIME_BYTES];
    sqlite3_stmt *insert = anchor_prepare(b->db, sql);
    for (int id = 1; id <= n; id++) {
        const struct value *v = row(b->side->scene, id);
        for (int i = 0; i < columns; i++)
            anchor_bind(insert, i + 1, &v[i], room);
        anchor_run(insert);
    }
    sqlite3_finalize(insert);
}

static void prepare(struct bare *b)
{
    b->put_head = anchor_prepare(
        b->db, "insert into order_head values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict do update"
               " set name = ?2, product_id = ?3, qty = ?4, state = ?5, due = ?6, origin = ?7");
    b->put_line = anchor_prepare(
        b->db, "insert into order_line values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do update"
               " set product_id = ?3, qty = ?4, uom_id = ?5, state = ?6");
    b->view = anchor_prepare(b->db, assembled_event.sql);
    b->list = anchor_prepare(
        b->db, sqlite3_mprintf("%s order by l.id", assembled_event.lists[0].sql));
    b->get = anchor_prepare(b->db, "select bytes from emitted where id = ?1");
    b->put = anchor_prepare(b->db, "insert or replace into emitted values (?1, ?2)");
    b->position = anchor_prepare(b->db, "insert or replace into state values ('position', ?1)");
}

static void open_bare(struct bare *b, struct side *s)
{
    *b = (struct bare){.side = s, .db = anchor_open(s, s->path)};
    buffer_init(&b->bytes, 1 << 20);
    anchor_exec(b->db, tables);
    fill(b, "insert into product values (?1, ?2, ?3)", scene_product, PRODUCTS, 3);
    fill(b, "insert into uom values (?1, ?2)", scene_uom, UOMS, 2);
    anchor_exec(b->db, "commit; begin immediate");
    prepare(b);
    b->committed_us = clock_monotonic_us();
}

static void close_bare(struct bare *b)
{
    sqlite3_stmt *all[] = {b->put_head, b->put_line, b->view,    b->list,
                           b->get,      b->put,      b->position};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        sqlite3_finalize(all[i]);
    sqlite3_close(b->db);
    buffer_free(&b->bytes);
}

/* ---- a transaction ---- */

static void put_row(struct bare *b, const struct change *c)
{
    char room[TIME_BYTES];
    sqlite3_stmt *put = c->relation == &order_head ? b->put_head : b->put_line;
    for (int i = 0; i < c->relation->ncolumns; i++)
        anchor_bind(put, i + 1, &c->after[i], room);
    anchor_run(put);
}

/* Into the bytes that are stored, and into the sum. */
static void take_row(struct bare *b, sqlite3_stmt *statement)
{
    int n = sqlite3_column_count(statement);
    for (int i = 0; i < n; i++) {
        struct value v = anchor_column(statement, i);
        sum_value(&b->side->sum, &v);
        buffer_add_char(&b->bytes, (char)v.kind);
        if (v.kind == VALUE_INT)
            buffer_add(&b->bytes, &v.i, sizeof v.i);
        if (v.kind != VALUE_TEXT)
            continue;
        buffer_add(&b->bytes, &v.size, sizeof v.size);
        buffer_add(&b->bytes, v.text, v.size);
    }
}

static void ask(struct bare *b, int64_t id)
{
    buffer_clear(&b->bytes);
    sqlite3_bind_int64(b->view, 1, id);
    must(anchor_step(b->view));
    take_row(b, b->view);
    sqlite3_reset(b->view);
    sqlite3_bind_int64(b->list, 1, id);
    while (anchor_step(b->list))
        take_row(b, b->list);
    sqlite3_reset(b->list);
}

static bool is_as_emitted(struct bare *b, int64_t id)
{
    sqlite3_bind_int64(b->get, 1, id);
    bool same = anchor_step(b->get) &&
                (size_t)sqlite3_column_bytes(b->get, 0) == b->bytes.size &&
                memcmp(sqlite3_column_blob(b->get, 0), b->bytes.data, b->bytes.size) == 0;
    sqlite3_reset(b->get);
    return same;
}

static void emit(struct bare *b, int64_t id)
{
    ask(b, id);
    must(!is_as_emitted(b, id)); /* all of these differ */
    sqlite3_bind_int64(b->put, 1, id);
    sqlite3_bind_blob(b->put, 2, b->bytes.data, (int)b->bytes.size, SQLITE_STATIC);
    anchor_run(b->put);
    sum_end(&b->side->sum);
}

static void commit(struct bare *b, int position)
{
    sqlite3_bind_int64(b->position, 1, position);
    anchor_run(b->position);
    anchor_exec(b->db, "commit; begin immediate");
    b->changes = 0;
    b->committed_us = clock_monotonic_us();
}

static void pass(struct bare *b, int i)
{
    const struct transaction *t = &b->side->scene->transactions[i];
    for (uint32_t c = 0; c < t->n; c++)
        put_row(b, &t->changes[c]);
    emit(b, t->changes[0].after[0].i);
    b->changes += t->n;
    if (b->changes >= COMMIT_ROWS || clock_monotonic_us() - b->committed_us >= COMMIT_US)
        commit(b, i + 1);
}

void assembled_anchor_run(struct side *s)
{
    struct bare b;
    open_bare(&b, s);
    double began = side_cpu_seconds();
    for (int i = 0; i < s->scene->ntransactions; i++)
        pass(&b, i);
    commit(&b, s->scene->ntransactions);
    s->seconds = side_cpu_seconds() - began;
    close_bare(&b);
}
