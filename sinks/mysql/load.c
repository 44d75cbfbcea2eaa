/* INSERT of many rows by LOAD DATA LOCAL: on MySQL, which has no array binding, it costs the server
 * half of what the same rows cost as literals. Only where the server allows it (local_infile).
 *
 * LOCAL implies IGNORE: what an INSERT refuses is skipped or changed, with a warning. So a single
 * warning, or a row that is not there, takes all of it back, to the savepoint: the caller inserts
 * the same rows, and meets the error, if it is one. About a column that has no default and is not
 * named it does not even warn: the caller has inserted a row of the same columns before, in this
 * transaction, and the table cannot be altered since. */
#include "sinks/mysql/internal.h"

#include <stdio.h>
#include "base/log.h"

enum { ROWS_MIN = 500 };

bool load_is_for(const struct sink *s, const struct row_set *set)
{
    return s->loads && set->op == SET_INSERT && set->nrows >= ROWS_MIN &&
           my_statement_loads(set->relation);
}

/* s->sql: SAVEPOINT and LOAD, and from `lines` on what it reads. */
static enum status send(struct sink *s, size_t lines, const char *doing)
{
    MYSQL *conn = s->my->conn;
    s->my->local.data = s->sql.data + lines;
    s->my->local.size = s->sql.size - lines;
    bool failed = mysql_real_query(conn, s->sql.data, lines) || mysql_next_result(conn);
    s->my->local.data = NULL;
    return failed ? my_fail(s->my, doing) : STATUS_OK;
}

static enum status take_back(struct sink *s, const char *doing, const char *why)
{
    static const char back[] = "ROLLBACK TO SAVEPOINT millrace_load";
    log_debug("system=%s msg=\"rows are inserted instead\" doing=%s why=%s", s->my->base.system,
              log_quote(doing), log_quote(why));
    failure_clear(s->failure);
    return my_exec(s->my, back, sizeof back - 1, NULL);
}

/* *n 0: nothing was written. */
static enum status load_some(struct sink *s, const struct row_set *set, uint32_t from, uint32_t *n)
{
    const struct relation *r = set->relation;
    char doing[400];
    snprintf(doing, sizeof doing, "LOAD DATA into %s.%s", r->schema, r->name);
    buffer_clear(&s->sql);
    buffer_add_text(&s->sql, "SAVEPOINT millrace_load;");
    my_statement_load(&s->sql, set);
    size_t lines = s->sql.size;
    TRY(my_statement_lines(&s->sql, set, from, &s->limits, n, s->failure));
    if (*n == 0)
        return STATUS_OK;
    enum status status = send(s, lines, doing);
    if (status == STATUS_RETRY || status == STATUS_STOPPED)
        return status;
    if (status == STATUS_OK && mysql_affected_rows(s->my->conn) == *n &&
        mysql_warning_count(s->my->conn) == 0)
        return STATUS_OK;
    *n = 0;
    return take_back(s, doing, status == STATUS_OK ? "warnings" : s->failure->text);
}

enum status load_write(struct sink *s, const struct row_set *set, uint32_t *at)
{
    for (uint32_t n = 1; n > 0 && *at < set->nrows; *at += n)
        TRY(load_some(s, set, *at, &n));
    return STATUS_OK;
}
