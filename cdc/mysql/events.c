/* One event of the log -> what it means for the open group (a transaction as the log has it).
 *
 *   GTID                    opens a group; MariaDB's, unless standalone, is its BEGIN too
 *   QUERY "BEGIN"           rows follow
 *   TABLE_MAP, rows         see layouts.c, emit.c; a row of millrace.checkpoint is the marker, one
 *                           of millrace.request a request
 *   XID, QUERY "COMMIT"     ends it
 *   other QUERY             outside BEGIN .. COMMIT it is the whole group
 *   TRANSACTION_PAYLOAD     events in a compressed row: the same, one by one
 */
#include <string.h>
#include "mysql/internal.h"
#include "base/log.h"

enum { EVENT_BYTES_MAX = 1 << 30 };

/* Types that carry nothing for us; those unknown here must say that they may be ignored. */
static bool is_idle(const struct binlog_header *h)
{
    switch (h->type) {
    case BINLOG_STOP:
    case BINLOG_INTVAR: /* the statement that follows is judged */
    case BINLOG_RAND:
    case BINLOG_USER_VAR:
    case BINLOG_HEARTBEAT:
    case BINLOG_HEARTBEAT_V2:
    case BINLOG_IGNORABLE:
    case BINLOG_ROWS_QUERY:
    case BINLOG_PREVIOUS_GTIDS:
    case BINLOG_MARIA_ANNOTATE:
    case BINLOG_MARIA_CHECKPOINT:
    case BINLOG_MARIA_GTID_LIST:
    case BINLOG_MARIA_START_ENCRYPTION:
    case 36: /* TRANSACTION_CONTEXT and VIEW_CHANGE, of group replication */
    case 37:
        return true;
    default:
        return h->flags & BINLOG_FLAG_IGNORABLE;
    }
}

static void open_group(struct tail *t, const struct binlog_header *h)
{
    if (t->group.open)
        return;
    t->group = (struct group){.open = true, .committed_us = (int64_t)h->timestamp * 1000000};
    buffer_clear(&t->root);
    marker_guard_begin(t->guard);
    layouts_end_statement(&t->layouts);
}

/* ---- file and position ---- */

static enum status on_rotate(struct tail *t, struct reader body, const struct binlog_header *h)
{
    struct binlog_rotate rotate;
    TRY(binlog_rotate_read(body, &rotate, &t->failure));
    if (rotate.file_size >= sizeof t->at.file)
        return fail(&t->failure, ERROR_PROTOCOL, "the name of a binlog file has %zu bytes",
                    rotate.file_size);
    memcpy(t->at.file, rotate.file, rotate.file_size);
    t->at.file[rotate.file_size] = '\0';
    t->at.offset = rotate.position;
    bool artificial = h->timestamp == 0; /* what a dump begins with; not in any file */
    return t->set || artificial ? STATUS_OK : emit_progress(t);
}

/* A group never goes on in another file: the server crashed while it wrote it, and rolled it back
 * when it came up again. MariaDB leaves it in the log, and may give its GTID once more. The next
 * attempt does not meet it: where all before it is done, the server begins with its next file. */
static enum status cut_short(struct tail *t)
{
    bool done;
    TRY(emit_abandon(t, &done));
    if (!done)
        return fail(&t->failure, ERROR_READ_AGAIN,
                    "transaction %s has no end in the log, the server crashed in it: what was "
                    "written of it is taken back",
                    emit_group_name(t));
    log_warn("link=%s msg=\"a transaction has no end in the log, the server crashed in it: left "
             "out\" transaction=%s",
             t->options->link, emit_group_name(t));
    t->group = (struct group){0};
    return STATUS_OK;
}

static enum status on_format(struct tail *t, struct reader body)
{
    struct binlog_format format;
    TRY(binlog_format_read(body, &format, &t->failure));
    t->checksum = t->wants_checksum && format.checksum != 0;
    return t->group.open ? cut_short(t) : STATUS_OK;
}

/* log_pos has 32 bits; a file that one transaction made larger goes on from 0. */
static void advance(struct tail *t, const struct binlog_header *h)
{
    uint64_t high = t->at.offset & ~(uint64_t)UINT32_MAX;
    bool of_file = h->type != BINLOG_ROTATE && h->type != BINLOG_FORMAT_DESCRIPTION &&
                   h->type != BINLOG_HEARTBEAT && h->type != BINLOG_HEARTBEAT_V2;
    if (!of_file || h->log_pos == 0)
        return;
    if ((high | h->log_pos) < t->at.offset)
        high += 1ULL << 32;
    t->at.offset = high | h->log_pos;
}

/* ---- groups ---- */

/* No position could say whether this one is still to come. */
static enum status seen_before(struct tail *t)
{
    position_write_set(t->set, &t->position);
    return fail(&t->failure, ERROR_SETTING,
                "the log goes back to transaction %s, though the link stands at %s already: "
                "%s, compare both sides, then `millrace remove` the link and copy its tables again",
                emit_group_name(t), t->position.data,
                t->mariadb ? "SET GLOBAL gtid_strict_mode=ON, so that numbers only rise"
                           : "the server's GTIDs were reset");
}

static enum status on_gtid(struct tail *t, const struct binlog_header *h, struct reader body)
{
    if (t->group.open)
        return fail(&t->failure, ERROR_PROTOCOL, "transaction %s has no end in the log",
                    emit_group_name(t));
    open_group(t, h);
    struct group *g = &t->group;
    TRY(binlog_gtid_read(h, body, &g->gtid, &t->failure));
    g->has_gtid = !g->gtid.anonymous;
    if (t->set && gtid_set_holds(t->set, &g->gtid))
        return seen_before(t);
    g->begun = g->gtid.mariadb && !g->gtid.standalone;
    if (g->gtid.committed_us)
        g->committed_us = g->gtid.committed_us;
    return STATUS_OK;
}

static enum status ddl_met(struct tail *t, const struct statement *s, const char *schema,
                           const char *name)
{
    const char *position = emit_position_after(t);
    if (t->options->pass && strcmp(t->options->pass, position) == 0) {
        layouts_pass_ddl(&t->layouts);
        return emit_empty(t);
    }
    const char *what = t->options->appended_passes
                           ? "See that the events of this link that read it still hold (`millrace "
                             "check`), then"
                           : "Bring the target's table into the same shape, then";
    fail(&t->failure, ERROR_DDL,
         "%s on %s%s%s, which this link %s, in transaction %s: the link stops before it. %s: "
         "millrace skip %s --position '%s'",
         s->verb, schema, *name ? "." : "", name, t->options->appended_passes ? "reads" : "maps",
         emit_group_name(t), what, t->options->link, position);
    return fail_at(&t->failure, position);
}

static bool wanted(const struct tail *t, const struct table_name *n)
{
    return t->options->wanted(t->options->wanted_owner, n->schema, n->name);
}

/* What an additive one adds is seen at the table's next row: layouts.c. */
static enum status judge_ddl(struct tail *t, const struct statement *s)
{
    if (s->additive && t->options->appended_passes) {
        if (wanted(t, &s->names[0]))
            layouts_note_alter(&t->layouts, s->names[0].schema, s->names[0].name);
        return STATUS_OK;
    }
    for (int i = 0; i < s->nnames; i++)
        if (wanted(t, &s->names[i]))
            return ddl_met(t, s, s->names[i].schema, s->names[i].name);
    return STATUS_OK;
}

static enum status judge_drop_database(struct tail *t, const struct statement *s)
{
    if (source_wants_schema(t->source, s->names[0].schema))
        return ddl_met(t, s, s->names[0].schema, "");
    return STATUS_OK;
}

/* A statement may change more tables than it names (triggers, functions): so any that concerns the
 * database of a mapped table counts. */
static enum status judge_dml(struct tail *t, const struct statement *s, const char *database)
{
    bool hit = !s->whole_table && source_wants_schema(t->source, database);
    for (int i = 0; i < s->nnames && !hit; i++)
        hit = wanted(t, &s->names[i]) ||
              (!s->whole_table && (source_wants_schema(t->source, s->names[i].schema) ||
                                   source_wants_schema(t->source, s->names[i].name)));
    if (!hit)
        return STATUS_OK;
    return fail(&t->failure, ERROR_STATEMENT_FORMAT,
                "transaction %s has the statement %s, not its rows, and may change mapped "
                "tables: SET GLOBAL binlog_format=ROW on the source, see that no session sets it "
                "otherwise, and copy the tables again",
                emit_group_name(t), s->verb);
}

static enum status truncate_met(struct tail *t, const struct statement *s)
{
    const struct relation *r;
    if (!wanted(t, &s->names[0]))
        return STATUS_OK;
    TRY(layouts_relation(t, s->names[0].schema, s->names[0].name, &r));
    return emit_truncate(t, r);
}

static enum status rolled_back(struct tail *t, const char *what)
{
    if (!t->group.emitted)
        return STATUS_OK;
    return fail(&t->failure, ERROR_UNSUPPORTED,
                "transaction %s logs rows of mapped tables and then a %s (it also changed tables "
                "that cannot be rolled back): compare the rows it touched on both sides",
                emit_group_name(t), what);
}

static enum status judge(struct tail *t, const struct statement *s, const char *database)
{
    switch (s->kind) {
    case STATEMENT_TRUNCATE:
        return truncate_met(t, s);
    case STATEMENT_DDL:
        return judge_ddl(t, s);
    case STATEMENT_DROP_DATABASE:
        return judge_drop_database(t, s);
    case STATEMENT_DML:
        return judge_dml(t, s, database);
    case STATEMENT_ROLLBACK:
    case STATEMENT_ROLLBACK_TO:
        return rolled_back(t, s->verb);
    default:
        return STATUS_OK;
    }
}

static bool changes_something(const struct statement *s)
{
    return s->kind == STATEMENT_OTHER || s->kind >= STATEMENT_TRUNCATE;
}

/* XA END stands inside its group, which ends with XA_PREPARE; XA COMMIT and XA ROLLBACK are groups
 * of their own. */
static bool ends_group(const struct group *g, const struct statement *s)
{
    if (s->kind == STATEMENT_COMMIT || s->kind == STATEMENT_ROLLBACK || s->kind == STATEMENT_XA)
        return true;
    return !g->begun && changes_something(s);
}

static enum status on_query(struct tail *t, const struct binlog_header *h, struct reader body)
{
    struct binlog_query query;
    struct statement s;
    TRY(binlog_query_read(h->type, body, &t->scratch, &query, &t->failure));
    statement_read(query.sql, query.sql_size, query.database, t->lower_case, &t->scratch, &s);
    open_group(t, h);
    if (s.kind == STATEMENT_BEGIN || s.kind == STATEMENT_XA_START) {
        t->group.begun = true;
        t->group.xa = s.kind == STATEMENT_XA_START;
        return STATUS_OK;
    }
    TRY(judge(t, &s, query.database));
    t->group.moved |= changes_something(&s) && strcmp(query.database, "millrace") != 0;
    return ends_group(&t->group, &s) ? emit_end(t) : STATUS_OK;
}

/* ---- rows ---- */

static int64_t integer(const struct value *v)
{
    return v->kind == VALUE_UINT ? (int64_t)v->u : v->i;
}

static bool is_integer(const struct value *v)
{
    return v->kind == VALUE_INT || v->kind == VALUE_UINT;
}

static enum status marker_met(struct tail *t, const struct marker_columns *at,
                              const struct value *row)
{
    const struct value *path = &row[at->path];
    bool sound = is_integer(&row[at->link]) && value_kind_has_text(path->kind) &&
                 path->size <= MARKER_PATH_BYTES;
    if (!sound)
        return fail(&t->failure, ERROR_PROTOCOL,
                    "a row of millrace.checkpoint in transaction %s is none of ours",
                    emit_group_name(t));
    struct marker m = {.link = integer(&row[at->link]),
                       .lane = (int32_t)integer(&row[at->lane]),
                       .seq = integer(&row[at->seq]),
                       .path = arena_copy(&t->scratch, path->text, path->size)};
    enum status status = marker_guard_met(t->guard, &m, &t->failure);
    if (status != STATUS_OK)
        return fail_in(&t->failure, "transaction %s", emit_group_name(t));
    return t->guard->echo && t->options->echoes ? emit_turn_quiet(t) : STATUS_OK;
}

static void take_root(struct tail *t, const struct value *root)
{
    buffer_clear(&t->root);
    if (value_kind_has_text(root->kind))
        buffer_add(&t->root, root->text, root->size);
}

/* Inserts are markers; an update moves the position of a large transaction, and its root. */
static enum status on_checkpoint(struct tail *t, const struct layout *l, struct binlog_rows *rows)
{
    const struct marker_columns *at = layout_marker(l);
    struct change c;
    bool more;
    while (rows->op != CHANGE_DELETE) { /* those are old rows that go */
        TRY(binlog_rows_next(rows, layout_map(l), &t->scratch, &c, &more, &t->failure));
        if (!more)
            return STATUS_OK;
        if (c.op == CHANGE_INSERT)
            TRY(marker_met(t, at, c.after));
        take_root(t, &c.after[at->root]);
    }
    return STATUS_OK;
}

static enum status request_met(struct tail *t, const struct request_columns *at,
                               const struct value *row)
{
    struct request r = {.event = row[at->event], .key = row[at->key]};
    if (!is_integer(&row[at->link]) || r.event.kind != VALUE_TEXT || r.key.kind != VALUE_TEXT)
        return fail(&t->failure, ERROR_PROTOCOL,
                    "a row of millrace.request in transaction %s is none of ours",
                    emit_group_name(t));
    r.link = integer(&row[at->link]);
    return emit_request(t, &r);
}

/* Inserts are requests; deletes are old rows that go. */
static enum status on_request(struct tail *t, const struct layout *l, struct binlog_rows *rows)
{
    struct change c;
    bool more = rows->op == CHANGE_INSERT;
    while (more) {
        TRY(binlog_rows_next(rows, layout_map(l), &t->scratch, &c, &more, &t->failure));
        if (more)
            TRY(request_met(t, layout_request(l), c.after));
    }
    return STATUS_OK;
}

static enum status xa_met(struct tail *t, const struct layout *l)
{
    return fail(&t->failure, ERROR_UNSUPPORTED,
                "XA transaction %s changes %s.%s, which this link maps: XA transactions are not "
                "supported on mapped tables; commit without XA",
                emit_group_name(t), layout_map(l)->schema, layout_map(l)->table);
}

/* With a trail of millrace's own rows only, a transaction has moved nothing. */
static bool goes_out(struct tail *t, const struct layout *l)
{
    enum layout_role role = layout_role(l);
    t->group.moved |= role == LAYOUT_WANTED || role == LAYOUT_UNWANTED;
    if (role == LAYOUT_CHECKPOINT || role == LAYOUT_REQUEST)
        return true;
    return role == LAYOUT_WANTED && (!t->guard->echo || t->options->echoes);
}

static enum status rows_of(struct tail *t, const struct layout *l, const struct binlog_header *h,
                           struct reader body)
{
    struct binlog_rows rows;
    if (!goes_out(t, l))
        return STATUS_OK;
    TRY(binlog_rows_read(h->type, body, &t->scratch, &rows, &t->failure));
    if (layout_role(l) == LAYOUT_CHECKPOINT)
        return on_checkpoint(t, l, &rows);
    if (layout_role(l) == LAYOUT_REQUEST)
        return on_request(t, l, &rows);
    if (t->group.xa || t->group.gtid.xa)
        return xa_met(t, l);
    return emit_rows(t, l, &rows, h->size);
}

enum { DUMMY_TABLE_ID = 0x00ffffff, ROWS_STATEMENT_END = 1 };

static enum status on_rows(struct tail *t, const struct binlog_header *h, struct reader body)
{
    struct reader head = body;
    uint64_t id = read_le(&head, 6), flags = read_le(&head, 2);
    const struct layout *l = layouts_find(&t->layouts, id);
    if (head.overrun || (!l && id != DUMMY_TABLE_ID))
        return fail(&t->failure, ERROR_PROTOCOL,
                    "transaction %s has rows of a table that the log has not named",
                    emit_group_name(t));
    open_group(t, h);
    if (l)
        TRY(rows_of(t, l, h, body));
    if (flags & ROWS_STATEMENT_END)
        layouts_end_statement(&t->layouts);
    return STATUS_OK;
}

/* ---- the rest ---- */

static enum status one_event(struct tail *t, const uint8_t *data, size_t size, bool checksum);

static enum status still_wanted(struct tail *t)
{
    TRY(tail_enter(t));
    tail_leave(t);
    return STATUS_OK;
}

static enum status on_payload(struct tail *t, struct reader body)
{
    struct payload *p;
    const uint8_t *event;
    size_t size = 1;
    TRY(payload_open(body, EVENT_BYTES_MAX, &p, &t->failure));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && size > 0) {
        status = payload_next(p, &event, &size, &t->failure);
        if (status == STATUS_OK)
            status = still_wanted(t); /* nothing is read from the server meanwhile */
        if (status == STATUS_OK && size > 0)
            status = one_event(t, event, size, false);
    }
    payload_close(p);
    return status;
}

static enum status on_incident(struct tail *t)
{
    return fail(&t->failure, ERROR_POSITION_LOST,
                "the source's binlog has an INCIDENT event after %s:%llu: the server says that "
                "changes were lost for its log; compare both sides, and copy the tables again",
                t->at.file, (unsigned long long)t->at.offset);
}

static enum status on_load(struct tail *t)
{
    return fail(&t->failure, ERROR_STATEMENT_FORMAT,
                "transaction %s has the statement LOAD DATA, not its rows: SET GLOBAL "
                "binlog_format=ROW on the source, and copy the tables again",
                emit_group_name(t));
}

static enum status on_other(struct tail *t, const struct binlog_header *h)
{
    if (h->type == 17 || h->type == 18) /* BEGIN_LOAD_QUERY, EXECUTE_LOAD_QUERY */
        return on_load(t);
    if (is_idle(h))
        return STATUS_OK;
    return fail(&t->failure, ERROR_UNSUPPORTED,
                "the source's binlog has an event of type %u, which this version does not know, "
                "after %s:%llu",
                h->type, t->at.file, (unsigned long long)t->at.offset);
}

static enum status dispatch(struct tail *t, const struct binlog_header *h, struct reader body)
{
    switch (h->type) {
    case BINLOG_QUERY:
    case BINLOG_MARIA_QUERY_COMPRESSED:
        return on_query(t, h, body);
    case BINLOG_ROTATE:
        return on_rotate(t, body, h);
    case BINLOG_FORMAT_DESCRIPTION:
        return on_format(t, body);
    case BINLOG_XID:
    case BINLOG_XA_PREPARE:
        open_group(t, h);
        return emit_end(t);
    case BINLOG_TABLE_MAP:
        return layouts_met(t, body);
    case BINLOG_WRITE_ROWS_V1:
    case BINLOG_UPDATE_ROWS_V1:
    case BINLOG_DELETE_ROWS_V1:
    case BINLOG_WRITE_ROWS:
    case BINLOG_UPDATE_ROWS:
    case BINLOG_DELETE_ROWS:
    case BINLOG_PARTIAL_UPDATE_ROWS:
    case BINLOG_MARIA_WRITE_COMPRESSED:
    case BINLOG_MARIA_UPDATE_COMPRESSED:
    case BINLOG_MARIA_DELETE_COMPRESSED:
        return on_rows(t, h, body);
    case BINLOG_GTID:
    case BINLOG_ANONYMOUS_GTID:
    case BINLOG_GTID_TAGGED:
    case BINLOG_MARIA_GTID:
        return on_gtid(t, h, body);
    case BINLOG_TRANSACTION_PAYLOAD:
        return on_payload(t, body);
    case BINLOG_INCIDENT:
        return on_incident(t);
    default:
        return on_other(t, h);
    }
}

static enum status one_event(struct tail *t, const uint8_t *data, size_t size, bool checksum)
{
    struct binlog_header h;
    struct reader body;
    arena_reset(&t->scratch);
    TRY(binlog_header_read(data, size, checksum, &h, &body, &t->failure));
    advance(t, &h);
    t->group.bytes += size;
    return dispatch(t, &h, body);
}

enum status event_met(struct tail *t, const uint8_t *data, size_t size)
{
    return one_event(t, data, size, t->checksum);
}
