/* Statements: the text of a QUERY event, read just far enough to say which tables it changes.
 *
 * Not a parser: words, names and marks after comments and quotes are taken away. What is inside
 * executable comments (the ones that begin with an exclamation mark) counts, whatever their
 * version: rather one statement too many than one missed. Double quotes may hold a name
 * (ANSI_QUOTES).
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include "mysql/internal.h"

/* NAME: in backticks or double quotes. */
enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NAME, TOKEN_STRING, TOKEN_MARK };

struct token {
    enum token_kind kind;
    const char *text; /* unquoted, NUL-terminated; a mark's is one character */
};

struct lexer {
    const char *at, *end;
    struct arena *arena;
    struct token token; /* the current one */
};

static bool starts(const struct lexer *l, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(l->end - l->at) >= n && memcmp(l->at, text, n) == 0;
}

static void skip_line(struct lexer *l)
{
    while (l->at < l->end && *l->at != '\n')
        l->at++;
}

static void skip_comment(struct lexer *l)
{
    l->at += 2;
    while (l->at < l->end && !starts(l, "*/"))
        l->at++;
    l->at = starts(l, "*/") ? l->at + 2 : l->end;
}

/* The mark and version number of an executable comment; its end is skipped as a blank. */
static bool skip_executable(struct lexer *l)
{
    size_t n = starts(l, "/*!") ? 3 : starts(l, "/*M!") ? 4 : 0;
    l->at += n;
    while (n > 0 && l->at < l->end && isdigit((unsigned char)*l->at))
        l->at++;
    return n > 0;
}

static bool starts_line_comment(const struct lexer *l)
{
    if (*l->at == '#')
        return true;
    return starts(l, "--") && (l->end - l->at == 2 || isspace((unsigned char)l->at[2]));
}

static void skip_blanks(struct lexer *l)
{
    while (l->at < l->end) {
        if (isspace((unsigned char)*l->at))
            l->at++;
        else if (starts_line_comment(l))
            skip_line(l);
        else if (starts(l, "*/"))
            l->at += 2;
        else if (skip_executable(l))
            continue;
        else if (starts(l, "/*"))
            skip_comment(l);
        else
            return;
    }
}

/* Where the quoted text ends: at its closing quote, or at the end of a text that is cut. */
static const char *quoted_end(const struct lexer *l, char quote)
{
    const char *at = l->at + 1;
    for (; at < l->end; at++) {
        if (*at == '\\' && quote != '`' && at + 1 < l->end)
            at++;
        else if (*at == quote && at + 1 < l->end && at[1] == quote)
            at++;
        else if (*at == quote)
            break;
    }
    return at;
}

static void read_quoted(struct lexer *l)
{
    char quote = *l->at;
    const char *end = quoted_end(l, quote), *from = l->at + 1;
    char *text = arena_alloc(l->arena, (size_t)(end - l->at) + 1), *to = text;
    for (; from < end; from++) {
        bool escape = (*from == '\\' && quote != '`') || *from == quote;
        from += escape && from + 1 < end;
        *to++ = *from;
    }
    *to = '\0';
    l->token = (struct token){quote == '\'' ? TOKEN_STRING : TOKEN_NAME, text};
    l->at = end < l->end ? end + 1 : end;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static void advance(struct lexer *l)
{
    skip_blanks(l);
    if (l->at == l->end) {
        l->token = (struct token){TOKEN_END, ""};
    } else if (*l->at == '`' || *l->at == '\'' || *l->at == '"') {
        read_quoted(l);
    } else if (is_word(*l->at)) {
        const char *from = l->at;
        while (l->at < l->end && is_word(*l->at))
            l->at++;
        l->token = (struct token){TOKEN_WORD, arena_copy(l->arena, from, (size_t)(l->at - from))};
    } else {
        l->token = (struct token){TOKEN_MARK, arena_copy(l->arena, l->at++, 1)};
    }
}

static bool is(const struct lexer *l, const char *word)
{
    return l->token.kind == TOKEN_WORD && strcasecmp(l->token.text, word) == 0;
}

static bool is_mark(const struct lexer *l, char c)
{
    return l->token.kind == TOKEN_MARK && *l->token.text == c;
}

static bool take(struct lexer *l, const char *word)
{
    bool yes = is(l, word);
    if (yes)
        advance(l);
    return yes;
}

static bool take_any(struct lexer *l, const char *const *words)
{
    for (; *words; words++)
        if (take(l, *words))
            return true;
    return false;
}

/* ---- names ---- */

struct parse {
    struct lexer lexer;
    const char *database;
    bool lower;
    struct statement *out;
    int capacity;
};

static const char *cased(struct parse *p, const char *name)
{
    char *copy = arena_strdup(p->lexer.arena, name);
    for (char *c = copy; p->lower && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

static void add_name(struct parse *p, const char *schema, const char *name)
{
    struct statement *s = p->out;
    if (s->nnames == p->capacity) {
        int n = p->capacity ? p->capacity * 2 : 8;
        struct table_name *more = arena_alloc(p->lexer.arena, sizeof *more * (size_t)n);
        if (s->nnames > 0)
            memcpy(more, s->names, sizeof *more * (size_t)s->nnames);
        s->names = more;
        p->capacity = n;
    }
    s->names[s->nnames++] = (struct table_name){cased(p, schema), cased(p, name)};
}

static bool may_be_name(const struct lexer *l)
{
    return l->token.kind == TOKEN_WORD || l->token.kind == TOKEN_NAME;
}

/* name, or schema.name */
static bool take_name(struct parse *p)
{
    struct lexer *l = &p->lexer;
    const char *schema = p->database;
    if (is_mark(l, '.')) /* ODBC's .name */
        advance(l);
    if (!may_be_name(l))
        return false;
    const char *name = l->token.text;
    advance(l);
    if (is_mark(l, '.')) {
        advance(l);
        if (!may_be_name(l))
            return false;
        schema = name;
        name = l->token.text;
        advance(l);
    }
    add_name(p, schema, name);
    return true;
}

static void take_if_exists(struct lexer *l)
{
    if (take(l, "IF")) {
        take(l, "NOT");
        take(l, "EXISTS");
    }
}

static void say(struct parse *p, enum statement_kind kind, const char *verb)
{
    p->out->kind = kind;
    p->out->verb = verb;
}

/* ---- one function a verb ---- */

static void read_truncate(struct parse *p)
{
    take(&p->lexer, "TABLE");
    if (take_name(p))
        say(p, STATEMENT_TRUNCATE, "TRUNCATE TABLE");
}

static void read_drop_database(struct parse *p, const char *verb)
{
    take_if_exists(&p->lexer);
    if (!may_be_name(&p->lexer))
        return;
    add_name(p, p->lexer.token.text, "");
    say(p, STATEMENT_DROP_DATABASE, verb);
}

static const char *const database_words[] = {"DATABASE", "SCHEMA", NULL};
static const char *const table_words[] = {"TABLE", "TABLES", NULL};

static void read_drop(struct parse *p)
{
    struct lexer *l = &p->lexer;
    if (take_any(l, database_words)) {
        read_drop_database(p, "DROP DATABASE");
        return;
    }
    if (!take_any(l, table_words)) /* TEMPORARY tables are nobody's but their session's */
        return;
    take_if_exists(l);
    say(p, STATEMENT_DDL, "DROP TABLE");
    while (take_name(p) && is_mark(l, ','))
        advance(l);
}

/* Other tables that an ALTER TABLE changes: RENAME [TO] x, EXCHANGE PARTITION p WITH TABLE x,
 * CONVERT TABLE x TO PARTITION p. */
static void scan_alter(struct parse *p)
{
    struct lexer *l = &p->lexer;
    static const char *const not_tables[] = {"COLUMN", "INDEX", "KEY", NULL};
    while (l->token.kind != TOKEN_END) {
        if (take(l, "RENAME")) {
            if (take_any(l, not_tables))
                continue;
            if (!take(l, "TO"))
                take(l, "AS");
            if (is_mark(l, '='))
                advance(l);
            take_name(p);
        } else if (take(l, "WITH") || take(l, "CONVERT")) {
            if (take(l, "TABLE"))
                take_name(p);
        } else {
            advance(l);
        }
    }
}

/* A clause of an ALTER TABLE: false where it changes rows, which no row event shows (partitions that
 * go or come are rows), or columns that are there. */
static bool clause_adds(struct lexer *l)
{
    static const char *const changes[] = {"MODIFY",   "CHANGE",  "CONVERT", "TRUNCATE",
                                          "EXCHANGE", "DISCARD", "IMPORT",  NULL};
    static const char *const beside[] = {"INDEX", "KEY", "CONSTRAINT", "FOREIGN", "CHECK", NULL};
    if (take_any(l, changes))
        return false;
    if (take(l, "DROP") || take(l, "RENAME"))
        return take_any(l, beside);
    if (!take(l, "ADD"))
        return true;
    if (take(l, "SYSTEM")) /* MariaDB: deletes become updates */
        return !is(l, "VERSIONING");
    return !is(l, "PRIMARY") && !is(l, "PERIOD");
}

static bool only_adds(struct lexer l)
{
    bool head = true;
    if (take(&l, "WAIT"))
        advance(&l);
    take(&l, "NOWAIT");
    for (int depth = 0; l.token.kind != TOKEN_END; advance(&l)) {
        if (head && !clause_adds(&l))
            return false;
        depth += is_mark(&l, '(') - is_mark(&l, ')');
        head = depth == 0 && is_mark(&l, ',');
    }
    return true;
}

static void read_alter(struct parse *p)
{
    struct lexer *l = &p->lexer;
    static const char *const modifiers[] = {"ONLINE", "OFFLINE", NULL};
    while (take_any(l, modifiers))
        ;
    bool ignore = take(l, "IGNORE"); /* MariaDB: rows that a new unique key does not bear go */
    if (!take(l, "TABLE"))
        return;
    take_if_exists(l);
    if (!take_name(p))
        return;
    say(p, STATEMENT_DDL, "ALTER TABLE");
    struct lexer clauses = *l;
    scan_alter(p);
    p->out->additive = !ignore && p->out->nnames == 1 && only_adds(clauses);
}

static void read_rename(struct parse *p)
{
    struct lexer *l = &p->lexer;
    if (!take_any(l, table_words))
        return;
    take_if_exists(l);
    say(p, STATEMENT_DDL, "RENAME TABLE");
    while (take_name(p)) {
        if (take(l, "WAIT"))
            advance(l);
        take(l, "NOWAIT");
        if (!take(l, "TO") && is_mark(l, ','))
            advance(l);
    }
}

static void read_create(struct parse *p)
{
    struct lexer *l = &p->lexer;
    if (!take(l, "OR") || !take(l, "REPLACE"))
        return; /* of what is not there yet: nobody's rows are lost */
    if (take_any(l, database_words)) {
        read_drop_database(p, "CREATE OR REPLACE DATABASE");
    } else if (take(l, "TABLE")) {
        take_if_exists(l);
        if (take_name(p))
            say(p, STATEMENT_DDL, "CREATE OR REPLACE TABLE");
    }
}

static void read_rollback(struct parse *p)
{
    take(&p->lexer, "WORK");
    bool to = is(&p->lexer, "TO");
    say(p, to ? STATEMENT_ROLLBACK_TO : STATEMENT_ROLLBACK, "ROLLBACK");
}

static void read_xa(struct parse *p)
{
    bool start = is(&p->lexer, "START") || is(&p->lexer, "BEGIN");
    bool end = is(&p->lexer, "END");
    say(p, start ? STATEMENT_XA_START : end ? STATEMENT_XA_END : STATEMENT_XA, "XA");
}

/* Any name in it may be a table's. DELETE FROM t alone is what servers write for a MEMORY table
 * that is empty after a restart. */
static void read_dml(struct parse *p, const char *verb)
{
    struct lexer *l = &p->lexer;
    bool only_delete = strcasecmp(verb, "DELETE") == 0 && take(l, "FROM");
    if (only_delete && take_name(p) && l->token.kind == TOKEN_END)
        p->out->whole_table = true;
    while (l->token.kind != TOKEN_END) {
        if (may_be_name(l))
            take_name(p);
        else
            advance(l);
    }
    say(p, STATEMENT_DML, verb);
}

static void read_nothing(struct parse *p)
{
    (void)p;
}

static const struct {
    const char *word;
    enum statement_kind kind; /* where that is all there is to say */
    void (*read)(struct parse *p);
} verbs[] = {
    {"BEGIN", STATEMENT_BEGIN, read_nothing},
    {"START", STATEMENT_BEGIN, read_nothing},
    {"COMMIT", STATEMENT_COMMIT, read_nothing},
    {"SAVEPOINT", STATEMENT_SAVEPOINT, read_nothing},
    {"RELEASE", STATEMENT_SAVEPOINT, read_nothing},
    {"ROLLBACK", STATEMENT_ROLLBACK, read_rollback},
    {"XA", STATEMENT_XA, read_xa},
    {"TRUNCATE", STATEMENT_OTHER, read_truncate},
    {"DROP", STATEMENT_OTHER, read_drop},
    {"ALTER", STATEMENT_OTHER, read_alter},
    {"RENAME", STATEMENT_OTHER, read_rename},
    {"CREATE", STATEMENT_OTHER, read_create},
};

static const char *const dml_verbs[] = {"INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD",  "WITH",
                                        "CALL",   "DO",     "SELECT", "VALUES",  "MERGE", NULL};

static void read_verb(struct parse *p)
{
    struct lexer *l = &p->lexer;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (take(l, verbs[i].word)) {
            say(p, verbs[i].kind, verbs[i].word);
            verbs[i].read(p);
            return;
        }
    }
    for (int i = 0; dml_verbs[i]; i++) {
        if (take(l, dml_verbs[i])) {
            read_dml(p, dml_verbs[i]);
            return;
        }
    }
}

void statement_read(const char *sql, size_t size, const char *database, bool lower, struct arena *a,
                    struct statement *out)
{
    struct parse p = {.lexer = {.at = sql, .end = sql + size, .arena = a},
                      .database = database,
                      .lower = lower,
                      .out = out};
    *out = (struct statement){.kind = STATEMENT_OTHER, .verb = ""};
    advance(&p.lexer);
    while (is_mark(&p.lexer, '('))
        advance(&p.lexer);
    if (take(&p.lexer, "SET")) { /* MariaDB: SET STATEMENT variable = value FOR statement */
        if (!take(&p.lexer, "STATEMENT"))
            return;
        while (p.lexer.token.kind != TOKEN_END && !is(&p.lexer, "FOR"))
            advance(&p.lexer);
        advance(&p.lexer);
    }
    read_verb(&p);
}
