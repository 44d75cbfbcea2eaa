/* pg_loop CONNINFO SLOT PUBLICATION CHANGES: a bare libpq loop that reads a logical slot's stream and
 * looks at nothing but each message's first byte; ends after that many row changes. It lets bytes
 * gather for 200 us whenever it has drained its input. Prints messages and bytes.
 */
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { GATHER_NS = 200 * 1000, XLOG_HEAD = 25, ASKS_REPLY = 17 };

struct loop {
    PGconn *conn;
    uint64_t changes, messages, bytes, wanted;
};

static void die(const struct loop *l, const char *what)
{
    fprintf(stderr, "pg_loop: %s: %s\n", what, PQerrorMessage(l->conn));
    exit(1);
}

static void start(struct loop *l, const char *slot, const char *publication)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "START_REPLICATION SLOT \"%s\" LOGICAL 0/0 (proto_version '1', publication_names "
             "'\"%s\"')",
             slot, publication);
    PGresult *res = PQexec(l->conn, sql);
    if (PQresultStatus(res) != PGRES_COPY_BOTH)
        die(l, "START_REPLICATION");
    PQclear(res);
}

/* "Nothing is confirmed": keeps the server from giving us up. */
static void reply(struct loop *l)
{
    char message[34] = {'r'};
    if (PQputCopyData(l->conn, message, sizeof message) != 1 || PQflush(l->conn) != 0)
        die(l, "reply");
}

static void take(struct loop *l, const char *message, int size)
{
    if (message[0] == 'k' && message[ASKS_REPLY])
        reply(l);
    if (message[0] != 'w' || size <= XLOG_HEAD)
        return;
    l->messages++;
    l->bytes += (uint64_t)size;
    l->changes += strchr("IUD", message[XLOG_HEAD]) != NULL;
}

static void drain(struct loop *l)
{
    char *message;
    int size;
    while ((size = PQgetCopyData(l->conn, &message, 1)) > 0) {
        take(l, message, size);
        PQfreemem(message);
    }
    if (size < 0)
        die(l, "the stream ended");
}

int main(int argc, char **argv)
{
    struct loop l = {0};
    const struct timespec gather = {.tv_nsec = GATHER_NS};
    if (argc != 5) {
        fprintf(stderr, "pg_loop CONNINFO SLOT PUBLICATION CHANGES\n");
        return 1;
    }
    l.conn = PQconnectdb(argv[1]);
    l.wanted = strtoull(argv[4], NULL, 10);
    if (PQstatus(l.conn) != CONNECTION_OK)
        die(&l, "connecting");
    start(&l, argv[2], argv[3]);
    while (l.changes < l.wanted) {
        if (!PQconsumeInput(l.conn))
            die(&l, "reading");
        drain(&l);
        if (l.changes < l.wanted)
            nanosleep(&gather, NULL);
    }
    printf("%" PRIu64 " messages, %" PRIu64 " bytes\n", l.messages, l.bytes);
    PQfinish(l.conn);
    return 0;
}
