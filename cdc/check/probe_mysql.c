/* The probe on MySQL and MariaDB: a row goes in and out of millrace.checkpoint in one transaction,
 * and the log is read from before it to its end, with a dump that does not wait for more. */
#include <stdlib.h>
#include <string.h>
#include "check/dump_once.h"
#include "check/probe.h"

struct look {
    struct check *k;
    int32_t lane;
    struct arena arena; /* of a table map and a row */
    struct table_map map;
    bool map_is_ours, rows_met; /* of the transaction being read */
    bool found, first;
};

static int64_t number(const struct value *v)
{
    return v->kind == VALUE_INT ? v->i : v->kind == VALUE_UINT ? (int64_t)v->u : -1;
}

static int column(const struct table_map *map, const char *name)
{
    for (int i = 0; i < map->ncolumns; i++)
        if (map->columns[i].name && strcmp(map->columns[i].name, name) == 0)
            return i;
    return -1;
}

static bool is_ours(const struct look *look, const struct value *row)
{
    int link = column(&look->map, "link"), lane = column(&look->map, "lane");
    return link >= 0 && lane >= 0 && number(&row[link]) == PROBE_LINK &&
           number(&row[lane]) == look->lane;
}

static enum status met_map(struct look *look, struct reader body)
{
    const char *schema, *table;
    uint64_t id;
    TRY(table_map_peek(body, &id, &schema, &table, &look->k->failure));
    look->map_is_ours = strcmp(schema, "millrace") == 0 && strcmp(table, "checkpoint") == 0;
    if (!look->map_is_ours)
        return STATUS_OK;
    arena_reset(&look->arena);
    return table_map_read(body, &look->arena, &look->map, &look->k->failure);
}

static enum status met_insert(struct look *look, uint8_t type, struct reader body)
{
    struct binlog_rows rows;
    struct change c;
    bool more = true;
    TRY(binlog_rows_read(type, body, &look->arena, &rows, &look->k->failure));
    while (rows.table_id == look->map.id) {
        TRY(binlog_rows_next(&rows, &look->map, &look->arena, &c, &more, &look->k->failure));
        if (!more)
            break;
        if (!look->found && is_ours(look, c.after)) {
            look->found = true;
            look->first = !look->rows_met;
        }
        look->rows_met = true;
    }
    return STATUS_OK;
}

static enum status met(void *owner, const struct binlog_header *h, struct reader body);

static enum status met_inner(struct look *look, const uint8_t *event, size_t size)
{
    struct binlog_header h;
    struct reader body;
    TRY(binlog_header_read(event, size, false, &h, &body, &look->k->failure));
    return met(look, &h, body);
}

static enum status met_payload(struct look *look, struct reader body)
{
    enum { EVENT_MAX = 1 << 30 };
    struct payload *p;
    const uint8_t *event = NULL;
    size_t size = 0;
    TRY(payload_open(body, EVENT_MAX, &p, &look->k->failure));
    enum status status;
    while ((status = payload_next(p, &event, &size, &look->k->failure)) == STATUS_OK && size > 0 &&
           (status = met_inner(look, event, size)) == STATUS_OK)
        ;
    payload_close(p);
    return status;
}

static enum status met(void *owner, const struct binlog_header *h, struct reader body)
{
    struct look *look = owner;
    switch (h->type) {
    case BINLOG_GTID:
    case BINLOG_ANONYMOUS_GTID:
    case BINLOG_GTID_TAGGED:
    case BINLOG_MARIA_GTID:
        look->rows_met = false;
        return STATUS_OK;
    case BINLOG_TABLE_MAP:
        return met_map(look, body);
    case BINLOG_WRITE_ROWS:
    case BINLOG_WRITE_ROWS_V1:
    case BINLOG_MARIA_WRITE_COMPRESSED:
        if (look->map_is_ours)
            return met_insert(look, h->type, body);
        look->rows_met = true;
        return STATUS_OK;
    case BINLOG_UPDATE_ROWS:
    case BINLOG_UPDATE_ROWS_V1:
    case BINLOG_DELETE_ROWS:
    case BINLOG_DELETE_ROWS_V1:
    case BINLOG_PARTIAL_UPDATE_ROWS:
    case BINLOG_MARIA_UPDATE_COMPRESSED:
    case BINLOG_MARIA_DELETE_COMPRESSED:
        look->rows_met = true;
        return STATUS_OK;
    case BINLOG_TRANSACTION_PAYLOAD:
        return met_payload(look, body);
    default:
        return STATUS_OK;
    }
}

/* ---- the row ---- */

static enum status write_row(struct look *look, struct session *s)
{
    char lane[16];
    snprintf(lane, sizeof lane, "%d", look->lane);
    TRY(session_run(s, NULL, NULL, 0, "START TRANSACTION"));
    TRY(session_run(
        s, NULL, NULL, 1,
        "INSERT INTO millrace.checkpoint (link, lane, seq, writer, position, root, path,"
        " plan) VALUES (0, ?, 1, 0, 'probe', 'probe', '" PROBE_PATH "',"
        " unhex(repeat('00', 32)))",
        lane));
    TRY(session_run(s, NULL, NULL, 1, "DELETE FROM millrace.checkpoint WHERE link = 0 AND lane = ?",
                    lane));
    return session_run(s, NULL, NULL, 0, "COMMIT");
}

static enum status write_probe(struct look *look, struct check_side *writer)
{
    if (write_row(look, writer->session) == STATUS_OK)
        return STATUS_OK;
    struct failure kept = look->k->failure;
    (void)!session_run(writer->session, NULL, NULL, 0, "ROLLBACK");
    look->k->failure = kept;
    return error_status(kept.code);
}

static enum status look_for_it(struct look *look, struct check_side *reader,
                               struct check_side *writer)
{
    const char *from;
    TRY(dump_once_end(look->k, reader, &from));
    TRY(write_probe(look, writer));
    return dump_once(look->k, reader, from, met, look);
}

static bool is_there(struct check *k, struct check_side *side)
{
    struct rows rows;
    return session_query(side->session, &k->arena, &rows,
                         "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'millrace'"
                         " AND TABLE_NAME = 'checkpoint'",
                         0, NULL) == STATUS_OK &&
           rows.nrows == 1;
}

enum status probe_mysql(struct check *k, struct check_side *reader, struct check_side *writer)
{
    struct look look = {.k = k, .lane = probe_lane()};
    if (!is_there(k, writer)) {
        report_add(k->report, VERDICT_WARN, NULL,
                   "system %s: no probe yet, since table millrace.checkpoint "
                   "is not there: run makes it; then check again",
                   reader->system->name);
        return STATUS_OK;
    }
    arena_init(&look.arena);
    enum status status = look_for_it(&look, reader, writer);
    arena_free(&look.arena);
    if (status != STATUS_OK)
        return probe_failed(k, reader);
    probe_said(k, reader, look.found, look.first);
    return STATUS_OK;
}
