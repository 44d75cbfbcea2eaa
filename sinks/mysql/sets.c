/* Sets of net rows. What is small waits in the packet. Of the rest INSERT and UPDATE go by array
 * binding on MariaDB, as texts on MySQL, which has no array binding (many inserts by LOAD DATA
 * where the server allows it); DELETE and the two forms of a copy's window as texts on both (a list
 * of keys costs MariaDB half of what an array of them does). Every count is compared. */
#include "sinks/mysql/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/guard.h"

const char *my_doing(enum set_op op)
{
    return op == SET_DELETE ? "DELETE from" : op == SET_UPDATE ? "UPDATE of" : "INSERT into";
}

enum status my_fail_count(struct sink *s, const struct relation *r, const char *doing,
                          uint64_t found, uint64_t rows)
{
    return fail(s->failure, ERROR_WRONG_COUNT,
                "%s: %s %s.%s: found %" PRIu64 " of %" PRIu64 " rows", s->my->base.system, doing,
                r->schema, r->name, found, rows);
}

static enum status check_count(struct sink *s, const struct row_set *set, uint64_t affected)
{
    if (!GUARD_COUNT_CHECK || set->lenient || affected == set->nrows)
        return STATUS_OK;
    return my_fail_count(s, set->relation, my_doing(set->op), affected, set->nrows);
}

/* ---- texts ---- */

/* The next statement of a set, from row `from` on. */
static enum status next_text(struct sink *s, const struct my_table *t, const struct row_set *set,
                             uint32_t from, const struct my_limits *limits, uint32_t *n)
{
    struct buffer *b = &s->sql;
    buffer_clear(b);
    switch (set->op) {
    case SET_DELETE:
        return my_statement_delete(b, &t->place, set->keys, set->nrows, from, limits, n,
                                   s->failure);
    case SET_UPDATE:
        return my_statement_update(b, &t->place, set, from, limits, n, s->failure);
    default:
        return my_statement_insert(b, &t->place, set, from, limits, n, s->failure);
    }
}

static enum status write_text(struct sink *s, const struct my_table *t, const struct row_set *set,
                              const struct my_limits *limits, uint32_t *at, uint64_t *affected)
{
    uint32_t n;
    uint64_t some;
    TRY(next_text(s, t, set, *at, limits, &n));
    TRY(my_sink_run(s, set->relation, my_doing(set->op), &some));
    *at += n;
    *affected += some;
    return STATUS_OK;
}

static enum status write_texts(struct sink *s, const struct my_table *t, const struct row_set *set,
                               uint64_t *affected)
{
    static const struct my_limits one_row = {SIZE_MAX, 1};
    uint32_t at = 0;
    *affected = 0;
    if (load_is_for(s, set)) {
        TRY(write_text(s, t, set, &one_row, &at, affected));
        TRY(load_write(s, set, &at));
        *affected += at - 1;
    }
    while (at < set->nrows)
        TRY(write_text(s, t, set, &s->limits, &at, affected));
    return STATUS_OK;
}

static enum status write_rows(struct sink *s, const struct my_table *t, const struct row_set *set)
{
    uint64_t affected;
    if (s->bulk && set->op != SET_DELETE)
        TRY(bulk_write(s->bulk, set, &affected));
    else
        TRY(write_texts(s, t, set, &affected));
    return check_count(s, set, affected);
}

/* ---- a copy's window ---- */

static enum status count_keys(struct sink *s, const struct my_table *t, struct value *const *keys,
                              uint32_t n, uint64_t *found)
{
    struct rows rows;
    arena_reset(&s->scratch);
    buffer_clear(&s->sql);
    TRY(my_statement_count(&s->sql, &t->place, keys, n, s->failure));
    TRY(session_query(my_session(s->my), &s->scratch, &rows, buffer_text(&s->sql), 0, NULL));
    *found = strtoull(rows_cell(&rows, 0, 0), NULL, 10);
    return STATUS_OK;
}

/* `id`=`id` leaves the row of the same key alone; but it would also leave alone a row that holds
 * the same value in another unique index, and drop ours: then our key is not there afterwards. */
static enum status insert_absent(struct sink *s, const struct my_table *t,
                                 const struct row_set *set)
{
    const struct relation *r = set->relation;
    const char *key = r->columns[r->key[0]].name;
    uint64_t ignored, found;
    for (uint32_t from = 0, n; from < set->nrows; from += n) {
        TRY(next_text(s, t, set, from, &s->limits, &n));
        buffer_add_text(&s->sql, " ON DUPLICATE KEY UPDATE ");
        my_add_name(&s->sql, key);
        buffer_add_char(&s->sql, '=');
        my_add_name(&s->sql, key);
        TRY(my_sink_run(s, r, my_doing(set->op), &ignored));
        TRY(count_keys(s, t, set->rows + from, n, &found));
        if (found != n)
            return fail(s->failure, ERROR_UNIQUE,
                        "%s: INSERT into %s.%s: %" PRIu64 " of %" PRIu32 " rows hold a value that "
                        "another row has in a unique index",
                        s->my->base.system, r->schema, r->name, n - found, n);
    }
    return STATUS_OK;
}

static enum status set_foreign_keys(struct sink *s, bool on)
{
    const char *sql = on ? "SET SESSION foreign_key_checks=1" : "SET SESSION foreign_key_checks=0";
    return my_exec(s->my, sql, strlen(sql), NULL);
}

/* Deleted by key and inserted: ON DUPLICATE KEY UPDATE could change another row through a secondary
 * unique index. Foreign keys must not see the gap between, nor cascade through it. */
static enum status replace_rows(struct sink *s, const struct my_table *t, const struct row_set *set)
{
    struct row_set gone = {.op = SET_DELETE,
                           .relation = set->relation,
                           .nrows = set->nrows,
                           .keys = set->rows,
                           .lenient = true};
    struct row_set come = *set;
    come.op = SET_INSERT;
    come.lenient = false;
    TRY(write_rows(s, t, &gone));
    return write_rows(s, t, &come);
}

static enum status upsert(struct sink *s, const struct my_table *t, const struct row_set *set)
{
    if (!s->foreign_keys)
        return replace_rows(s, t, set);
    TRY(set_foreign_keys(s, false));
    enum status status = replace_rows(s, t, set);
    struct failure first = *s->failure;
    enum status restored = set_foreign_keys(s, true);
    if (status == STATUS_OK)
        return restored;
    *s->failure = first;
    return status;
}

enum status my_write_set(struct sink *s, const struct row_set *set)
{
    const struct my_table *t = my_table_of(s, set->relation);
    bool keyed = set->relation->nkey > 0, in_packet;
    if (set->nrows == 0)
        return STATUS_OK;
    must(keyed || set->op >= SET_INSERT);
    TRY(packet_add_set(s, t, set, &in_packet));
    if (in_packet)
        return STATUS_OK;
    TRY(packet_send(s));
    if (set->op == SET_INSERT_ABSENT && keyed)
        return insert_absent(s, t, set);
    if (set->op == SET_UPSERT && keyed)
        return upsert(s, t, set);
    return write_rows(s, t, set);
}
