/* MySQL's triggers cannot be silenced: what do those on the target's tables write?
 *
 * Just enough of SQL is read to tell: words that write, and the names that follow them. What cannot
 * be seen (a routine that is called) is a warning, a write to a mapped table a refusal: the
 * source's own trigger has written those rows already, and the log has brought them.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include "check/internal.h"

/* ---- a body's words ---- */

struct word {
    char text[65];
    bool quoted;
    bool is_name; /* a word or a quoted name; else one character in text */
};

static const char *skip_space(const char *at)
{
    for (;;) {
        at += strspn(at, " \t\r\n");
        if (at[0] == '/' && at[1] == '*') {
            const char *end = strstr(at + 2, "*/");
            at = end ? end + 2 : at + strlen(at);
        } else if (at[0] == '#' || (at[0] == '-' && at[1] == '-' && strchr(" \t\n", at[2]))) {
            at += strcspn(at, "\n");
        } else {
            return at;
        }
    }
}

static const char *read_quoted(const char *at, struct word *w)
{
    char quote = *at++;
    size_t n = 0;
    w->quoted = true;
    w->is_name = quote == '`';
    while (*at) {
        if (*at == quote && at[1] != quote)
            break;
        if (*at == quote || (*at == '\\' && quote != '`' && at[1]))
            at++;
        if (n < sizeof w->text - 1)
            w->text[n++] = *at;
        at++;
    }
    w->text[n] = '\0';
    return *at ? at + 1 : at;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

/* NULL at the end. */
static const char *next_word(const char *at, struct word *w)
{
    memset(w, 0, sizeof *w);
    at = skip_space(at);
    if (!*at)
        return NULL;
    if (strchr("`'\"", *at))
        return read_quoted(at, w);
    if (!is_word(*at)) {
        w->text[0] = *at;
        return at + 1;
    }
    w->is_name = true;
    for (size_t n = 0; is_word(*at); at++)
        if (n < sizeof w->text - 1)
            w->text[n++] = *at;
    return at;
}

static bool is(const struct word *w, const char *keyword)
{
    return w->is_name && !w->quoted && strcasecmp(w->text, keyword) == 0;
}

static bool is_any(const struct word *w, const char *const *keywords)
{
    for (; *keywords; keywords++)
        if (is(w, *keywords))
            return true;
    return false;
}

/* ---- what is written ---- */

struct reading {
    const char *at;
    bool (*mapped)(void *owner, const char *schema, const char *table);
    void *owner;
    char *name;
    enum trigger_effect worst;
};

static void worsen(struct reading *r, enum trigger_effect effect, const char *name)
{
    if (effect <= r->worst)
        return;
    r->worst = effect;
    strcpy(r->name, name);
}

/* A name, or schema.name, whose first word is `w`. */
static void take_table(struct reading *r, const struct word *w)
{
    struct word dot, table;
    const char *after = next_word(r->at, &dot);
    bool qualified = after && !dot.is_name && dot.text[0] == '.';
    if (qualified && !(after = next_word(after, &table)))
        return;
    if (qualified)
        r->at = after;
    const char *name = qualified ? table.text : w->text;
    bool ours = r->mapped(r->owner, qualified ? w->text : NULL, name);
    worsen(r, ours ? TRIGGER_WRITES_MAPPED : TRIGGER_WRITES, name);
}

static bool next(struct reading *r, struct word *w)
{
    const char *at = next_word(r->at, w);
    if (at)
        r->at = at;
    return at != NULL;
}

/* INSERT [words] [INTO] name */
static void take_first(struct reading *r)
{
    static const char *const fillers[] = {"INTO",          "IGNORE",  "LOW_PRIORITY",
                                          "HIGH_PRIORITY", "DELAYED", NULL};
    struct word w;
    while (next(r, &w) && is_any(&w, fillers))
        ;
    if (w.is_name)
        take_table(r, &w);
}

/* Every name up to the word that ends the list: more than is written, in a multi-table statement;
 * too many is the safe side. */
static void take_list(struct reading *r, const char *const *ends)
{
    static const char *const fillers[] = {
        "IGNORE", "LOW_PRIORITY", "QUICK", "FROM", "AS",    "JOIN",          "INNER", "LEFT",
        "RIGHT",  "CROSS",        "OUTER", "ON",   "USING", "STRAIGHT_JOIN", NULL};
    struct word w;
    while (next(r, &w) && !is_any(&w, ends) && w.text[0] != ';')
        if (w.is_name && !is_any(&w, fillers))
            take_table(r, &w);
}

/* SET NEW.column = ...: the row that we write becomes another. */
static void take_set(struct reading *r)
{
    struct word w;
    const char *at = next_word(r->at, &w);
    if (at && is(&w, "NEW"))
        worsen(r, TRIGGER_ALTERS, "NEW");
}

static void take(struct reading *r, const struct word *w)
{
    static const char *const set[] = {"SET", NULL}, *const where[] = {"WHERE", "ORDER", "LIMIT",
                                                                      "END", NULL};
    if (is(w, "INSERT") || is(w, "REPLACE"))
        take_first(r);
    else if (is(w, "UPDATE"))
        take_list(r, set);
    else if (is(w, "DELETE"))
        take_list(r, where);
    else if (is(w, "CALL"))
        worsen(r, TRIGGER_CALLS, "");
    if (is(w, "SET"))
        take_set(r);
}

enum trigger_effect
trigger_effect(const char *body, bool (*mapped)(void *owner, const char *schema, const char *table),
               void *owner, char name[65])
{
    struct reading r = {.at = body, .mapped = mapped, .owner = owner, .name = name};
    struct word w;
    name[0] = '\0';
    while (next(&r, &w)) {
        /* REPLACE(a, b, c) and INSERT(...) are functions too; ON DUPLICATE KEY UPDATE names columns
         * of a table that was taken already. */
        struct word after;
        const char *at = next_word(r.at, &after);
        if (at && after.text[0] == '(' && !after.is_name)
            continue;
        if (is(&w, "KEY") && at && is(&after, "UPDATE")) {
            r.at = at;
            continue;
        }
        take(&r, &w);
    }
    return r.worst;
}

/* ---- the target's triggers ---- */

struct names {
    const struct check_link *l;
    const char *schema; /* the trigger's */
};

static bool is_mapped(void *owner, const char *schema, const char *table)
{
    const struct names *n = owner;
    for (int i = 0; i < n->l->ntables; i++) {
        const struct check_table *t = &n->l->tables[i];
        if (strcasecmp(t->target_name, table) == 0 &&
            strcasecmp(t->target_schema, schema ? schema : n->schema) == 0)
            return true;
    }
    return false;
}

static void say_effect(struct check *k, struct check_link *l, const char *schema,
                       const char *trigger, const char *table, enum trigger_effect effect,
                       const char *written)
{
    const char *run = arena_format(
        &k->arena,
        "DROP TRIGGER %s; -- if the source has it: what it writes comes through the link",
        check_qualified(k, l->to, schema, trigger));
    const char *what = effect == TRIGGER_WRITES_MAPPED ? "writes a table of this link: "
                       : effect == TRIGGER_WRITES      ? "writes, for our rows too: "
                       : effect == TRIGGER_ALTERS      ? "alters the rows that we write: "
                       : effect == TRIGGER_CALLS       ? "calls a routine: see what it writes"
                                                       : "writes nothing";
    enum verdict v = effect == TRIGGER_WRITES_MAPPED ? VERDICT_MISSING
                     : effect == TRIGGER_HARMLESS    ? VERDICT_OK
                                                     : VERDICT_WARN;
    report_add(k->report, v, run, "the trigger %s.%s on %s (MySQL's cannot be silenced) %s%s",
               schema, trigger, table, what, written);
}

/* Without the privilege the catalog is empty. */
static enum status check_sight(struct check *k, struct check_link *l)
{
    struct rows rows;
    const struct check_name names[] = {{"role", check_literal(k, l->to, l->to->role)},
                                       {NULL, NULL}};
    const char *sql = check_fill(
        &k->arena,
        "SELECT count(*) FROM (SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES WHERE"
        " GRANTEE = {role} UNION ALL SELECT PRIVILEGE_TYPE FROM"
        " information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = {role} UNION ALL SELECT"
        " PRIVILEGE_TYPE FROM information_schema.TABLE_PRIVILEGES WHERE GRANTEE = {role}) p"
        " WHERE PRIVILEGE_TYPE = 'TRIGGER'",
        names);
    if (session_query(l->to->session, &k->arena, &rows, sql, 0, NULL) != STATUS_OK)
        return check_failed(k, l->to, "the right to see triggers");
    if (strcmp(rows_cell(&rows, 0, 0), "0") == 0)
        report_add(
            k->report, VERDICT_WARN,
            arena_format(&k->arena,
                         "GRANT TRIGGER ON %s.* TO %s; -- or see for yourself: SHOW "
                         "TRIGGERS",
                         l->ntables ? check_identifier(k, l->to, l->tables[0].target_schema) : "*",
                         l->to->role),
            "%s: the apply role may not see triggers; one that writes a mapped table would "
            "write twice",
            l->to->system->name);
    return STATUS_OK;
}

enum status check_triggers(struct check *k, struct check_link *l)
{
    struct rows rows;
    char written[65];
    if (!l->to || !l->to->session || check_is_postgres(l->to))
        return STATUS_OK;
    TRY(check_sight(k, l));
    if (session_query(
            l->to->session, &k->arena, &rows,
            "SELECT TRIGGER_SCHEMA, TRIGGER_NAME, EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE,"
            " ACTION_STATEMENT FROM information_schema.TRIGGERS ORDER BY 1, 2",
            0, NULL) != STATUS_OK)
        return check_failed(k, l->to, "the triggers");
    for (int i = 0; i < rows.nrows; i++) {
        struct names names = {l, rows_cell(&rows, i, 0)};
        const char *table = rows_cell(&rows, i, 3), *body = rows_cell(&rows, i, 4);
        if (is_mapped(&names, rows_cell(&rows, i, 2), table))
            say_effect(k, l, names.schema, rows_cell(&rows, i, 1), table,
                       trigger_effect(body ? body : "", is_mapped, &names, written), written);
    }
    return STATUS_OK;
}
