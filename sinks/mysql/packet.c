/* Statements that wait to be sent as one packet: START TRANSACTION, the checkpoint row, and small
 * sets; with COMMIT a small transaction takes two round trips. A statement that fails keeps those
 * after it from running: so the checkpoint never stands outside a transaction.
 *
 * Rows are literals here, on MariaDB too; an update is a statement a row. Answers are read in
 * order, and each count is compared. Which warnings a statement gave can be asked of the last one only:
 * where another one warns, this session sends its sets one by one from then on.
 *
 * A KILL QUERY that comes between two statements keeps the rest from running, and both servers have
 * said by then that more answers follow: nothing comes until they close the idle transaction (after
 * a minute, see sink.c), and that is a lost connection. */
#include "sinks/mysql/internal.h"

#include <stdio.h>
#include "base/crash.h"
#include "base/guard.h"

enum { PACKET_BYTES = 64 << 10 };

static struct step *add_step(struct packet *p, const char *doing)
{
    must(p->nsteps < PACKET_STEPS);
    struct step *step = &p->steps[p->nsteps++];
    *step = (struct step){.doing = doing};
    if (p->nsteps > 1)
        buffer_add_char(&p->sql, ';');
    return step;
}

void packet_clear(struct packet *p)
{
    p->nsteps = 0;
    p->checkpoint = -1;
    p->rows = 0;
    buffer_clear(&p->sql);
}

struct buffer *packet_add(struct packet *p, const char *doing)
{
    add_step(p, doing);
    return &p->sql;
}

/* ---- sets ---- */

static void add_set_step(struct packet *p, const struct row_set *set, uint32_t rows)
{
    struct step *step = add_step(p, my_doing(set->op));
    step->relation = set->relation;
    step->rows = rows;
    step->counted = !set->lenient;
}

static enum status add_updates(struct sink *s, const struct my_table *t, const struct row_set *set)
{
    for (uint32_t i = 0; i < set->nrows; i++) {
        add_set_step(&s->packet, set, 1);
        TRY(my_statement_update_one(&s->packet.sql, &t->place, set, i, s->failure));
    }
    return STATUS_OK;
}

static enum status add_set(struct sink *s, const struct my_table *t, const struct row_set *set)
{
    static const struct my_limits none = {SIZE_MAX, UINT32_MAX};
    struct packet *p = &s->packet;
    uint32_t n;
    if (set->op == SET_UPDATE)
        return add_updates(s, t, set);
    add_set_step(p, set, set->nrows);
    if (set->op == SET_DELETE)
        return my_statement_delete(&p->sql, &t->place, set->keys, set->nrows, 0, &none, &n,
                                   s->failure);
    return my_statement_insert(&p->sql, &t->place, set, 0, &none, &n, s->failure);
}

enum status packet_add_set(struct sink *s, const struct my_table *t, const struct row_set *set,
                           bool *taken)
{
    struct packet *p = &s->packet;
    int nsteps = p->nsteps;
    size_t size = p->sql.size;
    *taken = !p->warned && set->op <= SET_INSERT && set->nrows <= PACKET_ROWS - p->rows;
    if (!*taken)
        return STATUS_OK;
    TRY(add_set(s, t, set));
    *taken = p->sql.size <= PACKET_BYTES && p->sql.size <= s->limits.bytes;
    if (*taken) {
        p->rows += set->nrows;
    } else {
        p->nsteps = nsteps;
        p->sql.size = size;
    }
    return *taken && crash_awaits(CRASH_BETWEEN_SETS) ? packet_send(s) : STATUS_OK;
}

/* ---- sending ---- */

static enum status step_failed(struct sink *s, const struct step *step)
{
    char doing[400];
    const struct relation *r = step->relation;
    bool taken =
        step - s->packet.steps == s->packet.checkpoint && mysql_errno(s->my->conn) == 1062;
    if (r)
        snprintf(doing, sizeof doing, "%s %s.%s", step->doing, r->schema, r->name);
    enum status status = my_fail(s->my, r ? doing : step->doing);
    return taken ? my_checkpoint_taken(s) : status;
}

static enum status warned(struct sink *s, const struct step *step, unsigned warnings)
{
    const struct relation *r = step->relation;
    s->packet.warned = true;
    return fail(s->failure, ERROR_VALUE,
                "%s: %s %s.%s: %u warnings among several statements: the rows are written again",
                s->my->base.system, step->doing, r ? r->schema : "", r ? r->name : "", warnings);
}

/* The first count that is wrong, of answers that are all read. */
static enum status check_steps(struct sink *s, const struct packet *p)
{
    for (int i = 0; i < p->nsteps; i++) {
        const struct step *step = &p->steps[i];
        if (GUARD_COUNT_CHECK && step->counted && step->found != step->rows)
            return my_fail_count(s, step->relation, step->doing, step->found, step->rows);
        if (step->warnings && i < p->nsteps - 1)
            return warned(s, step, step->warnings);
    }
    const struct step *last = &p->steps[p->nsteps - 1];
    return last->relation ? my_sink_warnings(s, last->relation, last->doing, last->warnings)
                          : STATUS_OK;
}

static enum status read_answers(struct sink *s, struct packet *p)
{
    MYSQL *conn = s->my->conn;
    for (int i = 0; i < p->nsteps; i++) {
        struct step *step = &p->steps[i];
        if (i > 0 && mysql_next_result(conn) != 0)
            return step_failed(s, step);
        step->found = mysql_affected_rows(conn);
        step->warnings = mysql_warning_count(conn);
    }
    return check_steps(s, p);
}

enum status packet_send(struct sink *s)
{
    struct packet *p = &s->packet;
    if (p->nsteps == 0)
        return STATUS_OK;
    enum status status = mysql_real_query(s->my->conn, p->sql.data, p->sql.size)
                             ? step_failed(s, &p->steps[0])
                             : read_answers(s, p);
    packet_clear(p);
    return status;
}
