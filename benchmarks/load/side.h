/* A connection to one side, as an application would have it: plain libpq, plain Connector/C.
 * Blocking. One thread at a time. Errors: RETRY where the transaction may be run again (deadlock,
 * serialization, lock wait), anything else ends the run.
 */
#ifndef LOAD_SIDE_H
#define LOAD_SIDE_H

#include <stddef.h>
#include <stdint.h>

#include "benchmarks/load/place.h"

struct side;

struct side_driver {
    /* One or more statements, divided by ';', in one round trip; their rows are thrown away. */
    enum status (*exec)(struct side *s, const char *sql, size_t size);
    /* The one number that the query gives; `none` where it is NULL or there is no row. */
    enum status (*number)(struct side *s, const char *sql, int64_t none, int64_t *out);
    /* The ids above `after` in load_probe, ascending, at most `max`: one range read by key. */
    enum status (*poll)(struct side *s, int64_t after, int64_t *ids, int max, int *count);
    void (*close)(struct side *s);
};

struct side {
    const struct side_driver *driver;
    struct place place;
    struct failure *failure;
};

enum { SIDE_POLL_MAX = 1000 };

enum status side_open(const struct place *p, struct failure *f, struct side **out);
enum status side_open_postgres(const struct place *p, struct failure *f, struct side **out);
enum status side_open_mysql(const struct place *p, struct failure *f, struct side **out);

static inline enum status side_exec(struct side *s, const char *sql, size_t size)
{
    return s->driver->exec(s, sql, size);
}

static inline enum status side_number(struct side *s, const char *sql, int64_t none, int64_t *out)
{
    return s->driver->number(s, sql, none, out);
}

static inline enum status side_poll(struct side *s, int64_t after, int64_t *ids, int max,
                                    int *count)
{
    return s->driver->poll(s, after, ids, max, count);
}

static inline void side_close(struct side *s)
{
    if (s)
        s->driver->close(s);
}

#endif
