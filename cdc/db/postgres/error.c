/* error.c: SQLSTATEs and libpq's messages -> our classes and one-line texts. */
#include "db/postgres/pg.h"

#include <ctype.h>
#include <string.h>

/* The first prefix that matches decides. PostgreSQL's appendix A has the list. */
static const struct {
    const char *prefix;
    enum error code;
} states[] = {
    {"08", ERROR_CONNECTION_LOST},
    {"57P03", ERROR_SERVER_BUSY}, /* starting up */
    {"57P", ERROR_CONNECTION_LOST},
    {"57014", ERROR_SERVER_BUSY}, /* somebody cancelled us */
    {"53", ERROR_SERVER_BUSY},    /* too many connections, disk full, out of memory */
    {"40", ERROR_DEADLOCK},
    {"55P03", ERROR_LOCK_WAIT},
    {"55006", ERROR_SLOT_ACTIVE},
    {"55000", ERROR_SETTING},
    {"23505", ERROR_UNIQUE},
    {"23P01", ERROR_UNIQUE}, /* an exclusion constraint collides in between as a unique one does */
    {"23", ERROR_CONSTRAINT},
    {"44", ERROR_CONSTRAINT}, /* a view's check option */
    {"21", ERROR_CONSTRAINT},
    {"P0", ERROR_CONSTRAINT}, /* raised by a trigger */
    {"22", ERROR_VALUE},
    {"54", ERROR_VALUE}, /* too big for an index or a row */
    {"42501", ERROR_PRIVILEGE},
    {"42P01", ERROR_NO_TABLE},
    {"3F000", ERROR_NO_TABLE},
    {"42704", ERROR_CONFIG}, /* a slot, a publication, a role that is not there */
    {"42703", ERROR_DDL},    /* undefined column: the table was altered under us */
    {"42804", ERROR_DDL},
    {"428C9", ERROR_DDL},
    {"28", ERROR_PRIVILEGE},
    {"3D000", ERROR_CONFIG},
    {"25P03", ERROR_CONNECTION_LOST},
    {"25006", ERROR_SETTING}, /* read-only: a standby */
    {"0A000", ERROR_UNSUPPORTED},
    {"58", ERROR_SERVER_BUSY},
    {"XX", ERROR_SERVER_BUSY},
};

static enum error state_error(const char *state)
{
    for (size_t i = 0; state && i < sizeof states / sizeof *states; i++)
        if (!strncmp(state, states[i].prefix, strlen(states[i].prefix)))
            return states[i].code;
    return ERROR_INTERNAL;
}

/* One line, without the spaces and newlines that libpq's texts end with. */
static void one_line(char *out, size_t room, const char *text)
{
    size_t n = 0;
    for (; *text && n + 1 < room; text++) {
        char c = *text == '\n' || *text == '\r' || *text == '\t' ? ' ' : *text;
        if (c == ' ' && (n == 0 || out[n - 1] == ' '))
            continue;
        out[n++] = c;
    }
    while (n && out[n - 1] == ' ')
        n--;
    out[n] = 0;
}

/* "FATAL:  28P01: password ..." -> "28P01" in `state`; false where there is none. */
static bool find_state(const char *message, char state[6])
{
    for (const char *p = strstr(message, ":  "); p; p = strstr(p + 1, ":  ")) {
        const char *s = p + 3;
        int n = 0;
        while (n < 5 && (isdigit((unsigned char)s[n]) || isupper((unsigned char)s[n])))
            n++;
        if (n == 5 && s[5] == ':') {
            memcpy(state, s, 5);
            state[5] = 0;
            return true;
        }
    }
    return false;
}

static enum status fail_connection(struct pg *pg, const char *doing)
{
    char text[1024], state[6];
    const char *message = PQerrorMessage(pg->conn);
    bool connected = pg->base.version != 0;
    enum error code = connected ? ERROR_CONNECTION_LOST : ERROR_CONNECT;
    if (!connected && find_state(message, state))
        code = state_error(state);
    one_line(text, sizeof text, message);
    static const char *const idle[] = {" LOCATION: ", " This probably means "};
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) {
        char *cut = strstr(text, idle[i]);
        if (cut)
            *cut = 0;
    }
    return fail(pg->base.failure, code, "%s: %s: %s", pg->base.system, doing,
                *text ? text : "the connection is gone");
}

static enum status fail_result(struct pg *pg, const PGresult *res, const char *doing)
{
    char primary[700], detail[400] = "", where[160], hint[200] = "";
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *field = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    one_line(primary, sizeof primary, field ? field : PQresultErrorMessage(res));
    if ((field = PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL)))
        one_line(detail, sizeof detail, field);
    if ((field = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT)))
        one_line(hint, sizeof hint, field);
    one_line(where, sizeof where, doing);
    /* libpq makes a result without a state of its own when the server went away. */
    enum error code = state ? state_error(state) : ERROR_CONNECTION_LOST;
    return fail(pg->base.failure, code, "%s: %s%s%s%s%s (SQLSTATE %s, at: %s)", pg->base.system,
                primary, *detail ? ": " : "", detail, *hint ? "; " : "", hint,
                state ? state : "none", where);
}

enum status pg_fail(struct pg *pg, const PGresult *res, const char *doing)
{
    if (!res)
        return fail_connection(pg, doing);
    ExecStatusType s = PQresultStatus(res);
    if (s == PGRES_FATAL_ERROR || s == PGRES_NONFATAL_ERROR || s == PGRES_BAD_RESPONSE)
        return fail_result(pg, res, doing);
    if (PQstatus(pg->conn) == CONNECTION_BAD)
        return fail_connection(pg, doing);
    char where[300];
    one_line(where, sizeof where, doing);
    return fail(pg->base.failure, ERROR_PROTOCOL, "%s: unexpected result %s of: %s",
                pg->base.system, PQresStatus(s), where);
}
