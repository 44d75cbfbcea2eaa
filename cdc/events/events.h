/* Events: a link's changes become events, and events become rows of the target. What the writer of
 * a link with flows does with a batch:
 *
 *   each source transaction:  rows -> mirror -> what its COMMIT made of objects     read.c
 *   each event:               typed by the vocabulary, with what `let` adds        carry.c
 *   one target transaction:   marker + checkpoint, writes, what is held            write.c
 *   the mirror commits where the target's checkpoint has come                      events.c
 *
 * The target decides: after any failure the attempt ends, the mirror falls back to its last commit
 * (at or behind the checkpoint), and what lies between is read again without being written again.
 * Transactions that make no event move the checkpoint only with the next one that does, or when the
 * mirror is to be committed: two links must not wake each other for ever.
 *
 * Threads: the writer's, but where said otherwise.
 */
#ifndef MILLRACE_EVENTS_EVENTS_H
#define MILLRACE_EVENTS_EVENTS_H

#include <stdatomic.h>
#include "events/program.h"
#include "model/batch.h"
#include "model/position.h"
#include "sinks/apply.h"

struct events;
struct feed;

struct events_options {
    struct event_program *program; /* compiled; outlives the events */
    struct apply *apply;           /* the writer's, open, its failure is ours */
    enum position_order (*compare)(const char *a, const char *b);
    const char *schema;      /* of the target, for names without one */
    const struct zone *zone; /* of the target */
    const char *folder;      /* of the mirror's file; made where it is missing */
    struct feed *feed;       /* who listens to events; NULL: nobody */
};

/* Compiles the writes, and says what the link owns (owned.h). Outside a transaction, before the
 * fence is taken. */
enum status events_open(const struct events_options *options, struct events **out);
/* Opens the mirror, when the program knows what other links own. */
enum status events_open_state(struct events *e);
/* The link stops in good order: what the mirror knows need not be read again. */
void events_rest(struct events *e);
void events_close(struct events *e); /* NULL is fine; any thread when the writer has ended */

/* ---- the first copy: what the mirror lacks (copy.c) ---- */

struct source_driver;
struct snapshot;

/* Must the source be copied before the stream goes on? `first_run`: the link has no checkpoint; a
 * mirror's file that is there all the same was another life's. */
enum status events_want_copy(struct events *e, bool first_run, bool *want);
/* A link that has a checkpoint, and whose mirror is to be filled at a later position: are there events
 * of single rows, which need no mirror? Then the stream goes on from the checkpoint to there first,
 * with a mirror that knows nothing: such events are written, others are silent. The fence is taken. */
bool events_may_catch_up(const struct events *e);
enum status events_catch_up(struct events *e);
/* Fills the mirror from a snapshot that is exact. Before the fence. */
enum status events_copy(struct events *e, const struct source_driver *driver,
                        struct snapshot *snapshot, bool first_run);
/* The link's checkpoint is at the snapshot's position by now. The snapshot may be closed then. */
enum status events_copied(struct events *e, const struct source_driver *driver,
                          struct snapshot *snapshot);
/* Tells the mirror where the target stands; of a copy, the objects are written. After the fence,
 * before the first batch. */
enum status events_begin(struct events *e);

/* ---- the stream ---- */

/* From where the source is to be read: a mirror behind the checkpoint has to catch up. */
const char *events_from(const struct events *e);
/* A batch of whole transactions, or a piece of a large one. DATA: those before the bad one are in the
 * target; failure names it with its position. */
enum status events_batch(struct events *e, const struct batch *b);
/* A person lets it pass: it is in millrace.held and the checkpoint is behind it; the mirror follows. */
enum status events_pass(struct events *e, const struct batch *b);
/* Is what ends there no later than the target's checkpoint (then it is read for the mirror alone), or
 * does it come before `other`? NULL (a piece): no. */
bool events_is_before(const struct events *e, const char *position, const char *other);
/* Does the mirror know all that the target has? Before it does, no object may be told again. */
bool events_caught_up(const struct events *e);
/* Nothing came for a while; the source is at `progress` (NULL: no news). */
enum status events_idle(struct events *e, const char *progress);
/* ---- what a person asks of held events; between two batches ---- */

/* The tables that flows write, as they were when the writes were compiled; some come twice. NULL: i is
 * behind the last one. */
const struct relation *events_table(const struct events *e, int i);
struct held_filter;
struct tried_again {
    uint64_t tried; /* that the filter names */
    uint64_t gone;  /* written, or replaced by what their object is now; others that waited, too */
};
/* Begins to try them, where events_caught_up; events_batch and events_idle go on with it. The filter must stay until
 * events_retried is true. */
void events_retry(struct events *e, const struct held_filter *filter);
bool events_retried(const struct events *e, struct tried_again *out);
enum status events_drop(struct events *e, const struct held_filter *filter, uint64_t *dropped);

/* What the source may forget: the lesser of checkpoint and mirror. NULL: nothing yet. */
const char *events_acknowledged(const struct events *e);

struct event_figures {
    _Atomic uint64_t written, held, quarantined; /* events, since the start of the attempt */
    _Atomic int64_t waiting_now, quarantined_now; /* events in millrace.held */
    _Atomic uint64_t drifted; /* rows in the source that others changed although we own them */
};
const struct event_figures *events_figures(const struct events *e); /* any thread */

#endif
