#include "mysql/internal.h"

#include <string.h>

/* The group's first row that goes out opens its transaction: what is echo (unless the link wants
 * those) or not mapped leaves no trace but progress. */
static struct batch *open_batch(struct tail *t)
{
    struct intake *in = t->options->intake;
    const struct marker_guard *g = t->guard;
    struct batch *b = intake_lock(in);
    if (t->group.emitted)
        return b;
    b = g->echo ? intake_quiet(in, g->own_path) : intake_path(in, g->path);
    struct transaction *opened = batch_begin(b);
    opened->committed_us = t->group.committed_us;
    opened->quiet = g->echo;
    intake_began(in);
    t->group.emitted = true;
    return b;
}

/* The event is gone before the batch is. Its rows are copied once, not text by text; but each piece
 * of a large transaction would copy all that is left again: so of an event that is large beside a
 * piece only the texts are, row by row. */
static bool is_kept_whole(const struct intake *in, const struct binlog_rows *rows)
{
    return reader_left(&rows->rows) <= in->piece_bytes / 4;
}

static enum status append_rows(struct tail *t, struct batch *b, const struct table_map *map,
                               struct binlog_rows *rows)
{
    const bool whole = is_kept_whole(t->options->intake, rows);
    const struct reader event = rows->rows;
    const struct batch *kept_in = NULL;
    for (;;) {
        struct change c;
        bool more;
        if (whole && b != kept_in)
            binlog_rows_keep(rows, &b->arena);
        kept_in = b;
        TRY(binlog_rows_next(rows, map, &b->arena, &c, &more, &t->failure));
        if (!more)
            return STATUS_OK;
        if (!whole)
            binlog_change_keep(&c, map, &event, &b->arena);
        *batch_append(b) = c;
        b = intake_piece(t->options->intake);
    }
}

enum status emit_rows(struct tail *t, const struct layout *l, struct binlog_rows *rows,
                      uint64_t log_bytes)
{
    TRY(tail_enter_room(t));
    struct batch *b = open_batch(t);
    b->source_bytes += log_bytes;
    enum status status = append_rows(t, b, layout_map(l), rows);
    intake_unlock(t->options->intake);
    tail_leave(t);
    if (status != STATUS_OK)
        return fail_in(&t->failure, "transaction %s", emit_group_name(t));
    return STATUS_OK;
}

enum status emit_truncate(struct tail *t, const struct relation *r)
{
    TRY(tail_enter_room(t));
    struct batch *b = open_batch(t);
    *batch_append(b) = (struct change){.op = CHANGE_TRUNCATE, .relation = r};
    intake_unlock(t->options->intake);
    tail_leave(t);
    return STATUS_OK;
}

/* The answer is the source's own doing, whatever the transaction is: so the path is its own. */
enum status emit_request(struct tail *t, const struct request *r)
{
    struct intake *in = t->options->intake;
    const struct marker_guard *g = t->guard;
    TRY(tail_enter_room(t));
    open_batch(t);
    request_append(intake_path(in, g->echo ? g->own_path : g->path), r);
    intake_piece(in);
    intake_unlock(in);
    tail_leave(t);
    return STATUS_OK;
}

enum status emit_turn_quiet(struct tail *t)
{
    struct intake *in = t->options->intake;
    if (!t->group.emitted)
        return STATUS_OK;
    TRY(tail_enter(t));
    intake_lock(in);
    intake_turn_quiet(in, t->guard->own_path);
    intake_unlock(in);
    tail_leave(t);
    return STATUS_OK;
}

enum status emit_empty(struct tail *t)
{
    TRY(tail_enter(t));
    open_batch(t);
    intake_unlock(t->options->intake);
    tail_leave(t);
    return STATUS_OK;
}

static void write_position(struct tail *t)
{
    if (t->set)
        position_write_set(t->set, &t->position);
    else
        position_write_file(&t->at, &t->position);
}

static void end_transaction(struct tail *t)
{
    struct intake *in = t->options->intake;
    struct batch *b = intake_lock(in);
    const char *root = t->root.size > 0 ? buffer_text(&t->root) : NULL;
    batch_end(b, t->position.data, root, t->group.committed_us);
    intake_ended(in);
    intake_unlock(in);
}

static enum status pass(struct tail *t)
{
    TRY(tail_enter(t));
    if (t->group.emitted)
        end_transaction(t);
    else
        intake_progress(t->options->intake, t->position.data, t->group.moved, t->group.bytes);
    tail_leave(t);
    return STATUS_OK;
}

enum status emit_end(struct tail *t)
{
    if (t->set && !t->group.has_gtid)
        return fail(&t->failure, ERROR_SETTING,
                    "the log has a transaction without a GTID before %s:%llu: set gtid_mode=ON on "
                    "the source",
                    t->at.file, (unsigned long long)t->at.offset);
    if (t->set)
        gtid_set_add(t->set, &t->group.gtid);
    write_position(t);
    TRY(pass(t));
    t->group = (struct group){0};
    buffer_clear(&t->root);
    return STATUS_OK;
}

enum status emit_abandon(struct tail *t, bool *done)
{
    struct intake *in = t->options->intake;
    TRY(tail_enter(t));
    intake_lock(in);
    *done = !in->in_pieces;
    if (*done && t->group.emitted)
        batch_abandon(in->open);
    intake_unlock(in);
    tail_leave(t);
    return STATUS_OK;
}

const char *emit_position_after(struct tail *t)
{
    if (t->set && t->group.has_gtid)
        gtid_set_add(t->set, &t->group.gtid); /* emit_end's second time changes nothing */
    write_position(t);
    return t->position.data;
}

enum status emit_progress(struct tail *t)
{
    write_position(t);
    return pass(t);
}

const char *emit_group_name(struct tail *t)
{
    if (!t->group.has_gtid || t->group.gtid.anonymous)
        return arena_format(&t->scratch, "at %s:%llu", t->at.file,
                            (unsigned long long)t->at.offset);
    struct gtid_set *one = gtid_set_new(t->mariadb);
    struct buffer b;
    buffer_init(&b, POSITION_TEXT_MAX);
    gtid_set_add(one, &t->group.gtid);
    gtid_set_write(one, &b);
    const char *text = arena_copy(&t->scratch, b.data, b.size);
    buffer_free(&b);
    gtid_set_free(one);
    return text;
}
