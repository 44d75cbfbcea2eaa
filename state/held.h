/* Held: what is not in the log any more and not in the target's tables either: rows of `millrace.held`
 * in the target. They change only inside a transaction that moves or repeats the link's checkpoint,
 * so that position and held rows never differ.
 *
 *   n, link                 n is drawn by the database: it grows within a link and is never given
 *                           again, also where the last row went
 *   position                of the source transaction: where it ends
 *   flow                    the event's name in the config; of a link with `tables` the source's
 *                           table; NULL: a row that `skip` passed
 *   event_key, old_key      of the object or row; old_key where it got another key
 *   op                      created | changed | gone; insert | update | delete | truncate
 *   reason                  wait | quarantine | behind | together; skipped
 *   tab, col, text          what it is about, what happened and what to do
 *   tries, at, tried_at     how often it was tried again, held since, last tried
 *   txn                     a number that the events of one source transaction share
 *   committed_us            at the source, since 1970-01-01 UTC
 *   envelope                the packed event, or the row's change (model/change_code.h), from which
 *                           it is tried again
 *   before_row, after_row   images as JSON, for people
 *
 * All of it in the caller's open transaction where there is one. One thread. Memory is the arena's.
 */
#ifndef MILLRACE_STATE_HELD_H
#define MILLRACE_STATE_HELD_H

#include "model/session.h"

/* The numbers after HELD_SKIPPED are those of `enum hold_reason` in sinks/events/hold.h. */
#define HELD_REASONS(X)                                                                            \
    X(HELD_SKIPPED, "skipped")       /* a row that `skip` passed: never tried again */             \
    X(HELD_WAIT, "wait")             /* may pass by itself */                                      \
    X(HELD_QUARANTINE, "quarantine") /* a person decides */                                        \
    X(HELD_BEHIND, "behind")         /* an earlier event of its key is held */                     \
    X(HELD_TOGETHER, "together")     /* an event of its source transaction is held */

enum held_reason {
#define X(reason, name) reason,
    HELD_REASONS(X)
#undef X
        HELD_REASONS_N
};

enum {
    HELD_EVENTS = 1 << HELD_WAIT | 1 << HELD_QUARANTINE | 1 << HELD_BEHIND | 1 << HELD_TOGETHER,
    HELD_ANY = HELD_EVENTS | 1 << HELD_SKIPPED,
};

const char *held_reason_name(enum held_reason reason);
bool held_reason_read(const char *name, enum held_reason *out); /* false: there is none such */

struct held_event {
    int64_t n;         /* set when read */
    const char *flow;  /* NULL where skipped */
    const char *key, *old_key; /* old_key NULL: the same */
    const char *op;
    enum held_reason reason;
    int64_t transaction;
    const char *position;
    int64_t committed_us;
    const void *envelope; /* NULL where none was kept, or asked for */
    size_t envelope_size;
    const char *before, *after; /* JSON; NULL: none, or not asked for */
    const char *table, *column; /* NULL where it is about none */
    const char *text;
    int64_t tries;             /* set when read, like what follows */
    const char *at, *tried_at; /* "2026-11-22T16:48:00.123456Z"; tried_at NULL: never */
};

/* ---- is it there? ---- */

/* *there false: no table yet (state_prepare makes it). CONFIG: one of another build. */
enum status held_find(struct session *s, bool *there, struct failure *f);

/* ---- writing ---- */

/* Sets by the hundred, each statement below 4 MiB unless one event alone is larger. */
enum status held_add(struct session *s, int64_t link, const struct held_event *events, uint32_t n,
                     struct failure *f);
/* READ_AGAIN where one of them is gone: somebody deletes by hand. */
enum status held_remove(struct session *s, int64_t link, const int64_t *n, uint32_t count,
                        struct failure *f);

/* All of one flow. */
enum status held_forget(struct session *s, int64_t link, const char *flow, struct failure *f);

/* It was tried and stays, for another reason or with another text. */
struct held_change {
    int64_t n;
    enum held_reason reason;
    const char *table, *column, *text;
};
enum status held_update(struct session *s, int64_t link, const struct held_change *changes,
                        uint32_t n, struct failure *f);
/* The same, where all stays as it was. */
enum status held_tried(struct session *s, int64_t link, const int64_t *n, uint32_t count,
                       struct failure *f);

/* ---- reading ---- */

/* All keys of held events, in order; an event with two keys gives both. `flow` and `key` are valid
 * during the call. */
enum status held_keys(struct session *s, int64_t link,
                      void (*met)(void *owner, const char *flow, const char *key), void *owner,
                      struct failure *f);

/* What must hold of a row, all of it; what is 0 or NULL asks nothing. */
struct held_filter {
    unsigned reasons; /* bits 1u << HELD_...; 0: HELD_EVENTS */
    const char *flow;
    const char *key;            /* its key, or the one it had */
    const char *table, *column; /* what the failure is about */
    const int64_t *n;           /* one of these */
    uint32_t count;
};

/* Does the row hold all of it? As the query of held_page asks. NULL: names none. Pure. */
bool held_is_named(const struct held_filter *w, const struct held_event *h);

struct held_query {
    struct held_filter filter;
    int64_t after_n; /* where the page before ended */
    uint32_t limit;
    bool envelope, images; /* are they wanted? */
};

/* In order of n; *n < limit: the last page. `out` has room for `limit`. */
enum status held_page(struct session *s, int64_t link, const struct held_query *q, struct arena *a,
                      struct held_event *out, uint32_t *n, struct failure *f);

struct held_counts {
    int64_t wait, quarantine, behind, together;
};
enum status held_count(struct session *s, int64_t link, const char *flow_or_null,
                       struct held_counts *out, struct failure *f);
/* The highest n of the link: what comes later is higher. 0: nothing is held. */
enum status held_last_n(struct session *s, int64_t link, int64_t *n, struct failure *f);

#endif
