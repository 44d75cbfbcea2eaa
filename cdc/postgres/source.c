/* source.c: PostgreSQL as a source: the driver's table and what is short. */
#include "postgres/internal.h"

#include <stdio.h>
#include <stdlib.h>

static void close_source(struct source *s)
{
    stream_stop(s);
    must(stream_stopped(s));
    pg_close(s->control);
    tables_free(s);
    free(s->reading.message);
    arena_free(&s->arena);
    free(s);
}

static enum status open_control(struct source *s)
{
    TRY(pg_open(s->o.endpoint, PG_SESSION, s->application, s->o.wake, s->o.failure, &s->control));
    /* It lies idle for long, outside of transactions; some servers end such sessions. */
    TRY(session_run(pg_session(s->control), NULL, NULL, 0, "SET idle_session_timeout = 0"));
    return settings_check(s);
}

static enum status open_source(const struct source_options *options, struct source **out)
{
    struct source *s = calloc(1, sizeof *s);
    must(s);
    s->o = *options;
    arena_init(&s->arena);
    s->reading.message = calloc(1, sizeof *s->reading.message);
    must(s->reading.message);
    snprintf(s->application, sizeof s->application, "millrace %s", options->link);
    enum status status = open_control(s);
    if (status != STATUS_OK)
        close_source(s);
    *out = status == STATUS_OK ? s : NULL;
    return status;
}

static enum status identity(struct source *s, struct source_identity *out)
{
    struct arena a;
    struct rows rows;
    arena_init(&a);
    enum status status =
        session_run(pg_session(s->control), &a, &rows, 0,
                    "SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system()), "
                    "(SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())");
    if (status == STATUS_OK)
        snprintf(out->text, sizeof out->text, "%s/%s", rows_cell(&rows, 0, 0),
                 rows_cell(&rows, 0, 1));
    arena_free(&a);
    return status;
}

/* Partitions are left out: their rows come under the name of their root. */
static enum status tables(struct source *s, struct arena *a, struct table_name **out, int *n)
{
    struct rows rows;
    TRY(session_run(pg_session(s->control), a, &rows, 0,
                    "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c "
                    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                    "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition "
                    "AND c.relpersistence = 'p' AND n.nspname <> 'information_schema' "
                    "AND n.nspname <> 'millrace' AND n.nspname NOT LIKE 'pg\\_%' "
                    "ORDER BY 1, 2"));
    *n = rows.nrows;
    *out = arena_alloc(a, ((size_t)rows.nrows + 1) * sizeof **out);
    for (int i = 0; i < rows.nrows; i++)
        (*out)[i] = (struct table_name){rows_cell(&rows, i, 0), rows_cell(&rows, i, 1)};
    return STATUS_OK;
}

static enum position_order compare(const char *a, const char *b)
{
    bool a_ok, b_ok;
    uint64_t x = pg_lsn_read(a, &a_ok), y = pg_lsn_read(b, &b_ok);
    if (!a_ok || !b_ok)
        return POSITION_UNRELATED;
    return x < y ? POSITION_BEFORE : x > y ? POSITION_AFTER : POSITION_EQUAL;
}

static struct session *session(struct source *s)
{
    return pg_session(s->control);
}

const struct source_driver postgres_source_driver = {
    .name = "postgresql",
    .open = open_source,
    .identity = identity,
    .tables = tables,
    .describe = tables_describe,
    .unlogged = publication_lacks,
    .prepare = slot_prepare,
    .end = slot_end,
    .check_position = slot_check_position,
    .compare = compare,
    .start = stream_start,
    .room = stream_room,
    .ack = stream_ack,
    .stop = stream_stop,
    .stopped = stream_stopped,
    .close = close_source,
    .snapshot_open = snapshot_open,
    .snapshot_low = snapshot_position,
    .snapshot_high = snapshot_position,
    .snapshot_bounds = snapshot_bounds,
    .chunk_open = chunk_open,
    .chunk_next = chunk_next,
    .snapshot_close = snapshot_close,
    .remove = slot_remove,
    .session = session,
};
