/* Judge: what a stage's SELECT returned, event by event.
 *
 *   a number is absent        if_no_row: wait | quarantine | skip
 *   it is there twice         quarantine: the SELECT, or the target's key, is not unique
 *   a key column is NULL      quarantine
 *   no such row in the table  inserted; under update and delete
 *                             if_no_target: wait | quarantine | skip
 *   such a row under insert   quarantine
 *   a value does not fit      quarantine, with the column
 *   two lines of one event    quarantine: they would write one row
 *
 * An event whose business key has changed is asked for twice, as n and (by its before image) as -n:
 * the row that -n finds is the one that n updates. Pure.
 */
#ifndef MILLRACE_SINKS_EVENTS_JUDGE_H
#define MILLRACE_SINKS_EVENTS_JUDGE_H

#include "sinks/events/fold.h"
#include "sinks/events/hold.h"

/* An event in a stage; its number is its place in the list, from 1. */
struct stage_event {
    const struct object *now; /* what is written: after, or before where it is gone */
    const struct object *old; /* before, where the business key has changed; else NULL */
    uint32_t first_slot;      /* judge's: of its lines */
    struct hold hold;         /* set where the stage cannot write it */
};

/* The repeated field of an event's object; NULL: it has none. */
const struct object_list *stage_lines(const struct stage *s, const struct stage_event *e);
/* Fills `fold` with what is to be written. CONFIG: the SELECT returns numbers that nobody gave. */
enum status judge_result(const struct event_database *db, const struct stage *s,
                         struct stage_event *events, uint32_t nevents,
                         const struct result *result, struct arena *a, struct fold *fold);

#endif
