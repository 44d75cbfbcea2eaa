/* Runs the tables of checks: fills names in, asks, prints. */
#include <string.h>
#include "check/internal.h"
#include "db/mysql/my.h"
#include "db/postgres/pg.h"

enum { TEXT_MAX = 64 << 20 };

/* ---- names ---- */

static const char *take(struct check *k, struct buffer *b)
{
    const char *text = arena_strdup(&k->arena, buffer_text(b));
    buffer_free(b);
    return text;
}

static void add_name(const struct check_side *side, struct buffer *b, const char *name)
{
    if (check_is_postgres(side))
        pg_add_name(b, name);
    else
        my_add_name(b, name);
}

const char *check_identifier(struct check *k, const struct check_side *side, const char *name)
{
    struct buffer b;
    buffer_init(&b, TEXT_MAX);
    add_name(side, &b, name);
    return take(k, &b);
}

const char *check_qualified(struct check *k, const struct check_side *side, const char *schema,
                            const char *name)
{
    struct buffer b;
    buffer_init(&b, TEXT_MAX);
    add_name(side, &b, schema);
    buffer_add_char(&b, '.');
    add_name(side, &b, name);
    return take(k, &b);
}

const char *check_literal(struct check *k, const struct check_side *side, const char *text)
{
    struct buffer b;
    buffer_init(&b, TEXT_MAX);
    if (check_is_postgres(side))
        pg_add_literal(&b, text);
    else
        my_add_literal(&b, text, strlen(text));
    return take(k, &b);
}

static const struct check_name *find_name(const struct check_name *names, const char *at,
                                          size_t size)
{
    for (; names && names->name; names++)
        if (strlen(names->name) == size && memcmp(names->name, at, size) == 0)
            return names;
    return NULL;
}

const char *check_fill(struct arena *a, const char *text, const struct check_name *names)
{
    struct buffer b;
    buffer_init(&b, TEXT_MAX);
    while (*text) {
        const char *end = *text == '{' ? strchr(text, '}') : NULL;
        const struct check_name *n =
            end ? find_name(names, text + 1, (size_t)(end - text) - 1) : NULL;
        if (n) {
            buffer_add_text(&b, n->text);
            text = end + 1;
        } else {
            buffer_add_char(&b, *text++);
        }
    }
    const char *filled = arena_strdup(a, buffer_text(&b));
    buffer_free(&b);
    return filled;
}

/* ---- one check ---- */

struct asking {
    struct check *k;
    struct check_side *side;
    const char *subject;
    const struct check_name *names;
    struct buffer fine; /* the ok lines about a subject, joined */
};

static void say(struct asking *q, enum verdict verdict, const char *run, const char *text)
{
    struct report *r = q->k->report;
    if (!q->subject) {
        report_add(r, verdict, run, "%s", text);
    } else if (verdict == VERDICT_OK) {
        buffer_add_format(&q->fine, "%s%s", q->fine.size ? "; " : "", text);
    } else {
        report_add(r, verdict, run, "%s: %s", q->subject, text);
    }
}

enum status check_failed(struct check *k, struct check_side *side, const char *doing)
{
    if (error_status(k->failure.code) == STATUS_RETRY) {
        k->report->unreachable = true;
        report_add(k->report, VERDICT_MISSING, NULL, "%s", k->failure.text);
        session_close(side->session);
        side->session = NULL; /* nothing more is asked there */
        return STATUS_RETRY;
    }
    report_add(k->report, VERDICT_WARN, NULL, "cannot look at %s: %s", doing, k->failure.text);
    return STATUS_OK;
}

static enum status refused(struct asking *q, const struct check_row *row, const char *run)
{
    if (error_status(q->k->failure.code) != STATUS_RETRY && row->refused &&
        q->k->failure.code == ERROR_PRIVILEGE) {
        say(q, VERDICT_MISSING, run, check_fill(&q->k->arena, row->refused, q->names));
        return STATUS_OK;
    }
    return check_failed(q->k, q->side, row->name);
}

static void say_rows(struct asking *q, const struct rows *rows, const char *run)
{
    for (int i = 0; i < rows->nrows; i++) {
        const char *verdict = rows_cell(rows, i, 0), *text = rows_cell(rows, i, 1);
        const char *own = rows->ncolumns > 2 ? rows_cell(rows, i, 2) : NULL;
        if (verdict && text)
            say(q, report_verdict(verdict), own ? own : run, text);
    }
}

static enum status ask(struct asking *q, const struct check_row *row)
{
    struct check *k = q->k;
    struct rows rows;
    const char *sql = check_fill(&k->arena, row->sql, q->names);
    const char *run = row->run ? check_fill(&k->arena, row->run, q->names) : NULL;
    failure_clear(&k->failure);
    if (session_query(q->side->session, &k->arena, &rows, sql, 0, NULL) != STATUS_OK)
        return refused(q, row, run);
    if (row->done)
        say(q, VERDICT_OK, NULL, check_fill(&k->arena, row->done, q->names));
    else
        say_rows(q, &rows, run);
    return STATUS_OK;
}

static bool fits(const struct check_row *row, const struct check_side *side)
{
    int engine = side->engine == ENGINE_POSTGRES  ? ON_POSTGRES
                 : side->engine == ENGINE_MARIADB ? ON_MARIADB
                                                  : ON_MYSQL;
    return (row->engines & engine) && side->version >= row->since &&
           (!row->before || side->version < row->before);
}

enum status check_rows(struct check *k, struct check_side *side, const char *subject,
                       const struct check_row *rows, const struct check_name *names)
{
    struct asking q = {k, side, subject, names, {0}};
    enum status status = STATUS_OK;
    if (!side->session)
        return STATUS_RETRY;
    buffer_init(&q.fine, TEXT_MAX);
    for (; rows->name && status == STATUS_OK; rows++)
        if (fits(rows, side))
            status = ask(&q, rows);
    if (q.fine.size)
        report_add(k->report, VERDICT_OK, NULL, "%s: %s", subject, buffer_text(&q.fine));
    buffer_free(&q.fine);
    return status;
}
