/* Watch: columns that other links own in our source's tables, seen as events of our own: an object
 * is a row, its fields are those columns. Such an event changes only by who is not Millrace (what
 * we write is an echo, and quiet). They reach no flow and no vocabulary.
 */
#ifndef MILLRACE_EVENTS_WATCH_H
#define MILLRACE_EVENTS_WATCH_H

#include "events/owned.h"
#include "events/program.h"

/* The watch that an event's name stands for; -1: an event of the file. */
int watch_of(const char *event);
/* Settles the definitions of those tables that have a primary key; others cannot be watched, which
 * is logged. Before the views are compiled. */
void watch_define(struct event_program *p, const struct relation *const *relations,
                  int nrelations);

#endif
