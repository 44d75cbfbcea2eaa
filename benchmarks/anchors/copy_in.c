/* copy_in CONNINFO COPY_STATEMENT ROWS: copies lines from stdin into PostgreSQL, a COPY, which is a
 * transaction, for so many lines each (0: one for all).
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 20 };

struct copy {
    PGconn *conn;
    const char *sql;
    long rows, left; /* of the open COPY */
    int is_open;
};

static void die(const struct copy *c, const char *what)
{
    fprintf(stderr, "copy_in: %s: %s\n", what, PQerrorMessage(c->conn));
    exit(1);
}

static void begin(struct copy *c)
{
    PGresult *res = PQexec(c->conn, c->sql);
    if (PQresultStatus(res) != PGRES_COPY_IN)
        die(c, c->sql);
    PQclear(res);
    c->left = c->rows;
    c->is_open = 1;
}

static void end(struct copy *c)
{
    PGresult *res;
    if (PQputCopyEnd(c->conn, NULL) != 1)
        die(c, "end of COPY");
    while ((res = PQgetResult(c->conn))) {
        if (PQresultStatus(res) != PGRES_COMMAND_OK)
            die(c, "COPY");
        PQclear(res);
    }
    c->is_open = 0;
}

/* As much of the bytes as belongs to this COPY. */
static size_t part(struct copy *c, const char *data, size_t size)
{
    const char *at = data, *stop = data + size, *newline;
    if (c->rows == 0)
        return size;
    while (c->left > 0 && (newline = memchr(at, '\n', (size_t)(stop - at)))) {
        at = newline + 1;
        c->left--;
    }
    return c->left > 0 ? size : (size_t)(at - data);
}

static void put(struct copy *c, const char *data, size_t size)
{
    while (size > 0) {
        if (!c->is_open)
            begin(c);
        size_t n = part(c, data, size);
        if (PQputCopyData(c->conn, data, (int)n) != 1)
            die(c, "COPY data");
        if (c->rows > 0 && c->left == 0)
            end(c);
        data += n;
        size -= n;
    }
}

int main(int argc, char **argv)
{
    static char buffer[BUFFER_BYTES];
    ssize_t n;
    if (argc != 4) {
        fprintf(stderr, "copy_in CONNINFO COPY_STATEMENT ROWS\n");
        return 1;
    }
    struct copy c = {PQconnectdb(argv[1]), argv[2], atol(argv[3]), 0, 0};
    if (PQstatus(c.conn) != CONNECTION_OK)
        die(&c, "connecting");
    while ((n = read(STDIN_FILENO, buffer, sizeof buffer)) > 0)
        put(&c, buffer, (size_t)n);
    if (c.is_open)
        end(&c);
    PQfinish(c.conn);
    return 0;
}
