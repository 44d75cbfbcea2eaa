#include "transforms/functions/guard.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "transforms/functions/flow.h"
#include "transforms/functions/functions.h"
#include "transforms/functions/list.h"
#include "transforms/functions/guard_rules.h"

void guard_init(struct guard *g, sqlite3 *db, guard_is_decimal *is_decimal, void *context)
{
    *g = (struct guard){.db = db, .is_decimal = is_decimal, .context = context};
}

void guard_begin(struct guard *g)
{
    g->exact = false;
    g->refused[0] = 0;
}

/* ---- the authorizer's questions ---- */

static int refuse(struct guard *g, const char *what, const char *name, const char *why)
{
    if (!g->refused[0])
        snprintf(g->refused, sizeof g->refused, "%s %.100s: %s", what, name, why);
    return SQLITE_DENY;
}

/* Where the column's own collation is another one, SQLite would compare its texts. */
static bool collates_as_decimal(const struct guard *g, const char *table, const char *column)
{
    const char *collation = NULL;
    int result = sqlite3_table_column_metadata(g->db, NULL, table, column, NULL, &collation, NULL,
                                               NULL, NULL);
    return result == SQLITE_OK && collation && strcasecmp(collation, "decimal") == 0;
}

static int authorize_read(struct guard *g, const char *table, const char *column)
{
    char name[200];
    if (!*column || !g->is_decimal(g->context, table, column))
        return SQLITE_OK;
    g->exact = true;
    if (collates_as_decimal(g, table, column))
        return SQLITE_OK;
    snprintf(name, sizeof name, "%.90s.%.90s", table, column);
    return refuse(g, "decimal column", name, "it is not declared COLLATE decimal");
}

static int authorize_function(struct guard *g, const char *name)
{
    const char *why = functions_refused(name);
    if (why)
        return refuse(g, "function", name, why);
    for (int i = 0; i < nsql_functions; i++)
        g->exact |= sql_functions[i].numbers > 0 && strcasecmp(sql_functions[i].name, name) == 0;
    return SQLITE_OK;
}

int guard_authorize(struct guard *g, int action, const char *a, const char *b)
{
    if (action == SQLITE_READ)
        return authorize_read(g, a ? a : "", b ? b : "");
    if (action == SQLITE_FUNCTION)
        return authorize_function(g, b ? b : "");
    return SQLITE_OK;
}

/* ---- the whole ---- */

static enum status check_program(struct guard *g, const struct program *p, struct arena *a,
                                 struct failure *f)
{
    struct flow flow;
    flow_run(&flow, g, p, a);
    for (int i = 0; i < p->n; i++)
        if (flow.reached[i])
            TRY(guard_rules_check(&flow, i, g->exact, f));
    return STATUS_OK;
}

static enum status check_statement(struct guard *g, const char *sql, struct arena *a,
                                   struct failure *f)
{
    struct program program;
    if (g->exact)
        TRY(guard_literals_check(sql, f));
    TRY(program_read(g->db, sql, a, &program, f));
    return check_program(g, &program, a, f);
}

enum status guard_check(struct guard *g, const char *sql, struct failure *f)
{
    struct arena a = {0};
    enum status status = check_statement(g, sql, &a, f);
    arena_free(&a);
    return status;
}

/* Some pragmas run when they are prepared. What writes is found behind that, by what was prepared:
 * on its first use json_each, too, asks to create a table, which it then does not. */
static int authorizer(void *guard, int action, const char *a, const char *b, const char *schema,
                      const char *by)
{
    (void)schema, (void)by;
    if (action == SQLITE_PRAGMA || action == SQLITE_ATTACH || action == SQLITE_DETACH)
        return refuse(guard, "statement", a ? a : "", "a mapping only reads");
    return guard_authorize(guard, action, a, b);
}

static enum status prepare(struct guard *g, const char *sql, sqlite3_stmt **out, struct failure *f)
{
    const char *rest = "";
    int result = sqlite3_prepare_v2(g->db, sql, -1, out, &rest);
    if (g->refused[0])
        return fail(f, ERROR_CONFIG, "%s", g->refused);
    if (result != SQLITE_OK)
        return fail(f, ERROR_CONFIG, "%s", sqlite3_errmsg(g->db));
    if (!*out)
        return fail(f, ERROR_CONFIG, "there is no statement");
    if (rest[strspn(rest, " \t\r\n;")])
        return fail(f, ERROR_CONFIG, "more than one statement: \"%.40s\"", rest);
    if (!sqlite3_stmt_readonly(*out) || sqlite3_stmt_isexplain(*out) || !sqlite3_column_count(*out))
        return fail(f, ERROR_CONFIG, "a mapping only reads: it is one SELECT");
    return STATUS_OK;
}

enum status guard_prepare(struct guard *g, const char *sql, sqlite3_stmt **out, struct failure *f)
{
    *out = NULL;
    guard_begin(g);
    sqlite3_set_authorizer(g->db, authorizer, g);
    enum status status = prepare(g, sql, out, f);
    sqlite3_set_authorizer(g->db, NULL, NULL);
    if (status == STATUS_OK)
        status = guard_check(g, sql, f);
    if (status != STATUS_OK) {
        sqlite3_finalize(*out);
        *out = NULL;
    }
    return status;
}
