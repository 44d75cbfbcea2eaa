/* When the mirror is committed, and taken back. */
#include <string.h>

#include "base/clock.h"
#include "transforms/mirror/internal.h"

enum { COMMIT_ROWS = 50000, COMMIT_MS = 1000 };

enum status mirror_start_transaction(struct mirror *m, struct failure *f)
{
    m->changes = 0;
    m->must_commit = false;
    m->committed_us = clock_monotonic_us();
    return db_exec(m->db, f, "begin immediate");
}

static bool is_committed(const struct mirror *m)
{
    const char *at = mirror_position(m), *committed = mirror_committed(m);
    return m->changes == 0 && !m->must_commit && (!at || (committed && strcmp(at, committed) == 0));
}

/* A position alone counts too: the source keeps its log until it is committed. */
bool mirror_wants_commit(const struct mirror *m)
{
    uint32_t rows = m->options.commit_rows ? m->options.commit_rows : COMMIT_ROWS;
    int64_t ms = m->options.commit_ms ? m->options.commit_ms : COMMIT_MS;
    if (is_committed(m))
        return false;
    return m->must_commit || m->changes >= rows ||
           clock_monotonic_us() - m->committed_us >= 1000 * ms;
}

/* The one rule that everything rests on: never ahead of the target. */
static bool may_commit(const struct mirror *m, const char *durable)
{
    const char *at = mirror_position(m);
    if (m->phase != PHASE_IDLE)
        return false;
    if (!at)
        return true;
    enum position_order o = durable ? mirror_order(m, at, durable) : POSITION_AFTER;
    return o == POSITION_BEFORE || o == POSITION_EQUAL;
}

enum status mirror_commit(struct mirror *m, const char *durable, bool *committed,
                          struct failure *f)
{
    must(!m->plan_changed);
    *committed = may_commit(m, durable);
    if (!*committed || is_committed(m))
        return STATUS_OK;
    TRY(file_set_position(m, f));
    TRY(db_exec(m->db, f, "commit"));
    mirror_set_text(&m->committed, mirror_text(&m->position));
    return mirror_start_transaction(m, f);
}

static void reset_statements(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    while (db && (statement = sqlite3_next_stmt(db, statement)))
        sqlite3_reset(statement);
}

static void forget_transaction(struct mirror *m)
{
    m->phase = PHASE_IDLE;
    m->resumed = false;
    for (int i = 0; i < m->views->ntables; i++)
        m->tables[i].parked = 0;
    mirror_forget_collected(m);
}

enum status mirror_rollback(struct mirror *m, struct failure *f)
{
    must(!m->plan_changed);
    reset_statements(m->db);
    reset_statements(m->rows);
    if (!sqlite3_get_autocommit(m->db))
        TRY(db_exec(m->db, f, "rollback"));
    forget_transaction(m);
    TRY(file_load(m, f));
    return mirror_start_transaction(m, f);
}
