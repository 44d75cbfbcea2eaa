/* Internal: what is behind struct events, by file.
 *
 *   events.c   opening, batches, when checkpoint and mirror move
 *   read.c     a source transaction goes through the mirror
 *   carry.c    what the mirror says is typed and given to its flows
 *   write.c    one target transaction; flight.h: while the next one is read
 *   keep.c     what cannot be written goes to millrace.held
 *   again.c    what is held is tried again; again_take.c: what its rows become
 *   refusals.c what could not be stated, and is told after all
 *   copy.c     the first copy
 *   drift.c    what others change of what we wrote
 *   tell.c     who listens is told
 */
#ifndef MILLRACE_EVENTS_INTERNAL_H
#define MILLRACE_EVENTS_INTERNAL_H

#include "base/buffer.h"
#include "events/events.h"
#include "events/flight.h"
#include "events/kept.h"
#include "events/owned.h"
#include "model/source.h"
#include "sinks/events/target.h"
#include "sinks/events/write.h"
#include "state/held.h"
#include "state/held_keys.h"
#include "transforms/vocabulary/envelope.h"
#include "transforms/mirror/mirror.h"

/* An event on its way to one flow. */
struct carried {
    int line;
    struct event stated; /* as the view has it: what is kept where it is held */
    struct event typed;  /* as the flow sees it; objects NULL where it is refused */
    const char *refused; /* why it is none of its type; NULL: it is */
    uint64_t transaction; /* within the target transaction; of what was held its number there */
    uint32_t index;       /* within the source transaction */
    const char *position; /* of the source transaction; NULL: not known yet */
    int64_t committed_us;
    int64_t held_n; /* 0: new; else its number in millrace.held */
    bool replaced;  /* that row goes, by what the mirror says of its object now */
    bool stays;     /* it is not tried: it is there for what must stay with it */
    bool numbered;  /* `transaction` is a number of millrace.held, though the event is new */
    const char *old_key; /* of what was held: the key that its object had; NULL: the same */
    const struct kept *refused_rows; /* its view could not state it (kept.h); NULL: it could */
    bool outdated;           /* a refusal whose object is known better by a later transaction, */
    const char *outdated_at; /* which ends here */
};

/* A row of millrace.held that goes, since its object is known better by now. */
struct replaced {
    struct replaced *next;
    int64_t n;
    int line;
    const char *key;
    enum held_reason reason;
    const char *at; /* where the transaction ends that knows it better */
};

/* An object that another link shall send again. */
struct asking {
    struct asking *next;
    const struct owned *owned;
    const char *key;
};

/* What the target says of the first copy. */
struct copied {
    bool alone_done;
    int64_t written; /* events in chunks that are finished: to be passed over */
    int32_t chunks;
};

/* Of two, one is read into while the other is written (flight.h); but for what is read and written
 * they point to the same. */
struct events {
    struct events_options options;
    struct event_program *program;
    struct apply *apply;
    struct failure *failure; /* the apply's; while the other one is written, `reading` */
    struct failure reading;
    struct flight *flight;
    struct arena plans_arena;
    struct event_target target;
    struct flow_plan *plans; /* as program->lines */
    const char *mirror_path; /* NULL: in memory */
    struct mirror *mirror;
    struct copied copy;

    /* events that are not written yet, and all that they point to */
    struct arena arena;
    struct carried *list;
    uint32_t n, capacity;
    uint32_t transaction, index;
    uint32_t enough;       /* events of a target transaction, while there is more to read */
    const char *at;        /* where the source transaction ends that is read; NULL: none is */
    struct asking *asking; /* goes out with them */
    struct replaced *replaced; /* so does this */
    uint32_t refusals;     /* among them: of views */
    bool watches;          /* for objects of which a refusal is held */
    bool may_hold;         /* there are such, or will be when the other one is written */
    int only_line;         /* of what is tried again; -1: all */
    int trying;            /* in the list; -1: none is tried again */
    const struct kept *tried_told; /* of it: what the target has; or NULL */
    const char *path;      /* that they have passed: of the batch; NULL: they are of the source */

    struct held_keys *held, *refused; /* refused: of held, the objects that were never stated */
    struct kept_names names;          /* in plans_arena */
    int64_t *quarantined, *waiting; /* how many, of each flow */
    int64_t *held_transaction; /* numbers of source transactions, for what is held together */
    const char *source_name;  /* in envelopes */
    struct again *again;
    struct told *told; /* NULL: nobody has listened yet */
    struct event_figures *figures;
};

/* ---- read.c ---- */
/* Transaction t of the batch, or a piece of it, goes through the mirror; what it made is carried. */
enum status read_transaction(struct events *e, const struct batch *b, const struct transaction *t);
/* Are there events enough for a target transaction? */
bool read_enough(const struct events *e);
enum status read_evaluated(struct events *e, const char *position, int64_t committed_us);
/* The same where nothing may be written in between. */
enum status read_evaluated_whole(struct events *e, const char *position, int64_t committed_us);
/* For mirror_options. */
enum status read_refused(void *context, const struct mirror_refusal *r, const struct failure *why);

enum status read_event(struct events *e, const struct event *event, const char *position,
                       int64_t committed_us);

/* ---- drift.c ---- */
void drift_event(struct events *e, int watch, const struct event *event);
enum status drift_ask(struct events *e); /* inside the open transaction */
enum status drift_answer(struct events *e, const struct change *changes, uint32_t n);
/* Between mirror_begin and mirror_end: the objects of a flow that go by this key, or by the text of
 * their primary key. */
enum status drift_again(struct events *e, const char *flow, const char *key, bool by_key,
                        bool *found);
/* Is an event of the flow made of rows that no mirror holds? Nobody can tell it again. */
bool drift_is_alone(const struct events *e, int line);
enum status drift_publish(struct events *e);

/* ---- carry.c ---- */
enum status carry_event(struct events *e, const struct event *stated, const char *position,
                        int64_t committed_us);
/* An object that its view could not state: it is held, without an event. */
enum status carry_refusal(struct events *e, const struct mirror_refusal *r, const char *why);
enum status carry_type(struct events *e, struct carried *c); /* c->typed, or why it is refused */
/* What a value was refused for is said with the event, which has no typed objects then; anything but
 * DATA ends the batch. */
enum status carry_refused(struct events *e, struct carried *c, enum status status);
struct carried *carry_slot(struct events *e);
void carry_forget(struct events *e); /* they are written */
/* Does a flow say so? Then no source transaction is written in pieces, or tried in slices. */
bool carry_any_together(const struct events *e);

/* ---- write.c ---- */
/* All that is carried, in one target transaction that ends at `c`. Nothing of it is carried
 * afterwards. */
enum status write_transaction(struct events *e, const struct checkpoint *c);
/* Locks were held for that long: fewer events in the next ones, or slowly more. */
void write_tune(struct events *e, uint32_t n);
/* The same in pieces: the opening says the last position, the end the new one. */
enum status write_piece(struct events *e);
enum status write_last_piece(struct events *e, const struct checkpoint *c);
/* Into the open transaction of `db`, the target's; outcome[i] of each. */
enum status write_carried(struct events *e, const struct event_database *db,
                          const struct carried *list, uint32_t n,
                          bool (*is_held)(void *owner, int flow, const char *key), void *owner,
                          struct hold *outcome);

/* ---- keep.c ---- */
/* Inside the open transaction. */
enum status keep_held(struct events *e, const struct carried *list, uint32_t n,
                      const struct hold *outcome);
/* After its commit: the keys count as held. */
void keep_remember(struct events *e, const struct carried *list, uint32_t n,
                   const struct hold *outcome);
enum status keep_load(struct events *e);
enum status keep_count(struct events *e); /* reads how many there are */
/* One more (by = 1) or less of that reason. */
void keep_counted(struct events *e, int line, enum held_reason reason, int by);
int keep_line_of(const struct events *e, const char *flow); /* -1: the file has it no more */
/* The key that the object had, where the event gave it another one; else NULL. */
const char *keep_old_key(const struct events *e, const struct carried *c);

/* ---- refusals.c ---- */
/* "(object 12)": the key under which a refusal of that object is held; and back, or NULL. */
const char *refusal_key(struct events *e, const char *object);
const char *refusal_object(struct events *e, const char *key);
/* Before a transaction goes through the mirror; `wanted`: what is newer takes their place. While there
 * are any, nothing is written beside. */
enum status refusals_watch(struct events *e, bool wanted);
/* The object is told: what is held of it goes, and the event starts where the target is. `nothing`:
 * there is nothing to be told. */
enum status refusal_ends(struct events *e, int line, struct event *event, bool *nothing);
/* It is refused again: `k` becomes all of it. `gone`: there is no object any more, so that it may be
 * `over`: then `ended` is told instead, if it has a type. */
enum status refusal_continues(struct events *e, int line, struct kept *k, const char *key,
                              bool gone, bool *over, struct event *ended);
enum status refusal_passed(void *context, const char *name, const char *object); /* mirror_options */
enum status refusals_remove(struct events *e); /* inside the open transaction */
void refusals_removed(struct events *e);       /* after its commit */
bool refusal_is_replaced(const struct events *e, int64_t n);
int64_t refusals_replaced(const struct events *e, int line); /* of the quarantined */
/* What transactions from `position` on know better is not known: they are not written. */
void refusals_end_before(struct events *e, const char *position);

/* ---- again.c ---- */
struct again *again_new(void);
void again_free(struct again *a);
/* What waits is tried again, if it is time; a slice of it, so that the stream goes on. */
enum status again_step(struct events *e);
/* The link has written: what waited for that need not wait for the timer. */
void again_soon(struct events *e);

/* ---- copy.c ---- */
enum status copy_look(struct events *e); /* fills e->copy */
bool copy_is_complete(const struct events *e); /* has the mirror all rows? */
/* Another plan takes over a mirror: was it being told to the target? */
enum status copy_warn(struct events *e);

/* ---- tell.c ---- */
/* What is carried becomes lines for those who listen, if anybody does; said when the transaction is
 * committed. Never fails: what cannot be told is logged. */
void tell_events(struct events *e, const struct hold *outcome);
void tell_committed(struct events *e);
void tell_forget(struct events *e); /* it was rolled back */
void tell_free(struct events *e);
/* Where an event is from, for its envelope. */
struct event_origin tell_origin(const struct events *e, const struct carried *c);
enum status tell_envelope(const struct events *e, const struct carried *c, struct envelope *out,
                          const struct field_context *context);
/* One event on its way to two flows? Such lie side by side. */
bool tell_is_same(const struct carried *a, const struct carried *b);
/* With table and column. */
const char *tell_why(const struct hold *hold, struct arena *a);

/* ---- events.c ---- */
struct session *events_session(struct events *e); /* of the target; on the writer's connection */
enum status events_compile_writes(struct events *e); /* the target is there */
enum position_order events_compare(const struct events *e, const char *a, const char *b);

#endif
