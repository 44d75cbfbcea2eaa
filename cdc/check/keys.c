/* Foreign keys. Where the source's log holds the rows that its cascades changed, our session at the
 * target enforces none; where it does not, the target's keys must do what the source's do, each for
 * itself, or the two sides drift apart (docs/SERVERS.md 3.2: MariaDB, and MySQL up to 9.5, log the
 * parent alone).
 */
#include <string.h>
#include "check/internal.h"

enum {
    CHILD_SCHEMA,
    CHILD,
    NAME,
    PARENT_SCHEMA,
    PARENT,
    ON_DELETE,
    ON_UPDATE,
    COLUMNS,
    REFERENCED
};

#define PG_ACTION(column)                                                                          \
    "CASE k." column " WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL'"                           \
    " WHEN 'd' THEN 'SET DEFAULT' ELSE 'NO ACTION' END"
#define PG_COLUMNS(table, numbers)                                                                 \
    "(SELECT string_agg(a.attname, ',' ORDER BY u.n) FROM unnest(k." numbers ")"                   \
    " WITH ORDINALITY u(attnum, n) JOIN pg_attribute a ON a.attrelid = k." table                   \
    " AND a.attnum = u.attnum)"

/* clang-format off */
static const char *const postgres_keys_sql =
    "SELECT cn.nspname, c.relname, k.conname, pn.nspname, p.relname, "
    PG_ACTION("confdeltype") ", " PG_ACTION("confupdtype") ", "
    PG_COLUMNS("conrelid", "conkey") ", " PG_COLUMNS("confrelid", "confkey")
    " FROM pg_constraint k"
    " JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace"
    " JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace"
    " WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY 1, 2, 3";
/* clang-format on */

static const char *const mysql_keys_sql =
    "SELECT u.TABLE_SCHEMA, u.TABLE_NAME, u.CONSTRAINT_NAME, u.REFERENCED_TABLE_SCHEMA,"
    " u.REFERENCED_TABLE_NAME, replace(r.DELETE_RULE, 'RESTRICT', 'NO ACTION'),"
    " replace(r.UPDATE_RULE, 'RESTRICT', 'NO ACTION'),"
    " group_concat(u.COLUMN_NAME ORDER BY u.ORDINAL_POSITION SEPARATOR ','),"
    " group_concat(u.REFERENCED_COLUMN_NAME ORDER BY u.ORDINAL_POSITION SEPARATOR ',')"
    " FROM information_schema.KEY_COLUMN_USAGE u"
    " LEFT JOIN information_schema.REFERENTIAL_CONSTRAINTS r"
    " ON r.CONSTRAINT_SCHEMA = u.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = u.CONSTRAINT_NAME"
    " AND r.TABLE_NAME = u.TABLE_NAME WHERE u.REFERENCED_TABLE_NAME IS NOT NULL"
    " GROUP BY u.TABLE_SCHEMA, u.TABLE_NAME, u.CONSTRAINT_NAME, u.REFERENCED_TABLE_SCHEMA,"
    " u.REFERENCED_TABLE_NAME, r.DELETE_RULE, r.UPDATE_RULE ORDER BY 1, 2, 3";

/* The action after " ON DELETE " in the key's line of SHOW CREATE TABLE. */
static const char *action_of(struct check *k, const char *line, const char *event)
{
    static const char *const actions[] = {"CASCADE", "SET NULL", "SET DEFAULT"};
    size_t size = strcspn(line, "\n");
    const char *at = strstr(arena_copy(&k->arena, line, size), event);
    for (size_t i = 0; at && i < sizeof actions / sizeof *actions; i++)
        if (strncmp(at + strlen(event), actions[i], strlen(actions[i])) == 0)
            return actions[i];
    return "NO ACTION";
}

/* MariaDB shows a key's actions in its catalog only to who may do more than SELECT. */
static enum status read_actions(struct check *k, struct check_side *side, const char **key)
{
    struct rows rows;
    const char *sql = arena_format(&k->arena, "SHOW CREATE TABLE %s",
                                   check_qualified(k, side, key[CHILD_SCHEMA], key[CHILD]));
    if (session_query(side->session, &k->arena, &rows, sql, 0, NULL) != STATUS_OK)
        return check_failed(k, side, "a foreign key's actions");
    const char *name =
        arena_format(&k->arena, "CONSTRAINT %s FOREIGN KEY", check_identifier(k, side, key[NAME]));
    const char *line = strstr(rows_cell(&rows, 0, 1), name);
    key[ON_DELETE] = action_of(k, line ? line : "", " ON DELETE ");
    key[ON_UPDATE] = action_of(k, line ? line : "", " ON UPDATE ");
    return STATUS_OK;
}

static enum status complete(struct check *k, struct check_side *side, struct rows *keys)
{
    size_t n = (size_t)(keys->nrows * keys->ncolumns);
    const char **cells = arena_alloc(&k->arena, sizeof *cells * (n + 1));
    memcpy(cells, keys->cells, sizeof *cells * n);
    keys->cells = cells;
    for (int i = 0; i < keys->nrows; i++) {
        const char **key = cells + i * keys->ncolumns;
        if (!key[ON_DELETE] || !key[ON_UPDATE]) {
            key[ON_DELETE] = key[ON_UPDATE] = "NO ACTION";
            TRY(read_actions(k, side, key));
        }
    }
    return STATUS_OK;
}

static enum status read_keys(struct check *k, struct check_side *side, struct rows *out)
{
    const char *sql = check_is_postgres(side) ? postgres_keys_sql : mysql_keys_sql;
    *out = (struct rows){0};
    if (!side->session)
        return STATUS_RETRY;
    if (session_query(side->session, &k->arena, out, sql, 0, NULL) != STATUS_OK)
        return check_failed(k, side, "the foreign keys");
    return complete(k, side, out);
}

static bool changes_rows(const char *action)
{
    return strcmp(action, "NO ACTION") != 0;
}

static bool acts(const struct rows *keys, int i)
{
    return changes_rows(rows_cell(keys, i, ON_DELETE)) ||
           changes_rows(rows_cell(keys, i, ON_UPDATE));
}

static const struct check_table *find(const struct check_link *l, bool source, const char *schema,
                                      const char *name)
{
    for (int i = 0; i < l->ntables; i++) {
        const struct check_table *t = &l->tables[i];
        if (strcmp(source ? t->source_schema : t->target_schema, schema) == 0 &&
            strcmp(source ? t->source_name : t->target_name, name) == 0)
            return t;
    }
    return NULL;
}

/* Source columns "a,b" as the flow names them at the target; quoted for `side`, if any. */
static const char *renamed(struct check *k, const struct flow *f, const char *columns,
                           const struct check_side *side)
{
    const char *out = "";
    for (const char *at = columns; *at;) {
        size_t size = strcspn(at, ",");
        const char *name = arena_copy(&k->arena, at, size);
        for (int i = 0; i < f->nrenames; i++)
            if (strcmp(f->renames[i].from, name) == 0)
                name = f->renames[i].to;
        out = arena_format(&k->arena, "%s%s%s", out, *out ? "," : "",
                           side ? check_identifier(k, side, name) : name);
        at += size + (at[size] == ',');
    }
    return out;
}

/* The same key on the other side: child, parent and columns. -1: none. */
static int counterpart(struct check *k, const struct rows *source, int i, const struct rows *target,
                       const struct check_table *child, const struct check_table *parent)
{
    const char *columns = renamed(k, child->flow, rows_cell(source, i, COLUMNS), NULL);
    for (int j = 0; j < target->nrows; j++)
        if (strcmp(rows_cell(target, j, CHILD_SCHEMA), child->target_schema) == 0 &&
            strcmp(rows_cell(target, j, CHILD), child->target_name) == 0 &&
            strcmp(rows_cell(target, j, PARENT_SCHEMA), parent->target_schema) == 0 &&
            strcmp(rows_cell(target, j, PARENT), parent->target_name) == 0 &&
            strcmp(rows_cell(target, j, COLUMNS), columns) == 0)
            return j;
    return -1;
}

static const char *add_key(struct check *k, const struct check_link *l, const struct rows *source,
                           int i, const struct check_table *child, const struct check_table *parent,
                           const char *old_name)
{
    bool postgres = check_is_postgres(l->to);
    const char *drop =
        !old_name
            ? ""
            : arena_format(&k->arena, postgres ? "DROP CONSTRAINT %s, " : "DROP FOREIGN KEY %s, ",
                           check_identifier(k, l->to, old_name));
    return arena_format(
        &k->arena,
        "ALTER TABLE %s %sADD FOREIGN KEY (%s) REFERENCES %s (%s) ON DELETE %s ON UPDATE %s;",
        check_qualified(k, l->to, child->target_schema, child->target_name), drop,
        renamed(k, child->flow, rows_cell(source, i, COLUMNS), l->to),
        check_qualified(k, l->to, parent->target_schema, parent->target_name),
        renamed(k, parent->flow, rows_cell(source, i, REFERENCED), l->to),
        rows_cell(source, i, ON_DELETE), rows_cell(source, i, ON_UPDATE));
}

static void compare_key(struct check *k, const struct check_link *l, const struct rows *source,
                        int i, const struct rows *target, bool *matched)
{
    const struct check_table *child =
        find(l, true, rows_cell(source, i, CHILD_SCHEMA), rows_cell(source, i, CHILD));
    const struct check_table *parent =
        find(l, true, rows_cell(source, i, PARENT_SCHEMA), rows_cell(source, i, PARENT));
    const char *name = rows_cell(source, i, NAME);
    if (child && !parent && acts(source, i))
        report_add(
            k->report, VERDICT_MISSING, NULL,
            "the foreign key %s of %s changes its rows when %s changes, which is not mapped: "
            "the log of system %s tells nothing of that; map both tables, or neither",
            name, child->source_name, rows_cell(source, i, PARENT), l->from->system->name);
    if (!child || !parent)
        return;
    int j = counterpart(k, source, i, target, child, parent);
    if (j >= 0)
        matched[j] = true;
    bool same =
        j >= 0 ? strcmp(rows_cell(source, i, ON_DELETE), rows_cell(target, j, ON_DELETE)) == 0 &&
                     strcmp(rows_cell(source, i, ON_UPDATE), rows_cell(target, j, ON_UPDATE)) == 0
               : !acts(source, i);
    if (!same)
        report_add(
            k->report, VERDICT_MISSING,
            add_key(k, l, source, i, child, parent, j >= 0 ? rows_cell(target, j, NAME) : NULL),
            "the foreign key %s of %s does ON DELETE %s ON UPDATE %s, whose effects the "
            "source does not log, and %s.%s at the target has none that does the same",
            name, child->source_name, rows_cell(source, i, ON_DELETE),
            rows_cell(source, i, ON_UPDATE), child->target_schema, child->target_name);
}

/* A key at the target alone, that changes rows when one of ours does. */
static void lone_key(struct check *k, const struct check_link *l, const struct rows *target, int j)
{
    const struct check_table *child =
        find(l, false, rows_cell(target, j, CHILD_SCHEMA), rows_cell(target, j, CHILD));
    const struct check_table *parent =
        find(l, false, rows_cell(target, j, PARENT_SCHEMA), rows_cell(target, j, PARENT));
    if (!parent || !acts(target, j))
        return;
    const char *drop = arena_format(
        &k->arena,
        check_is_postgres(l->to) ? "ALTER TABLE %s DROP CONSTRAINT %s;"
                                 : "ALTER TABLE %s DROP FOREIGN KEY %s;",
        check_qualified(k, l->to, rows_cell(target, j, CHILD_SCHEMA), rows_cell(target, j, CHILD)),
        check_identifier(k, l->to, rows_cell(target, j, NAME)));
    report_add(k->report, child ? VERDICT_MISSING : VERDICT_WARN, child ? drop : NULL,
               "the foreign key %s of %s.%s at the target changes its rows when %s changes%s",
               rows_cell(target, j, NAME), rows_cell(target, j, CHILD_SCHEMA),
               rows_cell(target, j, CHILD), rows_cell(target, j, PARENT),
               child ? ", and the source has none like it" : " through this link");
}

static bool is_inside(const struct check_link *l, const struct rows *target, int j)
{
    return find(l, false, rows_cell(target, j, CHILD_SCHEMA), rows_cell(target, j, CHILD)) &&
           find(l, false, rows_cell(target, j, PARENT_SCHEMA), rows_cell(target, j, PARENT));
}

/* Does a way of foreign keys lead from the child of `edge` back to it? Not within one table, whose
 * copy is one piece. `passed`: edges that were tried. */
static bool leads_to(const struct check_link *l, const struct rows *keys, int edge,
                     const struct check_table *end, bool *passed)
{
    const struct check_table *at =
        find(l, false, rows_cell(keys, edge, PARENT_SCHEMA), rows_cell(keys, edge, PARENT));
    passed[edge] = true;
    if (!at || at == end)
        return at != NULL;
    for (int j = 0; j < keys->nrows; j++)
        if (!passed[j] &&
            find(l, false, rows_cell(keys, j, CHILD_SCHEMA), rows_cell(keys, j, CHILD)) == at &&
            leads_to(l, keys, j, end, passed))
            return true;
    return false;
}

/* A row of a table that is being copied may refer to one that is still to come. */
static void check_circles(struct check *k, const struct check_link *l, const struct rows *keys)
{
    for (int j = 0; j < keys->nrows; j++) {
        bool *passed = arena_zalloc(&k->arena, (size_t)keys->nrows);
        const struct check_table *child =
            find(l, false, rows_cell(keys, j, CHILD_SCHEMA), rows_cell(keys, j, CHILD));
        const struct check_table *parent =
            find(l, false, rows_cell(keys, j, PARENT_SCHEMA), rows_cell(keys, j, PARENT));
        if (!child || child == parent || !leads_to(l, keys, j, child, passed))
            continue;
        report_add(k->report, VERDICT_WARN, NULL,
                   "%s.%s and %s.%s refer to each other by foreign keys, in a circle: a first copy "
                   "that is interrupted and goes on may stop at one of them; if it does, drop that "
                   "key at the target until the copy is finished",
                   child->target_schema, child->target_name, rows_cell(keys, j, PARENT_SCHEMA),
                   rows_cell(keys, j, PARENT));
        return;
    }
}

static enum status compare_keys(struct check *k, struct check_link *l)
{
    struct rows source, target;
    TRY(read_keys(k, l->from, &source));
    TRY(read_keys(k, l->to, &target));
    bool *matched = arena_zalloc(&k->arena, (size_t)target.nrows + 1);
    int missing = k->report->missing;
    for (int j = 0; j < target.nrows; j++)
        l->keys_hold = l->keys_hold || is_inside(l, &target, j);
    if (l->lc->copies && l->lc->first_copy != COPY_NONE)
        check_circles(k, l, &target);
    for (int i = 0; i < source.nrows; i++)
        compare_key(k, l, &source, i, &target, matched);
    for (int j = 0; j < target.nrows; j++)
        if (!matched[j])
            lone_key(k, l, &target, j);
    if (k->report->missing == missing)
        report_add(k->report, VERDICT_OK, NULL,
                   "foreign keys do the same on both sides (the log of system %s does not hold "
                   "cascaded rows)",
                   l->from->system->name);
    return STATUS_OK;
}

/* ---- PostgreSQL's way to silence them ---- */

static enum status may_silence(struct check *k, struct check_side *side, bool *may)
{
    struct rows rows;
    const char *sql = side->version >= 150000
                          ? "SELECT has_parameter_privilege('session_replication_role', 'SET')"
                          : "SELECT rolsuper FROM pg_roles WHERE rolname = current_user";
    *may = false;
    if (session_query(side->session, &k->arena, &rows, sql, 0, NULL) != STATUS_OK)
        return check_failed(k, side, "session_replication_role");
    *may = rows.nrows == 1 && *rows_cell(&rows, 0, 0) == 't';
    return STATUS_OK;
}

static enum status check_triggers_on(struct check *k, struct check_link *l)
{
    for (int i = 0; i < l->ntables; i++) {
        const struct check_table *t = &l->tables[i];
        const struct check_name names[] = {
            {"schema", check_literal(k, l->to, t->target_schema)},
            {"name", check_literal(k, l->to, t->target_name)},
            {"table", check_qualified(k, l->to, t->target_schema, t->target_name)},
            {NULL, NULL},
        };
        const char *subject = arena_format(&k->arena, "%s: %s.%s", l->to->system->name,
                                           t->target_schema, t->target_name);
        TRY(check_rows(k, l->to, subject, postgres_trigger_rows, names));
    }
    return STATUS_OK;
}

static enum status check_silence(struct check *k, struct check_link *l)
{
    bool may;
    TRY(may_silence(k, l->to, &may));
    if (may) {
        report_add(k->report, VERDICT_OK, NULL,
                   "the apply role may silence triggers and foreign "
                   "keys for its own session (session_replication_role)");
        return STATUS_OK;
    }
    const char *run = l->to->version >= 150000
                          ? arena_format(&k->arena,
                                         "GRANT SET ON PARAMETER session_replication_role "
                                         "TO %s;",
                                         l->to->role)
                          : arena_format(&k->arena,
                                         "ALTER ROLE %s SUPERUSER; -- before PostgreSQL 15 "
                                         "there is no lesser way",
                                         l->to->role);
    report_add(k->report, VERDICT_MISSING, run,
               "the apply role may not silence triggers and foreign keys for its own session: %s",
               l->cascades_in_log ? "they would do again what the source has logged already"
                                  : "the first copy brings parents and children in any order");
    return STATUS_OK;
}

/* A copy always silences them; the stream only where the log holds what they did. */
enum status check_keys(struct check *k, struct check_link *l)
{
    bool copies = l->lc->copies && l->lc->first_copy != COPY_NONE;
    if (!l->to || !l->to->session || !l->from->session)
        return STATUS_OK;
    if (!l->cascades_in_log)
        TRY(compare_keys(k, l));
    if (!check_is_postgres(l->to))
        return STATUS_OK;
    if (l->cascades_in_log || copies)
        TRY(check_silence(k, l));
    return l->cascades_in_log ? STATUS_OK : check_triggers_on(k, l);
}
