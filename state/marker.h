/* Marker: how a transaction of ours is known in a log, and what it says.
 *
 * On PostgreSQL the content of a transactional logical message with prefix "millrace"; on MySQL the
 * first row of `millrace.checkpoint` in the transaction. Text form:
 *
 *     1 <link> <lane> <seq> <path>          path: system ids, comma-separated, oldest first
 *
 * The guard belongs to one source: it knows the id of the system that the link writes to, checks
 * that the numbers of each (link, lane) have no gap from the first one seen, and decides what is an
 * echo. One thread at a time.
 */
#ifndef MILLRACE_STATE_MARKER_H
#define MILLRACE_STATE_MARKER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buffer.h"
#include "base/fail.h"
#include "base/reader.h"

struct marker {
    int64_t link;
    int32_t lane;
    int64_t seq;
    const char *path; /* as it is in the log: without the system it was read from */
};

enum { MARKER_PATH_BYTES = 255 };

void marker_write(struct buffer *b, const struct marker *m);
/* `path` points into `scratch` (MARKER_PATH_BYTES + 1). PROTOCOL where the text is not ours. */
enum status marker_read(const char *text, size_t size, struct marker *m, char *scratch,
                        struct failure *f);

/* A number of such a text: digits up to `stop`, which is taken too; false where there are none or
 * too many. */
bool marker_number(struct reader *r, char stop, int64_t *out);

bool path_holds(const char *path, int64_t system);

struct marker_guard {
    int64_t source_system, target_system;
    char own_path[MARKER_PATH_BYTES + 1]; /* of an unmarked transaction: the source's id */
    char path[MARKER_PATH_BYTES + 1];     /* of the current transaction, the source's id last */
    bool echo;                            /* the current transaction has passed the target */
    bool marked;
    struct marker_seen *seen; /* uthash: (link, lane) -> last seq */
};

void marker_guard_init(struct marker_guard *g, int64_t source_system, int64_t target_system);
void marker_guard_free(struct marker_guard *g);
void marker_guard_begin(struct marker_guard *g); /* a transaction begins: unmarked, no echo */
/* A marker was met in the transaction: sets path and echo of what follows. SEQUENCE_GAP. */
enum status marker_guard_met(struct marker_guard *g, const struct marker *m, struct failure *f);

#endif
