/* Checkpoint rules: ids, the fence, the last position, chunks of a copy and held rows, as rows of
 * the schema `millrace` in the *target*; the tables are in schema.c. One SQL for both engines through
 * model/session.h. The data path's own checkpoint insert is made by the sink from `checkpoint`.
 *
 * The key (link, lane, seq) is the fence: who inserts seq = last + 1 first owns the link. A
 * duplicate is resolved by reading again: our own writer number means that our COMMIT arrived.
 */
#ifndef MILLRACE_STATE_CHECKPOINT_H
#define MILLRACE_STATE_CHECKPOINT_H

#include "model/session.h"

/* What one target transaction says of itself. Strings are the caller's. */
struct checkpoint {
    int64_t link;
    int32_t lane;
    int64_t seq;
    int64_t writer;       /* random per process start */
    const char *position; /* source position once this transaction is committed */
    const char *root;     /* in the log of the path's first system */
    const char *path;     /* systems passed, the source's id last */
    const unsigned char *plan; /* 32 bytes: SHA-256 of the link's compiled configuration */
};

enum { PLAN_HASH_BYTES = 32 };

/* CREATE statements for `millrace` on this engine, one per element, idempotent (IF NOT EXISTS);
 * NULL-terminated; also what `check` prints. */
const char *const *state_ddl(enum engine engine);
/* Creates what is missing; PRIVILEGE names exactly what to run. */
enum status state_prepare(struct session *s, struct failure *f);
/* The id this database holds in millrace.system, drawn once. */
enum status state_system_id(struct session *s, int64_t *id, struct failure *f);
/* The id of a link by its config name (was: the name it had before, or NULL), drawn once; keeps
 * source id and identity beside it; another source under the same name is refused. */
enum status state_link_id(struct session *s, const char *name, const char *was,
                          int64_t source_system, const char *source_identity, int64_t *id,
                          struct failure *f);

/* The same of a link that may not have begun: *id 0, also where there are no tables yet. */
enum status state_find_link(struct session *s, const char *name, int64_t *id, struct failure *f);

/* The friendly lock of a link, for the session's life; may be taken more than once. */
enum status state_try_lock(struct session *s, int64_t link, bool *locked, struct failure *f);

struct last_checkpoint {
    bool exists;
    int64_t seq, writer;
    const char *position, *root, *path; /* in the arena */
    unsigned char plan[PLAN_HASH_BYTES];
};
enum status state_last(struct session *s, int64_t link, int32_t lane, struct arena *a,
                       struct last_checkpoint *last, struct failure *f);
/* Rows far behind `seq` in a lane; ranges with both bounds; `low` is kept by the caller. */
enum status state_trim(struct session *s, int64_t link, int32_t lane, int64_t *low, int64_t seq,
                       struct failure *f);

/* Chunks of a copy (cdc/link/copy.c). All chunks of a table are planned at once; a chunk
 * is finished when its position is set, in its own target transaction. */
struct chunk {
    const char *table;     /* "schema.name" of the target */
    int32_t n;
    const char *low, *high; /* key bounds (low, high], the source engine's own text; NULL open */
    bool finished;
    bool written; /* its rows are in the target, even if it counts as unfinished again */
    int64_t rows; /* how many, where they are */
};
enum status state_chunks(struct session *s, int64_t link, struct arena *a, struct chunk **chunks,
                         int *nchunks, struct failure *f);
enum status state_plan_chunks(struct session *s, int64_t link, const struct chunk *chunks,
                              int nchunks, struct failure *f);
/* Inside the chunk's transaction. WRONG_COUNT where it is finished already. */
enum status state_finish_chunk(struct session *s, int64_t link, const struct chunk *c,
                               const char *position, int64_t rows, struct failure *f);
/* Inside the chunk's transaction: one that was not planned, and is finished. */
enum status state_add_chunk(struct session *s, int64_t link, const char *table, int32_t n,
                            const char *position, int64_t rows, struct failure *f);
/* Inside a transaction of the stream: no chunk of the table counts as finished any more; its
 * row_count stays, and tells that rows of it are there. */
enum status state_reopen_chunks(struct session *s, int64_t link, const char *table,
                                int64_t *reopened, struct failure *f);
enum status state_forget_chunks(struct session *s, int64_t link, const char *table_or_null,
                                struct failure *f);

/* One skipped row (held.h draws the table), inside the skipping transaction; before / after as JSON
 * text or NULL. */
enum status state_hold(struct session *s, int64_t link, const char *position, const char *relation, const char *op, const char *before,
                       const char *after, struct failure *f);
/* Held rows of this link that have no position yet ("") get theirs: a large transaction's is known
 * at its end only. */
enum status state_hold_position(struct session *s, int64_t link, const char *position,
                                struct failure *f);
/* All that the target knows of a link: for `remove`. */
enum status state_forget_link(struct session *s, int64_t link, struct failure *f);

#endif
