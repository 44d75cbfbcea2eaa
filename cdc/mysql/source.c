#include <stdlib.h>
#include <string.h>
#include "mysql/internal.h"

/* A table's layout by the catalog, asked for once. */
struct described {
    const struct relation *relation;
    struct described *next;
};

static enum status learn(struct source *s)
{
    struct rows rows;
    struct session *session = my_session(s->my);
    s->mariadb = s->my->mariadb;
    s->gtids = s->mariadb;
    TRY(session_run(session, &s->arena, &rows, 0, "SELECT @@global.lower_case_table_names"));
    s->lower_case = strcmp(rows_cell(&rows, 0, 0), "0") != 0;
    if (s->mariadb)
        return STATUS_OK;
    TRY(session_run(session, &s->arena, &rows, 0, "SELECT @@global.gtid_mode"));
    s->gtids = strcmp(rows_cell(&rows, 0, 0), "ON") == 0;
    return STATUS_OK;
}

static void close_source(struct source *s);

static enum status open_source(const struct source_options *options, struct source **out)
{
    *out = NULL;
    struct source *s = calloc(1, sizeof *s);
    must(s);
    s->options = *options;
    arena_init(&s->arena);
    enum status status = my_open(options->endpoint, options->wake, options->failure, &s->my);
    if (status == STATUS_OK)
        status = learn(s);
    tail_init(&s->tail, s);
    if (status != STATUS_OK) {
        close_source(s);
        return status;
    }
    *out = s;
    return STATUS_OK;
}

static void close_source(struct source *s)
{
    if (!s)
        return;
    tail_free(&s->tail);
    my_close(s->my);
    arena_free(&s->arena);
    free(s);
}

static enum status identity(struct source *s, struct source_identity *out)
{
    struct rows rows;
    out->text[0] = '\0';
    if (s->mariadb) /* has no id of its own */
        return STATUS_OK;
    TRY(session_run(my_session(s->my), &s->arena, &rows, 0, "SELECT @@global.server_uuid"));
    size_t size = strlen(rows_cell(&rows, 0, 0));
    if (size >= sizeof out->text)
        return fail(s->options.failure, ERROR_PROTOCOL, "the server's uuid has %zu characters",
                    size);
    memcpy(out->text, rows_cell(&rows, 0, 0), size + 1);
    return STATUS_OK;
}

static const char tables_sql[] =
    "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES"
    " WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA NOT IN"
    " ('mysql', 'information_schema', 'performance_schema', 'sys', 'millrace')"
    " ORDER BY TABLE_SCHEMA, TABLE_NAME";

static enum status tables(struct source *s, struct arena *a, struct table_name **out, int *n)
{
    struct rows rows;
    TRY(session_run(my_session(s->my), a, &rows, 0, tables_sql));
    *out = arena_alloc(a, sizeof **out * (size_t)(rows.nrows + 1));
    *n = rows.nrows;
    for (int i = 0; i < rows.nrows; i++)
        (*out)[i] = (struct table_name){rows_cell(&rows, i, 0), rows_cell(&rows, i, 1)};
    return STATUS_OK;
}

const struct relation *source_described(const struct described *first, const char *schema,
                                        const char *name)
{
    for (const struct described *d = first; d; d = d->next)
        if (strcmp(d->relation->schema, schema) == 0 && strcmp(d->relation->name, name) == 0)
            return d->relation;
    return NULL;
}

static enum status describe(struct source *s, const char *schema, const char *name,
                            const struct relation **out)
{
    struct relation *r;
    *out = source_described(s->described, schema, name);
    if (*out)
        return STATUS_OK;
    TRY(my_describe(s->my, schema, name, &s->arena, &r));
    struct described *d = arena_alloc(&s->arena, sizeof *d);
    *d = (struct described){.relation = r, .next = s->described};
    s->described = d;
    *out = r;
    return STATUS_OK;
}

static enum status prepare(struct source *s, const struct table_name *names, int n, bool *fresh)
{
    struct table_name *copy = arena_alloc(&s->arena, sizeof *copy * (size_t)(n + 1));
    for (int i = 0; i < n; i++)
        copy[i] = (struct table_name){arena_strdup(&s->arena, names[i].schema),
                                      arena_strdup(&s->arena, names[i].name)};
    s->tables = copy;
    s->ntables = n;
    *fresh = false;
    return my_settings_check(s);
}

bool source_wants_schema(const struct source *s, const char *schema)
{
    for (int i = 0; i < s->ntables; i++)
        if (strcmp(s->tables[i].schema, schema) == 0)
            return true;
    return false;
}

static enum status end(struct source *s, struct arena *a, const char **position)
{
    return position_end(s, s->my, a, position);
}

static enum status start(struct source *s, const char *position, struct marker_guard *guard)
{
    return tail_start(&s->tail, position, guard);
}

static void room(struct source *s)
{
    tail_room(&s->tail);
}

/* The server keeps its binlog by its own rules: there is nothing to confirm. */
static void ack(struct source *s, const char *position)
{
    (void)s;
    (void)position;
}

static void stop(struct source *s)
{
    tail_stop(&s->tail);
}

static bool stopped(struct source *s)
{
    return tail_stopped(&s->tail);
}

/* Nothing of ours is on the server. */
static enum status remove_traces(struct source *s)
{
    (void)s;
    return STATUS_OK;
}

static struct session *control_session(struct source *s)
{
    return my_session(s->my);
}

const struct source_driver mysql_source_driver = {
    .name = "mysql",
    .open = open_source,
    .identity = identity,
    .tables = tables,
    .describe = describe,
    .prepare = prepare,
    .end = end,
    .check_position = position_check,
    .compare = position_compare,
    .start = start,
    .room = room,
    .ack = ack,
    .stop = stop,
    .stopped = stopped,
    .close = close_source,
    .snapshot_open = my_snapshot_open,
    .snapshot_readers = my_snapshot_readers,
    .snapshot_low = my_snapshot_low,
    .snapshot_high = my_snapshot_high,
    .snapshot_bounds = my_snapshot_bounds,
    .chunk_open = my_chunk_open,
    .chunk_next = my_chunk_next,
    .snapshot_close = my_snapshot_close,
    .remove = remove_traces,
    .session = control_session,
};
