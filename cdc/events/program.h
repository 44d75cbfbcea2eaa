/* Program: what the configuration says about the events of one link, loaded and compiled.
 *
 *   vocabulary  the message types, from .proto files                  transforms/vocabulary
 *   functions   dictionaries, units, keys                             transforms/functions
 *   views       the events of the link's flows, over its source       transforms/mirror
 *   types       a message type that they make, and its fields, typed by the vocabulary
 *   lines       a flow: its type, what its `let` adds, the fields that its writes see
 *
 * event_program_load needs no database, event_program_compile the source's catalog. One thread.
 */
#ifndef MILLRACE_EVENTS_PROGRAM_H
#define MILLRACE_EVENTS_PROGRAM_H

#include "config/config.h"
#include "model/zone.h"
#include "sinks/events/field.h"
#include "transforms/events/event_functions.h"
#include "transforms/vocabulary/vocabulary.h"

/* Names of a query's fields, and what the vocabulary says of them. */
struct event_fields {
    const char *list; /* NULL: the event's own */
    const char **names;
    struct field *fields;
    uint32_t n;
};

/* A message type that the link's events make; several definitions may make one. */
struct event_type {
    const char *name; /* as the configuration has it */
    const char *key;  /* the field by which the other side knows the object */
    const ProtobufCMessageDescriptor *message;
    struct event_fields own;
    struct event_fields *lists;
    int nlists;
};

struct let;   /* let.h */
struct owned; /* owned.h */

/* A flow of the link. */
struct event_line {
    const struct event_flow *flow;
    const char *name; /* of its event: what millrace.held and status call it */
    const struct event_type *type;
    struct let *let;         /* NULL: none */
    struct field_list event; /* what `event` has: the type's own fields, then let's */
    struct field_list *lists;
    int nlists;
};

struct event_program {
    struct arena arena;
    const struct config *config;
    const struct link_config *lc;
    const struct zone *from; /* of the source: what a time without zone means */
    struct vocabulary *vocabulary;
    struct path_cache *paths; /* of names that views and types have */
    struct functions *functions;
    struct event_functions event_functions; /* what views call and may not do */
    struct views *views;
    struct event_definition *definitions;
    int ndefinitions;
    const struct owned *owned; /* by other links, in our source: see watch.h */
    int nowned;
    struct event_type *types;
    int ntypes;
    struct event_line *lines; /* in the file's order */
    int nlines;
};

/* CONFIG with file and line. *out is the caller's, also after an error (NULL or to be freed). */
enum status event_program_load(const struct config *config, const struct link_config *lc,
                               struct event_program **out, struct failure *f);
/* Tables that the events name: with these names the source's catalog is asked. Without schema. */
bool event_program_reads(const struct event_program *p, const char *table);
enum status event_program_compile(struct event_program *p, const struct relation *const *relations,
                                  int nrelations, struct failure *f);
/* What other links own in the source, outlives the program: their tables are read, too. Then the
 * views are compiled once more; what types and lines were stays. */
bool event_program_watches(const struct event_program *p, const struct owned *owned, int n);
void event_program_watch(struct event_program *p, const struct owned *owned, int n);
enum status event_program_compile_again(struct event_program *p,
                                        const struct relation *const *relations, int nrelations,
                                        struct failure *f);
void event_program_free(struct event_program *p); /* NULL is fine */
/* SHA-256 in hex of all that decides what events say: another hash, another mirror. Arena: the
 * program's. */
const char *event_program_hash(struct event_program *p);

const struct event_type *event_program_type(const struct event_program *p, const char *name);

#endif
