/* A link with flows: the tables that its events read, the events over them, and how it comes to the
 * position from which it streams. */
#include <string.h>
#include "base/log.h"
#include "events/events.h"
#include "link/internal.h"

bool attempt_carries_events(const struct attempt *a)
{
    return a->lc->nevent_flows > 0;
}

/* ---- the tables that events read ---- */

static const char *only_schema(const struct attempt *a)
{
    const struct endpoint *e = &a->lc->from->capture;
    return e->engine == ENGINE_POSTGRES ? NULL : e->database;
}

/* Of PostgreSQL's schemas `public` is meant, where a table of that name is there. */
static bool is_meant(const struct attempt *a, const struct table_name *all, int n, int at)
{
    const char *schema = only_schema(a);
    if (schema)
        return strcmp(all[at].schema, schema) == 0;
    if (strcmp(all[at].schema, "public") == 0)
        return true;
    for (int i = 0; i < n; i++)
        if (strcmp(all[i].schema, "public") == 0 && strcmp(all[i].name, all[at].name) == 0)
            return false;
    return true;
}

static enum status list_tables(struct attempt *a)
{
    struct mapping *m = &a->mapping;
    struct table_name *all;
    int n;
    TRY(a->source_driver->tables(a->source, &m->arena, &all, &n));
    m->tables = arena_zalloc(&m->arena, sizeof *m->tables * (size_t)(n + 1));
    for (int i = 0; i < n; i++)
        if (event_program_reads(a->program, all[i].name) && is_meant(a, all, n, i) &&
            strcmp(all[i].schema, "millrace") != 0)
            m->tables[m->ntables++] = (struct mapped_table){.source = all[i]};
    mapping_sort(m);
    return STATUS_OK;
}

static enum status compile(struct attempt *a)
{
    struct mapping *m = &a->mapping;
    const struct relation **relations =
        arena_alloc(&m->arena, sizeof *relations * (size_t)(m->ntables + 1));
    for (int i = 0; i < m->ntables; i++) {
        struct mapped_table *t = &m->tables[i];
        TRY(a->source_driver->describe(a->source, t->source.schema, t->source.name, &t->relation));
        relations[i] = t->relation;
    }
    return event_program_compile(a->program, relations, m->ntables, &a->failure);
}

/* ---- opening ---- */

static const char *target_schema(const struct attempt *a)
{
    const struct endpoint *e = &a->lc->to->apply;
    return e->engine == ENGINE_POSTGRES ? "public" : e->database;
}

static enum status open_events(struct attempt *a)
{
    const struct config *config = link_file(a->link);
    struct events_options options = {
        .program = a->program,
        .apply = &a->writer.apply,
        .compare = a->source_driver->compare,
        .schema = target_schema(a),
        .zone = a->mapping.to,
        .folder = config->state_dir,
    };
    return attempt_writer_failed(a, events_open(&options, &a->writer.events));
}

enum status attempt_open_events(struct attempt *a)
{
    TRY(zone_load(a->lc->from->zone, &a->mapping.from, &a->failure));
    TRY(zone_load(a->lc->to->zone, &a->mapping.to, &a->failure));
    TRY(event_program_load(link_file(a->link), a->lc, &a->program, &a->failure));
    TRY(list_tables(a));
    TRY(compile(a));
    return open_events(a);
}

void attempt_close_events(struct attempt *a)
{
    events_close(a->writer.events);
    event_program_free(a->program);
    a->writer.events = NULL;
    a->program = NULL;
}

/* ---- the first copy ---- */

static enum status go_to(struct attempt *a, const char *position, bool first)
{
    if (first)
        return attempt_take_fence(a, position);
    TRY(attempt_take_fence(a, NULL));
    return attempt_writer_failed(a, apply_position(&a->writer.apply, position, NULL));
}

static enum status copy_from(struct attempt *a, struct snapshot *snapshot, bool first)
{
    struct events *e = a->writer.events;
    const char *position = arena_strdup(&a->arena, a->source_driver->snapshot_high(snapshot));
    TRY(attempt_writer_failed(a, events_copy(e, a->source_driver, snapshot)));
    TRY(go_to(a, position, first));
    return attempt_writer_failed(a, events_copied(e, a->source_driver, snapshot, first));
}

/* One view of all tables, exact: the mirror knows one position only. */
static enum status copy(struct attempt *a, const struct last_checkpoint *last)
{
    struct snapshot *snapshot = NULL;
    link_set_state(a->link, LINK_COPYING);
    log_info("link=%s msg=\"filling the mirror from the source\"", a->lc->name);
    TRY(a->source_driver->snapshot_open(a->source, 1, last->exists ? last->position : NULL, true,
                                        &snapshot));
    enum status status = copy_from(a, snapshot, !last->exists);
    a->source_driver->snapshot_close(snapshot);
    return status;
}

/* From where the link streams. The fence is taken, and the mirror stands there. */
enum status attempt_begin_events(struct attempt *a, const struct last_checkpoint *last)
{
    bool want;
    const char *end = NULL;
    TRY(attempt_writer_failed(a, events_want_copy(a->writer.events, &want)));
    if (want) {
        TRY(copy(a, last));
    } else {
        if (!last->exists)
            TRY(attempt_first_position(a, &end));
        TRY(attempt_take_fence(a, end));
    }
    return attempt_writer_failed(a, events_begin(a->writer.events));
}
