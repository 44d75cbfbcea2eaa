/* opening.c: how a transaction begins: BEGIN, the marker, the checkpoint. A pipeline takes them as
 * prepared statements, in one packet with all of a small transaction. COPY does not work in a
 * pipeline: so before one they are text, and one packet with it. */
#include "sinks/postgres/internal.h"

#include <stdio.h>
#include <string.h>
#include "base/guard.h"
#include "state/checkpoint.h"
#include "state/marker.h"

static const struct pending answers[] = {
    {.doing = "BEGIN", .expected = -1},
    {.doing = "writing the marker", .expected = -1},
    {.doing = "writing the checkpoint",
     .expected = GUARD_CHECKPOINT_FENCE ? 1 : -1,
     .fence = true},
};
enum { BEGIN, MARKER, CHECKPOINT, ANSWERS };

#define MARKER_SQL "SELECT pg_catalog.pg_logical_emit_message(true, 'millrace', "
#define CHECKPOINT_SQL                                                                             \
    "INSERT INTO millrace.checkpoint (link, lane, seq, writer, position, root, path, plan) VALUES ("
#define UNLESS_TAKEN (GUARD_CHECKPOINT_FENCE ? "" : " ON CONFLICT DO NOTHING")

enum { VALUES = 8 };

static const char *marker_text(struct sink *s, const struct checkpoint *c)
{
    struct marker m = {.link = c->link, .lane = c->lane, .seq = c->seq, .path = c->path};
    buffer_clear(&s->data);
    marker_write(&s->data, &m);
    return buffer_text(&s->data);
}

static const char *hex(struct arena *a, const unsigned char *bytes)
{
    char *text = arena_alloc(a, 2 * PLAN_HASH_BYTES + 3);
    strcpy(text, "\\x");
    for (int i = 0; i < PLAN_HASH_BYTES; i++)
        sprintf(text + 2 + 2 * i, "%02x", bytes[i]);
    return text;
}

static void values_of(struct arena *a, const struct checkpoint *c, const char **values)
{
    const char *all[VALUES] = {number(a, c->link),   number(a, c->lane),
                               number(a, c->seq),    number(a, c->writer),
                               c->position,          c->root ? c->root : c->position,
                               c->path,              hex(a, c->plan)};
    memcpy(values, all, sizeof all);
}

/* ---- in the pipeline ---- */

static enum status send_checkpoint(struct sink *s, const struct checkpoint *c)
{
    const char *values[VALUES];
    char sql[300];
    values_of(&s->scratch, c, values);
    snprintf(sql, sizeof sql, "%s$1, $2, $3, $4, $5, $6, $7, $8::bytea)%s", CHECKPOINT_SQL,
             UNLESS_TAKEN);
    return sink_send_prepared(s, &answers[CHECKPOINT], &s->checkpoint, sql, VALUES, values);
}

enum status opening_send(struct sink *s)
{
    const struct checkpoint *c = s->opening;
    if (!c)
        return STATUS_OK;
    s->opening = NULL;
    TRY(sink_send(s, &answers[BEGIN], "BEGIN", 0, NULL));
    const char *text = marker_text(s, c);
    TRY(sink_send_prepared(s, &answers[MARKER], &s->marker, MARKER_SQL "$1)", 1, &text));
    return send_checkpoint(s, c);
}

/* ---- as text ---- */

void opening_write(struct sink *s, struct buffer *sql)
{
    const char *values[VALUES];
    const struct checkpoint *c = s->opening;
    buffer_add_text(sql, "BEGIN; " MARKER_SQL);
    pg_add_literal(sql, marker_text(s, c));
    buffer_add_text(sql, "); " CHECKPOINT_SQL);
    values_of(&s->scratch, c, values);
    for (int i = 0; i < VALUES; i++) {
        buffer_add_text(sql, i ? ", " : "");
        pg_add_literal(sql, values[i] ? values[i] : "");
    }
    buffer_add_format(sql, ")%s; ", UNLESS_TAKEN);
    s->opening = NULL;
}

enum status opening_read(struct sink *s)
{
    for (int i = 0; i < ANSWERS; i++) {
        PGresult *res;
        TRY(pg_result(s->pg, &res));
        enum status status = sink_judge(s, &answers[i], res);
        PQclear(res);
        TRY(status);
    }
    return STATUS_OK;
}
