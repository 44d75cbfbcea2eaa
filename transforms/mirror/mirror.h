/* Mirror: the rows that views read, kept in step with the source's log, and the events that their
 * changes make.
 *
 * One file of SQLite a link (none where every event is alone, see views.h). It holds the columns
 * that are read, what was last emitted of each object, the plan's hash and a position: the source
 * transactions up to which it knows. Work lies in one open write transaction of SQLite until
 * mirror_commit, which commits only where the target's durable checkpoint has come: so a file that
 * is found after a crash stands at or behind the checkpoint, never ahead. What lies between is
 * read from the source again and applied without emitting; from there on the same events follow.
 *
 *     mirror_open -> [mirror_rebuild] -> mirror_resume(checkpoint)
 *     each source transaction:
 *         mirror_begin -> mirror_apply ... -> mirror_end -> mirror_evaluate until nothing is left
 *     now and then, with nothing of it on its way to the target: mirror_commit(durable position)
 *     a batch failed: mirror_rollback, the source starts again at mirror_position -> mirror_resume
 *
 * Events of one source transaction, in this order: GONE by the definitions' reversed order,
 * CHANGED, then CREATED by the definitions' order; of one definition by the object's key. Each
 * object once.
 *
 * A mirror belongs to one thread; after mirror_open and mirror_rollback mirror_resume must come
 * before mirror_begin. After any status but STATUS_OK only mirror_rollback, mirror_close and what
 * tells its state may be called. Files are written by one process: a second one gets
 * ERROR_SECOND_ENGINE.
 */
#ifndef MILLRACE_MIRROR_MIRROR_H
#define MILLRACE_MIRROR_MIRROR_H

#include "base/arena.h"
#include "model/change.h"
#include "model/object.h"
#include "model/position.h"
#include "transforms/mirror/views.h"

struct mirror;

/* Texts and bytes are valid during the call. */
struct mirror_refusal {
    const char *event;  /* the definition's name */
    const char *object; /* its primary key */
    /* of an event that is alone: for mirror_try, since nothing else knows its rows; and is it no
     * object any more, and only what it was cannot be stated? */
    const struct value *rows;
    bool gone;
    /* of an assembled one: what was last emitted of it; NULL: nothing was */
    const struct object *told;
};

struct mirror_options {
    const char *path; /* the file; NULL: in memory (nothing to keep, or a test) */
    const char *plan; /* hash of all that decides what events say: definitions, dictionaries, ... */
    void *context;    /* passed to the calls below */
    /* How `a` lies to `b`. Required. */
    enum position_order (*order)(void *context, const char *a, const char *b);
    /* An object that its view cannot state (a function refused a value, two rows, no key).
     * STATUS_OK: go on without its event, as if the view had not been asked; else the status ends
     * mirror_evaluate. NULL: every refusal ends it. Not called where nothing is emitted. */
    enum status (*refused)(void *context, const struct mirror_refusal *r,
                           const struct failure *why);
    /* While objects are named: one that was looked at has nothing to be told: it is as it was
     * emitted, or its transaction is quiet (and not repeated), or, of an event that is alone, it
     * has another primary key now. May be NULL; its status ends mirror_evaluate. */
    enum status (*passed)(void *context, const char *event, const char *object);
    /* Called from inside long statements, about every millisecond; false: stop (STATUS_STOPPED). */
    bool (*breathe)(void *context);
    uint32_t cache_kib;   /* pages held in memory; 0: 16 MiB */
    uint32_t collect_kib; /* of what one transaction collects, held in memory; what is more goes to
                           * SQLite's temporary tables; 0: 4 MiB */
    uint32_t commit_rows; /* row changes after which mirror_wants_commit says so; 0: 50000 */
    uint32_t commit_ms;   /* or after that time; 0: 1000 */
};

/* Opens or makes the file. `views` must outlive the mirror; the options' texts are copied. */
enum status mirror_open(const struct views *views, const struct mirror_options *options,
                        struct mirror **out, struct failure *f);
void mirror_close(struct mirror *m); /* what was not committed is gone */

/* Where the mirror stands, uncommitted work included; NULL: nowhere yet. Valid until it moves. */
const char *mirror_position(const struct mirror *m);
/* The file was made by another plan: mirror_rebuild must come first. */
bool mirror_plan_changed(const struct mirror *m);
/* Takes the new plan: tables whose columns are all there are kept, others are emptied and must be
 * filled; committed. Where all are kept, what was emitted is forgotten: the next mirror_resume
 * takes what the views say at the checkpoint for what the target has; nothing is emitted for it.
 * Else it is kept by the names of its fields, as mirror_refill does; but of an event whose type,
 * table or key's columns are others. `afresh`: keep nothing. */
enum status mirror_rebuild(struct mirror *m, bool afresh, struct failure *f);
/* From now on transactions up to `checkpoint` (the target's; NULL none) are applied without
 * emitting. CONFIG where the mirror is ahead of it: the target was set back. */
enum status mirror_resume(struct mirror *m, const char *checkpoint, struct failure *f);

/* ---- the first copy; only between transactions ---- */

/* Table i of views_table: does it hold all its rows? */
bool mirror_is_complete(const struct mirror *m, int i);
/* All rows go, and the position; committed. What was emitted stays: what is different of it when
 * the tables are whole again, at another position, is told then, and what is no object any more.
 * `forget`: it goes, too. */
enum status mirror_refill(struct mirror *m, bool forget, struct failure *f);
/* A row of the copy, of all columns of `relation` (those not read may be ABSENT); replaces. */
enum status mirror_fill(struct mirror *m, const struct relation *relation, const struct value *row,
                        struct failure *f);
/* A text that the copy keeps with the rows (how far it is); NULL where there is none. */
enum status mirror_note(struct mirror *m, const char *name, const char *text, struct failure *f);
enum status mirror_noted(struct mirror *m, const char *name, struct arena *a, const char **text,
                         struct failure *f);
enum mirror_beginning {
    MIRROR_BEGINS_QUIETLY, /* what there is counts as emitted */
    MIRROR_TELLS_CHANGES,  /* what is not as it was emitted: CREATED, CHANGED with both, GONE */
    MIRROR_TELLS_ALL,      /* and as CREATED what is as it was */
};
/* `relation` is whole as of `position`, at which the mirror stands or which is its first. Events
 * all of whose tables are whole begin here: mirror_evaluate gives what they tell. Until then they
 * are silent. Several tables may be made whole before mirror_evaluate is called, all with one
 * beginning: then their events come in one order. The target must come to `position` and
 * mirror_commit follow before the next mirror_begin; without it the same is told again. */
enum status mirror_complete(struct mirror *m, const struct relation *relation,
                            const char *position, enum mirror_beginning beginning,
                            struct failure *f);

/* ---- one source transaction ---- */

/* `position`: where it ends, as far as that is known (NULL for one that comes in pieces). */
enum status mirror_begin(struct mirror *m, const char *position, struct failure *f);
/* Its changes, in log order, in as many calls as one likes. Changes of tables that no view reads
 * are passed over. DATA with table and key. */
enum status mirror_apply(struct mirror *m, const struct change *changes, uint32_t n,
                         struct failure *f);
/* Objects that are told again at its COMMIT, changed or not, even if it is quiet, as CREATED: those
 * of the event that the other side knows by `text` (`by_key`), or whose primary key it is, as
 * mirror_options.refused has it. Not `found`: there is none, or the event is alone. Reads all of
 * the event's objects. */
enum status mirror_again(struct mirror *m, const char *event, const char *text, bool by_key,
                         bool *found, struct failure *f);
/* An object that was refused, once more: its rows as they were. It comes at the COMMIT, as the event
 * that it would have been, as CREATED where nothing has changed; or is refused again. Not `known`:
 * there is no such event that is alone. DATA: the rows no longer fit; nothing has happened. */
enum status mirror_try(struct mirror *m, const char *event, const struct value *rows, bool *known,
                       struct failure *f);
/* Its COMMIT. `quiet`: an echo, or skipped: rows and what counts as emitted follow, no event does.
 */
enum status mirror_end(struct mirror *m, const char *position, bool quiet, struct failure *f);

struct mirror_step {
    struct event *events; /* in the caller's arena */
    uint32_t nevents;
    bool more;
};
/* At most `max` objects, evaluated or emitted; to be called until no more are left. */
enum status mirror_evaluate(struct mirror *m, uint32_t max, struct arena *a,
                            struct mirror_step *out, struct failure *f);

/* ---- what is kept of refused objects ---- */

/* From the next transaction on events say their object (struct event), as refusals do; until events
 * begin, then no more. */
void mirror_name_objects(struct mirror *m, bool wanted);
/* The object as it was before it was refused, in `a`; NULL: it was none. DATA: it cannot be stated
 * either. Not between mirror_begin and mirror_end. */
enum status mirror_told(struct mirror *m, const char *event, const struct value *rows,
                        struct arena *a, const struct object **out, struct failure *f);
/* Of two refusals of one object, one: from what the first had before to what the last has now; in
 * `a`; NULL: it was none and is none. */
enum status mirror_join(struct mirror *m, const char *event, const struct value *first,
                        const struct value *last, struct arena *a, struct value *out,
                        struct failure *f);

/* ---- durability ---- */

/* Is it time to let the target come to where the mirror stands, and to commit? */
bool mirror_wants_commit(const struct mirror *m);
/* Commits with fsync if the mirror stands at or before `durable`, the target's durable checkpoint,
 * between two transactions; else does nothing and says so. Only a committed position may be
 * acknowledged to the source. */
enum status mirror_commit(struct mirror *m, const char *durable, bool *committed,
                          struct failure *f);
/* Where the file stands: the last committed position; NULL none. */
const char *mirror_committed(const struct mirror *m);
/* Back to the last commit point. */
enum status mirror_rollback(struct mirror *m, struct failure *f);

#endif
