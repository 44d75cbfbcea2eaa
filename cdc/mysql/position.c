#include "mysql/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char none[] = "none";

static bool looks_like_uuid(const char *text)
{
    return strlen(text) >= 38 && text[8] == '-' && text[13] == '-' && text[18] == '-' &&
           text[23] == '-' && text[36] == ':';
}

/* digits-digits-digits */
static bool looks_like_mariadb(const char *text)
{
    for (int part = 0; part < 3; part++) {
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || (part < 2 && text[digits] != '-'))
            return false;
        text += digits + (part < 2);
    }
    return *text == '\0' || *text == ',';
}

enum position_form position_form(const char *text)
{
    if (*text == '\0' || strcmp(text, none) == 0)
        return POSITION_NONE;
    if (looks_like_uuid(text))
        return POSITION_MYSQL;
    return looks_like_mariadb(text) ? POSITION_MARIADB : POSITION_FILE;
}

enum status position_set(const char *text, bool mariadb, struct gtid_set **out, struct failure *f)
{
    enum position_form form = position_form(text);
    *out = NULL;
    if (form != POSITION_NONE && form != (mariadb ? POSITION_MARIADB : POSITION_MYSQL))
        return fail(f, ERROR_POSITION_LOST,
                    "position %s is no set of this server's GTIDs: is it another kind of server "
                    "now? copy the tables again",
                    text);
    struct gtid_set *s = gtid_set_new(mariadb);
    enum status status = form == POSITION_NONE ? STATUS_OK : gtid_set_read(s, text, f);
    if (status == STATUS_OK)
        *out = s;
    else
        gtid_set_free(s);
    return status;
}

enum status position_file(const char *text, struct file_position *out, struct failure *f)
{
    const char *colon = strrchr(text, ':');
    size_t size = colon ? (size_t)(colon - text) : 0;
    char *end = NULL;
    if (size > 0 && size < sizeof out->file && isdigit((unsigned char)colon[1]))
        out->offset = strtoull(colon + 1, &end, 10);
    if (!end || *end != '\0')
        return fail(f, ERROR_POSITION_LOST, "position \"%s\" is no binlog file and offset", text);
    memcpy(out->file, text, size);
    out->file[size] = '\0';
    return STATUS_OK;
}

void position_write_set(const struct gtid_set *s, struct buffer *out)
{
    buffer_clear(out);
    gtid_set_write(s, out);
    if (out->size == 0)
        buffer_add_text(out, none);
    buffer_text(out);
}

void position_write_file(const struct file_position *p, struct buffer *out)
{
    buffer_clear(out);
    buffer_add_format(out, "%s:%llu", p->file, (unsigned long long)p->offset);
    buffer_text(out);
}

static enum position_order order(bool a_in_b, bool b_in_a)
{
    if (a_in_b && b_in_a)
        return POSITION_EQUAL;
    return a_in_b ? POSITION_BEFORE : b_in_a ? POSITION_AFTER : POSITION_UNRELATED;
}

static enum position_order compare_sets(const char *a, const char *b, bool mariadb)
{
    struct failure f;
    struct gtid_set *x = NULL, *y = NULL;
    enum position_order result = POSITION_UNRELATED;
    if (position_set(a, mariadb, &x, &f) == STATUS_OK &&
        position_set(b, mariadb, &y, &f) == STATUS_OK)
        result = order(gtid_set_within(x, y), gtid_set_within(y, x));
    gtid_set_free(x);
    gtid_set_free(y);
    return result;
}

/* binlog.000003: files of one name are ordered by their number (it may outgrow six digits). */
static enum position_order compare_files(const char *a, const char *b)
{
    struct failure f;
    struct file_position x, y;
    if (position_file(a, &x, &f) != STATUS_OK || position_file(b, &y, &f) != STATUS_OK)
        return POSITION_UNRELATED;
    const char *dx = strrchr(x.file, '.'), *dy = strrchr(y.file, '.');
    if (!dx || !dy || dx - x.file != dy - y.file ||
        memcmp(x.file, y.file, (size_t)(dx - x.file)) != 0)
        return POSITION_UNRELATED;
    uint64_t nx = strtoull(dx + 1, NULL, 10), ny = strtoull(dy + 1, NULL, 10);
    if (nx != ny)
        return nx < ny ? POSITION_BEFORE : POSITION_AFTER;
    return x.offset == y.offset  ? POSITION_EQUAL
           : x.offset < y.offset ? POSITION_BEFORE
                                 : POSITION_AFTER;
}

enum position_order position_compare(const char *a, const char *b)
{
    enum position_form x = position_form(a), y = position_form(b);
    if (x == POSITION_NONE || y == POSITION_NONE)
        return order(x == POSITION_NONE, y == POSITION_NONE);
    if (x != y)
        return POSITION_UNRELATED;
    if (strcmp(a, b) == 0)
        return POSITION_EQUAL;
    if (x == POSITION_FILE)
        return compare_files(a, b);
    return compare_sets(a, b, x == POSITION_MARIADB);
}

enum status position_normal(const char *text, bool mariadb, struct arena *a, const char **out,
                            struct failure *f)
{
    struct gtid_set *s = gtid_set_new(mariadb);
    struct buffer b;
    buffer_init(&b, POSITION_TEXT_MAX);
    enum status status = *text ? gtid_set_read(s, text, f) : STATUS_OK;
    if (status == STATUS_OK) {
        position_write_set(s, &b);
        *out = arena_copy(a, b.data, b.size);
    }
    buffer_free(&b);
    gtid_set_free(s);
    return status;
}

/* SHOW BINARY LOG STATUS is 8.2's name of SHOW MASTER STATUS. */
static const char *log_status(const struct source *s)
{
    bool renamed = !s->mariadb && s->my->base.version >= 80200;
    return renamed ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS";
}

static enum status end_of_file(struct source *s, struct my *my, struct arena *a, const char **out)
{
    struct rows rows;
    TRY(session_run(my_session(my), a, &rows, 0, log_status(s)));
    if (rows.nrows == 0)
        return fail(my->base.failure, ERROR_SETTING, "%s: the binary log is off", my->base.system);
    *out = arena_format(a, "%s:%s", rows_cell(&rows, 0, 0), rows_cell(&rows, 0, 1));
    return STATUS_OK;
}

enum status position_end(struct source *s, struct my *my, struct arena *a, const char **out)
{
    struct rows rows;
    if (!s->gtids)
        return end_of_file(s, my, a, out);
    TRY(session_run(my_session(my), a, &rows, 0,
                    s->mariadb ? "SELECT @@global.gtid_binlog_pos"
                               : "SELECT @@global.gtid_executed"));
    return position_normal(rows_cell(&rows, 0, 0), s->mariadb, a, out, my->base.failure);
}

static const char what_to_do[] =
    "compare both sides, then `millrace remove` the link and copy its tables again";

static enum status check_mysql(struct source *s, const char *position, struct arena *a)
{
    struct rows rows;
    const char *set = position_form(position) == POSITION_NONE ? "" : position;
    TRY(session_run(my_session(s->my), a, &rows, 3,
                    "SELECT GTID_SUBSET(?, @@global.gtid_executed),"
                    " GTID_SUBSET(@@global.gtid_purged, ?), GTID_SUBTRACT(@@global.gtid_purged, ?)",
                    set, set, set));
    if (strcmp(rows_cell(&rows, 0, 0), "1") != 0)
        return fail(s->options.failure, ERROR_POSITION_LOST,
                    "%s: the server has not executed all that this link has replicated (position "
                    "%s): it was restored, reset or failed over to an older copy; %s",
                    s->my->base.system, position, what_to_do);
    if (strcmp(rows_cell(&rows, 0, 1), "1") != 0)
        return fail(s->options.failure, ERROR_POSITION_LOST,
                    "%s: transactions %s, which this link has not read yet, are purged from the "
                    "binlog; %s, and raise binlog_expire_logs_seconds",
                    s->my->base.system, rows_cell(&rows, 0, 2), what_to_do);
    return STATUS_OK;
}

/* What is purged, the server says when the stream starts: it looks for the GTIDs in its files. */
static enum status check_mariadb(struct source *s, const char *position, struct arena *a)
{
    const char *end;
    TRY(position_end(s, s->my, a, &end));
    enum position_order order = position_compare(position, end);
    if (order == POSITION_BEFORE || order == POSITION_EQUAL)
        return STATUS_OK;
    return fail(s->options.failure, ERROR_POSITION_LOST,
                "%s: the server's binlog ends at %s, but this link has replicated up to %s: the "
                "server was restored, reset or failed over to an older copy; %s",
                s->my->base.system, end, position, what_to_do);
}

static enum status check_file(struct source *s, const char *position, struct arena *a)
{
    struct rows rows;
    struct file_position p;
    TRY(position_file(position, &p, s->options.failure));
    TRY(session_run(my_session(s->my), a, &rows, 0, "SHOW BINARY LOGS"));
    for (int i = 0; i < rows.nrows; i++)
        if (strcmp(rows_cell(&rows, i, 0), p.file) == 0 &&
            strtoull(rows_cell(&rows, i, 1), NULL, 10) >= p.offset)
            return STATUS_OK;
    return fail(s->options.failure, ERROR_POSITION_LOST,
                "%s: the binlog has no position %s (any more): it was purged, or the server was "
                "restored; %s",
                s->my->base.system, position, what_to_do);
}

enum status position_check(struct source *s, const char *position)
{
    struct arena a;
    arena_init(&a);
    enum position_form form = position_form(position);
    enum status status;
    if (form == POSITION_FILE)
        status = check_file(s, position, &a);
    else if (s->mariadb && form != POSITION_MYSQL)
        status = check_mariadb(s, position, &a);
    else if (!s->mariadb && s->gtids && form != POSITION_MARIADB)
        status = check_mysql(s, position, &a);
    else
        status = fail(s->options.failure, ERROR_POSITION_LOST,
                      "%s: position %s is of another kind of server, or GTIDs were switched off; "
                      "%s",
                      s->my->base.system, position, what_to_do);
    arena_free(&a);
    return status;
}
