/* Who is who: ids of the two systems and of the link. Each database that we write to holds its own
 * id; a source that we may not write to has its id in millrace.link of the target. */
#include <stdlib.h>
#include <string.h>
#include "link/internal.h"
#include "state/sql.h"

/* The id that the source database holds, if it has one that we may read. */
static int64_t source_own_id(struct attempt *a)
{
    struct session *s = a->source_driver->session(a->source);
    struct rows rows;
    struct failure kept = a->failure;
    int64_t id = 0;
    if (session_query(s, &a->arena, &rows, "SELECT id FROM millrace.system", 0, NULL) ==
            STATUS_OK &&
        rows.nrows == 1)
        id = strtoll(rows_cell(&rows, 0, 0), NULL, 10);
    a->failure = kept;
    return id;
}

/* Where the source is also written to (a pair), its id is drawn there, by the role that writes. */
static enum status source_id_as_writer(struct attempt *a)
{
    struct session *s = NULL;
    TRY(session_open(&a->lc->from->apply, "millrace", &a->wake, &a->failure, &s));
    enum status status = state_prepare(s, &a->failure);
    if (status == STATUS_OK)
        status = state_system_id(s, &a->source_id, &a->failure);
    session_close(s);
    return status;
}

static enum status source_id_kept_at_target(struct attempt *a, struct session *target)
{
    struct rows rows;
    TRY(session_run(target, &a->arena, &rows, 1, "SELECT source FROM millrace.link WHERE name = ?",
                    a->lc->name));
    if (rows.nrows == 1)
        return sql_read_int(rows_cell(&rows, 0, 0), &a->source_id, &a->failure);
    return sql_draw_id(&a->source_id, &a->failure);
}

static enum status settle_source(struct attempt *a, struct session *target)
{
    const struct system *from = a->lc->from;
    if (from->id) {
        a->source_id = from->id;
        return STATUS_OK;
    }
    if (from->has_apply)
        return source_id_as_writer(a);
    a->source_id = source_own_id(a);
    return a->source_id ? STATUS_OK : source_id_kept_at_target(a, target);
}

enum status ids_settle(struct attempt *a, struct session *target)
{
    struct source_identity identity = {0};
    if (!target) { /* a null sink keeps nothing */
        a->source_id = 1;
        a->target_id = 2;
        a->link_id = 1;
        return STATUS_OK;
    }
    TRY(state_system_id(target, &a->target_id, &a->failure));
    TRY(settle_source(a, target));
    if (a->source_id == a->target_id)
        return fail(&a->failure, ERROR_CONFIG,
                    "systems %s and %s hold the same id %lld in millrace.system: one is a copy of "
                    "the other; delete the row in the copy (DELETE FROM millrace.system)",
                    a->lc->from->name, a->lc->to->name, (long long)a->source_id);
    TRY(a->source_driver->identity(a->source, &identity));
    return state_link_id(target, a->lc->name, a->lc->was, a->source_id, identity.text, &a->link_id,
                         &a->failure);
}
