/* Consistent views for the first copy.
 *
 * MariaDB. START TRANSACTION WITH CONSISTENT SNAPSHOT notes the place in the binlog at which its
 * view stands (binlog_snapshot_file, _position): exact. Readers that open together on a busy server
 * may stand at different places: again, and after some tries with fewer of them.
 *
 * MySQL has no such note. With GTIDs, and a key in every table, each view lies between two
 * positions, and the link streams from one to the other (link/copy.c):
 *   low   is executed before the first view is opened. A transaction's GTID enters gtid_executed
 *         after its commit in the engine, so each view holds all of `low`.
 *   high  is `low` and all that the log holds at some moment after the last view was opened, read
 *         from the log itself. What a view shows was committed in the engine before that moment,
 *         and was in the log before that (a commit writes the log first, and lets readers of the
 *         log see it before the engine commits): so `high` holds all that any view shows. And it is
 *         just how far a stream from `low` comes, whatever the order of commits in gtid_executed.
 *
 * MySQL without GTIDs, with a table without a key, or where the target's foreign keys hold (a
 * stream between two positions would write children before their parents are copied): the mapped
 * tables are locked against writes for the moment in which the views are opened. A writer keeps its
 * metadata lock until its commit is in the engine and in gtid_executed, so then nothing of these
 * tables is on its way: exact.
 */
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "mysql/internal.h"

enum {
    TRIES_PER_READER = 20,
    RETRY_MS = 20,
    BEHIND_TRIES = 200, /* of 50 ms */
    BEHIND_MS = 50,
    LOCK_TRIES = 60,
    LOCK_RETRY_MS = 1000,
    EXECUTED_WAIT_S = 10,
    SQL_BYTES_MAX = 1 << 24,
};

struct view {
    struct my *my;
    struct chunk_reader chunk;
};

struct snapshot {
    struct source *source;
    struct arena arena;
    const char *low, *high;
    int nreaders;
    struct view *readers;
};

int my_snapshot_readers(struct snapshot *p)
{
    return p->nreaders;
}

const char *my_snapshot_low(struct snapshot *p)
{
    return p->low;
}

const char *my_snapshot_high(struct snapshot *p)
{
    return p->high;
}

struct my *my_snapshot_reader(struct snapshot *p, int reader)
{
    return p->readers[reader].my;
}

struct chunk_reader *my_snapshot_chunk(struct snapshot *p, int reader)
{
    return &p->readers[reader].chunk;
}

static void close_reader(struct view *v)
{
    my_chunk_close(&v->chunk);
    my_close(v->my);
    v->my = NULL;
}

void my_snapshot_close(struct snapshot *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->nreaders; i++)
        close_reader(&p->readers[i]);
    free(p->readers);
    arena_free(&p->arena);
    free(p);
}

static struct failure *failure(struct snapshot *p)
{
    return p->source->options.failure;
}

static enum status pause_for(struct snapshot *p, int ms)
{
    if (wake_poll(p->source->options.wake, -1, 0, ms) < 0)
        return fail(failure(p), ERROR_STOPPED, "asked to stop");
    return STATUS_OK;
}

/* ---- readers ---- */

/* The sink's pace is not the source's business: a reader may wait for it. */
static enum status open_reader(struct snapshot *p, struct view *v)
{
    const struct source_options *o = &p->source->options;
    TRY(my_open(o->endpoint, o->wake, o->failure, &v->my));
    struct session *s = my_session(v->my);
    TRY(session_run(s, NULL, NULL, 0, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"));
    TRY(session_run(s, NULL, NULL, 0, "SET SESSION net_write_timeout=86400"));
    if (v->my->mariadb)
        TRY(session_run(s, NULL, NULL, 0,
                        "SET SESSION idle_transaction_timeout=0,"
                        " idle_readonly_transaction_timeout=0"));
    return STATUS_OK;
}

static enum status open_readers(struct snapshot *p)
{
    for (int i = 0; i < p->nreaders; i++)
        TRY(open_reader(p, &p->readers[i]));
    return STATUS_OK;
}

/* All at once: asked first, then waited for. */
static enum status begin_views(struct snapshot *p)
{
    static const char sql[] = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
    for (int i = 0; i < p->nreaders; i++)
        if (mysql_send_query(p->readers[i].my->conn, sql, sizeof sql - 1))
            return my_fail(p->readers[i].my, "opening a consistent snapshot");
    for (int i = 0; i < p->nreaders; i++)
        if (mysql_read_query_result(p->readers[i].my->conn))
            return my_fail(p->readers[i].my, "opening a consistent snapshot");
    return STATUS_OK;
}

static enum status end_views(struct snapshot *p)
{
    for (int i = 0; i < p->nreaders; i++)
        TRY(session_run(my_session(p->readers[i].my), NULL, NULL, 0, "ROLLBACK"));
    return STATUS_OK;
}

/* ---- MariaDB ---- */

static enum status place_of(struct snapshot *p, int reader, struct file_position *out)
{
    struct rows rows;
    *out = (struct file_position){0};
    TRY(session_run(my_session(p->readers[reader].my), &p->arena, &rows, 0,
                    "SHOW STATUS WHERE Variable_name IN ('Binlog_snapshot_file',"
                    " 'Binlog_snapshot_position')"));
    if (rows.nrows != 2 || !*rows_cell(&rows, 0, 1))
        return fail(failure(p), ERROR_SETTING,
                    "%s: the server does not say where in the binlog a snapshot stands: is log_bin "
                    "off?",
                    p->source->my->base.system);
    snprintf(out->file, sizeof out->file, "%s", rows_cell(&rows, 0, 1));
    out->offset = strtoull(rows_cell(&rows, 1, 1), NULL, 10);
    return STATUS_OK;
}

static enum status stand_together(struct snapshot *p, bool *together, struct file_position *first)
{
    *together = true;
    TRY(place_of(p, 0, first));
    for (int i = 1; i < p->nreaders && *together; i++) {
        struct file_position other;
        TRY(place_of(p, i, &other));
        *together = other.offset == first->offset && strcmp(other.file, first->file) == 0;
    }
    return STATUS_OK;
}

static enum status views_at_one_place(struct snapshot *p, struct file_position *place)
{
    bool together = false;
    for (int tries = 0; !together; tries++) {
        if (tries == TRIES_PER_READER && p->nreaders > 1) {
            close_reader(&p->readers[--p->nreaders]);
            tries = 0;
        }
        if (tries > 0) {
            TRY(end_views(p));
            TRY(pause_for(p, RETRY_MS));
        }
        TRY(begin_views(p));
        TRY(stand_together(p, &together, place));
    }
    return STATUS_OK;
}

static enum status gtid_of_place(struct snapshot *p, const struct file_position *place,
                                 const char **out)
{
    struct rows rows;
    const char *offset = arena_format(&p->arena, "%llu", (unsigned long long)place->offset);
    TRY(session_run(my_session(p->source->my), &p->arena, &rows, 2, "SELECT BINLOG_GTID_POS(?, ?)",
                    place->file, offset));
    if (!rows_cell(&rows, 0, 0))
        return fail(failure(p), ERROR_SERVER_BUSY,
                    "%s: the binlog %s of a snapshot is gone already: trying again",
                    p->source->my->base.system, place->file);
    return position_normal(rows_cell(&rows, 0, 0), true, &p->arena, out, failure(p));
}

static bool includes(const char *position, const char *from)
{
    if (!from)
        return true;
    enum position_order order = position_compare(from, position);
    return order == POSITION_BEFORE || order == POSITION_EQUAL;
}

/* The link has read the log up to `from`, and the engine may lag behind the log by a moment. */
static enum status open_mariadb(struct snapshot *p, const char *from)
{
    struct file_position place;
    for (int i = 0; i < BEHIND_TRIES; i++) {
        TRY(views_at_one_place(p, &place));
        TRY(gtid_of_place(p, &place, &p->low));
        p->high = p->low;
        if (includes(p->low, from))
            return STATUS_OK;
        TRY(end_views(p));
        TRY(pause_for(p, BEHIND_MS));
    }
    return fail(failure(p), ERROR_POSITION_LOST,
                "%s: a new snapshot stands at %s, which does not include the link's position %s: "
                "the server was restored or failed over; remove the link and copy again",
                p->source->my->base.system, p->low, from);
}

/* ---- MySQL, between two positions ---- */

static enum status wait_executed(struct snapshot *p, const char *set)
{
    struct rows rows;
    if (position_form(set) == POSITION_NONE)
        return STATUS_OK;
    const char *seconds = arena_format(&p->arena, "%d", EXECUTED_WAIT_S);
    TRY(session_run(my_session(p->source->my), &p->arena, &rows, 2,
                    "SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?)", set, seconds));
    if (rows_cell(&rows, 0, 0) && strcmp(rows_cell(&rows, 0, 0), "0") == 0)
        return STATUS_OK;
    return fail(failure(p), ERROR_SERVER_BUSY,
                "%s: the server has not executed %s within %s s: trying again",
                p->source->my->base.system, set, seconds);
}

static enum status open_between(struct snapshot *p, const char *from)
{
    if (from)
        p->low = arena_strdup(&p->arena, from);
    else
        TRY(position_end(p->source, p->source->my, &p->arena, &p->low));
    TRY(wait_executed(p, p->low));
    TRY(begin_views(p));
    return dump_log_end(p->source, p->low, &p->arena, &p->high);
}

/* ---- MySQL, under a short lock ---- */

static void write_lock(const struct source *s, struct buffer *sql)
{
    buffer_add_text(sql, "LOCK TABLES ");
    for (int i = 0; i < s->ntables; i++) {
        if (i > 0)
            buffer_add_text(sql, ", ");
        my_add_name(sql, s->tables[i].schema);
        buffer_add_char(sql, '.');
        my_add_name(sql, s->tables[i].name);
        buffer_add_text(sql, " READ");
    }
}

/* A waiting lock makes writers wait behind it: never longer than a second. */
static enum status lock_tables(struct snapshot *p, struct my *my)
{
    struct buffer sql;
    enum status status = my_exec(my, "SET SESSION lock_wait_timeout=1", 31, NULL);
    buffer_init(&sql, SQL_BYTES_MAX);
    write_lock(p->source, &sql);
    for (int i = 0; status == STATUS_OK && i < LOCK_TRIES; i++) {
        status = my_exec(my, sql.data, sql.size, NULL);
        if (status == STATUS_OK || failure(p)->code != ERROR_LOCK_WAIT || i + 1 == LOCK_TRIES)
            break;
        if (i == 0)
            log_info("link=%s msg=\"waiting for a moment without writers on the mapped tables\"",
                     p->source->options.link);
        status = pause_for(p, LOCK_RETRY_MS);
    }
    buffer_free(&sql);
    return status;
}

static enum status views_under_lock(struct snapshot *p, struct my *lock)
{
    TRY(lock_tables(p, lock));
    TRY(begin_views(p));
    TRY(position_end(p->source, p->source->my, &p->arena, &p->low));
    p->high = p->low;
    return STATUS_OK;
}

static enum status open_locked(struct snapshot *p, const char *from)
{
    struct my *lock;
    const struct source_options *o = &p->source->options;
    if (from && p->source->gtids)
        TRY(wait_executed(p, from));
    TRY(my_open(o->endpoint, o->wake, o->failure, &lock));
    enum status status = views_under_lock(p, lock);
    if (status != STATUS_OK && failure(p)->code == ERROR_PRIVILEGE)
        fail_in(failure(p), "GRANT LOCK TABLES to this user: a table has no key, foreign keys hold "
                            "at the target, or the server has no GTIDs");
    my_close(lock); /* and the lock with it */
    return status;
}

/* ---- either ---- */

static enum status all_have_keys(struct snapshot *p, bool *yes)
{
    struct source *s = p->source;
    *yes = true;
    for (int i = 0; i < s->ntables && *yes; i++) {
        const struct relation *r;
        TRY(mysql_source_driver.describe(s, s->tables[i].schema, s->tables[i].name, &r));
        *yes = r->nkey > 0;
    }
    return STATUS_OK;
}

static enum status open_views(struct snapshot *p, const char *from, bool exact)
{
    bool keys;
    TRY(open_readers(p));
    if (p->source->mariadb)
        return open_mariadb(p, from);
    TRY(all_have_keys(p, &keys));
    return keys && p->source->gtids && !exact ? open_between(p, from) : open_locked(p, from);
}

enum status my_snapshot_open(struct source *s, int readers, const char *from, bool exact,
                             struct snapshot **out)
{
    *out = NULL;
    struct snapshot *p = calloc(1, sizeof *p);
    must(p && readers > 0);
    p->source = s;
    p->nreaders = readers;
    arena_init(&p->arena);
    p->readers = calloc((size_t)readers, sizeof *p->readers);
    must(p->readers);
    enum status status = open_views(p, from, exact);
    if (status != STATUS_OK) {
        my_snapshot_close(p);
        return status;
    }
    log_info("link=%s msg=\"views opened\" readers=%d low=%s high=%s", s->options.link, p->nreaders,
             p->low, p->high);
    *out = p;
    return STATUS_OK;
}
