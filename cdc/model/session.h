/* Session: one ordinary SQL connection, for the control plane of either engine (catalogs,
 * checkpoints, checks). Blocking, but every wait ends when the wake is set, or after a time-out.
 * The data path does not come through here. One thread at a time.
 *
 * SQL is written once for both engines where it is the same: `?` marks a parameter (outside quotes;
 * the PostgreSQL driver numbers them), `millrace.checkpoint` is a schema's or a database's table.
 */
#ifndef MILLRACE_MODEL_SESSION_H
#define MILLRACE_MODEL_SESSION_H

#include "base/arena.h"
#include "base/fail.h"
#include "base/wake.h"

enum engine { ENGINE_POSTGRES, ENGINE_MYSQL, ENGINE_MARIADB, ENGINE_NULL };

/* How to reach a database as one role. Strings live as long as the configuration. */
struct endpoint {
    enum engine engine;       /* MYSQL or MARIADB as configured; the session tells what it met */
    const char *system;       /* the name in the config, for messages */
    const char *conninfo;     /* PostgreSQL: libpq's string, without user and password */
    const char *host;         /* MySQL family */
    int port;                 /* 0 = default */
    const char *unix_socket;  /* MySQL family: NULL = TCP */
    const char *database;
    const char *tls;          /* MySQL family: off | require | verify-full; NULL = prefer */
    const char *tls_ca;       /* file or NULL */
    const char *user;         /* NULL = the library's default */
    const char *password;     /* NULL = none. Never printed. */
    int connect_timeout_ms;
};

/* All text, as the server prints it; NULL is NULL. Valid until the arena is reset. */
struct rows {
    int nrows, ncolumns;
    const char *const *cells; /* row-major */
    int64_t affected;         /* of DML (found rows on MySQL) */
};

static inline const char *rows_cell(const struct rows *r, int row, int column)
{
    return r->cells[row * r->ncolumns + column];
}

struct session; /* starts with struct session_driver const *driver in both engines */

struct session_driver {
    enum status (*query)(struct session *s, const char *sql, int nparams,
                         const char *const *params, struct arena *a, struct rows *out);
    void (*close)(struct session *s);
};

struct session_base {
    const struct session_driver *driver;
    enum engine engine;  /* what the server says it is */
    int version;         /* 150018, 101119, 90704: major*10000 + minor*100 + patch (PG: as libpq) */
    struct failure *failure;
    struct wake *wake;
    const char *system;
};

/* In the engines: enum status pg_session_open(...), my_session_open(...): db/postgres, db/mysql. */

/* `out` and `a` may be NULL where nothing is wanted. On an error the open transaction is the
 * caller's to roll back: say ROLLBACK explicitly. */
enum status session_query(struct session *s, struct arena *a, struct rows *out, const char *sql,
                          int nparams, const char *const *params);
/* The same with the parameters as arguments: session_run(s, a, &rows, "... ?", "x", NULL-ended via
 * count): session_run(s, a, out, 2, "insert ... (?, ?)", p1, p2). */
enum status session_run(struct session *s, struct arena *a, struct rows *out, int nparams,
                        const char *sql, ...);
void session_close(struct session *s); /* NULL is allowed */

#endif
