/* checkpoint.c: the last checkpoint, trimming, held rows, and forgetting a link. */
#include "state/checkpoint.h"

#include <inttypes.h>
#include <string.h>
#include "state/sql.h"

enum status state_try_lock(struct session *s, int64_t link, bool *locked, struct failure *f)
{
    struct rows rows;
    struct arena a;
    arena_init(&a);
    enum status status =
        SQL_RUN(s, &a, &rows, f,
                sql_is_postgres(s) ? "SELECT CASE WHEN pg_try_advisory_lock(?) THEN 1 ELSE 0 END"
                                   : "SELECT GET_LOCK(CONCAT('millrace:', ?), 0)",
                sql_int(link).text);
    *locked = status == STATUS_OK && rows.nrows == 1 && rows_cell(&rows, 0, 0) &&
              *rows_cell(&rows, 0, 0) == '1';
    arena_free(&a);
    return status;
}

static enum status read_plan(const char *hex, struct arena *a,
                             unsigned char plan[PLAN_HASH_BYTES], struct failure *f)
{
    const void *bytes = NULL;
    size_t size = 0;
    if (sql_read_hex(hex, a, &bytes, &size, f) != STATUS_OK || size != PLAN_HASH_BYTES)
        return fail(f, ERROR_PROTOCOL,
                    "millrace.checkpoint holds a plan hash that is none; "
                    "was it edited by hand?");
    memcpy(plan, bytes, PLAN_HASH_BYTES);
    return STATUS_OK;
}

enum status state_last(struct session *s, int64_t link, int32_t lane, struct arena *a,
                       struct last_checkpoint *last, struct failure *f)
{
    static const char *const postgres =
        "SELECT seq, writer, position, root, path, encode(plan, 'hex') FROM millrace.checkpoint "
        "WHERE link = ? AND lane = ? ORDER BY seq DESC LIMIT 1";
    static const char *const mysql =
        "SELECT seq, writer, position, root, path, HEX(plan) FROM millrace.checkpoint "
        "WHERE link = ? AND lane = ? ORDER BY seq DESC LIMIT 1";
    struct rows rows;
    *last = (struct last_checkpoint){0};
    TRY(SQL_RUN(s, a, &rows, f, sql_is_postgres(s) ? postgres : mysql, sql_int(link).text,
                sql_int(lane).text));
    if (rows.nrows == 0)
        return STATUS_OK;
    last->exists = true;
    last->position = rows_cell(&rows, 0, 2);
    last->root = rows_cell(&rows, 0, 3);
    last->path = rows_cell(&rows, 0, 4);
    TRY(sql_read_int(rows_cell(&rows, 0, 0), &last->seq, f));
    TRY(sql_read_int(rows_cell(&rows, 0, 1), &last->writer, f));
    return read_plan(rows_cell(&rows, 0, 5), a, last->plan, f);
}

enum { CHECKPOINTS_KEPT = 100 };

/* Where trimming begins is not known after a start: the oldest row tells, once. With both bounds a
 * range never walks over what was deleted before (dead rows stay while a snapshot is open). */
static enum status find_low(struct session *s, struct arena *a, int64_t link, int32_t lane,
                            int64_t *low, struct failure *f)
{
    struct rows rows;
    TRY(SQL_RUN(s, a, &rows, f,
                "SELECT seq FROM millrace.checkpoint WHERE link = ? AND lane = ? ORDER BY seq "
                "LIMIT 1",
                sql_int(link).text, sql_int(lane).text));
    return rows.nrows == 0 ? STATUS_OK : sql_read_int(rows_cell(&rows, 0, 0), low, f);
}

enum status state_trim(struct session *s, int64_t link, int32_t lane, int64_t *low, int64_t seq,
                       struct failure *f)
{
    int64_t from = *low, to = seq - CHECKPOINTS_KEPT;
    if (from <= 0) {
        struct arena a;
        arena_init(&a);
        enum status status = find_low(s, &a, link, lane, &from, f);
        arena_free(&a);
        TRY(status);
    }
    if (to <= from)
        return STATUS_OK;
    TRY(SQL_RUN(s, NULL, NULL, f,
                "DELETE FROM millrace.checkpoint WHERE link = ? AND lane = ? AND seq >= ? "
                "AND seq < ?",
                sql_int(link).text, sql_int(lane).text, sql_int(from).text, sql_int(to).text));
    *low = to;
    return STATUS_OK;
}

enum status state_hold(struct session *s, int64_t link, const char *position,
                       const char *relation, const char *op, const char *before, const char *after,
                       struct failure *f)
{
    return SQL_RUN(s, NULL, NULL, f,
                   "INSERT INTO millrace.held (link, position, tab, op, reason, before_row, "
                   "after_row) VALUES (?, ?, ?, ?, 'skipped', ?, ?)",
                   sql_int(link).text, position, relation, op, before, after);
}

enum status state_hold_position(struct session *s, int64_t link, const char *position,
                                struct failure *f)
{
    return SQL_RUN(s, NULL, NULL, f,
                   "UPDATE millrace.held SET position = ? WHERE link = ? AND position = ''",
                   position, sql_int(link).text);
}

static enum status forget_rows(struct session *s, int64_t link, struct failure *f)
{
    static const char *const statements[] = {
        "DELETE FROM millrace.chunk WHERE link = ?",
        "DELETE FROM millrace.held WHERE link = ?",
        "DELETE FROM millrace.checkpoint WHERE link = ?",
        "DELETE FROM millrace.link WHERE id = ?",
    };
    TRY(sql_run(s, NULL, NULL, f, "START TRANSACTION", 0, NULL));
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        TRY(SQL_RUN(s, NULL, NULL, f, statements[i], sql_int(link).text));
    return sql_run(s, NULL, NULL, f, "COMMIT", 0, NULL);
}

enum status state_forget_link(struct session *s, int64_t link, struct failure *f)
{
    enum status status = forget_rows(s, link, f);
    if (status != STATUS_OK)
        sql_roll_back(s);
    return status;
}
