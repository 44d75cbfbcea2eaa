/* Config: the file a user writes, parsed and checked; read-only from then on, shared by all threads.
 *
 * One option table (options.h) gives the parser, --help and docs/CONFIG.md. An error says file,
 * line, column, what is wrong and what is allowed. Options of later versions (conflict, new_keys,
 * create_tables, ddl: follow, deletes: ignore) parse, and are refused as not there yet.
 */
#ifndef MILLRACE_CONFIG_CONFIG_H
#define MILLRACE_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/fail.h"
#include "base/arena.h"
#include "base/digest.h"
#include "config/events.h"
#include "model/session.h"

struct system {
    const char *name;
    enum engine engine;        /* ENGINE_NULL: a sink that only counts */
    struct endpoint capture, apply; /* user NULL where the role is not given */
    bool has_capture, has_apply;
    const char *zone;          /* default UTC */
    const char *from;          /* of ENGINE_NULL: the position where reading begins, or NULL */
    int64_t id;                /* 0: drawn by Millrace and kept in the database */
};

struct constant {
    const char *column;
    const char *value; /* NULL: SQL NULL */
};

struct rename {
    const char *from, *to;
};

/* One line of `tables:`, or one table that a pattern named. */
struct flow {
    const char *source_schema, *source_table; /* patterns: * and ? in either */
    const char *target_schema, *target_table; /* `*` takes over what the pattern's * matched */
    struct rename *renames;
    int nrenames;
    const char **drop;
    int ndrop;
    struct constant *constants;
    int nconstants;
    bool pattern;
    int line;          /* in the file, for messages */
};

/* COPY_TO_EMPTY of tables, COPY_MERGE of events alone: every object is written, found by its key.
 * COPY_NONE of events: the mirror is filled, and what it holds is taken for written. */
enum first_copy_mode { COPY_NONE, COPY_TO_EMPTY, COPY_MERGE };
enum { COPY_READERS_MAX = 16 };

struct link_config {
    const char *name, *was;
    const struct system *from, *to;
    bool pair;                 /* from `between`: the other direction is a link of its own */
    struct flow *flows;        /* of tables; or */
    int nflows;
    struct event_flow *event_flows; /* of events: one of the two is empty */
    int nevent_flows;
    const char **exclude;      /* patterns "schema.table" */
    int nexclude;
    bool exclude_targets;      /* they name the target's tables: a pair's second link */
    enum first_copy_mode first_copy;
    bool copies;               /* this link does the first copy (of a pair only one does) */
    size_t budget_bytes;       /* default 64 MiB */
    int apply_ms;              /* default 100 */
    int64_t keep_log_ms;       /* 0: acknowledge at once */
    uint64_t keep_log_bytes;   /* 0: no limit by bytes */
    int copy_readers;          /* default 2, at most COPY_READERS_MAX */
    int64_t copy_chunk_rows;   /* default 50000 */
    int64_t idle_checkpoint_ms; /* default 10000 */
    bool quarantines;          /* of tables: a refused row is held (on_refused: quarantine) */
    int64_t quarantine_limit;  /* then: rows; default 1000 */
    int64_t retry_every_ms;    /* of events: default 10000; how often what waits is tried again */
    const char *slot;          /* default millrace_<link> with other characters as _ */
    const char *publication;   /* default millrace_<source system> */
    uint32_t server_id;        /* default from a hash of the link's name and system, > 2^31 */
    int line;
};

struct node;

struct config {
    struct arena arena;
    const char *path;
    const char *socket;        /* default <path>.sock */
    const char *state_dir;     /* of the mirrors' files; default <path>.state; perhaps not there */
    struct system *systems;
    int nsystems;
    struct link_config *links;
    int nlinks;
    struct name_list vocabulary;   /* .proto files and descriptor sets */
    /* As they stand in the file, NULL where they do not: functions_load reads them. */
    const struct node *dictionaries, *units, *mask_keys;
    struct event_config *events;
    int nevents;
};

/* CONFIG with "file:line:column: ..." on the first thing that is wrong. Secrets named by
 * password_file and password_env are read here; unreadable is an error that names the source. */
enum status config_load(const char *path, struct config **out, struct failure *f);
void config_free(struct config *c);
const struct link_config *config_link(const struct config *c, const char *name);

/* Does the pattern (* any run, ? one character) match? `captured`: what the first * took, in
 * `captured` (size n), may be NULL. */
bool pattern_match(const char *pattern, const char *text, char *captured, size_t n);
/* The flow that maps schema.table and its target name; NULL: not mapped. Exact names win over
 * patterns, earlier over later; `exclude` wins over patterns only, and no pattern takes the engines'
 * own schemas or `millrace`. `a` and the targets may be NULL where they are not wanted. Pure. */
const struct flow *link_flow(const struct link_config *l, const char *schema, const char *table,
                             struct arena *a, const char **target_schema,
                             const char **target_table);
/* 32 bytes over everything that must not change silently, in a canonical spelling: comments, order of
 * keys and defaults written out do not change it. Of tables all that decides what is written (flows,
 * systems' ids and zones). Of events only which systems these are, and that it is a link of events:
 * what events say may change at every start, the mirror goes by link_events_hash. */
void link_plan_hash(const struct link_config *l, unsigned char out[32]);
/* SHA-256, in hex, of what decides what a link's events say: their definitions, the source's zone, and
 * `more`: hashes of what lies in other files (functions_hash, vocabulary_hash). What is written with
 * them (flows) is not in it. Canonical as above, but for the SQL, which is taken by its letters. */
void link_events_hash(const struct config *c, const struct link_config *l, const char *const *more,
                      int nmore, char out[DIGEST_TEXT_BYTES]);
/* What the option table says: for --help and docs/CONFIG.md. */
struct buffer;
void config_help(struct buffer *out);

#endif
