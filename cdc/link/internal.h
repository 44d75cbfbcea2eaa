/* What the files of this folder share: the state of a link and of one attempt, by owner.
 *
 *   link.c      thread, attempts, back-off, status      attempt.c  connect, ids, fence, close
 *   ids.c       who is who                              mapping.c  tables and their plans
 *   order.c     foreign-key order of the targets        stream.c   intake -> plan -> writer, acks
 *   writer.c    the writer's thread                     copy.c     first copy, its stages
 *   worker.c    one reader of a copy and its lane       window.c   the rules while a copy is open
 *   afresh.c    what a person does before a pair begins again
 *   events.c    a link with flows: its tables, its events, its first copy
 *   quarantine.c  what a person asks of held events and rows
 *   held_rows.c  of a link with tables: rows that the target refused
 *   explain.c   what a change would become and write (explain.h)
 */
#ifndef MILLRACE_LINK_INTERNAL_H
#define MILLRACE_LINK_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>
#include "base/backoff.h"
#include "link/drivers.h"
#include "link/link.h"
#include "link/quarantine.h"
#include "model/zone.h"
#include "sinks/apply.h"
#include "state/checkpoint.h"
#include "state/marker.h"
#include "transforms/plan.h"

/* ---- mapping.c: resolved at the start of an attempt, read-only while threads run ---- */

struct mapped_table {
    struct table_name source; /* as the source's catalog spells it */
    const struct flow *flow;
    struct table_name target;
    char *label;                     /* "schema.table" of the target: names its chunks */
    const struct relation *relation; /* of the source, from its catalog */
    const struct relation *written;  /* of the target, the writer's sink's; ->plan points back */
    struct plan *plan;               /* relation -> written */
    int rank;                        /* foreign keys: parents first */
    enum net_ties ties;              /* and whether they act on other rows */
    bool own_child;                  /* a foreign key of it refers to itself */
    bool window;                     /* its copy is not finished */
    bool untouched; /* nor is any part of it there: the stream passes it over */
};

struct mapping {
    struct arena arena;
    struct mapped_table *tables; /* sorted by source name */
    int ntables;
    struct table_name *names; /* the source names alone, in the same order */
    const struct zone *from, *to;
};

struct attempt;

enum status mapping_resolve(struct attempt *a);
bool mapping_wanted(void *mapping, const char *schema, const char *table);
/* The compiled plan for a relation as the log describes it; kept in relation->plan. */
enum status mapping_plan(struct attempt *a, const struct relation *r, struct plan **out,
                         struct mapped_table **table);
void mapping_sort(struct mapping *m); /* by source name; fills `names` */
void mapping_free(struct mapping *m);

/* ---- order.c ---- */
enum status order_targets(struct attempt *a); /* fills mapped_table.rank and .ties */
int order_rank(void *attempt, const struct relation *target);
enum net_ties order_ties(void *attempt, const struct relation *target);

/* ---- writer.c: the thread that owns `apply` while it runs ---- */

struct writer {
    pthread_t thread;
    bool running;
    pthread_mutex_t mutex;
    pthread_cond_t work;
    struct batch *queue_first, *queue_last; /* to be applied */
    struct batch *done_first, *done_last;   /* applied, to be given back */
    int pending;                            /* queued or being applied */
    bool stop, failed;
    enum status status;    /* when failed */
    const char *skip;      /* the writer thread's: the transaction to pass; NULL: none */
    const char *skip_from; /* or: the one that comes after this position */
    bool skipped;          /* it was passed */
    struct apply apply;
    struct events *events;  /* of a link with flows; NULL: rows as they are */
    struct link *link;      /* whose held events, or rows, a person asks for; NULL: of nobody's */
    struct attempt *attempt; /* of a link with tables that may hold rows: for held_rows.c */
    uint64_t dropped;        /* held rows, by what is asked now */
    atomic_bool more;        /* what is asked is not done yet: send another batch, be it empty */
    bool misfit;             /* one that was tried does not fit its table as we know it */
    struct quarantine_request asked; /* what is being done about it; id 0: nothing */
    struct failure failure; /* of apply and its sink */
    uv_async_t *written;    /* told after each batch, and on failure */
};

enum { WRITER_QUEUE = 2 }; /* one being applied, one waiting */

void writer_init(struct writer *w);
enum status writer_start(struct writer *w, uv_async_t *written, struct failure *f);
void writer_push(struct writer *w, struct batch *b);
struct batch *writer_done(struct writer *w); /* NULL: none */
int writer_pending(struct writer *w);
bool writer_failed(struct writer *w, enum status *status);
bool writer_took_skip(struct writer *w); /* true once: the transaction to pass was passed */
void writer_stop(struct writer *w); /* after the batch in hand; joins; frees what is queued */

/* ---- window.c: deleted keys, while views between two positions are brought to one ---- */
struct window;
struct window *window_new(void);
void window_free(struct window *w);
/* The key of a row deleted by the target transaction `seq`; thread: the writer's. */
void window_deleted(struct window *w, const struct change *c, int64_t seq);
/* Target transactions after `seq` were rolled back: what they deleted is there. */
void window_forget_after(struct window *w, int64_t seq);
/* Was this row's key deleted in the window? Read-only then: any thread. */
bool window_holds(const struct window *w, const struct relation *target, const struct value *row);

/* ---- attempt ---- */

enum attempt_phase {
    PHASE_SETUP, /* a stop wakes whatever waits */
    PHASE_STREAM /* a stop drains */
};

struct held_ack { /* keep_log: positions that may not be acknowledged yet */
    struct held_ack *next;
    int64_t first_us, at_us; /* when it became durable; what came from first_us on is in it */
    uint64_t first_bytes, bytes; /* the same in log bytes read */
    char *position;
};

struct attempt {
    struct link *link;
    const struct link_config *lc;
    struct failure failure; /* the link's thread's */
    struct wake wake;
    uv_loop_t loop;
    pthread_mutex_t phase_mutex;
    enum attempt_phase phase;
    atomic_bool stop_asked;

    const struct source_driver *source_driver;
    struct source *source;
    const struct sink_driver *sink_driver;
    bool foreign_keys; /* the target enforces its own */
    int64_t source_id, target_id, link_id;
    unsigned char plan_hash[PLAN_HASH_BYTES];
    struct mapping mapping;
    struct event_program *program; /* of a link with flows */
    uint64_t owned_version;        /* of what other links say they own */
    const char *begun_at;          /* the checkpoint when the stream began */
    struct intake intake;
    struct marker_guard guard;
    struct writer writer;
    struct arena arena; /* of the attempt: positions and the like */

    bool held_rows_watched; /* changes keep their origins */

    /* stream.c */
    uv_async_t ready, written, nudge;
    uv_timer_t tick;
    const char *until; /* the stream ends exactly here; NULL: never */
    bool ending;       /* why is said; what was decoded before still goes through the writer */
    bool cut_off;      /* nothing later may be handed over */
    bool skip_handed_over; /* the transaction to pass has gone to the writer, with its end */
    bool closing;      /* the handles are closing: the loop runs out */
    int64_t ending_since_us;
    enum status end_status; /* what `failure` says then */
    int64_t idle_checkpoint_at_us;
    uint64_t log_bytes; /* read since the stream began */
    struct held_ack *held_first, *held_last;
    uint64_t rate_rows;
    int64_t rate_at_us;
    struct buffer acknowledged; /* of a link with flows: the last one said, or "" */
    struct buffer submitted;  /* position of the last transaction given to the writer, or "" */
    bool one_each;            /* until it is passed: one transaction a batch */
    int64_t waiting_since_us; /* source commit of the oldest transaction not yet written; 0 none */
    uint32_t tuned_changes;   /* apply_ms: changes a batch may hold */
    int64_t round_trip_us;    /* to the target and back */

    /* copy.c */
    struct window *window; /* NULL: snapshots are exact */
    bool window_open;      /* some table's copy is not finished */
    bool complete_images;  /* the source's log gives whole rows */
};

enum status attempt_run(struct link *l, struct attempt *a); /* blocks until it ends */
void attempt_stop(struct attempt *a);                       /* any thread, under the link's lock */

/* attempt.c: what an attempt begins and ends with, for one that only looks, too. */
void attempt_init(struct attempt *a); /* link, lc and wake are set */
enum status attempt_open_source(struct attempt *a);
enum status attempt_open_sink(struct attempt *a);
void attempt_close(struct attempt *a);
/* attempt.c: takes the fence (`first`: the position where there is no checkpoint yet), then asks
 * the source whether its log still holds the position. */
enum status attempt_take_fence(struct attempt *a, const char *first);
void attempt_set_phase(struct attempt *a, enum attempt_phase phase);
enum status attempt_writer_failed(struct attempt *a, enum status status); /* takes its text over */

enum status attempt_first_position(struct attempt *a, const char **position);

/* events.c */
bool attempt_carries_events(const struct attempt *a);
/* The source is open: the tables that events read, and the events over them. */
enum status attempt_compile_events(struct attempt *a);
enum status attempt_open_events(struct attempt *a);
const char *attempt_target_schema(const struct attempt *a); /* of names without one */
void attempt_close_events(struct attempt *a); /* when the writer has ended */
bool attempt_owners_changed(struct attempt *a);
enum status attempt_begin_events(struct attempt *a, const struct last_checkpoint *last);
const char *attempt_events_from(const struct attempt *a);

/* held_rows.c */
void held_rows_open(struct attempt *a);       /* the ward, where there can be one */
/* Between batches, the writer's thread: what a person asks is taken up, or gone on with. */
enum status held_rows_hear(struct writer *w);
/* Is the table of the target what it was `then`? Links with flows ask, too. */
enum status held_rows_table_stands(struct writer *w, const struct relation *then, bool *same);
/* A table is copied afresh: what is held of it is void. The fence is taken. */
enum status held_rows_void(struct attempt *a, const struct mapped_table *t);

/* ids.c */
enum status ids_settle(struct attempt *a, struct session *target);
/* stream.c: streams from `from`; NULL `until`: until stopped (STATUS_STOPPED) or failed. With
 * `until`: STATUS_OK when the checkpoint stands exactly there. */
enum status stream_run(struct attempt *a, const char *from, const char *until);
/* copy.c: copies what is not copied; on OK the checkpoint's position is where the stream goes on.
 */
enum status copy_run(struct attempt *a, const struct last_checkpoint *last);
bool copy_wanted(const struct attempt *a);
/* Before the source is prepared: tables whose changes the log lacks since the checkpoint
 * (PostgreSQL: dropped and made again) count as new ones. */
enum status copy_check_unlogged(struct attempt *a);
/* Before the first position of a pair's link that does not copy. */
enum status copy_wait_for_empty(struct attempt *a);
struct copy; /* worker.c: all chunks still to be done, shared by the workers */
/* Workers of an earlier attempt, or of another engine, finish no chunk from here on: it would be of
 * another position. Waits for a COMMIT of theirs that is on its way. */
enum status workers_shut_out(struct attempt *a);
enum status workers_run(struct attempt *a, struct snapshot *snapshot, int readers,
                        struct chunk *chunks, int nchunks, const char *position, bool absent_only);

/* link.c: what an attempt tells */
void link_set_state(struct link *l, enum link_state state);
void link_set_positioned(struct link *l);
bool link_peer_positioned(struct link *l);
/* Of a pair's link that copies: its target's tables were found empty, or were once. The other one
 * takes no first position before: what empties those tables must not be in its log. */
void link_set_target_empty(struct link *l, bool empty);
bool link_peer_target_empty(struct link *l);
void link_show(struct link *l, void (*set)(struct link_status *s, void *arg), void *arg);
const char *link_skip_position(struct link *l);
void link_skip_done(struct link *l);
const struct config *link_file(const struct link *l);
struct feed *link_feed(const struct link *l);
int64_t link_writer_number(const struct link *l);
bool link_row_mode(struct link *l, const bool *set); /* reads, or sets and reads */
bool link_ends_after_skip(struct link *l);
/* The writer's thread, between two batches: the oldest request that has no answer (quarantine.h).
 * What it says is valid until it is answered. */
bool link_take_quarantine_request(struct link *l, struct quarantine_request *out);
bool link_has_quarantine_request(struct link *l); /* any thread */
/* For skip: it is done but for the answer, whatever happens to this attempt. */
void link_note_dropped(struct link *l, int64_t id, uint64_t rows);
bool link_has_dropped(struct link *l, int64_t id, uint64_t *rows);
/* True once for a request: what it needs to know of the tables is read anew first. */
bool link_refreshes(struct link *l, int64_t id);
/* After the commit. ERROR_NONE: done, and `text` says what, in lines for people. */
void link_answer_quarantine(struct link *l, int64_t id, enum error error, const char *text);

#endif
