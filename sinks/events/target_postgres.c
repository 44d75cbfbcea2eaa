/* target_postgres.c: queries with arrays as parameters. A result's column is read as a column of
 * that type would be. */
#include "db/postgres/pg.h"
#include "sinks/events/target_parts.h"

static struct pg *connection(const struct event_target *t)
{
    return (struct pg *)t->session;
}

static enum status expect(struct event_target *t, ExecStatusType wanted, PGresult **out)
{
    PGresult *next;
    enum status status = pg_result(connection(t), out);
    if (status != STATUS_OK)
        return status;
    if (!*out || PQresultStatus(*out) != wanted)
        status = pg_fail(connection(t), *out, "resolving events");
    do { /* to the command's end */
        enum status end = pg_result(connection(t), &next);
        if (end != STATUS_OK && status == STATUS_OK)
            status = end;
        if (end != STATUS_OK)
            break;
        PQclear(next);
    } while (next);
    if (status == STATUS_OK)
        return status;
    PQclear(*out);
    *out = NULL;
    return status;
}

static enum status sent(struct event_target *t, int ok)
{
    return ok ? pg_flush(connection(t)) : pg_fail(connection(t), NULL, "resolving events");
}

static void fill_columns(const PGresult *res, struct arena *a, struct column **out, int *n)
{
    *n = PQnfields(res);
    *out = arena_zalloc(a, (size_t)(*n + 1) * sizeof **out);
    for (int i = 0; i < *n; i++) {
        struct column *c = &(*out)[i];
        const struct pg_type *type = pg_type_of(PQftype(res, i), 0, 'b', "");
        c->name = arena_strdup(a, PQfname(res, i));
        c->type = "of the SELECT";
        c->codec = type;
        c->kind = pg_type_kind(type, -1);
    }
}

/* The unnamed statement: it is described, and forgotten. */
enum status pg_target_describe(void *self, const struct event_statement *s, struct arena *a,
                               struct result_column **out, int *n)
{
    struct event_target *t = self;
    PGconn *conn = connection(t)->conn;
    PGresult *res;
    struct column *columns;
    TRY(t->driver->settle(t->sink));
    TRY(sent(t, PQsendPrepare(conn, "", s->sql, 0, NULL)));
    TRY(expect(t, PGRES_COMMAND_OK, &res));
    PQclear(res);
    TRY(sent(t, PQsendDescribePrepared(conn, "")));
    TRY(expect(t, PGRES_COMMAND_OK, &res));
    fill_columns(res, a, &columns, n);
    PQclear(res);
    *out = arena_alloc(a, (size_t)(*n + 1) * sizeof **out);
    for (int i = 0; i < *n; i++)
        (*out)[i] = (struct result_column){columns[i].name, columns[i].kind};
    return STATUS_OK;
}

/* The result's memory goes with it: what a value keeps of it is copied. */
static enum status read_cell(struct event_target *t, const PGresult *res, int row, int i,
                             const struct column *c, struct arena *a, struct value *out)
{
    *out = value_null();
    if (PQgetisnull(res, row, i))
        return STATUS_OK;
    size_t size = (size_t)PQgetlength(res, row, i);
    const char *text = arena_copy(a, PQgetvalue(res, row, i), size);
    return pg_value_read(c, text, size, a, out, t->database.failure);
}

static enum status read_rows(struct event_target *t, const PGresult *res, struct arena *a,
                             struct result *out)
{
    struct column *columns;
    fill_columns(res, a, &columns, &out->ncolumns);
    out->nrows = (uint32_t)PQntuples(res);
    struct value *cell =
        arena_alloc(a, ((size_t)out->nrows * (size_t)out->ncolumns + 1) * sizeof *cell);
    out->cells = cell;
    for (uint32_t row = 0; row < out->nrows; row++)
        for (int i = 0; i < out->ncolumns; i++)
            TRY(read_cell(t, res, (int)row, i, &columns[i], a, cell++));
    return STATUS_OK;
}

/* The sink's own statements find rows by keys, whatever the statistics; a SELECT of the config may
 * join as the planner likes. But not the later pieces of a large transaction: their rows count as
 * none, and a nested loop that is planned for no row is run for all. */
#define FREE_PLANS                                                                                 \
    "SET plan_cache_mode = force_custom_plan; SET enable_seqscan = on; SET enable_hashjoin = on;"  \
    " SET enable_mergejoin = on"
static const char free_plans[] = FREE_PLANS;
static const char uncounted_plans[] = FREE_PLANS "; SET enable_nestloop = off";
static const char sink_plans[] =
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off;"
    " SET enable_mergejoin = off; SET enable_nestloop = on";

static const char index_plans[] = "SET plan_cache_mode = force_custom_plan";

static enum status set_plans(struct event_target *t, const char *sql)
{
    return session_query(t->session, NULL, NULL, sql, 0, NULL);
}

static enum status run(struct event_target *t, const struct event_statement *s, PGresult **out)
{
    TRY(sent(t, PQsendQueryParams(connection(t)->conn, s->sql, s->nparams, NULL, s->params, NULL,
                                  NULL, 0)));
    return expect(t, PGRES_TUPLES_OK, out);
}

static const char *plans_of(const struct event_target *t)
{
    return t->by_index ? index_plans : t->uncounted ? uncounted_plans : free_plans;
}

/* Where the query fails, going back to the savepoint takes the setting back too. */
enum status pg_target_query(void *self, const struct event_statement *s, struct arena *a,
                            struct result *out)
{
    struct event_target *t = self;
    PGresult *res;
    TRY(t->driver->settle(t->sink));
    TRY(set_plans(t, plans_of(t)));
    TRY(run(t, s, &res));
    enum status status = read_rows(t, res, a, out);
    PQclear(res);
    return status == STATUS_OK ? set_plans(t, sink_plans) : status;
}
