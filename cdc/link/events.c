/* A link with flows: the tables that its events read, the events over them, and how it comes to the
 * position from which it streams. */
#include <string.h>
#include "base/crash.h"
#include "base/log.h"
#include "events/events.h"
#include "events/owned.h"
#include "link/internal.h"

enum { OWNER_WAIT_MS = 50, OWNER_WAITS = 100 };

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
    m->ntables = 0;
    for (int i = 0; i < n; i++)
        if (event_program_reads(a->program, all[i].name) && is_meant(a, all, n, i) &&
            strcmp(all[i].schema, "millrace") != 0)
            m->tables[m->ntables++] = (struct mapped_table){.source = all[i]};
    mapping_sort(m);
    return STATUS_OK;
}

static enum status describe(struct attempt *a, const struct relation ***out)
{
    struct mapping *m = &a->mapping;
    TRY(list_tables(a));
    const struct relation **relations =
        arena_alloc(&m->arena, sizeof *relations * (size_t)(m->ntables + 1));
    for (int i = 0; i < m->ntables; i++) {
        struct mapped_table *t = &m->tables[i];
        TRY(a->source_driver->describe(a->source, t->source.schema, t->source.name, &t->relation));
        relations[i] = t->relation;
    }
    *out = relations;
    return STATUS_OK;
}

static enum status compile(struct attempt *a)
{
    const struct relation **relations;
    TRY(describe(a, &relations));
    return event_program_compile(a->program, relations, a->mapping.ntables, &a->failure);
}

/* ---- what other links write into our source ---- */

static bool writes_into_source(const struct attempt *a, const struct link_config *other)
{
    return other != a->lc && other->nevent_flows > 0 && other->to == a->lc->from;
}

static bool all_have_said(const struct attempt *a)
{
    const struct config *c = link_file(a->link);
    for (int i = 0; i < c->nlinks; i++)
        if (writes_into_source(a, &c->links[i]) && !owned_is_published(c->links[i].name))
            return false;
    return true;
}

/* They start with us, and say it before they stream; one that cannot start is not waited for long:
 * when it says it later, this link begins once more. */
static enum status wait_for_owners(struct attempt *a)
{
    for (int i = 0; i < OWNER_WAITS && !all_have_said(a); i++)
        if (wake_poll(&a->wake, -1, 0, OWNER_WAIT_MS) < 0)
            return fail(&a->failure, ERROR_STOPPED, "asked to stop");
    return STATUS_OK;
}

static enum status watch(struct attempt *a)
{
    const struct owned *owned;
    const struct relation **relations;
    TRY(wait_for_owners(a));
    a->owned_version = owned_version();
    int n = owned_in(a->lc->from->name, a->lc->name, &a->mapping.arena, &owned);
    if (n == 0)
        return STATUS_OK;
    event_program_watch(a->program, owned, n);
    TRY(describe(a, &relations));
    return event_program_compile_again(a->program, relations, a->mapping.ntables, &a->failure);
}

/* Has another link said something new about our source since? */
bool attempt_owners_changed(struct attempt *a)
{
    const struct owned *owned;
    struct arena arena;
    uint64_t now = owned_version();
    if (now == a->owned_version)
        return false;
    arena_init(&arena);
    int n = owned_in(a->lc->from->name, a->lc->name, &arena, &owned);
    bool changed = !event_program_watches(a->program, owned, n);
    arena_free(&arena);
    a->owned_version = now;
    return changed;
}

/* ---- opening ---- */

const char *attempt_target_schema(const struct attempt *a)
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
        .schema = attempt_target_schema(a),
        .zone = a->mapping.to,
        .folder = config->state_dir,
        .feed = link_feed(a->link),
    };
    a->writer.link = a->link;
    return attempt_writer_failed(a, events_open(&options, &a->writer.events));
}

enum status attempt_compile_events(struct attempt *a)
{
    TRY(zone_load(a->lc->from->zone, &a->mapping.from, &a->failure));
    TRY(zone_load(a->lc->to->zone, &a->mapping.to, &a->failure));
    TRY(event_program_load(link_file(a->link), a->lc, &a->program, &a->failure));
    return compile(a);
}

enum status attempt_open_events(struct attempt *a)
{
    TRY(attempt_compile_events(a));
    TRY(open_events(a));
    return watch(a);
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

/* What lies between the checkpoint and the view is not passed over where no mirror is needed to tell
 * it. A large transaction that ends beyond the view comes again. */
static enum status catch_up(struct attempt *a, const char *position)
{
    struct apply *apply = &a->writer.apply;
    if (!events_may_catch_up(a->writer.events))
        return STATUS_OK;
    TRY(attempt_take_fence(a, NULL));
    if (a->source_driver->compare(apply->position, position) == POSITION_EQUAL)
        return STATUS_OK;
    log_info("link=%s msg=\"catching up with the view\" from=%s to=%s", a->lc->name,
             apply->position, position);
    TRY(attempt_writer_failed(a, events_catch_up(a->writer.events)));
    TRY(stream_run(a, arena_strdup(&a->arena, apply->position), position));
    return attempt_writer_failed(a, apply_abandon(apply));
}

static enum status copy_from(struct attempt *a, struct snapshot *snapshot, bool first)
{
    struct events *e = a->writer.events;
    const char *position = arena_strdup(&a->arena, a->source_driver->snapshot_high(snapshot));
    if (!first)
        TRY(catch_up(a, position));
    TRY(attempt_writer_failed(a, events_copy(e, a->source_driver, snapshot, first)));
    TRY(go_to(a, position, first));
    return attempt_writer_failed(a, events_copied(e, a->source_driver, snapshot));
}

/* One view of all tables, exact: the mirror knows one position only. */
static enum status copy(struct attempt *a, const struct last_checkpoint *last)
{
    struct snapshot *snapshot = NULL;
    link_set_state(a->link, LINK_COPYING);
    log_info("link=%s msg=\"filling the mirror from the source\"", a->lc->name);
    TRY(a->source_driver->snapshot_open(a->source, 1, last->exists ? last->position : NULL, true,
                                        &snapshot));
    crash_here(CRASH_AFTER_SNAPSHOT);
    enum status status = copy_from(a, snapshot, !last->exists);
    a->source_driver->snapshot_close(snapshot);
    return status;
}

/* A mirror's file that was put back, or lay on another machine, may need more of the log than the
 * source has; some servers would begin later, without a word. */
static enum status check_log(struct attempt *a)
{
    const char *from = attempt_events_from(a);
    if (strcmp(from, a->writer.apply.position) == 0)
        return STATUS_OK; /* that was asked when the fence was taken */
    enum status status = a->source_driver->check_position(a->source, from);
    if (status == STATUS_OK || a->failure.code != ERROR_POSITION_LOST)
        return status;
    return fail_in(&a->failure,
                   "the mirror of link %s stands at %s, before the checkpoint at %s, and the log "
                   "between them is gone: remove the file %s/%s.mirror, it is filled again",
                   a->lc->name, from, a->writer.apply.position, link_file(a->link)->state_dir,
                   a->lc->name);
}

/* From where the link streams. The fence is taken, and the mirror stands there or before it. */
enum status attempt_begin_events(struct attempt *a, const struct last_checkpoint *last)
{
    bool want;
    const char *end = NULL;
    TRY(attempt_writer_failed(a, events_open_state(a->writer.events)));
    TRY(attempt_writer_failed(a, events_want_copy(a->writer.events, !last->exists, &want)));
    if (want) {
        TRY(copy(a, last));
    } else {
        if (!last->exists)
            TRY(attempt_first_position(a, &end));
        TRY(attempt_take_fence(a, end));
    }
    TRY(attempt_writer_failed(a, events_begin(a->writer.events)));
    return check_log(a);
}

const char *attempt_events_from(const struct attempt *a)
{
    return events_from(a->writer.events);
}
