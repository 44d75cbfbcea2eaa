/* Link: one direction between two systems, on a thread of its own with a libuv loop of its own.
 *
 *   source --intake--> [link's loop: plan] --writer queue--> writer thread: apply --> target
 *      ^                      |
 *      +---- acknowledge -----+   what the writer has committed, less keep_log
 *
 * A link lives in attempts: connect both sides, take the fence, copy what is not copied, stream.
 * Anything that may pass by itself (STATUS_RETRY) ends the attempt, and the next one starts from
 * the checkpoint after a back-off: no half-done state is carried over. DATA and CONFIG end the link
 * until a person acts; other links are not touched.
 *
 * Threads: link_* below are called from the main thread, unless said otherwise.
 */
#ifndef MILLRACE_LINK_LINK_H
#define MILLRACE_LINK_LINK_H

#include <stdint.h>
#include "base/buffer.h"
#include "config/config.h"
#include "state/held.h"

#define LINK_STATES(X)                                                                             \
    X(LINK_STARTING, "starting") /* connecting, checking, taking the fence */                      \
    X(LINK_COPYING, "copying")   /* first copy */                                                  \
    X(LINK_STREAMING, "streaming")                                                                 \
    X(LINK_RETRYING, "retrying") /* waits before the next attempt */                               \
    X(LINK_DRAINING, "draining") /* asked to stop: commits what it has */                          \
    X(LINK_STOPPED, "stopped")   /* asked to stop, done */                                         \
    X(LINK_FAILED, "failed")     /* needs a person; see last_error */

enum link_state {
#define X(state, name) state,
    LINK_STATES(X)
#undef X
};
const char *link_state_name(enum link_state s);

/* What a link shows; a copy, taken under its lock. */
struct link_status {
    enum link_state state;
    char position[512];                   /* the durable checkpoint; cut if longer */
    uint64_t rows, transactions, commits; /* since the process started */
    double rows_per_second;               /* over the last seconds */
    int64_t lag_us;       /* commit at the source to commit here, of the last transaction; */
                          /* while behind, the age of the oldest that waits; -1 unknown. */
                          /* Of MariaDB in whole seconds: its log has no finer time. */
    size_t backlog_bytes; /* decoded and not yet written */
    bool paused;          /* the source waits for the sink: the budget is full */
    int64_t copy_chunks, copy_chunks_done, copy_rows;
    uint64_t lock_waits, row_mode_transactions, attempts;
    bool carries_events; /* then: */
    uint64_t events_written, rows_drifted; /* since the attempt began */
    int64_t events_waiting, events_quarantined; /* in millrace.held now */
    int64_t rows_quarantined, rows_behind; /* of a link with tables: in millrace.held now */
    uint64_t skipped; /* transactions passed by `skip` since the process started */
    bool skipping;    /* one is to be passed */
    enum error error; /* the last one; ERROR_NONE after it went by */
    char error_text[FAILURE_TEXT_BYTES];
    char error_position[FAILURE_POSITION_BYTES]; /* of the transaction it is about; "" none */
    int64_t error_at_us;      /* wall clock */
};

struct link;
struct feed; /* events/feed.h */

/* `writer` is this process's random number; `on_change` is called (from any thread) when a link
 * has stopped or failed. */
struct link *link_new(const struct config *config, const struct link_config *lc, int64_t writer,
                      void (*on_change)(void *owner), void *owner);
/* The other direction of the same pair: a copy waits until the peer has fixed its position. */
void link_set_peer(struct link *l, struct link *peer);
/* Who listens to the events of links; outlives the link. Before the start; NULL: nobody. */
void link_set_feed(struct link *l, struct feed *feed);
enum status link_start(struct link *l, struct failure *f);
void link_stop(struct link *l);                            /* drain and commit; returns at once */
void link_join(struct link *l);                            /* waits for the thread */
void link_free(struct link *l);                            /* after join */
void link_status(struct link *l, struct link_status *out); /* any thread */
const struct link_config *link_settings(const struct link *l);

/* After an error (at `position`, "" none): what Millrace does, or what a person can do. Not NULL. */
const char *link_action(enum error code, const char *position);

/* A failed link starts again; where `position` is given, it first passes the one transaction that
 * ends there, storing its rows in millrace.held. CONFIG unless the link is failed. */
enum status link_resume(struct link *l, const char *skip_position, struct failure *f);
/* For `skip` without a running process: ends (state stopped) once the skip is committed. */
void link_stop_after_skip(struct link *l);

/* `millrace quarantine retry|skip`: the held events (of a link with tables: rows) that the filter
 * names are tried again, or dropped for good (those behind them become free), by the writer's thread
 * between two batches. Returns at once, with a number to ask by. CONFIG: a link that does not run, one
 * with too many such requests. */
enum status link_quarantine(struct link *l, bool skip, const struct held_filter *filter,
                            int64_t *request, struct failure *f);
/* *done false: not yet. Else what was done, for people, or the error that it ended with; told once. */
enum status link_quarantine_answer(struct link *l, int64_t request, bool *done,
                                   struct buffer *answer, struct failure *f);

#endif
