/* rows.c: the messages of a transaction -> changes in the intake's open batch.
 *
 *   B ... C around each transaction, in commit order. The transaction opens in the intake with its
 *   first row that goes to the link: what is filtered, empty or an echo is progress only. A link
 *   that wants echoes gets them as quiet transactions.
 */
#include "postgres/internal.h"

#include "base/log.h"
#include "state/request.h"

static enum status fail_in_transaction(struct source *s, struct failure *f)
{
    char lsn[24];
    pg_lsn_write(s->reading.commit_lsn, lsn);
    return fail_in(f, "%s: transaction that commits at %s", s->o.endpoint->system, lsn);
}

static enum status fail_met(struct source *s, const struct met *m, struct failure *f)
{
    char lsn[24];
    pg_lsn_write(s->reading.commit_lsn, lsn);
    return fail_in(f, "%s: table %s.%s, transaction that commits at %s", s->o.endpoint->system,
                   m->layout.schema, m->layout.name, lsn);
}

static uint64_t log_bytes_to(struct reading *t, uint64_t lsn)
{
    uint64_t bytes = lsn > t->reported ? lsn - t->reported : 0;
    t->reported = lsn > t->reported ? lsn : t->reported;
    return bytes;
}

void rows_idle(struct source *s, uint64_t lsn)
{
    struct reading *t = &s->reading;
    char text[24];
    if (t->in_transaction || lsn <= t->position)
        return;
    t->position = lsn;
    pg_lsn_write(lsn, text);
    intake_progress(s->o.intake, text, false, log_bytes_to(t, lsn));
}

/* ---- values ---- */

enum status rows_value(const struct column *c, const char *text, size_t size, struct arena *a,
                       struct value *out, struct failure *f)
{
    TRY(pg_value_read(c, text, size, a, out, f));
    if (value_kind_has_text((enum value_kind)out->kind) && out->text >= text &&
        out->text <= text + size)
        out->text = arena_copy(a, out->text, out->size);
    return STATUS_OK;
}

static enum status read_cell(const struct column *c, const struct pgoutput_cell *cell,
                             struct arena *a, struct value *out, struct failure *f)
{
    if (cell->kind == 't')
        return rows_value(c, cell->text, cell->size, a, out, f);
    *out = (struct value){.kind = cell->kind == 'n' ? VALUE_NULL : VALUE_ABSENT};
    return STATUS_OK;
}

/* Of an old row that is only its key, the log sends the other columns as nulls. */
static enum status read_row(const struct met *m, const struct pgoutput_tuple *t, struct batch *b,
                            struct value **out, struct failure *f)
{
    const struct relation *r = m->relation;
    if (t->ncells != r->ncolumns)
        return fail(f, ERROR_PROTOCOL, "a row of %d columns, where the log announced %d", t->ncells,
                    r->ncolumns);
    struct value *row = batch_row(b, r->ncolumns);
    for (int i = 0; i < r->ncolumns; i++) {
        if (t->kind == 'K' && !m->layout.columns[i].key)
            row[i] = (struct value){.kind = VALUE_ABSENT};
        else
            TRY(read_cell(&r->columns[i], &t->cells[i], &b->arena, &row[i], f));
    }
    *out = row;
    return STATUS_OK;
}

/* An unchanged column that the log left out is what it was, where the old row is there. */
static void fill_unchanged(const struct relation *r, const struct value *before,
                           struct value *after)
{
    for (int i = 0; i < r->ncolumns; i++)
        if (after[i].kind == VALUE_ABSENT)
            after[i] = before[i];
}

/* ---- transactions ---- */

static struct batch *open_transaction(struct source *s)
{
    struct reading *t = &s->reading;
    struct intake *in = s->o.intake;
    const struct marker_guard *g = t->guard;
    if (t->begun)
        return in->open;
    struct batch *b = g->echo ? intake_quiet(in, g->own_path) : intake_path(in, g->path);
    struct transaction *opened = batch_begin(b);
    opened->committed_us = t->committed_us;
    opened->quiet = g->echo;
    intake_began(in);
    t->begun = true;
    return b;
}

static bool is_cut(const struct source *s)
{
    return s->reading.guard->echo && !s->o.echoes;
}

static enum status add_row(struct source *s, const struct met *m, struct batch *b,
                           struct failure *f)
{
    const struct pgoutput *p = s->reading.message;
    struct value *before = NULL, *after = NULL;
    if (p->before.kind)
        TRY(read_row(m, &p->before, b, &before, f));
    if (p->after.kind)
        TRY(read_row(m, &p->after, b, &after, f));
    if (p->before.kind == 'O' && after)
        fill_unchanged(m->relation, before, after);
    struct change *c = batch_append(b);
    c->op = p->kind == 'I' ? CHANGE_INSERT : p->kind == 'U' ? CHANGE_UPDATE : CHANGE_DELETE;
    c->relation = m->relation;
    c->before = before;
    c->after = after;
    return STATUS_OK;
}

static enum status read_change(struct source *s, struct failure *f)
{
    struct reading *t = &s->reading;
    const struct met *m = tables_met_find(s, t->message->oid);
    if (!m || !t->in_transaction)
        return fail(f, ERROR_PROTOCOL, "a row of relation %u outside of what the log announced",
                    t->message->oid);
    t->moved = t->moved || !m->ours;
    if (!m->wanted || is_cut(s))
        return STATUS_OK;
    intake_lock(s->o.intake);
    struct batch *b = open_transaction(s);
    enum status status = add_row(s, m, b, f);
    if (status == STATUS_OK)
        intake_piece(s->o.intake);
    intake_unlock(s->o.intake);
    return status == STATUS_OK ? STATUS_OK : fail_met(s, m, f);
}

static enum status read_truncate(struct source *s, struct failure *f)
{
    struct reading *t = &s->reading;
    for (uint32_t i = 0; i < t->message->noids; i++) {
        const struct met *m = tables_met_find(s, pgoutput_truncated(t->message, i));
        if (!m || !t->in_transaction)
            return fail(f, ERROR_PROTOCOL, "a TRUNCATE outside of what the log announced");
        t->moved = t->moved || !m->ours;
        if (!m->wanted || is_cut(s))
            continue;
        intake_lock(s->o.intake);
        struct change *c = batch_append(open_transaction(s));
        c->op = CHANGE_TRUNCATE;
        c->relation = m->relation;
        intake_piece(s->o.intake);
        intake_unlock(s->o.intake);
    }
    return STATUS_OK;
}

static enum status read_begin(struct source *s, struct failure *f)
{
    struct reading *t = &s->reading;
    if (t->in_transaction)
        return fail(f, ERROR_PROTOCOL, "a transaction begins inside another one");
    t->in_transaction = true;
    t->begun = t->moved = false;
    t->commit_lsn = t->message->lsn;
    t->committed_us = t->message->committed_us;
    marker_guard_begin(t->guard);
    return STATUS_OK;
}

/* Pieces of it that have been handed over stay what they were. */
static void turn_quiet(struct source *s)
{
    intake_lock(s->o.intake);
    intake_turn_quiet(s->o.intake, s->reading.guard->own_path);
    intake_unlock(s->o.intake);
}

/* The marker comes first in a transaction of ours. The path of rows that are in the batch already
 * cannot be changed any more; an echo is cut from here on all the same, or is quiet as a whole. */
static enum status read_marker(struct source *s, struct failure *f)
{
    struct reading *t = &s->reading;
    const struct pgoutput *p = t->message;
    char path[MARKER_PATH_BYTES + 1];
    struct marker marker;
    enum status status = marker_read(p->content, p->content_size, &marker, path, f);
    if (status == STATUS_OK)
        status = marker_guard_met(t->guard, &marker, f);
    if (status == STATUS_OK && t->guard->echo && t->begun && s->o.echoes)
        turn_quiet(s);
    return status == STATUS_OK ? STATUS_OK : fail_in_transaction(s, f);
}

/* Who may connect may write such messages: one that is no request stops nothing. */
static enum status read_request(struct source *s)
{
    struct reading *t = &s->reading;
    struct intake *in = s->o.intake;
    struct request request;
    char lsn[24];
    if (!request_read(t->message->content, t->message->content_size, &request)) {
        pg_lsn_write(t->commit_lsn, lsn);
        log_warn("link=%s msg=\"a log message with the prefix " REQUEST_PREFIX " is no request: "
                 "left out\" commit=%s",
                 s->o.link, lsn);
        return STATUS_OK;
    }
    intake_lock(in);
    open_transaction(s);
    /* The answer is the source's own doing, whatever the transaction is. */
    struct batch *b = intake_path(in, t->guard->echo ? t->guard->own_path : t->guard->path);
    request_append(b, &request);
    intake_piece(in);
    intake_unlock(in);
    return STATUS_OK;
}

static enum status read_message(struct source *s, struct failure *f)
{
    const struct pgoutput *p = s->reading.message;
    if (!p->transactional || !s->reading.in_transaction)
        return STATUS_OK;
    if (strcmp(p->prefix, "millrace") == 0)
        return read_marker(s, f);
    if (s->o.requests && strcmp(p->prefix, REQUEST_PREFIX) == 0)
        return read_request(s);
    return STATUS_OK;
}

static enum status read_commit(struct source *s, struct failure *f)
{
    struct reading *t = &s->reading;
    uint64_t end = t->message->lsn;
    char text[24];
    pg_lsn_write(end, text);
    if (!t->in_transaction || end <= t->position)
        return fail(f, ERROR_PROTOCOL, "a commit that ends at %s, which was passed before", text);
    t->in_transaction = false;
    t->position = end;
    uint64_t bytes = log_bytes_to(t, end);
    if (!t->begun) {
        intake_progress(s->o.intake, text, t->moved, bytes);
        return STATUS_OK;
    }
    struct batch *b = intake_lock(s->o.intake);
    b->source_bytes += bytes;
    batch_end(b, text, NULL, t->committed_us);
    intake_ended(s->o.intake);
    intake_unlock(s->o.intake);
    return STATUS_OK;
}

enum status rows_read(struct source *s, const void *data, size_t size, struct failure *f)
{
    TRY(pgoutput_read(data, size, s->reading.message, f));
    switch (s->reading.message->kind) {
    case 'B':
        return read_begin(s, f);
    case 'C':
        return read_commit(s, f);
    case 'M':
        return read_message(s, f);
    case 'R':
        return tables_met(s, s->reading.message, f);
    case 'I':
    case 'U':
    case 'D':
        return read_change(s, f);
    case 'T':
        return read_truncate(s, f);
    default:
        return STATUS_OK; /* origins and types tell nothing that we need */
    }
}
