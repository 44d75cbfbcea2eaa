/* Row mode: one change, one statement, one row; errors name table and key. */
#include "sinks/mysql/internal.h"

#include <inttypes.h>
#include "base/guard.h"

static enum status insert_row(struct sink *s, const struct my_table *t, const struct change *c)
{
    const struct relation *r = t->place.relation;
    bool *present = arena_alloc(&s->scratch, (size_t)r->ncolumns);
    for (int i = 0; i < r->ncolumns; i++)
        present[i] = !r->columns[i].generated && c->after[i].kind != VALUE_ABSENT;
    struct row_set set = {
        .op = SET_INSERT, .relation = r, .nrows = 1, .rows = &c->after, .present = present};
    uint32_t n;
    return my_statement_insert(&s->sql, &t->place, &set, 0, &s->limits, &n, s->failure);
}

static enum status row_text(struct sink *s, const struct my_table *t, const struct change *c)
{
    const struct value *find = c->before ? c->before : c->after;
    switch (c->op) {
    case CHANGE_INSERT:
        return insert_row(s, t, c);
    case CHANGE_UPDATE:
        return my_statement_update_row(&s->sql, &t->place, find, c->after, s->failure);
    case CHANGE_DELETE:
        return my_statement_delete_row(&s->sql, &t->place, find, s->failure);
    case CHANGE_TRUNCATE:
        buffer_add_text(&s->sql, "DELETE FROM ");
        my_statement_table(&s->sql, t->place.relation);
        return STATUS_OK;
    }
    return fail(s->failure, ERROR_INTERNAL, "a change of kind %d", (int)c->op);
}

static const char *doing(enum change_op op)
{
    static const char *const words[] = {
        [CHANGE_INSERT] = "INSERT into",
        [CHANGE_UPDATE] = "UPDATE of",
        [CHANGE_DELETE] = "DELETE from",
        [CHANGE_TRUNCATE] = "DELETE (for a TRUNCATE) from",
    };
    return words[op];
}

static enum status run_row(struct sink *s, const struct relation *r, const struct change *c)
{
    uint64_t affected;
    TRY(my_sink_run(s, r, doing(c->op), &affected));
    if (!GUARD_COUNT_CHECK || c->op == CHANGE_TRUNCATE || affected == 1)
        return STATUS_OK;
    return fail(s->failure, ERROR_WRONG_COUNT,
                "%s: %s %s.%s found %" PRIu64 " rows instead of 1: the target's row is gone, or "
                "has another key",
                s->my->base.system, doing(c->op), r->schema, r->name, affected);
}

enum status my_write_row(struct sink *s, const struct change *c)
{
    const struct my_table *t = my_table_of(s, c->relation);
    TRY(packet_send(s));
    arena_reset(&s->scratch);
    buffer_clear(&s->sql);
    enum status status = row_text(s, t, c);
    if (status == STATUS_OK)
        status = run_row(s, c->relation, c);
    else if (c->op == CHANGE_INSERT)
        return status; /* names its row already */
    if (status == STATUS_DATA)
        return my_fail_row(c->relation, c->before ? c->before : c->after, s->failure);
    return status;
}
