/* One attempt of a link: connect both sides, find out who and where we are, copy what is not
 * copied, stream. Reads top to bottom; everything is closed on the way out. */
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "link/afresh.h"
#include "link/internal.h"
#include "sinks/ward.h"

enum { POSITION_BYTES_MAX = 64 * 1024 * 1024 };

void attempt_set_phase(struct attempt *a, enum attempt_phase phase)
{
    pthread_mutex_lock(&a->phase_mutex);
    a->phase = phase;
    /* A stop that came just before belongs to this phase too. */
    if (atomic_load(&a->stop_asked)) {
        if (phase == PHASE_STREAM)
            uv_async_send(&a->nudge);
        else
            wake_set(&a->wake);
    }
    pthread_mutex_unlock(&a->phase_mutex);
}

void attempt_stop(struct attempt *a)
{
    pthread_mutex_lock(&a->phase_mutex);
    atomic_store(&a->stop_asked, true);
    if (a->phase == PHASE_STREAM)
        uv_async_send(&a->nudge);
    else
        wake_set(&a->wake);
    pthread_mutex_unlock(&a->phase_mutex);
}

enum status attempt_writer_failed(struct attempt *a, enum status status)
{
    if (status != STATUS_OK)
        a->failure = a->writer.failure;
    return status;
}

enum status attempt_open_source(struct attempt *a)
{
    const struct link_config *lc = a->lc;
    const char *skip = link_skip_position(a->link);
    struct source_options options = {
        .endpoint = &lc->from->capture,
        .link = lc->name,
        .slot = lc->slot,
        .publication = lc->publication,
        .server_id = lc->server_id,
        .loop = &a->loop,
        .intake = &a->intake,
        .wake = &a->wake,
        .failure = &a->failure,
        .wanted = mapping_wanted,
        .wanted_owner = &a->mapping,
        .pass = skip ? arena_strdup(&a->arena, skip) : NULL,
        .echoes = attempt_carries_events(a),
        .requests = attempt_carries_events(a),
        .appended_passes = attempt_carries_events(a),
    };
    a->source_driver = source_driver_of(lc->from->engine);
    if (!a->source_driver)
        return fail(&a->failure, ERROR_CONFIG, "system %s cannot be a source", lc->from->name);
    return a->source_driver->open(&options, &a->source);
}

/* Does the source's log hold the rows that foreign keys changed? (docs/SERVERS.md 3.2) */
static bool cascades_in_log(struct attempt *a)
{
    struct session *s = a->source_driver->session(a->source);
    struct session_base *base = (struct session_base *)s;
    struct rows rows;
    if (base->engine == ENGINE_POSTGRES)
        return true;
    if (base->engine == ENGINE_MARIADB || base->version < 90600)
        return false;
    if (session_query(s, &a->arena, &rows, "SELECT @@global.innodb_native_foreign_keys", 0, NULL) !=
            STATUS_OK ||
        rows.nrows != 1)
        return false;
    return strcmp(rows_cell(&rows, 0, 0), "0") == 0;
}

static bool target_has_tables(const struct attempt *a)
{
    return a->sink_driver->describe != NULL;
}

enum status attempt_open_sink(struct attempt *a)
{
    struct apply *apply = &a->writer.apply;
    bool events = attempt_carries_events(a);
    /* What events write is no copy of rows: the target's own keys and triggers act on it. And the
     * mirror, on the disk, must not be ahead of the target. */
    struct sink_options options = {
        .endpoint = &a->lc->to->apply,
        .link = a->lc->name,
        .cascades_in_log = !events && cascades_in_log(a),
        .log_stays = !events && a->lc->from->engine != ENGINE_POSTGRES,
        .lock_wait_ms = 2000,
        .wake = &a->wake,
        .failure = &a->writer.failure,
    };
    a->sink_driver = sink_driver_of(a->lc->to->engine);
    TRY(attempt_writer_failed(a, a->sink_driver->open(&options, &apply->sink)));
    apply->driver = a->sink_driver;
    apply->link = a->lc->name;
    apply->wake = &a->wake;
    apply->net = net_new(target_has_tables(a) && !events ? order_rank : NULL, a);
    a->foreign_keys = target_has_tables(a) && !events && !options.cascades_in_log;
    if (a->foreign_keys)
        net_set_ties(apply->net, order_ties);
    return STATUS_OK;
}

/* What the writer says in every checkpoint of this link. */
static void name_ourselves(struct attempt *a)
{
    struct apply *apply = &a->writer.apply;
    apply->at.link = a->link_id;
    apply->at.lane = 0;
    apply->at.writer = link_writer_number(a->link);
    apply->at.plan = a->plan_hash;
    free(apply->path);
    must(asprintf(&apply->path, "%lld", (long long)a->source_id) > 0);
}

/* The shortest of a few: what the way alone takes. */
static enum status measure_round_trip(struct attempt *a, struct session *target)
{
    a->round_trip_us = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        int64_t begun = clock_monotonic_us();
        TRY(session_query(target, NULL, NULL, "SELECT 1", 0, NULL));
        int64_t took = clock_monotonic_us() - begun;
        a->round_trip_us = took < a->round_trip_us ? took : a->round_trip_us;
    }
    return STATUS_OK;
}

static enum status open_both(struct attempt *a)
{
    TRY(attempt_open_source(a));
    TRY(attempt_open_sink(a));
    struct session *target = a->sink_driver->session(a->writer.apply.sink);
    if (target) {
        TRY(state_prepare(target, &a->failure));
        TRY(attempt_writer_failed(a, measure_round_trip(a, target)));
    }
    TRY(ids_settle(a, target));
    link_plan_hash(a->lc, a->plan_hash);
    name_ourselves(a);
    if (attempt_carries_events(a))
        return attempt_open_events(a);
    TRY(mapping_resolve(a));
    held_rows_open(a);
    return order_targets(a);
}

static void show_position(struct link_status *s, void *arg)
{
    snprintf(s->position, sizeof s->position, "%s", (const char *)arg);
}

enum status attempt_take_fence(struct attempt *a, const char *first)
{
    struct apply *apply = &a->writer.apply;
    TRY(attempt_writer_failed(a, apply_take_fence(apply, first)));
    TRY(attempt_writer_failed(a, ward_load(apply)));
    link_set_positioned(a->link);
    link_show(a->link, show_position, apply->position);
    log_info("link=%s msg=\"fence taken\" seq=%lld position=%s", a->lc->name,
             (long long)apply->at.seq, apply->position);
    return a->source_driver->check_position(a->source, apply->position);
}

enum status attempt_first_position(struct attempt *a, const char **position)
{
    *position = a->lc->to->from;
    return *position ? STATUS_OK : a->source_driver->end(a->source, &a->arena, position);
}

/* `skip` without a process runs the link: it must not make one begin, with slot and copy. */
static enum status check_skip(struct attempt *a, const struct last_checkpoint *last)
{
    if (last->exists || !link_skip_position(a->link))
        return STATUS_OK;
    return fail(&a->failure, ERROR_CONFIG,
                "skip: link %s has no checkpoint, so it has not begun and there is nothing to pass",
                a->lc->name);
}

/* From where the link streams, after its copy where it makes one. */
static enum status reach_position(struct attempt *a)
{
    struct last_checkpoint last;
    TRY(attempt_writer_failed(a, apply_take_lock(&a->writer.apply)));
    TRY(attempt_writer_failed(a, apply_look(&a->writer.apply, &last, &a->arena)));
    if (last.exists && memcmp(last.plan, a->plan_hash, PLAN_HASH_BYTES) == 0 &&
        !attempt_carries_events(a))
        TRY(copy_check_unlogged(a));
    TRY(check_skip(a, &last));
    if (!last.exists)
        TRY(copy_wait_for_empty(a));
    bool fresh = !last.exists; /* a slot may be made only where nothing depends on an older one */
    TRY(a->source_driver->prepare(a->source, a->mapping.names, a->mapping.ntables, &fresh));
    if (attempt_carries_events(a))
        return attempt_begin_events(a, &last);
    if (copy_wanted(a))
        return copy_run(a, &last);
    const char *end = NULL;
    if (!last.exists)
        TRY(attempt_first_position(a, &end));
    return attempt_take_fence(a, end);
}

static enum status stream_for_ever(struct attempt *a)
{
    const char *from =
        attempt_carries_events(a) ? attempt_events_from(a) : a->writer.apply.position;
    link_set_state(a->link, LINK_STREAMING);
    return stream_run(a, arena_strdup(&a->arena, from), NULL);
}

void attempt_close(struct attempt *a)
{
    struct apply *apply = &a->writer.apply;
    bool row_mode = apply->row_mode_only;
    link_row_mode(a->link, &row_mode);
    attempt_close_events(a);
    if (a->source)
        a->source_driver->close(a->source);
    if (apply->sink)
        a->sink_driver->close(apply->sink);
    net_free(apply->net);
    apply_free(apply);
    window_free(a->window);
    mapping_free(&a->mapping);
    intake_free(&a->intake);
    arena_free(&a->arena);
    uv_run(&a->loop, UV_RUN_DEFAULT); /* handles that close() began to close */
    must(uv_loop_close(&a->loop) == 0);
    buffer_free(&a->submitted);
    buffer_free(&a->acknowledged);
}

void attempt_init(struct attempt *a)
{
    must(uv_loop_init(&a->loop) == 0);
    arena_init(&a->arena);
    arena_init(&a->mapping.arena);
    intake_init(&a->intake, a->lc->budget_bytes);
    buffer_init(&a->submitted, POSITION_BYTES_MAX);
    buffer_init(&a->acknowledged, POSITION_BYTES_MAX);
    writer_init(&a->writer);
}

enum status attempt_run(struct link *l, struct attempt *a)
{
    attempt_init(a);
    a->writer.apply.row_mode_only = link_row_mode(l, NULL);
    enum status status = open_both(a);
    if (status == STATUS_OK)
        status = reach_position(a);
    if (status == STATUS_OK)
        status = stream_for_ever(a);
    if (status != STATUS_OK && atomic_load(&a->stop_asked))
        status = fail(&a->failure, ERROR_STOPPED, "asked to stop");
    afresh_advise(a->lc, &a->failure);
    attempt_close(a);
    return status;
}
