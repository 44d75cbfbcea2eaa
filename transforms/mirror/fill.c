/* The first copy: rows enter without emitting; with the last table of an event it begins. */
#include <string.h>

#include "transforms/mirror/internal.h"

static struct table *table_of(struct mirror *m, const struct relation *r)
{
    for (int i = 0; i < views_ntables(m->views); i++) {
        const struct relation *kept = m->views->tables[i].relation;
        if (strcmp(kept->name, r->name) == 0 && strcmp(kept->schema, r->schema) == 0)
            return &m->tables[i];
    }
    return NULL;
}

bool mirror_is_complete(const struct mirror *m, int i)
{
    return m->tables[i].complete;
}

static enum status check_whole(const struct table *t, const struct value *row, struct failure *f)
{
    for (int i = 0; i < t->kept->ncolumns; i++)
        if (row[i].kind == VALUE_ABSENT)
            return fail(f, ERROR_ROW_IMAGE, "table %s.%s: a row of the copy lacks column %s",
                        t->kept->relation->schema, t->kept->relation->name,
                        t->kept->relation->columns[t->kept->columns[i]].name);
    return STATUS_OK;
}

enum status mirror_fill(struct mirror *m, const struct relation *relation, const struct value *row,
                        struct failure *f)
{
    const struct value *laid;
    struct table *t = table_of(m, relation);
    must(m->phase == PHASE_IDLE && t && !t->complete);
    arena_reset(&m->scratch);
    m->changes++;
    TRY(rows_bind(m, t, relation, f));
    if (rows_lay(m, t, row, &laid, f) != STATUS_OK)
        return fail_in(f, "table %s.%s", relation->schema, relation->name);
    TRY(check_whole(t, laid, f));
    return rows_put(m, t, laid, f);
}

static bool is_waiting(const struct mirror *m, const struct event_run *e)
{
    if (e->active)
        return false;
    for (int i = 0; i < m->views->ntables; i++)
        if (e->view->tables[i] && !m->tables[i].complete)
            return false;
    return true;
}

enum status fill_touch_baseline(struct mirror *m, bool *any, struct failure *f)
{
    *any = false;
    for (int i = 0; i < m->views->nviews; i++) {
        struct event_run *e = &m->events[i];
        if (!is_waiting(m, e))
            continue;
        *any = true;
        TRY(file_set_active(m, e, f));
        TRY(touch_all(m, e, f));
    }
    return STATUS_OK;
}

static enum status check_position(struct mirror *m, const char *position, struct failure *f)
{
    const char *at = mirror_position(m);
    if (m->replaying)
        return fail(f, ERROR_INTERNAL, "a copy may not end while transactions are repeated");
    if (at && m->options.order(m->options.context, at, position) != POSITION_EQUAL)
        return fail(f, ERROR_INTERNAL, "a copy is whole as of %s, but the mirror stands at %s",
                    position, at);
    return STATUS_OK;
}

/* Tables may become whole one after the other before anything is evaluated. */
static bool is_at_start(const struct mirror *m)
{
    return m->phase == PHASE_PENDING && m->at_event == 0 && m->at_touch == 0;
}

enum status mirror_complete(struct mirror *m, const struct relation *relation,
                            const char *position, enum mirror_beginning beginning,
                            struct failure *f)
{
    bool any;
    struct table *t = table_of(m, relation);
    must((m->phase == PHASE_IDLE || is_at_start(m)) && t);
    TRY(check_position(m, position, f));
    mirror_set_text(&m->position, position);
    m->changes++;
    TRY(file_set_complete(m, t, f));
    TRY(fill_touch_baseline(m, &any, f));
    m->quiet = beginning == MIRROR_BEGINS_QUIETLY;
    m->tells_all = beginning == MIRROR_TELLS_ALL;
    m->repeated = false;
    m->must_commit = true;
    if (any)
        evaluate_start(m);
    return STATUS_OK;
}

/* ---- once more ---- */

static const char forget_rows[] =
    "update \"millrace:table\" set complete = 0; update \"millrace:event\" set active = 0;"
    "delete from \"millrace:note\"; delete from \"millrace:state\" where name = 'position'";

static enum status empty_tables(struct mirror *m, struct failure *f)
{
    for (int i = 0; i < views_ntables(m->views); i++)
        TRY(db_exec(m->db, f, "delete from main.\"%w\"", m->tables[i].kept->relation->name));
    return db_exec(m->db, f, "%s", forget_rows);
}

static enum status forget_emitted(struct mirror *m, struct failure *f)
{
    for (int i = 0; i < m->views->nviews; i++)
        if (!m->views->views[i].alone)
            TRY(db_exec(m->db, f, "delete from main.\"millrace:emitted:%w\"",
                        m->views->views[i].name));
    return STATUS_OK;
}

enum status mirror_refill(struct mirror *m, bool forget, struct failure *f)
{
    must(!m->plan_changed);
    TRY(mirror_rollback(m, f));
    TRY(empty_tables(m, f));
    if (forget)
        TRY(forget_emitted(m, f));
    TRY(db_exec(m->db, f, "commit"));
    TRY(file_load(m, f));
    return mirror_start_transaction(m, f);
}
